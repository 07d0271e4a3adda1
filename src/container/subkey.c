#include "container/subkey.h"

#include "base/text.h"
#include "crypto/kdf.h"

#define PROTOCOL "wattle/seal/v1"

int wtl_subkey_derive(wtl_secret *out, const wtl_secret *file_key, enum wtl_subkey use, wtl_err *err)
{
    static const char *const label[] = {
        [WTL_SUBKEY_HEADER] = PROTOCOL " header mac", [WTL_SUBKEY_TRAILER] = PROTOCOL " trailer mac",
        [WTL_SUBKEY_INDEX] = PROTOCOL " index key",   [WTL_SUBKEY_OBJECT] = PROTOCOL " object key",
        [WTL_SUBKEY_ROSTER] = PROTOCOL " roster key",
    };
    ENSURE(file_key->n == WTL_SUBKEY_FILE, err, WTL_BUG, "a file key of %zu bytes", file_key->n);
    return wtl_kdf_expand(WTL_HASH_SHA512, wtl_secret_view(file_key), wtl_text_of(label[use]),
                          WTL_SUBKEY_SIZE, out, err);
}

static void begin(wtl_buf *out, const char *label)
{
    wtl_buf_str(out, label);
    wtl_buf_u8(out, 0);
}

void wtl_subkey_hpke_info(wtl_buf *out, const wtl_preamble *p)
{
    begin(out, PROTOCOL);
    wtl_buf_u16(out, p->suite);
    wtl_buf_add(out, p->id, sizeof p->id);
}

int wtl_subkey_object_context(wtl_buf *out, const wtl_preamble *p, uint64_t object, uint64_t generation,
                              const wtl_meta *meta, wtl_err *err)
{
    AUTO(wtl_buf) m = {0};
    wtl_buf_u8(&m, meta->type);
    wtl_buf_u16(&m, meta->mode);
    wtl_buf_u16(&m, (uint16_t)meta->name.n);
    wtl_buf_bytes(&m, meta->name);
    TRY(wtl_buf_check(&m, err));
    uint8_t digest[32];
    TRY(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&m), digest, err));
    begin(out, PROTOCOL " object");
    wtl_buf_add(out, p->id, sizeof p->id);
    wtl_buf_u64(out, object);
    wtl_buf_u64(out, generation);
    wtl_buf_add(out, digest, sizeof digest);
    return wtl_buf_check(out, err);
}

void wtl_subkey_index_context(wtl_buf *out, const wtl_preamble *p, uint64_t generation, uint64_t offset)
{
    begin(out, PROTOCOL " index");
    wtl_buf_add(out, p->id, sizeof p->id);
    wtl_buf_u64(out, generation);
    wtl_buf_u64(out, offset);
}

void wtl_subkey_roster_context(wtl_buf *out, const wtl_preamble *p, uint64_t header_generation)
{
    begin(out, PROTOCOL " roster");
    wtl_buf_add(out, p->id, sizeof p->id);
    wtl_buf_u64(out, header_generation);
}

void wtl_subkey_passphrase_context(wtl_buf *out, const wtl_preamble *p, wtl_bytes scrypt)
{
    begin(out, PROTOCOL " passphrase");
    wtl_buf_u16(out, p->suite);
    wtl_buf_add(out, p->id, sizeof p->id);
    wtl_buf_bytes(out, scrypt);
}

void wtl_subkey_sender_message(wtl_buf *out, const wtl_preamble *p, uint64_t generation,
                               const uint8_t index_digest[64])
{
    begin(out, PROTOCOL " sender");
    wtl_buf_u16(out, p->suite);
    wtl_buf_add(out, p->id, sizeof p->id);
    wtl_buf_u64(out, generation);
    wtl_buf_add(out, index_digest, 64);
}
