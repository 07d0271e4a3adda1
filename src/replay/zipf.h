/* A trace made up: keys of post-quantum sizes, asked for by Zipf's law. */
#ifndef WTL_REPLAY_ZIPF_H
#define WTL_REPLAY_ZIPF_H

#include "replay/trace.h"

typedef struct wtl_zipf_options {
    double skew; /* the i-th key is asked for in proportion to i^-skew; 0 to 5 */
    uint32_t keys;
    size_t requests;
    uint64_t seed;
} wtl_zipf_options;

/* The same options make the same trace on every machine. Each key has one of the sizes by chance: a classical signature (64), Falcon-512
 * signature (690), ML-KEM-768 ciphertext (1,088), ML-DSA-65 signature (3,309), token with both (4,493), SLH-DSA-128f signature
 * (17,088), SLH-DSA-256f signature (49,856). `t` is empty before. WTL_NOMEM. */
int wtl_zipf_make(wtl_trace *t, const wtl_zipf_options *o, wtl_err *err) WTL_MUST_USE;

/* Size i, or 0 past the end. */
uint32_t wtl_zipf_size(size_t i);

#endif
