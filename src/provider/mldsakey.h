/* Keys of ML-DSA as KEYMGMT holds them (provider-keymgmt(7)), under the names of OpenSSL's default provider. */
#ifndef WTL_PROVIDER_MLDSAKEY_H
#define WTL_PROVIDER_MLDSAKEY_H

#include "provider/decoder.h"
#include "provider/late.h"
#include "provider/prov.h"
#include "scheme/mldsa.h"

/* Counted, so that a signature context and a copy cost a reference; after the import its parts do not change, so any number of threads may
 * use one. A public key is expanded when it is used (late.h): 2 KiB instead of 40 for a certificate that is only kept. */
typedef struct wtl_mldsakey {
    wtl_prov *p;
    atomic_int refs;
    enum wtl_mldsa_set set;
    uint8_t *pub;  /* a public key's encoding; NULL while empty, and of a private key */
    wtl_late late; /* its wtl_mldsa_key: of a private one there from the start */
} wtl_mldsakey;

wtl_mldsakey *wtl_mldsakey_new(wtl_prov *p, enum wtl_mldsa_set set); /* empty; NULL without memory */
wtl_mldsakey *wtl_mldsakey_share(wtl_mldsakey *k);
OSSL_FUNC_keymgmt_free_fn wtl_mldsakey_free;
bool wtl_mldsakey_is_empty(const wtl_mldsakey *k);
/* The expanded key of one that is not empty; *mine is to be freed after the use. */
int wtl_mldsakey_take(wtl_mldsakey *k, wtl_mldsa_key **out, wtl_mldsa_key **mine, wtl_err *err) WTL_MUST_USE;

extern const wtl_decoder_kind wtl_mldsakey_kinds[WTL_MLDSA_SETS];

#endif
