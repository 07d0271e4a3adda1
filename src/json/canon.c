#include "json/canon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { LEVELS_MOST = 2048, DIGITS_MOST = 17 };
static const json_int_t exact_most = ((json_int_t)1 << 53) - 1;

/* ---- strings */

static const char *short_escape(uint8_t c)
{
    switch (c) {
    case '\b':
        return "\\b";
    case '\t':
        return "\\t";
    case '\n':
        return "\\n";
    case '\f':
        return "\\f";
    case '\r':
        return "\\r";
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    default:
        return NULL;
    }
}

/* UTF-8 in which U+0000 may stand, which wtl_text_is_utf8 does not take for text. */
static bool is_unicode(wtl_bytes v)
{
    for (size_t from = 0; from < v.n;) {
        const uint8_t *nul = memchr(v.p + from, 0, v.n - from);
        size_t n = nul != NULL ? (size_t)(nul - v.p) - from : v.n - from;
        if (!wtl_text_is_utf8((wtl_bytes){v.p + from, n}))
            return false;
        from += n + 1;
    }
    return true;
}

static int write_string(wtl_bytes v, wtl_buf *out, wtl_err *err)
{
    ENSURE(is_unicode(v), err, WTL_FORMAT, "a text that is not UTF-8 has no canonical JSON");
    wtl_buf_u8(out, '"');
    for (size_t i = 0; i < v.n; i++) {
        const char *escape = short_escape(v.p[i]);
        if (escape != NULL)
            wtl_buf_str(out, escape);
        else if (v.p[i] < 0x20)
            wtl_buf_fmt(out, "\\u%04x", v.p[i]);
        else
            wtl_buf_u8(out, v.p[i]);
    }
    wtl_buf_u8(out, '"');
    return WTL_OK;
}

/* ---- numbers */

/* The number digits x 10^exponent, read by the C library, which rounds correctly; without a decimal point, so that
 * no locale matters. */
static double value_of(const char *digits, int exponent)
{
    char text[48];
    snprintf(text, sizeof text, "%se%d", digits, exponent);
    return strtod(text, NULL);
}

/* Adds one in the last place; a carry out of the first leaves "100..." and one more power of ten. */
static void next_digits(char *digits, int *exponent)
{
    size_t i = strlen(digits);
    while (i > 0 && digits[i - 1] == '9')
        digits[--i] = '0';
    if (i > 0) {
        digits[i - 1]++;
    } else {
        digits[0] = '1';
        (*exponent)++;
    }
}

/* `n` significant digits of v > 0, correctly rounded: digits and *exponent such that v is about digits x 10^exponent. */
static void round_to(double v, int n, char digits[DIGITS_MOST + 1], int *exponent)
{
    char text[48];
    snprintf(text, sizeof text, "%.*e", n - 1, v);
    const char *e = strchr(text, 'e');
    int got = 0;
    for (const char *p = text; p < e && got < n; p++) {
        if (*p >= '0' && *p <= '9')
            digits[got++] = *p;
    }
    digits[got] = '\0';
    *exponent = (int)strtol(e + 1, NULL, 10) - (n - 1);
}

/* ECMAScript's Number::toString, step 5: the fewest digits that read back as v > 0, and of those the nearest. At a
 * power of two the doubles below lie closer than those above, so the nearest decimal may be too far below while
 * the next one up still reads back. */
static void shortest(double v, char digits[DIGITS_MOST + 1], int *exponent)
{
    for (int n = 1; n <= DIGITS_MOST; n++) {
        round_to(v, n, digits, exponent);
        if (value_of(digits, *exponent) == v)
            return;
        if (n == DIGITS_MOST)
            return;
        next_digits(digits, exponent);
        if (value_of(digits, *exponent) == v)
            return;
    }
}

static void write_zeros(wtl_buf *out, int n)
{
    for (; n > 0; n--)
        wtl_buf_u8(out, '0');
}

/* ECMAScript's Number::toString, steps 6 to 10, with its names: k digits, of which n stand before the point. */
static void write_decimal(const char *digits, int exponent, wtl_buf *out)
{
    int k = (int)strlen(digits);
    int n = k + exponent;
    if (k <= n && n <= 21) {
        wtl_buf_str(out, digits);
        write_zeros(out, n - k);
    } else if (0 < n && n <= 21) {
        wtl_buf_fmt(out, "%.*s.%s", n, digits, digits + n);
    } else if (-6 < n && n <= 0) {
        wtl_buf_str(out, "0.");
        write_zeros(out, -n);
        wtl_buf_str(out, digits);
    } else {
        wtl_buf_fmt(out, "%c%s%se%+d", digits[0], k > 1 ? "." : "", digits + 1, n - 1);
    }
}

static int write_real(double v, wtl_buf *out, wtl_err *err)
{
    ENSURE(v >= -__DBL_MAX__ && v <= __DBL_MAX__, err, WTL_FORMAT,
           "a number that is not finite has no canonical JSON");
    if (v == 0) { /* also -0 */
        wtl_buf_u8(out, '0');
        return WTL_OK;
    }
    char digits[DIGITS_MOST + 1];
    int exponent = 0;
    shortest(v < 0 ? -v : v, digits, &exponent);
    if (v < 0)
        wtl_buf_u8(out, '-');
    write_decimal(digits, exponent, out);
    return WTL_OK;
}

static int write_integer(json_int_t v, wtl_buf *out, wtl_err *err)
{
    ENSURE(v >= -exact_most && v <= exact_most, err, WTL_FORMAT,
           "the integer %lld is beyond 2^53 - 1 and has no canonical JSON", (long long)v);
    wtl_buf_fmt(out, "%lld", (long long)v);
    return WTL_OK;
}

/* ---- arrays and objects */

/* In UTF-16 the code points from U+10000 on (UTF-8: F0 to F4 first) begin with D800 to DFFF, before U+E000 to
 * U+FFFF (UTF-8: EE and EF first). In all else the order of UTF-8's bytes is that of the code units. */
static int weight(uint8_t c)
{
    return c == 0xee || c == 0xef ? c + 0x10 : c;
}

static int by_utf16(const void *a, const void *b)
{
    const uint8_t *x = *(const uint8_t *const *)a;
    const uint8_t *y = *(const uint8_t *const *)b;
    while (*x != 0 && *x == *y) {
        x++;
        y++;
    }
    return weight(*x) - weight(*y);
}

/* An array or object of which `i` of the `n` parts are written. */
typedef struct level {
    const json_t *j;
    const char **key; /* an object's names in order; NULL for an array */
    size_t i, n;
} level;

/* The levels above what is being written, on the heap rather than the stack. */
typedef struct path {
    level *l;
    size_t n;
    size_t cap;
} path;

static void path_auto(path *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->l[i].key);
    free(p->l);
}

static int push(path *p, const json_t *j, wtl_err *err)
{
    ENSURE(p->n < LEVELS_MOST, err, WTL_FORMAT, "JSON of more than %d levels has no canonical form here",
           LEVELS_MOST);
    if (p->n == p->cap) {
        size_t cap = p->cap > 0 ? 2 * p->cap : 8;
        level *l = realloc(p->l, cap * sizeof *l);
        ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
        p->l = l;
        p->cap = cap;
    }
    p->l[p->n++] = (level){.j = j, .n = json_array_size(j)};
    return WTL_OK;
}

static int sort_members(level *l, wtl_err *err)
{
    l->key = malloc((json_object_size(l->j) + 1) * sizeof *l->key);
    ENSURE(l->key != NULL, err, WTL_NOMEM, "out of memory");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)l->j, key, value)
    {
        l->key[l->n++] = key;
    }
    qsort(l->key, l->n, sizeof *l->key, by_utf16);
    return WTL_OK;
}

/* A scalar whole; of an array or object the beginning. */
static int begin(path *p, const json_t *j, wtl_buf *out, wtl_err *err)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        wtl_buf_u8(out, '{');
        TRY(push(p, j, err));
        return sort_members(&p->l[p->n - 1], err);
    case JSON_ARRAY:
        wtl_buf_u8(out, '[');
        return push(p, j, err);
    case JSON_STRING:
        return write_string((wtl_bytes){(const uint8_t *)json_string_value(j), json_string_length(j)}, out,
                            err);
    case JSON_INTEGER:
        return write_integer(json_integer_value(j), out, err);
    case JSON_REAL:
        return write_real(json_real_value(j), out, err);
    default:
        wtl_buf_str(out, json_is_null(j) ? "null" : json_is_true(j) ? "true" : "false");
        return WTL_OK;
    }
}

/* The next part of the innermost array or object, or its end. */
static int advance(path *p, wtl_buf *out, wtl_err *err)
{
    level *l = &p->l[p->n - 1];
    if (l->i == l->n) {
        wtl_buf_u8(out, json_is_object(l->j) ? '}' : ']');
        free(l->key);
        p->n--;
        return WTL_OK;
    }
    if (l->i > 0)
        wtl_buf_u8(out, ',');
    size_t i = l->i++;
    if (l->key == NULL)
        return begin(p, json_array_get(l->j, i), out, err);
    TRY(write_string(wtl_text_of(l->key[i]), out, err));
    wtl_buf_u8(out, ':');
    return begin(p, json_object_get(l->j, l->key[i]), out, err);
}

int wtl_canon_write(const json_t *j, wtl_buf *out, wtl_err *err)
{
    AUTO(path) p = {0};
    size_t before = out->n;
    int rc = begin(&p, j, out, err);
    while (rc == WTL_OK && p.n > 0)
        rc = advance(&p, out, err);
    if (rc == WTL_OK)
        rc = wtl_buf_check(out, err);
    if (rc < 0)
        out->n = before;
    return rc;
}
