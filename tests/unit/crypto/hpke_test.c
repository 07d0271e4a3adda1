#include "vec.h"

#include "base/text.h"
#include "crypto/agetext.h"
#include "crypto/hpke_impl.h"
#include "crypto/kdf.h"

static const wtl_hpke_suite age_suite = {WTL_HPKE_HKDF_SHA256, WTL_HPKE_CHACHA20POLY1305};

static const wtl_alg *alg_of_hpke(unsigned id)
{
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->kind == WTL_ALG_KEM && a->hpke == id)
            return a;
    }
    return NULL;
}

static unsigned number(const json_t *row, const char *member)
{
    return (unsigned)json_integer_value(json_object_get(row, member));
}

/* ---- the published vectors */

static void check_exports(wtl_hpke *h, const json_t *row)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(row, "exports"), i, e)
    {
        wtl_err err = {0};
        VEC_HEX(context, vec_json_text(e, "exporter_context"));
        AUTO(wtl_secret) out = {0};
        assert_good(wtl_hpke_export(h, wtl_buf_view(&context), number(e, "L"), &out, &err), &err);
        vec_is(wtl_secret_view(&out), vec_json_text(e, "exported_value"));
    }
    assert_true(i >= 1);
}

static void check_messages(wtl_hpke *from, wtl_hpke *to, const json_t *row)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(row, "encryptions"), i, e)
    {
        wtl_err err = {0};
        VEC_HEX(aad, vec_json_text(e, "aad"));
        VEC_HEX(pt, vec_json_text(e, "pt"));
        AUTO(wtl_buf) ct = {0};
        AUTO(wtl_secret) back = {0};
        assert_good(wtl_hpke_seal(from, wtl_buf_view(&aad), wtl_buf_view(&pt), &ct, &err), &err);
        vec_is(wtl_buf_view(&ct), vec_json_text(e, "ct"));
        assert_good(wtl_hpke_open(to, wtl_buf_view(&aad), wtl_buf_view(&ct), &back, &err), &err);
        assert_true(vec_same(wtl_secret_view(&back), wtl_buf_view(&pt)));
    }
    assert_true(i >= 1);
}

static void check_row(const wtl_alg *alg, const json_t *row)
{
    wtl_err err = {0};
    wtl_hpke_suite suite = {(uint16_t)number(row, "kdf_id"), (uint16_t)number(row, "aead_id")};
    VEC_HEX(info, vec_json_text(row, "info"));
    VEC_HEX(sk, vec_json_text(row, "skRm"));
    VEC_HEX(pk, vec_json_text(row, "pkRm"));
    VEC_HEX(random, vec_json_text(row, "ikmE"));
    AUTO(wtl_key) *me = NULL;
    AUTO(wtl_key) *to = NULL;
    AUTO(wtl_buf) raw = {0};
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) ss = {0};
    assert_good(wtl_key_from_seed(&me, alg, wtl_buf_view(&sk), &err), &err);
    assert_good(wtl_key_public_raw(me, &raw, &err), &err);
    vec_is(wtl_buf_view(&raw), vec_json_text(row, "pkRm"));
    assert_good(wtl_key_from_public(&to, alg, wtl_buf_view(&pk), &err), &err);
    AUTO(wtl_hpke) *sender = NULL;
    AUTO(wtl_hpke) *receiver = NULL;
    assert_good(
        wtl_hpke_sender_derand(&sender, suite, to, wtl_buf_view(&info), wtl_buf_view(&random), &enc, &err),
        &err);
    vec_is(wtl_buf_view(&enc), vec_json_text(row, "enc"));
    assert_good(wtl_kem_decaps(me, wtl_buf_view(&enc), &ss, &err), &err);
    vec_is(wtl_secret_view(&ss), vec_json_text(row, "shared_secret"));
    assert_good(wtl_hpke_receiver(&receiver, suite, me, wtl_buf_view(&enc), wtl_buf_view(&info), &err), &err);
    vec_is((wtl_bytes){sender->suite_id, 10}, vec_json_text(row, "suite_id"));
    vec_is((wtl_bytes){sender->base_nonce, 12}, vec_json_text(row, "base_nonce"));
    vec_is(wtl_secret_view(&receiver->exporter), vec_json_text(row, "exporter_secret"));
    check_exports(sender, row);
    check_exports(receiver, row);
    check_messages(sender, receiver, row);
}

static void published_vectors(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_VECTORS", "hpke/hpke-pq.json");
    json_t *root = vec_json(path);
    unsigned ran = 0;
    unsigned ran_xwing = 0;
    unsigned skipped = 0;
    size_t i;
    json_t *row;
    json_array_foreach(root, i, row)
    {
        unsigned kem = number(row, "kem_id");
        unsigned kdf = number(row, "kdf_id");
        const wtl_alg *alg = alg_of_hpke(kem);
        const char *why = alg == NULL ? "KEM not supported" : kdf > 2 ? "KDF not supported" : NULL;
        if (why != NULL) {
            print_message("# skipped: row %zu, KEM 0x%04x KDF 0x%04x AEAD 0x%04x: %s\n", i, kem, kdf,
                          number(row, "aead_id"), why);
            skipped++;
            continue;
        }
        assert_int_equal(number(row, "mode"), 0);
        check_row(alg, row);
        ran_xwing += kem == 0x647a;
        ran++;
    }
    json_decref(root);
    print_message("# %u rows, %u of them X-Wing; %u skipped\n", ran, ran_xwing, skipped);
    assert_true(ran >= 4 && ran_xwing >= 1);
}

/* ---- every suite that is offered */

typedef struct pair {
    wtl_key *key;
    wtl_hpke *from;
    wtl_hpke *to;
    wtl_buf enc;
} pair;

static void pair_auto(pair *p)
{
    wtl_key_free(p->key);
    wtl_hpke_free(p->from);
    wtl_hpke_free(p->to);
    wtl_buf_free(&p->enc);
}

static void pair_make(pair *p, const wtl_alg *alg, wtl_hpke_suite s, const char *info)
{
    wtl_err err = {0};
    assert_good(wtl_key_generate(&p->key, alg, &err), &err);
    assert_good(wtl_hpke_sender(&p->from, s, p->key, vec_text(info), &p->enc, &err), &err);
    assert_good(wtl_hpke_receiver(&p->to, s, p->key, wtl_buf_view(&p->enc), vec_text(info), &err), &err);
}

static void exports_equal(wtl_hpke *a, wtl_hpke *b, const char *context, bool equal)
{
    wtl_err err = {0};
    AUTO(wtl_secret) x = {0};
    AUTO(wtl_secret) y = {0};
    assert_good(wtl_hpke_export(a, vec_text(context), 48, &x, &err), &err);
    assert_good(wtl_hpke_export(b, vec_text(context), 48, &y, &err), &err);
    assert_int_equal(vec_same(wtl_secret_view(&x), wtl_secret_view(&y)), equal);
}

static void every_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        if (wtl_alg_at(i)->kind != WTL_ALG_KEM)
            continue;
        for (uint16_t kdf = 1; kdf <= 2; kdf++) {
            for (uint16_t aead = 1; aead <= 3; aead++) {
                wtl_err err = {0};
                AUTO(pair) p = {0};
                pair_make(&p, wtl_alg_at(i), (wtl_hpke_suite){kdf, aead}, "info");
                exports_equal(p.from, p.to, "c", true);
                static const char *const texts[] = {"", "one", "two and more"};
                for (size_t t = 0; t < 3; t++) {
                    AUTO(wtl_buf) ct = {0};
                    AUTO(wtl_secret) back = {0};
                    assert_good(wtl_hpke_seal(p.from, vec_text("aad"), vec_text(texts[t]), &ct, &err), &err);
                    assert_int_equal(ct.n, strlen(texts[t]) + 16);
                    assert_good(wtl_hpke_open(p.to, vec_text("aad"), wtl_buf_view(&ct), &back, &err), &err);
                    assert_true(vec_same(wtl_secret_view(&back), vec_text(texts[t])));
                }
            }
        }
    }
}

static void suites_that_are_not(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        wtl_hpke_suite s;
    } rows[] = {{"X-Wing", {0, 1}},    {"X-Wing", {3, 1}}, {"X-Wing", {0x10, 1}},
                {"X-Wing", {1, 0}},    {"X-Wing", {1, 4}}, {"X-Wing", {1, 0xffff}},
                {"ML-DSA-44", {1, 1}}, {"X25519", {1, 1}}, {"ECDSA-P256", {1, 1}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        AUTO(wtl_key) *k = NULL;
        AUTO(wtl_buf) enc = {0};
        wtl_hpke *h = NULL;
        static const uint8_t zeros[1120];
        assert_good(wtl_key_generate(&k, wtl_alg_by_name(rows[i].alg), &err), &err);
        assert_int_equal(wtl_hpke_sender(&h, rows[i].s, k, (wtl_bytes){0}, &enc, &err), WTL_USAGE);
        assert_true(h == NULL && enc.n == 0);
        assert_int_equal(wtl_hpke_receiver(&h, rows[i].s, k, (wtl_bytes){zeros, 1120}, (wtl_bytes){0}, &err),
                         WTL_USAGE);
        assert_null(h);
    }
}

/* ---- what must not agree */

static void other_info_suite_or_key(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_alg *xwing = wtl_alg_at(WTL_ALG_ID_XWING);
    AUTO(pair) p = {0};
    pair_make(&p, xwing, age_suite, "age-encryption.org/mlkem768x25519");
    AUTO(wtl_buf) ct = {0};
    assert_good(wtl_hpke_seal(p.from, (wtl_bytes){0}, vec_text("file key"), &ct, &err), &err);
    AUTO(wtl_key) *stranger = NULL;
    assert_good(wtl_key_generate(&stranger, xwing, &err), &err);
    const struct {
        wtl_hpke_suite s;
        const wtl_key *k;
        const char *info;
    } rows[] = {{age_suite, p.key, "wattle/seal/v1"},
                {age_suite, p.key, ""},
                {{2, 3}, p.key, "age-encryption.org/mlkem768x25519"},
                {{1, 2}, p.key, "age-encryption.org/mlkem768x25519"},
                {age_suite, stranger, "age-encryption.org/mlkem768x25519"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_hpke) *h = NULL;
        AUTO(wtl_secret) pt = {0};
        assert_good(
            wtl_hpke_receiver(&h, rows[i].s, rows[i].k, wtl_buf_view(&p.enc), vec_text(rows[i].info), &err),
            &err);
        assert_int_equal(wtl_hpke_open(h, (wtl_bytes){0}, wtl_buf_view(&ct), &pt, &err), WTL_NO);
        assert_null(pt.p);
        exports_equal(p.from, h, "c", false);
    }
    AUTO(wtl_secret) pt = {0};
    assert_good(wtl_hpke_open(p.to, (wtl_bytes){0}, wtl_buf_view(&ct), &pt, &err), &err);
}

static void every_changed_byte_of_enc(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(pair) p = {0};
    pair_make(&p, wtl_alg_at(WTL_ALG_ID_XWING), age_suite, "i");
    AUTO(wtl_buf) ct = {0};
    assert_good(wtl_hpke_seal(p.from, (wtl_bytes){0}, vec_text("file key"), &ct, &err), &err);
    for (size_t i = 0; i < p.enc.n; i++) {
        AUTO(wtl_hpke) *h = NULL;
        AUTO(wtl_secret) pt = {0};
        p.enc.p[i] ^= 0x10;
        assert_good(wtl_hpke_receiver(&h, age_suite, p.key, wtl_buf_view(&p.enc), vec_text("i"), &err), &err);
        assert_int_equal(wtl_hpke_open(h, (wtl_bytes){0}, wtl_buf_view(&ct), &pt, &err), WTL_NO);
        p.enc.p[i] ^= 0x10;
    }
    for (size_t n = 0; n < p.enc.n; n++) {
        wtl_hpke *h = NULL;
        assert_int_equal(
            wtl_hpke_receiver(&h, age_suite, p.key, (wtl_bytes){p.enc.p, n}, vec_text("i"), &err),
            WTL_FORMAT);
        assert_null(h);
    }
}

static void messages_in_order_only(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(pair) p = {0};
    pair_make(&p, wtl_alg_at(WTL_ALG_ID_MLKEM1024), (wtl_hpke_suite){2, 2}, "");
    AUTO(wtl_buf) one = {0};
    AUTO(wtl_buf) two = {0};
    assert_good(wtl_hpke_seal(p.from, vec_text("a"), vec_text("first"), &one, &err), &err);
    assert_good(wtl_hpke_seal(p.from, vec_text("a"), vec_text("second"), &two, &err), &err);
    AUTO(wtl_secret) pt = {0};
    assert_int_equal(wtl_hpke_open(p.to, vec_text("a"), wtl_buf_view(&two), &pt, &err), WTL_NO);
    assert_int_equal(wtl_hpke_open(p.to, vec_text("b"), wtl_buf_view(&one), &pt, &err), WTL_NO);
    for (size_t i = 0; i < one.n; i++) {
        one.p[i] ^= 1;
        assert_int_equal(wtl_hpke_open(p.to, vec_text("a"), wtl_buf_view(&one), &pt, &err), WTL_NO);
        one.p[i] ^= 1;
        int rc = wtl_hpke_open(p.to, vec_text("a"), (wtl_bytes){one.p, i}, &pt, &err);
        assert_int_equal(rc, i < 16 ? WTL_FORMAT : WTL_NO);
    }
    /* none of that used up a number */
    AUTO(wtl_secret) a = {0};
    AUTO(wtl_secret) b = {0};
    assert_good(wtl_hpke_open(p.to, vec_text("a"), wtl_buf_view(&one), &a, &err), &err);
    assert_int_equal(wtl_hpke_open(p.to, vec_text("a"), wtl_buf_view(&one), &pt, &err), WTL_NO);
    assert_good(wtl_hpke_open(p.to, vec_text("a"), wtl_buf_view(&two), &b, &err), &err);
    assert_true(vec_same(wtl_secret_view(&a), vec_text("first")));
    assert_true(vec_same(wtl_secret_view(&b), vec_text("second")));
    assert_null(pt.p);
}

static void numbers_never_wrap(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(pair) p = {0};
    pair_make(&p, wtl_alg_at(WTL_ALG_ID_XWING), age_suite, "");
    p.from->next = p.to->next = UINT64_MAX - 1;
    AUTO(wtl_buf) ct = {0};
    AUTO(wtl_secret) pt = {0};
    AUTO(wtl_secret) none = {0};
    assert_good(wtl_hpke_seal(p.from, (wtl_bytes){0}, vec_text("last"), &ct, &err), &err);
    assert_int_equal(wtl_hpke_seal(p.from, (wtl_bytes){0}, vec_text("more"), &ct, &err), WTL_BUG);
    assert_int_equal(ct.n, 20);
    assert_good(wtl_hpke_open(p.to, (wtl_bytes){0}, wtl_buf_view(&ct), &pt, &err), &err);
    assert_int_equal(wtl_hpke_open(p.to, (wtl_bytes){0}, wtl_buf_view(&ct), &none, &err), WTL_BUG);
}

static void directions_and_exports(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(pair) p = {0};
    pair_make(&p, wtl_alg_at(WTL_ALG_ID_XWING), age_suite, "");
    AUTO(wtl_buf) ct = {0};
    AUTO(wtl_secret) out = {0};
    static const uint8_t bytes[32];
    assert_int_equal(wtl_hpke_seal(p.to, (wtl_bytes){0}, vec_text("x"), &ct, &err), WTL_BUG);
    assert_int_equal(ct.n, 0);
    assert_int_equal(wtl_hpke_open(p.from, (wtl_bytes){0}, (wtl_bytes){bytes, 32}, &out, &err), WTL_BUG);
    assert_int_equal(wtl_hpke_export(p.to, (wtl_bytes){0}, 255 * 32 + 1, &out, &err), WTL_USAGE);
    assert_int_equal(wtl_hpke_export(p.to, (wtl_bytes){0}, 65536 + 32, &out, &err), WTL_USAGE);
    assert_null(out.p);
    assert_good(wtl_hpke_export(p.to, (wtl_bytes){0}, 255 * 32, &out, &err), &err);
    AUTO(wtl_buf) pub = {0};
    AUTO(wtl_key) *to = NULL;
    wtl_hpke *h = NULL;
    assert_good(wtl_key_public_raw(p.key, &pub, &err), &err);
    assert_good(wtl_key_from_public(&to, wtl_alg_at(WTL_ALG_ID_XWING), wtl_buf_view(&pub), &err), &err);
    assert_int_equal(wtl_hpke_receiver(&h, age_suite, to, wtl_buf_view(&p.enc), (wtl_bytes){0}, &err),
                     WTL_USAGE);
    assert_null(h);
    wtl_hpke_free(NULL);
}

/* ---- a file by age 1.3 for its key */

static void read_file(const char *path, wtl_buf *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        wtl_buf_add(out, part, n);
    fclose(f);
    assert_non_null(wtl_buf_cstr(out));
}

/* age writes base64 without padding. */
static void unpadded(const char *from, size_t n, wtl_buf *out)
{
    AUTO(wtl_buf) text = {0};
    wtl_buf_add(&text, from, n);
    while (text.n % 4 != 0)
        wtl_buf_u8(&text, '=');
    assert_int_equal(wtl_text_b64_decode(out, wtl_buf_view(&text), NULL), 0);
}

/* Unwraps the file key of the only stanza and checks the header's MAC; returns where the payload begins. */
static size_t open_header(const wtl_key *me, wtl_buf *file, wtl_secret *file_key)
{
    static const char start[] = "age-encryption.org/v1\n-> mlkem768x25519 ";
    wtl_err err = {0};
    const char *text = (const char *)file->p;
    assert_memory_equal(text, start, sizeof start - 1);
    const char *enc_at = text + sizeof start - 1;
    const char *body_at = strchr(enc_at, '\n') + 1;
    const char *mac_at = strstr(body_at, "\n--- ") + 5;
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) mac = {0};
    unpadded(enc_at, (size_t)(body_at - 1 - enc_at), &enc);
    unpadded(body_at, strcspn(body_at, "\n"), &body);
    unpadded(mac_at, strcspn(mac_at, "\n"), &mac);
    AUTO(wtl_hpke) *h = NULL;
    wtl_bytes info = vec_text("age-encryption.org/mlkem768x25519");
    assert_good(wtl_hpke_receiver(&h, age_suite, me, wtl_buf_view(&enc), info, &err), &err);
    assert_good(wtl_hpke_open(h, (wtl_bytes){0}, wtl_buf_view(&body), file_key, &err), &err);
    assert_int_equal(file_key->n, 16);
    AUTO(wtl_secret) prk = {0};
    AUTO(wtl_secret) key = {0};
    uint8_t want[32];
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, (wtl_bytes){0}, wtl_secret_view(file_key), &prk, &err),
                &err);
    assert_good(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&prk), vec_text("header"), 32, &key, &err),
                &err);
    assert_good(wtl_kdf_hmac(WTL_HASH_SHA256, wtl_secret_view(&key),
                             (wtl_bytes){file->p, (size_t)(mac_at - 1 - text)}, want, &err),
                &err);
    assert_true(vec_same(wtl_buf_view(&mac), (wtl_bytes){want, 32}));
    return (size_t)(mac_at - text) + strcspn(mac_at, "\n") + 1;
}

static void file_by_age(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) file = {0};
    VEC_PATH(key_path, "WATTLE_VECTORS", "age/pq.key");
    read_file(key_path, &text);
    VEC_PATH(file_path, "WATTLE_VECTORS", "age/s.age");
    read_file(file_path, &file);
    AUTO(wtl_key) *me = NULL;
    AUTO(wtl_secret) file_key = {0};
    assert_good(wtl_agetext_parse(&me, wtl_buf_view(&text), &err), &err);
    size_t at = open_header(me, &file, &file_key);
    /* payload: nonce[16] || one ChaCha20-Poly1305 chunk, number 0, last */
    AUTO(wtl_secret) prk = {0};
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_aead) *a = NULL;
    assert_good(wtl_kdf_extract(WTL_HASH_SHA256, (wtl_bytes){file.p + at, 16}, wtl_secret_view(&file_key),
                                &prk, &err),
                &err);
    assert_good(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&prk), vec_text("payload"), 32, &key, &err),
                &err);
    assert_good(wtl_aead_new(&a, WTL_AEAD_CHACHA20POLY1305, WTL_AEAD_OPEN, wtl_secret_view(&key), &err),
                &err);
    static const uint8_t nonce[12] = {[11] = 1};
    uint8_t *chunk = file.p + at + 16;
    assert_good(wtl_aead_open(a, nonce, (wtl_bytes){0}, (wtl_bytes){chunk, file.n - at - 16}, chunk, &err),
                &err);
    print_message("# age's file holds %zu bytes\n", file.n - at - 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(every_suite),
        cmocka_unit_test(suites_that_are_not),
        cmocka_unit_test(other_info_suite_or_key),
        cmocka_unit_test(every_changed_byte_of_enc),
        cmocka_unit_test(messages_in_order_only),
        cmocka_unit_test(numbers_never_wrap),
        cmocka_unit_test(directions_and_exports),
        cmocka_unit_test(file_by_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
