#include "cli/number.h"

#include <string.h>

#include "base/text.h"

int wtl_number_threads(unsigned *out, const wtl_args *args, wtl_err *err)
{
    enum { MOST = 1024 };
    *out = 0;
    const char *text = wtl_args_get(args, "threads", 0);
    if (text == NULL)
        return WTL_OK;
    unsigned v = 0;
    size_t n = strlen(text);
    bool good = n > 0 && n <= 4 && strspn(text, "0123456789") == n;
    for (size_t i = 0; i < n && good; i++)
        v = v * 10 + (unsigned)(text[i] - '0');
    ENSURE(good && v >= 1 && v <= MOST, err, WTL_USAGE,
           "--threads takes a number from 1 to %d, and '%.32s' is none", (int)MOST, text);
    *out = v;
    return WTL_OK;
}

int wtl_number_digest(const uint8_t **out, uint8_t to[WTL_NUMBER_DIGEST], const wtl_args *args,
                      const char *option, wtl_err *err)
{
    *out = NULL;
    const char *text = wtl_args_get(args, option, 0);
    if (text == NULL)
        return WTL_OK;
    AUTO(wtl_buf) raw = {0};
    ENSURE(wtl_text_hex_decode(&raw, wtl_text_of(text), NULL) == WTL_OK && raw.n == WTL_NUMBER_DIGEST, err,
           WTL_USAGE, "--%s takes %d hexadecimal digits in lower case, as `append` and `info` print them",
           option, 2 * (int)WTL_NUMBER_DIGEST);
    memcpy(to, raw.p, raw.n);
    *out = to;
    return WTL_OK;
}

int wtl_number_duration(int64_t *out, const wtl_args *args, const char *option, int64_t most, wtl_err *err)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const char *text = wtl_args_get(args, option, 0);
    if (text == NULL)
        return WTL_OK;
    size_t n = strspn(text, "0123456789");
    int64_t v = 0;
    int64_t each = 0;
    for (size_t i = 0; i < n && n <= 12; i++)
        v = v * 10 + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + n, units[i].unit) == 0)
            each = units[i].seconds;
    }
    ENSURE(
        n > 0 && n <= 12 && each > 0 && v <= most / each, err, WTL_USAGE,
        "--%s takes seconds, or a number with s, m, h or d behind it, up to %lld days, and '%.32s' is none",
        option, (long long)(most / 86400), text);
    *out = v * each;
    return WTL_OK;
}
