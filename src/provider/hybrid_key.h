/* A key of the TLS hybrids of draft-ietf-tls-ecdhe-mlkem: an ML-KEM-768 key and one of a curve, side by side. */
#ifndef WTL_PROVIDER_HYBRID_KEY_H
#define WTL_PROVIDER_HYBRID_KEY_H

#include <openssl/types.h>

#include "provider/kem_key.h"
#include "provider/p256.h"
#include "provider/prov.h"
#include "scheme/x25519.h"

enum wtl_hybrid { WTL_HYBRID_X25519, WTL_HYBRID_P256, WTL_HYBRIDS };
enum {
    WTL_HYBRID_PUBLIC_MOST = 1184 + WTL_P256_POINT,
    WTL_HYBRID_PRIVATE = 2400 + 32,
    WTL_HYBRID_SHARED = 64
};

/* Sizes in bytes. Static storage. */
typedef struct wtl_hybrid_params {
    const char *name;
    uint16_t pub, ct;
    uint16_t point;      /* bytes of the curve's share */
    bool is_curve_first; /* section 4: in X25519MLKEM768 alone ML-KEM stands first */
} wtl_hybrid_params;
const wtl_hybrid_params *wtl_hybrid_key_params_of(enum wtl_hybrid kind);

typedef struct wtl_hybrid_key {
    wtl_prov *prov;
    enum wtl_hybrid kind;
    _Atomic unsigned refs;
    wtl_kem_key *kem;              /* NULL while empty; private when the whole is */
    uint8_t point[WTL_P256_POINT]; /* the curve's public part: of X25519 32 bytes */
    uint8_t *scalar;               /* X25519's private part, on the secure heap, or NULL */
    EVP_PKEY *ec;                  /* P-256, or NULL */
} wtl_hybrid_key;

/* Empty; NULL without memory. Freed when as often as it was shared, and once more; what is secret is wiped. */
wtl_hybrid_key *wtl_hybrid_key_new(wtl_prov *p, enum wtl_hybrid kind);
wtl_hybrid_key *wtl_hybrid_key_share(wtl_hybrid_key *k);
void wtl_hybrid_key_free(wtl_hybrid_key *k);
bool wtl_hybrid_key_is_private(const wtl_hybrid_key *k);

/* These fill an empty key. 1, or 0 with an error raised and the key empty still. */
int wtl_hybrid_key_generate(wtl_hybrid_key *k);
int wtl_hybrid_key_set_public(wtl_hybrid_key *k, wtl_bytes pub);
int wtl_hybrid_key_set_private(wtl_hybrid_key *k, wtl_bytes priv);

/* As wtl_kem_key_empty. */
void wtl_hybrid_key_empty(wtl_hybrid_key *k);

/* The encodings of a key that is not empty. */
void wtl_hybrid_key_public(const wtl_hybrid_key *k, uint8_t *pub);
int wtl_hybrid_key_private(const wtl_hybrid_key *k,
                           uint8_t priv[WTL_HYBRID_PRIVATE]); /* 1, or 0 with an error raised */

/* Splits an encoding in its two parts: `kem` bytes of ML-KEM's and `curve` bytes of the curve's, in the hybrid's order. */
typedef struct wtl_hybrid_parts {
    uint8_t *kem, *curve;
} wtl_hybrid_parts;
wtl_hybrid_parts wtl_hybrid_key_split(enum wtl_hybrid kind, const uint8_t *at, size_t kem, size_t curve);

#endif
