#include "proxyd/check.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/lib.h"
#include "proxy/proxy.h"
#include "proxyd/board.h"
#include "proxyd/show.h"
#include "proxyd/source.h"
#include "sandbox/sandbox.h"

struct check {
    wtl_proxyconf conf;
    wtl_loop *loop;
    wtl_board *board;
    wtl_event_sink sink;
    wtl_keys keys;
    wtl_proxy_env env;
    wtl_proxy *proxy;
};

static int load(struct check *c, wtl_err *err)
{
    static int no_listener[WTL_PROXYCONF_SERVICES];
    for (size_t i = 0; i < WTL_PROXYCONF_SERVICES; i++)
        no_listener[i] = -1;
    TRY(wtl_sandbox_harden(err));
    TRY(wtl_lib_init(err));
    TRY(wtl_loop_new(&c->loop, err));
    TRY(wtl_board_new(&c->board, err));
    c->sink = (wtl_event_sink){.metrics = wtl_board_metrics(c->board), .log = -1};
    c->keys = wtl_keys_files();
    c->env = (wtl_proxy_env){.loop = c->loop,
                             .listener = no_listener,
                             .sink = &c->sink,
                             .pins = wtl_board_pins(c->board),
                             .ticket_secret = wtl_board_secret(c->board),
                             .keys = &c->keys};
    TRY(wtl_proxy_new(&c->proxy, &c->conf, &c->env, err));
    return wtl_lib_fault(err);
}

static int report(const struct check *c, bool json, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) out = {0};
    AUTO(json_t) *services = NULL;
    TRY(wtl_proxy_describe(c->proxy, &text, err));
    TRY(wtl_json_parse(&services, wtl_buf_view(&text), "what the services are", err));
    if (json)
        TRY(wtl_show_json(services, &out, err));
    else {
        wtl_show_services(services, &out);
        wtl_buf_fmt(&out, "%zu service%s: all good\n", c->conf.n, c->conf.n == 1 ? "" : "s");
    }
    return wtl_show_out(&out, err);
}

/* Takes --json out of the words; the rest is the source's. */
static int take_json(const char *const *word, size_t n, const char **rest, size_t *left, bool *json,
                     wtl_err *err)
{
    enum { WORDS = 8 };
    ENSURE(n <= WORDS, err, WTL_USAGE, "--config FILE and --json are all that is taken here");
    *left = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word[i], "--json") == 0)
            *json = true;
        else
            rest[(*left)++] = word[i];
    }
    return WTL_OK;
}

int wtl_check_run(const char *const *word, size_t n, wtl_err *err)
{
    const char *rest[8];
    size_t left = 0;
    bool json = false;
    wtl_source source;
    TRY(take_json(word, n, rest, &left, &json, err));
    TRY(wtl_source_words(&source, "check", rest, left, err));
    struct check c = {0};
    int rc = wtl_source_load(&source, &c.conf, err);
    if (rc == WTL_OK)
        rc = load(&c, err);
    if (rc == WTL_OK)
        rc = report(&c, json, err);
    wtl_proxy_free(c.proxy);
    wtl_proxyconf_free(&c.conf);
    wtl_board_free(c.board);
    wtl_loop_free(c.loop);
    return rc;
}
