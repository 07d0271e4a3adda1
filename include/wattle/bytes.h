/* A borrowed run of bytes, passed by value. */
#ifndef WATTLE_BYTES_H
#define WATTLE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* `p` may be NULL only when `n` is 0. Nobody owns anything: the bytes outlive the call they are passed to. */
typedef struct wtl_bytes {
    const uint8_t *p;
    size_t n;
} wtl_bytes;

#endif
