/* Settings that are taken are within their bounds, and what is printed of them is taken again and prints the same. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND INT64_C(1000000000)
static const wtl_conf_row rows[] = {
    {.name = "name", .kind = WTL_CONF_TEXT},
    {.name = "names", .kind = WTL_CONF_TEXT, .many = true},
    {.name = "flag", .kind = WTL_CONF_FLAG, .fallback = "no"},
    {.name = "count", .kind = WTL_CONF_NUMBER, .fallback = "7", .least = 1, .most = 100},
    {.name = "any", .kind = WTL_CONF_NUMBER},
    {.name = "wait", .kind = WTL_CONF_TIME, .fallback = "10s", .least = SECOND / 1000, .most = 3600 * SECOND},
    {.name = "idle", .kind = WTL_CONF_TIME},
    {.name = "room", .kind = WTL_CONF_SIZE, .fallback = "64K", .least = 1024, .most = 1 << 30},
    {.name = "mood", .kind = WTL_CONF_WORD, .fallback = "calm", .words = "calm merry grim"},
    {.name = "file", .kind = WTL_CONF_FILE, .words = "- system"},
    {.name = "pins", .kind = WTL_CONF_PIN, .many = true},
    {.name = "at", .kind = WTL_CONF_ADDRESS},
    {.name = "way", .kind = WTL_CONF_ROUTE, .many = true},
};
static const wtl_conf_table table = {rows, sizeof rows / sizeof rows[0]};

static void check(const wtl_conf *c)
{
    for (size_t i = 0; i < table.n; i++) {
        const wtl_conf_row *row = &rows[i];
        int64_t v = wtl_conf_number(c, row->name);
        size_t n = wtl_conf_count(c, row->name);
        if (v < 0 || (row->most != 0 && (v < row->least || v > row->most)) ||
            (row->kind == WTL_CONF_FLAG && v > 1) || (row->kind == WTL_CONF_WORD && v > 2))
            abort();
        if ((n > 1 && !row->many) || (n > 0) != wtl_conf_has(c, row->name) ||
            wtl_conf_list(c, row->name)[n] != NULL)
            abort();
        for (size_t k = 0; k < n; k++) {
            if (wtl_conf_text(c, row->name, k)[0] == '\0' ||
                (wtl_conf_where(c, row->name, k) != NULL) != wtl_conf_given(c, row->name))
                abort();
        }
    }
}

static wtl_conf *fresh(void)
{
    wtl_conf *c = NULL;
    if (wtl_conf_new(&c, &table, NULL) < 0)
        abort();
    return c;
}

/* Paths that were made longer may have become too long for a line; nothing else is in the way. */
static void read_back(const wtl_conf *c)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) again = {0};
    AUTO(wtl_ini) ini = {0};
    AUTO(wtl_conf) *back = fresh();
    wtl_err err = {0};
    int rc = wtl_conf_print(c, "it", &text, &err);
    if (rc < 0) {
        if (rc != WTL_FORMAT || strstr(err.text, "too long") == NULL || text.n > 0)
            abort();
        return;
    }
    if (wtl_ini_parse_repeated(&ini, wtl_buf_view(&text), NULL) < 0 ||
        wtl_conf_section(back, &ini.section[0], "f", "/b", NULL) < 0 ||
        wtl_conf_print(back, "it", &again, NULL) < 0)
        abort();
    if (text.n != again.n || memcmp(text.p, again.p, text.n) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_ini) ini = {0};
    if (wtl_ini_parse_repeated(&ini, (wtl_bytes){data, size}, NULL) < 0)
        return 0;
    for (size_t i = 0; i < ini.n; i++) {
        AUTO(wtl_conf) *c = fresh();
        wtl_err err = {0};
        int rc = wtl_conf_section(c, &ini.section[i], "f", "/a", &err);
        if (rc < 0 && (rc != WTL_USAGE || strncmp(err.text, "f: line ", 8) != 0))
            abort();
        check(c);
        read_back(c);
    }
    return 0;
}
