#include "bench/plot.h"

enum { LEFT = 270, WIDTH = 460, RIGHT = 150, BAR = 14, STEP = 20, TOP = 70 };

/* The five characters that XML gives a meaning. */
static void put_text(wtl_buf *out, const char *s)
{
    for (; *s != '\0'; s++) {
        const char *as = *s == '<'   ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '&' ? "&amp;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
        if (as != NULL)
            wtl_buf_fmt(out, "%s", as);
        else if ((unsigned char)*s >= ' ')
            wtl_buf_add(out, s, 1);
    }
}

static double ratio(const wtl_primitives_row *r)
{
    return r->wattle > 0 ? r->openssl / r->wattle : 0;
}

static double longest(const wtl_primitives *p)
{
    double most = 1;
    for (size_t i = 0; i < p->n; i++) {
        most = ratio(&p->row[i]) > most ? ratio(&p->row[i]) : most;
        most = p->row[i].goal > most ? p->row[i].goal : most;
    }
    return most;
}

static void put_row(wtl_buf *out, const wtl_primitives_row *r, size_t y, double scale)
{
    double x = ratio(r);
    wtl_buf_fmt(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LEFT - 8, y + BAR - 3);
    put_text(out, r->alg);
    wtl_buf_fmt(out, " ");
    put_text(out, r->op);
    wtl_buf_fmt(out, "</text><rect x=\"%d\" y=\"%zu\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", LEFT, y,
                x * scale, BAR, r->goal > 0 && x < r->goal ? "#c9772b" : "#2b7a9b");
    wtl_buf_fmt(out, "<text x=\"%.1f\" y=\"%zu\">%.1fx  %.1f / %.1f us</text>\n", LEFT + x * scale + 6,
                y + BAR - 3, x, r->wattle, r->openssl);
    if (r->goal > 0)
        wtl_buf_fmt(out, "<path d=\"M%.1f %zuv%d\" stroke=\"#000\" stroke-width=\"2\"/>\n",
                    LEFT + r->goal * scale, y - 2, BAR + 4);
}

int wtl_plot_svg(const wtl_primitives *p, const char *title, const char *machine, wtl_buf *out, wtl_err *err)
{
    double scale = WIDTH / longest(p);
    size_t height = TOP + p->n * STEP + 20;
    wtl_buf_fmt(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %zu\" font-family=\"sans-serif\" "
                "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                LEFT + WIDTH + RIGHT, height);
    wtl_buf_fmt(out, "<text x=\"12\" y=\"22\" font-size=\"15\">");
    put_text(out, title);
    wtl_buf_fmt(out, "</text><text x=\"12\" y=\"40\" fill=\"#555\">");
    put_text(out, machine);
    wtl_buf_fmt(out, "</text><text x=\"12\" y=\"56\" fill=\"#555\">bar: times as fast as OpenSSL; mark: "
                     "goal; microseconds: "
                     "Wattle / OpenSSL</text>\n");
    wtl_buf_fmt(out, "<path d=\"M%.1f %dV%zu\" stroke=\"#999\" stroke-dasharray=\"3 3\"/>\n", LEFT + scale,
                TOP - 6, height - 14);
    for (size_t i = 0; i < p->n; i++)
        put_row(out, &p->row[i], TOP + i * STEP, scale);
    wtl_buf_fmt(out, "</svg>\n");
    return wtl_buf_check(out, err);
}
