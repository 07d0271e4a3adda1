#include "cli/show.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "json/json.h"

void wtl_show_error(const char *command, const wtl_err *err)
{
    fflush(stdout);
    fprintf(stderr, "wattle %s: %s\n", command, err->text);
}

void wtl_show_notice(const char *fmt, ...)
{
    fflush(stdout);
    va_list ap;
    va_start(ap, fmt);
    fputs("wattle: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

int wtl_show_flush(wtl_err *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write to standard output");
    return WTL_OK;
}

int wtl_show_json(json_t *object, wtl_err *err)
{
    AUTO(json_t) *owned = object;
    ENSURE(owned != NULL, err, WTL_NOMEM, "out of memory");
    AUTO(wtl_buf) text = {0};
    TRY(wtl_json_write(owned, true, &text, err));
    wtl_buf_u8(&text, '\n');
    TRY(wtl_buf_check(&text, err));
    fwrite(text.p, 1, text.n, stdout);
    return wtl_show_flush(err);
}

json_t *wtl_show_json_hex(const uint8_t *p, size_t n)
{
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){p, n});
    const char *s = wtl_buf_cstr(&hex);
    return s != NULL ? json_string(s) : NULL;
}

json_t *wtl_show_json_name(const char *name)
{
    if (wtl_text_is_utf8(wtl_text_of(name)))
        return json_string(name);
    return json_string(wtl_show_name(name));
}

char *wtl_show_size(char out[32], uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)bytes;
    unsigned u = 0;
    while (v >= 999.95 && u + 1 < sizeof units / sizeof units[0]) {
        v /= 1000;
        u++;
    }
    snprintf(out, 32, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
    return out;
}

char *wtl_show_rate(char out[32], uint64_t bytes, double seconds)
{
    snprintf(out, 32, "%.2f GB/s", seconds > 0 ? (double)bytes / seconds / 1e9 : 0.0);
    return out;
}

const char *wtl_show_name(const char *name)
{
    static wtl_buf ring[4];
    static unsigned next;
    wtl_buf *b = &ring[next++ % 4];
    wtl_buf_clear(b);
    wtl_text_quote(b, wtl_text_of(name));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "?";
}

double wtl_show_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void draw(const wtl_bar *b, double now, uint64_t done, uint64_t total)
{
    char size[32];
    char rate[32];
    double spent = now - b->start;
    fprintf(stderr, "\r\033[K%s %s, %s", b->verb, wtl_show_size(size, done),
            wtl_show_rate(rate, done, spent));
    if (total > 0 && done > 0) {
        double left = done < total ? spent * (double)(total - done) / (double)done : 0;
        fprintf(stderr, ", %.0f %%, %.0f s left", 100.0 * (double)done / (double)total, left);
    }
    fflush(stderr);
}

static void step(void *arg, uint64_t done, uint64_t total)
{
    wtl_bar *b = arg;
    double now = wtl_show_clock();
    if (now - b->start < 1.0 || now - b->last < 0.1)
        return;
    b->last = now;
    b->drawn = true;
    draw(b, now, done, total);
}

wtl_progress wtl_show_bar(wtl_bar *bar, const char *verb, bool quiet)
{
    *bar = (wtl_bar){.verb = verb, .start = wtl_show_clock(), .on = !quiet && isatty(STDERR_FILENO)};
    return bar->on ? (wtl_progress){step, bar} : (wtl_progress){0};
}

void wtl_show_bar_end(wtl_bar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
    bar->drawn = false;
}
