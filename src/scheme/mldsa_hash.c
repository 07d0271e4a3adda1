#include "scheme/mldsa_impl.h"

#include <string.h>

enum { RATE = WTL_MLDSA_BLOCK, WORDS = RATE / 8, LANES = WTL_MLDSA_LANES };

static size_t length(const wtl_mldsa_text *t)
{
    size_t n = 0;
    for (size_t i = 0; i < WTL_MLDSA_PARTS; i++)
        n += t->part[i].n;
    return n;
}

static size_t blocks_of(const wtl_mldsa_text *t)
{
    return length(t) / RATE + 1; /* padding needs at least a byte */
}

/* The next 136 bytes of the text: in place when one part has them all, else gathered in `room`; padded at the end. */
static const uint8_t *next_block(wtl_mldsa_text *t, uint8_t room[RATE])
{
    size_t have = 0;
    for (size_t i = 0; i < WTL_MLDSA_PARTS; i++) {
        wtl_bytes *part = &t->part[i];
        size_t take = part->n < RATE - have ? part->n : RATE - have;
        if (take == 0)
            continue;
        const uint8_t *p = part->p;
        part->p += take;
        part->n -= take;
        if (take == RATE)
            return p;
        memcpy(room + have, p, take);
        have += take;
    }
    if (have < RATE) {
        memset(room + have, 0, RATE - have);
        room[have] = 0x1f;
        room[RATE - 1] |= 0x80;
    }
    return room;
}

static inline uint64_t load(const uint8_t *p)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 8; i++)
        x |= (uint64_t)p[i] << 8 * i;
    return x;
}

/* 2 to 8 texts of equally many blocks. */
static void together(const wtl_keccak *k, wtl_mldsa_text *text, size_t n, uint8_t *const out[], size_t out_n)
{
    _Alignas(64) uint64_t s[WTL_KECCAK_WORDS * LANES] = {0};
    uint8_t room[LANES][RATE];
    uint8_t *result[LANES];
    const size_t width = n <= 4 ? 4 : LANES;
    for (size_t left = blocks_of(&text[0]); left > 0; left--) {
        for (size_t i = 0; i < n; i++) {
            const uint8_t *p = next_block(&text[i], room[i]);
            for (size_t w = 0; w < WORDS; w++)
                s[w * width + i] ^= load(p + 8 * w);
        }
        if (left > 1)
            width == 4 ? k->x4(s) : k->x8(s);
    }
    for (size_t i = 0; i < LANES; i++)
        result[i] = room[i];
    if (width == 4)
        k->squeeze_x4(s, result, RATE, 1);
    else
        k->squeeze_x8(s, result, RATE, 1);
    for (size_t i = 0; i < n; i++)
        memcpy(out[i], room[i], out_n);
    wtl_secret_wipe(s, sizeof(uint64_t) * WTL_KECCAK_WORDS * width);
    wtl_secret_wipe(room, sizeof room);
}

/* Takes the first text that is left and those like it, at most `most`. Returns how many. */
static size_t alike(const wtl_mldsa_text *text, size_t n, uint8_t *left, size_t most, size_t pick[])
{
    size_t got = 0;
    for (size_t i = 0; i < n && got < most; i++) {
        if (!left[i] || (got > 0 && blocks_of(&text[i]) != blocks_of(&text[pick[0]])))
            continue;
        pick[got++] = i;
        left[i] = 0;
    }
    return got;
}

void wtl_mldsa_hash(const wtl_keccak *k, const wtl_mldsa_text *text, size_t n, uint8_t *const out[],
                    size_t out_n)
{
    uint8_t left[LANES];
    size_t pick[LANES];
    memset(left, 1, sizeof left);
    const size_t most = k->level == WTL_CPU_REF ? 1 : k->level == WTL_CPU_AVX2 ? 4 : LANES;
    for (size_t got; (got = alike(text, n, left, most, pick)) > 0;) {
        if (got == 1) {
            wtl_shake_once(k, WTL_SHAKE256, text[pick[0]].part, WTL_MLDSA_PARTS, out[pick[0]], out_n);
            continue;
        }
        wtl_mldsa_text some[LANES];
        uint8_t *to[LANES] = {0};
        for (size_t i = 0; i < got; i++) {
            some[i] = text[pick[i]];
            to[i] = out[pick[i]];
        }
        together(k, some, got, to, out_n);
    }
}

/* Where the sampler stands: tau coefficients are set from i = 256 - tau on, with their signs. */
typedef struct ball {
    wtl_polydsa_poly *c;
    uint64_t signs;
    unsigned i;
} ball;

static void start(ball *b, wtl_polydsa_poly *c, const uint8_t *signs, unsigned tau)
{
    memset(c, 0, sizeof *c);
    *b = (ball){c, load(signs), WTL_POLYDSA_N - tau};
}

/* Takes n bytes of the stream; true when all coefficients are set. The commitment hash is public, whether it is rejected
 * or not: it is that of a random y. */
static bool more(ball *b, const uint8_t *in, size_t n)
{
    for (size_t at = 0; at < n && b->i < WTL_POLYDSA_N; at++) {
        unsigned j = in[at];
        if (j > b->i)
            continue;
        b->c->c[b->i++] = b->c->c[j];
        b->c->c[j] = 1 - 2 * (int32_t)(b->signs & 1);
        b->signs >>= 1;
    }
    return b->i == WTL_POLYDSA_N;
}

void wtl_mldsa_hash_ball(const wtl_mldsa_key *key, wtl_polydsa_poly *c, const uint8_t *hash,
                         const uint8_t block[WTL_MLDSA_BLOCK])
{
    ball b;
    start(&b, c, block, key->p->tau);
    if (more(&b, block + 8, RATE - 8))
        return;
    uint8_t again[RATE];
    wtl_shake h;
    wtl_shake_start(&h, key->keccak, WTL_SHAKE256);
    wtl_shake_add(&h, (wtl_bytes){hash, key->p->lambda_bytes});
    wtl_shake_read(&h, again, RATE);
    do
        wtl_shake_read(&h, again, RATE);
    while (!more(&b, again, RATE));
    wtl_shake_end(&h);
}
