#include "sign/hint.h"

#include "base/text.h"
#include "crypto/hash.h"

static int spki_hash(const wtl_key *k, enum wtl_key_form form, uint8_t digest[32], wtl_err *err)
{
    AUTO(wtl_buf) spki = {0};
    TRY(wtl_key_write_public(k, form, &spki, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&spki), digest, err);
}

int wtl_hint_of(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    uint8_t digest[32];
    TRY(spki_hash(k, WTL_KEY_PEM, digest, err));
    wtl_buf_hex(out, (wtl_bytes){digest, sizeof digest});
    return wtl_buf_check(out, err);
}

int wtl_hint_names_id(const uint8_t id[WTL_KEY_ID], const char *hint, bool *names, wtl_err *err)
{
    AUTO(wtl_buf) hex = {0};
    AUTO(wtl_buf) b64 = {0};
    wtl_buf_hex(&hex, (wtl_bytes){id, WTL_KEY_ID});
    wtl_text_b64_encode(&b64, (wtl_bytes){id, WTL_KEY_ID});
    TRY(wtl_buf_check(&hex, err));
    TRY(wtl_buf_check(&b64, err));
    *names = wtl_text_eq(wtl_buf_view(&hex), hint) || wtl_text_eq(wtl_buf_view(&b64), hint);
    return WTL_OK;
}

int wtl_hint_matches(const wtl_key *k, const char *hint, bool *matches, wtl_err *err)
{
    uint8_t digest[WTL_KEY_ID];
    AUTO(wtl_buf) pem_hex = {0};
    TRY(wtl_hint_of(k, &pem_hex, err));
    TRY(spki_hash(k, WTL_KEY_DER, digest, err));
    TRY(wtl_hint_names_id(digest, hint, matches, err));
    *matches = *matches || wtl_text_eq(wtl_buf_view(&pem_hex), hint);
    return WTL_OK;
}

int wtl_hint_words(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    wtl_buf_fmt(out, "%s ", wtl_key_alg_name(k));
    wtl_buf_hex(out, (wtl_bytes){id, sizeof id / 2});
    return wtl_buf_check(out, err);
}
