/* ML-DSA by every level: batches like lone calls, lengths, damage at every place, keys that are none. */
#include "mldsa_levels.h"

enum { MOST = 40 };

static uint64_t noise = 88172645463325252u;

static uint32_t below(uint32_t n)
{
    uint32_t x;
    vec_noise(&noise, (uint8_t *)&x, sizeof x);
    return x % n;
}

static wtl_mldsa_key *key_of(enum wtl_mldsa_set set, enum wtl_cpu_level level, uint8_t first)
{
    wtl_err err = {0};
    wtl_mldsa_key *k = NULL;
    const uint8_t seed[WTL_MLDSA_SEED] = {first};
    assert_good(wtl_mldsa_from_seed(&k, set, level, seed, &err), &err);
    return k;
}

static size_t size_of(const wtl_mldsa_key *k)
{
    return wtl_mldsa_params_of(wtl_mldsa_set_of(k))->sig;
}

/* Keys of all sets, twice each, of one level. */
enum { KEYS = 2 * WTL_MLDSA_SETS };
static void make_keys(wtl_mldsa_key *key[KEYS], enum wtl_cpu_level level)
{
    for (int i = 0; i < KEYS; i++)
        key[i] = key_of(i % WTL_MLDSA_SETS, level, (uint8_t)i);
}

static void free_keys(wtl_mldsa_key *key[KEYS])
{
    for (int i = 0; i < KEYS; i++)
        wtl_mldsa_free(key[i]);
}

static uint8_t text[1 << 16];
static uint8_t rnd[MOST][WTL_MLDSA_RND];
static uint8_t sigs[MOST][WTL_MLDSA_SIG_MOST];

/* One that is good most times: any key, length, mode and context. */
static void any_job(wtl_mldsa_job *job, wtl_mldsa_key *const key[KEYS], const wtl_mldsa_key *pub, size_t i)
{
    static const uint32_t longest[] = {1, 9, 80, 150, 3000};
    *job = (wtl_mldsa_job){.key = key[below(KEYS)], .sig = sigs[i]};
    job->what.msg = (wtl_bytes){text + below(1 << 14), below(longest[below(5)])};
    job->what.context = (wtl_bytes){text + below(1 << 14), below(8) == 0 ? 250 + below(7) : below(3)};
    job->what.is_encoded = below(8) == 0;
    job->what.verify_after = below(8) == 0;
    if (below(8) == 0) {
        job->what.is_mu = true;
        job->what.msg.n = below(8) == 0 ? 63 : 64;
    }
    if (below(2) == 0) {
        vec_noise(&noise, rnd[i], sizeof rnd[i]);
        job->what.rnd = rnd[i];
    }
    if (below(20) == 0)
        job->key = pub;
}

static void signed_alike(wtl_mldsa_job *job, size_t n)
{
    int first = 0;
    wtl_err err = {0};
    wtl_err lone_err = {0};
    for (size_t i = 0; i < n; i++)
        memset(sigs[i], 0xa5, sizeof sigs[i]);
    int rc = wtl_mldsa_sign_many(job, n, &err);
    for (size_t i = 0; i < n; i++) {
        uint8_t lone[WTL_MLDSA_SIG_MOST];
        memset(lone, 0xa5, sizeof lone);
        int want = wtl_mldsa_sign(job[i].key, &job[i].what, lone, first == 0 ? &lone_err : NULL);
        first = first == 0 ? want : first;
        assert_int_equal(job[i].rc, want);
        assert_memory_equal(sigs[i], lone, sizeof lone); /* nothing behind it was written either */
        job[i].given = (wtl_bytes){sigs[i], size_of(job[i].key)};
    }
    assert_int_equal(rc, first);
    assert_string_equal(err.text, lone_err.text);
}

static void verified_alike(wtl_mldsa_job *job, size_t n)
{
    int first = 0;
    wtl_err err = {0};
    for (size_t i = 0; i < n; i++) {
        if (below(4) == 0)
            sigs[i][below((uint32_t)job[i].given.n)] ^= (uint8_t)(1 << below(8));
        if (below(10) == 0)
            job[i].given.n -= below(3);
        job[i].rc = 77;
    }
    int rc = wtl_mldsa_verify_many(job, n, &err);
    for (size_t i = 0; i < n; i++) {
        int want = wtl_mldsa_verify(job[i].key, &job[i].what, job[i].given, NULL);
        first = first == 0 && want != WTL_NO ? want : first;
        assert_int_equal(job[i].rc, want);
    }
    assert_int_equal(rc, first);
}

static void batches(void **state)
{
    (void)state;
    for (EACH_LEVEL(level)) {
        wtl_mldsa_key *key[KEYS];
        wtl_mldsa_job job[MOST];
        wtl_err err = {0};
        AUTO(wtl_mldsa) *pub = NULL;
        make_keys(key, level);
        assert_good(wtl_mldsa_from_public(&pub, WTL_MLDSA_65, level, wtl_mldsa_public(key[1]), &err), &err);
        for (size_t n = 0; n <= MOST; n += n < 18 ? 1 : 11) {
            for (size_t i = 0; i < n; i++)
                any_job(&job[i], key, pub, i);
            signed_alike(job, n);
            verified_alike(job, n);
        }
        free_keys(key);
    }
}

/* Whatever the level, the same keys and signatures; keys of two levels in one batch. */
static void levels_agree(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (int i = 0; i < 60; i++) {
        uint8_t want[WTL_MLDSA_SIG_MOST];
        wtl_mldsa_what what = {.msg = {text, below(500)}, .rnd = text + below(1000)};
        AUTO(wtl_mldsa) *ref = key_of(i % WTL_MLDSA_SETS, WTL_CPU_REF, (uint8_t)i);
        assert_good(wtl_mldsa_sign(ref, &what, want, &err), &err);
        for (EACH_LEVEL(level)) {
            AUTO(wtl_mldsa) *k = key_of(i % WTL_MLDSA_SETS, level, (uint8_t)i);
            assert_true(vec_same(wtl_mldsa_private(k), wtl_mldsa_private(ref)));
            assert_true(vec_same(wtl_mldsa_public(k), wtl_mldsa_public(ref)));
            levels_sign(k, &what, (wtl_bytes){want, size_of(k)});
            wtl_mldsa_job job[2] = {{.key = k, .what = what, .sig = sigs[0]},
                                    {.key = ref, .what = what, .sig = sigs[1]}};
            assert_good(wtl_mldsa_sign_many(job, 2, &err), &err);
            assert_memory_equal(sigs[0], want, size_of(k));
            assert_memory_equal(sigs[1], want, size_of(k));
        }
    }
}

/* Each byte of a signature, of the message and of mu matters; so does every length. */
static void damage(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (EACH_LEVEL(level)) {
        for (int set = 0; set < WTL_MLDSA_SETS; set++) {
            AUTO(wtl_mldsa) *k = key_of(set, level, 3);
            uint8_t sig[WTL_MLDSA_SIG_MOST + 1] = {0};
            const size_t n = size_of(k);
            const size_t step = level == WTL_CPU_REF ? 1 : 7;
            wtl_mldsa_what what = {.msg = {text, 200}, .context = {text, 20}};
            assert_good(wtl_mldsa_sign(k, &what, sig, &err), &err);
            assert_good(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, n}, &err), &err);
            for (size_t i = 0; i <= n + 1; i += i < 20 || i > n - 20 ? 1 : step) {
                if (i != n)
                    assert_int_equal(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, i}, NULL), WTL_NO);
                if (i >= n)
                    continue;
                uint8_t bit = (uint8_t)(1 << below(8));
                sig[i] ^= bit;
                assert_int_equal(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, n}, &err), WTL_NO);
                sig[i] ^= bit;
            }
            for (size_t i = 0; i < 200; i++) {
                text[i] ^= 1;
                assert_int_equal(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, n}, NULL), WTL_NO);
                text[i] ^= 1;
            }
            what.context.n--;
            assert_int_equal(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, n}, NULL), WTL_NO);
            assert_non_null(strstr(err.text, "does not match"));
        }
    }
}

/* A hint that says the same in another way is refused: bytes behind the last, double and unordered positions. */
static void hints(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (int set = 0; set < WTL_MLDSA_SETS; set++) {
        const wtl_mldsa_params *p = wtl_mldsa_params_of(set);
        AUTO(wtl_mldsa) *k = key_of(set, WTL_CPU_AUTO, 9);
        unsigned tried = 0;
        for (int i = 0; i < 50; i++) {
            uint8_t sig[WTL_MLDSA_SIG_MOST];
            const wtl_mldsa_what what = {.msg = {text + i, 20}};
            const wtl_bytes given = {sig, p->sig};
            uint8_t *hint = sig + p->sig - p->omega - p->k;
            uint8_t *ends = hint + p->omega;
            assert_good(wtl_mldsa_sign(k, &what, sig, &err), &err);
            unsigned all = ends[p->k - 1];
            if (all + 1 >= p->omega || ends[0] < 2)
                continue;
            tried++;
            uint8_t a = hint[0];
            hint[0] = hint[1]; /* twice the same */
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            hint[1] = a; /* the other way round */
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            hint[1] = hint[0];
            hint[0] = a;
            hint[all] = 1; /* behind the last */
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            hint[all] = 0;
            ends[p->k - 1] = (uint8_t)(p->omega + 1);
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            ends[p->k - 1] = 255;
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            ends[p->k - 1] = (uint8_t)all;
            uint8_t end = ends[0];
            ends[0] = 255; /* falls after it */
            assert_int_equal(wtl_mldsa_verify(k, &what, given, NULL), WTL_NO);
            ends[0] = end;
            assert_good(wtl_mldsa_verify(k, &what, given, &err), &err);
        }
        assert_true(tried > 10);
    }
}

static void usage(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t mu[WTL_MLDSA_MU];
    uint8_t sig[WTL_MLDSA_SIG_MOST];
    AUTO(wtl_mldsa) *k = key_of(WTL_MLDSA_44, WTL_CPU_AUTO, 1);
    AUTO(wtl_mldsa) *pub = NULL;
    const wtl_bytes given = {sig, size_of(k)};
    assert_good(wtl_mldsa_from_public(&pub, WTL_MLDSA_44, WTL_CPU_AUTO, wtl_mldsa_public(k), &err), &err);
    wtl_mldsa_what what = {.msg = {text, 5}, .context = {text, 255}, .verify_after = true};
    assert_good(wtl_mldsa_sign(k, &what, sig, &err), &err);
    assert_good(wtl_mldsa_verify(pub, &what, given, &err), &err);
    assert_good(wtl_mldsa_mu(pub, &what, mu, &err), &err);
    const wtl_mldsa_what by_mu = {.msg = {mu, sizeof mu}, .is_mu = true};
    assert_good(wtl_mldsa_verify(pub, &by_mu, given, &err), &err);
    levels_sign(k, &by_mu, given);
    static uint8_t whole[2 + 255 + 5] = {0, 255};
    memcpy(whole + 2, text, 255);
    memcpy(whole + 257, text, 5);
    levels_sign(k, &(wtl_mldsa_what){.msg = {whole, sizeof whole}, .is_encoded = true}, given);
    what.context.n = 256;
    assert_int_equal(wtl_mldsa_verify(pub, &what, given, &err), WTL_USAGE);
    assert_int_equal(wtl_mldsa_mu(pub, &what, mu, &err), WTL_USAGE);
    assert_int_equal(mu[0] | mu[63], 0);
    assert_int_equal(wtl_mldsa_sign(k, &what, sig, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "at most 255 bytes, not 256"));
    static const uint8_t zeros[WTL_MLDSA_SIG_MOST];
    assert_memory_equal(sig, zeros, given.n);
    what = (wtl_mldsa_what){.msg = {text, 63}, .is_mu = true};
    assert_int_equal(wtl_mldsa_sign(k, &what, sig, &err), WTL_USAGE);
    assert_int_equal(wtl_mldsa_verify(k, &what, given, &err), WTL_USAGE);
    sig[5] = 1;
    assert_int_equal(wtl_mldsa_sign(pub, &(wtl_mldsa_what){.msg = {text, 3}}, sig, &err), WTL_USAGE);
    assert_memory_equal(sig, zeros, given.n);
    assert_int_equal(wtl_mldsa_consistent(pub, &err), WTL_USAGE);
    assert_good(wtl_mldsa_consistent(k, &err), &err);
}

/* Private keys: the same again, and every changed byte refused. */
static void private_keys(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (EACH_LEVEL(level)) {
        for (int set = 0; set < WTL_MLDSA_SETS; set++) {
            AUTO(wtl_mldsa) *k = key_of(set, level, 5);
            const wtl_mldsa_params *p = wtl_mldsa_params_of(set);
            uint8_t raw[4896 + 1] = {0};
            wtl_mldsa_key *bad = NULL;
            memcpy(raw, wtl_mldsa_private(k).p, p->priv);
            AUTO(wtl_mldsa) *same = NULL;
            assert_good(wtl_mldsa_from_private(&same, set, level, (wtl_bytes){raw, p->priv}, &err), &err);
            assert_true(vec_same(wtl_mldsa_public(same), wtl_mldsa_public(k)));
            assert_int_equal(wtl_mldsa_set_of(same), set);
            assert_int_equal(wtl_mldsa_level(same), wtl_mldsa_level(k));
            assert_good(wtl_mldsa_consistent(same, &err), &err);
            for (size_t i = 0; i < p->priv; i += level == WTL_CPU_REF ? 3 : 11) {
                raw[i] ^= 4;
                /* K alone belongs to nothing else: another K is another good key. */
                int want = i >= 32 && i < 64 ? WTL_OK : WTL_FORMAT;
                assert_int_equal(wtl_mldsa_from_private(&bad, set, level, (wtl_bytes){raw, p->priv}, NULL),
                                 want);
                assert_true((bad == NULL) == (want != WTL_OK));
                wtl_mldsa_free(bad);
                raw[i] ^= 4;
            }
            static const size_t lengths[] = {0, 1, 32, 2559, 2561, 4031, 4033, 4895, 4897};
            for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                wtl_bytes b = {raw, lengths[i]};
                assert_int_equal(wtl_mldsa_from_private(&bad, set, level, b, &err), WTL_FORMAT);
                assert_null(bad);
                assert_int_equal(wtl_mldsa_from_public(&bad, set, level, b, &err), WTL_FORMAT);
                assert_null(bad);
            }
        }
    }
}

static void no_such_level(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const uint8_t seed[WTL_MLDSA_SEED] = {0};
        wtl_mldsa_key *k = NULL;
        if (wtl_cpu_has(level))
            continue;
        assert_int_equal(wtl_mldsa_from_seed(&k, WTL_MLDSA_44, level, seed, NULL), WTL_POLICY);
        assert_null(k);
    }
}

/* More keys than the secure heap holds: the rest live in ordinary memory. */
static void many_keys(void **state)
{
    (void)state;
    wtl_err err = {0};
    static wtl_mldsa_key *key[100];
    AUTO(wtl_secret) small = {0};
    assert_good(wtl_secret_heap(&err), &err);
    for (size_t i = 0; i < 100; i++)
        key[i] = key_of(WTL_MLDSA_44, WTL_CPU_AUTO, (uint8_t)i);
    assert_good(wtl_secret_new(&small, 4096, &err), &err);
    for (size_t i = 0; i < 100; i += 9)
        assert_good(wtl_mldsa_consistent(key[i], &err), &err);
    for (size_t i = 0; i < 100; i++)
        wtl_mldsa_free(key[i]);
    wtl_mldsa_free(NULL);
}

static int set_up(void **state)
{
    (void)state;
    vec_noise(&noise, text, sizeof text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches),       cmocka_unit_test(levels_agree), cmocka_unit_test(damage),
        cmocka_unit_test(hints),         cmocka_unit_test(usage),        cmocka_unit_test(private_keys),
        cmocka_unit_test(no_such_level), cmocka_unit_test(many_keys),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
