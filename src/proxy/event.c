#include "proxy/event.h"

#include <stdio.h>
#include <string.h>
#include <sys/sdt.h>

#include "proxy/logline.h"

static const wtl_metric_def table[WTL_PROXY_METRICS] = {
#define LIST(...) __VA_ARGS__
#define METRIC(id, text, sort, base_unit, words, labels, bounds) \
    [WTL_PROXY_##id] = {.name = (text),                          \
                        .kind = WTL_METRIC_##sort,               \
                        .help = (words),                         \
                        .unit = (base_unit),                     \
                        .label = {LIST labels},                  \
                        .bound = {LIST bounds}},
#include "proxy/proxy_metric.def"
#undef METRIC
#undef LIST
};

const wtl_metric_def *wtl_proxy_metrics(void)
{
    return table;
}

const char *wtl_event_outcome_name(enum wtl_event_outcome o)
{
    static const char *const name[] = {"ok", "refused", "rejected", "timeout", "lost"};
    return name[o];
}

/* Upper limits of what strangers may write into a line: together with all else less than a line. */
enum { SERVICE = 128, ADDRESS = 160, NAME = 300, ALPN = 100, OFFERED = 400, SENTENCE = 1200, WORDS = 2400 };

static const char *role(bool server)
{
    return server ? "server" : "client";
}

static void count(wtl_event_sink *s, enum wtl_proxy_metric row, uint64_t by, const char *const *values)
{
    wtl_metric_add(s->metrics, wtl_metric_at(s->metrics, row, values), by);
}

/* OpenTelemetry's SeverityText. */
static void begin(wtl_logline *l, enum wtl_event_level level, const char *event, const char *service)
{
    static const char *const severity[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    wtl_logline_begin(l);
    wtl_logline_text(l, "severity", severity[level], 8);
    wtl_logline_text(l, "event", event, 64);
    wtl_logline_text(l, "service.name", service, SERVICE);
}

static bool wanted(const wtl_event_sink *s, enum wtl_event_level level)
{
    return s->log >= 0 && level >= s->level;
}

static void finish(wtl_event_sink *s, wtl_logline *l)
{
    wtl_logline_end(l);
    enum wtl_logline_way way = (enum wtl_logline_way)s->way;
    if (!wtl_logline_send(l, s->log, &way, &s->torn)) {
        s->lost++;
        count(s, WTL_PROXY_LOG_LOST, 1, NULL);
    }
    s->way = (int)way;
}

void wtl_event_prepare(wtl_event_sink *s)
{
    if (s->log >= 0)
        s->way = (int)wtl_logline_way(s->log);
}

/* "192.0.2.1:4711", "[2001:db8::1]:4711", or a path. */
static void add_peer(wtl_logline *l, const char *peer)
{
    const char *colon = peer != NULL ? strrchr(peer, ':') : NULL;
    uint64_t port = 0;
    const char *p = colon != NULL ? colon + 1 : "x";
    while (*p >= '0' && *p <= '9' && port <= UINT16_MAX)
        port = port * 10 + (uint64_t)(*p++ - '0');
    if (colon == NULL || p == colon + 1 || *p != '\0' || port > UINT16_MAX) {
        wtl_logline_text(l, "network.peer.address", peer, ADDRESS);
        return;
    }
    bool brackets = peer[0] == '[' && colon > peer + 1 && colon[-1] == ']';
    wtl_bytes host = {.p = (const uint8_t *)peer + brackets,
                      .n = (size_t)(colon - peer) - (brackets ? 2 : 0)};
    wtl_logline_bytes(l, "network.peer.address", host, ADDRESS);
    wtl_logline_number(l, "network.peer.port", port);
}

/* --- handshakes */

/* What lines, counters and probes all need. */
typedef struct told {
    const wtl_event_handshake *e;
    const char *group;
    enum wtl_group_class class;
    bool resumed, downgrade;
} told;

static told look(const wtl_event_handshake *e)
{
    told t = {.e = e, .group = "none", .class = WTL_GROUP_NONE};
    if (e->facts != NULL && e->facts->group != NULL) {
        t.group = e->facts->group->name;
        t.class = e->facts->group->class;
    }
    t.resumed = e->facts != NULL && e->facts->resumed;
    t.downgrade = e->outcome == WTL_EVENT_OK && (t.class == WTL_GROUP_NONE || t.class == WTL_GROUP_CLASSICAL);
    return t;
}

static void count_handshake(wtl_event_sink *s, const told *t)
{
    const wtl_event_handshake *e = t->e;
    const char *who = role(e->server);
    const char *resumed = t->resumed ? "true" : "false";
    const char *class = wtl_group_class_name(t->class);
    count(
        s, WTL_PROXY_HANDSHAKES, 1,
        (const char *const[]){e->service, who, wtl_event_outcome_name(e->outcome), t->group, class, resumed});
    if (e->facts != NULL && e->facts->retried)
        count(s, WTL_PROXY_RETRIES, 1, (const char *const[]){e->service, who});
    if (e->outcome != WTL_EVENT_OK)
        return;
    wtl_metric_observe(s->metrics,
                       wtl_metric_at(s->metrics, WTL_PROXY_HANDSHAKE_SECONDS,
                                     (const char *const[]){e->service, who, class, resumed}),
                       (double)e->nanoseconds / 1e9);
    if (t->downgrade)
        count(s, WTL_PROXY_DOWNGRADES, 1,
              (const char *const[]){e->service, who, wtl_facts_reason_name(e->reason)});
    const char *signature = e->facts == NULL ? ""
                            : e->server      ? e->facts->own_signature
                                             : e->facts->peer_signature;
    if (!t->resumed && signature[0] != '\0')
        count(s, WTL_PROXY_SIGNATURES, 1, (const char *const[]){e->service, who, signature});
}

static void probe_handshake(const told *t)
{
    const wtl_event_handshake *e = t->e;
    int id = e->facts != NULL && e->facts->group != NULL ? e->facts->group->id : 0;
    /* Six arguments: bpftrace reads no more on x86-64. */
    DTRACE_PROBE6(wattle, handshake, e->service, role(e->server), wtl_event_outcome_name(e->outcome), id,
                  (int)t->resumed, e->nanoseconds);
    if (t->downgrade)
        DTRACE_PROBE3(wattle, downgrade, e->service, role(e->server), wtl_facts_reason_name(e->reason));
}

/* Names of OpenTelemetry's registry: tls.protocol.version is the number alone, tls.curve the group's name, server.address what a client asks for. */
static void add_facts(wtl_logline *l, const told *t)
{
    const wtl_facts *f = t->e->facts;
    if (f == NULL)
        return;
    const char *version = strncmp(f->version, "TLSv", 4) == 0 ? f->version + 4 : f->version;
    if (version[0] != '\0')
        wtl_logline_text(l, "tls.protocol.name", "tls", 8);
    wtl_logline_text(l, "tls.protocol.version", version, sizeof f->version);
    wtl_logline_text(l, "tls.cipher", f->cipher, sizeof f->cipher);
    if (f->group != NULL)
        wtl_logline_text(l, "tls.curve", t->group, 64);
    wtl_logline_flag(l, "tls.resumed", f->resumed);
    wtl_logline_text(l, "tls.next_protocol", f->alpn, ALPN);
    wtl_logline_text(l, "server.address", f->server_name, NAME);
    wtl_logline_flag(l, "wattle.hello_retry_request", f->retried);
    wtl_logline_text(l, "wattle.signature.own", f->own_signature, 64);
    wtl_logline_text(l, "wattle.signature.peer", f->peer_signature, 64);
    wtl_logline_text(l, "wattle.peer", f->peer, NAME);
}

static void write_handshake(wtl_event_sink *s, const told *t, enum wtl_event_level level)
{
    const wtl_event_handshake *e = t->e;
    wtl_logline l;
    begin(&l, level, t->downgrade ? "tls.downgrade" : "tls.handshake", e->service);
    wtl_logline_text(&l, "wattle.role", role(e->server), 8);
    wtl_logline_text(&l, "wattle.outcome", wtl_event_outcome_name(e->outcome), 16);
    wtl_logline_flag(&l, "tls.established", e->outcome == WTL_EVENT_OK);
    wtl_logline_text(&l, "wattle.kex.class", wtl_group_class_name(t->class), 16);
    if (t->downgrade || e->reason != WTL_FACTS_NO_FALLBACK)
        wtl_logline_text(&l, "wattle.reason", wtl_facts_reason_name(e->reason), 32);
    add_peer(&l, e->peer_address);
    add_facts(&l, t);
    wtl_logline_milliseconds(&l, "wattle.milliseconds", e->nanoseconds);
    wtl_logline_text(&l, "wattle.offered_groups", e->offered, OFFERED);
    if (e->outcome != WTL_EVENT_OK)
        wtl_logline_text(&l, "error.type", wtl_event_outcome_name(e->outcome), 16);
    wtl_logline_text(&l, "wattle.error.message", e->error, SENTENCE);
    finish(s, &l);
}

void wtl_event_handshake_tell(wtl_event_sink *s, const wtl_event_handshake *e)
{
    told t = look(e);
    count_handshake(s, &t);
    probe_handshake(&t);
    enum wtl_event_level level = t.downgrade || e->outcome != WTL_EVENT_OK ? WTL_EVENT_WARN : WTL_EVENT_INFO;
    if (wanted(s, level))
        write_handshake(s, &t, level);
}

/* --- the rest */

void wtl_event_end_tell(wtl_event_sink *s, const wtl_event_end *e)
{
    DTRACE_PROBE5(wattle, connection_end, e->service, role(e->server), e->bytes_in, e->bytes_out,
                  e->nanoseconds);
    enum wtl_event_level level = e->error != NULL ? WTL_EVENT_WARN : WTL_EVENT_INFO;
    if (!wanted(s, level))
        return;
    wtl_logline l;
    begin(&l, level, "connection.end", e->service);
    wtl_logline_text(&l, "wattle.role", role(e->server), 8);
    add_peer(&l, e->peer_address);
    wtl_logline_number(&l, "wattle.bytes.in", e->bytes_in);
    wtl_logline_number(&l, "wattle.bytes.out", e->bytes_out);
    wtl_logline_milliseconds(&l, "wattle.milliseconds", e->nanoseconds);
    if (e->error != NULL)
        wtl_logline_text(&l, "error.type", "ended_early", 16);
    wtl_logline_text(&l, "wattle.error.message", e->error, SENTENCE);
    finish(s, &l);
}

void wtl_event_say(wtl_event_sink *s, enum wtl_event_level level, const char *name, const char *service,
                   const char *fmt, ...)
{
    if (!wanted(s, level))
        return;
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wtl_logline l;
    begin(&l, level, name, service);
    wtl_logline_text(&l, "message", text, WORDS);
    finish(s, &l);
}
