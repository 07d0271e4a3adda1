#include "bench/cacheplot.h"

#include <stdio.h>
#include <string.h>

enum { LEFT = 190, WIDTH = 520, RIGHT = 90, BAR = 12, STEP = 14, GAP = 12, TOP = 84, FOOT = 16 };

/* What a picture shows: rows of one part with one of two figures. */
static const struct {
    const char *file, *title;
    enum wtl_cachelib_part part;
    enum wtl_cachecell_what first, last;
} pictures[] = {
    {"cache-keys.svg", "A get, by number of keys: ns, throughput of one thread", WTL_CACHELIB_KEYS,
     WTL_CACHECELL_GET, WTL_CACHECELL_GET},
    {"cache-lone.svg", "A lone get, by number of keys: ns, median", WTL_CACHELIB_KEYS, WTL_CACHECELL_LONE_P50,
     WTL_CACHECELL_LONE_P50},
    {"cache-sizes.svg", "A get, by size of value: ns, throughput of one thread", WTL_CACHELIB_SIZES,
     WTL_CACHECELL_GET, WTL_CACHECELL_GET},
    {"cache-sets.svg", "A set with its copy: ns", WTL_CACHELIB_SETS, WTL_CACHECELL_SET_NEW,
     WTL_CACHECELL_SET_EVICT},
};

static const char *const colours[WTL_CACHELOAD_MOST] = {"#2b7a9b", "#c9772b", "#7b9b2b", "#b5b045",
                                                        "#8a5aa8", "#888888", "#444444", "#bb4455"};

const char *wtl_cacheplot_file(size_t i)
{
    return i < sizeof pictures / sizeof pictures[0] ? pictures[i].file : NULL;
}

static bool shown(const wtl_cachelib_row *r, size_t i)
{
    return r->part == pictures[i].part && r->what >= pictures[i].first && r->what <= pictures[i].last;
}

bool wtl_cacheplot_has(const wtl_cachelib *c, size_t i)
{
    bool any = false;
    for (size_t k = 0; k < c->n; k++)
        any = any || shown(&c->row[k], i);
    return any;
}

static void put_text(wtl_buf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        const char *as = *s == '<'   ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '&' ? "&amp;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
        if (as != NULL)
            wtl_buf_str(out, as);
        else if ((unsigned char)*s >= ' ')
            wtl_buf_add(out, s, 1);
    }
}

static double longest(const wtl_cachelib *c, size_t tables, size_t i)
{
    double most = 1;
    for (size_t k = 0; k < c->n; k++) {
        for (size_t t = 0; shown(&c->row[k], i) && t < tables; t++)
            most = c->row[k].of[t] > most ? c->row[k].of[t] : most;
    }
    return most;
}

static void put_name(wtl_buf *out, const wtl_cachelib_row *r)
{
    if (r->part == WTL_CACHELIB_KEYS)
        wtl_buf_fmt(out, "%zu keys, %s", r->keys, r->zipf ? "zipf 0.99" : "uniform");
    else if (r->part == WTL_CACHELIB_SIZES)
        wtl_buf_fmt(out, "%zu B", r->value_n);
    else
        put_text(out, wtl_cachecell_kind_of(r->what)->name);
}

static size_t put_row(wtl_buf *out, const wtl_cachelib_row *r, size_t tables, size_t y, double scale)
{
    wtl_buf_fmt(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LEFT - 8, y + BAR - 2);
    put_name(out, r);
    wtl_buf_fmt(out, "</text>\n");
    for (size_t t = 0; t < tables; t++) {
        if (r->of[t] <= 0)
            continue;
        wtl_buf_fmt(out,
                    "<rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/><text x=\"%.1f\" "
                    "y=\"%zu\">%.*f</text>\n",
                    LEFT, y, r->of[t] * scale, BAR, colours[t], LEFT + r->of[t] * scale + 5, y + BAR - 2,
                    r->of[t] < 1000 ? 1 : 0, r->of[t]);
        y += STEP;
    }
    return y + GAP;
}

static void put_legend(wtl_buf *out, const wtl_cacheload *tables)
{
    size_t x = 12;
    for (size_t t = 0; t < tables->n; t++) {
        const char *name = tables->peer[t]->name;
        wtl_buf_fmt(
            out, "<rect x=\"%zu\" y=\"52\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"%zu\" y=\"61\">",
            x, colours[t], x + 14);
        put_text(out, name);
        wtl_buf_fmt(out, "</text>\n");
        x += 32 + 7 * strlen(name);
    }
}

int wtl_cacheplot_svg(const wtl_cachelib *c, const wtl_cacheload *tables, size_t i, const char *machine,
                      wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) rows = {0};
    double scale = WIDTH / longest(c, tables->n, i);
    size_t y = TOP;
    for (size_t k = 0; k < c->n; k++) {
        if (shown(&c->row[k], i))
            y = put_row(&rows, &c->row[k], tables->n, y, scale);
    }
    wtl_buf_fmt(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" font-family=\"sans-serif\" "
        "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"12\" y=\"22\" "
        "font-size=\"15\">",
        LEFT + WIDTH + RIGHT, y + FOOT);
    put_text(out, pictures[i].title);
    wtl_buf_fmt(out, "</text><text x=\"12\" y=\"40\" fill=\"#555\">");
    put_text(out, machine);
    wtl_buf_fmt(out, "</text>\n");
    put_legend(out, tables);
    wtl_buf_bytes(out, wtl_buf_view(&rows));
    wtl_buf_fmt(out, "</svg>\n");
    TRY(wtl_buf_check(&rows, err));
    return wtl_buf_check(out, err);
}
