#include "container/preamble.h"

#include <string.h>

#include "base/rd.h"

/* 0xf7 is in no UTF-8 text, CR LF and LF show a transfer in text mode, 0x1a stops `type` (as PNG's does). */
static const uint8_t magic[8] = {0xf7, 'W', 'T', 'L', '\r', '\n', 0x1a, '\n'};

static void put_be(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void wtl_preamble_encode(const wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE])
{
    memset(page, 0, WTL_PREAMBLE_SIZE);
    memcpy(page, magic, sizeof magic);
    put_be(page + 8, p->version, 2);
    put_be(page + 10, p->suite, 2);
    put_be(page + 12, p->slot_size, 4);
    memcpy(page + 16, p->id, sizeof p->id);
}

static int check_magic(wtl_bytes got, wtl_err *err)
{
    if (got.n == sizeof magic && memcmp(got.p, magic, sizeof magic) == 0)
        return WTL_OK;
    ENSURE(
        got.n < 4 || memcmp(got.p + 1, magic + 1, 3) != 0, err, WTL_FORMAT,
        "the file was a Wattle container, but its first bytes were changed, as a transfer in text mode does: "
        "fetch it again in binary mode");
    return WTL_FAIL(err, WTL_FORMAT, "the file is not a Wattle container");
}

int wtl_preamble_parse(wtl_preamble *out, wtl_bytes page, wtl_err *err)
{
    wtl_rd r = wtl_rd_of(page);
    TRY(check_magic(wtl_rd_take(&r, sizeof magic), err));
    wtl_preamble p = {0};
    p.version = wtl_rd_u16(&r);
    p.suite = wtl_rd_u16(&r);
    p.slot_size = wtl_rd_u32(&r);
    wtl_rd_copy(&r, p.id, sizeof p.id);
    ENSURE(!r.bad && page.n == WTL_PREAMBLE_SIZE, err, WTL_FORMAT,
           "the container is cut off in its first page");
    ENSURE(p.version == WTL_PREAMBLE_VERSION, err, WTL_FORMAT,
           "the container has format version %u, and this program reads version %d: use a newer one",
           p.version, WTL_PREAMBLE_VERSION);
    ENSURE(p.suite == WTL_PREAMBLE_SUITE, err, WTL_FORMAT,
           "the container has algorithm suite %u, and this program knows suite %d: use a newer one", p.suite,
           WTL_PREAMBLE_SUITE);
    ENSURE(p.slot_size >= WTL_PREAMBLE_SLOT_MIN && p.slot_size <= WTL_PREAMBLE_SLOT_MAX &&
               (p.slot_size & (p.slot_size - 1)) == 0,
           err, WTL_FORMAT, "the container's header slots have the impossible size %u", p.slot_size);
    ENSURE(wtl_rd_is_zero(&r, r.n), err, WTL_FORMAT, "the container's first page is damaged");
    *out = p;
    return WTL_OK;
}

const char *wtl_preamble_suite_name(unsigned suite)
{
    return suite == WTL_PREAMBLE_SUITE ? "HPKE, HKDF-SHA-512, Cobblestone-256 (AES-256-GCM)" : NULL;
}

uint64_t wtl_preamble_payload(const wtl_preamble *p)
{
    return WTL_PREAMBLE_SIZE + 2 * (uint64_t)p->slot_size;
}
