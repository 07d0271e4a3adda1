#include "http/response.h"

/* RFC 9110 section 15 and RFC 6585, as far as status pages need them. */
static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return ""; /* may be empty, its space may not be absent */
    }
}

void wtl_http_response_write(wtl_buf *out, int status, const char *type, wtl_bytes body, bool keep_alive,
                             bool head)
{
    wtl_buf_fmt(out,
                "HTTP/1.1 %d %s\r\n"
                "Content-Type: %s\r\n"
                "Content-Length: %zu\r\n"
                "Cache-Control: no-store\r\n"
                "%s"
                "Connection: %s\r\n\r\n",
                status, reason(status), type, body.n, status == 405 ? "Allow: GET, HEAD\r\n" : "",
                keep_alive ? "keep-alive" : "close");
    if (!head)
        wtl_buf_bytes(out, body);
}
