/* Hellos made byte by byte. */
#ifndef WTL_TESTS_HELLO_MADE_H
#define WTL_TESTS_HELLO_MADE_H

#include "unit.h"

#include "base/buf.h"
#include "base/text.h"

#define MADE(b, ...)                                  \
    do {                                              \
        static const uint8_t made_[] = {__VA_ARGS__}; \
        wtl_buf_add((b), made_, sizeof made_);        \
    } while (0)

static inline void made_ext(wtl_buf *exts, uint16_t type, wtl_bytes body)
{
    wtl_buf_u16(exts, type);
    wtl_buf_u16(exts, (uint16_t)body.n);
    wtl_buf_bytes(exts, body);
}
#define MADE_EXT(exts, type, ...)                                   \
    do {                                                            \
        static const uint8_t made_[] = {__VA_ARGS__};               \
        made_ext((exts), (type), (wtl_bytes){made_, sizeof made_}); \
    } while (0)

/* server_name with one host name. */
static inline void made_name(wtl_buf *exts, const char *name)
{
    AUTO(wtl_buf) b = {0};
    size_t n = strlen(name);
    wtl_buf_u16(&b, (uint16_t)(n + 3));
    wtl_buf_u8(&b, 0);
    wtl_buf_u16(&b, (uint16_t)n);
    wtl_buf_str(&b, name);
    made_ext(exts, 0, wtl_buf_view(&b));
}

static inline void made_share(wtl_buf *list, uint16_t group, size_t n)
{
    wtl_buf_u16(list, group);
    wtl_buf_u16(list, (uint16_t)n);
    for (size_t i = 0; i < n; i++)
        wtl_buf_u8(list, (uint8_t)(i * 7 + group));
}

static inline void made_shares(wtl_buf *exts, wtl_bytes list)
{
    AUTO(wtl_buf) b = {0};
    wtl_buf_u16(&b, (uint16_t)list.n);
    wtl_buf_bytes(&b, list);
    made_ext(exts, 51, wtl_buf_view(&b));
}

/* The fields before the extensions. */
static inline void made_client_head(wtl_buf *body)
{
    MADE(body, 3, 3);
    for (unsigned i = 0; i < 32; i++)
        wtl_buf_u8(body, (uint8_t)(0xa0 + i));
    wtl_buf_u8(body, 32);
    for (unsigned i = 0; i < 32; i++)
        wtl_buf_u8(body, (uint8_t)(0x10 + i));
    MADE(body, 0, 8, 0x3a, 0x3a, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 1, 0);
}

static inline void made_client(wtl_buf *body, wtl_bytes exts)
{
    made_client_head(body);
    wtl_buf_u16(body, (uint16_t)exts.n);
    wtl_buf_bytes(body, exts);
}

/* What a browser offers: GREASE, a hybrid share and a classical one, a name, ALPN. */
static inline void made_usual_exts(wtl_buf *exts)
{
    AUTO(wtl_buf) list = {0};
    MADE_EXT(exts, 0x1a1a, 0);
    made_name(exts, "Models.Example.org");
    MADE_EXT(exts, 10, 0, 8, 0x2a, 0x2a, 0x11, 0xec, 0x00, 0x1d, 0x00, 0x17);
    MADE_EXT(exts, 13, 0, 6, 0x09, 0x05, 0x04, 0x03, 0x08, 0x04);
    MADE_EXT(exts, 16, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1');
    MADE_EXT(exts, 43, 6, 0x4a, 0x4a, 3, 4, 3, 3);
    MADE_EXT(exts, 45, 1, 1);
    made_share(&list, 0x2a2a, 1);
    made_share(&list, 0x11ec, 1216);
    made_share(&list, 0x001d, 32);
    made_shares(exts, wtl_buf_view(&list));
}

/* The handshake message in records of at most `fragment` bytes. */
static inline void made_records(wtl_buf *out, uint8_t type, wtl_bytes body, size_t fragment)
{
    AUTO(wtl_buf) m = {0};
    wtl_buf_u8(&m, type);
    wtl_buf_u8(&m, (uint8_t)(body.n >> 16));
    wtl_buf_u16(&m, (uint16_t)body.n);
    wtl_buf_bytes(&m, body);
    for (size_t i = 0; i < m.n; i += fragment) {
        size_t n = m.n - i < fragment ? m.n - i : fragment;
        MADE(out, 22, 3, 1);
        wtl_buf_u16(out, (uint16_t)n);
        wtl_buf_add(out, m.p + i, n);
    }
}

#endif
