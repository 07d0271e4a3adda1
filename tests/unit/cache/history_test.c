/* Threads set, get and delete the same keys in a cache that is too small for them; what each call began, ended and found is
 * recorded, and then held to be the history of one register a key, which may also become empty by itself (eviction).
 *
 * Every set writes a value of its own. Then a history is atomic exactly when (Gibbons and Korach, "Testing shared memories", SIAM
 * J. Comput. 1997, section 4, for registers with known reads): no get of a value ends before its set begins; and, where a value's
 * zone reaches from the first end to the last beginning among its set and its gets, no two zones that run forward overlap, and
 * none that runs backward lies within one that runs forward. Deletions and gets that found nothing are zones of their
 * own: becoming empty explains each. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include <wattle/cache.h>

enum { KEYS = 40, THREADS = 4, OPS = 60000, SIZE_MOST = 9000, NONE = 0 };

/* For threads, where cmocka cannot fail a test. */
#define CHECK(x)                                                                  \
    do {                                                                          \
        if (!(x)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #x); \
            abort();                                                              \
        }                                                                         \
    } while (0)

typedef struct op {
    uint64_t begin, end;
    uint32_t value; /* NONE: nothing found, deleted, or a set that failed */
    uint8_t key;
    bool sets;
} op;

typedef struct actor {
    pthread_t thread;
    wtl_cache *cache;
    unsigned who, busy;
    op *ops;
} actor;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint32_t random32(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* A value says which it is, and all its bytes follow from that. */
static size_t spell(uint8_t *p, uint32_t value, uint8_t key)
{
    size_t n = 8 + (value * UINT32_C(2654435761) >> 8) % (SIZE_MOST - 8);
    memset(p, (int)(value + key), n);
    memcpy(p, &value, sizeof value);
    memcpy(p + 4, &key, 1);
    return n;
}

static void must_be_whole(const wtl_cache_ref *ref, uint8_t key, uint32_t *value)
{
    uint8_t want[SIZE_MOST];
    CHECK(ref->value.n >= 8);
    memcpy(value, ref->value.p, sizeof *value);
    CHECK(ref->value.n == spell(want, *value, key));
    CHECK(memcmp(ref->value.p, want, ref->value.n) == 0);
}

static void act(actor *a, wtl_cache_reader *r, op *o, uint32_t dice, uint32_t value)
{
    uint8_t bytes[SIZE_MOST];
    wtl_bytes key = {&o->key, 1};
    wtl_cache_ref ref;
    if (dice % 100 < 70) {
        wtl_cache_enter(r);
        o->begin = now();
        int rc = dice % 2 ? wtl_cache_get(r, key, &ref)
                          : (wtl_cache_get_many(r, &key, 1, &ref) == 1 ? WTL_OK : WTL_NO);
        o->end = now();
        if (rc == WTL_OK)
            must_be_whole(&ref, o->key, &o->value);
        wtl_cache_leave(r);
        return;
    }
    if (dice % 100 < 95) {
        size_t n = spell(bytes, value, o->key);
        o->begin = now();
        int rc = wtl_cache_set(r, key, (wtl_bytes){bytes, n}, 0, NULL);
        o->end = now();
        o->sets = rc == WTL_OK;
        o->value = rc == WTL_OK ? value : NONE;
        a->busy += rc == WTL_BUSY;
        CHECK(rc == WTL_OK || rc == WTL_BUSY || rc == WTL_NO);
        return;
    }
    o->begin = now();
    int rc = wtl_cache_del(r, key);
    o->end = now();
    CHECK(rc == WTL_OK || rc == WTL_NO);
}

static void *play(void *arg)
{
    actor *a = arg;
    wtl_cache_reader *r;
    uint32_t x = a->who + 1;
    CHECK(wtl_cache_reader_open(&r, a->cache, NULL) == 0);
    for (uint32_t i = 0; i < OPS; i++) {
        op *o = &a->ops[i];
        o->key = (uint8_t)(random32(&x) % KEYS);
        act(a, r, o, random32(&x) >> 8, 1 + i + a->who * OPS);
    }
    wtl_cache_reader_close(r);
    return NULL;
}

typedef struct zone {
    uint64_t first_end, last_begin; /* forward when first_end < last_begin */
    uint64_t set_begin;
    uint8_t key;
    bool used, set;
} zone;

static void widen(zone *z, const op *o)
{
    if (!z->used) {
        z->used = true;
        z->key = o->key;
        z->first_end = o->end;
        z->last_begin = o->begin;
    }
    assert_int_equal(z->key, o->key);
    z->first_end = o->end < z->first_end ? o->end : z->first_end;
    z->last_begin = o->begin > z->last_begin ? o->begin : z->last_begin;
    if (o->sets) {
        z->set = true;
        z->set_begin = o->begin;
    }
}

static int by_begin(const void *a, const void *b)
{
    const zone *x = a;
    const zone *y = b;
    return x->first_end < y->first_end ? -1 : x->first_end > y->first_end;
}

/* The forward zones of one key, in order, must not overlap; `empty` lie within none of them, other backward zones neither. */
static bool atomic_key(zone *forward, size_t n, const zone *backward, size_t m)
{
    qsort(forward, n, sizeof *forward, by_begin);
    for (size_t i = 1; i < n; i++) {
        if (forward[i].first_end < forward[i - 1].last_begin)
            return false;
    }
    for (size_t i = 0; i < m; i++) {
        size_t low = 0;
        for (size_t high = n; low < high;) { /* the last forward zone that begins before */
            size_t mid = (low + high) / 2;
            if (forward[mid].first_end < backward[i].last_begin)
                low = mid + 1;
            else
                high = mid;
        }
        if (low > 0 && backward[i].first_end < forward[low - 1].last_begin)
            return false;
    }
    return true;
}

/* Whether this is a history of registers. */
static bool atomic_history(const op *ops, size_t n, uint32_t values)
{
    zone *of = calloc(values + 1, sizeof *of);
    zone *forward = calloc(n, sizeof *forward);
    zone *backward = calloc(n, sizeof *backward);
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        if (ops[i].value != NONE)
            widen(&of[ops[i].value], &ops[i]);
    }
    for (uint32_t v = 1; v <= values; v++)
        good = good && (!of[v].used || (of[v].set && of[v].first_end >= of[v].set_begin));
    for (unsigned key = 0; key < KEYS && good; key++) {
        size_t f = 0;
        size_t b = 0;
        for (uint32_t v = 1; v <= values; v++) {
            if (of[v].used && of[v].key == key && of[v].first_end < of[v].last_begin)
                forward[f++] = of[v];
            else if (of[v].used && of[v].key == key) /* from its last beginning to its first end */
                backward[b++] = of[v];
        }
        for (size_t i = 0; i < n; i++) {
            if (ops[i].value == NONE && ops[i].key == key)
                backward[b++] = (zone){.first_end = ops[i].end, .last_begin = ops[i].begin};
        }
        good = atomic_key(forward, f, backward, b);
    }
    free(of);
    free(forward);
    free(backward);
    return good;
}

static void checker_finds_faults(void **state)
{
    (void)state;
    const op good[] = {{1, 2, 1, 0, true},
                       {3, 4, 1, 0, false},
                       {3, 6, 2, 0, true},
                       {5, 7, 2, 0, false},
                       {8, 9, NONE, 0, false}};
    assert_true(atomic_history(good, 5, 2));
    const op stale[] = {{1, 2, 1, 0, true}, {3, 4, 2, 0, true}, {5, 6, 1, 0, false}};
    assert_false(atomic_history(stale, 3, 2));
    const op back[] = {{1, 2, 1, 0, true}, {3, 4, NONE, 0, false}, {5, 6, 1, 0, false}};
    assert_false(atomic_history(back, 3, 1));
    const op early[] = {{1, 2, 1, 0, false}, {3, 4, 1, 0, true}};
    assert_false(atomic_history(early, 2, 1));
    const op flip[] = {{1, 9, 1, 0, true},
                       {1, 9, 2, 0, true},
                       {10, 11, 1, 0, false},
                       {12, 13, 2, 0, false},
                       {14, 15, 1, 0, false}};
    assert_false(atomic_history(flip, 5, 2));
    const op nobody[] = {{1, 2, 1, 0, false}};
    assert_false(atomic_history(nobody, 1, 1));
}

static void run(const char *level, bool no_membarrier)
{
    actor a[THREADS] = {0};
    wtl_cache *c;
    wtl_cache_stats s;
    int rc = wtl_cache_open(&c,
                            &(wtl_cache_options){.capacity = WTL_CACHE_CAPACITY_LEAST * 2,
                                                 .cpu_level = level,
                                                 .no_membarrier = no_membarrier},
                            NULL);
    if (rc != 0) {
        print_message("%s: not on this machine\n", level);
        return;
    }
    op *ops = calloc(THREADS * OPS, sizeof *ops);
    for (unsigned i = 0; i < THREADS; i++) {
        a[i] = (actor){.cache = c, .who = i, .ops = ops + i * OPS};
        assert_int_equal(pthread_create(&a[i].thread, NULL, play, &a[i]), 0);
    }
    unsigned busy = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(a[i].thread, NULL);
        busy += a[i].busy;
    }
    wtl_cache_stats_read(c, &s);
    print_message("%s: %lu gets, %lu hits, %lu sets, %lu evicted, %u busy\n", s.cpu_level,
                  (unsigned long)s.gets, (unsigned long)s.hits, (unsigned long)s.sets,
                  (unsigned long)s.evicted, busy);
    assert_true(s.evicted > 1000 && s.hits > 1000);
    assert_true(atomic_history(ops, THREADS * OPS, THREADS * OPS));
    assert_int_equal(wtl_cache_close(c, NULL), 0);
    free(ops);
}

static void histories(void **state)
{
    (void)state;
    run("ref", false);
    run("aes", false);
    run("vaes", false);
    run(NULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(checker_finds_faults), cmocka_unit_test(histories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
