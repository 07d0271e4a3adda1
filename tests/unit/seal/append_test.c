#include "box.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "base/text.h"
#include "container/index.h"
#include "seal/reader.h"

static wtl_key *me;
static wtl_key *signer;
static wtl_key *other;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    signer = box_key("ML-DSA-44", 2);
    other = box_key("ML-DSA-44", 3);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(signer);
    wtl_key_free(other);
    return box_teardown(state);
}

static void text(const char *name, const char *content)
{
    box_write(box_path(name), wtl_text_of(content));
}

static void dir(const char *name)
{
    assert_int_equal(mkdir(box_path(name), 0755), 0);
}

static void holds(const char *name, const char *want)
{
    AUTO(wtl_buf) got = {0};
    box_read(box_path(name), &got);
    assert_true(wtl_text_eq(wtl_buf_view(&got), want));
}

/* A small container c.wtl of a, b/c and an empty directory e, signed when `sign`. */
static void make(const wtl_key *sign)
{
    wtl_err err = {0};
    box_remove(box_path("m"));
    dir("m");
    dir("m/b");
    dir("m/e");
    text("m/a", "first");
    text("m/b/c", "second");
    assert_good(box_seal(box_path("m"), box_path("c.wtl"), me, sign, &err), &err);
}

struct how {
    const wtl_key *sign;
    const wtl_key *sender;
    bool drop;
    const char *name;
    bool force;
    const uint8_t *expect;
};

static int append_to(const char *container, const char *src, struct how h, wtl_append_result *r, wtl_err *err)
{
    wtl_append_opts o = {.open = {.identity = (const wtl_key *const *)&me,
                                  .n_identities = 1,
                                  .sender = &h.sender,
                                  .n_senders = h.sender != NULL,
                                  .expect_index = h.expect},
                         .sign = &h.sign,
                         .n_sign = h.sign != NULL,
                         .drop_signature = h.drop,
                         .name = h.name,
                         .force = h.force};
    return wtl_append(container, &src, 1, &o, r, err);
}

static int append(const char *src, struct how h, wtl_append_result *r, wtl_err *err)
{
    return append_to(box_path("c.wtl"), src, h, r, err);
}

static int reopen(const wtl_key *sender, wtl_err *err)
{
    box_remove(box_path("o"));
    return box_open(box_path("c.wtl"), box_path("o"), me, sender, err);
}

static void generation_after_generation(void **state)
{
    (void)state;
    for (unsigned sign = 0; sign < 2; sign++) {
        const wtl_key *by = sign ? signer : NULL;
        make(by);
        wtl_err err = {0};
        for (unsigned g = 2; g < 12; g++) {
            char name[16];
            snprintf(name, sizeof name, "x%u", g);
            text(name, name);
            wtl_append_result r;
            assert_good(append(box_path(name), (struct how){.sign = by}, &r, &err), &err);
            assert_int_equal(r.content_generation, g);
            assert_int_equal(r.files, 1);
            assert_int_equal(r.replaced, 0);
            struct stat st;
            assert_int_equal(stat(box_path("c.wtl"), &st), 0);
            assert_int_equal(st.st_size, r.sealed_bytes);
        }
        assert_good(reopen(by, &err), &err);
        holds("o/a", "first");
        holds("o/b/c", "second");
        holds("o/x2", "x2");
        holds("o/x11", "x11");
        assert_true(box_exists(box_path("o/e")));
        assert_int_equal(box_count(box_path("o")), 13);
    }
}

static void directories_and_names(void **state)
{
    (void)state;
    make(signer);
    wtl_err err = {0};
    dir("more");
    dir("more/b");
    dir("more/e");
    dir("more/hollow");
    text("more/b/d", "third");
    text("more/e/f", "fourth");
    assert_good(append(box_path("more"), (struct how){.sign = signer}, NULL, &err), &err);
    assert_good(append(box_path("more"), (struct how){.sign = signer, .name = "z/y"}, NULL, &err), &err);
    assert_good(append(box_path("m/a"), (struct how){.sign = signer, .name = "b/a2"}, NULL, &err), &err);
    assert_good(reopen(signer, &err), &err);
    holds("o/b/c", "second");
    holds("o/b/d", "third");
    holds("o/b/a2", "first");
    holds("o/e/f", "fourth");
    holds("o/z/y/e/f", "fourth");
    assert_true(box_exists(box_path("o/hollow")));
    assert_true(box_exists(box_path("o/z/y/hollow")));
    box_remove(box_path("more"));
}

static void names_that_clash(void **state)
{
    (void)state;
    make(NULL);
    wtl_err err = {0};
    text("a", "new");
    static const struct {
        const char *name;
        int rc;
        int forced;
    } cases[] = {{"a", WTL_POLICY, 0},           {"a/x", WTL_POLICY, WTL_POLICY},
                 {"b", WTL_POLICY, WTL_POLICY},  {"b/c/x", WTL_POLICY, WTL_POLICY},
                 {"e", WTL_POLICY, 0},           {"../x", WTL_FORMAT, WTL_FORMAT},
                 {"/x", WTL_FORMAT, WTL_FORMAT}, {"b//x", WTL_FORMAT, WTL_FORMAT},
                 {"", WTL_FORMAT, WTL_FORMAT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct how h = {.name = cases[i].name};
        assert_int_equal(append(box_path("a"), h, NULL, &err), cases[i].rc);
        h.force = true;
        assert_int_equal(append(box_path("a"), h, NULL, &err), cases[i].forced);
        assert_good(reopen(NULL, &err), &err);
        make(NULL);
    }
    const char *twice[] = {box_path("a"), box_path("m/a")};
    wtl_append_opts o = {.open = {.identity = (const wtl_key *const *)&me, .n_identities = 1}, .force = true};
    assert_int_equal(wtl_append(box_path("c.wtl"), twice, 2, &o, NULL, &err), WTL_USAGE);
    o.name = "n";
    assert_int_equal(wtl_append(box_path("c.wtl"), twice, 2, &o, NULL, &err), WTL_USAGE);
    assert_int_equal(wtl_append(box_path("c.wtl"), twice, 0, &o, NULL, &err), WTL_USAGE);
    assert_int_equal(append(box_path("c.wtl"), (struct how){0}, NULL, &err), WTL_USAGE);
    assert_int_equal(append(box_dir, (struct how){0}, NULL, &err), WTL_USAGE);
    assert_int_equal(append(box_path("absent"), (struct how){0}, NULL, &err), WTL_IO);
    assert_int_equal(append_to(box_path("absent"), box_path("a"), (struct how){0}, NULL, &err), WTL_IO);
}

/* Replaced objects leave gaps, which the format allows from generation 2 on. */
static void replacing_leaves_gaps(void **state)
{
    (void)state;
    make(signer);
    wtl_err err = {0};
    text("a", "other content");
    wtl_append_result r;
    for (unsigned i = 0; i < 3; i++) {
        assert_good(append(box_path("a"), (struct how){.sign = signer, .force = true}, &r, &err), &err);
        assert_int_equal(r.replaced, 1);
    }
    AUTO(wtl_reader) in = {.in = {.fd = -1}};
    assert_good(wtl_reader_open(&in, box_path("c.wtl"), &err), &err);
    assert_good(wtl_reader_unlock(&in, (const wtl_key *const *)&me, 1, &err), &err);
    assert_good(wtl_reader_index(&in, &err), &err);
    assert_int_equal(in.index.n, 3);
    assert_int_equal(in.index.generation, 4);
    assert_int_equal(in.index.e[0].generation, 4);
    assert_int_equal(in.index.e[1].generation, 1);
    assert_true(in.index.e[0].offset > in.index.e[1].offset + 3 * wtl_index_extent(&in.index.e[1]));
    assert_good(reopen(signer, &err), &err);
    holds("o/a", "other content");
}

static void signatures(void **state)
{
    (void)state;
    wtl_err err = {0};
    text("x", "x");
    char x[256];
    snprintf(x, sizeof x, "%s", box_path("x"));
    make(signer);
    assert_int_equal(append(x, (struct how){0}, NULL, &err), WTL_POLICY);
    assert_int_equal(append(x, (struct how){.sign = other}, NULL, &err), WTL_POLICY);
    assert_int_equal(append(x, (struct how){.sign = other, .sender = other}, NULL, &err), WTL_POLICY);
    assert_int_equal(append(x, (struct how){.sign = signer, .drop = true}, NULL, &err), WTL_USAGE);
    assert_int_equal(append(x, (struct how){.sign = me}, NULL, &err), WTL_USAGE);
    assert_good(reopen(signer, &err), &err);
    assert_good(append(x, (struct how){.sign = other, .sender = signer}, NULL, &err), &err);
    assert_good(reopen(other, &err), &err);
    assert_int_equal(reopen(signer, &err), WTL_POLICY);
    assert_good(append(x, (struct how){.drop = true, .name = "y"}, NULL, &err), &err);
    assert_int_equal(reopen(other, &err), WTL_POLICY);
    assert_good(reopen(NULL, &err), &err);
    assert_int_equal(append(x, (struct how){.sign = other, .name = "z"}, NULL, &err), WTL_POLICY);
    make(NULL);
    assert_int_equal(append(x, (struct how){.sign = signer}, NULL, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "anew"));
}

/* An older state, put back, opens, but not for one who knows the digest of the newer. */
static void the_expected_index(void **state)
{
    (void)state;
    make(signer);
    wtl_err err = {0};
    AUTO(wtl_buf) old = {0};
    box_read(box_path("c.wtl"), &old);
    text("x", "x");
    wtl_append_result r;
    assert_good(append(box_path("x"), (struct how){.sign = signer}, &r, &err), &err);
    wtl_open_opts o = {.identity = (const wtl_key *const *)&me,
                       .n_identities = 1,
                       .force = true,
                       .expect_index = r.index_digest};
    assert_good(wtl_open(box_path("c.wtl"), box_path("o"), &o, NULL, &err), &err);
    box_write(box_path("c.wtl"), wtl_buf_view(&old));
    assert_int_equal(wtl_open(box_path("c.wtl"), box_path("o"), &o, NULL, &err), WTL_NO);
    assert_int_equal(
        append(box_path("x"), (struct how){.sign = signer, .expect = r.index_digest}, NULL, &err), WTL_NO);
    assert_good(reopen(signer, &err), &err);
}

static void one_at_a_time(void **state)
{
    (void)state;
    make(NULL);
    wtl_err err = {0};
    text("x", "x");
    int fd = open(box_path("c.wtl"), O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(append(box_path("x"), (struct how){0}, NULL, &err), WTL_BUSY);
    close(fd);
    assert_good(append(box_path("x"), (struct how){0}, NULL, &err), &err);
}

static void mode_and_links(void **state)
{
    (void)state;
    make(NULL);
    wtl_err err = {0};
    text("x", "x");
    assert_int_equal(chmod(box_path("c.wtl"), 0664), 0);
    box_remove(box_path("l.wtl"));
    assert_int_equal(symlink("c.wtl", box_path("l.wtl")), 0);
    assert_int_equal(symlink("x", box_path("xl")), 0);
    assert_good(append_to(box_path("l.wtl"), box_path("xl"), (struct how){0}, NULL, &err), &err);
    struct stat st;
    assert_int_equal(lstat(box_path("l.wtl"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(box_path("c.wtl"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0664);
    assert_good(reopen(NULL, &err), &err);
    holds("o/xl", "x");
}

/* Killed 200 times at whatever point it was: the container is the old one or the new one, whole. */
static void killed_at_any_point(void **state)
{
    (void)state;
    make(signer);
    AUTO(wtl_buf) big = {0};
    box_fill(&big, 3000000);
    box_write(box_path("big"), wtl_buf_view(&big));
    AUTO(wtl_buf) old = {0};
    box_read(box_path("c.wtl"), &old);
    wtl_err err = {0};
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_good(append(box_path("big"), (struct how){.sign = signer}, NULL, &err), &err);
    clock_gettime(CLOCK_MONOTONIC, &to);
    uint64_t took = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (uint64_t)to.tv_nsec -
                    (uint64_t)from.tv_nsec;
    size_t was_new = 0;
    for (unsigned i = 0; i < 200; i++) {
        box_write(box_path("c.wtl"), wtl_buf_view(&old));
        fflush(stdout);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(append(box_path("big"), (struct how){.sign = signer}, NULL, NULL) == 0 ? 0 : 1);
        uint64_t wait = took * i / 150;
        struct timespec t = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
        nanosleep(&t, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        assert_good(reopen(signer, &err), &err);
        holds("o/a", "first");
        was_new += box_exists(box_path("o/big"));
    }
    print_message("%zu of 200 were complete\n", was_new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generation_after_generation),
        cmocka_unit_test(directories_and_names),
        cmocka_unit_test(names_that_clash),
        cmocka_unit_test(replacing_leaves_gaps),
        cmocka_unit_test(signatures),
        cmocka_unit_test(the_expected_index),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(mode_and_links),
        cmocka_unit_test(killed_at_any_point),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
