/* A request is whole at its empty line and not before; what was read of it holds nothing that could end a line or a string. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "http/request.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void look(const wtl_http_request *r, wtl_bytes head)
{
    must(head.n <= WTL_HTTP_MOST && memcmp(head.p + head.n - 4, "\r\n\r\n", 4) == 0);
    must(memmem(head.p, head.n - 1, "\r\n\r\n", 4) == NULL);
    must(r->path[0] == '/' && memchr(r->path, 0, sizeof r->path) != NULL);
    must(memchr(r->method, 0, sizeof r->method) != NULL && r->method[0] != '\0');
    for (const char *c = r->path; *c != '\0'; c++)
        must(*c > ' ' && *c < 0x7f && *c != '?');
    must(r->query.n == 0 || (r->query.p > head.p && r->query.p + r->query.n < head.p + head.n));
    must(r->head == (strcmp(r->method, "HEAD") == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_http_request r, less;
    enum wtl_http_state s, t;
    size_t used, none;
    int rc = wtl_http_request_read(&r, &s, &used, (wtl_bytes){data, size}, NULL);
    must(rc == 0 || rc == WTL_FORMAT);
    must(rc != 0 || s == WTL_HTTP_WHOLE || size < WTL_HTTP_MOST);
    if (rc != 0 || s == WTL_HTTP_MORE) {
        must(used == 0 && r.method[0] == '\0');
        return 0;
    }
    must(used >= 4 && used <= size);
    look(&r, (wtl_bytes){data, used});
    must(wtl_http_request_read(&less, &t, &none, (wtl_bytes){data, used - 1}, NULL) == 0 &&
         t == WTL_HTTP_MORE);
    return 0;
}
