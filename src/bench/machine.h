/* What tables of measurements are headed with. */
#ifndef WTL_BENCH_MACHINE_H
#define WTL_BENCH_MACHINE_H

#include <stddef.h>

/* The processor as the system names it, cut to `cap`. */
void wtl_machine_name(char *out, size_t cap);

#endif
