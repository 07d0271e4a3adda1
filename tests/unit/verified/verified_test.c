#include "asked.h"

#include "verified/verified_impl.h"

enum { TOKEN = 4823 };

/* ---- what is told apart */

static void once_and_again(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    uint8_t key[32] = {1, 2, 3};
    asked a = {.exp = ASKED_START + 100, .result = "claims", .key = key};
    wtl_verified_ask ask = asked_about("subject");
    wtl_verified_answer got;
    wtl_err err = {0};
    for (unsigned i = 0; i < 5; i++) {
        assert_good(wtl_verified(k.h, &ask, asked_verify, &a, &got, &err), &err);
        assert_int_equal(got.from, i == 0 ? WTL_VERIFIED_FRESH : WTL_VERIFIED_HIT);
        assert_int_equal(got.why, WTL_VERIFIED_GOOD);
        assert_int_equal(got.until, ASKED_START + 100);
        assert_int_equal(got.result.n, 6);
        assert_memory_equal(got.result.p, "claims", 6);
        assert_memory_equal(got.key, key, 32);
        if (i % 2)
            wtl_verified_done(k.h);
    }
    wtl_verified_done(k.h);
    wtl_verified_done(k.h);
    assert_int_equal(a.calls, 1);
    wtl_verified_stats s = asked_stats(&k);
    assert_int_equal(s.asks, 5);
    assert_int_equal(s.hits, 4);
    assert_int_equal(s.misses, 1);
    assert_int_equal(s.kept, 1);
    assert_int_equal(s.entries, 1);
    asked_close(&k);
}

/* CVE-2026-35030: a cache that knew tokens by their first 20 characters. Here all that differs is one byte, anywhere, or the length. */
static void every_byte(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.capacity = 64 << 20;
    asked_cache k = asked_open(&o);
    static char token[TOKEN + 1];
    asked a = {.exp = ASKED_START + 100};
    wtl_verified_answer got;
    memset(token, 'e', TOKEN);
    wtl_verified_ask ask = asked_about(token);
    for (unsigned round = 0; round < 2; round++) {
        unsigned before = a.calls;
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        for (size_t i = 0; i < TOKEN; i++) {
            token[i] ^= 1;
            assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
            assert_memory_equal(got.result.p, token, TOKEN);
            token[i] ^= 1;
        }
        for (ask.subject.n = 0; ask.subject.n < TOKEN; ask.subject.n += round == 0 ? 1 : 7) {
            assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
            assert_int_equal(got.result.n, ask.subject.n);
        }
        ask.subject.n = TOKEN;
        if (round == 0)
            assert_int_equal(a.calls - before, 2 * TOKEN + 1);
    }
    assert_true(asked_stats(&k).hits > 0);
    asked_close(&k);
}

typedef struct vary {
    const char *kind, *algorithm, *key, *keyset, *policy, *tenant, *subject;
} vary;

/* Each differs from the others in one field alone, or in where one field ends and the next begins. */
static void every_field(void **state)
{
    (void)state;
    static const vary all[] = {
        {"jws", "A", "k", "", "p", "t", "s"},  {"jwt", "A", "k", "", "p", "t", "s"},
        {"jws", "B", "k", "", "p", "t", "s"},  {"jws", NULL, "k", "", "p", "t", "s"},
        {"jws", "A", "l", "", "p", "t", "s"},  {"jws", "A", "", "k", "p", "t", "s"},
        {"jws", "A", "k", "g", "p", "t", "s"}, {"jws", "A", "k", "h", "p", "t", "s"},
        {"jws", "A", "k", "", "q", "t", "s"},  {"jws", "A", "k", "", "", "t", "s"},
        {"jws", "A", "k", "", "p", "u", "s"},  {"jws", "A", "k", "", "p", "", "s"},
        {"jws", "A", "k", "", "p", "t", "r"},  {"jws", "A", "k", "", "p", "t", ""},
        {"jw", "sA", "k", "", "p", "t", "s"},  {"jwsA", "", "k", "", "p", "t", "s"},
        {"jws", "Ak", "", "", "p", "t", "s"},  {"jws", "A", "kp", "", "", "t", "s"},
        {"jws", "A", "k", "p", "", "t", "s"},  {"jws", "A", "k", "", "pt", "", "s"},
        {"jws", "A", "k", "", "", "pt", "s"},  {"jws", "A", "k", "", "p", "ts", ""},
        {"jws", "A", "k", "", "p", "", "ts"},  {"", "A", "k", "", "p", "t", "s"},
    };
    enum { N = sizeof all / sizeof all[0] };
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    wtl_verified_answer got;
    unsigned calls = 0;
    for (unsigned i = 0; i < 3 * N; i++) {
        const vary *v = &all[i % N];
        char result[8];
        snprintf(result, sizeof result, "%u", i % N);
        asked a = {.result = result};
        wtl_verified_ask ask = {.kind = v->kind,
                                .algorithm = v->algorithm,
                                .key = asked_text(v->key),
                                .keyset = asked_text(v->keyset),
                                .policy = asked_text(v->policy),
                                .tenant = asked_text(v->tenant),
                                .subject = asked_text(v->subject)};
        int rc = wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL);
        if (v->key[0] == '\0' && v->keyset[0] == '\0') {
            assert_int_equal(rc, WTL_USAGE);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(got.result.n, strlen(result));
        assert_memory_equal(got.result.p, result, got.result.n);
        calls += a.calls;
    }
    assert_int_equal(calls, N - 1);
    asked_close(&k);
}

static wtl_verified_cache *worse;
static void (*better)(const wtl_fingerprint_secret *, wtl_bytes, wtl_bytes, uint8_t *);
static unsigned worse_values;

/* A fingerprint that hardly tells anything apart. */
static void print_badly(const wtl_fingerprint_secret *s, wtl_bytes head, wtl_bytes body, uint8_t *out)
{
    better(s, head, body, out);
    if (s != &worse->of_subjects)
        return;
    memset(out + 1, 7, WTL_FINGERPRINT - 1);
    out[0] = (uint8_t)(out[0] % worse_values);
}

static void equal_fingerprints(void **state)
{
    (void)state;
    for (worse_values = 1; worse_values <= 8; worse_values *= 8) {
        const wtl_verified_options o = asked_options();
        asked_cache k = asked_open(&o);
        worse = k.c;
        better = k.c->print;
        k.c->print = print_badly;
        wtl_verified_answer got;
        asked a = {0};
        for (unsigned i = 0; i < 4000; i++) {
            char subject[40], result[50];
            unsigned n = i / 3 * 7919 % 37;
            const char *policy = i / 3 % 5 == 0 ? "aud=b" : "aud=a";
            snprintf(subject, sizeof subject, "eyJhbGciOiJNTC1EU0EtNjUi.%u", n);
            snprintf(result, sizeof result, "%s %s", subject, policy);
            wtl_verified_ask ask = asked_about(subject);
            ask.policy = asked_text(policy);
            a.no = n % 7 == 3;
            a.result = result;
            int rc = wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL);
            assert_int_equal(rc, a.no ? WTL_NO : 0);
            if (rc == 0) {
                assert_int_equal(got.result.n, strlen(result));
                assert_memory_equal(got.result.p, result, got.result.n);
            }
        }
        wtl_verified_stats s = asked_stats(&k);
        assert_true(s.mixed > 100 && s.hits > 100 && s.negative_hits > 10);
        assert_true(s.entries <= worse_values);
        asked_close(&k);
    }
}

/* ---- time */

static void lives_as_long_as_it_may(void **state)
{
    (void)state;
    static const struct {
        asked a;
        uint64_t ask_ttl;
        int64_t seconds;
    } all[] = {
        {{.exp = ASKED_START + 7}, 0, 7},
        {{.retires = ASKED_START + 9}, 0, 9},
        {{.exp = ASKED_START + 7, .retires = ASKED_START + 5}, 0, 5},
        {{.exp = 0}, 0, 300},
        {{.ttl_ms = 3000}, 0, 3},
        {{.ttl_ms = 3000}, 8000, 3},
        {{.exp = ASKED_START + 20}, 8000, 8},
        {{.exp = INT64_MAX, .ttl_ms = UINT64_MAX}, 0, 3600},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (int which = 0; which < 3; which++) {
            const wtl_verified_options o = asked_options();
            asked_wall = ASKED_START;
            asked_cache k = asked_open(&o);
            asked a = all[i].a;
            wtl_verified_ask ask = asked_about("x");
            wtl_verified_answer got;
            ask.ttl_ms = all[i].ask_ttl;
            assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
            assert_int_equal(got.until, ASKED_START + all[i].seconds);
            asked_pass(all[i].seconds - 1);
            assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
            assert_int_equal(a.calls, 1);
            /* the end by both clocks, by one of them */
            if (which != 1)
                asked_wall += 1;
            if (which != 2)
                asked_ms += 1000;
            (void)asked_once(&k, &ask, &a, &got);
            assert_int_equal(a.calls, 2);
            assert_int_equal(asked_stats(&k).expired + asked_stats(&k).entries > 0, 1);
            asked_close(&k);
        }
    }
    asked_wall = ASKED_START;
}

static void clocks_jump(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    asked a = {.exp = ASKED_START + 100, .nbf = ASKED_START - 10};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    /* back by an hour: before its nbf */
    asked_wall -= 3600;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_EARLY);
    assert_int_equal(got.from, WTL_VERIFIED_HIT);
    asked_wall += 3595;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(a.calls, 1);
    /* its time passes while the wall clock stands, or was set back by what passed */
    asked_ms += 100 * 1000;
    (void)asked_once(&k, &ask, &a, &got);
    assert_int_equal(a.calls, 2);
    asked_wall = ASKED_START;
    /* forward by a day: expired at once; back again: nothing is revived */
    asked_wall += 86400;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_LATE);
    assert_int_equal(a.calls, 3);
    asked_wall -= 86400;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(a.calls, 4);
    asked_close(&k);
}

static void not_yet(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    asked a = {.nbf = ASKED_START + 20, .exp = ASKED_START + 40};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
        assert_int_equal(got.why, WTL_VERIFIED_EARLY);
        asked_pass(1);
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        asked_pass(1);
    }
    assert_int_equal(a.calls, 1);
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_LATE);
    assert_int_equal(got.from, WTL_VERIFIED_FRESH);
    /* what has ended is not kept */
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(a.calls, 3);
    asked_wall = ASKED_START;
    asked_close(&k);
}

/* Times at the ends of their types. */
static void odd_times(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN,       INT64_MIN + 1, -1,       1, ASKED_START,
                                    ASKED_START + 1, INT64_MAX - 1, INT64_MAX};
    enum { N = sizeof times / sizeof times[0] };
    for (unsigned i = 0; i < N * N * N; i++) {
        const wtl_verified_options o = asked_options();
        asked_cache k = asked_open(&o);
        wtl_verified_ask ask = asked_about("x");
        wtl_verified_answer got;
        asked a = {.nbf = times[i % N], .exp = times[i / N % N], .retires = INT64_MAX - 5};
        asked_wall = times[i / N / N];
        int64_t now = asked_wall;
        bool good = now >= a.nbf && now < a.exp && now < a.retires;
        for (unsigned again = 0; again < 2; again++)
            assert_int_equal(asked_once(&k, &ask, &a, &got), good ? 0 : WTL_NO);
        asked_wall = ASKED_START;
        asked_close(&k);
    }
}

/* ---- taking back */

static void revoke(void *arg)
{
    wtl_verified_revoke_all(((asked_cache *)arg)->c);
}

static void revoked(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    asked a = {0};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    for (unsigned i = 1; i < 6; i++) {
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        assert_int_equal(a.calls, i);
        wtl_verified_revoke_all(k.c);
    }
    assert_int_equal(asked_stats(&k).revoked, 4);
    /* while it is verified: that verdict is for none that come later */
    a.meanwhile = revoke;
    a.arg = &k;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(a.calls, 7);
    asked_close(&k);
}

static void deny_it(void *arg)
{
    assert_int_equal(wtl_verified_deny(arg, "jti", asked_text("j"), ASKED_START + 50, NULL), 0);
}

static void denied(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    uint8_t key[32] = {9};
    asked a = {.jti = "j", .sub = "s", .key = key};
    asked b = {.jti = "s", .sub = "j"};
    wtl_verified_ask ask = asked_about("a");
    wtl_verified_ask other = asked_about("b");
    wtl_verified_answer got;
    const struct {
        const char *name;
        wtl_bytes value;
    } by[] = {{"jti", asked_text("j")}, {"sub", asked_text("s")}, {WTL_VERIFIED_ID_KEY, {key, 32}}};
    assert_int_equal(asked_once(&k, &other, &b, &got), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        assert_int_equal(wtl_verified_deny(k.c, by[i].name, by[i].value, asked_wall + 50, NULL), 0);
        for (unsigned n = 0; n < 50; n++) {
            assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
            assert_int_equal(got.why, WTL_VERIFIED_DENIED);
            assert_int_equal(asked_once(&k, &other, &b, &got), 0);
            asked_pass(1);
        }
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        assert_int_equal(wtl_verified_deny(k.c, by[i].name, by[i].value, WTL_VERIFIED_NEVER, NULL), 0);
        assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
        assert_int_equal(wtl_verified_allow(k.c, by[i].name, by[i].value), 0);
        assert_int_equal(wtl_verified_allow(k.c, by[i].name, by[i].value), WTL_NO);
    }
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 1);
    asked_wall = ASKED_START;
    /* before and while it is verified for the first time */
    ask = asked_about("c");
    a.meanwhile = deny_it;
    a.arg = k.c;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_DENIED);
    a.meanwhile = NULL;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    ask = asked_about("d");
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(a.calls, 3);
    /* one clock alone does not end it */
    asked_wall += 60;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    asked_wall -= 60;
    asked_ms += 60000;
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    asked_wall += 60;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    asked_wall = ASKED_START;
    asked_close(&k);
}

static void denied_to_the_brim(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.denied = 100;
    asked_cache k = asked_open(&o);
    wtl_err err = {0};
    char name[16];
    for (unsigned turn = 0; turn < 5; turn++) {
        for (unsigned i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "%u.%u", turn, i);
            /* half of them for longer, which the next turn finds still there */
            assert_good(wtl_verified_deny(k.c, "jti", asked_text(name), asked_wall + (i % 2 ? 10 : 30), &err),
                        &err);
            assert_good(wtl_verified_deny(k.c, "jti", asked_text(name), asked_wall + 10, &err), &err);
        }
        assert_int_equal(wtl_verified_deny(k.c, "jti", asked_text("more"), asked_wall + 9, &err), WTL_BUSY);
        assert_non_null(strstr(err.text, "100 ids"));
        assert_int_equal(asked_stats(&k).denials, 100);
        asked_pass(20);
        for (unsigned i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "%u.%u", turn, i);
            asked a = {.jti = name};
            wtl_verified_ask ask = asked_about(name);
            wtl_verified_answer got;
            assert_int_equal(asked_once(&k, &ask, &a, &got), i % 2 ? 0 : WTL_NO);
        }
        for (unsigned i = 0; i < 50; i++) {
            snprintf(name, sizeof name, "more %u", i);
            assert_good(wtl_verified_deny(k.c, "jti", asked_text(name), asked_wall + 1, &err), &err);
        }
        asked_pass(20);
    }
    asked_wall = ASKED_START;
    asked_close(&k);
}

/* ---- no */

static void a_no(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    asked a = {.no = true, .code = 42, .text = "the signature is wrong", .exp = ASKED_START - 1};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    wtl_err err = {0};
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, &err), WTL_NO);
        assert_int_equal(got.why, WTL_VERIFIED_REFUSED);
        assert_int_equal(got.code, 42);
        assert_string_equal(got.text, "the signature is wrong");
        assert_string_equal(err.text, "the signature is wrong");
        assert_int_equal(got.result.n, 0);
        assert_null(got.key);
    }
    assert_int_equal(a.calls, 2); /* the first is not kept, the second is */
    asked_pass(4);
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(a.calls, 2);
    asked_pass(1);
    assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(a.calls, 3);
    wtl_verified_revoke_all(k.c);
    a.no = false;
    a.exp = 0;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    /* again, but later than the window: not kept */
    a.no = true;
    ask = asked_about("y");
    for (unsigned i = 0; i < 5; i++) {
        unsigned before = a.calls;
        assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
        assert_int_equal(a.calls, before + 1);
        asked_pass(61);
    }
    asked_wall = ASKED_START;
    asked_close(&k);
    o.no_negatives = true;
    k = asked_open(&o);
    a.calls = 0;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(asked_once(&k, &ask, &a, &got), WTL_NO);
    assert_int_equal(a.calls, 5);
    asked_close(&k);
}

/* WTL_NO is a no; without words of its own the error's are taken, or some. */
static void words_of_no(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    asked a = {.rc = WTL_NO};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), WTL_NO);
    assert_string_equal(got.text, "the callback's own sentence");
    a.rc = 0;
    a.no = true;
    ask = asked_about("y");
    assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), WTL_NO);
    assert_int_not_equal(got.text[0], '\0');
    static char much[500];
    memset(much, 'w', sizeof much - 1);
    a.text = much;
    ask = asked_about("z");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), WTL_NO);
        assert_int_equal(strlen(got.text), WTL_VERIFIED_TEXT - 1);
    }
    asked_close(&k);
}

/* A flood of bad subjects, each twice, costs the good ones nothing. */
static void bad_ones_take_no_room(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.capacity = 1 << 20;
    asked_cache k = asked_open(&o);
    wtl_verified_answer got;
    asked good = {.ttl_ms = 3600000};
    asked bad = {.no = true};
    static char subject[2000];
    memset(subject, 's', sizeof subject - 1);
    for (unsigned i = 0; i < 200; i++) {
        wtl_verified_ask ask = asked_about(subject);
        snprintf(subject, 20, "%019u", i);
        subject[19] = 's';
        assert_int_equal(asked_once(&k, &ask, &good, &got), 0);
    }
    wtl_verified_stats before = asked_stats(&k);
    assert_int_equal(before.entries, 200);
    for (unsigned i = 0; i < 20000; i++) {
        wtl_verified_ask ask = asked_about(subject);
        snprintf(subject, 20, "b%018u", i / 2);
        subject[19] = 's';
        assert_int_equal(asked_once(&k, &ask, &bad, &got), WTL_NO);
    }
    wtl_verified_stats after = asked_stats(&k);
    assert_int_equal(after.entries, 200);
    assert_true(after.negative_entries > 5 && after.negatives_kept > 1000);
    assert_true(after.negative_entries * 2000 < (1 << 20) / 8);
    for (unsigned i = 0; i < 200; i++) {
        wtl_verified_ask ask = asked_about(subject);
        snprintf(subject, 20, "%019u", i);
        subject[19] = 's';
        assert_int_equal(asked_once(&k, &ask, &good, &got), 0);
        assert_int_equal(got.from, WTL_VERIFIED_HIT);
    }
    asked_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_and_again),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(every_field),
        cmocka_unit_test(equal_fingerprints),
        cmocka_unit_test(lives_as_long_as_it_may),
        cmocka_unit_test(clocks_jump),
        cmocka_unit_test(not_yet),
        cmocka_unit_test(odd_times),
        cmocka_unit_test(revoked),
        cmocka_unit_test(denied),
        cmocka_unit_test(denied_to_the_brim),
        cmocka_unit_test(a_no),
        cmocka_unit_test(words_of_no),
        cmocka_unit_test(bad_ones_take_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
