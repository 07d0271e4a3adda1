#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "crypto/key.h"
#include "crypto/lib.h"
#include "fs/in.h"
#include "tls/cred.h"

enum { KEY_MOST = 64 * 1024, OTHERS = 077 };

/* `name` with what may harm a terminal written out. */
static void prefix(wtl_err *err, const char *name)
{
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&q);
    wtl_err_prefix(err, "%s: ", shown != NULL ? shown : "the key file");
}

static int read_file(wtl_secret *out, const char *name, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, name, err));
    ENSURE((in.mode & OTHERS) == 0, err, WTL_POLICY,
           "the private key %s may be read or changed by others than its owner (mode %03o): chmod 600 it",
           in.name, in.mode);
    size_t got = 0;
    AUTO(wtl_secret) all = {0};
    ENSURE(in.stamp.size > 0 && in.stamp.size <= KEY_MOST, err, WTL_FORMAT,
           "%s is empty, or larger than any key file", in.name);
    TRY(wtl_secret_new(&all, (size_t)in.stamp.size, err));
    TRY(wtl_in_pread(&in, all.p, all.n, 0, &got, err));
    ENSURE(got == all.n, err, WTL_IO, "%s became shorter while it was read", in.name);
    TRY(wtl_in_unchanged(&in, err));
    *out = all;
    all = (wtl_secret){0};
    return WTL_OK;
}

/* No passphrase is asked for: a proxy starts by itself. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's callback */
static int no_passphrase(char *out, int cap, int writing, void *arg)
{
    (void)out, (void)cap, (void)writing, (void)arg;
    return -1;
}

/* What crypto's own reader has no algorithm for. */
static bool foreign(const EVP_PKEY *pub)
{
    return EVP_PKEY_is_a(pub, "RSA") || EVP_PKEY_is_a(pub, "RSA-PSS") || EVP_PKEY_is_a(pub, "ED448");
}

static int parse_foreign(EVP_PKEY **out, wtl_bytes file, wtl_err *err)
{
    BIO *in = BIO_new_mem_buf(file.p, (int)file.n);
    ENSURE(in != NULL, err, WTL_NOMEM, "out of memory");
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(in, NULL, no_passphrase, NULL, wtl_lib_ctx(), NULL);
    BIO_free(in);
    const uint8_t *p = file.p;
    if (key == NULL)
        key = d2i_AutoPrivateKey_ex(NULL, &p, (long)file.n, wtl_lib_ctx(), NULL);
    if (key == NULL)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "no private key without a passphrase in PEM or DER");
    ERR_clear_error();
    *out = key;
    return WTL_OK;
}

static int parse_own(EVP_PKEY **out, wtl_bytes file, wtl_err *err)
{
    wtl_key *k = NULL;
    TRY(wtl_key_parse(&k, file, NULL, err));
    int rc = WTL_OK;
    if (!wtl_key_is_private(k) || wtl_key_evp(k) == NULL)
        rc = WTL_FAIL(err, WTL_FORMAT, "no private key that TLS could sign with");
    else if (EVP_PKEY_up_ref(wtl_key_evp(k)) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not share a key");
    else
        *out = wtl_key_evp(k);
    wtl_key_free(k);
    return rc;
}

static int open_file(void *arg, EVP_PKEY **out, const char *name, const EVP_PKEY *pub, wtl_err *err)
{
    (void)arg;
    *out = NULL;
    AUTO(wtl_secret) file = {0};
    TRY(read_file(&file, name, err));
    EVP_PKEY *key = NULL;
    wtl_bytes bytes = wtl_secret_view(&file);
    int rc = foreign(pub) ? parse_foreign(&key, bytes, err) : parse_own(&key, bytes, err);
    if (rc == WTL_OK && EVP_PKEY_eq(pub, key) != 1)
        rc = WTL_FAIL(err, WTL_NO, "the private key belongs to another certificate: check the order of keys");
    ERR_clear_error();
    if (rc < 0) {
        EVP_PKEY_free(key);
        prefix(err, name);
        return rc;
    }
    *out = key;
    return WTL_OK;
}

wtl_keys wtl_keys_files(void)
{
    return (wtl_keys){.open = open_file};
}
