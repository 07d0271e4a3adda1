/* Containers that open with a passphrase, alone. */
#include "craft.h"

#include "base/text.h"
#include "container/scrypt.h"
#include "seal/pass.h"

enum { CHEAP = 10 };

/* A passphrase that counts how often it was asked for. */
struct asked {
    const char *text;
    size_t n;
    int times;
};

static int give(void *arg, char *out, size_t cap, wtl_err *err)
{
    struct asked *a = arg;
    (void)err;
    assert_true(a->n <= cap);
    a->times++;
    memcpy(out, a->text, a->n);
    return (int)a->n;
}

static int give_nothing_good(void *arg, char *out, size_t cap, wtl_err *err)
{
    (void)arg;
    (void)out;
    (void)cap;
    return WTL_FAIL(err, WTL_BUSY, "nobody is at the terminal");
}

static wtl_key *alice;
static wtl_key *signer;

static int setup(void **state)
{
    alice = box_key("X-Wing", 1);
    signer = box_key("ML-DSA-44", 2);
    if (box_setup(state) != 0)
        return -1;
    box_write(box_path("m"), wtl_text_of("some content"));
    return 0;
}

static int teardown(void **state)
{
    wtl_key_free(alice);
    wtl_key_free(signer);
    return box_teardown(state);
}

static int seal_bytes(const char *out, const char *text, size_t n, wtl_err *err)
{
    struct asked a = {text, n, 0};
    wtl_passphrase pp = {give, &a};
    const wtl_key *sign = signer;
    wtl_seal_opts o = {.passphrase = &pp, .work = CHEAP, .sign = &sign, .n_sign = 1, .force = true};
    return wtl_seal(box_path("m"), out, &o, NULL, err);
}

static int open_bytes(const char *container, const char *text, size_t n, wtl_err *err)
{
    struct asked a = {text, n, 0};
    wtl_passphrase pp = {give, &a};
    const wtl_key *sender = signer;
    wtl_open_opts o = {.passphrase = &pp, .sender = &sender, .n_senders = 1, .force = true};
    return wtl_open(container, box_path("out"), &o, NULL, err);
}

static void the_right_one_opens(void **state)
{
    (void)state;
    static const char *const good[] = {"x", "correct horse battery staple", "p\xc3\xa4ssword",
                                       "\xff\xfe bytes"};
    for (size_t i = 0; i < 4; i++) {
        wtl_err err = {0};
        assert_good(seal_bytes(box_path("p.wtl"), good[i], strlen(good[i]), &err), &err);
        assert_good(open_bytes(box_path("p.wtl"), good[i], strlen(good[i]), &err), &err);
        AUTO(wtl_buf) got = {0};
        box_read(box_path("out/m"), &got);
        assert_true(wtl_text_eq(wtl_buf_view(&got), "some content"));
        char other[64];
        snprintf(other, sizeof other, "%s ", good[i]);
        assert_int_equal(open_bytes(box_path("p.wtl"), other, strlen(other), &err), WTL_NO);
        assert_non_null(strstr(err.text, "passphrase is wrong"));
    }
    /* The same letter, composed and not: other bytes, another passphrase. */
    wtl_err err = {0};
    assert_good(seal_bytes(box_path("p.wtl"), "\xc3\xa4", 2, &err), &err);
    assert_int_equal(open_bytes(box_path("p.wtl"), "a\xcc\x88", 3, &err), WTL_NO);
}

static void lengths(void **state)
{
    (void)state;
    char most[1024];
    memset(most, 'k', sizeof most);
    wtl_err err = {0};
    assert_good(seal_bytes(box_path("p.wtl"), most, sizeof most, &err), &err);
    assert_good(open_bytes(box_path("p.wtl"), most, sizeof most, &err), &err);
    assert_int_equal(open_bytes(box_path("p.wtl"), most, sizeof most - 1, &err), WTL_NO);
    assert_int_equal(seal_bytes(box_path("q.wtl"), "", 0, &err), WTL_USAGE);
    assert_int_equal(seal_bytes(box_path("q.wtl"), "a\0b", 3, &err), WTL_USAGE);
    assert_int_equal(seal_bytes(box_path("q.wtl"), "ab\0", 3, &err), WTL_USAGE);
    assert_int_equal(open_bytes(box_path("p.wtl"), "", 0, &err), WTL_USAGE);
    assert_false(box_exists(box_path("q.wtl")));
}

static void it_stands_alone(void **state)
{
    (void)state;
    struct asked a = {"secret", 6, 0};
    wtl_passphrase pp = {give, &a};
    const wtl_key *to = alice;
    wtl_seal_opts o = {.passphrase = &pp, .work = CHEAP, .to = &to, .n_to = 1};
    wtl_err err = {0};
    assert_int_equal(wtl_seal(box_path("m"), box_path("q.wtl"), &o, NULL, &err), WTL_USAGE);
    assert_int_equal(a.times, 0);
    static const unsigned bad_work[] = {1, 9, 31, 64, 1000};
    for (size_t i = 0; i < 5; i++) {
        wtl_seal_opts w = {.passphrase = &pp, .work = bad_work[i]};
        assert_int_equal(wtl_seal(box_path("m"), box_path("q.wtl"), &w, NULL, &err), WTL_USAGE);
    }
    assert_false(box_exists(box_path("q.wtl")));
}

/* What does not fit what the container opens with is told apart from a wrong key. */
static void keys_and_passphrases(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(seal_bytes(box_path("p.wtl"), "secret", 6, &err), &err);
    assert_int_equal(box_open(box_path("p.wtl"), box_path("none"), alice, NULL, &err), WTL_NO);
    assert_non_null(strstr(err.text, "with a passphrase"));
    assert_good(box_seal(box_path("m"), box_path("k.wtl"), alice, signer, &err), &err);
    assert_int_equal(open_bytes(box_path("k.wtl"), "secret", 6, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "identity"));
    wtl_open_opts none = {0};
    assert_int_equal(wtl_open(box_path("p.wtl"), box_path("none"), &none, NULL, &err), WTL_USAGE);
    wtl_passphrase absent = {give_nothing_good, NULL};
    wtl_open_opts o = {.passphrase = &absent};
    assert_int_equal(wtl_open(box_path("p.wtl"), box_path("none"), &o, NULL, &err), WTL_BUSY);
    assert_false(box_exists(box_path("none")));
}

static void what_info_shows(void **state)
{
    (void)state;
    wtl_err err = {0};
    wtl_info i = {0};
    assert_good(seal_bytes(box_path("p.wtl"), "secret", 6, &err), &err);
    assert_good(wtl_info_read(box_path("p.wtl"), NULL, 0, &i, &err), &err);
    assert_int_equal(i.n_recipients, 1);
    assert_string_equal(i.recipient[0], "passphrase");
    assert_false(i.opened);
    assert_null(i.recipient_id);
    wtl_info_free(&i);
    struct asked a = {"secret", 6, 0};
    wtl_passphrase pp = {give, &a};
    wtl_open_opts o = {.passphrase = &pp};
    assert_good(wtl_info_read_by(box_path("p.wtl"), &o, &i, &err), &err);
    assert_true(i.opened);
    assert_int_equal(a.times, 1);
    wtl_info_free(&i);
    a.n = 3;
    assert_int_equal(wtl_info_read_by(box_path("p.wtl"), &o, &i, &err), WTL_NO);
    const wtl_key *id = alice;
    assert_good(wtl_info_read(box_path("p.wtl"), &id, 1, &i, &err), &err);
    assert_false(i.opened);
    wtl_info_free(&i);
}

/* A container made by hand whose slot has these stanzas. */
static void crafted(const char *path, craft *c, const wtl_stanza *s, size_t n)
{
    wtl_entry e;
    craft_header(c, s, n);
    craft_object(c, &e, "m", 1, false, wtl_text_of("x"));
    wtl_index x = {.generation = 1, .e = &e, .n = 1, .shape = WTL_INDEX_FILE};
    craft_end(c, &x, NULL, NULL);
    box_write(path, wtl_buf_view(&c->file));
    c->file.n = 0;
}

static void body_for(craft *c, const char *passphrase, wtl_buf *body)
{
    AUTO(wtl_secret) s = {0};
    wtl_err err = {0};
    assert_int_equal(wtl_secret_copy(&s, wtl_text_of(passphrase), NULL), 0);
    assert_good(wtl_pass_seal(body, &c->pre, &s, CHEAP, &c->file_key, &err), &err);
    assert_int_equal(body->n, WTL_SCRYPT_BODY);
}

static int try_crafted(const wtl_stanza *s, size_t n, craft *c, unsigned max_work, int *times)
{
    crafted(box_path("c.wtl"), c, s, n);
    struct asked a = {"secret", 6, 0};
    wtl_passphrase pp = {give, &a};
    wtl_open_opts o = {.passphrase = &pp, .max_work = max_work, .force = true};
    int rc = wtl_open(box_path("c.wtl"), box_path("c-out"), &o, NULL, NULL);
    if (times != NULL)
        *times = a.times;
    return rc;
}

static void every_byte_of_the_stanza(void **state)
{
    (void)state;
    craft c;
    AUTO(wtl_buf) body = {0};
    craft_new(&c, 0x31);
    body_for(&c, "secret", &body);
    wtl_stanza s = {WTL_SLOT_PASSPHRASE, 3, 2, wtl_buf_view(&body)};
    assert_int_equal(try_crafted(&s, 1, &c, 0, NULL), 0);
    for (size_t i = 0; i < body.n; i++) {
        body.p[i] ^= 1;
        int rc = try_crafted(&s, 1, &c, 14, NULL);
        assert_true(rc == WTL_NO || (i < 5 && (rc == WTL_POLICY || rc == WTL_FORMAT)));
        body.p[i] ^= 1;
    }
    for (size_t n = 0; n < body.n; n++) {
        int times = 0;
        s.body.n = n;
        assert_int_equal(try_crafted(&s, 1, &c, 0, &times), WTL_FORMAT);
        assert_int_equal(times, 0);
    }
    craft_free(&c);
}

/* It is bound to its container: the same file key and stanza elsewhere do not open. */
static void a_stanza_of_another_container(void **state)
{
    (void)state;
    craft c;
    AUTO(wtl_buf) body = {0};
    craft_new(&c, 0x31);
    body_for(&c, "secret", &body);
    c.pre.id[0] ^= 1;
    wtl_stanza s = {WTL_SLOT_PASSPHRASE, 3, 2, wtl_buf_view(&body)};
    assert_int_equal(try_crafted(&s, 1, &c, 0, NULL), WTL_NO);
    craft_free(&c);
}

static void mixed_slots_are_refused(void **state)
{
    (void)state;
    craft c;
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) hpke = {0};
    AUTO(wtl_buf) info = {0};
    craft_new(&c, 0x31);
    body_for(&c, "secret", &body);
    wtl_subkey_hpke_info(&info, &c.pre);
    craft_wrap(&hpke, alice, (wtl_hpke_suite){1, 2}, wtl_buf_view(&info), wtl_secret_view(&c.file_key));
    const wtl_stanza pass = {WTL_SLOT_PASSPHRASE, 3, 2, wtl_buf_view(&body)};
    const wtl_stanza odd = {WTL_SLOT_PASSPHRASE, 9, 9, wtl_buf_view(&body)};
    const wtl_stanza key = {0x647a, 1, 2, wtl_buf_view(&hpke)};
    const wtl_stanza later = {0x9999, 1, 2, wtl_buf_view(&body)};
    const wtl_stanza mixed[][2] = {{pass, key},   {key, pass},   {pass, pass},
                                   {pass, later}, {later, pass}, {key, odd}};
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++) {
        int times = 0;
        assert_int_equal(try_crafted(mixed[i], 2, &c, 0, &times), WTL_FORMAT);
        assert_int_equal(times, 0);
        assert_int_equal(box_open(box_path("c.wtl"), box_path("c-out"), alice, NULL, NULL), WTL_FORMAT);
    }
    assert_int_equal(try_crafted(&odd, 1, &c, 0, NULL), WTL_FORMAT);
    craft_free(&c);
}

/* What it would cost is judged before the passphrase is asked for. */
static void costly_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t log2_n;
        uint16_t r;
        uint16_t p;
        unsigned max_work;
        int rc; /* 0: it is asked for */
    } rows[] = {
        {20, 8, 1, 0, WTL_NO},
        {21, 8, 1, 0, WTL_POLICY},
        {20, 9, 1, 0, WTL_POLICY},
        {20, 8, 2, 0, WTL_POLICY},
        {16, 8, 1, 15, WTL_POLICY},
        {24, 8, 1, 0, WTL_POLICY},
        {63, 8, 1, 30, WTL_POLICY},
        {64, 8, 1, 30, WTL_FORMAT},
        {255, 65535, 1, 30, WTL_FORMAT},
        {10, 65535, 16383, 30, WTL_POLICY},
        {10, 65535, 65535, 30, WTL_FORMAT},
        {0, 8, 1, 0, WTL_FORMAT},
        {10, 0, 1, 0, WTL_FORMAT},
        {10, 8, 0, 0, WTL_FORMAT},
        {16, 1, 1, 0, WTL_FORMAT},
        {15, 1, 1, 0, WTL_NO},
        {10, 8, 1, 10, WTL_NO},
        {33, 1, 1, 30, WTL_FORMAT},
        {40, 65535, 1, 30, WTL_POLICY},
        {10, 8, 1, 9, WTL_USAGE},
        {10, 8, 1, 31, WTL_USAGE},
    };
    craft c;
    AUTO(wtl_buf) body = {0};
    craft_new(&c, 0x31);
    body_for(&c, "secret", &body);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t head[] = {rows[i].log2_n, (uint8_t)(rows[i].r >> 8), (uint8_t)rows[i].r,
                                (uint8_t)(rows[i].p >> 8), (uint8_t)rows[i].p};
        memcpy(body.p, head, sizeof head);
        wtl_stanza s = {WTL_SLOT_PASSPHRASE, 3, 2, wtl_buf_view(&body)};
        wtl_scrypt parsed;
        int rc = wtl_scrypt_parse(&parsed, s.body, NULL);
        if (rc == 0)
            rc = wtl_scrypt_affordable(&parsed, rows[i].max_work == 0 ? 20 : rows[i].max_work, NULL);
        assert_int_equal(rc, rows[i].rc == WTL_NO ? 0 : rows[i].rc);
        int times = 0;
        if (rc < 0) {
            assert_int_equal(try_crafted(&s, 1, &c, rows[i].max_work, &times), rows[i].rc);
            assert_int_equal(times, 0);
        }
    }
    wtl_err err = {0};
    wtl_scrypt parsed;
    body.p[0] = 24;
    body.p[1] = 0;
    body.p[2] = 8;
    body.p[3] = 0;
    body.p[4] = 1;
    assert_int_equal(wtl_scrypt_parse(&parsed, wtl_buf_view(&body), &err), 0);
    assert_int_equal(wtl_scrypt_affordable(&parsed, 20, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "2^24"));
    assert_non_null(strstr(err.text, "16384 MiB"));
    assert_non_null(strstr(err.text, "--max-work 24"));
    assert_int_equal(wtl_scrypt_affordable(&parsed, 24, &err), 0);
    craft_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_one_opens),
        cmocka_unit_test(lengths),
        cmocka_unit_test(it_stands_alone),
        cmocka_unit_test(keys_and_passphrases),
        cmocka_unit_test(what_info_shows),
        cmocka_unit_test(every_byte_of_the_stanza),
        cmocka_unit_test(a_stanza_of_another_container),
        cmocka_unit_test(mixed_slots_are_refused),
        cmocka_unit_test(costly_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
