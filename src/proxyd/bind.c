#include "proxyd/bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "proxyconf/address.h"

enum { BACKLOG = 4096 };

static int resolve_unix(wtl_bind_to *to, const wtl_address *a, wtl_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    ENSURE(strlen(a->host) < sizeof un.sun_path, err, WTL_USAGE,
           "the path of a Unix socket has at most %zu bytes", sizeof un.sun_path - 1);
    memcpy(un.sun_path, a->host, strlen(a->host) + 1);
    memcpy(&to->at, &un, sizeof un);
    to->n = sizeof un;
    return WTL_OK;
}

static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    bool can = bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    close(fd);
    return can;
}

static void resolve_any(wtl_bind_to *to, uint16_t port)
{
    if (has_ipv6()) {
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(&to->at, &six, sizeof six);
        to->n = sizeof six;
        return;
    }
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&to->at, &four, sizeof four);
    to->n = sizeof four;
}

int wtl_bind_resolve(wtl_bind_to *to, const char *address, wtl_err *err)
{
    *to = (wtl_bind_to){0};
    wtl_address a;
    TRY(wtl_address_parse(&a, address, err));
    if (a.is_unix)
        return resolve_unix(to, &a, err);
    if (a.host[0] == '\0') {
        resolve_any(to, a.port);
        return WTL_OK;
    }
    char port[8];
    snprintf(port, sizeof port, "%u", a.port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(a.host, port, &hints, &list);
    ENSURE(rc == 0, err, WTL_IO, "%s: no address to listen on: %s", address, gai_strerror(rc));
    memcpy(&to->at, list->ai_addr, list->ai_addrlen);
    to->n = list->ai_addrlen;
    freeaddrinfo(list);
    return WTL_OK;
}

bool wtl_bind_is_unix(const wtl_bind_to *to)
{
    return to->at.ss_family == AF_UNIX;
}

bool wtl_bind_is_any(const wtl_bind_to *to)
{
    if (to->at.ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)&to->at)->sin6_port == 0;
    return to->at.ss_family == AF_INET && ((const struct sockaddr_in *)&to->at)->sin_port == 0;
}

static int refused(int eno, const char *address, wtl_err *err)
{
    if (eno == EADDRINUSE)
        return WTL_FAIL_SYS(err, WTL_BUSY, eno,
                            "%s: another program listens there: end it, or choose another address", address);
    if (eno == EACCES)
        return WTL_FAIL_SYS(err, WTL_IO, eno,
                            "%s: this user may not listen there (ports below 1024 want CAP_NET_BIND_SERVICE)",
                            address);
    return WTL_FAIL_SYS(err, WTL_IO, eno, "%s: cannot listen there", address);
}

static int open_socket(int *fd, int family, const char *address, wtl_err *err)
{
    *fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd >= 0 ? WTL_OK : refused(errno, address, err);
}

int wtl_bind_tcp(int *fd, const wtl_bind_to *to, bool shared, const char *address, wtl_err *err)
{
    int made;
    int on = 1;
    int off = 0;
    TRY(open_socket(&made, to->at.ss_family, address, err));
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (to->at.ss_family == AF_INET6)
        setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((shared && setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        bind(made, (const struct sockaddr *)&to->at, to->n) < 0) {
        int eno = errno;
        close(made);
        return refused(eno, address, err);
    }
    *fd = made;
    return WTL_OK;
}

/* Whether somebody answers on the socket file. */
static bool answered(const wtl_bind_to *to)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool alive = connect(fd, (const struct sockaddr *)&to->at, to->n) == 0 || errno != ECONNREFUSED;
    close(fd);
    return alive;
}

static int remove_stale(const wtl_bind_to *to, const char *address, wtl_err *err)
{
    const char *path = ((const struct sockaddr_un *)&to->at)->sun_path;
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? WTL_OK : refused(errno, address, err);
    ENSURE(S_ISSOCK(st.st_mode), err, WTL_POLICY,
           "%s: a file that is no socket is in the way; it stays as it is", address);
    if (answered(to))
        return refused(EADDRINUSE, address, err);
    return unlink(path) == 0 || errno == ENOENT ? WTL_OK : refused(errno, address, err);
}

int wtl_bind_unix(int *fd, const wtl_bind_to *to, unsigned mode, const char *address, wtl_err *err)
{
    TRY(remove_stale(to, address, err));
    int made;
    TRY(open_socket(&made, AF_UNIX, address, err));
    mode_t before = umask((mode_t)(0777 & ~mode));
    int rc = bind(made, (const struct sockaddr *)&to->at, to->n);
    int eno = errno;
    umask(before);
    if (rc < 0) {
        close(made);
        return refused(eno, address, err);
    }
    *fd = made;
    return WTL_OK;
}

int wtl_bind_listen(int fd, const char *address, wtl_err *err)
{
    return listen(fd, BACKLOG) == 0 ? WTL_OK : refused(errno, address, err);
}

void wtl_bind_show(int fd, char *out, size_t n, wtl_bind_to *to)
{
    wtl_bind_to at = {.n = sizeof at.at};
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    if (getsockname(fd, (struct sockaddr *)&at.at, &at.n) == 0 && at.at.ss_family == AF_UNIX)
        snprintf(out, n, "unix:%s", ((struct sockaddr_un *)&at.at)->sun_path);
    else if (getnameinfo((struct sockaddr *)&at.at, at.n, host, sizeof host, port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(out, n, at.at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    else
        snprintf(out, n, "?");
    if (to != NULL)
        *to = at;
}
