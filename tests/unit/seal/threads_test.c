#include "box.h"

static wtl_key *me;
static wtl_key *signer;
static wtl_key *sender;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    signer = box_key("ML-DSA-44", 2);
    sender = box_public(signer);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(signer);
    wtl_key_free(sender);
    return box_teardown(state);
}

static const unsigned counts[] = {1, 2, 3, 8, 100};
enum { COUNTS = sizeof counts / sizeof counts[0] };

static int seal(const char *src, const char *out, unsigned threads, bool sign, wtl_seal_result *r,
                wtl_err *err)
{
    const wtl_key *to = me;
    const wtl_key *by = signer;
    wtl_seal_opts o = {
        .to = &to, .n_to = 1, .sign = &by, .n_sign = sign, .force = true, .threads = threads, .name = "s"};
    return wtl_seal(src, out, &o, r, err);
}

static int open_all(const char *from, const char *to, unsigned threads, bool check, wtl_open_result *r,
                    wtl_err *err)
{
    const wtl_key *id = me;
    const wtl_key *by = sender;
    wtl_open_opts o = {.identity = &id,
                       .n_identities = 1,
                       .sender = &by,
                       .n_senders = check,
                       .force = true,
                       .threads = threads};
    return wtl_open(from, to, &o, r, err);
}

static void same(const char *a, const char *b)
{
    char cmd[600];
    snprintf(cmd, sizeof cmd, "diff -r '%s' '%s'", a, b);
    assert_int_equal(system(cmd), 0);
}

static void put(const char *name, size_t n)
{
    AUTO(wtl_buf) b = {0};
    box_fill(&b, n);
    box_write(box_path(name), wtl_buf_view(&b));
}

/* Sizes around chunks, batches and segments, small ones between large ones, more files than a batch takes. */
static size_t make_mixture(void)
{
    static const size_t sizes[] = {0,       1,      16383,   16384,        16385,   524287,
                                   524288,  524289, 1048575, 1048576,      1048577, 3 * 1048576,
                                   9000000, 0,      5,       17 * 1048576, 100,     2097152};
    enum { SIZES = sizeof sizes / sizeof sizes[0], SMALL = 700 };
    assert_int_equal(mkdir(box_path("mix"), 0755), 0);
    assert_int_equal(mkdir(box_path("mix/hollow"), 0711), 0);
    char name[40];
    for (size_t i = 0; i < SIZES; i++) {
        snprintf(name, sizeof name, "mix/f%02zu", i);
        put(name, sizes[i]);
    }
    for (size_t i = 0; i < SMALL; i++) {
        snprintf(name, sizeof name, "mix/%s%03zu", i % 2 ? "a" : "z", i);
        put(name, i * 7);
    }
    return SIZES + SMALL;
}

static void any_number_of_threads_gives_the_same(void **state)
{
    (void)state;
    size_t files = make_mixture();
    for (unsigned sign = 0; sign < 2; sign++) {
        for (size_t i = 0; i < COUNTS; i++) {
            wtl_seal_result s = {0};
            wtl_open_result o = {0};
            wtl_err err = {0};
            assert_good(seal(box_path("mix"), box_path("mix.wtl"), counts[i], sign, &s, &err), &err);
            assert_int_equal(s.files, files);
            box_remove(box_path("out"));
            unsigned back = counts[COUNTS - 1 - i];
            assert_good(open_all(box_path("mix.wtl"), box_path("out"), back, sign, &o, &err), &err);
            assert_int_equal(o.files, files);
            assert_int_equal(o.bytes, s.plain_bytes);
            same(box_path("mix"), box_path("out"));
        }
    }
}

struct stream {
    unsigned threads;
    bool sign;
    wtl_err err;
};

static int seal_stream(void *arg)
{
    struct stream *s = arg;
    return seal("-", box_path("s.wtl"), s->threads, s->sign, NULL, &s->err);
}

/* As a file, which any thread may read, from its middle on, and as a pipe. */
static void standard_input(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 524288, 1048576, 3333333};
    assert_int_equal(mkdir(box_path("in"), 0755), 0);
    for (size_t k = 0; k < 2 * (sizeof sizes / sizeof sizes[0]); k++) {
        put("in/s", sizes[k / 2]);
        struct stream s = {.threads = counts[k % COUNTS], .sign = k % 2 == 1};
        assert_good(box_redirect(STDIN_FILENO, box_path("in/s"), seal_stream, &s), &s.err);
        box_remove(box_path("out"));
        assert_good(open_all(box_path("s.wtl"), box_path("out"), 0, s.sign, NULL, &s.err), &s.err);
        same(box_path("in"), box_path("out"));
    }
}

static int seal_from_the_middle(void *arg)
{
    assert_int_equal(lseek(STDIN_FILENO, 12345, SEEK_SET), 12345);
    return seal_stream(arg);
}

static void standard_input_from_its_middle(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    box_fill(&b, 3000000);
    box_write(box_path("long"), wtl_buf_view(&b));
    struct stream s = {.threads = 2};
    assert_good(box_redirect(STDIN_FILENO, box_path("long"), seal_from_the_middle, &s), &s.err);
    box_remove(box_path("out"));
    assert_good(open_all(box_path("s.wtl"), box_path("out"), 2, false, NULL, &s.err), &s.err);
    AUTO(wtl_buf) got = {0};
    box_read(box_path("out/s"), &got);
    assert_int_equal(got.n, b.n - 12345);
    assert_memory_equal(got.p, b.p + 12345, got.n);
}

/* The first file that cannot be read is named, however many threads meet failures. */
static void the_first_failure_is_told(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("root reads everything\n");
        skip();
    }
    assert_int_equal(mkdir(box_path("sealed"), 0755), 0);
    char name[40];
    for (size_t i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "sealed/%03zu", i);
        put(name, 2000);
        if (i >= 300)
            assert_int_equal(chmod(box_path(name), 0), 0);
    }
    for (size_t i = 0; i < COUNTS; i++) {
        wtl_err err = {0};
        assert_int_equal(seal(box_path("sealed"), box_path("no.wtl"), counts[i], false, NULL, &err), WTL_IO);
        assert_non_null(strstr(err.text, "sealed/300"));
        assert_false(box_exists(box_path("no.wtl")));
    }
}

static void the_first_change_is_told(void **state)
{
    (void)state;
    wtl_err err = {0};
    put("big", 20000000);
    for (unsigned sign = 0; sign < 2; sign++) {
        assert_good(seal(box_path("big"), box_path("big.wtl"), 0, sign, NULL, &err), &err);
        AUTO(wtl_buf) b = {0};
        box_read(box_path("big.wtl"), &b);
        for (size_t at = 6000000; at < b.n - 100000; at += 3000000)
            b.p[at] ^= 1;
        box_write(box_path("big.wtl"), wtl_buf_view(&b));
        for (size_t i = 0; i < COUNTS; i++) {
            box_remove(box_path("out"));
            int rc = open_all(box_path("big.wtl"), box_path("out"), counts[i], sign, NULL, &err);
            assert_int_equal(rc, WTL_NO);
            assert_non_null(strstr(err.text, "\"big\""));
            assert_false(box_exists(box_path("out")));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same),
        cmocka_unit_test(standard_input),
        cmocka_unit_test(standard_input_from_its_middle),
        cmocka_unit_test(the_first_failure_is_told),
        cmocka_unit_test(the_first_change_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
