#include "base/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 40 };

wtl_suggest wtl_suggest_for(const char *word, size_t n)
{
    size_t slips = n / 4 + 1;
    return (wtl_suggest){.word = word, .n = n, .distance = (slips < 3 ? slips : 3) + 1};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance in which two neighbours that changed places count once (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1);
            d[i][j] = least(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

void wtl_suggest_try(wtl_suggest *s, const char *name)
{
    size_t m = strlen(name);
    if (s->n < 2 || s->n > LONGEST || m > LONGEST)
        return;
    /* What was cut short is as good as one slip. */
    bool begins = s->n >= 3 && s->n < m && strncmp(s->word, name, s->n) == 0;
    size_t d = begins ? 1 : distance(s->word, s->n, name, m);
    if (d < s->distance && d < m) {
        s->distance = d;
        s->best = name;
    }
}
