#include "box.h"

#include "fs/out.h"
#include "fs/tree.h"

static int add(wtl_tree *t, const char *path, const char *content, unsigned mode, wtl_err *err)
{
    int fd;
    TRY(wtl_tree_begin(t, path, mode, &fd, err));
    TRY(wtl_out_write_fd(fd, wtl_text_of(content), path, err));
    return wtl_tree_end(t, err);
}

/* A tree with one file of each path, committed. */
static int write_all(const char *dir, bool force, const char *const *paths, size_t n, wtl_err *err)
{
    AUTO(wtl_tree) *t = NULL;
    TRY(wtl_tree_open(&t, dir, force, err));
    for (size_t i = 0; i < n; i++)
        TRY(add(t, paths[i], paths[i], 0644, err));
    return wtl_tree_commit(t, err);
}

#define WRITE(dir, force, err, ...)                                   \
    write_all(in_box(dir), force, (const char *const[]){__VA_ARGS__}, \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), err)

static void everything_arrives_together(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    assert_good(wtl_tree_open(&t, in_box("new/"), false, &err), &err);
    assert_good(add(t, "b/c/f", "one", 0644, &err), &err);
    assert_good(add(t, "a", "two", 0600, &err), &err);
    assert_good(add(t, "b-", "", 0444, &err), &err);
    assert_good(wtl_tree_mkdir(t, "e/mpty", 0750, &err), &err);
    assert_int_equal(count("new"), 1); /* the staging folder */
    assert_good(wtl_tree_commit(t, &err), &err);
    assert_int_equal(count("new"), 4);
    assert_true(holds("new/b/c/f", "one") && holds("new/a", "two") && holds("new/b-", ""));
    assert_int_equal(count("new/e/mpty"), 0);
    assert_int_equal(mode_of("new/e/mpty"), 0750);
    assert_int_equal(mode_of("new/a"), 0600);
    assert_int_equal(mode_of("new/b-"), 0444);
    assert_int_equal(wtl_tree_commit(t, &err), WTL_BUG);
    assert_int_equal(wtl_tree_mkdir(t, "x", 0750, &err), WTL_BUG);
    wtl_tree_free(t);
    t = NULL;
    assert_true(holds("new/b/c/f", "one"));
    wtl_tree_free(NULL);
}

static void an_empty_tree(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    assert_good(wtl_tree_open(&t, in_box("new"), false, &err), &err);
    assert_good(wtl_tree_commit(t, &err), &err);
    assert_int_equal(count("new"), 0);
}

static void targets(void **state)
{
    (void)state;
    wtl_err err = {0};
    put("file", "x");
    put_dir("full");
    put("full/.hid\nden", "x");
    put_dir("empty");
    put_link("empty", "link");
    put_link("nowhere", "dangling");
    assert_int_equal(WRITE("full", false, &err, "a"), WTL_POLICY);
    assert_says(&err, "full is not empty (it holds .hid\\x0aden)");
    assert_says(&err, "--force");
    assert_int_equal(WRITE("file", false, &err, "a"), WTL_POLICY);
    assert_says(&err, "file exists and is no directory");
    assert_int_equal(WRITE("file", true, &err, "a"), WTL_POLICY);
    assert_int_equal(WRITE("no/parent", false, &err, "a"), WTL_IO);
    assert_says(&err, "cannot make the directory");
    assert_says(&err, "no/parent: No such file");
    assert_int_equal(WRITE("file/x", false, &err, "a"), WTL_IO);
    assert_int_equal(WRITE("dangling", false, &err, "a"), WTL_IO);
    assert_false(there("nowhere"));
    wtl_tree *t = NULL;
    assert_int_equal(wtl_tree_open(&t, "", false, &err), WTL_USAGE);
    assert_null(t);
    assert_int_equal(count("full"), 1);
    assert_good(WRITE("full", true, &err, "a"), &err);
    assert_true(holds("full/a", "a") && holds("full/.hid\nden", "x"));
    assert_good(WRITE("link", false, &err, "a"), &err);
    assert_true(holds("empty/a", "a"));
    assert_int_equal(count("."), 5);
}

static void relative_targets(void **state)
{
    (void)state;
    int home = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(home >= 0 && chdir(box) == 0);
    wtl_err err = {0};
    static const char *const a[] = {"a"};
    int rc = write_all("rel", false, a, 1, &err);
    if (rc == 0)
        rc = write_all(".", true, a, 1, &err);
    assert_int_equal(fchdir(home), 0);
    close(home);
    assert_good(rc, &err);
    assert_true(holds("rel/a", "a") && holds("a", "a"));
    assert_int_equal(count("."), 2);
}

static void paths_stay_inside(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "/",    "/a",  "a/",    ".",    "..", "../a",
                                      "a/../b", "a/..", "./a", "a/./b", "a//b", "//", "a/b/../../../c"};
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    assert_good(wtl_tree_open(&t, in_box("new"), false, &err), &err);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = -5;
        assert_int_equal(wtl_tree_begin(t, bad[i], 0644, &fd, &err), WTL_FORMAT);
        assert_int_equal(fd, -5);
        assert_int_equal(wtl_tree_mkdir(t, bad[i], 0755, &err), WTL_FORMAT);
    }
    static const char *const good[] = {"...", "..a",  "a\nb", "-",    "~",
                                       "c:d", "\xff", " ",    "x\\y", ".wattle-partial-"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_good(add(t, good[i], "x", 0644, &err), &err);
    assert_good(wtl_tree_commit(t, &err), &err);
    assert_int_equal(count("new"), sizeof good / sizeof good[0]);
    assert_int_equal(count("."), 1);
}

static void long_paths(void **state)
{
    (void)state;
    char path[4100];
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = i % 2 == 0 ? 'd' : '/';
    path[4097] = '\0';
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    assert_good(wtl_tree_open(&t, in_box("new"), false, &err), &err);
    int fd;
    assert_int_equal(wtl_tree_begin(t, path, 0644, &fd, &err), WTL_IO);
    assert_says(&err, "longer than the 4095 bytes");
    path[4095] = '\0';
    assert_good(add(t, path, "deep", 0644, &err), &err);
    memset(path, 'n', 256);
    path[256] = '\0';
    assert_int_equal(wtl_tree_begin(t, path, 0644, &fd, &err), WTL_IO);
    assert_says(&err, "a part of 256 bytes");
    path[255] = '\0';
    assert_good(add(t, path, "x", 0644, &err), &err);
    assert_good(wtl_tree_commit(t, &err), &err);
    assert_true(holds(strcat(strcpy((char[300]){0}, "new/"), path), "x"));
    assert_int_equal(count("new"), 2);
    fd = open(in_box("new"), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 2047; i++) {
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    assert_int_equal(faccessat(fd, "d", R_OK, 0), 0);
    close(fd);
}

static int refused(const char *const *paths, size_t n, const char *dir, wtl_err *err)
{
    AUTO(wtl_tree) *t = NULL;
    TRY(wtl_tree_open(&t, in_box("new"), false, err));
    for (size_t i = 0; i < n; i++)
        TRY(add(t, paths[i], "x", 0644, err));
    if (dir != NULL)
        TRY(wtl_tree_mkdir(t, dir, 0755, err));
    return wtl_tree_commit(t, err);
}

static void names_must_not_collide(void **state)
{
    (void)state;
    static const struct {
        const char *paths[4];
        size_t n;
        const char *dir;
        int rc;
        const char *says;
    } rows[] = {{{"a", "b", "a"}, 3, NULL, WTL_FORMAT, "new/a is named twice"},
                {{"a/b", "c", "a/b"}, 3, NULL, WTL_FORMAT, "a/b is named twice"},
                {{"a/b", "a-", "a"}, 3, NULL, WTL_FORMAT, "new/a is named both as a file and as a folder"},
                {{"a", "a!", "a/b/c"}, 3, NULL, WTL_FORMAT, "new/a is named both"},
                {{"a"}, 1, "a", WTL_FORMAT, "named twice"},
                {{"a"}, 1, "a/b", WTL_FORMAT, "new/a is named both"},
                {{"a/b"}, 1, "a", WTL_OK, ""},
                {{"a/b", "a/c", "a-", "ab"}, 4, "a/d/e", WTL_OK, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        assert_int_equal(refused(rows[i].paths, rows[i].n, rows[i].dir, &err), rows[i].rc);
        assert_says(&err, rows[i].says);
        assert_int_equal(there("new"), rows[i].rc == 0);
        box_drop(NULL);
        box_make(NULL);
    }
}

static void what_is_in_the_way_stays(void **state)
{
    (void)state;
    put_dir("out");
    put_dir("t");
    put_dir("t/dir");
    put("t/file", "old");
    put("t/other", "old");
    put_link("../out", "t/link");
    put_link("../out/new", "t/dangling");
    assert_int_equal(mkfifo(in_box("t/pipe"), 0666), 0);
    static const struct {
        const char *path;
        const char *says;
    } rows[] = {{"link/f", "t/link is a symbolic link where a folder must go"},
                {"link", "t/link is a symbolic link where a file must go"},
                {"dangling", "a symbolic link where a file"},
                {"dangling/x", "a symbolic link where a folder"},
                {"dir", "t/dir is a directory where a file must go"},
                {"file/x", "t/file is a regular file where a folder must go"},
                {"file/x/y/z", "t/file is a regular file where a folder must go"},
                {"pipe", "a pipe where a file"},
                {"link/a/b", "t/link is a symbolic link"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        assert_int_equal(WRITE("t", true, &err, "aaa", "other", "zz/z", rows[i].path), WTL_POLICY);
        assert_says(&err, rows[i].says);
        assert_int_equal(count("out"), 0);
        assert_int_equal(count("t"), 6);
        assert_true(holds("t/file", "old") && holds("t/other", "old"));
    }
}

static void force_replaces_files(void **state)
{
    (void)state;
    put_dir("t");
    put_dir("t/d");
    put("t/a", "old");
    put("t/d/b", "old");
    put("t/d/keep", "kept");
    assert_int_equal(chmod(in_box("t/d"), 0700), 0);
    assert_int_equal(chmod(in_box("t/a"), 0), 0);
    wtl_err err = {0};
    assert_good(WRITE("t", true, &err, "a", "d/b", "d/new", "e/f"), &err);
    assert_true(holds("t/a", "a") && holds("t/d/b", "d/b") && holds("t/d/new", "d/new") &&
                holds("t/e/f", "e/f"));
    assert_true(holds("t/d/keep", "kept"));
    assert_int_equal(mode_of("t/a"), 0644);
    assert_int_equal(mode_of("t/d"), 0700);
    assert_int_equal(count("t"), 3);
}

static int appears(void)
{
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    CHECK(wtl_tree_open(&t, in_box("t"), false, &err) == 0);
    CHECK(add(t, "a/a", "x", 0644, &err) == 0 && add(t, "b", "mine", 0644, &err) == 0);
    put("t/b", "theirs");
    CHECK(wtl_tree_commit(t, &err) == WTL_POLICY);
    CHECK(says(&err, "t/b exists already"));
    CHECK(wtl_tree_commit(t, &err) == WTL_IO);
    CHECK(!there("t/a") && holds("t/b", "theirs"));
    wtl_tree_free(t);
    t = NULL;
    CHECK(count("t") == 1);
    CHECK(WRITE("t", true, &err, "a/a", "b", "c") == 0);
    CHECK(holds("t/a/a", "a/a") && holds("t/b", "b") && holds("t/c", "c"));
    CHECK(count("t") == 3);
    return 0;
}

static int appears_no_renameat2(void)
{
    return fault(SYS_renameat2, EINVAL) ? appears() : CHILD_SKIP;
}

static int appears_no_openat2(void)
{
    return fault(SYS_openat2, ENOSYS) ? appears() : CHILD_SKIP;
}

static void files_that_appear_meanwhile(void **state)
{
    (void)state;
    int (*const ways[])(void) = {appears, appears_no_renameat2, appears_no_openat2};
    for (size_t i = 0; i < 3; i++) {
        in_child(ways[i]);
        box_drop(NULL);
        box_make(NULL);
    }
}

static void modes_are_exact(void **state)
{
    (void)state;
    static const unsigned modes[] = {0, 0400, 0444, 0200, 0644, 0777, 0111};
    wtl_err err = {0};
    umask(077);
    AUTO(wtl_tree) *t = NULL;
    assert_good(wtl_tree_open(&t, in_box("t"), false, &err), &err);
    for (size_t i = 0; i < 7; i++) {
        char path[64];
        snprintf(path, sizeof path, "d%zu/file", i);
        assert_good(add(t, path, "x", modes[i], &err), &err);
        snprintf(path, sizeof path, "d%zu", i);
        assert_good(wtl_tree_mkdir(t, path, modes[i], &err), &err);
    }
    assert_good(add(t, "implied/file", "x", 06755, &err), &err);
    assert_good(wtl_tree_commit(t, &err), &err);
    umask(022);
    assert_int_equal(mode_of("t/implied"), 0700);
    assert_int_equal(mode_of("t/implied/file"), 0755);
    for (size_t i = 0; i < 7; i++) {
        char path[64];
        snprintf(path, sizeof path, "t/d%zu", i);
        assert_int_equal(mode_of(path), modes[i]);
        assert_int_equal(chmod(in_box(path), 0700), 0);
        strcat(path, "/file");
        assert_int_equal(mode_of(path), modes[i]);
    }
}

/* A folder that its mode closes is closed last: this must work without root's rights too. */
static int closed_folders(void)
{
    CHECK(as_nobody());
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    CHECK(wtl_tree_open(&t, in_box("t"), false, &err) == 0);
    CHECK(wtl_tree_mkdir(t, "a", 0555, &err) == 0);
    CHECK(wtl_tree_mkdir(t, "a/b", 0, &err) == 0);
    CHECK(add(t, "a/b/f", "x", 0, &err) == 0);
    CHECK(add(t, "a/c", "x", 0444, &err) == 0);
    int rc = wtl_tree_commit(t, &err);
    if (rc != 0)
        fprintf(stderr, "%s\n", err.text);
    CHECK(rc == 0);
    CHECK(mode_of("t/a") == 0555 && mode_of("t/a/b") == 0 && holds("t/a/c", "x"));
    return 0;
}

static void closed_folders_are_closed_last(void **state)
{
    (void)state;
    in_child(closed_folders);
}

static void freeing_leaves_what_was(void **state)
{
    (void)state;
    put_dir("old");
    for (int i = 0; i < 2; i++) {
        wtl_err err = {0};
        AUTO(wtl_tree) *t = NULL;
        assert_good(wtl_tree_open(&t, in_box(i == 0 ? "new" : "old"), false, &err), &err);
        assert_good(add(t, "a/b", "x", 0644, &err), &err);
        assert_good(wtl_tree_mkdir(t, "c", 0755, &err), &err);
        int fd;
        assert_good(wtl_tree_begin(t, "d", 0644, &fd, &err), &err);
        assert_int_equal(write(fd, "x", 1), 1);
        assert_int_equal(wtl_tree_begin(t, "e", 0644, &fd, &err), WTL_BUG);
        assert_int_equal(wtl_tree_commit(t, &err), WTL_BUG);
    }
    assert_int_equal(count("."), 1);
    assert_int_equal(count("old"), 0);
}

static int closed_target(void)
{
    CHECK(as_nobody());
    wtl_err err = {0};
    CHECK(WRITE("t", false, &err, "a") == WTL_IO);
    CHECK(says(&err, "cannot write into the directory"));
    CHECK(says(&err, "/t: Permission denied"));
    CHECK(WRITE("t/new", false, &err, "a") == WTL_IO);
    CHECK(says(&err, "/t/new: Permission denied"));
    return 0;
}

static void an_unwritable_target_is_named(void **state)
{
    (void)state;
    put_dir("t");
    assert_int_equal(chmod(in_box("t"), 0555), 0);
    in_child(closed_target);
    assert_int_equal(count("t"), 0);
}

/* Below t/sub lies another file system, where nothing can be moved: found when "a" and "b" are moved already. */
static void a_failure_in_the_middle_is_undone(void **state)
{
    (void)state;
    put_dir("t");
    put("t/b", "old");
    put_dir("t/keep");
    mount_small("t/sub", 64);
    wtl_err err = {0};
    int rc = WRITE("t", true, &err, "a", "b", "keep/x/y", "new/dir/f", "sub/f", "zz");
    int subs = count("t/sub");
    assert_int_equal(umount(in_box("t/sub")), 0);
    assert_int_equal(rc, WTL_IO);
    assert_says(&err, "nothing was changed in ");
    assert_says(&err, "cannot move a finished file to ");
    assert_says(&err, "t/sub/f: Invalid cross-device link");
    assert_int_equal(subs, 0);
    assert_true(holds("t/b", "old"));
    assert_int_equal(count("t"), 3);
    assert_int_equal(count("t/keep"), 0);
}

/* The same where files cannot be exchanged: what was replaced cannot be brought back, and that is said. */
static int half_undone(void)
{
    if (!fault(SYS_renameat2, EINVAL))
        return CHILD_SKIP;
    wtl_err err = {0};
    CHECK(WRITE("t", true, &err, "a", "b", "new/f", "sub/f") == WTL_IO);
    CHECK(says(&err, "1 of 4 files and 0 new folders stay in "));
    CHECK(holds("t/b", "b"));
    CHECK(!there("t/a") && !there("t/new"));
    CHECK(count("t") == 2);
    return 0;
}

static void what_cannot_be_undone_is_said(void **state)
{
    (void)state;
    put_dir("t");
    put("t/b", "old");
    mount_small("t/sub", 64);
    pid_t pid = fork();
    if (pid == 0)
        _exit(half_undone());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(umount(in_box("t/sub")), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIP)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int sync_fails(void)
{
    wtl_err err = {0};
    wtl_tree *t = NULL;
    CHECK(wtl_tree_open(&t, in_box("t"), false, &err) == 0);
    CHECK(add(t, "a", "x", 0644, &err) == 0);
    if (!fault(SYS_fsync, EIO))
        return CHILD_SKIP;
    CHECK(add(t, "b", "x", 0644, &err) == WTL_IO);
    CHECK(says(&err, "cannot flush"));
    CHECK(says(&err, "t/b to the disk: Input/output error"));
    CHECK(wtl_tree_commit(t, &err) == WTL_IO);
    CHECK(says(&err, "after an earlier error"));
    wtl_tree_free(t);
    CHECK(count(".") == 0);
    return 0;
}

/* The target was made, the rest fails: it goes again. */
static int mkdir_fails(void)
{
    wtl_err err = {0};
    wtl_tree *t = NULL;
    CHECK(wtl_tree_open(&t, in_box("t"), false, &err) == 0);
    CHECK(add(t, "a", "x", 0644, &err) == 0 && add(t, "b/c", "x", 0644, &err) == 0);
    if (!fault(SYS_mkdirat, ENOSPC))
        return CHILD_SKIP;
    CHECK(wtl_tree_commit(t, &err) == WTL_IO);
    CHECK(says(&err, "nothing was changed in"));
    CHECK(says(&err, "t/b: No space left"));
    wtl_tree_free(t);
    CHECK(count(".") == 0);
    return 0;
}

static int random_fails(void)
{
    wtl_err err = {0};
    if (!fault(SYS_getrandom, ENOSYS))
        return CHILD_SKIP;
    CHECK(WRITE("t", false, &err, "a") == WTL_IO);
    CHECK(count(".") == 0);
    return 0;
}

static int mode_fails(void)
{
    wtl_err err = {0};
    AUTO(wtl_tree) *t = NULL;
    CHECK(wtl_tree_open(&t, in_box("t"), false, &err) == 0);
    CHECK(add(t, "a", "x", 0644, &err) == 0 && wtl_tree_mkdir(t, "d", 0711, &err) == 0);
    if (!fault(SYS_fchmod, EPERM))
        return CHILD_SKIP;
    CHECK(wtl_tree_commit(t, &err) == WTL_IO);
    CHECK(says(&err, "all files are in place, but the directory"));
    wtl_tree_free(t);
    t = NULL;
    CHECK(holds("t/a", "x") && count("t") == 2);
    CHECK(unlink(in_box("t/a")) == 0 && rmdir(in_box("t/d")) == 0 && rmdir(in_box("t")) == 0);
    return 0;
}

static void failing_calls_leave_nothing(void **state)
{
    (void)state;
    in_child(sync_fails);
    in_child(mkdir_fails);
    in_child(random_fails);
    in_child(mode_fails);
}

static void a_full_disk(void **state)
{
    (void)state;
    static uint8_t much[256 * 1024];
    mount_small("small", 64);
    wtl_err err = {0};
    wtl_tree *t = NULL;
    int rc = wtl_tree_open(&t, in_box("small/t"), false, &err);
    int fd = -1;
    if (rc == 0)
        rc = wtl_tree_begin(t, "big", 0644, &fd, &err);
    int wrote = rc == 0 ? wtl_out_write_fd(fd, (wtl_bytes){much, sizeof much}, "small/t/b\x07ig", &err) : 0;
    wtl_tree_free(t);
    int left = count("small");
    assert_int_equal(umount(in_box("small")), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(wrote, WTL_IO);
    assert_says(&err, "cannot write small/t/b\\x07ig: No space left on device");
    assert_int_equal(left, 0);
}

static void killed_in_the_middle(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    const char *path = in_box("t");
    pid_t pid = fork();
    if (pid == 0) {
        wtl_tree *t = NULL;
        int fd;
        if (wtl_tree_open(&t, path, false, NULL) != 0 || add(t, "a/b", "x", 0644, NULL) != 0 ||
            wtl_tree_begin(t, "c", 0644, &fd, NULL) != 0 || write(fd, "x", 1) != 1 || write(p[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char c;
    assert_int_equal(read(p[0], &c, 1), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(p[0]);
    close(p[1]);
    assert_int_equal(count("t"), 1);
    assert_false(there("t/a") || there("t/c"));
    wtl_err err = {0};
    assert_int_equal(WRITE("t", false, &err, "a"), WTL_POLICY);
    assert_says(&err, "it holds .wattle-partial-");
}

static void a_hundred_thousand_files(void **state)
{
    (void)state;
    enum { N = 100000 };
    /* In memory, as what is measured here is not the disk. */
    char dir[] = "/dev/shm/wattle-tree.XXXXXX";
    if (mkdtemp(dir) == NULL) {
        print_message("skipped: nothing can be written to /dev/shm\n");
        skip();
    }
    wtl_err err = {0};
    wtl_tree *t = NULL;
    int rc = wtl_tree_open(&t, dir, false, &err);
    for (int i = 0; rc == 0 && i < N; i++) {
        char path[64];
        snprintf(path, sizeof path, "d%03d/%d", i * 7919 % 317, i);
        rc = add(t, path, "", 0644, &err);
    }
    if (rc == 0)
        rc = wtl_tree_commit(t, &err);
    wtl_tree_free(t);
    char command[128];
    snprintf(command, sizeof command, "test $(find %s -type f | wc -l) = %d -a $(ls -A %s | wc -l) = 317",
             dir, (int)N, dir);
    int found = system(command);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    assert_good(rc, &err);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(everything_arrives_together),
        BOX_TEST(an_empty_tree),
        BOX_TEST(targets),
        BOX_TEST(relative_targets),
        BOX_TEST(paths_stay_inside),
        BOX_TEST(long_paths),
        BOX_TEST(names_must_not_collide),
        BOX_TEST(what_is_in_the_way_stays),
        BOX_TEST(force_replaces_files),
        BOX_TEST(files_that_appear_meanwhile),
        BOX_TEST(modes_are_exact),
        BOX_TEST(closed_folders_are_closed_last),
        BOX_TEST(freeing_leaves_what_was),
        BOX_TEST(an_unwritable_target_is_named),
        BOX_TEST(a_failure_in_the_middle_is_undone),
        BOX_TEST(what_cannot_be_undone_is_said),
        BOX_TEST(failing_calls_leave_nothing),
        BOX_TEST(a_full_disk),
        BOX_TEST(killed_in_the_middle),
        BOX_TEST(a_hundred_thousand_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
