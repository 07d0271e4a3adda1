#include "unit.h"

#include "container/slot.h"
#include "crypto/hash.h"

enum { SLOT = 4096 };

static const uint8_t key_bytes[32] = {7};
static const wtl_bytes mac_key = {key_bytes, sizeof key_bytes};
static uint8_t page_bytes[WTL_PREAMBLE_SIZE];

static wtl_bytes page(void)
{
    wtl_preamble p = {.version = 1, .suite = 1, .slot_size = SLOT, .id = {1, 2, 3}};
    wtl_preamble_encode(&p, page_bytes);
    return (wtl_bytes){page_bytes, sizeof page_bytes};
}

/* A slot of two stanzas, of `generation`. */
static void make(wtl_buf *out, uint64_t generation)
{
    static const uint8_t a[5] = "abcde";
    static const uint8_t b[3] = "xyz";
    wtl_stanza s[2] = {{0x647a, 1, 2, {a, sizeof a}}, {0x9999, 3, 4, {b, sizeof b}}};
    wtl_err err = {0};
    assert_good(wtl_slot_encode(out, page(), generation, s, 2, mac_key, &err), &err);
    assert_int_equal(out->n, SLOT);
}

static void new_checksum(wtl_buf *slot)
{
    assert_int_equal(
        wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){slot->p, SLOT - 32}, slot->p + SLOT - 32, NULL), 0);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    AUTO(wtl_buf) raw = {0};
    make(&raw, 2);
    AUTO(wtl_slot) s = {0};
    wtl_err err = {0};
    assert_good(wtl_slot_parse(&s, wtl_buf_view(&raw), 1, &err), &err);
    assert_int_equal(s.state, WTL_SLOT_WHOLE);
    assert_true(s.generation == 2);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.stanza[0].type, 0x647a);
    assert_memory_equal(s.stanza[0].body.p, "abcde", 5);
    assert_int_equal(s.stanza[1].aead, 4);
    assert_int_equal(s.stanza[1].body.n, 3);
    assert_good(wtl_slot_authentic(page(), wtl_buf_view(&raw), mac_key, &err), &err);
}

static void a_changed_byte_is_torn(void **state)
{
    (void)state;
    AUTO(wtl_buf) raw = {0};
    make(&raw, 1);
    for (size_t i = 0; i < raw.n; i++) {
        raw.p[i] ^= 0x40;
        AUTO(wtl_slot) s = {0};
        assert_int_equal(wtl_slot_parse(&s, wtl_buf_view(&raw), 0, NULL), 0);
        assert_int_equal(s.state, WTL_SLOT_TORN);
        raw.p[i] ^= 0x40;
    }
}

static void a_changed_byte_with_a_new_checksum_is_refused(void **state)
{
    (void)state;
    AUTO(wtl_buf) raw = {0};
    make(&raw, 1);
    for (size_t i = 0; i < raw.n - 32; i++) {
        raw.p[i] ^= 0x40;
        new_checksum(&raw);
        AUTO(wtl_slot) s = {0};
        int rc = wtl_slot_parse(&s, wtl_buf_view(&raw), 0, NULL);
        assert_true(rc == WTL_FORMAT || rc == 0);
        assert_int_equal(wtl_slot_authentic(page(), wtl_buf_view(&raw), mac_key, NULL), WTL_NO);
        raw.p[i] ^= 0x40;
    }
}

static void the_mac_covers_the_preamble_and_the_key(void **state)
{
    (void)state;
    AUTO(wtl_buf) raw = {0};
    make(&raw, 1);
    wtl_bytes p = page();
    page_bytes[20] ^= 1;
    assert_int_equal(wtl_slot_authentic(p, wtl_buf_view(&raw), mac_key, NULL), WTL_NO);
    page_bytes[20] ^= 1;
    uint8_t other[32] = {8};
    assert_int_equal(wtl_slot_authentic(p, wtl_buf_view(&raw), (wtl_bytes){other, 32}, NULL), WTL_NO);
}

static void set_u(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static void malformed_contents_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned width;
        uint64_t value;
    } rows[] = {
        {0, 8, 0},           /* generation 0 */
        {0, 8, 2},           /* in the other slot's place */
        {8, 4, 27},          /* shorter than its stanzas */
        {8, 4, 29},          /* longer */
        {8, 4, UINT32_MAX},  /* over the end */
        {8, 4, SLOT - 79},   /* into the MAC */
        {12, 2, 1},          /* fewer stanzas than bytes */
        {12, 2, 3},          /* more */
        {12, 2, 65535},      /* far more */
        {14, 2, 1},          /* reserved */
        {22, 4, UINT32_MAX}, /* a body over the end */
        {1000, 1, 1},        /* padding */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) raw = {0};
        make(&raw, 1);
        set_u(raw.p + rows[i].at, rows[i].value, rows[i].width);
        new_checksum(&raw);
        AUTO(wtl_slot) s = {0};
        assert_int_equal(wtl_slot_parse(&s, wtl_buf_view(&raw), 0, NULL), WTL_FORMAT);
        assert_null(s.stanza);
    }
}

static void the_slot_in_force(void **state)
{
    (void)state;
    static const struct {
        enum wtl_slot_state a, b;
        uint64_t ga, gb;
        int place; /* -1: refused */
    } rows[] = {
        {WTL_SLOT_WHOLE, WTL_SLOT_UNUSED, 1, 0, 0}, {WTL_SLOT_WHOLE, WTL_SLOT_WHOLE, 1, 2, 1},
        {WTL_SLOT_WHOLE, WTL_SLOT_WHOLE, 3, 2, 0},  {WTL_SLOT_TORN, WTL_SLOT_WHOLE, 0, 2, 1},
        {WTL_SLOT_WHOLE, WTL_SLOT_TORN, 1, 0, 0},   {WTL_SLOT_TORN, WTL_SLOT_TORN, 0, 0, -1},
        {WTL_SLOT_UNUSED, WTL_SLOT_TORN, 0, 0, -1}, {WTL_SLOT_UNUSED, WTL_SLOT_UNUSED, 0, 0, -1},
        {WTL_SLOT_WHOLE, WTL_SLOT_WHOLE, 5, 5, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_slot s[2] = {{rows[i].a, rows[i].ga, NULL, 0}, {rows[i].b, rows[i].gb, NULL, 0}};
        unsigned place = 9;
        int rc = wtl_slot_choose(s, &place, NULL);
        assert_int_equal(rc, rows[i].place < 0 ? WTL_FORMAT : 0);
        if (rc == 0)
            assert_int_equal(place, rows[i].place);
    }
}

static void sizes_fit(void **state)
{
    (void)state;
    uint32_t size = 0;
    assert_int_equal(wtl_slot_fit(0, &size, NULL), 0);
    assert_int_equal(size, 16384);
    assert_int_equal(wtl_slot_fit((16384 - 80) / 2, &size, NULL), 0);
    assert_int_equal(size, 16384);
    assert_int_equal(wtl_slot_fit((16384 - 80) / 2 + 1, &size, NULL), 0);
    assert_int_equal(size, 32768);
    assert_int_equal(wtl_slot_fit(16777216 - 80, &size, NULL), 0);
    assert_int_equal(size, 16777216);
    assert_int_equal(wtl_slot_fit(16777216 - 79, &size, NULL), WTL_USAGE);
    assert_int_equal(wtl_slot_fit(SIZE_MAX, &size, NULL), WTL_USAGE);
}

static void too_many_stanzas_are_refused(void **state)
{
    (void)state;
    static const uint8_t body[SLOT] = {1};
    wtl_stanza s = {1, 1, 1, {body, SLOT - 80 - 10}};
    AUTO(wtl_buf) raw = {0};
    assert_int_equal(wtl_slot_encode(&raw, page(), 1, &s, 1, mac_key, NULL), 0);
    s.body.n++;
    assert_int_equal(wtl_slot_encode(&raw, page(), 1, &s, 1, mac_key, NULL), WTL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_changed_byte_is_torn),
        cmocka_unit_test(a_changed_byte_with_a_new_checksum_is_refused),
        cmocka_unit_test(the_mac_covers_the_preamble_and_the_key),
        cmocka_unit_test(malformed_contents_are_refused),
        cmocka_unit_test(the_slot_in_force),
        cmocka_unit_test(sizes_fit),
        cmocka_unit_test(too_many_stanzas_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
