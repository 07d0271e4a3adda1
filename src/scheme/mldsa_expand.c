#include "scheme/mldsa_impl.h"

enum { LANES = WTL_MLDSA_LANES, MATRIX_BLOCKS = 5, SECRET_BLOCKS = 2, MASK_BLOCKS = 5 };

/* Up to 8 streams of one kind, in lanes where the level has them. */
typedef struct streams {
    wtl_shake_lanes lanes;
    wtl_shake one[LANES];
    size_t n;
    bool single;
} streams;

/* How many streams go side by side. */
static size_t side_by_side(const wtl_keccak *k)
{
    return k->level == WTL_CPU_AVX2 ? 4 : LANES;
}

/* Lane i: head[i], then the 16 bits tail[i], little end first. */
static void start(streams *s, const wtl_keccak *k, wtl_shake_kind kind, size_t n, const uint8_t *const head[],
                  size_t head_n, const uint16_t tail[])
{
    uint8_t bytes[LANES][2];
    const uint8_t *end[LANES] = {0};
    s->n = n;
    s->single = n == 1 || k->level == WTL_CPU_REF;
    for (size_t i = 0; i < n; i++) {
        bytes[i][0] = (uint8_t)tail[i];
        bytes[i][1] = (uint8_t)(tail[i] >> 8);
        end[i] = bytes[i];
    }
    for (size_t i = 0; s->single && i < n; i++) {
        wtl_shake_start(&s->one[i], k, kind);
        wtl_shake_add(&s->one[i], (wtl_bytes){head[i], head_n});
        wtl_shake_add(&s->one[i], (wtl_bytes){end[i], 2});
    }
    if (!s->single)
        wtl_shake_lanes_start(&s->lanes, k, kind, n, head, head_n, end, 2);
}

static void read_blocks(streams *s, uint8_t *const out[], size_t blocks)
{
    if (!s->single) {
        wtl_shake_lanes_read(&s->lanes, out, blocks);
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        wtl_shake_read(&s->one[i], out[i], blocks * s->one[i].kind.rate);
}

static void end(streams *s)
{
    if (!s->single)
        wtl_shake_lanes_end(&s->lanes);
    for (size_t i = 0; s->single && i < s->n; i++)
        wtl_shake_end(&s->one[i]);
}

/* Fills n polynomials by rejection from streams of `kind`: `blocks` blocks first, then one by one as long as one of
 * them is not full. eta 0: uniform. */
static void fill(const wtl_mldsa_key *key, wtl_polydsa_poly *f, size_t n, wtl_shake_kind kind, size_t blocks,
                 const uint8_t *head, size_t head_n, const uint16_t tail[], unsigned eta)
{
    uint8_t room[LANES][MATRIX_BLOCKS * 168];
    uint8_t *out[LANES] = {0};
    const uint8_t *heads[LANES];
    unsigned have[LANES] = {0};
    streams s;
    for (size_t i = 0; i < LANES; i++) {
        out[i] = room[i];
        heads[i] = head;
    }
    start(&s, key->keccak, kind, n, heads, head_n, tail);
    for (bool full = false; !full; blocks = 1) {
        read_blocks(&s, out, blocks);
        full = true;
        for (size_t i = 0; i < n; i++) {
            size_t bytes = blocks * kind.rate;
            have[i] = WTL_CT_PUBLIC(eta > 0 ? key->ops->bounded(&f[i], have[i], room[i], bytes, eta)
                                            : key->ops->uniform(&f[i], have[i], room[i], bytes));
            full = full && have[i] == WTL_POLYDSA_N;
        }
    }
    end(&s);
    if (eta > 0)
        wtl_secret_wipe(room, sizeof room);
}

void wtl_mldsa_expand_matrix(wtl_mldsa_key *key)
{
    const size_t l = key->p->l;
    const size_t all = key->p->k * l;
    const size_t step = side_by_side(key->keccak);
    uint16_t tail[LANES];
    for (size_t from = 0; from < all; from += step) {
        size_t n = all - from < step ? all - from : step;
        for (size_t i = 0; i < n; i++)
            tail[i] = (uint16_t)((from + i) / l << 8 | (from + i) % l); /* column, then row */
        fill(key, key->a + from, n, WTL_SHAKE128, MATRIX_BLOCKS, key->pub, 32, tail, 0);
    }
}

void wtl_mldsa_expand_secret(wtl_mldsa_key *key, const uint8_t seed[64])
{
    const size_t all = (size_t)key->p->l + key->p->k; /* s2 stands behind s1 */
    const size_t step = side_by_side(key->keccak);
    uint16_t tail[LANES];
    for (size_t from = 0; from < all; from += step) {
        size_t n = all - from < step ? all - from : step;
        for (size_t i = 0; i < n; i++)
            tail[i] = (uint16_t)(from + i);
        fill(key, key->s1 + from, n, WTL_SHAKE256, SECRET_BLOCKS, seed, 64, tail, key->p->eta);
    }
}

static void masks(const wtl_keccak *k, const wtl_polydsa *ops, const wtl_mldsa_mask *m, size_t n)
{
    uint8_t room[LANES][MASK_BLOCKS * WTL_MLDSA_BLOCK];
    uint8_t *out[LANES] = {0};
    const uint8_t *head[LANES];
    uint16_t tail[LANES];
    streams s;
    for (size_t i = 0; i < n; i++) {
        out[i] = room[i];
        head[i] = m[i].rho;
        tail[i] = m[i].counter;
    }
    start(&s, k, WTL_SHAKE256, n, head, 64, tail);
    read_blocks(&s, out, MASK_BLOCKS);
    for (size_t i = 0; i < n; i++)
        ops->unpack_z(m[i].y, room[i], m[i].gamma1);
    end(&s);
    wtl_secret_wipe(room, sizeof room);
}

void wtl_mldsa_expand_mask(const wtl_keccak *k, const wtl_polydsa *ops, const wtl_mldsa_mask *m, size_t n)
{
    const size_t step = side_by_side(k);
    for (size_t from = 0; from < n; from += step)
        masks(k, ops, m + from, n - from < step ? n - from : step);
}
