/* What a client of PostgreSQL begins with is decided by at most eight bytes, and more of them do not change it. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "hello/pgssl.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum wtl_pgssl_said said, first;
    enum wtl_hello_state s;
    size_t used;
    int rc = wtl_pgssl_read(&said, &s, &used, (wtl_bytes){data, size}, NULL);
    must(rc == 0 || rc == WTL_FORMAT);
    must(rc != 0 || s == WTL_HELLO_WHOLE || size < 8);
    if (rc != 0 || s != WTL_HELLO_WHOLE)
        return 0;
    must(used == (said == WTL_PGSSL_REQUEST || said == WTL_PGSSL_GSS ? 8u : 0u) && used <= size);
    must(wtl_pgssl_read(&first, &s, &used, (wtl_bytes){data, size < 8 ? size : 8}, NULL) == 0);
    must(first == said && s == WTL_HELLO_WHOLE);
    return 0;
}
