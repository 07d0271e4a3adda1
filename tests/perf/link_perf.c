/* What a link costs.
 *   link_perf bulk [MiB]              GB/s through one link to another over loopback TCP in one thread, beside SSL_read and SSL_write on the socket
 *   link_perf idle ALG [mutual|one [client]]  bytes of heap of each of 1,000 idle server (or client) links
 *   link_perf shake ALG [N] [resume]  microseconds and, under callgrind, instructions of the server's side of N handshakes
 * ALG: P-256, ML-DSA-65. Under callgrind: --collect-atstart=no. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#if defined(__has_include) && __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT
#endif

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/lib.h"
#include "tls/link.h"

enum { PIECE = 256 * 1024, RECORD = 16384, IDLE = 1000 };

static char box[] = "/tmp/wattle-perf.XXXXXX";

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static const char *in_box(const char *name)
{
    static char at[4][64];
    static unsigned next;
    char *to = at[next++ % 4];
    snprintf(to, sizeof at[0], "%s/%s", box, name);
    return to;
}

/* A self-signed certificate for "localhost" and its key, as files and loaded. */
static wtl_cred *credential(const char *name, const char *alg)
{
    bool ec = alg[0] == 'P';
    EVP_PKEY *key = ec ? EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "EC", alg)
                       : EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, alg);
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(x, san, -1);
    X509_EXTENSION_free(san);
    need(X509_sign(x, key, ec ? EVP_sha256() : NULL) > 0, "no certificate");
    char file[2][32];
    snprintf(file[0], sizeof file[0], "%s.pem", name);
    snprintf(file[1], sizeof file[1], "%s.key", name);
    FILE *f = fopen(in_box(file[0]), "w");
    PEM_write_X509(f, x);
    fclose(f);
    umask(077);
    f = fopen(in_box(file[1]), "w");
    PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
    wtl_cred *c = NULL;
    wtl_keys keys = wtl_keys_files();
    wtl_err err = {0};
    need(wtl_cred_load(&c, &(wtl_cred_files){.cert = in_box(file[0]), .key = in_box(file[1])}, &keys,
                       time(NULL), false, &err) == WTL_OK,
         err.text);
    return c;
}

static wtl_ticket *ticket;

static wtl_ctx *context(bool server, wtl_cred *cred, const char *ca)
{
    wtl_err err = {0};
    wtl_peer *peer = NULL;
    wtl_ctx *ctx = NULL;
    if (ca != NULL)
        need(wtl_peer_new(
                 &peer,
                 &(wtl_peer_rules){.ca = in_box(ca), .host = server ? NULL : "localhost", .required = server},
                 server, &err) == WTL_OK,
             err.text);
    wtl_ctx_plan plan = {.server = server,
                         .policy = {.mode = WTL_POLICY_HYBRID_PREFERRED},
                         .cred = &cred,
                         .n_creds = cred != NULL,
                         .peer = peer,
                         .ticket = server ? ticket : NULL,
                         .tickets = server};
    need(wtl_ctx_new(&ctx, &plan, &err) == WTL_OK, err.text);
    need(SSL_CTX_set_ciphersuites(wtl_ctx_ssl(ctx), "TLS_AES_128_GCM_SHA256") == 1, "no cipher");
    wtl_peer_free(peer);
    return ctx;
}

static void sockets(int fd[2], bool tcp)
{
    if (!tcp) {
        need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0, "no sockets");
        return;
    }
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    need(bind(l, (struct sockaddr *)&a, sizeof a) == 0 && listen(l, 1) == 0 &&
             getsockname(l, (struct sockaddr *)&a, &n) == 0,
         "no port");
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    need(connect(fd[0], (struct sockaddr *)&a, sizeof a) == 0, "no connection");
    fd[1] = accept(l, NULL, NULL);
    close(l);
    for (int i = 0; i < 2; i++)
        fcntl(fd[i], F_SETFL, O_NONBLOCK);
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The server's CPU time, while it runs. */
static double spent;

static bool advance(wtl_link *l)
{
    wtl_err err = {0};
    enum wtl_link_state s;
    need(wtl_link_handshake(l, &s, &err) == WTL_OK, err.text);
    return s == WTL_LINK_DONE;
}

static wtl_link_pool *pool;

/* Both ends; the server's work alone is measured. */
static void connect_both(wtl_link *l[2], const wtl_ctx *client, const wtl_ctx *server, const int fd[2],
                         SSL_SESSION *session)
{
    wtl_err err = {0};
    need(wtl_link_new(&l[0], pool, client, fd[0], (wtl_bytes){0}, &err) == WTL_OK, err.text);
    if (session != NULL)
        need(wtl_link_resume(l[0], session, &err) == WTL_OK, err.text);
    bool done[2] = {false, false};
    l[1] = NULL;
    while (!done[0] || !done[1]) {
        done[0] = advance(l[0]);
        double from = now(CLOCK_THREAD_CPUTIME_ID);
        CALLGRIND_TOGGLE_COLLECT;
        if (l[1] == NULL)
            need(wtl_link_new(&l[1], pool, server, fd[1], (wtl_bytes){0}, &err) == WTL_OK, err.text);
        done[1] = advance(l[1]);
        CALLGRIND_TOGGLE_COLLECT;
        spent += now(CLOCK_THREAD_CPUTIME_ID) - from;
    }
}

static void shake(const wtl_ctx *client, const wtl_ctx *server, int n, bool resume)
{
    SSL_SESSION *session = NULL;
    uint8_t x[16];
    for (int i = 0; i < n + 3; i++) {
        int fd[2];
        wtl_link *l[2];
        size_t got;
        enum wtl_link_state s;
        wtl_err err = {0};
        if (i == 3)
            spent = 0;
        sockets(fd, false);
        connect_both(l, client, server, fd, resume ? session : NULL);
        need(wtl_link_read(l[0], x, sizeof x, &got, &s, &err) == WTL_OK, err.text);
        SSL_SESSION_free(session);
        session = wtl_link_session(l[0]);
        need(wtl_link_facts(l[1])->resumed == (resume && i > 0), "not resumed");
        wtl_link_free(l[0]);
        double from = now(CLOCK_THREAD_CPUTIME_ID);
        CALLGRIND_TOGGLE_COLLECT;
        wtl_link_free(l[1]);
        CALLGRIND_TOGGLE_COLLECT;
        spent += now(CLOCK_THREAD_CPUTIME_ID) - from;
        close(fd[0]);
        close(fd[1]);
    }
    printf("server, %s handshake: %.1f us\n", resume ? "resumed" : "full", spent / n * 1e6);
    SSL_SESSION_free(session);
}

static uint8_t plain[PIECE], got[PIECE];

static void idle(const wtl_ctx *client, const wtl_ctx *server, bool keep_client)
{
    static wtl_link *kept[IDLE];
    size_t before = 0;
    for (int i = 0; i < IDLE; i++) {
        int fd[2];
        size_t n;
        enum wtl_link_state state;
        wtl_link *l[2];
        if (i == 10) {
            struct mallinfo2 m = mallinfo2();
            before = m.uordblks + m.hblkhd;
        }
        sockets(fd, false);
        connect_both(l, client, server, fd, NULL);
        need(wtl_link_read(l[0], got, sizeof got, &n, &state, NULL) == WTL_OK, "no ticket");
        wtl_link_free(l[keep_client]);
        kept[i] = l[!keep_client];
        close(fd[0]);
        close(fd[1]);
    }
    struct mallinfo2 m = mallinfo2();
    printf("an idle %s link: %zu bytes\n", keep_client ? "client" : "server",
           (m.uordblks + m.hblkhd - before) / (IDLE - 10));
    for (int i = 0; i < IDLE; i++)
        wtl_link_free(kept[i]);
}

static double by_links(wtl_link *const l[2], size_t total)
{
    size_t in = 0;
    size_t out = 0;
    double from = now(CLOCK_MONOTONIC);
    while (in < total) {
        size_t n = 0;
        enum wtl_link_state s = WTL_LINK_DONE;
        wtl_err err = {0};
        while (out < total && s == WTL_LINK_DONE) {
            need(wtl_link_write(l[0], plain, PIECE, &n, &s, &err) == WTL_OK, err.text);
            out += n;
        }
        do {
            need(wtl_link_read(l[1], got, PIECE, &n, &s, &err) == WTL_OK, err.text);
            in += n;
        } while (s == WTL_LINK_DONE);
        need(wtl_link_flush(l[0], &s, &err) == WTL_OK, err.text);
    }
    return (double)total / (now(CLOCK_MONOTONIC) - from) / 1e9;
}

static double by_ssl(SSL *const l[2], size_t total)
{
    size_t in = 0;
    size_t out = 0;
    double from = now(CLOCK_MONOTONIC);
    while (in < total) {
        int n;
        while (out < total && (n = SSL_write(l[0], plain, RECORD)) > 0)
            out += (size_t)n;
        while ((n = SSL_read(l[1], got, RECORD)) > 0)
            in += (size_t)n;
    }
    return (double)total / (now(CLOCK_MONOTONIC) - from) / 1e9;
}

/* OpenSSL as a program has it that changes nothing. */
static void plain_pair(SSL *l[2], const wtl_ctx *client, const wtl_ctx *server, const int fd[2])
{
    const wtl_ctx *ctx[] = {client, server};
    for (int i = 0; i < 2; i++) {
        l[i] = SSL_new(wtl_ctx_ssl(ctx[i]));
        SSL_clear_mode(l[i], SSL_MODE_RELEASE_BUFFERS);
        SSL_set_fd(l[i], fd[i]);
    }
    SSL_set_connect_state(l[0]);
    SSL_set_accept_state(l[1]);
    for (int c = 0, s = 0; c != 1 || s != 1;) {
        c = SSL_do_handshake(l[0]);
        s = SSL_do_handshake(l[1]);
    }
}

static void bulk(const wtl_ctx *client, const wtl_ctx *server, size_t total)
{
    wtl_link *l[2];
    SSL *ssl[2];
    int fd[2][2];
    sockets(fd[0], true);
    sockets(fd[1], true);
    connect_both(l, client, server, fd[0], NULL);
    plain_pair(ssl, client, server, fd[1]);
    for (int i = 0; i < 5; i++)
        printf("links %.2f GB/s, SSL_read and SSL_write %.2f GB/s\n", by_links(l, total), by_ssl(ssl, total));
    for (int i = 0; i < 2; i++) {
        wtl_link_free(l[i]);
        SSL_free(ssl[i]);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const char *alg = argc > 2 && strcmp(what, "bulk") != 0 ? argv[2] : "P-256";
    bool mutual = argc > 3 && strcmp(argv[3], "mutual") == 0;
    bool resume = argc > 4 && strcmp(argv[4], "resume") == 0;
    static const uint8_t secret[WTL_TICKET_SECRET];
    wtl_err err = {0};
    need(mkdtemp(box) != NULL, "no folder");
    need(wtl_lib_init(&err) == WTL_OK && wtl_link_pool_new(&pool, &err) == WTL_OK &&
             wtl_ticket_new(&ticket, (wtl_bytes){secret, sizeof secret}, 3600, 8, &err) == WTL_OK,
         err.text);
    wtl_cred *own = credential("server", alg);
    wtl_cred *his = mutual ? credential("client", alg) : NULL;
    wtl_ctx *server = context(true, own, mutual ? "client.pem" : NULL);
    wtl_ctx *client = context(false, his, "server.pem");
    if (strcmp(what, "bulk") == 0)
        bulk(client, server, (size_t)(argc > 2 ? atoi(argv[2]) : 1024) << 20);
    else if (strcmp(what, "idle") == 0)
        idle(client, server, argc > 4 && strcmp(argv[4], "client") == 0);
    else if (strcmp(what, "shake") == 0)
        shake(client, server, argc > 3 ? atoi(argv[3]) : 1000, resume);
    wtl_ctx_free(client);
    wtl_ctx_free(server);
    wtl_cred_free(own);
    wtl_cred_free(his);
    wtl_link_pool_free(pool);
    wtl_ticket_free(ticket);
    static const char *const files[] = {"server.pem", "server.key", "client.pem", "client.key", ""};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove(in_box(files[i]));
    return 0;
}
