#include "operations.h"

#include <string.h>

#include "kernel/curve25519_impl.h"
#include "scheme/shake.h"
#include "scheme/x25519.h"

enum kind {
    NONE,
    BYTES,     /* n times 32 */
    KEM,       /* |x| < q */
    KEM_WIDE,  /* |x| < 2q */
    DSA,       /* |x| < q */
    DSA_CANON, /* 0 .. q-1 */
    DSA_10,    /* 0 .. 2^10-1 */
    DSA_W1,    /* 0 .. 15 */
    DSA_BIT,
    DSA_ETA,    /* |x| <= 2 */
    DSA_GAMMA1, /* |x| <= 2^17 */
    DSA_T0,     /* |x| < 2^12 */
};
/* How many values, and the least of them. */
static const struct {
    uint32_t values;
    int32_t least;
} range[] = {
    [KEM] = {2 * WTL_POLYKEM_Q - 1, 1 - WTL_POLYKEM_Q},
    [KEM_WIDE] = {4 * WTL_POLYKEM_Q - 1, 1 - 2 * WTL_POLYKEM_Q},
    [DSA] = {2 * WTL_POLYDSA_Q - 1, 1 - WTL_POLYDSA_Q},
    [DSA_CANON] = {WTL_POLYDSA_Q, 0},
    [DSA_10] = {1 << 10, 0},
    [DSA_W1] = {16, 0},
    [DSA_BIT] = {2, 0},
    [DSA_ETA] = {5, -2},
    [DSA_GAMMA1] = {(2 << 17) + 1, -(1 << 17)},
    [DSA_T0] = {(2 << 12) - 1, 1 - (1 << 12)},
};

static uint32_t next(uint64_t *x)
{
    *x = *x * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*x >> 32);
}

static void random_bytes(uint8_t *out, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(next(&seed) >> 24);
}

/* n things of the kind to `at`; returns the bytes that they take. */
static size_t put(uint8_t *at, enum kind kind, size_t n, uint64_t *x)
{
    size_t size = kind == BYTES ? 32 * n : kind <= KEM_WIDE ? sizeof(int16_t) : sizeof(int32_t);
    if (kind == NONE || kind == BYTES) {
        random_bytes(at, 32 * n, *x);
        next(x);
        return 32 * n;
    }
    for (size_t i = 0; i < 256 * n; i++) {
        int32_t v = (int32_t)((uint64_t)next(x) * range[kind].values >> 32) + range[kind].least;
        int16_t small = (int16_t)v;
        memcpy(at + i * size, size == 2 ? (const void *)&small : &v, size);
    }
    return 256 * n * size;
}

static void fill(ct_run *r, const ct_operation *o, uint64_t seed)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
    r->in_n = 0;
    for (int i = 0; i < 2; i++)
        r->in_n += put(r->in + r->in_n, o->kind[i], o->n[i], &x);
}

/* The kernels. */
#define K(i) ((wtl_polykem_poly *)(void *)r->in + (i))
#define D(i) ((wtl_polydsa_poly *)(void *)r->in + (i))
#define KO(i) ((wtl_polykem_poly *)(void *)r->out + (i))
#define DO(i) ((wtl_polydsa_poly *)(void *)r->out + (i))
#define RUN(name, size, call)                          \
    static void name(ct_run *r, const ct_operation *o) \
    {                                                  \
        (void)o;                                       \
        call;                                          \
        r->out_n = (size);                             \
    }
#define IN_PLACE(name, size, call) RUN(name, size, (call, memcpy(r->out, r->in, size)))

IN_PLACE(kem_ntt, 512, r->kem->ntt(K(0)))
IN_PLACE(kem_intt, 512, r->kem->intt(K(0)))
IN_PLACE(kem_tomont, 512, r->kem->tomont(K(0)))
IN_PLACE(kem_add, 512, r->kem->add(K(0), K(1)))
IN_PLACE(kem_sub_from, 512, r->kem->sub_from(K(0), K(1)))
RUN(kem_mulacc, 512, r->kem->mulacc(KO(0), K(0), K(4), (size_t)o->with))
RUN(kem_cbd2, 512, r->kem->cbd2(KO(0), r->in))
RUN(kem_cbd3, 512, r->kem->cbd3(KO(0), r->in))
RUN(kem_to_bytes, 384, r->kem->to_bytes(r->out, K(0)))
RUN(kem_compress, 32u * (unsigned)o->with, r->kem->compress(r->out, K(0), (unsigned)o->with))
RUN(kem_decompress, 512, r->kem->decompress(KO(0), r->in, (unsigned)o->with))
static void kem_from_bytes(ct_run *r, const ct_operation *o)
{
    (void)o;
    unsigned bad = r->kem->from_bytes(KO(0), r->in);
    memcpy(r->out + 512, &bad, sizeof bad);
    r->out_n = 512 + sizeof bad;
}

IN_PLACE(dsa_ntt, 1024, r->dsa->ntt(D(0)))
IN_PLACE(dsa_intt, 1024, r->dsa->intt(D(0)))
IN_PLACE(dsa_add, 1024, r->dsa->add(D(0), D(1)))
IN_PLACE(dsa_sub, 1024, r->dsa->sub(D(0), D(1)))
IN_PLACE(dsa_canon, 1024, r->dsa->canon(D(0)))
IN_PLACE(dsa_shift, 1024, r->dsa->shift(D(0)))
RUN(dsa_mul, 1024, r->dsa->mul(DO(0), D(0), D(1)))
RUN(dsa_mulacc, 1024, r->dsa->mulacc(DO(0), D(0), D(7), (size_t)o->with))
RUN(dsa_power2round, 2048, r->dsa->power2round(DO(0), DO(1), D(0)))
RUN(dsa_decompose, 2048, r->dsa->decompose(DO(0), DO(1), D(0), o->with))
RUN(dsa_pack_w1, o->with == (WTL_POLYDSA_Q - 1) / 88 ? 192 : 128, r->dsa->pack_w1(r->out, D(0), o->with))
RUN(dsa_use_hint, 1024, r->dsa->use_hint(DO(0), D(1), D(0), o->with))
RUN(dsa_pack_eta, o->with == 2 ? 96 : 128, r->dsa->pack_eta(r->out, D(0), (unsigned)o->with))
RUN(dsa_pack_t1, 320, r->dsa->pack_t1(r->out, D(0)))
RUN(dsa_unpack_t1, 1024, r->dsa->unpack_t1(DO(0), r->in))
RUN(dsa_pack_t0, 416, r->dsa->pack_t0(r->out, D(0)))
RUN(dsa_unpack_t0, 1024, r->dsa->unpack_t0(DO(0), r->in))
RUN(dsa_pack_z, o->with == 1 << 17 ? 576 : 640, r->dsa->pack_z(r->out, D(0), o->with))
RUN(dsa_unpack_z, 1024, r->dsa->unpack_z(DO(0), r->in, o->with))
static void dsa_make_hint(ct_run *r, const ct_operation *o)
{
    unsigned ones = r->dsa->make_hint(DO(0), D(0), D(1), o->with);
    memcpy(r->out + 1024, &ones, sizeof ones);
    r->out_n = 1024 + sizeof ones;
}
static void dsa_exceeds(ct_run *r, const ct_operation *o)
{
    bool yes = r->dsa->exceeds(D(0), o->with);
    memcpy(r->out, &yes, sizeof yes);
    r->out_n = sizeof yes;
}
static void dsa_unpack_eta(ct_run *r, const ct_operation *o)
{
    unsigned bad = r->dsa->unpack_eta(DO(0), r->in, (unsigned)o->with);
    memcpy(r->out + 1024, &bad, sizeof bad);
    r->out_n = 1024 + sizeof bad;
}
static void dsa_bounded(ct_run *r, const ct_operation *o)
{
    unsigned have = WTL_CT_PUBLIC(r->dsa->bounded(DO(0), 0, r->in, 136, (unsigned)o->with));
    r->out_n = have * sizeof(int32_t);
}

IN_PLACE(keccak_x1, 200, r->keccak->x1((uint64_t *)(void *)r->in))
IN_PLACE(keccak_x4, 800, r->keccak->x4((uint64_t *)(void *)r->in))
IN_PLACE(keccak_x8, 1600, r->keccak->x8((uint64_t *)(void *)r->in))
static void keccak_squeeze(ct_run *r, const ct_operation *o)
{
    uint8_t *out[8];
    for (size_t i = 0; i < 8; i++)
        out[i] = r->out + 1024 * i;
    r->keccak->squeeze_x4((uint64_t *)(void *)r->in, out, (size_t)o->with, 2);
    r->keccak->squeeze_x8((uint64_t *)(void *)r->in, out, (size_t)o->with, 2);
    r->out_n = (size_t)o->with;
}
RUN(shake, 300, wtl_shake_once(r->keccak, WTL_SHAKE256, &(wtl_bytes){r->in, 320}, 1, r->out, 300))

static const uint8_t point[32] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
RUN(curve_base, 32, r->curve->base(r->out, r->in))
RUN(curve_mul, 32, r->curve->mul(r->out, r->in, point))

/* The schemes. */
RUN(x25519_public, 32, r->rc = wtl_x25519_public(r->out, r->in, r->level, NULL))
RUN(x25519_shared, 32, r->rc = wtl_x25519_shared(r->out, r->in, point, r->level, NULL))

static wtl_mlkem_key *kem_key(const ct_run *r, const ct_operation *o, uint64_t seed)
{
    uint8_t bytes[WTL_MLKEM_SEED];
    wtl_mlkem_key *k = NULL;
    random_bytes(bytes, sizeof bytes, seed);
    return wtl_mlkem_from_seed(&k, o->with, r->level, bytes, NULL) < 0 ? NULL : k;
}

/* A private key for `in`: s and z of the seed's key, the public part always that of seed 0, which nothing forbids. */
static void fill_kem(ct_run *r, const ct_operation *o, uint64_t seed)
{
    static const uint8_t m[WTL_MLKEM_M] = {1, 2, 3};
    const wtl_mlkem_params *p = wtl_mlkem_params_of(o->with);
    uint8_t ss[WTL_MLKEM_SHARED];
    AUTO(wtl_mlkem) *first = kem_key(r, o, 0);
    AUTO(wtl_mlkem) *k = kem_key(r, o, seed);
    memcpy(r->in, wtl_mlkem_private(first).p, p->priv);
    memcpy(r->in, wtl_mlkem_private(k).p, (size_t)WTL_POLYKEM_BYTES * p->k);
    memcpy(r->in + p->priv - 32, wtl_mlkem_private(k).p + p->priv - 32, 32);
    wtl_mlkem_encaps(first, m, r->ct, ss);
    r->in_n = p->priv;
}

/* The private key is that of seed 0; ciphertexts of other seeds are bad. */
static void fill_ct(ct_run *r, const ct_operation *o, uint64_t seed)
{
    const wtl_mlkem_params *p = wtl_mlkem_params_of(o->with);
    fill_kem(r, o, 0);
    r->ct[seed % p->ct] ^= (uint8_t)(seed != 0) << seed % 8;
    memcpy(r->in + r->in_n, r->ct, p->ct);
    r->in_n += p->ct;
}

static void kem_known_key(ct_run *r, const ct_operation *o)
{
    r->kem_key = kem_key(r, o, 0);
}

static void kem_secret_key(ct_run *r, const ct_operation *o)
{
    const wtl_bytes dk = {r->in, wtl_mlkem_params_of(o->with)->priv};
    r->rc = wtl_mlkem_from_private(&r->kem_key, o->with, r->level, dk, NULL);
}

static void kem_import(ct_run *r, const ct_operation *o)
{
    kem_secret_key(r, o);
    const wtl_bytes ek = wtl_mlkem_public(r->kem_key);
    memcpy(r->out, ek.p, ek.n);
    r->out_n = ek.n;
    r->is_public = true;
}

static void kem_keygen(ct_run *r, const ct_operation *o)
{
    r->rc = wtl_mlkem_from_seed(&r->kem_key, o->with, r->level, r->in, NULL);
    if (r->rc == WTL_OK)
        r->rc = wtl_mlkem_consistent(r->kem_key, NULL);
    const wtl_bytes dk = wtl_mlkem_private(r->kem_key);
    memcpy(r->out, dk.p, dk.n);
    r->out_n = dk.n;
}

static void kem_encaps(ct_run *r, const ct_operation *o)
{
    wtl_mlkem_encaps(r->kem_key, r->in, r->out, r->out + WTL_MLKEM_CT_MOST);
    r->out_n = wtl_mlkem_params_of(o->with)->ct;
}

static void kem_encaps_many(ct_run *r, const ct_operation *o)
{
    wtl_mlkem_job job[3];
    for (size_t i = 0; i < 3; i++)
        job[i] = (wtl_mlkem_job){.key = r->kem_key,
                                 .m = r->in + 32 * i,
                                 .ct = r->out + WTL_MLKEM_CT_MOST * i,
                                 .ss = r->out + 3 * WTL_MLKEM_CT_MOST + 32 * i};
    r->rc = wtl_mlkem_encaps_many(job, 3, NULL);
    r->out_n = wtl_mlkem_params_of(o->with)->ct;
}

static void kem_decaps(ct_run *r, const ct_operation *o)
{
    const wtl_mlkem_params *p = wtl_mlkem_params_of(o->with);
    const wtl_bytes ct = {r->in_n > p->priv ? r->in + p->priv : r->ct, p->ct};
    r->rc = wtl_mlkem_decaps(r->kem_key, ct, r->out, NULL);
    r->out_n = WTL_MLKEM_SHARED;
}

static void kem_decaps_many(ct_run *r, const ct_operation *o)
{
    wtl_mlkem_job job[3];
    for (size_t i = 0; i < 3; i++)
        job[i] = (wtl_mlkem_job){
            .key = r->kem_key, .given = {r->ct, wtl_mlkem_params_of(o->with)->ct}, .ss = r->out + 32 * i};
    r->rc = wtl_mlkem_decaps_many(job, 3, NULL);
    r->out_n = sizeof(uint8_t[3][WTL_MLKEM_SHARED]);
}

/* An encoded private key, and 32 random bytes for hedging. */
static void fill_dsa(ct_run *r, const ct_operation *o, uint64_t seed)
{
    uint8_t bytes[WTL_MLDSA_SEED];
    AUTO(wtl_mldsa) *k = NULL;
    random_bytes(bytes, sizeof bytes, seed);
    if (wtl_mldsa_from_seed(&k, o->with, r->level, bytes, NULL) < 0)
        return;
    const wtl_bytes sk = wtl_mldsa_private(k);
    memcpy(r->in, sk.p, sk.n);
    random_bytes(r->in + sk.n, WTL_MLDSA_RND, seed + 1);
    r->in_n = sk.n + WTL_MLDSA_RND;
}

static void dsa_secret_key(ct_run *r, const ct_operation *o)
{
    const wtl_bytes sk = {r->in, wtl_mldsa_params_of(o->with)->priv};
    r->rc = wtl_mldsa_from_private(&r->dsa_key, o->with, r->level, sk, NULL);
}

static void give_public(ct_run *r)
{
    const wtl_bytes pub = wtl_mldsa_public(r->dsa_key);
    memcpy(r->out, pub.p, pub.n);
    r->out_n = pub.n;
    r->is_public = true;
}

static void dsa_import(ct_run *r, const ct_operation *o)
{
    dsa_secret_key(r, o);
    give_public(r);
}

static void dsa_keygen(ct_run *r, const ct_operation *o)
{
    r->rc = wtl_mldsa_from_seed(&r->dsa_key, o->with, r->level, r->in, NULL);
    if (r->rc == WTL_OK)
        r->rc = wtl_mldsa_consistent(r->dsa_key, NULL);
    give_public(r);
}

static void dsa_sign(ct_run *r, const ct_operation *o)
{
    const wtl_mldsa_params *p = wtl_mldsa_params_of(o->with);
    const wtl_mldsa_what hedged = {.msg = {point, 5}, .rnd = r->in + p->priv, .verify_after = true};
    const wtl_mldsa_what again = {.msg = {point, 6}};
    r->rc = wtl_mldsa_sign(r->dsa_key, &hedged, r->out, NULL);
    if (r->rc == WTL_OK)
        r->rc = wtl_mldsa_sign(r->dsa_key, &again, r->out + p->sig, NULL);
    r->out_n = 2u * p->sig;
    r->is_public = true;
}

static void dsa_sign_many(ct_run *r, const ct_operation *o)
{
    const wtl_mldsa_params *p = wtl_mldsa_params_of(o->with);
    wtl_mldsa_job job[3];
    for (size_t i = 0; i < 3; i++)
        job[i] = (wtl_mldsa_job){.key = r->dsa_key,
                                 .what = {.msg = {point, i + 7}, .rnd = i == 1 ? r->in + p->priv : NULL},
                                 .sig = r->out + i * p->sig};
    r->rc = wtl_mldsa_sign_many(job, 3, NULL);
    r->out_n = 3u * p->sig;
    r->is_public = true;
}

#define ONE(f, k, many)                                                \
    {                                                                  \
        .name = #f, .fill = fill, .run = f, .kind = {k}, .n = { many } \
    }
#define TWO(f, k, many, k2, many2)                                                \
    {                                                                             \
        .name = #f, .fill = fill, .run = f, .kind = {k, k2}, .n = { many, many2 } \
    }
#define WITH(f, w, k, many)                                                              \
    {                                                                                    \
        .name = #f " " #w, .with = w, .fill = fill, .run = f, .kind = {k}, .n = { many } \
    }
#define WITH2(f, w, k, many, k2, many2)                                                             \
    {                                                                                               \
        .name = #f " " #w, .with = w, .fill = fill, .run = f, .kind = {k, k2}, .n = { many, many2 } \
    }
#define SCHEME(f, w, filled, made, v, many)                                                                  \
    {                                                                                                        \
        .name = #f " " #w, .with = w, .fill = filled, .ready = made, .run = f, .varies = v, .kind = {BYTES}, \
        .n = {                                                                                               \
            many                                                                                             \
        }                                                                                                    \
    }
#define ML_KEM(w)                                                                                \
    SCHEME(kem_keygen, w, fill, NULL, true, 2), SCHEME(kem_import, w, fill_kem, NULL, false, 0), \
        SCHEME(kem_encaps, w, fill, kem_known_key, false, 1),                                    \
        SCHEME(kem_encaps_many, w, fill, kem_known_key, false, 3),                               \
        SCHEME(kem_decaps, w, fill_kem, kem_secret_key, false, 0),                               \
        {.name = "kem_decaps rejecting " #w,                                                     \
         .with = w,                                                                              \
         .fill = fill_ct,                                                                        \
         .ready = kem_secret_key,                                                                \
         .run = kem_decaps},                                                                     \
        SCHEME(kem_decaps_many, w, fill_kem, kem_secret_key, false, 0)
#define ML_DSA(w)                                                                               \
    SCHEME(dsa_keygen, w, fill, NULL, true, 1), SCHEME(dsa_import, w, fill_dsa, NULL, true, 0), \
        SCHEME(dsa_sign, w, fill_dsa, dsa_secret_key, true, 0),                                 \
        SCHEME(dsa_sign_many, w, fill_dsa, dsa_secret_key, true, 0)
enum { G88 = (WTL_POLYDSA_Q - 1) / 88, G32 = (WTL_POLYDSA_Q - 1) / 32, Z17 = 1 << 17, Z19 = 1 << 19 };

const ct_operation ct_operations[] = {
    ONE(kem_ntt, KEM_WIDE, 1),
    ONE(kem_intt, KEM_WIDE, 1),
    ONE(kem_tomont, KEM_WIDE, 1),
    ONE(kem_add, KEM_WIDE, 2),
    ONE(kem_sub_from, KEM_WIDE, 2),
    WITH2(kem_mulacc, 1, KEM, 4, KEM_WIDE, 4),
    WITH2(kem_mulacc, 2, KEM, 4, KEM_WIDE, 4),
    WITH2(kem_mulacc, 3, KEM, 4, KEM_WIDE, 4),
    WITH2(kem_mulacc, 4, KEM, 4, KEM_WIDE, 4),
    ONE(kem_cbd2, BYTES, 4),
    ONE(kem_cbd3, BYTES, 6),
    ONE(kem_to_bytes, KEM, 1),
    ONE(kem_from_bytes, BYTES, 12),
    WITH(kem_compress, 1, KEM, 1),
    WITH(kem_compress, 4, KEM, 1),
    WITH(kem_compress, 5, KEM, 1),
    WITH(kem_compress, 10, KEM, 1),
    WITH(kem_compress, 11, KEM, 1),
    WITH(kem_decompress, 1, BYTES, 1),
    WITH(kem_decompress, 4, BYTES, 4),
    WITH(kem_decompress, 5, BYTES, 5),
    WITH(kem_decompress, 10, BYTES, 10),
    WITH(kem_decompress, 11, BYTES, 11),
    ONE(dsa_ntt, DSA, 1),
    ONE(dsa_intt, DSA, 1),
    ONE(dsa_mul, DSA, 2),
    WITH(dsa_mulacc, 4, DSA, 14),
    WITH(dsa_mulacc, 5, DSA, 14),
    WITH(dsa_mulacc, 7, DSA, 14),
    ONE(dsa_add, DSA, 2),
    ONE(dsa_sub, DSA, 2),
    ONE(dsa_canon, DSA, 1),
    ONE(dsa_shift, DSA_10, 1),
    ONE(dsa_power2round, DSA_CANON, 1),
    WITH(dsa_decompose, G88, DSA, 1),
    WITH(dsa_decompose, G32, DSA, 1),
    WITH(dsa_pack_w1, G88, DSA_W1, 1),
    WITH(dsa_pack_w1, G32, DSA_W1, 1),
    WITH2(dsa_make_hint, G88, DSA_GAMMA1, 1, DSA_W1, 1),
    WITH2(dsa_make_hint, G32, DSA_GAMMA1, 1, DSA_W1, 1),
    WITH2(dsa_use_hint, G88, DSA, 1, DSA_BIT, 1),
    WITH2(dsa_use_hint, G32, DSA, 1, DSA_BIT, 1),
    WITH(dsa_exceeds, 95000, DSA_GAMMA1, 1),
    WITH(dsa_exceeds, 131072, DSA_GAMMA1, 1),
    WITH(dsa_pack_eta, 2, DSA_ETA, 1),
    WITH(dsa_pack_eta, 4, DSA_ETA, 1),
    WITH(dsa_unpack_eta, 2, BYTES, 3),
    WITH(dsa_unpack_eta, 4, BYTES, 4),
    ONE(dsa_pack_t1, DSA_10, 1),
    ONE(dsa_unpack_t1, BYTES, 10),
    ONE(dsa_pack_t0, DSA_T0, 1),
    ONE(dsa_unpack_t0, BYTES, 13),
    WITH(dsa_pack_z, Z17, DSA_GAMMA1, 1),
    WITH(dsa_pack_z, Z19, DSA_GAMMA1, 1),
    WITH(dsa_unpack_z, Z17, BYTES, 18),
    WITH(dsa_unpack_z, Z19, BYTES, 20),
    SCHEME(dsa_bounded, 2, fill, NULL, true, 5),
    SCHEME(dsa_bounded, 4, fill, NULL, true, 5),
    ONE(keccak_x1, BYTES, 7),
    ONE(keccak_x4, BYTES, 25),
    ONE(keccak_x8, BYTES, 50),
    WITH(keccak_squeeze, 136, BYTES, 50),
    WITH(keccak_squeeze, 168, BYTES, 50),
    ONE(shake, BYTES, 10),
    ONE(curve_base, BYTES, 1),
    ONE(curve_mul, BYTES, 1),
    ONE(x25519_public, BYTES, 1),
    ONE(x25519_shared, BYTES, 1),
    ML_KEM(WTL_MLKEM_512),
    ML_KEM(WTL_MLKEM_768),
    ML_KEM(WTL_MLKEM_1024),
    ML_DSA(WTL_MLDSA_44),
    ML_DSA(WTL_MLDSA_65),
    ML_DSA(WTL_MLDSA_87),
};
const size_t ct_operations_n = sizeof ct_operations / sizeof ct_operations[0];

bool ct_open(ct_run *r, enum wtl_cpu_level level, bool adx)
{
    memset(r, 0, sizeof *r);
    r->level = level;
    if (level == WTL_CPU_SHANI || !wtl_cpu_has(level) || wtl_keccak_pick(&r->keccak, level, NULL) < 0 ||
        wtl_polykem_pick(&r->kem, level, NULL) < 0 || wtl_polydsa_pick(&r->dsa, level, NULL) < 0 ||
        wtl_curve25519_pick(&r->curve, level, NULL) < 0)
        return false;
#if defined(__x86_64__)
    if (level == WTL_CPU_AVX2 && adx)
        r->curve = &wtl_curve25519_adx;
#endif
    (void)adx;
    return true;
}

void ct_close(ct_run *r)
{
    wtl_mlkem_free(r->kem_key);
    wtl_mldsa_free(r->dsa_key);
    r->kem_key = NULL;
    r->dsa_key = NULL;
}
