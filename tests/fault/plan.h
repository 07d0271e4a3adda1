/* What shall fail next: written by the driver, read and counted by the shim, in memory that both map. */
#ifndef FAULT_PLAN_H
#define FAULT_PLAN_H

#include <stdatomic.h>
#include <stdint.h>

/* The environment variable that names the file with the plan. */
#define FAULT_PLAN_ENV "WATTLE_FAULT_PLAN"

enum fault_what {
    FAULT_NOTHING,
    FAULT_ALLOC_OWN, /* allocations that libcrypto did not ask for */
    FAULT_ALLOC_ANY, /* all allocations */
    FAULT_CALL,      /* system calls of the kinds in `kinds`, with `eno` */
    FAULT_SHORT      /* transfers move half of what was asked */
};

enum fault_mode {
    FAULT_ONCE,  /* the n-th alone */
    FAULT_ON,    /* the n-th and all after it */
    FAULT_EACH_2 /* the n-th, and every second one after it */
};

enum fault_kind {
    FAULT_OPEN = 1,
    FAULT_CREATE = 2, /* an open that may make a file; these are of both kinds */
    FAULT_READ = 4,
    FAULT_WRITE = 8,
    FAULT_SYNC = 16,
    FAULT_NAME = 32, /* rename, link, mkdir */
    FAULT_UNLINK = 64,
    FAULT_CLOSE = 128,
    FAULT_STAT = 256,
    FAULT_RANDOM = 512,
    FAULT_MAP = 1024,
    FAULT_THREAD = 2048,
    FAULT_LOCK = 4096,
    FAULT_SIZE = 8192,       /* ftruncate, fallocate, fchmod */
    FAULT_LIST = 16384,      /* readdir */
    FAULT_DESCRIPTOR = 32768 /* opendir, dup: calls that give one and are not interrupted */
};

typedef struct fault_plan {
    uint32_t what; /* enum fault_what */
    uint32_t mode; /* enum fault_mode */
    uint32_t kinds;
    int32_t eno;
    uint32_t trace; /* print the stack of what fails */
    uint64_t n;     /* counted from 1 */
    _Atomic uint64_t count;
    _Atomic uint64_t injected;
    char where[32]; /* the first function that failed */
} fault_plan;

/* True when this call, of one of these kinds, shall fail now. */
int fault_hit(uint32_t what, uint32_t kinds, const char *name);
int fault_errno(void);

#endif
