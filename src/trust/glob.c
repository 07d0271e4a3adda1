#include "trust/glob.h"

#include <stddef.h>

static const char *after_character(const char *p)
{
    p++;
    while (((unsigned char)*p & 0xc0) == 0x80)
        p++;
    return p;
}

bool wtl_glob_matches(const char *pattern, const char *name)
{
    const char *star = NULL;  /* behind the last star, */
    const char *tried = name; /* and the part of the name that it begins to match at */
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            tried = name;
        } else if (*pattern == '?') {
            pattern++;
            name = after_character(name);
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++tried;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
