#include <stdlib.h>
#include <string.h>

#include "scheme/mlkem_impl.h"

typedef wtl_polykem_poly poly;
enum { ALIGN = 64, SEED_HALF = 32, RHO = 32 };

/* The bytes of ek in front of rho. */
static size_t packed(const wtl_mlkem_params *p)
{
    return (size_t)WTL_POLYKEM_BYTES * p->k;
}

static int key_new(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_err *err)
{
    const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
    const wtl_keccak *keccak = NULL;
    const wtl_polykem *ops = NULL;
    TRY(wtl_keccak_pick(&keccak, level, err));
    TRY(wtl_polykem_pick(&ops, level, err));
    size_t head = (sizeof(wtl_mlkem_key) + ALIGN - 1) / ALIGN * ALIGN;
    size_t polys = (size_t)p->k * p->k + p->k;
    size_t all = head + polys * sizeof(poly) + p->pub;
    wtl_mlkem_key *k = aligned_alloc(ALIGN, (all + ALIGN - 1) / ALIGN * ALIGN);
    ENSURE(k != NULL, err, WTL_NOMEM, "no memory for a key of %s", p->name);
    *k = (wtl_mlkem_key){.p = p, .set = set, .keccak = keccak, .poly = ops};
    k->at = (poly *)((uintptr_t)k + head);
    k->t = k->at + (size_t)p->k * p->k;
    k->ek = (uint8_t *)(k->t + p->k);
    *out = k;
    return WTL_OK;
}

/* Room for s, dk and the seed. */
static int key_secret(wtl_mlkem_key *k, bool has_seed, wtl_err *err)
{
    size_t polys = sizeof(poly) * k->p->k;
    TRY(wtl_secret_large(&k->secret, ALIGN - 1 + polys + k->p->priv + WTL_MLKEM_SEED, err));
    uintptr_t at = ((uintptr_t)k->secret.p + ALIGN - 1) / ALIGN * ALIGN;
    k->s = (poly *)at;
    k->dk = (uint8_t *)(at + polys);
    k->seed = has_seed ? k->dk + k->p->priv : NULL;
    return WTL_OK;
}

void wtl_mlkem_key_free(wtl_mlkem_key *k)
{
    if (k == NULL)
        return;
    wtl_secret_free(&k->secret);
    free(k);
}

/* Adds the tasks that sample the matrix from the rho at the end of ek; `task` has room for k * k. */
static void add_matrix(wtl_mlkem_lanes *l, wtl_mlkem_key *k, wtl_mlkem_task *task)
{
    unsigned n = k->p->k;
    for (unsigned i = 0; i < n * n; i++) {
        task[i] = wtl_mlkem_lanes_sample(k->ek + packed(k->p), (uint8_t)(i % n), (uint8_t)(i / n), &k->at[i]);
        wtl_mlkem_lanes_add(l, &task[i]);
    }
}

enum { MATRIX = WTL_MLKEM_K_MOST * WTL_MLKEM_K_MOST };

/* The matrix, and beside it H(ek), which takes longer than a polynomial and so is begun first. */
static void expand_public(wtl_mlkem_key *k)
{
    wtl_mlkem_lanes l;
    wtl_mlkem_task h = wtl_mlkem_lanes_h(k->ek, k->p->pub, k->h);
    wtl_mlkem_task task[MATRIX];
    wtl_mlkem_lanes_start(&l, k->keccak, k->poly);
    wtl_mlkem_lanes_add(&l, &h);
    add_matrix(&l, k, task);
    wtl_mlkem_lanes_run(&l, NULL);
    wtl_mlkem_lanes_end(&l);
}

/* The last entry of the matrix may be still on its way (in ML-KEM-768 it is the ninth in eight lanes): only the last row
 * needs it, and H(ek) begins with the others beside it. Were it to take so long that H comes to the last row first,
 * which no seed known does, H is taken once more. */
static void last_row(wtl_mlkem_lanes *l, wtl_mlkem_key *k, uint8_t noise[][WTL_MLKEM_PRF_ROOM],
                     const wtl_mlkem_task *last)
{
    unsigned n = k->p->k;
    wtl_mlkem_task h = wtl_mlkem_lanes_h(k->ek, k->p->pub, k->h);
    bool beside = !last->done;
    bool ahead = false;
    if (beside) {
        wtl_mlkem_lanes_add(l, &h);
        wtl_mlkem_lanes_run(l, last);
        ahead = h.done || wtl_mlkem_lanes_taken(l, &h) > (size_t)WTL_POLYKEM_BYTES * (n - 1);
    }
    wtl_mlkem_pke_rows(k, noise, n - 1, n);
    if (!beside)
        wtl_mlkem_lanes_add(l, &h);
    wtl_mlkem_lanes_run(l, NULL);
    if (ahead) {
        wtl_mlkem_lanes_add(l, &h);
        wtl_mlkem_lanes_run(l, NULL);
    }
}

/* Algorithm 13: the matrix, and the noises in the lanes that it leaves free; then H(ek). */
static void expand_seed(wtl_mlkem_lanes *l, wtl_mlkem_key *k, const uint8_t sigma[32])
{
    uint8_t noise[2 * WTL_MLKEM_K_MOST][WTL_MLKEM_PRF_ROOM];
    wtl_mlkem_task prf[2 * WTL_MLKEM_K_MOST];
    wtl_mlkem_task task[MATRIX];
    unsigned noises = 2u * k->p->k;
    unsigned entries = (unsigned)k->p->k * k->p->k;
    add_matrix(l, k, task);
    for (unsigned i = 0; i < noises; i++) {
        prf[i] = wtl_mlkem_lanes_prf(sigma, (uint8_t)i, wtl_mlkem_pke_blocks(k->p->eta1), noise[i]);
        wtl_mlkem_lanes_add(l, &prf[i]);
    }
    for (unsigned i = 0; i < noises; i++)
        wtl_mlkem_lanes_run(l, &prf[i]);
    for (unsigned i = 0; i + 1 < entries; i++)
        wtl_mlkem_lanes_run(l, &task[i]);
    wtl_mlkem_pke_secret(k, noise);
    wtl_mlkem_pke_rows(k, noise, 0, k->p->k - 1u);
    last_row(l, k, noise, &task[entries - 1]);
    wtl_secret_wipe(noise, sizeof noise[0] * noises);
}

/* dk = dk_PKE || ek || H(ek) || z. */
static void write_dk(wtl_mlkem_key *k)
{
    uint8_t *p = k->dk;
    for (unsigned i = 0; i < k->p->k; i++, p += WTL_POLYKEM_BYTES)
        k->poly->to_bytes(p, &k->s[i]);
    memcpy(p, k->ek, k->p->pub);
    memcpy(p + k->p->pub, k->h, sizeof k->h);
    memcpy(p + k->p->pub + sizeof k->h, k->seed + SEED_HALF, SEED_HALF);
}

/* Copies n bytes, a multiple of 32, that anyone may see. */
static void copy_public(uint8_t *to, const uint8_t *from, size_t n)
{
    struct piece {
        uint8_t byte[32];
    } piece;
    for (size_t i = 0; i < n; i += sizeof piece) {
        memcpy(&piece, from + i, sizeof piece);
        piece = WTL_CT_PUBLIC(piece);
        memcpy(to + i, &piece, sizeof piece);
    }
}

/* Algorithm 16. */
static void generate(wtl_mlkem_key *k)
{
    uint8_t both[64]; /* rho || sigma */
    wtl_mlkem_lanes l;
    wtl_mlkem_task g = wtl_mlkem_lanes_g_seed(k->seed, k->p->k, both);
    wtl_mlkem_lanes_start(&l, k->keccak, k->poly);
    wtl_mlkem_lanes_add(&l, &g);
    wtl_mlkem_lanes_run(&l, NULL);
    copy_public(k->ek + packed(k->p), both, RHO); /* what is sampled from it may be seen */
    expand_seed(&l, k, both + RHO);
    wtl_mlkem_lanes_end(&l);
    write_dk(k);
    wtl_secret_wipe(both, sizeof both);
}

int wtl_mlkem_key_from_seed(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                            const uint8_t seed[WTL_MLKEM_SEED], wtl_err *err)
{
    AUTO(wtl_mlkem) *k = NULL;
    TRY(key_new(&k, set, level, err));
    TRY(key_secret(k, true, err));
    memcpy(k->seed, seed, WTL_MLKEM_SEED);
    generate(k);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int unpack_public(poly *t, const wtl_mlkem_params *p, const wtl_polykem *ops, const uint8_t *ek,
                         wtl_err *err)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < p->k; i++)
        bad |= ops->from_bytes(&t[i], ek + (size_t)WTL_POLYKEM_BYTES * i);
    ENSURE(WTL_CT_PUBLIC(bad) == 0, err, WTL_FORMAT,
           "this is no public key of %s: it has coefficients that are not reduced modulo 3329", p->name);
    return WTL_OK;
}

/* ek of the right length: the modulus check of section 7.2, then everything that follows from it. */
static int take_public(wtl_mlkem_key *k, const uint8_t *ek, wtl_err *err)
{
    copy_public(k->ek, ek, k->p->pub); /* public also as a part of a private key */
    TRY(unpack_public(k->t, k->p, k->poly, k->ek, err));
    expand_public(k);
    return WTL_OK;
}

static int check_length(const wtl_mlkem_params *p, wtl_bytes ek, wtl_err *err)
{
    ENSURE(ek.n == p->pub, err, WTL_FORMAT, "a public key of %s has %u bytes, this one has %zu", p->name,
           p->pub, ek.n);
    return WTL_OK;
}

int wtl_mlkem_key_check_public(enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek, wtl_err *err)
{
    const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
    const wtl_polykem *ops = NULL;
    poly t[WTL_MLKEM_K_MOST];
    TRY(check_length(p, ek, err));
    TRY(wtl_polykem_pick(&ops, level, err));
    return unpack_public(t, p, ops, ek.p, err);
}

int wtl_mlkem_key_from_public(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                              wtl_bytes ek, wtl_err *err)
{
    TRY(check_length(wtl_mlkem_params_of(set), ek, err));
    AUTO(wtl_mlkem) *k = NULL;
    TRY(key_new(&k, set, level, err));
    TRY(take_public(k, ek.p, err));
    *out = k;
    k = NULL;
    return WTL_OK;
}

/* Section 7.3, and that s is reduced too: dk is then the only writing of this key. */
static int take_private(wtl_mlkem_key *k, const uint8_t *dk, wtl_err *err)
{
    unsigned bad = 0;
    memcpy(k->dk, dk, k->p->priv);
    for (unsigned i = 0; i < k->p->k; i++)
        bad |= k->poly->from_bytes(&k->s[i], k->dk + (size_t)WTL_POLYKEM_BYTES * i);
    ENSURE(WTL_CT_PUBLIC(bad) == 0, err, WTL_FORMAT,
           "this is no private key of %s: it has coefficients that are not reduced modulo 3329", k->p->name);
    const uint8_t *ek = k->dk + packed(k->p);
    TRY(take_public(k, ek, err));
    ENSURE(wtl_ct_eq((wtl_bytes){ek + k->p->pub, sizeof k->h}, (wtl_bytes){k->h, sizeof k->h}), err,
           WTL_FORMAT, "this private key of %s is damaged: its public key and the hash of it differ",
           k->p->name);
    return WTL_OK;
}

int wtl_mlkem_key_from_private(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                               wtl_bytes dk, wtl_err *err)
{
    const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
    ENSURE(dk.n == p->priv, err, WTL_FORMAT, "a private key of %s has %u bytes, this one has %zu", p->name,
           p->priv, dk.n);
    AUTO(wtl_mlkem) *k = NULL;
    TRY(key_new(&k, set, level, err));
    TRY(key_secret(k, false, err));
    TRY(take_private(k, dk.p, err));
    *out = k;
    k = NULL;
    return WTL_OK;
}
