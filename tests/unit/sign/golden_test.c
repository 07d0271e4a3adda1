/* Envelopes of format version 1 as the first release of the format wrote them. */
#include "model.h"

#include "envelope/envelope.h"
#include "sign/verify_file.h"

enum { BY = 1814313600 /* 2027-06-30T00:00:00Z */ };

static const struct {
    const char *stem, *pub, *alg, *hash, *type;
    int64_t rotate_by;
    bool next;
} rows[] = {
    {"ml65", "ml65", "ML-DSA-65", "sha256:", "text/plain", BY, true},
    {"ml65-compact", "ml65", "ML-DSA-65", "sha256:", "text/plain", BY, true},
    {"ml44", "ml44", "ML-DSA-44", "sha256:", "application/octet-stream", 0, false},
    {"ml87", "ml87", "ML-DSA-87", "sha384:", "application/octet-stream", 1832932800, false},
    {"slh", "slh", "SLH-DSA-SHA2-128s", "sha256:", "application/octet-stream", 0, true},
    {"p256", "p256", "ECDSA-P256", "sha3-256:", "application/octet-stream", 0, false},
    {"p384", "p384", "ECDSA-P384", "sha384:", "application/octet-stream", 0, false},
    {"p521", "p521", "ECDSA-P521", "sha512:", "application/octet-stream", 0, false},
    {"ed", "ed", "Ed25519", "blake2b:", "application/octet-stream", 0, false},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const char *golden(const char *name)
{
    static char path[8][4096];
    static unsigned turn;
    char rest[128];
    snprintf(rest, sizeof rest, "tests/golden/envelope-v1/%s", name);
    const char *found = unit_path("WATTLE_SOURCE", rest);
    assert_non_null(found);
    char *p = path[turn++ % 8];
    snprintf(p, sizeof path[0], "%s", found);
    return p;
}

static size_t load(const char *name, uint8_t *data, size_t cap)
{
    FILE *f = fopen(golden(name), "rb");
    assert_non_null(f);
    size_t n = fread(data, 1, cap, f);
    fclose(f);
    return n;
}

static wtl_key *public_key(const char *stem)
{
    static uint8_t data[8192];
    char name[64];
    wtl_key *k = NULL;
    wtl_err err = {0};
    snprintf(name, sizeof name, "%s.pub", stem);
    assert_good(wtl_key_parse(&k, (wtl_bytes){data, load(name, data, sizeof data)}, NULL, &err), &err);
    return k;
}

static void each(void **state)
{
    (void)state;
    AUTO(wtl_key) *next = public_key("ml87");
    uint8_t hash[WTL_ENVELOPE_KEY_HASH];
    char next_name[WTL_ENVELOPE_DIGEST_TEXT];
    assert_int_equal(wtl_envelope_key_hash(next, hash, NULL), 0);
    wtl_envelope_digest_text(next_name, WTL_HASH_SHA3_256, hash);
    for (size_t i = 0; i < ROWS; i++) {
        char name[64];
        snprintf(name, sizeof name, "note.txt.%s.sig.json", rows[i].stem);
        AUTO(wtl_key) *k = public_key(rows[i].pub);
        const wtl_key *list[] = {k};
        const char *signature = golden(name);
        wtl_verify_file_opts o = {
            .keys = list, .n_keys = 1, .signatures = &signature, .n_signatures = 1, .now = BY};
        wtl_verify_file_result r;
        wtl_err err = {0};
        assert_good(wtl_verify_file(golden("note.txt"), &o, &r, &err), &err);
        const wtl_file_verdict *v = &r.verdict[0];
        assert_string_equal(wtl_key_alg_name(k), rows[i].alg);
        assert_memory_equal(v->digest, rows[i].hash, strlen(rows[i].hash));
        assert_string_equal(v->payload_type, rows[i].type);
        assert_int_equal(v->size, 15);
        assert_int_equal(v->signed_at, 1795246086); /* 2026-11-21T07:28:06Z */
        assert_int_equal(v->rotate_by, rows[i].rotate_by);
        assert_string_equal(v->next_key, rows[i].next ? next_name : "");
        assert_int_equal(v->rotation, (rows[i].rotate_by == BY ? WTL_ROTATION_DUE : 0) |
                                          (rows[i].next ? WTL_ROTATION_SUCCESSOR : 0));
        wtl_verify_file_result_free(&r);
    }
}

/* All of them, found beside the file, with every key. */
static void together(void **state)
{
    (void)state;
    wtl_key *list[ROWS];
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].stem, rows[i].pub) == 0)
            list[n++] = public_key(rows[i].pub);
    }
    wtl_verify_file_opts o = {.keys = (const wtl_key *const *)list, .n_keys = n};
    wtl_verify_file_result r;
    wtl_err err = {0};
    assert_good(wtl_verify_file(golden("note.txt"), &o, &r, &err), &err);
    assert_int_equal(r.n_verdicts, ROWS);
    wtl_verify_file_result_free(&r);
    for (size_t i = 0; i < n; i++)
        wtl_key_free(list[i]);
}

static void what_is_signed(void **state)
{
    (void)state;
    static uint8_t text[8192];
    static uint8_t want[1024];
    AUTO(wtl_envelope) e = {0};
    AUTO(wtl_buf) pae = {0};
    wtl_err err = {0};
    size_t n = load("note.txt.ml65.sig.json", text, sizeof text);
    assert_good(wtl_envelope_parse(&e, (wtl_bytes){text, n}, &err), &err);
    wtl_envelope_pae(&e, &pae);
    assert_int_equal(load("note.txt.ml65.pae", want, sizeof want), pae.n);
    assert_memory_equal(want, pae.p, pae.n);
    /* The writer's form is fixed too. */
    AUTO(wtl_buf) again = {0};
    assert_good(wtl_envelope_encode(&e, &again, &err), &err);
    assert_int_equal(again.n, n);
    assert_memory_equal(again.p, text, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each),
        cmocka_unit_test(together),
        cmocka_unit_test(what_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
