#include "craft.h"

static wtl_key *me;
static wtl_key *other;
static wtl_key *signer;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    other = box_key("ML-KEM-1024", 3);
    signer = box_key("ML-DSA-44", 2);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(other);
    wtl_key_free(signer);
    return box_teardown(state);
}

static void make(wtl_seal_result *r)
{
    const wtl_key *to[] = {me, other};
    const wtl_key *sign = signer;
    wtl_seal_opts o = {.to = to, .n_to = 2, .sign = &sign, .n_sign = 1, .force = true};
    box_remove(box_path("d"));
    assert_int_equal(mkdir(box_path("d"), 0755), 0);
    assert_int_equal(mkdir(box_path("d/empty"), 0755), 0);
    box_write(box_path("d/file"), (wtl_bytes){(const uint8_t *)"12345", 5});
    wtl_err err = {0};
    assert_good(wtl_seal(box_path("d"), box_path("i.wtl"), &o, r, &err), &err);
}

static void what_everyone_sees(void **state)
{
    (void)state;
    wtl_seal_result r;
    make(&r);
    wtl_info i = {0};
    wtl_err err = {0};
    assert_good(wtl_info_read(box_path("i.wtl"), NULL, 0, &i, &err), &err);
    assert_true(i.version == 1 && i.suite == 1 && i.header_generation == 1 && i.content_generation == 1);
    assert_int_equal(i.slot, 0);
    assert_string_equal(i.slot_state[0], "in force");
    assert_string_equal(i.slot_state[1], "unused");
    assert_int_equal(i.n_recipients, 2);
    assert_string_equal(i.recipient[0], "X-Wing");
    assert_string_equal(i.recipient[1], "ML-KEM-1024");
    assert_int_equal(i.n_signatures, 1);
    assert_string_equal(i.signature[0].alg, "ML-DSA-44");
    assert_int_equal(i.signature[0].size, 2420);
    uint8_t id[WTL_KEY_ID];
    assert_int_equal(wtl_key_id(signer, id, NULL), 0);
    assert_memory_equal(i.signature[0].key_id, id, sizeof id);
    assert_memory_equal(i.container_id, r.container_id, 32);
    assert_memory_equal(i.index_digest, r.index_digest, 64);
    assert_true(i.container_bytes == r.sealed_bytes);
    assert_false(i.opened);
    assert_int_equal(i.n_entries, 0);
    wtl_info_free(&i);
}

static void what_a_recipient_sees(void **state)
{
    (void)state;
    wtl_seal_result r;
    make(&r);
    wtl_info i = {0};
    wtl_err err = {0};
    const wtl_key *id = other;
    assert_good(wtl_info_read(box_path("i.wtl"), &id, 1, &i, &err), &err);
    assert_true(i.opened);
    assert_int_equal(i.n_entries, 2);
    assert_string_equal(i.entry[0].name, "empty");
    assert_true(i.entry[0].is_dir);
    assert_string_equal(i.entry[1].name, "file");
    assert_true(i.entry[1].size == 5 && i.plain_bytes == 5);
    wtl_info_free(&i);
    wtl_key *nobody = box_key("X-Wing", 99);
    id = nobody;
    assert_good(wtl_info_read(box_path("i.wtl"), &id, 1, &i, &err), &err);
    assert_false(i.opened);
    wtl_info_free(&i);
    wtl_key_free(nobody);
}

static void damage_is_an_error(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, NULL);
    wtl_bytes all = wtl_buf_view(&c.file);
    wtl_info i = {0};
    for (size_t n = 0; n < all.n; n += 97) {
        box_write(box_path("i2.wtl"), (wtl_bytes){all.p, n});
        assert_int_equal(wtl_info_read(box_path("i2.wtl"), NULL, 0, &i, NULL), WTL_FORMAT);
        assert_null(i.recipient);
    }
    c.file.p[WTL_PREAMBLE_SIZE + CRAFT_SLOT + 5] = 1;
    box_write(box_path("i2.wtl"), all);
    assert_int_equal(wtl_info_read(box_path("i2.wtl"), NULL, 0, &i, NULL), 0);
    assert_string_equal(i.slot_state[1], "torn");
    wtl_info_free(&i);
    craft_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_everyone_sees),
        cmocka_unit_test(what_a_recipient_sees),
        cmocka_unit_test(damage_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
