/* Which names an object of a container may have. */
#ifndef WTL_CONTAINER_NAME_H
#define WTL_CONTAINER_NAME_H

#include <stdbool.h>

#include <wattle/bytes.h>

enum { WTL_NAME_MAX = 4096 };

/* UTF-8 without NUL, relative, 1 to 4,096 bytes, '/' between parts, no part empty, "." or "..". */
bool wtl_name_ok(wtl_bytes name);

/* Order of names: by their bytes, the shorter first. */
int wtl_name_compare(wtl_bytes a, wtl_bytes b);

#endif
