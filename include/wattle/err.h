/* Errors: every fallible call returns 0 or one negative wtl_rc and, when asked, a sentence. */
#ifndef WATTLE_ERR_H
#define WATTLE_ERR_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WTL_ERR_TEXT 1024

/* What went wrong, as far as a program needs to know it. All are negative; 0 is success. */
enum wtl_rc {
    WTL_OK = 0,
    WTL_NO = -1,     /* the answer is no: signature wrong, file changed, tag mismatch */
    WTL_USAGE = -2,  /* the caller asked for something that cannot be asked for */
    WTL_IO = -3,     /* the operating system refused: path, permission, space */
    WTL_FORMAT = -4, /* the input is malformed */
    WTL_POLICY = -5, /* well-formed, but a rule forbids it */
    WTL_BUSY = -6,   /* try again later */
    WTL_BUG = -7,    /* a condition that the code rules out, or the crypto library failed */
    WTL_NOMEM = -8   /* memory could not be had */
};

/* Filled in on failure, left alone on success. A caller that wants no words passes NULL. */
typedef struct wtl_err {
    int code;           /* an enum wtl_rc */
    int sys_errno;      /* errno when the system refused, else 0 */
    unsigned long ossl; /* the OpenSSL error code, else 0 */
    const char *file;   /* where in Wattle's source the error was noticed */
    int line;
    char text[WTL_ERR_TEXT]; /* one sentence: what, where, what to do; without a final newline */
} wtl_err;

/* The exit code of a program that ends with `rc`: 0 ok, 1 no, 2 usage, 3 I/O, 4 malformed, 5 refused,
 * 75 try again, 70 bug or no memory. */
int wtl_rc_exit(int rc);

/* "ok", "no", "usage", "io", "format", "policy", "busy", "bug", "nomem": for JSON output. */
const char *wtl_rc_name(int rc);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
