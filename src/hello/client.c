#include "hello/client.h"

#include <string.h>

#include "hello/ext.h"
#include "hello/record.h"

static const char hello[] = "ClientHello";

enum { LABEL = 63, NAME = 253, RANDOM = 32, SESSION = 32, TLS13 = 0x0304 };
enum { ILLEGAL_PARAMETER = 47, DECODE_ERROR = 50 };

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Letters, digits, '-' and '_' in labels of 1 to 63, 253 in all, no dot at the end (RFC 6066 section 3, RFC 1035 section 2.3.4). */
static bool take_name(char to[static WTL_HELLO_NAME + 1], wtl_bytes v)
{
    size_t label = 0;
    if (v.n == 0 || v.n > NAME)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i] >= 'A' && v.p[i] <= 'Z' ? (uint8_t)(v.p[i] | 0x20) : v.p[i];
        bool dot = c == '.';
        if (dot ? label == 0 : !is_name_char(c) || label == LABEL)
            return false;
        label = dot ? 0 : label + 1;
        to[i] = (char)c;
    }
    to[v.n] = '\0';
    return label > 0;
}

/* One name and no more, as every TLS library has it; other kinds than host_name were never defined. */
static bool read_server_name(wtl_hello_client *h, wtl_rd *r)
{
    wtl_rd list = wtl_rd_of(wtl_ext_vector16(r));
    uint8_t kind = wtl_rd_u8(&list);
    wtl_bytes name = wtl_ext_vector16(&list);
    return kind == 0 && wtl_rd_done(&list) && take_name(h->server_name, name);
}

static bool read_alpn(wtl_hello_client *h, wtl_rd *r)
{
    h->alpn = wtl_ext_vector16(r);
    wtl_rd list = wtl_rd_of(h->alpn);
    if (list.n == 0)
        return false;
    while (list.n > 0 && !list.bad) {
        if (wtl_ext_vector8(&list).n == 0)
            return false;
    }
    return !list.bad;
}

/* A list of 16-bit numbers. */
static bool read_numbers(wtl_bytes *to, wtl_bytes v)
{
    *to = v;
    return v.n >= 2 && v.n % 2 == 0;
}

static bool read_versions(wtl_hello_client *h, wtl_rd *r)
{
    wtl_bytes list;
    if (!read_numbers(&list, wtl_ext_vector8(r)))
        return false;
    for (size_t i = 0; i < list.n; i += 2)
        h->tls13 = h->tls13 || (list.p[i] << 8 | list.p[i + 1]) == TLS13;
    return true;
}

/* What is well formed, but forbidden. */
static bool illegal(wtl_hello_client *h)
{
    h->alert = ILLEGAL_PARAMETER;
    return false;
}

/* RFC 8446 section 4.2.8: "Clients MUST NOT offer multiple KeyShareEntry values for the same group." The list may be empty. */
static bool read_shares(wtl_hello_client *h, wtl_rd *r)
{
    wtl_ext_set seen = {0};
    h->shares = wtl_ext_vector16(r);
    wtl_rd list = wtl_rd_of(h->shares);
    while (list.n > 0 && !list.bad) {
        uint16_t group = wtl_rd_u16(&list);
        wtl_bytes key = wtl_ext_vector16(&list);
        if (key.n == 0)
            return false;
        if (!wtl_ext_add(&seen, group))
            return illegal(h);
    }
    return !list.bad;
}

/* As many binders as identities (RFC 8446 section 4.2.11). */
static bool read_psk(wtl_hello_client *h, wtl_rd *r)
{
    wtl_rd identities = wtl_rd_of(wtl_ext_vector16(r));
    wtl_rd binders = wtl_rd_of(wtl_ext_vector16(r));
    if (identities.n == 0)
        return false;
    while (identities.n > 0 && !identities.bad) {
        wtl_bytes identity = wtl_ext_vector16(&identities);
        (void)wtl_rd_u32(&identities); /* the ticket's age */
        if (identity.n == 0 || wtl_ext_vector8(&binders).n < 32)
            return false;
    }
    h->psk = true;
    return !identities.bad && wtl_rd_done(&binders);
}

static bool read_extension(wtl_hello_client *h, uint16_t type, wtl_rd *r)
{
    switch (type) {
    case WTL_EXT_SERVER_NAME:
        return read_server_name(h, r);
    case WTL_EXT_ALPN:
        return read_alpn(h, r);
    case WTL_EXT_GROUPS:
        return read_numbers(&h->groups, wtl_ext_vector16(r));
    case WTL_EXT_SIGNATURES:
        return read_numbers(&h->signatures, wtl_ext_vector16(r));
    case WTL_EXT_VERSIONS:
        return read_versions(h, r);
    case WTL_EXT_SHARES:
        return read_shares(h, r);
    case WTL_EXT_COOKIE:
        h->retried = true;
        return wtl_ext_vector16(r).n > 0;
    case WTL_EXT_PSK_MODES:
        return wtl_ext_vector8(r).n > 0;
    case WTL_EXT_PSK:
        return read_psk(h, r);
    default:
        (void)wtl_rd_take(r, r->n);
        return true;
    }
}

/* RFC 8446 section 4.2.8: "Clients MUST NOT offer any KeyShareEntry values for groups not listed in the client's supported_groups
 * extension." */
static int check_shares(wtl_hello_client *h, wtl_err *err)
{
    wtl_ext_set groups = {0};
    wtl_rd list = wtl_rd_of(h->groups);
    if (h->shares.n == 0)
        return WTL_OK;
    while (list.n > 0)
        (void)wtl_ext_add(&groups, wtl_rd_u16(&list));
    list = wtl_rd_of(h->shares);
    while (list.n > 0) {
        uint16_t group = wtl_rd_u16(&list);
        (void)wtl_ext_vector16(&list);
        ENSURE(wtl_ext_has(&groups, group) || illegal(h), err, WTL_FORMAT,
               "the %s has a key share of group 0x%04x, which it does not offer", hello, group);
    }
    return WTL_OK;
}

static int read_extensions(wtl_hello_client *h, wtl_bytes all, wtl_err *err)
{
    wtl_ext_set seen = {0};
    wtl_rd list = wtl_rd_of(all);
    while (list.n > 0) {
        uint16_t type;
        wtl_bytes body;
        TRY(wtl_ext_next(&list, &seen, &type, &body, hello, err));
        wtl_rd r = wtl_rd_of(body);
        if (!read_extension(h, type, &r) || !wtl_rd_done(&r))
            return wtl_ext_fail(type, hello, err);
        /* "The pre_shared_key extension MUST be the last extension in the ClientHello" (RFC 8446 section 4.2.11). */
        ENSURE(type != WTL_EXT_PSK || list.n == 0 || illegal(h), err, WTL_FORMAT,
               "the %s has extensions after pre_shared_key, which must be the last", hello);
    }
    ENSURE(!h->psk || wtl_ext_has(&seen, WTL_EXT_PSK_MODES), err, WTL_FORMAT,
           "the %s has pre_shared_key without psk_key_exchange_modes", hello);
    return check_shares(h, err);
}

static int read_body(wtl_hello_client *h, wtl_bytes body, wtl_err *err)
{
    wtl_rd r = wtl_rd_of(body);
    h->legacy_version = wtl_rd_u16(&r);
    (void)wtl_rd_take(&r, RANDOM);
    wtl_bytes session = wtl_ext_vector8(&r);
    wtl_bytes ciphers = wtl_ext_vector16(&r);
    wtl_bytes compression = wtl_ext_vector8(&r);
    ENSURE(!r.bad, err, WTL_FORMAT, "the %s is shorter than its parts", hello);
    ENSURE(h->legacy_version >= 0x0301 && h->legacy_version <= 0x0303, err, WTL_FORMAT,
           "the %s has the legacy version 0x%04x, which is none of TLS 1.0 to 1.2", hello, h->legacy_version);
    ENSURE(session.n <= SESSION, err, WTL_FORMAT, "the %s has a session ID of %zu bytes", hello, session.n);
    ENSURE(ciphers.n >= 2 && ciphers.n % 2 == 0, err, WTL_FORMAT, "the %s has %zu bytes of cipher suites",
           hello, ciphers.n);
    ENSURE(compression.n > 0 && (memchr(compression.p, 0, compression.n) != NULL || illegal(h)), err,
           WTL_FORMAT, "the %s does not offer to do without compression", hello);
    if (r.n == 0) /* before TLS 1.3 there may be no extensions */
        return WTL_OK;
    wtl_bytes extensions = wtl_ext_vector16(&r);
    ENSURE(wtl_rd_done(&r), err, WTL_FORMAT, "the extensions of the %s do not end where it ends", hello);
    return read_extensions(h, extensions, err);
}

int wtl_hello_client_read(wtl_hello_client *h, enum wtl_hello_state *state, size_t *used, wtl_buf *message,
                          wtl_bytes in, wtl_err *err)
{
    static const wtl_record_of of = {
        .who = "the client", .name = hello, .type = 1, .least = 41, .alone = true};
    size_t left;
    *h = (wtl_hello_client){.alert = DECODE_ERROR};
    TRY(wtl_record_gather(&of, state, used, &left, message, in, err));
    if (*state == WTL_HELLO_MORE) {
        h->alert = 0;
        return WTL_OK;
    }
    int rc = read_body(h, wtl_record_body(message), err);
    if (rc == WTL_OK) {
        h->alert = 0;
    } else {
        *h = (wtl_hello_client){.alert = h->alert};
        *state = WTL_HELLO_MORE;
        *used = 0;
    }
    return rc;
}

bool wtl_hello_client_offers(const wtl_hello_client *h, uint16_t group)
{
    for (size_t i = 0; i + 1 < h->groups.n; i += 2) {
        if ((h->groups.p[i] << 8 | h->groups.p[i + 1]) == group)
            return true;
    }
    return false;
}

bool wtl_hello_client_shares(const wtl_hello_client *h, uint16_t group)
{
    wtl_rd list = wtl_rd_of(h->shares);
    while (list.n > 0 && !list.bad) {
        uint16_t of = wtl_rd_u16(&list);
        (void)wtl_ext_vector16(&list);
        if (of == group && !list.bad)
            return true;
    }
    return false;
}

bool wtl_hello_client_speaks(const wtl_hello_client *h, const char *protocol)
{
    size_t n = strlen(protocol);
    wtl_rd list = wtl_rd_of(h->alpn);
    while (list.n > 0 && !list.bad) {
        wtl_bytes name = wtl_ext_vector8(&list);
        if (name.n == n && n > 0 && memcmp(name.p, protocol, n) == 0)
            return true;
    }
    return false;
}
