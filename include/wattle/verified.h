/* A cache of verdicts: what was verified once is not verified again while nothing that the verdict rests on has changed.
 *
 * A verdict is bound to the exact bytes that were verified (a token, a bundle, a certificate, an envelope), to what they were taken for and
 * the algorithm, to the key or the generation of the key set, to the policy and to the tenant. All of these are kept with the verdict and
 * compared in full; the hash that finds it decides nothing. It lives to the first of: its expiry, the key's retirement, its time to
 * live (by the wall clock and by the monotonic one). Every answer minds not-before, wtl_verified_revoke_all and wtl_verified_deny.
 *
 *     rc = wtl_verified(h, &ask, verify, arg, &answer, &err);
 *     if (rc == WTL_OK)
 *         use(answer.result.p, answer.result.n);
 *     wtl_verified_done(h);          -- what the answer points to is void from here on
 *
 * Each thread has a handle. An answer from the cache is read where it lies; until wtl_verified_done the handle is in a read
 * section of the cache, which must be short (cache.h). Hits take no lock and wait for nobody. Any number of caches may be open; the library keeps
 * nothing outside of them.
 *
 * fork(): as cache.h has it. Handles do not survive: in the child wtl_verified with a parent's handle is WTL_USAGE. The child's first call is
 * wtl_verified_handle_open or wtl_verified_close, by one thread. Verdicts survive when no handle but the forking thread's was open, else
 * the child begins without any. What is denied stays denied, and revoked verdicts stay revoked. Afterwards nothing is shared. */
#ifndef WATTLE_VERIFIED_H
#define WATTLE_VERIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/bytes.h>
#include <wattle/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WTL_VERIFIED_CAPACITY_LEAST UINT64_C(262144)
/* A time that never comes; one that has always been. */
#define WTL_VERIFIED_NEVER INT64_MAX
#define WTL_VERIFIED_ALWAYS INT64_MIN
enum {
    WTL_VERIFIED_IDS = 8,           /* names by which one verdict may be denied, its key's not counted */
    WTL_VERIFIED_SCOPE_MOST = 4096, /* bytes of kind, algorithm, key, keyset, policy and tenant together */
    WTL_VERIFIED_KEY = 32,          /* bytes of a key's name: SHA-256 of its DER SubjectPublicKeyInfo */
    WTL_VERIFIED_TEXT = 160         /* the sentence of a verdict of no, with its NUL */
};
/* The name by which wtl_verified_deny knows keys; the value is the 32 bytes of wtl_verified_key. */
#define WTL_VERIFIED_ID_KEY "key"

typedef struct wtl_verified_cache wtl_verified_cache;
typedef struct wtl_verified_handle wtl_verified_handle;
typedef struct wtl_verified_verdict wtl_verified_verdict;

/* All zero but `capacity` is a good choice. */
typedef struct wtl_verified_options {
    /* Bytes for verdicts, at least WTL_VERIFIED_CAPACITY_LEAST: for each the bytes that were asked about, the result, about 350 more.
     * Beside it: two times 512 KiB for counting, 64 B for each id that may be denied (twice), and 64 B a verdict
     * of a tenant with a quota. */
    uint64_t capacity;
    uint64_t
        largest; /* bytes of one verdict; a larger one is not kept; 0: 1 MiB or an eighth of the capacity */
    uint64_t ttl_ms;          /* where neither ask nor verdict says; 0: 5 minutes */
    uint64_t ttl_most_ms;     /* whatever they say; 0: an hour. At most a year */
    uint64_t negative_ttl_ms; /* of a verdict of no; 0: 5 s */
    /* A verdict of no is kept only when the same was asked again within so long; 0: 60 s. */
    uint64_t negative_window_ms;
    unsigned
        negative_percent; /* of the capacity, for verdicts of no, which take room from no other; at most 50; 0: 6 */
    bool no_negatives; /* keep none */
    /* Of each tenant, for verdicts of yes; 0: no quota. A tenant above one loses its own oldest verdicts. */
    uint64_t tenant_entries, tenant_bytes;
    unsigned denied;        /* ids denied at once, at most 2^22; 0: 4096 */
    unsigned handles;       /* open at once, at most 4096; 0: 128 */
    uint64_t wait_ms;       /* for another's verification of the same; then one's own; 0: 1 s */
    bool small_pages, lazy; /* as in wtl_cache_options */
    const char *cpu_level;  /* "ref", "avx2", "avx512": of the fingerprint; NULL: the best. For tests */
    /* Seconds since 1970, and milliseconds of a clock that is never set; from any thread, quick. NULL: CLOCK_REALTIME and
     * CLOCK_MONOTONIC. A verdict lives while both say so: a wall clock that is set back revives nothing. */
    int64_t (*wall)(void *arg);
    uint64_t (*monotonic_ms)(void *arg);
    void *clock_arg;
} wtl_verified_options;

/* Opens a cache without verdicts. The caller owns *out. Errors: WTL_USAGE for options out of bounds, WTL_NOMEM, WTL_POLICY for a
 * cpu_level that the machine lacks. */
int wtl_verified_open(wtl_verified_cache **out, const wtl_verified_options *o, wtl_err *err);
/* Frees everything; WTL_BUSY, and nothing is freed, while handles are open. NULL is allowed. */
int wtl_verified_close(wtl_verified_cache *c, wtl_err *err);

/* A handle for the calling thread; one thread at a time may use it. WTL_BUSY when as many as the options say are open. */
int wtl_verified_handle_open(wtl_verified_handle **out, wtl_verified_cache *c, wtl_err *err);
/* NULL is allowed. Not from within a callback of the handle's own. */
void wtl_verified_handle_close(wtl_verified_handle *h);

/* What is asked about; everything is borrowed during the call. All of it is compared byte by byte, lengths included. */
typedef struct wtl_verified_ask {
    const char *kind; /* what the subject is taken for, and by whose rules: "jws", "bundle" ...; never NULL */
    const char *
        algorithm; /* when it is known beforehand; NULL or "": the subject names it, and the callback holds it against the key */
    /* SHA-256 of the key's SubjectPublicKeyInfo when the key is known beforehand, the generation of the key set (a digest over
     * all its keys) when the subject chooses among them. At least one is not empty. */
    wtl_bytes key, keyset;
    wtl_bytes policy; /* audience, issuer, whatever the verdict depends on, in one unambiguous form */
    wtl_bytes tenant; /* whose verdict it is, and whose quota; may be empty */
    wtl_bytes subject;
    uint64_t ttl_ms; /* 0: the options' */
} wtl_verified_ask;

/* What the callback says of its verdict. Before the call `yes` is false, `exp` and `retires` are WTL_VERIFIED_NEVER, `nbf` is
 * WTL_VERIFIED_ALWAYS, the rest is zero. Times are seconds since 1970, leeway included where the policy has one. */
struct wtl_verified_verdict {
    bool yes;
    int code;                     /* with no: the callback's own, given back with the answer */
    char text[WTL_VERIFIED_TEXT]; /* with no: one sentence */
    int64_t nbf, exp;             /* holds from nbf on, and until before exp */
    int64_t retires;              /* when the key does */
    uint64_t ttl_ms;              /* 0: the ask's */
    void *own;                    /* the library's */
};
/* To be called by the callback, with its verdict. The bytes are copied.
 * The result, claims for example, is given with each answer; the last call counts. WTL_NOMEM. */
int wtl_verified_result(wtl_verified_verdict *v, wtl_bytes result, wtl_err *err);
/* A name by which the verdict may be denied: wtl_verified_id(v, "jti", value). At most WTL_VERIFIED_IDS: WTL_USAGE. */
int wtl_verified_id(wtl_verified_verdict *v, const char *name, wtl_bytes value, wtl_err *err);
/* The key that was used; it may be denied as WTL_VERIFIED_ID_KEY. */
void wtl_verified_key(wtl_verified_verdict *v, const uint8_t key[WTL_VERIFIED_KEY]);

/* Verifies. `now` is the wall clock's. WTL_OK: *v is a verdict, of yes or no. WTL_NO: one of no; an empty v->text becomes err's. Anything
 * else is nobody's verdict: it is kept for none and goes to this caller alone. The callback must not use the handle
 * that calls it; with another handle it may ask other things. */
typedef int wtl_verified_fn(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v,
                            wtl_err *err);

enum wtl_verified_from {
    WTL_VERIFIED_FRESH, /* the callback was called */
    WTL_VERIFIED_HIT,   /* from the cache */
    WTL_VERIFIED_JOINED /* another thread's callback, under way when this call came */
};
enum wtl_verified_why {
    WTL_VERIFIED_GOOD,
    WTL_VERIFIED_REFUSED, /* the callback said no */
    WTL_VERIFIED_EARLY,   /* yes, but its nbf is not come */
    WTL_VERIFIED_LATE,    /* yes, but its exp or its key's retirement is past */
    WTL_VERIFIED_DENIED   /* yes, but an id of it, or its key, is denied */
};
/* Pointers are borrowed until wtl_verified_done, or the next wtl_verified with this handle. */
typedef struct wtl_verified_answer {
    enum wtl_verified_why why;
    enum wtl_verified_from from;
    int code;           /* with WTL_VERIFIED_REFUSED: the callback's */
    const char *text;   /* a sentence with every no, else "" */
    int64_t until;      /* yes until before this second, by this verdict; with no: 0 */
    wtl_bytes result;   /* with yes: what the callback gave */
    const uint8_t *key; /* with yes: WTL_VERIFIED_KEY bytes, or NULL when the callback named none */
} wtl_verified_answer;

/* WTL_OK: yes. WTL_NO: no, `answer` says why, and `err` has its sentence. Else there is no verdict: the callback's own error; WTL_USAGE for
 * an ask that is incomplete or too long, a handle that is in use or a parent's; WTL_NOMEM; then `answer` is zeroed.
 * The callback is called at most once a call, and once for all that ask the same at the same time, unless it takes longer than the
 * options' wait_ms. That a verdict could not be kept (too large, refused by quota or admission, no memory) shows in the
 * statistics alone. */
int wtl_verified(wtl_verified_handle *h, const wtl_verified_ask *ask, wtl_verified_fn *verify, void *arg,
                 wtl_verified_answer *answer, wtl_err *err);
/* Ends the answer's life and the handle's read section. */
void wtl_verified_done(wtl_verified_handle *h);

/* No verdict with this id holds until the second `until` (WTL_VERIFIED_NEVER: ever): when the call returns, none that begins later says
 * yes, in any thread. Both clocks must say that it is over. Denied again, the later time counts. WTL_BUSY, and nothing
 * is denied, when as many as the options say are; then wtl_verified_revoke_all still works. From any thread. */
int wtl_verified_deny(wtl_verified_cache *c, const char *name, wtl_bytes value, int64_t until, wtl_err *err);
/* Takes a denial back; WTL_NO when there was none. */
int wtl_verified_allow(wtl_verified_cache *c, const char *name, wtl_bytes value);
/* All verdicts so far are void, those under way too: when it returns, no call that begins later is answered by them. From any thread. */
void wtl_verified_revoke_all(wtl_verified_cache *c);

/* Sums over handles, taken without stopping anybody. */
typedef struct wtl_verified_stats {
    uint64_t asks;
    uint64_t hits, negative_hits; /* answered by a kept verdict of yes (whatever came of it), of no */
    uint64_t misses;              /* callbacks called */
    uint64_t joined, gave_up;     /* answered by another's callback; waits that were too long */
    uint64_t denied, early, late; /* yes that became no */
    uint64_t refused;             /* callbacks that said no */
    uint64_t failed;              /* callbacks without a verdict */
    uint64_t expired, revoked; /* kept verdicts met past their time, or older than wtl_verified_revoke_all */
    uint64_t mixed;            /* of equal fingerprint and not the same */
    uint64_t kept, negatives_kept; /* stored */
    uint64_t not_admitted;         /* not stored: the cache's admission, or a first no */
    uint64_t too_large, no_room;   /* not stored: above `largest`; no memory to be had */
    uint64_t over_quota;           /* not stored: alone above its tenant's bytes */
    uint64_t displaced;            /* removed by their own tenant's quota */
    uint64_t entries, negative_entries, entry_bytes, capacity; /* now, of both caches together */
    uint64_t denials;                                          /* in force, or not cleared away yet */
    unsigned handles;                                          /* open */
    const char *cpu_level;
} wtl_verified_stats;
void wtl_verified_stats_read(wtl_verified_cache *c, wtl_verified_stats *out);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
