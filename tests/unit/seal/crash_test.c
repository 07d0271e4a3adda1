#include "box.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/text.h"

static wtl_key *me;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    return box_teardown(state);
}

static void big_file(const char *path, size_t n)
{
    AUTO(wtl_buf) b = {0};
    box_fill(&b, n);
    box_write(path, wtl_buf_view(&b));
}

struct hook {
    void (*act)(void *arg);
    void *arg;
    bool done;
};

/* Acts once, in the middle of the work. */
static void step(void *arg, uint64_t done, uint64_t total)
{
    struct hook *h = arg;
    if (!h->done && done < total) {
        h->done = true;
        h->act(h->arg);
    }
}

static int seal_with(const char *src, const char *out, struct hook *h, wtl_err *err)
{
    const wtl_key *to = me;
    wtl_seal_opts o = {.to = &to, .n_to = 1, .threads = 1, .progress = {step, h}};
    return wtl_seal(src, out, &o, NULL, err);
}

static int open_with(const char *container, const char *out, struct hook *h, wtl_err *err)
{
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id, .n_identities = 1, .progress = {step, h}};
    return wtl_open(container, out, &o, NULL, err);
}

/* Tells the parent, then waits to be killed. */
static void wait_for_death(void *arg)
{
    (void)!write(*(int *)arg, "x", 1);
    for (;;)
        pause();
}

static void kill_in_the_middle(int (*work)(const char *, const char *, struct hook *, wtl_err *),
                               const char *from, const char *to)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct hook h = {wait_for_death, &pipes[1], false};
        work(from, to, &h, NULL);
        _exit(1);
    }
    char c;
    assert_int_equal(read(pipes[0], &c, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(pipes[0]);
    close(pipes[1]);
}

static void a_killed_seal_leaves_nothing_under_the_name(void **state)
{
    (void)state;
    big_file(box_path("m"), 5000000);
    kill_in_the_middle(seal_with, box_path("m"), box_path("killed.wtl"));
    assert_false(box_exists(box_path("killed.wtl")));
    struct hook none = {.done = true};
    wtl_err err = {0};
    assert_good(seal_with(box_path("m"), box_path("killed.wtl"), &none, &err), &err);
    kill_in_the_middle(open_with, box_path("killed.wtl"), box_path("killed-out"));
    assert_false(box_exists(box_path("killed-out/m")));
}

static void append(void *arg)
{
    FILE *f = fopen(arg, "ab");
    assert_non_null(f);
    assert_int_equal(fwrite("more", 1, 4, f), 4);
    fclose(f);
}

static void rewrite_in_place(void *arg)
{
    FILE *f = fopen(arg, "r+b");
    assert_non_null(f);
    assert_int_equal(fwrite("zz", 1, 2, f), 2);
    fclose(f);
}

static void shorten(void *arg)
{
    assert_int_equal(truncate(arg, 1200000), 0);
}

static void replace(void *arg)
{
    /* Another file of the same size under the same name: found when it is read by its folder. */
    unlink(arg);
    big_file(arg, 3000000);
}

static void remove_it(void *arg)
{
    unlink(arg);
}

static void files_that_change_are_named(void **state)
{
    (void)state;
    static void (*const acts[])(void *) = {append, rewrite_in_place, shorten};
    for (size_t i = 0; i < 3; i++) {
        big_file(box_path("changing"), 3000000);
        struct hook h = {acts[i], (void *)(uintptr_t)box_path("changing"), false};
        wtl_err err = {0};
        assert_int_equal(seal_with(box_path("changing"), box_path("c.wtl"), &h, &err), WTL_NO);
        assert_non_null(strstr(err.text, "changing"));
        assert_false(box_exists(box_path("c.wtl")));
    }
}

static void files_that_change_before_they_are_read(void **state)
{
    (void)state;
    static void (*const acts[])(void *) = {append, rewrite_in_place, shorten, replace, remove_it};
    for (size_t i = 0; i < 5; i++) {
        box_remove(box_path("dir"));
        assert_int_equal(mkdir(box_path("dir"), 0755), 0);
        big_file(box_path("dir/a"), 3000000);
        big_file(box_path("dir/b"), 3000000);
        struct hook h = {acts[i], (void *)(uintptr_t)box_path("dir/b"), false};
        wtl_err err = {0};
        int rc = seal_with(box_path("dir"), box_path("c.wtl"), &h, &err);
        assert_true(rc == WTL_NO || (acts[i] == remove_it && rc == WTL_IO));
        assert_non_null(strstr(err.text, "dir/b"));
        assert_false(box_exists(box_path("c.wtl")));
    }
}

/* The container itself changes while it is opened. */
static void a_container_cut_while_it_is_read(void **state)
{
    (void)state;
    big_file(box_path("m"), 5000000);
    struct hook none = {.done = true};
    wtl_err err = {0};
    assert_good(seal_with(box_path("m"), box_path("cut.wtl"), &none, &err), &err);
    struct hook h = {shorten, (void *)(uintptr_t)box_path("cut.wtl"), false};
    assert_int_equal(open_with(box_path("cut.wtl"), box_path("cut-out"), &h, &err), WTL_NO);
    assert_false(box_exists(box_path("cut-out")));
}

static void a_full_disk(void **state)
{
    (void)state;
    const char *disk = box_path("disk");
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("none", disk, "tmpfs", 0, "size=2m") != 0) {
        print_message("a small tmpfs cannot be mounted here\n");
        skip();
    }
    big_file(box_path("m"), 5000000);
    struct hook none = {.done = true};
    wtl_err err = {0};
    int sealed = seal_with(box_path("m"), box_path("disk/m.wtl"), &none, &err);
    size_t left = box_count(disk);
    int good = seal_with(box_path("m"), box_path("m.wtl"), &none, NULL);
    int opened = open_with(box_path("m.wtl"), box_path("disk/out"), &none, &err);
    size_t left2 = box_count(disk);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
    assert_int_equal(sealed, WTL_IO);
    assert_int_equal(left, 0);
    assert_int_equal(good, 0);
    assert_int_equal(opened, WTL_IO);
    assert_int_equal(left2, 0);
}

static int plain_seal(const char *src, const char *out, bool force, wtl_err *err)
{
    const wtl_key *to = me;
    wtl_seal_opts o = {.to = &to, .n_to = 1, .force = force};
    return wtl_seal(src, out, &o, NULL, err);
}

static void outputs_that_are_refused(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_int_equal(mkdir(box_path("src"), 0755), 0);
    assert_int_equal(mkdir(box_path("src/deep"), 0755), 0);
    box_write(box_path("src/a"), wtl_text_of("a"));
    assert_int_equal(plain_seal(box_path("src"), box_path("src/m.wtl"), true, &err), WTL_USAGE);
    assert_int_equal(plain_seal(box_path("src"), box_path("src/deep/m.wtl"), true, &err), WTL_USAGE);
    assert_int_equal(plain_seal(box_path("src"), box_path("src/deep/../m.wtl"), true, &err), WTL_USAGE);
    assert_int_equal(plain_seal(box_path("src/a"), box_path("src/a"), true, &err), WTL_USAGE);
    assert_good(plain_seal(box_path("src"), box_path("src.wtl"), false, &err), &err);
    assert_int_equal(plain_seal(box_path("src"), box_path("src.wtl"), false, &err), WTL_POLICY);
    assert_good(plain_seal(box_path("src"), box_path("src.wtl"), true, &err), &err);
    assert_int_equal(plain_seal(box_path("src"), box_path("none/m.wtl"), false, &err), WTL_IO);
}

static void sources_that_are_refused(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_int_equal(plain_seal(box_path("absent"), box_path("o.wtl"), false, &err), WTL_IO);
    assert_non_null(strstr(err.text, "absent"));
    static const char *const bad[] = {"odd/link", "odd/pipe", "odd/\xff\xfe"};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mkdir(box_path("odd"), 0755), 0);
        box_write(box_path("odd/a"), wtl_text_of("a"));
        if (i == 0)
            assert_int_equal(symlink("a", box_path(bad[i])), 0);
        else if (i == 1)
            assert_int_equal(mkfifo(box_path(bad[i]), 0600), 0);
        else
            box_write(box_path(bad[i]), wtl_text_of("x"));
        assert_int_equal(plain_seal(box_path("odd"), box_path("o.wtl"), false, &err),
                         i == 2 ? WTL_FORMAT : WTL_POLICY);
        assert_false(box_exists(box_path("o.wtl")));
        box_remove(box_path("odd"));
    }
    assert_int_equal(mkfifo(box_path("fifo"), 0600), 0);
    assert_int_equal(plain_seal(box_path("fifo"), box_path("o.wtl"), false, &err), WTL_POLICY);
}

static void containers_that_are_none(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id, .n_identities = 1};
    assert_int_equal(wtl_open(box_path("absent"), box_path("o"), &o, NULL, &err), WTL_IO);
    box_write(box_path("text"), wtl_text_of("some text, no container"));
    assert_int_equal(wtl_open(box_path("text"), box_path("o"), &o, NULL, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "text"));
    box_write(box_path("empty"), wtl_text_of(""));
    assert_int_equal(wtl_open(box_path("empty"), box_path("o"), &o, NULL, &err), WTL_FORMAT);
    assert_int_equal(wtl_open(box_dir, box_path("o"), &o, NULL, &err), WTL_POLICY);
    assert_false(box_exists(box_path("o")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_seal_leaves_nothing_under_the_name),
        cmocka_unit_test(files_that_change_are_named),
        cmocka_unit_test(files_that_change_before_they_are_read),
        cmocka_unit_test(a_container_cut_while_it_is_read),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(outputs_that_are_refused),
        cmocka_unit_test(sources_that_are_refused),
        cmocka_unit_test(containers_that_are_none),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
