#include "crypto/kem.h"

#include "crypto/key_impl.h"
#include "crypto/evpkem.h"
#include "crypto/xwing.h"

static int check_kem(const wtl_key *k, wtl_err *err)
{
    ENSURE(k->alg->kind == WTL_ALG_KEM, err, WTL_USAGE,
           "%s is no key encapsulation mechanism: take an X-Wing or ML-KEM key", k->alg->name);
    return WTL_OK;
}

static int mlkem_encaps(const wtl_key *k, wtl_bytes random, uint8_t *ct, wtl_secret *ss, wtl_err *err)
{
    AUTO(wtl_secret) s = {0};
    TRY(wtl_secret_new(&s, WTL_EVPKEM_SECRET, err));
    TRY(wtl_evpkem_encaps(k->pkey, random, ct, k->alg->out, s.p, err));
    *ss = s;
    s = (wtl_secret){0};
    return WTL_OK;
}

static int encaps(const wtl_key *k, wtl_bytes random, wtl_buf *enc, wtl_secret *ss, wtl_err *err)
{
    if (k->alg->id == WTL_ALG_ID_XWING)
        return wtl_xwing_encaps(k, random, enc, ss, err);
    size_t had = enc->n;
    uint8_t *ct = wtl_buf_grow(enc, k->alg->out);
    TRY(wtl_buf_check(enc, err));
    int rc = mlkem_encaps(k, random, ct, ss, err);
    if (rc < 0)
        enc->n = had;
    return rc;
}

int wtl_kem_encaps(const wtl_key *k, wtl_buf *enc, wtl_secret *ss, wtl_err *err)
{
    *ss = (wtl_secret){0};
    TRY(check_kem(k, err));
    return encaps(k, (wtl_bytes){0}, enc, ss, err);
}

int wtl_kem_encaps_derand(const wtl_key *k, wtl_bytes random, wtl_buf *enc, wtl_secret *ss, wtl_err *err)
{
    *ss = (wtl_secret){0};
    TRY(check_kem(k, err));
    size_t need = k->alg->id == WTL_ALG_ID_XWING ? 2 * WTL_EVPKEM_RANDOM : WTL_EVPKEM_RANDOM;
    ENSURE(random.n == need, err, WTL_USAGE, "%s takes %zu bytes of randomness, and %zu were given",
           k->alg->name, need, random.n);
    return encaps(k, random, enc, ss, err);
}

int wtl_kem_decaps(const wtl_key *k, wtl_bytes enc, wtl_secret *ss, wtl_err *err)
{
    *ss = (wtl_secret){0};
    TRY(check_kem(k, err));
    ENSURE(k->is_private, err, WTL_USAGE, "this is a public %s key: decapsulating takes the private one",
           k->alg->name);
    ENSURE(enc.n == k->alg->out, err, WTL_FORMAT, "an encapsulation of %s has %zu bytes, not %zu",
           k->alg->name, k->alg->out, enc.n);
    if (k->alg->id == WTL_ALG_ID_XWING)
        return wtl_xwing_decaps(k, enc, ss, err);
    AUTO(wtl_secret) s = {0};
    TRY(wtl_secret_new(&s, WTL_EVPKEM_SECRET, err));
    TRY(wtl_evpkem_decaps(k->pkey, enc, s.p, err));
    *ss = s;
    s = (wtl_secret){0};
    return WTL_OK;
}
