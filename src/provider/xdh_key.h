/* An X25519 key as OpenSSL holds it. */
#ifndef WTL_PROVIDER_XDH_KEY_H
#define WTL_PROVIDER_XDH_KEY_H

#include "provider/prov.h"
#include "scheme/x25519.h"

typedef struct wtl_xdh_key {
    wtl_prov *prov;
    _Atomic unsigned refs;
    bool has_public;
    uint8_t pub[WTL_X25519_BYTES];
    uint8_t *scalar; /* on the secure heap; NULL without a private part */
} wtl_xdh_key;

/* Empty; NULL without memory. Freed when as often as it was shared, and once more; what is secret is wiped. */
wtl_xdh_key *wtl_xdh_key_new(wtl_prov *p);
wtl_xdh_key *wtl_xdh_key_share(wtl_xdh_key *k);
void wtl_xdh_key_free(wtl_xdh_key *k);

/* WTL_USAGE when nothing is known, WTL_FORMAT when a length is wrong; the key is then as before. An empty part is one that is not known. The public part of a scalar is computed when it is not
 * given, and believed when it is (validation recomputes it), as by OpenSSL. What the key held before is gone. */
int wtl_xdh_key_fill(wtl_xdh_key *k, wtl_bytes scalar, wtl_bytes pub, wtl_err *err) WTL_MUST_USE;

#endif
