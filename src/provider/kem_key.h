/* An ML-KEM key as OpenSSL holds it: empty until it is given something, then fixed for good. */
#ifndef WTL_PROVIDER_KEM_KEY_H
#define WTL_PROVIDER_KEM_KEY_H

#include "provider/prov.h"
#include "scheme/mlkem.h"

typedef struct wtl_kem_key {
    wtl_prov *prov;
    enum wtl_mlkem_set set;
    _Atomic unsigned refs;
    wtl_mlkem_key *key; /* NULL while empty */
} wtl_kem_key;

/* What a key may be made of; an empty part is one that is not known. */
typedef struct wtl_kem_parts {
    wtl_bytes seed, priv, pub; /* d || z; dk; ek */
} wtl_kem_parts;

/* Empty; NULL without memory. Freed when as often as it was shared, and once more. */
wtl_kem_key *wtl_kem_key_new(wtl_prov *p, enum wtl_mlkem_set set);
wtl_kem_key *wtl_kem_key_share(wtl_kem_key *k);
void wtl_kem_key_free(wtl_kem_key *k);

/* WTL_USAGE when the key has been filled already or nothing is known, WTL_FORMAT when a length is wrong, FIPS 203 section 7.2 or
 * 7.3 refuses a part, or the parts do not belong together. An expanded private key without a seed is held
 * against its public part too, as the provider's `pairwise` says. The key stays empty on failure. */
int wtl_kem_key_fill(wtl_kem_key *k, const wtl_kem_parts *parts, wtl_err *err) WTL_MUST_USE;
/* What the provider's `pairwise` asks of a new pair; WTL_BUG when it fails. */
int wtl_kem_key_check_pair(const wtl_prov *p, const wtl_mlkem_key *k, wtl_err *err) WTL_MUST_USE;

bool wtl_kem_key_is_private(const wtl_kem_key *k);

#endif
