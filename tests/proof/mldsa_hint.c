/* ML-DSA's hints: no byte outside the signature's hint is read, and what is accepted is in order. */
#include "prove.h"

#include "scheme/mldsa_verify.c"

/* In small, so that every hint is tried: 3 polynomials and 8 places. */
PROOF(good, "--unwind=12")
{
    static const wtl_mldsa_params p = {.k = 3, .omega = 8};
    uint8_t hint[11];
    if (!hint_good(&p, hint))
        return;
    HOLDS(hint[8] <= hint[9] && hint[9] <= hint[10] && hint[10] <= 8);
    for (unsigned i = 0, j = 0; j < hint[10]; j++) {
        while (j >= hint[8 + i])
            i++;
        HOLDS(j == (i > 0 ? hint[7 + i] : 0) || hint[j - 1] < hint[j]);
    }
}
