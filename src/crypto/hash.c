#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto/lib.h"

static const struct {
    const char *name;
    const char *evp;
    size_t size;
} rows[WTL_HASH_COUNT] = {
    [WTL_HASH_SHA256] = {"sha256", "SHA256", 32},        [WTL_HASH_SHA384] = {"sha384", "SHA384", 48},
    [WTL_HASH_SHA512] = {"sha512", "SHA512", 64},        [WTL_HASH_SHA3_256] = {"sha3-256", "SHA3-256", 32},
    [WTL_HASH_BLAKE2B] = {"blake2b", "BLAKE2B-512", 64},
};

size_t wtl_hash_size(enum wtl_hash h)
{
    return rows[h].size;
}

const char *wtl_hash_name(enum wtl_hash h)
{
    return rows[h].name;
}

const char *wtl_hash_evp(enum wtl_hash h)
{
    return rows[h].evp;
}

int wtl_hash_by_name(const char *name)
{
    for (int h = 0; h < WTL_HASH_COUNT; h++) {
        if (strcmp(rows[h].name, name) == 0)
            return h;
    }
    return -1;
}

struct wtl_hasher {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

void wtl_hasher_free(wtl_hasher *s)
{
    if (s == NULL)
        return;
    EVP_MD_CTX_free(s->ctx);
    EVP_MD_free(s->md);
    free(s);
}

void wtl_hasher_auto(wtl_hasher **s)
{
    wtl_hasher_free(*s);
}

int wtl_hasher_start(wtl_hasher *s, wtl_err *err)
{
    if (EVP_DigestInit_ex2(s->ctx, s->md, NULL) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot begin a hash");
    return WTL_OK;
}

int wtl_hasher_new(wtl_hasher **out, enum wtl_hash h, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    AUTO(wtl_hasher) *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    s->md = EVP_MD_fetch(wtl_lib_ctx(), rows[h].evp, NULL);
    s->ctx = EVP_MD_CTX_new();
    if (s->md == NULL || s->ctx == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL has no %s", rows[h].evp);
    TRY(wtl_hasher_start(s, err));
    *out = s;
    s = NULL;
    return WTL_OK;
}

int wtl_hasher_add(wtl_hasher *s, wtl_bytes part, wtl_err *err)
{
    if (part.n > 0 && EVP_DigestUpdate(s->ctx, part.p, part.n) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot hash");
    return WTL_OK;
}

int wtl_hasher_end(wtl_hasher *s, uint8_t *out, wtl_err *err)
{
    if (EVP_DigestFinal_ex(s->ctx, out, NULL) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot end a hash");
    return WTL_OK;
}

int wtl_hash_once(enum wtl_hash h, wtl_bytes msg, uint8_t *out, wtl_err *err)
{
    AUTO(wtl_hasher) *s = NULL;
    TRY(wtl_hasher_new(&s, h, err));
    TRY(wtl_hasher_add(s, msg, err));
    return wtl_hasher_end(s, out, err);
}
