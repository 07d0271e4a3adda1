/* Concurrency Kit's hash table for one writer and many readers, with its own hash; key and value in one block of malloc. */
#include <ck_ht.h>
#include <ck_malloc.h>
#include <ck_md.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cachepeer.h"

static void *take(size_t n)
{
    return malloc(n);
}

static void *take_other(void *p, size_t had, size_t n, bool later)
{
    (void)had;
    (void)later;
    return realloc(p, n);
}

static void give(void *p, size_t n, bool later)
{
    (void)n;
    (void)later; /* readers of the old table: none, where the bench lets it grow */
    free(p);
}

static struct ck_malloc memory = {.malloc = take, .realloc = take_other, .free = give};

static void *table_open(size_t entries, size_t value_n, int full)
{
    ck_ht_t *t = calloc(1, sizeof *t);
    (void)value_n;
    unsigned mode = CK_HT_MODE_BYTESTRING | (full ? CK_HT_WORKLOAD_DELETE : 0);
    if (t != NULL && !ck_ht_init(t, mode, NULL, &memory, 2 * entries, 0x8e2f91c45a07d36bU)) {
        free(t);
        return NULL;
    }
    return t;
}

static void table_close(void *table)
{
    ck_ht_iterator_t at = CK_HT_ITERATOR_INITIALIZER;
    ck_ht_entry_t *e;
    while (ck_ht_next(table, &at, &e))
        free(ck_ht_entry_key(e));
    ck_ht_destroy(table);
    free(table);
}

static inline const uint8_t *find(ck_ht_t *t, const wtl_cachepeer_key *k)
{
    ck_ht_hash_t h;
    ck_ht_entry_t e;
    ck_ht_hash(&h, t, k->at, (uint16_t)k->n);
    ck_ht_entry_key_set(&e, k->at, (uint16_t)k->n);
    return ck_ht_get_spmc(t, h, &e) ? ck_ht_entry_value(&e) : NULL;
}

static inline bool put(ck_ht_t *t, const wtl_cachepeer_key *k, const wtl_cachepeer_value *v)
{
    uint8_t *block = malloc(k->n + v->n);
    ck_ht_hash_t h;
    ck_ht_entry_t e;
    if (block == NULL)
        return false;
    memcpy(block, k->at, k->n);
    memcpy(block + k->n, v->p, v->n);
    ck_ht_hash(&h, t, block, (uint16_t)k->n);
    ck_ht_entry_set(&e, h, block, (uint16_t)k->n, block + k->n);
    if (!ck_ht_set_spmc(t, h, &e)) {
        free(block);
        return false;
    }
    if (!ck_ht_entry_empty(&e)) /* what was there; nobody else reads */
        free(ck_ht_entry_key(&e));
    return true;
}

static size_t get(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t found = 0;
    uintptr_t sum = 0;
    (void)v;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = find(table, &k[i]);
        found += p != NULL;
        sum += (uintptr_t)p;
    }
    __asm__ volatile("" : : "r"(sum));
    return found;
}

static size_t mixed(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += i % 10 == 9 ? put(table, &k[i], v) : find(table, &k[i]) != NULL;
    return found;
}

static size_t set(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t stored = 0;
    for (size_t i = 0; i < n; i++)
        stored += put(table, &k[i], v);
    return stored;
}

static size_t del(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t gone = 0;
    (void)v;
    for (size_t i = 0; i < n; i++) {
        ck_ht_hash_t h;
        ck_ht_entry_t e;
        ck_ht_hash(&h, table, k[i].at, (uint16_t)k[i].n);
        ck_ht_entry_key_set(&e, k[i].at, (uint16_t)k[i].n);
        if (!ck_ht_remove_spmc(table, h, &e))
            continue;
        free(ck_ht_entry_key(&e));
        gone++;
    }
    return gone;
}

static size_t lone(void *table, const wtl_cachepeer_key *k, size_t n, uint64_t (*tick)(void), uint32_t *ticks)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        wtl_cachepeer_key key = k[i];
        __asm__ volatile("" : : "r"(&key) : "memory");
        uint64_t from = tick();
        const uint8_t *p = find(table, &key);
        __asm__ volatile("" : : "r"(p) : "memory");
        ticks[i] = (uint32_t)(tick() - from);
        found += p != NULL;
    }
    return found;
}

__attribute__((visibility("default"))) const wtl_cachepeer *wtl_cachepeer_at(unsigned i);
const wtl_cachepeer *wtl_cachepeer_at(unsigned i)
{
    static const wtl_cachepeer peer = {
        .abi = WTL_CACHEPEER_ABI,
        .name = "ck_ht",
        .version = "Concurrency Kit " CK_VERSION,
        .note = "one writer at a time; whoever deletes must know by other means that nobody reads any more",
        .open = table_open,
        .close = table_close,
        .get = get,
        .mixed = mixed,
        .set = set,
        .del = del,
        .lone = lone,
    };
    return i == 0 ? &peer : NULL;
}
