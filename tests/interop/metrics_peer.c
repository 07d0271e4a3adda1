/* metrics_peer: one of every metric of the proxy, with names that strangers chose, as /metrics shows them; for promtool and for tracers. */
#include <fcntl.h>
#include <stdio.h>

#include "proxy/event.h"

static const char *const hostile[] = {"a\"b\\c\nd", "\x1b[31m\xff", "h\xc3\xb6he", ""};

/* The way that the proxy goes. */
static void handshakes(wtl_event_sink *s)
{
    static const wtl_group group[] = {{"X25519MLKEM768", 0x11ec, WTL_GROUP_HYBRID},
                                      {"MLKEM1024", 0x0202, WTL_GROUP_PURE},
                                      {"x25519", 0x001d, WTL_GROUP_CLASSICAL}};
    for (size_t i = 0; i < 3; i++) {
        wtl_facts f = {.group = &group[i], .own_signature = "mldsa65", .retried = true};
        wtl_event_handshake e = {.service = "web",
                                 .server = true,
                                 .facts = &f,
                                 .reason = i == 2 ? WTL_FACTS_PEER_DID_NOT_OFFER : WTL_FACTS_NO_FALLBACK,
                                 .peer_address = "192.0.2.1:4711",
                                 .nanoseconds = 1234567};
        wtl_event_handshake_tell(s, &e);
    }
    wtl_event_handshake_tell(s, &(wtl_event_handshake){.service = "web", .outcome = WTL_EVENT_LOST});
    wtl_event_end_tell(s, &(wtl_event_end){.service = "web", .bytes_in = 1, .bytes_out = 2});
}

/* What is set by others, and by nobody here. */
static void each_row(wtl_metric *m, const char *text, unsigned process)
{
    wtl_metric_process(m, process);
    for (size_t row = 0; row < WTL_PROXY_METRICS; row++) {
        const char *const values[WTL_METRIC_LABELS] = {text, text, text, text, text, text};
        wtl_metric_series *s = wtl_metric_at(m, row, values);
        wtl_metric_add(m, s, 1);
        wtl_metric_live(m, s, -1);
        wtl_metric_set(m, s, 1.5e9 + 0.25);
        wtl_metric_observe(m, s, 0.003);
    }
}

int main(void)
{
    wtl_err err;
    wtl_event_sink s = {.log = open("/dev/null", O_WRONLY | O_CLOEXEC)};
    AUTO(wtl_buf) text = {0};
    int rc = wtl_metric_new(&s.metrics, wtl_proxy_metrics(), WTL_PROXY_METRICS, 200, &err);
    if (rc == 0) {
        handshakes(&s);
        for (unsigned i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
            each_row(s.metrics, hostile[i], i);
        rc = wtl_metric_text(s.metrics, &text, &err);
    }
    if (rc < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        fwrite(text.p, 1, text.n, stdout);
    wtl_metric_free(s.metrics);
    return rc < 0;
}
