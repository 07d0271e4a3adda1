/* An ML-KEM key as OpenSSL holds it: empty until it is given something, then fixed, until it is emptied. A public key is checked when it
 * comes and expanded when it is used (late.h). */
#ifndef WTL_PROVIDER_KEM_KEY_H
#define WTL_PROVIDER_KEM_KEY_H

#include "provider/late.h"
#include "provider/prov.h"
#include "scheme/mlkem.h"

typedef struct wtl_kem_key {
    wtl_prov *prov;
    enum wtl_mlkem_set set;
    _Atomic unsigned refs;
    uint8_t *pub;  /* a public key's encoding; NULL while empty, and of a private key */
    wtl_late late; /* its wtl_mlkem_key: of a private one there from the start */
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

bool wtl_kem_key_is_empty(const wtl_kem_key *k);
bool wtl_kem_key_is_private(const wtl_kem_key *k);

/* The encodings; empty when not known. Borrowed. */
wtl_bytes wtl_kem_key_public(const wtl_kem_key *k);
wtl_bytes wtl_kem_key_private(const wtl_kem_key *k);
wtl_bytes wtl_kem_key_seed(const wtl_kem_key *k);
/* The whole of a private key, or NULL. Borrowed. */
const wtl_mlkem_key *wtl_kem_key_pair(const wtl_kem_key *k);

/* The expanded key: *mine is to be freed after the use; and one that lives as long as k. WTL_FORMAT when it is empty. */
int wtl_kem_key_take(wtl_kem_key *k, wtl_mlkem_key **out, wtl_mlkem_key **mine, wtl_err *err) WTL_MUST_USE;
int wtl_kem_key_keep(wtl_kem_key *k, wtl_mlkem_key **out, wtl_err *err) WTL_MUST_USE;
/* Wipes it, in copies that share it too; it is empty again. Not while another thread uses it. */
void wtl_kem_key_empty(wtl_kem_key *k);

#endif
