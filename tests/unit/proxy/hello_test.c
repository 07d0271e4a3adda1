/* The beginnings of connections at a server: whole, in pieces, too long, too slow, of other protocols, with headers before them. */
#include "rig.h"

#include "hello/via.h"

typedef struct place {
    rig server;
    rig_peer peer;
} place;

static void place_start(place *p, void (*serve)(rig_peer *, int), const char *const *more)
{
    rig_peer_start(&p->peer, serve);
    server_start(&p->server, p->peer.port, more);
}

static void place_stop(place *p)
{
    rig_stop(&p->server);
    rig_peer_stop(&p->peer);
}

/* A ClientHello as OpenSSL makes it. */
static size_t make_hello(uint8_t *to, size_t room, const char *groups, int version)
{
    SSL_CTX *ctx = rig_tls(false, groups);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL *s = SSL_new(ctx);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(s, BIO_new(BIO_s_mem()), out);
    assert_int_not_equal(SSL_connect(s), 1);
    int n = BIO_read(out, to, (int)room);
    assert_true(n > 100);
    SSL_free(s);
    SSL_CTX_free(ctx);
    return (size_t)n;
}

static void assert_alert(int fd, uint8_t number)
{
    uint8_t b[64];
    assert_int_equal(rig_get(fd, b, sizeof b), 7); /* and then the end, not a reset */
    assert_int_equal(b[0], 21);
    assert_int_equal(b[5], 2);
    assert_int_equal(b[6], number);
}

static void the_hello_may_come_in_pieces(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, NULL);
    int fd = rig_dial(p.server.port);
    uint8_t b[4096];
    size_t n = make_hello(b, sizeof b, "X25519MLKEM768", TLS1_3_VERSION);
    for (size_t i = 0; i < n; i++)
        rig_put(fd, b + i, 1);
    assert_int_equal(rig_get(fd, b, 6), 6);
    assert_int_equal(b[0], 22); /* a handshake record: ServerHello */
    assert_int_equal(b[5], 2);
    close(fd);
    wait_told(&p.server, "lost");
    place_stop(&p);
}

static void half_of_a_hello_is_waited_for_no_longer_than_told(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--handshake-timeout", "300ms", NULL});
    int fd = rig_dial(p.server.port), silent = rig_dial(p.server.port);
    uint8_t b[4096];
    size_t n = make_hello(b, sizeof b, "X25519MLKEM768", TLS1_3_VERSION);
    int64_t begin = clock_ns();
    rig_put(fd, b, n / 2);
    assert_int_equal(rig_get(fd, b, 1), 0);
    assert_int_equal(rig_get(silent, b, 1), 0);
    assert_true(clock_ns() - begin >= 250000000);
    wait_told(&p.server, "timeout", "handshake-timeout");
    close(fd);
    close(silent);
    place_stop(&p);
}

static void a_handshake_that_stops_halfway_ends_in_time(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--handshake-timeout", "300ms", NULL});
    int fd = rig_dial(p.server.port);
    uint8_t b[8192];
    rig_put(fd, b, make_hello(b, sizeof b, "X25519MLKEM768", TLS1_3_VERSION));
    ssize_t n = rig_get(fd, b, sizeof b); /* ServerHello and the rest of its flight, then the end */
    assert_true(n > 1000);
    close(fd);
    wait_told(&p.server, "timeout");
    place_stop(&p);
}

static void too_long_a_hello_is_refused(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, NULL);
    int fd = rig_dial(p.server.port);
    static uint8_t b[17 * 1024 + 10];
    /* A handshake message of 17 KiB in two records. */
    const uint8_t head[] = {22, 3, 1, 0x3f, 0xfc, 1, 0, 0x44, 0};
    memcpy(b, head, sizeof head);
    const uint8_t second[] = {22, 3, 1, 0x04, 0x08};
    memcpy(b + 5 + 0x3ffc, second, sizeof second);
    rig_put(fd, b, sizeof b);
    assert_alert(fd, 50);
    close(fd);
    wait_told(&p.server, "rejected");
    place_stop(&p);
}

/* Each is refused without an answer that could harm it, and named in the log. */
static void other_protocols_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } row[] = {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"},
               {"SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
               {"\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef", "rejected"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        place p = {0};
        place_start(&p, rig_echo, NULL);
        int fd = rig_dial(p.server.port);
        char b[16];
        rig_put(fd, row[i].text, strlen(row[i].text));
        assert_int_equal(rig_get(fd, b, sizeof b), 0);
        close(fd);
        wait_told(&p.server, "rejected", row[i].word);
        wait_for(rig_connections(&p.server) == 0);
        assert_int_equal(atomic_load(&p.peer.accepted), 0);
        place_stop(&p);
    }
}

static void a_client_of_tls12_gets_a_proper_alert(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, NULL);
    int fd = rig_dial(p.server.port);
    uint8_t b[4096];
    rig_put(fd, b, make_hello(b, sizeof b, "X25519", TLS1_2_VERSION));
    assert_alert(fd, 70);
    close(fd);
    wait_told(&p.server, "rejected", "TLS 1.3");
    place_stop(&p);
}

static void a_client_without_the_policys_groups_is_refused_with_what_it_offered(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--policy", "pq-only", NULL});
    int fd = rig_dial(p.server.port);
    uint8_t b[4096];
    rig_put(fd, b, make_hello(b, sizeof b, "X25519:P-256", TLS1_3_VERSION));
    assert_alert(fd, 40);
    close(fd);
    wait_told(&p.server, "refused", "X25519:secp256r1");
    assert_int_equal(atomic_load(&p.peer.accepted), 0);
    place_stop(&p);
}

static void assert_echoes(SSL *s)
{
    char b[8] = {0};
    assert_non_null(s);
    rig_tls_put(s, "hello", 5);
    assert_int_equal(rig_tls_get(s, b, 5), 5);
    assert_string_equal(b, "hello");
}

static void a_classical_client_is_a_downgrade_with_its_reason(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, NULL);
    SSL_CTX *ctx = rig_tls(false, "X25519");
    SSL *s = rig_tls_dial(ctx, p.server.port, NULL);
    assert_echoes(s);
    wait_told(&p.server, "tls.downgrade", "peer-did-not-offer");
    const char *labels[] = {"server", "server", "peer-did-not-offer"};
    assert_true(rig_metric(&p.server, WTL_PROXY_DOWNGRADES, labels) == 1);
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    /* Who offers more but has a share of a weaker group only is asked again. */
    ctx = rig_tls(false, "*X25519:X25519MLKEM768");
    s = rig_tls_dial(ctx, p.server.port, NULL);
    assert_echoes(s);
    assert_string_equal(SSL_get0_group_name(s), "X25519MLKEM768");
    const char *retried[] = {"server", "server"};
    wait_for(rig_metric(&p.server, WTL_PROXY_RETRIES, retried) == 1);
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    place_stop(&p);
}

static void answer_one(rig_peer *p, int fd)
{
    (void)p;
    rig_put(fd, "one", 3);
    close(fd);
}

static void answer_two(rig_peer *p, int fd)
{
    (void)p;
    rig_put(fd, "two", 3);
    close(fd);
}

static void assert_routed(SSL_CTX *ctx, uint16_t port, const char *name, const char *text)
{
    char b[8] = {0};
    SSL *s = rig_tls_dial(ctx, port, name);
    if (text == NULL) {
        assert_null(s);
        ERR_clear_error();
        return;
    }
    assert_non_null(s);
    assert_int_equal(rig_tls_get(s, b, sizeof b), 3);
    assert_string_equal(b, text);
    rig_tls_free(s);
}

static void names_have_their_routes(void **state)
{
    (void)state;
    rig_peer one = {0}, two = {0};
    rig r = {0};
    char route[2][64];
    rig_peer_start(&one, answer_one);
    rig_peer_start(&two, answer_two);
    snprintf(route[0], sizeof route[0], "one.example.org=127.0.0.1:%u", one.port);
    snprintf(route[1], sizeof route[1], "*.two.example.org=127.0.0.1:%u", two.port);
    const char *words[] = {"--cert", rig_cert,  "--key",  rig_key, "--route",
                           route[0], "--route", route[1], NULL};
    rig_start(&r, true, words);
    SSL_CTX *ctx = rig_tls(false, NULL);
    assert_routed(ctx, r.port, "one.example.org", "one");
    assert_routed(ctx, r.port, "ONE.example.org", "one");
    assert_routed(ctx, r.port, "a.two.example.org", "two");
    assert_routed(ctx, r.port, "a.b.two.example.org", NULL);
    assert_routed(ctx, r.port, "other.example.org", NULL);
    assert_routed(ctx, r.port, NULL, NULL);
    wait_told(&r, "refused", "other.example.org");
    SSL_CTX_free(ctx);
    rig_stop(&r);
    rig_peer_stop(&one);
    rig_peer_stop(&two);
}

static void protocols_are_passed_through_or_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *own, *want;
    } cases[] = {
        {"\x02h2\x08http/1.1", NULL, "http/1.1"}, {"\x02h2", NULL, "h2"},
        {"\x02h2\x07http/1.", NULL, "h2"},        {"\x03h2c\x02h2", NULL, "h2c"},
        {"\x08http/1.1\x02h2", "h2", "h2"},       {"\x02h2\x08http/1.1", "http/1.1", "http/1.1"},
        {"\x0apostgresql", NULL, "postgresql"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        place p = {0};
        place_start(&p, rig_echo, cases[i].own ? (const char *const[]){"--alpn", cases[i].own, NULL} : NULL);
        SSL_CTX *ctx = rig_tls(false, NULL);
        SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)cases[i].offer, (unsigned)strlen(cases[i].offer));
        SSL *s = rig_tls_dial(ctx, p.server.port, NULL);
        assert_echoes(s);
        const uint8_t *chosen;
        unsigned n;
        SSL_get0_alpn_selected(s, &chosen, &n);
        assert_int_equal(n, strlen(cases[i].want));
        assert_memory_equal(chosen, cases[i].want, n);
        rig_tls_free(s);
        SSL_CTX_free(ctx);
        place_stop(&p);
    }
}

/* ---- PROXY protocol */

static uint8_t got_via[1024];
static atomic_size_t n_via;

/* Reads a header and then echoes. */
static void serve_via(rig_peer *p, int fd)
{
    uint8_t b[1024];
    assert_int_equal(rig_get(fd, b, 16), 16);
    size_t rest = (size_t)b[14] << 8 | b[15];
    assert_int_equal(rig_get(fd, b + 16, rest), rest);
    memcpy(got_via, b, 16 + rest);
    atomic_store(&n_via, 16 + rest);
    rig_echo(p, fd);
}

static void the_address_is_taken_and_passed_on(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, serve_via, (const char *const[]){"--accept-proxy", "--send-proxy", NULL});
    wtl_via v = {.family = WTL_VIA_IPV4,
                 .from = {192, 0, 2, 1},
                 .to = {192, 0, 2, 2},
                 .from_port = 4711,
                 .to_port = 443};
    AUTO(wtl_buf) head = {0};
    wtl_err err;
    assert_good(wtl_via_write(&head, &v, &(wtl_via_tls){0}, &err), &err);
    int fd = rig_dial(p.server.port);
    for (size_t i = 0; i < head.n; i++)
        rig_put(fd, head.p + i, 1);
    SSL_CTX *ctx = rig_tls(false, NULL);
    SSL *s = rig_tls_over(ctx, fd, "localhost");
    assert_echoes(s);
    enum wtl_hello_state st;
    size_t used;
    wtl_via got;
    assert_good(wtl_via_read(&got, &st, &used, (wtl_bytes){got_via, atomic_load(&n_via)}, &err), &err);
    assert_int_equal(st, WTL_HELLO_WHOLE);
    assert_int_equal(used, atomic_load(&n_via));
    assert_memory_equal(got.from, v.from, 4);
    assert_memory_equal(got.to, v.to, 4);
    assert_int_equal(got.from_port, 4711);
    assert_int_equal(got.to_port, 443);
    assert_non_null(memmem(got.tlvs.p, got.tlvs.n, "TLSv1.3", 7));
    assert_non_null(memmem(got.tlvs.p, got.tlvs.n, "X25519MLKEM768", 14));
    assert_non_null(memmem(got.tlvs.p, got.tlvs.n, "localhost", 9));
    wait_told(&p.server, "192.0.2.1", "4711", "ok");
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    place_stop(&p);
}

static void without_a_header_its_own_address_is_passed_on(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, serve_via, (const char *const[]){"--send-proxy", NULL});
    SSL_CTX *ctx = rig_tls(false, NULL);
    SSL *s = rig_tls_dial(ctx, p.server.port, NULL);
    assert_echoes(s);
    struct sockaddr_in own;
    socklen_t n = sizeof own;
    assert_int_equal(getsockname(SSL_get_fd(s), (struct sockaddr *)&own, &n), 0);
    enum wtl_hello_state st;
    size_t used;
    wtl_via got;
    wtl_err err;
    assert_good(wtl_via_read(&got, &st, &used, (wtl_bytes){got_via, atomic_load(&n_via)}, &err), &err);
    assert_int_equal(got.family, WTL_VIA_IPV4);
    assert_int_equal(got.from_port, ntohs(own.sin_port));
    assert_int_equal(got.to_port, p.server.port);
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    place_stop(&p);
}

static void a_missing_header_is_refused(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--accept-proxy", NULL});
    SSL_CTX *ctx = rig_tls(false, NULL);
    assert_null(rig_tls_dial(ctx, p.server.port, NULL));
    ERR_clear_error();
    wait_told(&p.server, "rejected");
    SSL_CTX_free(ctx);
    place_stop(&p);
}

/* ---- PostgreSQL */

static const uint8_t ssl_request[] = {0, 0, 0, 8, 4, 210, 22, 47};
static const uint8_t gss_request[] = {0, 0, 0, 8, 4, 210, 22, 48};

static void postgres_is_answered(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--starttls", "postgresql", NULL});
    SSL_CTX *ctx = rig_tls(false, NULL);
    for (int direct = 0; direct < 2; direct++) {
        int fd = rig_dial(p.server.port);
        char c[1] = {0};
        if (!direct) {
            rig_put(fd, gss_request, sizeof gss_request);
            assert_int_equal(rig_get(fd, c, 1), 1);
            assert_int_equal(c[0], 'N');
            for (size_t i = 0; i < sizeof ssl_request; i++)
                rig_put(fd, ssl_request + i, 1);
            assert_int_equal(rig_get(fd, c, 1), 1);
            assert_int_equal(c[0], 'S');
        }
        SSL *s = rig_tls_over(ctx, fd, NULL);
        assert_echoes(s);
        rig_tls_free(s);
    }
    SSL_CTX_free(ctx);
    place_stop(&p);
}

static void postgres_in_plain_is_told_why_not(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, (const char *const[]){"--starttls", "postgresql", NULL});
    int fd = rig_dial(p.server.port);
    static const uint8_t startup[] = "\0\0\0\x11\0\x03\0\0user\0joe\0";
    char b[256] = {0};
    rig_put(fd, startup, sizeof startup);
    ssize_t n = rig_get(fd, b, sizeof b);
    assert_true(n > 20);
    assert_int_equal(b[0], 'E');
    assert_int_equal((b[3] << 8 | b[4]) + 1, n);
    assert_int_equal(b[n - 1], 0);
    assert_int_equal(b[n - 2], 0);
    assert_non_null(memmem(b, (size_t)n, "C28000", 7));
    close(fd);
    wait_told(&p.server, "refused");
    assert_int_equal(atomic_load(&p.peer.accepted), 0);
    place_stop(&p);
}

/* ---- what comes after the handshake */

static void a_peer_that_is_down_ends_the_connection(void **state)
{
    (void)state;
    uint16_t nobody;
    close(rig_listen(&nobody));
    rig r = {0};
    server_start(&r, nobody, NULL);
    SSL_CTX *ctx = rig_tls(false, NULL);
    SSL *s = rig_tls_dial(ctx, r.port, NULL);
    char b[1];
    if (s != NULL) { /* the reset may overtake the handshake's last message */
        assert_int_equal(rig_tls_get(s, b, 1), -1);
        rig_tls_free(s);
    }
    ERR_clear_error();
    wait_told(&r, "wattle.upstream.down", "cannot be reached");
    const char *labels[] = {"server", "refused"};
    assert_true(rig_metric(&r, WTL_PROXY_UPSTREAM_ERRORS, labels) >= 1);
    SSL_CTX_free(ctx);
    rig_stop(&r);
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    uint16_t nobody;
    close(rig_listen(&nobody));
    rig_peer peer = {0};
    rig r = {0};
    char first[32], second[32];
    rig_peer_start(&peer, rig_echo);
    snprintf(first, sizeof first, "127.0.0.1:%u", nobody);
    snprintf(second, sizeof second, "127.0.0.1:%u", peer.port);
    const char *words[] = {"--connect", first,   "--connect", second, "--cert",
                           rig_cert,    "--key", rig_key,     NULL};
    rig_start(&r, true, words);
    SSL_CTX *ctx = rig_tls(false, NULL);
    for (int i = 0; i < 3; i++) {
        SSL *s = rig_tls_dial(ctx, r.port, NULL);
        assert_echoes(s);
        rig_tls_free(s);
    }
    SSL_CTX_free(ctx);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

/* A listening socket whose queue is full answers no more: as a host that drops packets. */
static void a_peer_that_hangs_is_left_in_time(void **state)
{
    (void)state;
    uint16_t port;
    int full = rig_listen(&port), fill[64];
    listen(full, 0);
    for (int i = 0; i < 64; i++) {
        struct sockaddr_in in = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&in, sizeof in);
    }
    rig r = {0};
    server_start(&r, port, (const char *const[]){"--connect-timeout", "200ms", NULL});
    SSL_CTX *ctx = rig_tls(false, NULL);
    SSL *s = rig_tls_dial(ctx, r.port, NULL);
    char b[1];
    assert_non_null(s);
    assert_int_equal(rig_tls_get(s, b, 1), -1);
    wait_told(&r, "wattle.upstream.down");
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    rig_stop(&r);
    for (int i = 0; i < 64; i++)
        close(fill[i]);
    close(full);
}

static void serve_local(rig_peer *p, int fd)
{
    rig_echo(p, fd);
}

static void unix_sockets_are_places_too(void **state)
{
    (void)state;
    char path[80], to[96];
    snprintf(path, sizeof path, "%s/sock", rig_dir);
    snprintf(to, sizeof to, "unix:%s", path);
    rig_peer peer = {0};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path, path, strlen(path));
    peer.serve = serve_local;
    peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(peer.fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(listen(peer.fd, 8), 0);
    assert_int_equal(pthread_create(&peer.thread, NULL, rig_serve, &peer), 0);
    rig r = {0};
    const char *words[] = {"--connect", to, "--cert", rig_cert, "--key", rig_key, NULL};
    rig_start(&r, true, words);
    SSL_CTX *ctx = rig_tls(false, NULL);
    SSL *s = rig_tls_dial(ctx, r.port, NULL);
    assert_echoes(s);
    rig_tls_free(s);
    SSL_CTX_free(ctx);
    rig_stop(&r);
    rig_peer_stop(&peer);
    unlink(path);
}

static void sessions_are_resumed(void **state)
{
    (void)state;
    place p = {0};
    place_start(&p, rig_echo, NULL);
    SSL_CTX *ctx = rig_tls(false, "X25519MLKEM768");
    SSL *s = rig_tls_dial(ctx, p.server.port, NULL);
    assert_echoes(s);
    SSL_SESSION *session = SSL_get1_session(s);
    SSL_shutdown(s);
    rig_tls_free(s);
    assert_int_equal(SSL_SESSION_is_resumable(session), 1);
    int fd = rig_dial(p.server.port);
    s = SSL_new(ctx);
    SSL_set_fd(s, fd);
    SSL_set_session(s, session);
    assert_int_equal(SSL_connect(s), 1);
    assert_int_equal(SSL_session_reused(s), 1);
    assert_echoes(s);
    rig_tls_free(s);
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
    place_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hello_may_come_in_pieces),
        cmocka_unit_test(half_of_a_hello_is_waited_for_no_longer_than_told),
        cmocka_unit_test(a_handshake_that_stops_halfway_ends_in_time),
        cmocka_unit_test(too_long_a_hello_is_refused),
        cmocka_unit_test(other_protocols_are_refused_by_name),
        cmocka_unit_test(a_client_of_tls12_gets_a_proper_alert),
        cmocka_unit_test(a_client_without_the_policys_groups_is_refused_with_what_it_offered),
        cmocka_unit_test(a_classical_client_is_a_downgrade_with_its_reason),
        cmocka_unit_test(names_have_their_routes),
        cmocka_unit_test(protocols_are_passed_through_or_chosen),
        cmocka_unit_test(the_address_is_taken_and_passed_on),
        cmocka_unit_test(without_a_header_its_own_address_is_passed_on),
        cmocka_unit_test(a_missing_header_is_refused),
        cmocka_unit_test(postgres_is_answered),
        cmocka_unit_test(postgres_in_plain_is_told_why_not),
        cmocka_unit_test(a_peer_that_is_down_ends_the_connection),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(a_peer_that_hangs_is_left_in_time),
        cmocka_unit_test(unix_sockets_are_places_too),
        cmocka_unit_test(sessions_are_resumed),
    };
    cmocka_set_test_filter(getenv("WATTLE_TEST_ONLY"));
    return cmocka_run_group_tests(tests, rig_make_files, rig_remove_files);
}
