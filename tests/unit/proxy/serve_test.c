/* A server and a client service, one behind the other, and what goes through them. */
#include "rig.h"

/* plain client -> client service -> server service -> peer */
typedef struct chain {
    rig server, client;
    rig_peer peer;
} chain;

static void chain_start(chain *c, void (*serve)(rig_peer *, int), const char *const *server,
                        const char *const *client)
{
    rig_peer_start(&c->peer, serve);
    server_start(&c->server, c->peer.port, server);
    client_start(&c->client, c->server.port, client);
}

static void chain_stop(chain *c)
{
    rig_stop(&c->client);
    rig_stop(&c->server);
    rig_peer_stop(&c->peer);
}

static void assert_echo(int fd, const char *text)
{
    char b[256] = {0};
    rig_put(fd, text, strlen(text));
    assert_int_equal(rig_get(fd, b, strlen(text)), strlen(text));
    assert_string_equal(b, text);
}

static void bytes_go_through_and_ends_are_passed_on(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, NULL);
    int fd = rig_dial(c.client.port);
    assert_echo(fd, "hello");
    assert_echo(fd, "again");
    shutdown(fd, SHUT_WR);
    char b[8] = {0};
    assert_int_equal(rig_get(fd, b, sizeof b), 3);
    assert_string_equal(b, "bye");
    close(fd);
    wait_for(atomic_load(&c.peer.closed_well) == 1);
    wait_told(&c.server, "connection.end", "\"wattle.bytes.in\":10", "\"wattle.bytes.out\":13");
    wait_told(&c.client, "connection.end", "\"wattle.bytes.out\":10", "\"wattle.bytes.in\":13");
    wait_told(&c.server, "X25519MLKEM768", "\"tls.protocol.version\":\"1.3\"", "ok");
    wait_told(&c.client, "X25519MLKEM768", "ok");
    wait_for(rig_connections(&c.server) == 0 && rig_connections(&c.client) == 0);
    wait_for(atomic_load(&c.client.pinned) == 1);
    char group[32];
    assert_true(wtl_pin_holds(c.client.pins, to_text[1], (int64_t)time(NULL), group));
    assert_string_equal(group, "X25519MLKEM768");
    const char *in[] = {"server", "server", "in"};
    wait_for(rig_metric(&c.server, WTL_PROXY_BYTES, in) == 10);
    const char *accepted[] = {"client", "client"};
    assert_true(rig_metric(&c.client, WTL_PROXY_ACCEPTED, accepted) == 1);
    assert_true(rig_metric(&c.client, WTL_PROXY_CONNECTIONS, accepted) == 0);
    chain_stop(&c);
}

static void a_reset_of_the_client_resets_the_peer(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, NULL);
    int fd = rig_dial(c.client.port);
    assert_echo(fd, "x");
    rig_reset(fd);
    wait_for(atomic_load(&c.peer.failed) == 1);
    assert_int_equal(atomic_load(&c.peer.closed_well), 0);
    wait_told(&c.client, "connection.end", "error.message");
    wait_told(&c.server, "connection.end", "error.message");
    wait_for(rig_connections(&c.server) == 0 && rig_connections(&c.client) == 0);
    chain_stop(&c);
}

static void serve_reset(rig_peer *p, int fd)
{
    (void)p;
    char b[1];
    (void)!recv(fd, b, 1, 0);
    rig_reset(fd);
}

static void a_reset_of_the_peer_resets_the_client(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, serve_reset, NULL, NULL);
    int fd = rig_dial(c.client.port);
    rig_put(fd, "x", 1);
    char b[4];
    assert_int_equal(rig_get(fd, b, 4), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
    wait_for(rig_connections(&c.server) == 0 && rig_connections(&c.client) == 0);
    chain_stop(&c);
}

static void a_tls_peer_that_vanishes_is_a_cut(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    rig_peer_start(&peer, rig_echo);
    server_start(&r, peer.port, NULL);
    SSL_CTX *ctx = rig_tls(false, "X25519MLKEM768");
    SSL *s = rig_tls_dial(ctx, r.port, NULL);
    assert_non_null(s);
    char b[1];
    rig_tls_put(s, "x", 1);
    assert_int_equal(rig_tls_get(s, b, 1), 1);
    rig_tls_free(s); /* FIN without close_notify */
    wait_for(atomic_load(&peer.failed) == 1);
    rig_stop(&r);
    rig_peer_stop(&peer);
    SSL_CTX_free(ctx);
}

enum { BULK = 64 * 1024 * 1024 };

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 12) * 7);
}

static void *send_bulk(void *arg)
{
    int fd = *(int *)arg;
    uint8_t *b = malloc(1 << 20);
    for (size_t at = 0; at < BULK; at += 1 << 20) {
        for (size_t i = 0; i < 1 << 20; i++)
            b[i] = byte_at(at + i);
        rig_put(fd, b, 1 << 20);
    }
    free(b);
    shutdown(fd, SHUT_WR);
    return NULL;
}

/* Both ways are full for most of the time: nothing may be read before what is there is taken. */
static void much_goes_through_to_a_slow_reader(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, NULL);
    int fd = rig_dial(c.client.port);
    int small = 16384;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, send_bulk, &fd), 0);
    uint8_t *b = malloc(1 << 20);
    size_t at = 0;
    ssize_t n;
    while (at < BULK && (n = recv(fd, b,
                                  at % 3 == 0 && BULK - at > 1 << 20 ? 1 << 20
                                  : at + 5000 < BULK                 ? 5000
                                                                     : BULK - at,
                                  0)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (b[i] != byte_at(at + (size_t)i))
                fail_msg("byte %zu is wrong", at + (size_t)i);
        }
        at += (size_t)n;
    }
    assert_int_equal(at, BULK);
    assert_int_equal(rig_get(fd, b, 100), 3);
    pthread_join(t, NULL);
    free(b);
    close(fd);
    wait_for(rig_connections(&c.server) == 0 && rig_connections(&c.client) == 0);
    chain_stop(&c);
}

static void serve_slowly(rig_peer *p, int fd)
{
    wait_for(atomic_load((atomic_bool *)p->arg));
    rig_echo(p, fd);
}

/* A peer that reads nothing holds the sender up, and costs a bounded amount of memory. */
static void a_peer_that_reads_nothing_holds_the_sender_up(void **state)
{
    (void)state;
    chain c = {0};
    atomic_bool go = false;
    c.peer.arg = &go;
    chain_start(&c, serve_slowly, NULL, NULL);
    int fd = rig_dial(c.client.port);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    uint8_t *b = calloc(1, 1 << 20);
    size_t sent = 0;
    for (int idle = 0; idle < 200;) { /* no byte taken for 200 ms */
        ssize_t w = send(fd, b, 1 << 20, MSG_NOSIGNAL);
        idle = w > 0 ? 0 : idle + 1;
        sent += w > 0 ? (size_t)w : 0;
        assert_true(sent < 200u << 20);
        if (w <= 0)
            usleep(1000);
    }
    assert_true(sent > 0);
    atomic_store(&go, true);
    fcntl(fd, F_SETFL, 0);
    size_t back = 0;
    while (back < sent) {
        ssize_t n = recv(fd, b, 1 << 20, 0);
        assert_true(n > 0);
        back += (size_t)n;
    }
    free(b);
    close(fd);
    chain_stop(&c);
}

static void serve_first(rig_peer *p, int fd)
{
    (void)p;
    rig_put(fd, "220 ready\r\n", 11);
    char b[16];
    (void)rig_get(fd, b, 4);
    close(fd);
}

static void a_server_may_speak_first(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, serve_first, NULL, NULL);
    int fd = rig_dial(c.client.port);
    char b[16] = {0};
    assert_int_equal(rig_get(fd, b, 11), 11);
    assert_string_equal(b, "220 ready\r\n");
    close(fd);
    chain_stop(&c);
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, (const char *const[]){"--idle-timeout", "1500ms", NULL}, NULL);
    int fd = rig_dial(c.client.port);
    int64_t begin = clock_ns();
    for (int i = 0; i < 5;
         i++) { /* longer than the timeout in all, and each shorter on a busy machine, too */
        assert_echo(fd, "still here");
        usleep(400000);
    }
    char b[1];
    assert_int_equal(rig_get(fd, b, 1), -1);
    assert_true(clock_ns() - begin > 2000000000);
    close(fd);
    wait_told(&c.server, "connection.end", "idle-timeout");
    chain_stop(&c);
}

static void a_drain_waits_for_connections(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, NULL);
    int fd = rig_dial(c.client.port);
    assert_echo(fd, "before");
    rig_drain(&c.server, (int64_t)PATIENCE * 1000000000);
    rig_drain(&c.client, (int64_t)PATIENCE * 1000000000);
    assert_echo(fd, "while");
    assert_false(atomic_load(&c.server.drained));
    int late = rig_dial(c.client.port); /* waits in the kernel for who comes next */
    assert_echo(fd, "after");
    close(fd);
    wait_for(atomic_load(&c.client.drained) && atomic_load(&c.server.drained));
    close(late);
    rig_end(&c.client);
    rig_end(&c.server);
    rig_peer_stop(&c.peer);
}

static void a_drain_ends_in_time(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, NULL);
    int fd = rig_dial(c.client.port);
    assert_echo(fd, "before");
    int64_t begin = clock_ns();
    rig_drain(&c.client, 200000000);
    char b[1];
    assert_int_equal(rig_get(fd, b, 1), -1);
    wait_for(atomic_load(&c.client.drained));
    assert_true(clock_ns() - begin >= 200000000);
    close(fd);
    wait_told(&c.client, "wattle.drain", "1 connections");
    rig_end(&c.client);
    rig_stop(&c.server);
    rig_peer_stop(&c.peer);
}

static void a_drain_of_nothing_is_done_at_once(void **state)
{
    (void)state;
    rig r = {0};
    server_start(&r, 9, NULL);
    rig_drain(&r, INT64_MAX / 2);
    wait_for(atomic_load(&r.drained));
    rig_end(&r);
}

static void too_many_wait_outside(void **state)
{
    (void)state;
    chain c = {0};
    chain_start(&c, rig_echo, NULL, (const char *const[]){"--max-connections", "2", NULL});
    int a = rig_dial(c.client.port), b = rig_dial(c.client.port), d = rig_dial(c.client.port);
    assert_echo(a, "a");
    assert_echo(b, "b");
    rig_put(d, "d", 1);
    assert_int_equal(rig_connections(&c.client), 2);
    close(a);
    char got[1];
    assert_int_equal(rig_get(d, got, 1), 1);
    assert_int_equal(got[0], 'd');
    close(b);
    close(d);
    chain_stop(&c);
}

static size_t resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long total = 0, pages = 0;
    if (f == NULL || fscanf(f, "%ld %ld", &total, &pages) != 2)
        fail_msg("no /proc/self/statm");
    fclose(f);
    return (size_t)pages * 4096;
}

enum { IDLE = 2000 };

/* Keeps a descriptor and needs no thread for it. */
static int held[IDLE + 8];
static atomic_int n_held;
static void serve_hold(rig_peer *p, int fd)
{
    (void)p;
    held[atomic_fetch_add(&n_held, 1)] = fd;
}

static void idle_connections_cost_little(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    atomic_store(&n_held, 0);
    rig_peer_start(&peer, serve_hold);
    server_start(&r, peer.port, NULL);
    SSL_CTX *ctx = rig_tls(false, "X25519MLKEM768");
    static int fd[IDLE];
    size_t before = 0;
    for (int i = 0; i < IDLE; i++) {
        SSL *s = rig_tls_dial(ctx, r.port, NULL);
        assert_non_null(s);
        fd[i] = SSL_get_fd(s);
        SSL_free(s); /* the socket stays */
        if (i == 99) {
            wait_for(atomic_load(&n_held) == 100);
            before = resident();
        }
    }
    wait_for(atomic_load(&n_held) == IDLE);
    assert_int_equal(rig_connections(&r), IDLE);
    size_t each = (resident() - before) / (IDLE - 100);
    print_message("%zu bytes for each idle connection\n", each);
    if (!unit_watched)
        assert_true(each <= 40 * 1024);
    for (int i = 0; i < IDLE; i++) {
        close(fd[i]);
        close(held[i]);
    }
    wait_for(rig_connections(&r) == 0);
    rig_stop(&r);
    rig_peer_stop(&peer);
    SSL_CTX_free(ctx);
}

static void a_service_describes_itself(void **state)
{
    (void)state;
    rig r = {0};
    server_start(&r, 9, (const char *const[]){"--alpn", "h2", "--policy", "hybrid-only", NULL});
    AUTO(wtl_buf) b = {0};
    wtl_err err;
    assert_good(wtl_proxy_describe(r.proxy, &b, &err), &err);
    const char *text = wtl_buf_cstr(&b);
    const char *part[] = {"\"name\":\"server\"",
                          "\"role\":\"server\"",
                          "\"policy\":\"hybrid-only\"",
                          "ECDSA-P256",
                          "\"alpn\":\"h2\"",
                          "X25519MLKEM768",
                          "not_after"};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (strstr(text, part[i]) == NULL)
            fail_msg("%s is not in %s", part[i], text);
    }
    rig_stop(&r);
}

static void a_wrong_file_is_an_error_with_the_service_in_it(void **state)
{
    (void)state;
    rig r = {0};
    wtl_err err;
    const char *words[] = {"--connect", "127.0.0.1:9", "--cert", rig_cert, "--key", rig_cert, NULL};
    assert_true(rig_try(&r, true, words, &err) < 0);
    assert_non_null(strstr(err.text, "service server: "));
    assert_null(r.proxy);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_through_and_ends_are_passed_on),
        cmocka_unit_test(a_reset_of_the_client_resets_the_peer),
        cmocka_unit_test(a_reset_of_the_peer_resets_the_client),
        cmocka_unit_test(a_tls_peer_that_vanishes_is_a_cut),
        cmocka_unit_test(much_goes_through_to_a_slow_reader),
        cmocka_unit_test(a_peer_that_reads_nothing_holds_the_sender_up),
        cmocka_unit_test(a_server_may_speak_first),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(a_drain_waits_for_connections),
        cmocka_unit_test(a_drain_ends_in_time),
        cmocka_unit_test(a_drain_of_nothing_is_done_at_once),
        cmocka_unit_test(too_many_wait_outside),
        cmocka_unit_test(idle_connections_cost_little),
        cmocka_unit_test(a_service_describes_itself),
        cmocka_unit_test(a_wrong_file_is_an_error_with_the_service_in_it),
    };
    cmocka_set_test_filter(getenv("WATTLE_TEST_ONLY"));
    return cmocka_run_group_tests(tests, rig_make_files, rig_remove_files);
}
