/* ML-DSA through EVP, held against OpenSSL's default provider. */
#include "world.h"

static const uint8_t text[] = "the model's manifest";
static const wtl_bytes msg = {text, sizeof text};

static void deterministic_ones_are_the_same(void **state)
{
    const worlds *b = *state;
    uint8_t context[255];
    memset(context, 'c', sizeof context);
    uint8_t entropy[32] = {1, 2, 3};
    uint8_t mu[64] = {4, 5, 6};
    for (size_t i = 0; i < 3; i++) {
        const char *alg = mldsa_names[i];
        EVP_PKEY *ours = world_seeded(&b->ours, alg, 7);
        EVP_PKEY *theirs = world_seeded(&b->plain, alg, 7);
        assert_string_equal(world_owner(ours), "wattle");
        assert_string_equal(world_owner(theirs), "default");
        const recipe recipes[] = {{.deterministic = 1},
                                  {.deterministic = 1, .context = context, .context_n = 1},
                                  {.deterministic = 1, .context = context, .context_n = 255},
                                  {.deterministic = 1, .raw = 1},
                                  {.deterministic = 1, .mu = 1},
                                  {.entropy = entropy},
                                  {.entropy = entropy, .deterministic = 1},
                                  {.entropy = entropy, .mu = 1}};
        for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++) {
            wtl_bytes m = recipes[r].mu ? (wtl_bytes){mu, 64} : msg;
            uint8_t x[4627];
            uint8_t y[4627];
            size_t xn;
            size_t yn;
            assert_int_equal(world_sign(&b->ours, ours, alg, &recipes[r], m, x, &xn), 1);
            assert_int_equal(world_sign(&b->plain, theirs, alg, &recipes[r], m, y, &yn), 1);
            assert_int_equal(xn, mldsa_sig[i]);
            assert_int_equal(yn, xn);
            assert_memory_equal(x, y, xn);
            assert_int_equal(world_verify(&b->ours, ours, alg, &recipes[r], m, y, yn), 1);
        }
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
}

static void hedged_ones_cross(void **state)
{
    const worlds *b = *state;
    recipe plain = {0};
    for (size_t i = 0; i < 3; i++) {
        const char *alg = mldsa_names[i];
        EVP_PKEY *ours = world_seeded(&b->ours, alg, 7);
        EVP_PKEY *theirs = world_seeded(&b->plain, alg, 7);
        uint8_t x[4627];
        uint8_t y[4627];
        size_t n;
        assert_int_equal(world_sign(&b->ours, ours, alg, &plain, msg, x, &n), 1);
        assert_int_equal(world_verify(&b->plain, theirs, alg, &plain, msg, x, n), 1);
        assert_int_equal(world_sign(&b->ours, ours, alg, &plain, msg, y, &n), 1);
        assert_memory_not_equal(x, y, n);
        assert_int_equal(world_sign(&b->plain, theirs, alg, &plain, msg, y, &n), 1);
        assert_int_equal(world_verify(&b->ours, ours, alg, &plain, msg, y, n), 1);
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
}

static void every_context_length(void **state)
{
    const worlds *b = *state;
    uint8_t context[256];
    for (size_t i = 0; i < sizeof context; i++)
        context[i] = (uint8_t)i;
    EVP_PKEY *ours = world_seeded(&b->ours, "ML-DSA-44", 1);
    EVP_PKEY *theirs = world_seeded(&b->plain, "ML-DSA-44", 1);
    uint8_t sig[4627];
    size_t n;
    for (size_t c = 0; c <= 255; c += c < 4 || c > 250 ? 1 : 41) {
        recipe r = {.context = context, .context_n = c};
        recipe other = {.context = context, .context_n = c > 0 ? c - 1 : 1};
        assert_int_equal(world_sign(&b->ours, ours, "ML-DSA-44", &r, msg, sig, &n), 1);
        assert_int_equal(world_verify(&b->plain, theirs, "ML-DSA-44", &r, msg, sig, n), 1);
        assert_int_equal(world_verify(&b->ours, ours, "ML-DSA-44", &r, msg, sig, n), 1);
        assert_int_equal(world_verify(&b->ours, ours, "ML-DSA-44", &other, msg, sig, n), 0);
    }
    recipe over = {.context = context, .context_n = 256};
    assert_int_not_equal(world_sign(&b->ours, ours, "ML-DSA-44", &over, msg, sig, &n), 1);
    assert_int_not_equal(world_verify(&b->ours, ours, "ML-DSA-44", &over, msg, sig, 2420), 1);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
}

static void wrong_sizes(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        const char *alg = mldsa_names[i];
        EVP_PKEY *key = world_seeded(&b->ours, alg, 2);
        recipe plain = {0};
        recipe mu = {.mu = 1};
        uint8_t sig[4628] = {0};
        uint8_t many[65] = {0};
        size_t n;
        assert_int_not_equal(world_sign(&b->ours, key, alg, &mu, (wtl_bytes){many, 63}, sig, &n), 1);
        assert_int_not_equal(world_sign(&b->ours, key, alg, &mu, (wtl_bytes){many, 65}, sig, &n), 1);
        assert_int_equal(world_sign(&b->ours, key, alg, &plain, msg, sig, &n), 1);
        assert_int_not_equal(world_verify(&b->ours, key, alg, &mu, msg, sig, n), 1);
        for (size_t len = 0; len < n; len += 97)
            assert_int_equal(world_verify(&b->ours, key, alg, &plain, msg, sig, len), 0);
        assert_int_equal(world_verify(&b->ours, key, alg, &plain, msg, sig, n - 1), 0);
        assert_int_equal(world_verify(&b->ours, key, alg, &plain, msg, sig, n + 1), 0);
        for (size_t at = 0; at < n; at += 61) {
            sig[at] ^= 0x20;
            assert_int_equal(world_verify(&b->ours, key, alg, &plain, msg, sig, n), 0);
            sig[at] ^= 0x20;
        }
        assert_int_equal(world_verify(&b->ours, key, alg, &plain, (wtl_bytes){text, 3}, sig, n), 0);
        EVP_PKEY_free(key);
    }
}

static void sizes_are_told_and_kept(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(&b->ours, mldsa_names[i], 2);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, key, NULL);
        EVP_SIGNATURE *with = EVP_SIGNATURE_fetch(b->ours.lib, mldsa_names[i], NULL);
        uint8_t sig[4627];
        size_t n = 0;
        assert_int_equal(EVP_PKEY_sign_message_init(ctx, with, NULL), 1);
        assert_int_equal(EVP_PKEY_sign(ctx, NULL, &n, text, sizeof text), 1);
        assert_int_equal(n, mldsa_sig[i]);
        n--;
        assert_int_not_equal(EVP_PKEY_sign(ctx, sig, &n, text, sizeof text), 1);
        EVP_SIGNATURE_free(with);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(key);
    }
}

/* The older calls, which X.509, CMS and TLS use. */
static void digest_calls(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *ours = world_seeded(&b->ours, mldsa_names[i], 3);
        EVP_PKEY *theirs = world_seeded(&b->plain, mldsa_names[i], 3);
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        EVP_MD_CTX *copy = EVP_MD_CTX_new();
        uint8_t sig[4627];
        size_t n = sizeof sig;
        assert_int_not_equal(EVP_DigestSignInit_ex(md, NULL, "SHA256", b->ours.lib, NULL, ours, NULL), 1);
        EVP_MD_CTX_reset(md);
        assert_int_equal(EVP_DigestSignInit_ex(md, NULL, NULL, b->ours.lib, NULL, ours, NULL), 1);
        assert_int_equal(EVP_MD_CTX_copy_ex(copy, md), 1);
        EVP_MD_CTX_reset(md);
        assert_int_equal(EVP_DigestSign(copy, sig, &n, text, sizeof text), 1);
        assert_int_equal(EVP_DigestVerifyInit_ex(md, NULL, NULL, b->plain.lib, NULL, theirs, NULL), 1);
        assert_int_equal(EVP_DigestVerify(md, sig, n, text, sizeof text), 1);
        EVP_MD_CTX_reset(md);
        assert_int_equal(EVP_DigestVerifyInit_ex(md, NULL, NULL, b->ours.lib, NULL, ours, NULL), 1);
        assert_int_equal(EVP_DigestVerify(md, sig, n, text, sizeof text), 1);
        assert_int_equal(EVP_DigestVerify(md, sig, n, text, 4), 0);
        EVP_MD_CTX_free(md);
        EVP_MD_CTX_free(copy);
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
}

static void algorithm_identifier(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t got[2][64];
        size_t n[2];
        for (int w = 0; w < 2; w++) {
            const world *in = w == 0 ? &b->ours : &b->plain;
            EVP_PKEY *key = world_seeded(in, mldsa_names[i], 3);
            EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(in->lib, key, NULL);
            EVP_SIGNATURE *with = EVP_SIGNATURE_fetch(in->lib, mldsa_names[i], NULL);
            assert_int_equal(EVP_PKEY_sign_message_init(ctx, with, NULL), 1);
            OSSL_PARAM ask[] = {
                OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, got[w], sizeof got[w]),
                OSSL_PARAM_construct_end()};
            assert_int_equal(EVP_PKEY_CTX_get_params(ctx, ask), 1);
            n[w] = ask[0].return_size;
            EVP_SIGNATURE_free(with);
            EVP_PKEY_CTX_free(ctx);
            EVP_PKEY_free(key);
        }
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(got[0], got[1], n[0]);
    }
}

static void verified_before_given_out(void **state)
{
    (void)state;
    world w;
    world_open_with(&w, WORLD_BUILTIN, "verify-after-sign", "yes");
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-65", 3);
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    assert_int_equal(world_sign(&w, key, "ML-DSA-65", &plain, msg, sig, &n), 1);
    assert_int_equal(world_verify(&w, key, "ML-DSA-65", &plain, msg, sig, n), 1);
    EVP_PKEY_free(key);
    world_close(&w);
}

static void no_signature_without_a_private_key(void **state)
{
    const worlds *b = *state;
    EVP_PKEY *whole = world_seeded(&b->ours, "ML-DSA-44", 3);
    wtl_bytes pub = world_part(whole, OSSL_PKEY_PARAM_PUB_KEY);
    EVP_PKEY *half = world_import(&b->ours, "ML-DSA-44", EVP_PKEY_PUBLIC_KEY, pub, (wtl_bytes){0},
                                  (wtl_bytes){0});
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    assert_int_not_equal(world_sign(&b->ours, half, "ML-DSA-44", &plain, msg, sig, &n), 1);
    /* and none with a key of another set */
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, whole, NULL);
    EVP_SIGNATURE *other = EVP_SIGNATURE_fetch(b->ours.lib, "ML-DSA-65", NULL);
    assert_int_not_equal(EVP_PKEY_sign_message_init(ctx, other, NULL), 1);
    EVP_SIGNATURE_free(other);
    EVP_PKEY_CTX_free(ctx);
    free((void *)pub.p);
    EVP_PKEY_free(half);
    EVP_PKEY_free(whole);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deterministic_ones_are_the_same),
        cmocka_unit_test(hedged_ones_cross),
        cmocka_unit_test(every_context_length),
        cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(sizes_are_told_and_kept),
        cmocka_unit_test(digest_calls),
        cmocka_unit_test(algorithm_identifier),
        cmocka_unit_test(verified_before_given_out),
        cmocka_unit_test(no_signature_without_a_private_key),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
