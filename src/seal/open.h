/* Opening's first part, for whatever reads a container. */
#ifndef WTL_SEAL_OPEN_H
#define WTL_SEAL_OPEN_H

#include "seal/reader.h"
#include <wattle/seal.h>

/* Opens the file, finds the key, checks sender, signature and index digest as `o` asks, then the index: in this order, so
 * that nothing is parsed that was not checked first. Fills in what it found of the sender. */
int wtl_open_unlock(wtl_reader *r, const char *container, const wtl_open_opts *o, wtl_open_result *result,
                    wtl_err *err) WTL_MUST_USE;

#endif
