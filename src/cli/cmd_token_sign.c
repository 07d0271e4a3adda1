#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/cmd.h"
#include "cli/header_limit.h"
#include "cli/keyload.h"
#include "cli/number.h"
#include "cli/show.h"
#include "fs/in.h"
#include "fs/out.h"
#include "jose/jwk.h"
#include "jose/token.h"
#include "json/json.h"

static const int64_t longest = INT64_C(36500) * 86400;

static const wtl_opt opts[] = {
    {.name = "key", .arg = "FILE", .required = true, .help = "private key: ML-DSA, ECDSA or Ed25519"},
    {.name = "claims",
     .arg = "FILE",
     .required = true,
     .help = "the claims, a JSON object; - is standard input"},
    {.name = "expires",
     .arg = "TIME",
     .help = "add iat (now) and exp (so long from now): 900, 15m, 12h, 30d"},
    {.name = "kid", .arg = "TEXT", .help = "the key's id (default: that of a JWK, else its thumbprint)"},
    {.name = "no-kid", .help = "leave the key's id out"},
    {.name = "typ", .arg = "TYPE", .help = "media type of the token", .fallback = "JWT"},
    {.name = "out", .arg = "FILE", .help = "write the token there instead of to standard output (mode 0600)"},
    {.name = "force", .help = "replace an existing FILE"},
    WTL_KEYLOAD_OPTS,
};

/* The claims are signed as they are, but for white space around them. */
static wtl_bytes trimmed(wtl_bytes v)
{
    while (v.n > 0 && memchr(" \t\r\n", v.p[0], 4) != NULL) {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && memchr(" \t\r\n", v.p[v.n - 1], 4) != NULL)
        v.n--;
    return v;
}

/* Writes the claims anew with iat and exp behind them. */
static int add_times(wtl_buf *claims, int64_t seconds, wtl_err *err)
{
    static const char what[] = "the claims";
    AUTO(json_t) *j = NULL;
    int64_t now = (int64_t)time(NULL);
    TRY(wtl_json_parse(&j, wtl_buf_view(claims), what, err));
    ENSURE(json_is_object(j), err, WTL_FORMAT, "%s are not a JSON object", what);
    ENSURE(json_object_get(j, "exp") == NULL && json_object_get(j, "iat") == NULL, err, WTL_USAGE,
           "the claims have iat or exp already, which --expires would write");
    ENSURE(json_object_set_new(j, "iat", json_integer(now)) == 0 &&
               json_object_set_new(j, "exp", json_integer(now + seconds)) == 0,
           err, WTL_NOMEM, "out of memory");
    wtl_buf_clear(claims);
    return wtl_json_write(j, false, claims, err);
}

static int read_claims(wtl_buf *claims, const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_buf) file = {0};
    TRY(wtl_in_read_all(wtl_args_get(args, "claims", 0), WTL_TOKEN_MOST, &file, err));
    wtl_buf_bytes(claims, trimmed(wtl_buf_view(&file)));
    TRY(wtl_buf_check(claims, err));
    int64_t seconds = -1;
    TRY(wtl_number_duration(&seconds, args, "expires", longest, err));
    return seconds >= 0 ? add_times(claims, seconds, err) : WTL_OK;
}

static void warn_never(wtl_bytes claims)
{
    AUTO(json_t) *j = NULL;
    if (wtl_json_parse(&j, claims, "the claims", NULL) == WTL_OK && json_object_get(j, "exp") == NULL)
        wtl_show_notice("the token never expires, and careful verifiers refuse it: give exp, or --expires");
}

static json_t *warn_header(size_t n)
{
    json_t *refused = json_array();
    const wtl_header_limit *l;
    size_t field = wtl_header_limit_field(n);
    for (size_t i = 0; (l = wtl_header_limit_at(i)) != NULL; i++) {
        if (!wtl_header_limit_refuses(l, field))
            continue;
        json_array_append_new(refused, json_string(l->name));
        wtl_show_notice("as an Authorization header the token has %zu bytes, and %s takes %zu%s by default: "
                        "raise %s",
                        field, l->name, l->bytes, l->whole ? " for all headers" : "", l->option);
    }
    return refused;
}

static int write_token(const wtl_args *args, const char *token, size_t n, wtl_err *err)
{
    AUTO(wtl_out) o = {.fd = -1, .dirfd = -1};
    unsigned flags = WTL_OUT_STDOUT_OK | (wtl_args_has(args, "force") ? WTL_OUT_REPLACE : 0);
    TRY(wtl_out_open(&o, wtl_args_get(args, "out", 0), flags, 0600, err));
    TRY(wtl_out_write(&o, (wtl_bytes){(const uint8_t *)token, n}, err));
    TRY(wtl_out_write(&o, wtl_text_of("\n"), err));
    return wtl_out_commit(&o, err);
}

static int report(const wtl_args *args, const wtl_token *t, const char *token, wtl_err *err)
{
    size_t n = t->text.n;
    const char *out = wtl_args_get(args, "out", 0);
    AUTO(json_t) *refused = warn_header(n);
    if (out != NULL)
        TRY(write_token(args, token, n, err));
    if (args->json)
        return wtl_show_json(
            json_pack("{s:o, s:s, s:o, s:I, s:I, s:O}", out != NULL ? "out" : "token",
                      out != NULL ? wtl_show_json_name(out) : json_string(token), "algorithm", t->alg, "kid",
                      t->kid != NULL ? json_string(t->kid) : json_null(), "bytes", (json_int_t)n,
                      "header_bytes", (json_int_t)wtl_header_limit_field(n), "refused_by", refused),
            err);
    if (out == NULL)
        printf("%s\n", token);
    else if (strcmp(out, "-") != 0)
        printf("%s: %s token of %zu bytes\n", wtl_show_name(out), t->alg, n);
    return WTL_OK;
}

/* A fault while signing would give away a wrong token, and with ECDSA and Ed25519 the key. */
static int check_made(wtl_token *t, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_jwks) *set = NULL;
    wtl_buf_str(&text, "{\"keys\":[");
    TRY(wtl_jwk_write_public(k, t->kid, &text, err));
    wtl_buf_str(&text, "]}");
    TRY(wtl_buf_check(&text, err));
    TRY(wtl_jwks_parse(&set, wtl_buf_view(&text), err));
    int rc = wtl_token_signature(t, set, NULL, err);
    ENSURE(rc != WTL_NO, err, WTL_BUG, "the signature just made does not verify; no token was written");
    return rc;
}

static int sign(const wtl_args *args, const wtl_key *k, const char *kid, wtl_bytes claims, wtl_err *err)
{
    char *token = NULL;
    size_t n;
    AUTO(wtl_token) t = {0};
    int rc = wtl_token_sign(&token, &n, claims, k, kid, wtl_args_get(args, "typ", 0), err);
    if (rc == WTL_OK)
        rc = wtl_token_read(&t, (wtl_bytes){(const uint8_t *)token, n}, err);
    if (rc == WTL_OK)
        rc = check_made(&t, k, err);
    if (rc == WTL_OK) {
        warn_never(claims);
        if ((wtl_key_alg(k)->flags & WTL_ALG_PQ) == 0)
            wtl_show_notice("%s is classical: whoever has a quantum computer can forge such tokens", t.alg);
        rc = report(args, &t, token, err);
    }
    free(token);
    return rc;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) own = {0};
    AUTO(wtl_buf) claims = {0};
    const char *kid = wtl_args_get(args, "kid", 0);
    bool without = wtl_args_has(args, "no-kid");
    const char *out = wtl_args_get(args, "out", 0);
    ENSURE(kid == NULL || !without, err, WTL_USAGE, "give --kid or --no-kid, not both");
    ENSURE(kid == NULL || kid[0] != '\0', err, WTL_USAGE,
           "an empty --kid names no key: --no-kid leaves it out");
    ENSURE(!args->json || out == NULL || strcmp(out, "-") != 0, err, WTL_USAGE,
           "--json and --out - would both write to standard output");
    TRY(wtl_keyload_named(&k, &own, args, wtl_args_get(args, "key", 0), WTL_KEYLOAD_PRIVATE, err));
    TRY(read_claims(&claims, args, err));
    if (kid == NULL && own.n > 0)
        kid = wtl_buf_cstr(&own);
    return sign(args, k, without ? "" : kid, wtl_buf_view(&claims), err);
}

static const wtl_example examples[] = {
    {"wattle token sign --key issuer.key --claims claims.json --expires 15m", NULL},
    {"echo '{\"sub\":\"u7\",\"aud\":\"api\"}' | wattle token sign --key issuer.key --claims - --expires 1h "
     "--typ "
     "at+jwt",
     "an access token (RFC 9068)"},
    {"wattle token sign --key issuer.jwk --claims claims.json --kid 2026-11 --out token.jwt", NULL},
};

static const wtl_field fields[] = {
    {.name = "token", .meaning = "without --out: the token", .maybe = true},
    {.name = "out", .meaning = "with --out: the file", .maybe = true},
    {.name = "algorithm", .meaning = "ML-DSA-44, ML-DSA-65, ML-DSA-87, ES256, ES384, ES512 or EdDSA"},
    {.name = "kid", .meaning = "the key's id in the token's header, or null"},
    {.name = "bytes", .meaning = "of the token"},
    {.name = "header_bytes", .meaning = "of the header Authorization: Bearer with it"},
    {.name = "refused_by", .meaning = "servers whose defaults do not take that header"},
};

const wtl_cmd wtl_cmd_token_sign = {
    .name = "token sign",
    .summary = "Sign claims as a JSON Web Token.",
    .operands = "",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "token verify, token jwks, key generate",
    WTL_CMD_OPTS(opts),
    .more =
        "The claims must be one JSON object without duplicate members, exp, nbf and iat numbers, aud a "
        "string or "
        "a list\n"
        "of them; they are signed byte for byte, unless --expires adds to them. The key decides the "
        "algorithm, "
        "which is\n"
        "ML-DSA-44, -65, -87 (RFC 9964), ES256, ES384, ES512 or EdDSA. A notice tells which servers' default "
        "limits\n"
        "the token would exceed as a header.",
    .run = run,
};
