#include "hello/other.h"

#include <string.h>

#include "base/rd.h"

/* Text (or bytes) that a protocol begins with. A longer one stands before its own beginning. */
static const struct {
    const char *name;
    const char *begin;
    uint8_t n;
} begins[] = {
#define BEGIN(name, text) {name, text, sizeof(text) - 1}
    BEGIN("plain HTTP", "GET "),
    BEGIN("plain HTTP", "HEAD "),
    BEGIN("plain HTTP", "POST "),
    BEGIN("plain HTTP", "PUT "),
    BEGIN("plain HTTP", "DELETE "),
    BEGIN("plain HTTP", "OPTIONS "),
    BEGIN("plain HTTP", "PATCH "),
    BEGIN("plain HTTP", "CONNECT "),
    BEGIN("plain HTTP", "TRACE "),
    BEGIN("plain HTTP", "HTTP/"),
    BEGIN("plain HTTP/2", "PRI * HTTP/2"),
    BEGIN("SSH", "SSH-"),
    BEGIN("the PROXY protocol, version 1,", "PROXY "),
    BEGIN("the PROXY protocol, version 2,", "\r\n\r\n\0\r\nQUIT\n"),
    BEGIN("plain SMTP", "EHLO "),
    BEGIN("plain SMTP", "HELO "),
    BEGIN("plain SMTP", "LHLO "),
    BEGIN("plain SMTP or FTP", "220 "),
    BEGIN("plain SMTP or FTP", "220-"),
    BEGIN("plain POP3", "+OK "),
    BEGIN("plain IMAP", "* OK "),
    BEGIN("plain RESP (Redis)", "+PONG"),
    BEGIN("plain RESP (Redis)", "PING\r\n"),
    BEGIN("plain RESP (Redis)", "-ERR "),
    BEGIN("plain RESP (Redis)", "-NOAUTH "),
    BEGIN("plain AMQP", "AMQP"),
    BEGIN("plain NATS", "INFO {"),
    BEGIN("VNC", "RFB 0"),
    BEGIN("TLS", "\x16\x03"),
    BEGIN("DTLS", "\x16\xfe"),
#undef BEGIN
};

/* RFC 5246 appendix E.2: two bytes of length, the high bit set, then the message type 1 and the wanted version. */
static bool is_ssl2(wtl_bytes in)
{
    return in.n >= 5 && (in.p[0] & 0x80) != 0 && in.p[2] == 1 &&
           ((in.p[3] == 3 && in.p[4] <= 4) || (in.p[3] == 0 && in.p[4] == 2));
}

/* An array of bulk strings: "*2\r\n$3\r\n". */
static bool is_resp(wtl_bytes in)
{
    size_t i = 1;
    if (in.n < 5 || in.p[0] != '*')
        return false;
    while (i < in.n && i < 5 && in.p[i] >= '0' && in.p[i] <= '9')
        i++;
    return i > 1 && in.n - i >= 3 && memcmp(in.p + i, "\r\n$", 3) == 0;
}

/* What begins with a length of 32 bits: PostgreSQL with a version or a code of a request, Kafka with an API's key (ApiVersions
 * comes first). */
static const char *counted(wtl_bytes in)
{
    wtl_rd r = wtl_rd_of(in);
    uint32_t length = wtl_rd_u32(&r);
    uint32_t code = wtl_rd_u32(&r);
    if (r.bad || length < 8 || length > 10000)
        return NULL;
    if (code >> 16 == 1234)
        return "PostgreSQL (its request for encryption or to cancel)";
    if (code >> 16 == 3 || code >> 16 == 2)
        return "plain PostgreSQL";
    return code >> 16 == 18 && (code & 0xffff) < 16 ? "plain Kafka" : NULL;
}

const char *wtl_other_name(wtl_bytes in)
{
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (in.n >= begins[i].n && memcmp(in.p, begins[i].begin, begins[i].n) == 0)
            return begins[i].name;
    }
    if (is_ssl2(in))
        return "SSL 2.0 (or a hello in its form)";
    if (is_resp(in))
        return "plain RESP (Redis)";
    /* MySQL's greeting: length in 3 bytes, little-endian, packet 0, protocol 10. */
    if (in.n >= 5 && in.p[1] <= 1 && in.p[2] == 0 && in.p[3] == 0 && in.p[4] == 10)
        return "plain MySQL";
    return counted(in);
}

int wtl_other_fail(const char *who, const char *wanted, wtl_bytes in, wtl_err *err)
{
    const char *name = wtl_other_name(in);
    if (name != NULL)
        return WTL_FAIL(err, WTL_FORMAT, "%s speaks %s where %s was expected", who, name, wanted);
    static const char digits[] = "0123456789abcdef";
    char hex[3 * 8 + 1] = "";
    for (size_t i = 0; i < in.n && i < 8; i++) {
        hex[3 * i] = ' ';
        hex[3 * i + 1] = digits[in.p[i] >> 4];
        hex[3 * i + 2] = digits[in.p[i] & 15];
    }
    return WTL_FAIL(err, WTL_FORMAT, "%s does not speak %s: its first bytes are%s in hexadecimal", who,
                    wanted, hex);
}
