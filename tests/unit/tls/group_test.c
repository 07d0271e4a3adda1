/* The table of groups against crypto's table of algorithms, and lists of them. */
#include "unit.h"

#include "crypto/alg.h"
#include "tls/group.h"

static const wtl_alg *alg_of(uint16_t id)
{
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->tls == id && a->kind != WTL_ALG_SIG)
            return a;
    }
    return NULL;
}

static void every_group_of_the_algorithms_is_there(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->kind == WTL_ALG_SIG || a->tls == 0)
            continue;
        const wtl_group *g = wtl_group_by_id(a->tls);
        assert_non_null(g);
        seen++;
        enum wtl_group_class c = (a->flags & WTL_ALG_HYBRID) != 0 ? WTL_GROUP_HYBRID
                                 : (a->flags & WTL_ALG_PQ) != 0   ? WTL_GROUP_PURE
                                                                  : WTL_GROUP_CLASSICAL;
        assert_int_equal(g->class, c);
        assert_ptr_equal(wtl_group_by_name(a->name), g);
        if (a->alias != NULL)
            assert_ptr_equal(wtl_group_by_name(a->alias), g);
    }
    assert_int_equal(seen, 9);
}

static void rows_are_found_by_name_and_number(void **state)
{
    (void)state;
    size_t n = 0;
    const wtl_group *g;
    for (; (g = wtl_group_at(n)) != NULL; n++) {
        assert_ptr_equal(wtl_group_by_id(g->id), g);
        assert_ptr_equal(wtl_group_by_name(g->name), g);
        if (alg_of(g->id) == NULL)
            assert_int_equal(g->class, WTL_GROUP_CLASSICAL);
    }
    assert_true(n <= WTL_GROUPS_MOST);
    assert_null(wtl_group_at(n));
    assert_null(wtl_group_at(SIZE_MAX));
    assert_null(wtl_group_by_id(0));
    assert_null(wtl_group_by_id(0x0a0a));
    assert_null(wtl_group_by_name(""));
    assert_null(wtl_group_by_name("X25519MLKEM7680"));
    assert_string_equal(wtl_group_by_name("x25519mlkem768")->name, "X25519MLKEM768");
    assert_int_equal(wtl_group_by_name("X25519MLKEM768")->id, 0x11ec);
    assert_string_equal(wtl_group_by_name("prime256v1")->name, "secp256r1");
    assert_string_equal(wtl_group_by_name("p-384")->name, "secp384r1");
    assert_string_equal(wtl_group_by_name("P-521")->name, "secp521r1");
    assert_int_equal(wtl_group_at(0)->id, 0x11ec);
}

static void classes_have_names(void **state)
{
    (void)state;
    assert_string_equal(wtl_group_class_name(WTL_GROUP_NONE), "none");
    assert_string_equal(wtl_group_class_name(WTL_GROUP_CLASSICAL), "classical");
    assert_string_equal(wtl_group_class_name(WTL_GROUP_HYBRID), "hybrid");
    assert_string_equal(wtl_group_class_name(WTL_GROUP_PURE), "pq");
}

static void lists_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"X25519MLKEM768:mlkem768:P-256", "X25519MLKEM768,MLKEM768,secp256r1",
                                        " x25519mlkem768 , MLKEM768 :: prime256v1 "};
    for (size_t i = 0; i < 3; i++) {
        wtl_groups g;
        wtl_err err = {0};
        assert_good(wtl_groups_parse(&g, texts[i], &err), &err);
        assert_int_equal(g.n, 3);
        assert_int_equal(g.group[0]->id, 0x11ec);
        assert_int_equal(g.group[1]->id, 0x0201);
        assert_int_equal(g.group[2]->id, 0x0017);
        assert_true(wtl_groups_has(&g, WTL_GROUP_HYBRID));
        assert_true(wtl_groups_has(&g, WTL_GROUP_PURE));
        assert_true(wtl_groups_has(&g, WTL_GROUP_CLASSICAL));
        assert_false(wtl_groups_has(&g, WTL_GROUP_NONE));
    }
}

static void wrong_lists_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "empty"},
        {" :, ", "empty"},
        {"X25519:X25519", "X25519 stands twice"},
        {"P-256:secp256r1", "secp256r1 stands twice"},
        {"X25519:DEFAULT", "\"DEFAULT\""},
        {"*X25519", "\"*X25519\""},
        {"X25519/MLKEM768", "\"X25519/MLKEM768\""},
        {"?X25519", "\"?X25519\""},
        {"X25519\x1b[1m", "\\x1b"},
        {"a234567890123456789012345678901234567890123456789012345678901234567890", "a2345678901234567890"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_groups g = {.n = 7};
        wtl_err err = {0};
        assert_int_equal(wtl_groups_parse(&g, rows[i].text, &err), WTL_USAGE);
        assert_int_equal(g.n, 7);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("\"%s\" gave: %s", rows[i].text, err.text);
    }
}

static void all_of_them_fit_into_one_list(void **state)
{
    (void)state;
    char text[1024] = "";
    size_t n = 0;
    const wtl_group *g;
    for (; (g = wtl_group_at(n)) != NULL; n++) {
        strcat(text, g->name);
        strcat(text, ":");
    }
    wtl_groups all;
    wtl_err err = {0};
    assert_good(wtl_groups_parse(&all, text, &err), &err);
    assert_int_equal(all.n, n);
    strcat(text, "X25519");
    assert_int_equal(wtl_groups_parse(&all, text, &err), WTL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_group_of_the_algorithms_is_there),
        cmocka_unit_test(rows_are_found_by_name_and_number),
        cmocka_unit_test(classes_have_names),
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(wrong_lists_are_refused_by_name),
        cmocka_unit_test(all_of_them_fit_into_one_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
