#include "unit.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "child.h"

static void harden(void *arg)
{
    struct rlimit core;
    wtl_err err = {0};
    (void)arg;
    CHECK(wtl_sandbox_harden(&err) == 0);
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
    CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    CHECK(wtl_sandbox_harden(&err) == 0); /* twice is well */
}

static void hardening_gives_up_cores_and_privileges(void **state)
{
    (void)state;
    child_succeeds(NO_SANDBOX, harden, NULL);
}

static const struct passwd *nobody(void)
{
    const struct passwd *user = getpwnam("nobody");
    if (geteuid() != 0 || user == NULL) {
        print_message("not root, or no user nobody: skipped\n");
        skip();
    }
    return user;
}

static void drop(void *arg)
{
    const struct passwd *user = arg;
    uid_t uid[3];
    gid_t gid[3];
    gid_t groups[64];
    wtl_err err = {0};
    CHECK(setgroups(2, (gid_t[]){0, 7}) == 0);
    CHECK(wtl_sandbox_user("nobody", &err) == 0);
    CHECK(getresuid(&uid[0], &uid[1], &uid[2]) == 0 && getresgid(&gid[0], &gid[1], &gid[2]) == 0);
    for (size_t i = 0; i < 3; i++)
        CHECK(uid[i] == user->pw_uid && gid[i] == user->pw_gid);
    int n = getgroups(64, groups);
    CHECK(n >= 1);
    for (int i = 0; i < n; i++)
        CHECK(groups[i] != 0 && groups[i] != 7);
    CHECK(setuid(0) != 0 && seteuid(0) != 0 && setresuid(0, 0, 0) != 0 && setgid(0) != 0);
    CHECK(setgroups(1, (gid_t[]){0}) != 0);
    CHECK(open("/proc/1/mem", O_RDONLY) < 0);
    CHECK(wtl_sandbox_user("root", &err) == 0 && getuid() == user->pw_uid); /* no root any more: nothing */
}

static void root_is_given_up_for_good(void **state)
{
    (void)state;
    struct passwd user = *nobody();
    child_succeeds(NO_SANDBOX, drop, &user);
}

/* In the group of the user's own: another process of this user opens its environment. */
static void look_into(void *arg)
{
    char path[64];
    wtl_err err = {0};
    const pid_t *pid = arg;
    CHECK(wtl_sandbox_user("nobody", &err) == 0);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)*pid);
    _exit(open(path, O_RDONLY) >= 0 ? 10 : 11);
}

static int looked_into(bool hardened)
{
    int to[2], from[2];
    char c = 0;
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        wtl_err err = {0};
        CHECK(!hardened || wtl_sandbox_harden(&err) == 0);
        CHECK(wtl_sandbox_user("nobody", &err) == 0);
        CHECK(hardened || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
        CHECK(write(from[1], "x", 1) == 1);
        _exit(read(to[0], &c, 1) == 1 ? CHILD_GOOD : 1);
    }
    assert_int_equal(read(from[0], &c, 1), 1);
    int status = child_status(NO_SANDBOX, look_into, &pid);
    assert_int_equal(write(to[1], "x", 1), 1);
    int end = 0;
    assert_int_equal(waitpid(pid, &end, 0), pid);
    assert_int_equal(WEXITSTATUS(end), CHILD_GOOD);
    for (size_t i = 0; i < 2; i++) {
        close(to[i]);
        close(from[i]);
    }
    return WEXITSTATUS(status);
}

static void others_of_the_user_do_not_read_its_memory(void **state)
{
    (void)state;
    (void)nobody();
    if (looked_into(false) != 10) {
        print_message("the kernel lets no process read another here: skipped\n");
        skip();
    }
    assert_int_equal(looked_into(true), 11);
}

static void who_does_not_exist_is_named(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_int_equal(wtl_sandbox_user(NULL, &err), 0);
    if (geteuid() != 0)
        skip();
    assert_int_equal(wtl_sandbox_user("no-such-user-here", &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "no-such-user-here"));
    assert_int_equal(wtl_sandbox_user("", &err), WTL_USAGE);
    assert_int_equal(wtl_sandbox_user("a\033[31mb", &err), WTL_USAGE);
    assert_null(strchr(err.text, '\033'));
    assert_int_equal(geteuid(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hardening_gives_up_cores_and_privileges),
        cmocka_unit_test(root_is_given_up_for_good),
        cmocka_unit_test(others_of_the_user_do_not_read_its_memory),
        cmocka_unit_test(who_does_not_exist_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
