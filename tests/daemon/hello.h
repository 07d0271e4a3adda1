/* A ClientHello written byte for byte (RFC 8446 section 4.1.2), and what comes back. For the peers of this folder. */
#ifndef TESTS_DAEMON_HELLO_H
#define TESTS_DAEMON_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HELLO_MOST = 32 * 1024, SHARE_MOST = 2048, HELLO_GROUPS = 5, X25519 = 0x001d };

/* A group's key share: its parts and where ML-KEM's lies. */
struct group {
    const char *name;
    uint16_t id;
    size_t kem_at, kem_n, classic_at, classic_n;
};
extern const struct group hello_group[HELLO_GROUPS];

typedef struct share {
    uint16_t group;
    size_t n;
    uint8_t p[SHARE_MOST];
} share;

typedef struct offer {
    uint16_t group[4];
    size_t n_groups, n_shares;
    share share[2];
    size_t cut;      /* bytes missing at the end of the key shares, whose inner lengths promise them */
    size_t padding;  /* RFC 7685 */
    bool empty_list; /* an extension without a share */
    bool old;        /* without supported_versions: TLS 1.2 */
} offer;

typedef struct bytes {
    size_t n;
    uint8_t p[HELLO_MOST];
} bytes;

/* A right share; the same at each call, which saves the making. */
share hello_share(const struct group *g);
/* Of that group alone. */
offer hello_offer(const struct group *g);
/* Records with the ClientHello; `random` is the same in a second one. */
void hello_write(bytes *out, const offer *o, const uint8_t random[64]);

typedef struct got {
    enum { ALERT, HELLO, RETRY, CLOSED, SILENT, NOISE } what;
    unsigned number; /* of the alert or group */
} got;

/* To a port of 127.0.0.1; *own: our side's. Ends the program when nobody listens. */
int hello_dial(const char *port, unsigned *own);
void hello_send(int fd, const bytes *b);
/* Waits for an answer, `SILENT` after 10 seconds. */
got hello_hear(int fd);
const char *hello_words(got g, char room[64]);

#endif
