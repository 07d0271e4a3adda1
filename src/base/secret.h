/* Bytes that must not be seen: on OpenSSL's secure heap (locked, out of core files), wiped when freed. */
#ifndef WTL_BASE_SECRET_H
#define WTL_BASE_SECRET_H

#include <stdbool.h>

#include "base/err.h"
#include <wattle/bytes.h>

/* Zero-initialise. Never printed: no function here turns a secret into text. */
typedef struct wtl_secret {
    uint8_t *p;
    size_t n;
} wtl_secret;

/* Sets up the secure heap once for the process; later calls do nothing. Where the system's limit on
 * locked memory is too small the heap is still wiped and fenced, only not locked. */
int wtl_secret_heap(wtl_err *err) WTL_MUST_USE;
/* The heap is there, locked and fenced. */
bool wtl_secret_heap_locked(void);

int wtl_secret_new(wtl_secret *s, size_t n, wtl_err *err) WTL_MUST_USE; /* n zero bytes */
int wtl_secret_copy(wtl_secret *s, wtl_bytes from, wtl_err *err) WTL_MUST_USE;
/* n zero bytes, for secrets of many KiB that a process may have many of: on the secure heap while this library made it
 * and half of it is free, so that small secrets always find room; else in ordinary memory. Does not set the heap up. */
int wtl_secret_large(wtl_secret *s, size_t n, wtl_err *err) WTL_MUST_USE;
void wtl_secret_free(wtl_secret *s); /* wipes; leaves an empty secret */
void wtl_secret_auto(wtl_secret *s);
wtl_bytes wtl_secret_view(const wtl_secret *s);

/* Marks a value made of secrets that anyone may learn, as whether a key file is well-formed: what follows may branch
 * on it. Nothing but a mark for the reader and for tests/ct, where valgrind watches every other branch. */
#ifndef WTL_CT_PUBLIC
#define WTL_CT_PUBLIC(v) (v)
#endif

/* Wipes memory in a way that the compiler keeps. */
void wtl_secret_wipe(void *p, size_t n);

/* Equality in time that depends on the lengths alone. */
bool wtl_ct_eq(wtl_bytes a, wtl_bytes b);

#endif
