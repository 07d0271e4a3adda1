/* Tokens, bundles, envelopes and chains through the cache: verified once, then not; and no verdict where something else is asked. */
#include "asked.h"

#include "../crypto/certs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/hash.h"
#include "crypto/sig.h"
#include "envelope/envelope.h"
#include "jose/jwk.h"
#include <wattle/verified_signed.h>
#include <wattle/verified_token.h>

static wtl_key *first_key, *other_key;
static const wtl_bytes nobody;

static int set_up(void **state)
{
    (void)state;
    return wtl_key_generate(&first_key, wtl_alg_by_name("ML-DSA-65"), NULL) |
           wtl_key_generate(&other_key, wtl_alg_by_name("ML-DSA-65"), NULL);
}

static int tear_down(void **state)
{
    (void)state;
    wtl_key_free(first_key);
    wtl_key_free(other_key);
    return 0;
}

static uint64_t misses(const asked_cache *k)
{
    return asked_stats(k).misses;
}

/* ---- tokens */

static wtl_jwks *set_of(const wtl_key *a, const wtl_key *b)
{
    AUTO(wtl_buf) text = {0};
    wtl_jwks *s = NULL;
    wtl_err err = {0};
    wtl_buf_str(&text, "{\"keys\":[");
    assert_good(wtl_jwk_write_public(a, "one", &text, &err), &err);
    if (b != NULL) {
        wtl_buf_str(&text, ",");
        assert_good(wtl_jwk_write_public(b, "two", &text, &err), &err);
    }
    wtl_buf_str(&text, "]}");
    assert_good(wtl_jwks_parse(&s, wtl_buf_view(&text), &err), &err);
    return s;
}

static char *token_of(const wtl_key *key, const char *kid, const char *claims, size_t *n)
{
    char *out = NULL;
    wtl_err err = {0};
    assert_good(wtl_token_sign(&out, n, asked_text(claims), key, kid, NULL, &err), &err);
    return out;
}

#define CLAIMS \
    "\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"us\",\"nbf\":1699999990,\"iat\":1700000000,\"exp\":1700000060"

static void tokens(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    static const char *const us[] = {"us"}, *const them[] = {"them"};
    const wtl_token_policy policy = {.audiences = us, .n_audiences = 1, .leeway = 5};
    const wtl_token_policy elsewhere = {.audiences = them, .n_audiences = 1, .leeway = 5};
    const wtl_token_policy young = {.audiences = us, .n_audiences = 1, .max_age = 10};
    wtl_jwks *set = set_of(first_key, NULL), *again = set_of(first_key, NULL),
             *both = set_of(first_key, other_key), *changed = set_of(other_key, NULL);
    wtl_verified_rules rules = {.set = set, .policy = &policy};
    wtl_verified_rules same = {.set = again, .policy = &policy}, wider = {.set = both, .policy = &policy},
                       rekeyed = {.set = changed, .policy = &policy},
                       theirs = {.set = set, .policy = &elsewhere}, aging = {.set = set, .policy = &young},
                       bare = {.set = set};
    wtl_verified_rules *const all[] = {&rules, &same, &wider, &rekeyed, &theirs, &aging, &bare};
    wtl_verified_answer got;
    wtl_err err = {0};
    size_t n;
    char *text = token_of(first_key, "one", "{\"jti\":\"j1\"," CLAIMS "}", &n);
    wtl_bytes token = {(uint8_t *)text, n};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_good(wtl_verified_token_rules(all[i], &err), &err);
    for (unsigned i = 0; i < 3; i++) {
        assert_good(wtl_verified_token(k.h, &rules, token, nobody, &got, &err), &err);
        assert_int_equal(got.until, 1700000065);
        assert_memory_equal(got.result.p, "{\"jti\":\"j1\"," CLAIMS "}", got.result.n);
        assert_memory_equal(got.key, wtl_jwks_at(set, 0)->id, 32);
    }
    assert_good(wtl_verified_token(k.h, &same, token, nobody, &got, &err), &err);
    assert_int_equal(misses(&k), 1);
    /* another generation of keys, a changed key, another audience, a bound age, none */
    assert_int_equal(wtl_verified_token(k.h, &wider, token, nobody, &got, NULL), 0);
    assert_int_equal(got.from, WTL_VERIFIED_FRESH);
    assert_int_equal(wtl_verified_token(k.h, &rekeyed, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_TOKEN_SIGNATURE);
    assert_int_equal(wtl_verified_token(k.h, &theirs, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_TOKEN_AUDIENCE);
    assert_int_equal(wtl_verified_token(k.h, &bare, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(wtl_verified_token(k.h, &aging, token, nobody, &got, NULL), 0);
    assert_int_equal(got.until, 1700000011);
    asked_pass(11);
    assert_int_equal(wtl_verified_token(k.h, &aging, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_TOKEN_OLD);
    assert_int_equal(wtl_verified_token(k.h, &rules, token, nobody, &got, NULL), 0);
    /* one signed token in another text is another token, and a broken one */
    char *longer = malloc(n + 1);
    memcpy(longer, text, n);
    longer[n] = '=';
    assert_int_equal(
        wtl_verified_token(k.h, &rules, (wtl_bytes){(uint8_t *)longer, n + 1}, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_TOKEN_MALFORMED);
    longer[n - 1] ^= 1;
    assert_int_equal(wtl_verified_token(k.h, &rules, (wtl_bytes){(uint8_t *)longer, n}, nobody, &got, NULL),
                     WTL_NO);
    free(longer);
    /* denied by each of its names */
    const char *const names[][2] = {{"jti", "j1"}, {"sub", "s"}, {"iss", "i"}, {"kid", "one"}};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(
            wtl_verified_deny(k.c, names[i][0], asked_text(names[i][1]), WTL_VERIFIED_NEVER, NULL), 0);
        assert_int_equal(wtl_verified_token(k.h, &rules, token, nobody, &got, NULL), WTL_NO);
        assert_int_equal(got.why, WTL_VERIFIED_DENIED);
        assert_int_equal(wtl_verified_allow(k.c, names[i][0], asked_text(names[i][1])), 0);
    }
    assert_int_equal(wtl_verified_deny(k.c, WTL_VERIFIED_ID_KEY, (wtl_bytes){wtl_jwks_at(set, 0)->id, 32},
                                       WTL_VERIFIED_NEVER, NULL),
                     0);
    assert_int_equal(wtl_verified_token(k.h, &wider, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(wtl_verified_allow(k.c, WTL_VERIFIED_ID_KEY, (wtl_bytes){wtl_jwks_at(set, 0)->id, 32}),
                     0);
    assert_int_equal(wtl_verified_token(k.h, &wider, token, nobody, &got, NULL), 0);
    asked_pass(53);
    assert_int_equal(wtl_verified_token(k.h, &rules, token, nobody, &got, NULL), 0);
    assert_int_equal(got.from, WTL_VERIFIED_HIT);
    asked_pass(1);
    assert_int_equal(wtl_verified_token(k.h, &rules, token, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_TOKEN_EXPIRED);
    asked_wall = ASKED_START;
    free(text);
    wtl_jwks_free(set);
    wtl_jwks_free(again);
    wtl_jwks_free(both);
    wtl_jwks_free(changed);
    asked_close(&k);
}

/* CVE-2026-35030's shape: same header, same first claims; users differ late in the token. Nobody gets another's claims. */
static void shared_prefixes(void **state)
{
    (void)state;
    enum { USERS = 40 };
    wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    wtl_jwks *set = set_of(first_key, NULL);
    const wtl_token_policy policy = {.any_audience = true};
    wtl_verified_rules rules = {.set = set, .policy = &policy};
    wtl_verified_answer got;
    char *text[USERS], claims[USERS][160];
    size_t n[USERS];
    assert_int_equal(wtl_verified_token_rules(&rules, NULL), 0);
    for (unsigned i = 0; i < USERS; i++) {
        snprintf(claims[i], sizeof claims[i], "{" CLAIMS ",\"groups\":[\"staff\"],\"user\":\"%u\"}", i);
        text[i] = token_of(first_key, "one", claims[i], &n[i]);
        assert_memory_equal(text[i], text[0], 150);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < USERS; i++) {
            assert_int_equal(
                wtl_verified_token(k.h, &rules, (wtl_bytes){(uint8_t *)text[i], n[i]}, nobody, &got, NULL),
                0);
            assert_int_equal(got.from, round == 0 ? WTL_VERIFIED_FRESH : WTL_VERIFIED_HIT);
            assert_int_equal(got.result.n, strlen(claims[i]));
            assert_memory_equal(got.result.p, claims[i], got.result.n);
        }
    }
    for (unsigned i = 0; i < USERS; i++)
        free(text[i]);
    wtl_jwks_free(set);
    asked_close(&k);
}

/* ---- what a key signed */

static void make_bundle(wtl_buf *out, const char *type, const char *payload)
{
    AUTO(wtl_buf) pae = {0};
    AUTO(wtl_buf) sig = {0};
    wtl_bundle_pae(&pae, type, asked_text(payload));
    assert_int_equal(wtl_sig_sign(first_key, wtl_buf_view(&pae), NULL, &sig, NULL), 0);
    assert_int_equal(wtl_bundle_encode(asked_text(payload), type, "hint", wtl_buf_view(&sig), out, NULL), 0);
}

static void make_envelope(wtl_buf *out)
{
    AUTO(wtl_envelope)
    e = {.alg = wtl_key_alg(first_key),
         .payload_type = "application/octet-stream",
         .hash = WTL_HASH_SHA256,
         .size = 4,
         .signed_at = ASKED_START};
    AUTO(wtl_buf) pae = {0};
    wtl_err err = {0};
    assert_good(wtl_envelope_key_hash(first_key, e.key_hash, &err), &err);
    assert_good(wtl_envelope_describe(&e, &err), &err);
    wtl_envelope_pae(&e, &pae);
    assert_good(wtl_sig_sign(first_key, wtl_buf_view(&pae), NULL, &e.signature, &err), &err);
    assert_good(wtl_envelope_encode(&e, out, &err), &err);
}

typedef int ask_fn(wtl_verified_handle *h, const wtl_verified_signer *s, wtl_bytes text, wtl_bytes tenant,
                   wtl_verified_answer *answer, wtl_err *err);

static void signed_by(ask_fn *ask, wtl_buf *text, const char *in_result)
{
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    wtl_verified_signer by = {.key = first_key}, other = {.key = other_key};
    wtl_verified_answer got;
    wtl_err err = {0};
    assert_good(wtl_verified_signer_init(&by, &err), &err);
    assert_good(wtl_verified_signer_init(&other, &err), &err);
    for (unsigned i = 0; i < 3; i++) {
        assert_good(ask(k.h, &by, wtl_buf_view(text), nobody, &got, &err), &err);
        assert_int_equal(got.from, i == 0 ? WTL_VERIFIED_FRESH : WTL_VERIFIED_HIT);
        assert_memory_equal(got.key, by.id, 32);
        assert_non_null(memmem(got.result.p, got.result.n, in_result, strlen(in_result)));
    }
    assert_int_equal(ask(k.h, &other, wtl_buf_view(text), nobody, &got, NULL), WTL_NO);
    assert_true(got.code == WTL_NO || got.code == WTL_POLICY);
    for (size_t i = 0; i < text->n; i += 97) {
        text->p[i] ^= 1;
        int rc = ask(k.h, &by, wtl_buf_view(text), nobody, &got, NULL);
        assert_int_not_equal(got.from, WTL_VERIFIED_HIT);
        assert_true(rc == WTL_NO || rc == 0); /* 0: white space, or a word that is not signed */
        text->p[i] ^= 1;
    }
    for (size_t n = 0; n < text->n; n += 211) {
        assert_int_equal(ask(k.h, &by, (wtl_bytes){text->p, n}, nobody, &got, NULL), WTL_NO);
        assert_int_equal(got.code, WTL_FORMAT);
    }
    assert_int_equal(
        wtl_verified_deny(k.c, WTL_VERIFIED_ID_KEY, (wtl_bytes){by.id, 32}, WTL_VERIFIED_NEVER, NULL), 0);
    assert_int_equal(ask(k.h, &by, wtl_buf_view(text), nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_DENIED);
    wtl_verified_done(k.h);
    asked_close(&k);
}

static void bundles(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) foreign = {0};
    make_bundle(&text, "application/vnd.in-toto+json", "{\"statement\":1}");
    signed_by(wtl_verified_bundle, &text, "{\"statement\":1}");
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    wtl_verified_signer by = {.key = first_key};
    wtl_verified_answer got;
    make_bundle(&foreign, "text/plain", "{}");
    assert_int_equal(wtl_verified_signer_init(&by, NULL), 0);
    assert_int_equal(wtl_verified_bundle(k.h, &by, wtl_buf_view(&foreign), nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_POLICY);
    /* an envelope is no bundle, whatever the cache knows of its bytes */
    AUTO(wtl_buf) e = {0};
    make_envelope(&e);
    assert_int_equal(wtl_verified_envelope(k.h, &by, wtl_buf_view(&e), nobody, &got, NULL), 0);
    assert_int_equal(wtl_verified_bundle(k.h, &by, wtl_buf_view(&e), nobody, &got, NULL), WTL_NO);
    asked_close(&k);
}

static void envelopes(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    make_envelope(&text);
    signed_by(wtl_verified_envelope, &text, "application/octet-stream");
}

/* ---- chains */

static void chains(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    certs_made root = certs_make("root", "ML-DSA-87", NULL, CERTS_CA);
    certs_made stranger = certs_make("stranger", "ML-DSA-87", NULL, CERTS_CA);
    certs_made middle = certs_make("middle", "ECDSA-P384", &root, "critical,CA:TRUE,pathlen:0",
                                   "critical,keyCertSign", NULL);
    certs_made leaf = certs_make("leaf", "ML-DSA-65", &middle, CERTS_LEAF);
    AUTO(wtl_buf) trusted = {0};
    AUTO(wtl_buf) untrusted = {0};
    AUTO(wtl_buf) chain = {0};
    wtl_verified_roots *roots, *others, *more;
    wtl_verified_answer got;
    wtl_err err = {0};
    certs_pem(&trusted, &root);
    certs_pem(&untrusted, &stranger);
    certs_pem(&chain, &leaf);
    certs_pem(&chain, &middle);
    assert_good(wtl_verified_roots_new(&roots, wtl_buf_view(&trusted), &err), &err);
    assert_good(wtl_verified_roots_new(&others, wtl_buf_view(&untrusted), &err), &err);
    wtl_buf_bytes(&untrusted, wtl_buf_view(&trusted));
    assert_good(wtl_verified_roots_new(&more, wtl_buf_view(&untrusted), &err), &err);
    assert_int_equal(wtl_verified_roots_new(&(wtl_verified_roots *){NULL}, wtl_buf_view(&chain), &err),
                     WTL_FORMAT);
    wtl_bytes text = wtl_buf_view(&chain);
    for (unsigned i = 0; i < 3; i++) {
        assert_good(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, &err), &err);
        assert_int_equal(got.result.n, leaf.der.n);
        assert_memory_equal(got.result.p, leaf.der.p, leaf.der.n);
        assert_good(wtl_verified_chain(k.h, roots, "leaf", text, 0, nobody, &got, &err), &err);
    }
    assert_int_equal(misses(&k), 2);
    assert_int_equal(wtl_verified_chain(k.h, roots, "Leaf", text, 0, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_POLICY);
    assert_int_equal(wtl_verified_chain(k.h, roots, "", text, 0, nobody, &got, NULL), WTL_NO);
    assert_int_equal(wtl_verified_chain(k.h, others, NULL, text, 0, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.code, WTL_POLICY);
    assert_good(wtl_verified_chain(k.h, more, NULL, text, 0, nobody, &got, &err), &err);
    assert_int_equal(got.from, WTL_VERIFIED_FRESH);
    /* a certificate in the middle is denied */
    uint8_t digest[32];
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&middle.der), digest, NULL), 0);
    assert_int_equal(wtl_verified_deny(k.c, "cert", (wtl_bytes){digest, 32}, asked_wall + 10, NULL), 0);
    assert_int_equal(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, NULL), WTL_NO);
    assert_int_equal(got.why, WTL_VERIFIED_DENIED);
    asked_pass(10);
    assert_good(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, &err), &err);
    assert_int_equal(got.from, WTL_VERIFIED_HIT);
    /* the last second of the certificates */
    asked_wall = 1999999990;
    wtl_verified_revoke_all(k.c);
    assert_good(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, &err), &err);
    assert_int_equal(got.until, 2000000001);
    asked_pass(10);
    assert_good(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, &err), &err);
    assert_int_equal(got.from, WTL_VERIFIED_HIT);
    asked_pass(1);
    assert_int_equal(wtl_verified_chain(k.h, roots, NULL, text, 0, nobody, &got, NULL), WTL_NO);
    asked_wall = ASKED_START;
    wtl_verified_roots_free(roots);
    wtl_verified_roots_free(others);
    wtl_verified_roots_free(more);
    wtl_verified_roots_free(NULL);
    certs_free(&root);
    certs_free(&stranger);
    certs_free(&middle);
    certs_free(&leaf);
    asked_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),    cmocka_unit_test(shared_prefixes), cmocka_unit_test(bundles),
        cmocka_unit_test(envelopes), cmocka_unit_test(chains),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
