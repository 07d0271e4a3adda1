#include "bench/identity.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const wtl_identity_kind kinds[] = {
    {"ECDSA-P256", "ecdsa", "EC", "P-256"},
    {"ML-DSA-44", "mldsa44", "ML-DSA-44", NULL},
    {"ML-DSA-65", "mldsa65", "ML-DSA-65", NULL},
};

const wtl_identity_kind *wtl_identity_at(size_t i)
{
    return i < sizeof kinds / sizeof kinds[0] ? &kinds[i] : NULL;
}

int wtl_identity_open(wtl_identity *id, wtl_err *err)
{
    const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    int n = snprintf(id->dir, sizeof id->dir, "%s/wattle-bench.XXXXXX",
                     base != NULL && base[0] == '/' ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof id->dir || mkdtemp(id->dir) == NULL) {
        int why = errno;
        id->dir[0] = '\0';
        return WTL_FAIL_SYS(err, WTL_IO, why, "cannot make a temporary folder; TMPDIR chooses where");
    }
    return WTL_OK;
}

/* Servers put files there, no folders. */
void wtl_identity_close(wtl_identity *id)
{
    if (id->dir[0] == '\0')
        return;
    DIR *d = opendir(id->dir);
    const struct dirent *e = NULL;
    while (d != NULL && (e = readdir(d)) != NULL) /* NOLINT(concurrency-mt-unsafe): its own stream */
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(id->dir);
    id->dir[0] = '\0';
}

void wtl_identity_auto(wtl_identity *id)
{
    wtl_identity_close(id);
}

static bool add_names(X509 *x)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    bool ok = san != NULL && X509_add_ext(x, san, -1) == 1;
    X509_EXTENSION_free(san);
    return ok;
}

static X509 *certify(OSSL_LIB_CTX *lib, EVP_PKEY *key, const wtl_identity_kind *kind)
{
    enum { DAY = 86400 };
    X509 *x = X509_new_ex(lib, NULL);
    X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
    bool ok = name != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(x), DAY) != NULL &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                                         0) == 1 &&
              X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 && add_names(x) &&
              X509_sign(x, key, kind->curve != NULL ? EVP_sha256() : NULL) > 0;
    if (ok)
        return x;
    X509_free(x);
    return NULL;
}

static int put(const wtl_identity *id, const char *file, const char *end, X509 *x, EVP_PKEY *key,
               wtl_err *err)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s.%s", id->dir, file, end);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return WTL_FAIL_SYS(err, WTL_IO, why, "cannot write %s", path);
    }
    bool ok = (x == NULL || PEM_write_X509(f, x) == 1) &&
              (key == NULL || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
    ok = fclose(f) == 0 && ok;
    ENSURE(ok, err, WTL_IO, "cannot write %s", path);
    return WTL_OK;
}

int wtl_identity_make(const wtl_identity *id, const wtl_identity_kind *kind, wtl_err *err)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    EVP_PKEY *key = NULL;
    if (lib != NULL)
        key = kind->curve != NULL ? EVP_PKEY_Q_keygen(lib, NULL, kind->evp, kind->curve)
                                  : EVP_PKEY_Q_keygen(lib, NULL, kind->evp);
    X509 *x = key != NULL ? certify(lib, key, kind) : NULL;
    int rc = x != NULL ? put(id, kind->file, "pem", x, NULL, err)
                       : WTL_FAIL_OSSL(err, WTL_BUG, "cannot make a certificate of %s", kind->name);
    if (rc == WTL_OK)
        rc = put(id, kind->file, "key", NULL, key, err);
    if (rc == WTL_OK)
        rc = put(id, kind->file, "both", x, key, err);
    X509_free(x);
    EVP_PKEY_free(key);
    OSSL_LIB_CTX_free(lib);
    return rc;
}
