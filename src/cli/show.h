/* How results look to people and to scripts. */
#ifndef WTL_CLI_SHOW_H
#define WTL_CLI_SHOW_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/buf.h"
#include <wattle/progress.h>

/* "wattle sign: sentence" on standard error. */
void wtl_show_error(const char *command, const wtl_err *err);

/* One line on standard error, "wattle: " before it: what a person must see though nothing failed. */
void wtl_show_notice(const char *fmt, ...) WTL_PRINTF(1, 2);

/* WTL_IO when standard output could not take everything. */
int wtl_show_flush(wtl_err *err) WTL_MUST_USE;

/* The object, indented, on standard output; takes the reference. */
int wtl_show_json(json_t *object, wtl_err *err) WTL_MUST_USE;

/* Lower-case hexadecimal as a JSON string. */
json_t *wtl_show_json_hex(const uint8_t *p, size_t n);

/* A name from outside as a JSON string: itself when it is UTF-8, else with its odd bytes as \xNN. */
json_t *wtl_show_json_name(const char *name);

/* Text for people, into a buffer of 32 bytes: "36.4 MB" (powers of ten), "1.2 s", "0.53 GB/s". */
char *wtl_show_size(char out[32], uint64_t bytes);
char *wtl_show_rate(char out[32], uint64_t bytes, double seconds);

/* A path or name, quoted for the terminal. The text lasts until the next-but-three call. */
const char *wtl_show_name(const char *name);

/* Seconds on a clock that only goes forward. */
double wtl_show_clock(void);

/* A progress bar on standard error: it appears after one second when that is a terminal, and fills at most
 * one line of it. Nothing fails when the terminal goes away; the bar ends then. */
typedef struct wtl_bar {
    const char *verb; /* "hashing"; ASCII */
    double start;
    double last;
    bool drawn;
    bool on;
} wtl_bar;
wtl_progress wtl_show_bar(wtl_bar *bar, const char *verb, bool quiet);
void wtl_show_bar_end(wtl_bar *bar); /* removes the line */

#endif
