#include "pair.h"

#include "crypto/hash.h"

static wtl_ctx *server, *client;

static int make_contexts(void **state)
{
    if (pki_open(state) != 0)
        return -1;
    server = made_server("server", (made_order){.alg = "P-256", .mode = WTL_POLICY_HYBRID_PREFERRED});
    client = made_client("client", (made_order){.ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    return 0;
}

static int drop_contexts(void **state)
{
    wtl_ctx_free(server);
    wtl_ctx_free(client);
    return pki_close(state);
}

static void open_pair(pair *p)
{
    pair_open(p, client, server);
}

static void a_handshake_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 5, 100, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        static pair p;
        pair_begin(&p, client, server, (wtl_bytes){0});
        outcome o = pair_shake(&p, sizes[i], 0, -1);
        assert_true(o.done[0] && o.done[1]);
        assert_good(o.rc[0], &o.err[0]);
        assert_good(o.rc[1], &o.err[1]);
        assert_string_equal(wtl_link_facts(p.link[0])->version, "TLSv1.3");
        assert_false(wtl_link_facts(p.link[1])->retried);
        pair_end(&p);
    }
}

/* A hello that was read before is cut at every byte: what is before the cut is given, the rest comes by the socket. */
static void what_was_read_before(void **state)
{
    (void)state;
    for (size_t cut = 0;; cut += cut < 64 ? 1 : 37) {
        static pair p;
        pair_begin(&p, client, NULL, (wtl_bytes){0});
        wtl_err err = {0};
        enum wtl_link_state s = WTL_LINK_DONE;
        assert_good(wtl_link_handshake(p.link[0], &s, &err), &err);
        uint8_t hello[4096];
        size_t n = cut == 0 ? 0 : (size_t)recv(p.far[0], hello, cut < sizeof hello ? cut : sizeof hello, 0);
        assert_good(wtl_link_new(&p.link[1], p.pool, server, p.fd[1], (wtl_bytes){hello, n}, &err), &err);
        assert_int_equal(wtl_link_pending(p.link[1]), n > 0);
        outcome o = pair_shake(&p, 65536, 0, -1);
        assert_true(o.done[0] && o.done[1]);
        assert_good(o.rc[1], &o.err[1]);
        says(&p, 0, "hello");
        hears(&p, 1, "hello");
        pair_end(&p);
        if (n < cut)
            break;
    }
}

static void a_retry_is_seen(void **state)
{
    (void)state;
    wtl_ctx *other = made_client("other",
                                 (made_order){.ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    SSL_CTX_set1_groups_list(wtl_ctx_ssl(other), "*X25519:X25519MLKEM768");
    static pair p;
    pair_open(&p, other, server);
    assert_string_equal(wtl_link_facts(p.link[1])->group->name, "X25519MLKEM768");
    assert_true(wtl_link_facts(p.link[1])->retried);
    assert_true(wtl_link_facts(p.link[0])->retried);
    pair_end(&p);
    wtl_ctx_free(other);
}

/* Bulk. */

enum { BULK = 64 << 20, READ = 256 * 1024 };

typedef struct flow {
    wtl_hasher *sent, *got;
    size_t n_sent, n_got;
    uint8_t piece[100000];
    size_t at, n;
    uint32_t seed;
} flow;

static void refill(flow *f)
{
    f->seed = f->seed * 1664525 + 1013904223;
    f->n = 1 + f->seed % sizeof f->piece;
    if (f->n > BULK - f->n_sent)
        f->n = BULK - f->n_sent;
    f->at = 0;
    uint32_t x = f->seed;
    for (size_t i = 0; i + 4 <= f->n; i += 4) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        memcpy(f->piece + i, &x, 4);
    }
}

static void push(flow *f, wtl_link *l)
{
    while (f->n_sent < BULK) {
        if (f->at == f->n)
            refill(f);
        size_t put = 0;
        enum wtl_link_state s = writes(l, f->piece + f->at, f->n - f->at, &put);
        assert_int_equal(wtl_hasher_add(f->sent, (wtl_bytes){f->piece + f->at, put}, NULL), 0);
        f->at += put;
        f->n_sent += put;
        if (s == WTL_LINK_WANT_WRITE)
            return;
    }
    enum wtl_link_state s;
    wtl_err err = {0};
    assert_good(wtl_link_flush(l, &s, &err), &err);
}

static void pull(flow *f, wtl_link *l, uint8_t *to)
{
    size_t n = 0;
    while (reads(l, to, 1 + f->seed % READ, &n) == WTL_LINK_DONE) {
        assert_int_equal(wtl_hasher_add(f->got, (wtl_bytes){to, n}, NULL), 0);
        f->n_got += n;
    }
}

static void small_buffers(int fd)
{
    int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
}

static void both_directions_at_once(void **state)
{
    (void)state;
    static flow f[2]; /* f[i]: what link i sends */
    static uint8_t to[READ];
    static pair p;
    open_pair(&p);
    for (int i = 0; i < 2; i++) {
        f[i] = (flow){.seed = 1 + (uint32_t)i};
        assert_int_equal(wtl_hasher_new(&f[i].sent, WTL_HASH_SHA256, NULL), 0);
        assert_int_equal(wtl_hasher_new(&f[i].got, WTL_HASH_SHA256, NULL), 0);
        small_buffers(p.fd[i]);
        small_buffers(p.far[i]);
    }
    while (f[0].n_got < BULK || f[1].n_got < BULK) {
        for (int i = 0; i < 2; i++) {
            push(&f[i], p.link[i]);
            pair_move(&p, i, 65536, -1);
            pull(&f[1 - i], p.link[i], to);
        }
    }
    for (int i = 0; i < 2; i++) {
        uint8_t a[32], b[32];
        assert_int_equal(wtl_hasher_end(f[i].sent, a, NULL), 0);
        assert_int_equal(wtl_hasher_end(f[i].got, b, NULL), 0);
        assert_memory_equal(a, b, 32);
        wtl_hasher_free(f[i].sent);
        wtl_hasher_free(f[i].got);
    }
    pair_end(&p);
}

/* A reader that does not read: what is taken stops, and what waits inside stays within bounds. */
static void a_slow_reader(void **state)
{
    (void)state;
    static uint8_t zero[1 << 20], to[1 << 16];
    static pair p;
    open_pair(&p);
    size_t taken = 0, put = 0;
    for (int i = 0; i < 100; i++) {
        writes(p.link[1], zero, sizeof zero, &put);
        taken += put;
    }
    assert_int_equal(put, 0);
    assert_true(taken < 2 << 20);
    size_t got = 0, n = 0;
    while (got < taken) {
        wtl_err err = {0};
        enum wtl_link_state s;
        assert_good(wtl_link_flush(p.link[1], &s, &err), &err);
        pair_move(&p, 1, 1 << 15, -1);
        if (reads(p.link[0], to, sizeof to, &n) == WTL_LINK_DONE)
            got += n;
    }
    assert_int_equal(writes(p.link[1], "x", 1, &put), WTL_LINK_DONE);
    pair_end(&p);
}

/* How it ends. */

static void half_closed_both_ways(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        static pair p;
        open_pair(&p);
        wtl_err err = {0};
        enum wtl_link_state s;
        char c;
        size_t n = 0;
        says(&p, first, "last words");
        assert_good(wtl_link_end(p.link[first], &s, &err), &err);
        assert_int_equal(s, WTL_LINK_DONE);
        pair_move(&p, first, 65536, -1);
        hears(&p, 1 - first, "last words");
        assert_int_equal(reads(p.link[1 - first], &c, 1, &n), WTL_LINK_ENDED);
        assert_int_equal(reads(p.link[1 - first], &c, 1, &n), WTL_LINK_ENDED);
        says(&p, 1 - first, "answer");
        hears(&p, first, "answer");
        assert_int_equal(wtl_link_write(p.link[first], (const uint8_t *)"x", 1, &n, &s, &err), WTL_BUG);
        assert_int_equal(reads(p.link[first], &c, 1, &n), WTL_LINK_WANT_READ);
        assert_good(wtl_link_end(p.link[first], &s, &err), &err);
        assert_good(wtl_link_end(p.link[1 - first], &s, &err), &err);
        pair_move(&p, 1 - first, 65536, -1);
        assert_int_equal(reads(p.link[first], &c, 1, &n), WTL_LINK_ENDED);
        pair_end(&p);
    }
}

/* An owner who hears of edges: what came without one is not seen, and the end is not missed. */
static void told_by_edges(void **state)
{
    (void)state;
    static pair p;
    wtl_err err = {0};
    char c[8];
    size_t n = 0;
    open_pair(&p);
    assert_false(wtl_link_dry(p.link[1]));
    says(&p, 0, "one");
    hears(&p, 1, "one");
    assert_false(wtl_link_dry(p.link[1])); /* nobody spoke of edges yet */
    wtl_link_edge(p.link[1], true, false);
    says(&p, 0, "two");
    hears(&p, 1, "two");
    assert_true(wtl_link_dry(p.link[1]));
    says(&p, 0, "three");
    assert_int_equal(reads(p.link[1], c, 1, &n), WTL_LINK_WANT_READ);
    wtl_link_edge(p.link[1], true, false);
    assert_int_equal(reads(p.link[1], c, 2, &n), WTL_LINK_DONE);
    assert_true(wtl_link_dry(p.link[1]));
    assert_true(wtl_link_pending(p.link[1]));
    hears(&p, 1, "ree");
    says(&p, 0, "four");
    shutdown(p.far[1], SHUT_WR);
    wtl_link_edge(p.link[1], true, true);
    hears(&p, 1, "four");
    assert_false(wtl_link_dry(p.link[1]));
    assert_int_equal(read_fails(p.link[1], &err), WTL_IO);
    pair_end(&p);
}

static void cut_off_without_a_word(void **state)
{
    (void)state;
    static pair p;
    open_pair(&p);
    wtl_err err = {0};
    says(&p, 0, "begin");
    shutdown(p.far[1], SHUT_WR);
    hears(&p, 1, "begin");
    assert_int_equal(read_fails(p.link[1], &err), WTL_IO);
    assert_non_null(strstr(err.text, "without saying so"));
    assert_int_equal(read_fails(p.link[1], &err), WTL_IO);
    pair_end(&p);
}

/* In the middle of a record, too. */
static void cut_off_within_a_record(void **state)
{
    (void)state;
    static pair p;
    open_pair(&p);
    size_t n = 0;
    wtl_err err = {0};
    writes(p.link[0], "begin", 5, &n);
    pair_move(&p, 0, 10, -1);
    shutdown(p.far[1], SHUT_WR);
    assert_int_equal(read_fails(p.link[1], &err), WTL_IO);
    pair_end(&p);
}

static void garbage_in_the_middle(void **state)
{
    (void)state;
    static pair p;
    open_pair(&p);
    wtl_err err = {0};
    size_t n = 0;
    writes(p.link[0], "begin", 5, &n);
    pair_move(&p, 0, 65536, (long)p.moved[0] + 7);
    assert_int_equal(read_fails(p.link[1], &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "does not decrypt"));
    assert_true(pair_move(&p, 1, 65536, -1) > 0); /* the alert */
    assert_int_equal(read_fails(p.link[0], &err), WTL_NO);
    assert_non_null(strstr(err.text, "bad record mac"));
    enum wtl_link_state s;
    assert_int_equal(wtl_link_write(p.link[1], (const uint8_t *)"x", 1, &n, &s, &err), WTL_IO);
    assert_int_equal(wtl_link_end(p.link[1], &s, &err), WTL_IO);
    pair_end(&p);
}

/* A changed byte anywhere in either side's handshake: nobody is fooled, and whoever notices says so to the other. */
static void a_changed_byte_in_the_handshake(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        long step = 1;
        for (long flip = 0;; flip += step) {
            static pair p;
            pair_begin(&p, client, server, (wtl_bytes){0});
            outcome o = pair_shake(&p, 65536, who, flip);
            bool reached = (long)p.moved[who] > flip;
            if (reached)
                assert_true(o.rc[0] < 0 || o.rc[1] < 0 || !o.done[0] || !o.done[1] || flip < 11);
            for (int i = 0; i < 2; i++)
                assert_true(o.rc[i] == 0 || o.rc[i] == WTL_NO || o.rc[i] == WTL_FORMAT ||
                            o.rc[i] == WTL_POLICY);
            pair_end(&p);
            if (!reached)
                break;
            step = flip < 160 ? 1 : 23;
        }
    }
}

static int handshake_with(const void *bytes, size_t n, wtl_err *err, uint8_t *answer, size_t *answered)
{
    static pair p;
    pair_begin(&p, NULL, server, (wtl_bytes){0});
    assert_int_equal(send(p.far[1], bytes, n, 0), (ssize_t)n);
    shutdown(p.far[1], SHUT_WR);
    enum wtl_link_state s;
    int rc = wtl_link_handshake(p.link[1], &s, err);
    ssize_t k = recv(p.far[1], answer, 64, 0);
    *answered = k > 0 ? (size_t)k : 0;
    pair_end(&p);
    return rc;
}

static void what_is_no_tls(void **state)
{
    (void)state;
    static const char http[] = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    uint8_t answer[64];
    size_t n = 0;
    wtl_err err = {0};
    assert_int_equal(handshake_with(http, sizeof http - 1, &err, answer, &n), WTL_FORMAT);
    assert_non_null(strstr(err.text, "HTTP"));
    assert_int_equal(handshake_with("SSH-2.0-OpenSSH_9.2\r\n", 21, &err, answer, &n), WTL_FORMAT);
    assert_int_equal(handshake_with("", 0, &err, answer, &n), WTL_IO);
    assert_int_equal(handshake_with("\x16\x03\x01", 3, &err, answer, &n), WTL_IO);
    /* a record of one byte too many */
    assert_int_equal(handshake_with("\x16\x03\x01\xff\xff\x01", 6, &err, answer, &n), WTL_FORMAT);
    assert_true(n == 7 && answer[0] == 21 && answer[6] == SSL_AD_RECORD_OVERFLOW);
}

/* Resumption between two nodes that share the secret; the session is fit for more than one link, the caller sees to it that it is not. */
static void sessions_are_resumed(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {1};
    wtl_err err = {0};
    wtl_ticket *t[2] = {0};
    wtl_ctx *node[2];
    pki k = pki_make((pki_order){.alg = "P-256", .name = "node", .san = "DNS:localhost"});
    for (int i = 0; i < 2; i++) {
        assert_good(wtl_ticket_new(&t[i], (wtl_bytes){secret, 32}, 3600, 8, &err), &err);
        wtl_cred *cred = pki_cred("node", &k);
        wtl_ctx_plan plan = {.server = true,
                             .policy = {.mode = WTL_POLICY_HYBRID_PREFERRED},
                             .cred = &cred,
                             .n_creds = 1,
                             .ticket = t[i],
                             .tickets = 1};
        assert_good(wtl_ctx_new(&node[i], &plan, &err), &err);
        wtl_cred_free(cred);
    }
    pki_free(&k);
    wtl_ctx *c = made_client("resumer", (made_order){.ca = "node.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    SSL_SESSION *session = NULL;
    for (int i = 0; i < 6; i++) {
        static pair p;
        pair_begin(&p, c, node[i % 2], (wtl_bytes){0});
        if (session != NULL)
            assert_good(wtl_link_resume(p.link[0], session, &err), &err);
        SSL_SESSION_free(session);
        outcome o = pair_shake(&p, 65536, 0, -1);
        assert_good(o.rc[0], &o.err[0]);
        assert_good(o.rc[1], &o.err[1]);
        assert_int_equal(wtl_link_facts(p.link[0])->resumed, i > 0);
        assert_int_equal(wtl_link_facts(p.link[1])->resumed, i > 0);
        says(&p, 1, "with the ticket");
        hears(&p, 0, "with the ticket");
        session = wtl_link_session(p.link[0]);
        assert_non_null(session);
        pair_end(&p); /* without a close_notify: no reason to forget the session */
    }
    SSL_SESSION_free(session);
    wtl_ctx_free(c);
    for (int i = 0; i < 2; i++) {
        wtl_ctx_free(node[i]);
        wtl_ticket_free(t[i]);
    }
}

static void a_peer_that_vanished(void **state)
{
    (void)state;
    static uint8_t zero[1 << 16];
    static pair p;
    open_pair(&p);
    close(p.far[0]);
    size_t n = 0;
    enum wtl_link_state s;
    wtl_err err = {0};
    assert_int_equal(wtl_link_write(p.link[0], zero, sizeof zero, &n, &s, &err), WTL_IO);
    assert_int_equal(err.sys_errno, EPIPE);
    assert_int_equal(wtl_link_write(p.link[0], zero, sizeof zero, &n, &s, &err), WTL_IO);
    assert_int_equal(read_fails(p.link[0], &err), WTL_IO);
    p.far[0] = dup(0);
    pair_end(&p);
}

/* The rest. */

static void alpn_of_the_clients_list(void **state)
{
    (void)state;
    static const char *const offered[] = {"h2", "http/1.1"};
    wtl_ctx *talker = made_client(
        "talker",
        (made_order){.ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED, .alpn = offered, .n_alpn = 2});
    static const char *const chosen[] = {"http/1.1", "h2", NULL, "h3"};
    wtl_err err = {0};
    for (size_t i = 0; i < 4; i++) {
        static pair p;
        pair_begin(&p, talker, server, (wtl_bytes){0});
        if (chosen[i] != NULL)
            assert_good(
                wtl_link_alpn(p.link[1], (wtl_bytes){(const uint8_t *)chosen[i], strlen(chosen[i])}, &err),
                &err);
        outcome o = pair_shake(&p, 65536, 0, -1);
        if (i == 3) {
            assert_int_equal(o.rc[1], WTL_POLICY);
        } else {
            assert_good(o.rc[0], &o.err[0]);
            assert_string_equal(wtl_link_facts(p.link[0])->alpn, chosen[i] != NULL ? chosen[i] : "");
        }
        pair_end(&p);
    }
    static pair p;
    pair_begin(&p, talker, server, (wtl_bytes){0});
    assert_int_equal(wtl_link_alpn(p.link[1], (wtl_bytes){0}, &err), WTL_USAGE);
    pair_end(&p);
    wtl_ctx_free(talker);
}

static void other_groups_for_one_link(void **state)
{
    (void)state;
    static pair p;
    pair_begin(&p, client, server, (wtl_bytes){0});
    wtl_err err = {0};
    assert_int_equal(wtl_link_groups(p.link[0], "nonsense", &err), WTL_USAGE);
    assert_good(wtl_link_groups(p.link[0], NULL, &err), &err);
    assert_good(wtl_link_groups(p.link[0], "X25519", &err), &err);
    outcome o = pair_shake(&p, 65536, 0, -1);
    assert_good(o.rc[0], &o.err[0]);
    pair_end(&p);
}

static void the_handshake_comes_first(void **state)
{
    (void)state;
    static pair p;
    pair_begin(&p, client, server, (wtl_bytes){0});
    wtl_err err = {0};
    size_t n = 0;
    enum wtl_link_state s;
    assert_int_equal(read_fails(p.link[0], &err), WTL_BUG);
    assert_int_equal(wtl_link_write(p.link[0], (const uint8_t *)"x", 1, &n, &s, &err), WTL_BUG);
    assert_int_equal(wtl_link_end(p.link[0], &s, &err), WTL_BUG);
    assert_good(wtl_link_flush(p.link[0], &s, &err), &err);
    assert_null(wtl_link_facts(p.link[0]));
    pair_end(&p);
}

/* Keys are renewed by a peer of OpenSSL's own, which asks for ours too. */
static void keys_are_updated(void **state)
{
    (void)state;
    static pair p;
    pair_begin(&p, NULL, server, (wtl_bytes){0});
    SSL *peer = SSL_new(wtl_ctx_ssl(client));
    SSL_set_fd(peer, p.far[1]);
    SSL_set_connect_state(peer);
    wtl_err err = {0};
    enum wtl_link_state s = WTL_LINK_WANT_READ;
    while (SSL_do_handshake(peer) != 1 || s != WTL_LINK_DONE)
        assert_good(wtl_link_handshake(p.link[1], &s, &err), &err);
    char c[8] = {0};
    size_t n = 0;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_write(peer, "ping", 4), 4);
        assert_int_equal(reads(p.link[1], c, 4, &n), WTL_LINK_DONE);
        assert_int_equal(writes(p.link[1], "pong", 4, &n), WTL_LINK_DONE);
        assert_int_equal(SSL_read(peer, c, 8), 4);
    }
    SSL_free(peer);
    pair_end(&p);
}

/* A peer that only asks for new keys, and reads nothing, does not make answers pile up. */
static void keys_updated_without_end(void **state)
{
    (void)state;
    static pair p;
    pair_begin(&p, NULL, server, (wtl_bytes){0});
    SSL *peer = SSL_new(wtl_ctx_ssl(client));
    SSL_set_fd(peer, p.far[1]);
    SSL_set_connect_state(peer);
    wtl_err err = {0};
    enum wtl_link_state s = WTL_LINK_WANT_READ;
    while (SSL_do_handshake(peer) != 1 || s != WTL_LINK_DONE)
        assert_good(wtl_link_handshake(p.link[1], &s, &err), &err);
    small_buffers(p.fd[1]);
    int rc = WTL_OK;
    uint8_t c[64];
    size_t n = 0;
    int i = 0;
    for (; i < 60000 && rc == WTL_OK && s != WTL_LINK_WANT_WRITE; i++) {
        if (SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED) == 1)
            SSL_do_handshake(peer);
        rc = wtl_link_read(p.link[1], c, sizeof c, &n, &s, &err);
    }
    assert_good(rc, &err);
    assert_int_equal(s, WTL_LINK_WANT_WRITE);
    SSL_free(peer);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_in_pieces_of_any_size),
        cmocka_unit_test(what_was_read_before),
        cmocka_unit_test(a_retry_is_seen),
        cmocka_unit_test(both_directions_at_once),
        cmocka_unit_test(a_slow_reader),
        cmocka_unit_test(half_closed_both_ways),
        cmocka_unit_test(told_by_edges),
        cmocka_unit_test(cut_off_without_a_word),
        cmocka_unit_test(cut_off_within_a_record),
        cmocka_unit_test(garbage_in_the_middle),
        cmocka_unit_test(a_changed_byte_in_the_handshake),
        cmocka_unit_test(what_is_no_tls),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(a_peer_that_vanished),
        cmocka_unit_test(alpn_of_the_clients_list),
        cmocka_unit_test(other_groups_for_one_link),
        cmocka_unit_test(the_handshake_comes_first),
        cmocka_unit_test(keys_are_updated),
        cmocka_unit_test(keys_updated_without_end),
    };
    return cmocka_run_group_tests(tests, make_contexts, drop_contexts);
}
