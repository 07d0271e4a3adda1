#include <wattle/verified_signed.h>

#include <string.h>

#include "crypto/sig.h"
#include "envelope/envelope.h"
#include "verified/outcome.h"

/* The key is the one that the envelope names, and the algorithm that key's. */
static int check(const wtl_key *key, wtl_bytes text, wtl_envelope *e, wtl_verified_verdict *v, wtl_err *err)
{
    uint8_t hash[WTL_ENVELOPE_KEY_HASH];
    AUTO(wtl_buf) pae = {0};
    TRY(wtl_envelope_parse(e, text, err));
    TRY(wtl_envelope_key_hash(key, hash, err));
    ENSURE(memcmp(hash, e->key_hash, sizeof hash) == 0, err, WTL_POLICY,
           "the envelope names another key than the one that was given");
    ENSURE(e->alg == wtl_key_alg(key), err, WTL_NO,
           "the envelope names the given key, but another algorithm than that key's");
    wtl_envelope_pae(e, &pae);
    TRY(wtl_buf_check(&pae, err));
    TRY(wtl_sig_verify(key, wtl_buf_view(&pae), NULL, wtl_buf_view(&e->signature), err));
    return wtl_verified_result(v, wtl_buf_view(&e->body), err);
}

static int verify(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    const wtl_verified_signer *s = arg;
    AUTO(wtl_envelope) e = {0};
    (void)now;
    wtl_verified_key(v, s->id);
    return wtl_outcome(v, check(s->key, ask->subject, &e, v, err));
}

int wtl_verified_envelope(wtl_verified_handle *h, const wtl_verified_signer *s, wtl_bytes envelope,
                          wtl_bytes tenant, wtl_verified_answer *answer, wtl_err *err)
{
    wtl_verified_ask ask = {.kind = "envelope",
                            .algorithm = wtl_key_alg_name(s->key),
                            .key = {s->id, sizeof s->id},
                            .tenant = tenant,
                            .subject = envelope,
                            .ttl_ms = s->ttl_ms};
    return wtl_verified(h, &ask, verify, (void *)(uintptr_t)s, answer, err);
}
