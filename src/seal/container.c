#include "seal/container.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/lanes.h"
#include "seal/lens.h"
#include "seal/open.h"

/* What one read at a time works with. It remembers the object that it read last. */
struct tool {
    wtl_lens *lens;
    wtl_object object;
    struct tool *next;
};

struct wtl_container {
    wtl_reader r;
    wtl_secret key; /* of the objects */
    wtl_open_result about;
    pthread_mutex_t lock; /* over `idle` */
    struct tool *idle;
};

static void free_tool(struct tool *t)
{
    wtl_lens_free(t->lens);
    wtl_object_auto(&t->object);
    free(t);
}

void wtl_container_close(wtl_container *c)
{
    if (c == NULL)
        return;
    for (struct tool *t = c->idle; t != NULL;) {
        struct tool *next = t->next;
        free_tool(t);
        t = next;
    }
    pthread_mutex_destroy(&c->lock);
    wtl_secret_free(&c->key);
    wtl_reader_auto(&c->r);
    free(c);
}

static int open_into(wtl_container *c, const char *path, const wtl_open_opts *opts, wtl_err *err)
{
    TRY(wtl_open_unlock(&c->r, path, opts, &c->about, err));
    for (size_t i = 0; i < c->r.index.n; i++) {
        c->about.files += c->r.index.e[i].type == WTL_ENTRY_FILE;
        c->about.bytes += c->r.index.e[i].plain;
    }
    return wtl_subkey_derive(&c->key, &c->r.file_key, WTL_SUBKEY_OBJECT, err);
}

int wtl_container_open(wtl_container **out, const char *path, const wtl_open_opts *opts, wtl_err *err)
{
    *out = NULL;
    wtl_container *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory");
    c->r.in.fd = -1;
    pthread_mutex_init(&c->lock, NULL);
    int rc = wtl_reader_named(&c->r, open_into(c, path, opts, err), err);
    if (rc < 0)
        wtl_container_close(c);
    else
        *out = c;
    return rc;
}

void wtl_container_about(const wtl_container *c, wtl_open_result *about)
{
    *about = c->about;
}

size_t wtl_container_count(const wtl_container *c)
{
    return c->r.index.n;
}

int wtl_container_at(const wtl_container *c, size_t i, wtl_container_entry *entry, wtl_err *err)
{
    ENSURE(i < c->r.index.n, err, WTL_USAGE, "the container has %zu entries, and number %zu was asked for",
           c->r.index.n, i);
    const wtl_entry *e = &c->r.index.e[i];
    *entry = (wtl_container_entry){
        .name = e->name, .is_dir = e->type == WTL_ENTRY_EMPTY_DIR, .mode = e->mode, .size = e->plain};
    return WTL_OK;
}

int wtl_container_find(const wtl_container *c, const char *name, size_t *i, wtl_err *err)
{
    const wtl_entry *e = wtl_index_find(&c->r.index, wtl_text_of(name));
    if (e != NULL) {
        *i = (size_t)(e - c->r.index.e);
        return WTL_OK;
    }
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&quoted);
    return WTL_FAIL(err, WTL_USAGE, "the container has nothing of the name \"%.300s\"",
                    shown != NULL ? shown : "?");
}

/* A tool that nobody uses, or a new one. */
static int take(wtl_container *c, struct tool **out, wtl_err *err)
{
    pthread_mutex_lock(&c->lock);
    struct tool *t = c->idle;
    if (t != NULL)
        c->idle = t->next;
    pthread_mutex_unlock(&c->lock);
    *out = t;
    if (t != NULL)
        return WTL_OK;
    t = calloc(1, sizeof *t);
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    bool tree = c->about.sender_authenticated;
    int rc = wtl_lens_new(&t->lens, tree, tree ? wtl_lanes_width(WTL_HASH_SHA256) : 1, err);
    if (rc < 0)
        free_tool(t);
    else
        *out = t;
    return rc;
}

static void give(wtl_container *c, struct tool *t)
{
    pthread_mutex_lock(&c->lock);
    t->next = c->idle;
    c->idle = t;
    pthread_mutex_unlock(&c->lock);
}

static int read_with(wtl_container *c, struct tool *t, const wtl_entry *e, uint64_t from, uint64_t to,
                     uint8_t *out, wtl_err *err)
{
    if (t->object.e != e) {
        wtl_object_auto(&t->object);
        TRY(wtl_object_open(&t->object, &c->r, &c->key, e, c->about.sender_authenticated, err));
    }
    bool whole = from == 0 && to == e->plain;
    return wtl_lens_read(t->lens, &t->object, from, to, whole, out, err);
}

/* The file's and the entry's name before what was found wrong. */
static int named(const wtl_container *c, const wtl_entry *e, int rc, wtl_err *err)
{
    if (rc == WTL_NO && err != NULL) {
        AUTO(wtl_buf) quoted = {0};
        wtl_text_quote(&quoted, wtl_text_of(e->name));
        const char *shown = wtl_buf_cstr(&quoted);
        wtl_err_prefix(err, "\"%.300s\": ", shown != NULL ? shown : "?");
    }
    return wtl_reader_named(&c->r, rc, err);
}

int wtl_container_read(wtl_container *c, size_t i, uint64_t offset, void *to, size_t n, size_t *got,
                       wtl_err *err)
{
    *got = 0;
    ENSURE(i < c->r.index.n && c->r.index.e[i].type == WTL_ENTRY_FILE, err, WTL_USAGE,
           "entry %zu of the container is no file", i);
    const wtl_entry *e = &c->r.index.e[i];
    uint64_t left = offset < e->plain ? e->plain - offset : 0;
    size_t len = n < left ? n : (size_t)left;
    if (len == 0 && e->plain > 0)
        return WTL_OK;
    struct tool *t = NULL;
    uint8_t none;
    int rc = take(c, &t, err);
    if (rc == WTL_OK) {
        uint64_t from = len > 0 ? offset : 0;
        rc = read_with(c, t, e, from, from + len, len > 0 ? to : &none, err);
        give(c, t);
    }
    if (rc == WTL_OK)
        *got = len;
    else if (len > 0)
        memset(to, 0, len);
    return named(c, e, rc, err);
}
