#include <wattle/verified_signed.h>

#include <string.h>

#include "crypto/hash.h"
#include "verified/outcome.h"
#include "verified/verified_roots.h"

typedef struct question {
    const wtl_verified_roots *roots;
    const char *identity;
} question;

static void hold(wtl_verified_verdict *v, int64_t first, int64_t last)
{
    if (first > v->nbf)
        v->nbf = first;
    if (last < v->exp - 1)
        v->exp = last + 1;
}

/* Which root it was is not asked: all that are valid now must stay so. */
static void hold_roots(wtl_verified_verdict *v, const wtl_verified_roots *r, int64_t now)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->date[i].first <= now && now <= r->date[i].last)
            hold(v, r->date[i].first, r->date[i].last);
    }
}

static int describe(wtl_verified_verdict *v, const wtl_buf *der, size_t n, wtl_err *err)
{
    uint8_t digest[WTL_VERIFIED_KEY];
    int64_t first;
    int64_t last;
    AUTO(wtl_key) *key = NULL;
    for (size_t i = 0; i < n; i++) {
        TRY(wtl_cert_dates(wtl_buf_view(&der[i]), &first, &last, err));
        hold(v, first, last);
        TRY(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&der[i]), digest, err));
        TRY(wtl_verified_id(v, "cert", (wtl_bytes){digest, sizeof digest}, err));
    }
    TRY(wtl_cert_key(&key, wtl_buf_view(&der[0]), err));
    TRY(wtl_key_id(key, digest, err));
    wtl_verified_key(v, digest);
    return wtl_verified_result(v, wtl_buf_view(&der[0]), err);
}

static int check(const question *q, const wtl_buf *der, size_t n, int64_t now, wtl_verified_verdict *v,
                 wtl_err *err)
{
    bool stranger;
    TRY(wtl_ca_check(q->roots->ca, der, n, now, &stranger, err));
    if (q->identity != NULL)
        TRY(wtl_cert_identity(wtl_buf_view(&der[0]), q->identity, err));
    hold_roots(v, q->roots, now);
    return describe(v, der, n, err);
}

static int verify(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    wtl_buf *der = NULL;
    size_t n = 0;
    int rc = wtl_cert_list_read(&der, &n, ask->subject, WTL_CERT_CHAIN_MAX, err);
    if (rc == WTL_OK)
        rc = check(arg, der, n, now, v, err);
    wtl_cert_list_free(der, n);
    return wtl_outcome(v, rc);
}

int wtl_verified_chain(wtl_verified_handle *h, const wtl_verified_roots *roots, const char *identity,
                       wtl_bytes pem, uint64_t ttl_ms, wtl_bytes tenant, wtl_verified_answer *answer,
                       wtl_err *err)
{
    question q = {roots, identity};
    wtl_verified_ask ask = {.kind = identity != NULL ? "chain of" : "chain",
                            .keyset = {roots->digest, sizeof roots->digest},
                            .tenant = tenant,
                            .subject = pem,
                            .ttl_ms = ttl_ms};
    if (identity != NULL)
        ask.policy = (wtl_bytes){(const uint8_t *)identity, strlen(identity)};
    return wtl_verified(h, &ask, verify, &q, answer, err);
}
