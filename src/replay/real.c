/* The cache itself, through its public calls, with all that it needs beside the objects. */
#include <stdlib.h>
#include <string.h>

#include <wattle/cache.h>

#include "replay/model.h"

typedef struct real {
    const wtl_trace *t;
    wtl_cache *cache;
    wtl_cache_reader *reader;
} real;

static void real_close(void *m)
{
    real *s = m;
    if (s == NULL)
        return;
    wtl_cache_reader_close(s->reader);
    if (wtl_cache_close(s->cache, NULL) == WTL_OK)
        s->cache = NULL;
    free(s);
}

static int open_cache(real *s, const wtl_model_options *o, wtl_err *err)
{
    static const uint8_t seed[32] = "the same hashes in each replay";
    uint64_t capacity = o->capacity > WTL_CACHE_CAPACITY_LEAST ? o->capacity : WTL_CACHE_CAPACITY_LEAST;
    uint64_t most = capacity / 4;
    wtl_cache_options co = {.capacity = capacity,
                            .max_value = s->t->largest < most ? s->t->largest : most,
                            .objective = o->by_bytes ? WTL_CACHE_BYTES : WTL_CACHE_OBJECTS,
                            .readers = 1,
                            .small_pages = true,
                            .lazy = true,
                            .seed = seed};
    TRY(wtl_cache_open(&s->cache, &co, err));
    return wtl_cache_reader_open(&s->reader, s->cache, err);
}

static int real_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    real *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    s->t = t;
    int rc = open_cache(s, o, err);
    if (rc < 0) {
        real_close(s);
        return rc;
    }
    *out = s;
    return WTL_OK;
}

/* The value is never written: what decides is its length. */
static bool real_ask(void *m, uint32_t k)
{
    real *s = m;
    wtl_cache_ref ref;
    wtl_cache_room room;
    wtl_bytes key = {(const uint8_t *)&k, sizeof k};
    wtl_cache_enter(s->reader);
    bool in = wtl_cache_get(s->reader, key, &ref) == WTL_OK;
    wtl_cache_leave(s->reader);
    if (in)
        return true;
    if (wtl_cache_reserve(s->reader, key, s->t->size[k], WTL_CACHE_TTL_NONE, &room, NULL) == WTL_OK &&
        wtl_cache_commit(s->reader, &room, s->t->size[k], NULL) != WTL_OK)
        return false; /* absent it is */
    return false;
}

const wtl_model wtl_real_model = {
    .name = "wattle cache", .ours = true, .open = real_open, .ask = real_ask, .close = real_close};
