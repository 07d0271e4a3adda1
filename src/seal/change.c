#include "seal/change.h"

#include <stdlib.h>
#include <string.h>

void wtl_change_auto(wtl_change *c)
{
    wtl_reader_auto(&c->r);
    wtl_who_free(&c->who);
    free(c->drop);
    wtl_secret_free(&c->passphrase);
    wtl_inplace_close(&c->file);
}

void wtl_rewrap_result_free(wtl_rewrap_result *r)
{
    free(r->recipient);
    free(r->recipient_id);
    *r = (wtl_rewrap_result){0};
}

/* Whom the roster does not know an identity may. */
static int learn(wtl_change *c, size_t i, wtl_err *err)
{
    const wtl_slot *slot = &c->r.slot[c->r.place];
    for (size_t k = 0; k < c->o->n_identities && !wtl_who_known(c->who.id[i]); k++) {
        AUTO(wtl_secret) key = {0};
        int rc = wtl_wrap_try(&key, &c->r.pre, &slot->stanza[i], c->o->identity[k], err);
        TRY(rc);
        if (rc == 1)
            TRY(wtl_key_id(c->o->identity[k], c->who.id[i], err));
    }
    return WTL_OK;
}

/* A new key may be wanted under the same passphrase, which is asked for once. */
static int remember(void *arg, char *out, size_t cap, wtl_err *err)
{
    wtl_change *c = arg;
    int n = c->o->passphrase->ask(c->o->passphrase->arg, out, cap, err);
    if (n > 0 && (size_t)n <= cap)
        TRY(wtl_secret_copy(&c->passphrase, (wtl_bytes){(uint8_t *)out, (size_t)n}, err));
    return n;
}

/* Everything is read after the lock was had. */
static int begin(wtl_change *c, wtl_err *err)
{
    wtl_reader *r = &c->r;
    wtl_passphrase asked = {remember, c};
    wtl_wrap_means m = {c->o->identity, c->o->n_identities, c->o->passphrase != NULL ? &asked : NULL,
                        c->o->max_work};
    TRY(wtl_inplace_open(&c->file, c->path, err));
    TRY(wtl_reader_open(r, c->path, err));
    ENSURE(r->in.stamp.dev == c->file.stamp.dev && r->in.stamp.ino == c->file.stamp.ino, err, WTL_BUSY,
           "the container was replaced at this moment: try again");
    TRY(wtl_reader_unlock_by(r, &m, err));
    TRY(wtl_who_open(&c->who, &r->pre, &r->slot[r->place], &r->file_key, err));
    if (!wtl_slot_has_passphrase(&r->slot[r->place])) {
        for (size_t i = 0; i < c->who.n; i++)
            TRY(learn(c, i, err));
    }
    c->drop = calloc(c->who.n + 1, sizeof *c->drop);
    ENSURE(c->drop != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

int wtl_change_find(const wtl_change *c, const wtl_key *k, size_t *at, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    for (*at = 0; *at < c->who.n && memcmp(c->who.id[*at], id, sizeof id) != 0;)
        ++*at;
    return WTL_OK;
}

static int not_found(const wtl_change *c, const char *name, wtl_err *err)
{
    size_t unknown = 0;
    for (size_t i = 0; i < c->who.n; i++)
        unknown += !wtl_who_known(c->who.id[i]);
    ENSURE(unknown > 0, err, WTL_USAGE, "%s is no recipient of this container", name);
    return WTL_FAIL(
        err, WTL_USAGE,
        "which recipient is %s? %zu of this container's %zu are not named in it, because an older "
        "Wattle sealed it: say with --to who all its recipients are to be",
        name, unknown, c->who.n);
}

/* Marks those who go. */
static int mark(wtl_change *c, wtl_err *err)
{
    const wtl_rewrap_opts *o = c->o;
    char buf[WTL_WRAP_CALLED];
    bool pass = wtl_slot_has_passphrase(&c->r.slot[c->r.place]);
    ENSURE(!pass || o->n_remove == 0, err, WTL_USAGE,
           "the container opens with a passphrase and has no recipients to remove");
    ENSURE(
        !pass || o->n_add == 0, err, WTL_USAGE,
        "the container opens with a passphrase, which stands alone: to put recipients in its place name them "
        "with --to");
    for (size_t i = 0; i < c->who.n; i++)
        c->drop[i] = o->n_to > 0 || o->set_passphrase != NULL;
    for (size_t i = 0; i < o->n_remove; i++) {
        size_t at;
        const char *name = wtl_wrap_called(buf, o->remove_name, i);
        TRY(wtl_change_find(c, o->remove[i], &at, err));
        if (at == c->who.n)
            return not_found(c, name, err);
        ENSURE(!c->drop[at], err, WTL_USAGE, "%s is to be removed twice", name);
        c->drop[at] = true;
    }
    return WTL_OK;
}

int wtl_change_open(wtl_change *c, wtl_err *err)
{
    TRY(begin(c, err));
    return mark(c, err);
}

/* Is one of the keys that it was opened with among the new recipients? */
static int is_locked_out(const wtl_change *c, const wtl_who *now, bool *out, wtl_err *err)
{
    *out = c->o->n_identities > 0;
    for (size_t k = 0; k < c->o->n_identities; k++) {
        uint8_t id[WTL_KEY_ID];
        TRY(wtl_key_id(c->o->identity[k], id, err));
        for (size_t i = 0; i < now->n; i++)
            *out = *out && memcmp(now->id[i], id, sizeof id) != 0;
    }
    return WTL_OK;
}

/* Recipients of X-Wing that still fit. */
static size_t room_left(const wtl_stanza *s, size_t n, uint32_t slot_size)
{
    size_t each = wtl_wrap_body(wtl_alg_by_name("X-Wing"));
    size_t bodies = 0;
    size_t more = 0;
    for (size_t i = 0; i < n; i++)
        bodies += s[i].body.n;
    while (s[0].type != WTL_SLOT_PASSPHRASE &&
           wtl_wrap_size(n + more + 1, bodies + (more + 1) * each) <= wtl_slot_room(slot_size))
        more++;
    return more;
}

int wtl_change_tell(wtl_rewrap_result *out, const wtl_change *c, const wtl_change_now *now, wtl_err *err)
{
    size_t n = now->who->n;
    wtl_rewrap_result r = {.header_generation = now->generation,
                           .slot = (now->generation - 1) % 2,
                           .n_recipients = n,
                           .n_before = c->who.n,
                           .room = room_left(now->stanza, n, now->pre->slot_size)};
    memcpy(r.container_id, now->pre->id, sizeof r.container_id);
    TRY(is_locked_out(c, now->who, &r.locked_out, err));
    r.recipient = calloc(n, sizeof *r.recipient);
    r.recipient_id = calloc(n, sizeof *r.recipient_id);
    if (r.recipient == NULL || r.recipient_id == NULL) {
        wtl_rewrap_result_free(&r);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        wtl_wrap_name(now->stanza[i].type, r.recipient[i], sizeof r.recipient[i]);
    memcpy(r.recipient_id, now->who->id, n * sizeof *r.recipient_id);
    *out = r;
    return WTL_OK;
}
