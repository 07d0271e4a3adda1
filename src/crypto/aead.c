#include "crypto/aead.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "crypto/lib.h"

static const struct {
    const char *name;
    size_t key;
    uint64_t most; /* bytes of one message: SP 800-38D section 5.2.1.1, RFC 8439 section 2.8 */
} rows[] = {
    [WTL_AEAD_AES256GCM] = {"AES-256-GCM", 32, (1ull << 36) - 32},
    [WTL_AEAD_AES128GCM] = {"AES-128-GCM", 16, (1ull << 36) - 32},
    [WTL_AEAD_CHACHA20POLY1305] = {"ChaCha20-Poly1305", 32, (1ull << 38) - 64},
};

/* EVP counts in int; pieces stay whole cipher blocks. */
enum { PIECE = 1 << 30 };

struct wtl_aead {
    EVP_CIPHER_CTX *ctx;
    enum wtl_aead_alg alg;
    enum wtl_aead_dir dir;
};

size_t wtl_aead_key_size(enum wtl_aead_alg a)
{
    return rows[a].key;
}

void wtl_aead_free(wtl_aead *a)
{
    if (a == NULL)
        return;
    EVP_CIPHER_CTX_free(a->ctx);
    free(a);
}

void wtl_aead_auto(wtl_aead **a)
{
    wtl_aead_free(*a);
}

/* All three ciphers have a 12-byte nonce and a 16-byte tag unless told otherwise. */
static int set_cipher(wtl_aead *a, wtl_err *err)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(wtl_lib_ctx(), rows[a->alg].name, NULL);
    a->ctx = EVP_CIPHER_CTX_new();
    bool ok = cipher != NULL && a->ctx != NULL &&
              EVP_CipherInit_ex2(a->ctx, cipher, NULL, NULL, a->dir == WTL_AEAD_SEAL, NULL) == 1;
    EVP_CIPHER_free(cipher);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot set up %s", rows[a->alg].name);
    return WTL_OK;
}

static int check_key(enum wtl_aead_alg alg, wtl_bytes key, wtl_err *err)
{
    ENSURE(key.n == rows[alg].key, err, WTL_USAGE, "a key of %zu bytes was given for %s, which takes %zu",
           key.n, rows[alg].name, rows[alg].key);
    return WTL_OK;
}

int wtl_aead_rekey(wtl_aead *a, wtl_bytes key, wtl_err *err)
{
    TRY(check_key(a->alg, key, err));
    if (EVP_CipherInit_ex2(a->ctx, NULL, key.p, NULL, a->dir == WTL_AEAD_SEAL, NULL) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot set up %s", rows[a->alg].name);
    return WTL_OK;
}

int wtl_aead_blank(wtl_aead **out, enum wtl_aead_alg alg, enum wtl_aead_dir dir, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    AUTO(wtl_aead) *a = calloc(1, sizeof *a);
    ENSURE(a != NULL, err, WTL_NOMEM, "out of memory");
    a->alg = alg;
    a->dir = dir;
    TRY(set_cipher(a, err));
    *out = a;
    a = NULL;
    return WTL_OK;
}

int wtl_aead_new(wtl_aead **out, enum wtl_aead_alg alg, enum wtl_aead_dir dir, wtl_bytes key, wtl_err *err)
{
    *out = NULL;
    TRY(check_key(alg, key, err));
    AUTO(wtl_aead) *a = NULL;
    TRY(wtl_aead_blank(&a, alg, dir, err));
    TRY(wtl_aead_rekey(a, key, err));
    *out = a;
    a = NULL;
    return WTL_OK;
}

/* Runs `in` through the cipher into `out`, or as associated data when `out` is NULL. */
static bool feed(EVP_CIPHER_CTX *ctx, uint8_t *out, wtl_bytes in)
{
    for (size_t done = 0; done < in.n;) {
        int n = in.n - done < PIECE ? (int)(in.n - done) : PIECE;
        int wrote = 0;
        if (EVP_CipherUpdate(ctx, out != NULL ? out + done : NULL, &wrote, in.p + done, n) != 1 || wrote != n)
            return false;
        done += (size_t)n;
    }
    return true;
}

static int check(const wtl_aead *a, enum wtl_aead_dir dir, size_t n, wtl_err *err)
{
    ENSURE(a->dir == dir, err, WTL_BUG, "an AEAD key set up for %s was used for %s",
           a->dir == WTL_AEAD_SEAL ? "sealing" : "opening", dir == WTL_AEAD_SEAL ? "sealing" : "opening");
    ENSURE(n <= rows[a->alg].most, err, WTL_USAGE,
           "a message of %zu bytes is too long for %s: split it into parts", n, rows[a->alg].name);
    return WTL_OK;
}

int wtl_aead_seal(wtl_aead *a, const uint8_t nonce[12], wtl_bytes aad, wtl_bytes pt, uint8_t *out,
                  wtl_err *err)
{
    TRY(check(a, WTL_AEAD_SEAL, pt.n, err));
    int n = 0;
    OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + pt.n, WTL_AEAD_TAG),
        OSSL_PARAM_END};
    if (EVP_EncryptInit_ex2(a->ctx, NULL, NULL, nonce, NULL) == 1 && feed(a->ctx, NULL, aad) &&
        feed(a->ctx, out, pt) && EVP_EncryptFinal_ex(a->ctx, out + pt.n, &n) == 1 && n == 0 &&
        EVP_CIPHER_CTX_get_params(a->ctx, tag) == 1)
        return WTL_OK;
    wtl_secret_wipe(out, pt.n + WTL_AEAD_TAG);
    return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot encrypt with %s", rows[a->alg].name);
}

int wtl_aead_open(wtl_aead *a, const uint8_t nonce[12], wtl_bytes aad, wtl_bytes ct, uint8_t *out,
                  wtl_err *err)
{
    ENSURE(ct.n >= WTL_AEAD_TAG, err, WTL_FORMAT, "a ciphertext of %zu bytes is shorter than its %d-byte tag",
           ct.n, (int)WTL_AEAD_TAG);
    wtl_bytes body = {ct.p, ct.n - WTL_AEAD_TAG};
    TRY(check(a, WTL_AEAD_OPEN, body.n, err));
    int n = 0;
    OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, (void *)(ct.p + body.n), WTL_AEAD_TAG),
        OSSL_PARAM_END};
    if (EVP_DecryptInit_ex2(a->ctx, NULL, NULL, nonce, tag) != 1 || !feed(a->ctx, NULL, aad) ||
        !feed(a->ctx, out, body)) {
        wtl_secret_wipe(out, body.n);
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot decrypt with %s", rows[a->alg].name);
    }
    uint8_t none[WTL_AEAD_TAG];
    if (EVP_DecryptFinal_ex(a->ctx, none, &n) == 1)
        return WTL_OK;
    wtl_secret_wipe(out, body.n);
    return WTL_FAIL_OSSL(err, WTL_NO,
                         "the authentication tag is wrong: the data was changed, or the key is another");
}
