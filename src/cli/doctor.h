/* Findings of `wattle doctor`. */
#ifndef WTL_CLI_DOCTOR_H
#define WTL_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum wtl_doctor_level { WTL_DOCTOR_OK, WTL_DOCTOR_NOTE, WTL_DOCTOR_WARNING, WTL_DOCTOR_PROBLEM };

typedef struct wtl_doctor_row {
    enum wtl_doctor_level level;
    const char *check; /* "openssl", "permissions"; static */
    char *subject;     /* the file or folder; NULL = this machine */
    char *text;        /* what was found */
    char *advice;      /* what to do, or NULL */
} wtl_doctor_row;

typedef struct wtl_doctor {
    wtl_doctor_row *row;
    size_t n;
    bool no_memory; /* a row is missing */
    int64_t now;    /* seconds since 1970 */
    int64_t soon;   /* seconds within which an expiry is worth a warning */
    char **folder;  /* folders looked at already */
    size_t n_folders;
} wtl_doctor;
void wtl_doctor_auto(wtl_doctor *d);

/* Adds a row. `subject` and `advice` are copied and may be NULL. */
void wtl_doctor_say(wtl_doctor *d, enum wtl_doctor_level level, const char *check, const char *subject,
                    const char *advice, const char *fmt, ...) WTL_PRINTF(6, 7);

/* True the first time that it is asked for a folder. */
bool wtl_doctor_is_new(wtl_doctor *d, const char *folder);

size_t wtl_doctor_count(const wtl_doctor *d, enum wtl_doctor_level level);
const char *wtl_doctor_level_name(enum wtl_doctor_level level); /* "ok", "note", "warning", "problem" */

#endif
