/* The makers of errors and the three control-flow macros of the house. */
#ifndef WTL_BASE_ERR_H
#define WTL_BASE_ERR_H

#include <wattle/err.h>

#define WTL_MUST_USE __attribute__((warn_unused_result))
#define WTL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fills `err` (when not NULL) and returns `rc`. Use through WTL_FAIL, which adds the place. */
int wtl_err_make(wtl_err *err, int rc, int sys_errno, const char *file, int line, const char *fmt, ...)
    WTL_PRINTF(6, 7);

/* Like wtl_err_make for a failed OpenSSL call: takes the newest code off OpenSSL's queue, clears the
 * queue and appends OpenSSL's reason in brackets. Where OpenSSL only lacked memory, WTL_FORMAT and WTL_NO become WTL_NOMEM. */
int wtl_err_ossl(wtl_err *err, int rc, const char *file, int line, const char *fmt, ...) WTL_PRINTF(5, 6);

/* Puts words before the sentence that is already there ("model/a.bin: " and so on). */
void wtl_err_prefix(wtl_err *err, const char *fmt, ...) WTL_PRINTF(2, 3);

/* Expressions of value `rc`, for `return WTL_FAIL(...)` or `rc = WTL_FAIL(...); goto out;`. */
#define WTL_FAIL(err, rc, ...) wtl_err_make(err, rc, 0, __FILE__, __LINE__, __VA_ARGS__)
#define WTL_FAIL_SYS(err, rc, eno, ...) wtl_err_make(err, rc, eno, __FILE__, __LINE__, __VA_ARGS__)
#define WTL_FAIL_OSSL(err, rc, ...) wtl_err_ossl(err, rc, __FILE__, __LINE__, __VA_ARGS__)
#ifdef __clang_analyzer__ /* it cannot look into err.c, and would follow the paths on which failing succeeds */
#undef WTL_FAIL
#undef WTL_FAIL_SYS
#undef WTL_FAIL_OSSL
#define WTL_FAIL(err, rc, ...) (wtl_err_make(err, rc, 0, __FILE__, __LINE__, __VA_ARGS__), (rc))
#define WTL_FAIL_SYS(err, rc, eno, ...) (wtl_err_make(err, rc, eno, __FILE__, __LINE__, __VA_ARGS__), (rc))
#define WTL_FAIL_OSSL(err, rc, ...) (wtl_err_ossl(err, rc, __FILE__, __LINE__, __VA_ARGS__), (rc))
#endif

/* Returns from the function when the call fails. */
#define TRY(call)             \
    do {                      \
        int try_rc_ = (call); \
        if (try_rc_ < 0)      \
            return try_rc_;   \
    } while (0)

/* Returns a freshly made error when the condition does not hold. */
#define ENSURE(cond, err, rc, ...)                 \
    do {                                           \
        if (!(cond))                               \
            return WTL_FAIL(err, rc, __VA_ARGS__); \
    } while (0)

/* A variable that frees itself: AUTO(wtl_buf) b = {0};  AUTO(wtl_key) *k = NULL;  The type brings a
 * function <type>_auto that takes the variable's address. */
#define AUTO(type) __attribute__((cleanup(type##_auto))) type

#endif
