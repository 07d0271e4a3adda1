/* A change of recipients: what the old header says, what the caller wants, and what comes of it. */
#ifndef WTL_SEAL_CHANGE_H
#define WTL_SEAL_CHANGE_H

#include "fs/inplace.h"
#include "seal/reader.h"
#include "seal/who.h"
#include <wattle/seal.h>

/* One change under way. Zero-initialise but for the descriptors, with path and options set. */
typedef struct wtl_change {
    const char *path;
    const wtl_rewrap_opts *o;
    wtl_inplace file;      /* locked */
    wtl_reader r;          /* unlocked */
    wtl_who who;           /* the present recipients */
    bool *drop;            /* which of them go */
    wtl_secret passphrase; /* what it was opened with, if it was */
} wtl_change;
void wtl_change_auto(wtl_change *c);

/* Locks and unlocks the container, learns who its recipients are and marks those who go. WTL_USAGE when one who is to
 * go is not there; else as wtl_rewrap. */
int wtl_change_open(wtl_change *c, wtl_err *err) WTL_MUST_USE;

/* The present recipient whose key it is; who.n when it is none that is known. */
int wtl_change_find(const wtl_change *c, const wtl_key *k, size_t *at, wtl_err *err) WTL_MUST_USE;

/* The header that is in force from now on. */
typedef struct wtl_change_now {
    const wtl_preamble *pre;
    uint64_t generation;
    const wtl_stanza *stanza; /* types, and sizes of bodies, as many as `who` has */
    const wtl_who *who;
} wtl_change_now;
/* The result, which the caller frees. */
int wtl_change_tell(wtl_rewrap_result *out, const wtl_change *c, const wtl_change_now *now,
                    wtl_err *err) WTL_MUST_USE;

#endif
