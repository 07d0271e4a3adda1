#include "proxy/service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/expiry.h"

#define SECOND INT64_C(1000000000)

static int copy(char **to, const char *from, wtl_err *err)
{
    *to = strdup(from == NULL ? "" : from);
    ENSURE(*to != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* ---- policy, certificates, peers */

static int read_policy(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    wtl_policy *p = &s->policy;
    TRY(wtl_policy_mode_parse(&p->mode, wtl_conf_text(c, "policy", 0), err));
    if (strcmp(wtl_conf_text(c, "profile", 0), "cnsa") == 0) {
        p->flags |= WTL_POLICY_CNSA;
        if (!wtl_conf_given(c, "policy")) /* the default takes classical groups */
            p->mode = WTL_POLICY_PQ_ONLY;
    }
    if (wtl_conf_number(c, "prefer-pq-signature"))
        p->flags |= WTL_POLICY_PREFER_PQ_SIG;
    if (wtl_conf_number(c, "classical-share"))
        p->flags |= WTL_POLICY_CLASSICAL_SHARE;
    if (wtl_conf_number(c, "tls12"))
        p->flags |= WTL_POLICY_TLS12;
    if (wtl_conf_text(c, "groups", 0) != NULL)
        TRY(wtl_groups_parse(&p->groups, wtl_conf_text(c, "groups", 0), err));
    TRY(wtl_policy_check(p, err));
    s->classical_by_policy = p->groups.n > 0 && !wtl_groups_has(&p->groups, WTL_GROUP_HYBRID) &&
                             !wtl_groups_has(&p->groups, WTL_GROUP_PURE);
    return WTL_OK;
}

static int read_creds(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    size_t n = wtl_conf_count(c, "cert");
    int64_t now = (int64_t)time(NULL);
    ENSURE(!s->server || n > 0, err, WTL_USAGE, "a server needs --cert and --key");
    ENSURE(wtl_conf_count(c, "key") == n, err, WTL_USAGE, "there must be as many --key as --cert");
    s->cred = calloc(n + 1, sizeof *s->cred);
    ENSURE(s->cred != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        wtl_cred_files files = {.cert = wtl_conf_text(c, "cert", i),
                                .key = wtl_conf_text(c, "key", i),
                                .staple = wtl_conf_text(c, "staple", i)};
        wtl_service_cred *to = &s->cred[s->n_creds++];
        TRY(copy(&to->path, files.cert, err));
        TRY(wtl_cred_load(&to->cred, &files, s->worker->env->keys, now, false, err));
    }
    return WTL_OK;
}

static void free_peer(wtl_peer **p)
{
    wtl_peer_free(*p);
}
#define AUTO_PEER __attribute__((cleanup(free_peer)))

/* `to`: the peer of a client; NULL for servers. */
static int make_peer(wtl_peer **out, const wtl_service *s, const wtl_conf *c, const wtl_target *to,
                     wtl_err *err)
{
    wtl_peer_rules rules = {.ca = wtl_conf_text(c, s->server ? "client-ca" : "ca", 0),
                            .name = wtl_conf_list(c, "allow"),
                            .n_names = wtl_conf_count(c, "allow"),
                            .key = wtl_conf_list(c, "pin"),
                            .n_keys = wtl_conf_count(c, "pin"),
                            .required = s->server};
    bool named = rules.n_names > 0 || rules.n_keys > 0;
    if (s->server && rules.ca == NULL && !named)
        return WTL_OK;
    if (!s->server)
        rules.host = wtl_conf_text(c, "server-name", 0);
    if (!s->server && rules.host == NULL && to->host[0] != '\0')
        rules.host = to->host;
    return wtl_peer_new(out, &rules, s->server, err);
}

static int make_ctx(wtl_ctx **out, wtl_service *s, const wtl_conf *c, const wtl_target *to, wtl_err *err)
{
    AUTO_PEER wtl_peer *peer = NULL;
    TRY(make_peer(&peer, s, c, to, err));
    wtl_cred *cred[16] = {0};
    ENSURE(s->n_creds <= sizeof cred / sizeof *cred, err, WTL_USAGE, "more than %zu certificates",
           sizeof cred / sizeof *cred);
    for (size_t i = 0; i < s->n_creds; i++)
        cred[i] = s->cred[i].cred;
    wtl_ctx_plan plan = {.server = s->server,
                         .policy = s->policy,
                         .cred = cred,
                         .n_creds = s->n_creds,
                         .peer = peer,
                         .ticket = s->ticket,
                         .tickets = s->server ? (unsigned)wtl_conf_number(c, "tickets") : 0,
                         .lifetime = (unsigned)(wtl_conf_number(c, "ticket-lifetime") / SECOND),
                         .alpn = wtl_conf_list(c, "alpn"),
                         .n_alpn = wtl_conf_count(c, "alpn"),
                         .compress = wtl_conf_number(c, "compress") != 0};
    return wtl_ctx_new(out, &plan, err);
}

static int make_ticket(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    enum { ROTATE = 3600 };
    if (!s->server || wtl_conf_number(c, "tickets") == 0)
        return WTL_OK;
    int64_t lifetime = wtl_conf_number(c, "ticket-lifetime") / SECOND;
    unsigned keep = (unsigned)((lifetime + ROTATE - 1) / ROTATE);
    const char *path = wtl_conf_text(c, "ticket-keys", 0);
    if (path == NULL)
        return wtl_ticket_new(&s->ticket, s->worker->env->ticket_secret, ROTATE, keep, err);
    AUTO(wtl_secret) secrets = {0};
    TRY(wtl_ticket_read(&secrets, path, err));
    return wtl_ticket_new(&s->ticket, wtl_secret_view(&secrets), ROTATE, keep, err);
}

static int make_tls(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    TRY(read_policy(s, c, err));
    TRY(read_creds(s, c, err));
    TRY(make_ticket(s, c, err));
    if (s->server)
        return make_ctx(&s->ctx, s, c, NULL, err);
    for (size_t i = 0; i < s->to.n; i++)
        TRY(make_ctx(&s->to.target[i].ctx, s, c, &s->to.target[i], err));
    return WTL_OK;
}

/* ---- places */

static int read_routes(wtl_service *s, const wtl_proxyconf_service *conf, wtl_err *err)
{
    s->route = calloc(conf->n_routes + 1, sizeof *s->route);
    ENSURE(s->route != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < conf->n_routes; i++) {
        wtl_service_route *r = &s->route[s->n_routes++];
        TRY(copy(&r->name, conf->route[i].name, err));
        TRY(wtl_targets_add(&r->to, conf->route[i].connect, err));
    }
    return WTL_OK;
}

static int read_places(wtl_service *s, const wtl_proxyconf_service *conf, wtl_err *err)
{
    TRY(copy(&s->listen, wtl_conf_text(conf->conf, "listen", 0), err));
    for (size_t i = 0; i < wtl_conf_count(conf->conf, "connect"); i++)
        TRY(wtl_targets_add(&s->to, wtl_conf_text(conf->conf, "connect", i), err));
    TRY(read_routes(s, conf, err));
    ENSURE(s->to.n > 0 || s->n_routes > 0, err, WTL_USAGE, "there is no --connect to pass connections on to");
    return WTL_OK;
}

static bool matches(const char *pattern, const char *name)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return strcmp(pattern, name) == 0;
    const char *dot = strchr(name, '.'); /* the star stands for one label, as in certificates */
    return dot != NULL && dot != name && strcmp(pattern + 1, dot) == 0;
}

const wtl_targets *wtl_service_to(const wtl_service *s, const char *name)
{
    for (size_t i = 0; i < s->n_routes && name[0] != '\0'; i++) {
        if (matches(s->route[i].name, name))
            return &s->route[i].to;
    }
    return s->to.n > 0 ? &s->to : NULL;
}

/* ---- numbers */

static int read_alpn(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    s->alpn_own = wtl_conf_count(c, "alpn") > 0;
    for (size_t i = 0; i < wtl_conf_count(c, "alpn"); i++)
        wtl_buf_fmt(&b, "%s%s", i > 0 ? " " : "", wtl_conf_text(c, "alpn", i));
    TRY(wtl_buf_check(&b, err));
    return copy(&s->alpn, wtl_buf_cstr(&b), err);
}

static int read_numbers(wtl_service *s, const wtl_conf *c, wtl_err *err)
{
    s->accept_proxy = wtl_conf_number(c, "accept-proxy") != 0;
    s->send_proxy = wtl_conf_number(c, "send-proxy") != 0;
    s->postgres = strcmp(wtl_conf_text(c, "starttls", 0), "postgresql") == 0;
    s->handshake_timeout = wtl_conf_number(c, "handshake-timeout");
    s->connect_timeout = wtl_conf_number(c, "connect-timeout");
    s->idle_timeout = wtl_conf_number(c, "idle-timeout");
    s->most = (size_t)wtl_conf_number(c, "max-connections");
    s->pool_size = s->server ? 0 : (size_t)wtl_conf_number(c, "pool");
    s->pool_idle = wtl_conf_number(c, "pool-idle");
    ENSURE(s->pool_size == 0 || !s->send_proxy, err, WTL_USAGE,
           "pool and send-proxy exclude each other: a connection made ahead cannot say whose it will be");
    return read_alpn(s, c, err);
}

static void read_series(wtl_service *s)
{
    wtl_metric *m = s->worker->env->sink->metrics;
    const char *role = s->server ? "server" : "client";
    const char *two[] = {s->name, role};
    const char *in[] = {s->name, role, "in"};
    const char *out[] = {s->name, role, "out"};
    s->accepted = wtl_metric_at(m, WTL_PROXY_ACCEPTED, two);
    s->live = wtl_metric_at(m, WTL_PROXY_CONNECTIONS, two);
    s->bytes[0] = wtl_metric_at(m, WTL_PROXY_BYTES, in);
    s->bytes[1] = wtl_metric_at(m, WTL_PROXY_BYTES, out);
    s->pooled = s->server ? NULL : wtl_metric_at(m, WTL_PROXY_POOL, (const char *[]){s->name});
}

int wtl_service_init(wtl_service *s, wtl_worker *worker, const wtl_proxyconf_service *conf, wtl_err *err)
{
    *s = (wtl_service){.worker = worker, .server = conf->server};
    int rc = copy(&s->name, conf->name, err);
    if (rc == WTL_OK)
        rc = read_numbers(s, conf->conf, err);
    if (rc == WTL_OK)
        rc = read_places(s, conf, err);
    if (rc == WTL_OK)
        rc = make_tls(s, conf->conf, err);
    if (rc < 0) {
        wtl_err_prefix(err, "service %s: ", conf->name);
        wtl_service_end(s);
        return rc;
    }
    read_series(s);
    return WTL_OK;
}

static void count_now(void *arg)
{
    wtl_service *s = arg;
    wtl_metric *m = s->worker->env->sink->metrics;
    for (int i = 0; i < 2; i++) {
        wtl_metric_add(m, s->bytes[i], s->uncounted[i]);
        s->uncounted[i] = 0;
    }
}

void wtl_service_count(wtl_service *s, uint64_t in, uint64_t out)
{
    s->uncounted[0] += in;
    s->uncounted[1] += out;
    if (s->count.loop != NULL || in + out == 0)
        return;
    wtl_loop *loop = s->worker->loop;
    if (wtl_loop_timer_at(loop, &s->count, wtl_loop_now(loop) + SECOND, count_now, s, NULL) < 0)
        count_now(s);
}

void wtl_service_end(wtl_service *s)
{
    wtl_loop_timer_off(&s->count);
    wtl_expiry_end(s);
    if (s->bytes[0] != NULL)
        count_now(s);
    for (size_t i = 0; i < s->n_creds; i++) {
        wtl_cred_free(s->cred[i].cred);
        free(s->cred[i].path);
    }
    free(s->cred);
    for (size_t i = 0; i < s->n_routes; i++) {
        wtl_targets_free(&s->route[i].to);
        free(s->route[i].name);
    }
    free(s->route);
    wtl_targets_free(&s->to);
    wtl_ctx_free(s->ctx);
    wtl_ticket_free(s->ticket);
    free(s->alpn);
    free(s->listen);
    free(s->name);
    *s = (wtl_service){0};
}
