/* Hashes of many independent messages side by side. */
#ifndef WTL_CRYPTO_LANES_H
#define WTL_CRYPTO_LANES_H

#include "crypto/hash.h"

/* A set of up to WTL_LANES_MOST running hashes, lane by lane. SHA-256 runs in the vector units; the other hashes
 * run one after another. Used by one thread at a time. */
enum { WTL_LANES_MOST = 16 };
typedef struct wtl_lanes wtl_lanes;
int wtl_lanes_new(wtl_lanes **out, enum wtl_hash h, wtl_err *err) WTL_MUST_USE;
void wtl_lanes_free(wtl_lanes *l);
void wtl_lanes_auto(wtl_lanes **l);

/* Begins a new message in the lane, whatever it held; also done for every lane by _new. */
int wtl_lanes_start(wtl_lanes *l, size_t lane, wtl_err *err) WTL_MUST_USE;

/* Appends part[i] to the message of lane i, for all lanes at once; an empty part leaves its lane alone. Fastest with
 * as many lanes as wtl_lanes_width says, parts of about one length, and 64 KiB or more each. */
int wtl_lanes_add(wtl_lanes *l, const wtl_bytes part[WTL_LANES_MOST], wtl_err *err) WTL_MUST_USE;

/* The digest of the lane's message into out[wtl_hash_size(h)]. Start it anew before it is used again. */
int wtl_lanes_end(wtl_lanes *l, size_t lane, uint8_t *out, wtl_err *err) WTL_MUST_USE;

/* How many messages at once are hashed fastest on this machine: 1 to WTL_LANES_MOST. */
size_t wtl_lanes_width(enum wtl_hash h);

/* WTL_BUG, with a sentence to be shown, when a way of hashing failed its self-test in this process and a slower one
 * that passed was used in its place. */
int wtl_lanes_fault(wtl_err *err) WTL_MUST_USE;

#endif
