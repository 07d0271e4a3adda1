#include "jose/ecsig.h"

#include "base/rd.h"

enum { HALF_MOST = 66, SEQUENCE = 0x30, INTEGER = 0x02, LONG_1 = 0x81 };

/* The number in as few bytes as DER wants: no leading zeros but the one that keeps it from being negative. */
static wtl_bytes shortest(wtl_bytes v)
{
    while (v.n > 1 && v.p[0] == 0) {
        v.p++;
        v.n--;
    }
    return v;
}

static size_t content_size(wtl_bytes v)
{
    return v.n + (v.p[0] >= 0x80 ? 1 : 0);
}

static void add_integer(wtl_buf *der, wtl_bytes v)
{
    wtl_buf_u8(der, INTEGER);
    wtl_buf_u8(der, (uint8_t)content_size(v));
    if (v.p[0] >= 0x80)
        wtl_buf_u8(der, 0);
    wtl_buf_bytes(der, v);
}

int wtl_ecsig_to_der(wtl_bytes raw, wtl_buf *der, wtl_err *err)
{
    size_t half = raw.n / 2;
    ENSURE(raw.n % 2 == 0 && half > 0 && half <= HALF_MOST, err, WTL_FORMAT,
           "an ECDSA signature of two numbers does not have %zu bytes", raw.n);
    wtl_bytes r = shortest((wtl_bytes){raw.p, half});
    wtl_bytes s = shortest((wtl_bytes){raw.p + half, half});
    size_t n = 4 + content_size(r) + content_size(s);
    wtl_buf_u8(der, SEQUENCE);
    if (n >= 0x80)
        wtl_buf_u8(der, LONG_1);
    wtl_buf_u8(der, (uint8_t)n);
    add_integer(der, r);
    add_integer(der, s);
    return wtl_buf_check(der, err);
}

/* X.690 section 8.3.2 and 10.1: short length, no superfluous byte, not negative. */
static bool take_integer(wtl_rd *in, size_t half, wtl_bytes *out)
{
    uint8_t tag = wtl_rd_u8(in);
    size_t n = wtl_rd_u8(in);
    wtl_bytes v = wtl_rd_take(in, n);
    if (in->bad || tag != INTEGER || v.n == 0 || v.p[0] >= 0x80)
        return false;
    if (v.n > 1 && v.p[0] == 0 && v.p[1] < 0x80)
        return false;
    *out = shortest(v);
    return out->n <= half;
}

int wtl_ecsig_to_raw(wtl_bytes der, size_t half, wtl_buf *raw, wtl_err *err)
{
    wtl_rd in = wtl_rd_of(der);
    wtl_bytes r;
    wtl_bytes s;
    bool good = wtl_rd_u8(&in) == SEQUENCE;
    size_t n = wtl_rd_u8(&in);
    bool is_long = n == LONG_1;
    if (is_long)
        n = wtl_rd_u8(&in);
    good = good && n == in.n && (n >= 0x80) == is_long && take_integer(&in, half, &r) &&
           take_integer(&in, half, &s) && wtl_rd_done(&in);
    ENSURE(good, err, WTL_FORMAT, "these %zu bytes are no ECDSA signature in DER", der.n);
    wtl_buf_zero(raw, half - r.n);
    wtl_buf_bytes(raw, r);
    wtl_buf_zero(raw, half - s.n);
    wtl_buf_bytes(raw, s);
    return wtl_buf_check(raw, err);
}
