/* What every unit test includes first: cmocka with the headers that it needs, and the house's helpers. */
#ifndef WTL_TESTS_UNIT_H
#define WTL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <wattle/err.h>

/* Built to be watched by a sanitizer: memory and time say little. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { unit_watched = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
enum { unit_watched = 1 };
#else
enum { unit_watched = 0 };
#endif
#else
enum { unit_watched = 0 };
#endif

/* A test data path below the variable's folder; NULL when the variable is unset or the file absent. */
static inline const char *unit_path(const char *variable, const char *rest)
{
    static char path[4096];
    const char *base = getenv(variable);
    if (base == NULL || base[0] == '\0')
        return NULL;
    snprintf(path, sizeof path, "%s/%s", base, rest);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    fclose(f);
    return path;
}

/* Success, or a failed test that shows the sentence. */
#define assert_good(call, err)                                                     \
    do {                                                                           \
        int good_rc_ = (call);                                                     \
        if (good_rc_ != 0)                                                         \
            fail_msg("%s gave %s: %s", #call, wtl_rc_name(good_rc_), (err)->text); \
    } while (0)

#endif
