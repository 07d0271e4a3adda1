#include "base/text.h"

#include <string.h>

#include "base/secret.h"

wtl_bytes wtl_text_of(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, strlen(s)};
}

bool wtl_text_eq(wtl_bytes a, const char *s)
{
    size_t n = strlen(s);
    return a.n == n && (n == 0 || memcmp(a.p, s, n) == 0);
}

static const char b64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void wtl_text_b64_encode(wtl_buf *out, wtl_bytes v)
{
    wtl_buf_reserve(out, (v.n / 3 + 1) * 4);
    for (size_t i = 0; i < v.n; i += 3) {
        size_t left = v.n - i;
        uint32_t x = (uint32_t)v.p[i] << 16;
        if (left > 1)
            x |= (uint32_t)v.p[i + 1] << 8;
        if (left > 2)
            x |= v.p[i + 2];
        char four[4] = {b64_digits[x >> 18], b64_digits[x >> 12 & 63], b64_digits[x >> 6 & 63],
                        b64_digits[x & 63]};
        if (left < 3)
            four[3] = '=';
        if (left < 2)
            four[2] = '=';
        wtl_buf_add(out, four, 4);
    }
}

static int b64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* One group of four digits; `pad` of them, at the end, are '='. */
static bool b64_group(wtl_buf *out, const uint8_t *c, unsigned pad)
{
    uint32_t x = 0;
    for (unsigned i = 0; i < 4; i++) {
        int v = i < 4 - pad ? b64_value(c[i]) : 0;
        if (v < 0)
            return false;
        x = x << 6 | (uint32_t)v;
    }
    if ((pad == 1 && (x & 0xff) != 0) || (pad == 2 && (x & 0xffff) != 0))
        return false;
    uint8_t three[3] = {(uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x};
    wtl_buf_add(out, three, 3 - pad);
    return true;
}

int wtl_text_b64_decode(wtl_buf *out, wtl_bytes text, wtl_err *err)
{
    ENSURE(text.n % 4 == 0, err, WTL_FORMAT, "base64 text has a length of %zu, which is no multiple of 4",
           text.n);
    wtl_buf_reserve(out, text.n / 4 * 3);
    for (size_t i = 0; i < text.n; i += 4) {
        const uint8_t *c = text.p + i;
        unsigned pad = 0;
        if (i + 4 == text.n && c[3] == '=')
            pad = c[2] == '=' ? 2 : 1;
        ENSURE(b64_group(out, c, pad), err, WTL_FORMAT, "base64 text is not canonical near character %zu", i);
    }
    return wtl_buf_check(out, err);
}

/* All ones when lo <= c <= hi, else zero, for values below 2^31. */
static uint32_t within(uint32_t c, uint32_t lo, uint32_t hi)
{
    return 0u - (((lo - 1 - c) & (c - hi - 1)) >> 31);
}

uint32_t wtl_text_b64_digit_value(uint8_t c, char d62, char d63)
{
    uint32_t upper = within(c, 'A', 'Z');
    uint32_t lower = within(c, 'a', 'z');
    uint32_t number = within(c, '0', '9');
    uint32_t is62 = within(c, (uint8_t)d62, (uint8_t)d62);
    uint32_t is63 = within(c, (uint8_t)d63, (uint8_t)d63);
    uint32_t v = (upper & (c - 'A')) | (lower & (c - 'a' + 26u)) | (number & (c - '0' + 52u)) | (is62 & 62) |
                 (is63 & 63);
    return v | (~(upper | lower | number | is62 | is63) & 64);
}

uint8_t wtl_text_b64_digit(uint32_t v, char d62, char d63)
{
    uint32_t c = (within(v, 0, 25) & (v + 'A')) | (within(v, 26, 51) & (v - 26 + 'a')) |
                 (within(v, 52, 61) & (v - 52 + '0')) | (within(v, 62, 62) & (uint8_t)d62) |
                 (within(v, 63, 63) & (uint8_t)d63);
    return (uint8_t)c;
}

size_t wtl_text_b64url_size(size_t n)
{
    return n / 3 * 4 + (n % 3 > 0 ? n % 3 + 1 : 0);
}

void wtl_text_b64url_put(uint8_t *to, wtl_bytes v)
{
    uint32_t x = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < v.n; i++) {
        x = x << 8 | v.p[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *to++ = wtl_text_b64_digit(x >> (bits - 6) & 63, '-', '_');
    }
    if (bits > 0)
        *to = wtl_text_b64_digit(x << (6 - bits) & 63, '-', '_');
}

void wtl_text_b64url_encode(wtl_buf *out, wtl_bytes v)
{
    uint8_t *to = wtl_buf_grow(out, wtl_text_b64url_size(v.n));
    if (to != NULL)
        wtl_text_b64url_put(to, v);
}

/* Whether the text is the canonical form of exactly n bytes; they are written as far as it goes. */
static bool b64url_take(uint8_t *to, size_t n, wtl_bytes text)
{
    uint32_t x = 0;
    uint32_t wrong = 0;
    unsigned bits = 0;
    size_t done = 0;
    if (text.n != wtl_text_b64url_size(n))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t v = wtl_text_b64_digit_value(text.p[i], '-', '_');
        wrong |= v & 64;
        x = x << 6 | (v & 63);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            to[done++] = (uint8_t)(x >> bits);
        }
    }
    wrong |= x & ((1u << bits) - 1);
    return WTL_CT_PUBLIC(wrong) == 0;
}

int wtl_text_b64url_take(uint8_t *to, size_t n, wtl_bytes text, wtl_err *err)
{
    if (b64url_take(to, n, text))
        return WTL_OK;
    if (n > 0)
        memset(to, 0, n);
    return WTL_FAIL(err, WTL_FORMAT, "these %zu characters are not the base64url form of %zu bytes", text.n,
                    n);
}

int wtl_text_b64url_decode(wtl_buf *out, wtl_bytes text, wtl_err *err)
{
    ENSURE(text.n % 4 != 1, err, WTL_FORMAT, "base64url text has a length of %zu, which no bytes have",
           text.n);
    size_t before = out->n;
    size_t n = text.n / 4 * 3 + (text.n % 4 > 0 ? text.n % 4 - 1 : 0);
    uint8_t *to = wtl_buf_grow(out, n);
    TRY(wtl_buf_check(out, err));
    int rc = wtl_text_b64url_take(to, n, text, err);
    if (rc < 0)
        out->n = before;
    return rc;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int wtl_text_hex_decode(wtl_buf *out, wtl_bytes text, wtl_err *err)
{
    ENSURE(text.n % 2 == 0, err, WTL_FORMAT, "hexadecimal text has the odd length %zu", text.n);
    for (size_t i = 0; i < text.n; i += 2) {
        int hi = hex_value(text.p[i]);
        int lo = hex_value(text.p[i + 1]);
        ENSURE(hi >= 0 && lo >= 0, err, WTL_FORMAT, "text is not lower-case hexadecimal near character %zu",
               i);
        wtl_buf_u8(out, (uint8_t)(hi << 4 | lo));
    }
    return wtl_buf_check(out, err);
}

size_t wtl_text_utf8_len(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c < 0x80)
        return c != 0;
    size_t len = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (len == 0 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f))
        return 0;
    if ((c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

bool wtl_text_is_utf8(wtl_bytes v)
{
    for (size_t i = 0; i < v.n;) {
        size_t len = wtl_text_utf8_len(v.p + i, v.n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

void wtl_text_quote(wtl_buf *out, wtl_bytes v)
{
    for (size_t i = 0; i < v.n;) {
        uint8_t c = v.p[i];
        size_t len = wtl_text_utf8_len(v.p + i, v.n - i);
        bool c1_control = len == 2 && c == 0xc2 && v.p[i + 1] < 0xa0;
        if (len == 0 || c < 0x20 || c == 0x7f || c == '"' || c == '\\' || c1_control) {
            wtl_buf_fmt(out, "\\x%02x", c);
            i++;
            continue;
        }
        wtl_buf_add(out, v.p + i, len);
        i += len;
    }
}
