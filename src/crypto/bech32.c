#include "crypto/bech32.h"

#include <string.h>

enum { CHECKSUM = 6 };
static const char digits[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Characters for n bytes: five bits in each. */
static size_t chars_for(size_t bytes)
{
    return (bytes * 8 + 4) / 5;
}

size_t wtl_bech32_size(size_t prefix, size_t bytes)
{
    return prefix + 1 + chars_for(bytes) + CHECKSUM;
}

/* All ones when a == b, else zero, for values below 256. */
static uint32_t same(uint32_t a, uint32_t b)
{
    return 0u - (((a ^ b) - 1) >> 31);
}

/* No table look-up: the digit may be secret. */
static uint8_t digit_char(uint32_t digit)
{
    uint32_t c = 0;
    for (uint32_t i = 0; i < 32; i++)
        c |= same(i, digit) & (uint8_t)digits[i];
    return (uint8_t)c;
}

/* 0 to 31, or 32 and more for a character that is no digit. */
static uint32_t digit_value(uint8_t lower)
{
    uint32_t v = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t hit = same(lower, (uint8_t)digits[i]);
        v |= hit & i;
        found |= hit;
    }
    return v | (~found & 32);
}

static uint32_t polymod(uint32_t sum, uint32_t digit)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ digit;
    for (unsigned i = 0; i < 5; i++)
        sum ^= (0u - (top >> i & 1)) & generator[i];
    return sum;
}

static uint32_t polymod_prefix(const char *prefix, size_t n)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < n; i++)
        sum = polymod(sum, (uint8_t)prefix[i] >> 5);
    sum = polymod(sum, 0);
    for (size_t i = 0; i < n; i++)
        sum = polymod(sum, (uint8_t)prefix[i] & 31);
    return sum;
}

/* Five bits of the data from bit `at`, zeros past its end. */
static uint32_t five_bits(wtl_bytes data, size_t at)
{
    size_t i = at / 8;
    uint32_t two = (uint32_t)data.p[i] << 8 | (i + 1 < data.n ? data.p[i + 1] : 0u);
    return two >> (11 - at % 8) & 31;
}

void wtl_bech32_encode(char *out, const char *prefix, wtl_bytes data, bool upper)
{
    size_t n = strlen(prefix);
    uint32_t sum = polymod_prefix(prefix, n);
    memcpy(out, prefix, n);
    out[n] = '1';
    char *to = out + n + 1;
    for (size_t i = 0; i < chars_for(data.n); i++) {
        uint32_t digit = five_bits(data, 5 * i);
        sum = polymod(sum, digit);
        *to++ = (char)digit_char(digit);
    }
    for (unsigned i = 0; i < CHECKSUM; i++)
        sum = polymod(sum, 0);
    sum ^= 1;
    for (unsigned i = 0; i < CHECKSUM; i++)
        *to++ = (char)digit_char(sum >> (5 * (CHECKSUM - 1 - i)) & 31);
    for (char *c = out; upper && c < to; c++)
        *c = (char)(*c - (char)(32u & (0u - (uint32_t)(*c >= 'a' && *c <= 'z'))));
}

static uint8_t lower(uint8_t c)
{
    return (uint8_t)(c + (32u & (0u - (uint32_t)(c >= 'A' && c <= 'Z'))));
}

/* "Decoders MUST NOT accept strings where some characters are uppercase and some are lowercase" (BIP 173) */
static bool one_case(wtl_bytes text)
{
    uint32_t uppers = 0;
    uint32_t lowers = 0;
    for (size_t i = 0; i < text.n; i++) {
        uppers |= (uint32_t)(text.p[i] >= 'A' && text.p[i] <= 'Z');
        lowers |= (uint32_t)(text.p[i] >= 'a' && text.p[i] <= 'z');
    }
    return WTL_CT_PUBLIC(uppers & lowers) == 0;
}

static bool has_prefix(wtl_bytes text, const char *prefix, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i >= text.n || lower(text.p[i]) != (uint8_t)prefix[i])
            return false;
    }
    return text.n > n && text.p[n] == '1';
}

/* Bits that the characters hold beyond whole bytes: the last digit's low ones, which must be zero. */
static uint32_t pad_mask(size_t bytes)
{
    return (1u << (chars_for(bytes) * 5 - bytes * 8)) - 1;
}

/* Fills data[n] from the digits; false when a character, the checksum or the padding is wrong. */
static bool decode(uint8_t *data, size_t n, wtl_bytes chars, uint32_t sum)
{
    uint32_t bits = 0;
    unsigned have = 0;
    uint32_t wrong = 0;
    size_t body = chars.n - CHECKSUM;
    for (size_t i = 0; i < chars.n; i++) {
        uint32_t digit = digit_value(lower(chars.p[i]));
        wrong |= digit & 32;
        sum = polymod(sum, digit & 31);
        if (i >= body)
            continue;
        bits = bits << 5 | (digit & 31);
        have += 5;
        if (have >= 8) {
            have -= 8;
            *data++ = (uint8_t)(bits >> have);
        }
        if (i + 1 == body)
            wrong |= bits & pad_mask(n);
    }
    return WTL_CT_PUBLIC(wrong | (sum ^ 1)) == 0;
}

int wtl_bech32_decode(wtl_secret *data, const char *prefix, size_t n, wtl_bytes text, wtl_err *err)
{
    *data = (wtl_secret){0};
    size_t head = strlen(prefix);
    ENSURE(has_prefix(text, prefix, head), err, WTL_FORMAT, "the text does not begin with %s1", prefix);
    ENSURE(text.n == wtl_bech32_size(head, n), err, WTL_FORMAT,
           "the text that begins with %s1 has %zu characters instead of %zu", prefix, text.n,
           wtl_bech32_size(head, n));
    ENSURE(one_case(text), err, WTL_FORMAT, "the text that begins with %s1 mixes upper and lower case",
           prefix);
    TRY(wtl_secret_new(data, n, err));
    wtl_bytes chars = {text.p + head + 1, text.n - head - 1};
    if (decode(data->p, n, chars, polymod_prefix(prefix, head)))
        return WTL_OK;
    wtl_secret_free(data);
    return WTL_FAIL(err, WTL_FORMAT, "the text that begins with %s1 has a wrong character or checksum",
                    prefix);
}
