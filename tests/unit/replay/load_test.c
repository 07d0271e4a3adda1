#include "unit.h"

#include <unistd.h>

#include "replay/load.h"

static char dir[] = "/tmp/wattle-load.XXXXXX";

static int start(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static const char *place(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(place(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static size_t read_file(const char *name, uint8_t *to, size_t most)
{
    FILE *f = fopen(place(name), "rb");
    assert_non_null(f);
    size_t n = fread(to, 1, most, f);
    fclose(f);
    return n;
}

static int load(wtl_trace *t, const char *name, wtl_err *err)
{
    *t = (wtl_trace){0};
    return wtl_load_trace(t, place(name), WTL_PARSE_LIRS, err);
}

static void test_plain(void **state)
{
    (void)state;
    wtl_trace t;
    wtl_err err = {0};
    write_file("plain", "1\n2\n1\n", 6);
    assert_good(load(&t, "plain", &err), &err);
    assert_int_equal(t.n, 3);
    assert_int_equal(t.keys, 2);
    wtl_trace_free(&t);
    write_file("empty", "", 0);
    assert_int_equal(load(&t, "empty", &err), WTL_FORMAT);
    assert_null(t.key);
    assert_int_equal(load(&t, "absent", &err), WTL_IO);
    assert_non_null(strstr(err.text, "absent"));
    assert_int_equal(wtl_load_trace(&t, dir, WTL_PARSE_LIRS, &err), WTL_POLICY);
}

/* Packed by the program, then cut at every place, and with a byte changed at every place. */
static void check_packed(const char *program, const char *suffix)
{
    char command[256];
    uint8_t packed[4096];
    wtl_trace t;
    wtl_err err = {0};
    char name[32];
    snprintf(name, sizeof name, "text.%s", suffix);
    write_file("text", "10\n20\n10\n30\n", 12);
    snprintf(command, sizeof command, "%s -c %s/text > %s/%s 2>/dev/null", program, dir, dir, name);
    if (system(command) != 0) {
        print_message("%s is not installed\n", program);
        skip();
    }
    assert_good(load(&t, name, &err), &err);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.keys, 3);
    wtl_trace_free(&t);
    size_t n = read_file(name, packed, sizeof packed);
    for (size_t i = 0; i < n; i++) {
        write_file("cut", packed, i);
        assert_int_equal(load(&t, "cut", &err), WTL_FORMAT);
        assert_null(t.key);
        packed[i] ^= 0x55;
        write_file("changed", packed, n);
        packed[i] ^= 0x55;
        int rc = load(&t, "changed", &err);
        assert_true(rc == WTL_FORMAT ||
                    (rc == WTL_OK && t.n == 4 && t.keys == 3)); /* gzip's times and names are free */
        wtl_trace_free(&t);
    }
}

static void test_gzip(void **state)
{
    (void)state;
    check_packed("gzip", "gz");
}

static void test_xz(void **state)
{
    (void)state;
    check_packed("xz", "xz");
}

static void test_no_program(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0};
    wtl_trace t;
    wtl_err err = {0};
    write_file("packed", head, sizeof head);
    char *path = strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", dir, 1), 0);
    assert_int_equal(load(&t, "packed", &err), WTL_IO);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    assert_non_null(strstr(err.text, "gzip"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_xz),
        cmocka_unit_test(test_no_program),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
