#include "base/instant.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

static int64_t number(const char *p, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

static bool is_leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int64_t days_in(int64_t y, int64_t m)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && is_leap(y));
}

/* Days from 1970-01-01 to the first of January of `y`. */
static int64_t days_before(int64_t y)
{
    int64_t last = y - 1;
    return (y - 1970) * 365 + (last / 4 - last / 100 + last / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static bool has_form(const char *text)
{
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i])
            return false;
    }
    return true;
}

int wtl_instant_parse(int64_t *seconds, const char *text, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(text));
    const char *shown = wtl_buf_cstr(&q);
    ENSURE(shown != NULL, err, WTL_NOMEM, "out of memory");
    ENSURE(has_form(text), err, WTL_FORMAT, "\"%.60s\" is no time of the form 2026-11-21T00:00:00Z", shown);
    int64_t y = number(text, 4);
    int64_t m = number(text + 5, 2);
    int64_t d = number(text + 8, 2);
    int64_t h = number(text + 11, 2);
    int64_t min = number(text + 14, 2);
    int64_t s = number(text + 17, 2);
    ENSURE(y >= 1970 && m >= 1 && m <= 12 && d >= 1 && d <= days_in(y, m) && h < 24 && min < 60 && s < 60,
           err, WTL_FORMAT, "\"%.60s\" is no day and time that there is (from 1970 on)", shown);
    int64_t days = days_before(y) + d - 1;
    for (int64_t i = 1; i < m; i++)
        days += days_in(y, i);
    *seconds = ((days * 24 + h) * 60 + min) * 60 + s;
    return WTL_OK;
}

const char *wtl_instant_write(char out[WTL_INSTANT_TEXT], int64_t seconds)
{
    int64_t day = seconds / 86400;
    int64_t rest = seconds % 86400;
    int64_t y = 1970 + day / 366;
    if (seconds < 0 || day >= days_before(10000)) {
        memcpy(out, "?", 2);
        return out;
    }
    while (day >= days_before(y + 1))
        y++;
    day -= days_before(y);
    int64_t m = 1;
    for (; day >= days_in(y, m); m++)
        day -= days_in(y, m);
    snprintf(out, WTL_INSTANT_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)y % 10000, (unsigned)m % 100,
             (unsigned)(day + 1) % 100, (unsigned)(rest / 3600) % 100, (unsigned)(rest / 60 % 60) % 100,
             (unsigned)(rest % 60) % 100);
    return out;
}
