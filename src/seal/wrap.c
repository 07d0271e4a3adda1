#include "seal/wrap.h"

#include <stdio.h>

#include "crypto/aead.h"
#include "crypto/hpke.h"

enum { WRAPPED = WTL_SUBKEY_FILE + WTL_AEAD_TAG, ML_KEM_1024 = 0x0042 };

/* Version 1 fixes the pair for each KEM; a stanza with another is one of a later version. */
static wtl_hpke_suite suite_of(uint16_t kem)
{
    return (wtl_hpke_suite){kem == ML_KEM_1024 ? WTL_HPKE_HKDF_SHA384 : WTL_HPKE_HKDF_SHA256,
                            WTL_HPKE_AES256GCM};
}

static bool receives(const wtl_alg *a)
{
    return a->kind == WTL_ALG_KEM && a->hpke != 0;
}

int wtl_wrap_check(const wtl_key *const *to, size_t n, wtl_err *err)
{
    ENSURE(n > 0, err, WTL_USAGE, "no recipient: name at least one key that may open the container");
    for (size_t i = 0; i < n; i++) {
        const wtl_alg *a = wtl_key_alg(to[i]);
        ENSURE(a->kind != WTL_ALG_KEX, err, WTL_POLICY,
               "recipient %zu has an %s key, which a quantum computer breaks: use X-Wing or ML-KEM", i + 1,
               a->name);
        ENSURE(receives(a), err, WTL_USAGE,
               "recipient %zu has an %s key, which cannot receive: use X-Wing or ML-KEM", i + 1, a->name);
        ENSURE((a->flags & WTL_ALG_PQ) != 0, err, WTL_POLICY,
               "recipient %zu has a key that is not post-quantum", i + 1);
        for (size_t k = 0; k < i; k++)
            ENSURE(!wtl_key_same(to[i], to[k]), err, WTL_USAGE, "recipient %zu was given twice", i + 1);
    }
    return WTL_OK;
}

static int wrap_one(wtl_buf *body, const wtl_key *to, wtl_bytes info, const wtl_secret *file_key,
                    wtl_err *err)
{
    AUTO(wtl_hpke) *h = NULL;
    TRY(wtl_hpke_sender(&h, suite_of(wtl_key_alg(to)->hpke), to, info, body, err));
    return wtl_hpke_seal(h, (wtl_bytes){NULL, 0}, wtl_secret_view(file_key), body, err);
}

static size_t stanzas_size(const wtl_key *const *to, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += WTL_SLOT_STANZA_HEAD + wtl_key_alg(to[i])->out + WRAPPED;
    return used;
}

/* Bodies go into one buffer; the stanzas point into it once it has stopped moving. */
static int wrap_all(wtl_buf *bodies, wtl_stanza *stanza, const wtl_preamble *p, const wtl_key *const *to,
                    size_t n, const wtl_secret *file_key, wtl_err *err)
{
    AUTO(wtl_buf) info = {0};
    wtl_subkey_hpke_info(&info, p);
    TRY(wtl_buf_check(&info, err));
    for (size_t i = 0; i < n; i++) {
        size_t before = bodies->n;
        TRY(wrap_one(bodies, to[i], wtl_buf_view(&info), file_key, err));
        uint16_t kem = wtl_key_alg(to[i])->hpke;
        wtl_hpke_suite s = suite_of(kem);
        stanza[i] = (wtl_stanza){kem, s.kdf, s.aead, {NULL, bodies->n - before}};
    }
    TRY(wtl_buf_check(bodies, err));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        stanza[i].body.p = bodies->p + at;
        at += stanza[i].body.n;
    }
    return WTL_OK;
}

int wtl_wrap_slot(wtl_buf *slot, wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE], const wtl_key *const *to,
                  size_t n, const wtl_secret *file_key, wtl_err *err)
{
    TRY(wtl_slot_fit(stanzas_size(to, n), &p->slot_size, err));
    wtl_preamble_encode(p, page);
    AUTO(wtl_secret) mac_key = {0};
    TRY(wtl_subkey_derive(&mac_key, file_key, WTL_SUBKEY_HEADER, err));
    AUTO(wtl_buf) bodies = {0};
    AUTO(wtl_buf) room = {0};
    void *zone = wtl_buf_grow(&room, n * sizeof(wtl_stanza));
    wtl_stanza *stanza = zone;
    ENSURE(stanza != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wrap_all(&bodies, stanza, p, to, n, file_key, err));
    return wtl_slot_encode(slot, (wtl_bytes){page, WTL_PREAMBLE_SIZE}, 1, stanza, n,
                           wtl_secret_view(&mac_key), err);
}

/* 1 when the identity opens the stanza, 0 when it does not, or an error. */
static int try_one(wtl_secret *file_key, const wtl_stanza *s, const wtl_key *me, wtl_bytes info, wtl_err *err)
{
    const wtl_alg *a = wtl_key_alg(me);
    wtl_hpke_suite suite = suite_of(a->hpke);
    if (s->type != a->hpke || s->kdf != suite.kdf || s->aead != suite.aead)
        return 0;
    ENSURE(s->body.n == a->out + WRAPPED, err, WTL_FORMAT,
           "the container's header has an %s stanza of %zu bytes", a->name, s->body.n);
    AUTO(wtl_hpke) *h = NULL;
    TRY(wtl_hpke_receiver(&h, suite, me, (wtl_bytes){s->body.p, a->out}, info, err));
    int rc = wtl_hpke_open(h, (wtl_bytes){NULL, 0}, (wtl_bytes){s->body.p + a->out, WRAPPED}, file_key, err);
    return rc == WTL_NO ? 0 : rc < 0 ? rc : 1;
}

static int check_identities(const wtl_key *const *identity, size_t n, wtl_err *err)
{
    ENSURE(n > 0, err, WTL_USAGE, "no identity: name the private key that opens the container");
    for (size_t i = 0; i < n; i++) {
        const wtl_alg *a = wtl_key_alg(identity[i]);
        ENSURE(receives(a), err, WTL_USAGE, "identity %zu is an %s key, which opens no container", i + 1,
               a->name);
        ENSURE(wtl_key_is_private(identity[i]), err, WTL_USAGE,
               "identity %zu is a public key: opening needs the private one", i + 1);
    }
    return WTL_OK;
}

int wtl_wrap_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_slot *slot,
                  const wtl_key *const *identity, size_t n, wtl_err *err)
{
    TRY(check_identities(identity, n, err));
    AUTO(wtl_buf) info = {0};
    wtl_subkey_hpke_info(&info, p);
    TRY(wtl_buf_check(&info, err));
    for (size_t i = 0; i < slot->n * n; i++) {
        int rc = try_one(file_key, &slot->stanza[i / n], identity[i % n], wtl_buf_view(&info), err);
        if (rc != 0)
            return rc < 0 ? rc : WTL_OK;
    }
    return WTL_FAIL(err, WTL_NO, "%s of the container's %zu recipients: it was not sealed for this key",
                    n == 1 ? "the identity is not one" : "no identity is one", slot->n);
}

void wtl_wrap_name(uint16_t type, char *out, size_t cap)
{
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->hpke == type && type != 0) {
            snprintf(out, cap, "%s", a->name);
            return;
        }
    }
    snprintf(out, cap, "unknown (0x%04x)", type);
}
