/* Traffic of all kinds, good and bad, from many threads for some time:
 *   soak_peer TLS_PORT PLAIN_PORT CA SECONDS THREADS    a line "KIND N of M" each, then "handshakes H"; exit 1 when one that should be served was not
 * TLS_PORT is a server of the proxy, PLAIN_PORT a client of it that leads to such a server; something echoes behind both. */
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "hello.h"

static SSL_CTX *hybrid, *classical;
static unsigned tls_port, plain_port;
static int64_t end;
static atomic_ulong handshakes;

static SSL *open_one(SSL_CTX *ctx, bool resume)
{
    SSL *ssl = client_open(ctx, tls_port, resume);
    if (ssl != NULL)
        atomic_fetch_add(&handshakes, 1);
    return ssl;
}

static bool rounds(SSL *ssl, unsigned seed)
{
    bool good = ssl != NULL;
    for (unsigned i = 0; good && i <= seed % 4; i++)
        good = client_echo(ssl, 1 + seed % 60000, seed + i);
    return ssl != NULL && (client_end(ssl) & good);
}

static bool full(unsigned seed)
{
    return rounds(open_one(hybrid, false), seed);
}

static bool resumed(unsigned seed)
{
    return rounds(open_one(hybrid, true), seed);
}

static bool weak(unsigned seed)
{
    return rounds(open_one(classical, false), seed);
}

static bool reset_with_data(unsigned seed)
{
    SSL *ssl = open_one(hybrid, true);
    if (ssl == NULL)
        return false;
    uint8_t b[4096];
    client_fill(b, sizeof b, seed);
    SSL_write(ssl, b, sizeof b);
    client_reset(ssl);
    return true;
}

static bool cut(unsigned seed)
{
    SSL *ssl = open_one(hybrid, true);
    bool good = ssl != NULL && client_echo(ssl, seed % 3000 + 1, seed);
    if (ssl != NULL)
        client_cut(ssl);
    return good;
}

/* Half a megabyte that is read a piece each few milliseconds. */
static bool slow(unsigned seed)
{
    enum { PIECE = 16384, PIECES = 32 };
    static _Thread_local uint8_t out[PIECE], in[PIECE];
    SSL *ssl = open_one(hybrid, true);
    bool good = ssl != NULL;
    client_fill(out, sizeof out, seed);
    for (int i = 0; good && i < PIECES; i++)
        good = SSL_write(ssl, out, sizeof out) == (int)sizeof out;
    for (size_t left = good ? (size_t)PIECE * PIECES : 0, at = 0; good && left > 0;) {
        int n = SSL_read(ssl, in, (int)(sizeof in - at % sizeof in));
        good = n > 0 && memcmp(in, out + at % PIECE, n > 0 ? (size_t)n : 0) == 0;
        at += n > 0 ? (size_t)n : 0;
        left -= n > 0 ? (size_t)n : 0;
        usleep(3000);
    }
    return ssl != NULL && (client_end(ssl) & good);
}

/* Writes, reads nothing, goes. */
static bool deaf(unsigned seed)
{
    SSL *ssl = open_one(hybrid, true);
    struct timeval blink = {.tv_usec = 100000};
    static const uint8_t piece[16384];
    (void)seed;
    if (ssl == NULL)
        return false;
    setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_SNDTIMEO, &blink, sizeof blink);
    for (int i = 0; i < 1000 && SSL_write(ssl, piece, sizeof piece) > 0; i++)
        continue;
    client_reset(ssl);
    return true;
}

static bool part_of_hello(size_t least, size_t most, bool reset)
{
    uint8_t random[64];
    bytes *b = malloc(sizeof *b);
    offer o = {.group = {X25519}, .n_groups = 1, .padding = 1200};
    RAND_bytes(random, sizeof random);
    hello_write(b, &o, random);
    int fd = client_dial(tls_port);
    size_t n = least + random[0] * (most - least) / 255;
    bool good = fd >= 0 && send(fd, b->p, n < b->n ? n : b->n, MSG_NOSIGNAL) > 0;
    free(b);
    if (fd < 0)
        return false;
    char c;
    if (!reset)
        good &= recv(fd, &c, 1, 0) <= 0; /* by its deadline */
    client_reset_fd(fd);
    return good;
}

static bool half(unsigned seed)
{
    (void)seed;
    return part_of_hello(1, 1000, false);
}

static bool reset_in_hello(unsigned seed)
{
    (void)seed;
    return part_of_hello(1, 1000, true);
}

static bool garbage(unsigned seed)
{
    uint8_t b[2000];
    int fd = client_dial(tls_port);
    if (fd < 0)
        return false;
    client_fill(b, sizeof b, seed);
    b[0] |= 0x80;
    bool good = send(fd, b, sizeof b, MSG_NOSIGNAL) > 0 && recv(fd, b, 1, 0) <= 0;
    close(fd);
    return good;
}

static bool through_both(unsigned seed)
{
    uint8_t out[8192], in[8192];
    size_t n = 1 + seed % sizeof out, have = 0;
    int fd = client_dial(plain_port);
    if (fd < 0)
        return false;
    client_fill(out, n, seed);
    bool good = send(fd, out, n, MSG_NOSIGNAL) == (ssize_t)n && shutdown(fd, SHUT_WR) == 0;
    ssize_t n_got = 1;
    while (good && (n_got = recv(fd, in + have, sizeof in - have, 0)) > 0)
        have += (size_t)n_got;
    close(fd);
    return good && n_got == 0 && have == n && memcmp(in, out, n) == 0;
}

static bool reset_through_both(unsigned seed)
{
    int fd = client_dial(plain_port);
    (void)seed;
    if (fd < 0)
        return false;
    send(fd, "x", 1, MSG_NOSIGNAL);
    client_reset_fd(fd);
    return true;
}

static struct kind {
    const char *name;
    bool (*run)(unsigned seed);
    unsigned weight;
    atomic_ulong tried, good;
} kinds[] = {
    {"full", full, 30, 0, 0},
    {"resumed", resumed, 20, 0, 0},
    {"classical", weak, 4, 0, 0},
    {"through-both", through_both, 20, 0, 0},
    {"slow-reader", slow, 3, 0, 0},
    {"never-reads", deaf, 2, 0, 0},
    {"cut", cut, 8, 0, 0},
    {"reset-with-data", reset_with_data, 8, 0, 0},
    {"reset-in-hello", reset_in_hello, 8, 0, 0},
    {"reset-through-both", reset_through_both, 5, 0, 0},
    {"half-a-hello", half, 1, 0, 0},
    {"garbage", garbage, 5, 0, 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], MOST_THREADS = 64 };

static struct kind *choose(unsigned at)
{
    unsigned all = 0;
    for (size_t i = 0; i < KINDS; i++)
        all += kinds[i].weight;
    at %= all;
    for (size_t i = 0; i < KINDS; at -= kinds[i++].weight)
        if (at < kinds[i].weight)
            return &kinds[i];
    return &kinds[0];
}

static void *run(void *arg)
{
    while (client_now() < end) {
        unsigned r[2];
        RAND_bytes((unsigned char *)r, sizeof r);
        struct kind *k = choose(r[0]);
        atomic_fetch_add(&k->tried, 1);
        if (k->run(r[1] & 0xffffff))
            atomic_fetch_add(&k->good, 1);
    }
    return arg;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    pthread_t t[MOST_THREADS];
    unsigned n = (unsigned)strtoul(argv[5], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    tls_port = (unsigned)strtoul(argv[1], NULL, 10);
    plain_port = (unsigned)strtoul(argv[2], NULL, 10);
    hybrid = client_context(argv[3], "X25519MLKEM768");
    classical = client_context(argv[3], "X25519");
    SSL_CTX_set_session_cache_mode(classical, SSL_SESS_CACHE_OFF);
    end = client_now() + (int64_t)strtoul(argv[4], NULL, 10) * 1000000000;
    for (unsigned i = 0; i < n && i < MOST_THREADS; i++)
        if (pthread_create(&t[i], NULL, run, NULL) != 0)
            return 2;
    for (unsigned i = 0; i < n && i < MOST_THREADS; i++)
        pthread_join(t[i], NULL);
    bool good = true;
    for (size_t i = 0; i < KINDS; i++) {
        printf("%s %lu of %lu\n", kinds[i].name, kinds[i].good, kinds[i].tried);
        good &= kinds[i].good == kinds[i].tried;
    }
    printf("handshakes %lu\n", handshakes);
    client_close(hybrid);
    client_close(classical);
    return !good;
}
