/* The inside of wtl_hpke, for hpke.c and its test. */
#ifndef WTL_CRYPTO_HPKE_IMPL_H
#define WTL_CRYPTO_HPKE_IMPL_H

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"

enum { WTL_HPKE_SUITE_ID = 10 };

struct wtl_hpke {
    enum wtl_hash hash;
    uint8_t suite_id[WTL_HPKE_SUITE_ID]; /* "HPKE" || kem || kdf || aead */
    wtl_aead *aead;
    uint8_t base_nonce[WTL_AEAD_NONCE];
    uint64_t next; /* the next message's number */
    wtl_secret exporter;
};

#endif
