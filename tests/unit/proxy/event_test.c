#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "json/json.h"
#include "proxy/event.h"
#include "proxy/logline.h"

static const wtl_group hybrid = {"X25519MLKEM768", 0x11ec, WTL_GROUP_HYBRID};
static const wtl_group classical = {"x25519", 0x001d, WTL_GROUP_CLASSICAL};

/* A sink with metrics and a pipe for a log. */
typedef struct sink {
    wtl_event_sink s;
    int out; /* where its lines can be read */
    wtl_buf text;
} sink;

static sink *open_sink(enum wtl_event_level level)
{
    static sink k;
    wtl_err err;
    int fd[2];
    k = (sink){.s = {.level = level}};
    assert_good(wtl_metric_new(&k.s.metrics, wtl_proxy_metrics(), WTL_PROXY_METRICS, 200, &err), &err);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    k.out = fd[0];
    k.s.log = fd[1];
    return &k;
}

static void close_sink(sink *k)
{
    wtl_buf_free(&k->text);
    wtl_metric_free(k->s.metrics);
    close(k->out);
    close(k->s.log);
}

/* What was written since the last call. */
static const char *written(sink *k)
{
    wtl_buf_clear(&k->text);
    uint8_t part[4096];
    for (ssize_t n; (n = read(k->out, part, sizeof part)) > 0;)
        wtl_buf_add(&k->text, part, (size_t)n);
    return wtl_buf_cstr(&k->text);
}

/* The one line that was written, as an object. */
static json_t *line_of(sink *k)
{
    wtl_err err;
    json_t *j = NULL;
    const char *text = written(k);
    size_t n = strlen(text);
    assert_true(n > 1 && n < WTL_LOGLINE_MOST && strchr(text, '\n') == text + n - 1);
    for (size_t i = 0; i + 1 < n; i++)
        assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    assert_good(wtl_json_parse(&j, (wtl_bytes){(const uint8_t *)text, n}, "line", &err), &err);
    return j;
}

/* The line without its time, which is looked at. */
static void is_line(sink *k, const char *want)
{
    AUTO(json_t) *j = line_of(k);
    const char *when = json_string_value(json_object_get(j, "time"));
    struct tm t = {0};
    const char *rest = strptime(when, "%Y-%m-%dT%H:%M:%S", &t);
    assert_true(rest != NULL && rest[0] == '.' && strspn(rest + 1, "0123456789") == 6);
    assert_string_equal(rest + 7, "Z");
    assert_true(llabs((long long)timegm(&t) - (long long)time(NULL)) <= 2);
    const char *text = (const char *)k->text.p, *first = strchr(text, ',');
    assert_string_equal(first + 1, want);
}

static double value(sink *k, size_t row, const char *const *labels)
{
    return wtl_metric_value(k->s.metrics, wtl_metric_at(k->s.metrics, row, labels));
}
#define VALUE(k, row, ...) value(k, row, (const char *const[]){__VA_ARGS__})

static void a_hybrid_handshake(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_INFO);
    wtl_facts f = {.group = &hybrid,
                   .version = "TLSv1.3",
                   .cipher = "TLS_AES_128_GCM_SHA256",
                   .own_signature = "mldsa65",
                   .peer_signature = "ecdsa_secp256r1_sha256",
                   .server_name = "models.example.org",
                   .alpn = "h2",
                   .peer = "spiffe://example.org/trainer",
                   .retried = true};
    wtl_event_handshake e = {.service = "web",
                             .server = true,
                             .facts = &f,
                             .peer_address = "192.0.2.1:4711",
                             .nanoseconds = 1234567};
    wtl_event_handshake_tell(&k->s, &e);
    is_line(k,
            "\"severity\":\"INFO\",\"event\":\"tls.handshake\",\"service.name\":\"web\",\"wattle.role\":"
            "\"server\","
            "\"wattle.outcome\":\"ok\",\"tls.established\":true,\"wattle.kex.class\":\"hybrid\","
            "\"network.peer.address\":\"192.0.2.1\",\"network.peer.port\":4711,\"tls.protocol.name\":\"tls\","
            "\"tls.protocol.version\":\"1.3\",\"tls.cipher\":\"TLS_AES_128_GCM_SHA256\",\"tls.curve\":"
            "\"X25519MLKEM768\","
            "\"tls.resumed\":false,\"tls.next_protocol\":\"h2\",\"server.address\":\"models.example.org\","
            "\"wattle.hello_retry_request\":true,\"wattle.signature.own\":\"mldsa65\","
            "\"wattle.signature.peer\":\"ecdsa_secp256r1_sha256\",\"wattle.peer\":\"spiffe://example.org/"
            "trainer\","
            "\"wattle.milliseconds\":1.234}\n");
    assert_true(VALUE(k, WTL_PROXY_HANDSHAKES, "web", "server", "ok", "X25519MLKEM768", "hybrid", "false") ==
                1);
    assert_true(VALUE(k, WTL_PROXY_HANDSHAKE_SECONDS, "web", "server", "hybrid", "false") == 1);
    assert_true(VALUE(k, WTL_PROXY_RETRIES, "web", "server") == 1);
    assert_true(VALUE(k, WTL_PROXY_SIGNATURES, "web", "server", "mldsa65") == 1);
    e.server = false;
    wtl_event_handshake_tell(&k->s, &e);
    assert_true(VALUE(k, WTL_PROXY_SIGNATURES, "web", "client", "ecdsa_secp256r1_sha256") == 1);
    f.resumed = true;
    wtl_event_handshake_tell(&k->s, &e);
    assert_true(VALUE(k, WTL_PROXY_SIGNATURES, "web", "client", "ecdsa_secp256r1_sha256") == 1);
    assert_true(VALUE(k, WTL_PROXY_HANDSHAKES, "web", "client", "ok", "X25519MLKEM768", "hybrid", "true") ==
                1);
    for (int r = 0; r < 4; r++)
        assert_true(VALUE(k, WTL_PROXY_DOWNGRADES, "web", "server",
                          wtl_facts_reason_name((enum wtl_facts_reason)r)) == 0);
    close_sink(k);
}

static void a_downgrade(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_WARN); /* is told at this level too */
    wtl_facts f = {.group = &classical, .version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
    wtl_event_handshake e = {.service = "db",
                             .facts = &f,
                             .reason = WTL_FACTS_PEER_DID_NOT_OFFER,
                             .peer_address = "[2001:db8::1]:443",
                             .nanoseconds = 999};
    wtl_event_handshake_tell(&k->s, &e);
    is_line(k, "\"severity\":\"WARN\",\"event\":\"tls.downgrade\",\"service.name\":\"db\",\"wattle.role\":"
               "\"client\","
               "\"wattle.outcome\":\"ok\",\"tls.established\":true,\"wattle.kex.class\":\"classical\","
               "\"wattle.reason\":\"peer-did-not-offer\",\"network.peer.address\":\"2001:db8::1\",\"network."
               "peer.port\":443,"
               "\"tls.protocol.name\":\"tls\",\"tls.protocol.version\":\"1.3\",\"tls.cipher\":\"TLS_AES_256_"
               "GCM_SHA384\","
               "\"tls.curve\":\"x25519\",\"tls.resumed\":false,\"wattle.hello_retry_request\":false,"
               "\"wattle.milliseconds\":0.000}\n");
    assert_true(VALUE(k, WTL_PROXY_DOWNGRADES, "db", "client", "peer-did-not-offer") == 1);
    /* TLS 1.2 with RSA has no group at all, and is none the less one. */
    f.group = NULL;
    e.reason = WTL_FACTS_BY_POLICY;
    wtl_event_handshake_tell(&k->s, &e);
    assert_non_null(strstr(written(k), "tls.downgrade"));
    assert_true(VALUE(k, WTL_PROXY_DOWNGRADES, "db", "client", "policy") == 1);
    assert_true(VALUE(k, WTL_PROXY_HANDSHAKES, "db", "client", "ok", "none", "none", "false") == 1);
    close_sink(k);
}

static void one_that_fails(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_WARN);
    wtl_event_handshake e = {.service = "web",
                             .server = true,
                             .outcome = WTL_EVENT_REFUSED,
                             .reason = WTL_FACTS_PEER_DID_NOT_OFFER,
                             .peer_address = "unix",
                             .offered = "x25519:secp256r1",
                             .nanoseconds = INT64_C(12000345678),
                             .error = "the client offers no group of policy pq-only"};
    wtl_event_handshake_tell(&k->s, &e);
    is_line(k, "\"severity\":\"WARN\",\"event\":\"tls.handshake\",\"service.name\":\"web\",\"wattle.role\":"
               "\"server\","
               "\"wattle.outcome\":\"refused\",\"tls.established\":false,\"wattle.kex.class\":\"none\","
               "\"wattle.reason\":\"peer-did-not-offer\",\"network.peer.address\":\"unix\",\"wattle."
               "milliseconds\":12000.345,"
               "\"wattle.offered_groups\":\"x25519:secp256r1\",\"error.type\":\"refused\","
               "\"wattle.error.message\":\"the client offers no group of policy pq-only\"}\n");
    static const char *const outcome[] = {"ok", "refused", "rejected", "timeout", "lost"};
    for (int o = WTL_EVENT_REFUSED; o <= WTL_EVENT_LOST; o++) {
        e.outcome = (enum wtl_event_outcome)o;
        wtl_event_handshake_tell(&k->s, &e);
        assert_true(VALUE(k, WTL_PROXY_HANDSHAKES, "web", "server", outcome[o], "none", "none", "false") ==
                    1 + (o == WTL_EVENT_REFUSED));
    }
    assert_true(VALUE(k, WTL_PROXY_HANDSHAKE_SECONDS, "web", "server", "none", "false") == 0);
    assert_true(VALUE(k, WTL_PROXY_DOWNGRADES, "web", "server", "peer-did-not-offer") == 0);
    close_sink(k);
}

static void ends_and_sayings(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_INFO);
    wtl_event_end e = {.service = "web",
                       .server = true,
                       .peer_address = "192.0.2.1:1",
                       .bytes_in = INT64_MAX,
                       .bytes_out = 0,
                       .nanoseconds = 5000000};
    wtl_event_end_tell(&k->s, &e);
    is_line(k, "\"severity\":\"INFO\",\"event\":\"connection.end\",\"service.name\":\"web\",\"wattle.role\":"
               "\"server\","
               "\"network.peer.address\":\"192.0.2.1\",\"network.peer.port\":1,\"wattle.bytes.in\":"
               "9223372036854775807,"
               "\"wattle.bytes.out\":0,\"wattle.milliseconds\":5.000}\n");
    k->s.level = WTL_EVENT_WARN;
    wtl_event_end_tell(&k->s, &e);
    assert_string_equal(written(k), "");
    e.error = "reset";
    e.bytes_in = 1;
    wtl_event_end_tell(&k->s, &e);
    assert_non_null(
        strstr(written(k), "\"error.type\":\"ended_early\",\"wattle.error.message\":\"reset\"}\n"));
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.reload", NULL, "quiet");
    assert_string_equal(written(k), "");
    wtl_event_say(&k->s, WTL_EVENT_ERROR, "wattle.reload", NULL, "%d files", 3);
    is_line(k, "\"severity\":\"ERROR\",\"event\":\"wattle.reload\",\"message\":\"3 files\"}\n");
    int saved = k->s.log;
    k->s.log = -1;
    wtl_event_say(&k->s, WTL_EVENT_ERROR, "wattle.reload", NULL, "nowhere");
    assert_int_equal(k->s.lost, 0);
    k->s.log = saved;
    close_sink(k);
}

/* Addresses of all kinds; what is none is shown as it is. */
static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *in, *address;
        int port;
    } row[] = {
        {"192.0.2.1:65535", "192.0.2.1", 65535},
        {"192.0.2.1:65536", "192.0.2.1:65536", -1},
        {"192.0.2.1:", "192.0.2.1:", -1},
        {"192.0.2.1:1x", "192.0.2.1:1x", -1},
        {"[::1]:0", "::1", 0},
        {"[]:1", NULL, 1},
        {"[:1", "[", 1},
        {":1", NULL, 1},
        {"unix:/run/x.sock", "unix:/run/x.sock", -1},
        {"999999999999999999999999:99999999999999999999999999",
         "999999999999999999999999:99999999999999999999999999", -1},
        {"", NULL, -1},
        {NULL, NULL, -1},
    };
    sink *k = open_sink(WTL_EVENT_INFO);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_event_end_tell(&k->s, &(wtl_event_end){.service = "s", .peer_address = row[i].in});
        AUTO(json_t) *j = line_of(k);
        const json_t *address = json_object_get(j, "network.peer.address"),
                     *port = json_object_get(j, "network.peer.port");
        assert_int_equal(address != NULL, row[i].address != NULL);
        if (address != NULL)
            assert_string_equal(json_string_value(address), row[i].address);
        assert_int_equal(port != NULL ? json_integer_value(port) : -1, row[i].port);
    }
    close_sink(k);
}

static void put(char *to, size_t size, const char *text)
{
    size_t n = strlen(text) < size ? strlen(text) : size - 1;
    memcpy(to, text, n);
    to[n] = '\0';
}
#define PUT(place, text) put(place, sizeof(place), text)

/* Names that strangers chose: every byte, in every field at once, and as long as can be. */
static void hostile_names(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_INFO);
    char text[1200];
    for (unsigned c = 1; c < 256; c++) {
        for (size_t n = 1; n < sizeof text; n = n * 3 + 1) {
            memset(text, 'a', n);
            memset(text + n / 3, (int)c, n - n / 3);
            text[n] = '\0';
            wtl_facts f = {.group = &hybrid};
            PUT(f.server_name, text);
            PUT(f.alpn, text);
            PUT(f.peer, text);
            PUT(f.cipher, text);
            PUT(f.version, text);
            PUT(f.own_signature, text);
            PUT(f.peer_signature, text);
            wtl_event_handshake e = {.service = text,
                                     .outcome = WTL_EVENT_LOST,
                                     .facts = &f,
                                     .reason = WTL_FACTS_PEER_REFUSED,
                                     .peer_address = text,
                                     .offered = text,
                                     .nanoseconds = INT64_MAX,
                                     .error = text};
            wtl_event_handshake_tell(&k->s, &e);
            AUTO(json_t) *j = line_of(k);
            assert_non_null(json_object_get(j, "wattle.error.message")); /* the last field still fits */
            wtl_event_say(&k->s, WTL_EVENT_WARN, text, text, "%s", text);
            json_t_auto(&(json_t *){line_of(k)});
        }
    }
    assert_int_equal(k->s.lost, 0);
    close_sink(k);
}

static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } row[] = {
        {"a\"b\\c/", "a\\\"b\\\\c/"},
        {"\x1b[2J\n\t\x7f", "\\u001b[2J\\u000a\\u0009\\u007f"},
        {"\xc2\x9b\xc2\xa0", "\\u009b\xc2\xa0"},
        {"h\xc3\xb6he \xf0\x9f\x94\x91", "h\xc3\xb6he \xf0\x9f\x94\x91"},
        {"\xff\xc3", "\\ufffd\\ufffd"},
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
        {"1234567890", "1234567890"},
        {"12345678901234567890", "12345678901234567890"},
        {"123456789012345678901", "12345678901234567\xe2\x80\xa6"},
        {"12345678901234567\xf0\x9f\x94\x91", "12345678901234567\xe2\x80\xa6"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_logline l = {0};
        wtl_logline_begin(&l);
        size_t from = l.n;
        size_t most = strlen(row[i].out) > 20 && i < 4 ? 60 : 20;
        wtl_logline_text(&l, "x", row[i].in, most);
        char want[100];
        int n = snprintf(want, sizeof want, ",\"x\":\"%s\"", row[i].out);
        assert_int_equal(l.n - from, n);
        assert_memory_equal(l.p + from, want, (size_t)n);
    }
}

/* Fields that do not fit are left out; the object is whole. */
static void a_line_that_is_full(void **state)
{
    (void)state;
    char long_text[3000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    for (size_t most = 1000; most < 2400; most++) {
        wtl_logline l = {0};
        wtl_logline_begin(&l);
        wtl_logline_text(&l, "a", long_text, most);
        wtl_logline_text(&l, "b", long_text, 1700);
        wtl_logline_text(&l, "c", long_text, 1700);
        for (size_t i = 0; i < 60; i++) {
            wtl_logline_number(&l, "n", 1);
            wtl_logline_flag(&l, "f", true);
            wtl_logline_milliseconds(&l, "m", 1);
        }
        wtl_logline_end(&l);
        assert_true(l.n <= sizeof l.p && memcmp(l.p + l.n - 2, "}\n", 2) == 0);
    }
}

/* --- a log that nobody reads */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Many more lines than it takes: they are lost, quickly, and every line that went out is whole. */
static void fill(sink *k)
{
    int64_t began = now();
    for (unsigned i = 0; i < 20000; i++)
        wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", "s", "line %u of a log that nobody reads", i);
    assert_true(now() - began < INT64_C(20000000000));
    assert_true(k->s.lost > 0 && k->s.lost < 20000);
    assert_true(VALUE(k, WTL_PROXY_LOG_LOST, NULL) == (double)k->s.lost);
    size_t lines = 0;
    const char *text = written(k);
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        assert_true(text[0] == '{' && end[-1] == '}');
        lines++;
    }
    assert_true(*text == '\0' && lines + k->s.lost == 20000);
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", "s", "read again");
    json_t_auto(&(json_t *){line_of(k)});
}

static void a_full_pipe(void **state)
{
    (void)state;
    alarm(60); /* a write that waits would wait for ever */
    for (int way = WTL_LOGLINE_UNKNOWN; way <= WTL_LOGLINE_POLL; way++) {
        sink *k = open_sink(WTL_EVENT_INFO);
        int shared = k->s.log;
        if (way == WTL_LOGLINE_PLAIN) { /* by a description of its own */
            char path[40];
            snprintf(path, sizeof path, "/proc/self/fd/%d", shared);
            k->s.log = open(path, O_WRONLY | O_NONBLOCK);
            assert_int_equal(wtl_logline_way(k->s.log), WTL_LOGLINE_PLAIN);
        } else if (way != WTL_LOGLINE_SOCKET) {
            k->s.way = way;
        }
        fill(k);
        assert_int_equal(fcntl(shared, F_GETFL) & O_NONBLOCK, 0);
        if (k->s.log != shared)
            close(shared);
        close_sink(k);
    }
    alarm(0);
}

static void a_full_socket(void **state)
{
    (void)state;
    alarm(60);
    static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (size_t i = 0; i < 3; i++) {
        sink *k = open_sink(WTL_EVENT_INFO);
        int fd[2];
        close(k->out);
        close(k->s.log);
        assert_int_equal(socketpair(AF_UNIX, kinds[i], 0, fd), 0);
        fcntl(fd[0], F_SETFL, O_NONBLOCK);
        k->out = fd[0];
        k->s.log = fd[1];
        fill(k);
        assert_int_equal(k->s.way, WTL_LOGLINE_SOCKET);
        close_sink(k);
    }
    alarm(0);
}

/* A connection takes a part of a line: the next one begins on a line of its own. */
static void a_torn_line(void **state)
{
    (void)state;
    alarm(60);
    sink *k = open_sink(WTL_EVENT_INFO);
    close(k->out);
    close(k->s.log);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    k->s.log = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(k->s.log, (struct sockaddr *)&at, n), 0);
    k->out = accept(listener, NULL, NULL);
    fcntl(k->out, F_SETFL, O_NONBLOCK);
    close(listener);
    for (unsigned i = 0; i < 100000 && !k->s.torn; i++)
        wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", "s", "line %u", i);
    bool torn = k->s.torn;
    uint64_t lost = k->s.lost;
    poll(&(struct pollfd){.fd = k->out, .events = POLLIN}, 1, 1000);
    size_t before = 0;
    for (unsigned i = 0; i < 200; i++, usleep(1000))
        before += strlen(written(k));
    assert_true(before > 0);
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", "s", "on a line of its own");
    assert_int_equal(k->s.lost, lost);
    poll(&(struct pollfd){.fd = k->out, .events = POLLIN}, 1, 1000);
    assert_true(written(k)[0] == (torn ? '\n' : '{'));
    assert_false(k->s.torn);
    close_sink(k);
    alarm(0);
    if (!torn)
        skip();
}

static void files(void **state)
{
    (void)state;
    sink *k = open_sink(WTL_EVENT_INFO);
    int pipe_end = k->s.log;
    char path[] = "/tmp/wattle-event.XXXXXX";
    k->s.log = mkstemp(path);
    wtl_event_prepare(&k->s);
    assert_int_equal(k->s.way, WTL_LOGLINE_PLAIN);
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", NULL, "in a file");
    char text[200] = {0};
    assert_true(pread(k->s.log, text, sizeof text - 1, 0) > 0);
    assert_non_null(strstr(text, "in a file"));
    unlink(path);
    close(k->s.log);
    k->s.log = open("/dev/full", O_WRONLY);
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", NULL, "no room");
    assert_int_equal(k->s.lost, 1);
    close(k->s.log);
    k->s.log = 999; /* closed by somebody */
    k->s.way = 0;
    wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", NULL, "nowhere");
    assert_int_equal(k->s.lost, 2);
    k->s.log = pipe_end;
    close_sink(k);
}

/* Workers share one pipe: lines of nearly all the room there is are not mixed. */
static void many_writers(void **state)
{
    (void)state;
    enum { WRITERS = 5, LINES = 300 };
    sink *k = open_sink(WTL_EVENT_INFO);
    char text[2200];
    for (int w = 0; w < WRITERS; w++) {
        if (fork() != 0)
            continue;
        memset(text, 'a' + w, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        for (unsigned i = 0; i < LINES;) {
            uint64_t lost = k->s.lost;
            wtl_event_say(&k->s, WTL_EVENT_INFO, "wattle.test", NULL, "%s", text);
            i += lost == k->s.lost;
        }
        _exit(0);
    }
    close(k->s.log);
    fcntl(k->out, F_SETFL, 0);
    const char *rest = written(k);
    size_t lines = 0;
    for (const char *end; (end = strchr(rest, '\n')) != NULL; rest = end + 1, lines++) {
        const char *m = strstr(rest, "\"message\":\"");
        assert_true(m != NULL && m < end && strspn(m + 11, (const char[]){m[11], '\0'}) > 2000);
    }
    assert_int_equal(lines, WRITERS * LINES);
    for (int status; wait(&status) > 0;)
        assert_int_equal(status, 0);
    k->s.log = dup(k->out);
    close_sink(k);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hybrid_handshake),
        cmocka_unit_test(a_downgrade),
        cmocka_unit_test(one_that_fails),
        cmocka_unit_test(ends_and_sayings),
        cmocka_unit_test(addresses),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(escapes),
        cmocka_unit_test(a_line_that_is_full),
        cmocka_unit_test(a_full_pipe),
        cmocka_unit_test(a_full_socket),
        cmocka_unit_test(a_torn_line),
        cmocka_unit_test(files),
        cmocka_unit_test(many_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
