#include "box.h"

#include "fs/out.h"

static wtl_bytes text(const char *s)
{
    return wtl_text_of(s);
}

static void appears_complete_or_not_at_all(void **state)
{
    (void)state;
    wtl_out o = {0};
    wtl_err err = {0};
    assert_good(wtl_out_open(&o, in_box("f"), 0, 0644, &err), &err);
    assert_good(wtl_out_write(&o, text("hello "), &err), &err);
    assert_good(wtl_out_write(&o, (wtl_bytes){NULL, 0}, &err), &err);
    assert_good(wtl_out_write(&o, text("world"), &err), &err);
    assert_int_equal(o.written, 11);
    assert_false(there("f"));
    assert_int_equal(count("."), 1);
    assert_true(there(o.temp));
    assert_true(strncmp(o.temp, ".f.wattle-", 10) == 0);
    assert_good(wtl_out_commit(&o, &err), &err);
    assert_true(holds("f", "hello world"));
    assert_int_equal(count("."), 1);
    assert_int_equal(o.fd, -1);
    wtl_out_abort(&o);
    wtl_out_abort(&o);
    assert_true(holds("f", "hello world"));
    assert_int_equal(wtl_out_write(&o, text("x"), &err), WTL_BUG);
    assert_int_equal(wtl_out_commit(&o, &err), WTL_BUG);
}

static void aborting_leaves_nothing(void **state)
{
    (void)state;
    wtl_err err = {0};
    {
        AUTO(wtl_out) o = {.fd = -1};
        assert_good(wtl_out_open(&o, in_box("f"), 0, 0644, &err), &err);
        assert_good(wtl_out_write(&o, text("hello"), &err), &err);
    }
    assert_int_equal(count("."), 0);
    wtl_out zero = {0};
    wtl_out_abort(&zero);
    assert_true(fcntl(0, F_GETFD) >= 0 || errno != EBADF);
}

static unsigned mode_made(unsigned asked, unsigned mask)
{
    wtl_err err = {0};
    umask(mask);
    int rc = wtl_out_file(in_box("m"), text("x"), 0, asked, &err);
    umask(022);
    assert_good(rc, &err);
    unsigned mode = mode_of("m");
    assert_int_equal(unlink(in_box("m")), 0);
    return mode;
}

static void modes(void **state)
{
    (void)state;
    assert_int_equal(mode_made(0600, 022), 0600);
    assert_int_equal(mode_made(0600, 0777), 0600);
    assert_int_equal(mode_made(0400, 0), 0400);
    assert_int_equal(mode_made(0644, 022), 0644);
    assert_int_equal(mode_made(0644, 077), 0600);
    assert_int_equal(mode_made(0666, 0), 0666);
    assert_int_equal(mode_made(04755, 022), 0755);
}

static void an_existing_file_stays(void **state)
{
    (void)state;
    put("f\n", "old");
    wtl_out o = {0};
    wtl_err err = {0};
    assert_int_equal(wtl_out_open(&o, in_box("f\n"), 0, 0644, &err), WTL_POLICY);
    assert_says(&err, "f\\x0a exists already; choose another name or pass --force");
    assert_int_equal(o.fd, -1);
    assert_true(holds("f\n", "old"));
    assert_int_equal(count("."), 1);
}

static int appears(void)
{
    wtl_out o = {0};
    wtl_err err = {0};
    CHECK(wtl_out_open(&o, in_box("f"), 0, 0644, &err) == 0);
    CHECK(wtl_out_write(&o, text("new"), &err) == 0);
    put("f", "theirs");
    CHECK(wtl_out_commit(&o, &err) == WTL_POLICY);
    CHECK(says(&err, "appeared while it was being written; what is there now was left alone"));
    CHECK(holds("f", "theirs"));
    CHECK(count(".") == 1);
    CHECK(unlink(in_box("f")) == 0);
    CHECK(wtl_out_file(in_box("f"), text("new"), 0, 0644, &err) == 0);
    CHECK(holds("f", "new"));
    CHECK(count(".") == 1);
    CHECK(unlink(in_box("f")) == 0);
    return 0;
}

static int appears_no_rename(void)
{
    return fault(SYS_renameat2, EINVAL) ? appears() : CHILD_SKIP;
}

static int appears_no_link(void)
{
    if (!fault(SYS_renameat2, EINVAL) || !fault(SYS_linkat, EPERM))
        return CHILD_SKIP;
    wtl_err err = {0};
    CHECK(wtl_out_file(in_box("f"), text("new"), 0, 0644, &err) == WTL_IO);
    CHECK(says(&err, "cannot move the finished file to"));
    CHECK(count(".") == 0);
    return 0;
}

static void nothing_is_overwritten_in_a_race(void **state)
{
    (void)state;
    in_child(appears);
    in_child(appears_no_rename);
    in_child(appears_no_link);
}

static void replacing(void **state)
{
    (void)state;
    put("f", "old and long");
    assert_int_equal(chmod(in_box("f"), 0600), 0);
    wtl_err err = {0};
    AUTO(wtl_out) o = {.fd = -1};
    assert_good(wtl_out_open(&o, in_box("f"), WTL_OUT_REPLACE, 0644, &err), &err);
    assert_good(wtl_out_write(&o, text("new"), &err), &err);
    assert_true(holds("f", "old and long"));
    assert_good(wtl_out_commit(&o, &err), &err);
    assert_true(holds("f", "new"));
    assert_int_equal(mode_of("f"), 0644);
    assert_int_equal(count("."), 1);
    assert_good(wtl_out_file(in_box("g"), text("g"), WTL_OUT_REPLACE, 0644, &err), &err);
    assert_true(holds("g", "g"));
}

static void only_regular_files_are_replaced(void **state)
{
    (void)state;
    put("f", "x");
    put_link("f", "link");
    put_link("none", "dangling");
    put_dir("d");
    assert_int_equal(mkfifo(in_box("pipe"), 0666), 0);
    static const char *const names[] = {"link", "dangling", "d", "pipe", "../../../../../../dev/null"};
    static const char *const kinds[] = {"a symbolic link", "a symbolic link", "a directory", "a pipe",
                                        "a device"};
    for (size_t i = 0; i < 5; i++) {
        for (unsigned flags = 0; flags <= WTL_OUT_REPLACE; flags++) {
            wtl_out o = {0};
            wtl_err err = {0};
            assert_int_equal(wtl_out_open(&o, in_box(names[i]), flags, 0644, &err), WTL_POLICY);
            assert_says(&err, kinds[i]);
        }
    }
    /* One that comes while the file is written. */
    wtl_out o = {0};
    wtl_err err = {0};
    assert_good(wtl_out_open(&o, in_box("late"), WTL_OUT_REPLACE, 0644, &err), &err);
    put_link("f", "late");
    assert_int_equal(wtl_out_commit(&o, &err), WTL_POLICY);
    assert_true(holds("f", "x"));
    assert_false(there("none"));
    assert_int_equal(count("."), 6);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rc;
        const char *says;
    } rows[] = {{"", WTL_POLICY, "names a directory"},
                {"x/", WTL_POLICY, "names a directory"},
                {".", WTL_POLICY, "names a directory"},
                {"x/..", WTL_POLICY, "names a directory"},
                {"no/x", WTL_IO, "cannot write x in the directory"},
                {"no/x", WTL_IO, "/no: No such file"},
                {"f/x", WTL_IO, "Not a directory"}};
    put("f", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_out o = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_out_open(&o, in_box(rows[i].name), 0, 0644, &err), rows[i].rc);
        assert_says(&err, rows[i].says);
    }
    char name[257];
    wtl_err err = {0};
    for (unsigned step = 1; step <= 2; step++) { /* long names, of one-byte and of two-byte characters */
        for (size_t i = 0; i < 256; i += 2)
            memcpy(name + i, step == 1 ? "aa" : "\xc3\xa9", 2);
        name[256] = '\0';
        assert_int_equal(wtl_out_file(in_box(name), text("x"), 0, 0644, &err), WTL_IO);
        assert_int_equal(err.sys_errno, ENAMETOOLONG);
        name[254] = '\0';
        assert_good(wtl_out_file(in_box(name), text("x"), 0, 0644, &err), &err);
        assert_true(holds(name, "x"));
    }
    assert_good(wtl_out_file(in_box("\xff\n:"), text("x"), 0, 0644, &err), &err);
    assert_true(holds("\xff\n:", "x"));
    assert_int_equal(count("."), 4);
    assert_int_equal(wtl_out_file("", text("x"), 0, 0644, &err), WTL_USAGE);
    assert_int_equal(wtl_out_file("-", text("x"), 0, 0644, &err), WTL_USAGE);
    assert_says(&err, "write ./- for a file");
}

static void relative_paths(void **state)
{
    (void)state;
    int home = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(home >= 0 && chdir(box) == 0);
    wtl_err err = {0};
    int rc = wtl_out_file("plain", text("x"), 0, 0644, &err);
    if (rc == 0)
        rc = wtl_out_file("./-", text("y"), 0, 0644, &err);
    assert_int_equal(fchdir(home), 0);
    close(home);
    assert_good(rc, &err);
    assert_true(holds("plain", "x"));
    assert_true(holds("-", "y"));
}

static void beneath_an_open_directory(void **state)
{
    (void)state;
    put_dir("d");
    int fd = open(in_box("d"), O_RDONLY | O_DIRECTORY);
    wtl_out o = {0};
    wtl_err err = {0};
    assert_good(wtl_out_open_at(&o, fd, "-", "the/shown/name", 0, 0644, &err), &err);
    assert_good(wtl_out_write(&o, text("x"), &err), &err);
    assert_int_equal(rename(in_box("d"), in_box("e")), 0);
    assert_good(wtl_out_commit(&o, &err), &err);
    assert_true(holds("e/-", "x"));
    assert_int_equal(wtl_out_open_at(&o, fd, "-", "the/shown/name", 0, 0644, &err), WTL_POLICY);
    assert_says(&err, "the/shown/name exists");
    assert_int_equal(wtl_out_open_at(&o, fd, "../x", "x", 0, 0644, &err), WTL_BUG);
    assert_int_equal(wtl_out_open_at(&o, fd, "..", "x", 0, 0644, &err), WTL_POLICY);
    assert_int_equal(wtl_out_open_at(&o, -1, "y", "y", 0, 0644, &err), WTL_IO);
    assert_true(fcntl(fd, F_GETFD) >= 0);
    close(fd);
}

static int closed_dir(void)
{
    CHECK(as_nobody());
    wtl_err err = {0};
    CHECK(wtl_out_file(in_box("d/f"), text("x"), 0, 0644, &err) == WTL_IO);
    CHECK(says(&err, "d/f: Permission denied"));
    CHECK(!there("d/f"));
    return 0;
}

static void an_unwritable_directory_is_named(void **state)
{
    (void)state;
    put_dir("d");
    assert_int_equal(chmod(in_box("d"), 0555), 0);
    in_child(closed_dir);
    assert_int_equal(count("d"), 0);
}

static void a_full_disk(void **state)
{
    (void)state;
    static uint8_t much[256 * 1024];
    memset(much, 'x', sizeof much);
    mount_small("small", 64);
    wtl_out o = {0};
    wtl_err err = {0};
    int rc = wtl_out_open(&o, in_box("small/f"), 0, 0644, &err);
    int first = rc == 0 ? wtl_out_write(&o, (wtl_bytes){much, 1000}, &err) : rc;
    int second = wtl_out_write(&o, (wtl_bytes){much, sizeof much}, &err);
    wtl_err again = {0};
    int third = wtl_out_write(&o, (wtl_bytes){much, 1}, &again);
    int left = count("small");
    int fourth = wtl_out_commit(&o, &again);
    assert_int_equal(umount(in_box("small")), 0);
    assert_int_equal(first, 0);
    assert_int_equal(second, WTL_IO);
    assert_says(&err, "small/f after 65536 bytes: No space left on device");
    assert_int_equal(third, WTL_IO);
    assert_int_equal(fourth, WTL_IO);
    assert_says(&again, "was given up after an earlier error");
    assert_int_equal(left, 0);
}

static int too_big(void)
{
    struct rlimit few = {.rlim_cur = 1000, .rlim_max = 1000};
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &few) == 0);
    static uint8_t much[5000];
    wtl_err err = {0};
    CHECK(wtl_out_file(in_box("f"), (wtl_bytes){much, 1000}, 0, 0644, &err) == 0);
    CHECK(wtl_out_file(in_box("g"), (wtl_bytes){much, 1001}, 0, 0644, &err) == WTL_IO);
    CHECK(says(&err, "/g after 1000 bytes: File too large"));
    CHECK(count(".") == 1);
    return 0;
}

static void a_short_write_is_told(void **state)
{
    (void)state;
    in_child(too_big);
}

static int sync_fails(void)
{
    wtl_err err = {0};
    if (!fault(SYS_fsync, EIO))
        return CHILD_SKIP;
    CHECK(wtl_out_file(in_box("f"), text("x"), 0, 0644, &err) == WTL_IO);
    CHECK(says(&err, "cannot flush"));
    CHECK(says(&err, "/f to the disk: Input/output error"));
    CHECK(count(".") == 0);
    return 0;
}

static int close_fails(void)
{
    wtl_out o = {0};
    wtl_err err = {0};
    CHECK(wtl_out_open(&o, in_box("f"), 0, 0644, &err) == 0);
    CHECK(wtl_out_write(&o, text("x"), &err) == 0);
    if (!fault(SYS_close, EDQUOT))
        return CHILD_SKIP;
    CHECK(wtl_out_commit(&o, &err) == WTL_IO);
    CHECK(says(&err, "cannot finish"));
    CHECK(!there("f"));
    return 0;
}

static int random_fails(void)
{
    wtl_err err = {0};
    if (!fault(SYS_getrandom, ENOSYS))
        return CHILD_SKIP;
    CHECK(wtl_out_file(in_box("f"), text("x"), 0, 0644, &err) == WTL_IO);
    CHECK(count(".") == 0);
    return 0;
}

static int mode_fails(void)
{
    wtl_err err = {0};
    if (!fault(SYS_fchmod, EPERM))
        return CHILD_SKIP;
    CHECK(wtl_out_file(in_box("f"), text("x"), 0, 0600, &err) == WTL_IO);
    CHECK(says(&err, "cannot set the mode of"));
    CHECK(count(".") == 0);
    return 0;
}

static void failing_calls_leave_nothing(void **state)
{
    (void)state;
    in_child(sync_fails);
    in_child(random_fails);
    in_child(mode_fails);
    in_child(close_fails);
}

static int broken_pipe(void)
{
    int p[2];
    signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(p) == 0 && dup2(p[1], 1) == 1);
    close(p[0]);
    close(p[1]);
    wtl_err err = {0};
    CHECK(wtl_out_file("-", text("x"), WTL_OUT_STDOUT_OK, 0644, &err) == WTL_IO);
    CHECK(err.sys_errno == EPIPE);
    CHECK(says(&err, "cannot write standard output after 0 bytes: Broken pipe"));
    return 0;
}

static int full_stdout(void)
{
    int fd = open("/dev/full", O_WRONLY);
    if (fd < 0)
        return CHILD_SKIP;
    CHECK(dup2(fd, 1) == 1);
    wtl_out o = {0};
    wtl_err err = {0};
    CHECK(wtl_out_open(&o, "-", WTL_OUT_STDOUT_OK, 0644, &err) == 0 && o.is_stdout);
    CHECK(wtl_out_write(&o, text("x"), &err) == WTL_IO);
    CHECK(says(&err, "No space left"));
    CHECK(wtl_out_commit(&o, &err) == WTL_IO);
    return 0;
}

static int no_stdout(void)
{
    close(1);
    wtl_out o = {0};
    wtl_err err = {0};
    CHECK(wtl_out_open(&o, "-", WTL_OUT_STDOUT_OK, 0644, &err) == WTL_IO);
    CHECK(says(&err, "standard output: Bad file descriptor"));
    return 0;
}

/* A reader slower than the writer, at the other end of a pipe that does not block. */
static int slow_reader(void)
{
    enum { N = 300000 };
    static uint8_t data[N];
    int p[2];
    CHECK(pipe(p) == 0);
    pid_t reader = fork();
    if (reader == 0) {
        close(p[1]);
        size_t all = 0;
        ssize_t n;
        uint8_t some[7001];
        while ((n = read(p[0], some, sizeof some)) > 0) {
            all += (size_t)n;
            usleep(100);
        }
        _exit(all == N ? 0 : 1);
    }
    CHECK(dup2(p[1], 1) == 1 && fcntl(1, F_SETFL, O_NONBLOCK) == 0);
    close(p[0]);
    close(p[1]);
    wtl_err err = {0};
    CHECK(wtl_out_file("-", (wtl_bytes){data, N}, WTL_OUT_STDOUT_OK, 0644, &err) == 0);
    CHECK(fcntl(1, F_GETFD) >= 0); /* the program's own stays open */
    close(1);
    int status;
    CHECK(waitpid(reader, &status, 0) == reader && status == 0);
    return 0;
}

static void standard_output(void **state)
{
    (void)state;
    in_child(broken_pipe);
    in_child(full_stdout);
    in_child(no_stdout);
    in_child(slow_reader);
}

static void killed_in_the_middle(void **state)
{
    (void)state;
    put("old", "old");
    for (int i = 0; i < 2; i++) {
        int p[2];
        assert_int_equal(pipe(p), 0);
        const char *path = in_box(i == 0 ? "new" : "old");
        pid_t pid = fork();
        if (pid == 0) {
            wtl_out o = {0};
            if (wtl_out_open(&o, path, WTL_OUT_REPLACE, 0644, NULL) != 0)
                _exit(1);
            for (int n = 0;; n++) {
                if (wtl_out_write(&o, text("partial"), NULL) != 0 || (n == 20 && write(p[1], "", 1) != 1))
                    _exit(1);
            }
        }
        char c;
        assert_int_equal(read(p[0], &c, 1), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        close(p[0]);
        close(p[1]);
    }
    assert_false(there("new"));
    assert_true(holds("old", "old"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(appears_complete_or_not_at_all),
        BOX_TEST(aborting_leaves_nothing),
        BOX_TEST(modes),
        BOX_TEST(an_existing_file_stays),
        BOX_TEST(nothing_is_overwritten_in_a_race),
        BOX_TEST(replacing),
        BOX_TEST(only_regular_files_are_replaced),
        BOX_TEST(names),
        BOX_TEST(relative_paths),
        BOX_TEST(beneath_an_open_directory),
        BOX_TEST(an_unwritable_directory_is_named),
        BOX_TEST(a_full_disk),
        BOX_TEST(a_short_write_is_told),
        BOX_TEST(failing_calls_leave_nothing),
        BOX_TEST(standard_output),
        BOX_TEST(killed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
