/* A client service and its peers: pins, the weaker dial, connections kept ready, PostgreSQL, headers, resumption. */
#include "rig.h"

#include "hello/via.h"

static void tls_peer_start(rig_peer *p, const char *groups, void (*serve)(rig_peer *, int))
{
    p->ctx = rig_tls(true, groups);
    rig_peer_start(p, serve);
}

static void assert_echo(uint16_t port, const char *text)
{
    char b[64] = {0};
    int fd = rig_dial(port);
    rig_put(fd, text, strlen(text));
    assert_int_equal(rig_get(fd, b, strlen(text)), strlen(text));
    assert_string_equal(b, text);
    shutdown(fd, SHUT_WR);
    assert_int_equal(rig_get(fd, b, sizeof b), 3);
    close(fd);
}

static void assert_refused(uint16_t port)
{
    char b[1];
    int fd = rig_dial(port);
    assert_int_equal(rig_get(fd, b, 1), -1);
    close(fd);
}

static void a_plain_echo_works_over_tls(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, NULL, rig_tls_echo);
    client_start(&r, peer.port, NULL);
    assert_echo(r.port, "hello");
    wait_told(&r, "X25519MLKEM768", "ok");
    wait_for(atomic_load(&peer.closed_well) == 1);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void another_authority_is_refused(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    char to[32];
    tls_peer_start(&peer, NULL, rig_tls_echo);
    snprintf(to, sizeof to, "localhost:%u", peer.port);
    const char *words[] = {"--connect", to, "--ca", rig_other_ca, "--policy", "classical-fallback", NULL};
    rig_start(&r, false, words);
    assert_refused(r.port);
    wait_told(&r, "rejected", "certificate");
    assert_int_equal(atomic_load(&peer.accepted), 1); /* a wrong certificate is no reason to ask for less */
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void another_name_is_refused(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, NULL, rig_tls_echo);
    client_start(&r, peer.port, (const char *const[]){"--server-name", "db.example.org", NULL});
    assert_refused(r.port);
    wait_told(&r, "tls.handshake", "error.message");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void a_classical_peer_is_taken_when_it_never_was_more(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, "X25519", rig_tls_echo);
    client_start(&r, peer.port, NULL);
    assert_echo(r.port, "weak");
    wait_told(&r, "tls.downgrade", "peer-did-not-offer");
    assert_int_equal(atomic_load(&r.pinned), 0);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void pin(rig *r, uint16_t port)
{
    wtl_err err;
    assert_good(wtl_pin_new(&r->pins, &err), &err);
    assert_good(wtl_pin_saw(r->pins, address(1, port), "X25519MLKEM768", (int64_t)time(NULL), &err), &err);
}

static void a_peer_that_once_was_more_is_held_to_it(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, "X25519", rig_tls_echo);
    pin(&r, peer.port);
    client_start(&r, peer.port, NULL);
    assert_refused(r.port);
    wait_told(&r, "WARN", "refused", "downgrade", "X25519MLKEM768");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void classical_fallback_is_not_held_to_pins(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, "X25519", rig_tls_echo);
    pin(&r, peer.port);
    client_start(&r, peer.port, (const char *const[]){"--policy", "classical-fallback", NULL});
    assert_echo(r.port, "weak");
    wait_told(&r, "tls.downgrade", "peer-did-not-offer");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void pq_only_takes_no_classical_peer(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, "X25519", rig_tls_echo);
    client_start(&r, peer.port, (const char *const[]){"--policy", "pq-only", NULL});
    assert_refused(r.port);
    wait_told(&r, "rejected", "alert");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

/* As an old middlebox: what is larger than a classical hello is lost. How, `arg` says. */
static void lose_large(rig_peer *p, int fd)
{
    uint8_t b[2048];
    ssize_t n = recv(fd, b, sizeof b, MSG_PEEK);
    if (n > 600) {
        switch (*(const char *)p->arg) {
        case 'a':
            rig_put(fd, "\x15\x03\x03\x00\x02\x02\x28", 7);
            recv(fd, b, sizeof b, 0);
            break;
        case 's':
            while (recv(fd, b, sizeof b, 0) > 0)
                continue;
            break;
        case 'r':
            rig_reset(fd);
            return;
        default:
            break;
        }
        close(fd);
        return;
    }
    rig_tls_echo(p, fd);
}

static void a_peer_that_refuses_is_asked_once_more_for_less(void **state)
{
    (void)state;
    for (const char *how = "asrc"; *how != '\0'; how++) {
        rig_peer peer = {0};
        rig r = {0};
        peer.arg = how;
        tls_peer_start(&peer, NULL, lose_large);
        client_start(
            &r, peer.port,
            (const char *const[]){"--policy", "classical-fallback", "--handshake-timeout", "400ms", NULL});
        assert_echo(r.port, "weak");
        wait_told(&r, "tls.downgrade", "peer-refused", "ok");
        wait_told(&r, *how == 'a' ? "rejected" : *how == 's' ? "timeout" : "lost");
        assert_int_equal(atomic_load(&peer.accepted), 2);
        rig_stop(&r);
        rig_peer_stop(&peer);
    }
}

static void without_that_policy_nothing_weaker_is_asked_for(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    peer.arg = "a";
    tls_peer_start(&peer, NULL, lose_large);
    client_start(&r, peer.port, NULL);
    assert_refused(r.port);
    wait_told(&r, "rejected", "handshake failure");
    assert_int_equal(atomic_load(&peer.accepted), 1);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void a_silent_peer_is_left_in_time(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    peer.arg = "s";
    tls_peer_start(&peer, NULL, lose_large);
    client_start(&r, peer.port, (const char *const[]){"--handshake-timeout", "200ms", NULL});
    assert_refused(r.port);
    wait_told(&r, "timeout");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

/* ---- ready connections */

static void connections_are_kept_ready(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    const char *labels[] = {"client"};
    tls_peer_start(&peer, NULL, rig_tls_echo);
    client_start(&r, peer.port, (const char *const[]){"--pool", "3", NULL});
    wait_for(rig_metric(&r, WTL_PROXY_POOL, labels) == 3);
    assert_int_equal(atomic_load(&peer.accepted), 3);
    for (int i = 0; i < 5; i++)
        assert_echo(r.port, "pooled");
    wait_for(rig_metric(&r, WTL_PROXY_POOL, labels) == 3);
    assert_int_equal(rig_connections(&r), 0);
    rig_drain(&r, (int64_t)PATIENCE * 1000000000);
    wait_for(atomic_load(&r.drained));
    assert_true(rig_metric(&r, WTL_PROXY_POOL, labels) == 0);
    rig_end(&r);
    rig_peer_stop(&peer);
}

static void ready_connections_grow_old(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    const char *labels[] = {"client"};
    tls_peer_start(&peer, NULL, rig_tls_echo);
    client_start(&r, peer.port, (const char *const[]){"--pool", "2", "--pool-idle", "1s", NULL});
    wait_for(rig_metric(&r, WTL_PROXY_POOL, labels) == 2);
    wait_for(rig_metric(&r, WTL_PROXY_POOL, labels) == 0);
    wait_for(atomic_load(&peer.closed_well) == 2);
    assert_echo(r.port, "fresh"); /* dialled, and the pool is filled again */
    wait_for(rig_metric(&r, WTL_PROXY_POOL, labels) == 2);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

/* Greets, and closes the first two at once. */
static void greet(rig_peer *p, int fd)
{
    SSL *s = SSL_new(p->ctx);
    SSL_set_fd(s, fd);
    int n = atomic_load(&p->accepted);
    if (SSL_accept(s) == 1 && n > 2) {
        char b[1];
        rig_tls_put(s, "220 ready", 9);
        (void)rig_tls_get(s, b, 1);
    }
    SSL_shutdown(s);
    SSL_free(s);
    close(fd);
}

static void what_a_ready_peer_says_first_is_kept(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    const char *labels[] = {"client"};
    tls_peer_start(&peer, NULL, greet);
    client_start(&r, peer.port, (const char *const[]){"--pool", "1", NULL});
    wait_for(atomic_load(&peer.accepted) == 3 && rig_metric(&r, WTL_PROXY_POOL, labels) == 1);
    int fd = rig_dial(r.port);
    char b[16] = {0};
    assert_int_equal(rig_get(fd, b, 9), 9);
    assert_string_equal(b, "220 ready");
    close(fd);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void sessions_are_resumed(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, NULL, rig_tls_echo);
    client_start(&r, peer.port, NULL);
    assert_echo(r.port, "first");
    wait_for(rig_connections(&r) == 0);
    assert_echo(r.port, "second");
    wait_told(&r, "\"tls.resumed\":true", "ok");
    rig_stop(&r);
    rig_peer_stop(&peer);
}

/* ---- PostgreSQL and headers */

static const uint8_t ssl_request[] = {0, 0, 0, 8, 4, 210, 22, 47};
static const uint8_t startup[] = "\0\0\0\x11\0\x03\0\0user\0joe\0";

static void postgres_peer(rig_peer *p, int fd)
{
    uint8_t b[8];
    assert_int_equal(rig_get(fd, b, 8), 8);
    assert_memory_equal(b, ssl_request, 8);
    rig_put(fd, p->arg, 1);
    if (*(const char *)p->arg == 'S')
        rig_tls_echo(p, fd);
    else
        close(fd);
}

static void postgres_is_asked_and_answered(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    peer.arg = "S";
    tls_peer_start(&peer, NULL, postgres_peer);
    client_start(&r, peer.port, (const char *const[]){"--starttls", "postgresql", NULL});
    for (int ask = 0; ask < 2; ask++) {
        uint8_t b[32] = {0};
        int fd = rig_dial(r.port);
        if (ask) {
            rig_put(fd, ssl_request, sizeof ssl_request);
            assert_int_equal(rig_get(fd, b, 1), 1);
            assert_int_equal(b[0], 'N');
        }
        for (size_t i = 0; i < 17; i++)
            rig_put(fd, startup + i, 1);
        assert_int_equal(rig_get(fd, b, 17), 17);
        assert_memory_equal(b, startup, 17);
        close(fd);
    }
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void a_postgres_without_tls_is_refused(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    peer.arg = "N";
    tls_peer_start(&peer, NULL, postgres_peer);
    client_start(&r, peer.port,
                 (const char *const[]){"--starttls", "postgresql", "--policy", "classical-fallback", NULL});
    int fd = rig_dial(r.port);
    char b[1];
    rig_put(fd, startup, 17);
    assert_int_equal(rig_get(fd, b, 1), -1);
    close(fd);
    wait_told(&r, "refused", "does no TLS");
    assert_int_equal(atomic_load(&peer.accepted), 1);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static atomic_int via_port;

static void via_peer(rig_peer *p, int fd)
{
    uint8_t b[1024];
    wtl_via v;
    enum wtl_hello_state st;
    size_t used;
    assert_int_equal(rig_get(fd, b, 16), 16);
    size_t rest = (size_t)b[14] << 8 | b[15];
    assert_int_equal(rig_get(fd, b + 16, rest), rest);
    assert_int_equal(wtl_via_read(&v, &st, &used, (wtl_bytes){b, 16 + rest}, NULL), 0);
    atomic_store(&via_port, v.from_port);
    rig_tls_echo(p, fd);
}

static void headers_go_before_tls(void **state)
{
    (void)state;
    rig_peer peer = {0};
    rig r = {0};
    tls_peer_start(&peer, NULL, via_peer);
    client_start(&r, peer.port, (const char *const[]){"--accept-proxy", "--send-proxy", NULL});
    wtl_via v = {.family = WTL_VIA_IPV4,
                 .from = {192, 0, 2, 1},
                 .to = {192, 0, 2, 2},
                 .from_port = 4711,
                 .to_port = 443};
    AUTO(wtl_buf) head = {0};
    wtl_err err;
    assert_good(wtl_via_write(&head, &v, &(wtl_via_tls){0}, &err), &err);
    wtl_buf_str(&head, "hello"); /* in the same segment */
    int fd = rig_dial(r.port);
    char b[8] = {0};
    rig_put(fd, head.p, head.n);
    assert_int_equal(rig_get(fd, b, 5), 5);
    assert_string_equal(b, "hello");
    close(fd);
    assert_int_equal(atomic_load(&via_port), 4711);
    rig_stop(&r);
    rig_peer_stop(&peer);
}

static void a_peer_that_is_down_resets_the_client(void **state)
{
    (void)state;
    uint16_t nobody;
    close(rig_listen(&nobody));
    rig r = {0};
    client_start(&r, nobody, NULL);
    assert_refused(r.port);
    wait_told(&r, "wattle.upstream.down");
    wait_told(&r, "connection.end", "cannot be reached");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_echo_works_over_tls),
        cmocka_unit_test(another_authority_is_refused),
        cmocka_unit_test(another_name_is_refused),
        cmocka_unit_test(a_classical_peer_is_taken_when_it_never_was_more),
        cmocka_unit_test(a_peer_that_once_was_more_is_held_to_it),
        cmocka_unit_test(classical_fallback_is_not_held_to_pins),
        cmocka_unit_test(pq_only_takes_no_classical_peer),
        cmocka_unit_test(a_peer_that_refuses_is_asked_once_more_for_less),
        cmocka_unit_test(without_that_policy_nothing_weaker_is_asked_for),
        cmocka_unit_test(a_silent_peer_is_left_in_time),
        cmocka_unit_test(connections_are_kept_ready),
        cmocka_unit_test(ready_connections_grow_old),
        cmocka_unit_test(what_a_ready_peer_says_first_is_kept),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(postgres_is_asked_and_answered),
        cmocka_unit_test(a_postgres_without_tls_is_refused),
        cmocka_unit_test(headers_go_before_tls),
        cmocka_unit_test(a_peer_that_is_down_resets_the_client),
    };
    cmocka_set_test_filter(getenv("WATTLE_TEST_ONLY"));
    return cmocka_run_group_tests(tests, rig_make_files, rig_remove_files);
}
