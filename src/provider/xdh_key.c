#include "provider/xdh_key.h"

#include <string.h>

#include <openssl/crypto.h>

wtl_xdh_key *wtl_xdh_key_new(wtl_prov *p)
{
    wtl_xdh_key *k = OPENSSL_zalloc(sizeof *k);
    if (k == NULL)
        return NULL;
    k->prov = p;
    atomic_init(&k->refs, 1);
    return k;
}

wtl_xdh_key *wtl_xdh_key_share(wtl_xdh_key *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

void wtl_xdh_key_free(wtl_xdh_key *k)
{
    if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) > 1)
        return;
    OPENSSL_secure_clear_free(k->scalar, WTL_X25519_BYTES);
    OPENSSL_free(k);
}

static int check(wtl_bytes scalar, wtl_bytes pub, wtl_err *err)
{
    ENSURE(scalar.n + pub.n > 0, err, WTL_USAGE,
           "nothing to make an X25519 key of: give a private or a public key");
    ENSURE(scalar.n == 0 || scalar.n == WTL_X25519_BYTES, err, WTL_FORMAT,
           "a private X25519 key has %zu bytes; it must have %d", scalar.n, WTL_X25519_BYTES);
    ENSURE(pub.n == 0 || pub.n == WTL_X25519_BYTES, err, WTL_FORMAT,
           "a public X25519 key has %zu bytes; it must have %d", pub.n, WTL_X25519_BYTES);
    return WTL_OK;
}

int wtl_xdh_key_fill(wtl_xdh_key *k, wtl_bytes scalar, wtl_bytes pub, wtl_err *err)
{
    uint8_t point[WTL_X25519_BYTES];
    uint8_t *own = NULL;
    TRY(check(scalar, pub, err));
    if (pub.n > 0)
        memcpy(point, pub.p, sizeof point);
    else
        TRY(wtl_x25519_public(point, scalar.p, k->prov->level, err));
    if (scalar.n > 0) {
        own = OPENSSL_secure_malloc(WTL_X25519_BYTES);
        ENSURE(own != NULL, err, WTL_NOMEM, "no memory for a private X25519 key");
        memcpy(own, scalar.p, WTL_X25519_BYTES);
    }
    OPENSSL_secure_clear_free(k->scalar, WTL_X25519_BYTES);
    k->scalar = own;
    memcpy(k->pub, point, sizeof point);
    k->has_public = true;
    return WTL_OK;
}
