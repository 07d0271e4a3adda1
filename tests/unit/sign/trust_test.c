#include "model.h"

#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "base/instant.h"

#define KEY_A key(WTL_ALG_ID_MLDSA44, 0)
#define KEY_B key(WTL_ALG_ID_ECDSA_P256, 0)
#define KEY_C key(WTL_ALG_ID_ED25519, 0)
#define KEY_X key(WTL_ALG_ID_MLDSA44, 1)

static void put_key(const char *rest, const wtl_key *k)
{
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    assert_good(wtl_key_write_public(k, WTL_KEY_PEM, &text, &err), &err);
    put_bytes(rest, text.p, text.n);
}

/* A model signed by A, B and C over one payload, and their keys' files. */
static void start(void)
{
    make_model();
    make_folder("keys");
    put_key("keys/a.pub", KEY_A);
    put_key("keys/b.pub", KEY_B);
    put_key("keys/c.pub", KEY_C);
    put_key("keys/x.pub", KEY_X);
    wtl_signer s[] = {{KEY_A, at("m/model.sig")}, {KEY_B, at("m/model.b.sig")}, {KEY_C, at("m/model.c.sig")}};
    wtl_sign_opts opts = {0};
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("m"), s, 3, &opts, NULL, &err), &err);
}

#define A "[a]\npublic-key = keys/a.pub\n"
#define B "[b]\npublic-key = keys/b.pub\n"
#define C "[c]\npublic-key = keys/c.pub\n"
#define X "[x]\npublic-key = keys/x.pub\n"

static int verify_by(const char *trust, wtl_verify_result *r, wtl_err *err)
{
    put("trust.ini", trust);
    wtl_verify_opts opts = {.trust = at("trust.ini")};
    return wtl_verify_model(at("m"), &opts, r, err);
}

/* Expects `rc` and, unless it is 0, these words. */
static void gives(const char *trust, int rc, const char *says)
{
    wtl_verify_result r;
    wtl_err err = {0};
    int got = verify_by(trust, &r, &err);
    if (got != rc || (rc != 0 && strstr(err.text, says) == NULL))
        fail_msg("%s gave %s: %s", trust, wtl_rc_name(got), err.text);
    wtl_verify_result_free(&r);
}

static void result(void **state)
{
    (void)state;
    start();
    wtl_verify_result r;
    wtl_err err = {0};
    assert_good(verify_by(A B X "[require]\nthreshold = 2: a, b, x\n", &r, &err), &err);
    assert_string_equal(r.model, "m");
    assert_int_equal(r.n_sections, 3);
    assert_int_equal(r.least, 2);
    assert_true(r.section[0].counted && r.section[1].counted && !r.section[2].counted &&
                r.section[2].required);
    assert_int_equal(r.n_verdicts, 3);
    assert_string_equal(r.verdict[0].section, "b");
    assert_string_equal(r.verdict[0].algorithm, "ECDSA-P256");
    assert_false(r.verdict[0].post_quantum);
    assert_true(r.verdict[0].key == WTL_VERDICT_NO_KEY);
    assert_int_equal(r.verdict[1].rc, WTL_POLICY); /* c is a stranger */
    assert_null(r.verdict[1].section);
    assert_string_equal(r.verdict[2].section, "a");
    assert_true(r.verdict[2].post_quantum);
    wtl_verify_result_free(&r);
}

static void requirements(void **state)
{
    (void)state;
    start();
    gives(A "[require]\nall = a\n", 0, NULL);
    gives(A B C "[require]\nall = a, b, c\n", 0, NULL);
    gives(A B C X "[require]\nall = a, x\n", WTL_POLICY, "[x] has not signed");
    gives(A B C X "[require]\nthreshold = 4: a, b, c, x\n", WTL_POLICY, "3 of 4 required");
    gives(X "[require]\nall = x\n", WTL_POLICY, "0 of 1 required");
    gives(A "revoked-at = 2001-01-01T00:00:00Z\n" B "[require]\nall = a\n", WTL_POLICY, "was revoked");
    gives(A "not-after = 2001-01-01T00:00:00Z\n[require]\nall = a\n", WTL_POLICY, "expired");
    gives(A "not-before = 2199-01-01T00:00:00Z\n[require]\nall = a\n", WTL_POLICY, "not valid before");
    gives(A "model-names = n\n[require]\nall = a\n", WTL_POLICY, "does not sign for the name \"m\"");
    gives(A "predicate-types = n\n[require]\nall = a\n", WTL_POLICY, "does not sign statements");
    gives(A "algorithm = ML-DSA-44\n[require]\nall = a\n", 0, NULL);
    gives(A "algorithm = ML-DSA-65\n[require]\nall = a\n", WTL_FORMAT, "trust.ini\": line 1");
    gives("[a]\npublic-key = m/a\n[require]\nall = a\n", WTL_FORMAT, "m/a");
    gives("[a]\npublic-key = -\n[require]\nall = a\n", WTL_IO, "-");
    gives(A "[b]\npublic-key = ./keys/a.pub\n[require]\nall = a\n", WTL_FORMAT, "same signer");
}

static void at_a_time(void **state)
{
    (void)state;
    start();
    put("trust.ini",
        A "not-before = 2020-01-01T00:00:00Z\nnot-after = 2021-01-01T00:00:00Z\n[require]\nall = a\n");
    static const struct {
        const char *text;
        int rc;
    } rows[] = {{"2019-12-31T23:59:59Z", WTL_POLICY},
                {"2020-01-01T00:00:00Z", 0},
                {"2021-01-01T00:00:00Z", 0},
                {"2021-01-01T00:00:01Z", WTL_POLICY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_verify_opts opts = {.trust = at("trust.ini")};
        wtl_verify_result r;
        wtl_err err = {0};
        assert_good(wtl_instant_parse(&opts.at, rows[i].text, &err), &err);
        assert_int_equal(wtl_verify_model(at("m"), &opts, &r, &err), rows[i].rc);
        wtl_verify_result_free(&r);
    }
}

static void copy_file(const char *from, const char *to)
{
    static uint8_t data[1 << 18];
    size_t n = get_bytes(from, data, sizeof data);
    put_bytes(to, data, n);
}

static void stripped_and_swapped(void **state)
{
    (void)state;
    start();
    static const char trust[] = A B "[require]\nall = a, b\n";
    copy_file("m/model.sig", "a.sig");
    copy_file("m/model.b.sig", "b.sig");
    assert_int_equal(unlink(at("m/model.sig")), 0);
    gives(trust, WTL_POLICY, "[a] has not signed");
    copy_file("b.sig", "m/model.sig"); /* twice B is not A and B */
    gives(trust, WTL_POLICY, "[a] has not signed");
    gives(A B "[require]\nthreshold = 2: a, b\n", WTL_POLICY, "1 of 2 required");
    wtl_err err = {0};
    assert_int_equal(unlink(at("m/model.sig")), 0);
    assert_good(sign_with(KEY_X, at("m/model.sig"), &err), &err);
    gives(trust, WTL_POLICY, "[a] has not signed");
    copy_file("a.sig", "m/model.sig");
    gives(trust, 0, NULL);
    /* The same key over other files: the two no longer say the same. */
    put("m/z", "changed");
    assert_int_equal(unlink(at("m/model.sig")), 0);
    assert_good(sign_with(KEY_A, at("m/model.sig"), &err), &err);
    gives(trust, WTL_POLICY, "different statements");
    /* What does not count may say what it likes. */
    gives(A B "revoked-at = 2001-01-01T00:00:00Z\n[require]\nall = a\n", 0, NULL);
}

static void bundle_with(const char *rest, const wtl_key *signer, const wtl_key *named, const char *payload)
{
    AUTO(wtl_buf) pae = {0};
    AUTO(wtl_buf) sig = {0};
    AUTO(wtl_buf) pem = {0};
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_buf) b64 = {0};
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    wtl_bundle_pae(&pae, "application/vnd.in-toto+json", wtl_text_of(payload));
    assert_good(wtl_sig_sign(signer, wtl_buf_view(&pae), NULL, &sig, &err), &err);
    assert_good(wtl_key_write_public(named, WTL_KEY_PEM, &pem, &err), &err);
    wtl_text_b64_encode(&raw, wtl_buf_view(&pem));
    wtl_text_b64_encode(&b64, wtl_text_of(payload));
    wtl_buf_fmt(&out,
                "{\"mediaType\":\"" WTL_BUNDLE_MEDIA_TYPE "\",\"verificationMaterial\":{\"publicKey\":{"
                "\"rawBytes\":\"%s\"}},\"dsseEnvelope\":{\"payload\":\"%s\",\"payloadType\":"
                "\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\"",
                wtl_buf_cstr(&raw), wtl_buf_cstr(&b64));
    wtl_text_b64_encode(&out, wtl_buf_view(&sig));
    wtl_buf_str(&out, "\"}]}}");
    put_bytes(rest, out.p, out.n);
}

static void keys_by_hash(void **state)
{
    (void)state;
    start();
    uint8_t id[WTL_KEY_ID];
    AUTO(wtl_buf) trust = {0};
    wtl_err err = {0};
    assert_good(wtl_key_id(KEY_A, id, &err), &err);
    wtl_buf_str(&trust, "[a]\nspki-sha256 = ");
    wtl_buf_hex(&trust, (wtl_bytes){id, sizeof id});
    wtl_buf_str(&trust, "\n[require]\nall = a\n");
    const char *text = wtl_buf_cstr(&trust);
    gives(text, WTL_POLICY, "[a] has not signed");
    const wtl_key *a = KEY_A;
    const wtl_key *b = KEY_B;
    wtl_verify_opts opts = {.trust = at("trust.ini"), .keys = &a, .n_keys = 1};
    wtl_verify_result r;
    assert_good(wtl_verify_model(at("m"), &opts, &r, &err), &err);
    assert_int_equal(r.verdict[2].key, 0);
    wtl_verify_result_free(&r);
    opts.keys = &b;
    assert_int_equal(wtl_verify_model(at("m"), &opts, &r, &err), WTL_USAGE);
    wtl_verify_result_free(&r);
    /* A bundle that carries the key and a signature that is not its. */
    bundle_with("m/model.sig", KEY_X, KEY_A, "{}");
    gives(text, WTL_NO, "the signature is wrong");
    /* Its own, over something that is no statement: whoever is trusted must still make sense. */
    bundle_with("m/model.sig", KEY_A, KEY_A, "{}");
    gives(text, WTL_FORMAT, "model.sig");
    /* A revoked key's payload is not even read. */
    wtl_buf_clear(&trust);
    wtl_buf_str(&trust,
                "[a]\npublic-key = keys/a.pub\nrevoked-at = 2001-01-01T00:00:00Z\n" B "[require]\nall = b\n");
    gives(wtl_buf_cstr(&trust), 0, NULL);
}

static void wrong_calls(void **state)
{
    (void)state;
    start();
    put("trust.ini", A "[require]\nall = a\n");
    const char *ca[] = {at("none.pem")};
    const wtl_verify_opts rows[] = {
        {0},
        {.identity = "x", .keys = (const wtl_key *const[]){KEY_A}, .n_keys = 1},
        {.trust = at("trust.ini"), .cas = ca, .n_cas = 1},
        {.trust = at("trust.ini"), .identity = "x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_verify_result r;
        wtl_err err = {0};
        assert_int_equal(wtl_verify_model(at("m"), &rows[i], &r, &err), WTL_USAGE);
        assert_true(err.text[0] != '\0');
        wtl_verify_result_free(&r);
    }
    wtl_verify_opts gone = {.cas = ca, .n_cas = 1};
    wtl_verify_result r;
    assert_int_equal(wtl_verify_model(at("m"), &gone, &r, NULL), WTL_IO);
    wtl_verify_result_free(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, model_setup, model_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(result),       TEST(requirements), TEST(at_a_time), TEST(stripped_and_swapped),
        TEST(keys_by_hash), TEST(wrong_calls),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
