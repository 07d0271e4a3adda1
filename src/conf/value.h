/* One value of a table's row: from text to a number, strictly. */
#ifndef WTL_CONF_VALUE_H
#define WTL_CONF_VALUE_H

#include "conf/conf.h"

/* A name or value as a message may show it: quoted (wtl_text_quote), cut where it is long. By value: wtl_value_show(text).s lives
 * to the end of the full expression. */
typedef struct wtl_value_shown {
    char s[96];
} wtl_value_shown;
wtl_value_shown wtl_value_show(const char *text);

/* What `text` stands for, by the row: NUMBER as it is, TIME in nanoseconds, SIZE in bytes, FLAG 0 or 1, WORD the index of
 * the word, others 0. WTL_USAGE, a sentence that begins with `where`. */
int wtl_value_parse(int64_t *out, const wtl_conf_row *row, const char *text, const char *where,
                    wtl_err *err) WTL_MUST_USE;

/* Appends a time (nanoseconds) or size (bytes) in its largest unit: "90s", "16M". */
void wtl_value_time(wtl_buf *out, int64_t nanoseconds);
void wtl_value_size(wtl_buf *out, int64_t bytes);

/* Whether `text` is one of a row's words. */
bool wtl_value_is_word(const wtl_conf_row *row, const char *text);

#endif
