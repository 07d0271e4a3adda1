/* Readers of public test vectors: hexadecimal in any case, OpenSSL's "Key = value" stanzas, JSON members. */
#ifndef WTL_TESTS_CRYPTO_VEC_H
#define WTL_TESTS_CRYPTO_VEC_H

#include "unit.h"

#include <ctype.h>
#include <jansson.h>
#include <strings.h>

#include "base/buf.h"
#include "base/secret.h"

/* The bytes of `hex`; fails the test where it is none. */
static inline wtl_buf vec_hex(const char *hex)
{
    wtl_buf b = {0};
    size_t n = strlen(hex);
    assert_int_equal(n % 2, 0);
    for (size_t i = 0; i < n; i += 2) {
        char two[3] = {hex[i], hex[i + 1], 0};
        assert_true(isxdigit((unsigned char)two[0]) && isxdigit((unsigned char)two[1]));
        wtl_buf_u8(&b, (uint8_t)strtoul(two, NULL, 16));
    }
    return b;
}

#define VEC_HEX(name, hex) AUTO(wtl_buf) name = vec_hex(hex)

static inline wtl_bytes vec_text(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, strlen(s)};
}

static inline bool vec_same(wtl_bytes a, wtl_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline void vec_is(wtl_bytes got, const char *hex)
{
    VEC_HEX(want, hex);
    if (!vec_same(got, wtl_buf_view(&want))) {
        AUTO(wtl_buf) text = {0};
        wtl_buf_hex(&text, got);
        fail_msg("got %s, wanted %s", wtl_buf_cstr(&text), hex);
    }
}

/* One stanza of a file of OpenSSL's evp_test. */
enum { VEC_FIELDS = 24 };
typedef struct vec_stanza {
    char *key[VEC_FIELDS];
    char *value[VEC_FIELDS];
    size_t n;
} vec_stanza;

/* The value of the first field of that name, or NULL. */
static inline const char *vec_field(const vec_stanza *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->key[i], key) == 0)
            return s->value[i];
    }
    return NULL;
}

/* The hexadecimal value "hexkey:..." of an evp_test control among fields of one name; NULL when absent. */
static inline const char *vec_ctrl(const vec_stanza *s, const char *field, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < s->n; i++) {
        if (strncmp(s->key[i], field, strlen(field)) == 0 && strncmp(s->value[i], name, n) == 0 &&
            s->value[i][n] == ':')
            return s->value[i] + n + 1;
    }
    return NULL;
}

static inline void vec_stanza_clear(vec_stanza *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->key[i]);
        free(s->value[i]);
    }
    s->n = 0;
}

static inline void vec_stanza_add(vec_stanza *s, char *line)
{
    char *eq = strchr(line, '=');
    if (eq == NULL || s->n == VEC_FIELDS)
        return;
    char *end = eq;
    while (end > line && end[-1] == ' ')
        end--;
    char *value = eq + 1 + strspn(eq + 1, " ");
    value[strcspn(value, "\r\n")] = '\0';
    s->key[s->n] = strndup(line, (size_t)(end - line));
    s->value[s->n++] = strdup(value);
}

/* Calls `each` for every stanza of the file; returns how many it said 1 to. */
static inline unsigned vec_stanzas(const char *path, int (*each)(const vec_stanza *s))
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    vec_stanza s = {0};
    unsigned ran = 0;
    char *line = NULL;
    size_t cap = 0;
    bool more = true;
    while (more) {
        more = getline(&line, &cap, f) >= 0;
        if (more && line[0] == '#')
            continue;
        if (more && line[strspn(line, " \r\n")] != '\0') {
            vec_stanza_add(&s, line);
            continue;
        }
        if (s.n > 0)
            ran += each(&s) == 1;
        vec_stanza_clear(&s);
    }
    free(line);
    fclose(f);
    return ran;
}

static inline const char *vec_json_text(const json_t *object, const char *member)
{
    const char *s = json_string_value(json_object_get(object, member));
    if (s == NULL)
        fail_msg("the vector has no member %s", member);
    return s;
}

static inline json_t *vec_json(const char *path)
{
    json_error_t e;
    json_t *root = json_load_file(path, 0, &e);
    if (root == NULL)
        fail_msg("%s: %s", path, e.text);
    return root;
}

/* A repeatable stream of bytes for tests (xorshift64), never zero-seeded. */
static inline void vec_noise(uint64_t *state, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        out[i] = (uint8_t)(*state >> 32);
    }
}

/* Skips the test, saying what is missing. */
#define VEC_PATH(name, variable, rest)                                                       \
    const char *name = unit_path(variable, rest);                                            \
    if (name == NULL) {                                                                      \
        print_message("# skipped: %s is not in the folder that %s names\n", rest, variable); \
        skip();                                                                              \
    }

#endif
