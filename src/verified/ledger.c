#include "verified/ledger.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Indices of lines and tenants; 0 is none. */
typedef uint32_t ref;
enum list { BY_TENANT, BY_AGE, LISTS };

typedef struct chain {
    ref first, last;
} chain;

typedef struct line {
    wtl_ledger_item item;
    ref tenant;   /* 0 when free */
    bool pending; /* being stored: nobody could remove it from the cache yet */
    ref next[LISTS], prev[LISTS];
} line;

typedef struct tenant {
    uint8_t id[WTL_FINGERPRINT];
    uint64_t entries, bytes;
    chain own;
    ref next; /* in its bucket, or of free ones */
} tenant;

struct wtl_ledger {
    pthread_mutex_t lock;
    uint64_t entries, bytes;
    uint32_t most;
    uint32_t cap;   /* memory for that many lines and tenants, [0] included; a power of two */
    uint32_t fresh; /* lines from here on were never used */
    uint32_t fresh_tenant;
    ref free_line, free_tenant;
    chain all; /* oldest first */
    line *lines;
    tenant *tenants;
    ref *buckets; /* cap of them */
};

static ref *bucket_of(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT])
{
    uint32_t h;
    memcpy(&h, owner, sizeof h);
    return &l->buckets[h & (l->cap - 1)];
}

static void rehash(wtl_ledger *l)
{
    memset(l->buckets, 0, l->cap * sizeof *l->buckets);
    for (ref t = 1; t < l->fresh_tenant; t++) {
        if (l->tenants[t].entries == 0)
            continue;
        ref *bucket = bucket_of(l, l->tenants[t].id);
        l->tenants[t].next = *bucket;
        *bucket = t;
    }
}

/* Either all three arrays grow or the ledger stays as it is; an array that grew in vain is only larger than needed. */
static int grow(wtl_ledger *l, uint32_t cap)
{
    line *lines = realloc(l->lines, cap * sizeof *lines);
    if (lines != NULL)
        l->lines = lines;
    tenant *tenants = realloc(l->tenants, cap * sizeof *tenants);
    if (tenants != NULL)
        l->tenants = tenants;
    ref *buckets = realloc(l->buckets, cap * sizeof *buckets);
    if (buckets != NULL)
        l->buckets = buckets;
    if (lines == NULL || tenants == NULL || buckets == NULL)
        return WTL_NOMEM;
    l->cap = cap;
    rehash(l);
    return WTL_OK;
}

static void empty_all(wtl_ledger *l)
{
    l->fresh = 1;
    l->fresh_tenant = 1;
    l->free_line = 0;
    l->free_tenant = 0;
    l->all = (chain){0, 0};
    memset(l->buckets, 0, l->cap * sizeof *l->buckets);
}

int wtl_ledger_new(wtl_ledger **out, uint64_t entries, uint64_t bytes, uint32_t most, wtl_err *err)
{
    *out = NULL;
    wtl_ledger *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory for the tenants' quotas");
    l->entries = entries != 0 ? entries : UINT64_MAX;
    l->bytes = bytes != 0 ? bytes : UINT64_MAX;
    l->most = most;
    l->fresh = 1;
    l->fresh_tenant = 1;
    pthread_mutex_init(&l->lock, NULL);
    if (grow(l, 64) < 0) {
        wtl_ledger_free(l);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory for the tenants' quotas");
    }
    *out = l;
    return WTL_OK;
}

void wtl_ledger_free(wtl_ledger *l)
{
    if (l == NULL)
        return;
    free(l->lines);
    free(l->tenants);
    free(l->buckets);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

void wtl_ledger_adopt(wtl_ledger *l, bool empty)
{
    pthread_mutex_init(&l->lock, NULL);
    if (empty)
        empty_all(l);
}

/* ---- lists */

static void append(wtl_ledger *l, chain *c, enum list list, ref i)
{
    l->lines[i].prev[list] = c->last;
    l->lines[i].next[list] = 0;
    if (c->last != 0)
        l->lines[c->last].next[list] = i;
    else
        c->first = i;
    c->last = i;
}

static void take_out(wtl_ledger *l, chain *c, enum list list, ref i)
{
    ref next = l->lines[i].next[list];
    ref prev = l->lines[i].prev[list];
    if (prev != 0)
        l->lines[prev].next[list] = next;
    else
        c->first = next;
    if (next != 0)
        l->lines[next].prev[list] = prev;
    else
        c->last = prev;
}

static ref find_tenant(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT])
{
    ref t = *bucket_of(l, owner);
    while (t != 0 && memcmp(l->tenants[t].id, owner, WTL_FINGERPRINT) != 0)
        t = l->tenants[t].next;
    return t;
}

/* There are never more tenants than lines, so there is one. */
static ref add_tenant(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT])
{
    ref t = l->free_tenant != 0 ? l->free_tenant : l->fresh_tenant++;
    if (t == l->free_tenant)
        l->free_tenant = l->tenants[t].next;
    ref *bucket = bucket_of(l, owner);
    l->tenants[t] = (tenant){.next = *bucket};
    memcpy(l->tenants[t].id, owner, WTL_FINGERPRINT);
    *bucket = t;
    return t;
}

static void drop_tenant(wtl_ledger *l, ref t)
{
    ref *at = bucket_of(l, l->tenants[t].id);
    while (*at != t)
        at = &l->tenants[*at].next;
    *at = l->tenants[t].next;
    l->tenants[t].next = l->free_tenant;
    l->free_tenant = t;
}

static void strike(wtl_ledger *l, ref i)
{
    ref t = l->lines[i].tenant;
    take_out(l, &l->tenants[t].own, BY_TENANT, i);
    take_out(l, &l->all, BY_AGE, i);
    l->tenants[t].bytes -= l->lines[i].item.bytes;
    l->lines[i].tenant = 0;
    l->lines[i].next[BY_AGE] = l->free_line;
    l->free_line = i;
    if (--l->tenants[t].entries == 0)
        drop_tenant(l, t);
}

/* ---- quotas */

static bool above(const wtl_ledger *l, ref t, uint64_t bytes)
{
    return t != 0 && (l->tenants[t].entries >= l->entries || l->tenants[t].bytes > l->bytes - bytes);
}

/* Whatever has ended of itself; the tenant may be gone afterwards. */
static void strike_dead(wtl_ledger *l, ref t, uint64_t ms, uint64_t epoch)
{
    for (ref i = l->tenants[t].own.first, next; i != 0; i = next) {
        const line *at = &l->lines[i];
        next = at->next[BY_TENANT];
        if (!at->pending && (at->item.deadline <= ms || at->item.epoch != epoch))
            strike(l, i);
    }
}

/* The oldest of the list that is stored. */
static int give_up(wtl_ledger *l, const chain *c, enum list list, wtl_ledger_item *victim)
{
    ref i = c->first;
    while (i != 0 && l->lines[i].pending)
        i = l->lines[i].next[list];
    if (i == 0)
        return WTL_BUSY;
    *victim = l->lines[i].item;
    strike(l, i);
    return 1;
}

static bool full(const wtl_ledger *l)
{
    return l->free_line == 0 && l->fresh == l->cap;
}

static int write_line(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], const wtl_ledger_item *item)
{
    ref i = l->free_line != 0 ? l->free_line : l->fresh++;
    if (i == l->free_line)
        l->free_line = l->lines[i].next[BY_AGE];
    ref t = find_tenant(l, owner);
    if (t == 0)
        t = add_tenant(l, owner);
    l->lines[i] = (line){.item = *item, .tenant = t, .pending = true};
    append(l, &l->tenants[t].own, BY_TENANT, i);
    append(l, &l->all, BY_AGE, i);
    l->tenants[t].entries++;
    l->tenants[t].bytes += item->bytes;
    return WTL_OK;
}

static int enter(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], const wtl_ledger_item *item,
                 uint64_t ms, uint64_t epoch, wtl_ledger_item *victim)
{
    if (item->bytes > l->bytes)
        return WTL_POLICY;
    if (above(l, find_tenant(l, owner), item->bytes))
        strike_dead(l, find_tenant(l, owner), ms, epoch);
    ref t = find_tenant(l, owner);
    if (above(l, t, item->bytes))
        return give_up(l, &l->tenants[t].own, BY_TENANT, victim);
    if (full(l) && (l->cap >= l->most || grow(l, 2 * l->cap) < 0))
        return give_up(l, &l->all, BY_AGE, victim);
    return write_line(l, owner, item);
}

int wtl_ledger_enter(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], const wtl_ledger_item *item,
                     uint64_t ms, uint64_t epoch, wtl_ledger_item *victim)
{
    pthread_mutex_lock(&l->lock);
    int rc = enter(l, owner, item, ms, epoch, victim);
    pthread_mutex_unlock(&l->lock);
    return rc;
}

void wtl_ledger_settle(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], uint64_t serial, bool stored)
{
    pthread_mutex_lock(&l->lock);
    ref t = find_tenant(l, owner);
    ref i = t != 0 ? l->tenants[t].own.last : 0;
    while (i != 0 && l->lines[i].item.serial != serial)
        i = l->lines[i].prev[BY_TENANT];
    if (i != 0 && stored)
        l->lines[i].pending = false;
    else if (i != 0)
        strike(l, i);
    pthread_mutex_unlock(&l->lock);
}
