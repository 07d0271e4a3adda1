#include <string.h>

#include "base/ct.h"
#include "scheme/mlkem_impl.h"

/* Lines 8 to 17 of algorithm 14: y of eta1, e1 and e2 of eta2 = 2. Those of more blocks are begun first in all jobs. */
static void add_noises(wtl_mlkem_lanes *l, wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w)
{
    unsigned k = jobs[0]->key->p->k;
    uint8_t blocks = wtl_mlkem_pke_blocks(jobs[0]->key->p->eta1);
    for (unsigned part = 0; part < 2; part++) {
        unsigned from = part == 0 ? 0 : k;
        unsigned to = part == 0 ? k : 2 * k + 1;
        for (size_t i = 0; i < n; i++) {
            for (unsigned j = from; j < to; j++) {
                w[i].prf[j] = wtl_mlkem_lanes_prf(w[i].kr + 32, (uint8_t)j, part == 0 ? blocks : 1,
                                                  w[i].noise[j]);
                wtl_mlkem_lanes_add(l, &w[i].prf[j]);
            }
        }
    }
}

void wtl_mlkem_group_encaps(wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w)
{
    wtl_mlkem_lanes l;
    wtl_mlkem_lanes_start(&l, jobs[0]->key->keccak, jobs[0]->key->poly);
    for (size_t i = 0; i < n; i++) {
        w[i].g = wtl_mlkem_lanes_g(jobs[i]->m, jobs[i]->key->h, w[i].kr);
        wtl_mlkem_lanes_add(&l, &w[i].g);
    }
    wtl_mlkem_lanes_run(&l, NULL);
    add_noises(&l, jobs, n, w);
    wtl_mlkem_lanes_run(&l, NULL);
    wtl_mlkem_lanes_end(&l);
    for (size_t i = 0; i < n; i++) {
        wtl_mlkem_pke_encrypt(jobs[i]->key, &w[i], jobs[i]->m, jobs[i]->ct);
        memcpy(jobs[i]->ss, w[i].kr, WTL_MLKEM_SHARED);
    }
    wtl_secret_wipe(w, sizeof *w * n);
}

/* 0xff when they differ, else 0; the compiler does not see that it is one of two. n is a multiple of 8. */
static uint8_t differ(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i += sizeof x) {
        uint64_t u;
        uint64_t v;
        memcpy(&u, a + i, sizeof u);
        memcpy(&v, b + i, sizeof v);
        x |= u ^ v;
    }
    return (uint8_t)wtl_ct_mask((x | (0 - x)) >> 63);
}

/* Algorithm 18 lines 8 to 11: c' against c; K' or K-bar. */
static void finish(wtl_mlkem_job *job, const wtl_mlkem_work *w)
{
    uint8_t again[WTL_MLKEM_CT_MOST];
    wtl_mlkem_pke_encrypt(job->key, w, w->m, again);
    uint8_t bad = differ(again, job->given.p, job->given.n);
    for (size_t i = 0; i < WTL_MLKEM_SHARED; i++)
        job->ss[i] = (uint8_t)(w->kr[i] ^ (bad & (w->kr[i] ^ w->reject[i])));
    wtl_secret_wipe(again, job->given.n);
}

/* J(z || c) is long and one block waits for another: it begins with G, and goes on beside the noises. */
void wtl_mlkem_group_decaps(wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w)
{
    wtl_mlkem_lanes l;
    wtl_mlkem_lanes_start(&l, jobs[0]->key->keccak, jobs[0]->key->poly);
    for (size_t i = 0; i < n; i++) {
        const wtl_mlkem_key *k = jobs[i]->key;
        wtl_mlkem_pke_decrypt(k, jobs[i]->given.p, w[i].m);
        w[i].g = wtl_mlkem_lanes_g(w[i].m, k->h, w[i].kr);
        wtl_mlkem_lanes_add(&l, &w[i].g);
    }
    for (size_t i = 0; i < n; i++) {
        const wtl_mlkem_key *k = jobs[i]->key;
        const uint8_t *z = k->dk + k->p->priv - 32;
        w[i].j = wtl_mlkem_lanes_j(z, jobs[i]->given.p, jobs[i]->given.n, w[i].reject);
        wtl_mlkem_lanes_add(&l, &w[i].j);
    }
    wtl_mlkem_lanes_run(&l, &w[n - 1].g);
    add_noises(&l, jobs, n, w);
    wtl_mlkem_lanes_run(&l, NULL);
    wtl_mlkem_lanes_end(&l);
    for (size_t i = 0; i < n; i++)
        finish(jobs[i], &w[i]);
    wtl_secret_wipe(w, sizeof *w * n);
}
