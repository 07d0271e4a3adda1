#include "box.h"

#include <pthread.h>

#include "base/text.h"
#include "seal/container.h"
#include "seal/reader.h"

static wtl_key *me;
static wtl_key *other;
static wtl_key *signer;
static wtl_key *sender;
static wtl_buf content; /* of the large file */

enum { LARGE = 5 * 1048576 + 12345, EXACT = 2 * 16384 };

static int make(const char *name, const wtl_key *sign)
{
    wtl_err err = {0};
    assert_good(box_seal(box_path("m"), box_path(name), me, sign, &err), &err);
    return 0;
}

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    other = box_key("X-Wing", 9);
    signer = box_key("ML-DSA-44", 2);
    sender = box_public(signer);
    if (box_setup(state) != 0 || mkdir(box_path("m"), 0755) != 0 || mkdir(box_path("m/hollow"), 0700) != 0)
        return -1;
    box_fill(&content, LARGE);
    box_write(box_path("m/large"), wtl_buf_view(&content));
    box_write(box_path("m/exact"), (wtl_bytes){content.p, EXACT});
    box_write(box_path("m/none"), (wtl_bytes){content.p, 0});
    return make("plain.wtl", NULL) + make("signed.wtl", signer);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(other);
    wtl_key_free(signer);
    wtl_key_free(sender);
    wtl_buf_free(&content);
    return box_teardown(state);
}

static int open_it(wtl_container **c, const char *path, bool check, wtl_err *err)
{
    const wtl_key *id = me;
    const wtl_key *from = sender;
    wtl_open_opts o = {.identity = &id, .n_identities = 1, .sender = &from, .n_senders = check};
    return wtl_container_open(c, path, &o, err);
}

static wtl_container *opened(const char *name, bool check)
{
    wtl_container *c = NULL;
    wtl_err err = {0};
    assert_good(open_it(&c, box_path(name), check, &err), &err);
    return c;
}

static size_t find(const wtl_container *c, const char *name)
{
    size_t i = 999;
    wtl_err err = {0};
    assert_good(wtl_container_find(c, name, &i, &err), &err);
    return i;
}

/* The buffer has a byte before and behind that must stay. */
static void check_range(wtl_container *c, size_t i, uint64_t size, uint64_t offset, size_t n)
{
    uint8_t *to = malloc(n + 2);
    memset(to, 0xa5, n + 2);
    size_t got = 999;
    wtl_err err = {0};
    assert_good(wtl_container_read(c, i, offset, to + 1, n, &got, &err), &err);
    size_t want = offset >= size ? 0 : size - offset < n ? (size_t)(size - offset) : n;
    assert_int_equal(got, want);
    if (want > 0)
        assert_memory_equal(to + 1, content.p + offset, want);
    for (size_t k = want + 1; k < n + 2; k++)
        assert_int_equal(to[k], 0xa5);
    assert_int_equal(to[0], 0xa5);
    free(to);
}

static void ranges(wtl_container *c)
{
    static const uint64_t edge[] = {0,       1,       16383,   16384,   16385,     32768,
                                    1048575, 1048576, 1048577, 2097152, LARGE - 1, LARGE};
    static const size_t len[] = {0, 1, 15, 16384, 16385, 40000, 1048576, 3000000, LARGE, LARGE + 5};
    size_t large = find(c, "large");
    for (size_t i = 0; i < sizeof edge / sizeof edge[0]; i++) {
        for (size_t k = 0; k < sizeof len / sizeof len[0]; k++)
            check_range(c, large, LARGE, edge[i], len[k]);
    }
    check_range(c, large, LARGE, UINT64_MAX, 10);
    check_range(c, find(c, "exact"), EXACT, 0, EXACT);
    check_range(c, find(c, "exact"), EXACT, 16384, EXACT);
    check_range(c, find(c, "none"), 0, 0, 10);
    check_range(c, find(c, "none"), 0, 5, 0);
}

static void any_range_of_any_file(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool check;
    } kinds[] = {{"plain.wtl", false}, {"signed.wtl", false}, {"signed.wtl", true}};
    for (size_t i = 0; i < 3; i++) {
        wtl_container *c = opened(kinds[i].name, kinds[i].check);
        wtl_open_result about;
        wtl_container_about(c, &about);
        assert_int_equal(about.sender_authenticated, kinds[i].check);
        assert_int_equal(about.files, 3);
        assert_int_equal(about.bytes, LARGE + EXACT);
        ranges(c);
        wtl_container_close(c);
    }
}

static void entries_by_number_and_name(void **state)
{
    (void)state;
    static const char *const names[] = {"exact", "hollow", "large", "none"};
    wtl_container *c = opened("plain.wtl", false);
    wtl_err err = {0};
    wtl_container_entry e;
    assert_int_equal(wtl_container_count(c), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_good(wtl_container_at(c, i, &e, &err), &err);
        assert_string_equal(e.name, names[i]);
        assert_int_equal(e.is_dir, i == 1);
        assert_int_equal(find(c, names[i]), i);
    }
    size_t i = 7;
    uint8_t to[4];
    size_t got;
    assert_int_equal(wtl_container_at(c, 4, &e, &err), WTL_USAGE);
    assert_int_equal(wtl_container_find(c, "lar", &i, &err), WTL_USAGE);
    assert_int_equal(i, 7);
    assert_int_equal(wtl_container_read(c, 4, 0, to, 4, &got, &err), WTL_USAGE);
    assert_int_equal(wtl_container_read(c, 1, 0, to, 4, &got, &err), WTL_USAGE);
    wtl_container_close(c);
    wtl_container_close(NULL);
}

static void what_may_not_be_opened(void **state)
{
    (void)state;
    wtl_container *c = (void *)1;
    wtl_err err = {0};
    const wtl_key *id = other;
    wtl_open_opts o = {.identity = &id, .n_identities = 1};
    assert_int_equal(wtl_container_open(&c, box_path("plain.wtl"), &o, &err), WTL_NO);
    assert_null(c);
    id = me;
    o.require_signature = true;
    assert_int_equal(wtl_container_open(&c, box_path("plain.wtl"), &o, &err), WTL_POLICY);
    assert_int_equal(open_it(&c, box_path("plain.wtl"), true, &err), WTL_POLICY);
    assert_int_equal(open_it(&c, box_path("nowhere"), true, &err), WTL_IO);
    uint8_t digest[64] = {0};
    o = (wtl_open_opts){.identity = &id, .n_identities = 1, .expect_index = digest};
    assert_int_equal(wtl_container_open(&c, box_path("plain.wtl"), &o, &err), WTL_NO);
    wtl_open_result about;
    wtl_container *good = opened("plain.wtl", false);
    wtl_container_about(good, &about);
    wtl_container_close(good);
    o.expect_index = about.index_digest;
    assert_good(wtl_container_open(&c, box_path("plain.wtl"), &o, &err), &err);
    wtl_container_close(c);
}

/* A byte of the large file is changed while the container is open. */
static void flip(const char *path, uint64_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t b;
    assert_int_equal(pread(fd, &b, 1, (off_t)at), 1);
    b ^= 1;
    assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
    close(fd);
}

static uint64_t place_of_large(const char *path)
{
    wtl_err err = {0};
    const wtl_key *id = me;
    wtl_reader r = {.in = {.fd = -1}};
    assert_good(wtl_reader_open(&r, path, &err), &err);
    assert_good(wtl_reader_unlock(&r, &id, 1, &err), &err);
    assert_good(wtl_reader_index(&r, &err), &err);
    uint64_t at = wtl_index_find(&r.index, wtl_text_of("large"))->offset;
    wtl_reader_auto(&r);
    return at;
}

static int read_some(wtl_container *c, uint64_t offset, size_t n, wtl_err *err)
{
    uint8_t *to = malloc(n);
    memset(to, 0xa5, n);
    size_t got = 1;
    int rc = wtl_container_read(c, find(c, "large"), offset, to, n, &got, err);
    if (rc != 0) {
        assert_int_equal(got, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(to[i], 0);
    }
    free(to);
    return rc;
}

static void a_changed_byte_gives_nothing(void **state)
{
    (void)state;
    for (unsigned check = 0; check < 2; check++) {
        const char *path = box_path(check ? "signed.wtl" : "plain.wtl");
        uint64_t large = place_of_large(path);
        wtl_container *c = opened(check ? "signed.wtl" : "plain.wtl", check);
        uint64_t at = large + 56 + 70 * 16400 + 9; /* in chunk 70, segment 1 */
        flip(path, at);
        wtl_err err = {0};
        assert_int_equal(read_some(c, 70 * 16384 + 5, 3, &err), WTL_NO);
        assert_non_null(strstr(err.text, "\"large\""));
        assert_non_null(strstr(err.text, ".wtl"));
        assert_int_equal(read_some(c, 60 * 16384, 20 * 16384, &err), WTL_NO);
        assert_int_equal(read_some(c, 0, LARGE, &err), WTL_NO);
        assert_int_equal(read_some(c, 0, 60 * 16384, &err), 0);
        assert_int_equal(read_some(c, 130 * 16384, 60 * 16384, &err), 0);
        /* Beside the change: only the tree covers the segment. */
        assert_int_equal(read_some(c, 71 * 16384, 16384, &err), check ? WTL_NO : 0);
        flip(path, at);
        assert_int_equal(read_some(c, 0, LARGE, &err), 0);
        wtl_container_close(c);
    }
}

struct reading {
    wtl_container *c;
    uint32_t seed;
    size_t wrong;
};

static void *read_here_and_there(void *arg)
{
    struct reading *r = arg;
    uint8_t *to = malloc(300000);
    for (size_t i = 0; i < 60; i++) {
        r->seed = r->seed * 1664525 + 1013904223;
        uint64_t offset = r->seed % LARGE;
        size_t n = r->seed % 300000;
        size_t got = 0;
        size_t want = LARGE - offset < n ? (size_t)(LARGE - offset) : n;
        /* entry 2 is "large", 0 "exact" */
        if (wtl_container_read(r->c, 2, offset, to, n, &got, NULL) != 0 || got != want ||
            (want > 0 && memcmp(to, content.p + offset, want) != 0))
            r->wrong++;
        if (wtl_container_read(r->c, 0, 0, to, EXACT, &got, NULL) != 0 || memcmp(to, content.p, EXACT) != 0)
            r->wrong++;
    }
    free(to);
    return NULL;
}

static void several_threads_read_one_container(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    for (unsigned check = 0; check < 2; check++) {
        wtl_container *c = opened("signed.wtl", check);
        pthread_t thread[THREADS];
        struct reading r[THREADS];
        for (unsigned i = 0; i < THREADS; i++) {
            r[i] = (struct reading){c, 77 + i, 0};
            assert_int_equal(pthread_create(&thread[i], NULL, read_here_and_there, &r[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            assert_int_equal(r[i].wrong, 0);
        }
        wtl_container_close(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range_of_any_file),
        cmocka_unit_test(entries_by_number_and_name),
        cmocka_unit_test(what_may_not_be_opened),
        cmocka_unit_test(a_changed_byte_gives_nothing),
        cmocka_unit_test(several_threads_read_one_container),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
