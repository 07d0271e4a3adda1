/* Whose verdicts are kept, oldest first, so that a tenant above its quota loses its own oldest. What the cache evicted stays written
 * here until its turn comes or its time is over: a tenant may have less than its quota then, never more. */
#ifndef WTL_VERIFIED_LEDGER_H
#define WTL_VERIFIED_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/fingerprint.h"

typedef struct wtl_ledger_item {
    uint8_t key[WTL_FINGERPRINT]; /* in the cache */
    uint64_t serial;
    uint64_t deadline, epoch; /* of the verdict's life */
    uint64_t bytes;
} wtl_ledger_item;

typedef struct wtl_ledger wtl_ledger;
/* Of each tenant so many entries and bytes (0: any number); at most `most` written at once, of all. */
int wtl_ledger_new(wtl_ledger **out, uint64_t entries, uint64_t bytes, uint32_t most,
                   wtl_err *err) WTL_MUST_USE;
void wtl_ledger_free(wtl_ledger *l);
/* In a child after fork; with `empty` nothing is written any more. */
void wtl_ledger_adopt(wtl_ledger *l, bool empty);

/* 0: written, and to be stored, then settled. 1: not yet, *victim was struck off and has to go from the cache; call again. WTL_POLICY:
 * alone it is above the quota. WTL_BUSY: all that could make room is being stored just now. `ms` and `epoch` are now's. */
int wtl_ledger_enter(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], const wtl_ledger_item *item,
                     uint64_t ms, uint64_t epoch, wtl_ledger_item *victim) WTL_MUST_USE;
/* What was entered was stored, or not: then it is struck off. */
void wtl_ledger_settle(wtl_ledger *l, const uint8_t owner[WTL_FINGERPRINT], uint64_t serial, bool stored);

#endif
