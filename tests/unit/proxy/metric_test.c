/* The table of metrics against what speaks of it: the page, the rules for Prometheus, the dashboard. */
#include "unit.h"

#include <ctype.h>

#include "json/json.h"
#include "proxy/event.h"

static char *read_file(const char *name)
{
    const char *path = unit_path("WATTLE_SOURCE", name);
    if (path == NULL)
        fail_msg("%s is not there", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    assert_true(n > 0 && n < (1 << 20) - 1);
    return text;
}

static const char *kind_name(enum wtl_metric_kind k)
{
    return k == WTL_METRIC_COUNTER ? "counter" : k == WTL_METRIC_HISTOGRAM ? "histogram" : "gauge";
}

static void table(wtl_buf *out)
{
    wtl_buf_str(out, "| name | kind | labels | what |\n|---|---|---|---|\n");
    for (size_t i = 0; i < WTL_PROXY_METRICS; i++) {
        const wtl_metric_def *d = &wtl_proxy_metrics()[i];
        wtl_buf_fmt(out, "| `%s` | %s | ", d->name, kind_name(d->kind));
        for (size_t k = 0; k < WTL_METRIC_LABELS && d->label[k] != NULL; k++)
            wtl_buf_fmt(out, "%s`%s`", k == 0 ? "" : ", ", d->label[k]);
        wtl_buf_fmt(out, " | %s", d->help);
        for (size_t k = 0; k < WTL_METRIC_BOUNDS && d->bound[k] > 0; k++)
            wtl_buf_fmt(out, "%s%g", k == 0 ? " Bounds: " : ", ", d->bound[k]);
        wtl_buf_str(out, d->bound[0] > 0 ? ". |\n" : " |\n");
    }
}

static void the_page_has_the_table(void **state)
{
    (void)state;
    AUTO(wtl_buf) want = {0};
    table(&want);
    char *page = read_file("docs/formats/proxy-metrics.md");
    if (strstr(page, wtl_buf_cstr(&want)) == NULL) {
        printf("%s", wtl_buf_cstr(&want));
        fail_msg("docs/formats/proxy-metrics.md: its table should be the one above");
    }
    free(page);
}

static bool ends_with(const char *s, size_t n, const char *end)
{
    size_t m = strlen(end);
    return n >= m && memcmp(s + n - m, end, m) == 0;
}

/* A metric, or a part of a histogram. */
static bool in_table(const char *name, size_t n)
{
    for (size_t i = 0; i < WTL_PROXY_METRICS; i++) {
        const wtl_metric_def *d = &wtl_proxy_metrics()[i];
        size_t m = strlen(d->name);
        if (n < m || memcmp(name, d->name, m) != 0)
            continue;
        if (n == m)
            return d->kind != WTL_METRIC_HISTOGRAM;
        if (d->kind == WTL_METRIC_HISTOGRAM &&
            (ends_with(name, n, "_bucket") || ends_with(name, n, "_sum") || ends_with(name, n, "_count")) &&
            name[m] == '_' && memchr(name + m + 1, '_', n - m - 1) == NULL)
            return true;
    }
    static const char own[] = "wattle_metric_series_dropped_total";
    return n == sizeof own - 1 && memcmp(name, own, n) == 0;
}

static bool is_recorded(const char *rules, const char *name, size_t n)
{
    for (const char *p = rules; (p = strstr(p, "- record: ")) != NULL; p++) {
        const char *r = p + strlen("- record: ");
        if (strncmp(r, name, n) == 0 && (r[n] == '\n' || r[n] == ' '))
            return true;
    }
    return false;
}

/* Every word that looks like one of our metrics is one. */
static size_t check_names(const char *text, const char *rules)
{
    static const char *const prefix[] = {"tls_", "x509_", "proxy_", "pqc_", "wattle_"};
    size_t found = 0;
    for (const char *p = text, *end; *p != '\0'; p = end) {
        end = p;
        while (isalnum((unsigned char)*end) || *end == '_')
            end++;
        size_t n = (size_t)(end - p);
        for (size_t i = 0; i < sizeof prefix / sizeof prefix[0]; i++) {
            size_t m = strlen(prefix[i]);
            if (n <= m || memcmp(p, prefix[i], m) != 0)
                continue;
            if (!in_table(p, n) && !is_recorded(rules, p, n))
                fail_msg("%.*s is neither a metric nor recorded", (int)n, p);
            found++;
        }
        end += n == 0;
    }
    return found;
}

/* Labels that a metric has in Prometheus: its own, those of the scrape, a histogram's, what a rule adds. NULL: any of ours. */
static bool has_label(const wtl_metric_def *d, const char *label, size_t n)
{
    static const char *const other[] = {"job", "instance", "le", "fallback", "__name__"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        if (strlen(other[i]) == n && memcmp(other[i], label, n) == 0)
            return true;
    }
    for (size_t row = 0; row < WTL_PROXY_METRICS; row++) {
        const wtl_metric_def *one = &wtl_proxy_metrics()[row];
        for (size_t i = 0; (d == NULL || d == one) && i < WTL_METRIC_LABELS && one->label[i] != NULL; i++) {
            if (strlen(one->label[i]) == n && memcmp(one->label[i], label, n) == 0)
                return true;
        }
    }
    return false;
}

/* The metric whose name ends before `brace`, perhaps as a part of a histogram; NULL for what is recorded. */
static const wtl_metric_def *before(const char *text, const char *brace)
{
    const char *p = brace;
    while (p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_'))
        p--;
    for (size_t row = 0; row < WTL_PROXY_METRICS; row++) {
        const wtl_metric_def *d = &wtl_proxy_metrics()[row];
        size_t n = strlen(d->name);
        if ((size_t)(brace - p) >= n && memcmp(p, d->name, n) == 0 && (p + n == brace || p[n] == '_'))
            return d;
    }
    return NULL;
}

static const char *name_end(const char *p)
{
    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    return p;
}

/* The names in a list like `(a, b)`, or with `matchers` like `{a="x",b=~"y"}`. */
static size_t check_list(const wtl_metric_def *d, const char *p, bool matchers)
{
    size_t found = 0;
    while (*p != '\0' && *p != ')' && *p != '}') {
        const char *end = name_end(p);
        if (end > p) {
            if (!has_label(d, p, (size_t)(end - p)))
                fail_msg("%s has no label %.*s", d != NULL ? d->name : "no metric", (int)(end - p), p);
            found++;
        }
        p = end;
        if (matchers) {
            p = strchr(p, '"');
            p = p != NULL ? strchr(p + 1, '"') : NULL;
            assert_non_null(p);
            p++;
        }
        assert_true(matchers || strchr(",) ", *p) != NULL);
        p += strspn(p, ", ");
    }
    return found;
}

/* Every label in matchers, groupings and templates belongs to the metric it stands with, or to one of ours. */
static size_t check_labels(const char *text)
{
    static const char *const grouping[] = {" by (", " without (", "$labels.", "{{"};
    size_t found = 0;
    for (const char *p = text; *p != '\0'; p++) {
        bool list = *p == '{' && p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_');
        if (list)
            found += check_list(before(text, p), p + 1, true);
        for (size_t i = 0; i < sizeof grouping / sizeof grouping[0]; i++) {
            const char *at = p + strlen(grouping[i]);
            if (strncmp(p, grouping[i], strlen(grouping[i])) != 0)
                continue;
            if (i < 2) {
                found += check_list(NULL, at, false);
            } else if (name_end(at) > at) {
                assert_true(has_label(NULL, at, (size_t)(name_end(at) - at)));
                found++;
            }
        }
    }
    return found;
}

static void the_rules_know_their_metrics(void **state)
{
    (void)state;
    char *rules = read_file("dist/prometheus/wattle-proxy.rules.yml");
    assert_true(check_names(rules, rules) > 40);
    assert_true(check_labels(rules) > 60);
    const wtl_metric_def *bytes = &wtl_proxy_metrics()[WTL_PROXY_BYTES];
    assert_true(has_label(bytes, "direction", 9) && has_label(NULL, "reason", 6));
    assert_false(has_label(bytes, "reason", 6) || has_label(NULL, "reaso", 5));
    assert_true(in_table("tls_handshakes_total", 20) && !in_table("tls_handshakes_tota", 19));
    assert_false(in_table("tls_handshake_duration_seconds", 30));
    assert_true(in_table("tls_handshake_duration_seconds_bucket", 37));
    assert_false(in_table("tls_handshake_duration_seconds_x_bucket", 39));
    free(rules);
}

/* Each query of a panel and of a variable. */
static size_t check_panels(const json_t *panels, const char *rules)
{
    size_t found = 0, i, k;
    const json_t *panel, *target;
    json_array_foreach(panels, i, panel)
    {
        assert_true(json_is_string(json_object_get(panel, "type")) &&
                    json_is_object(json_object_get(panel, "gridPos")));
        json_array_foreach(json_object_get(panel, "targets"), k, target)
        {
            const char *expr = json_string_value(json_object_get(target, "expr"));
            assert_non_null(expr);
            found += check_names(expr, rules);
            const char *legend = json_string_value(json_object_get(target, "legendFormat"));
            assert_true(check_labels(expr) >= 1 && legend != NULL);
            check_labels(legend);
        }
    }
    return found;
}

static void the_dashboard_is_one(void **state)
{
    (void)state;
    char *text = read_file("dist/grafana/wattle-proxy.json");
    char *rules = read_file("dist/prometheus/wattle-proxy.rules.yml");
    AUTO(json_t) *j = NULL;
    wtl_err err;
    assert_good(wtl_json_parse(&j, (wtl_bytes){(const uint8_t *)text, strlen(text)}, "dashboard", &err),
                &err);
    assert_int_equal(json_integer_value(json_object_get(j, "schemaVersion")), 41);
    assert_true(check_panels(json_object_get(j, "panels"), rules) > 25);
    const json_t *list = json_object_get(json_object_get(j, "templating"), "list");
    static const char *const variable[] = {"datasource", "job", "service"};
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *v = json_array_get(list, i), *definition = json_object_get(v, "definition");
        assert_string_equal(json_string_value(json_object_get(v, "name")), variable[i]);
        if (definition != NULL)
            assert_true(check_names(json_string_value(definition), rules) == 1);
    }
    /* No metric is in the table that nobody looks at. */
    for (size_t i = 0; i < WTL_PROXY_METRICS; i++) {
        const char *name = wtl_proxy_metrics()[i].name;
        if (strstr(text, name) == NULL && strstr(rules, name) == NULL)
            fail_msg("%s is neither in the dashboard nor in a rule", name);
    }
    free(rules);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_the_table),
        cmocka_unit_test(the_rules_know_their_metrics),
        cmocka_unit_test(the_dashboard_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
