#include "vec.h"

#include "crypto/bech32.h"

enum { ROOM = 4096 };

static int decode(const char *prefix, size_t n, const char *text)
{
    wtl_secret s = {0};
    wtl_err err = {0};
    int rc = wtl_bech32_decode(&s, prefix, n, vec_text(text), &err);
    assert_true((rc == 0) == (s.p != NULL));
    assert_true(rc == 0 || err.text[0] != '\0');
    wtl_secret_free(&s);
    return rc;
}

/* BIP 173's valid strings, and those of its invalid ones that are wrong without the limit on length. */
static void bip173(void **state)
{
    (void)state;
    assert_int_equal(decode("a", 0, "A12UEL5L"), 0);
    assert_int_equal(decode("a", 0, "a12uel5l"), 0);
    assert_int_equal(
        decode("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", 0,
               "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs"),
        0);
    assert_int_equal(decode("abcdef", 20, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"), 0);
    assert_int_equal(decode("split", 30, "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"), 0);
    assert_int_equal(decode("?", 0, "?1ezyfcl"), 0);
    assert_int_equal(decode("a", 0, "A1G7SGD8"), WTL_FORMAT);  /* checksum over the upper-case prefix */
    assert_int_equal(decode("a", 0, "a12UEL5L"), WTL_FORMAT);  /* mixed case */
    assert_int_equal(decode("x", 0, "x1b4n0q5v"), WTL_FORMAT); /* b is no digit */
    assert_int_equal(decode("li", 0, "li1dgmt3"), WTL_FORMAT); /* too short a checksum */
    assert_int_equal(decode("pzry", 0, "pzry9x0s0muk"), WTL_FORMAT);
    assert_int_equal(decode("a", 0, "a12uel5m"), WTL_FORMAT);
    assert_int_equal(decode("a", 0, "a1lqfn3a"), WTL_FORMAT); /* the Bech32m checksum */
}

static void every_length_both_cases(void **state)
{
    (void)state;
    static uint8_t data[600];
    static char text[ROOM];
    uint64_t noise = 3;
    for (size_t n = 0; n < sizeof data; n += n < 70 ? 1 : 37) {
        vec_noise(&noise, data, n);
        for (int upper = 0; upper < 2; upper++) {
            size_t len = wtl_bech32_size(3, n);
            memset(text, '!', sizeof text);
            wtl_bech32_encode(text, "a1b", (wtl_bytes){data, n}, upper);
            assert_true(text[len] == '!' && memcmp(text, upper ? "A1B1" : "a1b1", 4) == 0);
            AUTO(wtl_secret) back = {0};
            assert_int_equal(wtl_bech32_decode(&back, "a1b", n, (wtl_bytes){(uint8_t *)text, len}, NULL), 0);
            assert_true(vec_same(wtl_secret_view(&back), (wtl_bytes){data, n}));
        }
    }
}

/* Any one character changed to any other byte, any truncation, any character more. */
static void every_change_is_refused(void **state)
{
    (void)state;
    uint8_t data[32];
    char text[128] = {0};
    uint64_t noise = 5;
    vec_noise(&noise, data, sizeof data);
    size_t len = wtl_bech32_size(6, sizeof data);
    wtl_bech32_encode(text, "age1pq", (wtl_bytes){data, sizeof data}, false);
    for (size_t i = 0; i < len; i++) {
        char old = text[i];
        for (int c = 0; c < 256; c++) {
            wtl_secret s = {0};
            text[i] = (char)c;
            if (text[i] == old)
                continue;
            assert_int_equal(wtl_bech32_decode(&s, "age1pq", 32, (wtl_bytes){(uint8_t *)text, len}, NULL),
                             WTL_FORMAT);
            assert_null(s.p);
        }
        text[i] = old;
    }
    for (size_t n = 0; n < sizeof text; n++) {
        wtl_secret s = {0};
        int rc = wtl_bech32_decode(&s, "age1pq", 32, (wtl_bytes){(uint8_t *)text, n}, NULL);
        assert_int_equal(rc, n == len ? WTL_OK : WTL_FORMAT);
        wtl_secret_free(&s);
    }
    assert_int_equal(decode("age1pq", 31, text), WTL_FORMAT);
    assert_int_equal(decode("age1pq", 33, text), WTL_FORMAT);
    assert_int_equal(decode("age1p", 32, text), WTL_FORMAT);
    assert_int_equal(decode("age1pqz", 32, text), WTL_FORMAT);
}

/* One byte is two digits, and the last two bits of the second mean nothing: only zeros are taken, though the
 * checksums of all these texts are right (made by another program). */
static void pad_bits_must_be_zero(void **state)
{
    (void)state;
    static const char *const good[] = {"a1qqqd87cq", "a1qy089ch6", "a1qg7erjxa", "a1qv3np5f8",
                                       "a1qs4v0xdn", "a1q56xdqzf", "a1qctct2nw", "a1quyjfvu5"};
    static const char *const bad[] = {"a1qpamnt9j", "a1qzngxatd", "a1qrw7jgkl", "a1q9j33d2g",
                                      "a1qxuzymyh", "a1q8p5swe9", "a1ql2pu6jt"};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(decode("a", 1, good[i]), 0);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(decode("a", 1, bad[i]), WTL_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip173),
        cmocka_unit_test(every_length_both_cases),
        cmocka_unit_test(every_change_is_refused),
        cmocka_unit_test(pad_bits_must_be_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
