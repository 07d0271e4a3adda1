#include "scheme/mldsa_impl.h"

#include <stdlib.h>
#include <string.h>

/* FIPS 204 tables 1 and 2. */
static const wtl_mldsa_params sets[WTL_MLDSA_SETS] = {
    {"ML-DSA-44", 1312, 2560, 2420, 4, 4, 2, 39, 80, 32, 128, 1 << 17, (WTL_POLYDSA_Q - 1) / 88},
    {"ML-DSA-65", 1952, 4032, 3309, 6, 5, 4, 49, 55, 48, 192, 1 << 19, (WTL_POLYDSA_Q - 1) / 32},
    {"ML-DSA-87", 2592, 4896, 4627, 8, 7, 2, 60, 75, 64, 256, 1 << 19, (WTL_POLYDSA_Q - 1) / 32},
};

const wtl_mldsa_params *wtl_mldsa_params_of(enum wtl_mldsa_set set)
{
    return &sets[set];
}

enum wtl_mldsa_set wtl_mldsa_set_of(const wtl_mldsa_key *k)
{
    return k->set;
}

enum wtl_cpu_level wtl_mldsa_level(const wtl_mldsa_key *k)
{
    return k->ops->level;
}

wtl_bytes wtl_mldsa_public(const wtl_mldsa_key *k)
{
    return (wtl_bytes){k->pub, k->p->pub};
}

wtl_bytes wtl_mldsa_private(const wtl_mldsa_key *k)
{
    return (wtl_bytes){k->priv, k->priv != NULL ? k->p->priv : 0};
}

wtl_bytes wtl_mldsa_seed(const wtl_mldsa_key *k)
{
    return (wtl_bytes){k->seed, k->seed != NULL ? WTL_MLDSA_SEED : 0};
}

void wtl_mldsa_free(wtl_mldsa_key *k)
{
    if (k == NULL)
        return;
    wtl_secret_free(&k->held);
    free(k);
}

void wtl_mldsa_auto(wtl_mldsa_key **k)
{
    wtl_mldsa_free(*k);
}

/* A key with room for its polynomials, and for what is secret. */
static int make(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level, bool secret,
                wtl_err *err)
{
    const wtl_mldsa_params *p = &sets[set];
    const wtl_keccak *keccak;
    const wtl_polydsa *ops;
    TRY(wtl_keccak_pick(&keccak, level, err));
    TRY(wtl_polydsa_pick(&ops, level, err));
    size_t polys = (size_t)p->k * p->l + p->k;
    AUTO(wtl_mldsa) *k = aligned_alloc(64, sizeof *k + polys * sizeof k->poly[0]);
    ENSURE(k != NULL, err, WTL_NOMEM, "not enough memory for an %s key", p->name);
    memset(k, 0, sizeof *k);
    k->p = p;
    k->set = set;
    k->keccak = keccak;
    k->ops = ops;
    k->a = k->poly;
    k->t1 = k->poly + (size_t)p->k * p->l;
    if (secret) {
        polys = (size_t)p->l + 2 * (size_t)p->k;
        TRY(wtl_secret_large(&k->held, 64 + polys * sizeof k->poly[0] + 32 + WTL_MLDSA_SEED + p->priv, err));
        k->s1 = (wtl_polydsa_poly *)(((uintptr_t)k->held.p + 63) & ~(uintptr_t)63);
        k->s2 = k->s1 + p->l;
        k->t0 = k->s2 + p->k;
        k->k = (uint8_t *)(k->t0 + p->k);
        k->priv = k->k + 32 + WTL_MLDSA_SEED;
    }
    *out = k;
    k = NULL;
    return WTL_OK;
}

/* t1 in the NTT domain and tr, of pub. */
static void finish_public(wtl_mldsa_key *k)
{
    for (size_t i = 0; i < k->p->k; i++) {
        k->ops->unpack_t1(&k->t1[i], k->pub + 32 + 320 * i);
        k->ops->shift(&k->t1[i]);
        k->ops->ntt(&k->t1[i]);
    }
    wtl_shake_once(k->keccak, WTL_SHAKE256, &(wtl_bytes){k->pub, k->p->pub}, 1, k->tr, sizeof k->tr);
}

/* t = A s1 + s2 (algorithm 6 lines 5 and 6), row by row: t1 goes to pub, t0 to t0 and encoded to `end`. s1 is in the NTT
 * domain; s2 comes to be. */
static void make_t(wtl_mldsa_key *k, uint8_t *end)
{
    const wtl_polydsa *ops = k->ops;
    wtl_polydsa_poly t;
    wtl_polydsa_poly t1;
    for (size_t i = 0; i < k->p->k; i++) {
        ops->mulacc(&t, k->a + i * k->p->l, k->s1, k->p->l);
        ops->intt(&t);
        ops->add(&t, &k->s2[i]);
        ops->canon(&t);
        ops->power2round(&t1, &k->t0[i], &t);
        ops->pack_t1(k->pub + 32 + 320 * i, &t1);
        ops->pack_t0(end + 416 * i, &k->t0[i]);
        ops->ntt(&k->s2[i]);
        ops->ntt(&k->t0[i]);
    }
    wtl_secret_wipe(&t, sizeof t);
}

/* Everything that follows from rho (in pub), K and the small s1 and s2 (both in place). */
static void complete(wtl_mldsa_key *k)
{
    const wtl_mldsa_params *p = k->p;
    const size_t eta_size = p->eta == 2 ? 96 : 128;
    uint8_t *at = k->priv + 64 + WTL_MLDSA_TR;
    wtl_mldsa_expand_matrix(k);
    for (size_t i = 0; i < (size_t)p->l + p->k; i++, at += eta_size)
        k->ops->pack_eta(at, &k->s1[i], p->eta);
    for (size_t i = 0; i < p->l; i++)
        k->ops->ntt(&k->s1[i]);
    make_t(k, at);
    wtl_mldsa_publish(k->pub, p->pub);
    finish_public(k);
    memcpy(k->priv, k->pub, 32);
    memcpy(k->priv + 32, k->k, 32);
    memcpy(k->priv + 64, k->tr, WTL_MLDSA_TR);
}

int wtl_mldsa_from_seed(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level,
                        const uint8_t seed[WTL_MLDSA_SEED], wtl_err *err)
{
    *out = NULL;
    wtl_mldsa_key *k;
    TRY(make(&k, set, level, true, err));
    const uint8_t sizes[2] = {k->p->k, k->p->l};
    const wtl_bytes part[2] = {{seed, WTL_MLDSA_SEED}, {sizes, sizeof sizes}};
    uint8_t made[128]; /* rho, rho', K */
    wtl_shake_once(k->keccak, WTL_SHAKE256, part, 2, made, sizeof made);
    memcpy(k->pub, made, 32);
    wtl_mldsa_publish(k->pub, 32);
    memcpy(k->k, made + 96, 32);
    k->seed = k->k + 32;
    memcpy(k->seed, seed, WTL_MLDSA_SEED);
    wtl_mldsa_expand_secret(k, made + 32);
    wtl_secret_wipe(made, sizeof made);
    complete(k);
    *out = k;
    return WTL_OK;
}

int wtl_mldsa_from_private(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level,
                           wtl_bytes sk, wtl_err *err)
{
    *out = NULL;
    const wtl_mldsa_params *p = &sets[set];
    ENSURE(sk.n == p->priv, err, WTL_FORMAT, "an %s private key has %u bytes, not %zu", p->name, p->priv,
           sk.n);
    AUTO(wtl_mldsa) *k = NULL;
    TRY(make(&k, set, level, true, err));
    memcpy(k->pub, sk.p, 32);
    wtl_mldsa_publish(k->pub, 32);
    memcpy(k->k, sk.p + 32, 32);
    unsigned bad = 0;
    for (size_t i = 0; i < (size_t)p->l + p->k; i++)
        bad |= k->ops->unpack_eta(&k->s1[i], sk.p + 128 + (p->eta == 2 ? 96 : 128) * i, p->eta);
    ENSURE(WTL_CT_PUBLIC(bad) == 0, err, WTL_FORMAT,
           "this is no %s private key: a coefficient of its secret vectors is out of range", p->name);
    complete(k);
    ENSURE(wtl_ct_eq(sk, wtl_mldsa_private(k)), err, WTL_FORMAT,
           "this is no %s private key: its parts do not belong together", p->name);
    *out = k;
    k = NULL;
    return WTL_OK;
}

int wtl_mldsa_from_public(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level, wtl_bytes pk,
                          wtl_err *err)
{
    *out = NULL;
    const wtl_mldsa_params *p = &sets[set];
    ENSURE(pk.n == p->pub, err, WTL_FORMAT, "an %s public key has %u bytes, not %zu", p->name, p->pub, pk.n);
    wtl_mldsa_key *k;
    TRY(make(&k, set, level, false, err));
    memcpy(k->pub, pk.p, pk.n);
    wtl_mldsa_expand_matrix(k);
    finish_public(k);
    *out = k;
    return WTL_OK;
}

int wtl_mldsa_fits(const wtl_mldsa_key *k, wtl_err *err)
{
    const wtl_polydsa *ops = k->ops;
    wtl_polydsa_poly
        one; /* in the NTT domain; a product with it takes 2^32 out, as mulacc does out of A s1 */
    wtl_polydsa_poly t;
    wtl_polydsa_poly left;
    uint32_t differ = 0;
    ENSURE(k->priv != NULL, err, WTL_USAGE, "a public key of %s has nothing to fit", k->p->name);
    for (size_t i = 0; i < WTL_POLYDSA_N; i++)
        one.c[i] = 1;
    for (size_t i = 0; i < k->p->k; i++) {
        t = k->t1[i];
        ops->add(&t, &k->t0[i]);
        ops->sub(&t, &k->s2[i]);
        ops->mul(&t, &t, &one);
        ops->mulacc(&left, k->a + i * k->p->l, k->s1, k->p->l);
        ops->sub(&left, &t);
        ops->intt(&left);
        ops->canon(&left);
        for (size_t j = 0; j < WTL_POLYDSA_N; j++)
            differ |= (uint32_t)left.c[j];
    }
    wtl_secret_wipe(&t, sizeof t);
    ENSURE(WTL_CT_PUBLIC(differ) == 0, err, WTL_BUG,
           "the parts of this key of %s do not belong together: it is damaged, or the machine is",
           k->p->name);
    return WTL_OK;
}

int wtl_mldsa_consistent(const wtl_mldsa_key *k, wtl_err *err)
{
    static const uint8_t text[] = "pairwise consistency";
    const wtl_mldsa_what what = {.msg = {text, sizeof text - 1}};
    uint8_t sig[WTL_MLDSA_SIG_MOST];
    TRY(wtl_mldsa_sign(k, &what, sig, err));
    ENSURE(wtl_mldsa_verify(k, &what, (wtl_bytes){sig, k->p->sig}, NULL) == WTL_OK, err, WTL_BUG,
           "a signature by a new %s key does not verify: this machine's processor or memory may be faulty",
           k->p->name);
    return WTL_OK;
}

int wtl_mldsa_what_check(const wtl_mldsa_what *what, wtl_err *err)
{
    ENSURE(!what->is_mu || what->msg.n == WTL_MLDSA_MU, err, WTL_USAGE,
           "an external mu has %d bytes, not %zu", WTL_MLDSA_MU, what->msg.n);
    ENSURE(what->is_mu || what->is_encoded || what->context.n <= WTL_MLDSA_CONTEXT_MOST, err, WTL_USAGE,
           "a context has at most %d bytes, not %zu", WTL_MLDSA_CONTEXT_MOST, what->context.n);
    return WTL_OK;
}

void wtl_mldsa_mus(const wtl_mldsa_key *const key[], const wtl_mldsa_what *const what[], size_t n,
                   uint8_t *const mu[])
{
    wtl_mldsa_text text[WTL_MLDSA_LANES] = {0};
    uint8_t front[WTL_MLDSA_LANES][2];
    uint8_t *out[WTL_MLDSA_LANES] = {0};
    size_t texts = 0;
    for (size_t i = 0; i < n; i++) {
        if (what[i]->is_mu) {
            memcpy(mu[i], what[i]->msg.p, WTL_MLDSA_MU);
            continue;
        }
        front[i][0] = 0;
        front[i][1] = (uint8_t)what[i]->context.n;
        text[texts] = (wtl_mldsa_text){{{key[i]->tr, WTL_MLDSA_TR}, {0}, {0}, what[i]->msg}};
        if (!what[i]->is_encoded) {
            text[texts].part[1] = (wtl_bytes){front[i], 2};
            text[texts].part[2] = what[i]->context;
        }
        out[texts++] = mu[i];
    }
    if (texts > 0)
        wtl_mldsa_hash(key[0]->keccak, text, texts, out, WTL_MLDSA_MU);
}

int wtl_mldsa_mu(const wtl_mldsa_key *k, const wtl_mldsa_what *what, uint8_t mu[WTL_MLDSA_MU], wtl_err *err)
{
    memset(mu, 0, WTL_MLDSA_MU);
    TRY(wtl_mldsa_what_check(what, err));
    wtl_mldsa_mus(&k, &what, 1, &mu);
    return WTL_OK;
}
