/* The shim's memory: maps the plan that the driver made. Without one nothing fails. */
#include "plan.h"

#include <execinfo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static fault_plan *plan;
static __thread int busy __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(FAULT_PLAN_ENV);
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return;
    /* The first call loads a library, which allocates. */
    void *frame[1];
    if (((fault_plan *)p)->trace)
        backtrace(frame, 1);
    plan = p;
}

static int due(uint64_t i)
{
    switch (plan->mode) {
    case FAULT_ONCE:
        return i == plan->n;
    case FAULT_ON:
        return i >= plan->n;
    default:
        return i >= plan->n && (i - plan->n) % 2 == 0;
    }
}

static void note(const char *name)
{
    if (atomic_fetch_add(&plan->injected, 1) == 0)
        strncpy(plan->where, name, sizeof plan->where - 1);
    if (!plan->trace)
        return;
    void *frame[48];
    backtrace_symbols_fd(frame, backtrace(frame, 48), STDERR_FILENO);
}

int fault_hit(uint32_t what, uint32_t kinds, const char *name)
{
    if (plan == NULL || busy || plan->what != what || (kinds != 0 && (kinds & plan->kinds) == 0))
        return 0;
    if (!due(atomic_fetch_add(&plan->count, 1) + 1))
        return 0;
    busy = 1;
    note(name);
    busy = 0;
    return 1;
}

int fault_errno(void)
{
    return plan->eno;
}
