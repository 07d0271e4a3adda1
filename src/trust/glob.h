/* Patterns for names. */
#ifndef WTL_TRUST_GLOB_H
#define WTL_TRUST_GLOB_H

#include <stdbool.h>

/* `*` stands for any run of bytes, also an empty one and one with '/', `?` for one UTF-8 character; everything else
 * for itself. In time of the lengths' product. */
bool wtl_glob_matches(const char *pattern, const char *name);

#endif
