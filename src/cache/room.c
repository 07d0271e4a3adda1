#include "cache/room.h"

#include <string.h>

#include "cache/limbo.h"
#include "cache/table.h"

enum {
    MOVE_MOST = 2048, /* units that are copied to keep an entry that is in the way */
    TIDY_MOST = 256,  /* and one that lies in a chunk with few others */
    TIDY = 4,         /* of these at once */
    CLEARINGS = 3,
    CELLS_AHEAD = 32, /* that are freed in advance */
    SLACK_PARTS = 4096,
    SLACK_SHARE = 16,  /* of the shard, at most */
    SLACK_RISE = 16,   /* its share that is added where what is free is in pieces, */
    SLACK_FALL = 4096, /* and that goes where it is not */
};

static uint64_t hash_of(const wtl_shard *s, const wtl_entry *e)
{
    return s->cache->probe->hash(&s->cache->secret, wtl_entry_key(e));
}

static wtl_policy_item item_of(const wtl_entry *e, uint64_t hash)
{
    return (wtl_policy_item){.hash = hash,
                             .bytes = wtl_entry_units(e) * WTL_BLOCK_UNIT,
                             .mark = atomic_load_explicit(&e->mark, memory_order_relaxed)};
}

void wtl_room_unlink(wtl_shard *s, _Atomic uint64_t *slot, uint64_t hash, enum wtl_policy_why why)
{
    wtl_entry *e = wtl_table_at(slot);
    wtl_policy_item item = item_of(e, hash);
    atomic_store_explicit(slot, 0, memory_order_release);
    wtl_shard_add(&s->n.entries, UINT64_MAX);
    wtl_shard_add(&s->n.entry_units, -wtl_entry_units(e));
    wtl_limbo_add(s, e);
    wtl_policy_left(s->cache->policy, s->index, &item, why);
    if (why == WTL_POLICY_EVICTED)
        wtl_shard_add(&s->n.evicted, 1);
    else if (why == WTL_POLICY_EXPIRED)
        wtl_shard_add(&s->n.expired, 1);
}

wtl_room_need wtl_room_for(uint64_t key_n, uint64_t value_n)
{
    wtl_room_need need = {.shape = wtl_entry_fit(key_n, value_n)};
    need.block_units = wtl_entry_block_units(need.shape, key_n, value_n);
    need.units = need.block_units + wtl_entry_cell_units(need.shape);
    return need;
}

static void join(wtl_shard *s, wtl_entry *e, enum wtl_entry_shape shape, wtl_block *b)
{
    intptr_t units = b != NULL ? ((const uint8_t *)b - (const uint8_t *)e) / WTL_BLOCK_UNIT : 0;
    atomic_store_explicit(&e->block_or_hold, (uint32_t)units, memory_order_relaxed);
    atomic_store_explicit(&e->meta, wtl_entry_meta(0, 0, shape), memory_order_relaxed);
    if (b != NULL)
        b->entry = wtl_arena_unit(&s->arena, e);
}

static wtl_entry *entry_of(const wtl_shard *s, const wtl_block *b)
{
    return (wtl_entry *)(void *)wtl_arena_at(&s->arena, b->entry);
}

static bool over(const wtl_entry *e, uint64_t now)
{
    uint64_t expiry = wtl_entry_expiry(wtl_entry_meta_of(e));
    return expiry != 0 && expiry <= now;
}

/* Removes one of the candidates, but none that is pinned. */
static int evict_of(wtl_shard *s, const wtl_policy_item *newcomer, _Atomic uint64_t **slot, size_t n,
                    uint64_t now, wtl_policy_kept *kept)
{
    wtl_policy_item item[WTL_POLICY_SAMPLE];
    if (!wtl_limbo_ready(s))
        return WTL_BUSY;
    for (size_t i = 0; i < n; i++) {
        wtl_entry *e = wtl_table_at(slot[i]);
        if (over(e, now)) {
            wtl_room_unlink(s, slot[i], hash_of(s, e), WTL_POLICY_EXPIRED);
            return WTL_OK;
        }
        if (wtl_entry_has(e) == WTL_ENTRY_FAR)
            __builtin_prefetch(wtl_entry_block(e), 1);
        item[i] = item_of(e, 0);
    }
    for (; n > 0; n--) {
        int i = wtl_policy_choose(s->cache->policy, s->index, newcomer, item, n, kept);
        if (i == WTL_POLICY_REFUSE)
            return WTL_NO;
        wtl_entry *e = wtl_table_at(slot[i]);
        if (wtl_entry_hold(e) < WTL_BLOCK_PIN) {
            wtl_room_unlink(s, slot[i], hash_of(s, e), WTL_POLICY_EVICTED);
            return WTL_OK;
        }
        slot[i] = slot[n - 1];
        item[i] = item[n - 1];
    }
    return WTL_BUSY;
}

static void watch(wtl_shard *s, size_t i, _Atomic uint64_t *slot)
{
    s->watched.slot[i] = slot;
    s->watched.held[i] = atomic_load_explicit(slot, memory_order_relaxed);
}

void wtl_room_watch(wtl_shard *s, _Atomic uint64_t *slot)
{
    wtl_shard_watched *w = &s->watched;
    if (w->table != wtl_table_word(s))
        *w = (wtl_shard_watched){.table = wtl_table_word(s)};
    watch(s, WTL_POLICY_KEPT + w->recent++ % WTL_POLICY_RECENT, slot);
}

/* Those that are watched and still there, each once. */
static size_t watched(const wtl_shard *s, _Atomic uint64_t **slot)
{
    const wtl_shard_watched *w = &s->watched;
    size_t n = 0;
    for (size_t i = 0; i < WTL_POLICY_KEPT + WTL_POLICY_RECENT && w->table == wtl_table_word(s); i++) {
        bool good = w->held[i] != 0 && atomic_load_explicit(w->slot[i], memory_order_relaxed) == w->held[i];
        for (size_t k = 0; k < n && good; k++)
            good = slot[k] != w->slot[i];
        if (good)
            slot[n++] = w->slot[i];
    }
    return n;
}

static void keep(wtl_shard *s, _Atomic uint64_t **slot, const wtl_policy_kept *kept)
{
    if (s->watched.table != wtl_table_word(s))
        s->watched = (wtl_shard_watched){.table = wtl_table_word(s)};
    for (size_t i = 0; i < WTL_POLICY_KEPT; i++) {
        s->watched.held[i] = 0;
        if (i < kept->n)
            watch(s, i, slot[kept->at[i]]);
    }
}

static int evict(wtl_shard *s, const wtl_policy_item *newcomer)
{
    _Atomic uint64_t *slot[WTL_POLICY_SAMPLE];
    uint64_t now = wtl_cache_now(s->cache);
    wtl_policy_kept kept = {.n = 0};
    size_t n = watched(s, slot);
    n += wtl_table_sample(s, slot + n, WTL_POLICY_FRESH, false);
    int rc = evict_of(s, newcomer, slot, n, now, &kept);
    if (rc == WTL_BUSY && n >= WTL_POLICY_FRESH) {
        n = wtl_table_sample(s, slot, WTL_POLICY_SAMPLE, true);
        rc = evict_of(s, newcomer, slot, n, now, &kept);
    }
    keep(s, slot, &kept);
    return rc;
}

static uint64_t coming(const wtl_shard *s)
{
    return s->arena.gap_units + s->waiting_blocks;
}

bool wtl_room_scarce(const wtl_shard *s, const wtl_room_need *need)
{
    return coming(s) < need->block_units + 2 * s->slack_units;
}

/* Evicts until so many units are free or about to be. What is over the need itself is only tried for; and when small entries went and their
 * cells are no room for a block, others must make room. */
static int reduce(wtl_shard *s, uint64_t units, const wtl_policy_item *newcomer)
{
    uint64_t went = 0;
    while (coming(s) < units + s->slack_units && went <= 2 * units + s->slack_units) {
        uint64_t had = wtl_shard_got(&s->n.entry_units);
        int rc = evict(s, newcomer);
        if (rc < 0)
            return rc == WTL_BUSY && coming(s) >= units ? WTL_OK : rc;
        went += had - wtl_shard_got(&s->n.entry_units);
    }
    return WTL_OK;
}

static wtl_pool *pool_for(wtl_shard *s, enum wtl_entry_shape shape)
{
    return &s->pool[wtl_shard_pool(shape)];
}

/* An entry of this shape, of what is free. */
static wtl_entry *take(wtl_shard *s, enum wtl_entry_shape shape, uint64_t block_units)
{
    wtl_block *b = block_units != 0 ? wtl_arena_take(&s->arena, block_units) : NULL;
    if (b == NULL && block_units != 0)
        return NULL;
    wtl_entry *e = wtl_pool_take(pool_for(s, shape));
    if (e != NULL)
        join(s, e, shape, b);
    else if (b != NULL)
        wtl_arena_give(&s->arena, b);
    return e;
}

static void copy_entry(wtl_entry *to, const wtl_entry *e)
{
    uint64_t meta = wtl_entry_meta_of(e);
    size_t cell = wtl_entry_cell_units(wtl_entry_shape_of(meta)) * WTL_BLOCK_UNIT;
    to->value_n = e->value_n;
    atomic_store_explicit(&to->mark, atomic_load_explicit(&e->mark, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&to->meta, meta, memory_order_relaxed);
    memcpy((uint8_t *)to + WTL_ENTRY_HEAD, (const uint8_t *)e + WTL_ENTRY_HEAD, cell - WTL_ENTRY_HEAD);
    if (wtl_entry_shape_of(meta) == WTL_ENTRY_FAR)
        memcpy(wtl_block_bytes(wtl_entry_block(to)), wtl_block_bytes(wtl_entry_block(e)),
               wtl_entry_apart(wtl_entry_key_n(meta)) + e->value_n);
}

/* Puts a copy of an entry in its place; when there is no room, or its block is longer than `most`, or that is 0, evicts it. */
static bool displace(wtl_shard *s, wtl_entry *e, uint64_t most)
{
    uint64_t hash = hash_of(s, e);
    enum wtl_entry_shape shape = wtl_entry_has(e);
    uint64_t block_units = wtl_entry_units(e) - wtl_entry_cell_units(shape);
    _Atomic uint64_t *slot = wtl_table_slot(s, hash, e);
    if (!wtl_limbo_ready(s))
        return false;
    wtl_entry *copy = most != 0 && block_units <= most ? take(s, shape, block_units) : NULL;
    if (copy == NULL) {
        wtl_room_unlink(s, slot, hash, WTL_POLICY_EVICTED);
        return true;
    }
    copy_entry(copy, e);
    atomic_fetch_or(wtl_entry_hold_at(copy), WTL_BLOCK_LINKED);
    atomic_store_explicit(slot, wtl_probe_slot(hash, copy), memory_order_release);
    wtl_limbo_add(s, e);
    return true;
}

static bool displaceable(wtl_entry *e)
{
    uint32_t hold = wtl_entry_hold(e);
    return (hold & WTL_BLOCK_LINKED) != 0 && hold < WTL_BLOCK_PIN;
}

/* Goes on emptying a chunk while too many cells are free, a little every time. */
static void tidy(wtl_shard *s, wtl_pool *p)
{
    wtl_block *chunk = wtl_pool_retiring(p);
    for (unsigned n = 0; chunk != NULL && n < TIDY; n++) {
        wtl_entry *e = wtl_pool_next(chunk, &p->walked);
        if (e == NULL) {
            p->closing = WTL_ARENA_NONE;
            return;
        }
        bool small = wtl_entry_units(e) <= TIDY_MOST;
        if (small && displaceable(e) && !displace(s, e, TIDY_MOST))
            return;
    }
}

static bool gone_or_may_go(uint32_t hold)
{
    return (hold & (WTL_BLOCK_TABLE | WTL_BLOCK_RESERVED | WTL_BLOCK_DEAD)) == 0 &&
           ((hold & WTL_BLOCK_FREE) != 0 || hold < WTL_BLOCK_PIN);
}

/* Whether a block is a gap, or can become one. */
static bool yields(wtl_block *b)
{
    uint32_t hold = wtl_block_hold(b);
    uint32_t i = 0;
    if ((hold & WTL_BLOCK_CHUNK) == 0)
        return gone_or_may_go(hold);
    for (wtl_entry *e; (e = wtl_pool_next(b, &i)) != NULL;) {
        if (!gone_or_may_go(wtl_entry_hold(e)))
            return false;
    }
    return true;
}

/* Blocks side by side that would make so many units, from this one on or, behind the wall, from the first. */
static bool find_run(const wtl_shard *s, uint32_t from, uint64_t units, uint32_t *start, uint32_t *end)
{
    const wtl_arena *a = &s->arena;
    uint32_t at = from;
    uint32_t run = from;
    for (bool again = false; at - run < units;) {
        if (at >= a->end) {
            if (again)
                return false;
            again = true;
            at = run = a->first;
            continue;
        }
        wtl_block *b = wtl_arena_at(a, at);
        at += b->units;
        if (!yields(b))
            run = at;
    }
    *start = run;
    *end = at;
    return true;
}

/* Makes gaps into blocks that nobody takes meanwhile: a list, the last of it first. */
static uint32_t hold_gaps(wtl_shard *s, uint32_t at, uint32_t end)
{
    uint32_t held = WTL_ARENA_NONE;
    while (at < end) {
        wtl_block *b = wtl_arena_at(&s->arena, at);
        if ((wtl_block_hold(b) & WTL_BLOCK_FREE) != 0) {
            wtl_arena_claim(&s->arena, b);
            atomic_fetch_or(&b->hold, WTL_BLOCK_RESERVED);
            b->next = held;
            held = at;
        }
        at += b->units;
    }
    return held;
}

static void let_go(wtl_shard *s, uint32_t held)
{
    while (held != WTL_ARENA_NONE) {
        wtl_block *b = wtl_arena_at(&s->arena, held);
        held = b->next;
        wtl_arena_give(&s->arena, b);
    }
}

static bool clear_chunk(wtl_shard *s, wtl_block *chunk, uint64_t most)
{
    uint32_t i = 0;
    wtl_pool_close(chunk);
    for (wtl_entry *e; (e = wtl_pool_next(chunk, &i)) != NULL;) {
        if ((wtl_entry_hold(e) & WTL_BLOCK_LINKED) != 0 && (!displaceable(e) || !displace(s, e, most))) {
            wtl_pool_reopen(chunk);
            return false;
        }
    }
    return true;
}

/* Empties a run of blocks; its gaps are held so that what moves does not move into them. What is freed meanwhile lies behind
 * `at`, or before it with a block that is still in use in between: `at` is the beginning of a block always. */
static bool clear_run(wtl_shard *s, uint32_t start, uint32_t end, uint64_t most)
{
    bool good = true;
    uint32_t held = hold_gaps(s, start, end);
    for (uint32_t at = start; at < end && good;) {
        wtl_block *b = wtl_arena_at(&s->arena, at);
        uint32_t hold = wtl_block_hold(b);
        at += b->units;
        if ((hold & WTL_BLOCK_CHUNK) != 0)
            good = clear_chunk(s, b, most);
        else if ((hold & WTL_BLOCK_LINKED) != 0)
            good = hold < WTL_BLOCK_PIN && displace(s, entry_of(s, b), most);
    }
    let_go(s, held);
    return good;
}

/* Moving what is in the way keeps it, but some of it may land in the very run. */
static wtl_block *clear(wtl_shard *s, uint64_t units, bool move)
{
    wtl_block *b = NULL;
    for (unsigned i = 0; i < CLEARINGS && b == NULL; i++) {
        _Atomic uint64_t *slot;
        uint32_t start;
        uint32_t end;
        uint32_t from = s->arena.first;
        if (wtl_table_sample(s, &slot, 1, false) == 1 && wtl_entry_has(wtl_table_at(slot)) == WTL_ENTRY_FAR)
            from = wtl_arena_unit(&s->arena, wtl_entry_block(wtl_table_at(slot)));
        if (!find_run(s, from, units, &start, &end) ||
            !clear_run(s, start, end, move && i + 1 < CLEARINGS ? MOVE_MOST : 0))
            break;
        wtl_limbo_drain(s);
        b = wtl_arena_take(&s->arena, units);
    }
    return b;
}

/* What there would be in one piece if this block went. */
static uint64_t piece_of(const wtl_shard *s, const wtl_block *b)
{
    const wtl_block *after = wtl_arena_after(&s->arena, b);
    uint64_t units = b->units + wtl_arena_before(b);
    return (wtl_block_hold(after) & WTL_BLOCK_FREE) != 0 ? units + after->units : units;
}

/* Evicts the worst of those in whose place so much fits. */
static void evict_fitting(wtl_shard *s, uint64_t units)
{
    _Atomic uint64_t *slot[WTL_POLICY_SAMPLE];
    size_t n = wtl_table_sample(s, slot, WTL_POLICY_SAMPLE, false);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const wtl_entry *e = wtl_table_at(slot[i]);
        if (wtl_entry_has(e) == WTL_ENTRY_FAR && piece_of(s, wtl_entry_block(e)) >= units)
            slot[kept++] = slot[i];
    }
    if (kept > 0 && evict_of(s, NULL, slot, kept, wtl_cache_now(s->cache), NULL) == WTL_OK)
        wtl_limbo_drain(s);
}

static wtl_block *take_or_wait(wtl_shard *s, uint64_t units)
{
    wtl_block *b = wtl_arena_take(&s->arena, units);
    if (b != NULL || s->waiting_n == 0)
        return b;
    wtl_limbo_drain(s);
    return wtl_arena_take(&s->arena, units);
}

/* Where blocks of many sizes come and go, what is free is in pieces, and a run must be emptied of entries that were not chosen; with more kept
 * free there is a piece that fits, and room to move what is in the way. Where all are of one size none of this is needed. */
static void learn_slack(wtl_shard *s, bool whole)
{
    uint64_t most = wtl_shard_most(s) / SLACK_SHARE * SLACK_PARTS;
    uint64_t parts = s->slack_parts;
    if (whole)
        parts -= parts / SLACK_FALL;
    else
        parts += (parts + s->slack_least * SLACK_PARTS) / SLACK_RISE;
    s->slack_parts = parts < most ? parts : most;
    s->slack_units = s->slack_least + s->slack_parts / SLACK_PARTS;
}

static int make_block(wtl_shard *s, uint64_t units, const wtl_policy_item *newcomer, wtl_block **out)
{
    /* what is large goes where it evicts whole neighbourhoods; to choose each of them would evict as much again */
    bool large = units > s->waiting_most;
    *out = NULL;
    if (!large)
        TRY(reduce(s, units, newcomer));
    wtl_block *b = take_or_wait(s, units);
    if (!large)
        learn_slack(s, b != NULL);
    if (b == NULL && large)
        TRY(evict(s, newcomer));
    if (b == NULL && !large) {
        evict_fitting(s, units);
        b = wtl_arena_take(&s->arena, units);
    }
    if (b == NULL)
        b = clear(s, units, !large);
    *out = b;
    return b != NULL ? WTL_OK : WTL_BUSY;
}

/* Evicts until some cells are free or about to be, or a chunk of them is. */
static int reduce_cells(wtl_shard *s, const wtl_pool *p, const wtl_policy_item *newcomer)
{
    uint32_t ahead = p->chunk_cells / 2 < CELLS_AHEAD ? p->chunk_cells / 2 : CELLS_AHEAD;
    for (unsigned i = 0; i < 2 * ahead; i++) {
        uint32_t cells = p->ready + s->waiting_cells[p - s->pool];
        if (cells >= ahead || coming(s) >= p->chunk_units + s->slack_units)
            break;
        int rc = evict(s, newcomer);
        if (rc < 0)
            return rc == WTL_BUSY && cells > 0 ? WTL_OK : rc;
    }
    return WTL_OK;
}

static int make_cell(wtl_shard *s, enum wtl_entry_shape shape, const wtl_policy_item *newcomer,
                     wtl_entry **out)
{
    wtl_pool *p = pool_for(s, shape);
    TRY(reduce_cells(s, p, newcomer));
    *out = wtl_pool_take(p);
    if (*out == NULL && s->waiting_n > 0) {
        wtl_limbo_drain(s);
        *out = wtl_pool_take(p);
    }
    if (*out != NULL)
        return WTL_OK;
    wtl_block *b = clear(s, p->chunk_units, true);
    if (b != NULL)
        wtl_pool_enlarge(p, b);
    *out = wtl_pool_take(p);
    return *out != NULL ? WTL_OK : WTL_BUSY;
}

int wtl_room_make(wtl_shard *s, const wtl_room_need *need, const wtl_policy_item *newcomer, wtl_entry **out)
{
    wtl_block *b = NULL;
    *out = NULL;
    wtl_limbo_sweep(s);
    if (wtl_room_scarce(s, need)) {
        tidy(s, &s->pool[0]);
        tidy(s, &s->pool[1]);
    }
    if (need->shape == WTL_ENTRY_FAR) {
        TRY(make_block(s, need->block_units, newcomer, &b));
        /* what makes room for the cell must not count on it */
        atomic_fetch_or(&b->hold, WTL_BLOCK_RESERVED);
    }
    int rc = make_cell(s, need->shape, newcomer, out);
    if (rc == WTL_OK)
        join(s, *out, need->shape, b);
    else if (b != NULL)
        wtl_arena_give(&s->arena, b);
    return rc;
}

static bool enlarged(wtl_shard *s)
{
    uint64_t units = wtl_table_next(s);
    wtl_block *block;
    if (units > wtl_shard_most(s) / 4 || units > WTL_TABLE_UNITS(WTL_PROBE_LOG2_MOST))
        return false;
    if (make_block(s, units, NULL, &block) < 0)
        return false;
    if (wtl_limbo_ready(s) && wtl_table_move(s, block))
        return true;
    wtl_arena_give(&s->arena, block);
    return false;
}

/* What failed is not tried again at once: it costs as much each time. */
static void enlarge(wtl_shard *s)
{
    uint64_t entries = wtl_shard_got(&s->n.entries);
    if (entries >= s->enlarge_from && !enlarged(s))
        s->enlarge_from = entries + entries / 16 + 1;
}

_Atomic uint64_t *wtl_room_slot(wtl_shard *s, uint64_t hash)
{
    if (wtl_table_full(s, 3))
        enlarge(s);
    _Atomic uint64_t *slot = wtl_table_empty(s, hash);
    if (slot == NULL)
        slot = wtl_table_shift(s, hash);
    /* no way in a table that is not nearly full: somebody knows the secret, and it does not grow for him */
    if (slot == NULL && wtl_table_full(s, 2)) {
        enlarge(s);
        slot = wtl_table_empty(s, hash);
    }
    if (slot != NULL)
        return slot;
    _Atomic uint64_t *pair[2 * WTL_PROBE_SLOTS];
    size_t n = wtl_table_pair(s, hash, pair);
    if (evict_of(s, NULL, pair, n, wtl_cache_now(s->cache), NULL) < 0)
        return NULL;
    return wtl_table_empty(s, hash);
}
