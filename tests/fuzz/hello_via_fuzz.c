/* What is read as a PROXY header waits for exactly its bytes, and what is written of it is read back the same. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "hello/via.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void write_back(const wtl_via *v)
{
    AUTO(wtl_buf) out = {0};
    wtl_via_tls tls = {.version = "TLSv1.3", .server_name = "a", .group = "X25519MLKEM768"};
    wtl_via again;
    enum wtl_hello_state s;
    size_t used;
    must(wtl_via_write(&out, v, &tls, NULL) == 0);
    must(wtl_via_read(&again, &s, &used, wtl_buf_view(&out), NULL) == 0);
    must(s == WTL_HELLO_WHOLE && used == out.n && again.family == v->family);
    must(memcmp(again.from, v->from, 16) == 0 && memcmp(again.to, v->to, 16) == 0);
    must(again.from_port == v->from_port && again.to_port == v->to_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_via v;
    enum wtl_hello_state s;
    size_t used;
    int rc = wtl_via_read(&v, &s, &used, (wtl_bytes){data, size}, NULL);
    must(rc == 0 || rc == WTL_FORMAT);
    if (rc != 0 || s == WTL_HELLO_MORE) {
        must(used == 0 && v.tlvs.p == NULL);
        return 0;
    }
    must(used >= WTL_VIA_HEAD && used <= size && used <= WTL_VIA_MOST);
    must(v.tlvs.n == 0 || (v.tlvs.p >= data + WTL_VIA_HEAD && v.tlvs.p + v.tlvs.n == data + used));
    wtl_via less;
    size_t none;
    must(wtl_via_read(&less, &s, &none, (wtl_bytes){data, used - 1}, NULL) == 0);
    must(s == WTL_HELLO_MORE && none == 0);
    write_back(&v);
    return 0;
}
