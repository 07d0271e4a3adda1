#include "json/json.h"

#include <stdatomic.h>
#include <string.h>

#include "base/text.h"

void json_t_auto(json_t **j)
{
    json_decref(*j);
}

/* jansson's lexer goes on without a character that it had no memory for, and most builders of documents without
 * what could not be made: so failed allocations are counted below it. */
static json_malloc_t inner;
static atomic_int watched; /* 0 no, 1 being done, 2 yes */
static _Thread_local size_t lost;

static void *counted(size_t n)
{
    void *p = inner(n);
    lost += p == NULL;
    return p;
}

/* Over the functions that the program has set, so that memory still goes back to where it came from. */
static void watch(void)
{
    json_free_t inner_free;
    json_get_alloc_funcs(&inner, &inner_free);
    json_set_alloc_funcs(counted, inner_free);
}

size_t wtl_json_lost(void)
{
    int was = 0;
    if (atomic_compare_exchange_strong(&watched, &was, 1)) {
        watch();
        atomic_store(&watched, 2);
    }
    while (atomic_load(&watched) != 2) /* a few instructions in another thread */
        ;
    return lost;
}

/* jansson passes over one that follows a number. */
static int refuse_zero_bytes(wtl_bytes text, const char *what, wtl_err *err)
{
    const uint8_t *zero = text.n > 0 ? memchr(text.p, 0, text.n) : NULL;
    int line = 1;
    for (const uint8_t *p = text.p; zero != NULL && p < zero; p++)
        line += *p == '\n';
    ENSURE(zero == NULL, err, WTL_FORMAT, "%s is not valid JSON at line %d: it has a zero byte", what, line);
    return WTL_OK;
}

int wtl_json_parse(json_t **out, wtl_bytes text, const char *what, wtl_err *err)
{
    *out = NULL;
    TRY(refuse_zero_bytes(text, what, err));
    size_t before = wtl_json_lost();
    json_error_t e;
    /* Without JSON_ALLOW_NUL and JSON_DISABLE_EOF_CHECK; nesting is bounded by JSON_PARSER_MAX_DEPTH (2048). */
    *out = json_loadb(text.n > 0 ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES, &e);
    if (wtl_json_lost() != before) {
        json_decref(*out);
        *out = NULL;
        return WTL_FAIL(err, WTL_NOMEM, "out of memory while %s was read", what);
    }
    if (*out != NULL)
        return WTL_OK;
    AUTO(wtl_buf) reason = {0};
    wtl_text_quote(&reason, wtl_text_of(e.text));
    const char *shown = wtl_buf_cstr(&reason);
    return WTL_FAIL(err, WTL_FORMAT, "%s is not valid JSON at line %d, column %d: %s", what, e.line, e.column,
                    shown != NULL ? shown : "out of memory");
}

static bool is_listed(const char *key, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, key) == 0)
            return true;
    }
    return false;
}

/* "key" made safe to print; valid until `b` changes. */
static const char *quoted(wtl_buf *b, const char *key)
{
    wtl_text_quote(b, wtl_text_of(key));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

int wtl_json_only_keys(const json_t *j, const char *what, const char *const *allowed, wtl_err *err)
{
    ENSURE(json_is_object(j), err, WTL_FORMAT, "%s is not a JSON object", what);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)j, key, value)
    {
        if (is_listed(key, allowed))
            continue;
        AUTO(wtl_buf) b = {0};
        return WTL_FAIL(err, WTL_FORMAT, "%s has the field \"%.200s\", which the format does not know", what,
                        quoted(&b, key));
    }
    return WTL_OK;
}

static int get(const json_t *j, const char *what, const char *key, json_type type, const char *type_name,
               json_t **out, wtl_err *err)
{
    ENSURE(json_is_object(j), err, WTL_FORMAT, "%s is not a JSON object", what);
    json_t *v = json_object_get(j, key);
    ENSURE(v != NULL, err, WTL_FORMAT, "%s has no field \"%s\"", what, key);
    ENSURE(json_typeof(v) == type, err, WTL_FORMAT, "the field \"%s\" of %s is not %s", key, what, type_name);
    *out = v;
    return WTL_OK;
}

int wtl_json_get_object(const json_t *j, const char *what, const char *key, json_t **out, wtl_err *err)
{
    return get(j, what, key, JSON_OBJECT, "an object", out, err);
}

int wtl_json_get_array(const json_t *j, const char *what, const char *key, json_t **out, wtl_err *err)
{
    return get(j, what, key, JSON_ARRAY, "an array", out, err);
}

int wtl_json_get_string(const json_t *j, const char *what, const char *key, const char **out, wtl_err *err)
{
    json_t *v;
    TRY(get(j, what, key, JSON_STRING, "a string", &v, err));
    *out = json_string_value(v);
    return WTL_OK;
}

static int append(const char *text, size_t n, void *buf)
{
    wtl_buf_add(buf, text, n);
    return 0;
}

int wtl_json_write(const json_t *j, bool pretty, wtl_buf *out, wtl_err *err)
{
    size_t before = out->n;
    size_t lost_before = wtl_json_lost();
    size_t flags = JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
    if (json_dump_callback(j, append, out, flags) != 0) {
        out->n = before;
        ENSURE(wtl_json_lost() == lost_before, err, WTL_NOMEM, "out of memory for a JSON document");
        return WTL_FAIL(err, WTL_BUG, "a JSON document cannot be written");
    }
    return wtl_buf_check(out, err);
}
