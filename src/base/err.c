#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

WTL_PRINTF(6, 0)
static void fill(wtl_err *err, int rc, int sys_errno, const char *file, int line, const char *fmt, va_list ap)
{
    err->code = rc;
    err->sys_errno = sys_errno;
    err->ossl = 0;
    err->file = file;
    err->line = line;
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    if (sys_errno != 0) {
        size_t n = strlen(err->text);
        snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(sys_errno));
    }
}

int wtl_err_make(wtl_err *err, int rc, int sys_errno, const char *file, int line, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        fill(err, rc, sys_errno, file, line, fmt, ap);
        va_end(ap);
    }
    return rc;
}

/* OpenSSL, or our provider in it, had no memory: what was asked about is then neither right nor wrong. */
static bool starved(unsigned long code)
{
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ||
           (reason != NULL && strcmp(reason, "out of memory") == 0);
}

int wtl_err_ossl(wtl_err *err, int rc, const char *file, int line, const char *fmt, ...)
{
    unsigned long code = ERR_peek_last_error();
    if (starved(code) && (rc == WTL_FORMAT || rc == WTL_NO)) {
        ERR_clear_error();
        return wtl_err_make(err, WTL_NOMEM, 0, file, line, "out of memory");
    }
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        fill(err, rc, 0, file, line, fmt, ap);
        va_end(ap);
        err->ossl = code;
        const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
        if (reason != NULL) {
            size_t n = strlen(err->text);
            snprintf(err->text + n, sizeof err->text - n, " (OpenSSL: %s)", reason);
        }
    }
    ERR_clear_error();
    return rc;
}

void wtl_err_prefix(wtl_err *err, const char *fmt, ...)
{
    if (err == NULL)
        return;
    char old[WTL_ERR_TEXT];
    memcpy(old, err->text, sizeof old);
    old[sizeof old - 1] = '\0';
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, "%s", old);
}

int wtl_rc_exit(int rc)
{
    switch (rc) {
    case WTL_OK:
        return 0;
    case WTL_NO:
        return 1;
    case WTL_USAGE:
        return 2;
    case WTL_IO:
        return 3;
    case WTL_FORMAT:
        return 4;
    case WTL_POLICY:
        return 5;
    case WTL_BUSY:
        return 75;
    default:
        return 70;
    }
}

const char *wtl_rc_name(int rc)
{
    static const char *const names[] = {"ok",     "no",   "usage", "io",   "format",
                                        "policy", "busy", "bug",   "nomem"};
    if (rc > 0 || rc < WTL_NOMEM)
        return "bug";
    return names[-rc];
}
