/* The roster: which key each stanza is for, told to the recipients alone (docs/formats/wtl.md, "Roster"). */
#ifndef WTL_SEAL_WHO_H
#define WTL_SEAL_WHO_H

#include "container/slot.h"
#include "container/subkey.h"
#include <wattle/key.h>

/* The key id of each recipient stanza, in their order; all zero for one that nobody knows. */
typedef struct wtl_who {
    uint8_t (*id)[WTL_KEY_ID];
    size_t n;
} wtl_who;
void wtl_who_free(wtl_who *r);
void wtl_who_auto(wtl_who *r);

bool wtl_who_known(const uint8_t id[WTL_KEY_ID]);

/* Bytes of the body for n recipients. */
size_t wtl_who_size(size_t n);

/* Appends the body for a header of `generation`. */
int wtl_who_seal(wtl_buf *body, const wtl_preamble *p, uint64_t generation, const wtl_who *r,
                 const wtl_secret *file_key, wtl_err *err) WTL_MUST_USE;

/* The slot's own, or one in which everybody is unknown when it has none. WTL_FORMAT, WTL_NO when it is broken. */
int wtl_who_open(wtl_who *out, const wtl_preamble *p, const wtl_slot *slot, const wtl_secret *file_key,
                 wtl_err *err) WTL_MUST_USE;

#endif
