/* What is told of each connection: a line of JSON, counters, a probe. */
#ifndef WTL_PROXY_EVENT_H
#define WTL_PROXY_EVENT_H

#include "metric/metric.h"
#include "tls/facts.h"

/* Rows of proxy_metric.def: WTL_PROXY_<ID>. */
enum wtl_proxy_metric {
#define METRIC(id, ...) WTL_PROXY_##id,
#include "proxy/proxy_metric.def"
#undef METRIC
    WTL_PROXY_METRICS
};
/* The table, for wtl_metric_new. */
const wtl_metric_def *wtl_proxy_metrics(void);

enum wtl_event_outcome {
    WTL_EVENT_OK,
    WTL_EVENT_REFUSED,  /* by our policy or rules */
    WTL_EVENT_REJECTED, /* by the peer: an alert, a wrong certificate of his, malformed messages */
    WTL_EVENT_TIMEOUT,
    WTL_EVENT_LOST /* the connection went away */
};
const char *
wtl_event_outcome_name(enum wtl_event_outcome o); /* "ok", "refused", "rejected", "timeout", "lost" */

enum wtl_event_level { WTL_EVENT_DEBUG, WTL_EVENT_INFO, WTL_EVENT_WARN, WTL_EVENT_ERROR };

typedef struct wtl_event_sink {
    wtl_metric *metrics;
    int log; /* descriptor, or -1; a line is one write. Best a pipe or terminal opened O_NONBLOCK by a description of one's own; SIGPIPE is the process' to ignore */
    enum wtl_event_level level;
    uint64_t lost; /* lines that could not be written (a full pipe): counted, never waited for */
    /* the room's own; zero at first and for another descriptor */
    int way;
    bool torn;
} wtl_event_sink;
/* Finds out how `log` takes a line without waiting for a reader. The first line does the same; before a sandbox is entered more can be found out. */
void wtl_event_prepare(wtl_event_sink *s);
/* A handshake came to its end: counted in HANDSHAKES, HANDSHAKE_SECONDS, RETRIES, DOWNGRADES and SIGNATURES. `group`, `signature` ... are taken from facts (NULL before
 * there are any). One that succeeded without a post-quantum group is a downgrade: level WARN, name "tls.downgrade", and its reason. docs/formats/proxy-log.md
 * has the names of attributes: OpenTelemetry's where it has one, else they begin with "wattle.". */
typedef struct wtl_event_handshake {
    const char *service;
    bool server;
    enum wtl_event_outcome outcome;
    const wtl_facts *facts;
    enum wtl_facts_reason reason;
    const char *peer_address; /* "192.0.2.1:4711" */
    const char *offered;      /* names of the groups that a refused client offered, or NULL */
    int64_t nanoseconds;      /* from the first byte to the end */
    const char *error;        /* sentence, or NULL */
} wtl_event_handshake;
void wtl_event_handshake_tell(wtl_event_sink *s, const wtl_event_handshake *e);

/* A connection ended. Its bytes are counted in BYTES by the connection itself, while it runs. */
typedef struct wtl_event_end {
    const char *service;
    bool server;
    const char *peer_address;
    uint64_t bytes_in, bytes_out; /* of application data, from and to the TLS side */
    int64_t nanoseconds;
    const char *error; /* why it ended early, or NULL */
} wtl_event_end;
void wtl_event_end_tell(wtl_event_sink *s, const wtl_event_end *e);

/* Anything else: "upstream refused", "certificate expires in 5 days", "configuration reloaded". `name` is "wattle.reload" and the like. */
void wtl_event_say(wtl_event_sink *s, enum wtl_event_level level, const char *name, const char *service,
                   const char *fmt, ...) WTL_PRINTF(5, 6);

#endif
