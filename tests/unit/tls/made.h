/* Contexts for links: a server "localhost" with a key of any kind, clients that trust it, or know it for another. */
#ifndef WTL_TESTS_MADE_H
#define WTL_TESTS_MADE_H

#include "pki.h"

#include "tls/link.h"

typedef struct made_order {
    const char *alg; /* of the own key; clients: NULL for no certificate */
    const char *ca;  /* file in the box with what is trusted; servers: asks for certificates by it */
    enum wtl_policy_mode mode;
    wtl_ticket *ticket;
    const char *const *alpn;
    size_t n_alpn;
} made_order;

/* Writes NAME.pem and NAME.key of a self-signed certificate, which is an authority of its own. */
static inline wtl_cred *made_cred(const char *name, const char *alg)
{
    pki p = pki_make((pki_order){.alg = alg, .name = name, .san = "DNS:localhost"});
    wtl_cred *c = pki_cred(name, &p);
    pki_free(&p);
    return c;
}

static inline wtl_peer *made_peer(const made_order *o, bool server)
{
    wtl_peer *peer = NULL;
    wtl_err err = {0};
    if (o->ca != NULL)
        assert_good(wtl_peer_new(&peer,
                                 &(wtl_peer_rules){.ca = pki_path(o->ca),
                                                   .host = server ? NULL : "localhost",
                                                   .required = server},
                                 server, &err),
                    &err);
    return peer;
}

static inline wtl_ctx *made(const char *name, bool server, const made_order *o)
{
    wtl_err err = {0};
    wtl_ctx *ctx = NULL;
    wtl_cred *cred = o->alg != NULL ? made_cred(name, o->alg) : NULL;
    wtl_peer *peer = made_peer(o, server);
    wtl_ctx_plan plan = {.server = server,
                         .policy = {.mode = o->mode},
                         .cred = &cred,
                         .n_creds = cred != NULL,
                         .peer = peer,
                         .ticket = o->ticket,
                         .tickets = o->ticket != NULL,
                         .alpn = o->alpn,
                         .n_alpn = o->n_alpn};
    assert_good(wtl_ctx_new(&ctx, &plan, &err), &err);
    wtl_cred_free(cred);
    wtl_peer_free(peer);
    return ctx;
}

static inline wtl_ctx *made_server(const char *name, made_order o)
{
    return made(name, true, &o);
}

static inline wtl_ctx *made_client(const char *name, made_order o)
{
    return made(name, false, &o);
}

#endif
