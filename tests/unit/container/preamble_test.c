#include "unit.h"

#include "container/preamble.h"

static wtl_preamble sample(void)
{
    wtl_preamble p = {.version = 1, .suite = 1, .slot_size = 16384};
    for (unsigned i = 0; i < sizeof p.id; i++)
        p.id[i] = (uint8_t)(i + 1);
    return p;
}

static wtl_bytes page_of(uint8_t page[WTL_PREAMBLE_SIZE])
{
    wtl_preamble p = sample();
    wtl_preamble_encode(&p, page);
    return (wtl_bytes){page, WTL_PREAMBLE_SIZE};
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static uint8_t page[WTL_PREAMBLE_SIZE];
    wtl_bytes v = page_of(page);
    static const uint8_t head[16] = {0xf7, 'W', 'T', 'L', 13, 10, 26, 10, 0, 1, 0, 1, 0, 0, 0x40, 0};
    assert_memory_equal(page, head, sizeof head);
    wtl_preamble p = {0};
    wtl_err err = {0};
    assert_good(wtl_preamble_parse(&p, v, &err), &err);
    wtl_preamble want = sample();
    assert_int_equal(p.slot_size, want.slot_size);
    assert_memory_equal(p.id, want.id, sizeof want.id);
    assert_true(wtl_preamble_payload(&p) == 4096 + 32768);
    assert_non_null(wtl_preamble_suite_name(1));
    assert_null(wtl_preamble_suite_name(2));
}

static void a_changed_byte_is_refused(void **state)
{
    (void)state;
    static uint8_t page[WTL_PREAMBLE_SIZE];
    wtl_bytes v = page_of(page);
    for (size_t i = 0; i < v.n; i++) {
        if (i >= 16 && i < 48)
            continue; /* the id: any is good */
        page[i] ^= 0x15;
        wtl_preamble p = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_preamble_parse(&p, v, &err), WTL_FORMAT);
        assert_int_equal(p.version, 0);
        page[i] ^= 0x15;
    }
}

static void a_cut_page_is_refused(void **state)
{
    (void)state;
    static uint8_t page[WTL_PREAMBLE_SIZE];
    page_of(page);
    wtl_preamble p;
    for (size_t n = 0; n < WTL_PREAMBLE_SIZE; n++)
        assert_int_equal(wtl_preamble_parse(&p, (wtl_bytes){page, n}, NULL), WTL_FORMAT);
}

static void text_mode_damage_is_named(void **state)
{
    (void)state;
    static const char *const damaged[] = {"\xf7WTL\n\x1a\n....", "\xf7WTL\r\r\n\x1a\r\n",
                                          "\x77WTL\r\n\x1a\n..."};
    for (size_t i = 0; i < 3; i++) {
        static uint8_t page[WTL_PREAMBLE_SIZE];
        page_of(page);
        memcpy(page, damaged[i], strlen(damaged[i]));
        wtl_preamble p;
        wtl_err err = {0};
        assert_int_equal(wtl_preamble_parse(&p, (wtl_bytes){page, sizeof page}, &err), WTL_FORMAT);
        assert_non_null(strstr(err.text, "text mode"));
    }
}

static void impossible_slot_sizes_are_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0, 1, 2048, 4095, 4097, 12288, 33554432, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        static uint8_t page[WTL_PREAMBLE_SIZE];
        wtl_preamble p = sample();
        p.slot_size = bad[i];
        wtl_preamble_encode(&p, page);
        assert_int_equal(wtl_preamble_parse(&p, (wtl_bytes){page, sizeof page}, NULL), WTL_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_changed_byte_is_refused),
        cmocka_unit_test(a_cut_page_is_refused),
        cmocka_unit_test(text_mode_damage_is_named),
        cmocka_unit_test(impossible_slot_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
