#include "model.h"

#include "sign/sign_file.h"

#define ED key(WTL_ALG_ID_ED25519, 0)
#define ED1 key(WTL_ALG_ID_ED25519, 1)

static int try_opts(const wtl_sign_file_opts *o, const char *says)
{
    wtl_signer s = {ED, at("f.sig.json")};
    wtl_err err = {0};
    int rc = wtl_sign_file(at("f"), &s, 1, o, NULL, &err);
    if (rc < 0 && strstr(err.text, says) == NULL)
        fail_msg("%s: %s", wtl_rc_name(rc), err.text);
    if (rc < 0)
        assert_false(exists("f.sig.json"));
    return rc;
}

static void options(void **state)
{
    (void)state;
    put("f", "x");
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.hash = "sha1"}, "sha1"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.payload_type = "text"}, "media type"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.payload_type = ""}, "media type"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.signed_at = 7}, "clock"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.signed_at = -7}, "clock"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.signed_at = INT64_MAX}, "clock"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.rotate_by = 1000000000}, "rotation date"), WTL_USAGE);
    assert_int_equal(
        try_opts(&(wtl_sign_file_opts){.signed_at = 1800000000, .rotate_by = 1800000000}, "rotation date"),
        WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.rotate_by = INT64_MAX}, "rotation date"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.next_key = ED}, "itself"), WTL_USAGE);
    assert_int_equal(
        try_opts(&(wtl_sign_file_opts){.next_key = key(WTL_ALG_ID_MLKEM768, 0)}, "cannot follow"), WTL_USAGE);
    assert_int_equal(try_opts(&(wtl_sign_file_opts){.next_key = ED1}, ""), 0);
}

static void two_keys(void **state)
{
    (void)state;
    put("f", "x");
    wtl_signer s[] = {{ED, at("f.sig.json")}, {ED1, at("f.b.sig.json")}};
    wtl_err err = {0};
    wtl_sign_file_opts next = {.next_key = key(WTL_ALG_ID_MLDSA44, 0)};
    assert_int_equal(wtl_sign_file(at("f"), s, 2, &next, NULL, &err), WTL_USAGE);
    wtl_sign_file_opts o = {.signed_at = 1800000000};
    wtl_sign_file_result r;
    assert_good(wtl_sign_file(at("f"), s, 2, &o, &r, &err), &err);
    assert_string_equal(r.digest, "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
    assert_int_equal(r.size, 1);
    assert_int_equal(r.signed_at, 1800000000);
    assert_string_equal(r.next_key, "");
    assert_int_equal(count_files("."), 3);
    assert_int_equal(wtl_sign_file(at("f"), s, 2, &o, NULL, &err), WTL_POLICY);
    o.force = true;
    assert_good(wtl_sign_file(at("f"), s, 2, &o, NULL, &err), &err);
    assert_int_equal(wtl_sign_file(at("f"), s, 0, &o, NULL, &err), WTL_USAGE);
    wtl_signer twice[] = {{ED, at("a.sig.json")}, {ED, at("b.sig.json")}};
    assert_int_equal(wtl_sign_file(at("f"), twice, 2, &o, NULL, &err), WTL_USAGE);
    wtl_signer one_place[] = {{ED, at("a.sig.json")}, {ED1, at("./a.sig.json")}};
    assert_int_equal(wtl_sign_file(at("f"), one_place, 2, &o, NULL, &err), WTL_USAGE);
    wtl_signer kem = {key(WTL_ALG_ID_MLKEM768, 0), at("a.sig.json")};
    assert_int_equal(wtl_sign_file(at("f"), &kem, 1, &o, NULL, &err), WTL_USAGE);
    assert_int_equal(count_files("."), 3);
}

/* All or none: the second place cannot be written to. */
static void late_failure(void **state)
{
    (void)state;
    put("f", "x");
    make_folder("taken");
    wtl_signer s[] = {{ED, at("f.sig.json")}, {ED1, at("taken")}};
    wtl_sign_file_opts o = {.force = true};
    assert_int_equal(wtl_sign_file(at("f"), s, 2, &o, NULL, NULL), WTL_POLICY);
    s[1].out = at("no/such/folder.sig.json");
    assert_int_equal(wtl_sign_file(at("f"), s, 2, &o, NULL, NULL), WTL_IO);
    assert_int_equal(count_files("."), 2);
}

static void places(void **state)
{
    (void)state;
    put("f", "x");
    make_folder("d");
    wtl_err err = {0};
    wtl_sign_file_opts o = {.force = true};
    wtl_signer itself = {ED, at("f")};
    assert_int_equal(wtl_sign_file(at("f"), &itself, 1, &o, NULL, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "which is the file to sign"));
    wtl_signer s = {ED, at("d.sig.json")};
    assert_int_equal(wtl_sign_file(at("d"), &s, 1, &o, NULL, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "the format bundle signs directories"));
    assert_int_equal(wtl_sign_file(at("none"), &s, 1, &o, NULL, &err), WTL_IO);
    assert_int_equal(wtl_sign_file("/dev/null", &s, 1, &o, NULL, &err), WTL_POLICY);
    assert_int_equal(count_files("."), 2);
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *out, *key;
        size_t i;
        const char *want;
    } rows[] = {
        {NULL, "k/ec.key", 0, "d/f.bin.sig.json"},     {NULL, "k/ec.key", 1, "d/f.bin.ec.sig.json"},
        {"o/x.sig.json", "ec.key", 0, "o/x.sig.json"}, {"o/x.sig.json", "my.ec.key", 1, "o/x.my.ec.sig.json"},
        {"o/x.json", "ec.key", 1, "o/x.ec.json"},      {"o/x", "ec.key", 1, "o/x.ec"},
        {".sig.json", "ec.key", 1, ".sig.ec.json"},
    };
    make_folder("d");
    put("d/f.bin", "x");
    char file[128];
    snprintf(file, sizeof file, "%s", at("d/f.bin"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = NULL;
        wtl_err err = {0};
        assert_good(wtl_sign_file_path(&path, file, rows[i].out, rows[i].key, rows[i].i, &err), &err);
        size_t n = strlen(path);
        size_t w = strlen(rows[i].want);
        if (n < w || strcmp(path + n - w, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, path);
        free(path);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, model_setup, model_teardown)
    const struct CMUnitTest tests[] = {
        CASE(options), CASE(two_keys), CASE(late_failure), CASE(places), CASE(names),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
