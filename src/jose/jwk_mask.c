#include "jose/jwk_mask.h"

#include <string.h>

#include "base/text.h"

void wtl_jwk_mask_auto(wtl_jwk_mask *m)
{
    wtl_buf_free(&m->text);
}

/* Where in the document the reader is: just enough of JSON to know names and values of the outermost object. */
typedef struct place {
    size_t depth;
    bool in_name;   /* in the outermost object the next string is a name */
    wtl_bytes name; /* of the value that comes next */
} place;

/* Past the closing quote of the string that begins at `from`, or the end of the text. */
static size_t string_end(wtl_bytes t, size_t from)
{
    for (size_t i = from + 1; i < t.n; i++) {
        if (t.p[i] == '"')
            return i;
        if (t.p[i] == '\\')
            i++;
    }
    return t.n;
}

/* Whatever stands after a private name, at any depth. */
static bool is_private(const place *at)
{
    return at->depth > 0 && !at->in_name && (wtl_text_eq(at->name, "priv") || wtl_text_eq(at->name, "d"));
}

/* A string with its quotes apart; `to` is its place in the copy. */
static int string(wtl_jwk_mask *m, place *at, wtl_bytes value, uint8_t *to, wtl_err *err)
{
    if (at->depth == 1 && at->in_name) {
        ENSURE(value.n == 0 || memchr(value.p, '\\', value.n) == NULL, err, WTL_FORMAT,
               "the JWK has a member whose name is written with escapes");
        at->name = value;
    }
    if (!is_private(at)) {
        if (value.n > 0)
            memcpy(to, value.p, value.n);
    } else if (at->depth == 1) {
        *(wtl_text_eq(at->name, "d") ? &m->d : &m->priv) = value;
    }
    return WTL_OK;
}

static bool is_structure(uint8_t c)
{
    return strchr("{}[],: \t\r\n", c) != NULL && c != '\0';
}

static void sign_of(place *at, uint8_t c)
{
    if (c == '{' || c == '[')
        at->in_name = ++at->depth == 1;
    else if (c == '}' || c == ']')
        at->depth -= at->depth > 0;
    else if (at->depth == 1 && (c == ',' || c == ':'))
        at->in_name = c == ',';
}

int wtl_jwk_mask_text(wtl_jwk_mask *m, wtl_bytes text, wtl_err *err)
{
    *m = (wtl_jwk_mask){0};
    AUTO(wtl_jwk_mask) r = {0};
    place at = {0};
    uint8_t *copy = wtl_buf_grow(&r.text, text.n);
    TRY(wtl_buf_check(&r.text, err));
    if (text.n > 0)
        memset(copy, WTL_JWK_MASK_WITH, text.n);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '"') {
            if (is_structure(text.p[i]) || !is_private(&at))
                copy[i] = text.p[i];
            sign_of(&at, text.p[i]);
            continue;
        }
        size_t end = string_end(text, i);
        copy[i] = '"';
        TRY(string(&r, &at, (wtl_bytes){text.p + i + 1, end - i - 1}, copy + i + 1, err));
        if (end < text.n)
            copy[end] = '"';
        i = end;
    }
    *m = r;
    r = (wtl_jwk_mask){0};
    return WTL_OK;
}
