#include "proxyd/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>

#include "proxyconf/address.h"

static uint64_t mix(uint64_t sum, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ b[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static bool is_name(const wtl_address *a)
{
    struct in6_addr number;
    return !a->is_unix && a->host[0] != '\0' && inet_pton(AF_INET, a->host, &number) != 1 &&
           inet_pton(AF_INET6, a->host, &number) != 1;
}

/* Sums of hashes: the order does not count. */
static bool add(uint64_t *sum, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    uint64_t name = mix(UINT64_C(0xcbf29ce484222325), host, strlen(host));
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        *sum += mix(name, a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
    return true;
}

/* Calls with every name until one says false. */
static bool each(const wtl_proxyconf *conf, bool (*call)(uint64_t *sum, const char *host), uint64_t *sum)
{
    wtl_address a;
    for (size_t i = 0; i < conf->n; i++) {
        const wtl_proxyconf_service *s = &conf->service[i];
        for (size_t k = 0; k < wtl_conf_count(s->conf, "connect"); k++) {
            if (wtl_address_parse(&a, wtl_conf_text(s->conf, "connect", k), NULL) == WTL_OK && is_name(&a) &&
                !call(sum, a.host))
                return false;
        }
        for (size_t k = 0; k < s->n_routes; k++) {
            if (wtl_address_parse(&a, s->route[k].connect, NULL) == WTL_OK && is_name(&a) &&
                !call(sum, a.host))
                return false;
        }
    }
    return true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a callback */
static bool found(uint64_t *sum, const char *host)
{
    (void)sum;
    (void)host;
    return false;
}

bool wtl_names_any(const wtl_proxyconf *conf)
{
    return !each(conf, found, NULL);
}

uint64_t wtl_names_sign(const wtl_proxyconf *conf)
{
    uint64_t sum = 0;
    if (!each(conf, add, &sum))
        return 0;
    return sum != 0 ? sum : 1;
}
