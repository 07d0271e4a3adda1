/* What is told of handshakes. Groups, signatures and resumption stand in pairs_test, ctx_test and session_test. */
#include "world.h"

static void reasons_have_names(void **state)
{
    (void)state;
    assert_string_equal(wtl_facts_reason_name(WTL_FACTS_NO_FALLBACK), "none");
    assert_string_equal(wtl_facts_reason_name(WTL_FACTS_PEER_DID_NOT_OFFER), "peer-did-not-offer");
    assert_string_equal(wtl_facts_reason_name(WTL_FACTS_PEER_REFUSED), "peer-refused");
    assert_string_equal(wtl_facts_reason_name(WTL_FACTS_BY_POLICY), "policy");
}

static void every_field(void **state)
{
    (void)state;
    static const char *const alpn[] = {"a\nb"};
    AUTO(wtl_peer) *ask = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("root.pem"), .host = HOST});
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){.server = true,
                                             .policy = {.mode = PREF},
                                             .cred = &dsa_cred,
                                             .n_creds = 1,
                                             .peer = ask,
                                             .alpn = alpn,
                                             .n_alpn = 1});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF},
                                             .cred = &client_cred,
                                             .n_creds = 1,
                                             .peer = know,
                                             .alpn = alpn,
                                             .n_alpn = 1});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_string_equal(wtl_peer_host(know), HOST);
    SSL_set_tlsext_host_name(p.client, wtl_peer_host(know));
    assert_true(pki_shake(&p));
    wtl_facts f;
    memset(&f, 0xff, sizeof f);
    wtl_facts_read(&f, p.server);
    assert_ptr_equal(f.group, wtl_group_by_name(X));
    assert_string_equal(f.version, "TLSv1.3");
    assert_string_equal(f.cipher, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(f.own_signature, "mldsa65");
    assert_string_equal(f.peer_signature, ECS);
    assert_string_equal(f.server_name, HOST);
    assert_string_equal(f.alpn, "a\\x0ab"); /* it may go to a terminal */
    assert_string_equal(f.peer, "spiffe://example.org/a");
    assert_false(f.resumed || f.retried || f.early_end);
    wtl_facts_read(&f, p.client);
    assert_string_equal(f.own_signature, ECS);
    assert_string_equal(f.peer_signature, "mldsa65");
    assert_string_equal(f.server_name, HOST);
    assert_string_equal(f.peer, HOST);
    pki_pair_free(&p);
}

static void nothing_is_told_before_a_handshake(void **state)
{
    (void)state;
    AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF});
    SSL *ssl = SSL_new(wtl_ctx_ssl(s));
    wtl_facts f;
    SSL_set_accept_state(ssl);
    wtl_facts_read(&f, ssl);
    assert_null(f.group);
    assert_string_equal(f.own_signature, "");
    assert_string_equal(f.peer, "");
    assert_false(f.resumed || f.retried);
    SSL_free(ssl);
}

static void rewire(pki_pair *p)
{
    BIO *a = NULL;
    BIO *b = NULL;
    assert_int_equal(BIO_new_bio_pair(&a, 1 << 17, &b, 1 << 17), 1);
    SSL_set_bio(p->client, a, a);
    SSL_set_bio(p->server, b, b);
}

/* What an SSL object remembers of one connection is not told of the next. */
static void objects_may_be_used_again(void **state)
{
    (void)state;
    AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF});
    AUTO(wtl_ctx) *c = client_of((wtl_policy){.mode = PREF, .flags = WTL_POLICY_CLASSICAL_SHARE});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    static const bool retried[] = {true, false, true, false};
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) {
            SSL_set_shutdown(p.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            SSL_set_shutdown(p.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            assert_int_equal(SSL_clear(p.client), 1);
            assert_int_equal(SSL_clear(p.server), 1);
            SSL_set_session(p.client, NULL);
            rewire(&p);
        }
        assert_int_equal(SSL_set1_groups_list(p.client, retried[i] ? "*X25519:" X : X), 1);
        assert_true(pki_shake(&p));
        wtl_facts f;
        wtl_facts_read(&f, p.server);
        assert_int_equal(f.retried, retried[i]);
        wtl_facts_read(&f, p.client);
        assert_int_equal(f.retried, retried[i]);
        assert_int_equal(f.group->class, WTL_GROUP_HYBRID);
    }
    pki_pair_free(&p);
}

static void bare_keys_are_told_by_their_hash(void **state)
{
    (void)state;
    wtl_cred *raw = pki_raw("raw", dsa.key);
    const char *key = pki_path("raw.pem");
    AUTO(wtl_peer) *know = peer_of(false, (wtl_peer_rules){.key = &key, .n_keys = 1});
    AUTO(wtl_ctx) *s = ctx_of(
        (wtl_ctx_plan){.server = true, .policy = {.mode = PREF}, .cred = &raw, .n_creds = 1});
    AUTO(wtl_ctx) *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF}, .peer = know});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_true(pki_shake(&p));
    wtl_facts f;
    wtl_facts_read(&f, p.client);
    assert_string_equal(f.peer, wtl_cred_subject(raw));
    assert_int_equal(strlen(f.peer), 4 + 64);
    assert_string_equal(f.peer_signature, "mldsa65");
    assert_null(wtl_peer_host(know));
    pki_pair_free(&p);
    wtl_cred_free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_have_names),
        cmocka_unit_test(every_field),
        cmocka_unit_test(nothing_is_told_before_a_handshake),
        cmocka_unit_test(objects_may_be_used_again),
        cmocka_unit_test(bare_keys_are_told_by_their_hash),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
