#include "hello/server.h"

#include <string.h>

#include "hello/ext.h"
#include "hello/record.h"

static const char hello[] = "ServerHello";

enum { RANDOM = 32, SESSION = 32, TLS12 = 0x0303, TLS13 = 0x0304, ALERT = 21 };

/* The random of a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[RANDOM] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                             0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                             0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* RFC 8446 section 6, RFC 5246 section 7.2 and the registry "TLS Alerts". */
static const struct {
    uint8_t code;
    const char *name;
} alerts[] = {{0, "close_notify"},
              {10, "unexpected_message"},
              {20, "bad_record_mac"},
              {21, "decryption_failed"},
              {22, "record_overflow"},
              {30, "decompression_failure"},
              {40, "handshake_failure"},
              {41, "no_certificate"},
              {42, "bad_certificate"},
              {43, "unsupported_certificate"},
              {44, "certificate_revoked"},
              {45, "certificate_expired"},
              {46, "certificate_unknown"},
              {47, "illegal_parameter"},
              {48, "unknown_ca"},
              {49, "access_denied"},
              {50, "decode_error"},
              {51, "decrypt_error"},
              {60, "export_restriction"},
              {70, "protocol_version"},
              {71, "insufficient_security"},
              {80, "internal_error"},
              {86, "inappropriate_fallback"},
              {90, "user_canceled"},
              {100, "no_renegotiation"},
              {109, "missing_extension"},
              {110, "unsupported_extension"},
              {111, "certificate_unobtainable"},
              {112, "unrecognized_name"},
              {113, "bad_certificate_status_response"},
              {114, "bad_certificate_hash_value"},
              {115, "unknown_psk_identity"},
              {116, "certificate_required"},
              {120, "no_application_protocol"},
              {121, "ech_required"}};

static const char *alert_name(uint8_t code)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].code == code)
            return alerts[i].name;
    }
    return "of no known name";
}

static bool is_alert(wtl_bytes in)
{
    return in.n > 0 && in.p[0] == ALERT && (in.n < 2 || in.p[1] == 3);
}

/* A whole alert is an answer; of a part of one more is awaited. */
static int read_alert(wtl_bytes in, wtl_err *err)
{
    if (in.n < 5)
        return WTL_OK;
    ENSURE(in.p[3] == 0 && in.p[4] == 2, err, WTL_FORMAT, "the server sends an alert of %u bytes, not 2",
           (unsigned)in.p[3] << 8 | in.p[4]);
    if (in.n < 7)
        return WTL_OK;
    ENSURE(in.p[5] == 1 || in.p[5] == 2, err, WTL_FORMAT, "the server sends an alert of level %u, not 1 or 2",
           in.p[5]);
    return WTL_FAIL(err, WTL_NO, "the server answers with the alert %s (%u)", alert_name(in.p[6]), in.p[6]);
}

/* What the extensions said beside the structure's fields. */
typedef struct said {
    bool tls13, share;
} said;

/* RFC 8446 section 4.2.8: the group alone in a HelloRetryRequest, with a key in a ServerHello. */
static bool read_share(wtl_hello_server *h, wtl_rd *r)
{
    h->group = wtl_rd_u16(r);
    return (h->retry || wtl_ext_vector16(r).n > 0) && h->group != 0;
}

static bool read_extension(wtl_hello_server *h, said *s, uint16_t type, wtl_rd *r)
{
    switch (type) {
    case WTL_EXT_VERSIONS:
        h->version = wtl_rd_u16(r);
        s->tls13 = true;
        return h->version == TLS13; /* "MUST NOT send a version prior to TLS 1.3" here (section 4.2.1) */
    case WTL_EXT_SHARES:
        s->share = true;
        return read_share(h, r);
    case WTL_EXT_PSK:
        h->psk = true;
        (void)wtl_rd_u16(r);
        return !h->retry;
    default:
        (void)wtl_rd_take(r, r->n);
        return true;
    }
}

static int read_extensions(wtl_hello_server *h, said *s, wtl_bytes all, wtl_err *err)
{
    wtl_ext_set seen = {0};
    wtl_rd list = wtl_rd_of(all);
    while (list.n > 0) {
        uint16_t type;
        wtl_bytes body;
        TRY(wtl_ext_next(&list, &seen, &type, &body, hello, err));
        wtl_rd r = wtl_rd_of(body);
        if (!read_extension(h, s, type, &r) || !wtl_rd_done(&r))
            return wtl_ext_fail(type, hello, err);
    }
    return WTL_OK;
}

/* What belongs together; `left` bytes follow in the same record. */
static int check(const wtl_hello_server *h, const said *s, uint16_t legacy, size_t left, wtl_err *err)
{
    if (!s->tls13) {
        ENSURE(!h->retry && !s->share && !h->psk, err, WTL_FORMAT,
               "the %s has parts of TLS 1.3 but does not say that it is of it", hello);
        return WTL_OK;
    }
    ENSURE(legacy == TLS12, err, WTL_FORMAT,
           "the %s of TLS 1.3 has the legacy version 0x%04x instead of 0x0303", hello, legacy);
    ENSURE(h->retry || s->share || h->psk, err, WTL_FORMAT,
           "the %s of TLS 1.3 has neither a key share nor a pre-shared key", hello);
    /* Keys change after it: "Implementations MUST verify that all messages immediately preceding a key change align with a record
     * boundary" (RFC 8446 section 5.1). */
    ENSURE(h->retry || left == 0, err, WTL_FORMAT, "the server sends %zu bytes more in the record of its %s",
           left, hello);
    return WTL_OK;
}

static int read_body(wtl_hello_server *h, wtl_bytes body, size_t left, wtl_err *err)
{
    wtl_rd r = wtl_rd_of(body);
    said s = {0};
    uint16_t legacy = h->version = wtl_rd_u16(&r);
    wtl_bytes random = wtl_rd_take(&r, RANDOM);
    wtl_bytes session = wtl_ext_vector8(&r);
    h->cipher = wtl_rd_u16(&r);
    uint8_t compression = wtl_rd_u8(&r);
    ENSURE(!r.bad, err, WTL_FORMAT, "the %s is shorter than its parts", hello);
    ENSURE(legacy >= 0x0301 && legacy <= TLS12, err, WTL_FORMAT,
           "the %s has the legacy version 0x%04x, which is none of TLS 1.0 to 1.2", hello, legacy);
    ENSURE(session.n <= SESSION, err, WTL_FORMAT, "the %s has a session ID of %zu bytes", hello, session.n);
    ENSURE(compression == 0, err, WTL_FORMAT, "the %s asks for compression, which is not to be had", hello);
    h->retry = memcmp(random.p, retry_random, RANDOM) == 0;
    if (r.n > 0) {
        wtl_bytes extensions = wtl_ext_vector16(&r);
        ENSURE(wtl_rd_done(&r), err, WTL_FORMAT, "the extensions of the %s do not end where it ends", hello);
        TRY(read_extensions(h, &s, extensions, err));
    }
    return check(h, &s, legacy, left, err);
}

int wtl_hello_server_read(wtl_hello_server *h, enum wtl_hello_state *state, size_t *used, wtl_buf *message,
                          wtl_bytes in, wtl_err *err)
{
    static const wtl_record_of of = {.who = "the server", .name = hello, .type = 2, .least = 38};
    size_t left;
    memset(h, 0, sizeof *h);
    *state = WTL_HELLO_MORE;
    *used = 0;
    if (is_alert(in))
        return read_alert(in, err);
    TRY(wtl_record_gather(&of, state, used, &left, message, in, err));
    if (*state == WTL_HELLO_MORE)
        return WTL_OK;
    int rc = read_body(h, wtl_record_body(message), left, err);
    if (rc < 0) {
        memset(h, 0, sizeof *h);
        *state = WTL_HELLO_MORE;
        *used = 0;
    }
    return rc;
}
