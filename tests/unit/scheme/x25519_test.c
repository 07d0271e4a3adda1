#include "unit.h"

#include <ctype.h>
#include <stdbool.h>

#include "scheme/x25519.h"

static bool hex(uint8_t out[32], const char *text)
{
    for (int i = 0; i < 32; i++) {
        unsigned x;
        if (!isxdigit((unsigned char)text[2 * i]) || sscanf(text + 2 * i, "%2x", &x) != 1)
            return false;
        out[i] = (uint8_t)x;
    }
    return !isxdigit((unsigned char)text[64]);
}

static void every_level(void (*fn)(enum wtl_cpu_level level))
{
    fn(WTL_CPU_AUTO);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if (wtl_cpu_has(level))
            fn(level);
        else
            print_message("[  SKIPPED ] %s: not on this machine\n", wtl_cpu_name(level));
    }
}

static void agreement_at(enum wtl_cpu_level level)
{
    wtl_err err = {0};
    uint8_t a[32], b[32], want[32], pub_a[32], pub_b[32], got[32];
    assert_true(hex(a, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    assert_true(hex(b, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    assert_true(hex(want, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
    assert_good(wtl_x25519_public(pub_a, a, level, &err), &err);
    assert_good(wtl_x25519_public(pub_b, b, level, &err), &err);
    assert_good(wtl_x25519_shared(got, a, pub_b, level, &err), &err);
    assert_memory_equal(got, want, 32);
    assert_good(wtl_x25519_shared(got, b, pub_a, level, &err), &err);
    assert_memory_equal(got, want, 32);
}

static void agreement(void **state)
{
    (void)state;
    every_level(agreement_at);
}

static void refusal_at(enum wtl_cpu_level level)
{
    static const uint8_t zero[32];
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wtl_err err = {0};
        uint8_t scalar[32] = {(uint8_t)(i + 3), 7}, peer[32], ss[32];
        memset(ss, 0xa5, 32);
        assert_true(hex(peer, bad[i]));
        assert_int_equal(wtl_x25519_shared(ss, scalar, peer, level, &err), WTL_FORMAT);
        assert_memory_equal(ss, zero, 32);
        assert_non_null(strstr(err.text, "small order"));
        assert_int_equal(wtl_x25519_shared(ss, scalar, peer, level, NULL), WTL_FORMAT);
    }
}

static void refusal(void **state)
{
    (void)state;
    every_level(refusal_at);
}

/* A level that the machine lacks: refused, and nothing written. */
static void missing_level(void **state)
{
    (void)state;
    static const uint8_t zero[32];
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if (wtl_cpu_has(level))
            continue;
        uint8_t out[32] = {0};
        assert_int_equal(wtl_x25519_public(out, zero, level, NULL), WTL_POLICY);
        assert_int_equal(wtl_x25519_shared(out, zero, zero, level, NULL), WTL_POLICY);
        assert_memory_equal(out, zero, 32);
    }
}

/* OpenSSL's evppkey_ecx.txt: the raw keys of X25519 by name, and what is derived from them. */
typedef struct vectors {
    struct {
        char name[64];
        uint8_t key[32];
    } keys[64];
    size_t n;
    struct {
        size_t own, peer;
        uint8_t ss[32];
    } derived[64];
    size_t derivations;
} vectors;

static size_t find(const vectors *v, const char *name)
{
    size_t i = 0;
    while (i < v->n && strcmp(v->keys[i].name, name) != 0)
        i++;
    return i;
}

/* "name:X25519:hex" */
static void take_key(vectors *v, const char *text)
{
    const char *mark = strstr(text, ":X25519:");
    if (mark == NULL || v->n == sizeof v->keys / sizeof v->keys[0])
        return;
    snprintf(v->keys[v->n].name, sizeof v->keys[0].name, "%.*s", (int)(mark - text), text);
    v->n += hex(v->keys[v->n].key, mark + 8);
}

static void take_line(vectors *v, const char *line, size_t *own, size_t *peer)
{
    char name[64], value[512];
    if (sscanf(line, " %63[^ =] = %511s", name, value) != 2)
        return;
    if (strcmp(name, "PrivateKeyRaw") == 0 || strcmp(name, "PublicKeyRaw") == 0)
        take_key(v, value);
    if (strcmp(name, "Derive") == 0)
        *own = find(v, value);
    if (strcmp(name, "PeerKey") == 0)
        *peer = find(v, value);
    if (strcmp(name, "SharedSecret") != 0 || *own >= v->n || *peer >= v->n)
        return;
    assert_true(v->derivations < sizeof v->derived / sizeof v->derived[0]);
    v->derived[v->derivations].own = *own;
    v->derived[v->derivations].peer = *peer;
    assert_true(hex(v->derived[v->derivations++].ss, value));
}

static vectors vec;

static void derive_all(enum wtl_cpu_level level)
{
    for (size_t i = 0; i < vec.derivations; i++) {
        wtl_err err = {0};
        uint8_t got[32];
        assert_good(wtl_x25519_shared(got, vec.keys[vec.derived[i].own].key,
                                      vec.keys[vec.derived[i].peer].key, level, &err),
                    &err);
        assert_memory_equal(got, vec.derived[i].ss, 32);
    }
    for (size_t i = 0; i < vec.n; i++) { /* "X-Raw" and "X-PUBLIC-Raw" */
        wtl_err err = {0};
        char name[80];
        uint8_t got[32];
        size_t cut = strlen(vec.keys[i].name);
        if (cut < 4 || strcmp(vec.keys[i].name + cut - 4, "-Raw") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s-PUBLIC-Raw", (int)cut - 4, vec.keys[i].name);
        size_t pub = find(&vec, name);
        if (pub == vec.n)
            continue;
        assert_good(wtl_x25519_public(got, vec.keys[i].key, level, &err), &err);
        assert_memory_equal(got, vec.keys[pub].key, 32);
    }
}

static void openssl_vectors(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_OPENSSL_VECTORS", "evppkey_ecx.txt");
    if (path == NULL) {
        print_message("WATTLE_OPENSSL_VECTORS names no folder with evppkey_ecx.txt\n");
        skip();
    }
    char line[1024];
    size_t own = SIZE_MAX, peer = SIZE_MAX;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == '\n')
            own = peer = SIZE_MAX;
        else
            take_line(&vec, line, &own, &peer);
    }
    fclose(f);
    assert_true(vec.n >= 12 && vec.derivations >= 7);
    every_level(derive_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement),
        cmocka_unit_test(refusal),
        cmocka_unit_test(missing_level),
        cmocka_unit_test(openssl_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
