#include "proxyconf/proxyconf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/value.h"
#include "fs/in.h"
#include "proxyconf/address.h"
#include "proxyconf/proxycheck.h"

#define ROW(name_, kind_, many_, fallback_, least_, most_, words_, arg_, group_, help_) \
    {.name = (name_),                                                                   \
     .kind = WTL_CONF_##kind_,                                                          \
     .many = (many_),                                                                   \
     .fallback = (fallback_),                                                           \
     .least = (least_),                                                                 \
     .most = (most_),                                                                   \
     .words = (words_),                                                                 \
     .arg = (arg_),                                                                     \
     .group = (group_),                                                                 \
     .help = (help_)},

static const wtl_conf_row service_rows[] = {
#define SERVICE ROW
#define SERVER ROW
#define CLIENT ROW
#include "proxyconf/option.def"
};

static const wtl_conf_row proxy_rows[] = {
#define PROXY ROW
#include "proxyconf/option.def"
};

/* Row for row of service_rows. */
static const enum {
    BOTH,
    OF_SERVERS,
    OF_CLIENTS
} sides[] = {
#define SERVICE(...) BOTH,
#define SERVER(...) OF_SERVERS,
#define CLIENT(...) OF_CLIENTS,
#include "proxyconf/option.def"
};

static const wtl_conf_table service_table = {service_rows, sizeof service_rows / sizeof service_rows[0]};
static const wtl_conf_table proxy_table = {proxy_rows, sizeof proxy_rows / sizeof proxy_rows[0]};

const wtl_conf_table *wtl_proxyconf_service_table(void)
{
    return &service_table;
}

const wtl_conf_table *wtl_proxyconf_proxy_table(void)
{
    return &proxy_table;
}

bool wtl_proxyconf_takes(bool server, const char *name)
{
    const wtl_conf_row *row = wtl_conf_row_of(&service_table, name);
    return row != NULL && sides[row - service_rows] != (server ? OF_CLIENTS : OF_SERVERS);
}

void wtl_proxyconf_free(wtl_proxyconf *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->service[i].name);
        free(c->service[i].route);
        wtl_conf_free(c->service[i].conf);
    }
    wtl_conf_free(c->proxy);
    *c = (wtl_proxyconf){0};
}

void wtl_proxyconf_auto(wtl_proxyconf *c)
{
    wtl_proxyconf_free(c);
}

static int add_service(wtl_proxyconf *c, const char *name, bool server, wtl_err *err)
{
    ENSURE(c->n < WTL_PROXYCONF_SERVICES, err, WTL_USAGE, "more than %d services", WTL_PROXYCONF_SERVICES);
    wtl_proxyconf_service *s = &c->service[c->n];
    *s = (wtl_proxyconf_service){.name = strdup(name), .server = server};
    c->n++;
    ENSURE(s->name != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_conf_new(&s->conf, &service_table, err);
}

/* ---- routes */

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* One route out of "NAME=ADDRESS"; the name goes to *room, in lower case. */
static int take_route(wtl_proxyconf_service *s, size_t i, char **room, wtl_err *err)
{
    const char *text = wtl_conf_text(s->conf, "route", i);
    const char *where = wtl_conf_where(s->conf, "route", i);
    const char *equals = strchr(text, '=');
    ENSURE(equals != NULL, err, WTL_USAGE, "%s: a route is NAME=ADDRESS, and '%s' is none", where,
           wtl_value_show(text).s);
    size_t n = (size_t)(equals - text);
    size_t skip = strncmp(text, "*.", 2) == 0 ? 2 : 0;
    ENSURE(n > skip && wtl_address_is_name(text + skip, n - skip), err, WTL_USAGE,
           "%s: a route begins with a host name, as example.org or *.example.org, and '%s' does not", where,
           wtl_value_show(text).s);
    for (size_t k = 0; k < n; k++)
        (*room)[k] = lower(text[k]);
    (*room)[n] = '\0';
    s->route[i] = (wtl_proxyconf_route){*room, equals + 1};
    for (size_t k = 0; k < i; k++)
        ENSURE(strcmp(s->route[k].name, *room) != 0, err, WTL_USAGE, "%s: there is a route for %s already",
               where, *room);
    *room += n + 1;
    return WTL_OK;
}

/* The list and its names are one piece of memory. */
static int take_routes(wtl_proxyconf_service *s, wtl_err *err)
{
    size_t n = wtl_conf_count(s->conf, "route");
    if (n == 0)
        return WTL_OK;
    size_t names = 0;
    for (size_t i = 0; i < n; i++)
        names += strlen(wtl_conf_text(s->conf, "route", i)) + 1;
    s->route = malloc(n * sizeof *s->route + names);
    ENSURE(s->route != NULL, err, WTL_NOMEM, "out of memory");
    char *room = (char *)(s->route + n);
    for (size_t i = 0; i < n; i++)
        TRY(take_route(s, i, &room, err));
    s->n_routes = n;
    return WTL_OK;
}

/* ---- folders */

/* Appends the current folder; nothing where it cannot be told: relative paths then stay relative. */
static void put_here(wtl_buf *out)
{
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) != NULL && here[0] == '/')
        wtl_buf_str(out, here);
}

static void put_folder_of(wtl_buf *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;
    if (path[0] != '/')
        put_here(out);
    if (out->n > 0 && n > 0 && out->p[out->n - 1] != '/')
        wtl_buf_u8(out, '/');
    wtl_buf_add(out, path, n);
    if (slash == path)
        wtl_buf_u8(out, '/');
}

/* ---- files */

enum { SHOWN = 160 }; /* of a path: its end, so that a sentence has room for more */

typedef struct file {
    const char *name; /* as it is shown */
    const char *folder;
} file;

static int read_mode(bool *server, const wtl_ini_section *s, const file *f, wtl_err *err)
{
    const wtl_ini_pair *mode = NULL;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->pair[i].key, "mode") != 0)
            continue;
        ENSURE(mode == NULL, err, WTL_USAGE, "%s: line %u: mode is given twice", f->name, s->pair[i].line);
        mode = &s->pair[i];
    }
    ENSURE(mode != NULL, err, WTL_USAGE, "%s: line %u: [%s] has no 'mode = server' or 'mode = client'",
           f->name, s->line, s->name);
    *server = strcmp(mode->value, "server") == 0;
    ENSURE(*server || strcmp(mode->value, "client") == 0, err, WTL_USAGE,
           "%s: line %u: mode is server (accepts TLS) or client (makes it), not '%s'", f->name, mode->line,
           wtl_value_show(mode->value).s);
    return WTL_OK;
}

/* All but the mode. */
static int fill_service(wtl_proxyconf_service *s, const wtl_ini_section *from, const file *f, wtl_err *err)
{
    for (size_t i = 0; i < from->n; i++) {
        wtl_ini_section one = {.name = from->name, .pair = &from->pair[i], .n = 1};
        if (strcmp(from->pair[i].key, "mode") != 0)
            TRY(wtl_conf_section(s->conf, &one, f->name, f->folder, err));
    }
    TRY(take_routes(s, err));
    wtl_err why = {0};
    int rc = wtl_proxycheck_service(s, "", &why);
    if (rc == WTL_OK)
        return rc;
    /* What is wrong with a value begins with its place; what is missing is missing in the section. */
    size_t n = strlen(f->name);
    if (strncmp(why.text, f->name, n) != 0 || why.text[n] != ':')
        wtl_err_prefix(&why, "%s: line %u: [%s]: ", f->name, from->line, from->name);
    if (err != NULL)
        *err = why;
    return rc;
}

static int read_section(wtl_proxyconf *c, const wtl_ini_section *s, const file *f, wtl_err *err)
{
    if (strcmp(s->name, "proxy") == 0)
        return wtl_conf_section(c->proxy, s, f->name, f->folder, err);
    bool server = false;
    TRY(read_mode(&server, s, f, err));
    int rc = add_service(c, s->name, server, err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: line %u: ", f->name, s->line);
    TRY(rc);
    return fill_service(&c->service[c->n - 1], s, f, err);
}

static int read_file(wtl_proxyconf *c, const char *path, const file *f, wtl_err *err)
{
    enum { MOST = 1 << 20 };
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_ini) ini = {0};
    TRY(wtl_in_read_all(path, MOST, &text, err));
    int rc = wtl_ini_parse_repeated(&ini, wtl_buf_view(&text), err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: ", f->name);
    TRY(rc);
    TRY(wtl_conf_new(&c->proxy, &proxy_table, err));
    for (size_t i = 0; i < ini.n; i++)
        TRY(read_section(c, &ini.section[i], f, err));
    ENSURE(c->n > 0, err, WTL_USAGE, "%s: there is no service in it: a section as [api] with 'mode = server'",
           f->name);
    return wtl_proxycheck_all(c, err);
}

int wtl_proxyconf_file(wtl_proxyconf *c, const char *path, wtl_err *err)
{
    *c = (wtl_proxyconf){0};
    ENSURE(strcmp(path, "-") != 0, err, WTL_USAGE,
           "a configuration is a file that stays, as it is read again on reload; for one named - write ./-");
    AUTO(wtl_buf) folder = {0};
    AUTO(wtl_buf) name = {0};
    put_folder_of(&folder, path);
    wtl_text_quote(&name, wtl_text_of(path));
    file f = {wtl_buf_cstr(&name), wtl_buf_cstr(&folder)};
    if (f.name != NULL && name.n > SHOWN)
        f.name += name.n - SHOWN;
    ENSURE(f.name != NULL && f.folder != NULL, err, WTL_NOMEM, "out of memory");
    int rc = read_file(c, path, &f, err);
    if (rc < 0)
        wtl_proxyconf_free(c);
    return rc;
}

/* ---- words */

static int unknown(const char *name, wtl_err *err)
{
    const char *near = wtl_conf_near(&service_table, name);
    if (near == NULL)
        near = wtl_conf_near(&proxy_table, name);
    return WTL_FAIL(err, WTL_USAGE, "there is no option --%s%s%s%s", wtl_value_show(name).s,
                    near != NULL ? "; did you mean --" : "", near != NULL ? near : "",
                    near != NULL ? "?" : "");
}

/* One option, perhaps with the next word as its value; *i moves past what was used. */
static int take_word(wtl_proxyconf *c, const char *const *word, size_t n, size_t *i, const char *folder,
                     wtl_err *err)
{
    const char *text = word[(*i)++];
    ENSURE(strncmp(text, "--", 2) == 0 && text[2] != '\0', err, WTL_USAGE,
           "'%s' is no option: options are written --name value", wtl_value_show(text).s);
    size_t len = strcspn(text, "=");
    AUTO(wtl_buf) copy = {0};
    wtl_buf_add(&copy, text, len);
    const char *where = wtl_buf_cstr(&copy);
    ENSURE(where != NULL, err, WTL_NOMEM, "out of memory");
    const char *name = where + 2;
    const wtl_conf_row *row = wtl_conf_row_of(&proxy_table, name);
    wtl_conf *conf = row != NULL ? c->proxy : c->service[0].conf;
    if (row == NULL)
        row = wtl_conf_row_of(&service_table, name);
    if (row == NULL)
        return unknown(name, err);
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    if (value == NULL && row->kind != WTL_CONF_FLAG && *i < n)
        value = word[(*i)++];
    return wtl_conf_put(conf, name, value, where, folder, err);
}

static int read_words(wtl_proxyconf *c, bool server, const char *const *word, size_t n, wtl_err *err)
{
    AUTO(wtl_buf) here = {0};
    put_here(&here);
    const char *folder = wtl_buf_cstr(&here);
    ENSURE(folder != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_conf_new(&c->proxy, &proxy_table, err));
    TRY(add_service(c, server ? "server" : "client", server, err));
    for (size_t i = 0; i < n;)
        TRY(take_word(c, word, n, &i, folder, err));
    TRY(take_routes(&c->service[0], err));
    TRY(wtl_proxycheck_service(&c->service[0], "--", err));
    return wtl_proxycheck_all(c, err);
}

int wtl_proxyconf_words(wtl_proxyconf *c, bool server, const char *const *word, size_t n, wtl_err *err)
{
    *c = (wtl_proxyconf){0};
    int rc = read_words(c, server, word, n, err);
    if (rc < 0)
        wtl_proxyconf_free(c);
    return rc;
}

/* ---- and back */

/* The section with its mode behind its name. */
static int print_service(const wtl_proxyconf_service *s, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_conf_print(s->conf, s->name, &text, err));
    const char *all = wtl_buf_cstr(&text);
    ENSURE(all != NULL, err, WTL_NOMEM, "out of memory");
    const char *rest = strchr(all, '\n') + 1;
    wtl_buf_u8(out, '\n');
    wtl_buf_add(out, all, (size_t)(rest - all));
    TRY(wtl_ini_put_pair(out, "mode", s->server ? "server" : "client", err));
    wtl_buf_str(out, rest);
    return wtl_buf_check(out, err);
}

int wtl_proxyconf_print(const wtl_proxyconf *c, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_conf_print(c->proxy, "proxy", &text, err));
    for (size_t i = 0; i < c->n; i++)
        TRY(print_service(&c->service[i], &text, err));
    wtl_buf_bytes(out, wtl_buf_view(&text));
    return wtl_buf_check(out, err);
}
