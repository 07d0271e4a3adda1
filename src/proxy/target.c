#include "proxy/target.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyconf/address.h"

static int add_address(wtl_target *t, const void *at, size_t n, wtl_err *err)
{
    wtl_target_address *p = realloc(t->address, (t->n + 1) * sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    t->address = p;
    p[t->n] = (wtl_target_address){.n = (socklen_t)n};
    memcpy(&p[t->n].at, at, n);
    t->n++;
    return WTL_OK;
}

static int add_local(wtl_target *t, const char *path, wtl_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    ENSURE(n < sizeof un.sun_path, err, WTL_USAGE, "the path of a Unix socket has at most %zu characters",
           sizeof un.sun_path - 1);
    memcpy(un.sun_path, path, n + 1);
    return add_address(t, &un, sizeof un, err);
}

static int add_found(wtl_target *t, const struct addrinfo *found, wtl_err *err)
{
    for (const struct addrinfo *a = found; a != NULL && t->n < WTL_TARGET_ADDRESSES; a = a->ai_next) {
        if (a->ai_addrlen <= sizeof(struct sockaddr_storage))
            TRY(add_address(t, a->ai_addr, a->ai_addrlen, err));
    }
    return WTL_OK;
}

static int look_up(wtl_target *t, const wtl_address *a, wtl_err *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", a->port);
    int gai = getaddrinfo(a->host, port, &hints, &found);
    if (gai !=
        0) { /* without an address of its own but loopback, a machine has none of the family that a number is of */
        hints.ai_flags = AI_NUMERICSERV;
        gai = getaddrinfo(a->host, port, &hints, &found);
    }
    ENSURE(gai == 0, err, WTL_IO, "the name %s of %s cannot be looked up: %s", a->host, t->text,
           gai_strerror(gai));
    int rc = add_found(t, found, err);
    freeaddrinfo(found);
    return rc;
}

static void free_target(wtl_target *t)
{
    wtl_resume_clear(&t->resume);
    wtl_ctx_free(t->ctx);
    free(t->address);
    free(t->host);
    free(t->text);
}

static int fill(wtl_target *t, const char *text, wtl_err *err)
{
    wtl_address a;
    TRY(wtl_address_parse(&a, text, err));
    ENSURE(a.is_unix || a.host[0] != '\0', err, WTL_USAGE, "%s is no place to connect to", text);
    t->text = strdup(text);
    t->host = strdup(a.is_unix ? "" : a.host);
    ENSURE(t->text != NULL && t->host != NULL, err, WTL_NOMEM, "out of memory");
    TRY(a.is_unix ? add_local(t, a.host, err) : look_up(t, &a, err));
    ENSURE(t->n > 0, err, WTL_IO, "%s has no address", text);
    return WTL_OK;
}

int wtl_targets_add(wtl_targets *ts, const char *text, wtl_err *err)
{
    wtl_target *p = realloc(ts->target, (ts->n + 1) * sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    ts->target = p;
    wtl_target t = {0};
    int rc = fill(&t, text, err);
    if (rc == WTL_OK && ts->n_addresses + t.n > WTL_TARGET_ADDRESSES)
        rc = WTL_FAIL(err, WTL_USAGE, "more than %d addresses to connect to", WTL_TARGET_ADDRESSES);
    if (rc < 0) {
        free_target(&t);
        return rc;
    }
    p[ts->n++] = t;
    ts->n_addresses += t.n;
    return WTL_OK;
}

void wtl_targets_free(wtl_targets *ts)
{
    for (size_t i = 0; i < ts->n; i++)
        free_target(&ts->target[i]);
    free(ts->target);
    *ts = (wtl_targets){0};
}

wtl_target_address *wtl_targets_at(const wtl_targets *ts, size_t i, wtl_target **whose)
{
    for (size_t k = 0; k < ts->n; k++) {
        *whose = &ts->target[k];
        if (i < ts->target[k].n)
            return &ts->target[k].address[i];
        i -= ts->target[k].n;
    }
    return NULL;
}
