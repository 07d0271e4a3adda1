#include "seal/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Both sides in ascending order of names. */
struct sides {
    const wtl_index *old;
    const wtl_source *source;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const wtl_source *)a)->name, ((const wtl_source *)b)->name);
}

static const char *name_at(const struct sides *s, bool old, size_t i)
{
    return old ? s->old->e[i].name : s->source[i].name;
}

/* How `name` lies to the first name that is below the folder `p`: negative before it, 0 below, positive behind. */
static int place(const char *name, const char *p)
{
    size_t n = strlen(p);
    int c = strncmp(name, p, n);
    return c != 0 ? c : (int)(unsigned char)name[n] - '/';
}

/* Whether anything on that side lies below `p`. */
static bool has_below(const struct sides *s, bool old, const char *p)
{
    size_t lo = 0;
    size_t n = old ? s->old->n : s->n;
    for (size_t hi = n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;
        if (place(name_at(s, old, mid), p) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && place(name_at(s, old, lo), p) == 0;
}

static const wtl_source *find_source(const struct sides *s, const char *name)
{
    wtl_source key = {.name = name};
    return bsearch(&key, s->source, s->n, sizeof key, by_name);
}

static int refuse(int rc, const char *name, const char *why, wtl_err *err)
{
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&quoted);
    return WTL_FAIL(err, rc, "\"%.300s\" %s", shown != NULL ? shown : "?", why);
}

static bool is_dir(const wtl_entry *e)
{
    return e->type == WTL_ENTRY_EMPTY_DIR;
}

static int check_source(const struct sides *s, size_t i, bool force, wtl_err *err)
{
    const wtl_source *from = &s->source[i];
    if (i > 0 && strcmp(s->source[i - 1].name, from->name) == 0)
        return refuse(WTL_USAGE, from->name, "was given twice", err);
    const wtl_entry *was = wtl_index_find(s->old, wtl_text_of(from->name));
    if (was != NULL && !force && !(is_dir(was) && wtl_source_is_dir(from)))
        return refuse(WTL_POLICY, from->name, "is in the container already: --force replaces it", err);
    if (!wtl_source_is_dir(from) && (has_below(s, true, from->name) || has_below(s, false, from->name)))
        return refuse(WTL_POLICY, from->name,
                      "is a folder in the container, and a file cannot take its name: choose another", err);
    return WTL_OK;
}

static int check(const struct sides *s, bool force, wtl_err *err)
{
    for (size_t i = 0; i < s->n; i++)
        TRY(check_source(s, i, force, err));
    for (size_t i = 0; i < s->old->n; i++) {
        const wtl_entry *e = &s->old->e[i];
        if (!is_dir(e) && has_below(s, false, e->name))
            return refuse(WTL_POLICY, e->name,
                          "is a file in the container, and nothing can be put below it: choose another name",
                          err);
    }
    return WTL_OK;
}

/* An empty directory that is one no longer, or an entry that comes anew. */
static bool is_replaced(const struct sides *s, const wtl_entry *e)
{
    return find_source(s, e->name) != NULL || (is_dir(e) && has_below(s, false, e->name));
}

static size_t drop_needless(const struct sides *s, wtl_source *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        const wtl_source *from = &s->source[i];
        bool folder = wtl_source_is_dir(from) &&
                      (has_below(s, true, from->name) || has_below(s, false, from->name));
        if (!folder)
            to[kept++] = *from;
    }
    return kept;
}

static int drop_replaced(const struct sides *s, wtl_index *old, size_t *replaced, wtl_err *err)
{
    bool *gone = calloc(old->n > 0 ? old->n : 1, sizeof *gone);
    ENSURE(gone != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < old->n; i++)
        gone[i] = is_replaced(s, &old->e[i]);
    size_t kept = 0;
    for (size_t i = 0; i < old->n; i++) {
        wtl_entry *e = &old->e[i];
        if (gone[i]) {
            *replaced += !is_dir(e);
            free(e->name);
        } else {
            old->e[kept++] = *e;
        }
    }
    old->n = kept;
    free(gone);
    return WTL_OK;
}

int wtl_merge_plan(wtl_index *old, wtl_source *source, size_t *n, bool force, size_t *replaced, wtl_err *err)
{
    *replaced = 0;
    qsort(source, *n, sizeof *source, by_name);
    struct sides s = {old, source, *n};
    TRY(check(&s, force, err));
    wtl_source *to = calloc(*n > 0 ? *n : 1, sizeof *to);
    ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
    size_t kept = drop_needless(&s, to);
    int rc = drop_replaced(&s, old, replaced, err);
    if (rc == WTL_OK) {
        memcpy(source, to, kept * sizeof *to);
        *n = kept;
    }
    free(to);
    return rc;
}
