#include "proxy/tell.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/rd.h"

const char *wtl_tell_from_text(char out[WTL_TELL_TEXT], const wtl_tell_from *from)
{
    char ip[INET6_ADDRSTRLEN] = "";
    if (from->family == 4 && inet_ntop(AF_INET, from->ip, ip, sizeof ip) != NULL)
        snprintf(out, WTL_TELL_TEXT, "%s:%u", ip, from->port);
    else if (from->family == 6 && inet_ntop(AF_INET6, from->ip, ip, sizeof ip) != NULL)
        snprintf(out, WTL_TELL_TEXT, "[%s]:%u", ip, from->port);
    else
        snprintf(out, WTL_TELL_TEXT, "unix");
    return out;
}

wtl_tell_from wtl_tell_from_socket(const struct sockaddr *at)
{
    wtl_tell_from f = {0};
    if (at->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, at, sizeof in);
        f = (wtl_tell_from){.family = 4, .port = ntohs(in.sin_port)};
        memcpy(f.ip, &in.sin_addr, 4);
    } else if (at->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, at, sizeof in);
        f = (wtl_tell_from){.family = 6, .port = ntohs(in.sin6_port)};
        memcpy(f.ip, &in.sin6_addr, 16);
    }
    return f;
}

/* The names of the groups that a client offers; numbers for those without one. GREASE (RFC 8701) is left out. */
static void write_offered(wtl_buf *out, const wtl_hello_client *hello)
{
    wtl_rd r = wtl_rd_of(hello->groups);
    while (r.n >= 2) {
        uint16_t id = wtl_rd_u16(&r);
        const wtl_group *g = wtl_group_by_id(id);
        if ((id & 0x0f0f) == 0x0a0a && id >> 8 == (id & 0xff))
            continue;
        if (out->n > 0)
            wtl_buf_u8(out, ':');
        if (g != NULL)
            wtl_buf_str(out, g->name);
        else
            wtl_buf_fmt(out, "0x%04x", id);
        if (out->n > 200)
            break;
    }
}

static enum wtl_event_outcome outcome_of(const wtl_tell *t, int rc)
{
    if (t->late)
        return WTL_EVENT_TIMEOUT;
    switch (rc) {
    case WTL_OK:
        return WTL_EVENT_OK;
    case WTL_POLICY:
    case WTL_USAGE:
        return WTL_EVENT_REFUSED;
    case WTL_NO:
    case WTL_FORMAT:
        return WTL_EVENT_REJECTED;
    default:
        return WTL_EVENT_LOST;
    }
}

void wtl_tell_handshake(const wtl_service *s, const wtl_tell *t, int rc, const wtl_err *why)
{
    AUTO(wtl_buf) offered = {0};
    if (rc < 0 && t->hello != NULL)
        write_offered(&offered, t->hello);
    const wtl_facts *facts = t->link == NULL ? NULL : wtl_link_facts(t->link);
    bool weak = facts == NULL || facts->group == NULL || facts->group->class == WTL_GROUP_CLASSICAL;
    wtl_event_handshake e = {.service = s->name,
                             .server = s->server,
                             .outcome = outcome_of(t, rc),
                             .facts = facts,
                             .reason = weak ? t->reason : WTL_FACTS_NO_FALLBACK,
                             .peer_address = t->peer,
                             .offered = offered.n > 0 ? wtl_buf_cstr(&offered) : NULL,
                             .nanoseconds = wtl_loop_now_fresh(s->worker->loop) - t->began,
                             .error = rc < 0 ? why->text : NULL};
    wtl_event_handshake_tell(s->worker->env->sink, &e);
}
