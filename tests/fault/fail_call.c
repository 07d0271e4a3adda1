/* System calls that fail, or move less than asked, by plan: the functions of libc that a program calls for them,
 * the checked forms that _FORTIFY_SOURCE makes of them included. What libc does for itself (stdio) is not seen
 * here; tests give that /dev/full. */
#include "plan.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* libc's function of the same name, whose parameters are given. */
#define REAL(type, name, ...)         \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL)                 \
    real = (type(*)(__VA_ARGS__))(uintptr_t)dlsym(RTLD_NEXT, #name)

#define FAIL_IF(kinds, result)      \
    do {                            \
        if (fails(kinds, __func__)) \
            return result;          \
    } while (0)

static int fails(uint32_t kinds, const char *name)
{
    if (!fault_hit(FAULT_CALL, kinds, name))
        return 0;
    errno = fault_errno();
    return 1;
}

static size_t half(uint32_t kind, size_t n, const char *name)
{
    return n > 1 && fault_hit(FAULT_SHORT, kind, name) ? n / 2 : n;
}

static uint32_t open_kinds(int flags)
{
    return (flags & O_CREAT) != 0 ? FAULT_OPEN | FAULT_CREATE : FAULT_OPEN;
}

static mode_t mode_of(int flags, va_list ap)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                               \
    int name(const char *path, int flags, ...)   \
    {                                            \
        REAL(int, name, const char *, int, ...); \
        va_list ap;                              \
        va_start(ap, flags);                     \
        mode_t mode = mode_of(flags, ap);        \
        va_end(ap);                              \
        FAIL_IF(open_kinds(flags), -1);          \
        return real(path, flags, mode);          \
    }
#define OPENAT(name)                                      \
    int name(int dirfd, const char *path, int flags, ...) \
    {                                                     \
        REAL(int, name, int, const char *, int, ...);     \
        va_list ap;                                       \
        va_start(ap, flags);                              \
        mode_t mode = mode_of(flags, ap);                 \
        va_end(ap);                                       \
        FAIL_IF(open_kinds(flags), -1);                   \
        return real(dirfd, path, flags, mode);            \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    FAIL_IF(FAULT_OPEN, -1);
    REAL(int, __open_2, const char *, int);
    return real(path, flags);
}

int __openat_2(int dirfd, const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags)
{
    FAIL_IF(FAULT_OPEN, -1);
    REAL(int, __openat_2, int, const char *, int);
    return real(dirfd, path, flags);
}

/* Only what Wattle and OpenSSL call this way. */
long syscall(long number, ...)
{
    REAL(long, syscall, long, ...);
    long a[6];
    va_list ap;
    va_start(ap, number);
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (number == SYS_openat2 && fails(FAULT_OPEN, "openat2"))
        return -1;
    if (number == SYS_getrandom && fails(FAULT_RANDOM, "getrandom"))
        return -1;
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(FILE *, fopen, const char *, const char *);
    FAIL_IF(FAULT_OPEN, NULL);
    return real(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    REAL(FILE *, fopen64, const char *, const char *);
    FAIL_IF(FAULT_OPEN, NULL);
    return real(path, mode);
}

DIR *opendir(const char *path)
{
    REAL(DIR *, opendir, const char *);
    FAIL_IF(FAULT_DESCRIPTOR, NULL);
    return real(path);
}

DIR *fdopendir(int fd)
{
    REAL(DIR *, fdopendir, int);
    FAIL_IF(FAULT_LIST, NULL);
    return real(fd);
}

struct dirent *readdir(DIR *d)
{
    REAL(struct dirent *, readdir, DIR *);
    FAIL_IF(FAULT_LIST, NULL);
    return real(d);
}

int fcntl(int fd, int cmd, ...)
{
    REAL(int, fcntl, int, int, ...);
    va_list ap;
    va_start(ap, cmd);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    if ((cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) && fails(FAULT_DESCRIPTOR, "fcntl(F_DUPFD)"))
        return -1;
    if ((cmd == F_SETLK || cmd == F_SETLKW) && fails(FAULT_LOCK, "fcntl(F_SETLK)"))
        return -1;
    return real(fd, cmd, arg);
}

ssize_t read(int fd, void *p, size_t n)
{
    REAL(ssize_t, read, int, void *, size_t);
    FAIL_IF(FAULT_READ, -1);
    return real(fd, p, half(FAULT_READ, n, __func__));
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    REAL(ssize_t, pread, int, void *, size_t, off_t);
    FAIL_IF(FAULT_READ, -1);
    return real(fd, p, half(FAULT_READ, n, __func__), at);
}

/* The checked forms end the program when a buffer is too small: that stays as it is. */
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
    REAL(ssize_t, __read_chk, int, void *, size_t, size_t);
    FAIL_IF(FAULT_READ, -1);
    return real(fd, p, n <= room ? half(FAULT_READ, n, __func__) : n, room);
}

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
    REAL(ssize_t, __pread_chk, int, void *, size_t, off_t, size_t);
    FAIL_IF(FAULT_READ, -1);
    return real(fd, p, n <= room ? half(FAULT_READ, n, __func__) : n, at, room);
}

ssize_t write(int fd, const void *p, size_t n)
{
    REAL(ssize_t, write, int, const void *, size_t);
    FAIL_IF(FAULT_WRITE, -1);
    return real(fd, p, half(FAULT_WRITE, n, __func__));
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    FAIL_IF(FAULT_WRITE, -1);
    return real(fd, p, half(FAULT_WRITE, n, __func__), at);
}

int fsync(int fd)
{
    REAL(int, fsync, int);
    FAIL_IF(FAULT_SYNC, -1);
    return real(fd);
}

int fdatasync(int fd)
{
    REAL(int, fdatasync, int);
    FAIL_IF(FAULT_SYNC, -1);
    return real(fd);
}

/* Linux closes the descriptor whatever it answers (close(2)). */
int close(int fd)
{
    REAL(int, close, int);
    int rc = real(fd);
    FAIL_IF(FAULT_CLOSE, -1);
    return rc;
}

#define CALL(kinds, name, params, ...)                                \
    int name params                                                   \
    {                                                                 \
        static int(*real) params;                                     \
        if (real == NULL)                                             \
            real = (int(*) params)(uintptr_t)dlsym(RTLD_NEXT, #name); \
        FAIL_IF(kinds, -1);                                           \
        return real(__VA_ARGS__);                                     \
    }
CALL(FAULT_NAME, rename, (const char *a, const char *b), a, b)
CALL(FAULT_NAME, renameat, (int f, const char *a, int t, const char *b), f, a, t, b)
CALL(FAULT_NAME, renameat2, (int f, const char *a, int t, const char *b, unsigned flags), f, a, t, b, flags)
CALL(FAULT_NAME, link, (const char *a, const char *b), a, b)
CALL(FAULT_NAME, linkat, (int f, const char *a, int t, const char *b, int flags), f, a, t, b, flags)
CALL(FAULT_NAME, mkdir, (const char *p, mode_t mode), p, mode)
CALL(FAULT_NAME, mkdirat, (int d, const char *p, mode_t mode), d, p, mode)
CALL(FAULT_UNLINK, unlink, (const char *p), p)
CALL(FAULT_UNLINK, unlinkat, (int d, const char *p, int flags), d, p, flags)
CALL(FAULT_UNLINK, rmdir, (const char *p), p)
CALL(FAULT_STAT, stat, (const char *p, struct stat *st), p, st)
CALL(FAULT_STAT, lstat, (const char *p, struct stat *st), p, st)
CALL(FAULT_STAT, fstat, (int fd, struct stat *st), fd, st)
CALL(FAULT_STAT, fstatat, (int d, const char *p, struct stat *st, int flags), d, p, st, flags)
CALL(FAULT_STAT, access, (const char *p, int mode), p, mode)
CALL(FAULT_SIZE, ftruncate, (int fd, off_t n), fd, n)
CALL(FAULT_SIZE, fchmod, (int fd, mode_t mode), fd, mode)
CALL(FAULT_LOCK, flock, (int fd, int op), fd, op)
CALL(FAULT_RANDOM, getentropy, (void *p, size_t n), p, n)
CALL(FAULT_MAP, mlock, (const void *p, size_t n), p, n)

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    REAL(ssize_t, getrandom, void *, size_t, unsigned);
    FAIL_IF(FAULT_RANDOM, -1);
    return real(p, n, flags);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    FAIL_IF(FAULT_MAP, MAP_FAILED);
    return real(at, n, prot, flags, fd, off);
}

/* These answer with the number itself. */
int posix_fallocate(int fd, off_t from, off_t n)
{
    REAL(int, posix_fallocate, int, off_t, off_t);
    FAIL_IF(FAULT_SIZE, fault_errno());
    return real(fd, from, n);
}

int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    FAIL_IF(FAULT_THREAD, fault_errno());
    return real(t, attr, run, arg);
}
