#include "box.h"

static wtl_key *me;
static wtl_key *signer;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    signer = box_key("ML-DSA-44", 2);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(signer);
    return box_teardown(state);
}

/* Every side of a chunk's, a segment's and two segments' end. */
static const size_t sizes[] = {0,       1,       16383,   16384,   16385,   32768,   1048575,
                               1048576, 1048577, 1064960, 2097151, 2097152, 2097153, 3000000};

static void one_size(size_t n, const wtl_key *sign)
{
    AUTO(wtl_buf) plain = {0};
    box_fill(&plain, n);
    box_write(box_path("model.bin"), wtl_buf_view(&plain));
    wtl_err err = {0};
    assert_good(box_seal(box_path("model.bin"), box_path("m.wtl"), me, sign, &err), &err);
    assert_good(box_open(box_path("m.wtl"), box_path("out"), me, sign, &err), &err);
    assert_int_equal(box_count(box_path("out")), 1);
    AUTO(wtl_buf) back = {0};
    box_read(box_path("out/model.bin"), &back);
    assert_int_equal(back.n, n);
    assert_true(n == 0 || memcmp(back.p, plain.p, n) == 0);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        one_size(sizes[i], NULL);
        one_size(sizes[i], signer);
    }
}

static void the_size_is_the_documents(void **state)
{
    (void)state;
    for (unsigned tree = 0; tree < 2; tree++) {
        AUTO(wtl_buf) plain = {0};
        box_fill(&plain, 1048576);
        box_write(box_path("x"), wtl_buf_view(&plain));
        const wtl_key *to = me;
        const wtl_key *sign = signer;
        wtl_seal_opts o = {.to = &to, .n_to = 1, .sign = &sign, .n_sign = tree, .force = true};
        wtl_seal_result r;
        wtl_err err = {0};
        assert_good(wtl_seal(box_path("x"), box_path("x.wtl"), &o, &r, &err), &err);
        uint64_t index = 72 + 17 + 6 + 1 + 32 + 32 * tree;
        uint64_t object = 56 + 1048576 + 65 * 16 + tree * 3 * 32;
        uint64_t sigs = 2 + tree * (38 + 2420);
        assert_true(r.sealed_bytes == 4096 + 32768 + object + index + sigs + 192);
        struct stat st;
        assert_int_equal(stat(box_path("x.wtl"), &st), 0);
        assert_true((uint64_t)st.st_size == r.sealed_bytes);
        assert_true(r.files == 1 && r.plain_bytes == 1048576);
    }
}

struct range_job {
    const wtl_open_opts *o;
    wtl_open_result result;
    wtl_err err;
};

static int open_to_stdout(void *arg)
{
    struct range_job *j = arg;
    return wtl_open(box_path("m.wtl"), "-", j->o, &j->result, &j->err);
}

static void one_range(const wtl_buf *plain, uint64_t from, uint64_t to, const wtl_key *sender)
{
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id,
                       .n_identities = 1,
                       .sender = &sender,
                       .n_senders = sender != NULL,
                       .only = "model.bin",
                       .has_range = true,
                       .from = from,
                       .to = to};
    struct range_job j = {.o = &o};
    int rc = box_redirect(STDOUT_FILENO, box_path("slice"), open_to_stdout, &j);
    assert_good(rc, &j.err);
    AUTO(wtl_buf) got = {0};
    box_read(box_path("slice"), &got);
    uint64_t end = to == UINT64_MAX ? plain->n : to;
    assert_int_equal(got.n, end - from);
    assert_true(j.result.bytes == end - from);
    assert_true(got.n == 0 || memcmp(got.p, plain->p + from, got.n) == 0);
}

static void ranges_are_slices(void **state)
{
    (void)state;
    static const uint64_t at[] = {0, 1, 16383, 16384, 16385, 1048575, 1048576, 1048577, 2097152, 2500000};
    const size_t n = sizeof at / sizeof at[0];
    AUTO(wtl_buf) plain = {0};
    box_fill(&plain, 2500000);
    box_write(box_path("model.bin"), wtl_buf_view(&plain));
    wtl_err err = {0};
    assert_good(box_seal(box_path("model.bin"), box_path("m.wtl"), me, signer, &err), &err);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i; k < n; k++) {
            one_range(&plain, at[i], at[k], NULL);
            one_range(&plain, at[i], at[k], signer);
        }
        one_range(&plain, at[i], UINT64_MAX, signer);
    }
}

/* A range must be readable when all the rest of the object is gone: nothing else is read. */
static void ranges_read_only_what_they_need(void **state)
{
    (void)state;
    AUTO(wtl_buf) plain = {0};
    box_fill(&plain, 2500000);
    box_write(box_path("model.bin"), wtl_buf_view(&plain));
    wtl_err err = {0};
    assert_good(box_seal(box_path("model.bin"), box_path("m.wtl"), me, signer, &err), &err);
    AUTO(wtl_buf) raw = {0};
    box_read(box_path("m.wtl"), &raw);
    size_t object = 4096 + 2 * 16384;
    memset(raw.p + object + 56, 0, 1049600);             /* segment 0 */
    memset(raw.p + object + 56 + 2 * 1049600, 0, 16400); /* a part of segment 2 */
    box_write(box_path("m.wtl"), wtl_buf_view(&raw));
    one_range(&plain, 1048576, 2097152, signer);       /* all of segment 1 */
    one_range(&plain, 2097152 + 16384, 2500000, NULL); /* chunks of segment 2 that are whole */
    assert_int_equal(box_open(box_path("m.wtl"), box_path("out2"), me, NULL, &err), WTL_NO);
    assert_false(box_exists(box_path("out2")));
}

static int range_rc(uint64_t from, uint64_t to, const char *only)
{
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id,
                       .n_identities = 1,
                       .only = only,
                       .has_range = true,
                       .from = from,
                       .to = to,
                       .force = true};
    return wtl_open(box_path("m.wtl"), box_path("out"), &o, NULL, NULL);
}

static void impossible_ranges_are_usage(void **state)
{
    (void)state;
    box_write(box_path("model.bin"), (wtl_bytes){(const uint8_t *)"0123456789", 10});
    wtl_err err = {0};
    assert_good(box_seal(box_path("model.bin"), box_path("m.wtl"), me, NULL, &err), &err);
    assert_int_equal(range_rc(0, 10, "model.bin"), 0);
    assert_int_equal(range_rc(10, 10, "model.bin"), 0);
    assert_int_equal(range_rc(10, UINT64_MAX, "model.bin"), 0);
    assert_int_equal(range_rc(0, 11, "model.bin"), WTL_USAGE);
    assert_int_equal(range_rc(11, UINT64_MAX, "model.bin"), WTL_USAGE);
    assert_int_equal(range_rc(5, 4, "model.bin"), WTL_USAGE);
    assert_int_equal(range_rc(0, 1, NULL), WTL_USAGE);
    assert_int_equal(range_rc(0, 1, "model"), WTL_USAGE);
}

static void a_range_into_a_directory(void **state)
{
    (void)state;
    box_write(box_path("model.bin"), (wtl_bytes){(const uint8_t *)"0123456789", 10});
    wtl_err err = {0};
    assert_good(box_seal(box_path("model.bin"), box_path("m.wtl"), me, NULL, &err), &err);
    assert_int_equal(range_rc(3, 6, "model.bin"), 0);
    AUTO(wtl_buf) got = {0};
    box_read(box_path("out/model.bin"), &got);
    assert_int_equal(got.n, 3);
    assert_memory_equal(got.p, "345", 3);
}

static void make_tree(void)
{
    box_remove(box_path("tree"));
    assert_int_equal(mkdir(box_path("tree"), 0755), 0);
    assert_int_equal(mkdir(box_path("tree/sub"), 0755), 0);
    assert_int_equal(mkdir(box_path("tree/empty"), 0750), 0);
    box_write(box_path("tree/a.bin"), (wtl_bytes){(const uint8_t *)"aaa", 3});
    box_write(box_path("tree/sub/b"), (wtl_bytes){(const uint8_t *)"", 0});
    box_write(box_path("tree/sub/new\nline"), (wtl_bytes){(const uint8_t *)"nl", 2});
    assert_int_equal(chmod(box_path("tree/a.bin"), 0640), 0);
    assert_int_equal(chmod(box_path("tree/sub/b"), 0755), 0);
}

static void a_directory_comes_back(void **state)
{
    (void)state;
    make_tree();
    wtl_err err = {0};
    assert_good(box_seal(box_path("tree"), box_path("t.wtl"), me, signer, &err), &err);
    assert_good(box_open(box_path("t.wtl"), box_path("tree-out"), me, signer, &err), &err);
    char cmd[512];
    snprintf(cmd, sizeof cmd, "diff -r %s %s >/dev/null", box_path("tree"), box_path("tree-out"));
    assert_int_equal(system(cmd), 0);
    struct stat st;
    assert_int_equal(stat(box_path("tree-out/a.bin"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(stat(box_path("tree-out/sub/b"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(stat(box_path("tree-out/empty"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0750);
}

static void one_file_of_many(void **state)
{
    (void)state;
    make_tree();
    wtl_err err = {0};
    assert_good(box_seal(box_path("tree"), box_path("t.wtl"), me, NULL, &err), &err);
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id, .n_identities = 1, .only = "sub/new\nline"};
    wtl_open_result r;
    assert_good(wtl_open(box_path("t.wtl"), box_path("only"), &o, &r, &err), &err);
    assert_true(r.files == 1 && r.bytes == 2 && !r.sender_authenticated);
    assert_true(box_exists(box_path("only/sub/new\nline")));
    assert_int_equal(box_count(box_path("only")), 1);
    o.only = "empty";
    assert_int_equal(wtl_open(box_path("t.wtl"), box_path("only2"), &o, NULL, &err), WTL_USAGE);
    o.only = "sub";
    assert_int_equal(wtl_open(box_path("t.wtl"), box_path("only2"), &o, NULL, &err), WTL_USAGE);
    o.only = NULL;
    assert_int_equal(wtl_open(box_path("t.wtl"), "-", &o, NULL, &err), WTL_USAGE);
    assert_false(box_exists(box_path("only2")));
}

static void a_full_directory_needs_force(void **state)
{
    (void)state;
    make_tree();
    wtl_err err = {0};
    assert_good(box_seal(box_path("tree"), box_path("t.wtl"), me, NULL, &err), &err);
    assert_int_equal(mkdir(box_path("full"), 0755), 0);
    box_write(box_path("full/mine"), (wtl_bytes){(const uint8_t *)"x", 1});
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id, .n_identities = 1};
    assert_int_equal(wtl_open(box_path("t.wtl"), box_path("full"), &o, NULL, &err), WTL_POLICY);
    assert_int_equal(box_count(box_path("full")), 1);
    o.force = true;
    assert_good(wtl_open(box_path("t.wtl"), box_path("full"), &o, NULL, &err), &err);
    assert_true(box_exists(box_path("full/mine")));
    assert_true(box_exists(box_path("full/a.bin")));
}

static void an_empty_directory_comes_back(void **state)
{
    (void)state;
    assert_int_equal(mkdir(box_path("nothing"), 0755), 0);
    wtl_err err = {0};
    assert_good(box_seal(box_path("nothing"), box_path("n.wtl"), me, signer, &err), &err);
    assert_good(box_open(box_path("n.wtl"), box_path("nothing-out"), me, signer, &err), &err);
    assert_int_equal(box_count(box_path("nothing-out")), 0);
}

static void many_small_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir(box_path("many"), 0755), 0);
    for (unsigned i = 0; i < 2000; i++) {
        char name[64];
        snprintf(name, sizeof name, "many/f%u", i);
        box_write(box_path(name), (wtl_bytes){(const uint8_t *)name, i % 20});
    }
    wtl_err err = {0};
    assert_good(box_seal(box_path("many"), box_path("many.wtl"), me, signer, &err), &err);
    assert_good(box_open(box_path("many.wtl"), box_path("many-out"), me, signer, &err), &err);
    char cmd[512];
    snprintf(cmd, sizeof cmd, "diff -r %s %s >/dev/null", box_path("many"), box_path("many-out"));
    assert_int_equal(system(cmd), 0);
    box_remove(box_path("many"));
    box_remove(box_path("many-out"));
}

struct stream_job {
    const char *src;
    const char *out;
    const char *name;
    wtl_err err;
};

static int seal_stream(void *arg)
{
    struct stream_job *j = arg;
    const wtl_key *to = me;
    const wtl_key *sign = signer;
    wtl_seal_opts o = {.to = &to, .n_to = 1, .sign = &sign, .n_sign = 1, .name = j->name, .force = true};
    return wtl_seal(j->src, j->out, &o, NULL, &j->err);
}

static void standard_input(void **state)
{
    (void)state;
    for (unsigned named = 0; named < 2; named++) {
        AUTO(wtl_buf) plain = {0};
        box_fill(&plain, 1048576);
        box_write(box_path("in"), wtl_buf_view(&plain));
        struct stream_job j = {.src = "-", .out = box_path("s.wtl"), .name = named ? "weights" : NULL};
        assert_good(box_redirect(STDIN_FILENO, box_path("in"), seal_stream, &j), &j.err);
        box_remove(box_path("sout"));
        assert_good(box_open(box_path("s.wtl"), box_path("sout"), me, signer, &j.err), &j.err);
        AUTO(wtl_buf) back = {0};
        box_read(box_path(named ? "sout/weights" : "sout/stdin"), &back);
        assert_int_equal(back.n, plain.n);
        assert_memory_equal(back.p, plain.p, plain.n);
    }
    struct stream_job bad = {.src = "-", .out = box_path("bad.wtl"), .name = "a/b"};
    assert_int_equal(seal_stream(&bad), WTL_USAGE);
    assert_false(box_exists(box_path("bad.wtl")));
}

static void standard_output(void **state)
{
    (void)state;
    make_tree();
    struct stream_job j = {.src = box_path("tree"), .out = "-"};
    assert_good(box_redirect(STDOUT_FILENO, box_path("o.wtl"), seal_stream, &j), &j.err);
    assert_good(box_open(box_path("o.wtl"), box_path("oout"), me, signer, &j.err), &j.err);
    assert_true(box_exists(box_path("oout/sub/b")));
}

static void many_recipients_grow_the_slot(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint32_t slot;
    } rows[] = {{6, 16384}, {7, 32768}, {40, 131072}};
    box_write(box_path("x"), (wtl_bytes){(const uint8_t *)"x", 1});
    wtl_key *key[40];
    for (unsigned i = 0; i < 40; i++)
        key[i] = box_key("X-Wing", (uint8_t)(100 + i));
    for (size_t i = 0; i < 3; i++) {
        wtl_seal_opts o = {.to = (const wtl_key *const *)key, .n_to = rows[i].n, .force = true};
        wtl_err err = {0};
        assert_good(wtl_seal(box_path("x"), box_path("x.wtl"), &o, NULL, &err), &err);
        wtl_info info = {0};
        assert_good(wtl_info_read(box_path("x.wtl"), NULL, 0, &info, &err), &err);
        assert_int_equal(info.slot_size, rows[i].slot);
        assert_int_equal(info.n_recipients, rows[i].n);
        wtl_info_free(&info);
        for (size_t k = 0; k < rows[i].n; k++)
            assert_good(box_open(box_path("x.wtl"), box_path("xout"), key[k], NULL, &err), &err);
    }
    for (unsigned i = 0; i < 40; i++)
        wtl_key_free(key[i]);
}

static void other_kems(void **state)
{
    (void)state;
    static const char *const kem[] = {"ML-KEM-768", "ML-KEM-1024"};
    box_write(box_path("x"), (wtl_bytes){(const uint8_t *)"x", 1});
    for (size_t i = 0; i < 2; i++) {
        wtl_key *k = box_key(kem[i], 9);
        wtl_key *pub = box_public(k);
        wtl_err err = {0};
        assert_good(box_seal(box_path("x"), box_path("x.wtl"), pub, NULL, &err), &err);
        assert_good(box_open(box_path("x.wtl"), box_path("xout"), k, NULL, &err), &err);
        assert_int_equal(box_open(box_path("x.wtl"), box_path("xout"), me, NULL, &err), WTL_NO);
        wtl_key_free(k);
        wtl_key_free(pub);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(the_size_is_the_documents),
        cmocka_unit_test(ranges_are_slices),
        cmocka_unit_test(ranges_read_only_what_they_need),
        cmocka_unit_test(impossible_ranges_are_usage),
        cmocka_unit_test(a_range_into_a_directory),
        cmocka_unit_test(a_directory_comes_back),
        cmocka_unit_test(one_file_of_many),
        cmocka_unit_test(a_full_directory_needs_force),
        cmocka_unit_test(an_empty_directory_comes_back),
        cmocka_unit_test(many_small_files),
        cmocka_unit_test(standard_input),
        cmocka_unit_test(standard_output),
        cmocka_unit_test(many_recipients_grow_the_slot),
        cmocka_unit_test(other_kems),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
