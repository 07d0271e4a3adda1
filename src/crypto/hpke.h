/* HPKE base mode (RFC 9180; draft-ietf-hpke-pq for the KEMs), composed over EVP because OpenSSL 3.5's own
 * HPKE has none of the post-quantum KEMs. KEMs: 0x647a X-Wing, 0x0042 ML-KEM-1024 (and 0x0040, 0x0041).
 * KDFs: 1 HKDF-SHA256, 2 HKDF-SHA384. AEADs: 2 AES-256-GCM, 3 ChaCha20-Poly1305 (and 1 AES-128-GCM). */
#ifndef WTL_CRYPTO_HPKE_H
#define WTL_CRYPTO_HPKE_H

#include "crypto/kem.h"

enum { WTL_HPKE_HKDF_SHA256 = 1, WTL_HPKE_HKDF_SHA384 = 2 };
enum { WTL_HPKE_AES128GCM = 1, WTL_HPKE_AES256GCM = 2, WTL_HPKE_CHACHA20POLY1305 = 3 };

typedef struct wtl_hpke_suite {
    uint16_t kdf;
    uint16_t aead;
} wtl_hpke_suite; /* the KEM is the key's */

/* One direction of a conversation: numbered messages and exported secrets. */
typedef struct wtl_hpke wtl_hpke;
void wtl_hpke_free(wtl_hpke *h);
void wtl_hpke_auto(wtl_hpke **h);

int wtl_hpke_sender(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *to, wtl_bytes info, wtl_buf *enc,
                    wtl_err *err) WTL_MUST_USE;
/* For test vectors: with the KEM's randomness given, as wtl_kem_encaps_derand takes it. */
int wtl_hpke_sender_derand(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *to, wtl_bytes info,
                           wtl_bytes random, wtl_buf *enc, wtl_err *err) WTL_MUST_USE;
int wtl_hpke_receiver(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *me, wtl_bytes enc, wtl_bytes info,
                      wtl_err *err) WTL_MUST_USE;

/* The next message; appended to ct: pt.n + 16 bytes. WTL_BUG after 2^64-1 messages, never a repeated nonce. */
int wtl_hpke_seal(wtl_hpke *h, wtl_bytes aad, wtl_bytes pt, wtl_buf *ct, wtl_err *err) WTL_MUST_USE;
/* WTL_NO when the tag is wrong, WTL_FORMAT below 16 bytes; the message counter then stays. */
int wtl_hpke_open(wtl_hpke *h, wtl_bytes aad, wtl_bytes ct, wtl_secret *pt, wtl_err *err) WTL_MUST_USE;
int wtl_hpke_export(wtl_hpke *h, wtl_bytes context, size_t n, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

#endif
