#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/process.h"

static char log_file[] = "/tmp/wattle-process.XXXXXX";

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(log_file);
    return fd >= 0 ? close(fd) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(log_file);
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* Waits for the shell's line, the number of its child. */
static pid_t child_of(void)
{
    for (int i = 0; i < 3000; i++) {
        long pid = 0;
        FILE *f = fopen(log_file, "re");
        assert_non_null(f);
        int got = fscanf(f, "%ld\n", &pid); /* NOLINT(cert-err34-c) */
        fclose(f);
        if (got == 1)
            return (pid_t)pid;
        nap();
    }
    fail_msg("the shell said nothing");
    return 0;
}

static bool gone(pid_t pid)
{
    for (int i = 0; i < 3000; i++) {
        char path[64];
        char name[64];
        char letter = 0;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *f = fopen(path, "re");
        if (f == NULL)
            return true;
        int got = fscanf(f, "%*d %63s %c", name, &letter);
        fclose(f);
        if (got == 2 && letter == 'Z')
            return true;
        nap();
    }
    return false;
}

static void time_is_that_of_the_children_too(void **state)
{
    (void)state;
    wtl_process p = {0};
    uint64_t ns = 0;
    uint64_t bytes = 0;
    const char *const words[] = {"/bin/sh", "-c", "(while :; do :; done) & echo $!; wait", NULL};
    assert_int_equal(wtl_process_start(&p, words, "/", log_file, -1, NULL), WTL_OK);
    pid_t child = child_of();
    for (int i = 0; i < 3000 && ns < 20000000; i++) {
        assert_int_equal(wtl_process_time(&p, &ns, NULL), WTL_OK);
        nap();
    }
    assert_true(ns >= 20000000); /* the shell itself only waits */
    assert_int_equal(wtl_process_memory(&p, &bytes, NULL), WTL_OK);
    assert_true(bytes > 0);
    assert_true(wtl_process_lives(&p));
    assert_int_equal(kill(child, SIGKILL), 0);
    wtl_process_stop(&p);
    assert_false(wtl_process_lives(&p));
    assert_true(gone(child));
}

static void one_that_does_not_listen_is_killed(void **state)
{
    (void)state;
    wtl_process p = {0};
    assert_int_equal(truncate(log_file, 0), 0);
    const char *const words[] = {"/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait; wait; wait",
                                 NULL};
    assert_int_equal(wtl_process_start(&p, words, "/", log_file, -1, NULL), WTL_OK);
    pid_t child = child_of();
    wtl_process_stop(&p);
    assert_true(gone(child));
}

static void no_such_program(void **state)
{
    (void)state;
    wtl_process p = {0};
    wtl_err err = {0};
    const char *const words[] = {"/nowhere/at/all", NULL};
    assert_int_equal(wtl_process_start(&p, words, "/", log_file, -1, &err), WTL_IO);
    assert_int_equal(p.pid, 0);
    assert_int_equal(err.sys_errno, ENOENT);
}

static int answer(void *arg)
{
    (void)arg;
    return 0;
}

static void a_copy_that_ends(void **state)
{
    (void)state;
    wtl_process p = {0};
    assert_int_equal(wtl_process_fork(&p, answer, NULL, -1, NULL), WTL_OK);
    for (int i = 0; i < 3000 && wtl_process_lives(&p); i++)
        nap();
    assert_false(wtl_process_lives(&p));
    wtl_process_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_that_of_the_children_too),
        cmocka_unit_test(one_that_does_not_listen_is_killed),
        cmocka_unit_test(no_such_program),
        cmocka_unit_test(a_copy_that_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
