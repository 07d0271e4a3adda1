/* What the tests of the public library share: a folder, the golden keys, one round of everything. */
#ifndef WTL_TESTS_API_H
#define WTL_TESTS_API_H

#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include <wattle/key.h>
#include <wattle/seal.h>
#include <wattle/sign.h>
#include <wattle/token.h>

static char api_dir[64];

static inline int api_setup(void **state)
{
    (void)state;
    snprintf(api_dir, sizeof api_dir, "%s/wattle-api-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(api_dir) != NULL ? 0 : -1;
}

static inline int api_teardown(void **state)
{
    (void)state;
    char cmd[128];
    snprintf(cmd, sizeof cmd, "rm -rf %s", api_dir);
    return system(cmd) == 0 ? 0 : -1;
}

/* A key of tests/golden; 0 or what wtl_key_parse says. */
static inline int api_key(wtl_key **out, const char *name)
{
    char path[512];
    uint8_t text[16384];
    const char *source = getenv("WATTLE_SOURCE");
    snprintf(path, sizeof path, "%s/tests/golden/wtl-v1/%s", source != NULL ? source : "../..", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return WTL_IO;
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    return wtl_key_parse(out, (wtl_bytes){text, n}, NULL, NULL);
}

typedef struct api_names {
    char model[128], file[128], signature[128], sealed[128], opened[128];
} api_names;

static inline int api_names_of(api_names *p, unsigned who)
{
    snprintf(p->model, sizeof p->model, "%s/%u", api_dir, who);
    snprintf(p->file, sizeof p->file, "%s/%u/weights.bin", api_dir, who);
    snprintf(p->signature, sizeof p->signature, "%s/%u.sig", api_dir, who);
    snprintf(p->sealed, sizeof p->sealed, "%s/%u.wtl", api_dir, who);
    snprintf(p->opened, sizeof p->opened, "%s/%u.out", api_dir, who);
    FILE *f = mkdir(p->model, 0700) == 0 ? fopen(p->file, "wb") : NULL;
    if (f == NULL)
        return -1;
    for (unsigned i = 0; i < 40000; i++)
        fputc((int)((i * 7 + who) & 255), f);
    return fclose(f);
}

static inline int api_sign(const api_names *p, const wtl_key *signer, wtl_err *err)
{
    wtl_signer s = {.key = signer, .out = p->signature};
    wtl_sign_opts opts = {.force = true};
    wtl_sign_result r = {0};
    int rc = wtl_sign_model(p->model, &s, 1, &opts, &r, err);
    wtl_sign_result_free(&r);
    return rc;
}

static inline int api_verify(const api_names *p, const wtl_key *key, wtl_err *err)
{
    const wtl_key *keys[] = {key};
    const char *files[] = {p->signature};
    wtl_verify_opts opts = {.keys = keys, .n_keys = 1, .signatures = files, .n_signatures = 1};
    wtl_verify_result r = {0};
    int rc = wtl_verify_model(p->model, &opts, &r, err);
    wtl_verify_result_free(&r);
    return rc;
}

static inline int api_seal(const api_names *p, const wtl_key *to, const wtl_key *signer, wtl_err *err)
{
    const wtl_key *recipients[] = {to};
    const wtl_key *senders[] = {signer};
    wtl_seal_opts opts = {.to = recipients, .n_to = 1, .sign = senders, .n_sign = 1, .force = true};
    wtl_seal_result r = {0};
    return wtl_seal(p->model, p->sealed, &opts, &r, err);
}

static inline int api_open(const api_names *p, const wtl_key *identity, const wtl_key *sender, wtl_err *err)
{
    const wtl_key *identities[] = {identity};
    const wtl_key *senders[] = {sender};
    wtl_open_opts opts = {
        .identity = identities, .n_identities = 1, .sender = senders, .n_senders = 1, .force = true};
    wtl_open_result r = {0};
    return wtl_open(p->sealed, p->opened, &opts, &r, err);
}

/* RFC 7515 appendix A.3. */
static inline int api_set(wtl_jwks **out, wtl_err *err)
{
    static const char text[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":"
                               "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                               "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    return wtl_jwks_parse(out, (wtl_bytes){(const uint8_t *)text, sizeof text - 1}, err);
}

/* Verifies a published token, signs one and reads it. */
static inline int api_token(const wtl_jwks *set, const wtl_key *signer, wtl_err *err)
{
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    static const char claims[] = "{\"sub\":\"u7\",\"aud\":[\"a\",\"b\"],\"exp\":1900000000}";
    static const wtl_token_policy policy = {.leeway = 1};
    wtl_token t = {0};
    uint8_t digest[WTL_TOKEN_POLICY_DIGEST];
    char *made = NULL;
    size_t n = 0;
    int rc = wtl_token_verify(&t, (wtl_bytes){(const uint8_t *)token, sizeof token - 1}, set, &policy,
                              1300819379, err);
    wtl_token_free(&t);
    if (rc == 0)
        rc = wtl_token_policy_digest(&policy, digest, err);
    if (rc == 0)
        rc = wtl_token_sign(&made, &n, (wtl_bytes){(const uint8_t *)claims, sizeof claims - 1}, signer, NULL,
                            NULL, err);
    assert_true((rc == 0) == (made != NULL));
    if (rc == 0)
        rc = wtl_token_read(&t, (wtl_bytes){(const uint8_t *)made, n}, err);
    wtl_token_free(&t);
    free(made);
    return rc;
}

#endif
