/* What a container's index becomes when entries are added to it. */
#ifndef WTL_SEAL_MERGE_H
#define WTL_SEAL_MERGE_H

#include "container/index.h"
#include "seal/source.h"

/* Takes out of `old` what the sources replace, and of the sources the empty directories that are none there; sorts
 * the sources by name. *replaced counts the files that were taken out. WTL_USAGE: two sources of one name; WTL_POLICY: a
 * name that is there already, without `force`, or a file where a folder is needed. On failure nothing is taken out. */
int wtl_merge_plan(wtl_index *old, wtl_source *source, size_t *n, bool force, size_t *replaced,
                   wtl_err *err) WTL_MUST_USE;

#endif
