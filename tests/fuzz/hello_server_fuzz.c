/* A ServerHello (or an alert) read at once and in pieces comes to the same, and to nothing that contradicts itself. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "hello/server.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void look(const wtl_hello_server *h)
{
    must(h->version >= 0x0301 && h->version <= 0x0304);
    if (h->version < 0x0304)
        must(!h->retry && !h->psk && h->group == 0);
    else
        must(h->retry || h->psk || h->group != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_buf) message = {0};
    AUTO(wtl_buf) again = {0};
    wtl_hello_server h, h2;
    enum wtl_hello_state s, s2;
    size_t used, used2;
    int rc = wtl_hello_server_read(&h, &s, &used, &message, (wtl_bytes){data, size}, NULL);
    must(rc == 0 || rc == WTL_FORMAT || (rc == WTL_NO && data[0] == 21));
    must(used <= size);
    if (rc == 0 && s == WTL_HELLO_WHOLE)
        look(&h);
    int rc2 = 0;
    for (size_t n = 0; rc2 == 0; n++) {
        rc2 = wtl_hello_server_read(&h2, &s2, &used2, &again, (wtl_bytes){data, n < size ? n : size}, NULL);
        if (s2 == WTL_HELLO_WHOLE || n >= size)
            break;
    }
    /* Whether more follows in the record than keys allow is seen in the same byte. */
    must(rc2 == rc && s2 == s && used2 == used);
    must(h2.group == h.group && h2.cipher == h.cipher && h2.version == h.version);
    return 0;
}
