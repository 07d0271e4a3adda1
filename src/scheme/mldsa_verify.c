#include "scheme/mldsa_impl.h"

#include <string.h>

enum { LANES = WTL_MLDSA_LANES };

/* HintBitUnpack (algorithm 21): every position once, in order, and zeros behind them. */
static bool hint_good(const wtl_mldsa_params *p, const uint8_t *hint)
{
    unsigned at = 0;
    for (unsigned i = 0; i < p->k; i++) {
        unsigned end = hint[p->omega + i];
        if (end < at || end > p->omega)
            return false;
        for (unsigned j = at + 1; j < end; j++) {
            if (hint[j - 1] >= hint[j])
                return false;
        }
        at = end;
    }
    for (; at < p->omega; at++) {
        if (hint[at] != 0)
            return false;
    }
    return true;
}

static void hint_of(wtl_polydsa_poly *h, const wtl_mldsa_params *p, const uint8_t *hint, unsigned i)
{
    memset(h, 0, sizeof *h);
    for (unsigned j = i > 0 ? hint[p->omega + i - 1] : 0; j < hint[p->omega + i]; j++)
        h->c[hint[j]] = 1;
}

/* A message on its way; `bad` once it is refused. */
typedef struct check {
    const wtl_mldsa_key *key;
    const uint8_t *sig;
    bool bad;
    uint8_t mu[WTL_MLDSA_MU], ball[WTL_MLDSA_BLOCK], hash[WTL_MLDSA_HASH_MOST];
    uint8_t w1[WTL_MLDSA_W1_MOST];
} check;

/* Decodes z into the NTT domain; false when it is too large or the hint is malformed. */
static bool decode(const check *c, wtl_polydsa_poly *z)
{
    const wtl_mldsa_params *p = c->key->p;
    const wtl_polydsa *ops = c->key->ops;
    const uint8_t *at = c->sig + p->lambda_bytes;
    const size_t z_size = wtl_mldsa_z_size(p);
    if (!hint_good(p, at + z_size * p->l))
        return false;
    for (size_t i = 0; i < p->l; i++) {
        ops->unpack_z(&z[i], at + z_size * i, p->gamma1);
        if (ops->exceeds(&z[i], p->gamma1 - wtl_mldsa_beta(p)))
            return false;
        ops->ntt(&z[i]);
    }
    return true;
}

/* w1' (algorithm 8 lines 9 and 10), packed. */
static void commitment(check *c)
{
    const wtl_mldsa_params *p = c->key->p;
    const wtl_polydsa *ops = c->key->ops;
    const uint8_t *hint = c->sig + p->sig - p->omega - p->k;
    wtl_polydsa_poly z[WTL_MLDSA_L_MOST];
    wtl_polydsa_poly ball;
    wtl_polydsa_poly w;
    wtl_polydsa_poly t;
    c->bad = !decode(c, z);
    if (c->bad)
        return;
    wtl_mldsa_hash_ball(c->key, &ball, c->sig, c->ball);
    ops->ntt(&ball);
    for (unsigned i = 0; i < p->k; i++) {
        ops->mulacc(&w, c->key->a + (size_t)i * p->l, z, p->l);
        ops->mul(&t, &ball, &c->key->t1[i]);
        ops->sub(&w, &t);
        ops->intt(&w);
        hint_of(&t, p, hint, i);
        ops->use_hint(&w, &t, &w, p->gamma2);
        ops->pack_w1(c->w1 + wtl_mldsa_w1_size(p) * i, &w, p->gamma2);
    }
}

/* The hashes of n messages side by side. A refused one is hashed for nothing. */
static void run(check *c, size_t n)
{
    wtl_mldsa_text text[LANES] = {0};
    uint8_t *out[LANES] = {0};
    const wtl_keccak *k = c[0].key->keccak;
    for (size_t i = 0; i < n; i++) {
        text[i] = (wtl_mldsa_text){{{c[i].sig, c[i].key->p->lambda_bytes}}};
        out[i] = c[i].ball;
    }
    wtl_mldsa_hash(k, text, n, out, WTL_MLDSA_BLOCK);
    for (size_t i = 0; i < n; i++) {
        const wtl_mldsa_params *p = c[i].key->p;
        commitment(&c[i]);
        text[i] = (wtl_mldsa_text){{{c[i].mu, WTL_MLDSA_MU}, {c[i].w1, wtl_mldsa_w1_size(p) * p->k}}};
        out[i] = c[i].hash;
    }
    if (n == 1 && c[0].bad)
        return;
    wtl_mldsa_hash(k, text, n, out, WTL_MLDSA_HASH_MOST);
    for (size_t i = 0; i < n; i++)
        c[i].bad = c[i].bad || memcmp(c[i].hash, c[i].sig, c[i].key->p->lambda_bytes) != 0;
}

static int refused(const wtl_mldsa_key *k, wtl_err *err)
{
    return WTL_FAIL(err, WTL_NO, "the %s signature does not match the message and the key", k->p->name);
}

int wtl_mldsa_verify(const wtl_mldsa_key *k, const wtl_mldsa_what *what, wtl_bytes sig, wtl_err *err)
{
    TRY(wtl_mldsa_what_check(what, err));
    if (sig.n != k->p->sig)
        return refused(k, err);
    check c;
    c.key = k;
    c.sig = sig.p;
    wtl_mldsa_mus(&k, &what, 1, &(uint8_t *){c.mu});
    run(&c, 1);
    return c.bad ? refused(k, err) : WTL_OK;
}

/* Up to 8 jobs of right shape. */
static void some(wtl_mldsa_job *const job[], size_t n)
{
    check c[LANES];
    const wtl_mldsa_key *key[LANES];
    const wtl_mldsa_what *what[LANES];
    uint8_t *mu[LANES] = {0};
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        key[i] = c[i].key = job[i]->key;
        what[i] = &job[i]->what;
        c[i].sig = job[i]->given.p;
        mu[i] = c[i].mu;
    }
    wtl_mldsa_mus(key, what, n, mu);
    run(c, n);
    for (size_t i = 0; i < n; i++)
        job[i]->rc = c[i].bad ? WTL_NO : WTL_OK;
}

int wtl_mldsa_verify_many(wtl_mldsa_job *jobs, size_t n, wtl_err *err)
{
    wtl_mldsa_job *ready[LANES];
    size_t have = 0;
    int first = WTL_OK;
    for (size_t i = 0; i < n; i++) {
        jobs[i].rc = wtl_mldsa_what_check(&jobs[i].what, first < 0 ? NULL : err);
        if (jobs[i].rc < 0)
            first = first < 0 ? first : jobs[i].rc;
        else if (jobs[i].given.n != jobs[i].key->p->sig)
            jobs[i].rc = WTL_NO;
        else
            ready[have++] = &jobs[i];
        if (have == LANES) {
            some(ready, have);
            have = 0;
        }
    }
    some(ready, have);
    return first;
}
