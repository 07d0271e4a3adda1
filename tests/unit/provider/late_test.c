/* Public keys that are expanded when they are used: how often that is done and what is kept; and keys that have done their work. */
#include "agree.h"

#include <pthread.h>

#include <openssl/x509.h>

#include "provider/late.h"

/* ---- the noun alone */

typedef struct made {
    int number;
} made;
static atomic_int expanded, freed;
static bool refuses;

static int expand(void **out, const void *key, wtl_err *err)
{
    ENSURE(!refuses, err, WTL_NOMEM, "not now");
    made *m = malloc(sizeof *m);
    assert_non_null(m);
    *m = (made){*(const int *)key};
    atomic_fetch_add(&expanded, 1);
    *out = m;
    return WTL_OK;
}

static void drop(void *p)
{
    if (p != NULL)
        atomic_fetch_add(&freed, 1);
    free(p);
}

static const wtl_late_kind kind = {expand, drop};
static const int KEY = 7;

static void begin(void)
{
    expanded = freed = 0;
    refuses = false;
}

static void used_once_twice_thrice(void **state)
{
    (void)state;
    wtl_late l = {0};
    void *got = NULL;
    void *mine = NULL;
    wtl_err err = {0};
    begin();
    assert_good(wtl_late_take(&l, &kind, &KEY, &got, &mine, &err), &err);
    assert_ptr_equal(got, mine);
    assert_int_equal(((made *)got)->number, KEY);
    assert_null(wtl_late_kept(&l));
    drop(mine);
    for (int i = 0; i < 3; i++) {
        assert_good(wtl_late_take(&l, &kind, &KEY, &got, &mine, &err), &err);
        assert_null(mine);
        assert_ptr_equal(got, wtl_late_kept(&l));
    }
    assert_int_equal(expanded, 2);
    wtl_late_free(&l, &kind);
    assert_int_equal(freed, 2);
    assert_null(wtl_late_kept(&l));
}

static void kept_for_who_borrows(void **state)
{
    (void)state;
    wtl_late l = {0};
    void *got = NULL;
    void *mine = NULL;
    wtl_err err = {0};
    begin();
    assert_good(wtl_late_keep(&l, &kind, &KEY, &got, &err), &err);
    assert_ptr_equal(got, wtl_late_kept(&l));
    assert_good(wtl_late_take(&l, &kind, &KEY, &mine, &got, &err), &err);
    assert_null(got);
    assert_int_equal(expanded, 1);
    wtl_late_free(&l, &kind);
    assert_int_equal(freed, 1);
}

static void a_failure_changes_nothing(void **state)
{
    (void)state;
    wtl_late l = {0};
    void *got = NULL;
    void *mine = NULL;
    wtl_err err = {0};
    begin();
    refuses = true;
    assert_int_equal(wtl_late_take(&l, &kind, &KEY, &got, &mine, &err), WTL_NOMEM);
    assert_null(mine);
    refuses = false;
    assert_good(wtl_late_take(&l, &kind, &KEY, &got, &mine, &err), &err);
    assert_non_null(mine);
    drop(mine);
    wtl_late_free(&l, &kind);
    assert_int_equal(expanded, freed);
}

enum { THREADS = 8, ROUNDS = 50 };
static wtl_late shared;

static void *take_often(void *arg)
{
    bool *good = arg;
    *good = true;
    for (int i = 0; i < ROUNDS; i++) {
        void *got = NULL;
        void *mine = NULL;
        *good = *good && wtl_late_take(&shared, &kind, &KEY, &got, &mine, NULL) == WTL_OK &&
                ((made *)got)->number == KEY;
        drop(mine);
    }
    return NULL;
}

static void by_many_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        pthread_t thread[THREADS];
        bool good[THREADS];
        begin();
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, take_often, &good[i]), 0);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            assert_true(good[i]);
        }
        assert_non_null(wtl_late_kept(&shared));
        wtl_late_free(&shared, &kind);
        assert_int_equal(expanded, freed);
    }
}

/* ---- ML-DSA */

static const wtl_bytes TEXT = {(const uint8_t *)"text", 4};

/* A public key of its own, as it comes out of a certificate. */
static EVP_PKEY *public_half(const world *w, EVP_PKEY *pair)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(pair, &der);
    assert_true(n > 0);
    const unsigned char *at = der;
    EVP_PKEY *half = d2i_PUBKEY_ex(NULL, &at, n, w->lib, NULL);
    assert_non_null(half);
    assert_string_equal(world_owner(half), "wattle");
    OPENSSL_free(der);
    return half;
}

static void verified_again_and_again(void **state)
{
    const worlds *b = *state;
    recipe plain = {0};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *pair = world_seeded(&b->ours, mldsa_names[i], 0x44);
        EVP_PKEY *half = public_half(&b->ours, pair);
        uint8_t sig[4627];
        size_t n;
        assert_int_equal(world_sign(&b->ours, pair, mldsa_names[i], &plain, TEXT, sig, &n), 1);
        for (int round = 0; round < 4; round++) {
            EVP_PKEY *copy = EVP_PKEY_dup(half);
            assert_int_equal(world_verify(&b->ours, half, mldsa_names[i], &plain, TEXT, sig, n), 1);
            sig[n / 2] ^= 1;
            assert_int_equal(world_verify(&b->ours, copy, mldsa_names[i], &plain, TEXT, sig, n), 0);
            sig[n / 2] ^= 1;
            world_same_part(half, pair, OSSL_PKEY_PARAM_PUB_KEY);
            assert_int_equal(EVP_PKEY_eq(copy, pair), 1);
            EVP_PKEY_free(copy);
        }
        assert_int_not_equal(world_sign(&b->ours, half, mldsa_names[i], &plain, TEXT, sig, &n), 1);
        EVP_PKEY_free(half);
        EVP_PKEY_free(pair);
    }
}

typedef struct job {
    const worlds *both;
    EVP_PKEY *half;
    const uint8_t *sig;
    size_t n;
    bool good;
} job;

static void *verify_often(void *arg)
{
    job *j = arg;
    recipe plain = {0};
    j->good = true;
    for (int i = 0; i < 6; i++)
        j->good = j->good &&
                  world_verify(&j->both->ours, j->half, "ML-DSA-65", &plain, TEXT, j->sig, j->n) == 1;
    return NULL;
}

static void verified_by_many_at_once(void **state)
{
    const worlds *b = *state;
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    EVP_PKEY *pair = world_seeded(&b->ours, "ML-DSA-65", 0x45);
    assert_int_equal(world_sign(&b->ours, pair, "ML-DSA-65", &plain, TEXT, sig, &n), 1);
    for (int round = 0; round < 10; round++) {
        EVP_PKEY *half = public_half(&b->ours, pair);
        pthread_t thread[THREADS];
        job jobs[THREADS];
        for (int i = 0; i < THREADS; i++) {
            jobs[i] = (job){b, half, sig, n, false};
            assert_int_equal(pthread_create(&thread[i], NULL, verify_often, &jobs[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            assert_true(jobs[i].good);
        }
        EVP_PKEY_free(half);
    }
    EVP_PKEY_free(pair);
}

/* ---- key agreement */

static const char *const agreed[] = {"X25519MLKEM768", "SecP256r1MLKEM768", "ML-KEM-512", "ML-KEM-768",
                                     "ML-KEM-1024"};
enum { AGREED = sizeof agreed / sizeof agreed[0] };

static void encapsulated_again_and_again(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < AGREED; i++) {
        EVP_PKEY *own = agree_key(&b->ours, agreed[i]);
        wtl_bytes share = agree_share(own);
        EVP_PKEY *peer = agree_peer(&b->ours, agreed[i], share);
        assert_non_null(peer);
        for (int round = 0; round < 4; round++) {
            agree_pair p;
            assert_int_equal(agree_encaps(&b->ours, peer, (wtl_bytes){0}, &p), 1);
            agree_opens(&b->ours, own, &p);
        }
        agree_drop(share);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(own);
    }
}

static int spend(EVP_PKEY *key)
{
    int yes = 1;
    OSSL_PARAM spent[] = {OSSL_PARAM_construct_int(WTL_PROV_PARAM_SPENT, &yes), OSSL_PARAM_construct_end()};
    return EVP_PKEY_set_params(key, spent);
}

static bool decapsulates(const world *w, EVP_PKEY *key, const agree_pair *p)
{
    uint8_t ss[AGREE_SS];
    size_t n = sizeof ss;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, key, NULL);
    bool good = EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
                EVP_PKEY_decapsulate(ctx, ss, &n, p->ct, p->ct_n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* Nothing is left of it, in contexts that were begun with it neither; and it may be given another share. */
static void spent_keys_are_empty(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < AGREED; i++) {
        EVP_PKEY *own = agree_key(&b->ours, agreed[i]);
        wtl_bytes share = agree_share(own);
        EVP_PKEY *peer = agree_peer(&b->ours, agreed[i], share);
        agree_pair p;
        uint8_t ss[AGREE_SS];
        size_t n = sizeof ss;
        assert_int_equal(agree_encaps(&b->ours, peer, (wtl_bytes){0}, &p), 1);
        agree_opens(&b->ours, own, &p);
        EVP_PKEY_CTX *begun = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, own, NULL);
        assert_int_equal(EVP_PKEY_decapsulate_init(begun, NULL), 1);
        EVP_PKEY_CTX *sends = EVP_PKEY_CTX_new_from_pkey(b->ours.lib, peer, NULL);
        assert_int_equal(EVP_PKEY_encapsulate_init(sends, NULL), 1);
        assert_int_equal(spend(own), 1);
        assert_int_equal(spend(peer), 1);
        assert_int_equal(spend(peer), 1);
        assert_int_not_equal(EVP_PKEY_decapsulate(begun, ss, &n, p.ct, p.ct_n), 1);
        n = sizeof ss;
        size_t ct_n = sizeof p.ct;
        assert_int_not_equal(EVP_PKEY_encapsulate(sends, p.ct, &ct_n, ss, &n), 1);
        assert_false(decapsulates(&b->ours, own, &p));
        assert_int_equal(world_part(own, OSSL_PKEY_PARAM_PRIV_KEY).n, 0);
        assert_int_equal(world_part(own, OSSL_PKEY_PARAM_PUB_KEY).n, 0);
        assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, share.p, share.n), 1);
        assert_int_equal(agree_encaps(&b->ours, peer, (wtl_bytes){0}, &p), 1);
        EVP_PKEY_CTX_free(begun);
        EVP_PKEY_CTX_free(sends);
        agree_drop(share);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(own);
        ERR_clear_error();
    }
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_once_twice_thrice),       cmocka_unit_test(kept_for_who_borrows),
        cmocka_unit_test(a_failure_changes_nothing),    cmocka_unit_test(by_many_at_once),
        cmocka_unit_test(verified_again_and_again),     cmocka_unit_test(verified_by_many_at_once),
        cmocka_unit_test(encapsulated_again_and_again), cmocka_unit_test(spent_keys_are_empty),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
