/* Steps through every operation one instruction at a time, with one secret and with others, in the code that is shipped: the
 * instructions executed must be the same ones in the same order, and none of them may divide integers. Sees no addresses
 * of data. Left out: operations whose course depends on what is public by decision.
 *   ct_trace LEVEL [NAME...]    those whose names begin so; none: all, which takes minutes. leak: instead an operation that
 *                               branches on its secret, and one that divides by it, which must both be caught */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "operations.h"

enum { STEPS_MOST = 8 << 20, SECRETS = 2 };

static ct_run r;
static uint64_t *first; /* the instructions of the first run */
static volatile size_t steps;
static volatile size_t differs; /* the step at which another run left it; STEPS_MOST: nowhere */
static volatile uint64_t at_other, divides;
static volatile bool recording;
extern const char __executable_start;

static bool is_division(const uint8_t *p)
{
    while (*p == 0x66 || *p == 0xf2 || *p == 0xf3)
        p++;
    if ((*p & 0xf0) == 0x40) /* REX */
        p++;
    return (p[0] == 0xf6 || p[0] == 0xf7) && (p[1] >> 3 & 7) >= 6;
}

static void on_step(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    uint64_t at = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    size_t i = steps;
    steps = i + 1;
    if (i >= STEPS_MOST)
        return;
    if (is_division((const uint8_t *)at))
        divides = at;
    if (recording)
        first[i] = at;
    else if (differs == STEPS_MOST && first[i] != at) {
        differs = i;
        at_other = at;
    }
}

/* How many instructions it took, when stepped through. */
static size_t run(const ct_operation *o, uint64_t seed, bool step)
{
    memset(r.out, 0, sizeof r.out);
    o->fill(&r, o, seed);
    if (o->ready != NULL)
        o->ready(&r, o);
    steps = 0;
    if (step)
        __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" ::
                             : "cc", "memory");
    o->run(&r, o);
    __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tandq $-257, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" ::
                         : "cc", "memory");
    size_t n = steps;
    ct_close(&r);
    return n;
}

/* Whether all went alike. */
static bool trace(const ct_operation *o)
{
    unsigned long long base = (uintptr_t)&__executable_start;
    divides = 0;
    differs = STEPS_MOST;
    run(o, 0, false); /* what is resolved or allocated once */
    recording = true;
    size_t n = run(o, 0, true);
    recording = false;
    for (uint64_t seed = 1; seed < SECRETS; seed++) {
        size_t other = run(o, seed, true);
        if (other != n || differs != STEPS_MOST || n >= STEPS_MOST) {
            printf("%s: secret %llu: %zu instructions, %zu with secret 0; %#llx where that was at %#llx\n",
                   o->name, (unsigned long long)seed, other, n, at_other - base,
                   differs < STEPS_MOST ? first[differs] - base : 0);
            return false;
        }
    }
    if (divides != 0)
        printf("%s: divides at %#llx\n", o->name, divides - base);
    return divides == 0;
}

static volatile unsigned sink;

static void leak_branch(ct_run *run, const ct_operation *o)
{
    (void)o;
    if ((run->in[3] & 1) != 0)
        sink = 1;
}

static void leak_division(ct_run *run, const ct_operation *o)
{
    (void)o;
    sink = 1000 / (run->in[3] | 1u);
}

static bool catches(void)
{
    ct_operation o = ct_operations[0];
    o.name = "leak_branch";
    o.run = leak_branch;
    bool caught = !trace(&o);
    o.name = "leak_division";
    o.run = leak_division;
    return !trace(&o) && divides != 0 && caught;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = 1 << 16};
    int level = WTL_CPU_REF;
    while (argc > 1 && level < WTL_CPU_LEVELS && strcmp(argv[1], wtl_cpu_name(level)) != 0)
        level++;
    first = malloc(sizeof *first * STEPS_MOST);
    stack.ss_sp = malloc(stack.ss_size);
    if (level == WTL_CPU_LEVELS || first == NULL || stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0 ||
        sigaction(SIGTRAP, &action, NULL) != 0)
        return 2;
    if (!ct_open(&r, level, false))
        return 77;
    if (argc > 2 && strcmp(argv[2], "leak") == 0)
        return catches() ? 0 : 1;
    size_t all = 0;
    size_t alike = 0;
    for (size_t i = 0; i < ct_operations_n; i++) {
        bool wanted = argc <= 2;
        for (int a = 2; a < argc; a++)
            wanted = wanted || strncmp(ct_operations[i].name, argv[a], strlen(argv[a])) == 0;
        if (!wanted || ct_operations[i].varies)
            continue;
        all++;
        alike += trace(&ct_operations[i]);
    }
    printf("%zu of %zu operations take the same instructions whatever the secret, at level %s\n", alike, all,
           argv[1]);
    return all > 0 && alike == all ? 0 : 1;
}
