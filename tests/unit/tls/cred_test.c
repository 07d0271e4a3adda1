/* Certificates, keys and staples from files, good and bad. */
#include "pki.h"

#include <openssl/ocsp.h>

static pki root, ec, dsa;
static int64_t now;

static int open_all(void **state)
{
    if (pki_open(state) != 0)
        return -1;
    now = time(NULL);
    root = pki_make((pki_order){.alg = "P-256", .name = "root", .ca = true, .to = 300});
    ec = pki_make((pki_order){.alg = "P-256", .name = "ec", .san = "DNS:ec", .by = &root});
    dsa = pki_make((pki_order){.alg = "ML-DSA-65", .name = "dsa", .san = "DNS:dsa", .by = &root});
    pki_write_certs("root.pem", PKI_CERTS(&root));
    pki_write_certs("ec.pem", PKI_CERTS(&ec));
    pki_write_certs("chain.pem", PKI_CERTS(&ec, &root));
    pki_write_certs("upside-down.pem", PKI_CERTS(&root, &ec));
    pki_write_certs("dsa.pem", PKI_CERTS(&dsa));
    pki_write_key(root.key, "root.key");
    pki_write_key(ec.key, "ec.key");
    pki_write_key(dsa.key, "dsa.key");
    return 0;
}

static int close_all(void **state)
{
    pki_free(&root);
    pki_free(&ec);
    pki_free(&dsa);
    return pki_close(state);
}

static int load(wtl_cred **out, const char *cert, const char *key, const char *staple, int64_t at, bool ok,
                wtl_err *err)
{
    wtl_cred_files files = {
        .cert = pki_path(cert), .key = pki_path(key), .staple = staple != NULL ? pki_path(staple) : NULL};
    wtl_keys keys = wtl_keys_files();
    return wtl_cred_load(out, &files, &keys, at, ok, err);
}

static void expect(const char *cert, const char *key, const char *staple, int64_t at, int rc,
                   const char *words)
{
    wtl_cred *c = NULL;
    wtl_err err = {0};
    int got = load(&c, cert, key, staple, at, false, &err);
    if (got != rc || (rc != WTL_OK && strstr(err.text, words) == NULL))
        fail_msg("%s with %s: %s: %s (wanted %s: %s)", cert, key, wtl_rc_name(got), err.text, wtl_rc_name(rc),
                 words);
    assert_int_equal(c != NULL, rc == WTL_OK);
    wtl_cred_free(c);
}

static void every_kind_of_key(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {
        {"ML-DSA-44", "ML-DSA-44"}, {"ML-DSA-65", "ML-DSA-65"}, {"ML-DSA-87", "ML-DSA-87"},
        {"P-256", "ECDSA-P256"},    {"P-384", "ECDSA-P384"},    {"P-521", "ECDSA-P521"},
        {"ED25519", "Ed25519"},     {"ED448", "Ed448"},         {"RSA", "RSA"},
        {"RSA-PSS", "RSA-PSS"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        pki p = pki_make((pki_order){.alg = kinds[i][0], .name = "x\x1b", .by = &root});
        wtl_cred *c = pki_cred("kind", &p);
        assert_string_equal(wtl_cred_alg(c), kinds[i][1]);
        assert_string_equal(wtl_cred_subject(c), "CN=x\\x5c1B"); /* as RFC 2253 escapes, then quoted */
        assert_false(wtl_cred_is_raw(c));
        assert_non_null(wtl_cred_leaf(c));
        assert_int_equal(sk_X509_num(wtl_cred_chain(c)), 0);
        assert_int_equal(EVP_PKEY_eq(wtl_cred_key(c), p.key), 1);
        assert_int_equal(wtl_cred_staple(c).n, 0);
        wtl_cred_free(c);
        c = pki_raw("raw-kind", p.key);
        assert_string_equal(wtl_cred_alg(c), kinds[i][1]);
        assert_true(wtl_cred_is_raw(c));
        assert_null(wtl_cred_leaf(c));
        assert_int_equal(wtl_cred_not_after(c), INT64_MAX);
        assert_int_equal(strncmp(wtl_cred_subject(c), "key:", 4), 0);
        wtl_cred_free(c);
        pki_free(&p);
    }
}

static void keys_that_tls_cannot_sign_with(void **state)
{
    (void)state;
    pki p = pki_make((pki_order){.alg = "SLH-DSA-SHA2-128f", .name = "slh", .by = &root});
    pki_write_certs("slh.pem", PKI_CERTS(&p));
    pki_write_key(p.key, "slh.key");
    expect("slh.pem", "slh.key", NULL, now, WTL_FORMAT, "TLS 1.3 has no signatures");
    EVP_PKEY *kem = EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "ML-KEM-768");
    pki_write_public(kem, "kem.pem");
    pki_write_key(kem, "kem.key");
    expect("kem.pem", "kem.key", NULL, now, WTL_FORMAT, "TLS 1.3 has no signatures");
    EVP_PKEY_free(kem);
    pki_free(&p);
}

static void chains(void **state)
{
    (void)state;
    wtl_cred *c = NULL;
    wtl_err err = {0};
    assert_good(load(&c, "chain.pem", "ec.key", NULL, now, false, &err), &err);
    assert_int_equal(sk_X509_num(wtl_cred_chain(c)), 1);
    assert_int_equal(X509_cmp(wtl_cred_leaf(c), ec.cert), 0);
    /* The chain's earliest end and latest begin. */
    assert_true(wtl_cred_not_after(c) > now + 29 * PKI_DAY && wtl_cred_not_after(c) < now + 31 * PKI_DAY);
    assert_true(wtl_cred_not_before(c) < now && wtl_cred_not_before(c) > now - 2 * PKI_DAY);
    wtl_cred_free(c);
    expect("upside-down.pem", "root.key", NULL, now, WTL_FORMAT, "order");
    expect("ec.key", "ec.key", NULL, now, WTL_FORMAT, "nothing but certificates");
    expect("nothing.pem", "ec.key", NULL, now, WTL_IO, "nothing.pem");
    expect("ec.pem", "nothing.key", NULL, now, WTL_IO, "nothing.key");
    pki_write_bytes("empty.pem", "", 0, 0600);
    expect("empty.pem", "ec.key", NULL, now, WTL_FORMAT, "no certificate");
    expect("ec.pem", "empty.pem", NULL, now, WTL_FORMAT, "empty");
    pki_write_bytes("bad\x1b.pem", "x", 1, 0600);
    expect("bad\x1b.pem", "ec.key", NULL, now, WTL_FORMAT, "bad\\x1b.pem");
}

static void keys_of_others(void **state)
{
    (void)state;
    expect("ec.pem", "dsa.key", NULL, now, WTL_NO, "another certificate");
    expect("ec.pem", "root.key", NULL, now, WTL_NO, "another certificate");
    expect("dsa.pem", "ec.key", NULL, now, WTL_NO, "another certificate");
    pki rsa = pki_make((pki_order){.alg = "RSA", .name = "rsa", .by = &root});
    pki_write_certs("rsa.pem", PKI_CERTS(&rsa));
    pki_write_key(rsa.key, "rsa.key");
    expect("rsa.pem", "ec.key", NULL, now, WTL_NO, "another certificate");
    expect("rsa.pem", "rsa.pem", NULL, now, WTL_POLICY, "chmod 600");
    assert_int_equal(chmod(pki_path("rsa.pem"), 0600), 0);
    expect("rsa.pem", "rsa.pem", NULL, now, WTL_FORMAT, "no private key");
    pki_write_public(ec.key, "ec.pub");
    assert_int_equal(chmod(pki_path("ec.pub"), 0600), 0);
    expect("ec.pem", "ec.pub", NULL, now, WTL_FORMAT, "no private key");
    pki_free(&rsa);
}

static void keys_that_others_may_read(void **state)
{
    (void)state;
    static const struct {
        unsigned mode;
        int rc;
    } rows[] = {{0600, WTL_OK},     {0400, WTL_OK},     {0700, WTL_OK},     {0640, WTL_POLICY},
                {0604, WTL_POLICY}, {0660, WTL_POLICY}, {0644, WTL_POLICY}, {0620, WTL_POLICY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(chmod(pki_path("ec.key"), rows[i].mode), 0);
        expect("ec.pem", "ec.key", NULL, now, rows[i].rc, "chmod 600");
    }
    assert_int_equal(chmod(pki_path("ec.key"), 0600), 0);
}

static void encrypted_keys_are_not_asked_for_passphrases(void **state)
{
    (void)state;
    EVP_CIPHER *aes = EVP_CIPHER_fetch(wtl_lib_ctx(), "AES-256-CBC", NULL);
    pki rsa = pki_make((pki_order){.alg = "RSA", .name = "rsa", .by = &root});
    const pki *both[] = {&ec, &rsa};
    for (size_t i = 0; i < 2; i++) {
        BIO *b = BIO_new_file(pki_path("locked.key"), "w");
        char word[] = "weights";
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, both[i]->key, aes, word, 7, NULL, NULL), 1);
        BIO_free(b);
        assert_int_equal(chmod(pki_path("locked.key"), 0600), 0);
        pki_write_certs("locked.pem", PKI_CERTS(both[i]));
        expect("locked.pem", "locked.key", NULL, now, i == 0 ? WTL_POLICY : WTL_FORMAT, "passphrase");
    }
    EVP_CIPHER_free(aes);
    pki_free(&rsa);
}

static void dates(void **state)
{
    (void)state;
    expect("ec.pem", "ec.key", NULL, now + 31 * (int64_t)PKI_DAY, WTL_POLICY, "expired at");
    expect("ec.pem", "ec.key", NULL, now - 2 * (int64_t)PKI_DAY, WTL_POLICY, "is valid from");
    wtl_cred *c = NULL;
    wtl_err err = {0};
    int64_t later = now + 31 * (int64_t)PKI_DAY;
    assert_good(load(&c, "ec.pem", "ec.key", NULL, later, true, &err), &err);
    assert_int_equal(wtl_cred_current(c, later, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "ec.pem: the certificate of CN=ec expired at 20"));
    assert_good(wtl_cred_current(c, now, &err), &err);
    wtl_cred_free(c);
}

/* Bytes that are cut or changed never load as another credential, and never crash. */
static void damaged_files(void **state)
{
    (void)state;
    AUTO(wtl_buf) pem = {0};
    FILE *f = fopen(pki_path("ec.pem"), "rb");
    uint8_t bytes[4096];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 0; cut + 2 < n; cut += 7) {
        pki_write_bytes("cut.pem", bytes, cut, 0600);
        wtl_cred *c = NULL;
        assert_int_equal(load(&c, "cut.pem", "ec.key", NULL, now, false, NULL), WTL_FORMAT);
        assert_null(c);
    }
    for (size_t at = 0; at < n; at += 5) {
        uint8_t was = bytes[at];
        bytes[at] ^= 1;
        pki_write_bytes("changed.pem", bytes, n, 0600);
        wtl_cred *c = NULL;
        int rc = load(&c, "changed.pem", "ec.key", NULL, now, false, NULL);
        assert_int_equal(c != NULL, rc == WTL_OK); /* its signature is for the peer to check */
        if (c != NULL)
            assert_int_equal(EVP_PKEY_eq(wtl_cred_key(c), ec.key), 1);
        wtl_cred_free(c);
        bytes[at] = was;
    }
}

/* ---- staples */

typedef struct response {
    const pki *about, *by;
    int status;
    int64_t from, to; /* seconds from now; to 0: none */
} response;

static void write_response(const char *name, response r)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, r.about->cert, root.cert);
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(now + r.from));
    ASN1_TIME *to = r.to != 0 ? ASN1_TIME_set(NULL, (time_t)(now + r.to)) : NULL;
    ASN1_TIME *since = r.status == V_OCSP_CERTSTATUS_REVOKED ? ASN1_TIME_set(NULL, (time_t)now - 9) : NULL;
    assert_non_null(OCSP_basic_add1_status(basic, id, r.status, 0, since, from, to));
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), "SHA256", NULL);
    assert_int_equal(OCSP_basic_sign(basic, r.by->cert, r.by->key, r.by == &dsa ? NULL : md, NULL, 0), 1);
    OCSP_RESPONSE *resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    uint8_t *der = NULL;
    int n = i2d_OCSP_RESPONSE(resp, &der);
    assert_true(n > 0);
    pki_write_bytes(name, der, (size_t)n, 0644);
    OPENSSL_free(der);
    EVP_MD_free(md);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(since);
    OCSP_CERTID_free(id);
    OCSP_RESPONSE_free(resp);
    OCSP_BASICRESP_free(basic);
}

static void staples(void **state)
{
    (void)state;
    enum { GOOD = V_OCSP_CERTSTATUS_GOOD };
    static const struct {
        response r;
        const char *cert;
        int rc;
        const char *words;
    } rows[] = {
        {{&ec, &root, GOOD, -60, 3600}, "ec.pem", WTL_OK, ""},
        {{&ec, &root, GOOD, -60, 3600}, "chain.pem", WTL_OK, ""},
        {{&ec, &root, GOOD, -60, 0}, "chain.pem", WTL_OK, ""},
        {{&dsa, &root, GOOD, -60, 3600}, "chain.pem", WTL_FORMAT, "another certificate"},
        {{&ec, &ec, GOOD, -60, 3600}, "chain.pem", WTL_NO, "not signed"},
        {{&ec, &dsa, GOOD, -60, 3600}, "chain.pem", WTL_NO, "not signed"},
        {{&ec, &root, GOOD, -3600, -60}, "chain.pem", WTL_POLICY, "outdated since"},
        {{&ec, &root, GOOD, 3600, 7200}, "chain.pem", WTL_POLICY, "from the future"},
        {{&ec, &root, V_OCSP_CERTSTATUS_REVOKED, -60, 3600}, "ec.pem", WTL_POLICY, "revoked"},
        {{&ec, &root, V_OCSP_CERTSTATUS_UNKNOWN, -60, 3600}, "ec.pem", WTL_POLICY, "does not know"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_response("staple.der", rows[i].r);
        expect(rows[i].cert, "ec.key", "staple.der", now, rows[i].rc, rows[i].words);
    }
    pki_write_public(ec.key, "bare.pem");
    expect("bare.pem", "ec.key", "staple.der", now, WTL_USAGE, "no OCSP response");
    expect("ec.pem", "ec.key", "nothing.der", now, WTL_IO, "nothing.der");
    expect("ec.pem", "ec.key", "ec.pem", now, WTL_FORMAT, "OCSP response in DER");
    OCSP_RESPONSE *busy = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
    uint8_t *der = NULL;
    int n = i2d_OCSP_RESPONSE(busy, &der);
    pki_write_bytes("busy.der", der, (size_t)n, 0644);
    expect("ec.pem", "ec.key", "busy.der", now, WTL_FORMAT, "trylater");
    OPENSSL_free(der);
    OCSP_RESPONSE_free(busy);
}

static void damaged_staples(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    write_response("staple.der", (response){&ec, &root, V_OCSP_CERTSTATUS_GOOD, -60, 3600});
    FILE *f = fopen(pki_path("staple.der"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes - 1, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        pki_write_bytes("cut.der", bytes, cut, 0600);
        wtl_cred *c = NULL;
        assert_true(load(&c, "chain.pem", "ec.key", "cut.der", now, false, NULL) < 0);
    }
    for (size_t at = 0; at < n; at++) {
        bytes[at] ^= 1;
        pki_write_bytes("changed.der", bytes, n, 0600);
        wtl_cred *c = NULL;
        /* Certificates that came along in it are not what the signature covers. */
        int rc = load(&c, "chain.pem", "ec.key", "changed.der", now, false, NULL);
        if (rc == WTL_OK && at < 200)
            fail_msg("byte %zu of the response may be changed", at);
        wtl_cred_free(c);
        bytes[at] ^= 1;
    }
    bytes[n] = 0;
    pki_write_bytes("long.der", bytes, n + 1, 0600);
    expect("chain.pem", "ec.key", "long.der", now, WTL_FORMAT, "exactly one");
}

static int on_status(SSL *ssl, void *arg)
{
    const uint8_t *p = NULL;
    *(long *)arg = SSL_get_tlsext_status_ocsp_resp(ssl, &p);
    return 1;
}

/* What a client gets that asks for one: the staple, until it is outdated. */
static void staples_are_sent_while_they_are_good(void **state)
{
    (void)state;
    static const struct {
        int64_t to;
        bool sent;
    } rows[] = {{3600, true}, {-1, false}};
    for (size_t i = 0; i < 2; i++) {
        wtl_cred *c[2] = {NULL, pki_load("dsa")};
        wtl_ctx *s = NULL;
        wtl_err err = {0};
        write_response("staple.der", (response){&ec, &root, V_OCSP_CERTSTATUS_GOOD, -60, rows[i].to});
        assert_good(load(&c[0], "ec.pem", "ec.key", "staple.der", now, true, &err), &err);
        assert_int_equal(wtl_cred_staple_until(c[0]), now + rows[i].to);
        wtl_ctx_plan plan = {
            .server = true, .policy = {.mode = WTL_POLICY_HYBRID_PREFERRED}, .cred = c, .n_creds = 2};
        assert_good(wtl_ctx_new(&s, &plan, &err), &err);
        size_t n = wtl_cred_staple(c[0]).n;
        wtl_cred_free(c[0]);
        wtl_cred_free(c[1]);
        static const char *const signs[] = {"ecdsa_secp256r1_sha256", "mldsa65"};
        for (size_t k = 0; k < 2; k++) {
            SSL_CTX *cc = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, TLS_client_method());
            long got = -7;
            SSL_CTX_set_tlsext_status_type(cc, TLSEXT_STATUSTYPE_ocsp);
            SSL_CTX_set_tlsext_status_cb(cc, on_status);
            SSL_CTX_set_tlsext_status_arg(cc, &got);
            SSL_CTX_set1_sigalgs_list(cc, signs[k]);
            pki_pair p = pki_connect(cc, wtl_ctx_ssl(s));
            assert_true(pki_shake(&p));
            assert_int_equal(got, k == 0 && rows[i].sent ? (long)n : -1);
            pki_pair_free(&p);
            SSL_CTX_free(cc);
        }
        wtl_ctx_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key),
        cmocka_unit_test(keys_that_tls_cannot_sign_with),
        cmocka_unit_test(chains),
        cmocka_unit_test(keys_of_others),
        cmocka_unit_test(keys_that_others_may_read),
        cmocka_unit_test(encrypted_keys_are_not_asked_for_passphrases),
        cmocka_unit_test(dates),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(staples),
        cmocka_unit_test(damaged_staples),
        cmocka_unit_test(staples_are_sent_while_they_are_good),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
