#include "jose/b64url.h"

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* One more than a digit's value; 0 for what is none. */
static const uint8_t value[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/* Wraps around to more than 63 for what is no digit. */
static uint32_t value_of(uint8_t c)
{
    return value[c] - 1u;
}

void wtl_b64url_encode(wtl_buf *out, wtl_bytes v)
{
    size_t rest = v.n % 3;
    uint8_t *to = wtl_buf_grow(out, v.n / 3 * 4 + (rest > 0 ? rest + 1 : 0));
    size_t i = 0;
    if (to == NULL)
        return;
    for (; i + 3 <= v.n; i += 3) {
        uint32_t x = (uint32_t)v.p[i] << 16 | (uint32_t)v.p[i + 1] << 8 | v.p[i + 2];
        *to++ = (uint8_t)digit[x >> 18];
        *to++ = (uint8_t)digit[x >> 12 & 63];
        *to++ = (uint8_t)digit[x >> 6 & 63];
        *to++ = (uint8_t)digit[x & 63];
    }
    if (rest == 0)
        return;
    uint32_t x = (uint32_t)v.p[i] << 16 | (rest > 1 ? (uint32_t)v.p[i + 1] << 8 : 0);
    *to++ = (uint8_t)digit[x >> 18];
    *to++ = (uint8_t)digit[x >> 12 & 63];
    if (rest > 1)
        *to = (uint8_t)digit[x >> 6 & 63];
}

/* The last two or three digits, of which the bits beyond whole bytes must be zero. */
static bool decode_rest(uint8_t *to, const uint8_t *c, size_t rest)
{
    uint32_t a = value_of(c[0]);
    uint32_t b = value_of(c[1]);
    uint32_t d = rest > 2 ? value_of(c[2]) : 0;
    if ((a | b | d) > 63 || (rest > 2 ? d & 3 : b & 15) != 0)
        return false;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    if (rest > 2)
        to[1] = (uint8_t)(b << 4 | d >> 2);
    return true;
}

static bool decode(uint8_t *to, wtl_bytes text)
{
    uint32_t all = 0;
    size_t whole = text.n / 4 * 4;
    for (size_t i = 0; i < whole; i += 4) {
        uint32_t a = value_of(text.p[i]);
        uint32_t b = value_of(text.p[i + 1]);
        uint32_t c = value_of(text.p[i + 2]);
        uint32_t d = value_of(text.p[i + 3]);
        uint32_t x = a << 18 | b << 12 | c << 6 | d;
        all |= a | b | c | d;
        *to++ = (uint8_t)(x >> 16);
        *to++ = (uint8_t)(x >> 8);
        *to++ = (uint8_t)x;
    }
    return all <= 63 && (text.n == whole || decode_rest(to, text.p + whole, text.n - whole));
}

int wtl_b64url_decode(wtl_buf *out, wtl_bytes text, wtl_err *err)
{
    size_t had = out->n;
    size_t rest = text.n % 4;
    ENSURE(rest != 1, err, WTL_FORMAT, "no base64url has %zu characters", text.n);
    uint8_t *to = wtl_buf_grow(out, text.n / 4 * 3 + (rest > 0 ? rest - 1 : 0));
    TRY(wtl_buf_check(out, err));
    bool good = decode(to, text);
    if (!good)
        out->n = had;
    ENSURE(good, err, WTL_FORMAT, "these %zu characters are not canonical base64url", text.n);
    return WTL_OK;
}
