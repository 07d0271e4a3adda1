/* Settings by tables: one row an option, the same in a file (`key = value`), on the command line (`--key value`) and in what is printed. */
#ifndef WTL_CONF_CONF_H
#define WTL_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/ini.h"

enum wtl_conf_kind {
    WTL_CONF_TEXT,
    WTL_CONF_FLAG,   /* yes, no, on, off, true, false; alone on a command line: yes */
    WTL_CONF_NUMBER, /* least..most */
    WTL_CONF_TIME,   /* "500ms", "10s", "5m", "2h", "30d" -> nanoseconds; least..most in nanoseconds */
    WTL_CONF_SIZE,   /* "64K", "16M" -> bytes */
    WTL_CONF_WORD,   /* one of `words` */
    WTL_CONF_FILE,   /* a path; relative ones are taken from `folder`; one of `words` stays as it is */
    WTL_CONF_PIN,    /* 64 hexadecimal digits, or a path as with FILE */
    WTL_CONF_ADDRESS, /* "HOST:PORT", "[::1]:PORT", "*:PORT", "unix:PATH"; its owner looks into it; the path as with FILE */
    WTL_CONF_ROUTE /* "NAME=ADDRESS", the same behind the = */
};

typedef struct wtl_conf_row {
    const char *name; /* "connect-timeout" */
    enum wtl_conf_kind kind;
    bool many;            /* a comma divides values; may be given repeatedly */
    const char *fallback; /* default as text, or NULL: unset */
    int64_t least, most;  /* NUMBER, TIME, SIZE; both 0: any that is not negative */
    const char *words;    /* WORD and FILE: one space between */
    const char *arg;      /* "FILE", "ADDRESS" ... for -h */
    const char *group;    /* heading */
    const char *help;
} wtl_conf_row;

typedef struct wtl_conf_table {
    const wtl_conf_row *row;
    size_t n;
} wtl_conf_table;

/* The values of one section. */
typedef struct wtl_conf wtl_conf;
int wtl_conf_new(wtl_conf **out, const wtl_conf_table *table, wtl_err *err) WTL_MUST_USE;
void wtl_conf_free(wtl_conf *c);
void wtl_conf_auto(wtl_conf **c);

/* The row's name that is nearest to a word (base/suggest.h), or NULL. */
const char *wtl_conf_near(const wtl_conf_table *table, const char *name);
/* The row of this name, or NULL. */
const wtl_conf_row *wtl_conf_row_of(const wtl_conf_table *table, const char *name);

enum { WTL_CONF_MANY = 1024 }; /* values of one option */

/* Sets one value, or adds to those of an option with `many`; `where` ("proxy.ini: line 7", "--listen") begins the error and is kept;
 * `folder` resolves relative FILEs, or NULL. `text` NULL: a flag that stands alone. WTL_USAGE: no such option (with the nearest
 * name), given twice, a value out of range ... */
int wtl_conf_put(wtl_conf *c, const char *name, const char *text, const char *where, const char *folder,
                 wtl_err *err) WTL_MUST_USE;
/* All of a section (wtl_ini_parse_repeated: options with `many` may stand on several lines). `file` is for messages. */
int wtl_conf_section(wtl_conf *c, const wtl_ini_section *s, const char *file, const char *folder,
                     wtl_err *err) WTL_MUST_USE;

/* Values; the row's default where none was given. The name must be a row's (else abort in debug, NULL/0). */
bool wtl_conf_has(const wtl_conf *c, const char *name); /* given, or a default */
bool wtl_conf_given(const wtl_conf *c, const char *name);
size_t wtl_conf_count(const wtl_conf *c, const char *name);
const char *wtl_conf_text(const wtl_conf *c, const char *name, size_t i); /* NULL past the end */
const char *const *wtl_conf_list(const wtl_conf *c, const char *name);    /* count texts */
int64_t wtl_conf_number(const wtl_conf *c,
                        const char *name); /* NUMBER, TIME, SIZE, FLAG; WORD: its place among them */
/* Where value i was given, as wtl_conf_put was told; NULL for a default and past the end. */
const char *wtl_conf_where(const wtl_conf *c, const char *name, size_t i);

/* Appends the section as INI text: given values, and defaults as comments. wtl_conf_section reads the same out of it. WTL_FORMAT for a value
 * that no file can hold (wtl_ini_put_pair). */
int wtl_conf_print(const wtl_conf *c, const char *section, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
