/* JSON Web Tokens (RFC 7519) as JWS in compact form (RFC 7515): signed and verified by ML-DSA-44, -65 and -87 (RFC 9964), and
 * beside them by ES256, ES384, ES512 (RFC 7518) and EdDSA (RFC 8037, RFC 9864). docs/formats/token.md says what is accepted.
 *
 *     wtl_jwks *set;      -- once; shared between threads
 *     wtl_jwks_parse(&set, text, &err);
 *     if (wtl_token_verify(&t, token, set, &policy, now, &err) == WTL_OK)
 *         use(t.sub);
 *     wtl_token_free(&t); -- after every outcome
 *
 * Nothing here reads files, the network or a clock: times are arguments, in seconds since 1970-01-01T00:00:00Z. All functions may
 * be called by any number of threads at once; a set and a policy are only read. */
#ifndef WATTLE_TOKEN_H
#define WATTLE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/bytes.h>
#include <wattle/err.h>
#include <wattle/key.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WTL_TOKEN_MOST 65536u                     /* bytes of a token */
#define WTL_TOKEN_KID_MOST 256u                   /* bytes of a kid */
#define WTL_JWKS_TEXT_MOST 1048576u               /* bytes of a set's text */
#define WTL_JWKS_KEYS_MOST 256u                   /* entries of a set, used or not */
#define WTL_TOKEN_TIME_MOST INT64_C(253402300799) /* 9999-12-31T23:59:59Z; times are 0 to this */

/* ---- a set of public keys */

/* A JWK Set (RFC 7517 section 5). Immutable. */
typedef struct wtl_jwks wtl_jwks;

/* A key of a set. Borrowed from it. */
typedef struct wtl_jwks_key {
    const wtl_key *key; /* public */
    const char *kid;    /* NULL: it has none */
    const char *alg; /* the one `alg` of its tokens; NULL for Ed25519 keys without: "EdDSA" and "Ed25519" */
    uint8_t id[WTL_KEY_ID]; /* SHA-256 of its SubjectPublicKeyInfo in DER, as wtl_key_id gives it */
} wtl_jwks_key;

/* Reads a set. Strict: one JSON object without duplicate members, "keys" a list of objects, each read as a JWK (canonical base64url, full
 * lengths, member names without escapes). Keys of other kinds, or with a `use`, `alg` or `key_ops` that is not verifying
 * signatures, are passed over and counted. Errors: WTL_FORMAT, also for a key of a known kind that is broken and for a
 * kid that two usable keys share; WTL_POLICY for a set in which any private or symmetric key stands, whose owner published it by
 * mistake. A set without a usable key is no error. The caller owns *out. */
int wtl_jwks_parse(wtl_jwks **out, wtl_bytes text, wtl_err *err);
void wtl_jwks_free(wtl_jwks *s); /* NULL is allowed */

size_t wtl_jwks_count(const wtl_jwks *s);       /* usable keys */
size_t wtl_jwks_passed_over(const wtl_jwks *s); /* entries that are none */
/* Key i in the order of the text; NULL from wtl_jwks_count on. */
const wtl_jwks_key *wtl_jwks_at(const wtl_jwks *s, size_t i);

/* 32 bytes for the set as it verifies: another key, kid, alg, or order of keys gives others; white space and members
 * without meaning do not. SHA-256; borrowed. A verdict may be kept as long as this stays the same. */
enum { WTL_JWKS_DIGEST = 32 };
const uint8_t *wtl_jwks_digest(const wtl_jwks *s);

/* ---- what is asked of a token */

/* All zero: any algorithm that a key of the set has, any issuer and type, expiry required, no leeway; tokens that name an audience
 * are refused, since nobody said that it is us (RFC 7519 section 4.1.3). Lists and texts are borrowed. */
typedef struct wtl_token_policy {
    const char *const
        *audiences; /* one of them must be in `aud`; none given: the token must not have `aud` */
    size_t n_audiences;
    bool any_audience;          /* `aud` is not looked at */
    const char *const *issuers; /* `iss` must be one of them; none given: it is not looked at */
    size_t n_issuers;
    const char *
        typ; /* `typ` must be this, as media types are compared (RFC 7515 section 4.1.9); NULL: any or none */
    const char *const *algs; /* "ML-DSA-65", "ES256"...: the token's must be one; none given: any */
    size_t n_algs;
    bool pq_only;        /* only algorithms that withstand quantum computers */
    bool without_expiry; /* tokens without `exp` too */
    int64_t leeway;      /* seconds that clocks may differ, 0 to 86400 */
    int64_t max_age;     /* seconds since `iat` at most, which must be there then; 0: any age */
} wtl_token_policy;

/* 32 bytes that tell policies apart: equal for equal members (lists in order), whatever their addresses. */
enum { WTL_TOKEN_POLICY_DIGEST = 32 };
int wtl_token_policy_digest(const wtl_token_policy *p, uint8_t out[WTL_TOKEN_POLICY_DIGEST], wtl_err *err);

/* ---- a token */

/* Why a token was not accepted. */
enum wtl_token_reason {
    WTL_TOKEN_GOOD,
    WTL_TOKEN_MALFORMED,     /* WTL_FORMAT */
    WTL_TOKEN_UNSUPPORTED,   /* WTL_POLICY: crit, b64 or zip in its header */
    WTL_TOKEN_ALGORITHM,     /* WTL_POLICY: none, HS256, RS256, unknown, or not one that the policy allows */
    WTL_TOKEN_NO_KEY,        /* WTL_NO: the set has no key of that kid, or none of that algorithm */
    WTL_TOKEN_MANY_KEYS,     /* WTL_NO: no kid, and several keys of that algorithm */
    WTL_TOKEN_KEY_ALGORITHM, /* WTL_NO: the key of that kid is of another algorithm */
    WTL_TOKEN_SIGNATURE,     /* WTL_NO: it is not of this token by that key */
    WTL_TOKEN_EXPIRED,       /* WTL_NO: now >= exp + leeway */
    WTL_TOKEN_EARLY,         /* WTL_NO: now < nbf - leeway; with max_age also now < iat - leeway */
    WTL_TOKEN_OLD,           /* WTL_NO: now > iat + max_age + leeway */
    WTL_TOKEN_AUDIENCE,      /* WTL_NO */
    WTL_TOKEN_ISSUER,        /* WTL_NO */
    WTL_TOKEN_TYPE,          /* WTL_NO */
    WTL_TOKEN_UNDATED,       /* WTL_POLICY: no exp; with max_age no iat */
    WTL_TOKEN_OTHER,         /* no verdict about the token: wrong arguments, no memory */
    WTL_TOKEN_REASONS
};
/* "good", "malformed", "unsupported", "algorithm", "no-key", "many-keys", "key-algorithm", "signature", "expired", "early", "old",
 * "audience", "issuer", "type", "undated", "other". */
const char *wtl_token_reason_name(int reason);

/* What a token says. Texts are UTF-8 without NUL, NULL when absent, and like `payload` and `aud` the token's own; they live until
 * wtl_token_free. Fractions of seconds are rounded so that a token is never valid longer: exp and iat down, nbf up. */
typedef struct wtl_token {
    enum wtl_token_reason reason; /* of the last check that was made */
    const char *alg;              /* "ML-DSA-65"...; static storage */
    const char *kid, *typ;        /* of the header */
    const char *iss, *sub, *jti;
    const char *const *aud; /* one text or a list in the token, a list here */
    size_t n_aud;
    bool has_aud; /* the list may be empty: a token for nobody */
    bool has_exp, has_nbf, has_iat;
    int64_t exp, nbf, iat; /* seconds */
    wtl_bytes payload;     /* the claims: a JSON object, the bytes that were signed, decoded */
    wtl_bytes text;        /* the token; the caller's, who keeps it until wtl_token_signature was called */
    size_t key;            /* after wtl_token_signature: index of its key in the set */
    struct wtl_token_own *own;
} wtl_token;

/* Frees what the token has and zeroes it. NULL is allowed, and a zeroed token. */
void wtl_token_free(wtl_token *t);

/* All that follows: reads the token, checks the signature, then the claims. WTL_OK; WTL_NO, WTL_FORMAT or WTL_POLICY as the reasons
 * above say; WTL_USAGE for a policy out of bounds; WTL_NOMEM. On failure all of *t is zero but `reason`. A policy that is NULL is one of zeros. No claim is looked at by
 * the policy before the signature is good. */
int wtl_token_verify(wtl_token *t, wtl_bytes token, const wtl_jwks *set, const wtl_token_policy *policy,
                     int64_t now, wtl_err *err);

/* The three parts of it, for whoever keeps verdicts. Nothing of a token that was only read may be believed.
 *
 * wtl_token_read takes the text apart, strictly: three parts of canonical base64url (no padding, no white space, no stray bits); header
 * and payload JSON objects without duplicate members; the claims of RFC 7519 section 4.1 of their types; at most
 * WTL_TOKEN_MOST bytes. WTL_FORMAT, WTL_POLICY (UNSUPPORTED, ALGORITHM). On failure all of *t is zero but `reason`. `jwk`, `jku`, `x5u`
 * and `x5c` in a header are never used. */
int wtl_token_read(wtl_token *t, wtl_bytes token, wtl_err *err);

/* Finds the one key that the token's kid names (without kid: the one key of its algorithm), and checks the signature by it. Of the policy
 * only algs and pq_only matter here. WTL_OK, and t->key is set; WTL_NO; WTL_POLICY (ALGORITHM). On failure
 * t->reason says why and the rest stays. */
int wtl_token_signature(wtl_token *t, const wtl_jwks *set, const wtl_token_policy *policy, wtl_err *err);

/* Checks typ, times, issuer and audience. It changes nothing and needs no text, so it may run again later on the same
 * token: *reason (may be NULL) is set. WTL_OK, WTL_NO, WTL_POLICY (UNDATED), WTL_USAGE. */
int wtl_token_claims(const wtl_token *t, const wtl_token_policy *policy, int64_t now,
                     enum wtl_token_reason *reason, wtl_err *err);

/* Signs claims. `claims` must be what wtl_token_read accepts as a payload; its bytes are signed as they are. kid NULL: the key's
 * thumbprint (RFC 7638, RFC 9964), "": none. typ NULL: "JWT", "": none. *out is the token with a NUL, malloc'd; *n, which may be
 * NULL, its length without. Errors: WTL_FORMAT for claims that are none; WTL_USAGE for a public key, a key of
 * another kind, a kid or typ that is no UTF-8 or too long, and a token that would be too long. */
int wtl_token_sign(char **out, size_t *n, wtl_bytes claims, const wtl_key *key, const char *kid,
                   const char *typ, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
