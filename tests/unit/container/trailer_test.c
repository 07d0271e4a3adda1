#include "unit.h"

#include "container/trailer.h"
#include "crypto/hash.h"

enum { TOTAL = 4096 + 2 * 4096 + 500 + 100 + 7 + WTL_TRAILER_SIZE };

static const wtl_preamble pre = {.version = 1, .suite = 1, .slot_size = 4096, .id = {1}};
static const uint8_t key_bytes[32] = {3};
static const wtl_bytes mac_key = {key_bytes, sizeof key_bytes};
static const wtl_bytes sigs = {(const uint8_t *)"sigsigs", 7};

static wtl_trailer sample(void)
{
    wtl_trailer t = {.generation = 1,
                     .index_offset = 12288 + 500,
                     .index_size = 100,
                     .sigs_offset = 12288 + 600,
                     .sigs_size = 7,
                     .total = TOTAL,
                     .index_digest = {0xaa}};
    return t;
}

static void make(wtl_buf *out, const wtl_trailer *t)
{
    wtl_err err = {0};
    assert_good(wtl_trailer_encode(out, t, &pre, sigs, mac_key, &err), &err);
    assert_int_equal(out->n, WTL_TRAILER_SIZE);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    wtl_trailer t = sample();
    AUTO(wtl_buf) b = {0};
    make(&b, &t);
    wtl_trailer got = {0};
    wtl_err err = {0};
    assert_good(wtl_trailer_parse(&got, wtl_buf_view(&b), &pre, TOTAL, &err), &err);
    assert_memory_equal(&got, &t, sizeof t);
    assert_good(wtl_trailer_authentic(wtl_buf_view(&b), &pre, sigs, mac_key, &err), &err);
}

static void changes_are_refused(void **state)
{
    (void)state;
    wtl_trailer t = sample();
    AUTO(wtl_buf) b = {0};
    make(&b, &t);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 2;
        wtl_trailer got;
        assert_int_equal(wtl_trailer_parse(&got, wtl_buf_view(&b), &pre, TOTAL, NULL), WTL_FORMAT);
        if (i < 160)
            assert_int_equal(wtl_trailer_authentic(wtl_buf_view(&b), &pre, sigs, mac_key, NULL), WTL_NO);
        b.p[i] ^= 2;
    }
}

static void the_mac_covers_what_it_should(void **state)
{
    (void)state;
    wtl_trailer t = sample();
    AUTO(wtl_buf) b = {0};
    make(&b, &t);
    wtl_bytes none = {(const uint8_t *)"\0\0", 2};
    assert_int_equal(wtl_trailer_authentic(wtl_buf_view(&b), &pre, none, mac_key, NULL), WTL_NO);
    wtl_preamble other = pre;
    other.id[31] = 1;
    assert_int_equal(wtl_trailer_authentic(wtl_buf_view(&b), &other, sigs, mac_key, NULL), WTL_NO);
    uint8_t key[32] = {4};
    assert_int_equal(wtl_trailer_authentic(wtl_buf_view(&b), &pre, sigs, (wtl_bytes){key, 32}, NULL), WTL_NO);
}

static void another_length_is_refused(void **state)
{
    (void)state;
    wtl_trailer t = sample();
    AUTO(wtl_buf) b = {0};
    make(&b, &t);
    wtl_trailer got;
    assert_int_equal(wtl_trailer_parse(&got, wtl_buf_view(&b), &pre, TOTAL + 1, NULL), WTL_FORMAT);
    assert_int_equal(wtl_trailer_parse(&got, wtl_buf_view(&b), &pre, TOTAL - 1, NULL), WTL_FORMAT);
    for (size_t n = 0; n < WTL_TRAILER_SIZE; n++)
        assert_int_equal(wtl_trailer_parse(&got, (wtl_bytes){b.p, n}, &pre, TOTAL, NULL), WTL_FORMAT);
}

static void impossible_places_are_refused(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 8; row++) {
        wtl_trailer t = sample();
        uint64_t *field[] = {&t.generation, &t.index_offset, &t.index_size, &t.sigs_offset,
                             &t.sigs_size,  &t.index_offset, &t.index_size, &t.sigs_offset};
        uint64_t value[] = {0, 12287, 99, 12288 + 601, 8, UINT64_MAX - 50, UINT64_MAX, UINT64_MAX};
        *field[row] = value[row];
        AUTO(wtl_buf) b = {0};
        make(&b, &t);
        wtl_trailer got;
        assert_int_equal(wtl_trailer_parse(&got, wtl_buf_view(&b), &pre, TOTAL, NULL), WTL_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),       cmocka_unit_test(changes_are_refused),
        cmocka_unit_test(the_mac_covers_what_it_should), cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(impossible_places_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
