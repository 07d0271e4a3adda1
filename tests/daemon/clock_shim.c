/* Preloaded: a wall clock that is off by the seconds in the file that CLOCK_SHIM names (8 bytes, this machine's order), at any time anew. The monotonic clock is as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_SHIM");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    void *f = dlsym(RTLD_NEXT, "clock_gettime");
    memcpy(&real, &f, sizeof real);
    if (p != MAP_FAILED)
        offset = p;
    if (fd >= 0)
        close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t which, struct timespec *t)
{
    int rc = real == NULL ? (int)syscall(SYS_clock_gettime, which, t) : real(which, t);
    if (rc == 0 && offset != NULL && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        t->tv_sec += *offset;
    return rc;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    if (out != NULL)
        *out = t.tv_sec;
    return t.tv_sec;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t = {0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}
