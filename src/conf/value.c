#include "conf/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef struct unit {
    const char *name;
    int64_t each;
} unit;

#define SECOND INT64_C(1000000000)
static const unit times[] = {
    {"d", 86400 * SECOND}, {"h", 3600 * SECOND}, {"m", 60 * SECOND}, {"s", SECOND}, {"ms", SECOND / 1000},
};
static const unit sizes[] = {
    {"T", INT64_C(1) << 40},
    {"G", INT64_C(1) << 30},
    {"M", INT64_C(1) << 20},
    {"K", INT64_C(1) << 10},
    {"", 1},
};
enum { TIMES = sizeof times / sizeof times[0], SIZES = sizeof sizes / sizeof sizes[0] };

wtl_value_shown wtl_value_show(const char *text)
{
    wtl_value_shown shown;
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(text));
    const char *s = wtl_buf_cstr(&quoted);
    size_t n = s != NULL ? quoted.n : 0;
    size_t most = sizeof shown.s - 4;
    /* Never half of a character. */
    while (n > most && most > 0 && ((unsigned char)s[most] & 0xc0) == 0x80)
        most--;
    snprintf(shown.s, sizeof shown.s, "%.*s%s", (int)(n > most ? most : n), s != NULL ? s : "?",
             n > most ? "..." : "");
    return shown;
}

/* Digits alone, no sign, no space; what follows them is *rest. */
static bool digits(const char *text, int64_t *v, const char **rest)
{
    size_t n = strspn(text, "0123456789");
    *rest = text + n;
    *v = 0;
    for (size_t i = 0; i < n; i++) {
        int d = text[i] - '0';
        if (*v > (INT64_MAX - d) / 10)
            return false;
        *v = *v * 10 + d;
    }
    return n > 0;
}

static bool with_unit(const char *text, const unit *units, size_t n, int64_t *v)
{
    const char *rest;
    if (!digits(text, v, &rest))
        return false;
    if (*v == 0 && *rest == '\0')
        return true;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rest, units[i].name) == 0 && *v <= INT64_MAX / units[i].each) {
            *v *= units[i].each;
            return true;
        }
    }
    return false;
}

/* The largest unit that leaves no fraction. */
static void put_unit(wtl_buf *out, int64_t v, const unit *units, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v != 0 && v % units[i].each == 0) {
            wtl_buf_fmt(out, "%" PRId64 "%s", v / units[i].each, units[i].name);
            return;
        }
    }
    wtl_buf_fmt(out, "%" PRId64, v);
}

void wtl_value_time(wtl_buf *out, int64_t nanoseconds)
{
    put_unit(out, nanoseconds, times, TIMES);
}

void wtl_value_size(wtl_buf *out, int64_t bytes)
{
    put_unit(out, bytes, sizes, SIZES);
}

static void put_bound(wtl_buf *out, const wtl_conf_row *row, int64_t v)
{
    if (row->kind == WTL_CONF_TIME)
        wtl_value_time(out, v);
    else if (row->kind == WTL_CONF_SIZE)
        wtl_value_size(out, v);
    else
        wtl_buf_fmt(out, "%" PRId64, v);
}

static int in_range(const wtl_conf_row *row, int64_t v, const char *text, const char *where, wtl_err *err)
{
    if ((row->least == 0 && row->most == 0) || (v >= row->least && v <= row->most))
        return WTL_OK;
    AUTO(wtl_buf) least = {0};
    AUTO(wtl_buf) most = {0};
    put_bound(&least, row, row->least);
    put_bound(&most, row, row->most);
    const char *from = wtl_buf_cstr(&least);
    const char *to = wtl_buf_cstr(&most);
    ENSURE(from != NULL && to != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_FAIL(err, WTL_USAGE, "%s: %s goes from %s to %s, and '%s' is outside", where, row->name, from,
                    to, wtl_value_show(text).s);
}

static int parse_amount(int64_t *out, const wtl_conf_row *row, const char *text, const char *where,
                        wtl_err *err)
{
    int64_t v = 0;
    const char *rest = "";
    bool good = false;
    const char *form = "a number in digits";
    if (row->kind == WTL_CONF_TIME) {
        good = with_unit(text, times, TIMES, &v);
        form = "a time as 500ms, 10s, 5m, 2h or 30d";
    } else if (row->kind == WTL_CONF_SIZE) {
        good = with_unit(text, sizes, SIZES, &v);
        form = "a size as 4096, 64K, 16M or 2G";
    } else {
        good = digits(text, &v, &rest) && *rest == '\0';
    }
    ENSURE(good, err, WTL_USAGE, "%s: %s takes %s, and '%s' is none", where, row->name, form,
           wtl_value_show(text).s);
    TRY(in_range(row, v, text, where, err));
    *out = v;
    return WTL_OK;
}

static int parse_flag(int64_t *out, const wtl_conf_row *row, const char *text, const char *where,
                      wtl_err *err)
{
    static const char *const yes[] = {"yes", "on", "true"};
    static const char *const no[] = {"no", "off", "false"};
    for (size_t i = 0; i < 3; i++) {
        bool is_yes = strcmp(text, yes[i]) == 0;
        if (is_yes || strcmp(text, no[i]) == 0) {
            *out = is_yes;
            return WTL_OK;
        }
    }
    return WTL_FAIL(err, WTL_USAGE, "%s: %s is yes or no, not '%s'", where, row->name,
                    wtl_value_show(text).s);
}

/* Word i of the row in `out`; false past the end. */
static bool word_at(const wtl_conf_row *row, size_t i, char out[64])
{
    const char *p = row->words != NULL ? row->words : "";
    for (; i > 0 && *p != '\0'; i--)
        p += strcspn(p, " ") + (strchr(p, ' ') != NULL);
    size_t n = strcspn(p, " ");
    if (n == 0 || n >= 64)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

bool wtl_value_is_word(const wtl_conf_row *row, const char *text)
{
    char word[64];
    for (size_t i = 0; word_at(row, i, word); i++) {
        if (strcmp(word, text) == 0)
            return true;
    }
    return false;
}

static int parse_word(int64_t *out, const wtl_conf_row *row, const char *text, const char *where,
                      wtl_err *err)
{
    AUTO(wtl_buf) list = {0};
    char word[64];
    for (size_t i = 0; word_at(row, i, word); i++) {
        if (strcmp(word, text) == 0) {
            *out = (int64_t)i;
            return WTL_OK;
        }
        wtl_buf_fmt(&list, "%s%s", i > 0 ? ", " : "", word);
    }
    const char *all = wtl_buf_cstr(&list);
    ENSURE(all != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_FAIL(err, WTL_USAGE, "%s: %s is one of %s, not '%s'", where, row->name, all,
                    wtl_value_show(text).s);
}

/* Kinds that are text: what a file and a message can hold. */
static int check_text(const char *text, const wtl_conf_row *row, const char *where, wtl_err *err)
{
    size_t n = strlen(text);
    ENSURE(n > 0, err, WTL_USAGE, "%s: %s is empty", where, row->name);
    ENSURE(strchr(" \t", text[0]) == NULL && strchr(" \t", text[n - 1]) == NULL, err, WTL_USAGE,
           "%s: the value of %s begins or ends with a space", where, row->name);
    ENSURE(strchr("#;", text[0]) == NULL, err, WTL_USAGE,
           "%s: the value of %s begins as a comment does, with %c", where, row->name, text[0]);
    for (size_t i = 0; i < n; i++)
        ENSURE((unsigned char)text[i] >= 0x20 && text[i] != 0x7f, err, WTL_USAGE,
               "%s: the control character 0x%02x in the value of %s", where, (unsigned char)text[i],
               row->name);
    return WTL_OK;
}

int wtl_value_parse(int64_t *out, const wtl_conf_row *row, const char *text, const char *where, wtl_err *err)
{
    TRY(check_text(text, row, where, err));
    switch (row->kind) {
    case WTL_CONF_FLAG:
        return parse_flag(out, row, text, where, err);
    case WTL_CONF_WORD:
        return parse_word(out, row, text, where, err);
    case WTL_CONF_NUMBER:
    case WTL_CONF_TIME:
    case WTL_CONF_SIZE:
        return parse_amount(out, row, text, where, err);
    default:
        *out = 0;
        return WTL_OK;
    }
}
