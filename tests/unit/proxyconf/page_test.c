/* docs/formats/proxy-ini.md lists the options as option.def has them. WATTLE_PAGE_UPDATE=1 writes them into it. */
#include "unit.h"

#include <inttypes.h>

#include "base/text.h"
#include "conf/value.h"
#include "proxyconf/proxyconf.h"

static const char begin[] = "unit/proxyconf/page -->\n";
static const char end[] = "<!-- end -->";

/* Bars divide cells; names of options are written as in a file. */
static void put_help(wtl_buf *out, const char *help)
{
    for (const char *p = help; *p != '\0'; p++) {
        if (strncmp(p, " --", 3) == 0) {
            size_t n = strspn(p + 3, "abcdefghijklmnopqrstuvwxyz-");
            wtl_buf_fmt(out, " `%.*s`", (int)n, p + 3);
            p += 2 + n;
        } else {
            wtl_buf_fmt(out, *p == '|' || *p == '<' || *p == '*' ? "\\%c" : "%c", *p);
        }
    }
}

static void put_bound(wtl_buf *out, const wtl_conf_row *row, int64_t v)
{
    if (row->kind == WTL_CONF_TIME)
        wtl_value_time(out, v);
    else if (row->kind == WTL_CONF_SIZE)
        wtl_value_size(out, v);
    else
        wtl_buf_fmt(out, "%" PRId64, v);
}

static void put_kind(wtl_buf *out, const wtl_conf_row *row)
{
    static const char *const names[] = {
        [WTL_CONF_TEXT] = "text", [WTL_CONF_FLAG] = "yes or no",  [WTL_CONF_NUMBER] = "number",
        [WTL_CONF_TIME] = "time", [WTL_CONF_SIZE] = "size",       [WTL_CONF_FILE] = "file",
        [WTL_CONF_PIN] = "key",   [WTL_CONF_ADDRESS] = "address", [WTL_CONF_ROUTE] = "route",
    };
    if (row->kind == WTL_CONF_WORD) {
        for (const char *p = row->words; *p != '\0'; p += strspn(p, " ")) {
            size_t n = strcspn(p, " ");
            wtl_buf_fmt(out, "%s`%.*s`", p == row->words ? "" : ", ", (int)n, p);
            p += n;
        }
        return;
    }
    wtl_buf_str(out, names[row->kind]);
    if (row->least != 0 || row->most != 0) {
        wtl_buf_str(out, " ");
        put_bound(out, row, row->least);
        wtl_buf_str(out, " to ");
        put_bound(out, row, row->most);
    }
    wtl_buf_str(out, row->many ? ", list" : "");
}

static void put_rows(wtl_buf *out, const wtl_conf_table *t, bool services)
{
    const char *group = "";
    for (size_t i = 0; i < t->n; i++) {
        const wtl_conf_row *row = &t->row[i];
        if (strcmp(group, row->group) != 0)
            wtl_buf_fmt(out, "\n### %s%s\n\n| option | value | default | %smeaning |\n|---|---|---|%s---|\n",
                        row->group, services ? "" : ": section [proxy]", services ? "in | " : "",
                        services ? "---|" : "");
        group = row->group;
        wtl_buf_fmt(out, "| `%s` | ", row->name);
        put_kind(out, row);
        wtl_buf_fmt(out, " | %s%s%s | ", row->fallback != NULL ? "`" : "",
                    row->fallback != NULL ? row->fallback : "", row->fallback != NULL ? "`" : "");
        if (services) {
            bool server = wtl_proxyconf_takes(true, row->name);
            bool client = wtl_proxyconf_takes(false, row->name);
            wtl_buf_fmt(out, "%s | ", server && client ? "both" : server ? "server" : "client");
        }
        put_help(out, row->help);
        wtl_buf_str(out, " |\n");
    }
}

static void read_page(wtl_buf *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/formats/proxy-ini.md", getenv("WATTLE_SOURCE"));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        wtl_buf_add(text, part, n);
    fclose(f);
}

static void write_page(wtl_buf *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/formats/proxy-ini.md", getenv("WATTLE_SOURCE"));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
    assert_int_equal(fclose(f), 0);
}

static void page(void **state)
{
    (void)state;
    if (getenv("WATTLE_SOURCE") == NULL) {
        print_message("skipped: WATTLE_SOURCE is not set, so the page cannot be found\n");
        skip();
    }
    AUTO(wtl_buf) is = {0};
    AUTO(wtl_buf) wanted = {0};
    read_page(&is);
    const char *text = wtl_buf_cstr(&is);
    const char *from = strstr(text, begin);
    const char *to = strstr(text, end);
    assert_true(from != NULL && to != NULL && from < to);
    wtl_buf_add(&wanted, text, (size_t)(from - text) + strlen(begin));
    put_rows(&wanted, wtl_proxyconf_service_table(), true);
    put_rows(&wanted, wtl_proxyconf_proxy_table(), false);
    wtl_buf_u8(&wanted, '\n');
    wtl_buf_str(&wanted, to);
    assert_non_null(wtl_buf_cstr(&wanted));
    if (getenv("WATTLE_PAGE_UPDATE") != NULL)
        write_page(&wanted);
    else
        assert_string_equal(text, wtl_buf_cstr(&wanted));
}

/* The page's example is one that is taken. */
static void example(void **state)
{
    (void)state;
    if (getenv("WATTLE_SOURCE") == NULL)
        skip();
    AUTO(wtl_buf) is = {0};
    read_page(&is);
    char *from = strstr(wtl_buf_cstr(&is), "```ini\n");
    assert_non_null(from);
    from += strlen("```ini\n");
    char *to = strstr(from, "```\n");
    assert_non_null(to);
    char path[] = "/tmp/wattle-example.XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(from, 1, (size_t)(to - from), f), (size_t)(to - from));
    assert_int_equal(fclose(f), 0);
    AUTO(wtl_proxyconf) c = {0};
    wtl_err err = {0};
    int rc = wtl_proxyconf_file(&c, path, &err);
    remove(path);
    assert_good(rc, &err);
    assert_int_equal(c.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page),
        cmocka_unit_test(example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
