/* Room for a block: by what is free, by evicting, by moving. */
#ifndef WTL_CACHE_ROOM_H
#define WTL_CACHE_ROOM_H

#include "cache/shard.h"

typedef struct wtl_room_need {
    enum wtl_entry_shape shape;
    uint64_t block_units; /* at most wtl_shard_most */
    uint64_t units;       /* with the cell */
} wtl_room_need;

wtl_room_need wtl_room_for(uint64_t key_n, uint64_t value_n);

/* An entry of which nothing is set but where its block is. The newcomer is weighed against what would have to go, NULL is not. WTL_NO: not let
 * in; WTL_BUSY: pins or readers hold what would be needed. */
int wtl_room_make(wtl_shard *s, const wtl_room_need *need, const wtl_policy_item *newcomer, wtl_entry **out);

/* Whether so much would make it evict. */
bool wtl_room_scarce(const wtl_shard *s, const wtl_room_need *need);

/* Takes the entry in this slot out of the table. Only after wtl_limbo_ready. */
void wtl_room_unlink(wtl_shard *s, _Atomic uint64_t *slot, uint64_t hash, enum wtl_policy_why why);

/* The slot has a new entry: it is among the candidates for some time. */
void wtl_room_watch(wtl_shard *s, _Atomic uint64_t *slot);

/* An empty slot for this hash: a larger table's, or that of an entry evicted from its two buckets. NULL when all of
 * these are pinned, or readers stand in the way. */
_Atomic uint64_t *wtl_room_slot(wtl_shard *s, uint64_t hash);

#endif
