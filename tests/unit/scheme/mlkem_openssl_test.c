/* OpenSSL's own vectors of ML-KEM, at every level. */
#include "unit.h"

#include "mlkem_lib.h"

static int level_now;

static bool fails(const vec_stanza *s)
{
    return vec_field(s, "Result") != NULL;
}

static int encap(const vec_stanza *s)
{
    const char *name = vec_field(s, "Kem");
    const char *ek = vec_field(s, "EncodedPublicKey");
    const char *entropy = vec_field(s, "Entropy");
    if (name == NULL || ek == NULL || entropy == NULL)
        return 0;
    VEC_HEX(pub, ek);
    VEC_HEX(m, entropy);
    wtl_err err = {0};
    AUTO(wtl_mlkem) *k = NULL;
    int rc = wtl_mlkem_from_public(&k, kem_set(name), level_now, wtl_buf_view(&pub), &err);
    if (fails(s)) {
        assert_int_equal(rc, WTL_FORMAT);
        assert_null(k);
        return 1;
    }
    assert_good(rc, &err);
    kem_encaps_is(k, wtl_buf_view(&m), vec_field(s, "Ciphertext"), vec_field(s, "Output"));
    return 1;
}

static int decap(const vec_stanza *s)
{
    const char *name = vec_field(s, "Kem");
    const char *dk = vec_field(s, "EncodedPrivateKey");
    const char *in = vec_field(s, "Input");
    if (name == NULL || dk == NULL || in == NULL)
        return 0;
    VEC_HEX(priv, dk);
    VEC_HEX(ct, in);
    wtl_err err = {0};
    AUTO(wtl_mlkem) *k = NULL;
    uint8_t ss[32];
    int rc = wtl_mlkem_from_private(&k, kem_set(name), level_now, wtl_buf_view(&priv), &err);
    if (rc == 0)
        rc = wtl_mlkem_decaps(k, wtl_buf_view(&ct), ss, &err);
    if (fails(s)) {
        assert_int_equal(rc, WTL_FORMAT);
        return 1;
    }
    assert_good(rc, &err);
    vec_is((wtl_bytes){ss, 32}, vec_field(s, "Output"));
    return 1;
}

static int keygen(const vec_stanza *s)
{
    const char *name = vec_field(s, "KeyGen");
    const char *seed = vec_ctrl(s, "Ctrl", "hexseed");
    const char *pub = vec_ctrl(s, "CtrlOut", "hexpub");
    const char *priv = vec_ctrl(s, "CtrlOut", "hexpriv");
    if (name == NULL || seed == NULL || pub == NULL || fails(s))
        return 0;
    VEC_HEX(dz, seed);
    assert_int_equal(dz.n, 64);
    AUTO(wtl_mlkem) *k = kem_seed(kem_set(name), level_now, dz.p);
    vec_is(wtl_mlkem_public(k), pub);
    if (priv != NULL)
        vec_is(wtl_mlkem_private(k), priv);
    vec_is(wtl_mlkem_seed(k), seed);
    return 1;
}

static void file_of(const char *file, int (*each)(const vec_stanza *s), unsigned least)
{
    VEC_PATH(path, "WATTLE_OPENSSL_VECTORS", file);
    EACH_LEVEL(level)
    {
        level_now = level;
        unsigned ran = vec_stanzas(path, each);
        if (ran < least)
            fail_msg("%s: only %u stanzas", file, ran);
    }
}

static void encapsulations(void **state)
{
    (void)state;
    file_of("evppkey_ml_kem_512_encap.txt", encap, 100);
    file_of("evppkey_ml_kem_768_encap.txt", encap, 263);
    file_of("evppkey_ml_kem_1024_encap.txt", encap, 263);
    file_of("evppkey_ml_kem_encap_decap.txt", encap, 75);
}

static void decapsulations(void **state)
{
    (void)state;
    file_of("evppkey_ml_kem_512_decap.txt", decap, 100);
    file_of("evppkey_ml_kem_768_decap.txt", decap, 305);
    file_of("evppkey_ml_kem_1024_decap.txt", decap, 305);
    file_of("evppkey_ml_kem_encap_decap.txt", decap, 30);
}

static void key_generations(void **state)
{
    (void)state;
    file_of("evppkey_ml_kem_512_keygen.txt", keygen, 100);
    file_of("evppkey_ml_kem_768_keygen.txt", keygen, 100);
    file_of("evppkey_ml_kem_1024_keygen.txt", keygen, 100);
    file_of("evppkey_ml_kem_keygen.txt", keygen, 75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encapsulations),
        cmocka_unit_test(decapsulations),
        cmocka_unit_test(key_generations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
