/* The picture of a comparison. */
#ifndef WTL_BENCH_PLOT_H
#define WTL_BENCH_PLOT_H

#include "base/buf.h"
#include "bench/primitives.h"

/* Appends an SVG: a bar a row, as long as it is times as fast as OpenSSL, with a mark where the goal is. `title` and `machine`
 * are texts for people. */
int wtl_plot_svg(const wtl_primitives *p, const char *title, const char *machine, wtl_buf *out,
                 wtl_err *err) WTL_MUST_USE;

#endif
