/* X25519 as a provider algorithm, held against OpenSSL's default provider in both directions; random cases are those of
 * differential_test.c. */
#include "agree.h"

#include <openssl/hpke.h>

#include <sys/wait.h>
#include <unistd.h>

#define ALG "X25519"

static void every_name_is_served(void **state)
{
    const worlds *both = *state;
    static const char *const all[] = {"X25519", "1.3.101.110", "x25519"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(both->ours.lib, all[i], NULL);
        EVP_KEYEXCH *x = EVP_KEYEXCH_fetch(both->ours.lib, all[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(m)), "wattle");
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYEXCH_get0_provider(x)), "wattle");
        EVP_KEYMGMT_free(m);
        EVP_KEYEXCH_free(x);
    }
}

static EVP_PKEY *of_scalar(const world *w, const uint8_t scalar[32])
{
    EVP_PKEY *k = agree_import(w, ALG, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){scalar, 32});
    assert_non_null(k);
    return k;
}

/* New keys of one world with those of the other; a key of either world is taken where the other's is wanted. */
static void new_keys_agree(void **state)
{
    const worlds *both = *state;
    uint8_t ss[4][32];
    EVP_PKEY *a = agree_key(&both->ours, ALG);
    EVP_PKEY *b = agree_key(&both->plain, ALG);
    EVP_PKEY *a_there = agree_carry(&both->plain, ALG, a, EVP_PKEY_KEYPAIR);
    EVP_PKEY *b_here = agree_carry(&both->ours, ALG, b, EVP_PKEY_PUBLIC_KEY);
    assert_string_equal(world_owner(a), "wattle");
    assert_int_equal(EVP_PKEY_get_bits(a), EVP_PKEY_get_bits(b));
    assert_int_equal(EVP_PKEY_get_security_bits(a), EVP_PKEY_get_security_bits(b));
    assert_int_equal(EVP_PKEY_get_size(a), EVP_PKEY_get_size(b));
    assert_int_equal(agree_derive(&both->ours, a, b_here, ss[0]), 1);
    assert_int_equal(agree_derive(&both->plain, b, a_there, ss[1]), 1);
    assert_int_equal(agree_derive(&both->plain, a_there, b, ss[2]), 1);
    assert_int_equal(agree_derive(&both->ours, a, b, ss[3]), 1);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(ss[0], ss[i], 32);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    EVP_PKEY_free(a_there);
    EVP_PKEY_free(b_here);
}

/* RFC 7748 section 6.1, and the points that give zero. */
static void small_order_is_refused(void **state)
{
    const worlds *both = *state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    EVP_PKEY *k = agree_key(&both->ours, ALG);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        long n = 0;
        uint8_t ss[32] = {1};
        static const uint8_t zero[32];
        uint8_t *point = OPENSSL_hexstr2buf(points[i], &n);
        EVP_PKEY *peer = agree_peer(&both->ours, ALG, (wtl_bytes){point, 32});
        assert_non_null(peer);
        assert_int_not_equal(agree_derive(&both->ours, k, peer, ss), 1);
        assert_true(memcmp(ss, zero, 32) == 0);
        EVP_PKEY_free(peer);
        OPENSSL_free(point);
    }
    ERR_clear_error();
    EVP_PKEY_free(k);
}

static void wrong_lengths_are_refused(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    static const uint8_t some[64] = {9};
    uint8_t ss[32];
    for (size_t n = 1; n < sizeof some; n++) {
        if (n == 32)
            continue;
        assert_null(agree_import(w, ALG, OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){some, n}));
        assert_null(agree_import(w, ALG, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){some, n}));
        assert_null(agree_peer(w, ALG, (wtl_bytes){some, n}));
    }
    assert_null(agree_import(w, ALG, "", (wtl_bytes){0}));
    assert_null(agree_generate(w, ALG, OSSL_PKEY_PARAM_DHKEM_IKM, (wtl_bytes){some, 31}));
    EVP_PKEY *k = agree_key(w, ALG);
    EVP_PKEY *peer = agree_peer(w, ALG, (wtl_bytes){some, 32});
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, k, NULL);
    size_t n = 0;
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_derive(ctx, NULL, &n), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, NULL, &n), 1);
    assert_int_equal(n, 32);
    n = 31;
    assert_int_not_equal(EVP_PKEY_derive(ctx, ss, &n), 1);
    EVP_PKEY_CTX *copy = EVP_PKEY_CTX_dup(ctx);
    EVP_PKEY_CTX_free(ctx);
    n = 32;
    assert_int_equal(EVP_PKEY_derive(copy, ss, &n), 1);
    EVP_PKEY_CTX_free(copy);
    assert_int_not_equal(agree_derive(w, peer, k, ss), 1); /* no private part */
    ERR_clear_error();
    EVP_PKEY_free(k);
    EVP_PKEY_free(peer);
}

static void groups_are_checked(void **state)
{
    const worlds *both = *state;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(both->ours.lib, ALG, NULL);
    EVP_PKEY *k = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, "X25519"), 1);
    assert_int_not_equal(EVP_PKEY_CTX_set_group_name(ctx, "x448"), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &k), 1);
    EVP_PKEY_free(k);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
}

static void copies_and_checks(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, ALG);
    EVP_PKEY *copy = EVP_PKEY_dup(k);
    EVP_PKEY *pub = agree_carry(&both->ours, ALG, k, EVP_PKEY_PUBLIC_KEY);
    EVP_PKEY *other = agree_key(&both->ours, ALG);
    assert_int_equal(EVP_PKEY_eq(k, copy), 1);
    assert_int_equal(EVP_PKEY_eq(k, pub), 1);
    assert_int_equal(EVP_PKEY_eq(k, other), 0);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, copy, NULL);
    assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
    /* A share given to a whole key makes it a public one. */
    wtl_bytes share = agree_share(other);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(copy, share.p, share.n), 1);
    assert_int_equal(EVP_PKEY_eq(copy, other), 1);
    assert_int_equal(EVP_PKEY_eq(copy, k), 0);
    assert_int_equal(world_part(copy, OSSL_PKEY_PARAM_PRIV_KEY).n, 0);
    agree_drop(share);
    EVP_PKEY_free(k);
    EVP_PKEY_free(copy);
    EVP_PKEY_free(pub);
    EVP_PKEY_free(other);
}

/* Halves of two keys: believed when imported, found by validation, as with default. */
static void mismatched_halves(void **state)
{
    const worlds *both = *state;
    uint8_t parts[64] = {1, 2, 3};
    for (int turn = 0; turn < 2; turn++) {
        const world *w = turn ? &both->ours : &both->plain;
        EVP_PKEY *k = world_import(w, ALG, EVP_PKEY_KEYPAIR, (wtl_bytes){parts + 32, 32}, (wtl_bytes){0},
                                   (wtl_bytes){parts, 32});
        assert_non_null(k);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, k, NULL);
        assert_int_equal(EVP_PKEY_pairwise_check(ctx), 0);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(k);
    }
}

static void texts_round_trip(void **state)
{
    agree_round_trips(*state, ALG);
}

static void damaged_texts(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->plain, ALG);
    wtl_bytes priv = agree_encode(k, "DER", "PrivateKeyInfo");
    wtl_bytes pub = agree_encode(k, "DER", "SubjectPublicKeyInfo");
    agree_damage(both, ALG, priv, 1);
    agree_damage(both, ALG, pub, 1);
    agree_drop(priv);
    agree_drop(pub);
    EVP_PKEY_free(k);
}

/* RFC 9180 section 7.1.3 and appendix A.1.1: key material makes the same key. */
static void key_material(void **state)
{
    const worlds *both = *state;
    long n = 0;
    uint8_t *ikm = OPENSSL_hexstr2buf("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037", &n);
    uint8_t *pub = OPENSSL_hexstr2buf("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d", &n);
    EVP_PKEY *k = agree_generate(&both->ours, ALG, OSSL_PKEY_PARAM_DHKEM_IKM, (wtl_bytes){ikm, 32});
    wtl_bytes got = world_part(k, OSSL_PKEY_PARAM_PUB_KEY);
    assert_memory_equal(got.p, pub, 32);
    free((void *)got.p);
    EVP_PKEY_free(k);
    for (size_t len = 32; len <= 66; len++) {
        uint8_t more[66];
        assert_int_equal(RAND_bytes(more, sizeof more), 1);
        EVP_PKEY *a = agree_generate(&both->ours, ALG, OSSL_PKEY_PARAM_DHKEM_IKM, (wtl_bytes){more, len});
        EVP_PKEY *b = agree_generate(&both->plain, ALG, OSSL_PKEY_PARAM_DHKEM_IKM, (wtl_bytes){more, len});
        world_same_part(a, b, OSSL_PKEY_PARAM_PRIV_KEY);
        EVP_PKEY_free(a);
        EVP_PKEY_free(b);
    }
    OPENSSL_free(ikm);
    OPENSSL_free(pub);
}

/* HPKE runs on: its KEM stays default's, with keys of this provider carried over. */
static void hpke(void **state)
{
    const worlds *both = *state;
    const OSSL_HPKE_SUITE suite = {OSSL_HPKE_KEM_ID_X25519, OSSL_HPKE_KDF_ID_HKDF_SHA256,
                                   OSSL_HPKE_AEAD_ID_AES_GCM_128};
    for (int turn = 0; turn < 4; turn++) {
        const world *from = turn & 1 ? &both->ours : &both->plain;
        const world *to = turn & 2 ? &both->ours : &both->plain;
        uint8_t pub[32];
        uint8_t enc[32];
        uint8_t ct[64];
        uint8_t text[64];
        size_t pub_n = sizeof pub;
        size_t enc_n = sizeof enc;
        size_t ct_n = sizeof ct;
        size_t n = sizeof text;
        EVP_PKEY *priv = NULL;
        assert_int_equal(OSSL_HPKE_keygen(suite, pub, &pub_n, &priv, NULL, 0, to->lib, NULL), 1);
        OSSL_HPKE_CTX *s = OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, OSSL_HPKE_ROLE_SENDER, from->lib,
                                             NULL);
        assert_int_equal(OSSL_HPKE_encap(s, enc, &enc_n, pub, pub_n, NULL, 0), 1);
        assert_int_equal(OSSL_HPKE_seal(s, ct, &ct_n, NULL, 0, (const uint8_t *)"model", 5), 1);
        OSSL_HPKE_CTX *r = OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, OSSL_HPKE_ROLE_RECEIVER, to->lib,
                                             NULL);
        assert_int_equal(OSSL_HPKE_decap(r, enc, enc_n, priv, NULL, 0), 1);
        assert_int_equal(OSSL_HPKE_open(r, text, &n, NULL, 0, ct, ct_n), 1);
        assert_int_equal(n, 5);
        assert_memory_equal(text, "model", 5);
        OSSL_HPKE_CTX_free(s);
        OSSL_HPKE_CTX_free(r);
        EVP_PKEY_free(priv);
    }
}

static void raw_keys(void **state)
{
    const worlds *both = *state;
    uint8_t scalar[32] = {8, 5, 5};
    uint8_t got[32];
    size_t n = sizeof got;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key_ex(both->ours.lib, ALG, NULL, scalar, 32);
    EVP_PKEY *same = of_scalar(&both->plain, scalar);
    assert_string_equal(world_owner(k), "wattle");
    assert_int_equal(EVP_PKEY_get_raw_private_key(k, got, &n), 1);
    assert_memory_equal(got, scalar, 32);
    assert_int_equal(EVP_PKEY_get_raw_public_key(k, got, &n), 1);
    assert_int_equal(EVP_PKEY_eq(k, same), 1);
    EVP_PKEY_free(k);
    EVP_PKEY_free(same);
}

static void counters_count(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    uint8_t ss[32];
    uint64_t made = world_count(w, "x25519-keygen");
    uint64_t derived = world_count(w, "x25519-derive");
    EVP_PKEY *a = agree_key(w, ALG);
    EVP_PKEY *b = agree_key(w, ALG);
    assert_int_equal(agree_derive(w, a, b, ss), 1);
    assert_int_equal(world_count(w, "x25519-keygen"), made + 2);
    assert_int_equal(world_count(w, "x25519-derive"), derived + 1);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
}

/* PrivateKeyRaw, PublicKeyRaw (name:type:hex), then Derive, PeerKey, SharedSecret. */
static void check_derive(const worlds *both, const vector *v, const char *priv, const char *pub)
{
    long n = 0;
    uint8_t ss[32];
    uint8_t *scalar = OPENSSL_hexstr2buf(priv, &n);
    uint8_t *point = OPENSSL_hexstr2buf(pub, &n);
    wtl_bytes want = vector_hex(v, "SharedSecret", "");
    EVP_PKEY *own = of_scalar(&both->ours, scalar);
    EVP_PKEY *peer = agree_import(&both->ours, ALG, OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){point, 32});
    assert_int_equal(agree_derive(&both->ours, own, peer, ss), 1);
    assert_int_equal(want.n, 32);
    assert_memory_equal(ss, want.p, 32);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    agree_drop(want);
    OPENSSL_free(scalar);
    OPENSSL_free(point);
}

static void openssl_vectors(void **state)
{
    const worlds *both = *state;
    char priv[65] = "";
    char pub[65] = "";
    size_t n = 0;
    vector v = {.n = 0};
    const char *path = unit_path("WATTLE_OPENSSL_VECTORS", "evppkey_ecx.txt");
    if (path == NULL) {
        print_message("WATTLE_OPENSSL_VECTORS has no evppkey_ecx.txt\n");
        skip();
    }
    FILE *f = fopen(path, "r");
    while (vector_next(f, &v)) {
        const char *hex = vector_value(&v, "PrivateKeyRaw", "Wyche");
        if (hex != NULL && strstr(hex, ":X25519:") != NULL)
            snprintf(priv, sizeof priv, "%s", strrchr(hex, ':') + 1);
        hex = vector_value(&v, "PublicKeyRaw", "Wyche");
        if (hex != NULL && strstr(hex, ":X25519:") != NULL)
            snprintf(pub, sizeof pub, "%s", strrchr(hex, ':') + 1);
        hex = vector_value(&v, "SharedSecret", "");
        if (vector_value(&v, "Derive", "Wyche") != NULL && hex != NULL && strlen(hex) == 64) {
            check_derive(both, &v, priv, pub);
            n++;
        }
    }
    fclose(f);
    vector_drop(&v);
    assert_int_equal(n, 5);
}

/* A child draws other keys than its parent, and ends cleanly. */
static void fork_diverges(void **state)
{
    const worlds *both = *state;
    int pipes[2];
    uint8_t theirs[32];
    assert_int_equal(pipe(pipes), 0);
    EVP_PKEY *before = agree_key(&both->ours, ALG);
    pid_t child = fork();
    if (child == 0) {
        wtl_bytes pub = world_part(agree_key(&both->ours, ALG), OSSL_PKEY_PARAM_PUB_KEY);
        _exit(write(pipes[1], pub.p, 32) == 32 ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(pipes[0], theirs, 32), 32);
    EVP_PKEY *after = agree_key(&both->ours, ALG);
    wtl_bytes own = world_part(after, OSSL_PKEY_PARAM_PUB_KEY);
    assert_memory_not_equal(own.p, theirs, 32);
    free((void *)own.p);
    EVP_PKEY_free(before);
    EVP_PKEY_free(after);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_served),
        cmocka_unit_test(new_keys_agree),
        cmocka_unit_test(small_order_is_refused),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(groups_are_checked),
        cmocka_unit_test(copies_and_checks),
        cmocka_unit_test(mismatched_halves),
        cmocka_unit_test(texts_round_trip),
        cmocka_unit_test(damaged_texts),
        cmocka_unit_test(key_material),
        cmocka_unit_test(hpke),
        cmocka_unit_test(raw_keys),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(openssl_vectors),
        cmocka_unit_test(fork_diverges),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
