#include "vec.h"

#include "crypto/hash.h"
#include "crypto/kem.h"

/* draft-connolly-cfrg-xwing-kem-10 appendix C; of the long values the SHA-256. */
static const struct {
    const char *seed, *eseed, *pk_sha256, *ct_sha256, *ss;
} known[] = {
    {"7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
     "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a5"
     "8d9749188"
     "35d25e6a435085b2",
     "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
     "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
     "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384"},
    {"badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
     "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9d"
     "f07348b19"
     "6691abaeb580b32d",
     "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
     "1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154",
     "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150"},
    {"ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
     "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619f90b0cdf8a7b9c264029ac185b70b83f2801f2f"
     "4b3f70c59"
     "3ea3aeeb613a7f1b",
     "6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95",
     "d3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6",
     "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f"},
};

/* u-coordinates of small order and their unreduced forms (RFC 7748 section 6.1 and its references). */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

static const wtl_alg *xwing(void)
{
    return wtl_alg_at(WTL_ALG_ID_XWING);
}

static void sha256_is(wtl_bytes v, const char *hex)
{
    uint8_t digest[32];
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, v, digest, NULL), 0);
    vec_is((wtl_bytes){digest, 32}, hex);
}

static wtl_key *key_of(const char *hex)
{
    wtl_err err = {0};
    VEC_HEX(seed, hex);
    wtl_key *k = NULL;
    assert_good(wtl_key_from_seed(&k, xwing(), wtl_buf_view(&seed), &err), &err);
    return k;
}

static void draft_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wtl_err err = {0};
        AUTO(wtl_key) *k = key_of(known[i].seed);
        AUTO(wtl_key) *to = NULL;
        AUTO(wtl_buf) pk = {0};
        AUTO(wtl_buf) ct = {0};
        AUTO(wtl_secret) ss = {0};
        AUTO(wtl_secret) back = {0};
        VEC_HEX(eseed, known[i].eseed);
        assert_true(wtl_key_is_private(k));
        assert_good(wtl_key_public_raw(k, &pk, &err), &err);
        sha256_is(wtl_buf_view(&pk), known[i].pk_sha256);
        assert_good(wtl_key_from_public(&to, xwing(), wtl_buf_view(&pk), &err), &err);
        assert_false(wtl_key_is_private(to));
        assert_true(wtl_key_same(k, to));
        assert_good(wtl_kem_encaps_derand(to, wtl_buf_view(&eseed), &ct, &ss, &err), &err);
        sha256_is(wtl_buf_view(&ct), known[i].ct_sha256);
        vec_is(wtl_secret_view(&ss), known[i].ss);
        assert_good(wtl_kem_decaps(k, wtl_buf_view(&ct), &back, &err), &err);
        vec_is(wtl_secret_view(&back), known[i].ss);
    }
}

static void small_order_is_refused(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = key_of(known[0].seed);
    AUTO(wtl_buf) pk = {0};
    AUTO(wtl_buf) ct = {0};
    AUTO(wtl_secret) ss = {0};
    assert_good(wtl_key_public_raw(k, &pk, &err), &err);
    assert_good(wtl_kem_encaps(k, &ct, &ss, &err), &err);
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        VEC_HEX(point, small_order[i]);
        memcpy(pk.p + 1184, point.p, 32);
        memcpy(ct.p + 1088, point.p, 32);
        AUTO(wtl_key) *to = NULL;
        AUTO(wtl_buf) enc = {0};
        AUTO(wtl_secret) none = {0};
        assert_good(wtl_key_from_public(&to, xwing(), wtl_buf_view(&pk), &err), &err);
        assert_int_equal(wtl_kem_encaps(to, &enc, &none, &err), WTL_FORMAT);
        assert_true(enc.n == 0 && none.p == NULL);
        assert_int_equal(wtl_kem_decaps(k, wtl_buf_view(&ct), &none, &err), WTL_FORMAT);
        assert_true(none.p == NULL && strstr(err.text, "small order") != NULL);
    }
}

/* X25519 ignores the top bit of a point; the combiner hashes the bytes as they came. */
static void top_bit_counts(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = key_of(known[0].seed);
    AUTO(wtl_buf) pk = {0};
    VEC_HEX(eseed, known[0].eseed);
    assert_good(wtl_key_public_raw(k, &pk, &err), &err);
    pk.p[pk.n - 1] ^= 0x80;
    AUTO(wtl_key) *to = NULL;
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_buf) ct = {0};
    AUTO(wtl_secret) ss = {0};
    assert_good(wtl_key_from_public(&to, xwing(), wtl_buf_view(&pk), &err), &err);
    assert_good(wtl_key_public_raw(to, &raw, &err), &err);
    assert_true(vec_same(wtl_buf_view(&raw), wtl_buf_view(&pk)));
    assert_false(wtl_key_same(k, to));
    assert_good(wtl_kem_encaps_derand(to, wtl_buf_view(&eseed), &ct, &ss, &err), &err);
    sha256_is(wtl_buf_view(&ct), known[0].ct_sha256);
    AUTO(wtl_secret) other = {0};
    assert_good(wtl_kem_decaps(k, wtl_buf_view(&ct), &other, &err), &err);
    assert_false(vec_same(wtl_secret_view(&ss), wtl_secret_view(&other)));
}

static void wrong_key_sizes(void **state)
{
    (void)state;
    static const uint8_t zeros[1400];
    wtl_err err = {0};
    for (size_t n = 0; n < sizeof zeros; n++) {
        AUTO(wtl_key) *k = NULL;
        if (n != 1216)
            assert_int_equal(wtl_key_from_public(&k, xwing(), (wtl_bytes){zeros, n}, &err), WTL_FORMAT);
        if (n != 32)
            assert_int_equal(wtl_key_from_seed(&k, xwing(), (wtl_bytes){zeros, n}, &err), WTL_FORMAT);
        assert_null(k);
    }
}

static void unreduced_mlkem_part_is_refused(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = key_of(known[1].seed);
    AUTO(wtl_buf) pk = {0};
    assert_good(wtl_key_public_raw(k, &pk, &err), &err);
    for (size_t i = 0; i < 1152; i += 3) {
        uint8_t old[3];
        memcpy(old, pk.p + i, 3);
        memset(pk.p + i, 0xff, 3);
        AUTO(wtl_key) *bad = NULL;
        assert_int_equal(wtl_key_from_public(&bad, xwing(), wtl_buf_view(&pk), &err), WTL_FORMAT);
        assert_null(bad);
        memcpy(pk.p + i, old, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draft_vectors),
        cmocka_unit_test(small_order_is_refused),
        cmocka_unit_test(top_bit_counts),
        cmocka_unit_test(wrong_key_sizes),
        cmocka_unit_test(unreduced_mlkem_part_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
