#include "replay/trace.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_LEAST = 1024 };

static bool larger(uint32_t **p, size_t *room, size_t need)
{
    if (need <= *room)
        return true;
    size_t more = *room < SLOTS_LEAST ? SLOTS_LEAST : 2 * *room;
    uint32_t *q = realloc(*p, more * sizeof *q);
    if (q == NULL)
        return false;
    *p = q;
    *room = more;
    return true;
}

static size_t place(const wtl_trace *t, uint64_t id)
{
    uint64_t h = id * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)((h ^ h >> 32) & (t->slots - 1));
}

/* The slot of this id, or the empty one where it would be. */
static uint32_t *slot_of(const wtl_trace *t, uint64_t id)
{
    size_t i = place(t, id);
    while (t->slot[i] != 0 && t->id[t->slot[i] - 1] != id)
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

static bool rehash(wtl_trace *t)
{
    size_t slots = t->slots == 0 ? SLOTS_LEAST : 2 * t->slots;
    uint32_t *slot = calloc(slots, sizeof *slot);
    uint64_t *id = realloc(t->id, slots / 2 * sizeof *id);
    if (id != NULL)
        t->id = id;
    if (slot == NULL || id == NULL) {
        free(slot);
        return false;
    }
    free(t->slot);
    t->slot = slot;
    t->slots = slots;
    for (uint32_t k = 0; k < t->keys; k++)
        *slot_of(t, t->id[k]) = k + 1;
    return true;
}

static bool new_key(wtl_trace *t, uint64_t id, uint32_t size)
{
    if (t->keys + 1 > t->slots / 2 && !rehash(t))
        return false;
    if (!larger(&t->size, &t->size_room, t->keys + (size_t)1))
        return false;
    t->id[t->keys] = id;
    t->size[t->keys] = size;
    t->footprint += size;
    t->largest = size > t->largest ? size : t->largest;
    *slot_of(t, id) = ++t->keys;
    return true;
}

void wtl_trace_add(wtl_trace *t, uint64_t id, uint32_t size)
{
    if (t->bad || t->n > WTL_TRACE_REQUESTS_MOST)
        return;
    size = size == 0 ? 1 : size > WTL_TRACE_SIZE_MOST ? WTL_TRACE_SIZE_MOST : size;
    t->bad = !larger(&t->key, &t->key_room, t->n + 1);
    if (!t->bad && (t->slots == 0 || *slot_of(t, id) == 0))
        t->bad = !new_key(t, id, size);
    if (t->bad)
        return;
    uint32_t k = *slot_of(t, id) - 1;
    t->key[t->n++] = k;
    t->asked += t->size[k];
}

int wtl_trace_done(wtl_trace *t, wtl_err *err)
{
    free(t->id);
    free(t->slot);
    t->id = NULL;
    t->slot = NULL;
    t->slots = 0;
    ENSURE(!t->bad, err, WTL_NOMEM, "out of memory for a trace of %zu requests", t->n);
    ENSURE(t->n > 0, err, WTL_FORMAT, "the trace has no request");
    ENSURE(t->n <= WTL_TRACE_REQUESTS_MOST, err, WTL_FORMAT, "the trace has more than %d requests",
           (int)WTL_TRACE_REQUESTS_MOST);
    return WTL_OK;
}

void wtl_trace_free(wtl_trace *t)
{
    free(t->key);
    free(t->size);
    free(t->id);
    free(t->slot);
    *t = (wtl_trace){0};
}

void wtl_trace_auto(wtl_trace *t)
{
    wtl_trace_free(t);
}
