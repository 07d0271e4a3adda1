#include "unit.h"

#include "container/sigblock.h"

static void make(wtl_buf *out)
{
    wtl_sender s[2] = {{0x0002, {1}, {(const uint8_t *)"signature", 9}}, {0x0777, {2}, {NULL, 0}}};
    assert_int_equal(wtl_sigblock_encode(out, s, 2, NULL), 0);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    make(&b);
    assert_int_equal(b.n, 2 + 2 * 38 + 9);
    AUTO(wtl_sigblock) s = {0};
    assert_int_equal(wtl_sigblock_parse(&s, wtl_buf_view(&b), NULL), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.s[0].alg, 2);
    assert_memory_equal(s.s[0].signature.p, "signature", 9);
    assert_int_equal(s.s[1].key_id[0], 2);
    assert_int_equal(s.s[1].signature.n, 0);
}

static void malformed_blocks_are_refused(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    make(&b);
    for (size_t n = 0; n < b.n; n++) {
        AUTO(wtl_sigblock) s = {0};
        assert_int_equal(wtl_sigblock_parse(&s, (wtl_bytes){b.p, n}, NULL), WTL_FORMAT);
    }
    for (unsigned count = 0; count < 65536; count++) {
        if (count == 2)
            continue;
        b.p[0] = (uint8_t)(count >> 8);
        b.p[1] = (uint8_t)count;
        AUTO(wtl_sigblock) s = {0};
        assert_int_equal(wtl_sigblock_parse(&s, wtl_buf_view(&b), NULL), WTL_FORMAT);
    }
    b.p[0] = 0;
    b.p[1] = 2;
    wtl_buf_u8(&b, 0);
    AUTO(wtl_sigblock) s = {0};
    assert_int_equal(wtl_sigblock_parse(&s, wtl_buf_view(&b), NULL), WTL_FORMAT);
}

static void one_key_signs_once(void **state)
{
    (void)state;
    wtl_sender e[3] = {{1, {5}, {NULL, 0}}, {2, {4}, {NULL, 0}}, {3, {5}, {NULL, 0}}};
    AUTO(wtl_buf) b = {0};
    assert_int_equal(wtl_sigblock_encode(&b, e, 3, NULL), 0);
    AUTO(wtl_sigblock) s = {0};
    assert_int_equal(wtl_sigblock_parse(&s, wtl_buf_view(&b), NULL), WTL_FORMAT);
}

static void none_is_fine(void **state)
{
    (void)state;
    AUTO(wtl_sigblock) s = {0};
    assert_int_equal(wtl_sigblock_parse(&s, (wtl_bytes){(const uint8_t *)"\0\0", 2}, NULL), 0);
    assert_int_equal(s.n, 0);
}

static void numbers_and_names(void **state)
{
    (void)state;
    assert_int_equal(wtl_sigblock_alg_number("ML-DSA-65"), 2);
    assert_int_equal(wtl_sigblock_alg_number("SLH-DSA-SHAKE-256f"), 0x26);
    assert_int_equal(wtl_sigblock_alg_number("X-Wing"), 0);
    assert_string_equal(wtl_sigblock_alg_name(0x41), "Ed25519");
    assert_null(wtl_sigblock_alg_name(0));
    for (unsigned i = 1; i < 65536; i++) {
        const char *name = wtl_sigblock_alg_name((uint16_t)i);
        if (name != NULL)
            assert_int_equal(wtl_sigblock_alg_number(name), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(malformed_blocks_are_refused),
        cmocka_unit_test(one_key_signs_once),      cmocka_unit_test(none_is_fine),
        cmocka_unit_test(numbers_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
