/* A ClientHello read at once and in pieces comes to the same; what was read lies in the message; a list that was checked can be walked. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "hello/client.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void lies_in(wtl_bytes v, const wtl_buf *message)
{
    must(v.n == 0 || (v.p >= message->p && v.p + v.n <= message->p + message->n));
}

static void look(const wtl_hello_client *h, const wtl_buf *message)
{
    lies_in(h->alpn, message);
    lies_in(h->groups, message);
    lies_in(h->shares, message);
    lies_in(h->signatures, message);
    must(h->groups.n % 2 == 0 && h->signatures.n % 2 == 0);
    must(memchr(h->server_name, 0, sizeof h->server_name) != NULL);
    for (const char *c = h->server_name; *c != '\0'; c++)
        must((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("-_.", *c) != NULL);
    for (size_t at = 0; at < h->shares.n;) {
        must(h->shares.n - at > 4);
        uint16_t group = (uint16_t)(h->shares.p[at] << 8 | h->shares.p[at + 1]);
        must(wtl_hello_client_offers(h, group));
        must(wtl_hello_client_shares(h, group));
        at += 4 + (size_t)(h->shares.p[at + 2] << 8 | h->shares.p[at + 3]);
        must(at <= h->shares.n);
    }
    (void)wtl_hello_client_speaks(h, "h2");
}

/* In pieces of `step` bytes, until it is decided. */
static int in_pieces(wtl_hello_client *h, enum wtl_hello_state *s, size_t *used, wtl_buf *message,
                     wtl_bytes in, size_t step)
{
    int rc = 0;
    for (size_t n = 0; rc == 0; n += step) {
        rc = wtl_hello_client_read(h, s, used, message, (wtl_bytes){in.p, n < in.n ? n : in.n}, NULL);
        if (*s == WTL_HELLO_WHOLE || n >= in.n)
            break;
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_buf) message = {0};
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    int rc = wtl_hello_client_read(&h, &s, &used, &message, (wtl_bytes){data, size}, NULL);
    must(rc == 0 || rc == WTL_FORMAT);
    must(used <= size && used <= WTL_HELLO_MOST && message.cap <= 4 * WTL_HELLO_MOST);
    if (rc == 0 && s == WTL_HELLO_WHOLE)
        look(&h, &message);
    must(rc != 0 || s == WTL_HELLO_WHOLE || size < WTL_HELLO_MOST + 5);
    for (size_t step = 1; step < 100; step = step * 5 + 2) {
        AUTO(wtl_buf) again = {0};
        wtl_hello_client h2;
        enum wtl_hello_state s2;
        size_t used2;
        must(in_pieces(&h2, &s2, &used2, &again, (wtl_bytes){data, size}, step) == rc);
        must(s2 == s && used2 == used);
        if (rc == 0 && s == WTL_HELLO_WHOLE)
            must(again.n == message.n && memcmp(again.p, message.p, message.n) == 0);
    }
    return 0;
}
