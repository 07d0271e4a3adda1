/* Pictures of a comparison of hash tables. */
#ifndef WTL_BENCH_CACHEPLOT_H
#define WTL_BENCH_CACHEPLOT_H

#include "base/buf.h"
#include "bench/cachelib.h"

/* Name of the file of picture i ("cache-keys.svg"), or NULL past the last. */
const char *wtl_cacheplot_file(size_t i);

/* Appends picture i as SVG: a group of bars a row of the comparison, a bar a table. False when there are no rows for it. */
bool wtl_cacheplot_has(const wtl_cachelib *c, size_t i);
int wtl_cacheplot_svg(const wtl_cachelib *c, const wtl_cacheload *tables, size_t i, const char *machine,
                      wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
