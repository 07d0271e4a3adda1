/* Secrets as valgrind's memcheck or clang's MemorySanitizer know them: undefined until someone says otherwise. */
#ifndef WTL_TESTS_CT_WATCH_H
#define WTL_TESTS_CT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define WATCH_MSAN 1
#endif
#endif

#ifdef WATCH_MSAN
#include <sanitizer/msan_interface.h>
static inline void watch_secret(const void *p, size_t n)
{
    __msan_poison(p, n);
}
static inline void watch_public(const void *p, size_t n)
{
    __msan_unpoison(p, n);
}
static inline bool watch_is_public(const void *p, size_t n)
{
    return __msan_test_shadow(p, n) < 0;
}
static inline bool watch_works(void)
{
    return true;
}
#else
#include <valgrind/memcheck.h>
static inline void watch_secret(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}
static inline void watch_public(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}
/* By its shadow bits, since VALGRIND_CHECK_MEM_IS_DEFINED reports an error where the answer is no. */
static inline bool watch_is_public(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char bits = 0;
        if (VALGRIND_GET_VBITS((const char *)p + i, &bits, 1) != 1 || bits != 0)
            return false;
    }
    return true;
}
static inline bool watch_works(void)
{
    return RUNNING_ON_VALGRIND != 0;
}
#endif

#endif
