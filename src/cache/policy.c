#include "cache/policy.h"

#include <stdlib.h>
#include <string.h>

#include "cache/duel.h"
#include "cache/ghost.h"
#include "cache/learn.h"
#include "cache/sketch.h"

/* By how much a newcomer must be better than what it drives out: with nothing gained, moving entries is work for nothing. */
#define MARGIN 1.1F

/* Who left last, not yet among the ghosts: their line has time to come from memory. */
typedef struct leaver {
    _Alignas(64) uint64_t hash;
    uint64_t mark;
    bool there;
    uint8_t tried; /* 1 and the way that was drawn, whose victim leaves next; or 0 */
} leaver;

struct wtl_policy {
    wtl_sketch sketch;
    _Alignas(64) wtl_learn learn;
    wtl_duel duel;
    wtl_ghost_line *ghosts;
    wtl_duel_slot *slots;
    uint64_t places; /* of slots, a shard */
    unsigned shards;
    uint64_t lines; /* of ghosts, a shard */
    leaver *leaver; /* one a shard */
    bool by_bytes;
    _Alignas(64) _Atomic uint32_t tick;
    _Atomic uint32_t seen;    /* entries that were put in or left since the sketch was aged */
    _Atomic uint32_t aged;    /* the tick of that */
    _Atomic uint32_t covered; /* ticks that it stood for then */
    _Alignas(64) _Atomic uint32_t moved;
    _Atomic uint64_t entries;
    _Atomic uint32_t decided; /* the tick when a newcomer was let in or refused last */
};

enum {
    HORIZON = 16,
    SEEN_MOST = 4 * WTL_SKETCH_COLUMNS, /* keys counted, after which counters are halved */
    SKETCH_USES = 8,                    /* of an entry that leaves, which are counted */
    FRESH_SHARE = 16,                   /* of the entries, in ticks */
    GHOST_LINES = 8192,                 /* in all: 512 KiB */
    USUAL_MEMORY = 8,                   /* gaps that the usual one is taken over */
    USUAL_MOST = 1023,
    LEARN_LEAST = 16384, /* uses, or so many times the entries, after which they weigh half */
    LEARN_TIMES = 16,
};

int wtl_policy_new(wtl_policy **out, const wtl_policy_options *o, wtl_err *err)
{
    *out = NULL;
    wtl_policy *p = aligned_alloc(64, sizeof *p);
    uint64_t lines = GHOST_LINES / o->shards;
    size_t n = lines * o->shards * sizeof(wtl_ghost_line);
    wtl_ghost_line *ghosts = aligned_alloc(64, n);
    uint64_t places = WTL_DUEL_SLOTS / o->shards > 0 ? WTL_DUEL_SLOTS / o->shards : 1;
    wtl_duel_slot *slots = calloc(places * o->shards, sizeof *slots);
    leaver *leavers = aligned_alloc(64, o->shards * sizeof *leavers);
    if (p == NULL || ghosts == NULL || slots == NULL || leavers == NULL) {
        free(p);
        free(ghosts);
        free(slots);
        free(leavers);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory for a cache's counters");
    }
    memset(p, 0, sizeof *p);
    memset(ghosts, 0, n);
    memset(leavers, 0, o->shards * sizeof *leavers);
    wtl_learn_init(&p->learn);
    p->by_bytes = o->by_bytes;
    p->shards = o->shards;
    p->lines = lines;
    p->ghosts = ghosts;
    p->slots = slots;
    p->places = places;
    p->leaver = leavers;
    *out = p;
    return WTL_OK;
}

void wtl_policy_free(wtl_policy *p)
{
    if (p != NULL) {
        free(p->ghosts);
        free(p->slots);
        free(p->leaver);
    }
    free(p);
}

uint32_t wtl_policy_tick(const wtl_policy *p)
{
    return atomic_load_explicit(&p->tick, memory_order_relaxed);
}

void wtl_policy_start(wtl_policy *p, wtl_policy_local *l)
{
    *l = (wtl_policy_local){.tick = wtl_policy_tick(p), .few = WTL_POLICY_ONE_BY_ONE, .policy = p};
}

/* What a use tells: class before, age, class after, in 7, 6 and 7 bits. */
static uint32_t telling(unsigned before, unsigned age, unsigned after)
{
    return before | age << 7 | after << 13;
}

static void learn(wtl_policy *p, uint32_t told)
{
    wtl_learn_again(&p->learn, told & 127, told >> 7 & 63);
    wtl_learn_use(&p->learn, told >> 13);
}

static void flush(wtl_policy_local *l)
{
    for (uint32_t i = 0; i < l->told_n; i++)
        learn(l->policy, l->told[i]);
    l->told_n = 0;
}

/* Two threads that read the same entries take their lines from each other with every use that is counted. As long as nothing comes or
 * goes, what is counted decides nothing. */
void wtl_policy_tell(wtl_policy *p, wtl_policy_local *l, uint64_t hits, uint64_t gets)
{
    uint32_t moved = atomic_load_explicit(&p->moved, memory_order_relaxed);
    l->calm = moved != l->moved ? 0 : l->calm + (l->calm < WTL_POLICY_CALM);
    l->moved = moved;
    if (l->calm < WTL_POLICY_CALM) {
        uint64_t fresh = atomic_load_explicit(&p->entries, memory_order_relaxed) / FRESH_SHARE;
        l->fresh = fresh < INT32_MAX ? (int32_t)fresh : INT32_MAX;
        l->few = WTL_POLICY_ONE_BY_ONE;
        atomic_fetch_add_explicit(&p->tick, (uint32_t)gets - l->gets, memory_order_relaxed);
        flush(l);
    } else {
        l->fresh = INT32_MAX;
        l->few = 0;
        l->told_n = 0;
    }
    l->tick = wtl_policy_tick(p);
    atomic_store_explicit(&p->learn.now, l->tick, memory_order_relaxed);
    l->unsent = 0;
    l->nth = (uint32_t)hits;
    l->gets = (uint32_t)gets;
}

/* The usual gap, another one taken in. */
static uint32_t usual_with(uint32_t usual, uint32_t count, uint32_t gap)
{
    int32_t log = (int32_t)wtl_learn_log(gap);
    int32_t old = (int32_t)usual;
    int32_t n = count + 1 < USUAL_MEMORY ? (int32_t)count + 1 : USUAL_MEMORY;
    int32_t now = old + (log - old + (log > old ? n / 2 : -n / 2)) / n;
    return now < USUAL_MOST ? (uint32_t)now : USUAL_MOST;
}

/* A mark after a use at `tick`, and what it tells. */
static uint64_t used(uint64_t old, uint32_t tick, uint32_t *told)
{
    uint32_t count = WTL_POLICY_COUNT(old);
    uint32_t gap = tick - WTL_POLICY_TICK(old);
    gap = gap <= INT32_MAX ? gap : 0; /* another thread's tick may be ahead */
    uint32_t usual = usual_with(WTL_POLICY_USUAL(old), count, gap);
    unsigned before = wtl_learn_class_of(count, WTL_POLICY_USUAL(old));
    count = count < UINT16_MAX ? count + 1 : count;
    *told = telling(before, wtl_learn_age(gap), wtl_learn_class_of(count, usual));
    return WTL_POLICY_MARK(tick, count, usual);
}

void wtl_policy_use(wtl_policy_local *l, wtl_policy_mark *m, uint64_t old, uint32_t now)
{
    if (l->told_n == WTL_POLICY_TOLD)
        flush(l);
    uint64_t mark = used(old, now, &l->told[l->told_n++]);
    atomic_store_explicit(m, mark, memory_order_relaxed);
}

static wtl_ghost_line *line_of(const wtl_policy *p, unsigned shard, uint64_t hash)
{
    uint64_t mixed = hash * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return &p->ghosts[shard * p->lines + (mixed * p->lines >> 32)];
}

static void remember(wtl_policy *p, unsigned shard)
{
    leaver *l = &p->leaver[shard];
    if (!l->there)
        return;
    wtl_ghost_line *line = line_of(p, shard, l->hash);
    if (wtl_ghost_find(line, l->hash) == NULL)
        wtl_ghost_add(line, l->hash, WTL_POLICY_TICK(l->mark), WTL_POLICY_COUNT(l->mark),
                      WTL_POLICY_USUAL(l->mark));
    uint32_t uses = WTL_POLICY_COUNT(l->mark);
    if (uses != 0)
        wtl_sketch_add(&p->sketch, l->hash, uses < SKETCH_USES ? uses : SKETCH_USES);
    l->there = false;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash * UINT64_C(0xc2b2ae3d27d4eb4f) >> 32) | 1;
}

static wtl_duel_slot *slot_of(const wtl_policy *p, unsigned shard, uint64_t hash)
{
    uint64_t mixed = hash * UINT64_C(0x165667b19e3779f9) >> 32;
    return &p->slots[shard * p->places + (mixed * p->places >> 32)];
}

void wtl_policy_fetch(const wtl_policy *p, unsigned shard, uint64_t hash)
{
    __builtin_prefetch(line_of(p, shard, hash), 1);
    wtl_sketch_fetch(&p->sketch, hash);
    __builtin_prefetch(slot_of(p, shard, hash), 1);
}

static uint64_t mark_of(const wtl_ghost *g)
{
    return WTL_POLICY_MARK(g->tick, wtl_ghost_count(g), wtl_ghost_usual(g));
}

static void count(wtl_policy *p, uint64_t hash)
{
    wtl_sketch_add(&p->sketch, hash, 1);
    if (atomic_fetch_add_explicit(&p->seen, 1, memory_order_relaxed) + 1 != SEEN_MOST)
        return;
    uint32_t now = wtl_policy_tick(p);
    uint32_t covered = atomic_load_explicit(&p->covered, memory_order_relaxed);
    covered = covered / 2 + (now - atomic_load_explicit(&p->aged, memory_order_relaxed)) / 2;
    wtl_sketch_age(&p->sketch);
    atomic_store_explicit(&p->covered, covered, memory_order_relaxed);
    atomic_store_explicit(&p->aged, now, memory_order_relaxed);
    atomic_store_explicit(&p->seen, SEEN_MOST / 2, memory_order_relaxed);
}

/* What the sketch knows of a key that no ghost knows: it came so often in the time that the counters cover, less what they hold of others on
 * the average. */
static uint64_t sketched(const wtl_policy *p, uint64_t hash, uint32_t tick)
{
    uint32_t n = wtl_sketch_count(&p->sketch, hash);
    uint32_t others = atomic_load_explicit(&p->seen, memory_order_relaxed) / WTL_SKETCH_COLUMNS;
    if (n <= others)
        return WTL_POLICY_MARK(tick, 0, 0);
    n -= others;
    uint32_t since = tick - atomic_load_explicit(&p->aged, memory_order_relaxed);
    uint32_t covered = atomic_load_explicit(&p->covered, memory_order_relaxed) +
                       (since <= INT32_MAX ? since : 0);
    return WTL_POLICY_MARK(tick, n, wtl_learn_log(covered / n));
}

/* The mark that a newcomer has; what it tells, where a ghost knows it. */
static uint64_t newcomer_mark(const wtl_policy *p, uint64_t hash, const wtl_ghost *g, uint32_t tick,
                              uint32_t *told)
{
    *told = 0;
    return g != NULL ? used(mark_of(g), tick, told) : sketched(p, hash, tick);
}

static void learn_newcomer(wtl_policy *p, const wtl_ghost *g, uint32_t told, uint64_t mark)
{
    atomic_store_explicit(&p->decided, wtl_policy_tick(p), memory_order_relaxed);
    if (g != NULL)
        learn(p, told);
    else
        wtl_learn_use(&p->learn, wtl_learn_class_of(WTL_POLICY_COUNT(mark), WTL_POLICY_USUAL(mark)));
    uint64_t many = LEARN_TIMES * atomic_load_explicit(&p->entries, memory_order_relaxed);
    wtl_learn_forget(&p->learn, many < LEARN_LEAST  ? LEARN_LEAST
                                : many < UINT32_MAX ? (uint32_t)many
                                                    : UINT32_MAX);
}

static void note(wtl_policy *p, unsigned shard, const wtl_policy_item *item, unsigned way)
{
    uint64_t horizon = HORIZON * atomic_load_explicit(&p->entries, memory_order_relaxed);
    wtl_duel_slot what = {tag_of(item->hash), wtl_policy_tick(p), way, (uint32_t)(item->bytes / 64 + 1)};
    wtl_duel_note(&p->duel, slot_of(p, shard, item->hash), &what,
                  horizon < INT32_MAX ? (uint32_t)horizon : INT32_MAX);
}

static void back(wtl_policy *p, unsigned shard, uint64_t hash)
{
    wtl_duel_back(&p->duel, slot_of(p, shard, hash), tag_of(hash), wtl_policy_tick(p),
                  atomic_load_explicit(&p->entries, memory_order_relaxed) + 1, p->by_bytes);
}

uint64_t wtl_policy_enter(wtl_policy *p, unsigned shard, const wtl_policy_item *newcomer, const uint64_t *old)
{
    uint32_t tick = wtl_policy_tick(p);
    if (old != NULL)
        return WTL_POLICY_MARK(tick, WTL_POLICY_COUNT(*old), WTL_POLICY_USUAL(*old));
    atomic_fetch_add_explicit(&p->entries, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->moved, 1, memory_order_relaxed);
    remember(p, shard);
    uint32_t told;
    back(p, shard, newcomer->hash);
    wtl_ghost *g = wtl_ghost_find(line_of(p, shard, newcomer->hash), newcomer->hash);
    uint64_t mark = newcomer_mark(p, newcomer->hash, g, tick, &told);
    count(p, newcomer->hash);
    learn_newcomer(p, g, told, mark);
    if (g != NULL)
        g->tag = 0;
    return mark;
}

static float score(const wtl_policy *p, unsigned way, const wtl_policy_item *item, uint32_t now)
{
    uint32_t age = now - WTL_POLICY_TICK(item->mark);
    age = age <= INT32_MAX ? age : 0;
    unsigned class = wtl_learn_class_of(WTL_POLICY_COUNT(item->mark), WTL_POLICY_USUAL(item->mark));
    float rank = wtl_learn_rank(&p->learn, way, class, age);
    return p->by_bytes ? rank : rank / (float)item->bytes;
}

static void refuse(wtl_policy *p, wtl_ghost_line *line, wtl_ghost *g, const wtl_policy_item *newcomer,
                   uint32_t told)
{
    count(p, newcomer->hash);
    learn_newcomer(p, g, told, newcomer->mark);
    if (g != NULL)
        g->tag = 0;
    wtl_ghost_add(line, newcomer->hash, WTL_POLICY_TICK(newcomer->mark), WTL_POLICY_COUNT(newcomer->mark),
                  WTL_POLICY_USUAL(newcomer->mark));
}

/* The lowest scores in order, and whose they are. */
typedef struct lowest {
    float score[WTL_POLICY_KEPT + 1];
    uint8_t at[WTL_POLICY_KEPT + 1];
    size_t n;
} lowest;

static void put(lowest *low, float score, uint8_t at)
{
    size_t i = low->n;
    if (i <= WTL_POLICY_KEPT)
        low->n++;
    else if (score >= low->score[--i])
        return;
    for (; i > 0 && low->score[i - 1] > score; i--) {
        low->score[i] = low->score[i - 1];
        low->at[i] = low->at[i - 1];
    }
    low->score[i] = score;
    low->at[i] = at;
}

static void keep(wtl_policy_kept *kept, const lowest *low, int victim)
{
    if (kept == NULL)
        return;
    kept->n = 0;
    for (size_t i = 0; i < low->n && kept->n < WTL_POLICY_KEPT; i++) {
        if (low->at[i] != victim)
            kept->at[kept->n++] = low->at[i];
    }
}

/* A newcomer to be weighed: what is known of it. */
typedef struct weighed {
    wtl_ghost_line *line;
    wtl_ghost *ghost;
    wtl_policy_item item;
    uint32_t told;
} weighed;

static void weigh(wtl_policy *p, unsigned shard, const wtl_policy_item *newcomer, uint32_t now, weighed *w)
{
    remember(p, shard);
    w->line = line_of(p, shard, newcomer->hash);
    w->ghost = wtl_ghost_find(w->line, newcomer->hash);
    w->item = *newcomer;
    w->item.mark = newcomer_mark(p, newcomer->hash, w->ghost, now, &w->told);
}

/* What each way would do, and the lowest scores as the best way has them. True where they differ. */
static bool ask(const wtl_policy *p, const weighed *w, const wtl_policy_item *candidate, size_t n,
                uint32_t now, lowest *low, int says[WTL_DUEL_WAYS])
{
    unsigned best = wtl_duel_best(&p->duel);
    bool differ = false;
    for (unsigned way = 0; way < WTL_DUEL_WAYS; way++) {
        lowest l = {.n = 0};
        for (size_t i = 0; i < n; i++)
            put(&l, score(p, way, &candidate[i], now), (uint8_t)i);
        bool in = w == NULL || score(p, way, &w->item, now) > l.score[0] * MARGIN;
        says[way] = in ? l.at[0] : WTL_POLICY_REFUSE;
        differ = differ || says[way] != says[0];
        if (way == best)
            *low = l;
    }
    return differ;
}

/* Where nobody has asked for anything since the last newcomer was weighed, the cache is being filled, and nothing is known that speaks
 * against another. */
int wtl_policy_choose(wtl_policy *p, unsigned shard, const wtl_policy_item *newcomer,
                      const wtl_policy_item *candidate, size_t n, wtl_policy_kept *kept)
{
    uint32_t now = wtl_policy_tick(p);
    bool must = newcomer == NULL || now == atomic_load_explicit(&p->decided, memory_order_relaxed);
    weighed w = {.told = 0};
    lowest low = {.n = 0};
    int says[WTL_DUEL_WAYS];
    if (!must)
        weigh(p, shard, newcomer, now, &w);
    bool differ = ask(p, must ? NULL : &w, candidate, n, now, &low, says);
    int drawn = differ && !must ? wtl_duel_draw(&p->duel) : -1;
    unsigned way = drawn >= 0 ? (unsigned)drawn : wtl_duel_best(&p->duel);
    keep(kept, &low, says[way]);
    p->leaver[shard].tried = drawn >= 0 && says[way] >= 0 ? (uint8_t)(way + 1) : 0;
    if (says[way] >= 0)
        return says[way];
    back(p, shard, newcomer->hash);
    if (drawn >= 0)
        note(p, shard, &w.item, way);
    refuse(p, w.line, w.ghost, &w.item, w.told);
    return WTL_POLICY_REFUSE;
}

void wtl_policy_left(wtl_policy *p, unsigned shard, const wtl_policy_item *item, enum wtl_policy_why why)
{
    if (why == WTL_POLICY_REPLACED)
        return;
    atomic_fetch_sub_explicit(&p->entries, 1, memory_order_relaxed);
    if (why != WTL_POLICY_EVICTED)
        return;
    atomic_fetch_add_explicit(&p->moved, 1, memory_order_relaxed);
    leaver *l = &p->leaver[shard];
    remember(p, shard);
    if (l->tried != 0)
        note(p, shard, item, l->tried - 1U);
    *l = (leaver){.hash = item->hash, .mark = item->mark, .there = true};
    __builtin_prefetch(line_of(p, shard, item->hash), 1);
    if (WTL_POLICY_COUNT(item->mark) != 0)
        wtl_sketch_fetch(&p->sketch, item->hash);
}
