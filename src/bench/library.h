/* The anchor of the handshake rows: OpenSSL's library with itself in memory, without sockets and without a proxy around it. */
#ifndef WTL_BENCH_LIBRARY_H
#define WTL_BENCH_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/identity.h"

/* Both ends over memory, in one library context: OpenSSL's own code, or with our provider in front. */
typedef struct wtl_library wtl_library;
int wtl_library_open(wtl_library **out, bool ours, const wtl_identity *id, const wtl_identity_kind *cert,
                     const char *group, const char *suite, wtl_err *err) WTL_MUST_USE;
void wtl_library_close(wtl_library *l); /* NULL is nothing */

/* So many handshakes, full or each by the ticket of the one before; *us is what one costs the server's end in processor time, its two
 * tickets included. WTL_POLICY when a ticket was not taken. */
int wtl_library_run(wtl_library *l, size_t times, bool resumed, double *us, wtl_err *err) WTL_MUST_USE;

#endif
