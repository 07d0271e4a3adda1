/* The key schedule of TLS 1.3 (RFC 8446 section 7.1) with SHA-256, as OpenSSL's default provider offers it (EVP_KDF-TLS13_KDF(7)): each
 * handshake asks for some twenty secrets, and hashing is the smaller part of what they cost there. Other digests go on to that provider. */
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <wattle/bytes.h>

#include "kernel/sha256.h"
#include "provider/prov.h"

enum { HASH = 32, BLOCK = WTL_SHA256_BLOCK, SMALL = 72, NAME = 64, VECTOR = 255, ROUNDS = 255 };

/* Octets that were given; p is NULL when they were not. */
typedef struct part {
    uint8_t *p;
    size_t n;
    uint8_t small[SMALL];
} part;

enum part_id { KEY, SALT, PREFIX, LABEL, DATA, PARTS };
static const char *const part_names[PARTS] = {[KEY] = OSSL_KDF_PARAM_KEY,
                                              [SALT] = OSSL_KDF_PARAM_SALT,
                                              [PREFIX] = OSSL_KDF_PARAM_PREFIX,
                                              [LABEL] = OSSL_KDF_PARAM_LABEL,
                                              [DATA] = OSSL_KDF_PARAM_DATA};

typedef struct kdf {
    wtl_prov *prov;
    int mode;
    char digest[NAME], properties[NAME];
    part part[PARTS];
} kdf;

static void drop(part *t)
{
    if (t->p == t->small)
        OPENSSL_cleanse(t->small, t->n);
    else
        OPENSSL_clear_free(t->p, t->n);
    t->p = NULL;
    t->n = 0;
}

static int keep(part *t, const void *p, size_t n)
{
    drop(t);
    t->p = n <= SMALL ? t->small : OPENSSL_malloc(n);
    if (t->p == NULL)
        return 0;
    if (n > 0)
        memcpy(t->p, p, n);
    t->n = n;
    return 1;
}

static void *newctx(void *provctx)
{
    kdf *k = OPENSSL_zalloc(sizeof *k);
    if (k != NULL)
        k->prov = provctx;
    return k;
}

static void reset(void *ctx)
{
    kdf *k = ctx;
    for (int i = 0; i < PARTS; i++)
        drop(&k->part[i]);
    k->mode = 0;
    k->digest[0] = k->properties[0] = '\0';
}

static void freectx(void *ctx)
{
    if (ctx == NULL)
        return;
    reset(ctx);
    OPENSSL_free(ctx);
}

static void *dupctx(void *ctx)
{
    const kdf *from = ctx;
    kdf *k = newctx(from->prov);
    if (k == NULL)
        return NULL;
    k->mode = from->mode;
    memcpy(k->digest, from->digest, sizeof k->digest);
    memcpy(k->properties, from->properties, sizeof k->properties);
    for (int i = 0; i < PARTS; i++) {
        if (from->part[i].p != NULL && !keep(&k->part[i], from->part[i].p, from->part[i].n)) {
            freectx(k);
            return NULL;
        }
    }
    return k;
}

/* ---- SHA-256 and HMAC (RFC 2104) */

/* The digest of n bytes that follow `before` whole blocks, which lane->state has taken in. */
static void finish(const wtl_sha256_plan *plan, wtl_sha256_lane *lane, wtl_bytes v, size_t before,
                   uint8_t out[HASH])
{
    uint8_t tail[2 * BLOCK] = {0};
    size_t rest = v.n % BLOCK;
    uint64_t bits = (uint64_t)(before + v.n) * 8;
    lane->p = v.p;
    lane->blocks = v.n / BLOCK;
    if (lane->blocks > 0)
        wtl_sha256_run(plan, lane, 1);
    if (rest > 0)
        memcpy(tail, v.p + v.n - rest, rest);
    tail[rest] = 0x80;
    lane->p = tail;
    lane->blocks = rest < BLOCK - sizeof bits ? 1 : 2;
    for (size_t i = 0; i < sizeof bits; i++)
        tail[lane->blocks * BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
    wtl_sha256_run(plan, lane, 1);
    for (size_t i = 0; i < HASH; i++)
        out[i] = (uint8_t)(lane->state[i / 4] >> (24 - 8 * (i % 4)));
    OPENSSL_cleanse(tail, sizeof tail);
}

static void hash(const wtl_sha256_plan *plan, wtl_bytes v, uint8_t out[HASH])
{
    wtl_sha256_lane lane;
    wtl_sha256_start(lane.state);
    finish(plan, &lane, v, 0, out);
    OPENSSL_cleanse(&lane, sizeof lane);
}

/* A key: the two states after its first block, inner and outer. */
typedef struct hmac {
    const wtl_sha256_plan *plan;
    wtl_sha256_lane lane[2];
} hmac;

static void hmac_key(hmac *h, const wtl_sha256_plan *plan, wtl_bytes key)
{
    uint8_t pad[2][BLOCK] = {{0}};
    h->plan = plan;
    if (key.n > BLOCK)
        hash(plan, key, pad[0]);
    else if (key.n > 0)
        memcpy(pad[0], key.p, key.n);
    for (size_t i = 0; i < BLOCK; i++) {
        pad[1][i] = pad[0][i] ^ 0x5c;
        pad[0][i] ^= 0x36;
    }
    for (int i = 0; i < 2; i++) {
        wtl_sha256_start(h->lane[i].state);
        h->lane[i].p = pad[i];
        h->lane[i].blocks = 1;
    }
    wtl_sha256_run(plan, h->lane, 2);
    OPENSSL_cleanse(pad, sizeof pad);
}

static void hmac_of(const hmac *h, wtl_bytes v, uint8_t out[HASH])
{
    wtl_sha256_lane lane = h->lane[0];
    finish(h->plan, &lane, v, BLOCK, out);
    lane = h->lane[1];
    finish(h->plan, &lane, (wtl_bytes){out, HASH}, BLOCK, out);
    OPENSSL_cleanse(&lane, sizeof lane);
}

/* ---- HKDF (RFC 5869) as TLS uses it */

static wtl_bytes of(const kdf *k, enum part_id id)
{
    return (wtl_bytes){k->part[id].p, k->part[id].n};
}

static size_t put(uint8_t *to, wtl_bytes v)
{
    if (v.n > 0)
        memcpy(to, v.p, v.n);
    return v.n;
}

/* HKDF-Expand-Label: "struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } HkdfLabel" is the info of HKDF-Expand. */
static int expand(const kdf *k, const wtl_sha256_plan *plan, wtl_bytes secret, wtl_bytes context,
                  uint8_t *out, size_t n)
{
    uint8_t text[HASH + 2 + 1 + VECTOR + 1 + VECTOR +
                 1]; /* what a round hashes: the one before, info, its number */
    wtl_bytes prefix = of(k, PREFIX);
    wtl_bytes label = of(k, LABEL);
    if (prefix.n > VECTOR || label.n > VECTOR - prefix.n || context.n > VECTOR || n > (size_t)ROUNDS * HASH)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE,
                             "a label or context of TLS 1.3 has at most %d bytes, and what they derive %d",
                             (int)VECTOR, ROUNDS * HASH);
    size_t at = HASH;
    text[at++] = (uint8_t)(n >> 8);
    text[at++] = (uint8_t)n;
    text[at++] = (uint8_t)(prefix.n + label.n);
    at += put(text + at, prefix);
    at += put(text + at, label);
    text[at++] = (uint8_t)context.n;
    at += put(text + at, context);
    hmac h;
    uint8_t block[HASH];
    hmac_key(&h, plan, secret);
    for (size_t done = 0, round = 1; done < n; done += HASH, round++) {
        size_t from = round == 1 ? HASH : 0;
        text[at] = (uint8_t)round;
        hmac_of(&h, (wtl_bytes){text + from, at + 1 - from}, block);
        memcpy(out + done, block, n - done < HASH ? n - done : HASH);
        memcpy(text, block, HASH);
    }
    OPENSSL_cleanse(&h, sizeof h);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(text, sizeof text);
    return 1;
}

/* One step down the schedule: HKDF-Extract(Derive-Secret(salt, label, ""), key), where what is missing is zeros. */
static int extract(const kdf *k, const wtl_sha256_plan *plan, uint8_t *out, size_t n)
{
    uint8_t salt[HASH] = {0};
    uint8_t empty[HASH];
    static const uint8_t zeros[HASH];
    if (n != HASH)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "a secret that is extracted with SHA-256 has %d bytes",
                             (int)HASH);
    if (k->part[SALT].p != NULL) {
        hash(plan, (wtl_bytes){0}, empty);
        if (!expand(k, plan, of(k, SALT), (wtl_bytes){empty, HASH}, salt, HASH))
            return 0;
    }
    hmac h;
    hmac_key(&h, plan, (wtl_bytes){salt, HASH});
    hmac_of(&h, k->part[KEY].p != NULL ? of(k, KEY) : (wtl_bytes){zeros, HASH}, out);
    OPENSSL_cleanse(&h, sizeof h);
    OPENSSL_cleanse(salt, sizeof salt);
    return 1;
}

/* ---- parameters */

static int set_mode(kdf *k, const OSSL_PARAM *p)
{
    static const char *const names[] = {"EXTRACT_AND_EXPAND", "EXTRACT_ONLY", "EXPAND_ONLY"}; /* 0, 1, 2 */
    int mode = -1;
    if (p->data_type != OSSL_PARAM_UTF8_STRING) {
        if (!OSSL_PARAM_get_int(p, &mode))
            mode = -1;
    } else {
        for (int i = 0; i < 3 && p->data != NULL; i++)
            mode = strcasecmp(p->data, names[i]) == 0 ? i : mode;
    }
    if (mode != EVP_KDF_HKDF_MODE_EXTRACT_ONLY && mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "TLS 1.3 extracts or expands, one at a time");
    k->mode = mode;
    return 1;
}

static int set_name(const kdf *k, char to[NAME], const OSSL_PARAM *p)
{
    char *at = to;
    to[0] = '\0';
    return OSSL_PARAM_get_utf8_string(p, &at, NAME)
               ? 1
               : WTL_PROV_FAIL(k->prov, WTL_USAGE, "the parameter %s is no text of at most %d characters",
                               p->key, NAME - 1);
}

static int set_one(kdf *k, const OSSL_PARAM *p)
{
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(p->key, part_names[i]) != 0)
            continue;
        const void *at = NULL;
        size_t n = 0;
        if (!OSSL_PARAM_get_octet_string_ptr(p, &at, &n) || (at == NULL && n > 0))
            return WTL_PROV_FAIL(k->prov, WTL_USAGE, "the parameter %s is not octets", p->key);
        return keep(&k->part[i], at, n);
    }
    if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0)
        return set_mode(k, p);
    if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0)
        return set_name(k, k->digest, p);
    return strcmp(p->key, OSSL_KDF_PARAM_PROPERTIES) == 0 ? set_name(k, k->properties, p) : 1;
}

/* The context (DATA) is that of the last call alone, as in OpenSSL. */
static int set_params(void *ctx, const OSSL_PARAM params[])
{
    kdf *k = ctx;
    if (params == NULL || params->key == NULL)
        return 1;
    drop(&k->part[DATA]);
    for (const OSSL_PARAM *p = params; p->key != NULL; p++) {
        if (!set_one(k, p))
            return 0;
    }
    return 1;
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    (void)ctx, (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, NULL, 0),
                                      OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
                                      OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
                                      OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
                                      OSSL_PARAM_END};
    return list;
}

/* ---- what is asked for */

static bool is_sha256(const kdf *k)
{
    return strcasecmp(k->digest, "SHA2-256") == 0 || strcasecmp(k->digest, "SHA256") == 0 ||
           strcasecmp(k->digest, "SHA-256") == 0;
}

/* Default's, told what this one was. */
static EVP_KDF_CTX *other(kdf *k)
{
    OSSL_PARAM params[PARTS + 4];
    OSSL_PARAM *p = params;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &k->mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, k->digest, 0);
    if (k->properties[0] != '\0')
        *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PROPERTIES, k->properties, 0);
    for (int i = 0; i < PARTS; i++) {
        if (k->part[i].p != NULL)
            *p++ = OSSL_PARAM_construct_octet_string(part_names[i], k->part[i].p, k->part[i].n);
    }
    *p = OSSL_PARAM_construct_end();
    EVP_KDF *alg = EVP_KDF_fetch(k->prov->lib, OSSL_KDF_NAME_TLS1_3_KDF, "provider!=wattle");
    EVP_KDF_CTX *c = alg != NULL ? EVP_KDF_CTX_new(alg) : NULL;
    EVP_KDF_free(alg);
    if (c != NULL && EVP_KDF_CTX_set_params(c, params) > 0)
        return c;
    EVP_KDF_CTX_free(c);
    return NULL;
}

static int derive_elsewhere(kdf *k, uint8_t *out, size_t n)
{
    EVP_KDF_CTX *c = other(k);
    /* A set of parameters without it would forget the context. */
    int ok = c != NULL && EVP_KDF_derive(c, out, n, NULL) > 0;
    EVP_KDF_CTX_free(c);
    return ok ? 1
              : WTL_PROV_FAIL(k->prov, WTL_USAGE, "OpenSSL derives no secret of TLS 1.3 with %.40s",
                              k->digest[0] != '\0' ? k->digest : "no digest");
}

static int derive(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    kdf *k = ctx;
    const wtl_sha256_plan *plan = NULL;
    wtl_err err;
    if (!set_params(k, params))
        return 0;
    if (!is_sha256(k))
        return derive_elsewhere(k, out, n);
    if (wtl_sha256_pick_level(&plan, k->prov->level, &err) < 0)
        return wtl_prov_raise(k->prov, &err);
    if (k->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
        return extract(k, plan, out, n);
    if (k->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && k->part[KEY].p == NULL)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "TLS 1.3 expands a secret, and none was given");
    if (k->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY)
        return expand(k, plan, of(k, KEY), of(k, DATA), out, n);
    return WTL_PROV_FAIL(k->prov, WTL_USAGE, "TLS 1.3 extracts or expands: it was not said which");
}

/* How much is derived: what the digest gives, or as one likes. */
static int get_params(void *ctx, OSSL_PARAM params[])
{
    kdf *k = ctx;
    OSSL_PARAM *p = params == NULL ? NULL : OSSL_PARAM_locate(params, OSSL_KDF_PARAM_SIZE);
    if (p == NULL)
        return 1;
    size_t n = k->mode != EVP_KDF_HKDF_MODE_EXTRACT_ONLY ? SIZE_MAX : HASH;
    if (n == HASH && !is_sha256(k)) {
        EVP_KDF_CTX *c = other(k);
        n = c != NULL ? EVP_KDF_CTX_get_kdf_size(c) : 0;
        EVP_KDF_CTX_free(c);
    }
    return n > 0 && OSSL_PARAM_set_size_t(p, n);
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    (void)ctx, (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL), OSSL_PARAM_END};
    return list;
}

#define ROW(id, function) {OSSL_FUNC_KDF_##id, (void (*)(void))(function)}
const OSSL_DISPATCH wtl_tlskdf[] = {ROW(NEWCTX, newctx),
                                    ROW(DUPCTX, dupctx),
                                    ROW(FREECTX, freectx),
                                    ROW(RESET, reset),
                                    ROW(DERIVE, derive),
                                    ROW(SETTABLE_CTX_PARAMS, settable),
                                    ROW(SET_CTX_PARAMS, set_params),
                                    ROW(GETTABLE_CTX_PARAMS, gettable),
                                    ROW(GET_CTX_PARAMS, get_params),
                                    {0, NULL}};
