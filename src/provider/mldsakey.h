/* Keys of ML-DSA as KEYMGMT holds them (provider-keymgmt(7)), under the names of OpenSSL's default provider. */
#ifndef WTL_PROVIDER_MLDSAKEY_H
#define WTL_PROVIDER_MLDSAKEY_H

#include "provider/decoder.h"
#include "provider/prov.h"
#include "scheme/mldsa.h"

/* Counted, so that a signature context and a copy cost a reference; after the import immutable, so any number of threads may
 * use one. */
typedef struct wtl_mldsakey {
    wtl_prov *p;
    atomic_int refs;
    enum wtl_mldsa_set set;
    wtl_mldsa_key *key; /* NULL until something is imported */
} wtl_mldsakey;

wtl_mldsakey *wtl_mldsakey_new(wtl_prov *p, enum wtl_mldsa_set set); /* empty; NULL without memory */
wtl_mldsakey *wtl_mldsakey_share(wtl_mldsakey *k);
OSSL_FUNC_keymgmt_free_fn wtl_mldsakey_free;

extern const wtl_decoder_kind wtl_mldsakey_kinds[WTL_MLDSA_SETS];

#endif
