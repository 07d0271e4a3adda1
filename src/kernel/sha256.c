#include "kernel/sha256.h"

#include <pthread.h>
#include <string.h>

#include "kernel/sha256_impl.h"

/* In order of preference. From how many lanes on the wide way is the quicker one was measured (docs/design/sha256.md):
 * 16 at once cost as much as 9 by the SHA extensions, 8 as much as 2 in plain C. */
static const wtl_sha256_plan plans[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512,
     WTL_CPU_SHANI,
     16,
     {{wtl_sha256_avx512_x16, 16, 9}, {wtl_sha256_shani_x2, 2, 2}, {wtl_sha256_shani_x1, 1, 1}}},
    {WTL_CPU_SHANI, WTL_CPU_SHANI, 2, {{wtl_sha256_shani_x2, 2, 2}, {wtl_sha256_shani_x1, 1, 1}}},
    {WTL_CPU_AVX512, WTL_CPU_AVX512, 16, {{wtl_sha256_avx512_x16, 16, 2}, {wtl_sha256_ref_x1, 1, 1}}},
    {WTL_CPU_AVX2, WTL_CPU_AVX2, 8, {{wtl_sha256_avx2_x8, 8, 3}, {wtl_sha256_ref_x1, 1, 1}}},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, 1, {{wtl_sha256_ref_x1, 1, 1}}},
};
enum { PLANS = sizeof plans / sizeof plans[0] };

/* What was chosen for each level, and last for no level. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    bool done;
    int rc;
    const wtl_sha256_plan *plan, *fault;
    wtl_err err;
} chosen[WTL_CPU_LEVELS + 1];

void wtl_sha256_start(uint32_t state[8])
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(state, first, sizeof first);
}

enum wtl_cpu_level wtl_sha256_level(const wtl_sha256_plan *plan)
{
    return plan->level;
}

size_t wtl_sha256_width(const wtl_sha256_plan *plan)
{
    return plan->width;
}

/* The lanes with data, those with the most of it first. */
static size_t longest_first(size_t order[WTL_SHA256_LANES_MOST], const wtl_sha256_lane *lanes, size_t n)
{
    size_t active = 0;
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].blocks == 0)
            continue;
        size_t at = active++;
        for (; at > 0 && lanes[order[at - 1]].blocks < lanes[i].blocks; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return active;
}

static void advance(const wtl_sha256_step *s, wtl_sha256_lane *lanes, const size_t *order, size_t take,
                    size_t blocks)
{
    uint32_t unused[WTL_SHA256_LANES_MOST][8];
    uint32_t *state[WTL_SHA256_LANES_MOST];
    const uint8_t *p[WTL_SHA256_LANES_MOST];
    for (size_t i = 0; i < s->width; i++) {
        bool used = i < take;
        if (!used)
            memset(unused[i], 0, sizeof unused[i]);
        state[i] = used ? lanes[order[i]].state : unused[i];
        p[i] = lanes[order[used ? i : 0]].p;
    }
    s->fn(state, p, blocks);
    for (size_t i = 0; i < take; i++) {
        lanes[order[i]].p += blocks * WTL_SHA256_BLOCK;
        lanes[order[i]].blocks -= blocks;
    }
}

void wtl_sha256_run(const wtl_sha256_plan *plan, wtl_sha256_lane *lanes, size_t n)
{
    /* Lanes that do not fit at once take turns, so that they end together and none is left to run alone. */
    enum { TURN = 256 };
    size_t order[WTL_SHA256_LANES_MOST] = {0};
    for (size_t active; (active = longest_first(order, lanes, n)) > 0;) {
        const wtl_sha256_step *s = plan->step;
        while (active < s->least)
            s++;
        size_t take = active < s->width ? active : s->width;
        size_t blocks = lanes[order[take - 1]].blocks;
        if (active > take && blocks > TURN)
            blocks = TURN;
        advance(s, lanes, order, take, blocks);
    }
}

/* "abc" and the two-block message of FIPS 180-2 appendix B.1 and B.2, padded, and their digests. */
static bool known_answers(const wtl_sha256_plan *plan)
{
    static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const uint32_t one[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                    0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
    static const uint32_t two[8] = {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039,
                                    0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1};
    uint8_t a[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    uint8_t b[128] = {[56] = 0x80, [126] = 448 >> 8, [127] = 448 & 0xff};
    memcpy(b, text, 56);
    wtl_sha256_lane lanes[WTL_SHA256_LANES_MOST];
    for (size_t i = 0; i < WTL_SHA256_LANES_MOST; i++) {
        lanes[i] = (wtl_sha256_lane){.p = i % 2 ? b : a, .blocks = i % 2 ? 2 : 1};
        wtl_sha256_start(lanes[i].state);
    }
    wtl_sha256_run(plan, lanes, WTL_SHA256_LANES_MOST);
    for (size_t i = 0; i < WTL_SHA256_LANES_MOST; i++) {
        if (memcmp(lanes[i].state, i % 2 ? two : one, sizeof one) != 0)
            return false;
    }
    return true;
}

/* Messages of 1 to 5 blocks, from starts that are not aligned. */
static void example(wtl_sha256_lane lanes[WTL_SHA256_LANES_MOST], const uint8_t *data)
{
    for (size_t i = 0; i < WTL_SHA256_LANES_MOST; i++) {
        lanes[i] = (wtl_sha256_lane){.p = data + 37 * i, .blocks = 1 + 7 * i % 5};
        wtl_sha256_start(lanes[i].state);
        lanes[i].state[i % 8] += (uint32_t)i;
    }
}

static bool like_ref(const wtl_sha256_plan *plan)
{
    static const uint8_t counts[] = {1, 2, 3, 8, 9, 15, 16};
    uint8_t data[37 * WTL_SHA256_LANES_MOST + 5 * WTL_SHA256_BLOCK];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(x >> 24);
    }
    wtl_sha256_lane good[WTL_SHA256_LANES_MOST];
    wtl_sha256_lane lanes[WTL_SHA256_LANES_MOST];
    example(good, data);
    wtl_sha256_run(&plans[PLANS - 1], good, WTL_SHA256_LANES_MOST);
    for (size_t c = 0; c < sizeof counts; c++) {
        example(lanes, data);
        wtl_sha256_run(plan, lanes, counts[c]);
        for (size_t i = 0; i < counts[c]; i++) {
            if (memcmp(lanes[i].state, good[i].state, sizeof good[i].state) != 0 || lanes[i].p != good[i].p)
                return false;
        }
    }
    return true;
}

int wtl_sha256_check(const wtl_sha256_plan *plan, wtl_err *err)
{
    ENSURE(known_answers(plan) && like_ref(plan), err, WTL_BUG,
           "SHA-256 by %s computes wrongly on this machine: its processor or memory may be faulty",
           wtl_cpu_name(plan->level));
    return WTL_OK;
}

int wtl_sha256_choose(const wtl_sha256_plan **out, const wtl_sha256_plan **fault, const wtl_sha256_plan *p,
                      size_t n, enum wtl_cpu_level level, wtl_err *err)
{
    *out = NULL;
    *fault = NULL;
    for (size_t i = 0; i < n; i++) {
        if ((level != WTL_CPU_AUTO && p[i].level != level) || !wtl_cpu_has(p[i].level) ||
            !wtl_cpu_has(p[i].also))
            continue;
        int rc = wtl_sha256_check(&p[i], err);
        if (rc == WTL_OK) {
            *out = &p[i];
            return WTL_OK;
        }
        if (level != WTL_CPU_AUTO)
            return rc;
        if (*fault == NULL)
            *fault = &p[i];
    }
    if (*fault != NULL)
        return WTL_BUG; /* the sentence is the last check's */
    return WTL_FAIL(err, WTL_POLICY, "this processor or its operating system does not offer SHA-256 by %s",
                    level == WTL_CPU_AUTO ? "any way" : wtl_cpu_name(level));
}

int wtl_sha256_pick_level(const wtl_sha256_plan **out, enum wtl_cpu_level level, wtl_err *err)
{
    size_t i = level == WTL_CPU_AUTO ? WTL_CPU_LEVELS : (size_t)level;
    pthread_mutex_lock(&lock);
    if (!chosen[i].done) {
        chosen[i].rc = wtl_sha256_choose(&chosen[i].plan, &chosen[i].fault, plans, PLANS, level,
                                         &chosen[i].err);
        chosen[i].done = true;
    }
    pthread_mutex_unlock(&lock); /* once made, a choice does not change */
    *out = chosen[i].plan;
    if (chosen[i].rc < 0 && err != NULL)
        *err = chosen[i].err;
    return chosen[i].rc;
}

int wtl_sha256_pick(const wtl_sha256_plan **out, wtl_err *err)
{
    return wtl_sha256_pick_level(out, wtl_cpu_forced(), err);
}

int wtl_sha256_fault(wtl_err *err)
{
    pthread_mutex_lock(&lock);
    const wtl_sha256_plan *fault = chosen[WTL_CPU_LEVELS].fault;
    pthread_mutex_unlock(&lock);
    ENSURE(fault == NULL, err, WTL_BUG,
           "SHA-256 by %s computed wrongly in its self-test and was not used: this machine's processor or "
           "memory may be "
           "faulty",
           wtl_cpu_name(fault->level));
    return WTL_OK;
}
