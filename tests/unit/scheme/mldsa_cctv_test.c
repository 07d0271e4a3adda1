/* C2SP/CCTV: accumulated keys and signatures, and the messages for benchmarks. WATTLE_TEST_LONG asks for 10 000
 * iterations by every level instead of 100. */
#include "mldsa_levels.h"

#include "scheme/shake.h"

/* From CCTV's ML-DSA/accumulated/README.md. */
static const char *const short_runs[WTL_MLDSA_SETS] = {
    "d51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4",
    "8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199",
    "8c3ad714777622b8f21ce31bb35f71394f23bc0fcf3c78ace5d608990f3b061b",
};
static const char *const long_runs[WTL_MLDSA_SETS] = {
    "e7fd21f6a59bcba60d65adc44404bb29a7c00e5d8d3ec06a732c00a306a7d143",
    "5ff5e196f0b830c3b10a9eb5358e7c98a3a20136cb677f3ae3b90175c3ace329",
    "80a8cf39317f7d0be0e24972c51ac152bd2a3e09bc0c32ce29dd82c4e7385e60",
};

enum { BATCH = 10 };

/* Ten keys, their signatures by sign_many, and those checked by verify_many. */
static void batch(enum wtl_mldsa_set set, enum wtl_cpu_level level, wtl_shake *seeds, wtl_shake *sum)
{
    wtl_err err = {0};
    static uint8_t sig[BATCH][WTL_MLDSA_SIG_MOST];
    wtl_mldsa_key *key[BATCH];
    wtl_mldsa_job job[BATCH];
    const size_t n = wtl_mldsa_params_of(set)->sig;
    for (size_t i = 0; i < BATCH; i++) {
        uint8_t seed[WTL_MLDSA_SEED];
        wtl_shake_read(seeds, seed, sizeof seed);
        assert_good(wtl_mldsa_from_seed(&key[i], set, level, seed, &err), &err);
        job[i] = (wtl_mldsa_job){.key = key[i], .sig = sig[i], .given = {sig[i], n}};
    }
    assert_good(wtl_mldsa_sign_many(job, BATCH, &err), &err);
    for (size_t i = 0; i < BATCH; i++) {
        wtl_shake_add(sum, wtl_mldsa_public(key[i]));
        wtl_shake_add(sum, job[i].given);
    }
    assert_good(wtl_mldsa_verify_many(job, BATCH, &err), &err);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(job[i].rc, 0);
        wtl_mldsa_free(key[i]);
    }
}

static void accumulated(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_keccak *k;
    bool full = getenv("WATTLE_TEST_LONG") != NULL;
    assert_good(wtl_keccak_pick(&k, WTL_CPU_AUTO, &err), &err);
    for (int set = 0; set < WTL_MLDSA_SETS; set++) {
        for (EACH_LEVEL(level)) {
            wtl_shake seeds;
            wtl_shake sum;
            uint8_t result[32];
            wtl_shake_start(&seeds, k, WTL_SHAKE128);
            wtl_shake_start(&sum, k, WTL_SHAKE128);
            for (int i = 0; i < (full ? 10000 : 100); i += BATCH)
                batch(set, level, &seeds, &sum);
            wtl_shake_read(&sum, result, sizeof result);
            vec_is((wtl_bytes){result, sizeof result}, full ? long_runs[set] : short_runs[set]);
        }
    }
}

/* Signs every benchmark message by every level, alone and as one batch: all alike, and good. */
static void messages(const char *file, enum wtl_mldsa_set set)
{
    VEC_PATH(path, "WATTLE_VECTORS", file);
    json_t *root = vec_json(path);
    wtl_err err = {0};
    const uint8_t seed[WTL_MLDSA_SEED] = {0};
    const size_t n = json_array_size(root);
    const size_t size = wtl_mldsa_params_of(set)->sig;
    uint8_t *first = calloc(n, size);
    uint8_t *sig = calloc(n, size);
    wtl_mldsa_job *job = calloc(n, sizeof *job);
    assert_true(n > 0 && first != NULL && sig != NULL && job != NULL);
    for (EACH_LEVEL(level)) {
        AUTO(wtl_mldsa) *k = NULL;
        assert_good(wtl_mldsa_from_seed(&k, set, level, seed, &err), &err);
        for (size_t i = 0; i < n; i++) {
            const char *text = json_string_value(json_array_get(root, i));
            job[i] = (wtl_mldsa_job){
                .key = k, .what.msg = vec_text(text), .sig = sig + i * size, .given = {sig + i * size, size}};
            if (level == WTL_CPU_REF)
                assert_good(wtl_mldsa_sign(k, &job[i].what, first + i * size, &err), &err);
            else
                levels_sign(k, &job[i].what, (wtl_bytes){first + i * size, size});
        }
        assert_good(wtl_mldsa_sign_many(job, n, &err), &err);
        assert_memory_equal(sig, first, n * size);
        assert_good(wtl_mldsa_verify_many(job, n, &err), &err);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(job[i].rc, 0);
    }
    free(first);
    free(sig);
    free(job);
    json_decref(root);
}

static void benchmark(void **state)
{
    (void)state;
    messages("cctv/ML-DSA/benchmark/ML-DSA-44.json", WTL_MLDSA_44);
    messages("cctv/ML-DSA/benchmark/ML-DSA-65.json", WTL_MLDSA_65);
    messages("cctv/ML-DSA/benchmark/ML-DSA-87.json", WTL_MLDSA_87);
    messages("cctv/ML-DSA/benchmark/ML-DSA-87.alt.json", WTL_MLDSA_87);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accumulated), cmocka_unit_test(benchmark)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
