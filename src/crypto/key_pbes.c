#include "crypto/key_pbes.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>

#include "crypto/key_der.h"
#include "crypto/lib.h"

enum { SALT = 16, IV = 16, BLOCK = 16, KEY_MOST = 32, PASSPHRASE_MOST = 1024 };
/* Written: as many operations as N = 2^17, r = 8, p = 1, in 16 MiB, because OpenSSL reads no key file whose
 * scrypt needs more than 32 MiB. */
enum { WRITTEN_N = 1 << 14, WRITTEN_R = 8, WRITTEN_P = 8 };

typedef struct scheme {
    bool scrypt;
    wtl_bytes salt;
    uint64_t n; /* scrypt's cost N, or PBKDF2's iterations */
    uint64_t r;
    uint64_t p;
    uint64_t key_length;  /* as the file says, or 0 */
    const char *digest;   /* PBKDF2's */
    const char *cipher;   /* as OpenSSL names it */
    size_t key_n;         /* bytes of the cipher's key */
    const uint8_t *iv;    /* IV bytes */
    wtl_bytes ciphertext; /* whole blocks, at least one */
} scheme;

static bool oid_is(wtl_bytes oid, int nid)
{
    const ASN1_OBJECT *o = OBJ_nid2obj(nid);
    return o != NULL && OBJ_length(o) == oid.n && memcmp(OBJ_get0_data(o), oid.p, oid.n) == 0;
}

/* AlgorithmIdentifier: the identifier's content and what follows it. */
static bool take_algid(wtl_bytes *in, wtl_bytes *oid, wtl_bytes *parameters)
{
    return wtl_key_der_take(in, WTL_DER_SEQUENCE, parameters) &&
           wtl_key_der_take(parameters, WTL_DER_OID, oid);
}

static int malformed(wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "the encrypted private key is not laid out as RFC 8018 says");
}

static int refused(const char *what, wtl_err *err)
{
    return WTL_FAIL(err, WTL_POLICY,
                    "the private key is encrypted with %s, which Wattle does not read: convert it with "
                    "`openssl pkcs8 -topk8 -scrypt`",
                    what);
}

static int read_scrypt(wtl_bytes in, scheme *s, wtl_err *err)
{
    wtl_bytes body;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 ||
        !wtl_key_der_take(&body, WTL_DER_OCTETS, &s->salt) || !wtl_key_der_uint(&body, &s->n) ||
        !wtl_key_der_uint(&body, &s->r) || !wtl_key_der_uint(&body, &s->p))
        return malformed(err);
    if (body.n > 0 && (!wtl_key_der_uint(&body, &s->key_length) || body.n != 0))
        return malformed(err);
    /* RFC 7914 section 2: N is a power of two above 1. */
    ENSURE(s->n > 1 && (s->n & (s->n - 1)) == 0 && s->r > 0 && s->p > 0, err, WTL_FORMAT,
           "the private key's scrypt parameters make no sense");
    ENSURE(s->r <= WTL_PBES_MEMORY / 128 && s->n <= WTL_PBES_MEMORY / 128 / s->r && s->p <= WTL_PBES_PARALLEL,
           err, WTL_POLICY,
           "to open this private key would take more than 1 GiB of memory or scrypt's p above %d: refused",
           WTL_PBES_PARALLEL);
    s->scrypt = true;
    return WTL_OK;
}

static int read_prf(wtl_bytes in, scheme *s, wtl_err *err)
{
    static const struct {
        int nid;
        const char *digest;
    } rows[] = {{NID_hmacWithSHA1, "SHA1"},
                {NID_hmacWithSHA224, "SHA2-224"},
                {NID_hmacWithSHA256, "SHA2-256"},
                {NID_hmacWithSHA384, "SHA2-384"},
                {NID_hmacWithSHA512, "SHA2-512"}};
    wtl_bytes oid;
    wtl_bytes parameters;
    wtl_bytes null;
    s->digest = rows[0].digest; /* the DEFAULT of RFC 8018 appendix A.2 */
    if (in.n == 0)
        return WTL_OK;
    if (!take_algid(&in, &oid, &parameters) || in.n != 0 ||
        !wtl_key_der_take(&parameters, WTL_DER_NULL, &null) || null.n != 0 || parameters.n != 0)
        return malformed(err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (oid_is(oid, rows[i].nid)) {
            s->digest = rows[i].digest;
            return WTL_OK;
        }
    }
    return refused("an unusual PBKDF2", err);
}

static int read_pbkdf2(wtl_bytes in, scheme *s, wtl_err *err)
{
    wtl_bytes body;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 ||
        !wtl_key_der_take(&body, WTL_DER_OCTETS, &s->salt) || !wtl_key_der_uint(&body, &s->n) || s->n == 0)
        return malformed(err);
    wtl_key_der_uint(&body, &s->key_length);
    ENSURE(s->n <= WTL_PBES_ITERATIONS, err, WTL_POLICY,
           "to open this private key would take more than %d rounds of PBKDF2: refused", WTL_PBES_ITERATIONS);
    return read_prf(body, s, err);
}

static int read_cipher(wtl_bytes oid, wtl_bytes parameters, scheme *s, wtl_err *err)
{
    static const struct {
        int nid;
        const char *name;
        size_t key_n;
    } rows[] = {{NID_aes_256_cbc, "AES-256-CBC", 32},
                {NID_aes_192_cbc, "AES-192-CBC", 24},
                {NID_aes_128_cbc, "AES-128-CBC", 16}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!oid_is(oid, rows[i].nid))
            continue;
        wtl_bytes iv;
        if (!wtl_key_der_take(&parameters, WTL_DER_OCTETS, &iv) || iv.n != IV || parameters.n != 0)
            return malformed(err);
        s->iv = iv.p;
        s->cipher = rows[i].name;
        s->key_n = rows[i].key_n;
        if (s->key_length != 0 && s->key_length != s->key_n)
            return malformed(err);
        return WTL_OK;
    }
    return refused("a cipher other than AES-CBC", err);
}

/* PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme } */
static int read_pbes2(wtl_bytes in, scheme *s, wtl_err *err)
{
    wtl_bytes body;
    wtl_bytes kdf;
    wtl_bytes kdf_parameters;
    wtl_bytes cipher;
    wtl_bytes cipher_parameters;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 ||
        !take_algid(&body, &kdf, &kdf_parameters) || !take_algid(&body, &cipher, &cipher_parameters) ||
        body.n != 0)
        return malformed(err);
    if (oid_is(kdf, NID_id_scrypt))
        TRY(read_scrypt(kdf_parameters, s, err));
    else if (oid_is(kdf, NID_id_pbkdf2))
        TRY(read_pbkdf2(kdf_parameters, s, err));
    else
        return refused("a key derivation other than scrypt and PBKDF2", err);
    return read_cipher(cipher, cipher_parameters, s, err);
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { algorithm, OCTET STRING } */
static int read_scheme(wtl_bytes in, scheme *s, wtl_err *err)
{
    *s = (scheme){0};
    wtl_bytes body;
    wtl_bytes oid;
    wtl_bytes parameters;
    if (!wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body) || in.n != 0 ||
        !take_algid(&body, &oid, &parameters) || !wtl_key_der_take(&body, WTL_DER_OCTETS, &s->ciphertext) ||
        body.n != 0)
        return malformed(err);
    if (!oid_is(oid, NID_pbes2))
        return refused("a scheme older than PBES2", err);
    TRY(read_pbes2(parameters, s, err));
    if (s->ciphertext.n == 0 || s->ciphertext.n % BLOCK != 0)
        return malformed(err);
    return WTL_OK;
}

static OSSL_PARAM octets(const char *name, wtl_bytes v)
{
    static uint8_t nothing[1];
    return OSSL_PARAM_construct_octet_string(name, v.n > 0 ? (void *)(uintptr_t)v.p : nothing, v.n);
}

static int derive(const scheme *s, wtl_bytes passphrase, wtl_secret *key, wtl_err *err)
{
    uint64_t n = s->n;
    uint64_t r = s->r;
    uint64_t p = s->p;
    uint64_t memory = (uint64_t)WTL_PBES_MEMORY + (64 << 20); /* beside V scrypt needs a little */
    OSSL_PARAM params[7];
    OSSL_PARAM *at = params;
    *at++ = octets(OSSL_KDF_PARAM_PASSWORD, passphrase);
    *at++ = octets(OSSL_KDF_PARAM_SALT, s->salt);
    if (s->scrypt) {
        *at++ = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
        *at++ = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r);
        *at++ = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p);
        *at++ = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
    } else {
        *at++ = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &n);
        *at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)s->digest, 0);
    }
    *at = OSSL_PARAM_construct_end();
    TRY(wtl_secret_new(key, s->key_n, err));
    EVP_KDF *kdf = EVP_KDF_fetch(wtl_lib_ctx(), s->scrypt ? "SCRYPT" : "PBKDF2", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, key->p, key->n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL cannot derive a key from the passphrase");
    return WTL_OK;
}

/* AES-CBC with PKCS#7 padding; out has in.n + BLOCK bytes, *n of which are the result. WTL_NO: bad padding. */
static int run_cipher(const scheme *s, const wtl_secret *key, bool encrypt, wtl_bytes in, uint8_t *out,
                      size_t *n, wtl_err *err)
{
    int first = 0;
    int last = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(wtl_lib_ctx(), s->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ready = cipher != NULL && ctx != NULL &&
                 EVP_CipherInit_ex2(ctx, cipher, key->p, s->iv, encrypt, NULL) == 1 &&
                 EVP_CipherUpdate(ctx, out, &first, in.p, (int)in.n) == 1;
    bool good = ready && EVP_CipherFinal_ex(ctx, out + first, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (!ready)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot use %s", s->cipher);
    *n = (size_t)first + (size_t)last;
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_NO, "the passphrase is wrong, or the key file is damaged");
    return WTL_OK;
}

/* What a wrong passphrase leaves has good padding once in 256 times, and this shape next to never. */
static bool is_sequence(wtl_bytes v)
{
    wtl_bytes body;
    return wtl_key_der_take(&v, WTL_DER_SEQUENCE, &body) && v.n == 0;
}

static int decrypt(const scheme *s, wtl_bytes passphrase, wtl_secret *plain, wtl_err *err)
{
    AUTO(wtl_secret) key = {0};
    TRY(derive(s, passphrase, &key, err));
    AUTO(wtl_secret) all = {0};
    TRY(wtl_secret_new(&all, s->ciphertext.n + BLOCK, err));
    size_t n = 0;
    TRY(run_cipher(s, &key, false, s->ciphertext, all.p, &n, err));
    ENSURE(is_sequence((wtl_bytes){all.p, n}), err, WTL_NO,
           "the passphrase is wrong, or the key file is damaged");
    return wtl_secret_copy(plain, (wtl_bytes){all.p, n}, err);
}

int wtl_key_pbes_open(wtl_bytes der, const wtl_passphrase *pp, wtl_secret *plain, wtl_err *err)
{
    *plain = (wtl_secret){0};
    TRY(wtl_lib_init(err));
    scheme s;
    TRY(read_scheme(der, &s, err));
    ENSURE(
        pp != NULL && pp->ask != NULL, err, WTL_POLICY,
        "the private key is encrypted: give its passphrase by prompt, --passphrase-file or --passphrase-fd");
    AUTO(wtl_secret) typed = {0};
    TRY(wtl_secret_new(&typed, PASSPHRASE_MOST, err));
    int n = pp->ask(pp->arg, (char *)typed.p, typed.n, err);
    if (n < 0)
        return n;
    ENSURE((size_t)n <= typed.n, err, WTL_BUG, "the passphrase's source gave more than it was asked for");
    return decrypt(&s, (wtl_bytes){typed.p, (size_t)n}, plain, err);
}

static void put_algid(wtl_buf *out, int nid, wtl_bytes parameters)
{
    const ASN1_OBJECT *o = OBJ_nid2obj(nid);
    AUTO(wtl_buf) body = {0};
    wtl_key_der_element(&body, WTL_DER_OID, (wtl_bytes){OBJ_get0_data(o), OBJ_length(o)});
    wtl_buf_bytes(&body, parameters);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
    out->bad |= body.bad;
}

/* The AlgorithmIdentifier of what is written. */
static int put_scheme(wtl_buf *out, const scheme *s, wtl_err *err)
{
    AUTO(wtl_buf) numbers = {0};
    wtl_key_der_element(&numbers, WTL_DER_OCTETS, s->salt);
    wtl_key_der_put_uint(&numbers, s->n);
    wtl_key_der_put_uint(&numbers, s->r);
    wtl_key_der_put_uint(&numbers, s->p);
    AUTO(wtl_buf) kdf = {0};
    wtl_key_der_element(&kdf, WTL_DER_SEQUENCE, wtl_buf_view(&numbers));
    AUTO(wtl_buf) iv = {0};
    wtl_key_der_element(&iv, WTL_DER_OCTETS, (wtl_bytes){s->iv, IV});
    AUTO(wtl_buf) both = {0};
    put_algid(&both, NID_id_scrypt, wtl_buf_view(&kdf));
    put_algid(&both, NID_aes_256_cbc, wtl_buf_view(&iv));
    AUTO(wtl_buf) pbes2 = {0};
    wtl_key_der_element(&pbes2, WTL_DER_SEQUENCE, wtl_buf_view(&both));
    put_algid(out, NID_pbes2, wtl_buf_view(&pbes2));
    out->bad |= numbers.bad || kdf.bad || iv.bad || both.bad || pbes2.bad;
    return wtl_buf_check(out, err);
}

/* Encrypts `key` into the new secret `sealed`. */
static int encrypt(const scheme *s, wtl_bytes passphrase, wtl_bytes key, wtl_secret *sealed, wtl_err *err)
{
    AUTO(wtl_secret) derived = {0};
    TRY(derive(s, passphrase, &derived, err));
    AUTO(wtl_secret) all = {0};
    TRY(wtl_secret_new(&all, key.n + BLOCK, err));
    size_t n = 0;
    TRY(run_cipher(s, &derived, true, key, all.p, &n, err));
    return wtl_secret_copy(sealed, (wtl_bytes){all.p, n}, err);
}

int wtl_key_pbes_seal(wtl_secret *key, wtl_bytes passphrase, wtl_err *err)
{
    ENSURE(passphrase.n > 0 && passphrase.n <= PASSPHRASE_MOST, err, WTL_USAGE, "the passphrase is %s",
           passphrase.n == 0 ? "empty" : "longer than 1024 bytes");
    uint8_t random[SALT + IV];
    TRY(wtl_lib_random(random, sizeof random, err));
    const scheme s = {.scrypt = true,
                      .salt = {random, SALT},
                      .n = WRITTEN_N,
                      .r = WRITTEN_R,
                      .p = WRITTEN_P,
                      .cipher = "AES-256-CBC",
                      .key_n = KEY_MOST,
                      .iv = random + SALT};
    AUTO(wtl_buf) algid = {0};
    TRY(put_scheme(&algid, &s, err));
    AUTO(wtl_secret) sealed = {0};
    TRY(encrypt(&s, passphrase, wtl_secret_view(key), &sealed, err));
    TRY(wtl_key_der_wrap(&sealed, WTL_DER_OCTETS, (wtl_bytes){0}, (wtl_bytes){0}, err));
    TRY(wtl_key_der_wrap(&sealed, WTL_DER_SEQUENCE, wtl_buf_view(&algid), (wtl_bytes){0}, err));
    wtl_secret_free(key);
    *key = sealed;
    sealed = (wtl_secret){0};
    return WTL_OK;
}
