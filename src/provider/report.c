#include "provider/report.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const char *wtl_report_cpu(const wtl_prov *p)
{
    if (p->level != WTL_CPU_AUTO)
        return wtl_cpu_name(p->level);
    if (wtl_cpu_has(WTL_CPU_ICE))
        return wtl_cpu_name(WTL_CPU_AVX512);
    return wtl_cpu_name(wtl_cpu_has(WTL_CPU_AVX2) ? WTL_CPU_AVX2 : WTL_CPU_REF);
}

void wtl_report_line(wtl_buf *out, wtl_prov *p)
{
    static const char *const names[WTL_PROV_COUNTERS] = {
#define COUNTER(id, name) name,
#include "provider/counters.def"
#undef COUNTER
    };
    wtl_buf_fmt(out, "wattle pid=%ld program=", (long)getpid());
    wtl_text_quote(out, wtl_text_of(p->program != NULL ? p->program : "?"));
    wtl_buf_fmt(out, " cpu=%s", wtl_report_cpu(p));
    for (int i = 0; i < WTL_PROV_COUNTERS; i++)
        wtl_buf_fmt(out, " %s=%llu", names[i], (unsigned long long)atomic_load(&p->count[i]));
    wtl_buf_str(out, "\n");
}

static void write_line(wtl_prov *p)
{
    AUTO(wtl_buf) line = {0};
    wtl_report_line(&line, p);
    bool to_stderr = strcmp(p->report, "stderr") == 0;
    int fd = to_stderr ? STDERR_FILENO
                       : open(p->report, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0 || line.bad)
        return;
    ssize_t done = write(fd, line.p, line.n);
    (void)done;
    if (!to_stderr)
        close(fd);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wtl_prov *waiting; /* began, and did not write */

void wtl_report_begin(wtl_prov *p)
{
    if (p->report == NULL)
        return;
    pthread_mutex_lock(&lock);
    p->next_report = waiting;
    waiting = p;
    pthread_mutex_unlock(&lock);
}

static bool take(const wtl_prov *p)
{
    pthread_mutex_lock(&lock);
    wtl_prov **at = &waiting;
    while (*at != NULL && *at != p)
        at = &(*at)->next_report;
    bool found = *at != NULL;
    if (found)
        *at = p->next_report;
    pthread_mutex_unlock(&lock);
    return found;
}

void wtl_report_write(wtl_prov *p)
{
    if (p->report != NULL && take(p))
        write_line(p);
}

/* Whoever holds the lock now is another thread, or was one when this process was forked: then nobody reports. */
void wtl_report_rest(void)
{
    if (pthread_mutex_trylock(&lock) != 0)
        return;
    for (wtl_prov *p = waiting; p != NULL; p = p->next_report)
        write_line(p);
    waiting = NULL;
    pthread_mutex_unlock(&lock);
}
