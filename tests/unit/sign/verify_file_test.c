#include "model.h"

#include "base/text.h"
#include "envelope/envelope.h"
#include "json/json.h"
#include "sign/sign_file.h"
#include "sign/verify_file.h"

enum { NOW = 1800000000, DAY = 86400 }; /* 2027-01-15T08:00:00Z */

#define ML65 key(WTL_ALG_ID_MLDSA65, 0)
#define ED key(WTL_ALG_ID_ED25519, 0)

static int sign_as(const char *out, const wtl_key *k, const wtl_sign_file_opts *opts, wtl_err *err)
{
    wtl_signer s = {k, at(out)};
    return wtl_sign_file(at("f"), &s, 1, opts, NULL, err);
}

static void sign(const char *out, const wtl_key *k)
{
    wtl_sign_file_opts o = {.signed_at = NOW};
    wtl_err err = {0};
    assert_good(sign_as(out, k, &o, &err), &err);
}

static void bundle(const char *out, const wtl_key *k)
{
    wtl_signer s = {k, at(out)};
    wtl_sign_opts o = {0};
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("f"), &s, 1, &o, NULL, &err), &err);
}

/* Verifies root/f with up to two keys, by one named signature file or by those that are found. */
static int verify(const wtl_key *a, const wtl_key *b, const char *signature, wtl_verify_file_result *r,
                  wtl_err *err)
{
    const wtl_key *list[2] = {a, b};
    const char *named = signature != NULL ? at(signature) : NULL;
    wtl_verify_file_opts o = {.keys = list,
                              .n_keys = b != NULL ? 2 : 1,
                              .signatures = &named,
                              .n_signatures = signature != NULL,
                              .now = NOW};
    return wtl_verify_file(at("f"), &o, r, err);
}

static int answer(const wtl_key *a, const wtl_key *b, const char *signature, const char *says)
{
    wtl_verify_file_result r;
    wtl_err err = {0};
    int rc = verify(a, b, signature, &r, &err);
    if (rc < 0 && (err.code != rc || (says != NULL && strstr(err.text, says) == NULL)))
        fail_msg("%s (%d): %s", wtl_rc_name(rc), err.code, err.text);
    wtl_verify_file_result_free(&r);
    return rc;
}

static int file_setup(void **state)
{
    if (model_setup(state) != 0)
        return -1;
    put("f", "what is signed\n");
    return 0;
}

/* Every algorithm that signs, but those that take seconds for one signature. */
static void every_algorithm(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *alg = wtl_alg_at(i);
        if (alg->kind != WTL_ALG_SIG || (strncmp(alg->name, "SLH", 3) == 0 && strchr(alg->name, 's') != NULL))
            continue;
        const wtl_key *k = key((enum wtl_alg_id)i, 0);
        remove(at("f.sig.json"));
        sign("f.sig.json", k);
        wtl_verify_file_result r;
        wtl_err err = {0};
        assert_good(verify(k, NULL, NULL, &r, &err), &err);
        assert_int_equal(r.n_verdicts, 1);
        assert_int_equal(r.bytes, 15);
        assert_true(r.verdict[0].is_envelope);
        assert_int_equal(r.verdict[0].signed_at, NOW);
        assert_string_equal(r.verdict[0].payload_type, "application/octet-stream");
        assert_int_equal(r.verdict[0].rotation, 0);
        wtl_verify_file_result_free(&r);
    }
}

static void every_hash(void **state)
{
    (void)state;
    static const char *const hashes[] = {"sha256", "sha384", "sha512", "sha3-256", "blake2b"};
    for (size_t i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "f.%s.sig.json", hashes[i]);
        wtl_sign_file_opts o = {.hash = hashes[i]};
        wtl_err err = {0};
        assert_good(sign_as(name, key(WTL_ALG_ID_ED25519, i % 2), &o, &err), &err);
    }
    assert_int_equal(answer(ED, key(WTL_ALG_ID_ED25519, 1), NULL, NULL), 0);
    put("f", "what is signee\n");
    assert_int_equal(answer(ED, key(WTL_ALG_ID_ED25519, 1), NULL, "digest"), WTL_NO);
    wtl_sign_file_opts o = {.hash = "md5"};
    assert_int_equal(sign_as("x.sig.json", ED, &o, NULL), WTL_USAGE);
}

static void empty_file(void **state)
{
    (void)state;
    put("f", "");
    sign("f.sig.json", ED);
    assert_int_equal(answer(ED, NULL, NULL, NULL), 0);
    put("f", "x");
    assert_int_equal(answer(ED, NULL, NULL, "size"), WTL_NO);
}

static void changed_file(void **state)
{
    (void)state;
    sign("f.sig.json", ED);
    put("f", "what is signed!");
    wtl_verify_file_result r;
    wtl_err err = {0};
    assert_int_equal(verify(ED, NULL, NULL, &r, &err), WTL_NO);
    assert_true(r.changed);
    assert_int_equal(r.verdict[0].rc, 0);
    wtl_verify_file_result_free(&r);
    put("f", "what is signed");
    assert_int_equal(answer(ED, NULL, NULL, "size"), WTL_NO);
    remove(at("f"));
    assert_int_equal(answer(ED, NULL, NULL, NULL), WTL_IO);
}

/* ---- the envelope's own fields */

static json_t *load(const char *name)
{
    static uint8_t data[WTL_ENVELOPE_MOST];
    json_t *j = NULL;
    wtl_err err = {0};
    size_t n = get_bytes(name, data, sizeof data);
    assert_good(wtl_json_parse(&j, (wtl_bytes){data, n}, name, &err), &err);
    return j;
}

static void store(const char *name, const json_t *j, size_t flags)
{
    assert_int_equal(json_dump_file(j, at(name), flags), 0);
}

/* A rich envelope in f.sig.json. */
static void sign_richly(const wtl_key *k)
{
    wtl_sign_file_opts o = {.signed_at = NOW,
                            .rotate_by = NOW + 400 * DAY,
                            .next_key = key(WTL_ALG_ID_MLDSA87, 0),
                            .payload_type = "text/plain"};
    wtl_err err = {0};
    assert_good(sign_as("f.sig.json", k, &o, &err), &err);
}

static json_t *hint(const char *rotate_by, const char *next_key)
{
    json_t *h = json_object();
    if (rotate_by != NULL)
        json_object_set_new(h, "rotate_by", json_string(rotate_by));
    if (next_key != NULL)
        json_object_set_new(h, "next_key", json_string(next_key));
    return h;
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* Every field with another value of its right form: the signature covers it. */
static void every_field_is_signed(void **state)
{
    (void)state;
    sign_richly(ML65);
    assert_int_equal(answer(ML65, NULL, NULL, NULL), 0);
    AUTO(json_t) *was = load("f.sig.json");
    const json_t *old_hint = json_object_get(was, "key_rotation_hint");
    const char *by = json_string_value(json_object_get(old_hint, "rotate_by"));
    const char *next = json_string_value(json_object_get(old_hint, "next_key"));
    struct {
        const char *field;
        json_t *value; /* NULL = without the field */
        int rc;
        const char *says;
    } rows[] = {
        {"version", json_string("wattle-envelope-v0"), WTL_NO, "version"},
        {"algorithm", json_string("ML-DSA-87"), WTL_NO, "algorithm"},
        {"algorithm", json_string("Ed25519"), WTL_NO, "algorithm"},
        {"public_key_hash", json_string("sha3-256:" ZEROS), WTL_NO, "sha3-256:" ZEROS},
        {"payload_type", json_string("text/html"), WTL_NO, "wrong"},
        {"digest", json_string("sha256:" ZEROS), WTL_NO, "wrong"},
        {"digest", json_string("sha3-256:" ZEROS), WTL_NO, "wrong"},
        {"size", json_integer(16), WTL_NO, "wrong"},
        {"signed_at", json_string("2027-01-15T08:00:01Z"), WTL_NO, "wrong"},
        {"key_rotation_hint", NULL, WTL_NO, "wrong"},
        {"key_rotation_hint", hint(by, NULL), WTL_NO, "wrong"},
        {"key_rotation_hint", hint(NULL, next), WTL_NO, "wrong"},
        {"key_rotation_hint", hint("2030-01-01T00:00:00Z", next), WTL_NO, "wrong"},
        {"key_rotation_hint", hint(by, "sha3-256:" ZEROS), WTL_NO, "wrong"},
        {"key_rotation_hint", hint(by, next), 0, NULL},
        {"signature", json_string("base64:AAAA"), WTL_NO, "wrong"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(json_t) *now = json_deep_copy(was);
        if (rows[i].value != NULL)
            json_object_set_new(now, rows[i].field, rows[i].value);
        else
            json_object_del(now, rows[i].field);
        store("f.sig.json", now, 0);
        int rc = answer(ML65, NULL, NULL, rows[i].says);
        /* Another version is none that this program knows: refused before anything else. */
        int want = i == 0 ? WTL_POLICY : rows[i].rc;
        if (rc != want)
            fail_msg("row %zu, %s: %s", i, rows[i].field, wtl_rc_name(rc));
    }
}

/* Every single bit of the file: never accepted with another content. */
static void every_byte_of_the_file(void **state)
{
    (void)state;
    wtl_sign_file_opts o = {.signed_at = NOW, .rotate_by = NOW + 400 * DAY};
    wtl_err err = {0};
    assert_good(sign_as("f.sig.json", ED, &o, &err), &err);
    static uint8_t data[4096];
    size_t n = get_bytes("f.sig.json", data, sizeof data);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            data[i] ^= (uint8_t)(1U << bit);
            put_bytes("f.sig.json", data, n);
            int rc = answer(ED, NULL, NULL, NULL);
            bool space = strchr(" \n\t\r", (char)data[i]) != NULL && data[i] != 0;
            if (rc == 0 && !space)
                fail_msg("byte %zu, bit %u was accepted", i, bit);
            data[i] ^= (uint8_t)(1U << bit);
        }
    }
}

static void every_truncation(void **state)
{
    (void)state;
    sign("f.sig.json", ED);
    static uint8_t data[4096];
    size_t n = get_bytes("f.sig.json", data, sizeof data);
    assert_true(data[n - 1] == '\n');
    for (size_t i = 0; i + 1 < n; i++) {
        put_bytes("f.sig.json", data, i);
        assert_int_equal(answer(ED, NULL, NULL, "the envelope"), WTL_FORMAT);
    }
    put_bytes("f.sig.json", data, n - 1);
    assert_int_equal(answer(ED, NULL, NULL, NULL), 0);
}

static void form_is_no_difference(void **state)
{
    (void)state;
    sign_richly(ED);
    AUTO(json_t) *j = load("f.sig.json");
    static const size_t forms[] = {JSON_COMPACT, JSON_SORT_KEYS | JSON_INDENT(7), JSON_ENSURE_ASCII};
    for (size_t i = 0; i < 3; i++) {
        store("f.sig.json", j, forms[i]);
        assert_int_equal(answer(ED, NULL, NULL, NULL), 0);
    }
}

/* A signature moved between envelopes that differ in the algorithm's name alone: two Ed25519-sized worlds apart, and
 * two ECDSA curves, whose verification must not be chosen by the field. */
static void algorithm_confusion(void **state)
{
    (void)state;
    static const enum wtl_alg_id ids[] = {WTL_ALG_ID_ECDSA_P256, WTL_ALG_ID_ECDSA_P384, WTL_ALG_ID_ED25519,
                                          WTL_ALG_ID_MLDSA44,    WTL_ALG_ID_MLDSA65,    WTL_ALG_ID_MLDSA87};
    for (size_t a = 0; a < 6; a++) {
        remove(at("f.sig.json"));
        sign("f.sig.json", key(ids[a], 0));
        AUTO(json_t) *j = load("f.sig.json");
        for (size_t b = 0; b < 6; b++) {
            /* named as another algorithm; and as another algorithm's key */
            AUTO(json_t) *named = json_deep_copy(j);
            json_object_set_new(named, "algorithm", json_string(wtl_alg_at(ids[b])->name));
            store("f.sig.json", named, 0);
            assert_int_equal(answer(key(ids[a], 0), NULL, NULL, NULL), a == b ? 0 : WTL_NO);
            uint8_t hash[WTL_ENVELOPE_KEY_HASH];
            char text[WTL_ENVELOPE_DIGEST_TEXT];
            assert_int_equal(wtl_envelope_key_hash(key(ids[b], 0), hash, NULL), 0);
            wtl_envelope_digest_text(text, WTL_HASH_SHA3_256, hash);
            json_object_set_new(named, "public_key_hash", json_string(text));
            store("f.sig.json", named, 0);
            assert_int_equal(answer(key(ids[b], 0), NULL, NULL, NULL), a == b ? 0 : WTL_NO);
        }
    }
}

/* ---- which files, which keys */

static void other_keys(void **state)
{
    (void)state;
    sign("f.sig.json", ML65);
    assert_int_equal(answer(key(WTL_ALG_ID_MLDSA65, 1), NULL, NULL, "the envelope names the ML-DSA-65 key"),
                     WTL_NO);
    assert_int_equal(answer(ED, NULL, NULL, "sha3-256:"), WTL_NO);
    assert_int_equal(answer(ML65, ED, NULL, "has not signed"), WTL_POLICY);
    sign("f.ed.sig.json", ED);
    assert_int_equal(answer(ML65, ED, NULL, NULL), 0);
    assert_int_equal(answer(ML65, NULL, NULL, NULL), 0);
    assert_int_equal(answer(ML65, NULL, "f.ed.sig.json", "none of the given keys"), WTL_NO);
    assert_int_equal(answer(key(WTL_ALG_ID_XWING, 0), NULL, NULL, "makes no signatures"), WTL_USAGE);
}

static void with_bundles(void **state)
{
    (void)state;
    sign("f.sig.json", ML65);
    bundle("f.sig", ED);
    assert_int_equal(answer(ML65, ED, NULL, NULL), 0);
    assert_int_equal(answer(ED, NULL, NULL, NULL), 0);
    assert_int_equal(answer(ED, ML65, "f.sig", "has not signed"), WTL_POLICY);
    assert_int_equal(answer(key(WTL_ALG_ID_ED25519, 1), NULL, NULL, NULL), WTL_NO);
    assert_int_equal(answer(ML65, key(WTL_ALG_ID_ED25519, 1), NULL, "has not signed"), WTL_POLICY);

    /* A bundle over another content, by a key that signed this content in an envelope. */
    sign("f.ed.sig.json", ED);
    put("f", "other content\n\n");
    remove(at("f.sig"));
    bundle("f.sig", ED);
    put("f", "what is signed\n");
    wtl_verify_file_result r;
    assert_int_equal(verify(ML65, ED, NULL, &r, NULL), WTL_NO);
    assert_true(r.changed);
    wtl_verify_file_result_free(&r);
    /* The same bundle by a key that was not asked for is left alone. */
    assert_int_equal(answer(ML65, NULL, NULL, NULL), 0);

    put("f.sig", "{}");
    assert_int_equal(answer(ML65, NULL, NULL, "bundle"), WTL_FORMAT);
}

static void wrong_bundle_by_a_satisfied_key(void **state)
{
    (void)state;
    sign("f.sig.json", ED);
    bundle("f.sig", ED);
    AUTO(json_t) *j = load("f.sig");
    json_t *dsse = json_object_get(j, "dsseEnvelope");
    json_object_set_new(dsse, "payload", json_string("e30="));
    store("f.sig", j, 0);
    assert_int_equal(answer(ED, NULL, NULL, "wrong"), WTL_NO);
}

static void one_for_the_other(void **state)
{
    (void)state;
    /* By content: each kind under the other's name. */
    sign("f.sig", ML65);
    bundle("f.sig.json", ED);
    assert_int_equal(answer(ML65, ED, NULL, NULL), 0);
    /* The calls for bundles do not take envelopes. */
    const wtl_key *k = ML65;
    const char *file = at("f.sig");
    wtl_verify_opts o = {.keys = &k, .n_keys = 1, .signatures = &file, .n_signatures = 1};
    wtl_verify_result r;
    assert_int_equal(wtl_verify_model(at("f"), &o, &r, NULL), WTL_FORMAT);
    wtl_verify_result_free(&r);
    /* Neither, or both in one. */
    put("x", "{\"version\":\"wattle-envelope-v1\",\"mediaType\":\"x\"}");
    assert_int_equal(answer(ML65, NULL, "x", NULL), WTL_FORMAT);
    put("x.sig.json", "{}");
    assert_int_equal(answer(ML65, NULL, "x.sig.json", "version"), WTL_FORMAT);
    put("x.sig.json", "");
    assert_int_equal(answer(ML65, NULL, "x.sig.json", NULL), WTL_FORMAT);
    assert_int_equal(answer(ML65, NULL, "none.sig.json", NULL), WTL_IO);
}

static void wrong_beside_good(void **state)
{
    (void)state;
    sign("f.sig.json", ML65);
    sign("f.b.sig.json", ED);
    put("f.c.sig.json", "{\"version\":\"wattle-envelope-v1\"}");
    assert_int_equal(answer(ML65, NULL, NULL, "f.c.sig.json"), WTL_FORMAT);
    /* Another version beside good ones may be meant for other programs. */
    put("f.c.sig.json", "{\"version\":\"wattle-envelope-v2\"}");
    assert_int_equal(answer(ML65, ED, NULL, NULL), 0);
    assert_int_equal(answer(ML65, NULL, "f.c.sig.json", "wattle-envelope-v2"), WTL_POLICY);
    put("f.c.sig.json", " ");
    static uint8_t big[WTL_ENVELOPE_MOST + 1];
    memset(big, ' ', sizeof big);
    put_bytes("f.c.sig.json", big, sizeof big);
    assert_int_equal(answer(ML65, ED, NULL, "f.c.sig.json"), WTL_FORMAT);
}

/* f.x.sig.json belongs to f.x where that is there. */
static void names_that_begin_alike(void **state)
{
    (void)state;
    sign("f.sig.json", ED);
    put("f.x", "another file");
    wtl_signer s = {ED, at("f.x.sig.json")};
    wtl_sign_file_opts o = {0};
    wtl_err err = {0};
    assert_good(wtl_sign_file(at("f.x"), &s, 1, &o, NULL, &err), &err);
    assert_int_equal(answer(ED, NULL, NULL, NULL), 0);
    remove(at("f.x"));
    assert_int_equal(answer(ED, NULL, NULL, NULL), WTL_NO);
}

static void no_signature(void **state)
{
    (void)state;
    assert_int_equal(answer(ED, NULL, NULL, "no signature"), WTL_POLICY);
    bool has = true;
    assert_int_equal(wtl_verify_file_has_envelope(at("f"), NULL, 0, &has, NULL), 0);
    assert_false(has);
    assert_int_equal(wtl_verify_file_has_envelope(at("none"), NULL, 0, &has, NULL), WTL_IO);
    bundle("f.sig", ED);
    assert_int_equal(wtl_verify_file_has_envelope(at("f"), NULL, 0, &has, NULL), 0);
    assert_false(has);
    sign("f.sig.json", ED);
    assert_int_equal(wtl_verify_file_has_envelope(at("f"), NULL, 0, &has, NULL), 0);
    assert_true(has);
    const char *dir = root;
    const char *named = at("f.sig.json");
    assert_int_equal(wtl_verify_file_has_envelope(dir, NULL, 0, &has, NULL), 0);
    assert_false(has);
    assert_int_equal(wtl_verify_file_has_envelope(dir, &named, 1, &has, NULL), 0);
    assert_true(has);
    wtl_verify_file_opts o = {
        .keys = (const wtl_key *[]){ED}, .n_keys = 1, .signatures = &named, .n_signatures = 1};
    wtl_verify_file_result r;
    assert_int_equal(wtl_verify_file(dir, &o, &r, NULL), WTL_POLICY);
    wtl_verify_file_result_free(&r);
}

/* ---- rotation */

static unsigned rotation(int64_t rotate_by, const wtl_key *next, const wtl_key *also)
{
    remove(at("f.sig.json"));
    wtl_sign_file_opts o = {.signed_at = NOW - 1000 * DAY, .rotate_by = rotate_by, .next_key = next};
    wtl_err err = {0};
    assert_good(sign_as("f.sig.json", ML65, &o, &err), &err);
    wtl_verify_file_result r;
    assert_good(verify(ML65, also, NULL, &r, &err), &err);
    unsigned got = 0;
    for (size_t i = 0; i < r.n_verdicts; i++)
        got |= r.verdict[i].rotation;
    wtl_verify_file_result_free(&r);
    return got;
}

static void rotation_is_told(void **state)
{
    (void)state;
    assert_int_equal(rotation(0, NULL, NULL), 0);
    assert_int_equal(rotation(NOW + 30 * DAY + 1, NULL, NULL), 0);
    assert_int_equal(rotation(NOW + 30 * DAY, NULL, NULL), WTL_ROTATION_SOON);
    assert_int_equal(rotation(NOW + 1, NULL, NULL), WTL_ROTATION_SOON);
    assert_int_equal(rotation(NOW, NULL, NULL), WTL_ROTATION_DUE);
    assert_int_equal(rotation(NOW - 1, NULL, NULL), WTL_ROTATION_DUE);
    assert_int_equal(rotation(0, ED, NULL), WTL_ROTATION_SUCCESSOR);
    assert_int_equal(rotation(NOW - 1, ED, NULL), WTL_ROTATION_SUCCESSOR | WTL_ROTATION_DUE);
    sign("f.next.sig.json", ED);
    assert_int_equal(rotation(0, ED, ED), 0);
    /* Who did not ask for the next key does not learn whether it signed. */
    assert_int_equal(rotation(0, ED, NULL), WTL_ROTATION_SUCCESSOR);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, file_setup, model_teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_algorithm),
        CASE(every_hash),
        CASE(empty_file),
        CASE(changed_file),
        CASE(every_field_is_signed),
        CASE(every_byte_of_the_file),
        CASE(every_truncation),
        CASE(form_is_no_difference),
        CASE(algorithm_confusion),
        CASE(other_keys),
        CASE(with_bundles),
        CASE(wrong_bundle_by_a_satisfied_key),
        CASE(one_for_the_other),
        CASE(wrong_beside_good),
        CASE(names_that_begin_alike),
        CASE(no_signature),
        CASE(rotation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
