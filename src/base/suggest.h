/* The nearest of some names to a word that was mistyped. */
#ifndef WTL_BASE_SUGGEST_H
#define WTL_BASE_SUGGEST_H

#include <stddef.h>

typedef struct wtl_suggest {
    const char *word; /* as typed; n bytes of it */
    size_t n;
    size_t distance;  /* of the best so far */
    const char *best; /* NULL while nothing is near enough */
} wtl_suggest;

/* Near means: at most one slip in four letters, at most three, where a slip is a letter that is missing,
 * surplus or wrong, or two that are exchanged; or the word is the beginning of the name. */
wtl_suggest wtl_suggest_for(const char *word, size_t n);
/* `name` is borrowed. Of equally near names the first stays. */
void wtl_suggest_try(wtl_suggest *s, const char *name);

#endif
