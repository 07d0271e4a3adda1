#include "cli/show.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
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
    ENSURE(owned != NULL && wtl_json_lost() == 0, err, WTL_NOMEM, "out of memory");
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

/* "45 s", "12 min", "3 h": rounded up, so that it never says 0 while there is something left. */
static void add_time(wtl_buf *line, double seconds)
{
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1, "s"}, {60, "min"}, {3600, "h"}, {86400, "days"}};
    unsigned u = 0;
    while (u + 1 < sizeof units / sizeof units[0] && seconds / units[u].unit > 99)
        u++;
    double v = seconds / units[u].unit;
    uint64_t whole = v < 1e9 ? (uint64_t)v : 1000000000U;
    wtl_buf_fmt(line, "%" PRIu64 " %s", whole + ((double)whole < v), units[u].name);
}

static void compose(wtl_buf *line, const wtl_bar *b, double spent, uint64_t done, uint64_t total)
{
    char size[32];
    char rate[32];
    wtl_buf_fmt(line, "%s %s", b->verb, wtl_show_size(size, done));
    wtl_buf_fmt(line, ", %s", wtl_show_rate(rate, done, spent));
    if (total == 0 || done == 0)
        return;
    /* A file that grows while it is read: more than all is all. */
    uint64_t part = done < total ? done : total;
    wtl_buf_fmt(line, ", %.0f %%, ", (double)(uint64_t)(100.0 * (double)part / (double)total));
    add_time(line, spent * (double)(total - part) / (double)done);
    wtl_buf_str(line, " left");
}

/* Columns that a line may fill without wrapping; the last one stays free, as some terminals wrap after it. */
static size_t columns(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 79;
    return size.ws_col - 1U;
}

/* In the background a write could stop the job, and would land in another program's lines. */
static bool is_foreground(void)
{
    pid_t front = tcgetpgrp(STDERR_FILENO);
    return front < 0 || front == getpgrp();
}

/* One write, past stdio, so that lines never mix; a terminal that is gone gets no more. */
static void put_line(wtl_bar *b, const wtl_buf *line)
{
    ssize_t n = write(STDERR_FILENO, line->p, line->n);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        b->on = false;
}

static void draw(wtl_bar *b, double now, uint64_t done, uint64_t total)
{
    AUTO(wtl_buf) line = {0};
    wtl_buf_str(&line, "\r\033[K");
    size_t head = line.n;
    compose(&line, b, now - b->start, done, total);
    size_t most = columns();
    if (line.bad || !is_foreground())
        return;
    if (line.n - head > most)
        line.n = head + most;
    b->drawn = true;
    put_line(b, &line);
}

static void step(void *arg, uint64_t done, uint64_t total)
{
    wtl_bar *b = arg;
    double now = wtl_show_clock();
    if (!b->on || now - b->start < 1.0 || now - b->last < 0.1)
        return;
    b->last = now;
    draw(b, now, done, total);
}

wtl_progress wtl_show_bar(wtl_bar *bar, const char *verb, bool quiet)
{
    *bar = (wtl_bar){.verb = verb, .start = wtl_show_clock(), .on = !quiet && isatty(STDERR_FILENO)};
    return bar->on ? (wtl_progress){step, bar} : (wtl_progress){0};
}

void wtl_show_bar_end(wtl_bar *bar)
{
    AUTO(wtl_buf) line = {0};
    wtl_buf_str(&line, "\r\033[K");
    if (bar->drawn && bar->on && !line.bad && is_foreground())
        put_line(bar, &line);
    bar->drawn = false;
}
