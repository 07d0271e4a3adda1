#include "proxy/describe.h"

#include "base/instant.h"

static json_t *places(const wtl_targets *to)
{
    json_t *list = json_array();
    for (size_t i = 0; i < to->n; i++)
        json_array_append_new(list, json_string(to->target[i].text));
    return list;
}

static json_t *routes(const wtl_service *s)
{
    json_t *o = json_object();
    for (size_t i = 0; i < s->n_routes; i++)
        json_object_set_new(o, s->route[i].name, places(&s->route[i].to));
    return o;
}

static json_t *instant(int64_t seconds)
{
    char text[WTL_INSTANT_TEXT];
    return seconds == INT64_MAX ? json_null() : json_string(wtl_instant_write(text, seconds));
}

static json_t *certificates(const wtl_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_creds; i++) {
        const wtl_cred *c = s->cred[i].cred;
        bool raw = wtl_cred_is_raw(c);
        json_t *o = json_object();
        json_object_set_new(o, "path", json_string(s->cred[i].path));
        json_object_set_new(o, "kind", json_string(raw ? "public-key" : "certificate"));
        json_object_set_new(o, "algorithm", json_string(wtl_cred_alg(c)));
        json_object_set_new(o, "subject", json_string(wtl_cred_subject(c)));
        json_object_set_new(o, "not_before", raw ? json_null() : instant(wtl_cred_not_before(c)));
        json_object_set_new(o, "not_after", raw ? json_null() : instant(wtl_cred_not_after(c)));
        json_object_set_new(o, "staple", json_boolean(wtl_cred_staple(c).n > 0));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *seconds(int64_t nanoseconds)
{
    return json_real((double)nanoseconds / 1e9);
}

static void add_policy(json_t *o, const wtl_service *s, const char *groups)
{
    const wtl_policy *p = &s->policy;
    json_object_set_new(o, "policy", json_string(wtl_policy_mode_name(p->mode)));
    json_object_set_new(o, "profile", json_string(p->flags & WTL_POLICY_CNSA ? "cnsa" : "default"));
    json_object_set_new(o, "groups", json_string(groups));
    json_object_set_new(o, "prefer_pq_signature", json_boolean(p->flags & WTL_POLICY_PREFER_PQ_SIG));
    json_object_set_new(o, "classical_share", json_boolean(p->flags & WTL_POLICY_CLASSICAL_SHARE));
    json_object_set_new(o, "tls12", json_boolean(p->flags & WTL_POLICY_TLS12));
}

static void add_rest(json_t *o, const wtl_service *s)
{
    json_object_set_new(o, "alpn", json_string(s->alpn));
    json_object_set_new(o, "starttls", json_string(s->postgres ? "postgresql" : "none"));
    json_object_set_new(o, "accept_proxy", json_boolean(s->accept_proxy));
    json_object_set_new(o, "send_proxy", json_boolean(s->send_proxy));
    json_object_set_new(o, "handshake_timeout_seconds", seconds(s->handshake_timeout));
    json_object_set_new(o, "connect_timeout_seconds", seconds(s->connect_timeout));
    json_object_set_new(o, "idle_timeout_seconds", seconds(s->idle_timeout));
    json_object_set_new(o, "max_connections", json_integer((json_int_t)s->most));
    json_object_set_new(o, "pool", json_integer((json_int_t)s->pool_size));
    json_object_set_new(o, "connections", json_integer((json_int_t)s->n_conns));
}

int wtl_describe_service(json_t **out, const wtl_service *s, wtl_err *err)
{
    AUTO(wtl_buf) groups = {0};
    TRY(wtl_policy_groups(&s->policy, s->server, &groups, err));
    TRY(wtl_buf_check(&groups, err));
    const char *list = wtl_buf_cstr(&groups);
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    size_t lost = wtl_json_lost();
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(s->name));
    json_object_set_new(o, "role", json_string(s->server ? "server" : "client"));
    json_object_set_new(o, "listen", json_string(s->listen));
    json_object_set_new(o, "connect", places(&s->to));
    json_object_set_new(o, "routes", routes(s));
    add_policy(o, s, list);
    json_object_set_new(o, "certificates", certificates(s));
    add_rest(o, s);
    if (wtl_json_lost() != lost) {
        json_decref(o);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = o;
    return WTL_OK;
}
