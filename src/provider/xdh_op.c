/* KEYEXCH for X25519 (provider-keyexch(7)). */
#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "provider/xdh_key.h"

typedef struct op {
    wtl_prov *prov;
    wtl_xdh_key *own, *peer;
} op;

static void *newctx(void *provctx)
{
    op *o = OPENSSL_zalloc(sizeof *o);
    if (o != NULL)
        o->prov = provctx;
    return o;
}

static void freectx(void *ctx)
{
    op *o = ctx;
    if (o == NULL)
        return;
    wtl_xdh_key_free(o->own);
    wtl_xdh_key_free(o->peer);
    OPENSSL_free(o);
}

static void *dupctx(void *ctx)
{
    const op *from = ctx;
    op *o = newctx(from->prov);
    if (o == NULL)
        return NULL;
    if (from->own != NULL)
        o->own = wtl_xdh_key_share(from->own);
    if (from->peer != NULL)
        o->peer = wtl_xdh_key_share(from->peer);
    return o;
}

static int set(op *o, wtl_xdh_key **place, wtl_xdh_key *k)
{
    if (o == NULL || k == NULL)
        return 0;
    wtl_xdh_key *before = *place;
    *place = wtl_xdh_key_share(k);
    wtl_xdh_key_free(before);
    return 1;
}

static int init(void *ctx, void *key, const OSSL_PARAM params[])
{
    (void)params;
    op *o = ctx;
    return set(o, &o->own, key);
}

static int set_peer(void *ctx, void *key)
{
    op *o = ctx;
    return set(o, &o->peer, key);
}

static int derive(void *ctx, unsigned char *secret, size_t *n, size_t room)
{
    op *o = ctx;
    wtl_err err;
    if (o->own == NULL || o->own->scalar == NULL || o->peer == NULL || !o->peer->has_public)
        return WTL_PROV_FAIL(
            o->prov, WTL_USAGE,
            "X25519 needs a private key and the public key of the peer; one of them is missing");
    if (secret == NULL) {
        *n = WTL_X25519_BYTES;
        return 1;
    }
    if (room < WTL_X25519_BYTES)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "the X25519 secret needs a buffer of %d bytes",
                             WTL_X25519_BYTES);
    if (wtl_x25519_shared(secret, o->own->scalar, o->peer->pub, o->prov->level, &err) < 0)
        return wtl_prov_raise(o->prov, &err);
    *n = WTL_X25519_BYTES;
    wtl_prov_count(o->prov, WTL_PROV_X25519_DERIVE);
    return 1;
}

#define ROW(id, function) {OSSL_FUNC_KEYEXCH_##id, (void (*)(void))(function)}
const OSSL_DISPATCH wtl_xdh_op[] = {ROW(NEWCTX, newctx),
                                    ROW(FREECTX, freectx),
                                    ROW(DUPCTX, dupctx),
                                    ROW(INIT, init),
                                    ROW(SET_PEER, set_peer),
                                    ROW(DERIVE, derive),
                                    {0, NULL}};
