/* What has left the table, or was one, and cannot be used again yet. */
#ifndef WTL_CACHE_LIMBO_H
#define WTL_CACHE_LIMBO_H

#include "cache/shard.h"

/* Whether one more may come. Moves the epoch on when that is needed; false while readers stand in the way. */
bool wtl_limbo_ready(wtl_shard *s);
/* Takes an entry that has left the table, with its block. Only after wtl_limbo_ready. */
void wtl_limbo_add(wtl_shard *s, wtl_entry *e);
/* Takes a table that was replaced. Only after wtl_limbo_ready. */
void wtl_limbo_add_table(wtl_shard *s, wtl_block *table);
/* Frees what no reader can see any more. */
void wtl_limbo_sweep(wtl_shard *s);
/* The same with pushing the epoch on. False when something is still waiting. */
bool wtl_limbo_drain(wtl_shard *s);
/* Frees all that waits, readers or not: there are none. */
void wtl_limbo_flush(wtl_shard *s);

/* Gives cell and block back. */
void wtl_limbo_free(wtl_shard *s, wtl_entry *e);
/* A pin was given back, the last of an entry that is dead. */
void wtl_limbo_unpinned(wtl_shard *s, wtl_entry *e);

#endif
