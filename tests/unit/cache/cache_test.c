#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "cache/shard.h"
#include <wattle/cache.h>

#define MIB (UINT64_C(1) << 20)
static const char *const levels[] = {"ref", "aes", "vaes"};
static _Atomic uint64_t clock_value;

static uint64_t a_clock(void *arg)
{
    (void)arg;
    return atomic_load(&clock_value);
}

static wtl_bytes text(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, strlen(s)};
}

static wtl_cache *opened(const wtl_cache_options *o)
{
    wtl_cache *c;
    wtl_err err = {0};
    assert_good(wtl_cache_open(&c, o, &err), &err);
    return c;
}

static wtl_cache_reader *handle(wtl_cache *c)
{
    wtl_cache_reader *r;
    wtl_err err = {0};
    assert_good(wtl_cache_reader_open(&r, c, &err), &err);
    return r;
}

static void closed(wtl_cache *c)
{
    wtl_err err = {0};
    assert_good(wtl_cache_close(c, &err), &err);
}

/* All of the capacity is accounted for. */
static void adds_up(wtl_cache *c)
{
    wtl_cache_stats s;
    uint64_t waste = 0;
    wtl_cache_stats_read(c, &s);
    for (unsigned i = 0; i < c->n_shards; i++)
        waste += WTL_BLOCK_UNIT * (1 + (uint64_t)c->shards[i].arena.first);
    assert_int_equal(s.entry_bytes + s.table_bytes + s.waiting + s.pinned + s.reserved + s.free_bytes + waste,
                     s.capacity);
}

static int put(wtl_cache_reader *r, const char *key, const char *value)
{
    return wtl_cache_set(r, text(key), text(value), 0, NULL);
}

static void expect(wtl_cache_reader *r, const char *key, const char *value)
{
    wtl_cache_ref ref;
    wtl_cache_enter(r);
    int rc = wtl_cache_get(r, text(key), &ref);
    assert_int_equal(rc, value != NULL ? WTL_OK : WTL_NO);
    if (value != NULL) {
        assert_int_equal(ref.value.n, strlen(value));
        assert_memory_equal(ref.value.p, value, ref.value.n);
        assert_int_equal(wtl_cache_ref_key(&ref).n, strlen(key));
        assert_memory_equal(wtl_cache_ref_key(&ref).p, key, strlen(key));
    } else {
        assert_null(ref.entry);
    }
    wtl_cache_leave(r);
}

static void set_get_del(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wtl_cache *c;
        wtl_err err = {0};
        int rc = wtl_cache_open(&c, &(wtl_cache_options){.capacity = MIB, .cpu_level = levels[i]}, &err);
        if (rc == WTL_POLICY || rc == WTL_USAGE) {
            print_message("%s: not on this machine\n", levels[i]);
            continue;
        }
        assert_good(rc, &err);
        wtl_cache_reader *r = handle(c);
        expect(r, "a", NULL);
        assert_int_equal(put(r, "a", "one"), 0);
        assert_int_equal(put(r, "", "empty key"), 0);
        assert_int_equal(put(r, "b", ""), 0);
        expect(r, "a", "one");
        expect(r, "", "empty key");
        expect(r, "b", "");
        assert_int_equal(put(r, "a", "two, which is longer"), 0);
        expect(r, "a", "two, which is longer");
        assert_int_equal(wtl_cache_del(r, text("a")), WTL_OK);
        assert_int_equal(wtl_cache_del(r, text("a")), WTL_NO);
        expect(r, "a", NULL);
        assert_int_equal(wtl_cache_clear(r), 0);
        expect(r, "b", NULL);
        wtl_cache_stats s;
        wtl_cache_stats_read(c, &s);
        assert_int_equal(s.sets, 4);
        assert_int_equal(s.replaced, 1);
        assert_int_equal(s.dels, 3);
        assert_int_equal(s.gets, 7);
        assert_int_equal(s.hits, 4);
        assert_int_equal(s.entries, 0);
        adds_up(c);
        wtl_cache_reader_close(r);
        closed(c);
    }
}

/* Keys of every length to 200 and of 64 KiB, which differ from a neighbour in one bit at each end. */
static void keys_compared_in_full(void **state)
{
    (void)state;
    for (size_t l = 0; l < 3; l++) {
        wtl_cache *c;
        if (wtl_cache_open(&c, &(wtl_cache_options){.capacity = 16 * MIB, .cpu_level = levels[l]}, NULL) < 0)
            continue;
        wtl_cache_reader *r = handle(c);
        wtl_err err = {0};
        for (size_t i = 1; i <= 201; i++) {
            size_t n = i <= 200 ? i : WTL_CACHE_KEY_MOST;
            uint8_t *key = calloc(1, n);
            wtl_cache_ref ref;
            assert_good(
                wtl_cache_set(r, (wtl_bytes){key, n}, (wtl_bytes){(const uint8_t *)&n, sizeof n}, 0, &err),
                &err);
            wtl_cache_enter(r);
            assert_int_equal(wtl_cache_get(r, (wtl_bytes){key, n}, &ref), WTL_OK);
            assert_memory_equal(ref.value.p, &n, sizeof n);
            for (size_t k = 0; k < n; k += n < 300 ? 1 : 4099) {
                key[k] ^= 1;
                assert_int_equal(wtl_cache_get(r, (wtl_bytes){key, n}, &ref), WTL_NO);
                key[k] ^= 1;
            }
            wtl_cache_leave(r);
            free(key);
        }
        uint8_t *long_key = calloc(1, WTL_CACHE_KEY_MOST + 1);
        wtl_bytes k = {long_key, WTL_CACHE_KEY_MOST + 1};
        wtl_cache_ref ref;
        assert_int_equal(wtl_cache_set(r, k, text("x"), 0, &err), WTL_POLICY);
        wtl_cache_enter(r);
        assert_int_equal(wtl_cache_get(r, k, &ref), WTL_USAGE);
        assert_int_equal(wtl_cache_get_many(r, &k, 1, &ref), WTL_USAGE);
        wtl_cache_leave(r);
        assert_int_equal(wtl_cache_del(r, k), WTL_USAGE);
        free(long_key);
        wtl_cache_reader_close(r);
        closed(c);
    }
}

static void outside_of_sections(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB, .readers = 2});
    wtl_cache_reader *r = handle(c);
    wtl_cache_reader *r2 = handle(c);
    wtl_cache_reader *r3;
    wtl_cache_ref ref;
    wtl_err err = {0};
    assert_int_equal(wtl_cache_reader_open(&r3, c, &err), WTL_BUSY);
    assert_null(r3);
    assert_int_equal(put(r, "a", "1"), 0);
    assert_int_equal(wtl_cache_get(r, text("a"), &ref), WTL_USAGE);
    assert_null(ref.entry);
    wtl_cache_leave(r); /* too often: nothing happens */
    wtl_cache_enter(r);
    wtl_cache_enter(r);
    wtl_cache_leave(r);
    assert_int_equal(wtl_cache_get(r, text("a"), &ref), WTL_OK);
    wtl_cache_leave(r);
    assert_int_equal(wtl_cache_get(r, text("a"), &ref), WTL_USAGE);
    assert_int_equal(wtl_cache_close(c, &err), WTL_BUSY);
    wtl_cache_reader_close(r2);
    r3 = handle(c);
    wtl_cache_reader_close(r3);
    wtl_cache_reader_close(r);
    wtl_cache_reader_close(NULL);
    closed(c);
    closed(NULL);
}

static void bad_options(void **state)
{
    (void)state;
    const wtl_cache_options bad[] = {{.capacity = 0},
                                     {.capacity = WTL_CACHE_CAPACITY_LEAST - 1},
                                     {.capacity = UINT64_MAX},
                                     {.capacity = MIB, .max_value = MIB},
                                     {.capacity = 16384 * MIB, .max_value = WTL_CACHE_VALUE_MOST + 1},
                                     {.capacity = MIB, .readers = 5000},
                                     {.capacity = MIB, .objective = (enum wtl_cache_objective)7},
                                     {.capacity = MIB, .cpu_level = "mmx"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wtl_cache *c = (wtl_cache *)(void *)&c;
        wtl_err err = {0};
        assert_int_equal(wtl_cache_open(&c, &bad[i], &err), WTL_USAGE);
        assert_null(c);
        assert_int_not_equal(err.text[0], 0);
    }
}

static void too_large(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = WTL_CACHE_CAPACITY_LEAST});
    wtl_cache_reader *r = handle(c);
    wtl_err err = {0};
    wtl_cache_room room;
    uint8_t *value = calloc(1, 100000);
    assert_int_equal(put(r, "a", "old"), 0);
    assert_int_equal(wtl_cache_reserve(r, text("a"), 100000, 0, &room, &err), WTL_POLICY);
    expect(r, "a", "old");
    assert_int_equal(wtl_cache_set(r, text("a"), (wtl_bytes){value, 100000}, 0, &err), WTL_POLICY);
    expect(r, "a", NULL);
    assert_int_equal(wtl_cache_set(r, text("a"), (wtl_bytes){value, 8193}, 0, &err), WTL_POLICY);
    assert_good(wtl_cache_set(r, text("a"), (wtl_bytes){value, 8192}, 0, &err), &err);
    adds_up(c);
    free(value);
    wtl_cache_reader_close(r);
    closed(c);
}

static void times_to_live(void **state)
{
    (void)state;
    wtl_cache_ref ref;
    atomic_store(&clock_value, 1000000);
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB, .clock_ms = a_clock, .ttl_ms = 500});
    wtl_cache_reader *r = handle(c);
    assert_int_equal(wtl_cache_set(r, text("default"), text("1"), WTL_CACHE_TTL_DEFAULT, NULL), 0);
    assert_int_equal(wtl_cache_set(r, text("one"), text("2"), 1, NULL), 0);
    assert_int_equal(wtl_cache_set(r, text("never"), text("3"), WTL_CACHE_TTL_NONE, NULL), 0);
    assert_int_equal(wtl_cache_set(r, text("ages"), text("4"), UINT64_MAX - 1, NULL), 0);
    expect(r, "one", "2");
    wtl_cache_enter(r);
    assert_int_equal(wtl_cache_get(r, text("default"), &ref), 0);
    assert_int_equal(wtl_cache_ref_ttl(r, &ref), 500);
    assert_int_equal(wtl_cache_get(r, text("never"), &ref), 0);
    assert_int_equal(wtl_cache_ref_ttl(r, &ref), WTL_CACHE_TTL_NONE);
    wtl_cache_leave(r);
    atomic_store(&clock_value, 1000001);
    expect(r, "one", NULL);
    assert_int_equal(wtl_cache_del(r, text("one")), WTL_NO);
    atomic_store(&clock_value, 1000499);
    expect(r, "default", "1");
    atomic_store(&clock_value, 1000500);
    expect(r, "default", NULL);
    /* the clock jumps back, below where it began: what has not been removed lives again, and nothing else happens */
    atomic_store(&clock_value, 5);
    expect(r, "default", "1");
    assert_int_equal(wtl_cache_set(r, text("back"), text("5"), 10, NULL), 0);
    expect(r, "back", "5");
    /* and far ahead */
    atomic_store(&clock_value, UINT64_MAX);
    expect(r, "back", NULL);
    expect(r, "never", "3");
    expect(r, "ages", "4");
    assert_int_equal(wtl_cache_set(r, text("late"), text("6"), 10, NULL), 0);
    expect(r, "late", "6");
    wtl_cache_stats s;
    wtl_cache_stats_read(c, &s);
    assert_true(s.expired >= 3);
    adds_up(c);
    wtl_cache_reader_close(r);
    closed(c);
}

static void reservations(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB});
    wtl_cache_reader *r = handle(c);
    wtl_err err = {0};
    wtl_cache_room room;
    wtl_cache_room none = {0};
    assert_int_equal(put(r, "a", "old"), 0);
    assert_good(wtl_cache_reserve(r, text("a"), 5000, 0, &room, &err), &err);
    expect(r, "a", "old");
    memset(room.value, 'x', 5000);
    assert_int_equal(wtl_cache_close(c, &err), WTL_BUSY);
    assert_good(wtl_cache_commit(r, &room, 3, &err), &err);
    assert_null(room.entry);
    expect(r, "a", "xxx");
    adds_up(c);
    assert_good(wtl_cache_reserve(r, text("a"), 5000, 0, &room, &err), &err);
    wtl_cache_drop(r, &room);
    wtl_cache_drop(r, &room);
    expect(r, "a", "xxx");
    assert_int_equal(wtl_cache_commit(r, &none, 0, &err), WTL_USAGE);
    wtl_cache_stats s;
    wtl_cache_stats_read(c, &s);
    assert_int_equal(s.reserved, 0);
    adds_up(c);
    wtl_cache_reader_close(r);
    closed(c);
}

static void pins(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB});
    wtl_cache_reader *r = handle(c);
    wtl_cache_ref ref;
    wtl_err err = {0};
    assert_int_equal(put(r, "kept", "pinned value"), 0);
    wtl_cache_enter(r);
    assert_int_equal(wtl_cache_get(r, text("kept"), &ref), 0);
    assert_int_equal(wtl_cache_pin(r, &ref), 0);
    assert_int_equal(wtl_cache_pin(r, &ref), 0);
    wtl_cache_leave(r);
    /* much goes through; the pinned one is not evicted */
    char key[32];
    uint8_t value[3000] = {0};
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "key %u", i);
        assert_good(wtl_cache_set(r, text(key), (wtl_bytes){value, sizeof value}, 0, &err), &err);
    }
    expect(r, "kept", "pinned value");
    assert_int_equal(wtl_cache_del(r, text("kept")), 0);
    expect(r, "kept", NULL);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "key %u", i);
        assert_good(wtl_cache_set(r, text(key), (wtl_bytes){value, sizeof value}, 0, &err), &err);
    }
    assert_memory_equal(ref.value.p, "pinned value", 12);
    wtl_cache_stats s;
    wtl_cache_stats_read(c, &s);
    assert_int_equal(s.pinned, 64);
    adds_up(c);
    wtl_cache_unpin(c, &ref);
    assert_memory_equal(ref.value.p, "pinned value", 12);
    wtl_cache_reader_close(r);
    assert_int_equal(wtl_cache_close(c, &err), WTL_BUSY);
    wtl_cache_unpin(c, &ref);
    wtl_cache_stats_read(c, &s);
    assert_int_equal(s.pinned, 0);
    adds_up(c);
    closed(c);
}

/* With everything pinned there is no room, at once and with a sentence; afterwards there is. */
static void all_pinned(void **state)
{
    (void)state;
    enum { MOST = 2000 };
    static wtl_cache_ref ref[MOST];
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB});
    wtl_cache_reader *r = handle(c);
    wtl_err err = {0};
    uint8_t value[1000] = {0};
    unsigned n = 0;
    int rc = 0;
    for (char key[32]; n < MOST; n++) {
        snprintf(key, sizeof key, "key %u", n);
        rc = wtl_cache_set(r, text(key), (wtl_bytes){value, sizeof value}, 0, &err);
        if (rc != 0)
            break;
        wtl_cache_enter(r);
        assert_int_equal(wtl_cache_get(r, text(key), &ref[n]), 0);
        assert_int_equal(wtl_cache_pin(r, &ref[n]), 0);
        wtl_cache_leave(r);
    }
    assert_int_equal(rc, WTL_BUSY);
    assert_in_range(n, MIB / 1088 * 8 / 10, MIB / 1024);
    adds_up(c);
    for (unsigned i = 0; i < n; i++)
        wtl_cache_unpin(c, &ref[i]);
    assert_good(wtl_cache_set(r, text("more"), (wtl_bytes){value, sizeof value}, 0, &err), &err);
    wtl_cache_reader_close(r);
    closed(c);
}

static int count_one(void *arg, wtl_bytes key, const wtl_cache_ref *ref)
{
    unsigned *seen = arg;
    unsigned i;
    assert_int_equal(key.n, sizeof i);
    memcpy(&i, key.p, sizeof i);
    assert_int_equal(ref->value.n, i % 100);
    seen[i]++;
    return i == 77777 ? 5 : 0;
}

static void walks(void **state)
{
    (void)state;
    enum { N = 20000 };
    unsigned *seen = calloc(N, sizeof *seen);
    uint8_t value[100] = {0};
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = 16 * MIB});
    wtl_cache_reader *r = handle(c);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(wtl_cache_set(r, (wtl_bytes){(const uint8_t *)&i, sizeof i},
                                       (wtl_bytes){value, i % 100}, 0, NULL),
                         0);
    assert_int_equal(wtl_cache_foreach(r, count_one, seen), 0);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    wtl_cache_stats s;
    wtl_cache_stats_read(c, &s);
    assert_int_equal(s.entries, N);
    adds_up(c);
    wtl_bytes keys[100];
    unsigned id[100];
    wtl_cache_ref refs[100];
    for (unsigned i = 0; i < 100; i++) {
        id[i] = i % 3 == 0 ? N + i : i * 7;
        keys[i] = (wtl_bytes){(const uint8_t *)&id[i], sizeof id[i]};
    }
    wtl_cache_enter(r);
    assert_int_equal(wtl_cache_get_many(r, keys, 100, refs), 66);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(refs[i].entry == NULL, i % 3 == 0);
        assert_int_equal(refs[i].value.n, i % 3 == 0 ? 0 : i * 7 % 100);
    }
    wtl_cache_leave(r);
    free(seen);
    wtl_cache_reader_close(r);
    closed(c);
}

/* Values of all sizes, the large after the small, far beyond the capacity: it holds, and what is found is right. */
static void sizes_change(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     64,     690,     1088, 3309, 4493,    17088,
                                   49856, 300000, 4 << 20, 64,   7,    1 << 20, 4493};
    const wtl_cache_options o = {.capacity = 24 * MIB, .max_value = 4 * MIB};
    wtl_cache *c = opened(&o);
    wtl_cache_reader *r = handle(c);
    uint8_t *value = malloc(4 << 20);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        memset(value, (int)k, sizes[k]);
        unsigned n = (unsigned)(2 * o.capacity / (sizes[k] + 100));
        n = n < 20 ? 20 : n > 100000 ? 100000 : n;
        for (unsigned i = 0; i < n; i++) {
            wtl_err err = {0};
            wtl_cache_ref ref;
            wtl_bytes key = {(const uint8_t *)&i, sizeof i};
            int rc = wtl_cache_set(r, key, (wtl_bytes){value, sizes[k]}, 0, &err);
            if (rc == WTL_NO) /* not worth what would have to go */
                continue;
            assert_good(rc, &err);
            wtl_cache_enter(r);
            assert_int_equal(wtl_cache_get(r, key, &ref), 0);
            assert_int_equal(ref.value.n, sizes[k]);
            assert_true(ref.value.n == 0 || ref.value.p[ref.value.n - 1] == k);
            wtl_cache_leave(r);
        }
        adds_up(c);
        wtl_cache_stats s;
        wtl_cache_stats_read(c, &s);
        print_message("%zu B: %lu entries of %lu B, %lu free, %lu waiting\n", sizes[k],
                      (unsigned long)s.entries, (unsigned long)s.entry_bytes, (unsigned long)s.free_bytes,
                      (unsigned long)s.waiting);
    }
    free(value);
    wtl_cache_reader_close(r);
    closed(c);
}

static int fill(wtl_cache_reader *r, unsigned from, unsigned n, wtl_err *err)
{
    uint8_t value[1000] = {0};
    int rc = 0;
    for (unsigned i = from; i < from + n && rc == 0; i++)
        rc = wtl_cache_set(r, (wtl_bytes){(const uint8_t *)&i, sizeof i}, (wtl_bytes){value, sizeof value}, 0,
                           err);
    return rc;
}

/* A gibibyte in place, then another where the first and many small ones lay; only what is touched takes memory. */
static void a_gibibyte(void **state)
{
    (void)state;
    const size_t n = (size_t)1 << 30;
    wtl_cache *c;
    wtl_cache_ref ref;
    wtl_cache_room room;
    wtl_err err = {0};
    const wtl_cache_options o = {
        .capacity = 2 * n + 64 * MIB, .max_value = n, .lazy = true, .small_pages = true};
    assert_good(wtl_cache_open(&c, &o, &err), &err);
    wtl_cache_reader *r = handle(c);
    for (unsigned i = 0; i < 5; i++) {
        wtl_bytes key = {(const uint8_t *)&i, sizeof i};
        assert_good(wtl_cache_reserve(r, key, n, 0, &room, &err), &err);
        room.value[0] = (uint8_t)i;
        room.value[n - 1] = (uint8_t)(i + 1);
        assert_good(wtl_cache_commit(r, &room, n, &err), &err);
        wtl_cache_enter(r);
        assert_int_equal(wtl_cache_get(r, key, &ref), 0);
        assert_int_equal(ref.value.n, n);
        assert_int_equal(ref.value.p[0], i);
        assert_int_equal(ref.value.p[n - 1], i + 1);
        wtl_cache_leave(r);
        assert_good(fill(r, 1000 * i, 1000, &err), &err);
        adds_up(c);
    }
    wtl_cache_reader_close(r);
    closed(c);
}

/* 230 thousand session tokens' worth: what an entry of 4,493 bytes costs, all in all, in a full cache. */
static void memory_of_an_entry(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = 256 * MIB});
    wtl_cache_reader *r = handle(c);
    uint8_t value[4493] = {0};
    for (unsigned i = 0; i < 90000; i++) {
        char key[64];
        wtl_err err = {0};
        int n = snprintf(key, sizeof key, "%010u%.*s", i, (int)(6 + i % 25),
                         "0123456789abcdef0123456789abcdef");
        assert_good(wtl_cache_set(r, (wtl_bytes){(const uint8_t *)key, (size_t)n},
                                  (wtl_bytes){value, sizeof value}, 0, &err),
                    &err);
    }
    wtl_cache_stats s;
    wtl_cache_stats_read(c, &s);
    double each = (double)s.capacity / (double)s.entries;
    print_message("%lu entries, %.1f bytes each; in blocks %.1f, table %.1f\n", (unsigned long)s.entries,
                  each, (double)s.entry_bytes / (double)s.entries, (double)s.table_bytes / (double)s.entries);
    assert_true(s.evicted > 0);
    assert_true(each <= 4620);
    wtl_cache_reader_close(r);
    closed(c);
}

/* One reader never leaves: the cache goes on reading, stops taking after an eighth, and goes on when it leaves. */
static void reader_that_stays(void **state)
{
    (void)state;
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB, .max_value = MIB / 2});
    wtl_cache_reader *r = handle(c);
    wtl_cache_reader *stuck = handle(c);
    wtl_err err = {0};
    wtl_cache_stats s;
    wtl_cache_ref ref;
    assert_good(fill(r, 0, 8000, &err), &err);
    assert_int_equal(put(r, "held", "by the reader"), 0);
    wtl_cache_enter(stuck);
    assert_int_equal(wtl_cache_get(stuck, text("held"), &ref), 0);
    assert_int_equal(fill(r, 10000, 8000, &err), WTL_BUSY);
    wtl_cache_stats_read(c, &s);
    assert_in_range(s.waiting, 1, s.capacity / 8 + 2 * 1088 * s.shards);
    assert_int_equal(s.stalled, 1);
    assert_true(s.busy > 0);
    uint64_t entries = s.entries;
    for (unsigned i = 0; i < 20; i++)
        fill(r, 20000 + i, 1, &err);
    wtl_cache_stats_read(c, &s);
    assert_true(s.entries + 40 >= entries); /* nothing is evicted in vain */
    adds_up(c);
    assert_memory_equal(ref.value.p, "by the reader", 13);
    /* deleting works all the same */
    for (unsigned i = 0; i < 20000; i++) {
        wtl_cache_del(r, (wtl_bytes){(const uint8_t *)&i, sizeof i});
        wtl_cache_enter(r);
        wtl_cache_ref gone;
        assert_int_equal(wtl_cache_get(r, (wtl_bytes){(const uint8_t *)&i, sizeof i}, &gone), WTL_NO);
        wtl_cache_leave(r);
    }
    assert_memory_equal(ref.value.p, "by the reader", 13);
    wtl_cache_leave(stuck);
    assert_good(fill(r, 30000, 8000, &err), &err);
    wtl_cache_stats_read(c, &s);
    assert_int_equal(s.stalled, 0);
    adds_up(c);
    wtl_cache_reader_close(stuck);
    wtl_cache_reader_close(r);
    closed(c);
}

/* Whoever knows the secret sends keys of one bucket: they push out one another, no more than 16 stay, and the table
 * does not grow for them. */
static void flood(void **state)
{
    (void)state;
    enum { KEYS = 400 };
    static const uint8_t seed[32] = {1, 2, 3};
    wtl_cache *c = opened(&(wtl_cache_options){.capacity = MIB, .max_value = MIB / 2, .seed = seed});
    wtl_cache *same = opened(&(wtl_cache_options){.capacity = MIB, .max_value = MIB / 2, .seed = seed});
    assert_memory_equal(&c->secret, &same->secret, sizeof c->secret);
    closed(same);
    wtl_cache_reader *r = handle(c);
    wtl_err err = {0};
    wtl_cache_stats before;
    wtl_cache_stats after;
    assert_good(fill(r, 0, 100, &err), &err);
    wtl_cache_stats_read(c, &before);
    unsigned found = 0;
    uint64_t first = 0;
    for (uint64_t i = 0; found < KEYS; i++) {
        wtl_bytes key = {(const uint8_t *)&i, sizeof i};
        uint64_t h = c->probe->hash(&c->secret, key);
        uint64_t where = (h >> 16 & 0xff) | (h >> 42 & 0x3e) << 8;
        if (i == 0)
            first = where;
        if (where != first)
            continue;
        found++;
        assert_good(wtl_cache_set(r, key, text("flood"), 0, &err), &err);
        wtl_cache_ref ref;
        wtl_cache_enter(r);
        assert_int_equal(wtl_cache_get(r, key, &ref), 0);
        wtl_cache_leave(r);
    }
    wtl_cache_stats_read(c, &after);
    assert_true(after.entries <= before.entries + 16);
    assert_int_equal(after.table_bytes, before.table_bytes);
    adds_up(c);
    wtl_cache_reader_close(r);
    closed(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(set_get_del),
                                       cmocka_unit_test(keys_compared_in_full),
                                       cmocka_unit_test(outside_of_sections),
                                       cmocka_unit_test(bad_options),
                                       cmocka_unit_test(too_large),
                                       cmocka_unit_test(times_to_live),
                                       cmocka_unit_test(reservations),
                                       cmocka_unit_test(pins),
                                       cmocka_unit_test(all_pinned),
                                       cmocka_unit_test(walks),
                                       cmocka_unit_test(sizes_change),
                                       cmocka_unit_test(a_gibibyte),
                                       cmocka_unit_test(memory_of_an_entry),
                                       cmocka_unit_test(reader_that_stays),
                                       cmocka_unit_test(flood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
