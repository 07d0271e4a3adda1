/* Whether the crypto library is in order, and certificates as far as their dates go: what `doctor` asks. */
#ifndef WTL_CRYPTO_HEALTH_H
#define WTL_CRYPTO_HEALTH_H

#include "base/buf.h"
#include "crypto/alg.h"

/* The OpenSSL whose headers Wattle was compiled with: "3.5.7". Static storage. */
const char *wtl_health_built(void);
/* The loaded one is older than that. */
bool wtl_health_is_older(void);
/* Names of the providers in Wattle's library context, appended with ", " between them. */
int wtl_health_providers(wtl_buf *names, wtl_err *err) WTL_MUST_USE;
/* 0 when OpenSSL has what the algorithm needs, else WTL_BUG. */
int wtl_health_alg(const wtl_alg *a, wtl_err *err) WTL_MUST_USE;
/* Makes a key and uses it: signs, verifies, and refuses another message; or encapsulates and decapsulates.
 * WTL_BUG when anything is not as it must be; WTL_USAGE for algorithms that can do neither. */
int wtl_health_try(const wtl_alg *a, wtl_err *err) WTL_MUST_USE;

typedef struct wtl_health_cert {
    char subject[256]; /* one line (RFC 2253), cut; may hold any characters: quote to print */
    char key[64];      /* type of its public key as OpenSSL names it */
    bool post_quantum;
    int64_t from; /* validity, seconds since 1970 */
    int64_t until;
} wtl_health_cert;

/* Certificate number `i` (from 0) of a PEM text; other blocks are passed over. 1 = filled, 0 = there are not so
 * many, WTL_FORMAT = broken. Nothing is verified. */
int wtl_health_cert_at(wtl_bytes pem, size_t i, wtl_health_cert *out, wtl_err *err) WTL_MUST_USE;

#endif
