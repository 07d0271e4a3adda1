/* The TLS hybrids as provider algorithms, held against OpenSSL's default provider in both directions. */
#include "agree.h"

#include <openssl/ec.h>

enum { KINDS = 2, SHARED = 64, PRIVATE = 2432 };
static const char *const names[KINDS] = {"X25519MLKEM768", "SecP256r1MLKEM768"};
static const size_t pub_n[KINDS] = {1216, 1249};
static const size_t ct_n[KINDS] = {1120, 1153};
static const size_t curve_at_pub[KINDS] = {1184, 0};
static const size_t curve_at_ct[KINDS] = {1088, 0};
static const size_t kem_at_pub[KINDS] = {0, 65};

static void every_name_is_served(void **state)
{
    const worlds *both = *state;
    for (int i = 0; i < KINDS; i++) {
        EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(both->ours.lib, names[i], NULL);
        EVP_KEM *k = EVP_KEM_fetch(both->ours.lib, names[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(m)), "wattle");
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEM_get0_provider(k)), "wattle");
        EVP_KEYMGMT_free(m);
        EVP_KEM_free(k);
    }
}

/* One world makes the key and opens, the other gets the share and encapsulates, as in TLS. */
static void handshake(const world *client, const world *server, const char *alg, size_t pub, size_t ct)
{
    EVP_PKEY *k = agree_key(client, alg);
    wtl_bytes share = agree_share(k);
    EVP_PKEY *peer = agree_peer(server, alg, share);
    agree_pair p;
    assert_int_equal(share.n, pub);
    assert_non_null(peer);
    assert_int_equal(agree_encaps(server, peer, (wtl_bytes){0}, &p), 1);
    assert_int_equal(p.ct_n, ct);
    agree_opens(client, k, &p);
    agree_drop(share);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(k);
}

static void both_directions(void **state)
{
    const worlds *both = *state;
    for (size_t i = 0; i < 60; i++) {
        int kind = (int)(i % KINDS);
        const world *client = i / 2 % 3 == 0 ? &both->plain : &both->ours;
        const world *server = i / 2 % 3 == 1 ? &both->plain : &both->ours;
        handshake(client, server, names[kind], pub_n[kind], ct_n[kind]);
    }
}

/* Default's own hybrid of P-384 takes its ML-KEM-1024 from us by the query, and works. */
static void the_third_hybrid_stays_default(void **state)
{
    const worlds *both = *state;
    const char *alg = "SecP384r1MLKEM1024";
    uint64_t before = world_count(&both->ours, "mlkem-decaps");
    EVP_PKEY *k = agree_key(&both->ours, alg);
    assert_string_equal(world_owner(k), "default");
    EVP_PKEY_free(k);
    handshake(&both->ours, &both->plain, alg, 97 + 1568, 97 + 1568);
    handshake(&both->plain, &both->ours, alg, 97 + 1568, 97 + 1568);
    handshake(&both->ours, &both->ours, alg, 97 + 1568, 97 + 1568);
    assert_int_equal(world_count(&both->ours, "mlkem-decaps"), before + 2);
}

static void same_sizes(void **state)
{
    const worlds *both = *state;
    for (int i = 0; i < KINDS; i++) {
        EVP_PKEY *a = agree_key(&both->ours, names[i]);
        EVP_PKEY *b = agree_key(&both->plain, names[i]);
        size_t c = 0;
        size_t n = 0;
        assert_int_equal(EVP_PKEY_get_bits(a), EVP_PKEY_get_bits(b));
        assert_int_equal(EVP_PKEY_get_security_bits(a), EVP_PKEY_get_security_bits(b));
        assert_int_equal(EVP_PKEY_get_size(a), EVP_PKEY_get_size(b));
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, a, NULL);
        assert_int_equal(EVP_PKEY_encapsulate_init(ctx, NULL), 1);
        assert_int_equal(EVP_PKEY_encapsulate(ctx, NULL, &c, NULL, &n), 1);
        assert_int_equal(c, ct_n[i]);
        assert_int_equal(n, SHARED);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(a);
        EVP_PKEY_free(b);
    }
}

/* The parts are where the draft has them: each opens with the part's own algorithm. */
static void parts_stand_in_order(void **state)
{
    const worlds *both = *state;
    for (int i = 0; i < KINDS; i++) {
        EVP_PKEY *k = agree_key(&both->ours, names[i]);
        wtl_bytes priv = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
        agree_pair p;
        uint8_t ss[32];
        size_t n = 32;
        assert_int_equal(priv.n, PRIVATE);
        assert_int_equal(agree_encaps(&both->ours, k, (wtl_bytes){0}, &p), 1);
        EVP_PKEY *kem = agree_import(&both->plain, "ML-KEM-768", OSSL_PKEY_PARAM_PRIV_KEY,
                                     (wtl_bytes){priv.p + (i == 0 ? 0 : 32), 2400});
        assert_int_equal(agree_decaps(&both->plain, kem, (wtl_bytes){p.ct + (i == 0 ? 0 : 65), 1088}, ss, &n),
                         1);
        assert_memory_equal(ss, p.ss + (i == 0 ? 0 : 32), 32);
        if (i == 0) {
            EVP_PKEY *own = agree_import(&both->plain, "X25519", OSSL_PKEY_PARAM_PRIV_KEY,
                                         (wtl_bytes){priv.p + 2400, 32});
            EVP_PKEY *peer = agree_import(&both->plain, "X25519", OSSL_PKEY_PARAM_PUB_KEY,
                                          (wtl_bytes){p.ct + 1088, 32});
            assert_int_equal(agree_derive(&both->plain, own, peer, ss), 1);
            assert_memory_equal(ss, p.ss + 32, 32);
            EVP_PKEY_free(own);
            EVP_PKEY_free(peer);
        }
        EVP_PKEY_free(kem);
        EVP_PKEY_free(k);
        free((void *)priv.p);
    }
}

static void parts_carry_over(void **state)
{
    const worlds *both = *state;
    for (int turn = 0; turn < 3;
         turn++) { /* ours to default, back, and P-256, which default cannot import, to ours */
        int kind = turn == 2;
        const world *from = turn == 1 ? &both->plain : &both->ours;
        const world *to = turn == 0 ? &both->plain : &both->ours;
        EVP_PKEY *k = agree_key(from, names[kind]);
        EVP_PKEY *whole = agree_carry(to, names[kind], k, EVP_PKEY_KEYPAIR);
        EVP_PKEY *half = agree_carry(to, names[kind], k, EVP_PKEY_PUBLIC_KEY);
        agree_pair p;
        assert_int_equal(agree_encaps(to, half, (wtl_bytes){0}, &p), 1);
        agree_opens(from, k, &p);
        agree_opens(to, whole, &p);
        assert_int_equal(EVP_PKEY_eq(whole, half), 1);
        EVP_PKEY_free(k);
        EVP_PKEY_free(whole);
        EVP_PKEY_free(half);
    }
}

static void wrong_lengths_are_refused(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    for (int i = 0; i < KINDS; i++) {
        EVP_PKEY *k = agree_key(w, names[i]);
        uint8_t share[1300] = {0};
        wtl_bytes good = agree_share(k);
        agree_pair p;
        uint8_t ss[SHARED];
        memcpy(share, good.p, good.n);
        for (size_t n = 1; n <= good.n + 3; n += n + 7 < good.n ? 13 : 1) {
            EVP_PKEY *peer = agree_peer(w, names[i], (wtl_bytes){share, n});
            assert_int_equal(peer != NULL, n == good.n);
            EVP_PKEY_free(peer);
            peer = agree_import(w, names[i], OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){share, n});
            assert_int_equal(peer != NULL, n == good.n);
            EVP_PKEY_free(peer);
        }
        assert_null(agree_import(w, names[i], OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){share, 1200}));
        assert_int_equal(agree_encaps(w, k, (wtl_bytes){0}, &p), 1);
        for (size_t n = 0; n <= p.ct_n + 3; n += n + 7 < p.ct_n ? 13 : 1) {
            size_t room = sizeof ss;
            assert_int_equal(agree_decaps(w, k, (wtl_bytes){p.ct, n}, ss, &room) == 1, n == p.ct_n);
        }
        size_t room = SHARED - 1;
        assert_int_not_equal(agree_decaps(w, k, (wtl_bytes){p.ct, p.ct_n}, ss, &room), 1);
        agree_drop(good);
        ERR_clear_error();
        EVP_PKEY_free(k);
    }
}

/* RFC 8446 section 4.2.8.2: uncompressed points alone. OpenSSL takes 0x06 and 0x07 here. */
static void forbidden_points_are_refused(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[1]);
    wtl_bytes good = agree_share(k);
    agree_pair p;
    uint8_t share[1249];
    uint8_t ss[SHARED];
    static const uint8_t zero[SHARED];
    assert_int_equal(agree_encaps(&both->ours, k, (wtl_bytes){0}, &p), 1);
    for (int first = 0; first < 256; first++) {
        size_t n = sizeof ss;
        memcpy(share, good.p, sizeof share);
        share[0] = (uint8_t)first;
        EVP_PKEY *peer = agree_peer(&both->ours, names[1], (wtl_bytes){share, sizeof share});
        assert_int_equal(peer != NULL, first == 4);
        EVP_PKEY_free(peer);
        peer = agree_import(&both->ours, names[1], OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){share, sizeof share});
        assert_int_equal(peer != NULL, first == 4);
        EVP_PKEY_free(peer);
        p.ct[0] = (uint8_t)first;
        memset(ss, 1, sizeof ss);
        assert_int_equal(agree_decaps(&both->ours, k, (wtl_bytes){p.ct, p.ct_n}, ss, &n) == 1, first == 4);
        if (first != 4)
            assert_memory_equal(ss, zero, SHARED);
    }
    /* Off the curve. */
    p.ct[0] = 4;
    p.ct[40] ^= 1;
    size_t n = sizeof ss;
    assert_int_not_equal(agree_decaps(&both->ours, k, (wtl_bytes){p.ct, p.ct_n}, ss, &n), 1);
    share[0] = 4;
    share[40] ^= 1;
    assert_null(agree_peer(&both->ours, names[1], (wtl_bytes){share, sizeof share}));
    memset(share + 1, 0, 64);
    assert_null(agree_peer(&both->ours, names[1], (wtl_bytes){share, sizeof share}));
    agree_drop(good);
    ERR_clear_error();
    EVP_PKEY_free(k);
}

/* The draft, section 4.3: an all-zero X25519 secret aborts. */
static void small_order_is_refused(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[0]);
    wtl_bytes share = agree_share(k);
    static const uint8_t zero[SHARED];
    uint8_t ss[SHARED];
    size_t n = sizeof ss;
    agree_pair p;
    assert_int_equal(agree_encaps(&both->ours, k, (wtl_bytes){0}, &p), 1);
    for (int point = 0; point < 2; point++) { /* the points 0 and 1 */
        memset((uint8_t *)share.p + curve_at_pub[0], 0, 32);
        ((uint8_t *)share.p)[curve_at_pub[0]] = (uint8_t)point;
        EVP_PKEY *peer = agree_peer(&both->ours, names[0], share);
        agree_pair q;
        assert_int_not_equal(agree_encaps(&both->ours, peer, (wtl_bytes){0}, &q), 1);
        assert_memory_equal(q.ss, zero, SHARED);
        EVP_PKEY_free(peer);
        memset(p.ct + curve_at_ct[0], 0, 32);
        p.ct[curve_at_ct[0]] = (uint8_t)point;
        memset(ss, 1, sizeof ss);
        assert_int_not_equal(agree_decaps(&both->ours, k, (wtl_bytes){p.ct, p.ct_n}, ss, &n), 1);
        assert_memory_equal(ss, zero, SHARED);
    }
    agree_drop(share);
    ERR_clear_error();
    EVP_PKEY_free(k);
}

static void unreduced_keys_are_refused(void **state)
{
    const worlds *both = *state;
    for (int i = 0; i < KINDS; i++) {
        EVP_PKEY *k = agree_key(&both->ours, names[i]);
        wtl_bytes share = agree_share(k);
        for (size_t at = 0; at < 1152; at += 99) {
            uint8_t bad[1249];
            memcpy(bad, share.p, share.n);
            memset(bad + kem_at_pub[i] + at, 0xff, 3);
            assert_null(agree_peer(&both->ours, names[i], (wtl_bytes){bad, share.n}));
        }
        agree_drop(share);
        ERR_clear_error();
        EVP_PKEY_free(k);
    }
}

/* A damaged ML-KEM ciphertext gives the same secret in both worlds (implicit rejection); the curve's half is unchanged. */
static void implicit_rejection(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[0]);
    EVP_PKEY *there = agree_carry(&both->plain, names[0], k, EVP_PKEY_KEYPAIR);
    agree_pair p;
    assert_int_equal(agree_encaps(&both->plain, there, (wtl_bytes){0}, &p), 1);
    for (size_t at = 0; at < 1088; at += 31) {
        uint8_t s[2][SHARED];
        size_t n[2] = {SHARED, SHARED};
        p.ct[at] ^= 4;
        assert_int_equal(agree_decaps(&both->ours, k, (wtl_bytes){p.ct, p.ct_n}, s[0], &n[0]), 1);
        assert_int_equal(agree_decaps(&both->plain, there, (wtl_bytes){p.ct, p.ct_n}, s[1], &n[1]), 1);
        assert_memory_equal(s[0], s[1], SHARED);
        assert_memory_not_equal(s[0], p.ss, 32);
        assert_memory_equal(s[0] + 32, p.ss + 32, 32);
        p.ct[at] ^= 4;
    }
    EVP_PKEY_free(k);
    EVP_PKEY_free(there);
}

static void copies_and_checks(void **state)
{
    const worlds *both = *state;
    for (int i = 0; i < KINDS; i++) {
        EVP_PKEY *k = agree_key(&both->ours, names[i]);
        EVP_PKEY *copy = EVP_PKEY_dup(k);
        EVP_PKEY *other = agree_key(&both->ours, names[i]);
        wtl_bytes share = agree_share(other);
        agree_pair p;
        assert_int_equal(EVP_PKEY_eq(k, copy), 1);
        assert_int_equal(EVP_PKEY_eq(k, other), 0);
        assert_int_equal(EVP_PKEY_set1_encoded_public_key(k, share.p, share.n), 0);
        EVP_PKEY *peer = agree_peer(&both->ours, names[i], share);
        assert_int_equal(EVP_PKEY_eq(peer, other), 1);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, peer, NULL);
        assert_int_not_equal(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(k);
        assert_int_equal(agree_encaps(&both->ours, copy, (wtl_bytes){0}, &p), 1);
        agree_opens(&both->ours, copy, &p);
        agree_drop(share);
        ERR_clear_error();
        EVP_PKEY_free(copy);
        EVP_PKEY_free(other);
        EVP_PKEY_free(peer);
    }
}

/* Scalars of P-256 out of range. */
static void wrong_scalars_are_refused(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[1]);
    wtl_bytes priv = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
    EVP_PKEY *same = agree_import(&both->ours, names[1], OSSL_PKEY_PARAM_PRIV_KEY, priv);
    assert_int_equal(EVP_PKEY_eq(k, same), 1);
    memset((uint8_t *)priv.p, 0, 32);
    assert_null(agree_import(&both->ours, names[1], OSSL_PKEY_PARAM_PRIV_KEY, priv));
    memset((uint8_t *)priv.p, 0xff, 32);
    assert_null(agree_import(&both->ours, names[1], OSSL_PKEY_PARAM_PRIV_KEY, priv));
    free((void *)priv.p);
    ERR_clear_error();
    EVP_PKEY_free(k);
    EVP_PKEY_free(same);
}

static void counters_count(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    uint64_t before[] = {world_count(w, "hybrid-keygen"), world_count(w, "hybrid-encaps"),
                         world_count(w, "hybrid-decaps")};
    for (int i = 0; i < KINDS; i++)
        handshake(w, w, names[i], pub_n[i], ct_n[i]);
    assert_int_equal(world_count(w, "hybrid-keygen"), before[0] + KINDS);
    assert_int_equal(world_count(w, "hybrid-encaps"), before[1] + KINDS);
    assert_int_equal(world_count(w, "hybrid-decaps"), before[2] + KINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_served),
        cmocka_unit_test(both_directions),
        cmocka_unit_test(the_third_hybrid_stays_default),
        cmocka_unit_test(same_sizes),
        cmocka_unit_test(parts_stand_in_order),
        cmocka_unit_test(parts_carry_over),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(forbidden_points_are_refused),
        cmocka_unit_test(small_order_is_refused),
        cmocka_unit_test(unreduced_keys_are_refused),
        cmocka_unit_test(implicit_rejection),
        cmocka_unit_test(copies_and_checks),
        cmocka_unit_test(wrong_scalars_are_refused),
        cmocka_unit_test(counters_count),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
