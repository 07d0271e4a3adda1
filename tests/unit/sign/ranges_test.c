#include "model.h"

#include <fcntl.h>
#include <pthread.h>

#include "fs/walk.h"
#include "sign/ranges.h"

enum { MOST = 64 };

/* Files f000, f001, ... of these sizes in the folder m, and what is to come of them. */
typedef struct fixture {
    size_t n;
    wtl_walk walk;
    wtl_ranges_file file[MOST];
    size_t n_ranges;
    uint8_t *out;
    uint8_t *want;
} fixture;

static void free_fixture(fixture *f)
{
    wtl_walk_free(&f->walk);
    free(f->out);
    free(f->want);
}

static void fill(uint8_t *p, size_t n, unsigned seed)
{
    uint32_t x = 2463534242U + seed;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        p[i] = (uint8_t)x;
    }
}

static void lay_out(fixture *f, const size_t *sizes, size_t n, enum wtl_hash h, uint64_t shard)
{
    *f = (fixture){.n = n};
    wtl_err err = {0};
    if (!exists("m"))
        make_folder("m");
    for (size_t i = 0; i < n; i++)
        f->n_ranges += (size_t)wtl_ranges_count(sizes[i], shard);
    f->out = calloc(f->n_ranges, WTL_HASH_MAX);
    f->want = calloc(f->n_ranges, WTL_HASH_MAX);
    assert_true(f->out != NULL && f->want != NULL);
    uint8_t *next = f->want;
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "m/f%03zu", i);
        uint8_t *data = malloc(sizes[i] + 1);
        assert_non_null(data);
        fill(data, sizes[i], (unsigned)i);
        put_bytes(name, data, sizes[i]);
        for (uint64_t at = 0, k = 0; k < wtl_ranges_count(sizes[i], shard); k++) {
            size_t part = shard > 0 && sizes[i] - at > shard ? (size_t)shard : sizes[i] - (size_t)at;
            assert_good(wtl_hash_once(h, (wtl_bytes){data + at, part}, next, &err), &err);
            next += wtl_hash_size(h);
            at += part;
        }
        free(data);
    }
    assert_good(wtl_walk_dir(&f->walk, at("m"), NULL, NULL, &err), &err);
    assert_int_equal(f->walk.n, n);
    uint8_t *out = f->out;
    for (size_t i = 0; i < n; i++) {
        f->file[i] = (wtl_ranges_file){.path = f->walk.e[i].path, .seen = &f->walk.e[i].stamp, .out = out};
        out += wtl_ranges_count(sizes[i], shard) * wtl_hash_size(h);
    }
}

static int digest(const fixture *f, enum wtl_hash h, uint64_t shard, unsigned threads, wtl_progress progress,
                  uint64_t *done, wtl_err *err)
{
    wtl_ranges r = {.root = at("m"),
                    .file = f->file,
                    .n = f->n,
                    .hash = h,
                    .shard_size = shard,
                    .threads = threads,
                    .progress = progress};
    return wtl_ranges_digest(&r, done, err);
}

static size_t open_files(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static void counts(void **state)
{
    (void)state;
    assert_int_equal(wtl_ranges_count(0, 0), 1);
    assert_int_equal(wtl_ranges_count(0, 10), 1);
    assert_int_equal(wtl_ranges_count(1, 10), 1);
    assert_int_equal(wtl_ranges_count(10, 10), 1);
    assert_int_equal(wtl_ranges_count(11, 10), 2);
    assert_int_equal(wtl_ranges_count(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(wtl_ranges_count(INT64_MAX, INT64_MAX), 1);
    assert_int_equal(wtl_ranges_count(12345, 0), 1);
}

/* All sizes around the buffers' and blocks' bounds, by every number of threads, whole and in shards. */
static void right_digests(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,      1,      63,     64,      65,      4095,    4096,    4097,
                                   32767,  32768,  32769,  65535,   65536,   65537,   100000,  524287,
                                   524288, 524289, 999999, 1048576, 1048577, 2100000, 3000001, 0,
                                   5,      5,      5,      5,       5,       5,       5,       5};
    static const uint64_t shards[] = {0, 1000, 4096, 65536, 1 << 20, 3000000, INT64_MAX};
    static const unsigned threads[] = {1, 2, 5, 64};
    size_t before = open_files();
    for (size_t s = 0; s < sizeof shards / sizeof shards[0]; s++) {
        for (int h = 0; h < 2; h++) {
            enum wtl_hash hash = h == 0 ? WTL_HASH_SHA256 : WTL_HASH_BLAKE2B;
            fixture f;
            lay_out(&f, sizes, sizeof sizes / sizeof sizes[0], hash, shards[s]);
            for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
                wtl_err err = {0};
                uint64_t done;
                memset(f.out, 0, f.n_ranges * WTL_HASH_MAX);
                assert_good(digest(&f, hash, shards[s], threads[t], (wtl_progress){0}, &done, &err), &err);
                assert_int_equal(done, f.walk.bytes);
                assert_memory_equal(f.out, f.want, f.n_ranges * wtl_hash_size(hash));
            }
            free_fixture(&f);
        }
    }
    assert_int_equal(open_files(), before);
}

/* One large file: read by one thread and hashed by another. */
static void one_large(void **state)
{
    (void)state;
    static const size_t size = (40 << 20) + 7;
    fixture f;
    lay_out(&f, &size, 1, WTL_HASH_SHA256, 0);
    for (unsigned t = 1; t <= 4; t++) {
        wtl_err err = {0};
        uint64_t done;
        memset(f.out, 0, WTL_HASH_MAX);
        assert_good(digest(&f, WTL_HASH_SHA256, 0, t, (wtl_progress){0}, &done, &err), &err);
        assert_memory_equal(f.out, f.want, 32);
    }
    wtl_in in;
    wtl_err err = {0};
    assert_good(wtl_in_open(&in, at("m/f000"), &err), &err);
    f.file[0].seen = &in.stamp;
    wtl_ranges r = {.single = &in, .file = f.file, .n = 1, .hash = WTL_HASH_SHA256, .threads = 2};
    uint64_t done;
    memset(f.out, 0, WTL_HASH_MAX);
    assert_good(wtl_ranges_digest(&r, &done, &err), &err);
    assert_memory_equal(f.out, f.want, 32);
    wtl_in_close(&in);
    free_fixture(&f);
}

static void nowhere_and_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 0, 20};
    fixture f;
    lay_out(&f, sizes, 3, WTL_HASH_SHA256, 0);
    f.file[1].out = NULL;
    wtl_err err = {0};
    uint64_t done;
    assert_good(digest(&f, WTL_HASH_SHA256, 0, 2, (wtl_progress){0}, &done, &err), &err);
    assert_memory_equal(f.out, f.want, 32);
    f.n = 0;
    assert_good(digest(&f, WTL_HASH_SHA256, 0, 2, (wtl_progress){0}, &done, &err), &err);
    assert_int_equal(done, 0);
    free_fixture(&f);
}

/* ---- progress, and files that change */

typedef struct watcher {
    pthread_t thread;
    uint64_t last;
    uint64_t total;
    unsigned calls;
    const char *path;
    void (*disturb)(const char *path);
} watcher;

static void watch(void *arg, uint64_t done, uint64_t total)
{
    watcher *w = arg;
    assert_true(pthread_equal(pthread_self(), w->thread));
    assert_true(done > w->last && done <= total);
    w->last = done;
    w->total = total;
    if (w->calls++ == 0 && w->disturb != NULL)
        w->disturb(w->path);
}

static void tells(void **state)
{
    (void)state;
    static const size_t sizes[] = {20 << 20, 1000, 20 << 20};
    fixture f;
    lay_out(&f, sizes, 3, WTL_HASH_SHA256, 1 << 20);
    for (unsigned t = 1; t <= 3; t++) {
        watcher w = {.thread = pthread_self()};
        wtl_err err = {0};
        uint64_t done;
        assert_good(digest(&f, WTL_HASH_SHA256, 1 << 20, t, (wtl_progress){watch, &w}, &done, &err), &err);
        assert_int_equal(w.last, f.walk.bytes);
        assert_int_equal(w.total, f.walk.bytes);
        assert_true(w.calls >= 1);
    }
    free_fixture(&f);
}

static void truncate_it(const char *path)
{
    assert_int_equal(truncate(path, 1000), 0);
}

static void grow_it(const char *path)
{
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    fputc('x', f);
    fclose(f);
}

static void touch_it(const char *path)
{
    assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
}

static void changes_while_read(void **state)
{
    (void)state;
    static void (*const ways[])(const char *) = {truncate_it, grow_it, touch_it};
    static const uint64_t shards[] = {0, 1 << 20};
    static const size_t sizes[] = {100, 64 << 20, 5000};
    for (size_t i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 4; k++) {
            fixture f;
            lay_out(&f, sizes, 3, WTL_HASH_SHA256, shards[k % 2]);
            watcher w = {.thread = pthread_self(), .path = at("m/f001"), .disturb = ways[i]};
            wtl_err err = {0};
            uint64_t done;
            assert_int_equal(
                digest(&f, WTL_HASH_SHA256, shards[k % 2], 1 + k / 2, (wtl_progress){watch, &w}, &done, &err),
                WTL_NO);
            assert_non_null(strstr(err.text, "f001"));
            assert_non_null(strstr(err.text, "changed"));
            free_fixture(&f);
        }
    }
}

/* Whatever the order in which threads meet them, the first file that fails is named. */
static void first_failure(void **state)
{
    (void)state;
    size_t sizes[MOST];
    for (size_t i = 0; i < MOST; i++)
        sizes[i] = i % 7 == 0 ? 300000 : 10 * i;
    fixture f;
    lay_out(&f, sizes, MOST, WTL_HASH_SHA256, 0);
    put("m/f005", "other");
    assert_int_equal(unlink(at("m/f033")), 0);
    assert_int_equal(unlink(at("m/f034")), 0);
    assert_int_equal(symlink("f000", at("m/f034")), 0);
    for (unsigned t = 1; t <= 8; t++) {
        wtl_err err = {0};
        uint64_t done;
        assert_int_equal(digest(&f, WTL_HASH_SHA256, 0, t, (wtl_progress){0}, &done, &err), WTL_NO);
        assert_non_null(strstr(err.text, "f005"));
        f.file[5].path = "f006";
        f.file[5].seen = &f.walk.e[6].stamp;
        assert_int_equal(digest(&f, WTL_HASH_SHA256, 0, t, (wtl_progress){0}, &done, &err), WTL_NO);
        assert_non_null(strstr(err.text, "f033"));
        assert_non_null(strstr(err.text, "has gone"));
        f.file[5].path = "f005";
        f.file[5].seen = &f.walk.e[5].stamp;
    }
    free_fixture(&f);
}

/* A file that says it is empty and is not, as those of the kernel's file systems do. */
static void size_zero_with_content(void **state)
{
    (void)state;
    wtl_in in;
    wtl_err err = {0};
    assert_good(wtl_in_open(&in, "/proc/self/status", &err), &err);
    uint8_t out[32];
    wtl_ranges_file file = {.path = ".", .seen = &in.stamp, .out = out};
    wtl_ranges r = {.single = &in, .file = &file, .n = 1, .hash = WTL_HASH_SHA256};
    uint64_t done;
    assert_int_equal(wtl_ranges_digest(&r, &done, &err), WTL_NO);
    assert_non_null(strstr(err.text, "changed while it was read"));
    wtl_in_close(&in);
}

static void sparse(void **state)
{
    (void)state;
    static const size_t size = 1;
    fixture f;
    lay_out(&f, &size, 1, WTL_HASH_SHA256, 0);
    wtl_walk_free(&f.walk);
    assert_int_equal(truncate(at("m/f000"), 100 << 20), 0);
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&f.walk, at("m"), NULL, NULL, &err), &err);
    uint8_t out[100][32];
    f.file[0] = (wtl_ranges_file){.path = f.walk.e[0].path, .seen = &f.walk.e[0].stamp, .out = out[0]};
    uint64_t done;
    assert_good(digest(&f, WTL_HASH_SHA256, 1 << 20, 2, (wtl_progress){0}, &done, &err), &err);
    uint8_t *zero = calloc(1, 1 << 20);
    uint8_t want[32];
    assert_non_null(zero);
    assert_good(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){zero, 1 << 20}, want, &err), &err);
    free(zero);
    for (size_t i = 1; i < 100; i++)
        assert_memory_equal(out[i], want, 32);
    free_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test_setup_teardown(right_digests, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(one_large, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(nowhere_and_nothing, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(tells, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(changes_while_read, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(first_failure, model_setup, model_teardown),
        cmocka_unit_test(size_zero_with_content),
        cmocka_unit_test_setup_teardown(sparse, model_setup, model_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
