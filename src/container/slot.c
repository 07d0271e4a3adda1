#include "container/slot.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "crypto/kdf.h"

enum { TAIL = WTL_SLOT_MAC + WTL_SLOT_CHECKSUM, USUAL = 16384 };

void wtl_slot_free(wtl_slot *s)
{
    free(s->stanza);
    *s = (wtl_slot){0};
}

void wtl_slot_auto(wtl_slot *s)
{
    wtl_slot_free(s);
}

int wtl_slot_fit(size_t used, uint32_t *size, wtl_err *err)
{
    uint64_t once = (uint64_t)used + WTL_SLOT_HEAD + TAIL;
    ENSURE(used <= WTL_PREAMBLE_SLOT_MAX && once <= WTL_PREAMBLE_SLOT_MAX, err, WTL_USAGE,
           "too many recipients: their keys take %zu bytes, and a header holds %d", used,
           WTL_PREAMBLE_SLOT_MAX - WTL_SLOT_HEAD - TAIL);
    uint32_t s = USUAL;
    while (s < WTL_PREAMBLE_SLOT_MAX && s < once + used)
        s *= 2;
    *size = s;
    return WTL_OK;
}

size_t wtl_slot_room(uint32_t slot_size)
{
    return slot_size - WTL_SLOT_HEAD - TAIL;
}

size_t wtl_slot_recipients(const wtl_slot *s)
{
    return s->n - (s->n > 0 && s->stanza[s->n - 1].type == WTL_SLOT_ROSTER);
}

bool wtl_slot_has_passphrase(const wtl_slot *s)
{
    return s->n > 0 && s->stanza[0].type == WTL_SLOT_PASSPHRASE;
}

static int slot_mac(wtl_bytes page, wtl_bytes raw, wtl_bytes mac_key, uint8_t mac[WTL_SLOT_MAC], wtl_err *err)
{
    AUTO(wtl_buf) msg = {0};
    wtl_buf_bytes(&msg, page);
    wtl_buf_add(&msg, raw.p, raw.n - TAIL);
    TRY(wtl_buf_check(&msg, err));
    return wtl_kdf_hmac(WTL_HASH_SHA256, mac_key, wtl_buf_view(&msg), mac, err);
}

static void add_stanzas(wtl_buf *b, const wtl_stanza *stanza, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wtl_buf_u16(b, stanza[i].type);
        wtl_buf_u16(b, stanza[i].kdf);
        wtl_buf_u16(b, stanza[i].aead);
        wtl_buf_u32(b, (uint32_t)stanza[i].body.n);
        wtl_buf_bytes(b, stanza[i].body);
    }
}

int wtl_slot_encode(wtl_buf *out, wtl_bytes page, uint64_t generation, const wtl_stanza *stanza, size_t n,
                    wtl_bytes mac_key, wtl_err *err)
{
    wtl_preamble p;
    TRY(wtl_preamble_parse(&p, page, err));
    AUTO(wtl_buf) area = {0};
    add_stanzas(&area, stanza, n);
    TRY(wtl_buf_check(&area, err));
    size_t room = wtl_slot_room(p.slot_size);
    ENSURE(n <= UINT16_MAX && area.n <= room, err, WTL_USAGE,
           "%zu recipients take %zu bytes, and this container's header has room for %zu", n, area.n, room);
    AUTO(wtl_buf) raw = {0};
    wtl_buf_u64(&raw, generation);
    wtl_buf_u32(&raw, (uint32_t)area.n);
    wtl_buf_u16(&raw, (uint16_t)n);
    wtl_buf_u16(&raw, 0);
    wtl_buf_bytes(&raw, wtl_buf_view(&area));
    wtl_buf_zero(&raw, room - area.n + TAIL);
    TRY(wtl_buf_check(&raw, err));
    uint8_t *tail = raw.p + raw.n - TAIL;
    TRY(slot_mac(page, wtl_buf_view(&raw), mac_key, tail, err));
    TRY(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){raw.p, raw.n - WTL_SLOT_CHECKSUM}, tail + WTL_SLOT_MAC,
                      err));
    wtl_buf_bytes(out, wtl_buf_view(&raw));
    return wtl_buf_check(out, err);
}

static bool has_type(const wtl_stanza *s, size_t n, uint16_t type)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i].type == type)
            return true;
    }
    return false;
}

/* `area` holds exactly n stanzas. Memory is asked for only once they were all seen. */
static int parse_stanzas(wtl_slot *out, wtl_bytes area, size_t n, wtl_err *err)
{
    ENSURE(n <= area.n / WTL_SLOT_STANZA_HEAD, err, WTL_FORMAT, "the container's header is malformed");
    wtl_stanza *s = calloc(n > 0 ? n : 1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    wtl_rd r = wtl_rd_of(area);
    for (size_t i = 0; i < n; i++) {
        s[i].type = wtl_rd_u16(&r);
        s[i].kdf = wtl_rd_u16(&r);
        s[i].aead = wtl_rd_u16(&r);
        s[i].body = wtl_rd_take(&r, wtl_rd_u32(&r));
    }
    bool done = wtl_rd_done(&r);
    bool alone = n < 2 || !has_type(s, n, WTL_SLOT_PASSPHRASE);
    bool ordered = n < 2 || !has_type(s, n - 1, WTL_SLOT_ROSTER);
    if (!done || !alone || !ordered) {
        free(s);
        return WTL_FAIL(err, WTL_FORMAT, "the container's header %s",
                        !done    ? "is malformed"
                        : !alone ? "has a passphrase beside other recipients, which no sealer writes"
                                 : "has its list of recipients in the wrong place");
    }
    out->stanza = s;
    out->n = n;
    return WTL_OK;
}

static int parse_whole(wtl_slot *out, wtl_bytes raw, unsigned place, wtl_err *err)
{
    wtl_rd r = wtl_rd_of((wtl_bytes){raw.p, raw.n - TAIL});
    out->generation = wtl_rd_u64(&r);
    uint32_t used = wtl_rd_u32(&r);
    uint16_t n = wtl_rd_u16(&r);
    uint16_t reserved = wtl_rd_u16(&r);
    wtl_bytes area = wtl_rd_take(&r, used);
    ENSURE(reserved == 0 && wtl_rd_is_zero(&r, r.n), err, WTL_FORMAT, "the container's header is malformed");
    ENSURE(out->generation > 0 && (out->generation - 1) % 2 == place, err, WTL_FORMAT,
           "the container's header of generation %llu is in the wrong place",
           (unsigned long long)out->generation);
    return parse_stanzas(out, area, n, err);
}

int wtl_slot_parse(wtl_slot *out, wtl_bytes raw, unsigned place, wtl_err *err)
{
    ENSURE(raw.n >= WTL_PREAMBLE_SLOT_MIN, err, WTL_FORMAT, "the container is cut off in its header");
    wtl_rd all = wtl_rd_of(raw);
    if (wtl_rd_is_zero(&all, raw.n)) {
        *out = (wtl_slot){.state = WTL_SLOT_UNUSED};
        return WTL_OK;
    }
    uint8_t sum[WTL_SLOT_CHECKSUM];
    TRY(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){raw.p, raw.n - sizeof sum}, sum, err));
    if (memcmp(sum, raw.p + raw.n - sizeof sum, sizeof sum) != 0) {
        *out = (wtl_slot){.state = WTL_SLOT_TORN};
        return WTL_OK;
    }
    wtl_slot s = {.state = WTL_SLOT_WHOLE};
    TRY(parse_whole(&s, raw, place, err));
    *out = s;
    return WTL_OK;
}

int wtl_slot_choose(const wtl_slot slot[2], unsigned *place, wtl_err *err)
{
    bool whole[2] = {slot[0].state == WTL_SLOT_WHOLE, slot[1].state == WTL_SLOT_WHOLE};
    ENSURE(whole[0] || whole[1], err, WTL_FORMAT, "the container's header is damaged: nobody can open it");
    /* A generation's place follows from its number; this is for callers that made the slots by hand. */
    ENSURE(!whole[0] || !whole[1] || slot[0].generation != slot[1].generation, err, WTL_FORMAT,
           "the container has two headers of one generation");
    *place = whole[1] && (!whole[0] || slot[1].generation > slot[0].generation);
    return WTL_OK;
}

int wtl_slot_authentic(wtl_bytes page, wtl_bytes raw, wtl_bytes mac_key, wtl_err *err)
{
    ENSURE(raw.n >= WTL_PREAMBLE_SLOT_MIN, err, WTL_FORMAT, "the container is cut off in its header");
    uint8_t mac[WTL_SLOT_MAC];
    TRY(slot_mac(page, raw, mac_key, mac, err));
    ENSURE(wtl_ct_eq((wtl_bytes){mac, sizeof mac}, (wtl_bytes){raw.p + raw.n - TAIL, sizeof mac}), err,
           WTL_NO, "the container's header was changed after it was sealed");
    return WTL_OK;
}
