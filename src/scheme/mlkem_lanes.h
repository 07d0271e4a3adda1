/* The hashing of ML-KEM: messages of its shapes share the lanes of Keccak, whichever function each of them wants. */
#ifndef WTL_SCHEME_MLKEM_LANES_H
#define WTL_SCHEME_MLKEM_LANES_H

#include <stdbool.h>

#include "kernel/keccak.h"
#include "kernel/polykem.h"

enum wtl_mlkem_use {
    WTL_MLKEM_DIGEST, /* `want` bytes, 32 or 64, to `out` */
    WTL_MLKEM_PRF, /* `want` blocks of 136 bytes, 1 or 2, to `out`, which has room for WTL_MLKEM_PRF_ROOM */
    WTL_MLKEM_SAMPLE, /* the whole polynomial to `poly`; the message is public */
};
enum { WTL_MLKEM_PRF_ROOM = 136 + 168 };

/* One message: 32 bytes, `body_n` bytes (a multiple of 8), and `end`, less than 8 bytes with the padding's first byte
 * behind them. Borrows everything until it is done. Made by the functions below. */
typedef struct wtl_mlkem_task {
    const uint8_t *head, *body;
    size_t body_n;
    uint64_t end;
    uint8_t rate; /* in words */
    uint8_t use, want;
    uint8_t *out;
    wtl_polykem_poly *poly;
    struct wtl_mlkem_task *next;
    bool done;
} wtl_mlkem_task;

/* FIPS 203 section 4.1: G, H, J, PRF, XOF. */
wtl_mlkem_task wtl_mlkem_lanes_g(const uint8_t head[32], const uint8_t body[32], uint8_t out[64]);
wtl_mlkem_task wtl_mlkem_lanes_g_seed(const uint8_t d[32], uint8_t k, uint8_t out[64]);
wtl_mlkem_task wtl_mlkem_lanes_h(const uint8_t *ek, size_t n, uint8_t out[32]);
wtl_mlkem_task wtl_mlkem_lanes_j(const uint8_t z[32], const uint8_t *c, size_t n, uint8_t out[32]);
wtl_mlkem_task wtl_mlkem_lanes_prf(const uint8_t s[32], uint8_t nonce, uint8_t blocks,
                                   uint8_t out[WTL_MLKEM_PRF_ROOM]);
/* SampleNTT(rho || j || i), entry (i, j) of the matrix. */
wtl_mlkem_task wtl_mlkem_lanes_sample(const uint8_t rho[32], uint8_t i, uint8_t j, wtl_polykem_poly *poly);

/* What one lane is doing. */
typedef struct wtl_mlkem_lane {
    wtl_mlkem_task *task; /* NULL: free */
    size_t at, words;     /* words of the message taken in, and all of them */
    unsigned blocks;      /* squeezed */
    unsigned have;        /* coefficients sampled */
} wtl_mlkem_lane;

enum { WTL_MLKEM_XOF_FIRST = 3 * 168 };
/* About 6 KiB, on the caller's stack. Tasks are begun in the order in which they were added. */
typedef struct wtl_mlkem_lanes {
    _Alignas(64) uint64_t s[WTL_KECCAK_WORDS * WTL_KECCAK_LANES_MOST];
    _Alignas(64) uint8_t xof[WTL_KECCAK_LANES_MOST][WTL_MLKEM_XOF_FIRST + 8];
    uint8_t unused[168];
    wtl_mlkem_lane lane[WTL_KECCAK_LANES_MOST];
    const wtl_keccak *keccak;
    const wtl_polykem *poly;
    unsigned width; /* of the state: 4, 8, or 1: each lane by itself, 25 words one after the other */
    wtl_mlkem_task *first;
    wtl_mlkem_task **last;
} wtl_mlkem_lanes;

void wtl_mlkem_lanes_start(wtl_mlkem_lanes *l, const wtl_keccak *keccak, const wtl_polykem *poly);
void wtl_mlkem_lanes_add(wtl_mlkem_lanes *l, wtl_mlkem_task *task);
/* Until that task is done, or with NULL all; the others go on with the next run. */
void wtl_mlkem_lanes_run(wtl_mlkem_lanes *l, const wtl_mlkem_task *until);
/* How many bytes of its message a task has taken in that was begun and is not done; else 0. */
size_t wtl_mlkem_lanes_taken(const wtl_mlkem_lanes *l, const wtl_mlkem_task *task);
void wtl_mlkem_lanes_end(wtl_mlkem_lanes *l); /* wipes */

#endif
