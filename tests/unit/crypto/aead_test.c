#include "vec.h"

#include "crypto/aead.h"

/* "The Galois/Counter Mode of Operation" (McGrew, Viega) test cases 4, 13 and 16; RFC 8439 section 2.8.2. */
static const struct {
    enum wtl_aead_alg alg;
    const char *key, *nonce, *aad, *pt, *ct;
} known[] = {
    {WTL_AEAD_AES256GCM, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {WTL_AEAD_AES256GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de657ba"
     "637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6"
     "393ba7a0abc"
     "c9f66276fc6ece0f4e1768cddf8853bb2d551b"},
    {WTL_AEAD_AES128GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de657ba"
     "637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b3"
     "96a0aac973d"
     "58e0915bc94fbc3221a5db94fae95ae7121a47"},
    {WTL_AEAD_CHACHA20POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c6"
     "4206f666665"
     "7220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c64206"
     "2652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0"
     "a9e060b2905"
     "d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d2658"
     "6cec64b6116"
     "1ae10b594f09e26a7e902ecbd0600691"},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static wtl_aead *make(enum wtl_aead_alg alg, enum wtl_aead_dir dir, wtl_bytes key)
{
    wtl_aead *a = NULL;
    wtl_err err = {0};
    assert_good(wtl_aead_new(&a, alg, dir, key, &err), &err);
    return a;
}

static void try_one(enum wtl_aead_alg alg, const char *k, const char *n, const char *a, const char *p,
                    const char *c)
{
    wtl_err err = {0};
    VEC_HEX(key, k);
    VEC_HEX(nonce, n);
    VEC_HEX(aad, a);
    VEC_HEX(pt, p);
    VEC_HEX(ct, c);
    AUTO(wtl_aead) *seal = make(alg, WTL_AEAD_SEAL, wtl_buf_view(&key));
    AUTO(wtl_aead) *open = make(alg, WTL_AEAD_OPEN, wtl_buf_view(&key));
    AUTO(wtl_buf) out = {0};
    wtl_buf_zero(&out, pt.n + WTL_AEAD_TAG);
    assert_good(wtl_aead_seal(seal, nonce.p, wtl_buf_view(&aad), wtl_buf_view(&pt), out.p, &err), &err);
    vec_is(wtl_buf_view(&out), c);
    /* and back, in place */
    assert_good(wtl_aead_open(open, nonce.p, wtl_buf_view(&aad), wtl_buf_view(&out), out.p, &err), &err);
    assert_true(vec_same((wtl_bytes){out.p, pt.n}, wtl_buf_view(&pt)));
}

static void known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN; i++)
        try_one(known[i].alg, known[i].key, known[i].nonce, known[i].aad, known[i].pt, known[i].ct);
}

static int stanza(const vec_stanza *s)
{
    static const struct {
        const char *name;
        enum wtl_aead_alg alg;
    } names[] = {{"aes-256-gcm", WTL_AEAD_AES256GCM},
                 {"aes-128-gcm", WTL_AEAD_AES128GCM},
                 {"chacha20-poly1305", WTL_AEAD_CHACHA20POLY1305}};
    const char *cipher = vec_field(s, "Cipher");
    const char *iv = vec_field(s, "IV");
    const char *tag = vec_field(s, "Tag");
    if (cipher == NULL || iv == NULL || strlen(iv) != 24 || tag == NULL || strlen(tag) != 32 ||
        vec_field(s, "Result") != NULL || vec_field(s, "TLSAAD") != NULL)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (strcasecmp(cipher, names[i].name) != 0)
            continue;
        AUTO(wtl_buf) ct = {0};
        wtl_buf_fmt(&ct, "%s%s", vec_field(s, "Ciphertext"), tag);
        const char *aad = vec_field(s, "AAD");
        try_one(names[i].alg, vec_field(s, "Key"), iv, aad != NULL ? aad : "", vec_field(s, "Plaintext"),
                wtl_buf_cstr(&ct));
        return 1;
    }
    return 0;
}

static void openssl_vectors(void **state)
{
    (void)state;
    VEC_PATH(aes, "WATTLE_OPENSSL_VECTORS", "evpciph_aes_common.txt");
    unsigned ran = vec_stanzas(aes, stanza);
    VEC_PATH(chacha, "WATTLE_OPENSSL_VECTORS", "evpciph_chacha.txt");
    ran += vec_stanzas(chacha, stanza);
    print_message("# %u AES-GCM and ChaCha20-Poly1305 stanzas\n", ran);
    assert_true(ran >= 20);
}

/* Many messages through one context give what fresh contexts give, whatever went wrong in between. */
static void one_context_many_messages(void **state)
{
    (void)state;
    wtl_err err = {0};
    static uint8_t pt[70000], out[70016], fresh[70016], back[70016], aad[300];
    uint64_t noise = 7;
    for (size_t a = 0; a < 3; a++) {
        uint8_t key[32];
        vec_noise(&noise, key, sizeof key);
        wtl_bytes k = {key, wtl_aead_key_size((enum wtl_aead_alg)a)};
        AUTO(wtl_aead) *seal = make((enum wtl_aead_alg)a, WTL_AEAD_SEAL, k);
        AUTO(wtl_aead) *open = make((enum wtl_aead_alg)a, WTL_AEAD_OPEN, k);
        static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 4096, 16384, 0, 65537, 70000, 3};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            uint8_t nonce[12];
            vec_noise(&noise, nonce, sizeof nonce);
            vec_noise(&noise, pt, sizes[i]);
            vec_noise(&noise, aad, sizeof aad);
            wtl_bytes ad = {aad, (i * 37) % sizeof aad};
            wtl_bytes msg = {pt, sizes[i]};
            wtl_bytes ct = {out, sizes[i] + 16};
            AUTO(wtl_aead) *other = make((enum wtl_aead_alg)a, WTL_AEAD_SEAL, k);
            assert_good(wtl_aead_seal(seal, nonce, ad, msg, out, &err), &err);
            assert_good(wtl_aead_seal(other, nonce, ad, msg, fresh, &err), &err);
            assert_memory_equal(out, fresh, ct.n);
            out[i % ct.n] ^= 1;
            assert_int_equal(wtl_aead_open(open, nonce, ad, ct, back, &err), WTL_NO);
            out[i % ct.n] ^= 1;
            assert_good(wtl_aead_open(open, nonce, ad, ct, back, &err), &err);
            assert_true(vec_same((wtl_bytes){back, sizes[i]}, msg));
        }
    }
}

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

static void refused(wtl_aead *open, const uint8_t *nonce, wtl_bytes aad, wtl_bytes ct, size_t n)
{
    uint8_t out[64];
    memset(out, 0x5a, sizeof out);
    wtl_err err = {0};
    assert_int_equal(wtl_aead_open(open, nonce, aad, ct, out, &err), WTL_NO);
    assert_true(err.text[0] != '\0' && all_zero(out, n) && out[n] == 0x5a);
}

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t key[32] = {1}, nonce[12] = {2}, aad[5] = {3}, pt[33] = {4}, ct[49];
    for (size_t a = 0; a < 3; a++) {
        wtl_bytes k = {key, wtl_aead_key_size((enum wtl_aead_alg)a)};
        AUTO(wtl_aead) *seal = make((enum wtl_aead_alg)a, WTL_AEAD_SEAL, k);
        AUTO(wtl_aead) *open = make((enum wtl_aead_alg)a, WTL_AEAD_OPEN, k);
        wtl_bytes ad = {aad, sizeof aad};
        assert_good(wtl_aead_seal(seal, nonce, ad, (wtl_bytes){pt, sizeof pt}, ct, &err), &err);
        const struct {
            uint8_t *p;
            size_t n;
        } parts[] = {{ct, sizeof ct}, {aad, sizeof aad}, {nonce, sizeof nonce}};
        for (size_t p = 0; p < 3; p++) {
            for (size_t bit = 0; bit < 8 * parts[p].n; bit++) {
                parts[p].p[bit / 8] ^= (uint8_t)(1 << bit % 8);
                refused(open, nonce, ad, (wtl_bytes){ct, sizeof ct}, sizeof pt);
                parts[p].p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
        for (size_t n = WTL_AEAD_TAG; n < sizeof ct; n++)
            refused(open, nonce, ad, (wtl_bytes){ct, n}, n - WTL_AEAD_TAG);
        refused(open, nonce, (wtl_bytes){aad, 4}, (wtl_bytes){ct, sizeof ct}, sizeof pt);
        refused(open, nonce, (wtl_bytes){0}, (wtl_bytes){ct, sizeof ct}, sizeof pt);
        key[0] ^= 1;
        AUTO(wtl_aead) *other = make((enum wtl_aead_alg)a, WTL_AEAD_OPEN, k);
        key[0] ^= 1;
        refused(other, nonce, ad, (wtl_bytes){ct, sizeof ct}, sizeof pt);
    }
}

static void in_place_wrong_tag_leaves_zeros(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t key[32] = {9}, nonce[12] = {0}, text[80] = "plain text that must not be seen";
    AUTO(wtl_aead) *seal = make(WTL_AEAD_AES256GCM, WTL_AEAD_SEAL, (wtl_bytes){key, 32});
    AUTO(wtl_aead) *open = make(WTL_AEAD_AES256GCM, WTL_AEAD_OPEN, (wtl_bytes){key, 32});
    assert_good(wtl_aead_seal(seal, nonce, (wtl_bytes){0}, (wtl_bytes){text, 64}, text, &err), &err);
    text[79] ^= 0x80;
    assert_int_equal(wtl_aead_open(open, nonce, (wtl_bytes){0}, (wtl_bytes){text, 80}, text, &err), WTL_NO);
    assert_true(all_zero(text, 64));
}

static void misuse(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t key[33] = {0}, nonce[12] = {0}, out[32] = {0};
    for (size_t a = 0; a < 3; a++) {
        for (size_t n = 0; n <= 33; n++) {
            wtl_aead *x = NULL;
            int rc = wtl_aead_new(&x, (enum wtl_aead_alg)a, WTL_AEAD_SEAL, (wtl_bytes){key, n}, &err);
            assert_int_equal(rc, n == wtl_aead_key_size((enum wtl_aead_alg)a) ? WTL_OK : WTL_USAGE);
            assert_true((rc == WTL_OK) == (x != NULL));
            wtl_aead_free(x);
        }
    }
    wtl_bytes k = {key, 32};
    AUTO(wtl_aead) *seal = make(WTL_AEAD_AES256GCM, WTL_AEAD_SEAL, k);
    AUTO(wtl_aead) *open = make(WTL_AEAD_AES256GCM, WTL_AEAD_OPEN, k);
    for (size_t n = 0; n < WTL_AEAD_TAG; n++)
        assert_int_equal(wtl_aead_open(open, nonce, (wtl_bytes){0}, (wtl_bytes){out, n}, out, &err),
                         WTL_FORMAT);
    assert_int_equal(wtl_aead_seal(open, nonce, (wtl_bytes){0}, (wtl_bytes){0}, out, &err), WTL_BUG);
    assert_int_equal(wtl_aead_open(seal, nonce, (wtl_bytes){0}, (wtl_bytes){out, 20}, out, &err), WTL_BUG);
    /* One byte over what the nonce's block counter reaches; nothing of it is touched. */
    wtl_bytes huge = {out, ((size_t)1 << 36) - 31};
    assert_int_equal(wtl_aead_seal(seal, nonce, (wtl_bytes){0}, huge, out, &err), WTL_USAGE);
    wtl_aead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(openssl_vectors),
        cmocka_unit_test(one_context_many_messages),
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(in_place_wrong_tag_leaves_zeros),
        cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
