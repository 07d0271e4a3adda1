#include "replay/parse.h"

#include <string.h>

static const char *const names[] = {"lirs", "address", "cache2k", "scarab", "oracleGeneral"};

const char *wtl_parse_name(size_t format)
{
    return format < WTL_PARSE_FORMATS ? names[format] : NULL;
}

bool wtl_parse_by_name(enum wtl_parse_format *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    for (unsigned f = 0; f < WTL_PARSE_FORMATS; f++) {
        size_t n = strlen(names[f]);
        bool named = f == WTL_PARSE_ORACLE ? strstr(base, names[f]) != NULL
                                           : strncmp(base, names[f], n) == 0 && base[n] == '_';
        if (named) {
            *out = (enum wtl_parse_format)f;
            return true;
        }
    }
    return false;
}

static uint64_t big(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static uint64_t little(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static int numbers(wtl_trace *t, wtl_bytes text, size_t width, wtl_err *err)
{
    ENSURE(text.n % width == 0, err, WTL_FORMAT, "%zu bytes are no whole number of records of %zu bytes",
           text.n, width);
    for (size_t i = 0; i < text.n; i += width)
        wtl_trace_add(t, big(text.p + i, width), WTL_PARSE_SIZE);
    return WTL_OK;
}

static int oracle(wtl_trace *t, wtl_bytes text, wtl_err *err)
{
    enum { RECORD = 24, ID = 4, SIZE = 12 };
    ENSURE(text.n % RECORD == 0, err, WTL_FORMAT, "%zu bytes are no whole number of records of %d bytes",
           text.n, (int)RECORD);
    for (size_t i = 0; i < text.n; i += RECORD) {
        uint64_t size = little(text.p + i + SIZE, 4);
        ENSURE(size <= WTL_TRACE_SIZE_MOST, err, WTL_FORMAT,
               "record %zu is of %llu bytes, more than the %d that are taken", i / RECORD + 1,
               (unsigned long long)size, (int)WTL_TRACE_SIZE_MOST);
        wtl_trace_add(t, little(text.p + i + ID, 8), (uint32_t)size);
    }
    return WTL_OK;
}

static bool digit(uint8_t c, unsigned radix, uint64_t *v)
{
    unsigned d = c >= '0' && c <= '9' ? c - 48U : c >= 'a' && c <= 'f' ? c - 87U : 16;
    if (d >= radix || *v > (UINT64_MAX - d) / radix)
        return false;
    *v = *v * radix + d;
    return true;
}

static bool number(wtl_bytes s, unsigned radix, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!digit(s.p[i], radix, v))
            return false;
    }
    return s.n > 0;
}

static bool lirs_line(wtl_trace *t, wtl_bytes s)
{
    uint64_t id;
    if (s.n == 0 || (s.n == 1 && s.p[0] == '*'))
        return true;
    if (!number(s, 10, &id))
        return false;
    wtl_trace_add(t, id, WTL_PARSE_SIZE);
    return true;
}

/* The word after "l 0x", up to the space before the length, which is not used. */
static bool address_line(wtl_trace *t, wtl_bytes s)
{
    enum { HEAD = 4 };
    uint64_t id;
    uint64_t length;
    if (s.n < HEAD || (s.p[0] != 'l' && s.p[0] != 's') || memcmp(s.p + 1, " 0x", 3) != 0)
        return s.n == 0;
    s = (wtl_bytes){s.p + HEAD, s.n - HEAD};
    const uint8_t *space = memchr(s.p, ' ', s.n);
    if (space == NULL)
        return false;
    size_t n = (size_t)(space - s.p);
    if (!number((wtl_bytes){s.p, n}, 16, &id) || !number((wtl_bytes){space + 1, s.n - n - 1}, 10, &length))
        return false;
    wtl_trace_add(t, id, WTL_PARSE_SIZE);
    return true;
}

static int lines(wtl_trace *t, wtl_bytes text, bool (*line)(wtl_trace *, wtl_bytes), wtl_err *err)
{
    size_t at = 0;
    for (size_t nth = 1; at < text.n; nth++) {
        const uint8_t *p = text.p + at;
        const uint8_t *end = memchr(p, '\n', text.n - at);
        size_t n = end != NULL ? (size_t)(end - p) : text.n - at;
        at += n + (end != NULL);
        n -= n > 0 && p[n - 1] == '\r';
        ENSURE(line(t, (wtl_bytes){p, n}), err, WTL_FORMAT, "line %zu is none of the trace's format", nth);
    }
    return WTL_OK;
}

int wtl_parse_trace(wtl_trace *t, enum wtl_parse_format f, wtl_bytes text, wtl_err *err)
{
    switch (f) {
    case WTL_PARSE_LIRS:
        return lines(t, text, lirs_line, err);
    case WTL_PARSE_ADDRESS:
        return lines(t, text, address_line, err);
    case WTL_PARSE_CACHE2K:
        return numbers(t, text, 4, err);
    case WTL_PARSE_SCARAB:
        return numbers(t, text, 8, err);
    default:
        return oracle(t, text, err);
    }
}
