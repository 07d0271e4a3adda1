#include "vec.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/kem.h"
#include "crypto/key_impl.h"
#include "crypto/lib.h"

static const char *const sizes[] = {"512", "768", "1024"};

static const wtl_alg *alg_of(const char *name)
{
    const wtl_alg *a = wtl_alg_by_name(name);
    assert_non_null(a);
    return a;
}

/* The key of an expanded decapsulation key, as old files hold it; NULL when OpenSSL refuses it. */
static wtl_key *expanded(const wtl_alg *alg, wtl_bytes dk)
{
    wtl_key *k = NULL;
    assert_int_equal(wtl_key_alloc(&k, alg, NULL), 0);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)dk.p, dk.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(wtl_lib_ctx(), alg->evp, NULL);
    bool ok = EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    k->is_private = true;
    if (ok)
        return k;
    wtl_key_free(k);
    return NULL;
}

static wtl_key *from_seed(const wtl_alg *alg, const char *hex)
{
    wtl_err err = {0};
    VEC_HEX(seed, hex);
    wtl_key *k = NULL;
    assert_good(wtl_key_from_seed(&k, alg, wtl_buf_view(&seed), &err), &err);
    return k;
}

static void public_is(const wtl_key *k, const char *hex)
{
    wtl_err err = {0};
    AUTO(wtl_buf) pub = {0};
    assert_good(wtl_key_public_raw(k, &pub, &err), &err);
    vec_is(wtl_buf_view(&pub), hex);
}

static void decaps_is(const wtl_key *k, const char *enc, const char *ss)
{
    wtl_err err = {0};
    VEC_HEX(ct, enc);
    AUTO(wtl_secret) got = {0};
    assert_good(wtl_kem_decaps(k, wtl_buf_view(&ct), &got, &err), &err);
    vec_is(wtl_secret_view(&got), ss);
}

static void encaps_is(const wtl_key *k, const char *m, const char *enc, const char *ss)
{
    wtl_err err = {0};
    VEC_HEX(random, m);
    AUTO(wtl_buf) ct = {0};
    AUTO(wtl_secret) got = {0};
    assert_good(wtl_kem_encaps_derand(k, wtl_buf_view(&random), &ct, &got, &err), &err);
    vec_is(wtl_buf_view(&ct), enc);
    vec_is(wtl_secret_view(&got), ss);
}

/* ---- every KEM of the table */

static void one_kem(const wtl_alg *alg)
{
    wtl_err err = {0};
    AUTO(wtl_key) *me = NULL;
    AUTO(wtl_key) *to = NULL;
    AUTO(wtl_buf) pub = {0};
    assert_good(wtl_key_generate(&me, alg, &err), &err);
    assert_good(wtl_key_public_raw(me, &pub, &err), &err);
    assert_good(wtl_key_from_public(&to, alg, wtl_buf_view(&pub), &err), &err);
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) a = {0};
    AUTO(wtl_secret) b = {0};
    AUTO(wtl_secret) c = {0};
    wtl_buf_str(&enc, "before");
    assert_good(wtl_kem_encaps(to, &enc, &a, &err), &err);
    assert_int_equal(enc.n, 6 + alg->out);
    assert_memory_equal(enc.p, "before", 6);
    assert_int_equal(a.n, alg->ss);
    assert_good(wtl_kem_decaps(me, (wtl_bytes){enc.p + 6, alg->out}, &b, &err), &err);
    assert_true(vec_same(wtl_secret_view(&a), wtl_secret_view(&b)));
    assert_good(wtl_kem_encaps(to, &enc, &c, &err), &err);
    assert_false(vec_same(wtl_secret_view(&a), wtl_secret_view(&c)));
    assert_memory_not_equal(enc.p + 6, enc.p + 6 + alg->out, alg->out);
}

/* A changed encapsulation gives another secret and no error, wherever the change is. */
static void changed_everywhere(const wtl_alg *alg)
{
    wtl_err err = {0};
    AUTO(wtl_key) *me = NULL;
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) good = {0};
    assert_good(wtl_key_generate(&me, alg, &err), &err);
    assert_good(wtl_kem_encaps(me, &enc, &good, &err), &err);
    for (size_t i = 0; i < enc.n; i++) {
        uint8_t flip = (uint8_t)(1u << (i % 8));
        enc.p[i] ^= flip;
        AUTO(wtl_secret) bad = {0};
        assert_good(wtl_kem_decaps(me, wtl_buf_view(&enc), &bad, &err), &err);
        assert_false(vec_same(wtl_secret_view(&good), wtl_secret_view(&bad)));
        AUTO(wtl_secret) again = {0};
        if (i % 64 == 0) {
            assert_good(wtl_kem_decaps(me, wtl_buf_view(&enc), &again, &err), &err);
            assert_true(vec_same(wtl_secret_view(&again), wtl_secret_view(&bad)));
        }
        enc.p[i] ^= flip;
    }
}

static void wrong_sizes(const wtl_alg *alg)
{
    static const uint8_t zeros[4096];
    wtl_err err = {0};
    AUTO(wtl_key) *me = NULL;
    AUTO(wtl_buf) enc = {0};
    assert_good(wtl_key_generate(&me, alg, &err), &err);
    for (size_t n = 0; n < alg->out + 40; n++) {
        AUTO(wtl_secret) ss = {0};
        int rc = n == alg->out ? WTL_FORMAT : wtl_kem_decaps(me, (wtl_bytes){zeros, n}, &ss, &err);
        assert_int_equal(rc, WTL_FORMAT);
        assert_null(ss.p);
    }
    size_t need = alg->id == WTL_ALG_ID_XWING ? 64 : 32;
    for (size_t n = 0; n < 100; n++) {
        AUTO(wtl_secret) ss = {0};
        if (n == need)
            continue;
        assert_int_equal(wtl_kem_encaps_derand(me, (wtl_bytes){zeros, n}, &enc, &ss, &err), WTL_USAGE);
        assert_true(enc.n == 0 && ss.p == NULL);
    }
}

static void every_kem(void **state)
{
    (void)state;
    unsigned kems = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        if (wtl_alg_at(i)->kind != WTL_ALG_KEM)
            continue;
        one_kem(wtl_alg_at(i));
        changed_everywhere(wtl_alg_at(i));
        wrong_sizes(wtl_alg_at(i));
        kems++;
    }
    assert_int_equal(kems, 4);
}

static void keys_that_cannot(void **state)
{
    (void)state;
    static const uint8_t zeros[4096];
    wtl_err err = {0};
    static const char *const others[] = {"ML-DSA-44", "X25519", "Ed25519", "ECDSA-P256"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        AUTO(wtl_key) *k = NULL;
        AUTO(wtl_buf) enc = {0};
        AUTO(wtl_secret) ss = {0};
        assert_good(wtl_key_generate(&k, alg_of(others[i]), &err), &err);
        assert_int_equal(wtl_kem_encaps(k, &enc, &ss, &err), WTL_USAGE);
        assert_int_equal(wtl_kem_encaps_derand(k, (wtl_bytes){zeros, 32}, &enc, &ss, &err), WTL_USAGE);
        assert_int_equal(wtl_kem_decaps(k, (wtl_bytes){zeros, 32}, &ss, &err), WTL_USAGE);
        assert_true(strstr(err.text, others[i]) != NULL);
    }
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *alg = wtl_alg_at(i);
        if (alg->kind != WTL_ALG_KEM)
            continue;
        AUTO(wtl_key) *me = NULL;
        AUTO(wtl_key) *to = NULL;
        AUTO(wtl_buf) pub = {0};
        AUTO(wtl_secret) ss = {0};
        assert_good(wtl_key_generate(&me, alg, &err), &err);
        assert_good(wtl_key_public_raw(me, &pub, &err), &err);
        assert_good(wtl_key_from_public(&to, alg, wtl_buf_view(&pub), &err), &err);
        assert_int_equal(wtl_kem_decaps(to, (wtl_bytes){zeros, alg->out}, &ss, &err), WTL_USAGE);
    }
}

/* ---- OpenSSL's own vectors */

static int kem_stanza(const vec_stanza *s)
{
    const char *name = vec_field(s, "Kem");
    if (name == NULL)
        return 0;
    const wtl_alg *alg = alg_of(name);
    wtl_err err = {0};
    const char *output = vec_field(s, "Output");
    const char *public = vec_field(s, "EncodedPublicKey");
    const char *private = vec_field(s, "EncodedPrivateKey");
    AUTO(wtl_key) *k = NULL;
    if (vec_field(s, "Result") != NULL || output == NULL)
        return 0;
    if (public != NULL) {
        VEC_HEX(raw, public);
        assert_good(wtl_key_from_public(&k, alg, wtl_buf_view(&raw), &err), &err);
        encaps_is(k, vec_field(s, "Entropy"), vec_field(s, "Ciphertext"), output);
        return 1;
    }
    VEC_HEX(dk, private);
    k = expanded(alg, wtl_buf_view(&dk));
    assert_non_null(k);
    decaps_is(k, vec_field(s, "Input"), output);
    return 1;
}

static int keygen_stanza(const vec_stanza *s)
{
    const char *name = vec_field(s, "KeyGen");
    if (name == NULL || vec_field(s, "Result") != NULL)
        return 0;
    AUTO(wtl_key) *k = from_seed(alg_of(name), vec_ctrl(s, "Ctrl", "hexseed"));
    public_is(k, vec_ctrl(s, "CtrlOut", "hexpub"));
    return 1;
}

static void openssl_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int (*each)(const vec_stanza *s);
        unsigned least;
    } files[] = {{"evppkey_ml_kem_512_encap.txt", kem_stanza, 7},
                 {"evppkey_ml_kem_512_decap.txt", kem_stanza, 7},
                 {"evppkey_ml_kem_512_keygen.txt", keygen_stanza, 7},
                 {"evppkey_ml_kem_768_encap.txt", kem_stanza, 6},
                 {"evppkey_ml_kem_768_decap.txt", kem_stanza, 7},
                 {"evppkey_ml_kem_768_keygen.txt", keygen_stanza, 7},
                 {"evppkey_ml_kem_1024_encap.txt", kem_stanza, 6},
                 {"evppkey_ml_kem_1024_decap.txt", kem_stanza, 7},
                 {"evppkey_ml_kem_1024_keygen.txt", keygen_stanza, 7},
                 {"evppkey_ml_kem_encap_decap.txt", kem_stanza, 75},
                 {"evppkey_ml_kem_keygen.txt", keygen_stanza, 75}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        VEC_PATH(path, "WATTLE_OPENSSL_VECTORS", files[i].file);
        unsigned ran = vec_stanzas(path, files[i].each);
        print_message("# %u of %s\n", ran, files[i].file);
        assert_true(ran >= files[i].least);
    }
}

/* ---- Wycheproof */

typedef void wycheproof_case(const wtl_alg *alg, const json_t *t, bool valid);

static unsigned wycheproof(const char *file, wycheproof_case *each)
{
    const char *path = unit_path("WATTLE_VECTORS", file);
    assert_non_null(path);
    json_t *root = vec_json(path);
    unsigned ran = 0;
    size_t g;
    size_t i;
    json_t *group;
    json_t *t;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        const wtl_alg *alg = alg_of(vec_json_text(group, "parameterSet"));
        json_array_foreach(json_object_get(group, "tests"), i, t)
        {
            each(alg, t, strcmp(vec_json_text(t, "result"), "valid") == 0);
            ran++;
        }
    }
    json_decref(root);
    return ran;
}

static void wycheproof_keygen(const wtl_alg *alg, const json_t *t, bool valid)
{
    assert_true(valid);
    AUTO(wtl_key) *k = from_seed(alg, vec_json_text(t, "seed"));
    public_is(k, vec_json_text(t, "ek"));
}

static void wycheproof_encaps(const wtl_alg *alg, const json_t *t, bool valid)
{
    wtl_err err = {0};
    VEC_HEX(ek, vec_json_text(t, "ek"));
    AUTO(wtl_key) *k = NULL;
    int rc = wtl_key_from_public(&k, alg, wtl_buf_view(&ek), &err);
    if (!valid) {
        /* every invalid row has a bad public key: its size, or a coefficient that is not reduced */
        if (rc != WTL_FORMAT)
            fail_msg("test %d: a bad public key gave %s", (int)json_integer_value(json_object_get(t, "tcId")),
                     wtl_rc_name(rc));
        assert_null(k);
        return;
    }
    assert_good(rc, &err);
    encaps_is(k, vec_json_text(t, "m"), vec_json_text(t, "c"), vec_json_text(t, "K"));
}

static void wycheproof_decaps(const wtl_alg *alg, const json_t *t, bool valid)
{
    wtl_err err = {0};
    VEC_HEX(seed, vec_json_text(t, "seed"));
    VEC_HEX(ct, vec_json_text(t, "c"));
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_secret) ss = {0};
    int rc = wtl_key_from_seed(&k, alg, wtl_buf_view(&seed), &err);
    if (rc == WTL_OK)
        rc = wtl_kem_decaps(k, wtl_buf_view(&ct), &ss, &err);
    if (!valid) {
        assert_int_equal(rc, WTL_FORMAT);
        return;
    }
    assert_good(rc, &err);
    public_is(k, vec_json_text(t, "ek"));
    vec_is(wtl_secret_view(&ss), vec_json_text(t, "K"));
}

static void wycheproof_expanded(const wtl_alg *alg, const json_t *t, bool valid)
{
    wtl_err err = {0};
    VEC_HEX(dk, vec_json_text(t, "dk"));
    VEC_HEX(ct, vec_json_text(t, "c"));
    AUTO(wtl_key) *k = expanded(alg, wtl_buf_view(&dk));
    AUTO(wtl_secret) ss = {0};
    int rc = k != NULL ? wtl_kem_decaps(k, wtl_buf_view(&ct), &ss, &err) : WTL_FORMAT;
    if (valid)
        assert_good(rc, &err);
    else
        assert_int_equal(rc, WTL_FORMAT);
    if (valid)
        vec_is(wtl_secret_view(&ss), vec_json_text(t, "K"));
}

static void wycheproof_vectors(void **state)
{
    (void)state;
    VEC_PATH(there, "WATTLE_VECTORS", "wycheproof/mlkem_512_test.json");
    static const struct {
        const char *name;
        wycheproof_case *each;
        unsigned least;
    } files[] = {{"keygen_seed_test", wycheproof_keygen, 100},
                 {"encaps_test", wycheproof_encaps, 250},
                 {"test", wycheproof_decaps, 190},
                 {"semi_expanded_decaps_test", wycheproof_expanded, 9}};
    for (size_t s = 0; s < 3; s++) {
        for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
            char name[64];
            snprintf(name, sizeof name, "wycheproof/mlkem_%s_%s.json", sizes[s], files[f].name);
            unsigned ran = wycheproof(name, files[f].each);
            print_message("# %u of %s\n", ran, name);
            assert_true(ran >= files[f].least);
        }
    }
}

/* ---- C2SP CCTV */

static const wtl_alg *cctv_alg;

/* These files precede the domain separation that FIPS 203 added to key generation at the end, so d and z give
 * other keys now; ek, dk, m, c and K hold. strcmp has no ek and m. */
static int cctv_stanza(const vec_stanza *s)
{
    wtl_err err = {0};
    const char *ek = vec_field(s, "ek");
    VEC_HEX(dk, vec_field(s, "dk"));
    AUTO(wtl_key) *me = expanded(cctv_alg, wtl_buf_view(&dk));
    assert_non_null(me);
    decaps_is(me, vec_field(s, "c"), vec_field(s, "K"));
    if (ek == NULL)
        return 1;
    VEC_HEX(raw, ek);
    AUTO(wtl_key) *to = NULL;
    assert_good(wtl_key_from_public(&to, cctv_alg, wtl_buf_view(&raw), &err), &err);
    public_is(me, ek);
    encaps_is(to, vec_field(s, "m"), vec_field(s, "c"), vec_field(s, "K"));
    return 1;
}

static void cctv_vectors(void **state)
{
    (void)state;
    static const char *const folders[] = {"unluckysample", "strcmp"};
    for (size_t f = 0; f < 2; f++) {
        for (size_t s = 0; s < 3; s++) {
            char name[80];
            snprintf(name, sizeof name, "ML-KEM-%s", sizes[s]);
            cctv_alg = alg_of(name);
            snprintf(name, sizeof name, "cctv/ML-KEM/%s/ML-KEM-%s.txt", folders[f], sizes[s]);
            VEC_PATH(path, "WATTLE_VECTORS", name);
            assert_int_equal(vec_stanzas(path, cctv_stanza), 1);
        }
    }
}

/* The intermediate files have far more lines than a stanza holds. */
static void cctv_intermediate(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        char name[80];
        snprintf(name, sizeof name, "cctv/ML-KEM/intermediate/ML-KEM-%s.txt", sizes[s]);
        VEC_PATH(path, "WATTLE_VECTORS", name);
        vec_stanza v = {0};
        static const char *const wanted[] = {"ek = ", "dk = ", "m = ", "K = ", "c = "};
        FILE *f = fopen(path, "r");
        char *line = NULL;
        size_t cap = 0;
        while (getline(&line, &cap, f) >= 0) {
            for (size_t w = 0; w < 5; w++) {
                if (strncmp(line, wanted[w], strlen(wanted[w])) == 0)
                    vec_stanza_add(&v, line);
            }
        }
        free(line);
        fclose(f);
        snprintf(name, sizeof name, "ML-KEM-%s", sizes[s]);
        cctv_alg = alg_of(name);
        assert_int_equal(cctv_stanza(&v), 1);
        vec_stanza_clear(&v);
    }
}

/* Public keys with one coefficient at or above the modulus (FIPS 203 section 7.2). */
static void cctv_modulus(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        char name[80];
        snprintf(name, sizeof name, "cctv/ML-KEM/modulus/ML-KEM-%s.txt.gz", sizes[s]);
        VEC_PATH(path, "WATTLE_VECTORS", name);
        char command[4200];
        snprintf(command, sizeof command, "gzip -dc '%s'", path);
        snprintf(name, sizeof name, "ML-KEM-%s", sizes[s]);
        FILE *f = popen(command, "r");
        assert_non_null(f);
        char *line = NULL;
        size_t cap = 0;
        unsigned ran = 0;
        while (getline(&line, &cap, f) >= 0) {
            line[strcspn(line, "\r\n")] = '\0';
            VEC_HEX(ek, line);
            wtl_key *k = NULL;
            assert_int_equal(wtl_key_from_public(&k, alg_of(name), wtl_buf_view(&ek), NULL), WTL_FORMAT);
            assert_null(k);
            ran++;
        }
        free(line);
        assert_int_equal(pclose(f), 0);
        print_message("# %u unreduced %s public keys refused\n", ran, name);
        assert_true(ran > 700);
    }
}

/* ---- encapsulations by another program */

static void node_vectors(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_VECTORS", "interop/node-openssl358.json");
    json_t *root = vec_json(path);
    unsigned ran = 0;
    size_t i;
    size_t j;
    json_t *row;
    json_t *e;
    json_array_foreach(json_object_get(root, "kem"), i, row)
    {
        AUTO(wtl_key) *k = from_seed(alg_of(vec_json_text(row, "alg")), vec_json_text(row, "seed"));
        public_is(k, vec_json_text(row, "pub"));
        json_array_foreach(json_object_get(row, "enc"), j, e)
        {
            decaps_is(k, vec_json_text(e, "ct"), vec_json_text(e, "ss"));
            decaps_is(k, vec_json_text(e, "corrupted_ct"), vec_json_text(e, "implicit_reject_ss"));
            ran++;
        }
    }
    json_decref(root);
    print_message("# %u encapsulations\n", ran);
    assert_true(ran >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kem),       cmocka_unit_test(keys_that_cannot),
        cmocka_unit_test(openssl_vectors), cmocka_unit_test(wycheproof_vectors),
        cmocka_unit_test(cctv_vectors),    cmocka_unit_test(cctv_intermediate),
        cmocka_unit_test(cctv_modulus),    cmocka_unit_test(node_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
