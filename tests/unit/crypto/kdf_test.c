#include "vec.h"

#include "crypto/kdf.h"

/* HMAC: RFC 4231 case 2 where it has the hash; the rest computed with node's crypto module. HKDF: IKM
 * "input keying material", salt "salt", info "info", 100 bytes, by node's hkdfSync. */
static const struct {
    enum wtl_hash h;
    const char *hmac;
    const char *hkdf;
} known[] = {
    {WTL_HASH_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "55e906cde65145a29218620e9e34b7fcdae07a38258f17cc9f16cbe6b2ed5ba635504a5eea960c70c4801d00d6f62111a7dcd16"
     "465a6f2446"
     "81468bf90b4d157d1084322cc10d16f784b0a27aeaf4a2e597c81ac28bcd5fccac30b531008c1e1a72c2800"},
    {WTL_HASH_SHA384,
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
     "0f7de6aa02281119694054bbc012873da2e1f4ab1a3fd0ce396c596a3e0689519b173df36383267c67765b4463d7c2ab04e6b64"
     "bc99ff92fb"
     "1a3aa8ff9dc5d96d5fa406cd78f486a3546a5bd70562a89ee3b060d1c90bf65190380037ca5684303e7b1d1"},
    {WTL_HASH_SHA512,
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a"
     "34d4a6b4b6"
     "36e070a38bce737",
     "2224ea30c36c36b77b7d471b5303615099085277769fd98635b045a54072c0e139c7fdd4908b37b9fb962fc3160e7e7f77faca8"
     "3c5774972a"
     "4f454e0b48ade685ee2998436e992c8f3d34496afe6b26b63b14d0c60ffde8541b8ebdae677d0b5ab4cfa32"},
    {WTL_HASH_SHA3_256, "c7d4072e788877ae3596bbb0da73b887c9171f93095b294ae857fbe2645e1ba5",
     "dd5dfc6711d8223de00f6f0c855eafba601d1d0ba5a96b630cf99fe4cfb7a73923d304e8284bd8a9b944e6e103d3f78f0e4c12c"
     "b4675e6a96"
     "2fc69dab63b42975ed0e5cf61acdcdc627341767d5a13d8316a77607fb036a48d540a7cd281689f109abae6"},
    {WTL_HASH_BLAKE2B,
     "6ff884f8ddc2a6586b3c98a4cd6ebdf14ec10204b6710073eb5865ade37a2643b8807c1335d107ecdb9ffeaeb6828c4625ba172"
     "c66379efcd"
     "222c2de11727ab4",
     "87d95fc6a52e755bc7ab0a4052999d52346b74586b2c7212eb098450abe59d9a3e9cdde90ad5d7964d126ee98bd9d308a3e4610"
     "b634a97a72"
     "4847fda8179df823861f1d9ac20c3d1025d26de8cea42498b623ed9bcf0248484a5df10a0d0fc3f6af7bf2e"},
};

static void every_hash(void **state)
{
    (void)state;
    assert_int_equal(sizeof known / sizeof known[0], WTL_HASH_COUNT);
    for (size_t i = 0; i < WTL_HASH_COUNT; i++) {
        wtl_err err = {0};
        uint8_t mac[WTL_HASH_MAX];
        assert_good(
            wtl_kdf_hmac(known[i].h, vec_text("Jefe"), vec_text("what do ya want for nothing?"), mac, &err),
            &err);
        vec_is((wtl_bytes){mac, wtl_hash_size(known[i].h)}, known[i].hmac);
        AUTO(wtl_secret) prk = {0};
        AUTO(wtl_secret) okm = {0};
        assert_good(
            wtl_kdf_extract(known[i].h, vec_text("salt"), vec_text("input keying material"), &prk, &err),
            &err);
        assert_int_equal(prk.n, wtl_hash_size(known[i].h));
        assert_good(wtl_kdf_expand(known[i].h, wtl_secret_view(&prk), vec_text("info"), 100, &okm, &err),
                    &err);
        vec_is(wtl_secret_view(&okm), known[i].hkdf);
    }
}

/* RFC 5869 appendix A.1 (SHA-256) and A.3 (no salt, no info). */
static void rfc5869(void **state)
{
    (void)state;
    wtl_err err = {0};
    VEC_HEX(ikm, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    VEC_HEX(salt, "000102030405060708090a0b0c");
    VEC_HEX(info, "f0f1f2f3f4f5f6f7f8f9");
    AUTO(wtl_secret) prk = {0};
    AUTO(wtl_secret) okm = {0};
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, wtl_buf_view(&salt), wtl_buf_view(&ikm), &prk, &err), &err);
    vec_is(wtl_secret_view(&prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    assert_good(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&prk), wtl_buf_view(&info), 42, &okm, &err),
                &err);
    vec_is(wtl_secret_view(&okm),
           "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    AUTO(wtl_secret) prk3 = {0};
    AUTO(wtl_secret) okm3 = {0};
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, (wtl_bytes){0}, wtl_buf_view(&ikm), &prk3, &err), &err);
    vec_is(wtl_secret_view(&prk3), "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
    assert_good(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&prk3), (wtl_bytes){0}, 42, &okm3, &err),
                &err);
    vec_is(wtl_secret_view(&okm3),
           "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void nothing_at_all(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_secret) prk = {0};
    AUTO(wtl_secret) okm = {0};
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, (wtl_bytes){0}, (wtl_bytes){0}, &prk, &err), &err);
    assert_good(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&prk), (wtl_bytes){0}, 42, &okm, &err), &err);
    vec_is(wtl_secret_view(&okm),
           "eb70f01dede9afafa449eee1b1286504e1f62388b3f7dd4f956697b0e828fe181e59c2ec0fe6e7e7ac26");
    uint8_t mac[32];
    assert_good(wtl_kdf_hmac(WTL_HASH_SHA256, (wtl_bytes){0}, (wtl_bytes){0}, mac, &err), &err);
    vec_is((wtl_bytes){mac, 32}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void limits(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (int h = 0; h < WTL_HASH_COUNT; h++) {
        AUTO(wtl_secret) okm = {0};
        size_t most = 255 * wtl_hash_size(h);
        assert_good(wtl_kdf_expand(h, vec_text("k"), (wtl_bytes){0}, most, &okm, &err), &err);
        assert_int_equal(okm.n, most);
        AUTO(wtl_secret) more = {0};
        assert_int_equal(wtl_kdf_expand(h, vec_text("k"), (wtl_bytes){0}, most + 1, &more, &err), WTL_USAGE);
        assert_null(more.p);
        AUTO(wtl_secret) none = {0};
        assert_good(wtl_kdf_expand(h, vec_text("k"), (wtl_bytes){0}, 0, &none, &err), &err);
        assert_int_equal(none.n, 0);
    }
    static const uint8_t info[32769];
    AUTO(wtl_secret) a = {0};
    assert_good(wtl_kdf_expand(WTL_HASH_SHA512, vec_text("k"), (wtl_bytes){info, 32768}, 9, &a, &err), &err);
    AUTO(wtl_secret) b = {0};
    assert_int_equal(wtl_kdf_expand(WTL_HASH_SHA512, vec_text("k"), (wtl_bytes){info, 32769}, 9, &b, &err),
                     WTL_USAGE);
    assert_true(strstr(err.text, "32769") != NULL);
}

/* A block longer than the hash's, and a salt longer than it, take other paths through HMAC. */
static void long_keys_are_hashed(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    uint8_t mac[WTL_HASH_MAX];
    wtl_bytes msg = vec_text("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_good(wtl_kdf_hmac(WTL_HASH_SHA256, (wtl_bytes){key, sizeof key}, msg, mac, &err), &err);
    vec_is((wtl_bytes){mac, 32},
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"); /* RFC 4231 case 6 */
    AUTO(wtl_secret) prk = {0};
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, (wtl_bytes){key, sizeof key}, msg, &prk, &err), &err);
    assert_memory_equal(prk.p, mac, 32);
}

static enum wtl_hash stanza_hash(const vec_stanza *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strncmp(s->value[i], "digest:SHA256", 13) == 0)
            return WTL_HASH_SHA256;
    }
    return WTL_HASH_COUNT;
}

static int hkdf_stanza(const vec_stanza *s)
{
    const char *kdf = vec_field(s, "KDF");
    const char *mode = vec_field(s, "Ctrl.mode");
    const char *ikm = vec_ctrl(s, "Ctrl.IKM", "hexkey");
    const char *salt = vec_ctrl(s, "Ctrl.salt", "hexsalt");
    const char *info = vec_ctrl(s, "Ctrl.info", "hexinfo");
    const char *output = vec_field(s, "Output");
    if (kdf == NULL || ikm == NULL || output == NULL || vec_field(s, "Result") != NULL ||
        stanza_hash(s) == WTL_HASH_COUNT)
        return 0;
    wtl_err err = {0};
    VEC_HEX(k, ikm);
    VEC_HEX(sa, salt != NULL ? salt : "");
    VEC_HEX(in, info != NULL ? info : "");
    AUTO(wtl_secret) prk = {0};
    AUTO(wtl_secret) okm = {0};
    bool expand_only = mode != NULL && strstr(mode, "EXPAND_ONLY") != NULL;
    if (expand_only)
        assert_good(wtl_secret_copy(&prk, wtl_buf_view(&k), &err), &err);
    else
        assert_good(wtl_kdf_extract(stanza_hash(s), wtl_buf_view(&sa), wtl_buf_view(&k), &prk, &err), &err);
    if (mode != NULL && strstr(mode, "EXTRACT_ONLY") != NULL) {
        vec_is(wtl_secret_view(&prk), output);
        return 1;
    }
    assert_good(wtl_kdf_expand(stanza_hash(s), wtl_secret_view(&prk), wtl_buf_view(&in), strlen(output) / 2,
                               &okm, &err),
                &err);
    vec_is(wtl_secret_view(&okm), output);
    return 1;
}

static void scrypt(void **state)
{
    (void)state;
    /* RFC 7914 section 12 */
    static const struct {
        const char *passphrase;
        const char *salt;
        wtl_kdf_cost cost;
        uint8_t begins[8];
    } rows[] = {{"", "", {4, 1, 1}, {0x77, 0xd6, 0x57, 0x62, 0x38, 0x65, 0x7b, 0x20}},
                {"password", "NaCl", {10, 8, 16}, {0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00}}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_secret) out = {0};
        wtl_err err = {0};
        wtl_bytes pass = {(const uint8_t *)rows[i].passphrase, strlen(rows[i].passphrase)};
        wtl_bytes salt = {(const uint8_t *)rows[i].salt, strlen(rows[i].salt)};
        assert_good(wtl_kdf_scrypt(pass, salt, rows[i].cost, 64, &out, &err), &err);
        assert_int_equal(out.n, 64);
        assert_memory_equal(out.p, rows[i].begins, 8);
    }
    static const wtl_kdf_cost bad[] = {{0, 8, 1},
                                       {64, 8, 1},
                                       {16, 1, 1},
                                       {10, 0, 1},
                                       {10, 8, 0},
                                       {10, 32768, 32768},
                                       {10, 0xffffffff, 0xffffffff}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(wtl_secret) out = {0};
        assert_false(wtl_kdf_scrypt_defined(bad[i]));
        assert_int_equal(wtl_kdf_scrypt((wtl_bytes){0}, (wtl_bytes){0}, bad[i], 32, &out, NULL), WTL_USAGE);
        assert_null(out.p);
    }
}

static void openssl_vectors(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_OPENSSL_VECTORS", "evpkdf_hkdf.txt");
    unsigned ran = vec_stanzas(path, hkdf_stanza);
    print_message("# %u HKDF stanzas\n", ran);
    assert_true(ran >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hash),
        cmocka_unit_test(rfc5869),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(limits),
        cmocka_unit_test(long_keys_are_hashed),
        cmocka_unit_test(openssl_vectors),
        cmocka_unit_test(scrypt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
