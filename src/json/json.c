#include "json/json.h"

#include <string.h>

#include "base/text.h"

void json_t_auto(json_t **j)
{
    json_decref(*j);
}

int wtl_json_parse(json_t **out, wtl_bytes text, const char *what, wtl_err *err)
{
    *out = NULL;
    json_error_t e;
    /* Without JSON_ALLOW_NUL and JSON_DISABLE_EOF_CHECK; nesting is bounded by JSON_PARSER_MAX_DEPTH (2048). */
    *out = json_loadb(text.n > 0 ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES, &e);
    if (*out != NULL)
        return WTL_OK;
    ENSURE(json_error_code(&e) != json_error_out_of_memory, err, WTL_NOMEM, "out of memory");
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
    size_t flags = JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
    if (json_dump_callback(j, append, out, flags) != 0) {
        out->n = before;
        return WTL_FAIL(err, WTL_BUG, "a JSON document cannot be written");
    }
    return wtl_buf_check(out, err);
}
