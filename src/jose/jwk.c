#include "jose/jwk.h"

#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "jose/jwk_kind.h"
#include "json/json.h"

bool wtl_jwk_looks(wtl_bytes text)
{
    size_t i = 0;
    while (i < text.n && memchr(" \t\r\n", text.p[i], 4) != NULL)
        i++;
    return i < text.n && text.p[i] == '{';
}

static int kind_of(const wtl_jwk_kind **out, const wtl_key *k, wtl_err *err)
{
    *out = wtl_jwk_kind_of(wtl_key_alg(k));
    ENSURE(*out != NULL, err, WTL_USAGE,
           "%s keys have no JWK form: ML-DSA, ECDSA, Ed25519 and X25519 keys have one", wtl_key_alg_name(k));
    return WTL_OK;
}

/* The public members, each after a comma: ,"x":"...","y":"..." */
static int add_public(wtl_buf *out, const wtl_jwk_kind *kind, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) raw = {0};
    TRY(wtl_key_public_raw(k, &raw, err));
    bool ec = kind->part[1] != NULL;
    size_t skip = ec ? 1 : 0; /* the 4 that says uncompressed */
    size_t n = ec ? (raw.n - 1) / 2 : raw.n;
    for (size_t i = 0; i < WTL_JWK_PARTS && kind->part[i] != NULL; i++) {
        wtl_buf_fmt(out, ",\"%s\":\"", kind->part[i]);
        wtl_text_b64url_encode(out, (wtl_bytes){raw.p + skip + i * n, n});
        wtl_buf_str(out, "\"");
    }
    return wtl_buf_check(out, err);
}

/* "alg" and "crv" stand before "kty", "pub", "x" and "y" behind it. */
int wtl_jwk_thumbprint(const wtl_key *k, uint8_t out[WTL_JWK_THUMBPRINT], wtl_err *err)
{
    const wtl_jwk_kind *kind;
    AUTO(wtl_buf) text = {0};
    memset(out, 0, WTL_JWK_THUMBPRINT);
    TRY(kind_of(&kind, k, err));
    wtl_buf_fmt(&text, "{\"%s\":\"%s\",\"kty\":\"%s\"", kind->selector, kind->name, kind->kty);
    TRY(add_public(&text, kind, k, err));
    wtl_buf_str(&text, "}");
    TRY(wtl_buf_check(&text, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&text), out, err);
}

static int add_kid(wtl_buf *out, const char *kid, const wtl_key *k, wtl_err *err)
{
    wtl_buf_str(out, ",\"kid\":");
    if (kid == NULL) {
        uint8_t print[WTL_JWK_THUMBPRINT];
        TRY(wtl_jwk_thumbprint(k, print, err));
        wtl_buf_str(out, "\"");
        wtl_text_b64url_encode(out, (wtl_bytes){print, sizeof print});
        wtl_buf_str(out, "\"");
        return wtl_buf_check(out, err);
    }
    wtl_bytes text = wtl_text_of(kid);
    ENSURE(text.n > 0 && text.n <= WTL_JWK_KID_MOST && wtl_text_is_utf8(text), err, WTL_USAGE,
           "a key's kid is UTF-8 text of 1 to %d bytes", WTL_JWK_KID_MOST);
    AUTO(json_t) *s = json_string(kid);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_json_write(s, false, out, err);
}

/* All of it but the private member and the closing brace. */
static int add_head(wtl_buf *out, const wtl_jwk_kind *kind, const wtl_key *k, const char *kid, wtl_err *err)
{
    wtl_buf_fmt(out, "{\"kty\":\"%s\"", kind->kty);
    if (strcmp(kind->selector, "crv") == 0)
        wtl_buf_fmt(out, ",\"crv\":\"%s\"", kind->name);
    if (kind->alg != NULL)
        wtl_buf_fmt(out, ",\"alg\":\"%s\"", kind->alg);
    TRY(add_kid(out, kid, k, err));
    return add_public(out, kind, k, err);
}

int wtl_jwk_write_public(const wtl_key *k, const char *kid, wtl_buf *out, wtl_err *err)
{
    const wtl_jwk_kind *kind;
    AUTO(wtl_buf) head = {0};
    TRY(kind_of(&kind, k, err));
    TRY(add_head(&head, kind, k, kid, err));
    wtl_buf_str(&head, "}\n");
    TRY(wtl_buf_check(&head, err));
    wtl_buf_bytes(out, wtl_buf_view(&head));
    return wtl_buf_check(out, err);
}

int wtl_jwk_write_private(const wtl_key *k, const char *kid, wtl_secret *out, wtl_err *err)
{
    static const char end[] = "\"}\n";
    const wtl_jwk_kind *kind;
    AUTO(wtl_buf) head = {0};
    AUTO(wtl_secret) seed = {0};
    AUTO(wtl_secret) text = {0};
    *out = (wtl_secret){0};
    TRY(kind_of(&kind, k, err));
    TRY(wtl_key_seed(k, &seed, err));
    TRY(add_head(&head, kind, k, kid, err));
    wtl_buf_fmt(&head, ",\"%s\":\"", kind->secret);
    TRY(wtl_buf_check(&head, err));
    size_t n = wtl_text_b64url_size(seed.n);
    TRY(wtl_secret_new(&text, head.n + n + sizeof end - 1, err));
    memcpy(text.p, head.p, head.n);
    wtl_text_b64url_put(text.p + head.n, wtl_secret_view(&seed));
    memcpy(text.p + head.n + n, end, sizeof end - 1);
    *out = text;
    text = (wtl_secret){0};
    return WTL_OK;
}
