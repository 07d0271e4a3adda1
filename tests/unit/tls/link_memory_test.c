/* What a link keeps once its handshake is over: bytes, and nothing of the key agreement. */
#include "made.h"

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/core_names.h>

enum { LINKS = 40, MOST = 40 * 1024 };

typedef struct ends {
    wtl_ctx *ctx[2]; /* client, server */
    wtl_ticket *ticket;
} ends;

static wtl_ctx *end_of(bool server, wtl_cred *cred, const char *ca, wtl_ticket *ticket)
{
    made_order o = {.ca = ca};
    wtl_ctx *ctx = NULL;
    wtl_err err = {0};
    wtl_peer *peer = made_peer(&o, server);
    wtl_ctx_plan plan = {.server = server,
                         .policy = {.mode = WTL_POLICY_HYBRID_PREFERRED},
                         .cred = &cred,
                         .n_creds = cred != NULL,
                         .peer = peer,
                         .ticket = ticket,
                         .tickets = ticket != NULL};
    assert_good(wtl_ctx_new(&ctx, &plan, &err), &err);
    wtl_peer_free(peer);
    return ctx;
}

/* Both have self-signed certificates of `alg`; the client shows its own when `mutual`. */
static ends open_ends(const char *alg, bool mutual)
{
    static const uint8_t secret[WTL_TICKET_SECRET] = {9};
    ends e = {0};
    wtl_err err = {0};
    wtl_cred *own = made_cred("server", alg);
    wtl_cred *his = made_cred("client", alg);
    assert_good(wtl_ticket_new(&e.ticket, (wtl_bytes){secret, sizeof secret}, 3600, 8, &err), &err);
    e.ctx[1] = end_of(true, own, mutual ? "client.pem" : NULL, e.ticket);
    e.ctx[0] = end_of(false, mutual ? his : NULL, "server.pem", NULL);
    wtl_cred_free(own);
    wtl_cred_free(his);
    return e;
}

static void close_ends(ends *e)
{
    wtl_ctx_free(e->ctx[0]);
    wtl_ctx_free(e->ctx[1]);
    wtl_ticket_free(e->ticket);
}

static wtl_link_pool *pool;

typedef struct joined {
    wtl_link *link[2]; /* client, server */
    int fd[2];
} joined;

static void take_ticket(wtl_link *l)
{
    uint8_t c[16];
    size_t n = 0;
    enum wtl_link_state s;
    wtl_err err = {0};
    assert_good(wtl_link_read(l, c, sizeof c, &n, &s, &err), &err);
    SSL_SESSION *ticket = wtl_link_session(l);
    assert_non_null(ticket);
    SSL_SESSION_free(ticket);
}

static joined join(const ends *e, const char *groups)
{
    joined j;
    wtl_err err = {0};
    bool done[2] = {false, false};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, j.fd), 0);
    for (int i = 0; i < 2; i++)
        assert_good(wtl_link_new(&j.link[i], pool, e->ctx[i], j.fd[i], (wtl_bytes){0}, &err), &err);
    assert_good(wtl_link_groups(j.link[0], groups, &err), &err);
    for (int i = 0; !done[0] || !done[1]; i = 1 - i) {
        enum wtl_link_state s;
        assert_good(wtl_link_handshake(j.link[i], &s, &err), &err);
        done[i] = s == WTL_LINK_DONE;
    }
    take_ticket(j.link[0]); /* as the first data would bring it */
    return j;
}

static void part(joined *j)
{
    for (int i = 0; i < 2; i++) {
        wtl_link_free(j->link[i]);
        close(j->fd[i]);
    }
}

/* ---- bytes */

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Of each idle client, or server; what the first few bring is kept by the process. */
static size_t bytes_of(const ends *e, int which)
{
    enum { FIRST = 8 };
    joined j[FIRST + LINKS];
    size_t before = 0;
    for (size_t i = 0; i < FIRST + LINKS; i++) {
        if (i == FIRST)
            before = heap();
        j[i] = join(e, NULL);
        wtl_link_free(j[i].link[1 - which]);
        j[i].link[1 - which] = NULL;
    }
    size_t all = heap() - before;
    for (size_t i = 0; i < FIRST + LINKS; i++)
        part(&j[i]);
    return all / LINKS;
}

static void idle_links_are_small(void **state)
{
    (void)state;
    static const char *const algs[] = {"P-256", "ML-DSA-65"};
    static const char *const roles[] = {"client", "server"};
    if (heap() == 0) /* a sanitizer's own memory is not counted */
        skip();
    for (int i = 0; i < 4; i++) {
        ends e = open_ends(algs[i / 2], i % 2 == 1);
        for (int which = 0; which < 2; which++) {
            size_t n = bytes_of(&e, which);
            if (n > MOST)
                fail_msg("an idle %s with %s%s keeps %zu bytes", roles[which], algs[i / 2],
                         i % 2 ? ", mutual" : "", n);
        }
        close_ends(&e);
    }
}

/* ---- keys */

static SSL *seen[2]; /* the last client and server that began a handshake */

static void on_info(const SSL *ssl, int where, int value)
{
    (void)value;
    if ((where & SSL_CB_HANDSHAKE_START) != 0)
        seen[SSL_is_server(ssl)] = (SSL *)(uintptr_t)ssl;
}

static bool has(EVP_PKEY *key, const char *name)
{
    size_t n = 0;
    return EVP_PKEY_get_octet_string_param(key, name, NULL, 0, &n) == 1 && n > 0;
}

/* What the client generated opens recorded traffic for as long as it is there. */
static void shares_are_wiped(void **state)
{
    (void)state;
    static const char *const groups[] = {"X25519MLKEM768", "SecP256r1MLKEM768", "X25519"};
    ends e = open_ends("P-256", false);
    for (int i = 0; i < 2; i++)
        SSL_CTX_set_info_callback(wtl_ctx_ssl(e.ctx[i]), on_info);
    for (size_t i = 0; i < 3; i++) {
        joined j = join(&e, groups[i]);
        EVP_PKEY *own = NULL;
        EVP_PKEY *peer = NULL;
        assert_string_equal(wtl_link_facts(j.link[0])->group->name, groups[i]);
        assert_int_equal(SSL_get_tmp_key(seen[0], &own), 1);
        assert_int_equal(SSL_get_peer_tmp_key(seen[1], &peer), 1);
        bool kem = i < 2; /* of others' kinds nothing is asked */
        assert_int_equal(has(own, OSSL_PKEY_PARAM_PRIV_KEY), !kem);
        assert_int_equal(has(peer, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY), !kem);
        EVP_PKEY_free(own);
        EVP_PKEY_free(peer);
        part(&j);
    }
    close_ends(&e);
}

static int open_pool(void **state)
{
    wtl_err err = {0};
    if (pki_open(state) != 0)
        return -1;
    assert_good(wtl_link_pool_new(&pool, &err), &err);
    return 0;
}

static int close_pool(void **state)
{
    wtl_link_pool_free(pool);
    return pki_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(idle_links_are_small),
                                       cmocka_unit_test(shares_are_wiped)};
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
