/* Who is let in: by authority, name or key, at the first visit and at the next. */
#include "world.h"

#include "tls/san.h"

/* ---- rules */

static void rules_that_let_in_anybody_are_refused(void **state)
{
    (void)state;
    const char *ca = pki_path("root.pem");
    const char *name[] = {"a.example.org"};
    const char *bad_name[] = {"a*.example.org"};
    const char *key[] = {"0123"};
    const struct {
        wtl_peer_rules r;
        bool server;
        int rc;
    } rows[] = {
        {{0}, false, WTL_USAGE},
        {{0}, true, WTL_USAGE},
        {{.required = true}, true, WTL_USAGE},
        {{.host = "a.example.org"}, false, WTL_USAGE},
        {{.ca = ca}, false, WTL_USAGE},
        {{.ca = "system"}, false, WTL_USAGE},
        {{.name = name, .n_names = 1}, true, WTL_USAGE},
        {{.name = name, .n_names = 1}, false, WTL_USAGE},
        {{.ca = ca, .name = bad_name, .n_names = 1}, true, WTL_USAGE},
        {{.ca = ca, .host = "*.example.org"}, false, WTL_USAGE},
        {{.ca = ca, .host = "a b"}, false, WTL_USAGE},
        {{.ca = "/nonexistent/ca.pem", .host = HOST}, false, WTL_IO},
        {{.ca = pki_path("ec.key"), .host = HOST}, false, WTL_FORMAT},
        {{.key = key, .n_keys = 1}, false, WTL_IO},
        {{.ca = ca, .required = true}, true, WTL_OK},
        {{.ca = ca}, true, WTL_OK},
        {{.ca = ca, .host = HOST}, false, WTL_OK},
        {{.ca = ca, .name = name, .n_names = 1}, false, WTL_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_peer *p = NULL;
        wtl_err err = {0};
        int rc = wtl_peer_new(&p, &rows[i].r, rows[i].server, &err);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %s: %s", i, wtl_rc_name(rc), err.text);
        assert_int_equal(p != NULL, rc == WTL_OK);
        wtl_peer_free(p);
    }
}

static void the_systems_authorities(void **state)
{
    (void)state;
    wtl_peer *p = NULL;
    wtl_err err = {0};
    wtl_peer_rules r = {.ca = "system", .host = "example.org"};
    int rc = wtl_peer_new(&p, &r, false, &err);
    if (rc == WTL_IO) {
        print_message("%s\n", err.text);
        skip();
    }
    assert_good(rc, &err);
    wtl_peer_free(p);
}

/* ---- names */

static void names_are_written_so(void **state)
{
    (void)state;
    static const char *const good[] = {"a.example.org",
                                       "dns:a.example.org",
                                       "*.example.org",
                                       "dns:*.example.org",
                                       "localhost",
                                       "10.0.0.1",
                                       "::1",
                                       "uri:spiffe://example.org/x",
                                       "uri:spiffe://example.org/*",
                                       "uri:https://a/b/c?d"};
    static const char *const bad[] = {"",
                                      "*",
                                      "*.",
                                      "**.example.org",
                                      "a.*.org",
                                      "a..b",
                                      ".a",
                                      "a.",
                                      "a b",
                                      "a\nb",
                                      "dns:",
                                      "uri:",
                                      "uri:spiffe",
                                      "uri:spiffe://",
                                      "uri:://x",
                                      "uri:spiffe://*",
                                      "uri:spiffe://example.org/*/x",
                                      "uri:spiffe://example.org/x*",
                                      "uri:spiffe://example.org/a b",
                                      "spiffe://example.org/x",
                                      "uri:spiffe://example.org/\xc3\xa4"};
    wtl_err err = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_good(wtl_san_check(good[i], &err), &err);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (wtl_san_check(bad[i], &err) != WTL_USAGE)
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

static void names_fit_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *san, *allowed;
        bool fits, covered; /* as a client's name, as a server's */
    } rows[] = {
        {"DNS:a.example.org", "a.example.org", true, true},
        {"DNS:A.Example.org", "dns:a.eXample.org", true, true},
        {"DNS:b.example.org,DNS:a.example.org", "a.example.org", true, true},
        {"DNS:a.example.org", "*.example.org", true, true},
        {"DNS:a.b.example.org", "*.example.org", false, false},
        {"DNS:example.org", "*.example.org", false, false},
        {"DNS:.example.org", "*.example.org", false, false},
        {"DNS:xexample.org", "*.example.org", false, false},
        {"DNS:a.example.org.evil.com", "a.example.org", false, false},
        {"DNS:a.example.or", "a.example.org", false, false},
        {"DNS:*.example.org", "a.example.org", false, true},
        {"DNS:*.example.org", "*.example.org", true, true},
        {"DNS:*.example.org", "a.b.example.org", false, false},
        {"URI:a.example.org", "a.example.org", false, false},
        {"email:a@example.org", "example.org", false, false},
        {"IP:10.0.0.1", "10.0.0.1", true, true},
        {"IP:10.0.0.2", "10.0.0.1", false, false},
        {"DNS:10.0.0.1", "10.0.0.1", false, false},
        {"IP:::1", "::1", true, true},
        {"URI:spiffe://example.org/x", "uri:spiffe://example.org/x", true, true},
        {"URI:spiffe://example.org/X", "uri:spiffe://example.org/x", false, false},
        {"URI:spiffe://example.org/x/", "uri:spiffe://example.org/x", false, false},
        {"DNS:spiffe://example.org/x", "uri:spiffe://example.org/x", false, false},
        {"URI:spiffe://example.org/ns/a/sa/b", "uri:spiffe://example.org/ns/*", true, true},
        {"URI:spiffe://example.org/ns/a", "uri:spiffe://example.org/*", true, true},
        {"URI:spiffe://example.org/ns", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns/", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/nsx/a", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns/../b", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns/./b", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns//b", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns/%2e%2e/b", "uri:spiffe://example.org/ns/*", false, false},
        {"URI:spiffe://example.org/ns/a?b", "uri:spiffe://example.org/ns/*", false, false},
        {NULL, "subject", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pki p = pki_make((pki_order){.alg = "P-256", .name = "subject", .san = rows[i].san});
        if (wtl_san_fits(p.cert, rows[i].allowed, false) != rows[i].fits ||
            wtl_san_fits(p.cert, rows[i].allowed, true) != rows[i].covered)
            fail_msg("row %zu: %s against %s", i, rows[i].san, rows[i].allowed);
        pki_free(&p);
    }
}

/* A NUL in a name ends it for C, and not for us. */
static void names_with_a_nul_fit_nothing(void **state)
{
    (void)state;
    pki p = pki_make((pki_order){.alg = "P-256", .name = "nul"});
    static const char raw[] = "a.example.org\0.evil.com";
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *n = GENERAL_NAME_new();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();
    ASN1_STRING_set(s, raw, sizeof raw - 1);
    GENERAL_NAME_set0_value(n, GEN_DNS, s);
    sk_GENERAL_NAME_push(list, n);
    assert_int_equal(X509_add1_ext_i2d(p.cert, NID_subject_alt_name, list, 0, 0), 1);
    GENERAL_NAMES_free(list);
    assert_false(wtl_san_fits(p.cert, "a.example.org", false));
    assert_false(wtl_san_fits(p.cert, "a.example.org", true));
    assert_false(wtl_san_fits(p.cert, "*.evil.com", false));
    assert_false(wtl_san_fits(p.cert, "*.example.org", false));
    AUTO(wtl_buf) who = {0};
    wtl_san_who(p.cert, &who);
    assert_string_equal(wtl_buf_cstr(&who), "a.example.org\\x00.evil.com");
    pki_free(&p);
}

/* ---- handshakes */

/* Client with `leaf` at a server with these rules; the server's refusal, or WTL_OK, and its words. */
static int visit(const wtl_peer_rules *rules, wtl_cred *const *mine, wtl_err *err)
{
    AUTO(wtl_peer) *ask = peer_of(true, *rules);
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .peer = ask});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){
        .policy = {.mode = PREF}, .cred = mine, .n_creds = mine != NULL ? 1 : 0, .peer = know});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    int rc;
    if (pki_shake(&p))
        rc = wtl_peer_check(ask, p.server, err);
    else if ((rc = wtl_peer_refusal(p.server, err)) == WTL_OK)
        rc = WTL_FAIL(err, WTL_POLICY, "%s", ERR_reason_error_string(ERR_peek_last_error()));
    pki_pair_free(&p);
    return rc;
}

static void expect_visit(wtl_peer_rules rules, const pki_order *order, int rc, const char *words)
{
    pki p = {0};
    wtl_cred *mine = NULL;
    wtl_err err = {0};
    if (order != NULL) {
        p = pki_make(*order);
        pki_write_certs("guest.pem", PKI_CERTS(&p));
        pki_write_key(p.key, "guest.key");
        wtl_cred_files files = {.cert = pki_path("guest.pem"), .key = pki_path("guest.key")};
        wtl_keys keys = wtl_keys_files();
        assert_good(wtl_cred_load(&mine, &files, &keys, time(NULL), true, &err), &err);
    }
    int got = visit(&rules, order != NULL ? &mine : NULL, &err);
    if (got != rc || (rc != WTL_OK && strstr(err.text, words) == NULL))
        fail_msg("%s: %s (wanted %s: %s)", wtl_rc_name(got), err.text, wtl_rc_name(rc), words);
    wtl_cred_free(mine);
    pki_free(&p);
}

static void clients_by_authority_and_name(void **state)
{
    (void)state;
    pki evil = pki_make((pki_order){.alg = "P-256", .name = "root", .ca = true});
    const char *names[] = {"uri:spiffe://example.org/ns/*", "*.example.org"};
    wtl_peer_rules any = {.ca = pki_path("root.pem"), .required = true};
    wtl_peer_rules maybe = {.ca = pki_path("root.pem")};
    wtl_peer_rules some = {.ca = pki_path("root.pem"), .required = true, .name = names, .n_names = 2};
    pki_order good = {.alg = "P-256", .name = "x", .san = "URI:spiffe://example.org/ns/a", .by = &root};
    pki_order host = {.alg = "ML-DSA-44", .name = "x", .san = "DNS:b.example.org", .by = &root};
    pki_order other = {.alg = "P-256", .name = "x", .san = "URI:spiffe://example.org/b", .by = &root};
    pki_order nameless = {.alg = "ED25519", .name = "b.example.org", .by = &root};
    pki_order stranger = good;
    stranger.by = &evil;
    pki_order old = {.alg = "P-256", .name = "x", .by = &root, .from = -9, .to = -2};
    pki_order early = {.alg = "P-256", .name = "x", .by = &root, .from = 2, .to = 9};
    pki_order server = {.alg = "P-256", .name = "x", .by = &root, .purpose = "serverAuth"};
    pki_order alone = {.alg = "P-256", .name = "x"};
    expect_visit(any, &good, WTL_OK, "");
    expect_visit(any, &nameless, WTL_OK, "");
    expect_visit(any, NULL, WTL_POLICY, "did not return a certificate");
    expect_visit(maybe, NULL, WTL_OK, "");
    expect_visit(maybe, &good, WTL_OK, "");
    expect_visit(maybe, &stranger, WTL_NO, "signature failure");
    expect_visit(some, &good, WTL_OK, "");
    expect_visit(some, &host, WTL_OK, "");
    expect_visit(some, &other, WTL_POLICY,
                 "the client spiffe://example.org/b is refused: none of its certificate's names is allowed");
    expect_visit(some, &nameless, WTL_POLICY, "CN=b.example.org");
    expect_visit(any, &stranger, WTL_NO, "signature failure");
    expect_visit(any, &old, WTL_NO, "expired");
    expect_visit(any, &early, WTL_NO, "not yet valid");
    expect_visit(any, &server, WTL_NO, "purpose");
    expect_visit(any, &alone, WTL_NO, "self-signed");
    pki_free(&evil);
}

/* Our own side does not even load such certificates: a client of others shows them. */
static void weak_certificates_are_refused(void **state)
{
    (void)state;
    pki sha1 = pki_make((pki_order){.alg = "P-256", .name = "x", .by = &root, .digest = EVP_sha1()});
    pki weak = pki_make((pki_order){.alg = "P-224", .name = "x", .by = &root});
    const pki *both[] = {&sha1, &weak};
    static const char *const words[] = {"too weak", ""};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_peer) *ask = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
        AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
            .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .peer = ask});
        SSL_CTX *c = foreign(false, X);
        SSL_CTX_set_security_level(c, 0);
        assert_int_equal(SSL_CTX_use_cert_and_key(c, both[i]->cert, both[i]->key, NULL, 1), 1);
        pki_pair p = pki_connect(c, wtl_ctx_ssl(s));
        wtl_err err = {0};
        assert_false(pki_shake(&p));
        if (words[i][0] != '\0') {
            assert_int_equal(wtl_peer_refusal(p.server, &err), WTL_NO);
            assert_non_null(strstr(err.text, words[i]));
        }
        pki_pair_free(&p);
        SSL_CTX_free(c);
    }
    pki_free(&sha1);
    pki_free(&weak);
}

static void clients_by_pinned_key(void **state)
{
    (void)state;
    char hex[65];
    pki p = pki_make((pki_order){.alg = "P-256", .name = "x", .san = "DNS:pinned", .from = -9, .to = -2});
    pki other = pki_make((pki_order){.alg = "P-256", .name = "y"});
    pki_write_certs("pinned.pem", PKI_CERTS(&p));
    pki_write_key(p.key, "pinned.key");
    pki_write_public(p.key, "pinned.pub");
    wtl_cred_files files = {.cert = pki_path("pinned.pem"), .key = pki_path("pinned.key")};
    wtl_keys keys = wtl_keys_files();
    wtl_err err = {0};
    wtl_cred *mine[3] = {0};
    assert_good(wtl_cred_load(&mine[0], &files, &keys, time(NULL), true, &err), &err);
    mine[1] = pki_raw("bare", p.key);
    mine[2] = pki_cred("other", &other);
    snprintf(hex, sizeof hex, "%s", wtl_cred_subject(mine[1]) + 4);
    for (size_t i = 0; i < 32; i++)
        hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
    const char *pins[] = {pki_path("pinned.pem"), pki_path("pinned.pub"), hex};
    for (size_t i = 0; i < 3; i++) {
        wtl_peer_rules r = {.key = &pins[i], .n_keys = 1, .required = true};
        assert_good(visit(&r, &mine[0], &err), &err); /* dates do not count */
        assert_good(visit(&r, &mine[1], &err), &err); /* nor does the certificate */
        assert_int_equal(visit(&r, &mine[2], &err), WTL_POLICY);
        assert_non_null(strstr(err.text, "none of the pinned ones"));
        assert_int_equal(visit(&r, NULL, &err), WTL_POLICY);
    }
    /* With an authority, both count. */
    wtl_peer_rules both = {.ca = pki_path("root.pem"), .key = pins, .n_keys = 3, .required = true};
    assert_int_equal(visit(&both, &client_cred, &err), WTL_POLICY);
    assert_int_equal(visit(&both, &mine[0], &err), WTL_NO);
    pki_write_public(client.key, "client.pub");
    const char *client_pin = pki_path("client.pub");
    both.key = &client_pin;
    both.n_keys = 1;
    assert_good(visit(&both, &client_cred, &err), &err);
    for (size_t i = 0; i < 3; i++)
        wtl_cred_free(mine[i]);
    pki_free(&p);
    pki_free(&other);
}

/* ---- servers, as clients see them */

static int look(const wtl_peer_rules *rules, wtl_cred *const *theirs, wtl_err *err)
{
    AUTO(wtl_peer) *know = peer_of(false, *rules);
    AUTO(wtl_ctx) *s = ctx_of(
        (wtl_ctx_plan){.server = true, .policy = {.mode = PREF}, .cred = theirs, .n_creds = 1});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF}, .peer = know});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    int rc = pki_shake(&p) ? wtl_peer_check(know, p.client, err) : wtl_peer_refusal(p.client, err);
    if (rc == WTL_OK && !p.done)
        rc = WTL_FAIL(err, WTL_BUG, "failed for another reason");
    pki_pair_free(&p);
    return rc;
}

static void servers_by_host_name(void **state)
{
    (void)state;
    static const struct {
        const char *host, *san;
        bool good;
    } rows[] = {
        {"a.example.org", "DNS:a.example.org", true},
        {"A.EXAMPLE.ORG", "DNS:a.example.org", true},
        {"a.example.org", "DNS:*.example.org", true},
        {"a.example.org", "DNS:a*.example.org", false},
        {"a.example.org", "DNS:b.example.org", false},
        {"a.example.org", NULL, false},
        {"10.0.0.1", "IP:10.0.0.1", true},
        {"10.0.0.1", "IP:10.0.0.2,DNS:10.0.0.1", false},
        {"::1", "IP:0:0:0:0:0:0:0:1", true},
        {"localhost", "DNS:localhost,IP:127.0.0.1", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pki p = pki_make(
            (pki_order){.alg = "P-256", .name = "a.example.org", .san = rows[i].san, .by = &root});
        wtl_cred *cred = pki_cred("named", &p);
        wtl_peer_rules r = {.ca = pki_path("root.pem"), .host = rows[i].host};
        wtl_err err = {0};
        int rc = look(&r, &cred, &err);
        if (rc != (rows[i].good ? WTL_OK : WTL_POLICY))
            fail_msg("row %zu: %s", i, err.text);
        if (!rows[i].good)
            assert_non_null(strstr(err.text, "is not for"));
        wtl_cred_free(cred);
        pki_free(&p);
    }
}

static void servers_by_allowed_name_or_key(void **state)
{
    (void)state;
    const char *names[] = {"*.example.org"};
    const char *wrong[] = {"*.example.com"};
    wtl_err err = {0};
    wtl_peer_rules r = {.ca = pki_path("root.pem"), .name = names, .n_names = 1, .host = "10.0.0.1"};
    assert_good(look(&r, &ec_cred, &err), &err); /* names instead of the host */
    r.name = wrong;
    assert_int_equal(look(&r, &ec_cred, &err), WTL_POLICY);
    const char *pin = pki_path("ec.pem");
    wtl_peer_rules by_key = {.key = &pin, .n_keys = 1, .host = "elsewhere.example.net"};
    assert_good(look(&by_key, &ec_cred, &err), &err);
    assert_int_equal(look(&by_key, &dsa_cred, &err), WTL_POLICY);
    wtl_peer_rules all = {.ca = pki_path("root.pem"), .key = &pin, .n_keys = 1, .host = HOST};
    assert_good(look(&all, &ec_cred, &err), &err);
    all.host = "elsewhere.example.net";
    assert_int_equal(look(&all, &ec_cred, &err), WTL_POLICY);
    /* An end entity in the file of authorities is trusted as itself. */
    wtl_peer_rules itself = {.ca = pki_path("ec.pem"), .host = HOST};
    assert_good(look(&itself, &ec_cred, &err), &err);
    assert_int_equal(look(&itself, &dsa_cred, &err), WTL_NO);
}

/* Certificates below one authority after another, `n` between the root and the leaf. */
static int long_chain(size_t n, wtl_err *err)
{
    pki ca[WTL_CERT_CHAIN_MAX] = {{0}};
    const pki *list[WTL_CERT_CHAIN_MAX + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "ca%zu", i);
        ca[i] = pki_make(
            (pki_order){.alg = "P-256", .name = name, .ca = true, .by = i == 0 ? &root : &ca[i - 1]});
    }
    pki leaf = pki_make((pki_order){.alg = "P-256", .name = "deep", .san = "DNS:" HOST, .by = &ca[n - 1]});
    list[0] = &leaf;
    for (size_t i = 0; i < n; i++)
        list[1 + i] = &ca[n - 1 - i];
    pki_write_certs("deep.pem", list);
    pki_write_key(leaf.key, "deep.key");
    wtl_cred *cred = pki_load("deep");
    wtl_peer_rules r = {.ca = pki_path("root.pem"), .host = HOST};
    int rc = look(&r, &cred, err);
    wtl_cred_free(cred);
    pki_free(&leaf);
    for (size_t i = 0; i < n; i++)
        pki_free(&ca[i]);
    return rc;
}

static void chains_end_somewhere(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(long_chain(1, &err), &err);
    assert_good(long_chain(6, &err), &err);
    assert_int_equal(long_chain(7, &err), WTL_NO);
    assert_non_null(strstr(err.text, "chain too long"));
}

/* ---- the next visit */

static void digests_tell_rules_apart(void **state)
{
    (void)state;
    const char *names[] = {"a.example.org", "b.example.org"};
    const char *pin = pki_path("ec.pem");
    const wtl_peer_rules rows[] = {
        {.ca = pki_path("root.pem")},
        {.ca = pki_path("root.pem"), .required = true},
        {.ca = pki_path("roots.pem")},
        {.ca = pki_path("root.pem"), .name = names, .n_names = 1},
        {.ca = pki_path("root.pem"), .name = names, .n_names = 2},
        {.ca = pki_path("root.pem"), .key = &pin, .n_keys = 1},
        {.key = &pin, .n_keys = 1},
    };
    enum { N = sizeof rows / sizeof rows[0] };
    wtl_peer *p[N];
    for (size_t i = 0; i < N; i++) {
        p[i] = peer_of(true, rows[i]);
        AUTO(wtl_peer) *again = peer_of(true, rows[i]);
        assert_memory_equal(wtl_peer_digest(again), wtl_peer_digest(p[i]), WTL_PEER_DIGEST);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(wtl_peer_digest(p[i]), wtl_peer_digest(p[k]), WTL_PEER_DIGEST);
    }
    for (size_t i = 0; i < N; i++)
        wtl_peer_free(p[i]);
}

/* A connection that TLS let through is judged by the rules once more: here by others than those of its context. */
static void a_check_afterwards_stands_by_itself(void **state)
{
    (void)state;
    const char *names[] = {"uri:spiffe://example.org/b"};
    const char *pin = pki_path("ec.pem");
    AUTO(wtl_peer) *open = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
    AUTO(wtl_peer) *named = peer_of(
        true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true, .name = names, .n_names = 1});
    AUTO(wtl_peer) *pinned = peer_of(true, (wtl_peer_rules){.key = &pin, .n_keys = 1, .required = true});
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .peer = open});
    AUTO(wtl_ctx) *c = ctx_of(
        (wtl_ctx_plan){.policy = {.mode = PREF}, .cred = &client_cred, .n_creds = 1, .peer = know});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_true(pki_shake(&p));
    wtl_err err = {0};
    assert_good(wtl_peer_check(NULL, p.server, &err), &err);
    assert_good(wtl_peer_check(open, p.server, &err), &err);
    assert_int_equal(wtl_peer_check(named, p.server, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "spiffe://example.org/a"));
    assert_int_equal(wtl_peer_check(pinned, p.server, &err), WTL_POLICY);
    assert_int_equal(wtl_peer_refusal(p.server, &err), WTL_OK);
    pki_pair_free(&p);
}

/* A certificate that ends two seconds from now is not enough for a ticket that lives longer. */
static void a_session_ends_with_its_certificate(void **state)
{
    (void)state;
    pki brief = pki_make((pki_order){.alg = "P-256", .name = "brief", .san = "DNS:brief", .by = &root});
    X509_gmtime_adj(X509_getm_notAfter(brief.cert), 2);
    assert_true(X509_sign(brief.cert, root.key, EVP_sha256()) > 0);
    wtl_cred *mine = pki_cred("brief", &brief);
    AUTO(wtl_ticket) *t = ticket_of();
    AUTO(wtl_peer) *ask = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){.server = true,
                                             .policy = {.mode = PREF},
                                             .cred = &ec_cred,
                                             .n_creds = 1,
                                             .peer = ask,
                                             .ticket = t,
                                             .tickets = 1});
    AUTO(wtl_ctx) *c = ctx_of(
        (wtl_ctx_plan){.policy = {.mode = PREF}, .cred = &mine, .n_creds = 1, .peer = know});
    SSL_SESSION *session = NULL;
    for (int i = 0; i < 2; i++) {
        pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
        if (session != NULL)
            SSL_set_session(p.client, session);
        assert_true(pki_shake(&p));
        wtl_err err = {0};
        assert_int_equal(SSL_session_reused(p.server), i);
        assert_int_equal(wtl_peer_check(ask, p.server, &err), i == 0 ? WTL_OK : WTL_POLICY);
        if (i == 1)
            assert_non_null(strstr(err.text, "the client brief is refused: its certificate expired"));
        SSL_SESSION_free(session);
        session = SSL_get1_session(p.client);
        pki_pair_free(&p);
        if (i == 0)
            sleep(3);
    }
    SSL_SESSION_free(session);
    wtl_cred_free(mine);
    pki_free(&brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_let_in_anybody_are_refused),
        cmocka_unit_test(the_systems_authorities),
        cmocka_unit_test(names_are_written_so),
        cmocka_unit_test(names_fit_or_not),
        cmocka_unit_test(names_with_a_nul_fit_nothing),
        cmocka_unit_test(clients_by_authority_and_name),
        cmocka_unit_test(weak_certificates_are_refused),
        cmocka_unit_test(clients_by_pinned_key),
        cmocka_unit_test(servers_by_host_name),
        cmocka_unit_test(servers_by_allowed_name_or_key),
        cmocka_unit_test(chains_end_somewhere),
        cmocka_unit_test(digests_tell_rules_apart),
        cmocka_unit_test(a_check_afterwards_stands_by_itself),
        cmocka_unit_test(a_session_ends_with_its_certificate),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
