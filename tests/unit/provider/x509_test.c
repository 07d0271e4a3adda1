/* Certificates through libcrypto's X509 API with keys of wattle: self-signed, a chain, and what default thinks of them. */
#include "world.h"

#include <openssl/x509v3.h>

static X509 *certify(const world *w, EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *by, bool is_ca)
{
    X509 *x = X509_new_ex(w->lib, NULL);
    X509_NAME *n = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0), 1);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_set_subject_name(x, n);
    X509_set_issuer_name(x, issuer != NULL ? X509_get_subject_name(issuer) : n);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                              is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    X509_NAME_free(n);
    assert_true(X509_sign(x, by, NULL) > 0);
    return x;
}

/* The same certificate, read anew in a world. */
static X509 *reread(const world *w, X509 *x)
{
    uint8_t *der = NULL;
    int n = i2d_X509(x, &der);
    assert_true(n > 0);
    X509 *copy = X509_new_ex(w->lib, NULL);
    const uint8_t *at = der;
    assert_non_null(d2i_X509(&copy, &at, n));
    OPENSSL_free(der);
    return copy;
}

static int chain_verifies(const world *w, X509 *root, X509 *middle, X509 *leaf)
{
    X509 *r = reread(w, root);
    X509 *m = reread(w, middle);
    X509 *l = reread(w, leaf);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, r);
    STACK_OF(X509) *others = sk_X509_new_null();
    sk_X509_push(others, m);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(w->lib, NULL);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, l, others), 1);
    int good = X509_verify_cert(ctx);
    X509_STORE_CTX_free(ctx);
    sk_X509_free(others);
    X509_STORE_free(store);
    X509_free(r);
    X509_free(m);
    X509_free(l);
    return good;
}

static void chains(void **state)
{
    const worlds *b = *state;
    const world *w = &b->ours;
    EVP_PKEY *k87 = world_seeded(w, "ML-DSA-87", 1);
    EVP_PKEY *k65 = world_seeded(w, "ML-DSA-65", 2);
    EVP_PKEY *k44 = world_seeded(w, "ML-DSA-44", 3);
    X509 *root = certify(w, k87, "root", NULL, k87, true);
    X509 *middle = certify(w, k65, "middle", root, k87, true);
    X509 *leaf = certify(w, k44, "leaf", middle, k65, false);
    assert_int_equal(X509_get_signature_nid(leaf), NID_ML_DSA_65);
    uint64_t before = world_count(w, "mldsa-verify");
    assert_int_equal(chain_verifies(w, root, middle, leaf), 1);
    assert_true(world_count(w, "mldsa-verify") >= before + 2);
    assert_int_equal(chain_verifies(&b->plain, root, middle, leaf), 1);
    X509 *again = reread(w, leaf);
    EVP_PKEY *key = X509_get0_pubkey(again);
    assert_non_null(key);
    assert_string_equal(world_owner(key), "wattle");
    X509_free(again);
    X509 *forged = certify(w, k44, "leaf", middle, k44, false);
    assert_int_not_equal(chain_verifies(w, root, middle, forged), 1);
    X509_free(forged);
    X509_free(leaf);
    X509_free(middle);
    X509_free(root);
    EVP_PKEY_free(k44);
    EVP_PKEY_free(k65);
    EVP_PKEY_free(k87);
}

static void requests(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(&b->ours, mldsa_names[i], 9);
        X509_REQ *req = X509_REQ_new_ex(b->ours.lib, NULL);
        assert_int_equal(X509_REQ_set_version(req, X509_REQ_VERSION_1), 1);
        assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
        assert_true(X509_REQ_sign(req, key, NULL) > 0);
        assert_int_equal(X509_REQ_verify_ex(req, key, b->ours.lib, NULL), 1);
        EVP_PKEY *theirs = world_seeded(&b->plain, mldsa_names[i], 9);
        assert_int_equal(X509_REQ_verify_ex(req, theirs, b->plain.lib, NULL), 1);
        X509_REQ_free(req);
        EVP_PKEY_free(theirs);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains), cmocka_unit_test(requests)};
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
