/* What a proxy is told, by a file or by a command line: checked for what can be known without looking at other files. */
#ifndef WTL_PROXYCONF_PROXYCONF_H
#define WTL_PROXYCONF_PROXYCONF_H

#include "conf/conf.h"

/* The rows of option.def. */
const wtl_conf_table *wtl_proxyconf_service_table(void);
const wtl_conf_table *wtl_proxyconf_proxy_table(void);
/* Whether a service's option is one for servers, or for clients. */
bool wtl_proxyconf_takes(bool server, const char *name);

enum { WTL_PROXYCONF_SERVICES = 64 };

typedef struct wtl_proxyconf_route {
    const char *name;    /* lower case; may begin with "*." */
    const char *connect; /* address */
} wtl_proxyconf_route;

/* Read by name: wtl_conf_text(s->conf, "listen", 0). */
typedef struct wtl_proxyconf_service {
    char *name;  /* section; "server" or "client" from a command line */
    bool server; /* accepts TLS; else it makes it */
    wtl_conf *conf;
    wtl_proxyconf_route *route;
    size_t n_routes;
} wtl_proxyconf_service;

typedef struct wtl_proxyconf {
    wtl_conf *proxy; /* the process's own */
    wtl_proxyconf_service service[WTL_PROXYCONF_SERVICES];
    size_t n;
} wtl_proxyconf;
void wtl_proxyconf_free(wtl_proxyconf *c);
void wtl_proxyconf_auto(wtl_proxyconf *c);

/* A file: section [proxy] (may be absent) and one section a service with `mode = server` or `client`. Every error names file and line. Paths are made
 * absolute by the file's folder (and those of words by the current one). WTL_IO, WTL_FORMAT, WTL_USAGE. */
int wtl_proxyconf_file(wtl_proxyconf *c, const char *path, wtl_err *err) WTL_MUST_USE;
/* One service from words as `--listen 127.0.0.1:8443`, `--tls12`; options of both tables. */
int wtl_proxyconf_words(wtl_proxyconf *c, bool server, const char *const *word, size_t n,
                        wtl_err *err) WTL_MUST_USE;

/* The whole as INI text that wtl_proxyconf_file reads: given values, and defaults as comments. Appended. */
int wtl_proxyconf_print(const wtl_proxyconf *c, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
