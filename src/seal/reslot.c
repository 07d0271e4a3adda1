#include "seal/reslot.h"

#include "seal/pass.h"

/* One more is refused by name, with what there is room for. */
static int check_room(const wtl_change *c, const wtl_wrap *w, const char *name, wtl_err *err)
{
    uint32_t size = c->r.pre.slot_size;
    ENSURE(wtl_wrap_size(w->n, w->bodies.n) <= wtl_slot_room(size), err, WTL_USAGE,
           "recipient %s is one too many: this container's header has room for %zu X-Wing or %zu ML-KEM-1024 "
           "recipients; use --rekey, which makes a larger one",
           name, wtl_wrap_capacity(size, wtl_alg_by_name("X-Wing")),
           wtl_wrap_capacity(size, wtl_alg_by_name("ML-KEM-1024")));
    return WTL_OK;
}

static int keep_some(const wtl_change *c, wtl_wrap *w, wtl_err *err)
{
    const wtl_slot *slot = &c->r.slot[c->r.place];
    for (size_t i = 0; i < c->who.n; i++) {
        if (!c->drop[i])
            TRY(wtl_wrap_keep(w, &slot->stanza[i], c->who.id[i], err));
    }
    return WTL_OK;
}

static int add_some(const wtl_change *c, wtl_wrap *w, wtl_err *err)
{
    const wtl_rewrap_opts *o = c->o;
    char buf[WTL_WRAP_CALLED];
    for (size_t i = 0; i < o->n_add; i++) {
        size_t at;
        const char *name = wtl_wrap_called(buf, o->add_name, i);
        TRY(wtl_change_find(c, o->add[i], &at, err));
        ENSURE(at == c->who.n || c->drop[at], err, WTL_USAGE, "%s is a recipient of this container already",
               name);
        TRY(wtl_wrap_key(w, o->add[i], err));
        TRY(check_room(c, w, name, err));
    }
    for (size_t i = 0; i < o->n_to; i++) {
        TRY(wtl_wrap_key(w, o->to[i], err));
        TRY(check_room(c, w, wtl_wrap_called(buf, o->to_name, i), err));
    }
    return WTL_OK;
}

static int add_passphrase(const wtl_change *c, wtl_wrap *w, wtl_err *err)
{
    AUTO(wtl_secret) passphrase = {0};
    TRY(wtl_pass_ask(&passphrase, c->o->set_passphrase, err));
    return wtl_wrap_passphrase(w, &passphrase, c->o->work, err);
}

/* The slot of the next generation, checked as a reader would. */
static int make_slot(wtl_change *c, wtl_wrap *w, wtl_buf *slot, wtl_err *err)
{
    const wtl_reader *r = &c->r;
    uint64_t next = r->slot[r->place].generation + 1;
    AUTO(wtl_secret) mac_key = {0};
    AUTO(wtl_slot) parsed = {0};
    ENSURE(next != 0, err, WTL_POLICY, "the container's header cannot be rewritten any more: use --rekey");
    TRY(wtl_wrap_end(w, next, slot, err));
    TRY(wtl_slot_parse(&parsed, wtl_buf_view(slot), 1 - r->place, err));
    TRY(wtl_subkey_derive(&mac_key, &r->file_key, WTL_SUBKEY_HEADER, err));
    TRY(wtl_slot_authentic(wtl_buf_view(&r->page), wtl_buf_view(slot), wtl_secret_view(&mac_key), err));
    ENSURE(parsed.generation == next && wtl_slot_recipients(&parsed) == w->n, err, WTL_BUG,
           "a header that was not what it should be");
    return WTL_OK;
}

/* A write that failed may have left its slot torn: then the other one stays in force. */
static int write_slot(wtl_change *c, const wtl_buf *slot, wtl_err *err)
{
    const wtl_reader *r = &c->r;
    uint64_t at = WTL_PREAMBLE_SIZE + (uint64_t)(1 - r->place) * r->pre.slot_size;
    int rc = wtl_inplace_write(&c->file, at, wtl_buf_view(slot), err);
    if (rc == WTL_IO && err != NULL)
        wtl_err_prefix(err, "the recipients could not be changed: ");
    return rc;
}

int wtl_reslot_run(wtl_change *c, wtl_rewrap_result *result, wtl_err *err)
{
    const wtl_reader *r = &c->r;
    AUTO(wtl_wrap) w = {.pre = &r->pre, .file_key = &r->file_key};
    AUTO(wtl_buf) slot = {0};
    TRY(keep_some(c, &w, err));
    TRY(c->o->set_passphrase != NULL ? add_passphrase(c, &w, err) : add_some(c, &w, err));
    ENSURE(w.n > 0, err, WTL_USAGE, "the last recipient cannot be removed: nobody could open the container");
    TRY(make_slot(c, &w, &slot, err));
    wtl_change_now now = {&r->pre, r->slot[r->place].generation + 1, w.stanza, &w.who};
    TRY(wtl_change_tell(result, c, &now, err));
    int rc = write_slot(c, &slot, err);
    if (rc < 0)
        wtl_rewrap_result_free(result);
    return rc;
}
