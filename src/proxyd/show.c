#include "proxyd/show.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Texts of the proxy's are printed as names are: without control characters. */
static void add(wtl_buf *out, const json_t *o, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(o, key));
    if (text == NULL)
        text = otherwise;
    wtl_text_quote(out, wtl_text_of(text));
}

static json_int_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void show_places(const json_t *service, wtl_buf *out)
{
    size_t i;
    const json_t *one;
    const char *name;
    json_array_foreach(json_object_get(service, "connect"), i, one)
    {
        wtl_buf_str(out, i == 0 ? " -> " : ", ");
        wtl_text_quote(out, wtl_text_of(json_string_value(one) != NULL ? json_string_value(one) : "?"));
    }
    json_object_foreach(json_object_get(service, "routes"), name, one)
    {
        wtl_buf_str(out, "\n    ");
        wtl_text_quote(out, wtl_text_of(name));
        const char *to = json_string_value(json_array_get(one, 0));
        wtl_buf_str(out, " -> ");
        wtl_text_quote(out, wtl_text_of(to != NULL ? to : "?"));
    }
}

static void show_certificates(const json_t *service, wtl_buf *out)
{
    size_t i;
    const json_t *c;
    json_array_foreach(json_object_get(service, "certificates"), i, c)
    {
        wtl_buf_str(out, "    ");
        add(out, c, "kind", "certificate");
        wtl_buf_str(out, " ");
        add(out, c, "path", "?");
        wtl_buf_str(out, ": ");
        add(out, c, "algorithm", "?");
        if (json_is_string(json_object_get(c, "subject"))) {
            wtl_buf_str(out, ", ");
            add(out, c, "subject", "");
        }
        if (json_is_string(json_object_get(c, "not_after"))) {
            wtl_buf_str(out, ", until ");
            add(out, c, "not_after", "?");
        }
        wtl_buf_str(out, "\n");
    }
}

void wtl_show_services(const json_t *services, wtl_buf *out)
{
    size_t i;
    const json_t *s;
    const json_t *inner = json_object_get(services, "services");
    json_array_foreach(inner != NULL ? inner : services, i, s)
    {
        wtl_buf_str(out, "service ");
        add(out, s, "name", "?");
        wtl_buf_str(out, " (");
        add(out, s, "role", "?");
        wtl_buf_str(out, "): ");
        add(out, s, "listen", "?");
        show_places(s, out);
        wtl_buf_str(out, "\n    policy ");
        add(out, s, "policy", "?");
        wtl_buf_str(out, ": ");
        add(out, s, "groups", "?");
        wtl_buf_str(out, "\n");
        show_certificates(s, out);
    }
}

static void show_workers(const json_t *workers, wtl_buf *out)
{
    size_t i;
    const json_t *w;
    wtl_buf_str(out, "worker  process  configuration  connections  state\n");
    json_array_foreach(workers, i, w)
    {
        wtl_buf_fmt(out, "%6lld  %7lld  %13lld  %11lld  ", (long long)number(w, "worker"),
                    (long long)number(w, "pid"), (long long)number(w, "generation"),
                    (long long)number(w, "connections"));
        add(out, w, "state", "?");
        wtl_buf_str(out, "\n");
    }
}

static void show_reload(const json_t *reload, wtl_buf *out)
{
    if (!json_is_object(reload))
        return;
    wtl_buf_str(out, "last reload ");
    add(out, reload, "outcome", "?");
    wtl_buf_str(out, " at ");
    add(out, reload, "at", "?");
    const char *error = json_string_value(json_object_get(reload, "error"));
    if (error != NULL) {
        wtl_buf_str(out, ": ");
        wtl_text_quote(out, wtl_text_of(error));
    }
    wtl_buf_str(out, "\n");
}

static void show_listening(const json_t *listening, wtl_buf *out)
{
    size_t i;
    const json_t *l;
    json_array_foreach(listening, i, l)
    {
        wtl_buf_str(out, "listening on ");
        add(out, l, "address", "?");
        wtl_buf_str(out, " for ");
        add(out, l, "service", "?");
        wtl_buf_str(out, "\n");
    }
}

void wtl_show_status(const json_t *status, wtl_buf *out)
{
    wtl_buf_str(out, "proxy ");
    add(out, status, "control", "");
    wtl_buf_fmt(out, ", process %lld, ", (long long)number(status, "pid"));
    add(out, status, "state", "?");
    wtl_buf_str(out, " since ");
    add(out, status, "started", "?");
    wtl_buf_fmt(out, ", configuration %lld, version ", (long long)number(status, "generation"));
    add(out, status, "version", "?");
    wtl_buf_str(out, "\n");
    show_reload(json_object_get(status, "reload"), out);
    show_listening(json_object_get(status, "listening"), out);
    wtl_show_services(json_object_get(status, "services"), out);
    show_workers(json_object_get(status, "workers"), out);
}

int wtl_show_json(const json_t *j, wtl_buf *out, wtl_err *err)
{
    TRY(wtl_json_write(j, true, out, err));
    wtl_buf_str(out, "\n");
    return wtl_buf_check(out, err);
}

int wtl_show_out(const wtl_buf *text, wtl_err *err)
{
    TRY(wtl_buf_check(text, err));
    for (size_t at = 0; at < text->n;) {
        ssize_t put = write(STDOUT_FILENO, text->p + at, text->n - at);
        if (put < 0 && errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "standard output cannot be written");
        at += put > 0 ? (size_t)put : 0;
    }
    return WTL_OK;
}
