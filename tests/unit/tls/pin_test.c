#include "unit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/text.h"
#include "tls/pin.h"

enum { DAY = 86400 };
static const int64_t NOW = 1795219200; /* 2026-11-21 */
#define PEER "example.org:8443"
#define GROUP "X25519MLKEM768"

static char path[64];
static wtl_pin *p;

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/wattle-pin.XXXXXX");
    if (mkdtemp(path) == NULL)
        return -1;
    strcat(path, "/pins");
    return wtl_pin_new(&p, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    wtl_pin_free(p);
    unlink(path);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

static void sees(const char *peer, const char *group, int64_t now)
{
    wtl_err err = {0};
    assert_good(wtl_pin_saw(p, peer, group, now, &err), &err);
}

static int parses(const char *text, wtl_err *err)
{
    return wtl_pin_parse(p, wtl_text_of(text), NOW, err);
}

static wtl_buf text_of(int64_t now)
{
    wtl_buf b = {0};
    wtl_err err = {0};
    uint64_t changes;
    assert_good(wtl_pin_text(p, &b, now, &changes, &err), &err);
    assert_non_null(wtl_buf_cstr(&b));
    return b;
}

static void held_for_thirty_days(void **state)
{
    (void)state;
    char group[32];
    assert_false(wtl_pin_holds(p, PEER, NOW, group));
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_holds(p, PEER, NOW, group));
    assert_string_equal(group, GROUP);
    assert_true(wtl_pin_holds(p, PEER, NOW + WTL_PIN_DAYS * DAY, NULL));
    assert_false(wtl_pin_holds(p, PEER, NOW + WTL_PIN_DAYS * DAY + 1, NULL));
    assert_false(wtl_pin_holds(p, "example.org:843", NOW, NULL));
    sees(PEER, "MLKEM1024", NOW + 29 * DAY);
    assert_true(wtl_pin_holds(p, PEER, NOW + 59 * DAY, group));
    assert_string_equal(group, "MLKEM1024");
}

static void the_clock_jumps(void **state)
{
    (void)state;
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_holds(p, PEER, NOW - 10000 * DAY, NULL));
    sees(PEER, GROUP, NOW - 10000 * DAY);
    assert_true(wtl_pin_holds(p, PEER, NOW + 30 * DAY, NULL));
    assert_false(wtl_pin_holds(p, PEER, NOW + 31 * DAY, NULL));
    assert_true(wtl_pin_holds(p, PEER, NOW, NULL)); /* and back again */
    wtl_buf b = text_of(NOW + 31 * DAY);
    assert_non_null(strstr((char *)b.p, PEER));
    wtl_buf_free(&b);
    b = text_of(NOW + 61 * DAY);
    assert_null(strstr((char *)b.p, PEER));
    wtl_buf_free(&b);
}

static void changed_once_a_day(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_false(wtl_pin_changed(p));
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_changed(p));
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    assert_false(wtl_pin_changed(p));
    sees(PEER, GROUP, NOW + 1000);
    assert_false(wtl_pin_changed(p));
    sees(PEER, "MLKEM768", NOW + 1000);
    assert_true(wtl_pin_changed(p));
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    sees(PEER, "MLKEM768", NOW + DAY);
    assert_true(wtl_pin_changed(p));
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    unlink(path);
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    assert_int_equal(access(path, F_OK), -1); /* nothing new, nothing written */
}

static void an_operator_lets_go(void **state)
{
    (void)state;
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_forget(p, PEER));
    assert_false(wtl_pin_forget(p, PEER));
    assert_false(wtl_pin_holds(p, PEER, NOW, NULL));
    assert_true(wtl_pin_changed(p));
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_holds(p, PEER, NOW, NULL));
}

static void a_full_table(void **state)
{
    (void)state;
    char peer[WTL_PIN_PEER];
    wtl_err err = {0};
    for (int i = 0; i < WTL_PIN_MOST; i++) {
        snprintf(peer, sizeof peer, "host%d:443", i);
        sees(peer, GROUP, NOW + (i == 77 ? 0 : DAY));
    }
    assert_int_equal(wtl_pin_saw(p, "one.more:443", GROUP, NOW + 30 * DAY, &err), WTL_BUSY);
    sees("host5:443", GROUP, NOW + 2 * DAY);
    sees("one.more:443", GROUP, NOW + 30 * DAY + 1); /* host77 ran out */
    assert_false(wtl_pin_holds(p, "host77:443", NOW, NULL));
    assert_int_equal(wtl_pin_saw(p, "host77:443", GROUP, NOW + 30 * DAY + 1, &err), WTL_BUSY);
    assert_true(wtl_pin_forget(p, "host9:443"));
    sees("host77:443", GROUP, NOW + 30 * DAY + 1);
    assert_true(wtl_pin_holds(p, "host4095:443", NOW, NULL));
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    wtl_pin *q = NULL;
    assert_good(wtl_pin_new(&q, &err), &err);
    assert_good(wtl_pin_read(q, path, NOW, &err), &err);
    assert_true(wtl_pin_holds(q, "host4095:443", NOW, NULL));
    assert_true(wtl_pin_holds(q, "one.more:443", NOW, NULL));
    assert_false(wtl_pin_changed(q));
    wtl_pin_free(q);
}

static void names_that_cannot_be_pinned(void **state)
{
    (void)state;
    char longest[WTL_PIN_PEER + 1];
    memset(longest, 'x', sizeof longest);
    longest[WTL_PIN_PEER - 1] = '\0';
    sees(longest, GROUP, NOW);
    assert_true(wtl_pin_holds(p, longest, NOW, NULL));
    longest[WTL_PIN_PEER - 1] = 'x';
    longest[WTL_PIN_PEER] = '\0';
    wtl_err err = {0};
    const char *bad[][2] = {{longest, GROUP},    {"", GROUP},
                            {"a b:1", GROUP},    {"a\n:1", GROUP},
                            {"\xc3\xa9", GROUP}, {PEER, "a group"},
                            {PEER, ""},          {PEER, "a-group-of-more-than-31-letters-x"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wtl_pin_saw(p, bad[i][0], bad[i][1], NOW, &err), WTL_USAGE);
    assert_int_equal(wtl_pin_saw(p, PEER, GROUP, -1, &err), WTL_USAGE);
    assert_false(wtl_pin_holds(p, "a b:1", NOW, NULL));
}

/* The file. */

#define HEAD "wattle-pins 1\n"
#define LINE1 "a.example:443 MLKEM768 2026-11-01T00:00:00Z 2026-11-20T10:00:00Z\n"
#define LINE2 "b.example:443 X25519MLKEM768 2026-11-20T00:00:00Z 2026-11-20T00:00:00Z\n"

static void there_and_back(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(parses(HEAD, &err), &err);
    assert_good(parses(HEAD LINE1 LINE2, &err), &err);
    assert_false(wtl_pin_changed(p));
    wtl_buf b = text_of(NOW);
    assert_string_equal((char *)b.p, HEAD LINE1 LINE2);
    wtl_buf_free(&b);
    /* The later date wins, whoever has it. */
    sees("a.example:443", "MLKEM1024", NOW);
    assert_good(parses(HEAD LINE1, &err), &err);
    assert_true(wtl_pin_holds(p, "a.example:443", NOW + 30 * DAY, NULL));
}

static void old_lines_are_left_out(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(parses(HEAD "a:1 MLKEM768 2026-10-01T00:00:00Z 2026-10-21T00:00:00Z\n"
                            "b:1 MLKEM768 2026-10-01T00:00:00Z 2026-10-22T00:00:00Z\n"
                            "c:1 MLKEM768 2028-10-01T00:00:00Z 2029-10-22T00:00:00Z\n",
                       &err),
                &err);
    wtl_buf b = text_of(NOW);
    assert_null(strstr((char *)b.p, "a:1"));
    assert_non_null(strstr((char *)b.p, "b:1"));
    assert_non_null(strstr((char *)b.p, "c:1"));
    wtl_buf_free(&b);
}

static void damaged_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "first line"},
        {"wattle-pins 2\n", "first line"},
        {"wattle-pins 1", "first line"},
        {HEAD "\n", "line 2"},
        {HEAD LINE1 LINE1, "line 3"},
        {HEAD LINE2 LINE1, "order"},
        {HEAD "a:1 MLKEM768 2026-11-01T00:00:00Z\n", "four words"},
        {HEAD "a:1 MLKEM768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z \n", "four words"},
        {HEAD "a:1  MLKEM768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z\n", "four words"},
        {HEAD " MLKEM768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z\n", "address"},
        {HEAD "a:1 MLKEM/768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z\n", "group"},
        {HEAD "a:1 MLKEM768 2026-11-02T00:00:00Z 2026-11-01T00:00:00Z\n", "after its last"},
        {HEAD "a:1 MLKEM768 2026-11-31T00:00:00Z 2026-12-01T00:00:00Z\n", "time"},
        {HEAD "a:1 MLKEM768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z\r\n", "time"},
        {HEAD "a:1 MLKEM768 2026-11-01T00:00:00Z 2026-11-01T00:00:00Z", "has no end"},
        {HEAD LINE1 "# why", "has no end"},
    };
    wtl_err err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parses(rows[i].text, &err), WTL_FORMAT);
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
    static const char good[] = HEAD LINE1 LINE2;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        bool whole = n == strlen(HEAD) || n == strlen(HEAD LINE1);
        assert_int_equal(wtl_pin_parse(p, (wtl_bytes){(const uint8_t *)good, n}, NOW, &err),
                         whole ? WTL_OK : WTL_FORMAT);
        char bad[sizeof good];
        memcpy(bad, good, sizeof bad);
        bad[n] = '\0';
        assert_int_equal(wtl_pin_parse(p, (wtl_bytes){(const uint8_t *)bad, sizeof bad - 1}, NOW, &err),
                         WTL_FORMAT);
    }
}

static void put(const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_damaged_file_is_not_overwritten(void **state)
{
    (void)state;
    wtl_err err = {0};
    put("precious\n");
    assert_int_equal(wtl_pin_read(p, path, NOW, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, path));
    sees(PEER, GROUP, NOW);
    assert_int_equal(wtl_pin_write(p, path, NOW, &err), WTL_FORMAT);
    char was[32] = "";
    FILE *f = fopen(path, "rb");
    assert_non_null(fgets(was, sizeof was, f));
    fclose(f);
    assert_string_equal(was, "precious\n");
    put(HEAD LINE1);
    assert_good(wtl_pin_read(p, path, NOW, &err), &err);
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void no_file_is_an_empty_one(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(wtl_pin_read(p, path, NOW, &err), &err);
    assert_int_equal(wtl_pin_read(p, "/proc/self/mem/x", NOW, &err), WTL_IO);
    sees(PEER, GROUP, NOW);
    assert_int_equal(wtl_pin_write(p, "/proc/no/such", NOW, &err), WTL_IO);
    assert_true(wtl_pin_changed(p));
}

static void a_golden_file(void **state)
{
    (void)state;
    const char *golden = unit_path("WATTLE_SOURCE", "tests/golden/pins-1.txt");
    if (golden == NULL)
        skip();
    wtl_err err = {0};
    char group[32];
    assert_good(wtl_pin_read(p, golden, NOW, &err), &err);
    assert_true(wtl_pin_holds(p, "[2001:db8::1]:443", NOW, group));
    assert_string_equal(group, "SecP384r1MLKEM1024");
    assert_true(wtl_pin_holds(p, "model.example.org:8443", NOW, group));
    assert_string_equal(group, "X25519MLKEM768");
    assert_false(wtl_pin_holds(p, "old.example.org:443", NOW, NULL));
}

/* Processes. */

static void processes_share_it(void **state)
{
    (void)state;
    enum { CHILDREN = 4, EACH = 200 };
    for (int c = 0; c < CHILDREN; c++) {
        if (fork() != 0)
            continue;
        for (int i = 0; i < EACH; i++) {
            char peer[32];
            snprintf(peer, sizeof peer, "h%d-%d:1", c, i);
            if (wtl_pin_saw(p, peer, i % 2 ? GROUP : "MLKEM768", NOW, NULL) < 0)
                _exit(1);
        }
        _exit(0);
    }
    int status;
    while (wait(&status) > 0)
        assert_int_equal(status, 0);
    for (int c = 0; c < CHILDREN; c++) {
        for (int i = 0; i < EACH; i++) {
            char peer[32];
            snprintf(peer, sizeof peer, "h%d-%d:1", c, i);
            assert_true(wtl_pin_holds(p, peer, NOW, NULL));
        }
    }
}

/* Threads in place of processes: what the thread sanitizer can follow. */
static void *use_it(void *arg)
{
    enum { EACH = 200 };
    const int *own = arg;
    for (int i = 0; i < EACH; i++) {
        char peer[32];
        char group[32];
        snprintf(peer, sizeof peer, "h%d:%d", *own, i % 10 + 1);
        bool good = wtl_pin_saw(p, peer, i % 2 ? GROUP : "MLKEM768", NOW + i * DAY % 1000, NULL) == 0 &&
                    wtl_pin_saw(p, PEER, i % 2 ? "MLKEM768" : GROUP, NOW, NULL) == 0 &&
                    wtl_pin_holds(p, PEER, NOW, group) &&
                    (strcmp(group, GROUP) == 0 || strcmp(group, "MLKEM768") == 0) &&
                    wtl_pin_holds(p, peer, NOW, NULL);
        wtl_buf text = {0};
        uint64_t changes;
        if (!good || (i % 20 == 0 && wtl_pin_text(p, &text, NOW, &changes, NULL) < 0) ||
            (i % 7 == 0 && !wtl_pin_forget(p, peer)))
            return arg;
        (void)wtl_pin_changed(p);
        wtl_buf_free(&text);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    int number[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        assert_int_equal(pthread_create(&thread[i], NULL, use_it, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
}

/* Ends with the test, also when that fails. */
static pid_t begin_child(void)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
        _exit(1);
    return child;
}

/* A child that does nothing else is killed at any moment, often while it has the lock: the others go on, and what they see is whole. */
static void killed_at_work(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        pid_t child = begin_child();
        if (child == 0) {
            for (int64_t i = 0;; i++) {
                if (wtl_pin_saw(p, PEER, i % 2 ? "AAAAAAAAAAAAAAAAAAAA" : "BBBBBBBBBB", NOW + i * DAY % 10000,
                                NULL) < 0 ||
                    wtl_pin_saw(p, "other:1", GROUP, NOW, NULL) < 0)
                    _exit(1);
                wtl_pin_forget(p, "other:1");
            }
        }
        usleep(1000 + (unsigned)round * 37);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        char group[32] = "";
        if (wtl_pin_holds(p, PEER, NOW, group))
            assert_true(strcmp(group, "AAAAAAAAAAAAAAAAAAAA") == 0 || strcmp(group, "BBBBBBBBBB") == 0);
        sees("after:1", GROUP, NOW + round * DAY);
        wtl_buf b = text_of(NOW + round * DAY);
        wtl_pin *q = NULL;
        wtl_err err = {0};
        assert_good(wtl_pin_new(&q, &err), &err);
        assert_good(wtl_pin_parse(q, wtl_buf_view(&b), NOW, &err), &err);
        wtl_pin_free(q);
        wtl_buf_free(&b);
    }
}

/* The lock is the first word of the memory that a wtl_pin begins with the address of. */
static _Atomic int64_t *lock_of(void)
{
    return *(_Atomic int64_t **)p;
}

static int64_t monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static pid_t child_that_writes(void)
{
    pid_t child = begin_child();
    if (child != 0)
        return child;
    for (int64_t i = 0;; i++)
        if (wtl_pin_saw(p, PEER, i % 2 ? "AAAA" : "BBBB", NOW, NULL) < 0)
            _exit(1);
}

static void ends_killed(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* Stopped where it has the lock, then killed there: the next writer takes it over, readers do not wait at all. */
static void killed_inside(void **state)
{
    (void)state;
    sees(PEER, GROUP, NOW); /* else it may be the first of all writes that never ends */
    for (int round = 0; round < 3; round++) {
        pid_t child = child_that_writes();
        int status;
        for (;;) {
            while (*lock_of() == 0)
                continue;
            kill(child, SIGSTOP);
            assert_int_equal(waitpid(child, &status, WUNTRACED), child);
            assert_true(WIFSTOPPED(status));
            if (*lock_of() != 0)
                break;
            kill(child, SIGCONT);
        }
        ends_killed(child);
        int64_t from = monotonic();
        assert_true(*lock_of() != 0);
        assert_true(wtl_pin_holds(p, PEER, NOW, NULL));
        wtl_buf b = text_of(NOW);
        wtl_buf_free(&b);
        assert_true(*lock_of() != 0);
        sees("next:1", round % 2 ? GROUP : "MLKEM768", NOW);
        assert_true(*lock_of() == 0);
        assert_true(monotonic() - from < (int64_t)20 * 1000000000);
    }
}

/* A process that was taken over holds the lock, and renews it: writers give up, readers and those who have nothing new go on. */
static void held_by_a_taken_over_process(void **state)
{
    (void)state;
    sees(PEER, GROUP, NOW);
    pid_t child = begin_child();
    if (child == 0)
        for (;;)
            *lock_of() = monotonic();
    while (*lock_of() == 0)
        continue;
    wtl_err err = {0};
    char group[32];
    assert_int_equal(wtl_pin_saw(p, "new:1", GROUP, NOW, &err), WTL_BUSY);
    assert_non_null(strstr(err.text, "does not let it go"));
    assert_false(wtl_pin_forget(p, PEER));
    sees(PEER, GROUP, NOW);
    assert_true(wtl_pin_holds(p, PEER, NOW, group));
    assert_string_equal(group, GROUP);
    assert_good(wtl_pin_write(p, path, NOW, &err), &err);
    ends_killed(child);
    *lock_of() = INT64_MAX; /* of no clock */
    sees("new:1", GROUP, NOW);
    *lock_of() = INT64_MIN;
    sees("new:2", GROUP, NOW);
}

static size_t memory_of(const void *at)
{
    char line[256];
    size_t n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        uintptr_t from = 0;
        uintptr_t to = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 && from <= (uintptr_t)at &&
            (uintptr_t)at < to)
            n = to - (uintptr_t)at;
    }
    fclose(f);
    assert_true(n > (size_t)WTL_PIN_MOST * WTL_PIN_PEER);
    return n;
}

/* Nonsense in the shared memory costs pins, and nothing else: no access out of bounds (sanitizers), and a text that is read again. */
static void overwritten_by_a_taken_over_process(void **state)
{
    (void)state;
    uint8_t *memory = *(uint8_t **)p;
    size_t n = memory_of(memory);
    uint64_t x = 88172645463325252;
    for (int round = 0; round < 24; round++) {
        uint8_t mask = (uint8_t[]){0xff, 0x7f, 0x01, 0x00}[round % 4];
        uint8_t set = (uint8_t[]){0, 0x61, 0xff}[round % 3];
        for (size_t i = 0; i < n; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            memory[i] = (uint8_t)(x & mask) | set;
        }
        *lock_of() = 0;
        char group[32];
        wtl_err err = {0};
        (void)wtl_pin_holds(p, PEER, NOW, group);
        int rc = wtl_pin_saw(p, PEER, GROUP, NOW, &err);
        assert_true(rc == WTL_OK || rc == WTL_BUSY);
        (void)wtl_pin_forget(p, "other:1");
        wtl_buf b = text_of(NOW);
        wtl_pin *q = NULL;
        assert_good(wtl_pin_new(&q, &err), &err);
        assert_good(wtl_pin_parse(q, wtl_buf_view(&b), NOW, &err), &err);
        wtl_pin_free(q);
        wtl_buf_free(&b);
    }
}

#define PIN_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PIN_TEST(held_for_thirty_days),
        PIN_TEST(the_clock_jumps),
        PIN_TEST(changed_once_a_day),
        PIN_TEST(an_operator_lets_go),
        PIN_TEST(a_full_table),
        PIN_TEST(names_that_cannot_be_pinned),
        PIN_TEST(there_and_back),
        PIN_TEST(old_lines_are_left_out),
        PIN_TEST(damaged_files),
        PIN_TEST(a_damaged_file_is_not_overwritten),
        PIN_TEST(no_file_is_an_empty_one),
        PIN_TEST(a_golden_file),
        PIN_TEST(processes_share_it),
        PIN_TEST(threads_share_it),
        PIN_TEST(killed_at_work),
        PIN_TEST(killed_inside),
        PIN_TEST(held_by_a_taken_over_process),
        PIN_TEST(overwritten_by_a_taken_over_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
