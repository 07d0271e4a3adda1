#include "keys.h"

#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/lib.h"

/* One file form of one key read back: the same key, the same bytes. */
static void round_trip(const wtl_key *k, wtl_bytes file, bool pem)
{
    AUTO(wtl_key) *back = keys_read(file, NULL, 0);
    AUTO(wtl_buf) again = {0};
    assert_true(wtl_key_same(k, back));
    if (pem)
        keys_pem(back, &again);
    else
        keys_der(back, &again);
    assert_int_equal(again.n, file.n);
    assert_memory_equal(again.p, file.p, file.n);
}

static void every_algorithm_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (!(a->flags & WTL_ALG_KEYGEN))
            continue;
        AUTO(wtl_key) *k = keys_new(a->name);
        AUTO(wtl_key) *public = NULL;
        AUTO(wtl_buf) raw = {0};
        AUTO(wtl_buf) file = {0};
        assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
        assert_int_equal(wtl_key_from_public(&public, a, wtl_buf_view(&raw), NULL), 0);
        keys_pem(k, &file);
        round_trip(k, wtl_buf_view(&file), true);
        keys_pem(public, &file);
        round_trip(k, wtl_buf_view(&file), true);
        if (a->flags & WTL_ALG_AGE_TEXT)
            continue;
        keys_der(k, &file);
        round_trip(k, wtl_buf_view(&file), false);
        keys_der(public, &file);
        round_trip(k, wtl_buf_view(&file), false);
    }
}

static void same_as_encoder(EVP_PKEY *p, int selection, const char *structure, wtl_bytes own)
{
    uint8_t *der = NULL;
    size_t n = 0;
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(p, selection, "DER", structure, NULL);
    assert_non_null(ctx);
    assert_int_equal(OSSL_ENCODER_to_data(ctx, &der, &n), 1);
    OSSL_ENCODER_CTX_free(ctx);
    assert_int_equal(own.n, n);
    assert_memory_equal(own.p, der, n);
    OPENSSL_free(der);
}

/* OpenSSL's encoders, told to write seeds alone, write the very bytes that we write. */
static void bytes_are_openssl_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (!(a->flags & WTL_ALG_KEYGEN) || (a->flags & WTL_ALG_AGE_TEXT))
            continue;
        AUTO(wtl_key) *k = keys_new(a->name);
        AUTO(wtl_buf) der = {0};
        keys_der(k, &der);
        same_as_encoder(wtl_key_evp(k), EVP_PKEY_KEYPAIR, "PrivateKeyInfo", wtl_buf_view(&der));
        if (strncmp(a->name, "ML-DSA", 6) == 0)
            assert_int_equal(der.n, 54);
        if (strncmp(a->name, "ML-KEM", 6) == 0)
            assert_int_equal(der.n, 86);
        wtl_buf_clear(&der);
        assert_int_equal(wtl_key_write_public(k, WTL_KEY_DER, &der, NULL), 0);
        same_as_encoder(wtl_key_evp(k), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo", wtl_buf_view(&der));
    }
}

static void x_wing_has_text_only(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = keys_new("X-Wing");
    AUTO(wtl_buf) out = {0};
    AUTO(wtl_secret) s = {0};
    AUTO(wtl_secret) pass = {0};
    assert_good(wtl_secret_copy(&pass, wtl_text_of("x"), &err), &err);
    assert_int_equal(wtl_key_write_public(k, WTL_KEY_DER, &out, &err), WTL_USAGE);
    assert_int_equal(wtl_key_write_private(k, WTL_KEY_DER, NULL, &s, &err), WTL_USAGE);
    assert_int_equal(wtl_key_write_private(k, WTL_KEY_PEM, &pass, &s, &err), WTL_USAGE);
    assert_int_equal(out.n, 0);
    assert_null(s.p);
    assert_null(wtl_key_evp(k));
}

static void public_has_no_private(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_key) *public = NULL;
    AUTO(wtl_secret) s = {0};
    assert_good(wtl_key_public_raw(k, &raw, &err), &err);
    assert_good(wtl_key_from_public(&public, wtl_key_alg(k), wtl_buf_view(&raw), &err), &err);
    assert_int_equal(wtl_key_write_private(public, WTL_KEY_PEM, NULL, &s, &err), WTL_USAGE);
}

static void put_both(wtl_bytes seed, wtl_bytes priv, wtl_buf *out)
{
    AUTO(wtl_buf) body = {0};
    wtl_key_der_element(&body, WTL_DER_OCTETS, seed);
    wtl_key_der_element(&body, WTL_DER_OCTETS, priv);
    wtl_buf_clear(out);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
}

/* seed and expanded key: agreeing they are read (and written as a seed), with one changed bit anywhere in
 * either they are refused. */
static void both_forms_must_agree(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44", "ML-KEM-512"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_secret) seed = {0};
        AUTO(wtl_buf) priv = {0};
        AUTO(wtl_buf) content = {0};
        AUTO(wtl_buf) file = {0};
        assert_int_equal(wtl_key_seed(k, &seed, NULL), 0);
        keys_expanded(k, &priv);
        put_both(wtl_secret_view(&seed), wtl_buf_view(&priv), &content);
        keys_pkcs8(algs[i], 0, wtl_buf_view(&content), (wtl_bytes){0}, &file);
        AUTO(wtl_key) *back = keys_read(wtl_buf_view(&file), NULL, 0);
        AUTO(wtl_buf) want = {0};
        AUTO(wtl_buf) got = {0};
        keys_der(k, &want);
        keys_der(back, &got);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.p, want.p, want.n);
        size_t at = keys_find(wtl_buf_view(&file), wtl_secret_view(&seed));
        for (size_t j = at; j < file.n; j += j < at + 80 ? 1 : 37) {
            file.p[j] ^= 1;
            keys_refused(wtl_buf_view(&file));
            file.p[j] ^= 1;
        }
    }
}

/* A key stored without its seed is usable, is written back as it came, and says that it has no seed. */
static void expanded_form_stays_expanded(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44",  "ML-DSA-65",  "ML-DSA-87",
                                       "ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"};
    for (size_t i = 0; i < 6; i++) {
        wtl_err err = {0};
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) priv = {0};
        AUTO(wtl_buf) file = {0};
        keys_expanded(k, &priv);
        keys_pkcs8_expanded(algs[i], wtl_buf_view(&priv), &file);
        AUTO(wtl_key) *back = keys_read(wtl_buf_view(&file), NULL, 0);
        assert_true(wtl_key_same(k, back));
        AUTO(wtl_secret) seed = {0};
        assert_int_equal(wtl_key_seed(back, &seed, &err), WTL_USAGE);
        round_trip(k, wtl_buf_view(&file), false);
    }
}

/* What the expanded form holds twice is compared: a change of the public part, or of its hash, is noticed. */
static void expanded_form_is_checked(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ML-KEM-512");
    AUTO(wtl_buf) priv = {0};
    AUTO(wtl_buf) file = {0};
    keys_expanded(k, &priv);
    /* dk = dkPKE (768) || ek (800) || H(ek) (32) || z (32) */
    for (size_t i = 768; i < 768 + 832; i += 13) {
        priv.p[i] ^= 4;
        keys_pkcs8_expanded("ML-KEM-512", wtl_buf_view(&priv), &file);
        keys_refused(wtl_buf_view(&file));
        priv.p[i] ^= 4;
    }
    AUTO(wtl_key) *d = keys_new("ML-DSA-44");
    keys_expanded(d, &priv);
    /* sk = rho (32) || K (32) || tr (64) || s1, s2, t0 */
    for (size_t i = 64; i < priv.n; i += 61) {
        priv.p[i] ^= 1;
        keys_pkcs8_expanded("ML-DSA-44", wtl_buf_view(&priv), &file);
        keys_refused(wtl_buf_view(&file));
        priv.p[i] ^= 1;
    }
    keys_pkcs8_expanded("ML-DSA-44", (wtl_bytes){priv.p, priv.n - 1}, &file);
    keys_refused(wtl_buf_view(&file));
}

static void slh_dsa_root_must_fit(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("SLH-DSA-SHA2-128f");
    AUTO(wtl_buf) priv = {0};
    AUTO(wtl_buf) file = {0};
    keys_expanded(k, &priv);
    for (size_t i = 0; i < priv.n; i++) {
        priv.p[i] ^= 0x10;
        keys_pkcs8_expanded("SLH-DSA-SHA2-128f", wtl_buf_view(&priv), &file);
        /* SK.prf alone is bound to nothing: it only randomises signatures. */
        if (i < 16 || i >= 32)
            keys_refused(wtl_buf_view(&file));
        priv.p[i] ^= 0x10;
    }
}

/* PKCS#8 version 2 with the public key inside (RFC 5958), which some write for Ed25519. */
static void version_two_with_public(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_secret) seed = {0};
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_buf) content = {0};
    AUTO(wtl_buf) tail = {0};
    AUTO(wtl_buf) file = {0};
    assert_int_equal(wtl_key_seed(k, &seed, NULL), 0);
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    wtl_key_der_element(&content, WTL_DER_OCTETS, wtl_secret_view(&seed));
    wtl_key_der_head(&tail, 0x81, 33);
    wtl_buf_u8(&tail, 0);
    wtl_buf_bytes(&tail, wtl_buf_view(&raw));
    keys_pkcs8("Ed25519", 1, wtl_buf_view(&content), wtl_buf_view(&tail), &file);
    AUTO(wtl_key) *back = keys_read(wtl_buf_view(&file), NULL, 0);
    assert_true(wtl_key_same(k, back));
    file.p[file.n - 1] ^= 1; /* another public key */
    keys_refused(wtl_buf_view(&file));
    keys_pkcs8("Ed25519", 0, wtl_buf_view(&content), wtl_buf_view(&tail), &file);
    keys_refused(wtl_buf_view(&file)); /* version 1 has no such field */
    keys_pkcs8("Ed25519", 2, wtl_buf_view(&content), (wtl_bytes){0}, &file);
    keys_refused(wtl_buf_view(&file));
    const uint8_t attributes[] = {0xa0, 0x04, 0x30, 0x02, 0x05, 0x00};
    keys_pkcs8("Ed25519", 0, wtl_buf_view(&content), (wtl_bytes){attributes, 6}, &file);
    AUTO(wtl_key) *with = keys_read(wtl_buf_view(&file), NULL, 0);
    assert_true(wtl_key_same(k, with));
    keys_pkcs8("Ed25519", 0, wtl_buf_view(&content), (wtl_bytes){attributes, 5}, &file);
    keys_refused(wtl_buf_view(&file));
}

static void put_sec1(wtl_bytes scalar, wtl_bytes curve, wtl_bytes point, wtl_buf *out)
{
    AUTO(wtl_buf) body = {0};
    wtl_key_der_put_uint(&body, 1);
    wtl_key_der_element(&body, WTL_DER_OCTETS, scalar);
    if (curve.n > 0)
        wtl_key_der_element(&body, 0xa0, curve);
    if (point.n > 0) {
        AUTO(wtl_buf) bits = {0};
        wtl_key_der_head(&bits, WTL_DER_BITS, point.n + 1);
        wtl_buf_u8(&bits, 0);
        wtl_buf_bytes(&bits, point);
        wtl_key_der_element(&body, 0xa1, wtl_buf_view(&bits));
    }
    wtl_buf_clear(out);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
}

static const uint8_t OID_P256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t OID_P384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const wtl_bytes NAMED_P256 = {OID_P256, sizeof OID_P256};

static void ec_private_forms(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ECDSA-P256");
    AUTO(wtl_key) *other = keys_new("ECDSA-P256");
    AUTO(wtl_secret) d = {0};
    AUTO(wtl_buf) q = {0};
    AUTO(wtl_buf) q2 = {0};
    AUTO(wtl_buf) sec1 = {0};
    AUTO(wtl_buf) file = {0};
    assert_int_equal(wtl_key_seed(k, &d, NULL), 0);
    assert_int_equal(wtl_key_public_raw(k, &q, NULL), 0);
    assert_int_equal(wtl_key_public_raw(other, &q2, NULL), 0);
    const wtl_bytes none = {0};
    const wtl_bytes scalar = wtl_secret_view(&d);
    const struct {
        wtl_bytes scalar;
        wtl_bytes curve;
        wtl_bytes point;
        int rc;
    } rows[] = {{scalar, none, none, 0},
                {scalar, NAMED_P256, none, 0},
                {scalar, NAMED_P256, wtl_buf_view(&q), 0},
                {scalar, none, wtl_buf_view(&q2), WTL_FORMAT},
                {scalar, {OID_P384, sizeof OID_P384}, none, WTL_FORMAT},
                {{d.p, 31}, none, none, WTL_FORMAT},
                {{(const uint8_t[32]){0}, 32}, none, none, WTL_FORMAT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_sec1(rows[i].scalar, rows[i].curve, rows[i].point, &sec1);
        keys_pkcs8("ECDSA-P256", 0, wtl_buf_view(&sec1), none, &file);
        AUTO(wtl_key) *back = keys_read(wtl_buf_view(&file), NULL, rows[i].rc);
        assert_true(back == NULL || wtl_key_same(k, back));
    }
}

/* The group's order and one more are no private numbers, one less is. */
static void ec_scalar_range(void **state)
{
    (void)state;
    uint8_t n[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                     0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                     0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    const wtl_alg *a = wtl_alg_by_name("ECDSA-P256");
    AUTO(wtl_key) *k = NULL;
    assert_int_equal(wtl_key_from_seed(&k, a, (wtl_bytes){n, 32}, NULL), WTL_FORMAT);
    n[31]++;
    assert_int_equal(wtl_key_from_seed(&k, a, (wtl_bytes){n, 32}, NULL), WTL_FORMAT);
    n[31] = 0x50;
    assert_int_equal(wtl_key_from_seed(&k, a, (wtl_bytes){n, 32}, NULL), 0);
}

static void write_sec1_pem(const wtl_key *k, wtl_bytes curve, wtl_buf *out)
{
    AUTO(wtl_secret) d = {0};
    AUTO(wtl_buf) der = {0};
    assert_int_equal(wtl_key_seed(k, &d, NULL), 0);
    put_sec1(wtl_secret_view(&d), curve, (wtl_bytes){0}, &der);
    AUTO(wtl_buf) b64 = {0};
    wtl_text_b64_encode(&b64, wtl_buf_view(&der));
    wtl_buf_clear(out);
    wtl_buf_str(out, "-----BEGIN EC PRIVATE KEY-----\n");
    wtl_buf_bytes(out, wtl_buf_view(&b64));
    wtl_buf_str(out, "\n-----END EC PRIVATE KEY-----\n");
}

static void sec1_pem(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ECDSA-P256");
    AUTO(wtl_buf) file = {0};
    write_sec1_pem(k, NAMED_P256, &file);
    AUTO(wtl_key) *back = keys_read(wtl_buf_view(&file), NULL, 0);
    assert_true(wtl_key_same(k, back));
    write_sec1_pem(k, (wtl_bytes){0}, &file);
    keys_refused(wtl_buf_view(&file));
}

static void spki_of(const char *alg, wtl_bytes raw, wtl_buf *out)
{
    AUTO(wtl_buf) body = {0};
    assert_int_equal(wtl_key_der_algid(&body, wtl_alg_by_name(alg), NULL), 0);
    wtl_key_der_head(&body, WTL_DER_BITS, raw.n + 1);
    wtl_buf_u8(&body, 0);
    wtl_buf_bytes(&body, raw);
    wtl_buf_clear(out);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
}

/* One point in three forms: uncompressed and compressed are one key with one id, the hybrid one is refused. */
static void ec_point_forms(void **state)
{
    (void)state;
    static const char *const algs[] = {"ECDSA-P256", "ECDSA-P384", "ECDSA-P521"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) q = {0};
        AUTO(wtl_buf) file = {0};
        assert_int_equal(wtl_key_public_raw(k, &q, NULL), 0);
        uint8_t odd = q.p[q.n - 1] & 1;
        q.p[0] = (uint8_t)(2 + odd);
        spki_of(algs[i], (wtl_bytes){q.p, 1 + q.n / 2}, &file);
        AUTO(wtl_key) *small = keys_read(wtl_buf_view(&file), NULL, 0);
        uint8_t id[2][WTL_KEY_ID];
        assert_int_equal(wtl_key_id(k, id[0], NULL), 0);
        assert_int_equal(wtl_key_id(small, id[1], NULL), 0);
        assert_memory_equal(id[0], id[1], WTL_KEY_ID);
        q.p[0] = (uint8_t)(6 + odd);
        spki_of(algs[i], wtl_buf_view(&q), &file);
        keys_refused(wtl_buf_view(&file));
        q.p[0] = 4;
        q.p[q.n - 1] ^= 1; /* off the curve */
        spki_of(algs[i], wtl_buf_view(&q), &file);
        keys_refused(wtl_buf_view(&file));
        spki_of(algs[i], (wtl_bytes){(const uint8_t[1]){0}, 1}, &file); /* the point at infinity */
        keys_refused(wtl_buf_view(&file));
    }
}

static void ec_explicit_curve(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ECDSA-P256");
    EVP_PKEY *p = wtl_key_evp(k);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(p, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(p, &der);
    assert_true(n > 200);
    keys_refused((wtl_bytes){der, (size_t)n});
    OPENSSL_free(der);
}

/* FIPS 203 section 7.2: coefficients of an encapsulation key are below q = 3329. */
static void ml_kem_modulus(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ML-KEM-768");
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_key) *bad = NULL;
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    raw.p[0] = 0x01;
    raw.p[1] = (uint8_t)((raw.p[1] & 0xf0) | 0x0d); /* 0xd01 = 3329 */
    assert_int_equal(wtl_key_from_public(&bad, wtl_key_alg(k), wtl_buf_view(&raw), NULL), WTL_FORMAT);
    raw.p[0] = 0x00;
    assert_int_equal(wtl_key_from_public(&bad, wtl_key_alg(k), wtl_buf_view(&raw), NULL), 0);
}

static void foreign_algorithms(void **state)
{
    (void)state;
    assert_int_equal(wtl_lib_init(NULL), 0);
    static const char *const kinds[] = {"ED448", "X448"};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *p = EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, kinds[i]);
        uint8_t *der = NULL;
        int n = i2d_PUBKEY(p, &der);
        assert_true(n > 0);
        wtl_err err = {0};
        wtl_key *k = NULL;
        assert_int_equal(wtl_key_parse(&k, (wtl_bytes){der, (size_t)n}, NULL, &err), WTL_FORMAT);
        assert_non_null(strstr(err.text, kinds[i]));
        OPENSSL_free(der);
        EVP_PKEY_free(p);
    }
}

/* RFC 9881 section 2 and its like: parameters MUST be absent. */
static void parameters_must_be_absent(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_buf) file = {0};
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    const uint8_t head[] = {0x30, 0x2c, 0x30, 0x07, 0x06, 0x03, 0x2b,
                            0x65, 0x70, 0x05, 0x00, 0x03, 0x21, 0x00};
    wtl_buf_add(&file, head, sizeof head);
    wtl_buf_bytes(&file, wtl_buf_view(&raw));
    keys_refused(wtl_buf_view(&file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_round_trips),
        cmocka_unit_test(bytes_are_openssl_s),
        cmocka_unit_test(x_wing_has_text_only),
        cmocka_unit_test(public_has_no_private),
        cmocka_unit_test(both_forms_must_agree),
        cmocka_unit_test(expanded_form_stays_expanded),
        cmocka_unit_test(expanded_form_is_checked),
        cmocka_unit_test(slh_dsa_root_must_fit),
        cmocka_unit_test(version_two_with_public),
        cmocka_unit_test(ec_private_forms),
        cmocka_unit_test(ec_scalar_range),
        cmocka_unit_test(sec1_pem),
        cmocka_unit_test(ec_point_forms),
        cmocka_unit_test(ec_explicit_curve),
        cmocka_unit_test(ml_kem_modulus),
        cmocka_unit_test(foreign_algorithms),
        cmocka_unit_test(parameters_must_be_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
