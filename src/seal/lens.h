/* Reads parts of objects: decrypts and, with a sender, checks against the digest tree. */
#ifndef WTL_SEAL_LENS_H
#define WTL_SEAL_LENS_H

#include "seal/object.h"

/* One thread's buffers and keys, used for one object after another. */
typedef struct wtl_lens wtl_lens;
/* Looks at `segments` (1 to WTL_LANES_MOST) segments side by side where there is a tree. */
int wtl_lens_new(wtl_lens **out, bool tree, size_t segments, wtl_err *err) WTL_MUST_USE;
void wtl_lens_free(wtl_lens *l);
void wtl_lens_auto(wtl_lens **l);

/* Bytes [from, to) of the content, from < to <= plain, into to - from bytes at `out`; with `whole` from is a chunk's
 * beginning (perhaps `to` too), `to` the end, and the last chunk is checked even when it holds nothing. WTL_NO:
 * changed; `out` is zeroed. */
int wtl_lens_read(wtl_lens *l, const wtl_object *o, uint64_t from, uint64_t to, bool whole, uint8_t *out,
                  wtl_err *err) WTL_MUST_USE;

#endif
