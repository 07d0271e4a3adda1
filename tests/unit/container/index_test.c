#include "unit.h"

#include "base/text.h"
#include "container/index.h"

enum { BEGIN = 1000 };

static wtl_entry file(const char *name, uint64_t object, uint64_t offset, uint64_t plain)
{
    return (wtl_entry){.name = (char *)(uintptr_t)name,
                       .type = WTL_ENTRY_FILE,
                       .mode = 0644,
                       .object = object,
                       .generation = 1,
                       .offset = offset,
                       .plain = plain};
}

static wtl_entry folder(const char *name)
{
    return (wtl_entry){.name = (char *)(uintptr_t)name, .type = WTL_ENTRY_EMPTY_DIR, .mode = 0755};
}

/* Encodes the entries and parses them again within [BEGIN, end). */
static int try(wtl_entry *e, size_t n, uint8_t shape, uint64_t generation, uint64_t end, wtl_index *out)
{
    wtl_index x = {.shape = shape, .generation = generation, .e = e, .n = n};
    AUTO(wtl_buf) b = {0};
    assert_int_equal(wtl_index_encode(&b, &x, NULL), 0);
    wtl_index_bounds bounds = {BEGIN, end, generation};
    AUTO(wtl_index) got = {0};
    wtl_err err = {0};
    int rc = wtl_index_parse(&got, wtl_buf_view(&b), &bounds, &err);
    assert_true(rc == 0 || err.text[0] != '\0');
    if (out != NULL) {
        *out = got;
        got = (wtl_index){0};
    }
    return rc;
}

/* Three objects without gaps: 72+5, 72, 72+40000+32 bytes with a tree of 64. */
static uint64_t sample(wtl_entry e[4])
{
    e[0] = file("a", 2, BEGIN + 77, 0);
    e[1] = file("b/c", 1, BEGIN, 5);
    e[2] = folder("d");
    e[3] = file("e", 3, BEGIN + 149, 40000);
    e[3].tree = WTL_ENTRY_SHA256_TREE;
    memset(e[3].root, 0xab, sizeof e[3].root);
    return BEGIN + 149 + wtl_index_extent(&e[3]);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    wtl_entry e[4];
    uint64_t end = sample(e);
    assert_true(wtl_index_extent(&e[3]) == 56 + 40000 + 3 * 16 + 2 * 32);
    AUTO(wtl_index) x = {0};
    assert_int_equal(try(e, 4, WTL_INDEX_DIRECTORY, 1, end, &x), 0);
    assert_int_equal(x.n, 4);
    assert_string_equal(x.e[1].name, "b/c");
    assert_true(x.e[1].plain == 5 && x.e[0].offset == BEGIN + 77);
    assert_memory_equal(x.e[3].root, e[3].root, 32);
    assert_ptr_equal(wtl_index_find(&x, wtl_text_of("e")), &x.e[3]);
    assert_ptr_equal(wtl_index_find(&x, wtl_text_of("a")), &x.e[0]);
    assert_null(wtl_index_find(&x, wtl_text_of("b")));
    assert_null(wtl_index_find(&x, wtl_text_of("")));
}

static void an_empty_directory_is_fine(void **state)
{
    (void)state;
    AUTO(wtl_index) x = {0};
    assert_int_equal(try(NULL, 0, WTL_INDEX_DIRECTORY, 1, BEGIN, &x), 0);
    assert_null(wtl_index_find(&x, wtl_text_of("a")));
}

static void truncations_are_refused(void **state)
{
    (void)state;
    wtl_entry e[4];
    wtl_index_bounds bounds = {BEGIN, sample(e), 1};
    wtl_index x = {.generation = 1, .e = e, .n = 4};
    AUTO(wtl_buf) b = {0};
    assert_int_equal(wtl_index_encode(&b, &x, NULL), 0);
    for (size_t n = 0; n < b.n; n++) {
        /* Its own block, so that a sanitizer sees a byte too far. */
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.p, n);
        AUTO(wtl_index) got = {0};
        assert_int_equal(wtl_index_parse(&got, (wtl_bytes){copy, n}, &bounds, NULL), WTL_FORMAT);
        assert_null(got.e);
        free(copy);
    }
    wtl_buf_u8(&b, 0);
    AUTO(wtl_index) got = {0};
    assert_int_equal(wtl_index_parse(&got, wtl_buf_view(&b), &bounds, NULL), WTL_FORMAT);
}

static void any_changed_byte_is_survived(void **state)
{
    (void)state;
    wtl_entry e[4];
    wtl_index_bounds bounds = {BEGIN, sample(e), 1};
    wtl_index x = {.generation = 1, .e = e, .n = 4};
    AUTO(wtl_buf) b = {0};
    assert_int_equal(wtl_index_encode(&b, &x, NULL), 0);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (unsigned v = 0; v < 256; v++) {
            b.p[i] = (uint8_t)v;
            AUTO(wtl_index) got = {0};
            int rc = wtl_index_parse(&got, wtl_buf_view(&b), &bounds, NULL);
            assert_true(rc == 0 || rc == WTL_FORMAT);
        }
        b.p[i] = was;
    }
}

static void claimed_counts_cost_nothing(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 1000, UINT32_MAX, 1ull << 60, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        AUTO(wtl_buf) b = {0};
        wtl_buf_u8(&b, 0);
        wtl_buf_u64(&b, 1);
        wtl_buf_u64(&b, counts[i]);
        wtl_index_bounds bounds = {BEGIN, BEGIN, 1};
        AUTO(wtl_index) got = {0};
        assert_int_equal(wtl_index_parse(&got, wtl_buf_view(&b), &bounds, NULL), WTL_FORMAT);
    }
}

static void hostile_names_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"../x", "/etc/passwd", "a/../../x", "",         ".",
                                       "..",   "a//b",        "a/",        "\xff\xfe", "./a"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_entry f = file(rows[i], 1, BEGIN, 0);
        assert_int_equal(try(&f, 1, WTL_INDEX_DIRECTORY, 1, BEGIN + 72, NULL), WTL_FORMAT);
        wtl_entry d = folder(rows[i]);
        assert_int_equal(try(&d, 1, WTL_INDEX_DIRECTORY, 1, BEGIN, NULL), WTL_FORMAT);
    }
}

static int two_folders(const char *a, const char *b)
{
    wtl_entry e[2] = {folder(a), folder(b)};
    return try(e, 2, WTL_INDEX_DIRECTORY, 1, BEGIN, NULL);
}

static void order_and_conflicts(void **state)
{
    (void)state;
    assert_int_equal(two_folders("a", "b"), 0);
    assert_int_equal(two_folders("a", "a-b"), 0);
    assert_int_equal(two_folders("b", "a"), WTL_FORMAT);
    assert_int_equal(two_folders("a", "a"), WTL_FORMAT);
    assert_int_equal(two_folders("a", "a/b"), WTL_FORMAT);
    assert_int_equal(two_folders("x/y", "x/y/z/w"), WTL_FORMAT);
    wtl_entry apart[3] = {folder("a"), folder("a-b"), folder("a/b")}; /* not neighbours */
    assert_int_equal(try(apart, 3, WTL_INDEX_DIRECTORY, 1, BEGIN, NULL), WTL_FORMAT);
}

static void shapes(void **state)
{
    (void)state;
    wtl_entry one = file("model", 1, BEGIN, 0);
    assert_int_equal(try(&one, 1, WTL_INDEX_FILE, 1, BEGIN + 72, NULL), 0);
    assert_int_equal(try(&one, 1, WTL_INDEX_STREAM, 1, BEGIN + 72, NULL), 0);
    assert_int_equal(try(&one, 1, 3, 1, BEGIN + 72, NULL), WTL_FORMAT);
    wtl_entry deep = file("a/model", 1, BEGIN, 0);
    assert_int_equal(try(&deep, 1, WTL_INDEX_FILE, 1, BEGIN + 72, NULL), WTL_FORMAT);
    wtl_entry dir = folder("d");
    assert_int_equal(try(&dir, 1, WTL_INDEX_FILE, 1, BEGIN, NULL), WTL_FORMAT);
    assert_int_equal(try(NULL, 0, WTL_INDEX_STREAM, 1, BEGIN, NULL), WTL_FORMAT);
}

/* Two objects of 72 bytes each, told apart only by what a row says. */
static int places(wtl_entry a, wtl_entry b, uint64_t generation, uint64_t end)
{
    wtl_entry e[2] = {a, b};
    return try(e, 2, WTL_INDEX_DIRECTORY, generation, end, NULL);
}

static void places_are_checked(void **state)
{
    (void)state;
    const uint64_t next = BEGIN + 72;
    const uint64_t end = BEGIN + 144;
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, 0), 1, end), 0);
    assert_int_equal(places(file("a", 2, next, 0), file("b", 1, BEGIN, 0), 1, end), 0);
    assert_int_equal(places(file("a", 2, BEGIN, 0), file("b", 1, next, 0), 1, end),
                     WTL_FORMAT); /* numbers fall */
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 1, next, 0), 1, end),
                     WTL_FORMAT); /* number twice */
    assert_int_equal(places(file("a", 0, BEGIN, 0), file("b", 1, next, 0), 1, end),
                     WTL_FORMAT); /* number 0 */
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, BEGIN, 0), 1, end),
                     WTL_FORMAT); /* same place */
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next - 1, 0), 1, end - 1), WTL_FORMAT);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next + 1, 0), 1, end + 1),
                     WTL_FORMAT); /* gap */
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next + 1, 0), 2, end + 1), 0);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, 0), 1, end + 1), WTL_FORMAT);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, 0), 2, end + 1), 0);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, 0), 1, end - 1), WTL_FORMAT);
    assert_int_equal(places(file("a", 1, BEGIN - 1, 0), file("b", 2, next, 0), 2, end),
                     WTL_FORMAT); /* in the header */
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, UINT64_MAX - 8, 0), 2, end), WTL_FORMAT);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, UINT64_MAX), 2, end), WTL_FORMAT);
    assert_int_equal(places(file("a", 1, BEGIN, 0), file("b", 2, next, 1ull << 52), 2, end), WTL_FORMAT);
}

static void generations_modes_and_kinds_are_checked(void **state)
{
    (void)state;
    wtl_entry e = file("a", 1, BEGIN, 0);
    e.generation = 0;
    assert_int_equal(try(&e, 1, WTL_INDEX_DIRECTORY, 1, BEGIN + 72, NULL), WTL_FORMAT);
    e.generation = 2;
    assert_int_equal(try(&e, 1, WTL_INDEX_DIRECTORY, 1, BEGIN + 72, NULL), WTL_FORMAT);
    assert_int_equal(try(&e, 1, WTL_INDEX_DIRECTORY, 2, BEGIN + 72, NULL), 0);
    e = file("a", 1, BEGIN, 0);
    e.mode = 04755;
    assert_int_equal(try(&e, 1, WTL_INDEX_DIRECTORY, 1, BEGIN + 72, NULL), WTL_FORMAT);
    e.mode = 0;
    e.tree = 2;
    assert_int_equal(try(&e, 1, WTL_INDEX_DIRECTORY, 1, BEGIN + 72, NULL), WTL_FORMAT);
    wtl_entry d = folder("d");
    d.tree = 1;
    assert_int_equal(try(&d, 1, WTL_INDEX_DIRECTORY, 1, BEGIN, NULL), WTL_FORMAT);
    d.tree = 0;
    d.type = 3;
    assert_int_equal(try(&d, 1, WTL_INDEX_DIRECTORY, 1, BEGIN, NULL), WTL_FORMAT);
}

static void the_trailers_generation_counts(void **state)
{
    (void)state;
    wtl_index x = {.generation = 2};
    AUTO(wtl_buf) b = {0};
    assert_int_equal(wtl_index_encode(&b, &x, NULL), 0);
    wtl_index_bounds bounds = {BEGIN, BEGIN, 1};
    AUTO(wtl_index) got = {0};
    assert_int_equal(wtl_index_parse(&got, wtl_buf_view(&b), &bounds, NULL), WTL_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_empty_directory_is_fine),
        cmocka_unit_test(truncations_are_refused),
        cmocka_unit_test(any_changed_byte_is_survived),
        cmocka_unit_test(claimed_counts_cost_nothing),
        cmocka_unit_test(hostile_names_are_refused),
        cmocka_unit_test(order_and_conflicts),
        cmocka_unit_test(shapes),
        cmocka_unit_test(places_are_checked),
        cmocka_unit_test(generations_modes_and_kinds_are_checked),
        cmocka_unit_test(the_trailers_generation_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
