/* The rules that EVP_PKEY_encapsulate(3) and EVP_PKEY_decapsulate(3) have for their outputs, for every KEM of this provider. */
#ifndef WTL_PROVIDER_KEM_OUT_H
#define WTL_PROVIDER_KEM_OUT_H

#include "provider/prov.h"

enum wtl_kem_out {
    WTL_KEM_OUT_BAD,   /* an error was raised */
    WTL_KEM_OUT_ASKED, /* the lengths were asked for, and are told */
    WTL_KEM_OUT_GO     /* there is room for both; the lengths are set */
};

typedef struct wtl_kem_room {
    uint8_t *at;
    size_t *n; /* in: the room; out: what is used */
} wtl_kem_room;

enum wtl_kem_out wtl_kem_out_encaps(const wtl_prov *p, wtl_kem_room ct, size_t ct_n, wtl_kem_room ss,
                                    size_t ss_n);
/* A missing length pointer is tolerated here, as OpenSSL does. */
enum wtl_kem_out wtl_kem_out_decaps(const wtl_prov *p, wtl_kem_room ss, size_t ss_n);

#endif
