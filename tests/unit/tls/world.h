/* The certificates and contexts that several tests of this room share. */
#ifndef WTL_TESTS_TLS_WORLD_H
#define WTL_TESTS_TLS_WORLD_H

#include "pki.h"

#define HOST "a.example.org"

static pki root, ec, dsa, dsa87, root87, rsa, client;
static wtl_cred *ec_cred, *dsa_cred, *dsa87_cred, *rsa_cred, *client_cred;

static inline int open_all(void **state)
{
    if (pki_open(state) != 0)
        return -1;
    root = pki_make((pki_order){.alg = "P-256", .name = "root", .ca = true});
    root87 = pki_make((pki_order){.alg = "ML-DSA-87", .name = "root87", .ca = true});
    ec = pki_make((pki_order){.alg = "P-256", .name = "ec", .san = "DNS:" HOST, .by = &root});
    dsa = pki_make((pki_order){.alg = "ML-DSA-65", .name = "dsa", .san = "DNS:" HOST, .by = &root});
    dsa87 = pki_make((pki_order){.alg = "ML-DSA-87", .name = "dsa87", .san = "DNS:" HOST, .by = &root87});
    rsa = pki_make((pki_order){.alg = "RSA", .name = "rsa", .san = "DNS:" HOST, .by = &root});
    client = pki_make(
        (pki_order){.alg = "P-256", .name = "client", .san = "URI:spiffe://example.org/a", .by = &root});
    pki_write_certs("root.pem", PKI_CERTS(&root));
    pki_write_certs("root87.pem", PKI_CERTS(&root87));
    pki_write_certs("roots.pem", PKI_CERTS(&root, &root87));
    ec_cred = pki_cred("ec", &ec);
    dsa_cred = pki_cred("dsa", &dsa);
    dsa87_cred = pki_cred("dsa87", &dsa87);
    rsa_cred = pki_cred("rsa", &rsa);
    client_cred = pki_cred("client", &client);
    return 0;
}

static inline int close_all(void **state)
{
    wtl_cred *creds[] = {ec_cred, dsa_cred, dsa87_cred, rsa_cred, client_cred};
    pki *all[] = {&root, &root87, &ec, &dsa, &dsa87, &rsa, &client};
    for (size_t i = 0; i < 5; i++)
        wtl_cred_free(creds[i]);
    for (size_t i = 0; i < 7; i++)
        pki_free(all[i]);
    return pki_close(state);
}

#define PREF WTL_POLICY_HYBRID_PREFERRED
#define BACK WTL_POLICY_CLASSICAL_FALLBACK
#define PQO WTL_POLICY_PQ_ONLY
#define HYO WTL_POLICY_HYBRID_ONLY
#define CNSA WTL_POLICY_CNSA

#define X "X25519MLKEM768"
#define S3 "SecP384r1MLKEM1024"
#define M10 "MLKEM1024"
#define ECS "ecdsa_secp256r1_sha256"

/* ---- makers */

static inline wtl_peer *peer_of(bool server, wtl_peer_rules rules)
{
    wtl_peer *p = NULL;
    wtl_err err = {0};
    assert_good(wtl_peer_new(&p, &rules, server, &err), &err);
    return p;
}

static inline wtl_ctx *ctx_of(wtl_ctx_plan plan)
{
    wtl_ctx *c = NULL;
    wtl_err err = {0};
    assert_good(wtl_ctx_new(&c, &plan, &err), &err);
    return c;
}

static inline wtl_ctx *server_of(wtl_policy p)
{
    wtl_cred *both[] = {ec_cred, dsa87_cred};
    bool cnsa = (p.flags & WTL_POLICY_CNSA) != 0;
    return ctx_of(
        (wtl_ctx_plan){.server = true, .policy = p, .cred = cnsa ? both + 1 : both, .n_creds = cnsa ? 1 : 2});
}

static inline wtl_ctx *client_of(wtl_policy p)
{
    AUTO(wtl_peer) *peer = peer_of(false, (wtl_peer_rules){.ca = pki_path("roots.pem"), .host = HOST});
    return ctx_of((wtl_ctx_plan){.policy = p, .peer = peer});
}

/* A client or server of others, with these groups. */
static inline SSL_CTX *foreign(bool server, const char *groups)
{
    SSL_CTX *c = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, server ? TLS_server_method() : TLS_client_method());
    assert_non_null(c);
    assert_int_equal(SSL_CTX_set1_groups_list(c, groups), 1);
    if (server)
        assert_int_equal(SSL_CTX_use_cert_and_key(c, ec.cert, ec.key, NULL, 1), 1);
    return c;
}

static inline wtl_ticket *ticket_of(void)
{
    static const uint8_t secret[WTL_TICKET_SECRET] = {7};
    wtl_ticket *t = NULL;
    wtl_err err = {0};
    assert_good(wtl_ticket_new(&t, (wtl_bytes){secret, sizeof secret}, 3600, 8, &err), &err);
    return t;
}

#endif
