#include "unit.h"

#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "crypto/kem.h"
#include "crypto/key.h"
#include "crypto/lib.h"

static void names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        assert_int_equal(a->id, i);
        assert_ptr_equal(wtl_alg_by_name(a->name), a);
        if (a->alias != NULL)
            assert_ptr_equal(wtl_alg_by_name(a->alias), a);
        assert_non_null(a->spec);
        assert_non_null(wtl_alg_kind_name(a->kind));
    }
    assert_null(wtl_alg_at(WTL_ALG_COUNT));
    assert_null(wtl_alg_by_name("ML-DSA-66"));
    assert_null(wtl_alg_by_name(""));
    assert_string_equal(wtl_alg_by_name("ml-dsa-65")->name, "ML-DSA-65");
    assert_string_equal(wtl_alg_by_name("x-wing")->name, "X-Wing");
}

static void flags_make_sense(void **state)
{
    (void)state;
    size_t cnsa = 0;
    size_t slh = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        bool pq = (a->flags & WTL_ALG_PQ) != 0;
        assert_true(pq != ((a->flags & WTL_ALG_CLASSICAL) != 0));
        assert_true(pq || !(a->flags & WTL_ALG_HYBRID));
        assert_true(pq == (a->level > 0));
        assert_true((a->kind == WTL_ALG_SIG) == (a->ss == 0));
        cnsa += (a->flags & WTL_ALG_CNSA2) != 0;
        slh += strncmp(a->name, "SLH-DSA-", 8) == 0;
        for (size_t j = 0; j < i && a->tls != 0; j++)
            assert_int_not_equal(wtl_alg_at(j)->tls, a->tls);
    }
    assert_int_equal(cnsa, 2);
    assert_int_equal(slh, 12);
    assert_true(wtl_alg_by_name("ML-KEM-1024")->flags & WTL_ALG_CNSA2);
    assert_true(wtl_alg_by_name("ML-DSA-87")->flags & WTL_ALG_CNSA2);
}

static void check_kem_sizes(const wtl_key *k, const wtl_alg *a)
{
    wtl_err err = {0};
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) ss = {0};
    assert_good(wtl_kem_encaps(k, &enc, &ss, &err), &err);
    assert_int_equal(enc.n, a->out);
    assert_int_equal(ss.n, a->ss);
}

/* A key is made for every row that offers it, and what comes out has the sizes of the row. */
static void keys_have_the_sizes(void **state)
{
    (void)state;
    size_t made = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        wtl_err err = {0};
        AUTO(wtl_key) *k = NULL;
        if (!(a->flags & WTL_ALG_KEYGEN)) {
            assert_int_equal(wtl_key_generate(&k, a, &err), WTL_USAGE);
            assert_null(k);
            continue;
        }
        assert_good(wtl_key_generate(&k, a, &err), &err);
        assert_true(wtl_key_is_private(k));
        assert_string_equal(wtl_key_alg_name(k), a->name);
        AUTO(wtl_buf) raw = {0};
        AUTO(wtl_secret) seed = {0};
        assert_good(wtl_key_public_raw(k, &raw, &err), &err);
        assert_good(wtl_key_seed(k, &seed, &err), &err);
        assert_int_equal(raw.n, a->pub);
        assert_int_equal(seed.n, a->seed);
        if (a->kind == WTL_ALG_SIG)
            assert_int_equal(EVP_PKEY_get_size(wtl_key_evp(k)), a->out);
        if (a->kind == WTL_ALG_KEM)
            check_kem_sizes(k, a);
        made++;
    }
    assert_int_equal(made, 24);
}

static void same_key_from_seed_and_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        wtl_err err = {0};
        if (!(a->flags & WTL_ALG_KEYGEN))
            continue;
        AUTO(wtl_key) *k = NULL;
        AUTO(wtl_key) *again = NULL;
        AUTO(wtl_key) *public = NULL;
        AUTO(wtl_key) *none = NULL;
        AUTO(wtl_buf) raw = {0};
        AUTO(wtl_secret) seed = {0};
        assert_good(wtl_key_generate(&k, a, &err), &err);
        assert_good(wtl_key_public_raw(k, &raw, &err), &err);
        assert_good(wtl_key_seed(k, &seed, &err), &err);
        assert_good(wtl_key_from_seed(&again, a, wtl_secret_view(&seed), &err), &err);
        assert_good(wtl_key_from_public(&public, a, wtl_buf_view(&raw), &err), &err);
        assert_true(wtl_key_same(k, again) && wtl_key_same(k, public));
        assert_false(wtl_key_is_private(public));
        uint8_t id[3][WTL_KEY_ID];
        assert_good(wtl_key_id(k, id[0], &err), &err);
        assert_good(wtl_key_id(again, id[1], &err), &err);
        assert_good(wtl_key_id(public, id[2], &err), &err);
        assert_memory_equal(id[0], id[1], WTL_KEY_ID);
        assert_memory_equal(id[0], id[2], WTL_KEY_ID);
        AUTO(wtl_secret) no_seed = {0};
        assert_int_equal(wtl_key_seed(public, &no_seed, &err), WTL_USAGE);
        assert_int_equal(wtl_key_from_seed(&none, a, (wtl_bytes){seed.p, seed.n - 1}, &err), WTL_FORMAT);
        assert_int_equal(wtl_key_from_public(&none, a, (wtl_bytes){raw.p, raw.n - 1}, &err), WTL_FORMAT);
        wtl_buf_u8(&raw, 0);
        assert_int_equal(wtl_key_from_public(&none, a, wtl_buf_view(&raw), &err), WTL_FORMAT);
        assert_null(none);
    }
}

static int nid_of(const char *oid)
{
    ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
    int nid = OBJ_obj2nid(o);
    ASN1_OBJECT_free(o);
    return nid;
}

static void oids_are_openssl_s(void **state)
{
    (void)state;
    assert_int_equal(wtl_lib_init(NULL), 0);
    static const struct {
        int alg;
        int hash;
    } ecdsa[] = {{WTL_ALG_ID_ECDSA_P256, NID_sha256},
                 {WTL_ALG_ID_ECDSA_P384, NID_sha384},
                 {WTL_ALG_ID_ECDSA_P521, NID_sha512}};
    for (size_t i = 0; i < 3; i++) {
        int nid = NID_undef;
        assert_true(OBJ_find_sigid_by_algs(&nid, ecdsa[i].hash, NID_X9_62_id_ecPublicKey));
        assert_int_equal(nid, nid_of(wtl_alg_at((size_t)ecdsa[i].alg)->oid));
    }
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->group != NULL && a->kind == WTL_ALG_KEX)
            assert_int_equal(nid_of(a->oid), EC_curve_nist2nid(a->group));
        if (a->evp == NULL || a->oid == NULL || a->group != NULL)
            continue;
        EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(wtl_lib_ctx(), a->evp, NULL);
        assert_non_null(m);
        assert_true(EVP_KEYMGMT_is_a(m, a->oid));
        EVP_KEYMGMT_free(m);
    }
}

/* The provider's own word on TLS 1.3 code points. */
typedef struct seen {
    const char *name_param;
    const char *id_param;
    unsigned found;
} seen;

/* Names that the table and TLS write differently. */
static const wtl_alg *tls_row(const char *name)
{
    static const struct {
        const char *tls;
        const char *own;
    } rows[] = {{"secp256r1", "P-256"}, {"secp384r1", "P-384"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcasecmp(name, rows[i].tls) == 0)
            return wtl_alg_by_name(rows[i].own);
    }
    return wtl_alg_by_name(name);
}

static int note(const OSSL_PARAM params[], void *arg)
{
    seen *s = arg;
    const OSSL_PARAM *name = OSSL_PARAM_locate_const(params, s->name_param);
    const OSSL_PARAM *id = OSSL_PARAM_locate_const(params, s->id_param);
    unsigned code = 0;
    if (name == NULL || id == NULL || !OSSL_PARAM_get_uint(id, &code))
        return 0;
    const wtl_alg *a = tls_row(name->data);
    if (a != NULL && a->tls == code)
        s->found |= 1U << a->id;
    else if (a != NULL)
        print_error("%s: %04x and %04x\n", a->name, code, a->tls);
    return a == NULL || a->tls == code;
}

static void tls_code_points_are_openssl_s(void **state)
{
    (void)state;
    assert_int_equal(wtl_lib_init(NULL), 0);
    OSSL_PROVIDER *p = OSSL_PROVIDER_load(wtl_lib_ctx(), "default");
    seen groups = {OSSL_CAPABILITY_TLS_GROUP_NAME, OSSL_CAPABILITY_TLS_GROUP_ID, 0};
    seen sigalgs = {OSSL_CAPABILITY_TLS_SIGALG_NAME, OSSL_CAPABILITY_TLS_SIGALG_CODE_POINT, 0};
    assert_true(OSSL_PROVIDER_get_capabilities(p, "TLS-GROUP", note, &groups));
    assert_true(OSSL_PROVIDER_get_capabilities(p, "TLS-SIGALG", note, &sigalgs));
    OSSL_PROVIDER_unload(p);
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        bool group = a->kind != WTL_ALG_SIG && a->tls != 0;
        bool mldsa = strncmp(a->name, "ML-DSA", 6) == 0;
        assert_int_equal(groups.found >> i & 1, group);
        assert_int_equal(sigalgs.found >> i & 1, mldsa);
    }
}

/* Client's share, server's share and secret of the TLS groups, as OpenSSL makes them. */
static void groups_have_the_sizes(void **state)
{
    (void)state;
    assert_int_equal(wtl_lib_init(NULL), 0);
    size_t checked = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->kind != WTL_ALG_GROUP)
            continue;
        EVP_PKEY *k = EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, a->evp);
        assert_non_null(k);
        uint8_t *share = NULL;
        assert_int_equal(EVP_PKEY_get1_encoded_public_key(k, &share), a->pub);
        OPENSSL_free(share);
        size_t out = 0;
        size_t ss = 0;
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), k, NULL);
        assert_int_equal(EVP_PKEY_encapsulate_init(ctx, NULL), 1);
        assert_int_equal(EVP_PKEY_encapsulate(ctx, NULL, &out, NULL, &ss), 1);
        assert_int_equal(out, a->out);
        assert_int_equal(ss, a->ss);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(k);
        checked++;
    }
    assert_int_equal(checked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique),      cmocka_unit_test(flags_make_sense),
        cmocka_unit_test(keys_have_the_sizes),   cmocka_unit_test(same_key_from_seed_and_public),
        cmocka_unit_test(oids_are_openssl_s),    cmocka_unit_test(tls_code_points_are_openssl_s),
        cmocka_unit_test(groups_have_the_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
