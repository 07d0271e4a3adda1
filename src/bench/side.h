/* One side of a comparison: an algorithm in one library context of OpenSSL, with a key made and its operations set up, so that
 * a run measures the operation alone. The functions are wtl_race_fn with a wtl_side as argument. */
#ifndef WTL_BENCH_SIDE_H
#define WTL_BENCH_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "crypto/alg.h"
#include "crypto/key.h"
#include <wattle/bytes.h>

enum { WTL_SIDE_MANY = 8, WTL_SIDE_OUT_MOST = 5000, WTL_SIDE_PUBLIC_MOST = 3000, WTL_SIDE_TEXT = 32 };

typedef struct wtl_side {
    OSSL_LIB_CTX *lib;
    const wtl_alg *alg;
    EVP_PKEY *key, *peer;
    EVP_SIGNATURE *scheme;           /* of signature algorithms */
    EVP_PKEY_CTX *gen, *use, *check; /* key generation; sign, encaps or derive; verify or decaps */
    const wtl_bytes *message;        /* `messages` of them are signed in turn; 0: random ones */
    size_t messages, at;
    uint8_t text[WTL_SIDE_TEXT]; /* the random message */
    uint8_t pub[WTL_SIDE_PUBLIC_MOST];
    size_t pub_n;
    uint8_t out[WTL_SIDE_MANY][WTL_SIDE_OUT_MOST]; /* signatures or encapsulations */
    size_t out_n;
    wtl_key *many; /* the same key for batches; our side alone */
} wtl_side;

/* Makes the key (of the zero seed when messages are given), and one output of each operation to check. Free it also after
 * a failure. */
int wtl_side_open(wtl_side *s, OSSL_LIB_CTX *lib, const wtl_alg *alg, const wtl_bytes *message,
                  size_t messages, wtl_err *err) WTL_MUST_USE;
/* A key of the library, for the batch runs. */
int wtl_side_open_many(wtl_side *s, wtl_err *err) WTL_MUST_USE;
void wtl_side_close(wtl_side *s);

int wtl_side_keygen(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_sign(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_verify(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_encaps(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_decaps(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_derive(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
/* The public key is read from its bytes first, as a TLS peer does. */
int wtl_side_verify_new(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_encaps_new(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
/* Eight at once by the library's batch calls; `times` counts single ones and is rounded up. */
int wtl_side_sign_many(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_verify_many(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_encaps_many(void *side, size_t times, wtl_err *err) WTL_MUST_USE;
int wtl_side_decaps_many(void *side, size_t times, wtl_err *err) WTL_MUST_USE;

#endif
