#include "crypto/key_pkcs8.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/key_der.h"
#include "crypto/lib.h"

enum { SEED_TAG = 0x80, CURVE_TAG = 0xa0, ATTRIBUTES_TAG = 0xa0, EC_PUBLIC_TAG = 0xa1, PUBLIC_TAG = 0x81 };

enum shape {
    SHAPE_CHOICE, /* ML-DSA, ML-KEM: seed, expanded key, or both (RFC 9881 section 6, RFC 9935 section 6) */
    SHAPE_BARE,   /* SLH-DSA: the 4n bytes (RFC 9909 section 6) */
    SHAPE_OCTETS, /* Ed25519, X25519: an OCTET STRING (RFC 8410 section 7) */
    SHAPE_SEC1    /* EC: ECPrivateKey (RFC 5915) */
};

static enum shape shape_of(const wtl_alg *alg)
{
    if (alg->group != NULL)
        return SHAPE_SEC1;
    if (strncmp(alg->name, "ML-", 3) == 0)
        return SHAPE_CHOICE;
    return strncmp(alg->name, "SLH-DSA", 7) == 0 ? SHAPE_BARE : SHAPE_OCTETS;
}

static int broken(const wtl_alg *alg, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "the %s private key is not laid out as its standard says", alg->name);
}

static int parts_differ(const wtl_alg *alg, const char *a, const char *b, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "the %s key file contradicts itself: its %s does not belong to its %s",
                    alg->name, a, b);
}

static bool public_is(const wtl_key *k, wtl_bytes raw)
{
    AUTO(wtl_buf) own = {0};
    return wtl_key_public_raw(k, &own, NULL) == WTL_OK && own.n == raw.n && memcmp(own.p, raw.p, raw.n) == 0;
}

/* OpenSSL's encoding of the whole private key (FIPS 203 dk, FIPS 204 sk, FIPS 205 SK). */
static int expanded_of(const wtl_key *k, wtl_secret *out, wtl_err *err)
{
    size_t n = 0;
    *out = (wtl_secret){0};
    AUTO(wtl_secret) s = {0};
    if (EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0, &n) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL gives no private key of %s", k->alg->name);
    TRY(wtl_secret_new(&s, n, err));
    if (EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, s.p, s.n, &n) != 1 || n != s.n)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL gives no private key of %s", k->alg->name);
    *out = s;
    s = (wtl_secret){0};
    return WTL_OK;
}

/* OpenSSL's test that the private part undoes what the public part does. */
static bool pair_fits(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), pkey, NULL);
    bool fits = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return fits;
}

/* A key from its expanded form, which holds enough to have the public key recomputed and compared. */
static int from_expanded(wtl_key **out, const wtl_alg *alg, wtl_bytes priv, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_alloc(&k, alg, err));
    k->is_private = true;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)priv.p, priv.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(wtl_lib_ctx(), alg->evp, NULL);
    bool ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, params) == 1 && pair_fits(k->pkey);
    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "the expanded %s private key is wrong in itself", alg->name);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int read_both(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    wtl_bytes seed;
    wtl_bytes priv;
    if (!wtl_key_der_take(&in, WTL_DER_OCTETS, &seed) || !wtl_key_der_take(&in, WTL_DER_OCTETS, &priv) ||
        in.n != 0)
        return broken(alg, err);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_from_seed(&k, alg, seed, err));
    AUTO(wtl_secret) own = {0};
    TRY(expanded_of(k, &own, err));
    /* RFC 9881 and 9935 ask the reader of both forms to check the one by the other. */
    if (!wtl_ct_eq(wtl_secret_view(&own), priv))
        return parts_differ(alg, "seed", "expanded key", err);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int read_choice(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    wtl_bytes c = {0};
    if (wtl_key_der_take(&in, SEED_TAG, &c) && in.n == 0)
        return wtl_key_from_seed(out, alg, c, err);
    if (wtl_key_der_take(&in, WTL_DER_OCTETS, &c) && in.n == 0)
        return from_expanded(out, alg, c, err);
    if (wtl_key_der_take(&in, WTL_DER_SEQUENCE, &c) && in.n == 0)
        return read_both(out, alg, c, err);
    return broken(alg, err);
}

static int read_bare(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    if (in.n != alg->seed / 3 * 4)
        return broken(alg, err);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_from_seed(&k, alg, (wtl_bytes){in.p, alg->seed}, err));
    /* The last half is the public key: PK.seed || PK.root. */
    if (!public_is(k, (wtl_bytes){in.p + in.n - alg->pub, alg->pub}))
        return parts_differ(alg, "private part", "public part", err);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int read_octets(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    wtl_bytes c;
    if (!wtl_key_der_take(&in, WTL_DER_OCTETS, &c) || in.n != 0)
        return broken(alg, err);
    return wtl_key_from_seed(out, alg, c, err);
}

/* ECPrivateKey ::= SEQUENCE { 1, OCTET STRING, [0] curve OPTIONAL, [1] BIT STRING OPTIONAL } */
typedef struct sec1 {
    wtl_bytes scalar;
    wtl_bytes curve;  /* the OBJECT IDENTIFIER, whole; p NULL when absent */
    wtl_bytes public; /* p NULL when absent */
} sec1;

static bool split_sec1(wtl_bytes in, sec1 *s)
{
    *s = (sec1){0};
    wtl_bytes body;
    wtl_bytes part;
    uint64_t version = 0;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 || !wtl_key_der_uint(&body, &version) ||
        version != 1 || !wtl_key_der_take(&body, WTL_DER_OCTETS, &s->scalar))
        return false;
    if (wtl_key_der_take(&body, CURVE_TAG, &part) &&
        (!wtl_key_der_whole(&part, WTL_DER_OID, &s->curve) || part.n != 0))
        return false;
    if (wtl_key_der_take(&body, EC_PUBLIC_TAG, &part) &&
        (!wtl_key_der_bits(&part, WTL_DER_BITS, &s->public) || part.n != 0))
        return false;
    return body.n == 0;
}

/* AlgorithmIdentifier { id-ecPublicKey, curve } of the curve that a bare ECPrivateKey names. */
static int curve_alg(const wtl_alg **alg, wtl_bytes curve, wtl_err *err)
{
    static const uint8_t ec_public_key[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
    AUTO(wtl_buf) algid = {0};
    wtl_key_der_head(&algid, WTL_DER_SEQUENCE, sizeof ec_public_key + curve.n);
    wtl_buf_add(&algid, ec_public_key, sizeof ec_public_key);
    wtl_buf_bytes(&algid, curve);
    TRY(wtl_buf_check(&algid, err));
    return wtl_key_der_alg(alg, wtl_buf_view(&algid), err);
}

static int from_sec1(wtl_key **out, const wtl_alg *alg, const sec1 *s, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_from_seed(&k, alg, s->scalar, err));
    AUTO(wtl_key) *public = NULL;
    if (s->public.p != NULL) {
        TRY(wtl_key_ec_public(&public, alg, s->public, err));
        if (!wtl_key_same(k, public))
            return parts_differ(alg, "private number", "public point", err);
    }
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int read_sec1_of(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    sec1 s;
    if (!split_sec1(in, &s))
        return broken(alg, err);
    if (s.curve.p != NULL) {
        const wtl_alg *named = NULL;
        TRY(curve_alg(&named, s.curve, err));
        if (named != alg)
            return parts_differ(alg, "curve", "algorithm", err);
    }
    return from_sec1(out, alg, &s, err);
}

int wtl_key_pkcs8_read_sec1(wtl_key **out, wtl_bytes der, wtl_err *err)
{
    *out = NULL;
    sec1 s;
    const wtl_alg *alg = NULL;
    ENSURE(split_sec1(der, &s), err, WTL_FORMAT, "the EC private key is not laid out as RFC 5915 says");
    ENSURE(s.curve.p != NULL, err, WTL_FORMAT, "the EC private key does not name its curve");
    TRY(curve_alg(&alg, s.curve, err));
    return from_sec1(out, alg, &s, err);
}

/* OneAsymmetricKey ::= SEQUENCE { version, algorithm, OCTET STRING, [0] attributes OPTIONAL,
 * [1] publicKey OPTIONAL }; version 1 exactly when publicKey is there (RFC 5958 section 2). */
typedef struct pkcs8 {
    wtl_bytes algid;
    wtl_bytes private;
    wtl_bytes public; /* p NULL when absent */
} pkcs8;

static bool skip_attributes(wtl_bytes *body)
{
    wtl_bytes set;
    wtl_bytes one;
    if (!wtl_key_der_take(body, ATTRIBUTES_TAG, &set))
        return body->n == 0 || body->p[0] != ATTRIBUTES_TAG;
    while (set.n > 0) {
        if (!wtl_key_der_take(&set, WTL_DER_SEQUENCE, &one))
            return false;
    }
    return true;
}

static bool split_pkcs8(wtl_bytes in, pkcs8 *p)
{
    *p = (pkcs8){0};
    wtl_bytes body;
    uint64_t version = 0;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 || !wtl_key_der_uint(&body, &version) ||
        version > 1 || !wtl_key_der_whole(&body, WTL_DER_SEQUENCE, &p->algid) ||
        !wtl_key_der_take(&body, WTL_DER_OCTETS, &p->private) || !skip_attributes(&body))
        return false;
    if (version == 1 && !wtl_key_der_bits(&body, PUBLIC_TAG, &p->public))
        return false;
    return body.n == 0;
}

static int read_private(wtl_key **out, const wtl_alg *alg, wtl_bytes in, wtl_err *err)
{
    switch (shape_of(alg)) {
    case SHAPE_CHOICE:
        return read_choice(out, alg, in, err);
    case SHAPE_BARE:
        return read_bare(out, alg, in, err);
    case SHAPE_OCTETS:
        return read_octets(out, alg, in, err);
    case SHAPE_SEC1:
        return read_sec1_of(out, alg, in, err);
    }
    return broken(alg, err);
}

int wtl_key_pkcs8_read(wtl_key **out, wtl_bytes der, wtl_err *err)
{
    *out = NULL;
    pkcs8 p;
    const wtl_alg *alg = NULL;
    ENSURE(split_pkcs8(der, &p), err, WTL_FORMAT, "the private key is not laid out as RFC 5958 says");
    TRY(wtl_key_der_alg(&alg, p.algid, err));
    AUTO(wtl_key) *k = NULL;
    TRY(read_private(&k, alg, p.private, err));
    if (p.public.p != NULL && !public_is(k, p.public))
        return parts_differ(alg, "private key", "public key", err);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int write_sec1(const wtl_key *k, wtl_secret *s, wtl_err *err)
{
    AUTO(wtl_buf) before = {0};
    AUTO(wtl_buf) point = {0};
    AUTO(wtl_buf) after = {0};
    TRY(wtl_key_public_raw(k, &point, err));
    wtl_key_der_put_uint(&before, 1);
    wtl_key_der_head(&before, WTL_DER_OCTETS, s->n);
    AUTO(wtl_buf) bits = {0};
    wtl_key_der_head(&bits, WTL_DER_BITS, 1 + point.n);
    wtl_buf_u8(&bits, 0);
    wtl_buf_bytes(&bits, wtl_buf_view(&point));
    TRY(wtl_buf_check(&bits, err));
    wtl_key_der_element(&after, EC_PUBLIC_TAG, wtl_buf_view(&bits));
    TRY(wtl_buf_check(&before, err));
    TRY(wtl_buf_check(&after, err));
    return wtl_key_der_wrap(s, WTL_DER_SEQUENCE, wtl_buf_view(&before), wtl_buf_view(&after), err);
}

/* The content of privateKey's OCTET STRING. */
static int private_content(const wtl_key *k, wtl_secret *s, wtl_err *err)
{
    const wtl_bytes none = {0};
    enum shape shape = shape_of(k->alg);
    if (shape == SHAPE_BARE)
        return expanded_of(k, s, err);
    if (shape == SHAPE_CHOICE && wtl_key_seed(k, s, NULL) < 0) {
        TRY(expanded_of(k, s, err));
        return wtl_key_der_wrap(s, WTL_DER_OCTETS, none, none, err);
    }
    if (shape == SHAPE_CHOICE)
        return wtl_key_der_wrap(s, SEED_TAG, none, none, err);
    TRY(wtl_key_seed(k, s, err));
    return shape == SHAPE_SEC1 ? write_sec1(k, s, err) : wtl_key_der_wrap(s, WTL_DER_OCTETS, none, none, err);
}

int wtl_key_pkcs8_write(const wtl_key *k, wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    AUTO(wtl_buf) before = {0};
    wtl_key_der_put_uint(&before, 0);
    TRY(wtl_key_der_algid(&before, k->alg, err));
    AUTO(wtl_secret) s = {0};
    TRY(private_content(k, &s, err));
    TRY(wtl_key_der_wrap(&s, WTL_DER_OCTETS, (wtl_bytes){0}, (wtl_bytes){0}, err));
    TRY(wtl_key_der_wrap(&s, WTL_DER_SEQUENCE, wtl_buf_view(&before), (wtl_bytes){0}, err));
    *out = s;
    s = (wtl_secret){0};
    return WTL_OK;
}
