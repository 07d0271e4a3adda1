#include "proxyconf/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { UNIX_MOST = 107, NAME_MOST = 253, LABEL_MOST = 63 }; /* unix(7); RFC 1035 section 2.3.4 */

static int wrong(const char *text, const char *why, wtl_err *err)
{
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(text));
    const char *s = wtl_buf_cstr(&quoted);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_FAIL(err, WTL_USAGE, "'%.100s' is no address: %s", s, why);
}

bool wtl_address_is_name(const char *text, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (n == 0 || n > NAME_MOST || strspn(text, letters) < n)
        return false;
    size_t label = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.' && label == 0)
            return false;
        label = text[i] == '.' ? 0 : label + 1;
        if (label > LABEL_MOST)
            return false;
    }
    return label > 0;
}

static int parse_unix(wtl_address *a, const char *text, wtl_err *err)
{
    const char *path = text + strlen("unix:");
    size_t n = strlen(path);
    if (n == 0)
        return wrong(text, "the path is missing", err);
    if (n > UNIX_MOST)
        return wrong(text, "the path of a Unix socket has at most 107 bytes", err);
    a->is_unix = true;
    memcpy(a->host, path, n + 1);
    return WTL_OK;
}

static bool parse_port(uint16_t *port, const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > 5 || (text[0] == '0' && n > 1) || strspn(text, "0123456789") != n)
        return false;
    unsigned long v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned long)(text[i] - '0');
    *port = (uint16_t)v;
    return v <= 65535;
}

/* What stands before the port. */
static int parse_host(wtl_address *a, const char *text, size_t n, wtl_err *err)
{
    unsigned char number[16];
    bool bracket = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    if (!bracket && memchr(text, ':', n) != NULL)
        return wrong(text, "a number of IPv6 stands in brackets, as [::1]:443", err);
    const char *host = bracket ? text + 1 : text;
    size_t len = bracket ? n - 2 : n;
    if (n == 1 && text[0] == '*')
        len = 0;
    else if (len == 0 || len > NAME_MOST)
        return wrong(text, "the host is missing or too long", err);
    memcpy(a->host, host, len);
    a->host[len] = '\0';
    bool numeric = len > 0 && strspn(a->host, "0123456789.") == len;
    if (bracket && inet_pton(AF_INET6, a->host, number) != 1)
        return wrong(text, "what stands in the brackets is no number of IPv6", err);
    if (!bracket && numeric && inet_pton(AF_INET, a->host, number) != 1)
        return wrong(text, "the host is neither a name nor a number of IPv4", err);
    if (!bracket && len > 0 && !wtl_address_is_name(a->host, len))
        return wrong(text, "the host is no name", err);
    return WTL_OK;
}

int wtl_address_parse(wtl_address *a, const char *text, wtl_err *err)
{
    wtl_address got = {0};
    if (strncmp(text, "unix:", 5) == 0) {
        TRY(parse_unix(&got, text, err));
    } else {
        const char *colon = strrchr(text, ':');
        if (colon == NULL || strchr(colon, ']') != NULL)
            return wrong(text, "it has no port; it is written HOST:PORT, [IPV6]:PORT, *:PORT or unix:PATH",
                         err);
        if (!parse_port(&got.port, colon + 1))
            return wrong(text, "the port is a number up to 65535", err);
        TRY(parse_host(&got, text, (size_t)(colon - text), err));
    }
    *a = got;
    return WTL_OK;
}

bool wtl_address_is_any(const wtl_address *a)
{
    return !a->is_unix &&
           (a->host[0] == '\0' || strcmp(a->host, "0.0.0.0") == 0 || strcmp(a->host, "::") == 0);
}

bool wtl_address_same(const wtl_address *a, const wtl_address *b)
{
    if (a->is_unix || b->is_unix)
        return a->is_unix == b->is_unix && strcmp(a->host, b->host) == 0;
    if (a->port != b->port || a->port == 0)
        return false;
    bool all = a->host[0] == '\0' || b->host[0] == '\0';
    return strcasecmp(a->host, b->host) == 0 || (all && wtl_address_is_any(a) && wtl_address_is_any(b));
}
