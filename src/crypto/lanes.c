#include "crypto/lanes.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto/lib.h"
#include "kernel/sha256.h"

_Static_assert(WTL_LANES_MOST + 0 <= WTL_SHA256_LANES_MOST + 0, "the kernel takes all lanes at once");

/* A SHA-256 under way: its blocks go to the kernel, what is no whole block yet waits here. */
typedef struct message {
    uint64_t total; /* bytes so far */
    uint8_t part[2 * WTL_SHA256_BLOCK];
    size_t n; /* bytes in part: less than a block, except at the end */
} message;

struct wtl_lanes {
    const wtl_sha256_plan *plan; /* NULL: one after another through EVP */
    wtl_hasher *h[WTL_LANES_MOST];
    wtl_sha256_lane lane[WTL_LANES_MOST];
    message msg[WTL_LANES_MOST];
};

void wtl_lanes_free(wtl_lanes *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < WTL_LANES_MOST; i++)
        wtl_hasher_free(l->h[i]);
    OPENSSL_clear_free(l, sizeof *l);
}

void wtl_lanes_auto(wtl_lanes **l)
{
    wtl_lanes_free(*l);
}

/* Without a vector unit that we know, OpenSSL's own assembler is quicker than plain C; unless plain C is forced. And where our
 * kernels are switched off, OpenSSL hashes. */
static int pick(const wtl_sha256_plan **plan, enum wtl_hash h, wtl_err *err)
{
    *plan = NULL;
    if (h != WTL_HASH_SHA256 || wtl_lib_crypto() != WTL_LIB_WATTLE)
        return WTL_OK;
    TRY(wtl_sha256_pick(plan, err));
    if (wtl_sha256_level(*plan) == WTL_CPU_REF && wtl_cpu_forced() == WTL_CPU_AUTO)
        *plan = NULL;
    return WTL_OK;
}

static void start(wtl_lanes *l, size_t lane)
{
    l->lane[lane].blocks = 0;
    wtl_sha256_start(l->lane[lane].state);
    l->msg[lane].total = 0;
    l->msg[lane].n = 0;
}

int wtl_lanes_new(wtl_lanes **out, enum wtl_hash h, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_lanes) *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
    TRY(pick(&l->plan, h, err));
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        start(l, i);
        if (l->plan == NULL)
            TRY(wtl_hasher_new(&l->h[i], h, err));
    }
    *out = l;
    l = NULL;
    return WTL_OK;
}

int wtl_lanes_start(wtl_lanes *l, size_t lane, wtl_err *err)
{
    if (l->plan == NULL)
        return wtl_hasher_start(l->h[lane], err);
    start(l, lane);
    return WTL_OK;
}

/* Completes the block that waits, as far as `rest` goes; true when it is whole and the lane set to run it. */
static bool top_up(message *m, wtl_sha256_lane *lane, wtl_bytes *rest)
{
    if (m->n == 0)
        return false;
    size_t take = WTL_SHA256_BLOCK - m->n;
    if (take > rest->n)
        take = rest->n;
    if (take > 0)
        memcpy(m->part + m->n, rest->p, take);
    m->n += take;
    *rest = (wtl_bytes){rest->p + take, rest->n - take};
    if (m->n < WTL_SHA256_BLOCK)
        return false;
    lane->p = m->part;
    lane->blocks = 1;
    m->n = 0;
    return true;
}

static void add(wtl_lanes *l, const wtl_bytes part[WTL_LANES_MOST])
{
    wtl_bytes rest[WTL_LANES_MOST];
    bool any = false;
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        rest[i] = part[i];
        if (rest[i].n == 0)
            continue;
        l->msg[i].total += rest[i].n;
        any |= top_up(&l->msg[i], &l->lane[i], &rest[i]);
    }
    if (any)
        wtl_sha256_run(l->plan, l->lane, WTL_LANES_MOST);
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        l->lane[i].p = rest[i].p;
        l->lane[i].blocks = rest[i].n / WTL_SHA256_BLOCK;
    }
    wtl_sha256_run(l->plan, l->lane, WTL_LANES_MOST);
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        size_t left = rest[i].n % WTL_SHA256_BLOCK;
        if (left > 0)
            memcpy(l->msg[i].part, rest[i].p + (rest[i].n - left), left);
        l->msg[i].n += left;
    }
}

int wtl_lanes_add(wtl_lanes *l, const wtl_bytes part[WTL_LANES_MOST], wtl_err *err)
{
    if (l->plan != NULL) {
        add(l, part);
        return WTL_OK;
    }
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        if (part[i].n > 0)
            TRY(wtl_hasher_add(l->h[i], part[i], err));
    }
    return WTL_OK;
}

static void put_be(uint8_t *p, size_t n, uint64_t v)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

/* FIPS 180-4 section 5.1.1: a one bit, zeros, the length in bits. */
static void end(wtl_lanes *l, size_t lane, uint8_t *out)
{
    message *m = &l->msg[lane];
    wtl_sha256_lane *s = &l->lane[lane];
    size_t n = m->n + 1 + 8 <= WTL_SHA256_BLOCK ? WTL_SHA256_BLOCK : 2 * WTL_SHA256_BLOCK;
    memset(m->part + m->n, 0, n - m->n);
    m->part[m->n] = 0x80;
    put_be(m->part + n - 8, 8, m->total * 8);
    s->p = m->part;
    s->blocks = n / WTL_SHA256_BLOCK;
    wtl_sha256_run(l->plan, s, 1);
    for (size_t i = 0; i < 8; i++)
        put_be(out + 4 * i, 4, s->state[i]);
    start(l, lane);
}

int wtl_lanes_end(wtl_lanes *l, size_t lane, uint8_t *out, wtl_err *err)
{
    if (l->plan == NULL)
        return wtl_hasher_end(l->h[lane], out, err);
    end(l, lane, out);
    return WTL_OK;
}

size_t wtl_lanes_width(enum wtl_hash h)
{
    const wtl_sha256_plan *plan;
    if (pick(&plan, h, NULL) < 0 || plan == NULL)
        return 1;
    return wtl_sha256_width(plan);
}

int wtl_lanes_fault(wtl_err *err)
{
    return wtl_sha256_fault(err);
}
