#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/instant.h"
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/number.h"
#include "cli/show.h"
#include "crypto/key.h"
#include "fs/in.h"
#include "jose/token.h"
#include "json/json.h"

static const char *const algs[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "ES256",
                                   "ES384",     "ES512",     "EdDSA",     "Ed25519"};

static const char *algorithm(size_t i)
{
    return i < sizeof algs / sizeof algs[0] ? algs[i] : NULL;
}

static const wtl_opt opts[] = {
    {.name = "jwks", .arg = "FILE", .required = true, .help = "the issuer's public keys, a JWK Set"},
    {.name = "aud",
     .arg = "TEXT",
     .many = true,
     .help = "an audience that we are; one of them must be in aud"},
    {.name = "any-aud", .help = "do not look at aud"},
    {.name = "iss",
     .arg = "TEXT",
     .many = true,
     .help = "an issuer that is trusted; iss must be one of them"},
    {.name = "typ", .arg = "TYPE", .help = "the media type that typ must be, as at+jwt"},
    {.name = "alg",
     .arg = "NAME",
     .many = true,
     .value_at = algorithm,
     .help = "an algorithm that is allowed (default: any that the set has keys of)"},
    {.name = "pq-only", .help = "only ML-DSA"},
    {.name = "leeway", .arg = "TIME", .help = "how far clocks may be apart: 30, 1m", .fallback = "0"},
    {.name = "max-age", .arg = "TIME", .help = "refuse tokens issued (iat) longer ago: 900, 15m, 12h"},
    {.name = "without-expiry", .help = "take tokens that have no exp too"},
    {.name = "at", .arg = "TIME", .help = "judge as of this time, 2026-11-21T00:00:00Z, instead of now"},
};

static int choose_time(int64_t *now, const wtl_args *args, wtl_err *err)
{
    const char *text = wtl_args_get(args, "at", 0);
    *now = (int64_t)time(NULL);
    if (text == NULL || wtl_instant_parse(now, text, err) == WTL_OK)
        return WTL_OK;
    wtl_err_prefix(err, "--at: ");
    if (err != NULL)
        err->code = WTL_USAGE;
    return WTL_USAGE;
}

/* The values of an option that may be given several times; the caller frees the list. */
static const char **list_of(const wtl_args *args, const char *name, size_t *n)
{
    *n = wtl_args_count(args, name);
    const char **v = calloc(*n + 1, sizeof *v);
    for (size_t i = 0; v != NULL && i < *n; i++)
        v[i] = wtl_args_get(args, name, i);
    return v;
}

static int read_set(wtl_jwks **set, const wtl_args *args, wtl_err *err)
{
    const char *path = wtl_args_get(args, "jwks", 0);
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_read_all(path, WTL_JWKS_TEXT_MOST, &text, err));
    int rc = wtl_jwks_parse(set, wtl_buf_view(&text), err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: ", wtl_show_name(path));
    TRY(rc);
    if (wtl_jwks_count(*set) == 0)
        wtl_show_notice("%s has no key that tokens could be verified with", wtl_show_name(path));
    return WTL_OK;
}

/* The file's bytes but for one final LF. */
static int read_token(wtl_buf *text, wtl_bytes *token, const wtl_args *args, wtl_err *err)
{
    TRY(wtl_in_read_all(args->operand[0], WTL_TOKEN_MOST + 1, text, err));
    *token = wtl_buf_view(text);
    if (token->n > 0 && token->p[token->n - 1] == '\n')
        token->n--;
    return WTL_OK;
}

static bool is_post_quantum(const wtl_key *k)
{
    return (wtl_key_alg(k)->flags & WTL_ALG_PQ) != 0;
}

static int print_json(const wtl_token *t, const wtl_jwks *set, int rc, wtl_err *err)
{
    json_t *o = json_pack("{s:b, s:s, s:s}", "verified", rc == WTL_OK, "result", wtl_rc_name(rc), "reason",
                          wtl_token_reason_name((int)t->reason));
    if (o != NULL && rc < 0 && err != NULL)
        json_object_set_new(o, "text", json_string(err->text));
    if (o != NULL && rc == WTL_OK) {
        const wtl_jwks_key *k = wtl_jwks_at(set, t->key);
        json_t *claims = NULL;
        TRY(wtl_json_parse(&claims, t->payload, "the token's payload", err));
        json_object_set_new(o, "algorithm", json_string(t->alg));
        json_object_set_new(o, "post_quantum", json_boolean(is_post_quantum(k->key)));
        json_object_set_new(o, "kid", k->kid != NULL ? json_string(k->kid) : json_null());
        json_object_set_new(o, "key_id", wtl_show_json_hex(k->id, sizeof k->id));
        json_object_set_new(o, "claims", claims);
    }
    return wtl_show_json(o, rc < 0 ? NULL : err);
}

static void print_text(const char *name, const char *text)
{
    if (text != NULL)
        printf("  %-9s %s\n", name, wtl_show_name(text));
}

static void print_time(const char *name, bool has, int64_t at)
{
    char text[WTL_INSTANT_TEXT];
    if (has)
        printf("  %-9s %s\n", name, wtl_instant_write(text, at));
}

static void print_good(const wtl_token *t, const wtl_jwks *set)
{
    const wtl_jwks_key *k = wtl_jwks_at(set, t->key);
    printf("verified: %s%s%s\n", t->alg, k->kid != NULL ? ", key " : "",
           k->kid != NULL ? wtl_show_name(k->kid) : "");
    print_text("issuer", t->iss);
    print_text("subject", t->sub);
    for (size_t i = 0; i < t->n_aud; i++)
        print_text("audience", t->aud[i]);
    print_text("id", t->jti);
    print_time("issued", t->has_iat, t->iat);
    print_time("from", t->has_nbf, t->nbf);
    print_time("until", t->has_exp, t->exp);
}

static int show(const wtl_args *args, const wtl_token *t, const wtl_jwks *set, int rc, wtl_err *err)
{
    int shown = WTL_OK;
    if (args->json)
        shown = print_json(t, set, rc, err);
    else if (rc == WTL_OK)
        print_good(t, set);
    if (rc == WTL_OK && !is_post_quantum(wtl_jwks_at(set, t->key)->key))
        wtl_show_notice("%s is classical: a quantum computer can forge such a token", t->alg);
    return rc < 0 ? rc : shown;
}

static int verify(const wtl_args *args, const wtl_token_policy *p, wtl_err *err)
{
    AUTO(wtl_jwks) *set = NULL;
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_token) t = {0};
    wtl_bytes token;
    int64_t now;
    TRY(choose_time(&now, args, err));
    TRY(read_set(&set, args, err));
    TRY(read_token(&text, &token, args, err));
    int rc = wtl_token_verify(&t, token, set, p, now, err);
    return show(args, &t, set, rc, err);
}

static int run(const wtl_args *args, wtl_err *err)
{
    wtl_token_policy p = {.any_audience = wtl_args_has(args, "any-aud"),
                          .typ = wtl_args_get(args, "typ", 0),
                          .pq_only = wtl_args_has(args, "pq-only"),
                          .without_expiry = wtl_args_has(args, "without-expiry")};
    ENSURE(!p.any_audience || !wtl_args_has(args, "aud"), err, WTL_USAGE,
           "give --aud or --any-aud, not both");
    TRY(wtl_number_duration(&p.leeway, args, "leeway", 86400, err));
    TRY(wtl_number_duration(&p.max_age, args, "max-age", INT64_C(36500) * 86400, err));
    ENSURE(p.max_age > 0 || !wtl_args_has(args, "max-age"), err, WTL_USAGE,
           "no token is younger than --max-age 0 says");
    const char **auds = list_of(args, "aud", &p.n_audiences);
    const char **issuers = list_of(args, "iss", &p.n_issuers);
    const char **allowed = list_of(args, "alg", &p.n_algs);
    p.audiences = auds;
    p.issuers = issuers;
    p.algs = allowed;
    int rc = auds != NULL && issuers != NULL && allowed != NULL ? verify(args, &p, err)
                                                                : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    free(auds);
    free(issuers);
    free(allowed);
    return rc;
}

static const wtl_example examples[] = {
    {"wattle token verify token.jwt --jwks issuer.jwks --aud https://api.example", NULL},
    {"wattle token verify - --jwks issuer.jwks --aud api --iss https://idp.example --typ at+jwt --pq-only",
     "as an API ought to"},
    {"wattle token verify old.jwt --jwks issuer.jwks --any-aud --at 2026-11-21T00:00:00Z",
     "was it good then?"},
};

static const wtl_field fields[] = {
    {.name = "verified", .meaning = "true when the exit code is 0"},
    {.name = "result", .meaning = "ok, no, format or policy"},
    {.name = "reason",
     .meaning =
         "good, malformed, unsupported, algorithm, no-key, many-keys, key-algorithm, signature, expired, "
         "early, old, audience, issuer, type or undated"},
    {.name = "algorithm", .meaning = "when verified: of the token", .maybe = true},
    {.name = "post_quantum",
     .meaning = "when verified: the signature withstands quantum computers",
     .maybe = true},
    {.name = "kid", .meaning = "when verified: of the key, or null", .maybe = true},
    {.name = "key_id", .meaning = "when verified: SHA-256 of the public key, hexadecimal", .maybe = true},
    {.name = "claims",
     .meaning = "when verified: the token's payload; its members are the issuer's",
     .maybe = true},
    {.name = "text", .meaning = "what is wrong; absent when verified", .maybe = true},
};

const wtl_cmd wtl_cmd_token_verify = {
    .name = "token verify",
    .summary = "Check a JSON Web Token: who signed it, for whom, and until when it holds.",
    .operands = "FILE",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "token sign, token jwks",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "FILE holds one token, with at most one line end behind it; - is standard input. Its kid names the "
        "key; "
        "without\n"
        "one the set must have exactly one key of its algorithm. A token that names an audience is refused "
        "unless\n"
        "--aud names us, or --any-aud is given. Exit code 0 means that all of it is good; 1 that the "
        "signature, a "
        "time,\n"
        "audience, issuer or type is wrong; 4 that the token or the set is malformed; 5 that a rule forbids "
        "it "
        "(its\n"
        "algorithm, a critical extension, no exp, a private key in the set).",
    .run = run,
};
