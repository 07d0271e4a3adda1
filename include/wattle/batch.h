/* Many signatures, verifications, encapsulations or decapsulations in one call. With ML-DSA and ML-KEM keys several of them run
 * side by side in the processor's vector units; other keys' jobs run one after the other. Results are those of single
 * calls. For one message at a time the same code serves OpenSSL's EVP interface. */
#ifndef WATTLE_BATCH_H
#define WATTLE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/bytes.h>
#include <wattle/err.h>
#include <wattle/key.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One signature to make or to check. All zero but key, msg and sig is: pure mode, empty context, hedged. */
typedef struct wtl_batch_sig {
    const wtl_key *key; /* borrowed; keys may differ from job to job, also in algorithm */
    wtl_bytes msg;
    wtl_bytes context;  /* FIPS 204/205 context, at most 255 bytes */
    bool message_is_mu; /* ML-DSA: msg is the 64-byte mu (external mu, FIPS 204 section 6.2) */
    bool deterministic; /* signing: the standard's deterministic variant */
    uint8_t *sig;       /* signing: the caller's room of sig_n bytes; verifying: the signature, only read */
    size_t sig_n;       /* signing: becomes the signature's length */
    int rc;             /* set: 0; verifying also WTL_NO; or another negative wtl_rc */
} wtl_batch_sig;

/* The most bytes that a signature of this key has, or an encapsulation to it; 0 when it makes none. */
size_t wtl_batch_room(const wtl_key *k);

/* Does every job, whatever becomes of the others, and sets its rc. Returns 0 when all are 0; else the first rc that is not,
 * with its sentence in err (NULL: not wanted). Failed jobs' outputs are zeroed. Any number of threads may call. */
int wtl_batch_sign(wtl_batch_sig *jobs, size_t n, wtl_err *err);
int wtl_batch_verify(wtl_batch_sig *jobs, size_t n, wtl_err *err);

/* One shared secret to make or to recover, with an ML-KEM or X-Wing key. */
typedef struct wtl_batch_kem {
    const wtl_key *key;
    uint8_t *
        enc; /* encapsulating: the caller's room of enc_n bytes; decapsulating: the encapsulation, only read */
    size_t enc_n; /* encapsulating: becomes the encapsulation's length */
    uint8_t ss[32];
    int rc;
} wtl_batch_kem;

/* As for signatures. A well-sized encapsulation for another key gives an unrelated secret, not an error. */
int wtl_batch_encaps(wtl_batch_kem *jobs, size_t n, wtl_err *err);
int wtl_batch_decaps(wtl_batch_kem *jobs, size_t n, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
