/* A scratch directory for each test, children that break in chosen ways, and system calls that fail. */
#ifndef WTL_TESTS_BOX_H
#define WTL_TESTS_BOX_H

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define UNUSED __attribute__((unused))

/* The test's directory; the working directory lies outside it. */
static char box[256];

static UNUSED int box_make(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(box, sizeof box, "%s/wattle-fs.XXXXXX", base != NULL && base[0] != '\0' ? base : "/tmp");
    umask(022);
    return mkdtemp(box) == NULL || chmod(box, 0777) != 0 ? -1 : 0;
}

static UNUSED int box_drop(void **state)
{
    (void)state;
    char command[640];
    snprintf(command, sizeof command, "chmod -R u+rwx '%s' 2>/dev/null; rm -rf '%s'", box, box);
    return system(command) == 0 ? 0 : -1;
}

#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, box_make, box_drop)

/* box/name, in one of eight turning buffers. */
static UNUSED const char *in_box(const char *name)
{
    static char at[8][8192];
    static unsigned next;
    char *to = at[next++ % 8];
    snprintf(to, sizeof at[0], "%s/%s", box, name);
    return to;
}

static UNUSED void put(const char *name, const char *text)
{
    FILE *f = fopen(in_box(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static UNUSED void put_dir(const char *name)
{
    assert_int_equal(mkdir(in_box(name), 0777), 0);
}

static UNUSED void put_link(const char *to, const char *name)
{
    assert_int_equal(symlink(to, in_box(name)), 0);
}

static UNUSED bool there(const char *name)
{
    struct stat st;
    return lstat(in_box(name), &st) == 0;
}

static UNUSED bool holds(const char *name, const char *text)
{
    char got[4096] = {0};
    FILE *f = fopen(in_box(name), "rb");
    if (f == NULL)
        return false;
    size_t n = fread(got, 1, sizeof got - 1, f);
    fclose(f);
    return n == strlen(text) && memcmp(got, text, n) == 0;
}

static UNUSED unsigned mode_of(const char *name)
{
    struct stat st;
    return lstat(in_box(name), &st) == 0 ? st.st_mode & 07777 : ~0U;
}

/* How many names the directory holds. */
static UNUSED int count(const char *name)
{
    DIR *d = opendir(in_box(name));
    if (d == NULL)
        return -1;
    int n = 0;
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static UNUSED bool says(const wtl_err *err, const char *words)
{
    if (strstr(err->text, words) != NULL)
        return true;
    fprintf(stderr, "\"%s\" does not say \"%s\"\n", err->text, words);
    return false;
}

#define assert_says(err, words) assert_true(says(err, words))

/* Runs f in a child, as what it does cannot be taken back. f returns 0 when all is well, CHILD_SKIP when the
 * system does not let it; CHECK tells what was not. */
enum { CHILD_SKIP = 77 };
#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
            return 1;                                                          \
        }                                                                      \
    } while (0)

static UNUSED void in_child(int (*f)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(f());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP) {
        print_message("skipped: the system does not allow what the test needs\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* From now on the system call fails in this process. Nothing is checked about the architecture: the filter
 * is for the program's own calls. */
static UNUSED bool fault(int nr, int eno)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)eno),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {.len = sizeof code / sizeof code[0], .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

/* Permissions do not bind root. */
static UNUSED bool as_nobody(void)
{
    return geteuid() != 0 || (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
}

/* A file system of its own, of so many KiB, on a new directory in the box; unmounted by the caller. */
static UNUSED void mount_small(const char *name, unsigned kib)
{
    char options[64];
    snprintf(options, sizeof options, "size=%uk", kib);
    put_dir(name);
    if (mount("tmpfs", in_box(name), "tmpfs", 0, options) != 0) {
        print_message("skipped: a small file system cannot be mounted (%s)\n", strerror(errno));
        skip();
    }
}

/* Makes `levels` directories, each in the last one, and a file in the deepest. */
static UNUSED void put_deep(const char *top, const char *level, int levels)
{
    put_dir(top);
    int fd = open(in_box(top), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < levels; i++) {
        assert_int_equal(mkdirat(fd, level, 0777), 0);
        int next = openat(fd, level, O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    int file = openat(fd, "file", O_CREAT | O_WRONLY, 0666);
    assert_true(file >= 0);
    close(file);
    close(fd);
}

#endif
