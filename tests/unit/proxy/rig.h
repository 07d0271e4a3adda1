/* A whole proxy in a thread, peers of it in other threads, and certificates for all. */
#ifndef WTL_TESTS_PROXY_RIG_H
#define WTL_TESTS_PROXY_RIG_H

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "proxy/proxy.h"

enum { PATIENCE = 20 }; /* seconds that anything may take */
static const uint8_t ticket_secret[32] = {1, 2, 3};

static inline int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Until the condition holds, which something else brings about. */
#define wait_for(cond)                                              \
    do {                                                            \
        int64_t wait_until_ = clock_ns() + PATIENCE * 1000000000LL; \
        while (!(cond)) {                                           \
            if (clock_ns() > wait_until_)                           \
                fail_msg("never came: %s", #cond);                  \
            usleep(1000);                                           \
        }                                                           \
    } while (0)

/* ---- certificates */

static char rig_dir[] = "/tmp/wattle-proxy-XXXXXX";
static char rig_ca[64], rig_cert[64], rig_key[64], rig_other_ca[64];

static inline X509 *rig_issue(EVP_PKEY *key, const char *name, X509 *ca, EVP_PKEY *ca_key, bool is_ca)
{
    X509 *x = X509_new();
    static long serial;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400 * 365);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
                               0);
    X509_set_issuer_name(x, X509_get_subject_name(ca == NULL ? x : ca));
    X509_set_pubkey(x, key);
    X509V3_CTX v3;
    X509V3_set_ctx_nodb(&v3);
    X509V3_set_ctx(&v3, ca == NULL ? x : ca, x, NULL, NULL, 0);
    const char *basic = is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
    int nid[] = {NID_basic_constraints, NID_subject_key_identifier, NID_authority_key_identifier,
                 NID_subject_alt_name};
    const char *value[] = {basic, "hash", "keyid:always", "DNS:localhost,IP:127.0.0.1"};
    for (int i = 0; i < (is_ca ? 3 : 4); i++) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v3, nid[i], value[i]);
        assert_non_null(e);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, ca_key == NULL ? key : ca_key, EVP_sha256()) > 0);
    return x;
}

static inline void rig_save(char path[64], const char *name, X509 *x, EVP_PKEY *key)
{
    snprintf(path, 64, "%s/%s", rig_dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    if (x != NULL)
        PEM_write_X509(f, x);
    if (key != NULL)
        PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

static inline int rig_make_files(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_non_null(mkdtemp(rig_dir));
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509 *ca = rig_issue(ca_key, "Root", NULL, NULL, true);
    X509 *x = rig_issue(key, "localhost", ca, ca_key, false);
    X509 *y = rig_issue(other, "Other", NULL, NULL, true);
    rig_save(rig_ca, "ca.pem", ca, NULL);
    rig_save(rig_cert, "cert.pem", x, NULL);
    rig_save(rig_key, "key.pem", NULL, key);
    rig_save(rig_other_ca, "other.pem", y, NULL);
    X509_free(ca);
    X509_free(x);
    X509_free(y);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    return 0;
}

static inline int rig_remove_files(void **state)
{
    (void)state;
    char *path[] = {rig_ca, rig_cert, rig_key, rig_other_ca};
    for (size_t i = 0; i < 4; i++)
        unlink(path[i]);
    return rmdir(rig_dir);
}

/* ---- sockets */

static inline int rig_listen(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 4096), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static inline int rig_dial(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

static inline void rig_put(int fd, const void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t w = send(fd, (const uint8_t *)p + at, n - at, MSG_NOSIGNAL);
        assert_true(w > 0);
        at += (size_t)w;
    }
}

/* Up to n bytes, until the end: how many. -1: the connection failed. */
static inline ssize_t rig_get(int fd, void *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t r = recv(fd, (uint8_t *)p + at, n - at, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        at += (size_t)r;
    }
    return (ssize_t)at;
}

static inline void rig_reset(int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* ---- a service somewhere: a thread for each connection */

typedef struct rig_peer {
    int fd;
    uint16_t port;
    void (*serve)(struct rig_peer *p, int fd); /* closes fd */
    SSL_CTX *ctx;
    const void *arg;
    atomic_int accepted, living, closed_well, failed;
    atomic_bool stop;
    pthread_t thread;
} rig_peer;

typedef struct rig_one {
    rig_peer *peer;
    int fd;
} rig_one;

static inline void *rig_serve_one(void *arg)
{
    rig_one *o = arg;
    o->peer->serve(o->peer, o->fd);
    atomic_fetch_sub(&o->peer->living, 1);
    free(o);
    return NULL;
}

static inline void *rig_serve(void *arg)
{
    rig_peer *p = arg;
    while (!atomic_load(&p->stop)) {
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        if (poll(&f, 1, 20) <= 0)
            continue;
        int fd = accept(p->fd, NULL, NULL);
        if (fd < 0)
            continue;
        struct timeval patience = {.tv_sec = PATIENCE};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        atomic_fetch_add(&p->accepted, 1);
        atomic_fetch_add(&p->living, 1);
        rig_one *o = malloc(sizeof *o);
        *o = (rig_one){p, fd};
        pthread_t t;
        pthread_attr_t a;
        pthread_attr_init(&a);
        pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&t, &a, rig_serve_one, o) != 0)
            abort();
        pthread_attr_destroy(&a);
    }
    return NULL;
}

static inline void rig_peer_start(rig_peer *p, void (*serve)(rig_peer *, int))
{
    p->serve = serve;
    p->fd = rig_listen(&p->port);
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    assert_int_equal(pthread_create(&p->thread, NULL, rig_serve, p), 0);
}

static inline void rig_peer_stop(rig_peer *p)
{
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    wait_for(atomic_load(&p->living) == 0);
    close(p->fd);
    SSL_CTX_free(p->ctx);
}

/* Sends back what comes; after the other side's end, "bye" and its own. */
static inline void rig_echo(rig_peer *p, int fd)
{
    uint8_t b[65536];
    ssize_t n;
    while ((n = recv(fd, b, sizeof b, 0)) > 0) {
        for (ssize_t at = 0; at < n;) {
            ssize_t w = send(fd, b + at, (size_t)(n - at), MSG_NOSIGNAL);
            if (w <= 0)
                break;
            at += w;
        }
    }
    if (n == 0) {
        atomic_fetch_add(&p->closed_well, 1);
        (void)!send(fd, "bye", 3, MSG_NOSIGNAL);
    } else
        atomic_fetch_add(&p->failed, 1);
    close(fd);
}

/* ---- the proxy */

typedef struct rig {
    wtl_proxyconf conf;
    wtl_loop *loop;
    wtl_proxy *proxy;
    wtl_proxy_env env;
    wtl_event_sink sink;
    wtl_keys keys;
    wtl_pin *pins;
    int listener;
    uint16_t port;
    pthread_t thread;
    wtl_loop_post post;
    int64_t drain; /* nanoseconds */
    atomic_bool drained;
    atomic_int pinned;
    atomic_size_t n; /* connections, as asked for last */
    atomic_bool answered;
    atomic_bool running;
} rig;

static inline rig *rig_of(wtl_loop_post *post)
{
    return (rig *)(void *)((char *)post - offsetof(rig, post));
}

static inline void rig_pinned(void *arg)
{
    rig *r = arg;
    atomic_fetch_add(&r->pinned, 1);
}

static inline void *rig_run(void *arg)
{
    rig *r = arg;
    wtl_err err;
    if (wtl_loop_run(r->loop, &err) < 0)
        fprintf(stderr, "loop: %s\n", err.text);
    atomic_store(&r->running, false);
    return NULL;
}

/* Words as of `wattle proxy server ...`; NULL ends them. "--listen" is added. */
static inline int rig_try(rig *r, bool server, const char *const *words, wtl_err *err)
{
    const char *all[64] = {"--listen", "127.0.0.1:1"};
    size_t n = 2;
    while (words[n - 2] != NULL) {
        all[n] = words[n - 2];
        n++;
    }
    assert_good(wtl_loop_new(&r->loop, err), err);
    assert_good(wtl_metric_new(&r->sink.metrics, wtl_proxy_metrics(), WTL_PROXY_METRICS, 500, err), err);
    if (r->pins == NULL)
        assert_good(wtl_pin_new(&r->pins, err), err);
    r->sink.log = memfd_create("log", MFD_CLOEXEC);
    r->sink.level = WTL_EVENT_DEBUG;
    wtl_event_prepare(&r->sink);
    r->listener = rig_listen(&r->port);
    fcntl(r->listener, F_SETFL, O_NONBLOCK);
    r->keys = wtl_keys_files();
    r->env = (wtl_proxy_env){.loop = r->loop,
                             .listener = &r->listener,
                             .sink = &r->sink,
                             .pins = r->pins,
                             .ticket_secret = {ticket_secret, sizeof ticket_secret},
                             .keys = &r->keys,
                             .pinned = rig_pinned,
                             .arg = r};
    TRY(wtl_proxyconf_words(&r->conf, server, all, n, err));
    return wtl_proxy_new(&r->proxy, &r->conf, &r->env, err);
}

static inline void rig_start(rig *r, bool server, const char *const *words)
{
    wtl_err err;
    assert_good(rig_try(r, server, words, &err), &err);
    assert_good(wtl_proxy_start(r->proxy, &err), &err);
    atomic_store(&r->running, true);
    assert_int_equal(pthread_create(&r->thread, NULL, rig_run, r), 0);
}

static inline void rig_drained(void *arg)
{
    rig *r = arg;
    atomic_store(&r->drained, true);
    wtl_proxy_free(r->proxy);
    r->proxy = NULL;
    wtl_loop_stop(r->loop);
}

static inline void rig_drain_now(wtl_loop_post *post)
{
    rig *r = rig_of(post);
    wtl_proxy_drain(r->proxy, r->drain, rig_drained, r);
}

/* Asks for a drain, and goes on. */
static inline void rig_drain(rig *r, int64_t timeout)
{
    r->drain = timeout;
    r->post.call = rig_drain_now;
    wtl_loop_post_to(r->loop, &r->post);
}

static inline void rig_free(rig *r)
{
    wtl_proxy_free(r->proxy);
    wtl_proxyconf_free(&r->conf);
    wtl_metric_free(r->sink.metrics);
    wtl_pin_free(r->pins);
    wtl_loop_free(r->loop);
    close(r->sink.log);
    close(r->listener);
    *r = (rig){0};
}

static inline void rig_end(rig *r)
{
    pthread_join(r->thread, NULL);
    rig_free(r);
}

/* Cuts what is left. */
static inline void rig_stop(rig *r)
{
    rig_drain(r, 0);
    rig_end(r);
}

static inline void rig_count_now(wtl_loop_post *post)
{
    rig *r = rig_of(post);
    atomic_store(&r->n, wtl_proxy_connections(r->proxy));
    atomic_store(&r->answered, true);
}

static inline size_t rig_connections(rig *r)
{
    atomic_store(&r->answered, false);
    r->post.call = rig_count_now;
    wtl_loop_post_to(r->loop, &r->post);
    wait_for(atomic_load(&r->answered));
    return atomic_load(&r->n);
}

/* The log so far; free(). */
static inline char *rig_log(const rig *r)
{
    struct stat st;
    assert_int_equal(fstat(r->sink.log, &st), 0);
    char *text = calloc(1, (size_t)st.st_size + 1);
    assert_int_equal(pread(r->sink.log, text, (size_t)st.st_size, 0), st.st_size);
    return text;
}

/* Whether one line of the log has all of these (NULL ends them). */
static inline bool rig_told(const rig *r, const char *const *words)
{
    char *text = rig_log(r), *save = NULL;
    bool all = false;
    for (char *line = strtok_r(text, "\n", &save); line != NULL && !all; line = strtok_r(NULL, "\n", &save)) {
        all = true;
        for (size_t i = 0; words[i] != NULL; i++)
            all = all && strstr(line, words[i]) != NULL;
    }
    free(text);
    return all;
}

#define wait_told(r, ...)                                           \
    do {                                                            \
        const char *told_[] = {__VA_ARGS__, NULL};                  \
        int64_t told_until_ = clock_ns() + PATIENCE * 1000000000LL; \
        while (!rig_told(r, told_)) {                               \
            if (clock_ns() > told_until_) {                         \
                char *told_log_ = rig_log(r);                       \
                print_error("%s\n", told_log_);                     \
                free(told_log_);                                    \
                fail_msg("never told: %s", told_[0]);               \
            }                                                       \
            usleep(1000);                                           \
        }                                                           \
    } while (0)

static inline double rig_metric(const rig *r, enum wtl_proxy_metric row, const char *const *labels)
{
    return wtl_metric_value(r->sink.metrics, wtl_metric_at(r->sink.metrics, row, labels));
}

/* ---- TLS by OpenSSL alone, blocking */

static inline SSL_CTX *rig_tls(bool server, const char *groups)
{
    SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    if (groups != NULL)
        assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups), 1);
    if (server) {
        assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, rig_cert), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, rig_key, SSL_FILETYPE_PEM), 1);
    } else {
        assert_int_equal(SSL_CTX_load_verify_locations(ctx, rig_ca, NULL), 1);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    }
    return ctx;
}

/* NULL: the handshake failed. The descriptor is the SSL's in either case: rig_tls_free closes it. */
static inline SSL *rig_tls_over(SSL_CTX *ctx, int fd, const char *name)
{
    SSL *s = SSL_new(ctx);
    SSL_set_fd(s, fd);
    if (name != NULL)
        SSL_set_tlsext_host_name(s, name);
    if (SSL_connect(s) == 1)
        return s;
    SSL_free(s);
    return NULL;
}

static inline SSL *rig_tls_dial(SSL_CTX *ctx, uint16_t port, const char *name)
{
    int fd = rig_dial(port);
    SSL *s = rig_tls_over(ctx, fd, name);
    if (s == NULL)
        close(fd);
    return s;
}

static inline void rig_tls_free(SSL *s)
{
    int fd = SSL_get_fd(s);
    SSL_free(s);
    close(fd);
}

static inline void rig_tls_put(SSL *s, const void *p, size_t n)
{
    size_t put = 0;
    assert_int_equal(SSL_write_ex(s, p, n, &put), 1);
    assert_int_equal(put, n);
}

/* Up to n bytes, until the end; -1: broken or cut. */
static inline ssize_t rig_tls_get(SSL *s, void *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        size_t k = 0;
        int ret = SSL_read_ex(s, (uint8_t *)p + at, n - at, &k);
        if (ret != 1)
            return SSL_get_error(s, ret) == SSL_ERROR_ZERO_RETURN ? (ssize_t)at : -1;
        at += k;
    }
    return (ssize_t)at;
}

/* A TLS peer that echoes. */
static inline void rig_tls_echo(rig_peer *p, int fd)
{
    SSL *s = SSL_new(p->ctx);
    SSL_set_fd(s, fd);
    if (SSL_accept(s) == 1) {
        uint8_t b[16384];
        size_t n, put;
        int ret;
        while ((ret = SSL_read_ex(s, b, sizeof b, &n)) == 1 && SSL_write_ex(s, b, n, &put) == 1)
            continue;
        if (ret != 1 && SSL_get_error(s, ret) == SSL_ERROR_ZERO_RETURN) {
            atomic_fetch_add(&p->closed_well, 1);
            (void)!SSL_write_ex(s, "bye", 3, &put);
            SSL_shutdown(s);
        } else
            atomic_fetch_add(&p->failed, 1);
    }
    SSL_free(s);
    close(fd);
}

/* ---- services with what they always need */

static char to_text[2][32];

static inline const char *address(int i, uint16_t port)
{
    snprintf(to_text[i], sizeof to_text[i], "localhost:%u", port);
    return to_text[i];
}

enum { MORE = 24 };

/* Words for a service: what it always needs, and `more` (NULL ends them). */
static inline void server_start(rig *r, uint16_t to, const char *const *more)
{
    const char *words[8 + MORE] = {"--connect", address(0, to), "--cert", rig_cert, "--key", rig_key};
    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        words[6 + i] = more[i];
    rig_start(r, true, words);
}

static inline void client_start(rig *r, uint16_t to, const char *const *more)
{
    const char *words[8 + MORE] = {"--connect", address(1, to), "--ca", rig_ca};
    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        words[4 + i] = more[i];
    rig_start(r, false, words);
}

#endif
