#include "crypto/hpke_impl.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"

enum { MODE_BASE = 0 };

void wtl_hpke_free(wtl_hpke *h)
{
    if (h == NULL)
        return;
    wtl_aead_free(h->aead);
    wtl_secret_free(&h->exporter);
    wtl_secret_wipe(h, sizeof *h);
    free(h);
}

void wtl_hpke_auto(wtl_hpke **h)
{
    wtl_hpke_free(*h);
}

static int aead_of(uint16_t id, enum wtl_aead_alg *alg, wtl_err *err)
{
    static const enum wtl_aead_alg algs[] = {[WTL_HPKE_AES128GCM] = WTL_AEAD_AES128GCM,
                                             [WTL_HPKE_AES256GCM] = WTL_AEAD_AES256GCM,
                                             [WTL_HPKE_CHACHA20POLY1305] = WTL_AEAD_CHACHA20POLY1305};
    ENSURE(id >= WTL_HPKE_AES128GCM && id <= WTL_HPKE_CHACHA20POLY1305, err, WTL_USAGE,
           "HPKE AEAD 0x%04x is not one that Wattle has: AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305", id);
    *alg = algs[id];
    return WTL_OK;
}

static int set_suite(wtl_hpke *h, wtl_hpke_suite s, const wtl_key *k, wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    ENSURE(alg->kind == WTL_ALG_KEM && alg->hpke != 0, err, WTL_USAGE,
           "%s cannot be used with HPKE here: take an X-Wing or ML-KEM key", alg->name);
    ENSURE(s.kdf == WTL_HPKE_HKDF_SHA256 || s.kdf == WTL_HPKE_HKDF_SHA384, err, WTL_USAGE,
           "HPKE KDF 0x%04x is not one that Wattle has: HKDF-SHA256, HKDF-SHA384", s.kdf);
    h->hash = s.kdf == WTL_HPKE_HKDF_SHA256 ? WTL_HASH_SHA256 : WTL_HASH_SHA384;
    memcpy(h->suite_id, "HPKE", 4);
    const uint16_t ids[3] = {alg->hpke, s.kdf, s.aead};
    for (size_t i = 0; i < 3; i++) {
        h->suite_id[4 + 2 * i] = (uint8_t)(ids[i] >> 8);
        h->suite_id[5 + 2 * i] = (uint8_t)ids[i];
    }
    return WTL_OK;
}

static void add_label(const wtl_hpke *h, wtl_buf *b, const char *label)
{
    wtl_buf_str(b, "HPKE-v1");
    wtl_buf_add(b, h->suite_id, sizeof h->suite_id);
    wtl_buf_str(b, label);
}

/* RFC 9180 section 4. No caller has secret input key material: base mode's secret is the salt. */
static int labeled_extract(const wtl_hpke *h, wtl_bytes salt, const char *label, wtl_bytes ikm,
                           wtl_secret *out, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    add_label(h, &b, label);
    wtl_buf_bytes(&b, ikm);
    TRY(wtl_buf_check(&b, err));
    return wtl_kdf_extract(h->hash, salt, wtl_buf_view(&b), out, err);
}

static int labeled_expand(const wtl_hpke *h, wtl_bytes prk, const char *label, wtl_bytes info, size_t n,
                          wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    ENSURE(n <= 255 * wtl_hash_size(h->hash), err, WTL_USAGE,
           "HPKE with %s exports at most %zu bytes, not %zu", wtl_hash_name(h->hash),
           255 * wtl_hash_size(h->hash), n);
    AUTO(wtl_buf) b = {0};
    wtl_buf_u16(&b, (uint16_t)n);
    add_label(h, &b, label);
    wtl_buf_bytes(&b, info);
    TRY(wtl_buf_check(&b, err));
    return wtl_kdf_expand(h->hash, prk, wtl_buf_view(&b), n, out, err);
}

/* mode || psk_id_hash || info_hash */
static int schedule_context(const wtl_hpke *h, wtl_bytes info, wtl_buf *context, wtl_err *err)
{
    AUTO(wtl_secret) psk_id_hash = {0};
    AUTO(wtl_secret) info_hash = {0};
    TRY(labeled_extract(h, (wtl_bytes){0}, "psk_id_hash", (wtl_bytes){0}, &psk_id_hash, err));
    TRY(labeled_extract(h, (wtl_bytes){0}, "info_hash", info, &info_hash, err));
    wtl_buf_u8(context, MODE_BASE);
    wtl_buf_bytes(context, wtl_secret_view(&psk_id_hash));
    wtl_buf_bytes(context, wtl_secret_view(&info_hash));
    return wtl_buf_check(context, err);
}

/* RFC 9180 section 5.1, KeySchedule with default psk and psk_id. */
static int schedule(wtl_hpke *h, wtl_bytes shared, wtl_bytes info, enum wtl_aead_alg alg,
                    enum wtl_aead_dir dir, wtl_err *err)
{
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_secret) secret = {0};
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_secret) nonce = {0};
    TRY(schedule_context(h, info, &context, err));
    wtl_bytes ctx = wtl_buf_view(&context);
    TRY(labeled_extract(h, shared, "secret", (wtl_bytes){0}, &secret, err));
    wtl_bytes prk = wtl_secret_view(&secret);
    TRY(labeled_expand(h, prk, "key", ctx, wtl_aead_key_size(alg), &key, err));
    TRY(labeled_expand(h, prk, "base_nonce", ctx, WTL_AEAD_NONCE, &nonce, err));
    TRY(labeled_expand(h, prk, "exp", ctx, wtl_hash_size(h->hash), &h->exporter, err));
    memcpy(h->base_nonce, nonce.p, WTL_AEAD_NONCE);
    return wtl_aead_new(&h->aead, alg, dir, wtl_secret_view(&key), err);
}

/* An unkeyed conversation of the suite; refuses what is not supported before any key is used. */
static int prepare(wtl_hpke **out, enum wtl_aead_alg *alg, wtl_hpke_suite s, const wtl_key *k, wtl_err *err)
{
    TRY(aead_of(s.aead, alg, err));
    AUTO(wtl_hpke) *h = calloc(1, sizeof *h);
    ENSURE(h != NULL, err, WTL_NOMEM, "out of memory");
    TRY(set_suite(h, s, k, err));
    *out = h;
    h = NULL;
    return WTL_OK;
}

/* `random` NULL: fresh. */
static int sender(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *to, wtl_bytes info,
                  const wtl_bytes *random, wtl_buf *enc, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_hpke) *h = NULL;
    AUTO(wtl_secret) shared = {0};
    enum wtl_aead_alg alg;
    TRY(prepare(&h, &alg, s, to, err));
    size_t had = enc->n;
    if (random == NULL)
        TRY(wtl_kem_encaps(to, enc, &shared, err));
    else
        TRY(wtl_kem_encaps_derand(to, *random, enc, &shared, err));
    int rc = schedule(h, wtl_secret_view(&shared), info, alg, WTL_AEAD_SEAL, err);
    if (rc < 0) {
        enc->n = had;
        return rc;
    }
    *out = h;
    h = NULL;
    return WTL_OK;
}

int wtl_hpke_sender(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *to, wtl_bytes info, wtl_buf *enc,
                    wtl_err *err)
{
    return sender(out, s, to, info, NULL, enc, err);
}

int wtl_hpke_sender_derand(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *to, wtl_bytes info,
                           wtl_bytes random, wtl_buf *enc, wtl_err *err)
{
    return sender(out, s, to, info, &random, enc, err);
}

int wtl_hpke_receiver(wtl_hpke **out, wtl_hpke_suite s, const wtl_key *me, wtl_bytes enc, wtl_bytes info,
                      wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_hpke) *h = NULL;
    AUTO(wtl_secret) shared = {0};
    enum wtl_aead_alg alg;
    TRY(prepare(&h, &alg, s, me, err));
    TRY(wtl_kem_decaps(me, enc, &shared, err));
    TRY(schedule(h, wtl_secret_view(&shared), info, alg, WTL_AEAD_OPEN, err));
    *out = h;
    h = NULL;
    return WTL_OK;
}

/* RFC 9180 section 5.2, ComputeNonce; the counter stops before it could wrap. */
static int nonce_of(const wtl_hpke *h, uint8_t nonce[WTL_AEAD_NONCE], wtl_err *err)
{
    ENSURE(h->next < UINT64_MAX, err, WTL_BUG, "an HPKE conversation has used up its message numbers");
    memcpy(nonce, h->base_nonce, WTL_AEAD_NONCE);
    for (unsigned i = 0; i < 8; i++)
        nonce[WTL_AEAD_NONCE - 1 - i] ^= (uint8_t)(h->next >> (8 * i));
    return WTL_OK;
}

int wtl_hpke_seal(wtl_hpke *h, wtl_bytes aad, wtl_bytes pt, wtl_buf *ct, wtl_err *err)
{
    uint8_t nonce[WTL_AEAD_NONCE];
    TRY(nonce_of(h, nonce, err));
    ENSURE(pt.n <= SIZE_MAX - WTL_AEAD_TAG, err, WTL_USAGE, "a message of %zu bytes is too long", pt.n);
    size_t had = ct->n;
    uint8_t *to = wtl_buf_grow(ct, pt.n + WTL_AEAD_TAG);
    TRY(wtl_buf_check(ct, err));
    int rc = wtl_aead_seal(h->aead, nonce, aad, pt, to, err);
    if (rc < 0) {
        ct->n = had;
        return rc;
    }
    h->next++;
    return WTL_OK;
}

int wtl_hpke_open(wtl_hpke *h, wtl_bytes aad, wtl_bytes ct, wtl_secret *pt, wtl_err *err)
{
    *pt = (wtl_secret){0};
    uint8_t nonce[WTL_AEAD_NONCE];
    TRY(nonce_of(h, nonce, err));
    ENSURE(ct.n >= WTL_AEAD_TAG, err, WTL_FORMAT,
           "an HPKE message of %zu bytes is shorter than its %d-byte tag", ct.n, (int)WTL_AEAD_TAG);
    AUTO(wtl_secret) text = {0};
    TRY(wtl_secret_new(&text, ct.n - WTL_AEAD_TAG, err));
    TRY(wtl_aead_open(h->aead, nonce, aad, ct, text.p, err));
    h->next++;
    *pt = text;
    text = (wtl_secret){0};
    return WTL_OK;
}

int wtl_hpke_export(wtl_hpke *h, wtl_bytes context, size_t n, wtl_secret *out, wtl_err *err)
{
    return labeled_expand(h, wtl_secret_view(&h->exporter), "sec", context, n, out, err);
}
