#include "craft.h"

static wtl_key *me;
static wtl_key *signer;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    signer = box_key("ML-DSA-44", 2);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(signer);
    return box_teardown(state);
}

/* Opens what is in `file`; 0 only when the contents are the sample's. */
static int try_file(wtl_bytes file, const wtl_key *sender)
{
    box_write(box_path("t.wtl"), file);
    wtl_err err = {0};
    int rc = box_open(box_path("t.wtl"), box_path("t"), me, sender, &err);
    if (rc != 0) {
        assert_true(err.text[0] != '\0');
        assert_false(box_exists(box_path("t")));
        return rc;
    }
    AUTO(wtl_buf) both = {0};
    box_read(box_path("t/a"), &both);
    box_read(box_path("t/b"), &both);
    assert_int_equal(both.n, 10);
    assert_memory_equal(both.p, "firstother", 10);
    unlink(box_path("t/a"));
    unlink(box_path("t/b"));
    rmdir(box_path("t/d"));
    assert_int_equal(rmdir(box_path("t")), 0);
    return 0;
}

enum { SLOTS = WTL_PREAMBLE_SIZE, OBJECTS = SLOTS + 2 * CRAFT_SLOT, OBJECT = 72 + 5, TABLE = 64 };

static bool in_spare_slot(size_t at)
{
    return at >= SLOTS + CRAFT_SLOT && at < OBJECTS;
}

static bool in_leaf_table(size_t at)
{
    size_t in = (at - OBJECTS) % (OBJECT + TABLE);
    return at >= OBJECTS && at < OBJECTS + 2 * (OBJECT + TABLE) && in >= OBJECT;
}

/* One value at every position: refused, but for a slot that is not in force and, when no sender is checked, the
 * table that only that check reads. */
static void every_byte(const wtl_key *sign, const wtl_key *sender)
{
    craft c;
    craft_small(&c, 1, me, sign);
    assert_int_equal(try_file(wtl_buf_view(&c.file), sender), 0);
    for (size_t i = 0; i < c.file.n; i++) {
        c.file.p[i] ^= (uint8_t)(1 + i % 255);
        int rc = try_file(wtl_buf_view(&c.file), sender);
        bool harmless = in_spare_slot(i) || (sign != NULL && sender == NULL && in_leaf_table(i));
        if (harmless != (rc == 0) || (rc != 0 && rc != WTL_NO && rc != WTL_FORMAT))
            fail_msg("position %zu: %s", i, wtl_rc_name(rc));
        c.file.p[i] ^= (uint8_t)(1 + i % 255);
    }
    craft_free(&c);
}

static void every_byte_unsigned(void **state)
{
    (void)state;
    every_byte(NULL, NULL);
}

static void every_byte_signed(void **state)
{
    (void)state;
    every_byte(signer, signer);
}

static void every_byte_signed_unchecked(void **state)
{
    (void)state;
    every_byte(signer, NULL);
}

static void every_truncation(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, signer);
    for (size_t n = 0; n < c.file.n; n++)
        assert_int_equal(try_file((wtl_bytes){c.file.p, n}, NULL), WTL_FORMAT);
    craft_free(&c);
}

static void appended_bytes(void **state)
{
    (void)state;
    craft c;
    craft d;
    craft_small(&c, 1, me, signer);
    craft_small(&d, 2, me, signer);
    size_t whole = c.file.n;
    wtl_buf_u8(&c.file, 0);
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_FORMAT);
    c.file.n = whole;
    wtl_buf_zero(&c.file, WTL_TRAILER_SIZE);
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_FORMAT);
    memcpy(c.file.p + whole, c.file.p + whole - WTL_TRAILER_SIZE, WTL_TRAILER_SIZE);
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_FORMAT);
    c.file.n = whole;
    wtl_buf_bytes(&c.file, wtl_buf_view(&d.file));
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_FORMAT);
    craft_free(&c);
    craft_free(&d);
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

static void swapped_parts(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, NULL);
    uint8_t *p = c.file.p;
    swap(p + OBJECTS, p + OBJECTS + OBJECT, OBJECT);
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_NO);
    swap(p + OBJECTS, p + OBJECTS + OBJECT, OBJECT);
    swap(p + SLOTS, p + SLOTS + CRAFT_SLOT, CRAFT_SLOT);
    assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), WTL_FORMAT);
    craft_free(&c);
}

/* Parts of one container in another of the same sender and recipient. */
static void parts_of_another(void **state)
{
    (void)state;
    craft c;
    craft d;
    craft_small(&c, 1, me, signer);
    craft_small(&d, 2, me, signer);
    assert_int_equal(c.file.n, d.file.n);
    static const struct {
        size_t at;
        size_t n;
        int rc;
    } rows[] = {
        {0, SLOTS, WTL_NO},                /* preamble: another id */
        {SLOTS, CRAFT_SLOT, WTL_NO},       /* recipients */
        {0, OBJECTS, WTL_NO},              /* both */
        {OBJECTS, OBJECT, WTL_NO},         /* an object */
        {OBJECTS, OBJECT + TABLE, WTL_NO}, /* with its table */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        swap(c.file.p + rows[i].at, d.file.p + rows[i].at, rows[i].n);
        assert_int_equal(try_file(wtl_buf_view(&c.file), NULL), rows[i].rc);
        assert_int_equal(try_file(wtl_buf_view(&c.file), signer), rows[i].rc);
        swap(c.file.p + rows[i].at, d.file.p + rows[i].at, rows[i].n);
    }
    size_t index = OBJECTS + 2 * (OBJECT + TABLE);
    swap(c.file.p + index, d.file.p + index, c.file.n - index); /* index, signatures, trailer */
    assert_int_equal(try_file(wtl_buf_view(&c.file), signer), WTL_NO);
    craft_free(&c);
    craft_free(&d);
}

static void damage_names_the_file(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, NULL);
    c.file.p[OBJECTS + OBJECT + 60] ^= 1;
    box_write(box_path("t.wtl"), wtl_buf_view(&c.file));
    wtl_err err = {0};
    assert_int_equal(box_open(box_path("t.wtl"), box_path("t"), me, NULL, &err), WTL_NO);
    assert_non_null(strstr(err.text, "t.wtl"));
    assert_non_null(strstr(err.text, "\"b\""));
    craft_free(&c);
}

/* A range of the damaged file's good part opens; the damaged chunk does not. */
static void the_other_chunks_of_a_damaged_file_open(void **state)
{
    (void)state;
    AUTO(wtl_buf) plain = {0};
    box_fill(&plain, 100000);
    craft c;
    wtl_entry e;
    craft_new(&c, 4);
    craft_header_for(&c, me);
    craft_object(&c, &e, "x", 1, false, wtl_buf_view(&plain));
    wtl_index x = {.generation = 1, .e = &e, .n = 1, .shape = WTL_INDEX_FILE};
    craft_end(&c, &x, NULL, NULL);
    c.file.p[OBJECTS + 56 + 2 * 16400 + 5] ^= 1; /* chunk 2 */
    box_write(box_path("t.wtl"), wtl_buf_view(&c.file));
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id, .n_identities = 1, .only = "x", .has_range = true, .force = true};
    for (unsigned chunk = 0; chunk < 6; chunk++) {
        o.from = chunk * 16384u;
        o.to = o.from + 16384u;
        assert_int_equal(wtl_open(box_path("t.wtl"), box_path("t"), &o, NULL, NULL), chunk == 2 ? WTL_NO : 0);
    }
    craft_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_unsigned),
        cmocka_unit_test(every_byte_signed),
        cmocka_unit_test(every_byte_signed_unchecked),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(appended_bytes),
        cmocka_unit_test(swapped_parts),
        cmocka_unit_test(parts_of_another),
        cmocka_unit_test(damage_names_the_file),
        cmocka_unit_test(the_other_chunks_of_a_damaged_file_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
