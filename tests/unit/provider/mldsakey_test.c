/* Keys of ML-DSA: made, imported and exported part by part, compared with OpenSSL's default provider. */
#include "world.h"

#define KEYPAIR EVP_PKEY_KEYPAIR
#define PUBLIC EVP_PKEY_PUBLIC_KEY
static const wtl_bytes none;

static const char *const parts[] = {OSSL_PKEY_PARAM_PUB_KEY, OSSL_PKEY_PARAM_ML_DSA_SEED,
                                    OSSL_PKEY_PARAM_PRIV_KEY};

static void one_seed_one_key(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *ours = world_seeded(&b->ours, mldsa_names[i], 0xa5);
        EVP_PKEY *theirs = world_seeded(&b->plain, mldsa_names[i], 0xa5);
        for (size_t p = 0; p < 3; p++)
            world_same_part(ours, theirs, parts[p]);
        assert_int_equal(EVP_PKEY_get_bits(ours), EVP_PKEY_get_bits(theirs));
        assert_int_equal(EVP_PKEY_get_security_bits(ours), EVP_PKEY_get_security_bits(theirs));
        assert_int_equal(EVP_PKEY_get_size(ours), EVP_PKEY_get_size(theirs));
        assert_int_equal(EVP_PKEY_eq(ours, theirs), 1);
        char md[8] = "x";
        assert_int_equal(EVP_PKEY_get_default_digest_name(ours, md, sizeof md), 2);
        assert_string_equal(md, "UNDEF");
        assert_true(EVP_PKEY_is_a(ours, mldsa_names[i]));
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
}

static void fresh_keys_differ(void **state)
{
    const worlds *b = *state;
    EVP_PKEY *x = EVP_PKEY_Q_keygen(b->ours.lib, NULL, "ML-DSA-65");
    EVP_PKEY *y = EVP_PKEY_Q_keygen(b->ours.lib, NULL, "ML-DSA-65");
    assert_string_equal(world_owner(x), "wattle");
    assert_int_equal(EVP_PKEY_eq(x, y), 0);
    EVP_PKEY_free(x);
    EVP_PKEY_free(y);
}

/* Every subset of the parts that makes a key, in every selection; afterwards it has what it should have. */
static void every_subset_is_imported(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *from = world_seeded(&b->plain, mldsa_names[i], 0x17);
        wtl_bytes part[3];
        for (int p = 0; p < 3; p++)
            part[p] = world_part(from, parts[p]);
        for (int set = 0; set < 8; set++) {
            wtl_bytes pub = set & 1 ? part[0] : none;
            wtl_bytes seed = set & 2 ? part[1] : none;
            wtl_bytes priv = set & 4 ? part[2] : none;
            EVP_PKEY *whole = world_import(&b->ours, mldsa_names[i], KEYPAIR, pub, seed, priv);
            assert_int_equal(whole != NULL, set != 0);
            if (whole != NULL) {
                assert_string_equal(world_owner(whole), "wattle");
                world_same_part(whole, from, OSSL_PKEY_PARAM_PUB_KEY);
                if (set & 6)
                    world_same_part(whole, from, OSSL_PKEY_PARAM_PRIV_KEY);
                wtl_bytes got = world_part(whole, OSSL_PKEY_PARAM_ML_DSA_SEED);
                assert_int_equal(got.n, set & 2 ? 32 : 0);
                free((void *)got.p);
            }
            EVP_PKEY_free(whole);
            EVP_PKEY *half = world_import(&b->ours, mldsa_names[i], PUBLIC, pub, seed, priv);
            assert_int_equal(half != NULL, (set & 1) != 0);
            if (half != NULL) {
                wtl_bytes got = world_part(half, OSSL_PKEY_PARAM_PRIV_KEY);
                assert_int_equal(got.n, 0);
            }
            EVP_PKEY_free(half);
        }
        for (int p = 0; p < 3; p++)
            free((void *)part[p].p);
        EVP_PKEY_free(from);
    }
}

static void parts_that_do_not_belong_together(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        const char *alg = mldsa_names[i];
        EVP_PKEY *from = world_seeded(&b->plain, alg, 0x18);
        wtl_bytes pub = world_part(from, parts[0]);
        wtl_bytes seed = world_part(from, parts[1]);
        wtl_bytes priv = world_part(from, parts[2]);
        for (int p = 0; p < 3; p++) {
            wtl_bytes part = p == 0 ? pub : p == 1 ? seed : priv;
            for (size_t at = 0; at < part.n; at += p == 1 ? 7 : 311) {
                ((uint8_t *)part.p)[at] ^= 1;
                assert_null(world_import(&b->ours, alg, KEYPAIR, pub, seed, priv));
                if (p != 1)
                    assert_null(world_import(&b->ours, alg, KEYPAIR, pub, none, priv));
                if (p != 2)
                    assert_null(world_import(&b->ours, alg, KEYPAIR, pub, seed, none));
                ((uint8_t *)part.p)[at] ^= 1;
            }
            for (int d = -1; d <= 0; d++) {
                wtl_bytes cut = {part.p, part.n + (size_t)d * (d < 0)};
                cut.n = d < 0 ? part.n - 1 : 1;
                assert_null(world_import(&b->ours, alg, KEYPAIR, p == 0 ? cut : none, p == 1 ? cut : none,
                                         p == 2 ? cut : none));
            }
        }
        free((void *)pub.p);
        free((void *)seed.p);
        free((void *)priv.p);
        EVP_PKEY_free(from);
    }
}

static void wrong_seeds(void **state)
{
    const worlds *b = *state;
    uint8_t seed[64] = {0};
    for (size_t n = 0; n <= 64; n++) {
        OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, seed, n),
                               OSSL_PARAM_construct_end()};
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(b->ours.lib, "ML-DSA-44", NULL);
        assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params) == 1, n == 32);
        EVP_PKEY_CTX_free(ctx);
    }
}

/* From wattle to default and back, as an encoder or another provider's operation does it. */
static void round_trips(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        for (int way = 0; way < 2; way++) {
            const world *from = way == 0 ? &b->ours : &b->plain;
            const world *to = way == 0 ? &b->plain : &b->ours;
            EVP_PKEY *key = EVP_PKEY_Q_keygen(from->lib, NULL, mldsa_names[i]);
            OSSL_PARAM *all = NULL;
            assert_int_equal(EVP_PKEY_todata(key, KEYPAIR, &all), 1);
            EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(to->lib, mldsa_names[i], NULL);
            EVP_PKEY *copy = NULL;
            assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
            assert_int_equal(EVP_PKEY_fromdata(ctx, &copy, KEYPAIR, all), 1);
            for (size_t p = 0; p < 3; p++)
                world_same_part(key, copy, parts[p]);
            assert_int_equal(EVP_PKEY_eq(key, copy), 1);
            assert_int_equal(EVP_PKEY_eq(copy, key), 1);
            OSSL_PARAM_free(all);
            EVP_PKEY_CTX_free(ctx);
            EVP_PKEY_free(copy);
            EVP_PKEY_free(key);
        }
    }
}

static void copies_and_checks(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(&b->ours, mldsa_names[i], 4);
        EVP_PKEY *other = world_seeded(&b->ours, mldsa_names[i], 5);
        EVP_PKEY *copy = EVP_PKEY_dup(key);
        assert_non_null(copy);
        assert_int_equal(EVP_PKEY_eq(key, copy), 1);
        assert_int_equal(EVP_PKEY_eq(key, other), 0);
        EVP_PKEY_free(key);
        for (size_t p = 0; p < 3; p++) {
            wtl_bytes part = world_part(copy, parts[p]);
            assert_true(part.n > 0);
            free((void *)part.p);
        }
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, copy, NULL);
        assert_int_equal(EVP_PKEY_check(ctx), 1);
        assert_int_equal(EVP_PKEY_public_check(ctx), 1);
        assert_int_equal(EVP_PKEY_private_check(ctx), 1);
        assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
        EVP_PKEY_CTX_free(ctx);
        wtl_bytes pub = world_part(other, OSSL_PKEY_PARAM_PUB_KEY);
        EVP_PKEY *half = world_import(&b->ours, mldsa_names[i], PUBLIC, pub, none, none);
        ctx = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, half, NULL);
        assert_int_equal(EVP_PKEY_public_check(ctx), 1);
        assert_int_not_equal(EVP_PKEY_check(ctx), 1);
        assert_int_not_equal(EVP_PKEY_private_check(ctx), 1);
        assert_int_equal(EVP_PKEY_eq(half, other), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY *half_copy = EVP_PKEY_dup(half);
        assert_int_equal(EVP_PKEY_eq(half, half_copy), 1);
        EVP_PKEY_free(half_copy);
        free((void *)pub.p);
        EVP_PKEY_free(half);
        EVP_PKEY_free(copy);
        EVP_PKEY_free(other);
    }
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_one_key),
        cmocka_unit_test(fresh_keys_differ),
        cmocka_unit_test(every_subset_is_imported),
        cmocka_unit_test(parts_that_do_not_belong_together),
        cmocka_unit_test(wrong_seeds),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(copies_and_checks),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
