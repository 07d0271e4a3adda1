/* What two policies come to in a handshake, and key shares in forms that none may have. */
#include "world.h"

/* ---- policies */

typedef struct side {
    enum wtl_policy_mode mode;
    unsigned flags;
    const char *groups;
} side;

static wtl_policy policy_of(side s)
{
    wtl_policy p = {.mode = s.mode, .flags = s.flags};
    wtl_err err = {0};
    if (s.groups != NULL)
        assert_good(wtl_groups_parse(&p.groups, s.groups, &err), &err);
    return p;
}

static void expect(SSL_CTX *c, SSL_CTX *s, size_t row, size_t column, const char *group, bool retried)
{
    pki_pair p = pki_connect(c, s);
    bool done = pki_shake(&p);
    if (done != (group != NULL))
        fail_msg("row %zu, column %zu: %s", row, column, done ? SSL_get0_group_name(p.client) : "refused");
    for (int i = 0; done && i < 2; i++) {
        wtl_facts f;
        wtl_facts_read(&f, i == 0 ? p.server : p.client);
        if (strcmp(f.group->name, group) != 0)
            fail_msg("row %zu, column %zu: %s, not %s", row, column, f.group->name, group);
        bool told = i == 0 || SSL_CTX_get_ssl_method(c) == TLS_client_method();
        if (told && f.retried != retried)
            fail_msg("row %zu, column %zu, side %d: retried %d", row, column, i, f.retried);
    }
    pki_pair_free(&p);
}

/* Each of our servers with each of our clients: the group, or a refusal; "!" in front when it takes a HelloRetryRequest. */
static void every_pair_of_policies(void **state)
{
    (void)state;
    static const side clients[] = {{PQO, 0, NULL},
                                   {HYO, 0, NULL},
                                   {PREF, 0, NULL},
                                   {BACK, 0, NULL},
                                   {PREF, WTL_POLICY_CLASSICAL_SHARE, NULL},
                                   {BACK, WTL_POLICY_CLASSICAL_SHARE, NULL},
                                   {PREF, CNSA, NULL},
                                   {HYO, CNSA, NULL},
                                   {PQO, 0, "MLKEM768"},
                                   {PREF, 0, "P-256:MLKEM1024"},
                                   {PREF, WTL_POLICY_PREFER_PQ_SIG, NULL}};
    enum { CLIENTS = sizeof clients / sizeof clients[0] };
    static const struct {
        side s;
        const char *result[CLIENTS];
    } servers[] = {
        {{PQO, 0, NULL}, {X, X, X, X, "!" X, "!" X, M10, S3, "MLKEM768", M10, X}},
        {{HYO, 0, NULL}, {X, X, X, X, "!" X, "!" X, "!" S3, S3, NULL, NULL, X}},
        {{PREF, 0, NULL}, {X, X, X, X, "!" X, "!" X, M10, S3, "MLKEM768", M10, X}},
        {{BACK, 0, NULL}, {X, X, X, X, "!" X, "!" X, M10, S3, "MLKEM768", M10, X}},
        {{PREF, WTL_POLICY_TLS12 | WTL_POLICY_PREFER_PQ_SIG, NULL},
         {X, X, X, X, "!" X, "!" X, M10, S3, "MLKEM768", M10, X}},
        {{PREF, CNSA, NULL},
         {"!" M10, "!" S3, "!" M10, "!" M10, "!" M10, "!" M10, M10, S3, NULL, M10, "!" M10}},
        {{HYO, CNSA, NULL}, {"!" S3, "!" S3, "!" S3, "!" S3, "!" S3, "!" S3, "!" S3, S3, NULL, NULL, "!" S3}},
        {{PREF, 0, "X25519:MLKEM768:P-256"},
         {"!MLKEM768", NULL, "!MLKEM768", "!MLKEM768", "!MLKEM768", "!MLKEM768", NULL, NULL, "MLKEM768",
          "!secp256r1", "!MLKEM768"}},
    };
    wtl_ctx *c[CLIENTS];
    for (size_t k = 0; k < CLIENTS; k++)
        c[k] = client_of(policy_of(clients[k]));
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        AUTO(wtl_ctx) *s = server_of(policy_of(servers[i].s));
        for (size_t k = 0; k < CLIENTS; k++) {
            const char *r = servers[i].result[k];
            bool retried = r != NULL && r[0] == '!';
            expect(wtl_ctx_ssl(c[k]), wtl_ctx_ssl(s), i, k, retried ? r + 1 : r, retried);
        }
    }
    for (size_t k = 0; k < CLIENTS; k++)
        wtl_ctx_free(c[k]);
}

static void clients_of_others(void **state)
{
    (void)state;
    static const char *const clients[] = {
        "X25519",
        "*X25519:X25519MLKEM768", /* only the classical share, as older browsers */
        "*X25519:*X25519MLKEM768:P-256",
        "*P-384:P-256",
        "*P-521:X25519",
        "*MLKEM512:MLKEM768",
        "*X25519:MLKEM1024",
        "*X25519:SecP256r1MLKEM768:X25519MLKEM768",
        "ffdhe2048"};
    enum { CLIENTS = sizeof clients / sizeof clients[0] };
    static const struct {
        side s;
        const char *result[CLIENTS];
    } servers[] = {
        {{PREF, 0, NULL}, {"X25519", "!" X, X, "secp384r1", "!X25519", "!MLKEM768", "!" M10, "!" X, NULL}},
        {{BACK, 0, NULL}, {"X25519", "!" X, X, "secp384r1", "!X25519", "!MLKEM768", "!" M10, "!" X, NULL}},
        {{PQO, 0, NULL}, {NULL, "!" X, X, NULL, NULL, "!MLKEM768", "!" M10, "!" X, NULL}},
        {{HYO, 0, NULL}, {NULL, "!" X, X, NULL, NULL, NULL, NULL, "!" X, NULL}},
        {{PREF, CNSA, NULL}, {NULL, NULL, NULL, NULL, NULL, NULL, "!" M10, NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        AUTO(wtl_ctx) *s = server_of(policy_of(servers[i].s));
        for (size_t k = 0; k < CLIENTS; k++) {
            SSL_CTX *c = foreign(false, clients[k]);
            const char *r = servers[i].result[k];
            bool retried = r != NULL && r[0] == '!';
            pki_pair p = pki_connect(c, wtl_ctx_ssl(s));
            bool done = pki_shake(&p);
            wtl_facts f;
            wtl_facts_read(&f, p.server);
            if (done != (r != NULL) ||
                (done && (strcmp(f.group->name, r + retried) != 0 || f.retried != retried)))
                fail_msg("row %zu, column %zu: %s, retried %d", i, k, done ? f.group->name : "refused",
                         f.retried);
            pki_pair_free(&p);
            SSL_CTX_free(c);
        }
    }
}

static void servers_of_others(void **state)
{
    (void)state;
    static const side clients[] = {{PQO, 0, NULL},
                                   {HYO, 0, NULL},
                                   {PREF, 0, NULL},
                                   {BACK, 0, NULL},
                                   {PREF, WTL_POLICY_CLASSICAL_SHARE, NULL}};
    enum { CLIENTS = sizeof clients / sizeof clients[0] };
    static const struct {
        const char *groups, *result[CLIENTS];
    } servers[] = {
        {"X25519:P-256", {NULL, NULL, "!X25519", "!X25519", "X25519"}},
        {"P-384", {NULL, NULL, "!secp384r1", "!secp384r1", "!secp384r1"}},
        {"X25519MLKEM768", {X, X, X, X, "!" X}},
        {"X25519:X25519MLKEM768", {X, X, X, X, "X25519"}}, /* a flat list: whatever share came */
        {"MLKEM768:X25519", {"!MLKEM768", NULL, "!MLKEM768", "!MLKEM768", "X25519"}},
        {"ffdhe2048:X448", {NULL, NULL, NULL, NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        SSL_CTX *s = foreign(true, servers[i].groups);
        for (size_t k = 0; k < CLIENTS; k++) {
            AUTO(wtl_ctx) *c = client_of(policy_of(clients[k]));
            const char *r = servers[i].result[k];
            bool retried = r != NULL && r[0] == '!';
            pki_pair p = pki_connect(wtl_ctx_ssl(c), s);
            bool done = pki_shake(&p);
            wtl_facts f;
            wtl_facts_read(&f, p.client);
            if (done != (r != NULL) ||
                (done && (strcmp(f.group->name, r + retried) != 0 || f.retried != retried)))
                fail_msg("row %zu, column %zu: %s, retried %d", i, k, done ? f.group->name : "refused",
                         f.retried);
            pki_pair_free(&p);
        }
        SSL_CTX_free(s);
    }
}

static void the_first_message_of_a_classical_share_fits_a_packet(void **state)
{
    (void)state;
    AUTO(wtl_ctx) *c = client_of(policy_of((side){PREF, WTL_POLICY_CLASSICAL_SHARE, NULL}));
    AUTO(wtl_ctx) *big = client_of(policy_of((side){PREF, 0, NULL}));
    for (int i = 0; i < 2; i++) {
        SSL *ssl = SSL_new(wtl_ctx_ssl(i == 0 ? c : big));
        BIO *out = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
        SSL_set_tlsext_host_name(ssl, HOST);
        SSL_set_connect_state(ssl);
        SSL_do_handshake(ssl);
        size_t n = BIO_ctrl_pending(out);
        assert_true(i == 0 ? n < 600 : n > 1300);
        SSL_free(ssl);
    }
    ERR_clear_error();
}

/* ---- forbidden points */

/* Turns the uncompressed point of a key share into X9.62's hybrid form, in a ClientHello on its way. */
static bool bend(BIO *wire, uint16_t group, uint16_t share, size_t point)
{
    char *p = NULL;
    long n = BIO_get_mem_data(wire, &p);
    uint8_t head[5] = {(uint8_t)(group >> 8), (uint8_t)group, (uint8_t)(share >> 8), (uint8_t)share, 4};
    uint8_t *at = memmem(p, (size_t)n, head, sizeof head);
    if (at == NULL)
        return false;
    at[4] = (uint8_t)(6 | (at[4 + point - 1] & 1));
    return true;
}

/* What comes of it at the server: true when it answers. */
static bool answers(wtl_ctx *s, const char *groups, uint16_t group, uint16_t share, size_t point, bool bent,
                    bool second)
{
    SSL_CTX *cc = foreign(false, groups);
    SSL *c = SSL_new(cc);
    SSL *v = SSL_new(wtl_ctx_ssl(s));
    BIO *up = BIO_new(BIO_s_mem());
    BIO *down = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(up, -1);
    BIO_set_mem_eof_return(down, -1);
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(c, down, up);
    SSL_set_bio(v, up, down);
    SSL_set_connect_state(c);
    SSL_set_accept_state(v);
    SSL_do_handshake(c);
    if (second) {
        assert_true(pki_goes_on(v, SSL_do_handshake(v)));
        SSL_do_handshake(c);
    }
    if (bent)
        assert_true(bend(up, group, share, point));
    bool good = pki_goes_on(v, SSL_do_handshake(v));
    if (!good) {
        assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_CALLBACK_FAILED);
        ERR_clear_error();
        SSL_do_handshake(c);
        assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER);
    }
    SSL_free(c);
    SSL_free(v);
    SSL_CTX_free(cc);
    ERR_clear_error();
    return good;
}

static void points_in_the_hybrid_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *groups, *asked; /* sent at once; sent after a HelloRetryRequest */
        uint16_t group, share;
        size_t point;
    } rows[] = {
        {"SecP256r1MLKEM768", "*X25519:SecP256r1MLKEM768", 0x11eb, 1249, 65},
        {"SecP384r1MLKEM1024", "*X25519:SecP384r1MLKEM1024", 0x11ed, 1665, 97},
        {"P-256", "*X448:P-256", 0x0017, 65, 65},
        {"P-384", "*X448:P-384", 0x0018, 97, 97},
    };
    AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int second = 0; second < 2; second++) {
            const char *groups = second ? rows[i].asked : rows[i].groups;
            assert_true(answers(s, groups, rows[i].group, rows[i].share, rows[i].point, false, second));
            assert_false(answers(s, groups, rows[i].group, rows[i].share, rows[i].point, true, second));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_policies),
        cmocka_unit_test(clients_of_others),
        cmocka_unit_test(servers_of_others),
        cmocka_unit_test(the_first_message_of_a_classical_share_fits_a_packet),
        cmocka_unit_test(points_in_the_hybrid_form_are_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
