#include "box.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "fs/walk.h"

static void paths_are(const wtl_walk *w, const char *const *want, size_t n)
{
    assert_int_equal(w->n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(w->e[i].path, want[i]);
}

#define PATHS(w, ...)                                        \
    do {                                                     \
        static const char *const want_[] = {__VA_ARGS__};    \
        paths_are(w, want_, sizeof want_ / sizeof want_[0]); \
    } while (0)

static void finds_files_and_empty_dirs(void **state)
{
    (void)state;
    put("b", "four");
    put_dir("a");
    put("a/x", "");
    put("a-b", "1");
    put("a0", "22");
    put_dir("a/empty");
    put_dir("z");
    assert_int_equal(chmod(in_box("b"), 0640), 0);
    assert_int_equal(chmod(in_box("z"), 0711), 0);
    AUTO(wtl_walk) w = {0};
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&w, box, NULL, NULL, &err), &err);
    PATHS(&w, "a-b", "a/empty", "a/x", "a0", "b", "z");
    assert_int_equal(w.bytes, 7);
    assert_int_equal(w.e[1].type, WTL_WALK_EMPTY_DIR);
    assert_int_equal(w.e[2].type, WTL_WALK_FILE);
    assert_int_equal(w.e[4].mode, 0640);
    assert_int_equal(w.e[5].mode, 0711);
    struct stat st;
    assert_int_equal(stat(in_box("b"), &st), 0);
    assert_true(w.e[4].stamp.ino == st.st_ino && w.e[4].stamp.dev == st.st_dev);
    assert_int_equal(w.e[4].stamp.size, 4);
    assert_true(w.e[4].stamp.mtime.tv_sec == st.st_mtim.tv_sec &&
                w.e[4].stamp.mtime.tv_nsec == st.st_mtim.tv_nsec);
}

static void an_empty_root_is_empty(void **state)
{
    (void)state;
    AUTO(wtl_walk) w = {0};
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&w, box, NULL, NULL, &err), &err);
    assert_int_equal(w.n, 0);
    assert_int_equal(w.bytes, 0);
}

static void odd_names_come_as_they_are(void **state)
{
    (void)state;
    static const char *const names[] = {"\x01\x1b[31m", " ",           "...",      "a\nb",
                                        "a:b",          "back\\slash", "\xc3\xa9", "\xff\xfe"};
    for (size_t i = 0; i < 8; i++)
        put(names[i], "x");
    AUTO(wtl_walk) w = {0};
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&w, box, NULL, NULL, &err), &err);
    paths_are(&w, names, 8);
}

static bool skip_named(const char *path, void *arg)
{
    return strcmp(path, arg) == 0;
}

static void skipping_prunes(void **state)
{
    (void)state;
    put_dir(".git");
    put_link("/nowhere", ".git/link");
    put("a", "");
    char out[] = ".git";
    AUTO(wtl_walk) w = {0};
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&w, box, skip_named, out, &err), &err);
    PATHS(&w, "a");
    char link[] = ".git/link";
    AUTO(wtl_walk) v = {0};
    assert_good(wtl_walk_dir(&v, box, skip_named, link, &err), &err);
    PATHS(&v, "a"); /* .git has an entry, so it is not empty, and nothing of it is left */
}

static void other_kinds_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *kind;
    } rows[] = {{"lin\nk", "lin\\x0ak is a symbolic link"},
                {"dir-link", "a symbolic link"},
                {"pipe", "pipe is a pipe"},
                {"sock", "sock is a socket"},
                {"null", "null is a device"}};
    for (size_t i = 0; i < 5; i++) {
        put_dir("d");
        put("d/ok", "");
        char path[300];
        snprintf(path, sizeof path, "d/%s", rows[i].name);
        if (i < 2)
            put_link(i == 0 ? "ok" : "/tmp", path);
        if (i == 2)
            assert_int_equal(mkfifo(in_box(path), 0666), 0);
        if (i == 3)
            assert_int_equal(mknod(in_box(path), S_IFSOCK | 0666, 0), 0);
        if (i == 4 && mknod(in_box(path), S_IFCHR | 0666, makedev(1, 3)) != 0)
            return;
        wtl_walk w = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_walk_dir(&w, box, NULL, NULL, &err), WTL_POLICY);
        assert_says(&err, rows[i].kind);
        assert_null(w.e);
        assert_int_equal(w.n, 0);
        assert_int_equal(unlink(in_box(path)), 0);
        assert_int_equal(unlink(in_box("d/ok")), 0);
        assert_int_equal(rmdir(in_box("d")), 0);
    }
}

static void roots(void **state)
{
    (void)state;
    put_dir("real");
    put("real/f", "");
    put_link("real", "link");
    wtl_err err = {0};
    AUTO(wtl_walk) w = {0};
    assert_good(wtl_walk_dir(&w, in_box("link"), NULL, NULL, &err), &err);
    PATHS(&w, "f");
    wtl_walk v = {0};
    assert_int_equal(wtl_walk_dir(&v, in_box("real/f"), NULL, NULL, &err), WTL_IO);
    assert_int_equal(err.sys_errno, ENOTDIR);
    assert_int_equal(wtl_walk_dir(&v, in_box("gone\n"), NULL, NULL, &err), WTL_IO);
    assert_says(&err, "gone\\x0a: No such file");
    assert_int_equal(wtl_walk_dir(&v, in_box("gone"), NULL, NULL, NULL), WTL_IO);
}

static int unreadable_child(void)
{
    CHECK(as_nobody());
    wtl_walk w = {0};
    wtl_err err = {0};
    CHECK(wtl_walk_dir(&w, box, NULL, NULL, &err) == WTL_IO);
    CHECK(says(&err, "closed: Permission denied"));
    return 0;
}

static void an_unreadable_directory_is_named(void **state)
{
    (void)state;
    put_dir("closed");
    assert_int_equal(chmod(in_box("closed"), 0), 0);
    in_child(unreadable_child);
}

static int few_descriptors(void)
{
    struct rlimit few = {.rlim_cur = 12, .rlim_max = 12};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    wtl_walk w = {0};
    wtl_err err = {0};
    CHECK(wtl_walk_dir(&w, in_box("top"), NULL, NULL, &err) == 0);
    CHECK(w.n == 1 && strlen(w.e[0].path) == 2 * 1200 + 4);
    wtl_walk_free(&w);
    return 0;
}

static int few_descriptors_old(void)
{
    return fault(SYS_openat2, ENOSYS) ? few_descriptors() : CHILD_SKIP;
}

static void deep_trees_need_few_descriptors(void **state)
{
    (void)state;
    put_deep("top", "d", 1200);
    in_child(few_descriptors);
    in_child(few_descriptors_old);
}

static void a_path_may_be_too_long(void **state)
{
    (void)state;
    put_deep("top", "abc", 1200);
    wtl_walk w = {0};
    wtl_err err = {0};
    assert_int_equal(wtl_walk_dir(&w, in_box("top"), NULL, NULL, &err), WTL_IO);
    assert_says(&err, "top/abc/abc/");
    assert_says(&err, "...");
    assert_says(&err, "deeper than the 4095 bytes that a path may have; move them up");
}

/* Both p and q hold a file; when the first of them is read, the other becomes a link to a folder outside. */
static bool swap_other(const char *path, void *arg)
{
    (void)arg;
    if (strchr(path, '/') == NULL)
        return false;
    const char *other = path[0] == 'p' ? "r/q" : "r/p";
    if (rename(in_box(other), in_box("moved")) == 0 && symlink("/etc", in_box(other)) != 0)
        abort();
    return false;
}

static int swapped(void)
{
    wtl_walk w = {0};
    wtl_err err = {0};
    int rc = wtl_walk_dir(&w, in_box("r"), swap_other, NULL, &err);
    CHECK(rc == WTL_POLICY);
    CHECK(says(&err, "is a symbolic link"));
    return 0;
}

static int swapped_old(void)
{
    return fault(SYS_openat2, EPERM) ? swapped() : CHILD_SKIP;
}

static void a_folder_swapped_for_a_link(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        put_dir("r");
        put_dir("r/p");
        put_dir("r/q");
        put("r/p/f", "");
        put("r/q/f", "");
        in_child(i == 0 ? swapped : swapped_old);
        box_drop(NULL);
        box_make(NULL);
    }
}

static void many_files(void **state)
{
    (void)state;
    enum { N = 5000 };
    for (int i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d", i * 7919 % N);
        put(name, "ab");
    }
    AUTO(wtl_walk) w = {0};
    wtl_err err = {0};
    assert_good(wtl_walk_dir(&w, box, NULL, NULL, &err), &err);
    assert_int_equal(w.n, N);
    assert_int_equal(w.bytes, 2 * N);
    for (size_t i = 1; i < w.n; i++)
        assert_true(strcmp(w.e[i - 1].path, w.e[i].path) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(finds_files_and_empty_dirs),
        BOX_TEST(an_empty_root_is_empty),
        BOX_TEST(odd_names_come_as_they_are),
        BOX_TEST(skipping_prunes),
        BOX_TEST(other_kinds_are_refused),
        BOX_TEST(roots),
        BOX_TEST(an_unreadable_directory_is_named),
        BOX_TEST(deep_trees_need_few_descriptors),
        BOX_TEST(a_path_may_be_too_long),
        BOX_TEST(a_folder_swapped_for_a_link),
        BOX_TEST(many_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
