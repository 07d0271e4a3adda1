#include "unit.h"

#include <openssl/pem.h>

#include "base/text.h"
#include "certs.h"
#include "crypto/ca.h"

enum { NOW = 1500000000 };

static certs_made root, middle, leaf;

static int setup(void **state)
{
    (void)state;
    root = certs_make("root", "ML-DSA-87", NULL, CERTS_CA);
    middle = certs_make("middle", "ECDSA-P384", &root, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign",
                        NULL);
    leaf = certs_make("leaf", "ML-DSA-65", &middle, CERTS_LEAF);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    certs_free(&root);
    certs_free(&middle);
    certs_free(&leaf);
    return 0;
}

static wtl_ca *trusting(const certs_made *c)
{
    AUTO(wtl_buf) pem = {0};
    wtl_ca *ca = NULL;
    wtl_err err = {0};
    certs_pem(&pem, c);
    assert_good(wtl_ca_new(&ca, &err), &err);
    assert_good(wtl_ca_add(ca, wtl_buf_view(&pem), &err), &err);
    return ca;
}

/* Expects this answer to the chain of these certificates. */
static void gives(const wtl_ca *ca, const wtl_buf *chain, size_t n, int64_t now, int rc, bool is_stranger,
                  const char *says)
{
    bool stranger = !is_stranger;
    wtl_err err = {0};
    int got = wtl_ca_check(ca, chain, n, now, &stranger, &err);
    if (got != rc || stranger != is_stranger || (says != NULL && strstr(err.text, says) == NULL))
        fail_msg("%s, %s: %s", wtl_rc_name(got), stranger ? "a stranger" : "known", err.text);
}

static void good_chains(void **state)
{
    (void)state;
    AUTO(wtl_ca) *ca = trusting(&root);
    wtl_buf chain[] = {leaf.der, middle.der, root.der};
    gives(ca, chain, 3, NOW, WTL_OK, false, NULL);
    gives(ca, chain, 2, NOW, WTL_OK, false, NULL);
    gives(ca, chain, 2, 1000000000, WTL_OK, false, NULL);
    gives(ca, chain, 2, 999999999, WTL_POLICY, false, "not yet valid");
    gives(ca, chain, 2, 2000000001, WTL_POLICY, false, "expired");
    gives(ca, chain, 1, NOW, WTL_POLICY, true, "none of the given authorities");
    gives(ca, chain, 0, NOW, WTL_FORMAT, false, "0 certificates");
    gives(ca, chain + 1, 1, NOW, WTL_POLICY, false, NULL); /* an authority as leaf */
    gives(ca, chain + 1, 2, NOW, WTL_POLICY, false, NULL);
    gives(ca, chain + 2, 1, NOW, WTL_POLICY, false, NULL);
    wtl_buf reordered[] = {leaf.der, root.der, middle.der};
    gives(ca, reordered, 3, NOW, WTL_FORMAT, false, "not issued by");
    wtl_buf twice[] = {leaf.der, middle.der, middle.der};
    gives(ca, twice, 3, NOW, WTL_FORMAT, false, "the same");
    AUTO(wtl_ca) *nobody = NULL;
    assert_int_equal(wtl_ca_new(&nobody, NULL), 0);
    gives(nobody, chain, 3, NOW, WTL_POLICY, true, NULL);
}

static void same_name_other_key(void **state)
{
    (void)state;
    certs_made impostor = certs_make("root", "ML-DSA-87", NULL, CERTS_CA);
    AUTO(wtl_ca) *ca = trusting(&impostor);
    wtl_buf chain[] = {leaf.der, middle.der};
    bool stranger;
    assert_int_not_equal(wtl_ca_check(ca, chain, 2, NOW, &stranger, NULL), WTL_OK);
    certs_free(&impostor);
}

/* Whatever byte of the leaf or the intermediate changes, the chain is no longer good. */
static void every_byte(void **state)
{
    (void)state;
    AUTO(wtl_ca) *ca = trusting(&root);
    certs_made *parts[] = {&leaf, &middle};
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < parts[p]->der.n; i += 7) {
            parts[p]->der.p[i] ^= 0x04;
            wtl_buf chain[] = {leaf.der, middle.der};
            bool stranger;
            wtl_err err = {0};
            int rc = wtl_ca_check(ca, chain, 2, NOW, &stranger, &err);
            parts[p]->der.p[i] ^= 0x04;
            if (rc != WTL_NO && rc != WTL_FORMAT && rc != WTL_POLICY)
                fail_msg("part %zu byte %zu gave %s: %s", p, i, wtl_rc_name(rc), err.text);
            assert_true(err.text[0] != '\0');
        }
    }
}

static void roots(void **state)
{
    (void)state;
    AUTO(wtl_ca) *ca = NULL;
    AUTO(wtl_buf) pem = {0};
    wtl_err err = {0};
    assert_good(wtl_ca_new(&ca, &err), &err);
    assert_int_equal(wtl_ca_add(ca, (wtl_bytes){NULL, 0}, &err), WTL_FORMAT);
    assert_int_equal(wtl_ca_add(ca, wtl_text_of("nothing\n"), &err), WTL_FORMAT);
    certs_pem(&pem, &middle);
    assert_int_equal(wtl_ca_add(ca, wtl_buf_view(&pem), &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "no root"));
    wtl_buf_clear(&pem);
    certs_pem(&pem, &leaf);
    assert_int_equal(wtl_ca_add(ca, wtl_buf_view(&pem), &err), WTL_FORMAT);
    wtl_buf_clear(&pem);
    wtl_buf_str(&pem, "words before\n");
    certs_pem(&pem, &root);
    size_t one = pem.n;
    certs_pem(&pem, &root); /* twice is once */
    assert_good(wtl_ca_add(ca, wtl_buf_view(&pem), &err), &err);
    for (size_t n = 13; n + 1 < one; n += 11)
        assert_int_equal(wtl_ca_add(ca, (wtl_bytes){pem.p, n}, NULL), WTL_FORMAT);
}

static void leaves(void **state)
{
    (void)state;
    static const struct {
        const char *constraints;
        const char *usage;
        const char *extended;
        const char *says; /* NULL: good */
    } rows[] = {
        {CERTS_LEAF, NULL},
        {NULL, "critical,digitalSignature", "codeSigning", NULL},
        {"critical,CA:FALSE", "critical,digitalSignature,nonRepudiation", "codeSigning,emailProtection",
         NULL},
        {"critical,CA:TRUE", "critical,digitalSignature", "codeSigning", "authority"},
        {"critical,CA:FALSE", NULL, "codeSigning", "digitalSignature"},
        {"critical,CA:FALSE", "critical,nonRepudiation", "codeSigning", "digitalSignature"},
        {"critical,CA:FALSE", "digitalSignature", "codeSigning", "not critical"},
        {"critical,CA:FALSE", "critical,digitalSignature,keyCertSign", "codeSigning", "keyCertSign"},
        {"critical,CA:FALSE", "critical,digitalSignature", NULL, "codeSigning"},
        {"critical,CA:FALSE", "critical,digitalSignature", "serverAuth", "codeSigning"},
        {"critical,CA:FALSE", "critical,digitalSignature", "codeSigning,anyExtendedKeyUsage", "any"},
    };
    AUTO(wtl_ca) *ca = trusting(&root);
    certs_made by = certs_make("by", "ECDSA-P256", &root, CERTS_CA);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        certs_made c = certs_make("c", "Ed25519", &by, rows[i].constraints, rows[i].usage, rows[i].extended);
        wtl_err err = {0};
        int rc = wtl_cert_leaf(wtl_buf_view(&c.der), &err);
        if (rc != (rows[i].says != NULL ? WTL_POLICY : WTL_OK) ||
            (rows[i].says != NULL && strstr(err.text, rows[i].says) == NULL))
            fail_msg("row %zu gave %s: %s", i, wtl_rc_name(rc), err.text);
        wtl_buf chain[] = {c.der, by.der};
        gives(ca, chain, 2, NOW, rc, false, NULL);
        certs_free(&c);
    }
    certs_free(&by);
}

static void identities(void **state)
{
    (void)state;
    certs_made c = certs_make("somebody", "Ed25519", &root, CERTS_LEAF);
    wtl_err err = {0};
    AUTO(wtl_buf) subject = {0};
    assert_good(wtl_cert_identity(wtl_buf_view(&c.der), "somebody", &err), &err);
    assert_int_equal(wtl_cert_identity(wtl_buf_view(&c.der), "somebod", &err), WTL_POLICY);
    assert_int_equal(wtl_cert_identity(wtl_buf_view(&c.der), "Somebody", &err), WTL_POLICY);
    assert_int_equal(wtl_cert_identity(wtl_buf_view(&c.der), "", &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "somebody"));
    assert_good(wtl_cert_subject(wtl_buf_view(&c.der), &subject, &err), &err);
    assert_string_equal(wtl_buf_cstr(&subject), "CN=somebody");
    certs_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains), cmocka_unit_test(same_name_other_key),
        cmocka_unit_test(every_byte),  cmocka_unit_test(roots),
        cmocka_unit_test(leaves),      cmocka_unit_test(identities),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
