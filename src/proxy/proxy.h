/* What one worker process runs: services that accept connections, end or begin TLS, and pass bytes on. */
#ifndef WTL_PROXY_PROXY_H
#define WTL_PROXY_PROXY_H

#include "loop/loop.h"
#include "proxy/event.h"
#include "proxyconf/proxyconf.h"
#include "tls/cred.h"
#include "tls/pin.h"

/* What a worker is given; all of it borrowed and living longer than the proxy. */
typedef struct wtl_proxy_env {
    wtl_loop *loop;
    const int *listener; /* one listening socket a service, in the configuration's order; the supervisor's */
    wtl_event_sink *sink;
    wtl_pin *pins;
    wtl_bytes ticket_secret;   /* where a service names no file of its own */
    const wtl_keys *keys;      /* who opens private keys */
    bool first;                /* one of several workers: it says what one is enough to say */
    void (*pinned)(void *arg); /* a new pin is in the table: have it written */
    void *arg;
} wtl_proxy_env;

typedef struct wtl_proxy wtl_proxy;
/* Reads certificates and keys, resolves names, makes contexts and touches all that is loaded lazily: nothing is opened after this, so that a sandbox may be entered. The first thing
 * that is wrong is the error; the caller goes on with the configuration that he had. */
int wtl_proxy_new(wtl_proxy **out, const wtl_proxyconf *conf, const wtl_proxy_env *env,
                  wtl_err *err) WTL_MUST_USE;
void wtl_proxy_free(wtl_proxy *p);

/* Begins to accept. */
int wtl_proxy_start(wtl_proxy *p, wtl_err *err) WTL_MUST_USE;
/* Stops accepting, closes ready-made and unfinished connections that have no client yet; `done` is called once when the last one ends, or after `timeout` nanoseconds, which cuts the rest. */
void wtl_proxy_drain(wtl_proxy *p, int64_t timeout, void (*done)(void *arg), void *arg);
size_t wtl_proxy_connections(const wtl_proxy *p);

/* For `check` and `status`: what the services are, with certificates and their dates, policy and groups, as a JSON object (json_t *, a reference for the caller) in text. */
int wtl_proxy_describe(const wtl_proxy *p, wtl_buf *json, wtl_err *err) WTL_MUST_USE;

#endif
