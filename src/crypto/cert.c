#include "crypto/cert.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/lib.h"

int wtl_cert_key(wtl_key **out, wtl_bytes der, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    ENSURE(der.n > 0 && der.n <= LONG_MAX, err, WTL_FORMAT, "an empty certificate");
    X509 *cert = X509_new_ex(wtl_lib_ctx(), NULL);
    ENSURE(cert != NULL, err, WTL_NOMEM, "out of memory");
    const uint8_t *p = der.p;
    uint8_t *spki = NULL;
    int n = -1;
    /* d2i_X509 frees `cert` and sets it to NULL when it fails. */
    if (d2i_X509(&cert, &p, (long)der.n) != NULL && p == der.p + der.n)
        n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    int rc;
    if (n > 0) {
        rc = wtl_key_parse(out, (wtl_bytes){spki, (size_t)n}, NULL, err);
        if (rc < 0)
            wtl_err_prefix(err, "the certificate's public key: ");
    } else {
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT, "the bytes are not exactly one DER certificate");
    }
    OPENSSL_free(spki);
    X509_free(cert);
    ERR_clear_error();
    return rc;
}
