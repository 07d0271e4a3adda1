#include "proxyconf/proxycheck.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "proxyconf/address.h"

static bool is(const wtl_conf *c, const char *name, const char *word)
{
    const char *text = wtl_conf_text(c, name, 0);
    return text != NULL && strcmp(text, word) == 0;
}

/* Of value i of an option that was given. */
static const char *where(const wtl_conf *c, const char *name, size_t i)
{
    const char *place = wtl_conf_where(c, name, i);
    return place != NULL ? place : name;
}

static int parse_at(wtl_address *a, const wtl_conf *c, const char *name, size_t i, wtl_err *err)
{
    int rc = wtl_address_parse(a, wtl_conf_text(c, name, i), err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: ", where(c, name, i));
    return rc;
}

/* Of addresses to connect to. */
static int somewhere(const wtl_address *a, const char *place, wtl_err *err)
{
    ENSURE(a->is_unix || a->port != 0, err, WTL_USAGE, "%s: one cannot connect to port 0", place);
    ENSURE(!wtl_address_is_any(a), err, WTL_USAGE,
           "%s: one cannot connect to every address: name the host, 127.0.0.1 for this machine", place);
    return WTL_OK;
}

static bool is_here(const wtl_address *a)
{
    return !a->is_unix && (strncmp(a->host, "127.", 4) == 0 || strcmp(a->host, "::1") == 0 ||
                           strcasecmp(a->host, "localhost") == 0);
}

static int no_circle(const wtl_address *from, const wtl_address *to, const char *place, wtl_err *err)
{
    bool circle = wtl_address_same(from, to) ||
                  (wtl_address_is_any(from) && is_here(to) && from->port == to->port);
    ENSURE(!circle, err, WTL_USAGE,
           "%s: this is where the service itself listens: it would connect to itself", place);
    return WTL_OK;
}

static int check_addresses(const wtl_proxyconf_service *s, const char *dash, wtl_err *err)
{
    wtl_address listen;
    wtl_address to;
    ENSURE(wtl_conf_has(s->conf, "listen"), err, WTL_USAGE,
           "%slisten is missing: the address where connections are accepted", dash);
    TRY(parse_at(&listen, s->conf, "listen", 0, err));
    for (size_t i = 0; i < wtl_conf_count(s->conf, "connect"); i++) {
        const char *place = where(s->conf, "connect", i);
        TRY(parse_at(&to, s->conf, "connect", i, err));
        TRY(somewhere(&to, place, err));
        TRY(no_circle(&listen, &to, place, err));
    }
    for (size_t i = 0; i < s->n_routes; i++) {
        const char *place = where(s->conf, "route", i);
        int rc = wtl_address_parse(&to, s->route[i].connect, err);
        if (rc < 0)
            wtl_err_prefix(err, "%s: ", place);
        TRY(rc);
        TRY(somewhere(&to, place, err));
        TRY(no_circle(&listen, &to, place, err));
    }
    ENSURE(wtl_conf_has(s->conf, "connect") || s->n_routes > 0, err, WTL_USAGE,
           s->server ? "%sconnect is missing, and there is no route: where do connections go?"
                     : "%sconnect is missing: the address of the server",
           dash);
    return WTL_OK;
}

static int check_sides(const wtl_proxyconf_service *s, wtl_err *err)
{
    const wtl_conf_table *t = wtl_proxyconf_service_table();
    for (size_t i = 0; i < t->n; i++) {
        const char *name = t->row[i].name;
        ENSURE(!wtl_conf_given(s->conf, name) || wtl_proxyconf_takes(s->server, name), err, WTL_USAGE,
               "%s: %s is for %s, and this is a %s", where(s->conf, name, 0), name,
               s->server ? "clients" : "servers", s->server ? "server" : "client");
    }
    return WTL_OK;
}

static int check_identity(const wtl_proxyconf_service *s, const char *dash, wtl_err *err)
{
    size_t certs = wtl_conf_count(s->conf, "cert");
    size_t keys = wtl_conf_count(s->conf, "key");
    size_t staples = wtl_conf_count(s->conf, "staple");
    ENSURE(!s->server || certs > 0, err, WTL_USAGE,
           "%scert is missing: a server shows a certificate, and has its private key in %skey", dash, dash);
    ENSURE(certs == keys, err, WTL_USAGE,
           "%zu of %scert and %zu of %skey: each certificate needs its private key, in the same order", certs,
           dash, keys, dash);
    ENSURE(staples <= certs, err, WTL_USAGE, "%zu of %sstaple for %zu of %scert", staples, dash, certs, dash);
    return WTL_OK;
}

/* Whom a service talks to is always said by somebody; only a server may let in everybody. */
static int check_peers(const wtl_proxyconf_service *s, const char *dash, wtl_err *err)
{
    const wtl_conf *c = s->conf;
    const char *authority = s->server ? "client-ca" : "ca";
    bool known = wtl_conf_given(c, authority);
    ENSURE(s->server || known || wtl_conf_given(c, "pin"), err, WTL_USAGE,
           "nothing says who the server may be: give %sca FILE (authorities; 'system' for the system's own) "
           "or %spin "
           "KEY",
           dash, dash);
    ENSURE(
        known || !wtl_conf_given(c, "allow"), err, WTL_USAGE,
        "%s: a name in a certificate means nothing without the authority that vouches for it: give %s%s FILE",
        where(c, "allow", 0), dash, authority);
    wtl_address a;
    bool named = s->server || !known || wtl_conf_given(c, "allow") || wtl_conf_given(c, "server-name");
    for (size_t i = 0; i < wtl_conf_count(c, "connect") && !named; i++) {
        TRY(parse_at(&a, c, "connect", i, err));
        ENSURE(!a.is_unix, err, WTL_USAGE,
               "%s: a path is no name that a certificate could have: give %sserver-name or %sallow",
               where(c, "connect", i), dash, dash);
    }
    return WTL_OK;
}

static bool is_peer_name(const char *text)
{
    if (strncmp(text, "uri:", 4) == 0)
        return strchr(text + 4, ':') > text + 4;
    if (strncmp(text, "dns:", 4) == 0)
        text += 4;
    if (strncmp(text, "*.", 2) == 0)
        text += 2;
    return wtl_address_is_name(text, strlen(text));
}

static int check_names(const wtl_proxyconf_service *s, wtl_err *err)
{
    const wtl_conf *c = s->conf;
    for (size_t i = 0; i < wtl_conf_count(c, "allow"); i++)
        ENSURE(is_peer_name(wtl_conf_text(c, "allow", i)), err, WTL_USAGE,
               "%s: a name is HOST, *.HOST or uri:SCHEME:..., as uri:spiffe://example.org/trainer",
               where(c, "allow", i));
    const char *host = wtl_conf_text(c, "server-name", 0);
    ENSURE(host == NULL || wtl_address_is_name(host, strlen(host)), err, WTL_USAGE,
           "%s: server-name is no host name", where(c, "server-name", 0));
    for (size_t i = 0; i < wtl_conf_count(c, "alpn"); i++) {
        const char *protocol = wtl_conf_text(c, "alpn", i);
        ENSURE(strlen(protocol) <= 255, err, WTL_USAGE,
               "%s: the name of a protocol has at most 255 bytes (RFC 7301)", where(c, "alpn", i));
        for (size_t k = 0; k < i; k++)
            ENSURE(strcmp(wtl_conf_text(c, "alpn", k), protocol) != 0, err, WTL_USAGE,
                   "%s: a protocol of alpn stands twice", where(c, "alpn", i));
    }
    return WTL_OK;
}

static int check_policy(const wtl_proxyconf_service *s, wtl_err *err)
{
    const wtl_conf *c = s->conf;
    bool cnsa = is(c, "profile", "cnsa");
    bool strict = is(c, "policy", "pq-only") || is(c, "policy", "hybrid-only");
    ENSURE(wtl_conf_number(c, "tls12") == 0 || (!cnsa && !strict), err, WTL_USAGE,
           "%s: TLS 1.2 has no post-quantum key agreement, which %s asks for", where(c, "tls12", 0),
           cnsa ? "the profile cnsa" : "this policy");
    ENSURE(!cnsa || strict || !wtl_conf_given(c, "policy"), err, WTL_USAGE,
           "%s: the profile cnsa takes no classical key agreement, and this policy does: leave one out",
           where(c, "policy", 0));
    return WTL_OK;
}

static int check_sessions(const wtl_proxyconf_service *s, wtl_err *err)
{
    const wtl_conf *c = s->conf;
    ENSURE(wtl_conf_number(c, "pool") == 0 || wtl_conf_number(c, "send-proxy") == 0, err, WTL_USAGE,
           "%s: a connection that is made beforehand cannot begin with the address of its client: not with "
           "send-proxy",
           where(c, "pool", 0));
    ENSURE(wtl_conf_number(c, "tickets") != 0 || !wtl_conf_given(c, "ticket-keys"), err, WTL_USAGE,
           "%s: ticket-keys without tickets", where(c, "ticket-keys", 0));
    return WTL_OK;
}

int wtl_proxycheck_service(const wtl_proxyconf_service *s, const char *dash, wtl_err *err)
{
    TRY(check_sides(s, err));
    TRY(check_addresses(s, dash, err));
    TRY(check_identity(s, dash, err));
    TRY(check_peers(s, dash, err));
    TRY(check_names(s, err));
    TRY(check_policy(s, err));
    return check_sessions(s, err);
}

int wtl_proxycheck_all(const wtl_proxyconf *c, wtl_err *err)
{
    wtl_address own;
    wtl_address other;
    bool metrics = wtl_conf_given(c->proxy, "metrics");
    if (metrics)
        TRY(parse_at(&own, c->proxy, "metrics", 0, err));
    for (size_t i = 0; i < c->n; i++) {
        TRY(parse_at(&other, c->service[i].conf, "listen", 0, err));
        ENSURE(!metrics || !wtl_address_same(&own, &other), err, WTL_USAGE,
               "%s: [%s] listens at this address already", where(c->proxy, "metrics", 0), c->service[i].name);
    }
    for (size_t i = 1; i < c->n; i++) {
        TRY(parse_at(&own, c->service[i].conf, "listen", 0, err));
        for (size_t k = 0; k < i; k++) {
            TRY(parse_at(&other, c->service[k].conf, "listen", 0, err));
            ENSURE(!wtl_address_same(&own, &other), err, WTL_USAGE,
                   "%s: [%s] listens at this address already", where(c->service[i].conf, "listen", 0),
                   c->service[k].name);
        }
    }
    return WTL_OK;
}
