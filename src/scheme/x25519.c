#include "scheme/x25519.h"

#include <string.h>

#include "kernel/curve25519.h"

int wtl_x25519_public(uint8_t pub[32], const uint8_t scalar[32], enum wtl_cpu_level level, wtl_err *err)
{
    const wtl_curve25519 *k;
    TRY(wtl_curve25519_pick(&k, level, err));
    k->base(pub, scalar);
    return WTL_OK;
}

int wtl_x25519_shared(uint8_t ss[32], const uint8_t scalar[32], const uint8_t peer[32],
                      enum wtl_cpu_level level, wtl_err *err)
{
    static const uint8_t zero[32];
    const wtl_curve25519 *k;
    TRY(wtl_curve25519_pick(&k, level, err));
    k->mul(ss, scalar, peer);
    /* RFC 7748 section 6.1: "check, without leaking extra information about the value of K, whether K is the all-zero
     * value and abort if so". */
    ENSURE(!wtl_ct_eq((wtl_bytes){ss, 32}, (wtl_bytes){zero, 32}), err, WTL_FORMAT,
           "the peer's X25519 key is a point of small order, with which no secret can be shared: the peer is "
           "broken or "
           "means harm; refuse it");
    return WTL_OK;
}
