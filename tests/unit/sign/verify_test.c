#include "model.h"

#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/sig.h"
#include "manifest/statement.h"
#include "sign/hint.h"

#define KEY_A key(WTL_ALG_ID_MLDSA44, 0)
#define KEY_B key(WTL_ALG_ID_ED25519, 0)
#define KEY_C key(WTL_ALG_ID_ECDSA_P256, 0)

static void sign_model(const wtl_key *k, const char *out)
{
    wtl_err err = {0};
    assert_good(sign_with(k, at(out), &err), &err);
}

static void found(const wtl_verify_result *r, size_t i, enum wtl_finding_kind kind, const char *path)
{
    assert_true(i < r->n_findings);
    assert_int_equal(r->finding[i].kind, kind);
    assert_string_equal(r->finding[i].path, path);
}

/* Verifies root/m with KEY_A and expects exactly these findings. */
static void differs(size_t n, const enum wtl_finding_kind *kind, const char *const *path)
{
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(verify_with(KEY_A, &r, &err), n == 0 ? 0 : WTL_NO);
    assert_int_equal(r.n_findings, n);
    for (size_t i = 0; i < n; i++)
        found(&r, i, kind[i], path[i]);
    if (n > 0)
        assert_non_null(strstr(err.text, path[0]));
    wtl_verify_result_free(&r);
}

static void changes_to_files(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    differs(0, NULL, NULL);
    put("m/.git/other", "ignored");
    make_folder("m/void");
    differs(0, NULL, NULL);
    enum wtl_finding_kind changed[] = {WTL_FOUND_CHANGED};
    const char *b[] = {"sub/b"};
    put("m/sub/b", "betA");
    differs(1, changed, b);
    put("m/sub/b", "beta2");
    differs(1, changed, b);
    put("m/sub/b", "");
    differs(1, changed, b);
    put("m/sub/b", "beta");
    differs(0, NULL, NULL);
    enum wtl_finding_kind extra[] = {WTL_FOUND_EXTRA};
    const char *x[] = {"sub/.git"};
    put("m/sub/.git", "only the root's is ignored");
    differs(1, extra, x);
    assert_int_equal(unlink(at("m/sub/.git")), 0);
    enum wtl_finding_kind missing[] = {WTL_FOUND_MISSING};
    const char *e[] = {"sub/deep/empty"};
    assert_int_equal(unlink(at("m/sub/deep/empty")), 0);
    differs(1, missing, e);
    /* A folder of that name is no file. */
    make_folder("m/sub/deep/empty");
    differs(1, missing, e);
}

static void moved_files(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    enum wtl_finding_kind both[] = {WTL_FOUND_EXTRA, WTL_FOUND_MISSING};
    const char *renamed[] = {"Z", "z"};
    assert_int_equal(rename(at("m/z"), at("m/Z")), 0);
    differs(2, both, renamed);
    assert_int_equal(rename(at("m/Z"), at("m/sub/z")), 0);
    const char *moved[] = {"sub/z", "z"};
    differs(2, both, moved);
    assert_int_equal(rename(at("m/sub/z"), at("m/z")), 0);
    /* Swapped contents. */
    assert_int_equal(rename(at("m/a"), at("m/t")), 0);
    assert_int_equal(rename(at("m/z"), at("m/a")), 0);
    assert_int_equal(rename(at("m/t"), at("m/z")), 0);
    enum wtl_finding_kind changed[] = {WTL_FOUND_CHANGED, WTL_FOUND_CHANGED};
    const char *swapped[] = {"a", "z"};
    differs(2, changed, swapped);
}

static void links_are_refused(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(symlink("a", at("m/more")), 0);
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "link"));
    wtl_verify_result_free(&r);
    assert_int_equal(unlink(at("m/more")), 0);
    /* A listed file, and a folder on the way to one, replaced by links to the same contents. */
    assert_int_equal(rename(at("m/a"), at("a")), 0);
    assert_int_equal(symlink("../a", at("m/a")), 0);
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    wtl_verify_result_free(&r);
    assert_int_equal(unlink(at("m/a")), 0);
    assert_int_equal(rename(at("a"), at("m/a")), 0);
    assert_int_equal(rename(at("m/sub"), at("sub")), 0);
    assert_int_equal(symlink("../sub", at("m/sub")), 0);
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    wtl_verify_result_free(&r);
    /* The model itself may be reached through one: the caller named it. */
    assert_int_equal(unlink(at("m/sub")), 0);
    assert_int_equal(rename(at("sub"), at("m/sub")), 0);
    assert_int_equal(rename(at("m"), at("real")), 0);
    assert_int_equal(symlink("real", at("m")), 0);
    assert_good(verify_with(KEY_A, &r, &err), &err);
    wtl_verify_result_free(&r);
}

/* ---- keys */

static void wrong_and_missing_keys(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(verify_with(key(WTL_ALG_ID_MLDSA44, 1), &r, &err), WTL_NO);
    assert_non_null(strstr(err.text, "none of the given keys"));
    AUTO(wtl_buf) hint = {0};
    assert_good(wtl_hint_of(KEY_A, &hint, &err), &err);
    assert_non_null(strstr(r.verdict[0].text, wtl_buf_cstr(&hint)));
    assert_int_equal(r.verdict[0].rc, WTL_POLICY);
    assert_null(r.model);
    wtl_verify_result_free(&r);
    assert_int_equal(verify_with(KEY_C, &r, &err), WTL_NO);
    wtl_verify_result_free(&r);
    const wtl_key *both[] = {KEY_A, KEY_B};
    wtl_verify_opts opts = {.keys = both, .n_keys = 2};
    assert_int_equal(wtl_verify_model(at("m"), &opts, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "Ed25519"));
    assert_non_null(strstr(err.text, "has not signed"));
    wtl_verify_result_free(&r);
    assert_int_equal(unlink(at("m/model.sig")), 0);
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "no signature"));
    wtl_verify_result_free(&r);
}

static void several_keys(void **state)
{
    (void)state;
    make_model();
    wtl_signer s[] = {{KEY_A, at("m/model.sig")}, {KEY_B, at("m/model.b.sig")}, {KEY_C, at("m/model.c.sig")}};
    wtl_sign_opts sign = {0};
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("m"), s, 3, &sign, NULL, &err), &err);
    const wtl_key *given[] = {KEY_C, KEY_A};
    wtl_verify_opts opts = {.keys = given, .n_keys = 2};
    wtl_verify_result r;
    assert_good(wtl_verify_model(at("m"), &opts, &r, &err), &err);
    assert_int_equal(r.n_verdicts, 3);
    assert_string_equal(r.verdict[0].path, at("m/model.b.sig"));
    assert_int_equal(r.verdict[0].rc, WTL_POLICY);
    assert_int_equal(r.verdict[1].rc, 0);
    assert_int_equal(r.verdict[1].key, 0);
    assert_int_equal(r.verdict[2].key, 1);
    wtl_verify_result_free(&r);
    /* One of the required ones is stripped. */
    assert_int_equal(unlink(at("m/model.c.sig")), 0);
    assert_int_equal(wtl_verify_model(at("m"), &opts, &r, &err), WTL_POLICY);
    wtl_verify_result_free(&r);
    /* A file that was named and that no given key made. */
    const char *named[] = {at("m/model.sig"), at("m/model.b.sig")};
    wtl_verify_opts by_name = {.keys = given + 1, .n_keys = 1, .signatures = named, .n_signatures = 2};
    assert_int_equal(wtl_verify_model(at("m"), &by_name, &r, &err), WTL_POLICY);
    wtl_verify_result_free(&r);
    by_name.n_signatures = 1;
    assert_good(wtl_verify_model(at("m"), &by_name, &r, &err), &err);
    wtl_verify_result_free(&r);
    const char *none[] = {at("m/none.sig")};
    by_name.signatures = none;
    assert_int_equal(wtl_verify_model(at("m"), &by_name, &r, &err), WTL_IO);
    wtl_verify_result_free(&r);
}

static void two_payloads(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    put("m/z", "new");
    sign_model(KEY_B, "m/model.b.sig");
    const wtl_key *given[] = {KEY_A, KEY_B};
    wtl_verify_opts opts = {.keys = given, .n_keys = 2};
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(wtl_verify_model(at("m"), &opts, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "different statements"));
    assert_null(r.model);
    wtl_verify_result_free(&r);
    /* The later one alone holds: it knows of the earlier file. */
    assert_good(verify_with(KEY_B, &r, &err), &err);
    wtl_verify_result_free(&r);
}

static void a_broken_file_beside_a_good_one(void **state)
{
    (void)state;
    make_model();
    sign_model(KEY_A, "m/model.sig");
    put("m/model.old.sig", "{");
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "model.old.sig"));
    wtl_verify_result_free(&r);
    assert_int_equal(rename(at("m/model.old.sig"), at("m/model.sig")), 0);
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_FORMAT);
    assert_int_equal(r.verdict[0].rc, WTL_FORMAT);
    wtl_verify_result_free(&r);
}

/* ---- bundles made by hand */

static void put_bundle(const char *rest, const wtl_key *k, const char *payload, const char *type,
                       const char *hint)
{
    AUTO(wtl_buf) pae = {0};
    AUTO(wtl_buf) sig = {0};
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    wtl_bundle_pae(&pae, type, wtl_text_of(payload));
    assert_good(wtl_sig_sign(k, wtl_buf_view(&pae), NULL, &sig, &err), &err);
    assert_good(wtl_bundle_encode(wtl_text_of(payload), type, hint, wtl_buf_view(&sig), &out, &err), &err);
    put_bytes(rest, out.p, out.n);
}

/* A statement whose text is then changed: every `from` becomes `to` (of the same length). */
static void put_statement(const char *rest, const char *from, const char *to, size_t n,
                          const char *const (*files)[2], const char *ignore)
{
    AUTO(wtl_statement) s = {0};
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    assert_good(wtl_statement_set_subject(&s, "m", &err), &err);
    if (ignore != NULL)
        assert_good(wtl_statement_add_ignore(&s, ignore, &err), &err);
    for (size_t i = 0; i < n; i++) {
        uint8_t digest[32];
        assert_good(wtl_hash_once(WTL_HASH_SHA256, wtl_text_of(files[i][1]), digest, &err), &err);
        assert_good(wtl_statement_add(&s, files[i][0], digest, &err), &err);
    }
    assert_good(wtl_statement_encode(&s, &text, &err), &err);
    char *p = wtl_buf_cstr(&text);
    while (from != NULL && (p = strstr(p, from)) != NULL)
        memcpy(p, to, strlen(to));
    put_bundle(rest, KEY_A, wtl_buf_cstr(&text), WTL_STATEMENT_PAYLOAD_TYPE, "mine");
}

static void signed_nonsense(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"a", "alpha"}, {"q/x", "pwned"}};
    static const struct {
        const char *from;
        const char *to;
        int rc;
        const char *says;
    } rows[] = {
        {"q/x", "../", WTL_FORMAT, "plain relative path"},
        {"q/x", "/qx", WTL_FORMAT, "plain relative path"},
        {"q/x", "./x", WTL_FORMAT, "plain relative path"},
        {"\"q/x\"", "  \"a\"", WTL_FORMAT, "twice"},
        {"\"files\"", "\"shard\"", WTL_POLICY, "shard"},
        {"\"hash_type\":\"sha256\"", "\"hash_type\":\"blake3\"", WTL_POLICY, "blake3"},
        {"signature/v1.0", "signature/v9.9", WTL_POLICY, "v9.9"},
        {"Statement/v1", "Statement/v2", WTL_FORMAT, "in-toto"},
        {"\"subject\"", "\"subjekt\"", WTL_FORMAT, "subjekt"},
    };
    make_folder("m");
    put("m/a", "alpha");
    put("x", "pwned");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_statement("m/model.sig", rows[i].from, rows[i].to, 2, files, NULL);
        wtl_verify_result r;
        wtl_err err = {0};
        int rc = verify_with(KEY_A, &r, &err);
        if (rc != rows[i].rc || strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu gave %s: %s", i, wtl_rc_name(rc), err.text);
        assert_int_equal(r.verdict[0].rc, 0);
        assert_int_equal(r.n_findings, 0);
        wtl_verify_result_free(&r);
    }
    put_bundle("m/model.sig", KEY_A, "{", WTL_STATEMENT_PAYLOAD_TYPE, "mine");
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_FORMAT);
    wtl_verify_result_free(&r);
    put_bundle("m/model.sig", KEY_A, "{}", "text/plain", "mine");
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "text/plain"));
    wtl_verify_result_free(&r);
}

/* What a signer lists below an ignored path is checked; what it does not list there is left alone. */
static void listed_and_ignored(void **state)
{
    (void)state;
    static const char *const files[][2] = {{".git/config", "x"}, {"a", "alpha"}, {"cache/y", "y"}};
    make_model();
    assert_int_equal(unlink(at("m/z")), 0);
    assert_int_equal(unlink(at("m/sub/b")), 0);
    assert_int_equal(unlink(at("m/sub/deep/empty")), 0);
    make_folder("m/cache");
    put("m/cache/y", "y");
    put("m/cache/more", "not listed");
    put("m/.git/more", "not listed");
    put_statement("m/model.sig", NULL, NULL, 3, files, "cache");
    differs(0, NULL, NULL);
    put("m/.git/config", "changed");
    put("m/cache/y", "changed");
    enum wtl_finding_kind changed[] = {WTL_FOUND_CHANGED, WTL_FOUND_CHANGED};
    const char *paths[] = {".git/config", "cache/y"};
    differs(2, changed, paths);
    assert_int_equal(unlink(at("m/.git/config")), 0);
    assert_int_equal(unlink(at("m/cache/y")), 0);
    enum wtl_finding_kind missing[] = {WTL_FOUND_MISSING, WTL_FOUND_MISSING};
    differs(2, missing, paths);
    assert_int_equal(symlink("../a", at("m/cache/y")), 0);
    wtl_verify_result r;
    wtl_err err = {0};
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_POLICY);
    wtl_verify_result_free(&r);
}

/* A single file may be listed by its name (the specification) or as "." (the reference). */
static void single_file_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t findings;
    } rows[] = {{".", 0}, {"f.bin", 0}, {"g.bin", 2}, {"F.bin", 2}};
    put("f.bin", "data");
    wtl_verify_opts opts = {.keys = (const wtl_key *const[]){KEY_A}, .n_keys = 1};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const files[][2] = {{rows[i].name, "data"}};
        put_statement("f.bin.sig", NULL, NULL, 1, files, NULL);
        wtl_verify_result r;
        wtl_err err = {0};
        assert_int_equal(wtl_verify_model(at("f.bin"), &opts, &r, &err), rows[i].findings == 0 ? 0 : WTL_NO);
        assert_int_equal(r.n_findings, rows[i].findings);
        wtl_verify_result_free(&r);
    }
    /* A signed file is no signed folder, and the other way round. */
    make_folder("m");
    put("m/f.bin", "data");
    const char *const dot[][2] = {{".", "data"}};
    put_statement("m/model.sig", NULL, NULL, 1, dot, NULL);
    enum wtl_finding_kind kinds[] = {WTL_FOUND_MISSING, WTL_FOUND_EXTRA};
    const char *paths[] = {".", "f.bin"};
    differs(2, kinds, paths);
}

static void hints(void **state)
{
    (void)state;
    AUTO(wtl_buf) der = {0};
    wtl_err err = {0};
    uint8_t digest[32];
    bool matches;
    assert_good(wtl_key_write_public(KEY_C, WTL_KEY_DER, &der, &err), &err);
    assert_good(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&der), digest, &err), &err);
    AUTO(wtl_buf) b64 = {0};
    wtl_text_b64_encode(&b64, (wtl_bytes){digest, 32});
    assert_good(wtl_hint_matches(KEY_C, wtl_buf_cstr(&b64), &matches, &err), &err);
    assert_true(matches);
    AUTO(wtl_buf) hex = {0};
    assert_good(wtl_hint_of(KEY_C, &hex, &err), &err);
    assert_int_equal(hex.n, 64);
    assert_good(wtl_hint_matches(KEY_C, wtl_buf_cstr(&hex), &matches, &err), &err);
    assert_true(matches);
    assert_good(wtl_hint_matches(KEY_A, wtl_buf_cstr(&hex), &matches, &err), &err);
    assert_false(matches);
    assert_good(wtl_hint_matches(KEY_A, "", &matches, &err), &err);
    assert_false(matches);
    /* A hint is not signed: a wrong one hides no good signature, a right one saves no bad one. */
    make_model();
    static const char *const files[][2] = {{"a", "alpha"}};
    put_statement("m/model.sig", NULL, NULL, 1, files, "sub");
    assert_int_equal(unlink(at("m/z")), 0);
    differs(0, NULL, NULL);
    AUTO(wtl_buf) mine = {0};
    assert_good(wtl_hint_of(KEY_A, &mine, &err), &err);
    put_bundle("m/model.sig", KEY_B, "{}", WTL_STATEMENT_PAYLOAD_TYPE, wtl_buf_cstr(&mine));
    wtl_verify_result r;
    assert_int_equal(verify_with(KEY_A, &r, &err), WTL_NO);
    assert_non_null(strstr(err.text, "the signature is wrong"));
    assert_int_equal(r.verdict[0].rc, WTL_NO);
    wtl_verify_result_free(&r);
}

/* ---- a changed byte at every position, and every truncation, of a bundle on disk */

static uint8_t was[1 << 16];
static size_t was_n;

static bool in_hint(size_t i)
{
    static const char mark[] = "\"hint\":\"";
    char *p = memmem(was, was_n, mark, sizeof mark - 1);
    size_t from = (size_t)((uint8_t *)p - was) + sizeof mark - 1;
    return i >= from && i < from + 64;
}

static void every_byte(void **state)
{
    (void)state;
    make_folder("m");
    put("m/a", "alpha");
    sign_model(KEY_C, "m/model.sig");
    was_n = get_bytes("m/model.sig", was, sizeof was);
    static const uint8_t masks[] = {0x01, 0x20, 0x80};
    for (size_t i = 0; i < was_n; i++) {
        uint8_t mask = masks[i % sizeof masks];
        was[i] ^= mask;
        put_bytes("m/model.sig", was, was_n);
        was[i] ^= mask;
        wtl_verify_result r;
        wtl_err err = {0};
        int rc = verify_with(KEY_C, &r, &err);
        if (rc == 0 && !in_hint(i))
            fail_msg("byte %zu changed by %#x was accepted", i, mask);
        assert_true(rc == 0 || rc == WTL_NO || rc == WTL_FORMAT || rc == WTL_POLICY);
        assert_true(rc == 0 || err.text[0] != '\0');
        wtl_verify_result_free(&r);
    }
}

static void every_truncation(void **state)
{
    (void)state;
    make_folder("m");
    put("m/a", "alpha");
    sign_model(KEY_C, "m/model.sig");
    was_n = get_bytes("m/model.sig", was, sizeof was);
    for (size_t n = 0; n < was_n; n++) {
        put_bytes("m/model.sig", was, n);
        wtl_verify_result r;
        assert_int_equal(verify_with(KEY_C, &r, NULL), WTL_FORMAT);
        wtl_verify_result_free(&r);
    }
}

/* ---- the reference implementation's bundles */

static wtl_key *vector_key(const char *file)
{
    const char *path = unit_path("WATTLE_VECTORS", file);
    if (path == NULL)
        return NULL;
    uint8_t data[4096];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    wtl_key *k = NULL;
    wtl_err err = {0};
    assert_good(wtl_key_parse(&k, (wtl_bytes){data, n}, NULL, &err), &err);
    return k;
}

static int verify_vector(const char *model, const char *sig, const wtl_key *k, wtl_verify_result *r,
                         wtl_err *err)
{
    char path[4096];
    const char *p = unit_path("WATTLE_VECTORS", sig);
    assert_non_null(p);
    snprintf(path, sizeof path, "%s", p);
    const char *sigs[] = {path};
    wtl_verify_opts opts = {.keys = &k, .n_keys = 1, .signatures = sigs, .n_signatures = 1};
    return wtl_verify_model(model, &opts, r, err);
}

static void reference_bundles(void **state)
{
    (void)state;
    AUTO(wtl_key) *p256 = vector_key("oms/keys/p256.pub");
    AUTO(wtl_key) *p384 = vector_key("oms/keys/p384.pub");
    if (p256 == NULL || p384 == NULL) {
        print_message("skipped: the public vectors are not beside the project\n");
        skip();
    }
    wtl_verify_result r;
    wtl_err err = {0};
    char single[4096];
    snprintf(single, sizeof single, "%s", unit_path("WATTLE_VECTORS", "oms/models/single.bin"));
    assert_good(verify_vector(single, "oms/sigs/single.bin.p256.sig", p256, &r, &err), &err);
    assert_string_equal(r.model, "single.bin");
    assert_int_equal(r.bytes, 1000);
    wtl_verify_result_free(&r);
    assert_int_equal(verify_vector(single, "oms/sigs/single.bin.p256.sig", p384, &r, &err), WTL_NO);
    wtl_verify_result_free(&r);
    make_folder("m");
    static const char *const missing[] = {"config.json", "empty.bin", "sub/a.txt", "sub/deep/f",
                                          "weights.bin"};
    const struct {
        const char *sig;
        const wtl_key *k;
    } rows[] = {{"oms/sigs/basic.p256.sig", p256}, {"oms/sigs/basic.p384.sig", p384}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(verify_vector(at("m"), rows[i].sig, rows[i].k, &r, &err), WTL_NO);
        assert_int_equal(r.verdict[0].rc, 0);
        assert_string_equal(r.model, "basic");
        assert_int_equal(r.n_findings, 5);
        for (size_t j = 0; j < 5; j++)
            found(&r, j, WTL_FOUND_MISSING, missing[j]);
        wtl_verify_result_free(&r);
    }
    assert_int_equal(verify_vector(at("m"), "oms/sigs/basic.blake3.sig", p256, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "blake3"));
    assert_int_equal(r.verdict[0].rc, 0);
    wtl_verify_result_free(&r);
    assert_int_equal(verify_vector(at("m"), "oms/sigs/shard1000.sha256.sig", p256, &r, &err), WTL_NO);
    assert_int_equal(r.n_findings, 2);
    found(&r, 0, WTL_FOUND_MISSING, "big.bin");
    found(&r, 1, WTL_FOUND_MISSING, "weights.bin");
    wtl_verify_result_free(&r);
    char shard[4096];
    snprintf(shard, sizeof shard, "%s", unit_path("WATTLE_VECTORS", "oms/models/shard/big.bin"));
    *strrchr(shard, '/') = '\0';
    assert_good(verify_vector(shard, "oms/sigs/shard1000.sha256.sig", p256, &r, &err), &err);
    assert_string_equal(r.method, "shards");
    assert_int_equal(r.shard_size, 1000);
    assert_int_equal(r.files, 2);
    assert_int_equal(r.bytes, 14500);
    assert_int_equal(r.empty_files, 1);
    wtl_verify_result_free(&r);
}

/* The leaf certificate's key, given as a key, verifies the bundle; another key does not. */
static void certificate_bundle(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_VECTORS", "oms/sigs/basic.cert.sig");
    if (path == NULL) {
        print_message("skipped: the public vectors are not beside the project\n");
        skip();
    }
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    was_n = fread(was, 1, sizeof was, f);
    fclose(f);
    AUTO(wtl_bundle) b = {0};
    wtl_err err = {0};
    assert_good(wtl_bundle_parse(&b, (wtl_bytes){was, was_n}, &err), &err);
    AUTO(wtl_key) *leaf = NULL;
    AUTO(wtl_key) *ca = NULL;
    assert_good(wtl_cert_key(&leaf, wtl_buf_view(&b.chain[0]), &err), &err);
    assert_good(wtl_cert_key(&ca, wtl_buf_view(&b.chain[2]), &err), &err);
    make_folder("m");
    wtl_verify_result r;
    assert_int_equal(verify_vector(at("m"), "oms/sigs/basic.cert.sig", leaf, &r, &err), WTL_NO);
    assert_int_equal(r.verdict[0].rc, 0);
    assert_int_equal(r.n_findings, 5);
    wtl_verify_result_free(&r);
    assert_int_equal(verify_vector(at("m"), "oms/sigs/basic.cert.sig", ca, &r, &err), WTL_NO);
    assert_int_equal(r.verdict[0].rc, WTL_POLICY);
    assert_non_null(strstr(err.text, "certificate for the key ECDSA-P256"));
    wtl_verify_result_free(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, model_setup, model_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changes_to_files),
        TEST(moved_files),
        TEST(links_are_refused),
        TEST(several_keys),
        TEST(two_payloads),
        TEST(wrong_and_missing_keys),
        TEST(signed_nonsense),
        TEST(hints),
        TEST(a_broken_file_beside_a_good_one),
        TEST(listed_and_ignored),
        TEST(single_file_names),
        TEST(every_byte),
        TEST(every_truncation),
        TEST(reference_bundles),
        TEST(certificate_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
