#include "seal/who.h"

#include <stdlib.h>
#include <string.h>

#include "seal/message.h"

void wtl_who_free(wtl_who *r)
{
    free(r->id);
    *r = (wtl_who){0};
}

void wtl_who_auto(wtl_who *r)
{
    wtl_who_free(r);
}

bool wtl_who_known(const uint8_t id[WTL_KEY_ID])
{
    static const uint8_t nobody[WTL_KEY_ID];
    return memcmp(id, nobody, sizeof nobody) != 0;
}

size_t wtl_who_size(size_t n)
{
    return (size_t)wtl_chunked_sealed_size((uint64_t)n * WTL_KEY_ID);
}

static int begin(wtl_secret *key, wtl_buf *context, const wtl_preamble *p, uint64_t generation,
                 const wtl_secret *file_key, wtl_err *err)
{
    TRY(wtl_subkey_derive(key, file_key, WTL_SUBKEY_ROSTER, err));
    wtl_subkey_roster_context(context, p, generation);
    return wtl_buf_check(context, err);
}

int wtl_who_seal(wtl_buf *body, const wtl_preamble *p, uint64_t generation, const wtl_who *r,
                 const wtl_secret *file_key, wtl_err *err)
{
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_buf) context = {0};
    TRY(begin(&key, &context, p, generation, file_key, err));
    wtl_bytes plain = {r->n > 0 ? r->id[0] : NULL, r->n * sizeof *r->id};
    return wtl_message_seal(body, &key, wtl_buf_view(&context), plain, err);
}

static int open_stanza(wtl_who *r, const wtl_preamble *p, uint64_t generation, wtl_bytes body,
                       const wtl_secret *file_key, wtl_err *err)
{
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_buf) plain = {0};
    TRY(begin(&key, &context, p, generation, file_key, err));
    TRY(wtl_message_open(&plain, &key, wtl_buf_view(&context), body, err));
    ENSURE(plain.n == r->n * sizeof *r->id, err, WTL_FORMAT,
           "the container's list of recipients does not have as many as its header");
    if (plain.n > 0)
        memcpy(r->id, plain.p, plain.n);
    return WTL_OK;
}

int wtl_who_open(wtl_who *out, const wtl_preamble *p, const wtl_slot *slot, const wtl_secret *file_key,
                 wtl_err *err)
{
    AUTO(wtl_who) r = {.n = wtl_slot_recipients(slot)};
    r.id = calloc(r.n > 0 ? r.n : 1, sizeof *r.id);
    ENSURE(r.id != NULL, err, WTL_NOMEM, "out of memory");
    const wtl_stanza *s = r.n < slot->n ? &slot->stanza[r.n] : NULL;
    if (s != NULL && s->kdf == WTL_SLOT_OWN_KDF && s->aead == WTL_SLOT_OWN_AEAD)
        TRY(open_stanza(&r, p, slot->generation, s->body, file_key, err));
    *out = r;
    r = (wtl_who){0};
    return WTL_OK;
}
