/* The library's policy, the very code of src/cache, with objects that have no other cost than their bytes: one shard, 16 candidates at random. */
#include <stdlib.h>

#include "cache/policy.h"
#include "replay/model.h"

typedef struct own {
    const wtl_trace *t;
    uint64_t capacity, used, random, hits, gets;
    wtl_policy *policy;
    wtl_policy_local local;
    wtl_policy_mark *mark;
    uint32_t *entry, *place, n; /* place: in entry, from 1 on; 0: not in */
    uint32_t kept[WTL_POLICY_KEPT], recent[WTL_POLICY_RECENT], recent_at; /* keys */
    size_t kept_n;
} own;

static void own_close(void *m)
{
    own *s = m;
    if (s == NULL)
        return;
    wtl_policy_free(s->policy);
    free(s->mark);
    free(s->entry);
    free(s->place);
    free(s);
}

static int own_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    own *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    *s = (own){.t = t, .capacity = o->capacity, .random = UINT64_C(0x9e3779b97f4a7c15)};
    s->mark = calloc(t->keys, sizeof *s->mark);
    s->entry = calloc(t->keys, sizeof *s->entry);
    s->place = calloc(t->keys, sizeof *s->place);
    wtl_policy_options po = {.capacity = o->capacity, .shards = 1, .by_bytes = o->by_bytes};
    int rc = s->mark != NULL && s->entry != NULL && s->place != NULL
                 ? wtl_policy_new(&s->policy, &po, err)
                 : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    if (rc < 0) {
        own_close(s);
        return rc;
    }
    wtl_policy_start(s->policy, &s->local);
    *out = s;
    return WTL_OK;
}

static uint64_t hash_of(uint32_t k)
{
    uint64_t h = (k + UINT64_C(1)) * UINT64_C(0xbf58476d1ce4e5b9);
    return (h ^ h >> 29) * UINT64_C(0x94d049bb133111eb);
}

static wtl_policy_item item_of(own *s, uint32_t k)
{
    return (wtl_policy_item){.bytes = s->t->size[k],
                             .mark = atomic_load_explicit(&s->mark[k], memory_order_relaxed)};
}

static uint32_t random_below(own *s, uint32_t n)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (uint32_t)((s->random >> 32) * n >> 32);
}

static bool among(const uint32_t *at, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i] == x)
            return true;
    }
    return false;
}

static size_t add(const own *s, uint32_t *key, size_t n, uint32_t k)
{
    if (s->place[k] != 0 && !among(key, n, k))
        key[n++] = k;
    return n;
}

/* Different keys: those that were kept from the last choice, the newest, and some at random. */
static size_t sample(own *s, uint32_t key[WTL_POLICY_SAMPLE])
{
    size_t n = 0;
    for (size_t i = 0; i < s->kept_n; i++)
        n = add(s, key, n, s->kept[i]);
    for (size_t i = 0; i < WTL_POLICY_RECENT; i++)
        n = add(s, key, n, s->recent[i]);
    size_t most = n + WTL_POLICY_FRESH;
    if (s->n <= most) {
        for (uint32_t i = 0; i < s->n && n < WTL_POLICY_SAMPLE; i++)
            n = add(s, key, n, s->entry[i]);
        return n;
    }
    while (n < most)
        n = add(s, key, n, s->entry[random_below(s, s->n)]);
    return n;
}

static void remove_key(own *s, uint32_t k)
{
    uint32_t i = s->place[k] - 1;
    wtl_policy_item gone = item_of(s, k);
    gone.hash = hash_of(k);
    s->place[k] = 0;
    s->used -= s->t->size[k];
    s->entry[i] = s->entry[--s->n];
    if (i < s->n)
        s->place[s->entry[i]] = i + 1;
    wtl_policy_left(s->policy, 0, &gone, WTL_POLICY_EVICTED);
}

/* False: the policy would rather keep what there is. */
static bool evict(own *s, const wtl_policy_item *newcomer)
{
    uint32_t key[WTL_POLICY_SAMPLE];
    wtl_policy_kept kept;
    wtl_policy_item candidate[WTL_POLICY_SAMPLE];
    size_t n = sample(s, key);
    for (size_t i = 0; i < n; i++)
        candidate[i] = item_of(s, key[i]);
    int i = wtl_policy_choose(s->policy, 0, newcomer, candidate, n, &kept);
    s->kept_n = kept.n;
    for (size_t j = 0; j < kept.n; j++)
        s->kept[j] = key[kept.at[j]];
    if (i == WTL_POLICY_REFUSE)
        return false;
    remove_key(s, key[i]);
    return true;
}

static bool own_ask(void *m, uint32_t k)
{
    own *s = m;
    if (++s->gets % WTL_POLICY_BATCH == 0)
        wtl_policy_tell(s->policy, &s->local, s->hits, s->gets);
    if (s->place[k] != 0) {
        wtl_policy_hit(&s->local, &s->mark[k], ++s->hits);
        return true;
    }
    wtl_policy_item newcomer = {.hash = hash_of(k), .bytes = s->t->size[k]};
    if (newcomer.bytes > s->capacity)
        return false;
    wtl_policy_tell(s->policy, &s->local, s->hits, s->gets);
    while (s->used + newcomer.bytes > s->capacity) {
        if (!evict(s, &newcomer))
            return false;
    }
    atomic_store_explicit(&s->mark[k], wtl_policy_enter(s->policy, 0, &newcomer, NULL), memory_order_relaxed);
    s->entry[s->n++] = k;
    s->place[k] = s->n;
    s->used += s->t->size[k];
    s->recent[s->recent_at++ % WTL_POLICY_RECENT] = k;
    return false;
}

const wtl_model wtl_own_model = {
    .name = "wattle", .ours = true, .open = own_open, .ask = own_ask, .close = own_close};
