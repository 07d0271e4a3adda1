#include "unit.h"

#include "jose/ecsig.h"

enum { HALVES = 3 };
static const size_t halves[HALVES] = {32, 48, 66};

static wtl_bytes of(const uint8_t *p, size_t n)
{
    return (wtl_bytes){p, n};
}

static void there_and_back(size_t half, const uint8_t *raw)
{
    wtl_err err = {0};
    AUTO(wtl_buf) der = {0};
    AUTO(wtl_buf) back = {0};
    assert_good(wtl_ecsig_to_der(of(raw, 2 * half), &der, &err), &err);
    assert_true(der.n <= 2 * half + 9);
    assert_good(wtl_ecsig_to_raw(wtl_buf_view(&der), half, &back, &err), &err);
    assert_int_equal(back.n, 2 * half);
    assert_memory_equal(back.p, raw, back.n);
}

/* Every length of r and s, with and without the highest bit. */
static void every_length(void **state)
{
    (void)state;
    for (size_t h = 0; h < HALVES; h++) {
        size_t half = halves[h];
        for (size_t r = 0; r <= half; r++) {
            for (size_t s = 0; s <= half; s++) {
                uint8_t raw[2 * 66] = {0};
                memset(raw + half - r, r % 2 != 0 ? 0x80 : 0x7f, r);
                memset(raw + 2 * half - s, s % 3 != 0 ? 0xff : 1, s);
                there_and_back(half, raw);
            }
        }
    }
}

static void known(void **state)
{
    (void)state;
    static const uint8_t raw[4] = {0, 1, 0x80, 0};
    static const uint8_t der[] = {0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 0};
    AUTO(wtl_buf) out = {0};
    assert_int_equal(wtl_ecsig_to_der(of(raw, 4), &out, NULL), WTL_OK);
    assert_int_equal(out.n, sizeof der);
    assert_memory_equal(out.p, der, sizeof der);
}

static void wrong_raw(void **state)
{
    (void)state;
    static const uint8_t raw[140];
    static const size_t lengths[] = {0, 1, 63, 65, 133, 134, 140};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        AUTO(wtl_buf) out = {0};
        assert_int_equal(wtl_ecsig_to_der(of(raw, lengths[i]), &out, NULL), WTL_FORMAT);
        assert_int_equal(out.n, 0);
    }
}

static void wrong_der(void **state)
{
    (void)state;
    static const struct {
        uint8_t der[12];
        size_t n;
    } rows[] = {
        {{0x30, 6, 2, 1, 1, 2, 1}, 7},              /* short */
        {{0x30, 6, 2, 1, 1, 2, 1, 1, 0}, 9},        /* a byte behind */
        {{0x31, 6, 2, 1, 1, 2, 1, 1}, 8},           /* a set */
        {{0x30, 0x81, 6, 2, 1, 1, 2, 1, 1}, 9},     /* long form of a short length */
        {{0x30, 7, 2, 2, 0, 1, 2, 1, 1}, 9},        /* a zero too many */
        {{0x30, 6, 2, 1, 0x80, 2, 1, 1}, 8},        /* negative */
        {{0x30, 5, 2, 0, 2, 1, 1}, 7},              /* empty */
        {{0x30, 6, 3, 1, 1, 2, 1, 1}, 8},           /* a bit string */
        {{0x30, 8, 2, 3, 1, 0, 0, 2, 1, 1}, 10},    /* larger than two bytes */
        {{0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1}, 11}, /* three numbers */
        {{0x30, 3, 2, 1, 1}, 5},                    /* one */
        {{0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0}, 10}, /* BER */
        {{0x30, 6, 2, 0x81, 1, 1, 2, 1}, 8},        /* long length inside */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) out = {0};
        if (wtl_ecsig_to_raw(of(rows[i].der, rows[i].n), 2, &out, NULL) != WTL_FORMAT || out.n != 0)
            fail_msg("row %zu was taken", i);
    }
}

/* What is taken is the one text of its numbers. */
static void changed_everywhere(void **state)
{
    (void)state;
    static const uint8_t good[] = {0x30, 8, 2, 2, 0x12, 0x34, 2, 2, 0, 0x80};
    for (size_t i = 0; i < sizeof good; i++) {
        AUTO(wtl_buf) cut = {0};
        assert_int_equal(wtl_ecsig_to_raw(of(good, i), 2, &cut, NULL), WTL_FORMAT);
        for (unsigned v = 0; v < 256; v++) {
            uint8_t der[sizeof good];
            AUTO(wtl_buf) raw = {0};
            AUTO(wtl_buf) again = {0};
            memcpy(der, good, sizeof der);
            der[i] = (uint8_t)v;
            if (wtl_ecsig_to_raw(of(der, sizeof der), 2, &raw, NULL) != WTL_OK)
                continue;
            assert_int_equal(wtl_ecsig_to_der(wtl_buf_view(&raw), &again, NULL), WTL_OK);
            assert_int_equal(again.n, sizeof der);
            assert_memory_equal(again.p, der, sizeof der);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),       cmocka_unit_test(known),
        cmocka_unit_test(wrong_raw),          cmocka_unit_test(wrong_der),
        cmocka_unit_test(changed_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
