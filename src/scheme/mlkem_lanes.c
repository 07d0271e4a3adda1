#include "scheme/mlkem_lanes.h"

#include <string.h>

#include "base/secret.h"

enum { WORDS = WTL_KECCAK_WORDS, MOST = WTL_KECCAK_LANES_MOST, HEAD_WORDS = 4 };
enum { RATE_128 = 21, RATE_256 = 17, RATE_SHA3_512 = 9, PAD_SHA3 = 0x06, PAD_SHAKE = 0x1f };

/* Written out, these become one instruction each. */
static uint64_t load(const uint8_t *p)
{
    return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
           (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static void store(uint8_t *p, uint64_t x)
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

wtl_mlkem_task wtl_mlkem_lanes_g(const uint8_t head[32], const uint8_t body[32], uint8_t out[64])
{
    return (wtl_mlkem_task){.head = head,
                            .body = body,
                            .body_n = 32,
                            .end = PAD_SHA3,
                            .rate = RATE_SHA3_512,
                            .use = WTL_MLKEM_DIGEST,
                            .want = 64,
                            .out = out};
}

wtl_mlkem_task wtl_mlkem_lanes_g_seed(const uint8_t d[32], uint8_t k, uint8_t out[64])
{
    return (wtl_mlkem_task){.head = d,
                            .body = d,
                            .end = k | PAD_SHA3 << 8,
                            .rate = RATE_SHA3_512,
                            .use = WTL_MLKEM_DIGEST,
                            .want = 64,
                            .out = out};
}

wtl_mlkem_task wtl_mlkem_lanes_h(const uint8_t *ek, size_t n, uint8_t out[32])
{
    return (wtl_mlkem_task){.head = ek,
                            .body = ek + 32,
                            .body_n = n - 32,
                            .end = PAD_SHA3,
                            .rate = RATE_256,
                            .use = WTL_MLKEM_DIGEST,
                            .want = 32,
                            .out = out};
}

wtl_mlkem_task wtl_mlkem_lanes_j(const uint8_t z[32], const uint8_t *c, size_t n, uint8_t out[32])
{
    return (wtl_mlkem_task){.head = z,
                            .body = c,
                            .body_n = n,
                            .end = PAD_SHAKE,
                            .rate = RATE_256,
                            .use = WTL_MLKEM_DIGEST,
                            .want = 32,
                            .out = out};
}

wtl_mlkem_task wtl_mlkem_lanes_prf(const uint8_t s[32], uint8_t nonce, uint8_t blocks,
                                   uint8_t out[WTL_MLKEM_PRF_ROOM])
{
    return (wtl_mlkem_task){.head = s,
                            .body = s,
                            .end = nonce | PAD_SHAKE << 8,
                            .rate = RATE_256,
                            .use = WTL_MLKEM_PRF,
                            .want = blocks,
                            .out = out};
}

wtl_mlkem_task wtl_mlkem_lanes_sample(const uint8_t rho[32], uint8_t i, uint8_t j, wtl_polykem_poly *poly)
{
    return (wtl_mlkem_task){.head = rho,
                            .body = rho,
                            .end = j | (uint64_t)i << 8 | PAD_SHAKE << 16,
                            .rate = RATE_128,
                            .use = WTL_MLKEM_SAMPLE,
                            .poly = poly};
}

void wtl_mlkem_lanes_start(wtl_mlkem_lanes *l, const wtl_keccak *keccak, const wtl_polykem *poly)
{
    memset(l->s, 0, sizeof l->s);
    memset(l->lane, 0, sizeof l->lane);
    l->keccak = keccak;
    l->poly = poly;
    l->width = 1;
    l->first = NULL;
    l->last = &l->first;
}

void wtl_mlkem_lanes_add(wtl_mlkem_lanes *l, wtl_mlkem_task *task)
{
    task->next = NULL;
    task->done = false;
    *l->last = task;
    l->last = &task->next;
}

void wtl_mlkem_lanes_end(wtl_mlkem_lanes *l)
{
    wtl_secret_wipe(l->s, sizeof l->s);
    wtl_secret_wipe(l->unused, sizeof l->unused); /* has seen the states of digests */
}

/* Word w of lane i of a state of that width stands at s[first_of(i) + w * stride_of()]. */
static size_t first_of(unsigned width, unsigned i)
{
    return width == 1 ? (size_t)WORDS * i : i;
}

/* Takes in the message's words up to the end of the block; `end` and the padding's last bit close the last block. */
static void absorb(wtl_mlkem_lanes *l, unsigned i)
{
    wtl_mlkem_lane *a = &l->lane[i];
    const wtl_mlkem_task *t = a->task;
    uint64_t *s = l->s + first_of(l->width, i);
    size_t stride = l->width;
    unsigned w = 0;
    for (; w < t->rate && a->at < HEAD_WORDS; w++, a->at++)
        s[w * stride] ^= load(t->head + 8 * a->at);
    size_t n = a->words - 1 - a->at < (size_t)t->rate - w ? a->words - 1 - a->at : (size_t)t->rate - w;
    const uint8_t *p = t->body + 8 * (a->at - HEAD_WORDS);
    for (size_t j = 0; j < n; j++)
        s[(w + j) * stride] ^= load(p + 8 * j);
    a->at += n;
    w += (unsigned)n;
    if (w < t->rate && a->at == a->words - 1) {
        s[w * stride] ^= t->end;
        s[(t->rate - 1u) * stride] ^= (uint64_t)1 << 63;
        a->at++;
    }
}

static void begin(wtl_mlkem_lanes *l, unsigned i)
{
    wtl_mlkem_task *t = l->first;
    l->first = t->next;
    if (l->first == NULL)
        l->last = &l->first;
    l->lane[i] = (wtl_mlkem_lane){.task = t, .words = HEAD_WORDS + t->body_n / 8 + 1};
    for (size_t w = 0; w < WORDS; w++)
        l->s[first_of(l->width, i) + w * l->width] = 0;
    absorb(l, i);
}

/* Moves the busy lanes to the front of a state of another width. */
static void reshape(wtl_mlkem_lanes *l, unsigned width)
{
    uint64_t old[WORDS * MOST];
    unsigned to = 0;
    memcpy(old, l->s, sizeof old);
    for (unsigned i = 0; i < MOST; i++) {
        if (l->lane[i].task == NULL)
            continue;
        for (size_t w = 0; w < WORDS; w++)
            l->s[first_of(width, to) + w * width] = old[first_of(l->width, i) + w * l->width];
        if (to != i) {
            memcpy(l->xof[to], l->xof[i], (size_t)168 * (l->lane[i].blocks < 3 ? l->lane[i].blocks : 0));
            l->lane[to] = l->lane[i];
            l->lane[i].task = NULL;
        }
        to++;
    }
    l->width = width;
    wtl_secret_wipe(old, sizeof old);
}

/* Gives tasks that wait to lanes that are free, in as narrow a state as holds them. Returns how many lanes are busy. */
static unsigned fill(wtl_mlkem_lanes *l)
{
    unsigned busy = 0;
    for (unsigned i = 0; i < MOST; i++)
        busy += l->lane[i].task != NULL;
    for (const wtl_mlkem_task *t = l->first; t != NULL && busy < MOST; t = t->next)
        busy++;
    unsigned width = busy <= 1 || l->keccak->level == WTL_CPU_REF ? 1 : busy <= 4 ? 4 : 8;
    if (width != l->width)
        reshape(l, width);
    for (unsigned i = 0; i < MOST && l->first != NULL; i++) {
        if (l->lane[i].task == NULL)
            begin(l, i);
    }
    return busy;
}

/* Where the block that the lane is about to squeeze goes; NULL when it has more to take in, or gives a digest. */
static uint8_t *block_of(wtl_mlkem_lanes *l, unsigned i)
{
    const wtl_mlkem_lane *a = &l->lane[i];
    if (a->task == NULL || a->at < a->words || a->task->use == WTL_MLKEM_DIGEST)
        return NULL;
    if (a->task->use == WTL_MLKEM_PRF)
        return a->task->out + (size_t)136 * a->blocks;
    return l->xof[i] + (size_t)168 * (a->blocks < 3 ? a->blocks : 0);
}

static void put(uint8_t *out, const uint64_t *s, size_t stride, size_t words)
{
    for (size_t w = 0; w < words; w++)
        store(out + 8 * w, s[w * stride]);
}

static void permute_each(wtl_mlkem_lanes *l)
{
    for (unsigned i = 0; i < MOST; i++) {
        uint8_t *out = block_of(l, i);
        uint64_t *s = l->s + first_of(1, i);
        if (l->lane[i].task != NULL)
            l->keccak->x1(s);
        if (out != NULL)
            put(out, s, 1, l->lane[i].task->rate);
    }
}

/* Blocks of 168 bytes are given to all; a PRF's room allows for what it did not ask for. */
static void permute(wtl_mlkem_lanes *l)
{
    uint8_t *out[MOST];
    size_t rate = 0;
    if (l->width == 1) {
        permute_each(l);
        return;
    }
    for (unsigned i = 0; i < l->width; i++) {
        out[i] = block_of(l, i);
        if (out[i] == NULL)
            out[i] = l->unused;
        else if (rate < (size_t)8 * l->lane[i].task->rate)
            rate = (size_t)8 * l->lane[i].task->rate;
    }
    if (rate == 0 && l->width == 4)
        l->keccak->x4(l->s);
    else if (rate == 0)
        l->keccak->x8(l->s);
    else if (l->width == 4)
        l->keccak->squeeze_x4(l->s, out, rate, 1);
    else
        l->keccak->squeeze_x8(l->s, out, rate, 1);
}

/* Three blocks are enough for 99 polynomials of 100; they are sampled at once, further ones each. */
static bool sampled(wtl_mlkem_lanes *l, unsigned i)
{
    wtl_mlkem_lane *a = &l->lane[i];
    if (a->blocks >= 3)
        a->have = l->poly->sample_ntt(a->task->poly, a->have, l->xof[i],
                                      a->blocks == 3 ? WTL_MLKEM_XOF_FIRST : 168);
    return a->have == WTL_POLYKEM_N;
}

static void advance(wtl_mlkem_lanes *l, unsigned i)
{
    wtl_mlkem_lane *a = &l->lane[i];
    wtl_mlkem_task *t = a->task;
    if (a->at < a->words) {
        absorb(l, i);
        return;
    }
    a->blocks++;
    if (t->use == WTL_MLKEM_DIGEST)
        put(t->out, l->s + first_of(l->width, i), l->width, t->want / 8);
    t->done = t->use == WTL_MLKEM_DIGEST || (t->use == WTL_MLKEM_PRF && a->blocks == t->want) ||
              (t->use == WTL_MLKEM_SAMPLE && sampled(l, i));
    if (t->done)
        a->task = NULL;
}

void wtl_mlkem_lanes_run(wtl_mlkem_lanes *l, const wtl_mlkem_task *until)
{
    while ((until == NULL || !until->done) && fill(l) > 0) {
        permute(l);
        for (unsigned i = 0; i < MOST; i++) {
            if (l->lane[i].task != NULL)
                advance(l, i);
        }
    }
}

size_t wtl_mlkem_lanes_taken(const wtl_mlkem_lanes *l, const wtl_mlkem_task *task)
{
    for (unsigned i = 0; i < MOST; i++) {
        if (l->lane[i].task == task)
            return 8 * l->lane[i].at;
    }
    return 0;
}
