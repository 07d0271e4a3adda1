/* What the cache library costs, by keys, value size, threads and way of lookup.
 *   cache_perf [KEYS [VALUE [THREADS [LEVEL [MIB]]]]]  LEVEL: ref, aes, vaes, best. THREADS 0: sets alone */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wattle/cache.h>

enum {
    KEY_MOST = 40,
    GETS = 1 << 20,
    BATCH = 32,
    ROUNDS = 5,
    CHUNK = 1 << 13,
    CHUNKS = ROUNDS * GETS / CHUNK
};
static double chunk[CHUNKS];
static size_t chunks;

static uint8_t (*text)[KEY_MOST];
static uint8_t *length;
static uint32_t *order;
static uint8_t (
    *query)[KEY_MOST]; /* keys in the order in which they are asked for, as requests would bring them */
static uint8_t *query_n;
static size_t keys = 100000, value_n = 64;
static uint8_t *value;
static wtl_cache *cache;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int rc, const wtl_err *err, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "cache_perf: %s: %s %s\n", what, wtl_rc_name(rc), err != NULL ? err->text : "");
    exit(1);
}

static uint64_t random64(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static wtl_bytes key(size_t i)
{
    return (wtl_bytes){text[i], length[i]};
}

static wtl_bytes asked(size_t i)
{
    return (wtl_bytes){query[i], query_n[i]};
}

static void make_keys(void)
{
    uint64_t x = 88172645463325252;
    text = calloc(keys, sizeof *text);
    length = calloc(keys, 1);
    order = calloc(GETS, sizeof *order);
    value = calloc(1, value_n + 1);
    for (size_t i = 0; i < keys; i++) {
        length[i] = (uint8_t)(16 + random64(&x) % 25);
        for (size_t j = 0; j < KEY_MOST; j += 8) {
            uint64_t w = random64(&x);
            memcpy(text[i] + j, &w, 8);
        }
    }
    for (size_t i = 0; i < GETS; i++)
        order[i] = (uint32_t)(random64(&x) % keys);
    query = calloc(GETS, sizeof *query);
    query_n = calloc(GETS, 1);
    for (size_t i = 0; i < GETS; i++) {
        memcpy(query[i], text[order[i]], KEY_MOST);
        query_n[i] = length[order[i]];
    }
}

/* Each on lines of its own. */
typedef struct job {
    _Alignas(256) pthread_t thread;
    unsigned who, writes; /* writes: of 100 */
    size_t found;
} job;

static void mark_chunk(const job *j, size_t i, double *from)
{
    if (j->who != 0 || i % CHUNK != 0 || i == 0)
        return;
    double t = now();
    chunk[chunks++ % CHUNKS] = t - *from;
    *from = t;
}

/* A section for every key, or one for as many as `section` says. */
static void get_in_sections(job *j, wtl_cache_reader *r, size_t section)
{
    uint64_t sum = 0;
    size_t start = (size_t)j->who * 79190;
    double from = now();
    for (size_t i = 0; i < GETS; i += section) {
        wtl_cache_enter(r);
        for (size_t k = i; k < i + section; k++) {
            wtl_cache_ref ref;
            j->found += wtl_cache_get(r, asked((k + start) % GETS), &ref) == 0;
            sum += (uintptr_t)ref.value.p;
        }
        wtl_cache_leave(r);
        mark_chunk(j, i, &from);
    }
    *(volatile uint64_t *)&sum;
}

static void mixed(job *j, wtl_cache_reader *r)
{
    wtl_err err = {0};
    wtl_bytes v = {value, value_n};
    double from = now();
    for (size_t i = 0; i < GETS; i++) {
        mark_chunk(j, i, &from);
        wtl_bytes k = asked((i + (size_t)j->who * 79190) % GETS);
        wtl_cache_ref ref;
        if (i % 100 < j->writes) {
            must(wtl_cache_set(r, k, v, 0, &err), &err, "set");
            continue;
        }
        wtl_cache_enter(r);
        j->found += wtl_cache_get(r, k, &ref) == 0;
        wtl_cache_leave(r);
    }
}

static wtl_cache_reader *handle(void)
{
    wtl_cache_reader *r;
    wtl_err err = {0};
    must(wtl_cache_reader_open(&r, cache, &err), &err, "handle");
    return r;
}

static void *gets(void *arg)
{
    job *j = arg;
    wtl_cache_reader *r = handle();
    if (j->writes != 0)
        mixed(j, r);
    else
        get_in_sections(j, r, 1);
    wtl_cache_reader_close(r);
    return NULL;
}

static void *gets_of_64(void *arg)
{
    wtl_cache_reader *r = handle();
    get_in_sections(arg, r, 64);
    wtl_cache_reader_close(r);
    return NULL;
}

static void *many(void *arg)
{
    job *j = arg;
    wtl_cache_reader *r = handle();
    double from = now();
    for (size_t i = 0; i < GETS; i += BATCH) {
        wtl_bytes k[BATCH];
        wtl_cache_ref ref[BATCH];
        mark_chunk(j, i, &from);
        for (size_t b = 0; b < BATCH; b++)
            k[b] = asked(i + b);
        wtl_cache_enter(r);
        j->found += (size_t)wtl_cache_get_many(r, k, BATCH, ref);
        wtl_cache_leave(r);
    }
    wtl_cache_reader_close(r);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void run(const char *what, void *(*f)(void *), unsigned threads, unsigned writes)
{
    double best = 1e18;
    chunks = 0;
    size_t found = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        job j[64] = {0};
        double t = now();
        for (unsigned i = 0; i < threads; i++) {
            j[i].who = i;
            j[i].writes = writes;
            pthread_create(&j[i].thread, NULL, f, &j[i]);
        }
        found = 0;
        for (unsigned i = 0; i < threads; i++) {
            pthread_join(j[i].thread, NULL);
            found += j[i].found;
        }
        t = now() - t;
        best = t < best ? t : best;
    }
    qsort(chunk, chunks, sizeof *chunk, by_size);
    printf(
        "%-14s %u threads  median %7.1f ns  best tenth %7.1f  best run %7.1f  %8.2f Mop/s  found %.1f %%\n",
        what, threads, chunk[chunks / 2] / CHUNK, chunk[chunks / 10] / CHUNK, best / GETS,
        1e3 * threads * GETS / best, 100.0 * (double)found / ((double)GETS * threads));
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
    keys = argc > 1 ? strtoul(argv[1], NULL, 10) : keys;
    value_n = argc > 2 ? strtoul(argv[2], NULL, 10) : value_n;
    make_keys();
    wtl_cache_options o = {.capacity = keys * (value_n + 200) + (keys * (value_n + 200)) / 8 + (32 << 20)};
    if (argc > 4 && strcmp(argv[4], "best") != 0)
        o.cpu_level = argv[4];
    if (argc > 5)
        o.capacity = strtoull(argv[5], NULL, 10) << 20;
    wtl_err err = {0};
    must(wtl_cache_open(&cache, &o, &err), &err, "open");
    wtl_cache_reader *r;
    must(wtl_cache_reader_open(&r, cache, &err), &err, "handle");
    for (unsigned round = 0; round < (threads == 0 ? 10 : 3); round++) {
        double t = now();
        for (size_t i = 0; i < keys; i++)
            must(wtl_cache_set(r, key(i), (wtl_bytes){value, value_n}, 0, &err), &err, "set");
        printf("set %zu B: %.1f ns\n", value_n, (now() - t) / (double)keys);
    }
    wtl_cache_stats s;
    wtl_cache_stats_read(cache, &s);
    printf("%s, %u shards, entries %lu, evicted %lu, %.1f B each with table %.1f; capacity/entries %.1f; "
           "free %lu waiting %lu\n",
           s.cpu_level, s.shards, s.entries, s.evicted, (double)s.entry_bytes / (double)s.entries,
           (double)(s.entry_bytes + s.table_bytes) / (double)s.entries,
           (double)s.capacity / (double)s.entries, s.free_bytes, s.waiting);
    wtl_cache_reader_close(r);
    if (threads == 0)
        return 0;
    run("get", gets, 1, 0);
    run("get, 64 a section", gets_of_64, 1, 0);
    run("get_many 32", many, 1, 0);
    run("90/10", gets, 1, 10);
    for (unsigned n = 2; n <= threads; n *= 2) {
        run("get", gets, n, 0);
        run("90/10", gets, n, 10);
    }
    must(wtl_cache_close(cache, &err), &err, "close");
    return 0;
}
