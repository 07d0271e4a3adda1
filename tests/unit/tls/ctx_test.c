/* Contexts: signatures, ciphers, versions, profiles, and plans that do not fit. */
#include "world.h"

/* ---- signatures and ciphers */

static void check_signature(wtl_ctx *s, const char *sigalgs, const char *ciphers, const char *groups,
                            const char *expected)
{
    SSL_CTX *c = foreign(false, groups);
    assert_int_equal(SSL_CTX_set1_sigalgs_list(c, sigalgs), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(c, ciphers), 1);
    pki_pair p = pki_connect(c, wtl_ctx_ssl(s));
    bool done = pki_shake(&p);
    assert_int_equal(done, expected != NULL);
    if (done) {
        wtl_facts f;
        wtl_facts_read(&f, p.server);
        assert_string_equal(f.own_signature, expected);
        assert_string_equal(f.cipher,
                            strstr(ciphers, "AES_128") != NULL ? "TLS_AES_128_GCM_SHA256" : ciphers);
        wtl_facts_read(&f, p.client);
        assert_string_equal(f.peer_signature, expected);
        assert_string_equal(f.own_signature, "");
    }
    pki_pair_free(&p);
    SSL_CTX_free(c);
}

#define ALL_CIPHERS "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"

static void of_two_certificates_the_client_chooses(void **state)
{
    (void)state;
    wtl_cred *both[] = {dsa_cred, ec_cred};
    wtl_ctx_plan plan = {.server = true, .policy = {.mode = PREF}, .cred = both, .n_creds = 2};
    AUTO(wtl_ctx) *s = ctx_of(plan);
    /* With and without a HelloRetryRequest; the cipher is the server's choice all the time. */
    static const char *const groups[] = {"X25519MLKEM768", "*X25519:X25519MLKEM768"};
    for (size_t i = 0; i < 2; i++) {
        check_signature(s, ECS ":mldsa65", ALL_CIPHERS, groups[i], ECS);
        check_signature(s, "mldsa65:" ECS, ALL_CIPHERS, groups[i], "mldsa65");
        check_signature(s, ECS, ALL_CIPHERS, groups[i], ECS);
        check_signature(s, "mldsa44:mldsa65", ALL_CIPHERS, groups[i], "mldsa65");
        check_signature(s, "mldsa87:ed25519", ALL_CIPHERS, groups[i], NULL);
        check_signature(s, "ecdsa_secp384r1_sha384:mldsa65", ALL_CIPHERS, groups[i], "mldsa65");
        check_signature(s, ECS, "TLS_AES_256_GCM_SHA384", groups[i], ECS);
        check_signature(s, ECS, "TLS_CHACHA20_POLY1305_SHA256", groups[i], ECS);
    }
}

static void or_the_server_when_it_is_told_to(void **state)
{
    (void)state;
    wtl_cred *both[] = {ec_cred, dsa_cred};
    wtl_ctx_plan plan = {.server = true,
                         .policy = {.mode = PREF, .flags = WTL_POLICY_PREFER_PQ_SIG},
                         .cred = both,
                         .n_creds = 2};
    AUTO(wtl_ctx) *s = ctx_of(plan);
    static const char *const groups[] = {"X25519MLKEM768", "*X25519:X25519MLKEM768"};
    for (size_t i = 0; i < 2; i++) {
        check_signature(s, ECS ":mldsa65", ALL_CIPHERS, groups[i], "mldsa65");
        check_signature(s, ECS ":rsa_pss_rsae_sha256:mldsa87", ALL_CIPHERS, groups[i], ECS);
        check_signature(s, ECS, ALL_CIPHERS, groups[i], ECS);
        check_signature(s, "mldsa65:" ECS, ALL_CIPHERS, groups[i], "mldsa65");
    }
}

static void rsa_certificates_work(void **state)
{
    (void)state;
    wtl_cred *both[] = {rsa_cred, dsa_cred};
    AUTO(wtl_ctx) *s = ctx_of(
        (wtl_ctx_plan){.server = true, .policy = {.mode = PREF}, .cred = both, .n_creds = 2});
    check_signature(s, "rsa_pss_rsae_sha256", ALL_CIPHERS, X, "rsa_pss_rsae_sha256");
    check_signature(s, "rsa_pss_rsae_sha384:mldsa65", ALL_CIPHERS, X, "rsa_pss_rsae_sha384");
    check_signature(s, "rsa_pkcs1_sha256", ALL_CIPHERS, X, NULL);
}

static void clients_choose_among_their_own(void **state)
{
    (void)state;
    pki mldsa = pki_make((pki_order){.alg = "ML-DSA-65", .name = "client", .san = "DNS:c", .by = &root});
    wtl_cred *both[] = {client_cred, pki_cred("client65", &mldsa)};
    AUTO(wtl_peer) *ask = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .peer = ask});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF, .flags = WTL_POLICY_PREFER_PQ_SIG},
                                             .cred = both,
                                             .n_creds = 2,
                                             .peer = know});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_true(pki_shake(&p));
    wtl_facts f;
    wtl_facts_read(&f, p.server);
    assert_string_equal(f.peer_signature, "mldsa65");
    assert_string_equal(f.peer, "c");
    assert_string_equal(f.own_signature, ECS);
    pki_pair_free(&p);
    wtl_cred_free(both[1]);
    pki_free(&mldsa);
}

static void old_tls_only_when_asked_for(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        bool good;
    } rows[] = {{0, false}, {WTL_POLICY_TLS12, true}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF, .flags = rows[i].flags});
        SSL_CTX *c = foreign(false, "X25519:P-256");
        SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
        pki_pair p = pki_connect(c, wtl_ctx_ssl(s));
        assert_int_equal(pki_shake(&p), rows[i].good);
        if (rows[i].good) {
            wtl_facts f;
            wtl_facts_read(&f, p.server);
            assert_string_equal(f.version, "TLSv1.2");
            assert_string_equal(f.group->name, "X25519");
            assert_string_equal(f.own_signature, ECS);
            assert_false(f.retried);
            assert_int_equal(strncmp(f.cipher, "TLS_ECDHE_ECDSA_WITH_AES_", 25), 0);
            assert_int_equal(SSL_renegotiate(p.client), 1);
            SSL_do_handshake(p.client);
            char x;
            assert_true(SSL_read(p.server, &x, 1) <= 0);
            assert_true(SSL_do_handshake(p.client) <= 0);
        }
        pki_pair_free(&p);
        /* Nothing below 1.2, and no cipher without forward secrecy or without AEAD. */
        SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
        SSL_CTX_set_security_level(c, 0);
        p = pki_connect(c, wtl_ctx_ssl(s));
        assert_false(pki_shake(&p));
        pki_pair_free(&p);
        SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA");
        p = pki_connect(c, wtl_ctx_ssl(s));
        assert_false(pki_shake(&p));
        pki_pair_free(&p);
        SSL_CTX_free(c);
    }
}

static void cnsa_is_kept_on_both_sides(void **state)
{
    (void)state;
    AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF, .flags = CNSA});
    AUTO(wtl_peer) *right = peer_of(false, (wtl_peer_rules){.ca = pki_path("root87.pem"), .host = HOST});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF, .flags = CNSA}, .peer = right});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_true(pki_shake(&p));
    wtl_facts f;
    wtl_facts_read(&f, p.client);
    assert_string_equal(f.cipher, "TLS_AES_256_GCM_SHA384");
    assert_string_equal(f.peer_signature, "mldsa87");
    pki_pair_free(&p);
    /* An ML-DSA-87 leaf below an authority of another kind is not enough. */
    pki mixed = pki_make((pki_order){.alg = "ML-DSA-87", .name = "mixed", .san = "DNS:" HOST, .by = &root});
    wtl_cred *cred = pki_cred("mixed", &mixed);
    AUTO(wtl_ctx) *s2 = ctx_of(
        (wtl_ctx_plan){.server = true, .policy = {.mode = PREF, .flags = CNSA}, .cred = &cred, .n_creds = 1});
    AUTO(wtl_peer) *any = peer_of(false, (wtl_peer_rules){.ca = pki_path("roots.pem"), .host = HOST});
    AUTO(wtl_ctx) *c2 = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF, .flags = CNSA}, .peer = any});
    p = pki_connect(wtl_ctx_ssl(c2), wtl_ctx_ssl(s2));
    assert_false(pki_shake(&p));
    wtl_err err = {0};
    assert_int_equal(wtl_peer_refusal(p.client, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "CNSA"));
    pki_pair_free(&p);
    /* And who has AES-128 alone is refused. */
    SSL_CTX *weak = foreign(false, M10);
    SSL_CTX_set_ciphersuites(weak, "TLS_AES_128_GCM_SHA256");
    p = pki_connect(weak, wtl_ctx_ssl(s));
    assert_false(pki_shake(&p));
    pki_pair_free(&p);
    SSL_CTX_free(weak);
    wtl_cred_free(cred);
    pki_free(&mixed);
}

/* ---- plans */

static void expect_plan(wtl_ctx_plan plan, const char *words)
{
    wtl_ctx *c = NULL;
    wtl_err err = {0};
    assert_int_equal(wtl_ctx_new(&c, &plan, &err), WTL_USAGE);
    assert_null(c);
    if (strstr(err.text, words) == NULL)
        fail_msg("%s", err.text);
}

static void plans_that_do_not_fit(void **state)
{
    (void)state;
    AUTO(wtl_peer) *peer = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    wtl_cred *same[] = {ec_cred, client_cred};
    pki p521 = pki_make((pki_order){.alg = "P-384", .name = "p384", .by = &root});
    wtl_cred *curves[] = {ec_cred, pki_cred("p384", &p521)};
    wtl_cred *raw = pki_raw("raw", dsa.key);
    wtl_cred *mixed[] = {ec_cred, raw};
    const char *alpn[] = {""};
    expect_plan((wtl_ctx_plan){.server = true}, "needs a certificate");
    expect_plan((wtl_ctx_plan){.server = false}, "must know the server");
    expect_plan((wtl_ctx_plan){.peer = peer, .policy = {.mode = PREF, .flags = WTL_POLICY_TLS12}},
                "client speaks TLS 1.3");
    expect_plan((wtl_ctx_plan){.server = true,
                               .policy = {.mode = PREF, .flags = WTL_POLICY_CLASSICAL_SHARE},
                               .cred = &ec_cred,
                               .n_creds = 1},
                "client's choice");
    expect_plan(
        (wtl_ctx_plan){
            .server = true, .policy = {.mode = PREF, .flags = CNSA}, .cred = &dsa_cred, .n_creds = 1},
        "ML-DSA-65");
    expect_plan((wtl_ctx_plan){.server = true, .cred = same, .n_creds = 2}, "one kind");
    expect_plan((wtl_ctx_plan){.server = true, .cred = curves, .n_creds = 2}, "one kind");
    expect_plan((wtl_ctx_plan){.server = true, .cred = mixed, .n_creds = 2}, "do not go together");
    expect_plan((wtl_ctx_plan){.server = true, .cred = &ec_cred, .n_creds = 1, .tickets = 5}, "tickets");
    expect_plan((wtl_ctx_plan){.server = true, .cred = &ec_cred, .n_creds = 1, .alpn = alpn, .n_alpn = 1},
                "1 to 255");
    wtl_cred_free(curves[1]);
    wtl_cred_free(raw);
    pki_free(&p521);
}

static void weak_certificates_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *short_key = EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "RSA", (size_t)1024);
    pki weak = pki_make((pki_order){.alg = "RSA", .name = "weak"});
    EVP_PKEY_free(weak.key);
    weak.key = short_key;
    X509_set_pubkey(weak.cert, short_key);
    assert_true(X509_sign(weak.cert, short_key, EVP_sha256()) > 0);
    wtl_cred *cred = pki_cred("weak", &weak);
    expect_plan((wtl_ctx_plan){.server = true, .cred = &cred, .n_creds = 1}, "does not take the certificate");
    wtl_cred_free(cred);
    pki_free(&weak);
}

static void certificates_are_compressed_where_that_can_be(void **state)
{
    (void)state;
    wtl_ctx_plan plan = {
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .compress = true};
#ifdef OPENSSL_NO_ZLIB
    expect_plan(plan, "zlib");
#else
    wtl_ctx_free(ctx_of(plan));
#endif
}

/* ---- ALPN */

static void protocols_are_taken_in_the_servers_order(void **state)
{
    (void)state;
    static const char *const both[] = {"h2", "http/1.1"};
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .alpn = both, .n_alpn = 2});
    static const struct {
        const char *offers[2];
        size_t n;
        const char *result; /* NULL: refused */
    } rows[] = {
        {{"http/1.1", "h2"}, 2, "h2"}, {{"http/1.1"}, 1, "http/1.1"}, {{"kafka"}, 1, NULL}, {{0}, 0, ""}};
    AUTO(wtl_peer) *peer = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    for (size_t i = 0; i < 4; i++) {
        AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){
            .policy = {.mode = PREF}, .peer = peer, .alpn = rows[i].offers, .n_alpn = rows[i].n});
        pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
        assert_int_equal(pki_shake(&p), rows[i].result != NULL);
        if (rows[i].result != NULL) {
            wtl_facts f;
            wtl_facts_read(&f, p.client);
            assert_string_equal(f.alpn, rows[i].result);
            wtl_facts_read(&f, p.server);
            assert_string_equal(f.alpn, rows[i].result);
        }
        pki_pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_certificates_the_client_chooses),
        cmocka_unit_test(or_the_server_when_it_is_told_to),
        cmocka_unit_test(rsa_certificates_work),
        cmocka_unit_test(clients_choose_among_their_own),
        cmocka_unit_test(old_tls_only_when_asked_for),
        cmocka_unit_test(cnsa_is_kept_on_both_sides),
        cmocka_unit_test(plans_that_do_not_fit),
        cmocka_unit_test(weak_certificates_are_refused),
        cmocka_unit_test(certificates_are_compressed_where_that_can_be),
        cmocka_unit_test(protocols_are_taken_in_the_servers_order),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
