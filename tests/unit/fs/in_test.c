#include "box.h"

#include <openssl/crypto.h>
#include <sys/time.h>

#include "fs/in.h"

static void reads_at_any_offset(void **state)
{
    (void)state;
    put("f", "0123456789");
    assert_int_equal(chmod(in_box("f"), 0640), 0);
    AUTO(wtl_in) in = {.fd = -1};
    wtl_err err = {0};
    assert_good(wtl_in_open(&in, in_box("f"), &err), &err);
    assert_int_equal(in.mode, 0640);
    assert_int_equal(in.stamp.size, 10);
    static const struct {
        uint64_t offset;
        size_t n;
        const char *want;
    } rows[] = {{0, 10, "0123456789"}, {3, 4, "3456"}, {8, 10, "89"},      {10, 5, ""},
                {11, 5, ""},           {2, 0, ""},     {INT64_MAX, 5, ""}, {(uint64_t)INT64_MAX + 1, 5, ""},
                {UINT64_MAX, 5, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char to[16] = {0};
        size_t got = 99;
        assert_good(wtl_in_pread(&in, to, rows[i].n, rows[i].offset, &got, &err), &err);
        assert_int_equal(got, strlen(rows[i].want));
        assert_string_equal(to, rows[i].want);
    }
    assert_good(wtl_in_unchanged(&in, &err), &err);
    wtl_in_close(&in);
    assert_int_equal(in.fd, -1);
    wtl_in_close(&in);
}

static void a_zero_structure_owns_nothing(void **state)
{
    (void)state;
    wtl_in in = {0};
    wtl_in_close(&in);
    assert_true(fcntl(0, F_GETFD) >= 0 || errno != EBADF);
    assert_int_equal(in.fd, -1);
}

static void only_regular_files(void **state)
{
    (void)state;
    put("f", "x");
    put_link("f", "link");
    put_dir("d");
    put_link("d", "to-d");
    put_link("gone", "dangling");
    assert_int_equal(mkfifo(in_box("pi\tpe"), 0666), 0);
    assert_int_equal(mknod(in_box("sock"), S_IFSOCK | 0666, 0), 0);
    AUTO(wtl_in) in = {.fd = -1};
    wtl_err err = {0};
    assert_good(wtl_in_open(&in, in_box("link"), &err), &err);
    static const struct {
        const char *name;
        int rc;
        const char *says;
    } rows[] = {{"d", WTL_POLICY, "d is a directory; only a regular file"},
                {"to-d", WTL_POLICY, "a directory"},
                {"pi\tpe", WTL_POLICY, "pi\\x09pe is a pipe"},
                {"sock", WTL_POLICY, "a socket"},
                {"dangling", WTL_IO, "cannot open"},
                {"f/x", WTL_IO, "Not a directory"},
                {"go\nne", WTL_IO, "go\\x0ane: No such file"},
                {"../../../../../../../dev/null", WTL_POLICY, "a device"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_in bad = {.fd = 7};
        assert_int_equal(wtl_in_open(&bad, in_box(rows[i].name), &err), rows[i].rc);
        assert_says(&err, rows[i].says);
        assert_int_equal(bad.fd, -1);
        assert_null(bad.name);
    }
}

static int beneath(void)
{
    static const struct {
        const char *path;
        int rc;
    } rows[] = {{"d/f", 0},
                {"d/e/g", 0},
                {"", WTL_FORMAT},
                {"/d/f", WTL_FORMAT},
                {"d/../d/f", WTL_FORMAT},
                {"..", WTL_FORMAT},
                {"./d/f", WTL_FORMAT},
                {"d//f", WTL_FORMAT},
                {"d/f/", WTL_FORMAT},
                {"d/.", WTL_FORMAT},
                {"d/link", WTL_POLICY},
                {"to-d/f", WTL_POLICY},
                {"d/up/d/f", WTL_POLICY},
                {"d/out/passwd", WTL_POLICY},
                {"d", WTL_POLICY},
                {"d/pipe", WTL_POLICY},
                {"d/sock", WTL_POLICY},
                {"d/gone", WTL_IO},
                {"d/f/x", WTL_IO}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_in in = {.fd = -1};
        wtl_err err = {0};
        int rc = wtl_in_open_beneath(&in, box, rows[i].path, NULL, &err);
        if (rc != rows[i].rc)
            fprintf(stderr, "%s: %s\n", rows[i].path, err.text);
        CHECK(rc == rows[i].rc);
        CHECK((in.fd >= 0) == (rc == 0));
        wtl_in_close(&in);
    }
    return 0;
}

static int beneath_old(void)
{
    return fault(SYS_openat2, ENOSYS) ? beneath() : CHILD_SKIP;
}

static void no_link_is_followed_beneath(void **state)
{
    (void)state;
    put_dir("d");
    put_dir("d/e");
    put("d/f", "x");
    put("d/e/g", "x");
    put_link("f", "d/link");
    put_link("d", "to-d");
    put_link("..", "d/up");
    put_link("/etc", "d/out");
    assert_int_equal(mkfifo(in_box("d/pipe"), 0666), 0);
    assert_int_equal(mknod(in_box("d/sock"), S_IFSOCK | 0666, 0), 0);
    in_child(beneath);
    in_child(beneath_old);
}

static void names_too_long_are_said_so(void **state)
{
    (void)state;
    char path[5000];
    memset(path, 'a', sizeof path);
    path[256] = '\0';
    wtl_in in = {.fd = -1};
    wtl_err err = {0};
    assert_int_equal(wtl_in_open_beneath(&in, box, path, NULL, &err), WTL_IO);
    assert_says(&err, "a part of 256 bytes");
    for (size_t i = 1; i < sizeof path; i += 2)
        path[i] = '/';
    path[4096] = '\0';
    path[256] = 'a';
    assert_int_equal(wtl_in_open_beneath(&in, box, path, NULL, &err), WTL_IO);
    assert_says(&err, "longer than the 4095 bytes");
    path[4095] = '\0';
    assert_int_equal(wtl_in_open_beneath(&in, box, path, NULL, &err), WTL_IO);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_says(&err, "No such file");
}

/* Every cut of the middle falls between characters: the sentence stays whole UTF-8, its escapes too. */
static void shortened_names_stay_text(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x84", "\n", "\xff"};
    for (size_t u = 0; u < 6; u++) {
        for (size_t shift = 0; shift < 8; shift++) {
            char path[2048] = {0};
            memset(path, 'x', shift);
            for (size_t i = 0; i < 250; i++)
                strcat(path, units[u]);
            wtl_in in = {.fd = -1};
            wtl_err err = {0};
            assert_int_equal(wtl_in_open(&in, path, &err), WTL_IO);
            assert_true(wtl_text_is_utf8(wtl_text_of(err.text)));
            assert_true(strlen(err.text) < 420);
            assert_non_null(strchr(err.text, ':'));
            for (const char *s = strchr(err.text, '\\'); s != NULL; s = strchr(s + 1, '\\'))
                assert_true(strncmp(s, "\\x0a", 4) == 0 || strncmp(s, "\\xff", 4) == 0);
        }
    }
}

static wtl_stamp stamp_of(const char *name)
{
    wtl_in in = {.fd = -1};
    wtl_err err = {0};
    assert_good(wtl_in_open_beneath(&in, box, name, NULL, &err), &err);
    wtl_stamp s = in.stamp;
    wtl_in_close(&in);
    return s;
}

static void age(const char *name, long seconds)
{
    struct timespec t[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, in_box(name), t, 0), 0);
}

static void a_file_seen_before_is_known_again(void **state)
{
    (void)state;
    put("f", "0123456789");
    age("f", 1000);
    wtl_stamp seen = stamp_of("f");
    AUTO(wtl_in) in = {.fd = -1};
    wtl_err err = {0};
    assert_good(wtl_in_open_beneath(&in, box, "f", &seen, &err), &err);
    wtl_in bad = {.fd = -1};
    age("f", 1001);
    assert_int_equal(wtl_in_open_beneath(&bad, box, "f", &seen, &err), WTL_NO);
    assert_says(&err, "f changed since its folder was listed (same size, new modification time)");
    put("f", "0123456789ab");
    assert_int_equal(wtl_in_open_beneath(&bad, box, "f", &seen, &err), WTL_NO);
    assert_says(&err, "size 10 -> 12");
    put("g", "0123456789");
    age("g", 1000);
    assert_int_equal(rename(in_box("g"), in_box("f")), 0);
    assert_int_equal(wtl_in_open_beneath(&bad, box, "f", &seen, &err), WTL_NO);
    assert_says(&err, "another file took its place");
    assert_int_equal(unlink(in_box("f")), 0);
    assert_int_equal(wtl_in_open_beneath(&bad, box, "f", &seen, &err), WTL_NO);
    assert_says(&err, "f has gone since");
    put_link("/etc/passwd", "f");
    assert_int_equal(wtl_in_open_beneath(&bad, box, "f", &seen, &err), WTL_POLICY);
    assert_int_equal(bad.fd, -1);
}

static void a_change_while_reading_is_told(void **state)
{
    (void)state;
    put("f", "0123456789");
    age("f", 1000);
    wtl_in in = {.fd = -1};
    wtl_err err = {0};
    assert_good(wtl_in_open(&in, in_box("f"), &err), &err);
    assert_good(wtl_in_unchanged(&in, &err), &err);
    age("f", 1000);
    assert_good(wtl_in_unchanged(&in, &err), &err);
    put("f", "0123456789ab");
    assert_int_equal(wtl_in_unchanged(&in, &err), WTL_NO);
    assert_says(&err, "/f changed while it was read (size 10 -> 12); try again when nothing writes to it");
    put("f", "");
    assert_int_equal(wtl_in_unchanged(&in, &err), WTL_NO);
    assert_says(&err, "size 10 -> 0");
    put("f", "9876543210");
    assert_int_equal(wtl_in_unchanged(&in, &err), WTL_NO);
    assert_says(&err, "same size");
    wtl_in_close(&in);
}

static void whole_files_and_their_limit(void **state)
{
    (void)state;
    put("f", "0123456789");
    wtl_err err = {0};
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&b, ">");
    assert_good(wtl_in_read_all(in_box("f"), 10, &b, &err), &err);
    assert_true(wtl_text_eq(wtl_buf_view(&b), ">0123456789"));
    assert_int_equal(wtl_in_read_all(in_box("f"), 9, &b, &err), WTL_FORMAT);
    assert_says(&err, "/f is longer than 9 bytes");
    assert_int_equal(wtl_in_read_all(in_box("f"), 0, &b, &err), WTL_FORMAT);
    assert_int_equal(wtl_in_read_all(in_box("none"), 10, &b, &err), WTL_IO);
    assert_int_equal(wtl_in_read_all(box, 10, &b, &err), WTL_POLICY);
    assert_true(wtl_text_eq(wtl_buf_view(&b), ">0123456789"));
    assert_good(wtl_in_read_all(in_box("f"), SIZE_MAX, &b, &err), &err);
    assert_int_equal(b.n, 21);
    put("empty", "");
    assert_good(wtl_in_read_all(in_box("empty"), 0, &b, &err), &err);
    assert_int_equal(b.n, 21);
    /* The size that the system tells says nothing of such files. */
    if (access("/proc/self/status", R_OK) == 0) {
        assert_good(wtl_in_read_all("/proc/self/status", 1 << 16, &b, &err), &err);
        assert_true(b.n > 100);
        assert_int_equal(wtl_in_read_all("/proc/self/status", 10, &b, &err), WTL_FORMAT);
    }
}

static void put_big(const char *name, size_t n)
{
    FILE *f = fopen(in_box(name), "wb");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        putc((int)(i * 31 % 251), f);
    assert_int_equal(fclose(f), 0);
}

static bool is_big(wtl_bytes v, size_t n)
{
    bool same = v.n == n;
    for (size_t i = 0; same && i < n; i++)
        same = v.p[i] == (uint8_t)(i * 31 % 251);
    return same;
}

static void every_size_near_the_steps(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 200001};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = sizes[i];
        put_big("f", n);
        wtl_err err = {0};
        AUTO(wtl_buf) b = {0};
        assert_good(wtl_in_read_all(in_box("f"), n, &b, &err), &err);
        assert_true(is_big(wtl_buf_view(&b), n));
        assert_int_equal(wtl_in_read_all(in_box("f"), n - 1, &b, &err), WTL_FORMAT);
        AUTO(wtl_secret) s = {0};
        assert_good(wtl_in_read_secret(in_box("f"), n, &s, &err), &err);
        assert_true(is_big(wtl_secret_view(&s), n));
        assert_true(CRYPTO_secure_allocated(s.p));
        wtl_secret t = {0};
        assert_int_equal(wtl_in_read_secret(in_box("f"), n - 1, &t, &err), WTL_FORMAT);
        assert_null(t.p);
    }
}

static void secrets(void **state)
{
    (void)state;
    put("key", "hush");
    put("empty", "");
    wtl_err err = {0};
    AUTO(wtl_secret) s = {0};
    assert_good(wtl_in_read_secret(in_box("key"), SIZE_MAX, &s, &err), &err);
    assert_true(wtl_text_eq(wtl_secret_view(&s), "hush"));
    AUTO(wtl_secret) e = {0};
    assert_good(wtl_in_read_secret(in_box("empty"), 0, &e, &err), &err);
    assert_int_equal(e.n, 0);
    wtl_secret bad = {0};
    assert_int_equal(wtl_in_read_secret(in_box("none"), 9, &bad, &err), WTL_IO);
    assert_int_equal(wtl_in_read_secret(box, 9, &bad, &err), WTL_POLICY);
    assert_int_equal(wtl_in_read_secret(in_box("key"), 3, &bad, &err), WTL_FORMAT);
    assert_null(strstr(err.text, "hush"));
    assert_null(bad.p);
}

/* Standard input becomes a pipe that a grandchild fills in pieces; it is set not to block. */
static bool feed(size_t n, bool nonblocking)
{
    int p[2];
    if (pipe(p) != 0)
        return false;
    if (fork() == 0) {
        for (size_t i = 0; i < n; i++) {
            uint8_t c = (uint8_t)(i * 31 % 251);
            if (i % 997 == 0)
                usleep(300);
            if (write(p[1], &c, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(p[1]);
    if (nonblocking)
        fcntl(p[0], F_SETFL, O_NONBLOCK);
    bool ok = dup2(p[0], 0) == 0;
    close(p[0]);
    return ok;
}

static int stdin_all(void)
{
    CHECK(feed(70001, true));
    AUTO(wtl_buf) b = {0};
    wtl_err err = {0};
    CHECK(wtl_in_read_all("-", 70001, &b, &err) == 0);
    CHECK(is_big(wtl_buf_view(&b), 70001));
    CHECK(feed(11, false));
    CHECK(wtl_in_read_all("-", 10, &b, &err) == WTL_FORMAT);
    CHECK(says(&err, "standard input is longer than 10 bytes"));
    CHECK(b.n == 70001);
    return 0;
}

static int stdin_secret(void)
{
    CHECK(feed(10001, false));
    AUTO(wtl_secret) s = {0};
    wtl_err err = {0};
    CHECK(wtl_in_read_secret("-", 20000, &s, &err) == 0);
    CHECK(is_big(wtl_secret_view(&s), 10001));
    CHECK(feed(10001, false));
    wtl_secret bad = {0};
    CHECK(wtl_in_read_secret("-", 10000, &bad, &err) == WTL_FORMAT);
    CHECK(bad.p == NULL);
    return 0;
}

static int stdin_closed(void)
{
    close(0);
    AUTO(wtl_buf) b = {0};
    wtl_err err = {0};
    CHECK(wtl_in_read_all("-", 10, &b, &err) == WTL_IO);
    CHECK(says(&err, "cannot read standard input: Bad file descriptor"));
    return 0;
}

static void a_dash_is_standard_input(void **state)
{
    (void)state;
    in_child(stdin_all);
    in_child(stdin_secret);
    in_child(stdin_closed);
}

static void tick(int signo)
{
    (void)signo;
}

static int interrupted(void)
{
    struct sigaction sa = {.sa_handler = tick}; /* without SA_RESTART */
    struct itimerval every = {.it_interval = {.tv_usec = 200}, .it_value = {.tv_usec = 200}};
    CHECK(feed(20000, false));
    CHECK(sigaction(SIGALRM, &sa, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
    uint8_t to[20001];
    size_t got;
    wtl_err err = {0};
    CHECK(wtl_in_read_fd(0, to, 15000, &got, "pipe", &err) == 0 && got == 15000);
    CHECK(wtl_in_read_fd(0, to + got, 5001, &got, "pipe", &err) == 0 && got == 5000);
    CHECK(is_big((wtl_bytes){to, 20000}, 20000));
    CHECK(wtl_in_read_fd(0, to, 10, &got, "pipe", &err) == 0 && got == 0);
    return 0;
}

static void signals_do_not_cut_reads(void **state)
{
    (void)state;
    in_child(interrupted);
    uint8_t c;
    size_t got = 5;
    wtl_err err = {0};
    assert_int_equal(wtl_in_read_fd(-1, &c, 1, &got, "na\nme", &err), WTL_IO);
    assert_says(&err, "cannot read na\\x0ame: Bad file");
    assert_int_equal(got, 0);
}

static int closed_key(void)
{
    CHECK(as_nobody());
    wtl_in in = {.fd = -1};
    wtl_err err = {0};
    CHECK(wtl_in_open(&in, in_box("key"), &err) == WTL_IO);
    CHECK(says(&err, "/key: Permission denied"));
    CHECK(wtl_in_open_beneath(&in, box, "key", NULL, &err) == WTL_IO);
    return 0;
}

static void a_closed_file_is_named(void **state)
{
    (void)state;
    put("key", "x");
    assert_int_equal(chmod(in_box("key"), 0), 0);
    in_child(closed_key);
}

static int read_fails(void)
{
    wtl_in in = {.fd = -1};
    wtl_err err = {0};
    CHECK(wtl_in_open(&in, in_box("f"), &err) == 0);
    if (!fault(SYS_pread64, EIO) || !fault(SYS_read, EIO))
        return CHILD_SKIP;
    char c;
    size_t got = 7;
    CHECK(wtl_in_pread(&in, &c, 1, 5, &got, &err) == WTL_IO && got == 0);
    CHECK(says(&err, "/f at byte 5: Input/output error"));
    AUTO(wtl_buf) b = {0};
    CHECK(wtl_in_read_all(in_box("f"), 100, &b, &err) == WTL_IO && b.n == 0);
    AUTO(wtl_secret) s = {0};
    CHECK(wtl_in_read_secret(in_box("f"), 100, &s, &err) == WTL_IO && s.p == NULL);
    wtl_in_close(&in);
    return 0;
}

static void a_failing_disk_is_told(void **state)
{
    (void)state;
    put("f", "0123456789");
    in_child(read_fails);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(reads_at_any_offset),
        BOX_TEST(a_zero_structure_owns_nothing),
        BOX_TEST(only_regular_files),
        BOX_TEST(no_link_is_followed_beneath),
        BOX_TEST(names_too_long_are_said_so),
        BOX_TEST(shortened_names_stay_text),
        BOX_TEST(a_file_seen_before_is_known_again),
        BOX_TEST(a_change_while_reading_is_told),
        BOX_TEST(whole_files_and_their_limit),
        BOX_TEST(every_size_near_the_steps),
        BOX_TEST(secrets),
        BOX_TEST(a_dash_is_standard_input),
        BOX_TEST(signals_do_not_cut_reads),
        BOX_TEST(a_closed_file_is_named),
        BOX_TEST(a_failing_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
