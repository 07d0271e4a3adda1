/* Sessions: resumed with a new key agreement, and only where the same is asked. */
#include "world.h"

/* ---- sessions */

/* A handshake that may resume; the session of the newest ticket. */
static SSL_SESSION *visit(wtl_ctx *c, wtl_ctx *s, SSL_SESSION *offer, bool resumed)
{
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    if (offer != NULL)
        assert_int_equal(SSL_set_session(p.client, offer), 1);
    assert_true(pki_shake(&p));
    wtl_facts f;
    wtl_err err = {0};
    wtl_facts_read(&f, p.server);
    assert_int_equal(f.resumed, resumed);
    assert_int_equal(f.own_signature[0] == '\0', resumed);
    assert_int_equal(f.group->class, WTL_GROUP_HYBRID);
    assert_good(wtl_peer_check(wtl_ctx_peer(s), p.server, &err), &err);
    wtl_facts_read(&f, p.client);
    assert_int_equal(f.resumed, resumed);
    assert_int_equal(f.peer_signature[0] == '\0', resumed);
    assert_string_equal(f.peer, HOST);
    assert_good(wtl_peer_check(wtl_ctx_peer(c), p.client, &err), &err);
    SSL_SESSION *session = SSL_get1_session(p.client);
    pki_pair_free(&p);
    return session;
}

static void sessions_are_resumed_with_a_new_key_agreement(void **state)
{
    (void)state;
    AUTO(wtl_ticket) *t = ticket_of();
    wtl_ctx_plan plan = {.server = true,
                         .policy = {.mode = PREF},
                         .cred = &ec_cred,
                         .n_creds = 1,
                         .ticket = t,
                         .tickets = 1,
                         .lifetime = 100};
    AUTO(wtl_ctx) *s = ctx_of(plan);
    AUTO(wtl_ctx) *c = client_of((wtl_policy){.mode = PREF});
    SSL_SESSION *one = visit(c, s, NULL, false);
    assert_true(SSL_SESSION_is_resumable(one));
    assert_int_equal(SSL_SESSION_get_ticket_lifetime_hint(one), 100);
    SSL_SESSION *two = visit(c, s, one, true);
    AUTO(wtl_ctx) *twin = ctx_of(plan); /* another worker or node */
    SSL_SESSION *three = visit(c, twin, two, true);
    plan.policy.mode = PQO; /* what is asked of new sessions has changed */
    AUTO(wtl_ctx) *other = ctx_of(plan);
    SSL_SESSION *four = visit(c, other, three, false);
    plan.tickets = 0;
    AUTO(wtl_ctx) *none = ctx_of(plan);
    SSL_SESSION *five = visit(c, none, four, false);
    assert_false(SSL_SESSION_is_resumable(five));
    SSL_SESSION *all[] = {one, two, three, four, five};
    for (size_t i = 0; i < 5; i++)
        SSL_SESSION_free(all[i]);
}

/* A client that was let in as anybody does not come back by its ticket when names are asked for. */
static void a_ticket_opens_no_other_door(void **state)
{
    (void)state;
    AUTO(wtl_ticket) *t = ticket_of();
    wtl_ctx_plan plan = {
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .ticket = t, .tickets = 1};
    const char *name[] = {"uri:spiffe://example.org/b"};
    AUTO(wtl_peer) *strict = peer_of(
        true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true, .name = name, .n_names = 1});
    AUTO(wtl_ctx) *open = ctx_of(plan);
    plan.peer = strict;
    AUTO(wtl_ctx) *closed = ctx_of(plan);
    AUTO(wtl_ctx) *c = client_of((wtl_policy){.mode = PREF});
    SSL_SESSION *one = visit(c, open, NULL, false);
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(closed));
    SSL_set_session(p.client, one);
    assert_false(pki_shake(&p));
    pki_pair_free(&p);
    SSL_SESSION_free(one);
}

static void no_resumption_without_forward_secrecy(void **state)
{
    (void)state;
    AUTO(wtl_ticket) *t = ticket_of();
    AUTO(wtl_ctx) *s = ctx_of((wtl_ctx_plan){
        .server = true, .policy = {.mode = PREF}, .cred = &ec_cred, .n_creds = 1, .ticket = t, .tickets = 1});
    SSL_CTX *c = foreign(false, X);
    SSL_CTX_set_options(c, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_PREFER_NO_DHE_KEX);
    SSL_SESSION *session = NULL;
    for (int i = 0; i < 2; i++) {
        pki_pair p = pki_connect(c, wtl_ctx_ssl(s));
        if (session != NULL)
            SSL_set_session(p.client, session);
        assert_true(pki_shake(&p));
        wtl_facts f;
        wtl_facts_read(&f, p.server);
        assert_int_equal(f.resumed, i);
        assert_string_equal(f.group->name, X);
        SSL_SESSION_free(session);
        session = SSL_get1_session(p.client);
        pki_pair_free(&p);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_resumed_with_a_new_key_agreement),
        cmocka_unit_test(a_ticket_opens_no_other_door),
        cmocka_unit_test(no_resumption_without_forward_secrecy),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
