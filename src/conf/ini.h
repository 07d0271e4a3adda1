/* INI text, strictly. libinih takes duplicate sections, cut lines, continued lines and other separators silently;
 * here each of them is refused, with the number of its line. */
#ifndef WTL_CONF_INI_H
#define WTL_CONF_INI_H

#include "base/buf.h"

/* In bytes; the library's own buffer has 200 for a line and 50 for a name. */
enum { WTL_INI_LINE = 190, WTL_INI_NAME = 48, WTL_INI_SECTIONS = 256, WTL_INI_PAIRS = 512 };

typedef struct wtl_ini_pair {
    char *key;
    char *value; /* UTF-8, not empty, without white space around it */
    unsigned line;
} wtl_ini_pair;

typedef struct wtl_ini_section {
    char *name; /* [A-Za-z0-9._-]+ */
    unsigned line;
    wtl_ini_pair *pair; /* in the order of the text, each key once unless WTL_INI_REPEAT */
    size_t n;
} wtl_ini_section;

/* Owns its strings. */
typedef struct wtl_ini {
    wtl_ini_section *section; /* in the order of the text, each name once */
    size_t n;
} wtl_ini;
void wtl_ini_free(wtl_ini *ini);
void wtl_ini_auto(wtl_ini *ini);

/* Lines are blank, a comment (`#` or `;` first), `[name]` or `key = value`, and all end with LF or CRLF. Anything else,
 * a key outside a section, a comment behind a value, control characters and bytes that are not UTF-8 are WTL_FORMAT. */
int wtl_ini_parse(wtl_ini *ini, wtl_bytes text, wtl_err *err) WTL_MUST_USE;
/* The same, but a key may stand several times in a section. */
int wtl_ini_parse_repeated(wtl_ini *ini, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Appends lines that wtl_ini_parse reads back as they are given. WTL_FORMAT, named, for what no file can hold: a line
 * that is too long, " #" within a value and the like; nothing is appended then. */
int wtl_ini_put_section(wtl_buf *out, const char *name, wtl_err *err) WTL_MUST_USE;
int wtl_ini_put_pair(wtl_buf *out, const char *key, const char *value, wtl_err *err) WTL_MUST_USE;

#endif
