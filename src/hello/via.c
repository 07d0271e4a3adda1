#include "hello/via.h"

#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "hello/other.h"

/* Types of the specification, section 2.2. */
enum {
    TYPE_ALPN = 0x01,
    TYPE_AUTHORITY = 0x02,
    TYPE_CRC32C = 0x03,
    TYPE_UNIQUE_ID = 0x05,
    TYPE_SSL = 0x20,
    TYPE_SSL_VERSION = 0x21,
    TYPE_SSL_CN = 0x22,
    TYPE_SSL_CIPHER = 0x23,
    TYPE_GROUP = 0xe0
};
enum { CLIENT_SSL = 1, CLIENT_CERT_CONN = 2, CLIENT_CERT_SESS = 4 };
enum { SIGNATURE = 12, LOCAL = 0x20, PROXY = 0x21, UNIX_PATHS = 216 };

static const uint8_t signature[SIGNATURE] = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
static const char version1[] = "PROXY ";

/* Whether both begin alike, as far as the shorter goes. */
static bool begins(wtl_bytes in, const void *with, size_t n)
{
    return memcmp(in.p, with, in.n < n ? in.n : n) == 0;
}

/* Not yet refused: what may become version 1 is awaited, so that it is named. */
static int check_begin(wtl_bytes in, wtl_err *err)
{
    if (begins(in, signature, SIGNATURE))
        return WTL_OK;
    if (!begins(in, version1, sizeof version1 - 1))
        return wtl_other_fail("the sender", "the PROXY protocol, version 2,", in, err);
    ENSURE(
        in.n < sizeof version1 - 1, err, WTL_FORMAT,
        "the sender speaks version 1 of the PROXY protocol; only version 2 is accepted: set it to send that");
    return WTL_OK;
}

/* The fixed part, each byte as soon as it is there. */
static int check_head(wtl_bytes in, wtl_err *err)
{
    if (in.n <= SIGNATURE)
        return WTL_OK;
    uint8_t command = in.p[SIGNATURE];
    ENSURE(command == LOCAL || command == PROXY, err, WTL_FORMAT,
           "the PROXY header has the version and command 0x%02x; 0x20 and 0x21 are known", command);
    if (in.n < WTL_VIA_HEAD)
        return WTL_OK;
    size_t n = WTL_VIA_HEAD + ((size_t)in.p[14] << 8 | in.p[15]);
    ENSURE(n <= WTL_VIA_MOST, err, WTL_FORMAT, "the PROXY header has %zu bytes; %d are accepted", n,
           WTL_VIA_MOST);
    return WTL_OK;
}

/* The addresses: family and transport in one byte. Datagrams cannot have come over a stream: of them only the size is used. */
static bool read_addresses(wtl_via *v, uint8_t family, wtl_rd *r)
{
    size_t n = family >> 4 == 1 ? 4 : 16;
    switch (family) {
    case 0x11:
    case 0x21:
        v->family = family == 0x11 ? WTL_VIA_IPV4 : WTL_VIA_IPV6;
        wtl_rd_copy(r, v->from, n);
        wtl_rd_copy(r, v->to, n);
        v->from_port = wtl_rd_u16(r);
        v->to_port = wtl_rd_u16(r);
        return !r->bad;
    case 0x31:
        v->family = WTL_VIA_UNIX;
        (void)wtl_rd_take(r, UNIX_PATHS);
        return !r->bad;
    case 0x00:
        return true;
    case 0x12:
    case 0x22:
        (void)wtl_rd_take(r, 2 * n + 4);
        return !r->bad;
    case 0x32:
        (void)wtl_rd_take(r, UNIX_PATHS);
        return !r->bad;
    default:
        return false;
    }
}

/* CRC32c (RFC 4960 appendix B), bit by bit: a header that has it is short and comes once a connection. */
static uint32_t crc32c(uint32_t crc, wtl_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        crc ^= v.p[i];
        for (unsigned k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
    }
    return crc;
}

/* Of the header with zeros in the place of the checksum. */
static bool crc_fits(wtl_bytes header, wtl_bytes sum)
{
    static const uint8_t zeros[4] = {0};
    size_t before = (size_t)(sum.p - header.p);
    uint32_t crc = crc32c(0xffffffffu, (wtl_bytes){header.p, before});
    crc = crc32c(crc, (wtl_bytes){zeros, sizeof zeros});
    crc = ~crc32c(crc, (wtl_bytes){header.p + before + 4, header.n - before - 4});
    wtl_rd r = wtl_rd_of(sum);
    return wtl_rd_u32(&r) == crc;
}

static bool next_tlv(wtl_rd *r, uint8_t *type, wtl_bytes *value)
{
    *type = wtl_rd_u8(r);
    *value = wtl_rd_take(r, wtl_rd_u16(r));
    return !r->bad;
}

/* One byte of flags, four of the result, then parts of the same form. */
static bool ssl_adds_up(wtl_bytes value)
{
    wtl_rd r = wtl_rd_of(value);
    uint8_t type;
    wtl_bytes part;
    (void)wtl_rd_take(&r, 5);
    while (r.n > 0) {
        if (!next_tlv(&r, &type, &part))
            return false;
    }
    return !r.bad;
}

static int check_tlv(uint8_t type, wtl_bytes value, wtl_bytes header, bool *summed, wtl_err *err)
{
    switch (type) {
    case TYPE_CRC32C:
        ENSURE(value.n == 4 && !*summed, err, WTL_FORMAT,
               "the PROXY header has more than one checksum, or one that is not of 4 bytes");
        *summed = true;
        ENSURE(crc_fits(header, value), err, WTL_FORMAT, "the checksum of the PROXY header does not fit");
        return WTL_OK;
    case TYPE_SSL:
        ENSURE(ssl_adds_up(value), err, WTL_FORMAT, "the TLS part of the PROXY header does not add up");
        return WTL_OK;
    case TYPE_AUTHORITY:
        ENSURE(wtl_text_is_utf8(value), err, WTL_FORMAT,
               "the host name in the PROXY header is not well-formed UTF-8");
        return WTL_OK;
    case TYPE_UNIQUE_ID:
        ENSURE(value.n <= 128, err, WTL_FORMAT, "the PROXY header has an ID of %zu bytes; 128 are the most",
               value.n);
        return WTL_OK;
    default:
        return WTL_OK;
    }
}

static int check_tlvs(wtl_bytes tlvs, wtl_bytes header, wtl_err *err)
{
    wtl_rd r = wtl_rd_of(tlvs);
    bool summed = false;
    while (r.n > 0) {
        uint8_t type;
        wtl_bytes value;
        ENSURE(next_tlv(&r, &type, &value), err, WTL_FORMAT, "the parts of the PROXY header do not add up");
        TRY(check_tlv(type, value, header, &summed, err));
    }
    return WTL_OK;
}

static int read_header(wtl_via *v, wtl_bytes header, wtl_err *err)
{
    if (header.p[SIGNATURE] == LOCAL) {
        /* "... and must use the real connection endpoints and discard the protocol block including the family which is ignored." */
        v->family = WTL_VIA_LOCAL;
        return WTL_OK;
    }
    wtl_rd r = wtl_rd_of((wtl_bytes){header.p + WTL_VIA_HEAD, header.n - WTL_VIA_HEAD});
    v->family = WTL_VIA_UNSPEC;
    ENSURE(read_addresses(v, header.p[13], &r), err, WTL_FORMAT,
           "the PROXY header has the family 0x%02x, which is unknown or needs more than its %zu bytes",
           header.p[13], header.n);
    v->tlvs = (wtl_bytes){r.p, r.n};
    return check_tlvs(v->tlvs, header, err);
}

int wtl_via_read(wtl_via *v, enum wtl_hello_state *state, size_t *used, wtl_bytes in, wtl_err *err)
{
    memset(v, 0, sizeof *v);
    *state = WTL_HELLO_MORE;
    *used = 0;
    if (in.n == 0)
        return WTL_OK;
    TRY(check_begin(in, err));
    TRY(check_head(in, err));
    if (in.n < WTL_VIA_HEAD)
        return WTL_OK;
    size_t n = WTL_VIA_HEAD + ((size_t)in.p[14] << 8 | in.p[15]);
    if (in.n < n)
        return WTL_OK;
    int rc = read_header(v, (wtl_bytes){in.p, n}, err);
    if (rc < 0) {
        memset(v, 0, sizeof *v);
        return rc;
    }
    *state = WTL_HELLO_WHOLE;
    *used = n;
    return WTL_OK;
}

/* Nothing is written for what is not known. */
static void add_tlv(wtl_buf *out, uint8_t type, wtl_bytes value)
{
    if (value.n == 0)
        return;
    wtl_buf_u8(out, type);
    wtl_buf_u16(out, (uint16_t)value.n);
    wtl_buf_bytes(out, value);
}

static void add_text(wtl_buf *out, uint8_t type, const char *s)
{
    if (s != NULL)
        add_tlv(out, type, wtl_text_of(s));
}

static void add_ssl(wtl_buf *out, const wtl_via_tls *t)
{
    if (t->version == NULL)
        return;
    size_t head = out->n;
    wtl_buf_u8(out, TYPE_SSL);
    wtl_buf_u16(out, 0);
    unsigned flags = CLIENT_SSL;
    if (t->verified)
        flags |= CLIENT_CERT_SESS | (t->resumed ? 0 : CLIENT_CERT_CONN);
    wtl_buf_u8(out, (uint8_t)flags);
    wtl_buf_u32(out, t->verified ? 0 : 1);
    add_text(out, TYPE_SSL_VERSION, t->version);
    add_text(out, TYPE_SSL_CIPHER, t->cipher);
    if (t->verified)
        add_text(out, TYPE_SSL_CN, t->peer_name);
    if (out->bad)
        return;
    size_t n = out->n - head - 3;
    out->p[head + 1] = (uint8_t)(n >> 8);
    out->p[head + 2] = (uint8_t)n;
}

/* The byte of family and transport, and the addresses behind the fixed part. A path of a UNIX socket is not known: it is said
 * to have none. */
static uint8_t add_addresses(wtl_buf *out, const wtl_via *v)
{
    size_t n = v->family == WTL_VIA_IPV4 ? 4 : 16;
    if (v->family == WTL_VIA_UNIX)
        wtl_buf_zero(out, UNIX_PATHS);
    if (v->family != WTL_VIA_IPV4 && v->family != WTL_VIA_IPV6)
        return v->family == WTL_VIA_UNIX ? 0x31 : 0x00;
    wtl_buf_add(out, v->from, n);
    wtl_buf_add(out, v->to, n);
    wtl_buf_u16(out, v->from_port);
    wtl_buf_u16(out, v->to_port);
    return v->family == WTL_VIA_IPV4 ? 0x11 : 0x21;
}

static bool too_long(const char *s)
{
    return s != NULL && strlen(s) > WTL_VIA_MOST;
}

int wtl_via_write(wtl_buf *out, const wtl_via *v, const wtl_via_tls *tls, wtl_err *err)
{
    size_t begin = out->n;
    ENSURE(!too_long(tls->version) && !too_long(tls->cipher) && !too_long(tls->peer_name) &&
               !too_long(tls->server_name) && !too_long(tls->group) && tls->alpn.n <= WTL_VIA_MOST,
           err, WTL_FORMAT, "a name is too long for a PROXY header");
    wtl_buf_add(out, signature, SIGNATURE);
    wtl_buf_u8(out, v->family == WTL_VIA_LOCAL ? LOCAL : PROXY);
    wtl_buf_zero(out, 3);
    uint8_t family = add_addresses(out, v);
    if (v->family != WTL_VIA_LOCAL) {
        add_tlv(out, TYPE_ALPN, tls->alpn);
        add_text(out, TYPE_AUTHORITY, tls->server_name);
        add_ssl(out, tls);
        add_text(out, TYPE_GROUP, tls->group);
    }
    TRY(wtl_buf_check(out, err));
    size_t n = out->n - begin;
    if (n > WTL_VIA_MOST) {
        out->n = begin;
        return WTL_FAIL(err, WTL_FORMAT, "a PROXY header of %zu bytes is too long; %d are the most", n,
                        WTL_VIA_MOST);
    }
    n -= WTL_VIA_HEAD;
    out->p[begin + 13] = family;
    out->p[begin + 14] = (uint8_t)(n >> 8);
    out->p[begin + 15] = (uint8_t)n;
    return WTL_OK;
}
