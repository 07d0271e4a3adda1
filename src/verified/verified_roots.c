#include "verified/verified_roots.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

/* The digest of the certificates' digests, in their order. */
static int read_all(wtl_verified_roots *r, const wtl_buf *der, size_t n, wtl_err *err)
{
    AUTO(wtl_buf) digests = {0};
    r->date = calloc(n, sizeof *r->date);
    ENSURE(r->date != NULL, err, WTL_NOMEM, "out of memory");
    for (r->n = 0; r->n < n; r->n++) {
        uint8_t digest[WTL_VERIFIED_KEY];
        wtl_bytes cert = wtl_buf_view(&der[r->n]);
        TRY(wtl_hash_once(WTL_HASH_SHA256, cert, digest, err));
        TRY(wtl_cert_dates(cert, &r->date[r->n].first, &r->date[r->n].last, err));
        wtl_buf_add(&digests, digest, sizeof digest);
    }
    TRY(wtl_buf_check(&digests, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&digests), r->digest, err);
}

static int fill(wtl_verified_roots *r, wtl_bytes pem, wtl_err *err)
{
    wtl_buf *der = NULL;
    size_t n = 0;
    TRY(wtl_ca_new(&r->ca, err));
    TRY(wtl_ca_add(r->ca, pem, err));
    TRY(wtl_cert_list_read(&der, &n, pem, WTL_VERIFIED_ROOTS_MOST, err));
    int rc = read_all(r, der, n, err);
    wtl_cert_list_free(der, n);
    return rc;
}

int wtl_verified_roots_new(wtl_verified_roots **out, wtl_bytes pem, wtl_err *err)
{
    *out = NULL;
    wtl_verified_roots *r = calloc(1, sizeof *r);
    ENSURE(r != NULL, err, WTL_NOMEM, "out of memory");
    int rc = fill(r, pem, err);
    if (rc < 0)
        wtl_verified_roots_free(r);
    else
        *out = r;
    return rc;
}

void wtl_verified_roots_free(wtl_verified_roots *r)
{
    if (r == NULL)
        return;
    wtl_ca_free(r->ca);
    free(r->date);
    free(r);
}
