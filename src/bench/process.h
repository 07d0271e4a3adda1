/* A program that is measured: started on one processor, its time and memory read from the kernel with those of the processes
 * that it starts. */
#ifndef WTL_BENCH_PROCESS_H
#define WTL_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Zero: none. */
typedef struct wtl_process {
    pid_t pid;
} wtl_process;

enum { WTL_PROCESS_WORDS = 64 };

/* Starts argv[0] (a path; NULL ends the words) in `dir` with an empty standard input and what it says going to the file `log`; it runs on
 * processor `cpu` alone unless that is negative, and is asked to end when this thread ends. WTL_IO. */
int wtl_process_start(wtl_process *p, const char *const *argv, const char *dir, const char *log, int cpu,
                      wtl_err *err) WTL_MUST_USE;
/* The same for a function of this program, in a copy of this process that ends when it returns, with what it returns. */
int wtl_process_fork(wtl_process *p, int (*run)(void *arg), void *arg, int cpu, wtl_err *err) WTL_MUST_USE;
/* Asks it to end, and after a second or two kills it and its children. Zeroes `p`. */
void wtl_process_stop(wtl_process *p);
/* False once it has ended. */
bool wtl_process_lives(const wtl_process *p);

/* Processor time of it and its living descendants so far, in nanoseconds: user and system, threads that have ended counted in. */
int wtl_process_time(const wtl_process *p, uint64_t *ns, wtl_err *err) WTL_MUST_USE;
/* Bytes of memory that are theirs: shared pages count in part (PSS of /proc/PID/smaps_rollup), or resident ones where the kernel does
 * not tell. */
int wtl_process_memory(const wtl_process *p, uint64_t *bytes, wtl_err *err) WTL_MUST_USE;

/* This thread on one processor alone; false when the system does not allow it. */
bool wtl_process_pin(int cpu);
/* The i-th processor that this process may run on, or -1. */
int wtl_process_cpu_at(unsigned i);

#endif
