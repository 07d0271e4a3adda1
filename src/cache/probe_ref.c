#include <string.h>

#include "cache/probe.h"

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

typedef struct sip {
    uint64_t v0, v1, v2, v3;
} sip;

static inline void rounds(sip *s, unsigned n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotl(s->v1, 13) ^ s->v0;
        s->v0 = rotl(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotl(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotl(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotl(s->v1, 17) ^ s->v2;
        s->v2 = rotl(s->v2, 32);
    }
}

static inline void absorb(sip *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

/* SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012) under the first 16 bytes of the secret. */
static inline uint64_t probe_hash(const wtl_probe_secret *secret, wtl_bytes key)
{
    uint64_t k[2];
    memcpy(k, secret->lane, sizeof k);
    sip s = {k[0] ^ UINT64_C(0x736f6d6570736575), k[1] ^ UINT64_C(0x646f72616e646f6d),
             k[0] ^ UINT64_C(0x6c7967656e657261), k[1] ^ UINT64_C(0x7465646279746573)};
    size_t i = 0;
    for (; i + 8 <= key.n; i += 8) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++)
            word |= (uint64_t)key.p[i + j] << 8 * j;
        absorb(&s, word);
    }
    uint64_t end = (uint64_t)key.n << 56;
    for (unsigned j = 0; i + j < key.n; j++)
        end |= (uint64_t)key.p[i + j] << 8 * j;
    absorb(&s, end);
    s.v2 ^= 0xff;
    rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static inline uint32_t probe_match(const wtl_probe_bucket *b, uint64_t hash)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < WTL_PROBE_SLOTS; i++) {
        uint64_t slot = atomic_load_explicit(&b->slot[i], memory_order_acquire);
        bits |= (uint32_t)((slot ^ hash << 48) >> 48 == 0) << i;
    }
    return bits;
}

static inline bool probe_in_line(size_t n)
{
    (void)n;
    return false;
}

static inline bool probe_same_line(const wtl_entry *e, wtl_bytes key)
{
    return key.n == 0 || memcmp(wtl_entry_key(e).p, key.p, key.n) == 0;
}

#define WTL_PROBE_IMPL
#include "cache/probe_impl.h"

const wtl_probe *wtl_probe_ref(void)
{
    static const wtl_probe way = {"ref", WTL_CPU_REF, probe_hash_of, probe_get, probe_get_many};
    return &way;
}
