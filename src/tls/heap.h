/* Memory for OpenSSL in a program that does handshakes all day: each takes and gives back some thousand small blocks, more than the C
 * library keeps at hand. */
#ifndef WTL_TLS_HEAP_H
#define WTL_TLS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* From now on each thread keeps what OpenSSL frees, by sizes, up to WTL_HEAP_KEPT bytes of a size, and takes it from there. Blocks are malloc's,
 * so that either side may free what the other gave. False, and nothing changes: OpenSSL has allocated already, or the program is
 * instrumented to watch malloc. First of all in main; once is enough. */
bool wtl_heap_install(void);

enum { WTL_HEAP_KEPT = 64 * 1024 };

#endif
