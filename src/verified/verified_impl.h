/* What the files of this room share. */
#ifndef WTL_VERIFIED_VERIFIED_IMPL_H
#define WTL_VERIFIED_VERIFIED_IMPL_H

#include <sys/types.h>

#include <wattle/cache.h>

#include "verified/denied.h"
#include "verified/flight.h"
#include "verified/gate.h"
#include "verified/ledger.h"

/* Counters of a handle, by their names in wtl_verified_stats. */
enum wtl_verified_counter {
#define X(name) WTL_COUNT_##name,
#include "verified/counter.def"
#undef X
    WTL_VERIFIED_COUNTS
};

enum { WTL_SCOPE_FIELDS = 6, WTL_SCOPE_ROOM = WTL_VERIFIED_SCOPE_MOST + 4 * WTL_SCOPE_FIELDS };

struct wtl_verified_cache {
    wtl_verified_options o; /* no zeros that stand for something else */
    wtl_cache *yes, *no;    /* no: NULL without negatives */
    /* Found by this; a test puts a worse one here. */
    void (*print)(const wtl_fingerprint_secret *s, wtl_bytes head, wtl_bytes body,
                  uint8_t out[WTL_FINGERPRINT]);
    const char *cpu_level;
    wtl_fingerprint_secret of_subjects, of_ids;
    _Alignas(64) _Atomic uint64_t epoch; /* of revocation */
    wtl_denied denied;
    _Atomic uint64_t serial;
    wtl_gate gate;
    wtl_flights flights;
    wtl_ledger *ledger;   /* NULL without quotas */
    pthread_mutex_t lock; /* for handles */
    wtl_verified_handle *handles;
    unsigned n_handles;
    uint64_t past[WTL_VERIFIED_COUNTS]; /* of handles that are closed */
    pid_t pid;
    uint64_t life; /* another in each child */
};

struct wtl_verified_handle {
    wtl_verified_cache *c;
    wtl_cache_reader *yes, *no;
    wtl_cache_reader *inside;    /* the one in a section for an answer, or NULL */
    const wtl_verified_ask *ask; /* while a call is under way */
    wtl_flight_subject of;
    wtl_denied_now now;
    uint64_t life;
    bool calling; /* the callback is called */
    _Atomic uint64_t count[WTL_VERIFIED_COUNTS];
    wtl_verified_handle *next;
    wtl_record record; /* of a fresh verdict, or another's; and its result */
    wtl_buf result;
    uint8_t scope[WTL_SCOPE_ROOM];
};

static inline void wtl_verified_add(wtl_verified_handle *h, enum wtl_verified_counter i, uint64_t n)
{
    atomic_store_explicit(&h->count[i], atomic_load_explicit(&h->count[i], memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* The clocks of the options. */
wtl_denied_now wtl_verified_now(const wtl_verified_cache *c);

/* A name and its value as one fingerprint. */
static inline void wtl_verified_id_of(const wtl_verified_cache *c, const char *name, wtl_bytes value,
                                      uint8_t out[WTL_FINGERPRINT])
{
    c->print(&c->of_ids, (wtl_bytes){(const uint8_t *)name, __builtin_strlen(name)}, value, out);
}

/* In a child after fork, the first call of any. */
void wtl_verified_adopt(wtl_verified_cache *c);

#endif
