#include "vec.h"

#include "crypto/agetext.h"

/* From tests/golden/age_xwing.key, whose second line carries the recipient and whose third is the identity. */
static char recipient[4096];
static char identity[256];

static void read_file(const char *path, wtl_buf *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        wtl_buf_add(out, part, n);
    fclose(f);
}

static int load_golden(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_SOURCE", "tests/golden/age_xwing.key");
    if (path == NULL)
        return -1;
    AUTO(wtl_buf) file = {0};
    read_file(path, &file);
    return sscanf(wtl_buf_cstr(&file), "#%*[^\n]\n# public key: %4095s\n%255s", recipient, identity) == 2
               ? 0
               : -1;
}

static wtl_key *parse(const char *text)
{
    wtl_err err = {0};
    wtl_key *k = NULL;
    assert_good(wtl_agetext_parse(&k, vec_text(text), &err), &err);
    return k;
}

static void refused(wtl_bytes text, int rc)
{
    wtl_err err = {0};
    wtl_key *k = NULL;
    int got = wtl_agetext_parse(&k, text, &err);
    if (got != rc)
        fail_msg("%.*s gave %s", (int)text.n, (const char *)text.p, wtl_rc_name(got));
    assert_true(k == NULL && err.text[0] != '\0');
}

static void writes_as(const wtl_key *k, const char *public, const char *private)
{
    wtl_err err = {0};
    AUTO(wtl_buf) pub = {0};
    AUTO(wtl_buf) want = {0};
    wtl_buf_fmt(&want, "%s\n", public);
    assert_good(wtl_agetext_public(k, &pub, &err), &err);
    assert_true(vec_same(wtl_buf_view(&pub), wtl_buf_view(&want)));
    AUTO(wtl_secret) priv = {0};
    int rc = wtl_agetext_private(k, &priv, &err);
    if (private == NULL) {
        assert_int_equal(rc, WTL_USAGE);
        assert_null(priv.p);
        return;
    }
    assert_good(rc, &err);
    wtl_buf_clear(&want);
    wtl_buf_fmt(&want, "%s\n", private);
    assert_true(vec_same(wtl_secret_view(&priv), wtl_buf_view(&want)));
}

static void golden_both_ways(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t seed[32];
    for (uint8_t i = 0; i < 32; i++)
        seed[i] = i;
    AUTO(wtl_key) *k = NULL;
    assert_good(wtl_key_from_seed(&k, wtl_alg_at(WTL_ALG_ID_XWING), (wtl_bytes){seed, 32}, &err), &err);
    writes_as(k, recipient, identity);
    AUTO(wtl_key) *me = parse(identity);
    AUTO(wtl_key) *to = parse(recipient);
    writes_as(me, recipient, identity);
    writes_as(to, recipient, NULL);
    assert_true(wtl_key_is_private(me) && !wtl_key_is_private(to));
    assert_true(wtl_key_same(me, to) && wtl_key_same(me, k));
    assert_string_equal(wtl_key_alg_name(me), "X-Wing");
}

/* age 1.3's own identity file, recipient in its comment. */
static void key_by_age(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_VECTORS", "age/pq.key");
    AUTO(wtl_buf) file = {0};
    read_file(path, &file);
    assert_true(wtl_agetext_looks(wtl_buf_view(&file)));
    static char public[4096];
    static char private[256];
    assert_int_equal(sscanf(wtl_buf_cstr(&file), "#%*[^\n]\n# public key: %4095s\n%255s", public, private),
                     2);
    wtl_err err = {0};
    AUTO(wtl_key) *k = NULL;
    assert_good(wtl_agetext_parse(&k, wtl_buf_view(&file), &err), &err);
    writes_as(k, public, private);
}

static void in_case(char *text, int (*change)(int))
{
    for (; *text != '\0'; text++)
        *text = (char)change((unsigned char)*text);
}

static void what_may_stand_around(void **state)
{
    (void)state;
    static const char *const frames[] = {"%s",
                                         "%s\n",
                                         "%s\r\n",
                                         "# a\n# b\n%s\n",
                                         "\n\n%s\n\n\n",
                                         "\r\n#\r\n%s\r\n#x",
                                         "#\n\n%s\n# created: never\n",
                                         "# age1pq1 in a comment\n%s"};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        for (int private = 0; private < 2; private ++) {
            AUTO(wtl_buf) text = {0};
            const char *at = strstr(frames[i], "%s");
            wtl_buf_add(&text, frames[i], (size_t)(at - frames[i]));
            wtl_buf_str(&text, private ? identity : recipient);
            wtl_buf_str(&text, at + 2);
            assert_true(wtl_agetext_looks(wtl_buf_view(&text)));
            AUTO(wtl_key) *k = parse(wtl_buf_cstr(&text));
            assert_int_equal(wtl_key_is_private(k), private);
        }
    }
    char other[4096];
    strcpy(other, recipient);
    in_case(other, toupper);
    AUTO(wtl_key) *to = parse(other);
    writes_as(to, recipient, NULL);
    strcpy(other, identity);
    in_case(other, tolower);
    AUTO(wtl_key) *me = parse(other);
    writes_as(me, recipient, identity);
}

static void what_may_not(void **state)
{
    (void)state;
    static const char *const frames[] = {" %s",
                                         "%s ",
                                         "%s\t\n",
                                         "\t%s",
                                         "%s\r",
                                         "%s\n\r\r\n",
                                         "%s\nx",
                                         "%s\n \n",
                                         "#\r%s",
                                         "\xef\xbb\xbf%s",
                                         "%sq",
                                         "q%s",
                                         "\"%s\"",
                                         "%s\n%s",
                                         "%s\n\n#\n%s",
                                         "# only a comment\n",
                                         ""};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        AUTO(wtl_buf) text = {0};
        for (const char *c = frames[i]; *c != '\0'; c++) {
            if (c[0] == '%')
                wtl_buf_str(&text, identity);
            else if (c == frames[i] || c[-1] != '%')
                wtl_buf_u8(&text, (uint8_t)*c);
        }
        /* A carriage return at the very end is the half of a CRLF that a cut left: taken as one. */
        if (strcmp(frames[i], "%s\r") == 0)
            continue;
        refused(wtl_buf_view(&text), WTL_FORMAT);
    }
    AUTO(wtl_buf) both = {0};
    wtl_buf_fmt(&both, "%s\n%s\n", recipient, identity);
    refused(wtl_buf_view(&both), WTL_FORMAT);
    refused((wtl_bytes){(const uint8_t *)"age1pq1\0qq", 10}, WTL_FORMAT);
}

static void other_kinds_of_age_key(void **state)
{
    (void)state;
    static const char *const others[] = {
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "AGE-SECRET-KEY-1QQPQYSUQZSGPQYSUQZSGPQYSUQZSGPQYSUQZSGPQYSUQZSGPQYSSQQQQQQ",
        "age1tag1qqqqqq",
        "AGE-PLUGIN-X-1QQQQ",
        "ssh-ed25519 AAAA",
        "-----BEGIN PUBLIC KEY-----"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        refused(vec_text(others[i]), WTL_FORMAT);
        assert_int_equal(wtl_agetext_looks(vec_text(others[i])), i < 3);
    }
    assert_false(wtl_agetext_looks((wtl_bytes){0}));
    assert_false(wtl_agetext_looks(vec_text("# age1pq1\n")));
    assert_false(wtl_agetext_looks(vec_text("age")));
}

/* Every prefix of the text, and every character replaced: refused, or the same key. */
static void every_truncation_and_change(void **state)
{
    (void)state;
    for (int private = 0; private < 2; private ++) {
        const char *text = private ? identity : recipient;
        char copy[4096];
        size_t n = strlen(text);
        memcpy(copy, text, n + 1);
        for (size_t cut = 0; cut < n; cut++)
            refused((wtl_bytes){(const uint8_t *)text, cut}, WTL_FORMAT);
        for (size_t i = 0; i < n; i++) {
            static const uint8_t to[] = {0, '\n', '\r', ' ', '#', '1', 'q', 'p', 'Q', 'b', 0x80, 0xff};
            for (size_t t = 0; t < sizeof to + 1; t++) {
                copy[i] = t < sizeof to ? (char)to[t] : (char)(text[i] ^ 0x20);
                wtl_bytes changed = {(const uint8_t *)copy, n};
                wtl_key *k = NULL;
                if (copy[i] == text[i])
                    continue;
                assert_int_equal(wtl_agetext_parse(&k, changed, NULL), WTL_FORMAT);
                assert_null(k);
            }
            copy[i] = text[i];
        }
    }
}

static void only_xwing_has_this_form(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) out = {0};
    AUTO(wtl_secret) s = {0};
    assert_good(wtl_key_generate(&k, wtl_alg_by_name("ML-KEM-768"), &err), &err);
    assert_int_equal(wtl_agetext_public(k, &out, &err), WTL_USAGE);
    assert_int_equal(wtl_agetext_private(k, &s, &err), WTL_USAGE);
    assert_true(out.n == 0 && s.p == NULL);
}

/* No sentence about a broken identity repeats any of it. */
static void messages_keep_the_secret(void **state)
{
    (void)state;
    char copy[256];
    strcpy(copy, identity);
    for (size_t i = 19; i < strlen(identity); i++) {
        wtl_err err = {0};
        wtl_key *k = NULL;
        copy[i] = '!';
        assert_int_equal(wtl_agetext_parse(&k, vec_text(copy), &err), WTL_FORMAT);
        copy[i] = identity[i];
        for (size_t at = 19; at + 8 <= strlen(identity); at++) {
            char part[9] = {0};
            memcpy(part, identity + at, 8);
            assert_null(strcasestr(err.text, part));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_both_ways),         cmocka_unit_test(key_by_age),
        cmocka_unit_test(what_may_stand_around),    cmocka_unit_test(what_may_not),
        cmocka_unit_test(other_kinds_of_age_key),   cmocka_unit_test(every_truncation_and_change),
        cmocka_unit_test(only_xwing_has_this_form), cmocka_unit_test(messages_keep_the_secret),
    };
    return cmocka_run_group_tests(tests, load_golden, NULL);
}
