#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "fs/out.h"
#include "jose/jwk.h"
#include "jose/token.h"
#include "json/json.h"

enum { KEYS_MOST = (int)WTL_JWKS_KEYS_MOST };

static const wtl_opt opts[] = {
    {.name = "kid",
     .arg = "TEXT",
     .many = true,
     .help = "the key's id, once for each key in order (default: that of a JWK, else its thumbprint)"},
    {.name = "out", .arg = "FILE", .help = "write the set there instead of to standard output"},
    {.name = "force", .help = "replace an existing FILE"},
};

static int make_entry(json_t **out, const wtl_key *k, const char *kid, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    AUTO(json_t) *j = NULL;
    TRY(wtl_jwk_write_public(k, kid, &text, err));
    TRY(wtl_json_parse(&j, wtl_buf_view(&text), "the JWK", err));
    ENSURE(json_object_set_new(j, "use", json_string("sig")) == 0, err, WTL_NOMEM, "out of memory");
    *out = j;
    j = NULL;
    return WTL_OK;
}

static int add(json_t *keys, const wtl_args *args, size_t i, wtl_err *err)
{
    const char *path = args->operand[i];
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) own = {0};
    TRY(wtl_keyload_named(&k, &own, args, path, WTL_KEYLOAD_PUBLIC, err));
    ENSURE(wtl_key_alg(k)->kind == WTL_ALG_SIG, err, WTL_USAGE, "%s: %s keys sign no tokens",
           wtl_show_name(path), wtl_key_alg_name(k));
    const char *kid = wtl_args_get(args, "kid", i);
    if (kid == NULL && own.n > 0)
        kid = wtl_buf_cstr(&own);
    json_t *entry = NULL;
    int rc = make_entry(&entry, k, kid, err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: ", wtl_show_name(path));
    TRY(rc);
    ENSURE(json_array_append_new(keys, entry) == 0, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* What verifiers will see: our own reader is the strictest. */
static int check(wtl_bytes text, size_t n, wtl_err *err)
{
    AUTO(wtl_jwks) *set = NULL;
    int rc = wtl_jwks_parse(&set, text, err);
    if (rc == WTL_FORMAT && err != NULL)
        err->code = WTL_USAGE;
    TRY(rc == WTL_FORMAT ? WTL_USAGE : rc);
    ENSURE(wtl_jwks_count(set) == n, err, WTL_BUG, "the set does not hold every key");
    return WTL_OK;
}

static int write_set(const wtl_args *args, wtl_bytes text, wtl_err *err)
{
    const char *path = wtl_args_get(args, "out", 0);
    if (path == NULL)
        path = "-";
    TRY(wtl_out_file(path, text, WTL_OUT_STDOUT_OK | (wtl_args_has(args, "force") ? WTL_OUT_REPLACE : 0),
                     0644, err));
    if (strcmp(path, "-") != 0 && !args->json)
        printf("%s: %zu %s\n", wtl_show_name(path), args->n_operands, args->n_operands == 1 ? "key" : "keys");
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    ENSURE(wtl_args_count(args, "kid") <= args->n_operands, err, WTL_USAGE, "there are more --kid than keys");
    AUTO(json_t) *set = json_object();
    AUTO(wtl_buf) text = {0};
    json_t *keys = json_array();
    ENSURE(json_object_set_new(set, "keys", keys) == 0, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < args->n_operands; i++)
        TRY(add(keys, args, i, err));
    TRY(wtl_json_write(set, true, &text, err));
    wtl_buf_str(&text, "\n");
    TRY(wtl_buf_check(&text, err));
    TRY(check(wtl_buf_view(&text), args->n_operands, err));
    if (args->json && wtl_args_get(args, "out", 0) == NULL)
        return wtl_show_json(json_incref(set), err);
    TRY(write_set(args, wtl_buf_view(&text), err));
    return args->json ? wtl_show_json(json_incref(set), err) : WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle token jwks issuer.pub >issuer.jwks", NULL},
    {"wattle token jwks next.pub issuer.pub --out issuer.jwks --force",
     "the next key is published before it signs"},
    {"wattle token jwks issuer.pub --kid 2026-11", NULL},
};

static const wtl_field fields[] = {
    {.name = "keys", .meaning = "the JWK Set itself (RFC 7517)"},
    {.name = "keys[].kty", .meaning = "AKP (ML-DSA), EC or OKP"},
    {.name = "keys[].alg", .meaning = "ML-DSA-65, ES256...; not of Ed25519 keys", .maybe = true},
    {.name = "keys[].use", .meaning = "sig"},
    {.name = "keys[].kid", .meaning = "the key's id"},
    {.name = "keys[].pub", .meaning = "of an AKP key, base64url", .maybe = true},
    {.name = "keys[].crv", .meaning = "of an EC or OKP key", .maybe = true},
    {.name = "keys[].x", .meaning = "of an EC or OKP key, base64url", .maybe = true},
    {.name = "keys[].y", .meaning = "of an EC key, base64url", .maybe = true},
};

const wtl_cmd wtl_cmd_token_jwks = {
    .name = "token jwks",
    .summary = "Write public keys as a JWK Set, which verifiers of tokens read.",
    .operands = "KEY...",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "token verify, token sign, key convert",
    .least = 1,
    .most = KEYS_MOST,
    WTL_CMD_OPTS(opts),
    .more = "KEY is a public key in PEM or DER or a JWK: ML-DSA (kty AKP, RFC 9964), ECDSA or Ed25519. "
            "Private keys "
            "are\n"
            "refused, so that none is published by mistake. With --json the set is printed, also when --out\n"
            "writes it.",
    .run = run,
};
