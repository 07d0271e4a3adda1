#include "tls/link.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "crypto/lib.h"
#include "tls/trouble.h"
#include "tls/wire.h"

struct wtl_link_pool {
    wtl_wire_pool *wires;
};

enum phase { HANDSHAKE, CHECKED, OPEN, FAILED };

struct wtl_link {
    wtl_wire wire; /* first: the BIO knows it, and by it the link */
    SSL *ssl;
    const wtl_ctx *ctx;
    wtl_facts *facts; /* from the end of the handshake */
    SSL_SESSION *session;
    uint8_t *alpn;
    uint8_t n_alpn;
    uint8_t phase;
    bool closed; /* close_notify was written */
    bool alerted;
};

static wtl_link *link_of(const SSL *ssl)
{
    return BIO_get_data(SSL_get_rbio(ssl));
}

int wtl_link_pool_new(wtl_link_pool **out, wtl_err *err)
{
    *out = NULL;
    wtl_link_pool *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    int rc = wtl_wire_pool_new(&p->wires, err);
    if (rc < 0) {
        free(p);
        return rc;
    }
    *out = p;
    return WTL_OK;
}

void wtl_link_pool_free(wtl_link_pool *p)
{
    if (p == NULL)
        return;
    wtl_wire_pool_free(p->wires);
    free(p);
}

/* OpenSSL's callback for a new ticket: the newest is the one to keep. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    wtl_link *l = link_of(ssl);
    SSL_SESSION_free(l->session);
    l->session = session;
    return 1;
}

static int set_up_client(const wtl_link *l, wtl_err *err)
{
    const wtl_peer *peer = wtl_ctx_peer(l->ctx);
    const char *host = peer != NULL ? wtl_peer_host(peer) : NULL;
    SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(l->ssl), on_session);
    if (host != NULL && SSL_set_tlsext_host_name(l->ssl, host) != 1)
        return WTL_FAIL_OSSL(err, WTL_USAGE, "the name of the host is no name for TLS");
    return WTL_OK;
}

static int set_up(wtl_link *l, wtl_err *err)
{
    l->ssl = SSL_new(wtl_ctx_ssl(l->ctx));
    BIO *b = l->ssl != NULL ? wtl_wire_bio(&l->wire) : NULL;
    if (b == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "out of memory");
    SSL_set_bio(l->ssl, b, b);
    SSL_set_mode(l->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_clear_mode(l->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE); /* many records to one send */
    if (SSL_is_server(l->ssl)) {
        SSL_set_accept_state(l->ssl);
        return WTL_OK;
    }
    SSL_set_connect_state(l->ssl);
    return set_up_client(l, err);
}

int wtl_link_new(wtl_link **out, wtl_link_pool *pool, const wtl_ctx *ctx, int fd, wtl_bytes before,
                 wtl_err *err)
{
    *out = NULL;
    wtl_link *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
    l->ctx = ctx;
    int rc = wtl_wire_open(&l->wire, pool->wires, fd, before, err);
    if (rc == WTL_OK)
        rc = set_up(l, err);
    if (rc < 0) {
        wtl_link_free(l);
        return rc;
    }
    *out = l;
    return WTL_OK;
}

void wtl_link_free(wtl_link *l)
{
    if (l == NULL)
        return;
    /* Else OpenSSL takes the lack of a close_notify for a reason to spoil the session. */
    if (l->ssl != NULL && l->phase != FAILED)
        SSL_set_shutdown(l->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(l->ssl);
    SSL_SESSION_free(l->session);
    wtl_wire_close(&l->wire);
    free(l->facts);
    free(l->alpn);
    free(l);
}

void wtl_link_edge(wtl_link *l, bool readable, bool last)
{
    l->wire.edges = true;
    l->wire.dry = !readable;
    l->wire.last = last;
}

bool wtl_link_dry(const wtl_link *l)
{
    return l->wire.dry;
}

/* Before the handshake. */

int wtl_link_resume(wtl_link *l, SSL_SESSION *session, wtl_err *err)
{
    if (SSL_set_session(l->ssl, session) != 1)
        return WTL_FAIL_OSSL(err, WTL_USAGE, "the session cannot be resumed");
    return WTL_OK;
}

int wtl_link_groups(wtl_link *l, const char *list, wtl_err *err)
{
    if (list != NULL && SSL_set1_groups_list(l->ssl, list) != 1)
        return WTL_FAIL_OSSL(err, WTL_USAGE, "OpenSSL does not take the groups %s", list);
    return WTL_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                   unsigned in_n, void *arg)
{
    (void)arg;
    const wtl_link *l = link_of(ssl);
    if (l->alpn == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    for (unsigned at = 0; at < in_n; at += 1U + in[at]) {
        if (in[at] != l->n_alpn || memcmp(in + at + 1, l->alpn, l->n_alpn) != 0)
            continue;
        *out = l->alpn;
        *n = l->n_alpn;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int wtl_link_alpn(wtl_link *l, wtl_bytes protocol, wtl_err *err)
{
    ENSURE(protocol.n > 0 && protocol.n <= UINT8_MAX, err, WTL_USAGE, "an ALPN protocol has 1 to 255 bytes");
    uint8_t *p = malloc(protocol.n);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    memcpy(p, protocol.p, protocol.n);
    free(l->alpn);
    l->alpn = p;
    l->n_alpn = (uint8_t)protocol.n;
    SSL_CTX_set_alpn_select_cb(SSL_get_SSL_CTX(l->ssl), on_alpn, NULL);
    return WTL_OK;
}

/* Each call of OpenSSL lies between these two: afterwards what was written, an alert too, is sent as far as that goes. */

static void enter(wtl_link *l, size_t want)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    wtl_wire_enter(&l->wire, want);
}

static int leave(wtl_link *l, int rc, wtl_err *err)
{
    int sent = wtl_wire_leave(&l->wire, rc < 0 ? NULL : err);
    l->wire.more = false;
    if (rc == WTL_OK)
        rc = sent;
    if (rc < 0)
        l->phase = FAILED;
    return rc;
}

/* Whether the call only has to be made again, and when. */
static bool wants(const SSL *ssl, int ret, enum wtl_link_state *state)
{
    int why = SSL_get_error(ssl, ret);
    *state = why == SSL_ERROR_WANT_WRITE ? WTL_LINK_WANT_WRITE : WTL_LINK_WANT_READ;
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static int broken(wtl_link *l, wtl_err *err)
{
    return wtl_trouble_tell(l->ssl, &l->wire, &l->alerted, err);
}

static int usable(const wtl_link *l, wtl_err *err)
{
    ENSURE(l->phase != FAILED, err, WTL_IO, "the TLS connection failed before");
    ENSURE(l->phase == OPEN, err, WTL_BUG, "the handshake is not finished");
    return WTL_OK;
}

/* The handshake. */

/* OpenSSL was told all of the policy; that it kept to it is seen here. */
static int check(wtl_link *l, wtl_err *err)
{
    l->facts = calloc(1, sizeof *l->facts);
    ENSURE(l->facts != NULL, err, WTL_NOMEM, "out of memory");
    wtl_facts_read(l->facts, l->ssl);
    const wtl_group *g = l->facts->group;
    ENSURE(wtl_policy_takes(wtl_ctx_policy(l->ctx), g), err, WTL_POLICY,
           "the connection would use the key agreement group %s, which the policy does not allow",
           g != NULL ? g->name : "of nobody's");
    return wtl_peer_check(wtl_ctx_peer(l->ctx), l->ssl, err);
}

/* OpenSSL holds a client's own share, and of a server's peer the share, for as long as the connection lives. It has done its work: wiped, it opens no
 * recorded traffic, and up to 10 KiB are free. */
static void forget_share(const wtl_link *l)
{
    EVP_PKEY *share = NULL;
    long got = SSL_is_server(l->ssl) ? SSL_get_peer_tmp_key(l->ssl, &share) : SSL_get_tmp_key(l->ssl, &share);
    if (got == 1)
        wtl_lib_spend(share);
    EVP_PKEY_free(share);
}

static int step(wtl_link *l, enum wtl_link_state *state, wtl_err *err)
{
    int ret = SSL_do_handshake(l->ssl);
    if (ret != 1)
        return wants(l->ssl, ret, state) ? WTL_OK : broken(l, err);
    int rc = check(l, err);
    if (rc < 0) { /* OpenSSL sends no other alert of ours than this one once a handshake is over */
        SSL_shutdown(l->ssl);
        ERR_clear_error();
        return rc;
    }
    forget_share(l);
    l->phase = CHECKED;
    l->wire.more = SSL_is_server(l->ssl) && SSL_version(l->ssl) == TLS1_3_VERSION;
    return WTL_OK;
}

/* While a flight waits to be sent the peer has nothing to answer. */
int wtl_link_handshake(wtl_link *l, enum wtl_link_state *state, wtl_err *err)
{
    *state = WTL_LINK_DONE;
    if (l->phase == OPEN)
        return WTL_OK;
    ENSURE(l->phase != FAILED, err, WTL_IO, "the TLS connection failed before");
    enter(l, 0);
    int rc = l->phase == HANDSHAKE ? step(l, state, err) : WTL_OK;
    TRY(leave(l, rc, err));
    if (wtl_wire_waits(&l->wire))
        *state = WTL_LINK_WANT_WRITE;
    else if (l->phase == CHECKED)
        l->phase = OPEN;
    return WTL_OK;
}

bool wtl_link_alerted(const wtl_link *l)
{
    return l->alerted;
}

const wtl_facts *wtl_link_facts(const wtl_link *l)
{
    return l->facts;
}

SSL_SESSION *wtl_link_session(wtl_link *l)
{
    if (l->session != NULL)
        SSL_SESSION_up_ref(l->session);
    return l->session;
}

/* Data. */

/* What one receive brought is given out before the socket is asked again. */
static int decrypt(wtl_link *l, uint8_t *to, size_t n, size_t *got, enum wtl_link_state *state, wtl_err *err)
{
    while (*got < n) {
        size_t k = 0;
        int ret = SSL_read_ex(l->ssl, to + *got, n - *got, &k);
        if (ret == 1) {
            *got += k;
            wtl_wire_enough(&l->wire);
            continue;
        }
        if (*got > 0)
            break; /* what it is comes to light with the next call */
        if (SSL_get_error(l->ssl, ret) == SSL_ERROR_ZERO_RETURN) {
            *state = WTL_LINK_ENDED;
            return WTL_OK;
        }
        return wants(l->ssl, ret, state) ? WTL_OK : broken(l, err);
    }
    *state = WTL_LINK_DONE;
    return WTL_OK;
}

int wtl_link_read(wtl_link *l, uint8_t *to, size_t n, size_t *got, enum wtl_link_state *state, wtl_err *err)
{
    *got = 0;
    *state = WTL_LINK_DONE;
    TRY(usable(l, err));
    enter(l, n);
    int rc = decrypt(l, to, n, got, state, err);
    return leave(l, rc, err);
}

/* WANT_READ: the peer began a message about keys and has to end it first. */
static int encrypt(wtl_link *l, const uint8_t *from, size_t n, size_t *put, enum wtl_link_state *state,
                   wtl_err *err)
{
    while (*put < n && !wtl_wire_waits(&l->wire)) {
        size_t piece = n - *put < l->wire.piece ? n - *put : l->wire.piece;
        size_t k = 0;
        int ret = SSL_write_ex(l->ssl, from + *put, piece, &k);
        if (ret != 1)
            return wants(l->ssl, ret, state) ? WTL_OK : broken(l, err);
        *put += k;
        TRY(wtl_wire_push(&l->wire, err));
    }
    return WTL_OK;
}

/* A connection that cannot be written to any more may still have something to be read: it is no failure of the link. */
static int lost(const wtl_link *l, wtl_err *err)
{
    if (l->wire.send_errno == 0)
        return WTL_OK;
    return WTL_FAIL_SYS(err, WTL_IO, l->wire.send_errno, "the connection to the peer was lost");
}

int wtl_link_write(wtl_link *l, const uint8_t *from, size_t n, size_t *put, enum wtl_link_state *state,
                   wtl_err *err)
{
    *put = 0;
    *state = WTL_LINK_DONE;
    TRY(usable(l, err));
    ENSURE(!l->closed, err, WTL_BUG, "something was written after the end");
    enter(l, 0);
    int rc = wtl_wire_push(&l->wire, err);
    if (rc == WTL_OK)
        rc = encrypt(l, from, n, put, state, err);
    TRY(leave(l, rc, err));
    if (*put < n && *state == WTL_LINK_DONE)
        *state = WTL_LINK_WANT_WRITE;
    return lost(l, err);
}

int wtl_link_flush(wtl_link *l, enum wtl_link_state *state, wtl_err *err)
{
    enter(l, 0);
    TRY(leave(l, WTL_OK, err));
    *state = wtl_wire_waits(&l->wire) ? WTL_LINK_WANT_WRITE : WTL_LINK_DONE;
    return lost(l, err);
}

int wtl_link_end(wtl_link *l, enum wtl_link_state *state, wtl_err *err)
{
    *state = WTL_LINK_DONE;
    TRY(usable(l, err));
    if (l->closed)
        return wtl_link_flush(l, state, err);
    enter(l, 0);
    int ret = SSL_shutdown(l->ssl);
    l->closed = true;
    l->wire.more = true;
    int rc = ret < 0 ? broken(l, err) : WTL_OK;
    TRY(leave(l, rc, err));
    *state = wtl_wire_waits(&l->wire) ? WTL_LINK_WANT_WRITE : WTL_LINK_DONE;
    return lost(l, err);
}

bool wtl_link_pending(const wtl_link *l)
{
    return wtl_wire_holds(&l->wire) || SSL_pending(l->ssl) > 0;
}
