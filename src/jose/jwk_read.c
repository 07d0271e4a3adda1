#include <string.h>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/jwk_kind.h"
#include "jose/jwk_mask.h"
#include "json/json.h"

/* As for other key files: several times the longest key. */
enum { TEXT_MOST = 64 * 1024 };

static const char WHAT[] = "the JWK";

static int text_of(const json_t *j, const char *name, wtl_bytes *out, wtl_err *err)
{
    const char *s;
    TRY(wtl_json_get_string(j, WHAT, name, &s, err));
    *out = wtl_text_of(s);
    return WTL_OK;
}

static int find_kind(const wtl_jwk_kind **out, const json_t *j, wtl_err *err)
{
    ENSURE(!json_is_object(j) || json_object_get(j, "keys") == NULL, err, WTL_FORMAT,
           "this is a JWK set; take the one key out of it");
    const char *kty;
    const char *name;
    TRY(wtl_json_get_string(j, WHAT, "kty", &kty, err));
    const char *selector = wtl_jwk_kind_selector(kty);
    ENSURE(selector != NULL, err, WTL_FORMAT,
           "the JWK is of a key type (kty) that Wattle does not read: AKP, EC and OKP");
    TRY(wtl_json_get_string(j, WHAT, selector, &name, err));
    *out = wtl_jwk_kind_find(kty, name);
    ENSURE(*out != NULL, err, WTL_FORMAT,
           "the JWK's \"%s\" names none of ML-DSA-44, -65, -87, P-256, P-384, P-521, Ed25519, X25519",
           selector);
    return WTL_OK;
}

static bool among(const char *s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n && list[i] != NULL; i++) {
        if (strcmp(s, list[i]) == 0)
            return true;
    }
    return false;
}

/* RFC 7517 section 4.2 and 4.4. */
static int check_use(const json_t *j, const wtl_jwk_kind *kind, wtl_err *err)
{
    wtl_bytes v;
    if (json_object_get(j, "alg") != NULL) {
        TRY(text_of(j, "alg", &v, err));
        ENSURE(among((const char *)v.p, kind->algs, sizeof kind->algs / sizeof kind->algs[0]), err,
               WTL_POLICY, "the JWK's \"alg\" is not one that Wattle uses a %s key for", kind->name);
    }
    if (json_object_get(j, "use") != NULL) {
        TRY(text_of(j, "use", &v, err));
        ENSURE(wtl_text_eq(v, wtl_jwk_kind_signs(kind) ? "sig" : "enc"), err, WTL_POLICY,
               "the JWK's \"use\" is not \"%s\", which Wattle uses a %s key for",
               wtl_jwk_kind_signs(kind) ? "sig" : "enc", kind->name);
    }
    return WTL_OK;
}

/* RFC 7517 section 4.3: no value twice; unknown ones may be there. A public key that only agrees on secrets has none
 * (Web Cryptography), all others must allow what the key is for. */
static int check_ops(const json_t *j, const wtl_jwk_kind *kind, bool is_private, wtl_err *err)
{
    static const char *const known[] = {"sign",    "verify",    "encrypt",   "decrypt",
                                        "wrapKey", "unwrapKey", "deriveKey", "deriveBits"};
    static const char *const agree[] = {"deriveKey", "deriveBits"};
    static const char *const sign[] = {"sign", "verify"};
    if (json_object_get(j, "key_ops") == NULL)
        return WTL_OK;
    json_t *ops;
    TRY(wtl_json_get_array(j, WHAT, "key_ops", &ops, err));
    bool fits = !wtl_jwk_kind_signs(kind) && (!is_private || json_array_size(ops) == 0);
    for (size_t i = 0; i < json_array_size(ops); i++) {
        const char *op = json_string_value(json_array_get(ops, i));
        ENSURE(op != NULL, err, WTL_FORMAT, "the JWK's \"key_ops\" holds something else than strings");
        for (size_t k = 0; k < i; k++)
            ENSURE(strcmp(op, json_string_value(json_array_get(ops, k))) != 0, err, WTL_FORMAT,
                   "the JWK's \"key_ops\" names one operation twice");
        ENSURE(!among(op, known, 8) || among(op, wtl_jwk_kind_signs(kind) ? sign : agree, 2), err, WTL_POLICY,
               "the JWK's \"key_ops\" names what Wattle does not use a %s key for", kind->name);
        fits |= wtl_jwk_kind_signs(kind) ? strcmp(op, is_private ? "sign" : "verify") == 0
                                         : among(op, agree, 2);
    }
    ENSURE(fits, err, WTL_POLICY, "the JWK's \"key_ops\" does not allow what Wattle uses a %s key for",
           kind->name);
    return WTL_OK;
}

static int read_kid(const json_t *j, wtl_buf *kid, wtl_err *err)
{
    wtl_bytes v;
    if (json_object_get(j, "kid") == NULL)
        return WTL_OK;
    TRY(text_of(j, "kid", &v, err));
    if (kid != NULL) {
        wtl_buf_bytes(kid, v);
        TRY(wtl_buf_check(kid, err));
    }
    return WTL_OK;
}

/* The raw public key: `pub` or `x` as it is, for EC the uncompressed point 4 || x || y. */
static int read_public(const json_t *j, const wtl_jwk_kind *kind, wtl_buf *raw, wtl_err *err)
{
    bool ec = kind->part[1] != NULL;
    size_t pub = wtl_alg_at(kind->id)->pub;
    size_t n = ec ? (pub - 1) / 2 : pub;
    if (ec)
        wtl_buf_u8(raw, 4);
    for (size_t i = 0; i < WTL_JWK_PARTS && kind->part[i] != NULL; i++) {
        wtl_bytes text;
        TRY(text_of(j, kind->part[i], &text, err));
        uint8_t *to = wtl_buf_grow(raw, n);
        TRY(wtl_buf_check(raw, err));
        int rc = wtl_text_b64url_take(to, n, text, err);
        if (rc < 0)
            wtl_err_prefix(err, "\"%s\" of the JWK: ", kind->part[i]);
        TRY(rc);
    }
    return WTL_OK;
}

/* What the parser saw in the place of the private value must be what was put there. */
static bool was_masked(const json_t *value, wtl_bytes hidden)
{
    const char *s = json_string_value(value);
    if (s == NULL || hidden.p == NULL || strlen(s) != hidden.n)
        return false;
    for (size_t i = 0; i < hidden.n; i++) {
        if (s[i] != WTL_JWK_MASK_WITH)
            return false;
    }
    return true;
}

static int read_private(wtl_key **out, const wtl_jwk_kind *kind, wtl_bytes value, wtl_bytes raw, wtl_err *err)
{
    const wtl_alg *alg = wtl_alg_at(kind->id);
    AUTO(wtl_secret) seed = {0};
    AUTO(wtl_buf) public = {0};
    TRY(wtl_secret_new(&seed, alg->seed, err));
    int rc = wtl_text_b64url_take(seed.p, seed.n, value, err);
    if (rc < 0)
        wtl_err_prefix(err, "\"%s\" of the JWK: ", kind->secret);
    TRY(rc);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_from_seed(&k, alg, wtl_secret_view(&seed), err));
    TRY(wtl_key_public_raw(k, &public, err));
    ENSURE(wtl_ct_eq(wtl_buf_view(&public), raw), err, WTL_FORMAT,
           "the JWK's private part does not belong to its public part");
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int read_object(wtl_key **out, wtl_buf *kid, const json_t *j, const wtl_jwk_mask *m, wtl_err *err)
{
    const wtl_jwk_kind *kind;
    AUTO(wtl_buf) raw = {0};
    TRY(find_kind(&kind, j, err));
    const json_t *secret = json_object_get(j, kind->secret);
    wtl_bytes hidden = strcmp(kind->secret, "d") == 0 ? m->d : m->priv;
    ENSURE(secret == NULL || was_masked(secret, hidden), err, WTL_FORMAT,
           "the field \"%s\" of the JWK is not a plain string", kind->secret);
    TRY(check_use(j, kind, err));
    TRY(check_ops(j, kind, secret != NULL, err));
    TRY(read_public(j, kind, &raw, err));
    AUTO(wtl_key) *k = NULL;
    /* Also for a private key: that the point lies on its curve is checked here. */
    TRY(wtl_key_from_public(&k, wtl_alg_at(kind->id), wtl_buf_view(&raw), err));
    if (secret != NULL) {
        wtl_key_free(k);
        k = NULL;
        TRY(read_private(&k, kind, hidden, wtl_buf_view(&raw), err));
    }
    TRY(read_kid(j, kid, err));
    *out = k;
    k = NULL;
    return WTL_OK;
}

int wtl_jwk_read(wtl_key **out, wtl_buf *kid, wtl_bytes text, wtl_err *err)
{
    *out = NULL;
    ENSURE(text.n <= TEXT_MOST, err, WTL_FORMAT, "the file is larger than any JWK");
    AUTO(wtl_jwk_mask) m = {0};
    AUTO(json_t) *j = NULL;
    TRY(wtl_jwk_mask_text(&m, text, err));
    TRY(wtl_json_parse(&j, wtl_buf_view(&m.text), WHAT, err));
    return read_object(out, kid, j, &m, err);
}
