#include "container/trailer.h"

#include <string.h>

#include "base/rd.h"
#include "crypto/kdf.h"

static const uint8_t magic[8] = {0xf7, 'W', 'T', 'L', 'e', 'n', 'd', '\n'};

enum { FIELDS = 8 + 6 * 8 + WTL_TRAILER_DIGEST + 8, SUM = FIELDS + WTL_TRAILER_MAC };
_Static_assert(SUM + 32 == WTL_TRAILER_SIZE, "the trailer's parts and its size");

static int trailer_mac(wtl_bytes fields, const wtl_preamble *p, wtl_bytes sigs, wtl_bytes mac_key,
                       uint8_t mac[WTL_TRAILER_MAC], wtl_err *err)
{
    uint8_t digest[64];
    TRY(wtl_hash_once(WTL_HASH_SHA512, sigs, digest, err));
    AUTO(wtl_buf) msg = {0};
    wtl_buf_add(&msg, p->id, sizeof p->id);
    wtl_buf_bytes(&msg, fields);
    wtl_buf_add(&msg, digest, sizeof digest);
    TRY(wtl_buf_check(&msg, err));
    return wtl_kdf_hmac(WTL_HASH_SHA256, mac_key, wtl_buf_view(&msg), mac, err);
}

int wtl_trailer_encode(wtl_buf *out, const wtl_trailer *t, const wtl_preamble *p, wtl_bytes sigs,
                       wtl_bytes mac_key, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    wtl_buf_add(&b, magic, sizeof magic);
    wtl_buf_u64(&b, t->generation);
    wtl_buf_u64(&b, t->index_offset);
    wtl_buf_u64(&b, t->index_size);
    wtl_buf_u64(&b, t->sigs_offset);
    wtl_buf_u64(&b, t->sigs_size);
    wtl_buf_u64(&b, t->total);
    wtl_buf_add(&b, t->index_digest, sizeof t->index_digest);
    wtl_buf_u64(&b, 0);
    TRY(wtl_buf_check(&b, err));
    uint8_t digest[32];
    TRY(trailer_mac(wtl_buf_view(&b), p, sigs, mac_key, digest, err));
    wtl_buf_add(&b, digest, WTL_TRAILER_MAC);
    TRY(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&b), digest, err));
    wtl_buf_add(&b, digest, sizeof digest);
    wtl_buf_bytes(out, wtl_buf_view(&b));
    TRY(wtl_buf_check(&b, err));
    return wtl_buf_check(out, err);
}

/* Index, signatures and trailer follow one another and end with the file. */
static bool places_ok(const wtl_trailer *t, const wtl_preamble *p, uint64_t size)
{
    uint64_t tail = size - WTL_TRAILER_SIZE;
    return t->total == size && t->generation > 0 && t->index_offset >= wtl_preamble_payload(p) &&
           t->index_offset <= t->sigs_offset && t->sigs_offset <= tail &&
           t->index_size == t->sigs_offset - t->index_offset && t->sigs_size == tail - t->sigs_offset;
}

static int check_frame(wtl_bytes raw, wtl_err *err)
{
    ENSURE(raw.n == WTL_TRAILER_SIZE && memcmp(raw.p, magic, sizeof magic) == 0, err, WTL_FORMAT,
           "the container's end is missing: the file was cut off, or something was appended to it");
    uint8_t sum[32];
    TRY(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){raw.p, SUM}, sum, err));
    ENSURE(memcmp(sum, raw.p + SUM, sizeof sum) == 0, err, WTL_FORMAT, "the container's end is damaged");
    return WTL_OK;
}

int wtl_trailer_parse(wtl_trailer *out, wtl_bytes raw, const wtl_preamble *p, uint64_t file_size,
                      wtl_err *err)
{
    TRY(check_frame(raw, err));
    wtl_rd r = wtl_rd_of((wtl_bytes){raw.p + sizeof magic, FIELDS - sizeof magic});
    wtl_trailer t = {0};
    t.generation = wtl_rd_u64(&r);
    t.index_offset = wtl_rd_u64(&r);
    t.index_size = wtl_rd_u64(&r);
    t.sigs_offset = wtl_rd_u64(&r);
    t.sigs_size = wtl_rd_u64(&r);
    t.total = wtl_rd_u64(&r);
    wtl_rd_copy(&r, t.index_digest, sizeof t.index_digest);
    uint64_t reserved = wtl_rd_u64(&r);
    ENSURE(t.total == file_size, err, WTL_FORMAT,
           "the container should have %llu bytes and the file has %llu", (unsigned long long)t.total,
           (unsigned long long)file_size);
    ENSURE(reserved == 0 && file_size >= WTL_TRAILER_SIZE && places_ok(&t, p, file_size), err, WTL_FORMAT,
           "the container's end is malformed");
    *out = t;
    return WTL_OK;
}

int wtl_trailer_authentic(wtl_bytes raw, const wtl_preamble *p, wtl_bytes sigs, wtl_bytes mac_key,
                          wtl_err *err)
{
    ENSURE(raw.n == WTL_TRAILER_SIZE, err, WTL_FORMAT, "the container's end is missing");
    uint8_t mac[WTL_TRAILER_MAC];
    TRY(trailer_mac((wtl_bytes){raw.p, FIELDS}, p, sigs, mac_key, mac, err));
    ENSURE(wtl_ct_eq((wtl_bytes){mac, sizeof mac}, (wtl_bytes){raw.p + FIELDS, sizeof mac}), err, WTL_NO,
           "the container's end or its signatures were changed after it was sealed");
    return WTL_OK;
}
