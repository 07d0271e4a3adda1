#include "json/scan.h"

#include <string.h>

#include "base/text.h"

/* What is left of a text. A step that does not find what it wants leaves NULL in p, and so do all after it. */
typedef struct cursor {
    const uint8_t *p;
    const uint8_t *end;
} cursor;

static cursor lost(void)
{
    return (cursor){0};
}

static bool is_at(const cursor *c, uint8_t byte)
{
    return c->p != NULL && c->p < c->end && *c->p == byte;
}

/* RFC 8259 section 2: ws. */
static void skip_space(cursor *c)
{
    while (c->p != NULL && c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

/* A single byte with the space around it. */
static bool take(cursor *c, uint8_t byte)
{
    skip_space(c);
    if (!is_at(c, byte))
        return false;
    c->p++;
    skip_space(c);
    return true;
}

static void skip_string(cursor *c)
{
    if (!is_at(c, '"')) {
        *c = lost();
        return;
    }
    for (c->p++; c->p < c->end && *c->p != '"'; c->p++) {
        if (*c->p == '\\' && c->p + 1 < c->end)
            c->p++;
    }
    if (c->p < c->end)
        c->p++;
    else
        *c = lost();
}

/* Which bracket closes which is left to the parser. */
static void skip_nested(cursor *c)
{
    size_t depth = 0;
    while (c->p != NULL && c->p < c->end) {
        uint8_t byte = *c->p;
        if (byte == '"') {
            skip_string(c);
            continue;
        }
        c->p++;
        depth += byte == '{' || byte == '[';
        if ((byte == '}' || byte == ']') && --depth == 0)
            return;
    }
    *c = lost();
}

static void skip_scalar(cursor *c)
{
    static const char ends[] = {' ', '\t', '\n', '\r', ',', ':', ']', '}', '[', '{', '"'};
    const uint8_t *start = c->p;
    while (c->p < c->end && memchr(ends, *c->p, sizeof ends) == NULL)
        c->p++;
    if (c->p == start)
        *c = lost();
}

/* One value, which may be of any kind; {NULL, 0} when there is none. */
static wtl_bytes take_value(cursor *c)
{
    const uint8_t *start = c->p;
    if (is_at(c, '"'))
        skip_string(c);
    else if (is_at(c, '{') || is_at(c, '['))
        skip_nested(c);
    else if (c->p != NULL)
        skip_scalar(c);
    return c->p != NULL ? (wtl_bytes){start, (size_t)(c->p - start)} : (wtl_bytes){NULL, 0};
}

static bool is_key(wtl_bytes quoted, const char *key)
{
    return quoted.n >= 2 && wtl_text_eq((wtl_bytes){quoted.p + 1, quoted.n - 2}, key);
}

static wtl_bytes find_member(wtl_bytes object, const char *key)
{
    cursor c = {object.p, object.p + object.n};
    wtl_bytes found = {NULL, 0};
    if (object.n == 0 || !take(&c, '{'))
        return found;
    do {
        const uint8_t *start = c.p;
        skip_string(&c);
        if (c.p == NULL)
            return (wtl_bytes){NULL, 0};
        bool wanted = found.p == NULL && is_key((wtl_bytes){start, (size_t)(c.p - start)}, key);
        if (!take(&c, ':'))
            return (wtl_bytes){NULL, 0};
        wtl_bytes value = take_value(&c);
        if (value.p == NULL)
            return value;
        if (wanted)
            found = value;
    } while (take(&c, ','));
    return take(&c, '}') && c.p == c.end ? found : (wtl_bytes){NULL, 0};
}

wtl_bytes wtl_scan_find(wtl_bytes text, const char *const *path)
{
    for (; *path != NULL && text.p != NULL; path++)
        text = find_member(text, *path);
    return text;
}

int wtl_scan_parse_rest(json_t **out, wtl_bytes text, wtl_bytes span, const char *stand_in, const char *what,
                        wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_buf) rest = {0};
    size_t before = (size_t)(span.p - text.p);
    wtl_buf_reserve(&rest, text.n - span.n + strlen(stand_in));
    wtl_buf_add(&rest, text.p, before);
    wtl_buf_str(&rest, stand_in);
    wtl_buf_add(&rest, span.p + span.n, text.n - before - span.n);
    TRY(wtl_buf_check(&rest, err));
    return wtl_json_parse(out, wtl_buf_view(&rest), what, err);
}

static int broken(const char *what, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "%s is not valid JSON: it is no list of values with commas between them",
                    what);
}

int wtl_scan_next(wtl_scan *s, wtl_bytes *element, const char *what, wtl_err *err)
{
    *element = (wtl_bytes){NULL, 0};
    if (s->rest.n == 0)
        return broken(what, err);
    cursor c = {s->rest.p, s->rest.p + s->rest.n};
    bool first = !s->begun && take(&c, '[');
    bool comma = s->begun && take(&c, ',');
    bool end = !comma && (first || s->begun) && take(&c, ']');
    wtl_bytes value = !end && (first || comma) ? take_value(&c) : (wtl_bytes){NULL, 0};
    skip_space(&c);
    if (end ? c.p != c.end : value.p == NULL || !(is_at(&c, ',') || is_at(&c, ']')))
        return broken(what, err);
    *element = value;
    s->begun = true;
    s->rest = (wtl_bytes){c.p, (size_t)(c.end - c.p)};
    return WTL_OK;
}
