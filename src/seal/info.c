#include "seal/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/reader.h"
#include "seal/wrap.h"

void wtl_info_free(wtl_info *i)
{
    free(i->recipient);
    free(i->recipient_id);
    free(i->signature);
    for (size_t k = 0; k < i->n_entries; k++)
        free(i->entry[k].name);
    free(i->entry);
    *i = (wtl_info){0};
}

static void *zeroed(size_t n, size_t each)
{
    return calloc(n > 0 ? n : 1, each);
}

static const char *slot_state(const wtl_reader *r, unsigned place)
{
    if (r->slot[place].state == WTL_SLOT_UNUSED)
        return "unused";
    if (r->slot[place].state == WTL_SLOT_TORN)
        return "torn";
    return place == r->place ? "in force" : "older";
}

static int fill_header(wtl_info *i, const wtl_reader *r, wtl_err *err)
{
    const wtl_slot *slot = &r->slot[r->place];
    i->version = r->pre.version;
    i->suite = r->pre.suite;
    i->suite_name = wtl_preamble_suite_name(r->pre.suite);
    memcpy(i->container_id, r->pre.id, sizeof i->container_id);
    i->header_generation = slot->generation;
    i->slot = r->place;
    i->slot_state[0] = slot_state(r, 0);
    i->slot_state[1] = slot_state(r, 1);
    i->slot_size = r->pre.slot_size;
    size_t n = wtl_slot_recipients(slot);
    i->recipient = zeroed(n, sizeof *i->recipient);
    ENSURE(i->recipient != NULL, err, WTL_NOMEM, "out of memory");
    i->n_recipients = n;
    for (size_t k = 0; k < n; k++)
        wtl_wrap_name(slot->stanza[k].type, i->recipient[k], sizeof i->recipient[k]);
    return WTL_OK;
}

static int fill_end(wtl_info *i, const wtl_reader *r, wtl_err *err)
{
    i->content_generation = r->trailer.generation;
    i->container_bytes = r->size;
    memcpy(i->index_digest, r->trailer.index_digest, sizeof i->index_digest);
    i->signature = zeroed(r->sigs.n, sizeof *i->signature);
    ENSURE(i->signature != NULL, err, WTL_NOMEM, "out of memory");
    i->n_signatures = r->sigs.n;
    for (size_t k = 0; k < r->sigs.n; k++) {
        const wtl_sender *s = &r->sigs.s[k];
        const char *alg = wtl_sigblock_alg_name(s->alg);
        if (alg != NULL)
            snprintf(i->signature[k].alg, sizeof i->signature[k].alg, "%s", alg);
        else
            snprintf(i->signature[k].alg, sizeof i->signature[k].alg, "unknown (0x%04x)", s->alg);
        memcpy(i->signature[k].key_id, s->key_id, WTL_KEY_ID);
        i->signature[k].size = s->signature.n;
    }
    return WTL_OK;
}

static int fill_entries(wtl_info *i, const wtl_reader *r, wtl_err *err)
{
    i->entry = zeroed(r->index.n, sizeof *i->entry);
    ENSURE(i->entry != NULL, err, WTL_NOMEM, "out of memory");
    for (; i->n_entries < r->index.n; i->n_entries++) {
        const wtl_entry *e = &r->index.e[i->n_entries];
        wtl_info_entry *to = &i->entry[i->n_entries];
        to->name = strdup(e->name);
        ENSURE(to->name != NULL, err, WTL_NOMEM, "out of memory");
        to->is_dir = e->type == WTL_ENTRY_EMPTY_DIR;
        to->mode = e->mode;
        to->size = e->plain;
        i->plain_bytes += e->plain;
    }
    i->opened = true;
    return WTL_OK;
}

static int fill_who(wtl_info *i, const wtl_reader *r, wtl_err *err)
{
    wtl_who who;
    TRY(wtl_who_open(&who, &r->pre, &r->slot[r->place], &r->file_key, err));
    i->recipient_id = who.id;
    return WTL_OK;
}

static int fill(wtl_info *i, wtl_reader *r, const wtl_wrap_means *m, wtl_err *err)
{
    TRY(fill_header(i, r, err));
    TRY(fill_end(i, r, err));
    if (m->n == 0 && m->passphrase == NULL)
        return WTL_OK;
    int rc = wtl_reader_unlock_by(r, m, err);
    if (rc == WTL_NO && !r->fitted && m->n > 0)
        return WTL_OK; /* what everyone may see */
    TRY(rc);
    TRY(wtl_reader_index(r, err));
    TRY(fill_who(i, r, err));
    return fill_entries(i, r, err);
}

static int read_by(const char *container, const wtl_wrap_means *m, wtl_info *out, wtl_err *err)
{
    AUTO(wtl_reader) r = {.in = {.fd = -1}};
    int rc = wtl_reader_open(&r, container, err);
    wtl_info i = {0};
    if (rc == WTL_OK)
        rc = fill(&i, &r, m, err);
    if (rc != WTL_OK) {
        wtl_info_free(&i);
        return wtl_reader_named(&r, rc, err);
    }
    *out = i;
    return WTL_OK;
}

int wtl_info_read(const char *container, const wtl_key *const *identity, size_t n_identities, wtl_info *out,
                  wtl_err *err)
{
    wtl_wrap_means m = {.identity = identity, .n = n_identities};
    return read_by(container, &m, out, err);
}

int wtl_info_read_by(const char *container, const wtl_open_opts *o, wtl_info *out, wtl_err *err)
{
    wtl_wrap_means m = {o->identity, o->n_identities, o->passphrase, o->max_work};
    return read_by(container, &m, out, err);
}
