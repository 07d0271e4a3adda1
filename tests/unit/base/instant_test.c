#include "unit.h"

#include <time.h>

#include "base/instant.h"

static void known_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-12-31T23:59:59Z", 31535999},
        {"1972-02-29T00:00:00Z", 68169600},
        {"2000-02-29T12:34:56Z", 951827696},
        {"2026-11-21T00:00:00Z", 1795219200},
        {"2100-03-01T00:00:00Z", 4107542400},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t s = -1;
        char text[WTL_INSTANT_TEXT];
        wtl_err err = {0};
        assert_good(wtl_instant_parse(&s, rows[i].text, &err), &err);
        assert_true(s == rows[i].seconds);
        assert_string_equal(wtl_instant_write(text, s), rows[i].text);
    }
}

/* Against the C library's calendar, some 60,000 moments up to the last. */
static void like_the_library(void **state)
{
    (void)state;
    for (int64_t s = 0; s < 253402300800; s += 4200001) {
        time_t t = (time_t)s;
        struct tm tm;
        char want[64];
        char got[WTL_INSTANT_TEXT];
        int64_t back = -1;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        assert_string_equal(wtl_instant_write(got, s), want);
        assert_int_equal(wtl_instant_parse(&back, want, NULL), 0);
        assert_true(back == s);
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T00:00:00",
        "2026-11-21T00:00:00z",
        "2026-11-21t00:00:00Z",
        "2026-11-21 00:00:00Z",
        "2026-11-21T00:00:00.0Z",
        "2026-11-21T00:00:00+00:00",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        " 2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00Z ",
        "12026-11-21T00:00:00Z",
        "-026-11-21T00:00:00Z",
        "2026-1-021T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t s = 7;
        wtl_err err = {0};
        assert_int_equal(wtl_instant_parse(&s, rows[i], &err), WTL_FORMAT);
        assert_true(s == 7 && err.text[0] != '\0');
    }
    char text[WTL_INSTANT_TEXT];
    assert_string_equal(wtl_instant_write(text, -1), "?");
    assert_string_equal(wtl_instant_write(text, 253402300800), "?");
    assert_string_equal(wtl_instant_write(text, INT64_MAX), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times),
        cmocka_unit_test(like_the_library),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
