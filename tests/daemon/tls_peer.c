/* A client for the tests of daemons that writes its own ClientHello, byte for byte (RFC 8446 section 4.1.2), to a port of 127.0.0.1:
 *   tls_peer shares PORT        every wrong key share for every post-quantum group; after each a right one. A line for each:
 *                               "GROUP CASE: GOT, wanted WANTED; port P"
 *   tls_peer hello PORT CASE    one ClientHello in an odd way: "CASE: GOT after N ms; port P"
 * GOT is "alert N", "hello GROUP", "retry GROUP", "closed", "silent" or "noise". Exit 1 where any is not as wanted. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hello.h"

enum { ILLEGAL_PARAMETER = 47, DECODE_ERROR = 50, HANDSHAKE_FAILURE = 40, MISSING_EXTENSION = 109 };

static share classical(void)
{
    share s = {.group = X25519, .n = 32};
    memset(s.p, 9, 32);
    return s;
}

/* Changes for a group, or false where the case says nothing about it. */
typedef bool change(offer *o, const struct group *g);

static bool one_short(offer *o, const struct group *g)
{
    (void)g;
    o->share[0].n--;
    return true;
}
static bool one_long(offer *o, const struct group *g)
{
    (void)g;
    o->share[0].p[o->share[0].n++] = 0;
    return true;
}
static bool empty(offer *o, const struct group *g)
{
    (void)g;
    o->share[0].n = 0;
    return true;
}
static bool cut_off(offer *o, const struct group *g)
{
    o->cut = g->kem_n / 2;
    return true;
}
static bool all_zero_hybrid(offer *o, const struct group *g)
{
    memset(o->share[0].p, 0, o->share[0].n);
    return g->classic_n > 0;
}
static bool all_zero_pure(offer *o, const struct group *g)
{
    memset(o->share[0].p, 0, o->share[0].n);
    return g->classic_n == 0;
}
static bool all_ones(offer *o, const struct group *g)
{
    (void)g;
    memset(o->share[0].p, 0xff, o->share[0].n);
    return true;
}
/* FIPS 203 section 7.2: coefficients are below 3329. */
static bool first_unreduced(offer *o, const struct group *g)
{
    uint8_t *p = o->share[0].p + g->kem_at;
    p[0] = 0x01; /* 3329 */
    p[1] = (uint8_t)((p[1] & 0xf0) | 0x0d);
    return true;
}
static bool last_unreduced(offer *o, const struct group *g)
{
    uint8_t *p = o->share[0].p + g->kem_at + g->kem_n - 32 - 3;
    p[1] |= 0xf0;
    p[2] = 0xff;
    return true;
}
static bool curve25519(offer *o, const struct group *g, uint8_t first, uint8_t rest, uint8_t last)
{
    uint8_t *p = o->share[0].p + g->classic_at;
    if (g->classic_n != 32)
        return false;
    memset(p, rest, 32);
    p[0] = first;
    p[31] = last;
    return true;
}
static bool low_order_0(offer *o, const struct group *g)
{
    return curve25519(o, g, 0, 0, 0);
}
static bool low_order_1(offer *o, const struct group *g)
{
    return curve25519(o, g, 1, 0, 0);
}
static bool low_order_minus_1(offer *o, const struct group *g)
{
    return curve25519(o, g, 0xec, 0xff, 0x7f);
}
static bool low_order_p(offer *o, const struct group *g)
{
    return curve25519(o, g, 0xed, 0xff, 0x7f);
}
static bool on_curve(const struct group *g)
{
    return g->classic_n > 32;
}
static bool off_the_curve(offer *o, const struct group *g)
{
    if (!on_curve(g))
        return false;
    o->share[0].p[g->classic_n - 1] ^= 1;
    return true;
}
static bool zero_point(offer *o, const struct group *g)
{
    memset(o->share[0].p + 1, 0, g->classic_n > 0 ? g->classic_n - 1 : 0);
    return on_curve(g);
}
static bool beyond_the_field(offer *o, const struct group *g)
{
    memset(o->share[0].p + 1, 0xff, g->classic_n > 0 ? g->classic_n - 1 : 0);
    return on_curve(g);
}
/* 02 or 03 and x; the rest moves up. */
static bool compressed(offer *o, const struct group *g)
{
    share *s = &o->share[0];
    size_t half = g->classic_n / 2;
    if (!on_curve(g))
        return false;
    s->p[0] = (uint8_t)(2 + (s->p[g->classic_n - 1] & 1));
    memmove(s->p + 1 + half, s->p + g->classic_n, g->kem_n);
    s->n -= half;
    return true;
}
static bool compressed_in_full_length(offer *o, const struct group *g)
{
    o->share[0].p[0] = (uint8_t)(2 + (o->share[0].p[g->classic_n - (g->classic_n > 0)] & 1));
    return on_curve(g);
}
/* x and y alone. */
static bool raw_form(offer *o, const struct group *g)
{
    share *s = &o->share[0];
    if (!on_curve(g))
        return false;
    memmove(s->p, s->p + 1, --s->n);
    return true;
}
static bool raw_form_in_full_length(offer *o, const struct group *g)
{
    share *s = &o->share[0];
    if (!on_curve(g))
        return false;
    memmove(s->p, s->p + 1, g->classic_n - 1);
    s->p[g->classic_n - 1] = 0;
    return true;
}
static bool x_flipped(offer *o, const struct group *g)
{
    o->share[0].p[2] ^= 0xff;
    return on_curve(g);
}
/* 06 and 07 of X9.62 carry the sign of y beside y. */
static bool hybrid_form(offer *o, const struct group *g)
{
    if (!on_curve(g))
        return false;
    o->share[0].p[0] = (uint8_t)(6 + (o->share[0].p[g->classic_n - 1] & 1));
    return true;
}
static bool hybrid_form_wrong(offer *o, const struct group *g)
{
    if (!on_curve(g))
        return false;
    o->share[0].p[0] = (uint8_t)(7 - (o->share[0].p[g->classic_n - 1] & 1));
    return true;
}
static bool infinity(offer *o, const struct group *g)
{
    memset(o->share[0].p, 0, g->classic_n);
    return on_curve(g);
}
static bool swapped(offer *o, const struct group *g)
{
    uint8_t old[SHARE_MOST];
    share *s = &o->share[0];
    size_t first = g->kem_at == 0 ? g->kem_n : g->classic_n;
    memcpy(old, s->p, s->n);
    memcpy(s->p, old + first, s->n - first);
    memcpy(s->p + s->n - first, old, first);
    return g->classic_n > 0;
}
static bool kem_alone(offer *o, const struct group *g)
{
    share *s = &o->share[0];
    memmove(s->p, s->p + g->kem_at, g->kem_n);
    s->n = g->kem_n;
    return g->classic_n > 0;
}
static bool unknown_groups(offer *o, const struct group *g)
{
    (void)g;
    o->group[0] = o->share[0].group = 0x7a01;
    return true;
}
static bool twice(offer *o, const struct group *g)
{
    (void)g;
    o->share[o->n_shares++] = o->share[0];
    return true;
}
static bool not_in_the_list(offer *o, const struct group *g)
{
    (void)g;
    o->share[0].group = X25519;
    return true;
}
static bool empty_list(offer *o, const struct group *g)
{
    (void)g;
    o->n_shares = 0;
    o->empty_list = true;
    return true;
}
static bool no_shares_at_all(offer *o, const struct group *g)
{
    (void)g;
    o->n_shares = 0; /* and no extension */
    return true;
}

static const struct wrong {
    const char *name;
    change *change;
    got want;
} wrongs[] = {
    {"one-byte-short", one_short, {ALERT, ILLEGAL_PARAMETER}},
    {"one-byte-long", one_long, {ALERT, ILLEGAL_PARAMETER}},
    {"empty", empty, {ALERT, DECODE_ERROR}},
    {"cut-off", cut_off, {ALERT, DECODE_ERROR}},
    {"all-zero", all_zero_hybrid, {ALERT, ILLEGAL_PARAMETER}},
    {"all-zero", all_zero_pure, {HELLO, 0}}, /* FIPS 203 section 7.2 has nothing against it */
    {"all-ff", all_ones, {ALERT, ILLEGAL_PARAMETER}},
    {"first-coefficient-q", first_unreduced, {ALERT, ILLEGAL_PARAMETER}},
    {"last-coefficient-4095", last_unreduced, {ALERT, ILLEGAL_PARAMETER}},
    {"low-order-0", low_order_0, {ALERT, ILLEGAL_PARAMETER}},
    {"low-order-1", low_order_1, {ALERT, ILLEGAL_PARAMETER}},
    {"low-order-minus-1", low_order_minus_1, {ALERT, ILLEGAL_PARAMETER}},
    {"low-order-p", low_order_p, {ALERT, ILLEGAL_PARAMETER}},
    {"off-the-curve", off_the_curve, {ALERT, ILLEGAL_PARAMETER}},
    {"point-zero", zero_point, {ALERT, ILLEGAL_PARAMETER}},
    {"beyond-the-field", beyond_the_field, {ALERT, ILLEGAL_PARAMETER}},
    {"compressed", compressed, {ALERT, ILLEGAL_PARAMETER}},
    {"compressed-in-full-length", compressed_in_full_length, {ALERT, ILLEGAL_PARAMETER}},
    {"raw", raw_form, {ALERT, ILLEGAL_PARAMETER}},
    {"raw-in-full-length", raw_form_in_full_length, {ALERT, ILLEGAL_PARAMETER}},
    {"x-flipped", x_flipped, {ALERT, ILLEGAL_PARAMETER}},
    {"hybrid-form", hybrid_form, {ALERT, ILLEGAL_PARAMETER}},
    {"hybrid-form-wrong-sign", hybrid_form_wrong, {ALERT, ILLEGAL_PARAMETER}},
    {"infinity", infinity, {ALERT, ILLEGAL_PARAMETER}},
    {"parts-swapped", swapped, {ALERT, ILLEGAL_PARAMETER}},
    {"kem-part-alone", kem_alone, {ALERT, ILLEGAL_PARAMETER}},
    {"unknown-group", unknown_groups, {ALERT, HANDSHAKE_FAILURE}},
    {"share-twice", twice, {ALERT, ILLEGAL_PARAMETER}},
    {"share-not-in-the-list", not_in_the_list, {ALERT, ILLEGAL_PARAMETER}},
    {"empty-list", empty_list, {RETRY, 0}}, /* RFC 8446 section 4.2.8: a request for a retry */
    {"no-key-share", no_shares_at_all, {ALERT, MISSING_EXTENSION}},
};

/* The second ClientHello, after a HelloRetryRequest for the group. */
static bool second_right(offer *o, const struct group *g)
{
    o->share[0] = hello_share(g);
    return true;
}
static bool second_unchanged(offer *o, const struct group *g)
{
    (void)o;
    (void)g;
    return true;
}
static bool second_other(offer *o, const struct group *g)
{
    o->share[0] = hello_share(&hello_group[(size_t)(g - hello_group + 1) % HELLO_GROUPS]);
    return true;
}
static bool second_both(offer *o, const struct group *g)
{
    o->share[1] = o->share[0];
    o->share[0] = hello_share(g);
    o->n_shares = 2;
    return true;
}
static bool second_unreduced(offer *o, const struct group *g)
{
    o->share[0] = hello_share(g);
    return first_unreduced(o, g);
}
static bool second_short(offer *o, const struct group *g)
{
    o->share[0] = hello_share(g);
    o->share[0].n--;
    return true;
}

static const struct wrong seconds[] = {
    {"second-right", second_right, {HELLO, 0}},
    {"second-unchanged", second_unchanged, {ALERT, ILLEGAL_PARAMETER}},
    {"second-another-group", second_other, {ALERT, ILLEGAL_PARAMETER}},
    {"second-without-share", no_shares_at_all, {ALERT, MISSING_EXTENSION}},
    {"second-two-shares", second_both, {ALERT, ILLEGAL_PARAMETER}},
    {"second-unreduced", second_unreduced, {ALERT, ILLEGAL_PARAMETER}},
    {"second-one-byte-short", second_short, {ALERT, ILLEGAL_PARAMETER}},
};

static bytes room;

static got say(int fd, const offer *o, const uint8_t random[64])
{
    hello_write(&room, o, random);
    hello_send(fd, &room);
    return hello_hear(fd);
}

/* Prints what came of it. */
static bool judge(const struct group *g, const struct wrong *w, got came, unsigned own)
{
    char a[64], b[64];
    got want = w->want;
    if (want.what == HELLO || want.what == RETRY)
        want.number = g->id;
    printf("%s %s: %s, wanted %s; port %u\n", g->name, w->name, hello_words(came, a), hello_words(want, b),
           own);
    return came.what == want.what && came.number == want.number;
}

/* A right ClientHello is answered as ever. */
static bool still_serves(const char *port, const struct group *g)
{
    uint8_t random[64];
    unsigned own;
    RAND_bytes(random, sizeof random);
    offer o = hello_offer(g);
    int fd = hello_dial(port, &own);
    got came = say(fd, &o, random);
    close(fd);
    if (came.what == HELLO && came.number == g->id)
        return true;
    printf("%s right: not served; port %u\n", g->name, own);
    return false;
}

static bool first_hello(const char *port, const struct group *g, const struct wrong *w)
{
    uint8_t random[64];
    unsigned own;
    offer o = hello_offer(g);
    RAND_bytes(random, sizeof random);
    if (!w->change(&o, g))
        return true;
    int fd = hello_dial(port, &own);
    bool good = judge(g, w, say(fd, &o, random), own);
    close(fd);
    return still_serves(port, g) && good;
}

static bool second_hello(const char *port, const struct group *g, const struct wrong *w)
{
    uint8_t random[64];
    unsigned own;
    offer o = hello_offer(g);
    RAND_bytes(random, sizeof random);
    o.group[o.n_groups++] = hello_group[(size_t)(g - hello_group + 1) % HELLO_GROUPS].id;
    o.group[o.n_groups++] = X25519;
    o.share[0] = classical();
    if (o.group[1] < g->id || g->classic_n == 0) /* the one that is asked for is to be this one */
        o.group[1] = 0x7a01;
    int fd = hello_dial(port, &own);
    got came = say(fd, &o, random);
    if (came.what == RETRY && came.number == g->id) {
        w->change(&o, g);
        came = say(fd, &o, random);
    }
    close(fd);
    bool right = judge(g, w, came, own);
    return still_serves(port, g) && right;
}

static int shares(const char *port)
{
    bool good = true;
    for (size_t i = 0; i < HELLO_GROUPS; i++) {
        for (size_t j = 0; j < sizeof wrongs / sizeof wrongs[0]; j++)
            good &= first_hello(port, &hello_group[i], &wrongs[j]);
        for (size_t j = 0; j < sizeof seconds / sizeof seconds[0]; j++)
            good &= second_hello(port, &hello_group[i], &seconds[j]);
    }
    return good ? 0 : 1;
}

/* --- odd ways */

static void way_pieces(int fd)
{
    for (size_t i = 0; i < room.n; i++)
        send(fd, room.p + i, 1, MSG_NOSIGNAL);
}

static void way_half(int fd)
{
    send(fd, room.p, room.n / 2, MSG_NOSIGNAL);
}

static void way_whole(int fd)
{
    hello_send(fd, &room);
}

static void way_records(int fd) /* each byte of the message in a record of its own */
{
    for (size_t i = 5; i < room.n; i++)
        send(fd, (const uint8_t[]){22, 3, 1, 0, 1, room.p[i]}, 6, MSG_NOSIGNAL);
}

static void way_garbage(int fd)
{
    RAND_bytes(room.p, 4096);
    room.p[0] |= 0x80;
    room.n = 4096;
    hello_send(fd, &room);
}

static void way_http(int fd)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
}

static const struct way {
    const char *name;
    void (*send)(int fd);
    size_t padding;
    bool old;
} ways[] = {
    {"pieces", way_pieces, 0, false}, {"records", way_records, 0, false}, {"half", way_half, 0, false},
    {"17k", way_whole, 17408, false}, {"garbage", way_garbage, 0, false}, {"http", way_http, 0, false},
    {"tls12", way_whole, 0, true},    {"15k", way_whole, 14000, false},
};

static int hello(const char *port, const char *name)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const struct way *w = &ways[i];
        uint8_t random[64];
        struct timespec from, to;
        unsigned own;
        char text[64];
        if (strcmp(w->name, name) != 0)
            continue;
        offer o = hello_offer(&hello_group[0]);
        o.padding = w->padding;
        o.old = w->old;
        RAND_bytes(random, sizeof random);
        hello_write(&room, &o, random);
        int fd = hello_dial(port, &own);
        clock_gettime(CLOCK_MONOTONIC, &from);
        w->send(fd);
        got came = hello_hear(fd);
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%s: %s after %ld ms; port %u\n", name, hello_words(came, text),
               (long)(to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000, own);
        return 0;
    }
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "shares") == 0)
        return shares(argv[2]);
    if (argc == 4 && strcmp(argv[1], "hello") == 0)
        return hello(argv[2], argv[3]);
    fputs("tls_peer shares PORT | hello PORT CASE\n", stderr);
    return 2;
}
