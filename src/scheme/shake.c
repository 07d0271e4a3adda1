#include "scheme/shake.h"

#include <string.h>

/* Written out, so that compilers see one load and one store of 8 bytes. */
static inline uint64_t load(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static inline void store(uint8_t *p, uint64_t x)
{
    p[0] = (uint8_t)x;
    p[1] = (uint8_t)(x >> 8);
    p[2] = (uint8_t)(x >> 16);
    p[3] = (uint8_t)(x >> 24);
    p[4] = (uint8_t)(x >> 32);
    p[5] = (uint8_t)(x >> 40);
    p[6] = (uint8_t)(x >> 48);
    p[7] = (uint8_t)(x >> 56);
}

/* Adds up to 8 bytes to one word, from its byte `at` on. */
static inline void add_bytes(uint64_t *word, size_t at, const uint8_t *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x |= (uint64_t)p[i] << 8 * (at + i);
    *word ^= x;
}

/* Adds n bytes to the state whose word w stands at s[w * stride], from its byte `at` on, all within the block. */
static inline void add(uint64_t *s, size_t stride, size_t at, const uint8_t *p, size_t n)
{
    if (at % 8 != 0 && n > 0) {
        size_t take = 8 - at % 8 < n ? 8 - at % 8 : n;
        add_bytes(&s[at / 8 * stride], at % 8, p, take);
        at += take;
        p += take;
        n -= take;
    }
    for (; n >= 8; n -= 8, p += 8, at += 8)
        s[at / 8 * stride] ^= load(p);
    if (n > 0)
        add_bytes(&s[at / 8 * stride], 0, p, n);
}

/* FIPS 202 section 5.1 and 6: the domain's bits and the first bit of pad10*1 are `pad`; the last bit ends the block. */
static inline void add_pad(uint64_t *s, size_t stride, size_t at, wtl_shake_kind kind)
{
    s[at / 8 * stride] ^= (uint64_t)kind.pad << 8 * (at % 8);
    s[(kind.rate / 8 - 1) * stride] ^= (uint64_t)1 << 63;
}

/* Reads n bytes from byte `at` of the state on, all within the block. */
static void get(uint8_t *out, const uint64_t *s, size_t at, size_t n)
{
    for (; n > 0 && at % 8 != 0; n--, at++)
        *out++ = (uint8_t)(s[at / 8] >> 8 * (at % 8));
    for (; n >= 8; n -= 8, out += 8, at += 8)
        store(out, s[at / 8]);
    for (; n > 0; n--, at++)
        *out++ = (uint8_t)(s[at / 8] >> 8 * (at % 8));
}

void wtl_shake_start(wtl_shake *h, const wtl_keccak *k, wtl_shake_kind kind)
{
    *h = (wtl_shake){.k = k, .kind = kind};
}

void wtl_shake_add(wtl_shake *h, wtl_bytes part)
{
    while (part.n > 0) {
        size_t room = (size_t)h->kind.rate - h->at;
        size_t take = part.n < room ? part.n : room;
        add(h->s, 1, h->at, part.p, take);
        h->at = (uint8_t)(h->at + take);
        part.p += take;
        part.n -= take;
        if (h->at == h->kind.rate) {
            h->k->x1(h->s);
            h->at = 0;
        }
    }
}

void wtl_shake_read(wtl_shake *h, uint8_t *out, size_t n)
{
    if (!h->squeezing) {
        add_pad(h->s, 1, h->at, h->kind);
        h->at = h->kind.rate;
        h->squeezing = true;
    }
    while (n > 0) {
        if (h->at == h->kind.rate) {
            h->k->x1(h->s);
            h->at = 0;
        }
        size_t left = (size_t)h->kind.rate - h->at;
        size_t take = n < left ? n : left;
        get(out, h->s, h->at, take);
        h->at = (uint8_t)(h->at + take);
        out += take;
        n -= take;
    }
}

void wtl_shake_end(wtl_shake *h)
{
    wtl_secret_wipe(h, sizeof *h);
}

void wtl_shake_once(const wtl_keccak *k, wtl_shake_kind kind, const wtl_bytes *part, size_t parts,
                    uint8_t *out, size_t n)
{
    wtl_shake h;
    wtl_shake_start(&h, k, kind);
    for (size_t i = 0; i < parts; i++)
        wtl_shake_add(&h, part[i]);
    wtl_shake_read(&h, out, n);
    wtl_shake_end(&h);
}

void wtl_shake_lanes_start(wtl_shake_lanes *l, const wtl_keccak *k, wtl_shake_kind kind, size_t lanes,
                           const uint8_t *const head[], size_t head_n, const uint8_t *const tail[],
                           size_t tail_n)
{
    size_t width = lanes <= 4 ? 4 : 8;
    l->k = k;
    l->kind = kind;
    l->lanes = (uint8_t)lanes;
    l->width = (uint8_t)width;
    memset(l->s, 0, sizeof(uint64_t) * WTL_KECCAK_WORDS * width);
    for (size_t i = 0; i < width; i++) {
        size_t from = i < lanes ? i : 0; /* what is left over repeats lane 0 */
        if (head_n > 0)
            add(l->s + i, width, 0, head[from], head_n);
        if (tail_n > 0)
            add(l->s + i, width, head_n, tail[from], tail_n);
        add_pad(l->s + i, width, head_n + tail_n, kind);
    }
}

void wtl_shake_lanes_read(wtl_shake_lanes *l, uint8_t *const out[], size_t blocks)
{
    uint8_t *all[WTL_KECCAK_LANES_MOST];
    for (size_t i = 0; i < l->width; i++)
        all[i] = out[i < l->lanes ? i : 0]; /* the same bytes once more */
    if (l->width == 4)
        l->k->squeeze_x4(l->s, all, l->kind.rate, blocks);
    else
        l->k->squeeze_x8(l->s, all, l->kind.rate, blocks);
}

void wtl_shake_lanes_end(wtl_shake_lanes *l)
{
    wtl_secret_wipe(l->s, sizeof(uint64_t) * WTL_KECCAK_WORDS * l->width);
}
