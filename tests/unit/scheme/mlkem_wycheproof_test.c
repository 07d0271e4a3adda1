/* Wycheproof's vectors of ML-KEM, at every level. */
#include "unit.h"

#include "mlkem_lib.h"

/* What one file's tests are called and how one runs; level is the present one. */
typedef void case_fn(enum wtl_mlkem_set set, int level, const json_t *test, bool valid);

static void keygen_case(enum wtl_mlkem_set set, int level, const json_t *test, bool valid)
{
    VEC_HEX(seed, vec_json_text(test, "seed"));
    assert_true(valid);
    assert_int_equal(seed.n, 64);
    AUTO(wtl_mlkem) *k = kem_seed(set, level, seed.p);
    vec_is(wtl_mlkem_public(k), vec_json_text(test, "ek"));
    vec_is(wtl_mlkem_private(k), vec_json_text(test, "dk"));
}

static void encaps_case(enum wtl_mlkem_set set, int level, const json_t *test, bool valid)
{
    VEC_HEX(ek, vec_json_text(test, "ek"));
    VEC_HEX(m, vec_json_text(test, "m"));
    wtl_err err = {0};
    AUTO(wtl_mlkem) *k = NULL;
    int rc = wtl_mlkem_from_public(&k, set, level, wtl_buf_view(&ek), &err);
    if (!valid) {
        assert_int_equal(rc, WTL_FORMAT);
        return;
    }
    assert_good(rc, &err);
    kem_encaps_is(k, wtl_buf_view(&m), vec_json_text(test, "c"), vec_json_text(test, "K"));
}

/* A key from its seed decapsulates; seeds of a wrong length cannot even be given. */
static void seed_case(enum wtl_mlkem_set set, int level, const json_t *test, bool valid)
{
    VEC_HEX(seed, vec_json_text(test, "seed"));
    VEC_HEX(ct, vec_json_text(test, "c"));
    wtl_err err = {0};
    uint8_t ss[32];
    if (seed.n != 64) {
        assert_false(valid);
        return;
    }
    AUTO(wtl_mlkem) *k = kem_seed(set, level, seed.p);
    const char *ek = json_string_value(json_object_get(test, "ek"));
    if (ek != NULL && ek[0] != '\0')
        vec_is(wtl_mlkem_public(k), ek);
    int rc = wtl_mlkem_decaps(k, wtl_buf_view(&ct), ss, &err);
    assert_int_equal(rc, valid ? WTL_OK : WTL_FORMAT);
    if (valid)
        vec_is((wtl_bytes){ss, 32}, vec_json_text(test, "K"));
}

static void expanded_case(enum wtl_mlkem_set set, int level, const json_t *test, bool valid)
{
    VEC_HEX(dk, vec_json_text(test, "dk"));
    VEC_HEX(ct, vec_json_text(test, "c"));
    wtl_err err = {0};
    uint8_t ss[32];
    AUTO(wtl_mlkem) *k = NULL;
    int rc = wtl_mlkem_from_private(&k, set, level, wtl_buf_view(&dk), &err);
    if (rc == WTL_OK)
        rc = wtl_mlkem_decaps(k, wtl_buf_view(&ct), ss, &err);
    assert_int_equal(rc, valid ? WTL_OK : WTL_FORMAT);
    const char *want = json_string_value(json_object_get(test, "K"));
    if (valid && want != NULL && want[0] != '\0')
        vec_is((wtl_bytes){ss, 32}, want);
}

static unsigned group(const json_t *g, case_fn *run)
{
    enum wtl_mlkem_set set = kem_set(vec_json_text(g, "parameterSet"));
    unsigned ran = 0;
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(g, "tests"), i, test)
    {
        bool valid = strcmp(vec_json_text(test, "result"), "valid") == 0;
        EACH_LEVEL(level)
        {
            run(set, level, test, valid);
        }
        ran++;
    }
    return ran;
}

static void files(const char *what, case_fn *run)
{
    static const char *const bits[] = {"512", "768", "1024"};
    for (size_t b = 0; b < 3; b++) {
        char file[64];
        snprintf(file, sizeof file, "wycheproof/mlkem_%s_%s.json", bits[b], what);
        VEC_PATH(path, "WATTLE_VECTORS", file);
        json_t *root = vec_json(path);
        unsigned ran = 0;
        size_t i;
        json_t *g;
        json_array_foreach(json_object_get(root, "testGroups"), i, g)
        {
            ran += group(g, run);
        }
        assert_int_equal(ran, json_integer_value(json_object_get(root, "numberOfTests")));
        json_decref(root);
    }
}

static void keygen(void **state)
{
    (void)state;
    files("keygen_seed_test", keygen_case);
}

static void encaps(void **state)
{
    (void)state;
    files("encaps_test", encaps_case);
}

static void decaps(void **state)
{
    (void)state;
    files("test", seed_case);
}

static void decaps_expanded(void **state)
{
    (void)state;
    files("semi_expanded_decaps_test", expanded_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keygen),
        cmocka_unit_test(encaps),
        cmocka_unit_test(decaps),
        cmocka_unit_test(decaps_expanded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
