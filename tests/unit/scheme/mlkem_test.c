/* ML-KEM: what it refuses, implicit rejection, and that a batch gives what lone calls give; at every level. */
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "mlkem_lib.h"

static uint64_t noise_state = 88172645463325252u;

static void noise(uint8_t *out, size_t n)
{
    vec_noise(&noise_state, out, n);
}

/* J(z || c) = SHAKE256, by OpenSSL. */
static void rejection(wtl_bytes dk, wtl_bytes ct, uint8_t ss[32])
{
    EVP_MD_CTX *h = EVP_MD_CTX_new();
    assert_non_null(h);
    assert_int_equal(EVP_DigestInit_ex(h, EVP_shake256(), NULL), 1);
    assert_int_equal(EVP_DigestUpdate(h, dk.p + dk.n - 32, 32), 1);
    assert_int_equal(EVP_DigestUpdate(h, ct.p, ct.n), 1);
    assert_int_equal(EVP_DigestFinalXOF(h, ss, 32), 1);
    EVP_MD_CTX_free(h);
}

static void sizes(void **state)
{
    (void)state;
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
        assert_int_equal(p->pub, 384 * p->k + 32);
        assert_int_equal(p->priv, 768 * p->k + 96);
        assert_int_equal(p->ct, 32 * (p->du * p->k + p->dv));
        assert_true(p->ct <= WTL_MLKEM_CT_MOST);
        EACH_LEVEL(level)
        {
            uint8_t seed[64];
            noise(seed, sizeof seed);
            AUTO(wtl_mlkem) *k = kem_seed(set, level, seed);
            AUTO(wtl_mlkem) *pub = kem_public(set, level, wtl_mlkem_public(k));
            AUTO(wtl_mlkem) *priv = kem_private(set, level, wtl_mlkem_private(k));
            assert_int_equal(wtl_mlkem_set_of(k), set);
            assert_true(vec_same(wtl_mlkem_public(k), wtl_mlkem_public(pub)));
            assert_true(vec_same(wtl_mlkem_public(k), wtl_mlkem_public(priv)));
            assert_true(vec_same(wtl_mlkem_private(k), wtl_mlkem_private(priv)));
            assert_true(vec_same(wtl_mlkem_seed(k), (wtl_bytes){seed, 64}));
            assert_int_equal(wtl_mlkem_seed(priv).n, 0);
            assert_int_equal(wtl_mlkem_seed(pub).n, 0);
            assert_int_equal(wtl_mlkem_private(pub).n, 0);
            assert_int_equal(wtl_mlkem_consistent(k, NULL), 0);
            assert_int_equal(wtl_mlkem_consistent(priv, NULL), 0);
            assert_int_equal(wtl_mlkem_consistent(pub, NULL), WTL_USAGE);
        }
    }
}

/* Every byte of the ciphertext changed by one bit, then by all: K-bar each time. */
static void implicit_rejection(void **state)
{
    (void)state;
    EACH_LEVEL(level)
    {
        for (int set = 0; set < WTL_MLKEM_SETS; set++) {
            uint8_t seed[64], m[32], ct[WTL_MLKEM_CT_MOST], ss[32], got[32], want[32];
            size_t n = wtl_mlkem_params_of(set)->ct;
            noise(seed, sizeof seed);
            noise(m, sizeof m);
            AUTO(wtl_mlkem) *k = kem_seed(set, level, seed);
            wtl_mlkem_encaps(k, m, ct, ss);
            for (size_t i = 0; i < 2 * n; i++) {
                uint8_t change = i < n ? (uint8_t)(1u << i % 8) : 0xff;
                ct[i % n] ^= change;
                kem_decaps(k, (wtl_bytes){ct, n}, got);
                rejection(wtl_mlkem_private(k), (wtl_bytes){ct, n}, want);
                assert_memory_equal(got, want, 32);
                ct[i % n] ^= change;
            }
            kem_decaps(k, (wtl_bytes){ct, n}, got);
            assert_memory_equal(got, ss, 32);
        }
    }
}

static void refused(enum wtl_mlkem_set set, int level, wtl_bytes pub, wtl_bytes priv)
{
    wtl_err err = {0};
    wtl_mlkem_key *k = NULL;
    if (pub.p != NULL) {
        assert_int_equal(wtl_mlkem_from_public(&k, set, level, pub, &err), WTL_FORMAT);
        assert_null(k);
        assert_non_null(strstr(err.text, wtl_mlkem_params_of(set)->name));
    }
    if (priv.p != NULL) {
        assert_int_equal(wtl_mlkem_from_private(&k, set, level, priv, &err), WTL_FORMAT);
        assert_null(k);
        assert_non_null(strstr(err.text, wtl_mlkem_params_of(set)->name));
    }
}

static void wrong_lengths(void **state)
{
    (void)state;
    static uint8_t bytes[4096];
    uint8_t seed[64] = {1}, ss[32], ct[WTL_MLKEM_CT_MOST];
    static const uint8_t zero[32];
    wtl_err err = {0};
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
        AUTO(wtl_mlkem) *k = kem_seed(set, WTL_CPU_AUTO, seed);
        AUTO(wtl_mlkem) *pub = kem_public(set, WTL_CPU_AUTO, wtl_mlkem_public(k));
        memcpy(bytes, wtl_mlkem_private(k).p, p->priv);
        for (size_t n = 0; n < sizeof bytes; n++) {
            if (n != p->priv)
                refused(set, WTL_CPU_AUTO, (wtl_bytes){0}, (wtl_bytes){bytes, n});
        }
        memcpy(bytes, wtl_mlkem_public(k).p, p->pub);
        for (size_t n = 0; n < sizeof bytes; n++) {
            if (n != p->pub)
                refused(set, WTL_CPU_AUTO, (wtl_bytes){bytes, n}, (wtl_bytes){0});
        }
        for (size_t n = 0; n < sizeof bytes; n++) {
            memset(ss, 7, sizeof ss);
            if (n == p->ct)
                continue;
            assert_int_equal(wtl_mlkem_decaps(k, (wtl_bytes){bytes, n}, ss, &err), WTL_FORMAT);
            assert_memory_equal(ss, zero, 32);
        }
        wtl_mlkem_encaps(pub, seed, ct, ss);
        assert_int_equal(wtl_mlkem_decaps(pub, (wtl_bytes){ct, p->ct}, ss, &err), WTL_USAGE);
        assert_memory_equal(ss, zero, 32);
    }
}

static void set_coefficient(uint8_t *p, unsigned i, unsigned v)
{
    p += i / 2 * 3;
    if (i % 2 == 0) {
        p[0] = (uint8_t)v;
        p[1] = (uint8_t)((p[1] & 0xf0) | v >> 8);
    } else {
        p[1] = (uint8_t)((p[1] & 0x0f) | v << 4);
        p[2] = (uint8_t)(v >> 4);
    }
}

/* Every coefficient of ek and of s in turn is 3329 and 4095; 3328 is accepted where nothing else hangs on it. */
static void not_reduced(void **state)
{
    (void)state;
    static const unsigned values[] = {3328, 3329, 4095};
    uint8_t seed[64] = {2};
    EACH_LEVEL(level)
    {
        for (int set = 0; set < WTL_MLKEM_SETS; set++) {
            const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
            AUTO(wtl_mlkem) *k = kem_seed(set, level, seed);
            for (unsigned i = 0; i < 256u * p->k * 3; i++) {
                uint8_t ek[1568], dk[3168];
                unsigned v = values[i % 3];
                memcpy(ek, wtl_mlkem_public(k).p, p->pub);
                memcpy(dk, wtl_mlkem_private(k).p, p->priv);
                set_coefficient(ek, i / 3, v);
                set_coefficient(dk, i / 3, v);
                if (v > 3328) {
                    refused(set, level, (wtl_bytes){ek, p->pub}, (wtl_bytes){dk, p->priv});
                } else if (i % 64 == 0) {
                    AUTO(wtl_mlkem) *a = kem_public(set, level, (wtl_bytes){ek, p->pub});
                    AUTO(wtl_mlkem) *b = kem_private(set, level, (wtl_bytes){dk, p->priv});
                    assert_non_null(a);
                    assert_non_null(b);
                }
            }
        }
    }
}

/* The hash check: any changed byte of ek or of its hash inside dk. */
static void damaged_private(void **state)
{
    (void)state;
    uint8_t seed[64] = {3};
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
        AUTO(wtl_mlkem) *k = kem_seed(set, WTL_CPU_AUTO, seed);
        uint8_t dk[3168];
        memcpy(dk, wtl_mlkem_private(k).p, p->priv);
        for (size_t i = 384u * p->k; i < p->priv - 32u; i++) {
            dk[i] ^= 1;
            refused(set, WTL_CPU_AUTO, (wtl_bytes){0}, (wtl_bytes){dk, p->priv});
            dk[i] ^= 1;
        }
        dk[0] ^= 1; /* a key that its checks cannot tell from a good one: only the consistency test does */
        AUTO(wtl_mlkem) *bad = NULL;
        wtl_err err = {0};
        if (wtl_mlkem_from_private(&bad, set, WTL_CPU_AUTO, (wtl_bytes){dk, p->priv}, &err) == 0)
            assert_int_equal(wtl_mlkem_consistent(bad, &err), WTL_BUG);
    }
}

static void level_missing(void **state)
{
    (void)state;
    uint8_t seed[64] = {4};
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        wtl_mlkem_key *k = NULL;
        wtl_err err = {0};
        int rc = wtl_mlkem_from_seed(&k, WTL_MLKEM_768, level, seed, &err);
        assert_int_equal(rc, wtl_cpu_has(level) ? WTL_OK : WTL_POLICY);
        wtl_mlkem_free(k);
    }
    wtl_mlkem_free(NULL);
}

/* Keys of all sets and levels, public and private. */
enum { KEYS = 24, JOBS = 61 };
typedef struct batch {
    wtl_mlkem_key *key[KEYS];
    wtl_mlkem_job job[JOBS];
    uint8_t m[JOBS][32], ct[JOBS][WTL_MLKEM_CT_MOST], ss[JOBS][32];
} batch;

static batch *batch_new(bool mixed)
{
    batch *b = calloc(1, sizeof *b);
    assert_non_null(b);
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t seed[64];
        noise(seed, sizeof seed);
        b->key[i] = kem_seed(mixed ? i % 3 : WTL_MLKEM_768, mixed && i % 5 == 0 ? WTL_CPU_REF : WTL_CPU_AUTO,
                             seed);
    }
    return b;
}

static void batch_free(batch *b)
{
    for (unsigned i = 0; i < KEYS; i++)
        wtl_mlkem_free(b->key[i]);
    free(b);
}

static void one_batch(batch *b, size_t n)
{
    uint8_t ct[WTL_MLKEM_CT_MOST], ss[32];
    wtl_err err = {0};
    for (size_t i = 0; i < n; i++) {
        noise(b->m[i], 32);
        b->job[i] = (wtl_mlkem_job){
            .key = b->key[b->m[i][0] % KEYS], .m = b->m[i], .ct = b->ct[i], .ss = b->ss[i], .rc = -99};
    }
    assert_good(wtl_mlkem_encaps_many(b->job, n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        size_t ct_n = wtl_mlkem_params_of(wtl_mlkem_set_of(b->job[i].key))->ct;
        wtl_mlkem_encaps(b->job[i].key, b->m[i], ct, ss);
        assert_int_equal(b->job[i].rc, 0);
        assert_memory_equal(ct, b->ct[i], ct_n);
        assert_memory_equal(ss, b->ss[i], 32);
        if (i % 3 == 1) /* some of them bad */
            b->ct[i][b->m[i][1]] ^= 4;
        b->job[i].given = (wtl_bytes){b->ct[i], ct_n};
        b->job[i].rc = -99;
        memset(b->ss[i], 0, 32);
    }
    assert_good(wtl_mlkem_decaps_many(b->job, n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        kem_decaps(b->job[i].key, b->job[i].given, ss);
        assert_int_equal(b->job[i].rc, 0);
        assert_memory_equal(ss, b->ss[i], 32);
    }
}

static void batches(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        batch *b = batch_new(mixed);
        for (size_t n = 0; n <= JOBS; n++)
            one_batch(b, n);
        batch_free(b);
    }
}

/* Bad jobs among good ones: the first one's sentence, zeroed secrets, the others done. */
static void bad_jobs(void **state)
{
    (void)state;
    static const uint8_t zero[32];
    batch *b = batch_new(false);
    AUTO(wtl_mlkem) *pub = kem_public(WTL_MLKEM_768, WTL_CPU_AUTO, wtl_mlkem_public(b->key[0]));
    uint8_t ss[32];
    wtl_err err = {0};
    one_batch(b, 20);
    b->job[3].given.n--;
    b->job[9].key = pub;
    assert_int_equal(wtl_mlkem_decaps_many(b->job, 20, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "1088 bytes, this one has 1087"));
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(b->job[i].rc, i == 3 ? WTL_FORMAT : i == 9 ? WTL_USAGE : WTL_OK);
        if (b->job[i].rc == WTL_OK)
            kem_decaps(b->job[i].key, b->job[i].given, ss);
        assert_memory_equal(b->job[i].ss, b->job[i].rc == WTL_OK ? ss : zero, 32);
    }
    batch_free(b);
}

/* Levels agree on keys, ciphertexts and secrets, of random input. */
static void levels_agree(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        uint8_t seed[64], m[32], ct[WTL_MLKEM_CT_MOST], ct2[WTL_MLKEM_CT_MOST], ss[32], ss2[32];
        enum wtl_mlkem_set set = i % 3;
        size_t n = wtl_mlkem_params_of(set)->ct;
        noise(seed, sizeof seed);
        noise(m, sizeof m);
        AUTO(wtl_mlkem) *ref = kem_seed(set, WTL_CPU_REF, seed);
        wtl_mlkem_encaps(ref, m, ct, ss);
        EACH_LEVEL(level)
        {
            AUTO(wtl_mlkem) *k = kem_seed(set, level, seed);
            assert_true(vec_same(wtl_mlkem_private(ref), wtl_mlkem_private(k)));
            wtl_mlkem_encaps(k, m, ct2, ss2);
            assert_memory_equal(ct, ct2, n);
            assert_memory_equal(ss, ss2, 32);
            kem_decaps(k, (wtl_bytes){ct, n}, ss2);
            assert_memory_equal(ss, ss2, 32);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),       cmocka_unit_test(implicit_rejection), cmocka_unit_test(wrong_lengths),
        cmocka_unit_test(not_reduced), cmocka_unit_test(damaged_private),    cmocka_unit_test(level_missing),
        cmocka_unit_test(batches),     cmocka_unit_test(bad_jobs),           cmocka_unit_test(levels_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
