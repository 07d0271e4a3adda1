#include "tls/facts.h"

#include <pthread.h>
#include <string.h>

#include <openssl/ssl.h>

#include "base/text.h"

enum { SERVER_HELLO = 2, RANDOM_AT = 6, RANDOM = 32, TAG = sizeof(uintptr_t) };

/* RFC 8446 section 4.1.3: the random of a ServerHello that is a HelloRetryRequest, SHA-256 of that word. */
static const uint8_t retry[RANDOM] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                      0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                      0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static int slot = -1;

static void make_slot(void)
{
    slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Of this handshake's ClientHellos, which have one random: what is left of an earlier one on the same SSL object does not fit. */
static void *tag(const SSL *ssl)
{
    uint8_t random[TAG] = {0};
    uintptr_t t;
    SSL_get_client_random(ssl, random, sizeof random);
    memcpy(&t, random, sizeof t);
    return (void *)(t | 1);
}

void wtl_facts_retried(SSL *ssl)
{
    SSL_set_ex_data(ssl, slot, tag(ssl)); /* without memory the fact is lost, and nothing else */
}

static void watch(int written, int version, int type, const void *buf, size_t n, SSL *ssl, void *arg)
{
    (void)version, (void)arg;
    const uint8_t *p = buf;
    if (!written && type == SSL3_RT_HANDSHAKE && n >= RANDOM_AT + RANDOM && p[0] == SERVER_HELLO &&
        memcmp(p + RANDOM_AT, retry, RANDOM) == 0)
        wtl_facts_retried(ssl);
}

int wtl_facts_watch(SSL_CTX *ctx, wtl_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_slot);
    ENSURE(slot >= 0, err, WTL_NOMEM, "out of memory");
    if (SSL_CTX_get_ssl_method(ctx) == TLS_client_method())
        SSL_CTX_set_msg_callback(ctx, watch);
    return WTL_OK;
}

const char *wtl_facts_reason_name(enum wtl_facts_reason r)
{
    static const char *const names[] = {[WTL_FACTS_NO_FALLBACK] = "none",
                                        [WTL_FACTS_PEER_DID_NOT_OFFER] = "peer-did-not-offer",
                                        [WTL_FACTS_PEER_REFUSED] = "peer-refused",
                                        [WTL_FACTS_BY_POLICY] = "policy"};
    return names[r];
}

static void put(char *to, size_t size, const char *text)
{
    size_t n = text != NULL ? strnlen(text, size - 1) : 0;
    if (n > 0)
        memcpy(to, text, n);
    to[n] = '\0';
}

/* The peer chose it out of our list, or we out of his: printable in both cases only after a look. */
static void put_alpn(wtl_facts *f, const SSL *ssl)
{
    const unsigned char *p = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(ssl, &p, &n);
    AUTO(wtl_buf) text = {0};
    if (n > 0)
        wtl_text_quote(&text, (wtl_bytes){p, n});
    put(f->alpn, sizeof f->alpn, n > 0 ? wtl_buf_cstr(&text) : NULL);
}

static void put_peer(wtl_facts *f, const SSL *ssl)
{
    AUTO(wtl_buf) who = {0};
    wtl_peer_who(ssl, &who);
    put(f->peer, sizeof f->peer, who.n > 0 ? wtl_buf_cstr(&who) : NULL);
}

/* A resumed handshake has no signatures; OpenSSL may still name those of the session's first. */
static void put_signatures(wtl_facts *f, SSL *ssl)
{
    const char *own = NULL;
    const char *peer = NULL;
    if (f->resumed)
        return;
    if (SSL_get0_signature_name(ssl, &own) == 1)
        put(f->own_signature, sizeof f->own_signature, own);
    if (SSL_get0_peer_signature_name(ssl, &peer) == 1)
        put(f->peer_signature, sizeof f->peer_signature, peer);
}

void wtl_facts_read(wtl_facts *f, const SSL *ssl)
{
    SSL *s = (SSL *)(uintptr_t)ssl; /* OpenSSL has no const where it only looks */
    *f = (wtl_facts){.resumed = SSL_session_reused(ssl) == 1};
    const char *group = SSL_get_session(ssl) != NULL ? SSL_get0_group_name(s) : NULL;
    f->group = group != NULL ? wtl_group_by_name(group) : NULL;
    f->retried = slot >= 0 && SSL_get_ex_data(ssl, slot) == tag(ssl);
    put(f->version, sizeof f->version, SSL_get_version(ssl));
    put(f->cipher, sizeof f->cipher, SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)));
    put(f->server_name, sizeof f->server_name, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    put_signatures(f, s);
    put_alpn(f, ssl);
    put_peer(f, ssl);
}
