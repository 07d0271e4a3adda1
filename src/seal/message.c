#include "seal/message.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

int wtl_message_seal(wtl_buf *out, const wtl_secret *key, wtl_bytes context, wtl_bytes plain, wtl_err *err)
{
    AUTO(wtl_chunked) *c = NULL;
    uint8_t header[WTL_CHUNKED_HEADER];
    TRY(wtl_chunked_seal_new(&c, wtl_secret_view(key), context, header, err));
    wtl_buf_add(out, header, sizeof header);
    for (uint64_t i = 0; i <= plain.n / WTL_CHUNKED_PLAIN; i++) {
        size_t at = (size_t)i * WTL_CHUNKED_PLAIN;
        size_t n = least(plain.n - at, WTL_CHUNKED_PLAIN);
        uint8_t *to = wtl_buf_grow(out, n + WTL_AEAD_TAG);
        ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_chunked_seal(c, i, (wtl_bytes){n > 0 ? plain.p + at : NULL, n}, to, err));
    }
    return wtl_buf_check(out, err);
}

int wtl_message_open(wtl_buf *out, const wtl_secret *key, wtl_bytes context, wtl_bytes sealed, wtl_err *err)
{
    uint64_t plain = 0;
    TRY(wtl_chunked_plain_size(sealed.n, &plain, err));
    AUTO(wtl_chunked) *c = NULL;
    TRY(wtl_chunked_open_new(&c, wtl_secret_view(key), context, sealed.p, err));
    for (uint64_t i = 0; i <= plain / WTL_CHUNKED_PLAIN; i++) {
        size_t at = WTL_CHUNKED_HEADER + (size_t)i * WTL_CHUNKED_SEALED;
        size_t n = least(sealed.n - at, WTL_CHUNKED_SEALED);
        uint8_t none[1];
        uint8_t *to = n > WTL_AEAD_TAG ? wtl_buf_grow(out, n - WTL_AEAD_TAG) : none;
        ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_chunked_open(c, i, (wtl_bytes){sealed.p + at, n}, to, err));
    }
    return wtl_buf_check(out, err);
}
