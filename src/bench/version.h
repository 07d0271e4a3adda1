/* Which version of a program is measured, by what it says of itself. */
#ifndef WTL_BENCH_VERSION_H
#define WTL_BENCH_VERSION_H

#include "bench/target.h"

enum { WTL_VERSION_ROOM = 48 };

/* The version in what `nginx -v`, `haproxy -v` or `stunnel -version` prints ("1.26.3"); "" when there is none. */
void wtl_version_parse(char out[WTL_VERSION_ROOM], enum wtl_target_kind kind, const char *text);

/* Starts each program to ask it; our own is of this version. "" for those that are not measured or do not tell within some seconds. Their
 * answers pass through files in the folder of `id`. */
int wtl_version_ask_all(char out[WTL_TARGET_KINDS][WTL_VERSION_ROOM], const wtl_target_programs *programs,
                        const wtl_identity *id, wtl_err *err) WTL_MUST_USE;

#endif
