/* A verdict as it lies in the cache: this, then scope, subject, and the result (or with no: the sentence with its NUL). */
#ifndef WTL_VERIFIED_RECORD_H
#define WTL_VERIFIED_RECORD_H

#include <stddef.h>

#include "kernel/fingerprint.h"
#include <wattle/verified.h>

enum { WTL_RECORD_IDS = WTL_VERIFIED_IDS + 1 };

typedef struct wtl_record {
    uint64_t serial;   /* of this process, never given twice */
    uint64_t epoch;    /* of revocation, when its verification began */
    uint64_t denials;  /* the state of wtl_denied that its ids were looked up in; 0: to be looked up always */
    int64_t nbf, ends; /* ends: its expiry or its key's retirement */
    int64_t until;     /* that, or the end of its time to live by the wall clock */
    uint64_t deadline; /* the same in monotonic milliseconds */
    uint64_t subject_n;
    uint32_t scope_n, result_n;
    int32_t code;
    bool yes, has_key;
    uint8_t n_ids;
    uint8_t key[WTL_VERIFIED_KEY];
    uint8_t id[WTL_RECORD_IDS][WTL_FINGERPRINT]; /* under the secret for ids */
} wtl_record;

/* What a hit reads of it. */
#define WTL_RECORD_FRONT offsetof(wtl_record, key)

static inline uint64_t wtl_record_size(const wtl_record *r)
{
    return sizeof *r + r->scope_n + r->subject_n + r->result_n;
}

#endif
