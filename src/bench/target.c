#include "bench/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/stop.h"
#include "bench/upstream.h"

enum { PATH_ROOM = 200, START_SECONDS = 60, WAIT_MS = 20 };

static const char *const names[WTL_TARGET_KINDS] = {
    [WTL_TARGET_WATTLE] = "wattle proxy", [WTL_TARGET_WATTLE_OWN] = "wattle proxy, its defaults",
    [WTL_TARGET_NGINX] = "nginx stream",  [WTL_TARGET_HAPROXY] = "HAProxy tcp",
    [WTL_TARGET_STUNNEL] = "stunnel",     [WTL_TARGET_NGINX_WATTLE] = "nginx stream with wattle.so",
};

const char *wtl_target_name(enum wtl_target_kind k)
{
    return names[k];
}

/* What a start needs in one place: file names, ports and the words of the command line. */
typedef struct starting {
    const wtl_target *target;
    const wtl_target_place *place;
    const char *dir;
    const char *program;
    char tag[16]; /* begins the names of this target's files */
    char config[PATH_ROOM], log[PATH_ROOM], pem[PATH_ROOM], key[PATH_ROOM];
    char listen[32], connect[32];
    char control[PATH_ROOM], state[PATH_ROOM];
    const char *word[WTL_PROCESS_WORDS];
    size_t n;
} starting;

static void add_words(starting *s, const char *const *word, size_t n)
{
    for (size_t i = 0; i < n && s->n + 1 < WTL_PROCESS_WORDS; i++)
        s->word[s->n++] = word[i];
}
#define WORDS(s, ...)                                           \
    do {                                                        \
        const char *const words_[] = {__VA_ARGS__};             \
        add_words(s, words_, sizeof words_ / sizeof words_[0]); \
    } while (0)

static void wattle_words(starting *s, bool own)
{
    if (s->place->dials)
        WORDS(s, "client", "--ca", s->pem);
    else
        WORDS(s, "server", "--cert", s->pem, "--key", s->key);
    WORDS(s, "--listen", s->listen, "--connect", s->connect, "--groups", WTL_TARGET_GROUPS, "--workers", "1",
          "--watch", "0", "--control", s->control, "--state", s->state);
    if (!own)
        WORDS(s, "--log-level", "warn");
    if (!own && !s->place->dials)
        WORDS(s, "--tickets", "2");
}

static void nginx_config(const starting *s, wtl_buf *out)
{
    if (geteuid() == 0)
        wtl_buf_str(out, "user root;\n");
    wtl_buf_fmt(
        out,
        "worker_processes 1;\ndaemon off;\n"
        "pid %s/%s.pid;\nerror_log %s crit;\nevents { worker_connections 20000; }\n"
        "worker_rlimit_nofile 20000;\n"
        "stream {\n  server {\n    listen %s%s backlog=4096;\n    proxy_pass %s;\n    tcp_nodelay on;\n",
        s->dir, s->tag, s->log, s->listen, s->place->dials ? "" : " ssl", s->connect);
    if (s->place->dials)
        wtl_buf_str(out, "    proxy_ssl on;\n    proxy_ssl_protocols TLSv1.3;\n  }\n}\n");
    else
        wtl_buf_fmt(out,
                    "    ssl_certificate %s;\n    ssl_certificate_key %s;\n    ssl_protocols TLSv1.3;\n"
                    "    ssl_ecdh_curve " WTL_TARGET_GROUPS ";\n  }\n}\n",
                    s->pem, s->key);
}

static void haproxy_config(const starting *s, wtl_buf *out)
{
    wtl_buf_fmt(out,
                "global\n  nbthread 1\n  maxconn 9000\n  tune.ssl.default-dh-param 2048\n"
                "defaults\n  mode tcp\n  timeout client 1h\n  timeout server 1h\n  timeout connect 5s\n"
                "frontend near\n  default_backend far\n  backlog 4096\n  bind %s",
                s->listen);
    if (!s->place->dials)
        wtl_buf_fmt(out, " ssl crt %s/%s.both ssl-min-ver TLSv1.3 curves " WTL_TARGET_GROUPS, s->dir,
                    s->place->cert->file);
    wtl_buf_fmt(out, "\nbackend far\n  server one %s%s\n", s->connect,
                s->place->dials ? " ssl verify none ssl-min-ver TLSv1.3 curves " WTL_TARGET_GROUPS : "");
}

static void stunnel_config(const starting *s, wtl_buf *out)
{
    wtl_buf_fmt(out,
                "foreground = yes\npid =\ndebug = 3\nsyslog = no\nsocket = l:TCP_NODELAY=1\nsocket = "
                "r:TCP_NODELAY=1\n"
                "[one]\naccept = %s\nconnect = %s\nsslVersionMin = TLSv1.3\n"
                "curves = " WTL_TARGET_GROUPS "\n",
                s->listen, s->connect);
    if (s->place->dials)
        wtl_buf_str(out, "client = yes\n");
    else
        wtl_buf_fmt(out, "cert = %s\nkey = %s\n", s->pem, s->key);
}

static int write_config(const starting *s, wtl_buf *text, wtl_err *err)
{
    TRY(wtl_buf_check(text, err));
    FILE *f = fopen(s->config, "we");
    if (f == NULL)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write %s", s->config);
    bool ok = fwrite(text->p, 1, text->n, f) == text->n;
    ok = fclose(f) == 0 && ok;
    ENSURE(ok, err, WTL_IO, "cannot write %s", s->config);
    return WTL_OK;
}

static int prepare(starting *s, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    WORDS(s, s->program);
    switch (s->target->kind) {
    case WTL_TARGET_WATTLE:
    case WTL_TARGET_WATTLE_OWN:
        wattle_words(s, s->target->kind == WTL_TARGET_WATTLE_OWN);
        return WTL_OK;
    case WTL_TARGET_NGINX:
    case WTL_TARGET_NGINX_WATTLE:
        nginx_config(s, &text);
        WORDS(s, "-p", s->dir, "-e", s->log, "-c", s->config);
        break;
    case WTL_TARGET_HAPROXY:
        haproxy_config(s, &text);
        WORDS(s, "-db", "-f", s->config);
        break;
    default:
        stunnel_config(s, &text);
        WORDS(s, s->config);
        break;
    }
    return write_config(s, &text, err);
}

static bool answers(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The last line of what it said. */
static void last_line(const char *path, char *out, size_t cap)
{
    char line[512];
    FILE *f = fopen(path, "re");
    snprintf(out, cap, "nothing");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            snprintf(out, cap, "%.200s", line);
    }
    if (f != NULL)
        fclose(f);
}

static int wait_ready(const wtl_target *t, const char *log, wtl_err *err)
{
    char said[256];
    for (int i = 0; i < START_SECONDS * 1000 / WAIT_MS; i++) {
        struct timespec nap = {.tv_nsec = WAIT_MS * 1000000L};
        if (!wtl_process_lives(&t->process) || wtl_stop_asked() != 0)
            break;
        if (answers(t->port))
            return WTL_OK;
        nanosleep(&nap, NULL);
    }
    ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
    last_line(log, said, sizeof said);
    return WTL_FAIL(err, WTL_IO, "%s does not serve; the last that it said: %s", wtl_target_name(t->kind),
                    said);
}

int wtl_target_start(wtl_target *t, enum wtl_target_kind kind, const wtl_target_programs *programs,
                     const wtl_target_place *place, wtl_err *err)
{
    const char *dir = place->identity->dir;
    starting s = {.target = t, .place = place, .dir = dir, .program = programs->path[kind]};
    *t = (wtl_target){.kind = kind};
    TRY(wtl_upstream_free_port(&t->port, err));
    snprintf(s.tag, sizeof s.tag, "t%d", (int)kind);
    snprintf(s.config, sizeof s.config, "%s/%s.conf", dir, s.tag);
    snprintf(s.log, sizeof s.log, "%s/%s.log", dir, s.tag);
    snprintf(s.control, sizeof s.control, "%s/%s.sock", dir, s.tag);
    snprintf(s.state, sizeof s.state, "%s/%s.pins", dir, s.tag);
    snprintf(s.pem, sizeof s.pem, "%s/%s.pem", dir, place->cert->file);
    snprintf(s.key, sizeof s.key, "%s/%s.key", dir, place->cert->file);
    snprintf(s.listen, sizeof s.listen, "127.0.0.1:%u", t->port);
    snprintf(s.connect, sizeof s.connect, "127.0.0.1:%u", place->upstream);
    TRY(prepare(&s, err));
    (void)remove(s.log);
    TRY(wtl_process_start(&t->process, s.word, dir, s.log, place->cpu, err));
    int rc = wait_ready(t, s.log, err);
    if (rc < 0)
        wtl_target_stop(t);
    return rc;
}

void wtl_target_stop(wtl_target *t)
{
    wtl_process_stop(&t->process);
    t->port = 0;
}
