#include <string.h>

#include "scheme/mlkem_impl.h"

typedef wtl_polykem_poly poly;
enum { K = WTL_MLKEM_K_MOST };

uint8_t wtl_mlkem_pke_blocks(unsigned eta)
{
    return eta == 3 ? 2 : 1; /* 64 eta bytes */
}

static void cbd(const wtl_polykem *o, unsigned eta, poly *f, const uint8_t *noise)
{
    if (eta == 3)
        o->cbd3(f, noise);
    else
        o->cbd2(f, noise);
}

static void cbd_ntt(const wtl_polykem *o, unsigned eta, poly *f, const uint8_t *noise)
{
    cbd(o, eta, f, noise);
    o->ntt(f);
}

void wtl_mlkem_pke_secret(wtl_mlkem_key *k, uint8_t noise[][WTL_MLKEM_PRF_ROOM])
{
    for (unsigned i = 0; i < k->p->k; i++)
        cbd_ntt(k->poly, k->p->eta1, &k->s[i], noise[i]);
}

void wtl_mlkem_pke_rows(wtl_mlkem_key *k, uint8_t noise[][WTL_MLKEM_PRF_ROOM], unsigned from, unsigned to)
{
    const wtl_polykem *o = k->poly;
    unsigned n = k->p->k;
    poly e;
    poly row[K];
    for (unsigned i = from; i < to; i++) {
        for (unsigned j = 0; j < n; j++)
            row[j] = k->at[j * n + i];
        cbd_ntt(o, k->p->eta1, &e, noise[n + i]);
        o->mulacc(&k->t[i], row, k->s, n);
        o->tomont(&k->t[i]);
        o->add(&k->t[i], &e);
        o->to_bytes(k->ek + (size_t)WTL_POLYKEM_BYTES * i, &k->t[i]);
    }
    wtl_secret_wipe(&e, sizeof e);
}

/* Below 0 when some coefficient, |x| < q, is not within -eta .. eta mod q. */
static int32_t too_large(const poly *f, int32_t eta)
{
    int32_t bad = 0;
    for (unsigned i = 0; i < WTL_POLYKEM_N; i++) {
        int32_t x = f->c[i];
        x += x >> 31 & WTL_POLYKEM_Q;
        bad |= (eta - x) & (x - (WTL_POLYKEM_Q - eta));
    }
    return bad;
}

int32_t wtl_mlkem_pke_misfit(const wtl_mlkem_key *k)
{
    const wtl_polykem *o = k->poly;
    unsigned n = k->p->k;
    int32_t bad = 0;
    poly one; /* in the NTT domain; a product with it takes 2^16 out of t, as mulacc does out of A s */
    poly row[K];
    poly t;
    poly e;
    for (unsigned i = 0; i < WTL_POLYKEM_N; i++)
        one.c[i] = (int16_t)(i % 2 == 0);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < n; j++)
            row[j] = k->at[j * n + i];
        bad |= -(int32_t)(o->from_bytes(&t, k->ek + (size_t)WTL_POLYKEM_BYTES * i) != 0);
        o->mulacc(&t, &t, &one, 1);
        o->mulacc(&e, row, k->s, n);
        o->sub_from(&e, &t);
        o->intt(&e);
        bad |= too_large(&e, k->p->eta1);
    }
    wtl_secret_wipe(&e, sizeof e);
    return bad >> 31;
}

void wtl_mlkem_pke_encrypt(const wtl_mlkem_key *k, const wtl_mlkem_work *w, const uint8_t m[32], uint8_t *ct)
{
    const wtl_polykem *o = k->poly;
    unsigned n = k->p->k;
    struct {
        poly y[K], sum, more;
    } v;
    for (unsigned i = 0; i < n; i++)
        cbd_ntt(o, k->p->eta1, &v.y[i], w->noise[i]);
    for (unsigned i = 0; i < n; i++) {
        o->mulacc(&v.sum, &k->at[(size_t)i * n], v.y, n);
        o->intt(&v.sum);
        o->cbd2(&v.more, w->noise[n + i]);
        o->add(&v.sum, &v.more);
        o->compress(ct, &v.sum, k->p->du);
        ct += (size_t)32 * k->p->du;
    }
    o->mulacc(&v.sum, k->t, v.y, n);
    o->intt(&v.sum);
    o->cbd2(&v.more, w->noise[(size_t)2 * n]);
    o->add(&v.sum, &v.more);
    o->decompress(&v.more, m, 1);
    o->add(&v.sum, &v.more);
    o->compress(ct, &v.sum, k->p->dv);
    wtl_secret_wipe(v.y, sizeof(poly) * n);
    wtl_secret_wipe(&v.sum, sizeof(poly) * 2);
}

void wtl_mlkem_pke_decrypt(const wtl_mlkem_key *k, const uint8_t *ct, uint8_t m[32])
{
    const wtl_polykem *o = k->poly;
    unsigned n = k->p->k;
    poly u[K];
    struct {
        poly w, v;
    } t;
    for (unsigned i = 0; i < n; i++) {
        o->decompress(&u[i], ct, k->p->du);
        o->ntt(&u[i]);
        ct += (size_t)32 * k->p->du;
    }
    o->decompress(&t.v, ct, k->p->dv);
    o->mulacc(&t.w, k->s, u, n);
    o->intt(&t.w);
    o->sub_from(&t.w, &t.v);
    o->compress(m, &t.w, 1);
    wtl_secret_wipe(&t.w, sizeof t.w);
}
