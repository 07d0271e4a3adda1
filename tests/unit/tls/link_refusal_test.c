#include "pair.h"

/* Refusals, and that the other side learns of them. */

static wtl_ctx *server, *client;

static int make_contexts(void **state)
{
    if (pki_open(state) != 0)
        return -1;
    server = made_server("server", (made_order){.alg = "P-256", .mode = WTL_POLICY_HYBRID_PREFERRED});
    client = made_client("client", (made_order){.ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    return 0;
}

static int drop_contexts(void **state)
{
    wtl_ctx_free(server);
    wtl_ctx_free(client);
    return pki_close(state);
}

static void refused_by_policy(void **state)
{
    (void)state;
    wtl_ctx *old = made_client("old", (made_order){.ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    wtl_ctx *strict = made_server("strict", (made_order){.alg = "P-256", .mode = WTL_POLICY_PQ_ONLY});
    SSL_CTX_set1_groups_list(wtl_ctx_ssl(old), "P-256");
    static pair p;
    pair_begin(&p, old, strict, (wtl_bytes){0});
    outcome o = pair_shake(&p, 65536, 0, -1);
    assert_int_equal(o.rc[1], WTL_POLICY);
    assert_non_null(strstr(o.err[1].text, "group"));
    assert_false(wtl_link_alerted(p.link[1]));
    assert_int_equal(o.rc[0], WTL_NO);
    assert_non_null(strstr(o.err[0].text, "handshake failure"));
    assert_true(wtl_link_alerted(p.link[0]));
    pair_end(&p);
    wtl_ctx_free(old);
    wtl_ctx_free(strict);
}

/* OpenSSL was told otherwise behind the context's back. */
static void refused_at_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        wtl_ctx *strict = made_client("late", (made_order){.ca = "server.pem", .mode = WTL_POLICY_PQ_ONLY});
        if (i == 0)
            SSL_CTX_set1_groups_list(wtl_ctx_ssl(strict), "X25519");
        else
            SSL_CTX_set_verify(wtl_ctx_ssl(strict), SSL_VERIFY_NONE, NULL);
        wtl_ctx *stranger = made_server("stranger",
                                        (made_order){.alg = "P-256", .mode = WTL_POLICY_HYBRID_PREFERRED});
        static pair p;
        pair_begin(&p, strict, i == 0 ? server : stranger, (wtl_bytes){0});
        outcome o = pair_shake(&p, 65536, 0, -1);
        assert_true(o.rc[0] == WTL_POLICY || (i == 1 && o.rc[0] == WTL_NO));
        if (i == 0)
            assert_non_null(strstr(o.err[0].text, "key agreement group X25519,"));
        wtl_err err = {0};
        assert_int_equal(read_fails(p.link[0], &err), WTL_IO);
        pair_end(&p);
        wtl_ctx_free(strict);
        wtl_ctx_free(stranger);
    }
}

static void a_certificate_that_is_not_trusted(void **state)
{
    (void)state;
    wtl_ctx *stranger = made_server("server2",
                                    (made_order){.alg = "P-256", .mode = WTL_POLICY_HYBRID_PREFERRED});
    static pair p;
    pair_begin(&p, client, stranger, (wtl_bytes){0});
    outcome o = pair_shake(&p, 65536, 0, -1);
    assert_int_equal(o.rc[0], WTL_NO);
    assert_non_null(strstr(o.err[0].text, "self-signed"));
    assert_int_equal(o.rc[1], WTL_NO);
    assert_non_null(strstr(o.err[1].text, "unknown CA"));
    assert_true(wtl_link_alerted(p.link[1]));
    pair_end(&p);
    wtl_ctx_free(stranger);
}

static void a_client_without_certificate(void **state)
{
    (void)state;
    wtl_ctx *mutual = made_server(
        "mutual", (made_order){.alg = "P-256", .ca = "server.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    wtl_ctx *bare = made_client("bare",
                                (made_order){.ca = "mutual.pem", .mode = WTL_POLICY_HYBRID_PREFERRED});
    static pair p;
    pair_begin(&p, bare, mutual, (wtl_bytes){0});
    outcome o = pair_shake(&p, 65536, 0, -1);
    assert_int_equal(o.rc[1], WTL_POLICY);
    assert_non_null(strstr(o.err[1].text, "no certificate"));
    wtl_err err = {0};
    assert_int_equal(o.rc[0], 0); /* a TLS 1.3 client learns of it later */
    while (pair_move(&p, 1, 65536, -1) > 0)
        continue;
    assert_int_equal(read_fails(p.link[0], &err), WTL_NO);
    assert_non_null(strstr(err.text, "certificate required"));
    assert_true(wtl_link_alerted(p.link[0]));
    pair_end(&p);
    wtl_ctx_free(mutual);
    wtl_ctx_free(bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_by_policy), cmocka_unit_test(refused_at_the_end),
        cmocka_unit_test(a_certificate_that_is_not_trusted), cmocka_unit_test(a_client_without_certificate)};
    return cmocka_run_group_tests(tests, make_contexts, drop_contexts);
}
