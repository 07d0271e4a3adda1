/* A server for the tests of daemons that answers wrongly. The client side of a proxy dials it:
 *   tls_server_peer CERT KEY GROUPS    prints its port; then each line "PORT HOW" of standard input is a connection to the proxy on that
 *                                      port, which is answered so: "HOW: GOT after N us"
 *   HOW "time COUNT": flipped and random ciphertexts in turn, COUNT of each: "time: flipped A us, random B us, t T" (medians; Welch's t of
 *   the quicker four fifths of each)
 * GOT is "alert N" (in the clear or not), "sealed" (what cannot be read here: the keys differ), "closed", "silent" or "served".
 * libssl is the server; what it signs and encapsulates goes through this program's own EVP_DigestSign and EVP_PKEY_encapsulate, so that
 * both sides still see the same handshake. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 10, ROOM = 65536, MOST = 2000, KEM768 = 1088 };

/* --- what is changed on its way from libcrypto to libssl */

static struct {
    enum { ASIS, FLIP, RANDOM, ZERO, SHORTER, LONGER, EMPTY, HALF, HINT } how;
    size_t at;
} ciphertext, signature;

static void change(int how, size_t at, uint8_t *p, size_t *n)
{
    if (how == FLIP)
        p[at % *n] ^= 0x10;
    else if (how == RANDOM)
        RAND_bytes(p, (int)*n);
    else if (how == ZERO)
        memset(p, 0, *n);
    else if (how == SHORTER)
        --*n;
    else if (how == LONGER)
        p[(*n)++] = 0;
    else if (how == EMPTY)
        *n = 0;
    else if (how == HALF)
        *n /= 2;
    else if (how == HINT &&
             *n > 61) /* FIPS 204 algorithm 21: the ends of ML-DSA-65's lists must rise to 55 at most */
        memset(p + *n - 6, 0xff, 6);
}

/* RTLD_NEXT's object pointer as a function, which ISO C has no cast for. */
static void find(void *function, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (p == NULL)
        abort();
    memcpy(function, &p, sizeof p);
}

__attribute__((visibility("default"))) int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *n,
                                                          const unsigned char *in, size_t in_n)
{
    static int (*real)(EVP_MD_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
    if (real == NULL)
        find(&real, "EVP_DigestSign");
    size_t before = *n;
    int ok = real(ctx, sig, n, in, in_n);
    if (ok > 0 && sig == NULL && signature.how == LONGER)
        ++*n;
    else if (ok > 0 && sig != NULL && before > 0)
        change(signature.how, signature.at, sig, n);
    return ok;
}

__attribute__((visibility("default"))) int
EVP_PKEY_encapsulate(EVP_PKEY_CTX *ctx, unsigned char *ct, size_t *ct_n, unsigned char *key, size_t *key_n)
{
    static int (*real)(EVP_PKEY_CTX *, unsigned char *, size_t *, unsigned char *, size_t *);
    static int depth; /* a hybrid's own calls for its parts come here, too */
    if (real == NULL)
        find(&real, "EVP_PKEY_encapsulate");
    depth++;
    int ok = real(ctx, ct, ct_n, key, key_n);
    if (--depth > 0)
        return ok;
    if (ok > 0 && ct == NULL && ciphertext.how == LONGER)
        ++*ct_n;
    size_t all = *ct_n,
           kem = all > KEM768 ? KEM768 : all; /* the X25519 part stays: it is not to be what fails */
    if (ok > 0 && ct != NULL && ciphertext.how == RANDOM)
        change(RANDOM, 0, ct, &kem);
    else if (ok > 0 && ct != NULL)
        change(ciphertext.how, ciphertext.at, ct, ct_n);
    return ok;
}

/* --- sockets */

static int listener;
static SSL_CTX *ctx;

static void patient(int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE};
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int dial(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    patient(fd);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static unsigned serve_on_any_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    patient(listener); /* accept waits so long, too */
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 64) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) < 0)
        exit(2);
    return ntohs(a.sin_port);
}

static int64_t microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- the answer of libssl */

typedef struct way {
    const char *name;
    int ciphertext, signature;
    size_t at;
    uint16_t group;                            /* what the ServerHello says instead */
    void (*raw)(int, const uint8_t *, size_t); /* another answer altogether */
} way;

static void send_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w <= 0)
            return;
        p += w;
        n -= (size_t)w;
    }
}

/* The group in the key_share of a ServerHello that begins a flight. */
static void rename_group(uint8_t *p, size_t n, uint16_t group)
{
    size_t end = 5U + (size_t)(p[3] << 8 | p[4]);
    if (n < 50 || p[0] != 22 || p[5] != 2 || end > n)
        return;
    for (size_t at = 44U + p[43] + 5; at + 6 <= end; at += 4U + (size_t)(p[at + 2] << 8 | p[at + 3])) {
        if (p[at] == 0 && p[at + 1] == 51) {
            p[at + 4] = (uint8_t)(group >> 8);
            p[at + 5] = (uint8_t)group;
        }
    }
}

/* What came in as a record: an alert in the clear, or not. */
static bool clear_alert(const uint8_t *p, size_t n, char *got)
{
    while (n >= 5) {
        size_t m = 5U + (size_t)(p[3] << 8 | p[4]);
        if (p[0] == 21 && m == 7 && n >= 7) {
            sprintf(got, "alert %u", p[6]);
            return true;
        }
        if (m >= n)
            break;
        p += m;
        n -= m;
    }
    return false;
}

static void by_error(char *got)
{
    unsigned long e;
    strcpy(got, "sealed");
    while ((e = ERR_get_error()) != 0)
        if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET &&
            ERR_GET_REASON(e) < SSL_AD_REASON_OFFSET + 256)
            sprintf(got, "alert %d", ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET);
}

/* Moves what libssl has written to the socket. */
static void flush(BIO *out, int fd, const way *w)
{
    static uint8_t room[ROOM];
    int n = BIO_read(out, room, sizeof room);
    if (n <= 0)
        return;
    if (w->group != 0)
        rename_group(room, (size_t)n, w->group);
    send_all(fd, room, (size_t)n);
}

/* True when one byte went through and came back. */
static bool exchange(SSL *ssl, BIO *in, BIO *out, int fd, int near, const way *w)
{
    uint8_t room[4096];
    char c = 0;
    if (send(near, "x", 1, MSG_NOSIGNAL) != 1)
        return false;
    while (SSL_read(ssl, &c, 1) != 1) {
        ssize_t n = recv(fd, room, sizeof room, 0);
        if (n <= 0)
            return false;
        BIO_write(in, room, (int)n);
    }
    if (SSL_write(ssl, &c, 1) != 1)
        return false;
    flush(out, fd, w);
    return recv(near, &c, 1, 0) == 1 && c == 'x';
}

static void shake(SSL *ssl, int fd, int near, const way *w, char *got, int64_t *sent)
{
    static uint8_t room[ROOM];
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    strcpy(got, "silent");
    for (;;) {
        int r = SSL_do_handshake(ssl);
        if (r == 1)
            strcpy(got, exchange(ssl, in, out, fd, near, w) ? "served" : "closed");
        else if (SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ)
            by_error(got);
        *sent = microseconds();
        flush(out, fd, w);
        if (r == 1 || SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ)
            return;
        ssize_t n = recv(fd, room, sizeof room, 0);
        if (n == 0)
            strcpy(got, "closed");
        if (n <= 0 || clear_alert(room, (size_t)n, got))
            return;
        BIO_write(in, room, (int)n);
        ERR_clear_error();
    }
}

/* --- answers of our own */

/* A record with a ServerHello: its random, its session's id from the ClientHello, its extensions. */
static void server_hello(int fd, const uint8_t *client, const uint8_t random[32], const uint8_t *ext,
                         size_t n)
{
    uint8_t room[256] = {22, 3, 3, 0, 0, 2, 0, 0, 0, 3, 3};
    size_t at = 11;
    memcpy(room + at, random, 32);
    at += 32;
    memcpy(room + at, client + 43, 1U + client[43]);
    at += 1U + client[43];
    memcpy(room + at, (const uint8_t[]){0x13, 1, 0, 0, (uint8_t)n}, 5);
    at += 5;
    memcpy(room + at, ext, n);
    at += n;
    room[4] = (uint8_t)(at - 5);
    room[8] = (uint8_t)(at - 9);
    send_all(fd, room, at);
}

static void retry(int fd, const uint8_t *client, uint8_t high, uint8_t low)
{
    static const uint8_t random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                       0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                       0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    const uint8_t ext[] = {0, 43, 0, 2, 3, 4, 0, 51, 0, 2, high, low};
    server_hello(fd, client, random, ext, sizeof ext);
}

static void retry_same(int fd, const uint8_t *client, size_t n)
{
    (void)n;
    retry(fd, client, 0x11, 0xec);
}

static void retry_not_offered(int fd, const uint8_t *client, size_t n)
{
    (void)n;
    retry(fd, client, 0, 0x1e); /* X448 */
}

static void retry_again(int fd, const uint8_t *client, size_t n)
{
    static uint8_t second[ROOM];
    (void)n;
    retry(fd, client, 0, 0x1d);
    if (recv(fd, second, sizeof second, 0) > 100)
        retry(fd, client, 0, 0x17);
}

/* TLS 1.2 with the mark of a downgrade (RFC 8446 section 4.1.3). */
static void tls12(int fd, const uint8_t *client, size_t n)
{
    uint8_t random[32] = {0};
    (void)n;
    memcpy(random + 24, "DOWNGRD\x01", 8);
    server_hello(fd, client, random, (const uint8_t[]){0xff, 1, 0, 1, 0}, 5);
}

static void garbage(int fd, const uint8_t *client, size_t n)
{
    (void)n;
    send_all(fd, client + 100, 300);
}

static void nothing(int fd, const uint8_t *client, size_t n)
{
    (void)n;
    (void)client;
    shutdown(fd, SHUT_WR);
}

static void own_answer(int fd, const way *w, char *got, int64_t *sent)
{
    static uint8_t room[ROOM];
    ssize_t n = recv(fd, room, sizeof room, 0);
    if (n < 400)
        return;
    *sent = microseconds();
    w->raw(fd, room, (size_t)n);
    n = recv(fd, room, sizeof room, 0);
    strcpy(got, n == 0 ? "closed" : n < 0 ? "silent" : "sealed");
    if (n > 0)
        (void)clear_alert(room, (size_t)n, got);
}

static const way ways[] = {
    {"right", ASIS, ASIS, 0, 0, NULL},
    {"ciphertext-first-byte", FLIP, ASIS, 0, 0, NULL},
    {"ciphertext-middle-byte", FLIP, ASIS, 500, 0, NULL},
    {"ciphertext-last-byte", FLIP, ASIS, KEM768 - 1, 0, NULL},
    {"ciphertext-random", RANDOM, ASIS, 0, 0, NULL},
    {"ciphertext-zero", ZERO, ASIS, 0, 0, NULL}, /* X25519's part, too */
    {"ciphertext-short", SHORTER, ASIS, 0, 0, NULL},
    {"ciphertext-long", LONGER, ASIS, 0, 0, NULL},
    {"ciphertext-half", HALF, ASIS, 0, 0, NULL},
    {"group-not-offered", ASIS, ASIS, 0, 0x001e, NULL},
    {"group-not-shared", ASIS, ASIS, 0, 0x0201, NULL},
    {"retry-same-group", ASIS, ASIS, 0, 0, retry_same},
    {"retry-not-offered", ASIS, ASIS, 0, 0, retry_not_offered},
    {"retry-again", ASIS, ASIS, 0, 0, retry_again},
    {"tls12", ASIS, ASIS, 0, 0, tls12},
    {"garbage", ASIS, ASIS, 0, 0, garbage},
    {"nothing", ASIS, ASIS, 0, 0, nothing},
    {"signature-first-byte", ASIS, FLIP, 0, 0, NULL},
    {"signature-middle-byte", ASIS, FLIP, 1700, 0, NULL},
    {"signature-late-byte", ASIS, FLIP, 3200, 0, NULL},
    {"signature-last-byte", ASIS, FLIP, 3308, 0, NULL},
    {"signature-hint", ASIS, HINT, 0, 0, NULL},
    {"signature-zero", ASIS, ZERO, 0, 0, NULL},
    {"signature-short", ASIS, SHORTER, 0, 0, NULL},
    {"signature-long", ASIS, LONGER, 0, 0, NULL},
    {"signature-empty", ASIS, EMPTY, 0, 0, NULL},
};

/* Microseconds from the answer to what came of it. */
static int64_t answer(unsigned port, const way *w, char *got)
{
    int64_t sent = 0;
    int near = dial(port), fd = accept(listener, NULL, NULL);
    strcpy(got, "not dialled");
    if (near < 0 || fd < 0)
        return 0;
    patient(fd);
    ciphertext.how = w->ciphertext;
    signature.how = w->signature;
    ciphertext.at = signature.at = w->at;
    if (w->raw != NULL) {
        own_answer(fd, w, got, &sent);
    } else {
        SSL *ssl = SSL_new(ctx);
        shake(ssl, fd, near, w, got, &sent);
        SSL_free(ssl);
    }
    int64_t took = microseconds() - sent;
    char c;
    if (strcmp(got, "served") != 0 && recv(near, &c, 1, 0) > 0)
        strcat(got, " and bytes"); /* nothing may reach who asked */
    close(near);
    close(fd);
    ERR_clear_error();
    return took;
}

static const way *find_way(const char *name)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double welch(int64_t *const set[2], size_t n)
{
    double mean[2] = {0}, var[2] = {0};
    for (int j = 0; j < 2; j++) {
        for (size_t i = 0; i < n; i++)
            mean[j] += (double)set[j][i] / (double)n;
        for (size_t i = 0; i < n; i++)
            var[j] += ((double)set[j][i] - mean[j]) * ((double)set[j][i] - mean[j]) / (double)(n - 1);
    }
    double spread = (var[0] + var[1]) / (double)n;
    return spread > 0 ? (mean[0] - mean[1]) / sqrt(spread) : 0;
}

static void compare(unsigned port, unsigned count)
{
    static int64_t took[2][MOST];
    const way *of[2] = {find_way("ciphertext-middle-byte"), find_way("ciphertext-random")};
    char got[64];
    for (unsigned i = 0; i < count && i < MOST; i++)
        for (unsigned j = 0; j < 2; j++)
            took[(i + j) % 2][i] = answer(port, of[(i + j) % 2], got);
    for (unsigned j = 0; j < 2; j++)
        qsort(took[j], count, sizeof took[j][0], by_size);
    int64_t *const set[2] = {took[0], took[1]};
    printf("time: flipped %lld us, random %lld us, t %.1f\n", (long long)took[0][count / 2],
           (long long)took[1][count / 2], count >= 10 ? welch(set, count * 4 / 5) : 0);
}

int main(int argc, char **argv)
{
    char line[256], how[64], got[96];
    unsigned port, count;
    if (argc != 4)
        return 2;
    ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set1_groups_list(ctx, argv[3]) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        ERR_print_errors_fp(stderr);
        return 2;
    }
    printf("%u\n", serve_on_any_port());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%u time %u", &port, &count) == 2 && count > 0 && count <= MOST) {
            compare(port, count);
        } else if (sscanf(line, "%u %63s", &port, how) == 2 && find_way(how) != NULL) {
            int64_t took = answer(port, find_way(how), got);
            printf("%s: %s after %lld us\n", how, got, (long long)took);
        } else
            return 2;
        fflush(stdout);
    }
    return 0;
}
