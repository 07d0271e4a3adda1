#include "crypto/xwing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto/hash.h"
#include "crypto/lib.h"
#include "crypto/evpkem.h"

enum {
    SEED = 32,
    MLKEM_SEED = 64,
    MLKEM_PUBLIC = 1184,
    MLKEM_CT = 1088,
    X = 32, /* an X25519 scalar, point or secret */
    EXPANDED = MLKEM_SEED + X,
    PUBLIC = MLKEM_PUBLIC + X,
    ENC = MLKEM_CT + X,
    SECRET = 32,
    RANDOM = WTL_EVPKEM_RANDOM + X
};

static const uint8_t label[6] = {0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c}; /* \.//^\ */

/* draft section 5.2: SHAKE256(sk, 96 bytes) = d || z || sk_X */
static int expand_seed(wtl_bytes seed, wtl_secret *out, wtl_err *err)
{
    TRY(wtl_secret_new(out, EXPANDED, err));
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), "SHAKE256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
              EVP_DigestUpdate(ctx, seed.p, seed.n) == 1 && EVP_DigestFinalXOF(ctx, out->p, out->n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot compute SHAKE256");
    return WTL_OK;
}

/* Moves OpenSSL's handle out of a part, a key of its own algorithm. */
static EVP_PKEY *take(wtl_key *part)
{
    EVP_PKEY *p = part->pkey;
    part->pkey = NULL;
    return p;
}

int wtl_xwing_from_seed(wtl_key *k, wtl_bytes seed, wtl_err *err)
{
    ENSURE(seed.n == SEED, err, WTL_FORMAT, "the private seed of X-Wing has %d bytes, not %zu", (int)SEED,
           seed.n);
    TRY(wtl_lib_init(err));
    AUTO(wtl_secret) wide = {0};
    AUTO(wtl_key) *m = NULL;
    AUTO(wtl_key) *x = NULL;
    TRY(expand_seed(seed, &wide, err));
    TRY(wtl_key_from_seed(&m, wtl_alg_at(WTL_ALG_ID_MLKEM768), (wtl_bytes){wide.p, MLKEM_SEED}, err));
    TRY(wtl_key_from_seed(&x, wtl_alg_at(WTL_ALG_ID_X25519), (wtl_bytes){wide.p + MLKEM_SEED, X}, err));
    TRY(wtl_secret_copy(&k->seed, seed, err));
    k->pkey = take(m);
    k->x25519 = take(x);
    k->is_private = true;
    return WTL_OK;
}

int wtl_xwing_from_public(wtl_key *k, wtl_bytes raw, wtl_err *err)
{
    ENSURE(raw.n == PUBLIC, err, WTL_FORMAT, "the public key of X-Wing has %d bytes, not %zu", (int)PUBLIC,
           raw.n);
    AUTO(wtl_key) *m = NULL;
    AUTO(wtl_key) *x = NULL;
    TRY(wtl_key_from_public(&m, wtl_alg_at(WTL_ALG_ID_MLKEM768), (wtl_bytes){raw.p, MLKEM_PUBLIC}, err));
    TRY(wtl_key_from_public(&x, wtl_alg_at(WTL_ALG_ID_X25519), (wtl_bytes){raw.p + MLKEM_PUBLIC, X}, err));
    k->pkey = take(m);
    k->x25519 = take(x);
    return WTL_OK;
}

static int raw_public(const EVP_PKEY *part, uint8_t *out, size_t n, wtl_err *err)
{
    size_t got = n;
    if (EVP_PKEY_get_raw_public_key(part, out, &got) != 1 || got != n)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL gives no public key of a part of X-Wing");
    return WTL_OK;
}

static int raw_publics(const wtl_key *k, uint8_t *to, wtl_err *err)
{
    TRY(raw_public(k->pkey, to, MLKEM_PUBLIC, err));
    return raw_public(k->x25519, to + MLKEM_PUBLIC, X, err);
}

int wtl_xwing_public_raw(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    size_t had = out->n;
    uint8_t *to = wtl_buf_grow(out, PUBLIC);
    TRY(wtl_buf_check(out, err));
    int rc = raw_publics(k, to, err);
    if (rc < 0)
        out->n = had;
    return rc;
}

/* X25519(mine, theirs) into ss[32]. */
static int agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t *ss, wtl_err *err)
{
    wtl_lib_served(mine, "X25519");
    size_t n = X;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), mine, NULL);
    int rc = WTL_OK;
    if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, theirs) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot set up X25519");
    else if (EVP_PKEY_derive(ctx, ss, &n) != 1 || n != X)
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT,
                           "the X25519 part of an X-Wing key or encapsulation is a point of small order");
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* draft section 5.3: SHA3-256(ss_M || ss_X || ct_X || pk_X || label); both is ss_M || ss_X. */
static int combine(const wtl_secret *both, const uint8_t *ct_x, EVP_PKEY *x25519, wtl_secret *ss,
                   wtl_err *err)
{
    uint8_t pk_x[X];
    TRY(raw_public(x25519, pk_x, X, err));
    AUTO(wtl_hasher) *h = NULL;
    TRY(wtl_hasher_new(&h, WTL_HASH_SHA3_256, err));
    TRY(wtl_hasher_add(h, wtl_secret_view(both), err));
    TRY(wtl_hasher_add(h, (wtl_bytes){ct_x, X}, err));
    TRY(wtl_hasher_add(h, (wtl_bytes){pk_x, X}, err));
    TRY(wtl_hasher_add(h, (wtl_bytes){label, sizeof label}, err));
    TRY(wtl_secret_new(ss, SECRET, err));
    int rc = wtl_hasher_end(h, ss->p, err);
    if (rc < 0)
        wtl_secret_free(ss);
    return rc;
}

static int encaps(const wtl_key *k, wtl_bytes random, uint8_t *ct, wtl_secret *ss, wtl_err *err)
{
    AUTO(wtl_secret) both = {0};
    AUTO(wtl_key) *ephemeral = NULL;
    const wtl_alg *x25519 = wtl_alg_at(WTL_ALG_ID_X25519);
    wtl_bytes m = {random.p, random.n > 0 ? WTL_EVPKEM_RANDOM : 0};
    TRY(wtl_secret_new(&both, WTL_EVPKEM_SECRET + X, err));
    if (random.n > 0)
        TRY(wtl_key_from_seed(&ephemeral, x25519, (wtl_bytes){random.p + WTL_EVPKEM_RANDOM, X}, err));
    else
        TRY(wtl_key_generate(&ephemeral, x25519, err));
    TRY(raw_public(ephemeral->pkey, ct + MLKEM_CT, X, err));
    TRY(agree(ephemeral->pkey, k->x25519, both.p + WTL_EVPKEM_SECRET, err));
    TRY(wtl_evpkem_encaps(k->pkey, m, ct, MLKEM_CT, both.p, err));
    return combine(&both, ct + MLKEM_CT, k->x25519, ss, err);
}

int wtl_xwing_encaps(const wtl_key *k, wtl_bytes random, wtl_buf *enc, wtl_secret *ss, wtl_err *err)
{
    *ss = (wtl_secret){0};
    ENSURE(random.n == 0 || random.n == RANDOM, err, WTL_USAGE,
           "X-Wing takes %d bytes of randomness, and %zu were given", (int)RANDOM, random.n);
    size_t had = enc->n;
    uint8_t *ct = wtl_buf_grow(enc, ENC);
    TRY(wtl_buf_check(enc, err));
    int rc = encaps(k, random, ct, ss, err);
    if (rc < 0)
        enc->n = had;
    return rc;
}

int wtl_xwing_decaps(const wtl_key *k, wtl_bytes enc, wtl_secret *ss, wtl_err *err)
{
    *ss = (wtl_secret){0};
    ENSURE(enc.n == ENC, err, WTL_FORMAT, "an X-Wing encapsulation has %d bytes, not %zu", (int)ENC, enc.n);
    AUTO(wtl_secret) both = {0};
    AUTO(wtl_key) *theirs = NULL;
    const uint8_t *ct_x = enc.p + MLKEM_CT;
    TRY(wtl_secret_new(&both, WTL_EVPKEM_SECRET + X, err));
    TRY(wtl_key_from_public(&theirs, wtl_alg_at(WTL_ALG_ID_X25519), (wtl_bytes){ct_x, X}, err));
    TRY(wtl_evpkem_decaps(k->pkey, (wtl_bytes){enc.p, MLKEM_CT}, both.p, err));
    TRY(agree(k->x25519, theirs->pkey, both.p + WTL_EVPKEM_SECRET, err));
    return combine(&both, ct_x, k->x25519, ss, err);
}
