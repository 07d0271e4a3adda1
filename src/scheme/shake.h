/* SHA-3 and SHAKE (FIPS 202) over the kernels: one message by itself, and short messages in lanes. */
#ifndef WTL_SCHEME_SHAKE_H
#define WTL_SCHEME_SHAKE_H

#include "base/secret.h"
#include "kernel/keccak.h"

/* The function, by its rate in bytes and its padding byte. */
typedef struct wtl_shake_kind {
    uint8_t rate, pad;
} wtl_shake_kind;
#define WTL_SHAKE128 ((wtl_shake_kind){168, 0x1f})
#define WTL_SHAKE256 ((wtl_shake_kind){136, 0x1f})
#define WTL_SHA3_256 ((wtl_shake_kind){136, 0x06})
#define WTL_SHA3_512 ((wtl_shake_kind){72, 0x06})

/* One message. No allocation; wiped by wtl_shake_end. May be copied to branch off. */
typedef struct wtl_shake {
    const wtl_keccak *k;
    uint64_t s[WTL_KECCAK_WORDS];
    wtl_shake_kind kind;
    uint8_t at; /* bytes of the block taken in or given out */
    bool squeezing;
} wtl_shake;

void wtl_shake_start(wtl_shake *h, const wtl_keccak *k, wtl_shake_kind kind);
void wtl_shake_add(wtl_shake *h, wtl_bytes part);          /* before the first read */
void wtl_shake_read(wtl_shake *h, uint8_t *out, size_t n); /* any number of times */
void wtl_shake_end(wtl_shake *h);                          /* wipes */

/* start, add every part, read n, wipe. */
void wtl_shake_once(const wtl_keccak *k, wtl_shake_kind kind, const wtl_bytes *part, size_t parts,
                    uint8_t *out, size_t n);

/* 1 to 8 messages of one length, shorter than a block. No allocation. */
typedef struct wtl_shake_lanes {
    _Alignas(64) uint64_t s[WTL_KECCAK_WORDS * WTL_KECCAK_LANES_MOST];
    const wtl_keccak *k;
    wtl_shake_kind kind;
    uint8_t lanes, width; /* messages, and of how many lanes the state is: 4 or 8 */
} wtl_shake_lanes;

/* Lane i takes head[i] (head_n bytes) with tail[i] (tail_n bytes) behind it. head_n + tail_n < rate. */
void wtl_shake_lanes_start(wtl_shake_lanes *l, const wtl_keccak *k, wtl_shake_kind kind, size_t lanes,
                           const uint8_t *const head[], size_t head_n, const uint8_t *const tail[],
                           size_t tail_n);
/* The next `blocks` * rate bytes of lane i to out[i]. */
void wtl_shake_lanes_read(wtl_shake_lanes *l, uint8_t *const out[], size_t blocks);
void wtl_shake_lanes_end(wtl_shake_lanes *l); /* wipes */

#endif
