#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/sig.h"
#include "jose/b64url.h"
#include "jose/ecsig.h"
#include "jose/jwk.h"
#include "jose/token_impl.h"

static int check_claims(wtl_bytes claims, wtl_err *err)
{
    AUTO(wtl_token) t = {0};
    ENSURE(claims.n <= WTL_TOKEN_MOST, err, WTL_USAGE, "the claims have more than %u bytes", WTL_TOKEN_MOST);
    TRY(wtl_token_begin(&t, err));
    wtl_buf_bytes(&t.own->payload, claims);
    TRY(wtl_buf_check(&t.own->payload, err));
    return wtl_token_read_claims(&t, err);
}

static int check_key(const wtl_jwk_kind **kind, const wtl_key *k, wtl_err *err)
{
    *kind = wtl_jwk_kind_of(wtl_key_alg(k));
    ENSURE(*kind != NULL && wtl_jwk_kind_signs(*kind), err, WTL_USAGE,
           "%s keys sign no tokens: ML-DSA, ECDSA and Ed25519 keys do", wtl_key_alg_name(k));
    ENSURE(wtl_key_is_private(k), err, WTL_USAGE, "this is a public %s key: signing takes the private one",
           wtl_key_alg_name(k));
    return WTL_OK;
}

/* ,"name":"text" */
static int add_text(wtl_buf *out, const char *name, const char *text, wtl_err *err)
{
    ENSURE(strlen(text) <= WTL_TOKEN_KID_MOST && wtl_text_is_utf8(wtl_text_of(text)), err, WTL_USAGE,
           "a token's %s is UTF-8 text of at most %u bytes", name, WTL_TOKEN_KID_MOST);
    AUTO(json_t) *s = json_string(text);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    wtl_buf_fmt(out, ",\"%s\":", name);
    return wtl_json_write(s, false, out, err);
}

static int make_header(wtl_buf *out, const wtl_jwk_kind *kind, const wtl_key *k, const char *kid,
                       const char *typ, wtl_err *err)
{
    AUTO(wtl_buf) name = {0};
    if (kid == NULL) {
        uint8_t print[WTL_JWK_THUMBPRINT];
        TRY(wtl_jwk_thumbprint(k, print, err));
        wtl_text_b64url_encode(&name, (wtl_bytes){print, sizeof print});
        kid = wtl_buf_cstr(&name);
        ENSURE(kid != NULL, err, WTL_NOMEM, "out of memory");
    }
    typ = typ != NULL ? typ : "JWT";
    wtl_buf_fmt(out, "{\"alg\":\"%s\"", wtl_jwk_kind_signs_as(kind));
    if (typ[0] != '\0')
        TRY(add_text(out, "typ", typ, err));
    if (kid[0] != '\0')
        TRY(add_text(out, "kid", kid, err));
    wtl_buf_str(out, "}");
    return wtl_buf_check(out, err);
}

/* The signature as a token has it. */
static int make_signature(wtl_buf *out, const wtl_key *k, wtl_bytes input, wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    if (alg->group == NULL)
        return wtl_sig_sign(k, input, NULL, out, err);
    AUTO(wtl_buf) der = {0};
    TRY(wtl_sig_sign(k, input, NULL, &der, err));
    return wtl_ecsig_to_raw(wtl_buf_view(&der), alg->seed, out, err);
}

int wtl_token_sign(char **out, size_t *n, wtl_bytes claims, const wtl_key *key, const char *kid,
                   const char *typ, wtl_err *err)
{
    const wtl_jwk_kind *kind;
    AUTO(wtl_buf) header = {0};
    AUTO(wtl_buf) token = {0};
    AUTO(wtl_buf) sig = {0};
    *out = NULL;
    if (n != NULL)
        *n = 0;
    TRY(check_key(&kind, key, err));
    TRY(check_claims(claims, err));
    TRY(make_header(&header, kind, key, kid, typ, err));
    size_t size = wtl_text_b64url_size(header.n) + wtl_text_b64url_size(claims.n) +
                  wtl_text_b64url_size(wtl_jwk_kind_signature(kind)) + 2;
    ENSURE(size <= WTL_TOKEN_MOST, err, WTL_USAGE, "the token would have %zu bytes, and %u are the most",
           size, WTL_TOKEN_MOST);
    wtl_buf_reserve(&token, size + 1);
    wtl_b64url_encode(&token, wtl_buf_view(&header));
    wtl_buf_str(&token, ".");
    wtl_b64url_encode(&token, claims);
    TRY(wtl_buf_check(&token, err));
    TRY(make_signature(&sig, key, wtl_buf_view(&token), err));
    wtl_buf_str(&token, ".");
    wtl_b64url_encode(&token, wtl_buf_view(&sig));
    ENSURE(wtl_buf_cstr(&token) != NULL, err, WTL_NOMEM, "out of memory");
    *out = (char *)token.p;
    if (n != NULL)
        *n = token.n;
    token = (wtl_buf){0};
    return WTL_OK;
}
