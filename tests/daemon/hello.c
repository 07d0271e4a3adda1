#include "hello.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE = 10 };

const struct group hello_group[HELLO_GROUPS] = {
    {"X25519MLKEM768", 0x11ec, 0, 1184, 1184, 32},
    {"SecP256r1MLKEM768", 0x11eb, 65, 1184, 0, 65},
    {"SecP384r1MLKEM1024", 0x11ed, 97, 1568, 0, 97},
    {"MLKEM768", 0x0201, 0, 1184, 0, 0},
    {"MLKEM1024", 0x0202, 0, 1568, 0, 0},
};
static void put(bytes *b, const void *p, size_t n)
{
    if (n > sizeof b->p - b->n)
        abort();
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void put8(bytes *b, unsigned v)
{
    put(b, &(uint8_t){(uint8_t)v}, 1);
}

static void put16(bytes *b, size_t v)
{
    put8(b, (unsigned)(v >> 8));
    put8(b, (unsigned)(v & 0xff));
}

/* The length of what follows `at` + 2, into its place. */
static void close16(bytes *b, size_t at)
{
    size_t n = b->n - at - 2;
    b->p[at] = (uint8_t)(n >> 8);
    b->p[at + 1] = (uint8_t)n;
}

static size_t open16(bytes *b)
{
    put16(b, 0);
    return b->n - 2;
}

static void put_shares(bytes *b, const offer *o)
{
    put16(b, 51);
    size_t ext = open16(b), list = open16(b);
    for (size_t i = 0; i < o->n_shares; i++) {
        put16(b, o->share[i].group);
        put16(b, o->share[i].n);
        put(b, o->share[i].p, o->share[i].n);
    }
    b->n -= o->cut;
    close16(b, list);
    close16(b, ext);
}

static void put_extensions(bytes *b, const offer *o)
{
    static const uint8_t versions[] = {0, 43, 0, 3, 2, 3, 4};
    static const uint8_t schemes[] = {0, 13, 0, 12, 0, 10, 4, 3, 9, 4, 9, 5, 9, 6, 8, 4};
    if (!o->old)
        put(b, versions, sizeof versions);
    put(b, schemes, sizeof schemes);
    put16(b, 10);
    put16(b, 2 * o->n_groups + 2);
    put16(b, 2 * o->n_groups);
    for (size_t i = 0; i < o->n_groups; i++)
        put16(b, o->group[i]);
    if (o->n_shares > 0 || o->cut > 0 || o->empty_list)
        put_shares(b, o);
    if (o->padding > 0) {
        put16(b, 21);
        put16(b, o->padding);
        for (size_t i = 0; i < o->padding; i++)
            put8(b, 0);
    }
}

void hello_write(bytes *out, const offer *o, const uint8_t random[64])
{
    static const uint8_t ciphers[] = {0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0};
    static bytes b;
    b.n = 0;
    put(&b, (const uint8_t[]){1, 0, 0, 0, 3, 3}, 6);
    put(&b, random, 32);
    put8(&b, 32);
    put(&b, random + 32, 32);
    put(&b, ciphers, sizeof ciphers);
    size_t at = open16(&b);
    put_extensions(&b, o);
    close16(&b, at);
    b.p[2] = (uint8_t)((b.n - 4) >> 8);
    b.p[3] = (uint8_t)(b.n - 4);
    out->n = 0;
    for (size_t from = 0; from < b.n;) {
        size_t n = b.n - from < 16384 ? b.n - from : 16384;
        put(out, (const uint8_t[]){22, 3, 1}, 3);
        put16(out, n);
        put(out, b.p + from, n);
        from += n;
    }
}

/* --- what comes back */

int hello_dial(const char *port, unsigned *own)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    socklen_t n = sizeof a;
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0) {
        fprintf(stderr, "tls_peer: cannot connect to port %s: %s\n", port, strerror(errno));
        exit(2);
    }
    *own = ntohs(a.sin_port);
    return fd;
}

static got no_bytes(ssize_t n)
{
    return (got){n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? SILENT : CLOSED, 0};
}

static ssize_t receive(int fd, uint8_t *p, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t r = recv(fd, p + have, n - have, 0);
        if (r <= 0)
            return r;
        have += (size_t)r;
    }
    return (ssize_t)n;
}

/* The group of a ServerHello's or HelloRetryRequest's key_share. */
static got read_server_hello(const uint8_t *p, size_t n)
{
    static const uint8_t retry[] = {0xcf, 0x21, 0xad, 0x74,
                                    0xe5, 0x9a, 0x61, 0x11}; /* RFC 8446 section 4.1.3 */
    if (n < 44 || p[0] != 2 || p[38] > 32)
        return (got){NOISE, 0};
    got g = {memcmp(p + 6, retry, sizeof retry) == 0 ? RETRY : HELLO, 0};
    for (size_t at = 39U + p[38] + 5; at + 6 <= n; at += 4U + (size_t)(p[at + 2] << 8 | p[at + 3]))
        if (p[at] == 0 && p[at + 1] == 51)
            g.number = (unsigned)(p[at + 4] << 8 | p[at + 5]);
    return g;
}

got hello_hear(int fd)
{
    static uint8_t body[65536];
    uint8_t head[5];
    for (;;) {
        ssize_t r = receive(fd, head, sizeof head);
        size_t n = (size_t)(head[3] << 8 | head[4]);
        if (r <= 0 || (r = receive(fd, body, n)) < (ssize_t)n)
            return no_bytes(r);
        if (head[0] == 21 && n == 2)
            return (got){ALERT, body[1]};
        if (head[0] == 22)
            return read_server_hello(body, n);
        if (head[0] != 20)
            return (got){NOISE, 0};
    }
}

static const char *group_name(unsigned id)
{
    for (size_t i = 0; i < HELLO_GROUPS; i++)
        if (hello_group[i].id == id)
            return hello_group[i].name;
    return id == X25519 ? "X25519" : "?";
}

const char *hello_words(got g, char room[64])
{
    static const char *const name[] = {"alert", "hello", "retry", "closed", "silent", "noise"};
    if (g.what == ALERT)
        snprintf(room, 64, "alert %u", g.number);
    else if (g.what == HELLO || g.what == RETRY)
        snprintf(room, 64, "%s %s", name[g.what], group_name(g.number));
    else
        snprintf(room, 64, "%s", name[g.what]);
    return room;
}

/* --- key shares */

share hello_share(const struct group *g)
{
    static share made[HELLO_GROUPS];
    share *s = &made[g - hello_group];
    if (s->n > 0)
        return *s;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, g->name);
    uint8_t *p = NULL;
    size_t n = key == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(key, &p);
    if (n != g->kem_n + g->classic_n)
        abort();
    s->group = g->id;
    s->n = n;
    memcpy(s->p, p, n);
    OPENSSL_free(p);
    EVP_PKEY_free(key);
    return *s;
}

offer hello_offer(const struct group *g)
{
    return (offer){.group = {g->id}, .n_groups = 1, .n_shares = 1, .share = {hello_share(g)}};
}

void hello_send(int fd, const bytes *b)
{
    for (size_t at = 0; at < b->n;) {
        ssize_t n = send(fd, b->p + at, b->n - at, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}
