#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "fs/out.h"

/* Those that keys are made for. */
static const char *key_algorithm(size_t i)
{
    const wtl_alg *a;
    for (size_t k = 0; (a = wtl_alg_at(k)) != NULL; k++) {
        if ((a->flags & WTL_ALG_KEYGEN) != 0 && i-- == 0)
            return a->name;
    }
    return NULL;
}

static const wtl_opt opts[] = {
    {.name = "alg",
     .arg = "NAME",
     .required = true,
     .value_at = key_algorithm,
     .help = "algorithm, as 'wattle algs' lists them"},
    {.name = "out",
     .arg = "STEM",
     .required = true,
     .help = "writes STEM.key (mode 0600) and STEM.pub; never overwrites"},
    {.name = "der", .help = "write DER instead of PEM"},
    {.name = "encrypt", .help = "encrypt the private key with a passphrase asked for on the terminal"},
    WTL_KEYLOAD_OPTS,
};

static int choose_algorithm(const wtl_alg **out, const char *name, wtl_err *err)
{
    const wtl_alg *alg = wtl_alg_by_name(name);
    ENSURE(alg != NULL, err, WTL_USAGE, "there is no algorithm '%s'; 'wattle algs' lists them", name);
    ENSURE((alg->flags & WTL_ALG_KEYGEN) != 0, err, WTL_USAGE, "no key files are made for %s, which is a %s",
           alg->name, wtl_alg_kind_name(alg->kind));
    *out = alg;
    return WTL_OK;
}

/* What age-keygen puts before an identity, so that a person can tell files apart. */
static int age_comments(wtl_buf *text, const wtl_key *k, wtl_err *err)
{
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    wtl_buf_fmt(text, "# created: %s\n# public key: ", when);
    return wtl_key_write_public(k, WTL_KEY_PEM, text, err);
}

static int write_private(wtl_out *o, const wtl_key *k, enum wtl_key_form form, const wtl_secret *pass,
                         wtl_err *err)
{
    if ((wtl_key_alg(k)->flags & WTL_ALG_AGE_TEXT) != 0) {
        AUTO(wtl_buf) head = {0};
        TRY(age_comments(&head, k, err));
        TRY(wtl_out_write(o, wtl_buf_view(&head), err));
    }
    AUTO(wtl_secret) text = {0};
    TRY(wtl_key_write_private(k, form, pass->n > 0 ? pass : NULL, &text, err));
    return wtl_out_write(o, wtl_secret_view(&text), err);
}

struct files {
    char key[4096];
    char pub[4096];
};

static int write_both(const struct files *f, const wtl_key *k, enum wtl_key_form form, const wtl_secret *pass,
                      wtl_err *err)
{
    AUTO(wtl_out) key = {.fd = -1, .dirfd = -1};
    AUTO(wtl_out) pub = {.fd = -1, .dirfd = -1};
    TRY(wtl_out_open(&pub, f->pub, 0, 0644, err));
    TRY(wtl_out_open(&key, f->key, 0, 0600, err));
    TRY(write_private(&key, k, form, pass, err));
    AUTO(wtl_buf) text = {0};
    TRY(wtl_key_write_public(k, form, &text, err));
    TRY(wtl_out_write(&pub, wtl_buf_view(&text), err));
    int rc = wtl_out_commit(&pub, err);
    bool ours = rc != WTL_POLICY; /* else another program's file appeared under the name */
    if (rc == WTL_OK)
        rc = wtl_out_commit(&key, err);
    /* A public key whose private one does not exist is good for nothing, and would be in the way next time. */
    if (rc < 0 && ours && access(f->key, F_OK) != 0)
        unlink(f->pub);
    return rc;
}

static int report(const wtl_args *args, const struct files *f, const wtl_key *k, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    if (args->json)
        return wtl_show_json(json_pack("{s:s, s:o, s:o, s:o}", "algorithm", wtl_key_alg(k)->name, "key_id",
                                       wtl_show_json_hex(id, sizeof id), "private",
                                       wtl_show_json_name(f->key), "public", wtl_show_json_name(f->pub)),
                             err);
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){id, sizeof id});
    printf("%s key %s\n  private: %s (keep it; mode 0600)\n  public:  %s (give it away)\n",
           wtl_key_alg(k)->name, wtl_buf_cstr(&hex), wtl_show_name(f->key), wtl_show_name(f->pub));
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle key generate --alg ML-DSA-65 --out signer", "signer.key, signer.pub"},
    {"wattle key generate --alg SLH-DSA-SHA2-128s --out root --encrypt", "asks for a passphrase"},
    {"wattle key generate --alg X-Wing --out alice", "a recipient; age can use it too"},
};

static const wtl_field fields[] = {
    {.name = "algorithm", .meaning = "of the key"},
    {.name = "key_id", .meaning = "SHA-256 of the public key, hexadecimal"},
    {.name = "private", .meaning = "file of the private key"},
    {.name = "public", .meaning = "file of the public key"},
};

static int run(const wtl_args *args, wtl_err *err)
{
    const wtl_alg *alg = NULL;
    TRY(choose_algorithm(&alg, wtl_args_get(args, "alg", 0), err));
    const char *stem = wtl_args_get(args, "out", 0);
    struct files f;
    int n = snprintf(f.key, sizeof f.key, "%s.key", stem);
    snprintf(f.pub, sizeof f.pub, "%s.pub", stem);
    ENSURE(stem[0] != '\0' && n > 0 && (size_t)n < sizeof f.key, err, WTL_USAGE,
           "--out is empty or too long");
    AUTO(wtl_secret) pass = {0};
    TRY(wtl_keyload_passphrase(&pass, args, err));
    if (pass.n == 0 && wtl_args_has(args, "encrypt"))
        TRY(wtl_keyload_new_passphrase(&pass, "the private key", err));
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_generate(&k, alg, err));
    TRY(write_both(&f, k, wtl_args_has(args, "der") ? WTL_KEY_DER : WTL_KEY_PEM, &pass, err));
    return report(args, &f, k, err);
}

const wtl_cmd wtl_cmd_key_generate = {
    .name = "key generate",
    .summary = "Make a key pair for signing or for receiving sealed models.",
    .operands = "",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "key show, algs",
    WTL_CMD_OPTS(opts),
    .more = "Private keys are PKCS#8 with the seed alone (RFC 9881, 9909, 9935), public keys "
            "SubjectPublicKeyInfo;\n"
            "X-Wing keys are age's text form, so that age 1.3 and later can use them too. With "
            "--passphrase-file,\n"
            "--passphrase-fd or --encrypt the private key is encrypted (PBES2: scrypt, AES-256-CBC).",
    .run = run,
};
