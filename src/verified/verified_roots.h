/* Roots as wattle/verified_signed.h has them. */
#ifndef WTL_VERIFIED_VERIFIED_ROOTS_H
#define WTL_VERIFIED_VERIFIED_ROOTS_H

#include "crypto/ca.h"
#include <wattle/verified_signed.h>

enum { WTL_VERIFIED_ROOTS_MOST = 256 };

struct wtl_verified_roots {
    wtl_ca *ca;
    uint8_t digest[WTL_VERIFIED_KEY];
    size_t n;
    struct {
        int64_t first, last; /* valid from the one to the other second */
    } *date;
};

#endif
