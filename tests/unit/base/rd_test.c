#include "unit.h"

#include "base/buf.h"
#include "base/rd.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    wtl_buf_u8(&b, 0x12);
    wtl_buf_u16(&b, 0x3456);
    wtl_buf_u32(&b, 0x789abcde);
    wtl_buf_u64(&b, 0xf0123456789abcdeull);
    wtl_buf_zero(&b, 3);
    wtl_buf_str(&b, "end");
    wtl_rd r = wtl_rd_of(wtl_buf_view(&b));
    assert_int_equal(wtl_rd_u8(&r), 0x12);
    assert_int_equal(wtl_rd_u16(&r), 0x3456);
    assert_int_equal(wtl_rd_u32(&r), 0x789abcde);
    assert_true(wtl_rd_u64(&r) == 0xf0123456789abcdeull);
    assert_true(wtl_rd_is_zero(&r, 3));
    assert_memory_equal(wtl_rd_take(&r, 3).p, "end", 3);
    assert_true(wtl_rd_done(&r));
}

static void reading_past_the_end_sticks(void **state)
{
    (void)state;
    wtl_rd r = wtl_rd_of((wtl_bytes){(const uint8_t *)"\x01\x02\x03", 3});
    assert_int_equal(wtl_rd_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(wtl_rd_u8(&r), 0);
    assert_false(wtl_rd_done(&r));
    uint8_t to[4] = {9, 9, 9, 9};
    wtl_rd_copy(&r, to, sizeof to);
    assert_memory_equal(to, "\0\0\0\0", 4);
    assert_false(wtl_rd_is_zero(&r, 0));
}

static void growing_by_nothing_is_no_failure(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    assert_non_null(wtl_buf_grow(&b, 0));
    assert_int_equal(b.n, 0);
    assert_int_equal(wtl_buf_check(&b, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(reading_past_the_end_sticks),
        cmocka_unit_test(growing_by_nothing_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
