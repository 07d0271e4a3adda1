#include "verified/scope.h"

#include <string.h>

static wtl_bytes text(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, s != NULL ? strlen(s) : 0};
}

/* The lengths of the fields, then the fields: no two asks give the same bytes. */
int wtl_scope_make(wtl_verified_handle *h, const wtl_verified_ask *ask, wtl_err *err)
{
    const wtl_bytes field[WTL_SCOPE_FIELDS] = {text(ask->kind), text(ask->algorithm), ask->key,
                                               ask->keyset,     ask->policy,          ask->tenant};
    uint32_t length[WTL_SCOPE_FIELDS];
    size_t n = sizeof length;
    ENSURE(ask->kind != NULL, err, WTL_USAGE, "a verdict needs a kind");
    ENSURE(ask->key.n + ask->keyset.n != 0, err, WTL_USAGE,
           "a verdict needs the key or the key set that it rests on");
    for (unsigned i = 0; i < WTL_SCOPE_FIELDS; i++) {
        ENSURE(field[i].n <= WTL_SCOPE_ROOM - n, err, WTL_USAGE,
               "kind, algorithm, key, key set, policy and tenant of a verdict are above %d bytes together: "
               "give the "
               "policy's digest",
               WTL_VERIFIED_SCOPE_MOST);
        length[i] = (uint32_t)field[i].n;
        if (field[i].n != 0)
            memcpy(h->scope + n, field[i].p, field[i].n);
        n += field[i].n;
    }
    memcpy(h->scope, length, sizeof length);
    h->of.scope = (wtl_bytes){h->scope, n};
    h->of.subject = ask->subject;
    return WTL_OK;
}
