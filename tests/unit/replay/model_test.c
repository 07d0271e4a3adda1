/* The policies to compare with, against examples worked by hand and properties that textbooks prove. */
#include "unit.h"

#include "replay/replay.h"
#include "replay/zipf.h"

/* Letters are keys, of one byte each; returns H for a hit and . for a miss, in `out`. */
static void play(char *out, const wtl_model *m, uint64_t capacity, const char *letters)
{
    wtl_trace t = {0};
    wtl_err err = {0};
    void *s = NULL;
    for (const char *c = letters; *c != '\0'; c++)
        wtl_trace_add(&t, (uint64_t)*c, 1);
    assert_good(wtl_trace_done(&t, &err), &err);
    wtl_model_options o = {.capacity = capacity};
    assert_good(m->open(&s, &t, &o, &err), &err);
    size_t i = 0;
    for (; i < t.n; i++)
        out[i] = m->ask(s, t.key[i]) ? 'H' : '.';
    out[i] = '\0';
    m->close(s);
    wtl_trace_free(&t);
}

static void check(const wtl_model *m, uint64_t capacity, const char *letters, const char *want)
{
    char got[64];
    play(got, m, capacity, letters);
    assert_string_equal(got, want);
}

static void test_worked(void **state)
{
    (void)state;
    check(&wtl_lru_model, 3, "abcadbea", "...H...."); /* d drives out b, b c, e a, a d */
    check(&wtl_lru_model, 3,
          "abcabcd"
          "abc",
          "...HHH....");
    check(&wtl_lfu_model, 2, "aabcacb", ".H..HH.");   /* b and c drive each other out, a stays */
    check(&wtl_lfu_model, 3, "aabbcdab", ".H.H..HH"); /* d drives out c */
    /* a is marked; d: the hand clears a and takes b; e: from c on, takes c; a is still there */
    check(&wtl_sieve_model, 3, "abcadea", "...H..H");
    /* of a marked queue the hand clears all and takes the oldest; then b, which is next */
    check(&wtl_sieve_model, 3, "abcabcdbea", "...HHH.H..");
    /* a and b fill main through small; what comes once goes through small alone */
    check(&wtl_s3fifo_model, 10, "aaabbbcdefghijklmnab", ".HH.HH............HH");
    /* k was evicted from small a moment ago: it comes back into main */
    check(&wtl_s3fifo_model, 3, "abcda", ".....");
    check(&wtl_gdsf_model, 2, "aabcacb", ".H..HH.");
}

/* "A", "B" and so on have 10 bytes: GDSF would rather have ten small ones. */
static void test_sizes(void **state)
{
    (void)state;
    wtl_trace t = {0};
    void *s = NULL;
    static const struct {
        uint64_t id;
        uint32_t size;
        bool hit;
    } step[] = {{1, 8, false}, {2, 1, false}, {3, 1, false}, {1, 8, true}, /* 2/8 against 1 and 1 */
                {4, 1, false}, {2, 1, true},  {3, 1, true},  {4, 1, true}, {1, 8, false}};
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++)
        wtl_trace_add(&t, step[i].id, step[i].size);
    assert_int_equal(wtl_trace_done(&t, NULL), WTL_OK);
    wtl_model_options o = {.capacity = 10};
    assert_int_equal(wtl_gdsf_model.open(&s, &t, &o, NULL), WTL_OK);
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(wtl_gdsf_model.ask(s, t.key[i]), step[i].hit);
    wtl_gdsf_model.close(s);
    wtl_trace_free(&t);
}

static double missed(const wtl_model *m, const wtl_trace *t, uint64_t capacity)
{
    wtl_replay_result r;
    wtl_err err = {0};
    wtl_model_options o = {.capacity = capacity};
    assert_good(wtl_replay_run(&r, m, t, &o, &err), &err);
    assert_true(r.objects >= 0 && r.objects <= 1 && r.bytes >= 0 && r.bytes <= 1);
    return r.objects;
}

/* A loop over 100 keys: LRU has none, LIRS keeps what it holds (Jiang and Zhang, section 2). */
static void test_loop(void **state)
{
    (void)state;
    wtl_trace t = {0};
    enum { KEYS = 100, TURNS = 200 };
    for (unsigned i = 0; i < KEYS * TURNS; i++)
        wtl_trace_add(&t, i % KEYS, 1);
    assert_int_equal(wtl_trace_done(&t, NULL), WTL_OK);
    assert_true(missed(&wtl_lru_model, &t, KEYS - 1) > 0.999);
    assert_true(missed(&wtl_sieve_model, &t, KEYS / 2) > 0.999);
    double lirs = missed(&wtl_lirs_model, &t, KEYS / 2);
    assert_true(lirs > 0.5 && lirs < 0.53); /* 49 of 100 stay, and the first turn misses all */
    for (size_t i = 0; wtl_model_at(i) != NULL; i++) {
        if (strcmp(wtl_model_at(i)->name, "wattle cache") != 0) /* has no room for so little */
            assert_true(missed(wtl_model_at(i), &t, KEYS) <= 1.0 / TURNS + 1e-9);
    }
    wtl_trace_free(&t);
}

/* Each key of a larger LRU cache's is in a larger one: no request that hits at n misses at n + 1 (Mattson, Gecsei, Slutz, Traiger 1970). */
static void test_inclusion(void **state)
{
    (void)state;
    wtl_trace t = {0};
    wtl_err err = {0};
    wtl_zipf_options z = {.skew = 0.8, .keys = 300, .requests = 4000, .seed = 7};
    assert_good(wtl_zipf_make(&t, &z, &err), &err);
    for (uint32_t k = 0; k < t.keys; k++)
        t.size[k] = 1;
    t.footprint = t.keys;
    void *small = NULL;
    for (uint64_t n = 1; n < 40; n++) {
        void *large = NULL;
        wtl_model_options o = {.capacity = n};
        assert_good(wtl_lru_model.open(&small, &t, &o, &err), &err);
        o.capacity = n + 1;
        assert_good(wtl_lru_model.open(&large, &t, &o, &err), &err);
        for (size_t i = 0; i < t.n; i++) {
            bool hit = wtl_lru_model.ask(small, t.key[i]);
            assert_true(wtl_lru_model.ask(large, t.key[i]) || !hit);
        }
        wtl_lru_model.close(small);
        wtl_lru_model.close(large);
    }
    wtl_trace_free(&t);
}

/* With room for everything each key misses once, whatever the policy; with room for nothing, always. */
static void test_ends(void **state)
{
    (void)state;
    wtl_trace t = {0};
    wtl_err err = {0};
    wtl_zipf_options z = {.skew = 1, .keys = 200, .requests = 3000, .seed = 3};
    assert_good(wtl_zipf_make(&t, &z, &err), &err);
    for (size_t i = 0; wtl_model_at(i) != NULL; i++) {
        if (strcmp(wtl_model_at(i)->name, "wattle cache") == 0)
            continue;
        double m = missed(wtl_model_at(i), &t, t.footprint);
        double first = (double)t.keys / (double)t.n;
        assert_true(m >= first && m <= first + 0.02); /* LIRS and W-TinyLFU have parts that do not fill */
        assert_true(missed(wtl_model_at(i), &t, 0) > 1 - 1e-9);
    }
    wtl_trace_free(&t);
}

static void test_zipf(void **state)
{
    (void)state;
    wtl_trace a = {0};
    wtl_trace b = {0};
    wtl_zipf_options z = {.skew = 1, .keys = 1000, .requests = 20000, .seed = 3};
    assert_int_equal(wtl_zipf_make(&a, &z, NULL), WTL_OK);
    assert_int_equal(wtl_zipf_make(&b, &z, NULL), WTL_OK);
    assert_int_equal(a.n, z.requests);
    assert_memory_equal(a.key, b.key, a.n * sizeof *a.key);
    assert_memory_equal(a.size, b.size, a.keys * sizeof *a.size);
    size_t of_size[7] = {0};
    for (uint32_t k = 0; k < a.keys; k++) {
        size_t i = 0;
        while (wtl_zipf_size(i) != 0 && wtl_zipf_size(i) != a.size[k])
            i++;
        assert_true(i < 7);
        of_size[i]++;
    }
    for (size_t i = 0; i < 7; i++)
        assert_true(of_size[i] > a.keys / 14);
    /* The first key's share of a Zipf distribution is 1 over the harmonic number: 7.485 for 1,000. */
    size_t *uses = calloc(a.keys, sizeof *uses);
    size_t most = 0;
    for (size_t i = 0; i < a.n; i++) {
        uses[a.key[i]]++;
        most = uses[a.key[i]] > most ? uses[a.key[i]] : most;
    }
    free(uses);
    assert_true((double)most / (double)a.n > 0.127 && (double)most / (double)a.n < 0.140);
    wtl_trace_free(&b);
    z.seed = 4;
    assert_int_equal(wtl_zipf_make(&b, &z, NULL), WTL_OK);
    assert_true(memcmp(a.key, b.key, a.n * sizeof *a.key) != 0);
    wtl_trace_free(&a);
    wtl_trace_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked),    cmocka_unit_test(test_sizes), cmocka_unit_test(test_loop),
        cmocka_unit_test(test_inclusion), cmocka_unit_test(test_ends),  cmocka_unit_test(test_zipf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
