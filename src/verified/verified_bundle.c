#include <wattle/verified_signed.h>

#include <string.h>

#include "base/buf.h"
#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "verified/outcome.h"

#define STATEMENT "application/vnd.in-toto+json"

/* The key that a bundle carries decides nothing: the signature is the signer's or not. */
static int check(const wtl_key *key, wtl_bytes text, wtl_bundle *b, wtl_verified_verdict *v, wtl_err *err)
{
    AUTO(wtl_buf) pae = {0};
    TRY(wtl_bundle_parse(b, text, err));
    ENSURE(strcmp(b->payload_type, STATEMENT) == 0, err, WTL_POLICY,
           "the bundle's payload is not of the type \"%s\"", STATEMENT);
    wtl_bundle_pae(&pae, b->payload_type, wtl_buf_view(&b->payload));
    TRY(wtl_buf_check(&pae, err));
    TRY(wtl_sig_verify(key, wtl_buf_view(&pae), NULL, wtl_buf_view(&b->signature), err));
    return wtl_verified_result(v, wtl_buf_view(&b->payload), err);
}

static int verify(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    const wtl_verified_signer *s = arg;
    AUTO(wtl_bundle) b = {0};
    (void)now;
    wtl_verified_key(v, s->id);
    return wtl_outcome(v, check(s->key, ask->subject, &b, v, err));
}

int wtl_verified_bundle(wtl_verified_handle *h, const wtl_verified_signer *s, wtl_bytes bundle,
                        wtl_bytes tenant, wtl_verified_answer *answer, wtl_err *err)
{
    wtl_verified_ask ask = {.kind = "bundle",
                            .algorithm = wtl_key_alg_name(s->key),
                            .key = {s->id, sizeof s->id},
                            .tenant = tenant,
                            .subject = bundle,
                            .ttl_ms = s->ttl_ms};
    return wtl_verified(h, &ask, verify, (void *)(uintptr_t)s, answer, err);
}
