#include "http/request.h"

#include <string.h>
#include <strings.h>

#include "base/rd.h"
#include "base/text.h"

/* What the fields said that matters. */
typedef struct fields {
    unsigned hosts, lengths;
    bool close, keep_alive;
} fields;

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(wtl_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (!is_token_char(v.p[i]))
            return false;
    }
    return v.n > 0;
}

/* field-content and what may stand between: visible characters, bytes above ASCII, space, tab (RFC 9110 section 5.5). */
static bool is_value_char(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static wtl_bytes trimmed(wtl_bytes v)
{
    while (v.n > 0 && is_blank(v.p[0])) {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && is_blank(v.p[v.n - 1]))
        v.n--;
    return v;
}

static bool is_named(wtl_bytes v, const char *name)
{
    size_t n = strlen(name);
    return v.n == n && strncasecmp((const char *)v.p, name, n) == 0;
}

/* What stands before the next `c`, which is taken too; false when there is none. */
static bool take_until(wtl_bytes *rest, uint8_t c, wtl_bytes *part)
{
    const uint8_t *at = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
    if (at == NULL)
        return false;
    *part = (wtl_bytes){rest->p, (size_t)(at - rest->p)};
    rest->p += part->n + 1;
    rest->n -= part->n + 1;
    return true;
}

/* A comma's list of RFC 9110 section 5.6.1. */
static void read_connection(fields *f, wtl_bytes list)
{
    bool last = false;
    while (!last) {
        wtl_bytes one;
        last = !take_until(&list, ',', &one);
        one = trimmed(last ? list : one);
        f->close = f->close || is_named(one, "close");
        f->keep_alive = f->keep_alive || is_named(one, "keep-alive");
    }
}

static int read_field(fields *f, wtl_bytes line, wtl_err *err)
{
    wtl_bytes name;
    wtl_bytes value = line;
    ENSURE(!is_blank(line.p[0]), err, WTL_FORMAT, "an HTTP request has a folded line");
    ENSURE(take_until(&value, ':', &name) && is_token(name), err, WTL_FORMAT,
           "an HTTP request has a line that is no field");
    value = trimmed(value);
    if (is_named(name, "Connection"))
        read_connection(f, value);
    f->hosts += is_named(name, "Host") ? 1 : 0;
    ENSURE(!is_named(name, "Transfer-Encoding"), err, WTL_FORMAT,
           "an HTTP request has a body, which is not accepted");
    if (is_named(name, "Content-Length")) {
        f->lengths++;
        ENSURE(wtl_text_eq(value, "0"), err, WTL_FORMAT, "an HTTP request has a body, which is not accepted");
    }
    return WTL_OK;
}

/* The form that a client sends to a server itself: "/path?query" (RFC 9112 section 3.2.1). */
static int read_target(wtl_http_request *r, wtl_bytes target, wtl_err *err)
{
    wtl_bytes path = target;
    wtl_bytes query = target;
    r->query = (wtl_bytes){NULL, 0};
    ENSURE(target.n > 0 && target.p[0] == '/', err, WTL_FORMAT,
           "the target of an HTTP request does not begin with '/'");
    for (size_t i = 0; i < target.n; i++)
        ENSURE(target.p[i] > ' ' && target.p[i] < 0x7f && target.p[i] != '#', err, WTL_FORMAT,
               "the target of an HTTP request has characters that it may not have");
    if (take_until(&query, '?', &path))
        r->query = query;
    else
        path = target;
    ENSURE(path.n < sizeof r->path, err, WTL_FORMAT,
           "the path of an HTTP request has %zu bytes; %d are accepted", path.n, WTL_HTTP_PATH - 1);
    memcpy(r->path, path.p, path.n);
    r->path[path.n] = '\0';
    return WTL_OK;
}

/* method SP request-target SP HTTP-version; single spaces. */
static int read_first_line(wtl_http_request *r, wtl_bytes line, bool *minor1, wtl_err *err)
{
    wtl_bytes method;
    wtl_bytes target;
    wtl_bytes version = line;
    ENSURE(take_until(&version, ' ', &method) && take_until(&version, ' ', &target), err, WTL_FORMAT,
           "the first line of an HTTP request does not have three words");
    ENSURE(is_token(method) && method.n < sizeof r->method, err, WTL_FORMAT,
           "the first line of an HTTP request does not begin with a method");
    *minor1 = wtl_text_eq(version, "HTTP/1.1");
    ENSURE(*minor1 || wtl_text_eq(version, "HTTP/1.0"), err, WTL_FORMAT,
           "an HTTP request is of another version than 1.0 and 1.1");
    memcpy(r->method, method.p, method.n);
    r->method[method.n] = '\0';
    r->head = wtl_text_eq(method, "HEAD");
    return read_target(r, target, err);
}

static int read_head(wtl_http_request *r, wtl_bytes head, wtl_err *err)
{
    fields f = {0};
    wtl_bytes line;
    bool minor1 = false;
    bool first = true;
    while (take_until(&head, '\n', &line)) {
        line.n--; /* its CR: see find_end */
        if (line.n == 0)
            break;
        TRY(first ? read_first_line(r, line, &minor1, err) : read_field(&f, line, err));
        first = false;
    }
    /* "A server MUST respond with a 400 status code to any HTTP/1.1 request message that lacks a Host header field and to any request
     * message that contains more than one Host header field line" (RFC 9112 section 3.2). */
    ENSURE(f.hosts <= 1 && (f.hosts == 1 || !minor1), err, WTL_FORMAT,
           "an HTTP request has %u Host fields instead of one", f.hosts);
    ENSURE(f.lengths <= 1, err, WTL_FORMAT, "an HTTP request has its length more than once");
    r->keep_alive = !f.close && (minor1 || f.keep_alive);
    return WTL_OK;
}

/* Bytes up to and with the empty line, or 0 when it has not come; no byte that no head may have. */
static int find_end(wtl_bytes in, size_t *end, wtl_err *err)
{
    size_t line = 0; /* bytes of the current line */
    *end = 0;
    for (size_t i = 0; i < in.n && i < WTL_HTTP_MOST; i++) {
        uint8_t c = in.p[i];
        bool after_cr = i > 0 && in.p[i - 1] == '\r';
        ENSURE(after_cr == (c == '\n'), err, WTL_FORMAT, "an HTTP request has a CR or a LF alone");
        ENSURE(c == '\r' || c == '\n' || is_value_char(c), err, WTL_FORMAT,
               "an HTTP request has the control character 0x%02x", c);
        ENSURE(c != '\r' || i > 0, err, WTL_FORMAT, "an HTTP request begins with an empty line");
        if (c == '\n' && line == 0) {
            *end = i + 1;
            return WTL_OK;
        }
        line = c == '\n' ? 0 : line + (c != '\r');
    }
    ENSURE(in.n < WTL_HTTP_MOST, err, WTL_FORMAT, "the head of an HTTP request has more than %d bytes",
           WTL_HTTP_MOST);
    return WTL_OK;
}

int wtl_http_request_read(wtl_http_request *r, enum wtl_http_state *state, size_t *used, wtl_bytes in,
                          wtl_err *err)
{
    size_t end;
    memset(r, 0, sizeof *r);
    *state = WTL_HTTP_MORE;
    *used = 0;
    TRY(find_end(in, &end, err));
    if (end == 0)
        return WTL_OK;
    int rc = read_head(r, (wtl_bytes){in.p, end}, err);
    if (rc < 0) {
        memset(r, 0, sizeof *r);
        return rc;
    }
    *state = WTL_HTTP_WHOLE;
    *used = end;
    return WTL_OK;
}
