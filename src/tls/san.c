#include "tls/san.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/text.h"

enum { HOST_MOST = 253, URI_MOST = 2048 };

static const char dns[] = "dns:";
static const char uri[] = "uri:";

bool wtl_san_is_ip(const char *host)
{
    uint8_t a[16];
    return inet_pton(AF_INET, host, a) == 1 || inet_pton(AF_INET6, host, a) == 1;
}

static const char *after(const char *text, const char *head)
{
    size_t n = strlen(head);
    return strncasecmp(text, head, n) == 0 ? text + n : NULL;
}

static bool is_host(const char *h)
{
    size_t label = 0;
    size_t n = strlen(h);
    if (n == 0 || n > HOST_MOST)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (h[i] == '.' && label == 0)
            return false;
        if (h[i] != '.' && !isalnum((unsigned char)h[i]) && h[i] != '-' && h[i] != '_')
            return false;
        label = h[i] == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

/* SCHEME://REST, printable, a star only as the last segment. */
static bool is_uri(const char *u)
{
    const char *rest = strstr(u, "://");
    size_t n = strlen(u);
    if (rest == NULL || rest == u || rest[3] == '\0' || n > URI_MOST)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool star = u[i] == '*' && i + 1 == n && u[i - 1] == '/' && u + i - 1 > rest + 2;
        if (u[i] <= ' ' || u[i] > '~' || (u[i] == '*' && !star))
            return false;
    }
    return true;
}

int wtl_san_check(const char *allowed, wtl_err *err)
{
    const char *u = after(allowed, uri);
    const char *h = after(allowed, dns);
    h = h != NULL ? h : allowed;
    const char *domain = strncmp(h, "*.", 2) == 0 ? h + 2 : h;
    if (u != NULL ? is_uri(u) : is_host(domain) || wtl_san_is_ip(h))
        return WTL_OK;
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(allowed));
    const char *shown = wtl_buf_cstr(&q);
    return WTL_FAIL(err, WTL_USAGE,
                    "\"%.200s\" is no name of a peer: HOST, *.HOST, an IP address, or uri:SCHEME://PATH with "
                    "\"*\" as its last segment at most",
                    shown != NULL ? shown : "");
}

static bool same_host(wtl_bytes name, const char *host)
{
    return name.n == strlen(host) && strncasecmp((const char *)name.p, host, name.n) == 0;
}

/* `domain` with one label before it. */
static bool below(wtl_bytes name, const char *domain)
{
    size_t n = strlen(domain);
    if (name.n < n + 2 || name.p[name.n - n - 1] != '.')
        return false;
    wtl_bytes tail = {name.p + name.n - n, n};
    return same_host(tail, domain) && memchr(name.p, '.', name.n - n - 1) == NULL &&
           memchr(name.p, '\0', name.n) == NULL;
}

/* Segments that mean themselves: none empty, "." or "..", no query, fragment or escaped character that others may read otherwise. */
static bool plain_path(wtl_bytes path)
{
    size_t begin = 0;
    for (size_t i = 0; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/') {
            if (path.p[i] <= ' ' || path.p[i] > '~' || strchr("?#%\\", path.p[i]) != NULL)
                return false;
            continue;
        }
        wtl_bytes part = {path.p + begin, i - begin};
        if (part.n == 0 || wtl_text_eq(part, ".") || wtl_text_eq(part, ".."))
            return false;
        begin = i + 1;
    }
    return true;
}

static bool same_uri(wtl_bytes name, const char *wanted)
{
    size_t n = strlen(wanted);
    if (wanted[n - 1] != '*')
        return wtl_text_eq(name, wanted);
    if (name.n < n || memcmp(name.p, wanted, n - 1) != 0)
        return false;
    return plain_path((wtl_bytes){name.p + n - 1, name.n - n + 1});
}

static bool one_fits(int type, wtl_bytes name, const char *host, const char *id)
{
    if (id != NULL)
        return type == GEN_URI && same_uri(name, id);
    if (type != GEN_DNS)
        return false;
    return strncmp(host, "*.", 2) == 0 ? below(name, host + 2) : same_host(name, host);
}

static bool listed(const X509 *cert, const char *host, const char *id)
{
    bool found = false;
    GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(list) && !found; i++) {
        int type = 0;
        const ASN1_STRING *v = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
        if (type == GEN_DNS || type == GEN_URI)
            found = one_fits(type, (wtl_bytes){ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v)}, host,
                             id);
    }
    GENERAL_NAMES_free(list);
    ERR_clear_error();
    return found;
}

bool wtl_san_fits(X509 *cert, const char *allowed, bool covers)
{
    const char *id = after(allowed, uri);
    const char *host = after(allowed, dns);
    host = host != NULL ? host : allowed;
    if (id != NULL)
        return listed(cert, NULL, id);
    if (wtl_san_is_ip(host))
        return X509_check_ip_asc(cert, host, 0) == 1;
    if (covers && strncmp(host, "*.", 2) != 0)
        return X509_check_host(cert, host, 0,
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                               NULL) == 1;
    return listed(cert, host, NULL);
}

/* Appends the first alternative name of a type; false when there is none. */
static bool first_of(const GENERAL_NAMES *list, int wanted, wtl_buf *out)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        int type = 0;
        const ASN1_STRING *v = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
        if (type != wanted || ASN1_STRING_length(v) <= 0)
            continue;
        wtl_text_quote(out, (wtl_bytes){ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v)});
        return true;
    }
    return false;
}

static void subject(const X509 *cert, wtl_buf *out)
{
    BIO *to = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    if (to != NULL && X509_NAME_print_ex(to, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        n = BIO_get_mem_data(to, &text);
    if (n > 0)
        wtl_text_quote(out, (wtl_bytes){(uint8_t *)text, (size_t)n});
    BIO_free(to);
}

void wtl_san_who(X509 *cert, wtl_buf *out)
{
    GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    if (!first_of(list, GEN_URI, out) && !first_of(list, GEN_DNS, out))
        subject(cert, out);
    GENERAL_NAMES_free(list);
    ERR_clear_error();
}
