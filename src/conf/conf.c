#include "conf/conf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/text.h"
#include "conf/value.h"

typedef struct value {
    char **text; /* n texts and a NULL */
    char **where;
    size_t n;
    int64_t number; /* of the last one */
    bool given;     /* else the default, if any */
} value;

struct wtl_conf {
    const wtl_conf_table *table;
    value v[];
};

static void clear(value *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->text[i]);
        free(v->where[i]);
    }
    free(v->text);
    free(v->where);
    *v = (value){0};
}

void wtl_conf_free(wtl_conf *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->table->n; i++)
        clear(&c->v[i]);
    free(c);
}

void wtl_conf_auto(wtl_conf **c)
{
    wtl_conf_free(*c);
}

/* Takes `text` over, also when it fails. */
static int append(value *v, char *text, const char *where, wtl_err *err)
{
    char **texts = realloc(v->text, (v->n + 2) * sizeof *texts);
    if (texts != NULL)
        v->text = texts;
    char **wheres = realloc(v->where, (v->n + 2) * sizeof *wheres);
    if (wheres != NULL)
        v->where = wheres;
    char *place = where != NULL ? strdup(where) : NULL;
    if (text == NULL || texts == NULL || wheres == NULL || (where != NULL && place == NULL)) {
        free(text);
        free(place);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    v->text[v->n] = text;
    v->where[v->n++] = place;
    v->text[v->n] = v->where[v->n] = NULL;
    return WTL_OK;
}

static int set_default(value *v, const wtl_conf_row *row, wtl_err *err)
{
    if (row->fallback == NULL)
        return WTL_OK;
    if (wtl_value_parse(&v->number, row, row->fallback, "the table", err) < 0)
        return WTL_FAIL(err, WTL_BUG, "the default of %s is none that it takes", row->name);
    return append(v, strdup(row->fallback), NULL, err);
}

int wtl_conf_new(wtl_conf **out, const wtl_conf_table *table, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_conf) *c = calloc(1, sizeof *c + table->n * sizeof c->v[0]);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory");
    c->table = table;
    for (size_t i = 0; i < table->n; i++)
        TRY(set_default(&c->v[i], &table->row[i], err));
    *out = c;
    c = NULL;
    return WTL_OK;
}

const wtl_conf_row *wtl_conf_row_of(const wtl_conf_table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->row[i].name, name) == 0)
            return &table->row[i];
    }
    return NULL;
}

const char *wtl_conf_near(const wtl_conf_table *table, const char *name)
{
    wtl_suggest s = wtl_suggest_for(name, strlen(name));
    for (size_t i = 0; i < table->n; i++)
        wtl_suggest_try(&s, table->row[i].name);
    return s.best;
}

static int no_option(const wtl_conf_table *table, const char *name, const char *where, wtl_err *err)
{
    const char *near = wtl_conf_near(table, name);
    if (near != NULL)
        return WTL_FAIL(err, WTL_USAGE, "%s: there is no option '%s'; did you mean '%s'?", where,
                        wtl_value_show(name).s, near);
    return WTL_FAIL(err, WTL_USAGE, "%s: there is no option '%s'", where, wtl_value_show(name).s);
}

static bool is_hash(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

/* Where the path in `text` begins: behind "unix:" in an address; NULL when there is none. */
static const char *path_in(const wtl_conf_row *row, const char *text)
{
    const char *at = row->kind == WTL_CONF_ROUTE ? strchr(text, '=') : NULL;
    const char *address = at != NULL ? at + 1 : text;
    if (row->kind == WTL_CONF_ADDRESS || row->kind == WTL_CONF_ROUTE)
        return strncmp(address, "unix:", 5) == 0 && address[5] != '\0' ? address + 5 : NULL;
    bool is_path = row->kind == WTL_CONF_FILE || (row->kind == WTL_CONF_PIN && !is_hash(text));
    return is_path && !wtl_value_is_word(row, text) ? text : NULL;
}

static char *with_folder(const wtl_conf_row *row, const char *text, const char *folder)
{
    const char *path = path_in(row, text);
    if (path == NULL || path[0] == '/' || folder == NULL || folder[0] == '\0')
        return strdup(text);
    AUTO(wtl_buf) whole = {0};
    wtl_buf_add(&whole, text, (size_t)(path - text));
    wtl_buf_str(&whole, folder);
    if (folder[strlen(folder) - 1] != '/')
        wtl_buf_u8(&whole, '/');
    while (strncmp(path, "./", 2) == 0 && path[2] != '\0' && path[2] != '/')
        path += 2;
    wtl_buf_str(&whole, path);
    const char *s = wtl_buf_cstr(&whole);
    return s != NULL ? strdup(s) : NULL;
}

static int put_one(value *v, const wtl_conf_row *row, const char *text, const char *where, const char *folder,
                   wtl_err *err)
{
    int64_t number = 0;
    TRY(wtl_value_parse(&number, row, text, where, err));
    ENSURE(v->n < WTL_CONF_MANY, err, WTL_USAGE, "%s: more than %d values of %s", where, WTL_CONF_MANY,
           row->name);
    TRY(append(v, with_folder(row, text, folder), where, err));
    v->number = number;
    return WTL_OK;
}

/* Spaces and tabs off both ends, in place. */
static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

static int put_list(value *v, const wtl_conf_row *row, const char *text, const char *where,
                    const char *folder, wtl_err *err)
{
    AUTO(wtl_buf) copy = {0};
    wtl_buf_str(&copy, text);
    char *s = wtl_buf_cstr(&copy);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    for (char *next; s != NULL; s = next) {
        next = strchr(s, ',');
        if (next != NULL)
            *next++ = '\0';
        TRY(put_one(v, row, trim(s), where, folder, err));
    }
    return WTL_OK;
}

int wtl_conf_put(wtl_conf *c, const char *name, const char *text, const char *where, const char *folder,
                 wtl_err *err)
{
    const wtl_conf_row *row = wtl_conf_row_of(c->table, name);
    if (row == NULL)
        return no_option(c->table, name, where, err);
    value *v = &c->v[row - c->table->row];
    if (text == NULL && row->kind == WTL_CONF_FLAG)
        text = "yes";
    ENSURE(text != NULL, err, WTL_USAGE, "%s: %s needs a value%s%s", where, name,
           row->arg != NULL ? ", " : "", row->arg != NULL ? row->arg : "");
    if (v->given && !row->many) {
        bool same = strcmp(v->where[0], where) == 0;
        return WTL_FAIL(err, WTL_USAGE, "%s: %s is given twice%s%s", where, name, same ? "" : ", first in ",
                        same ? "" : v->where[0]);
    }
    /* The values of before stay when one of the new ones is wrong. */
    value fresh = {0};
    int rc = row->many ? put_list(&fresh, row, text, where, folder, err)
                       : put_one(&fresh, row, text, where, folder, err);
    if (rc == WTL_OK && v->given && v->n + fresh.n > WTL_CONF_MANY)
        rc = WTL_FAIL(err, WTL_USAGE, "%s: more than %d values of %s", where, WTL_CONF_MANY, name);
    if (rc == WTL_OK && !v->given)
        clear(v);
    for (size_t i = 0; i < fresh.n && rc == WTL_OK; i++) {
        rc = append(v, fresh.text[i], where, err);
        fresh.text[i] = NULL;
    }
    if (rc == WTL_OK) {
        v->number = fresh.number;
        v->given = true;
    }
    clear(&fresh);
    return rc;
}

int wtl_conf_section(wtl_conf *c, const wtl_ini_section *s, const char *file, const char *folder,
                     wtl_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        AUTO(wtl_buf) place = {0};
        wtl_buf_fmt(&place, "%s: line %u", file, s->pair[i].line);
        const char *where = wtl_buf_cstr(&place);
        ENSURE(where != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_conf_put(c, s->pair[i].key, s->pair[i].value, where, folder, err));
    }
    return WTL_OK;
}

static const value *find(const wtl_conf *c, const char *name)
{
    static const value none = {0};
    const wtl_conf_row *row = wtl_conf_row_of(c->table, name);
    assert(row != NULL);
    return row != NULL ? &c->v[row - c->table->row] : &none;
}

bool wtl_conf_has(const wtl_conf *c, const char *name)
{
    return find(c, name)->n > 0;
}

bool wtl_conf_given(const wtl_conf *c, const char *name)
{
    return find(c, name)->given;
}

size_t wtl_conf_count(const wtl_conf *c, const char *name)
{
    return find(c, name)->n;
}

const char *wtl_conf_text(const wtl_conf *c, const char *name, size_t i)
{
    const value *v = find(c, name);
    return i < v->n ? v->text[i] : NULL;
}

const char *const *wtl_conf_list(const wtl_conf *c, const char *name)
{
    static const char *const none[1] = {NULL};
    const value *v = find(c, name);
    return v->n > 0 ? (const char *const *)v->text : none;
}

int64_t wtl_conf_number(const wtl_conf *c, const char *name)
{
    return find(c, name)->number;
}

const char *wtl_conf_where(const wtl_conf *c, const char *name, size_t i)
{
    const value *v = find(c, name);
    return v->given && i < v->n ? v->where[i] : NULL;
}

int wtl_conf_print(const wtl_conf *c, const char *section, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) all = {0};
    TRY(wtl_ini_put_section(&all, section, err));
    for (size_t i = 0; i < c->table->n; i++) {
        const value *v = &c->v[i];
        for (size_t k = 0; k < v->n; k++) {
            if (!v->given)
                wtl_buf_str(&all, "# ");
            TRY(wtl_ini_put_pair(&all, c->table->row[i].name, v->text[k], err));
        }
    }
    wtl_buf_bytes(out, wtl_buf_view(&all));
    return wtl_buf_check(out, err);
}
