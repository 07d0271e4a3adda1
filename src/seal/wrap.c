#include "seal/wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "seal/pass.h"

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

const char *wtl_wrap_called(char buf[WTL_WRAP_CALLED], const char *const *name, size_t i)
{
    AUTO(wtl_buf) quoted = {0};
    snprintf(buf, WTL_WRAP_CALLED, "%zu", i + 1);
    if (name != NULL && name[i] != NULL) {
        wtl_text_quote(&quoted, wtl_text_of(name[i]));
        const char *shown = wtl_buf_cstr(&quoted);
        if (shown != NULL)
            snprintf(buf, WTL_WRAP_CALLED, "%s", shown);
    }
    return buf;
}

static int check_one(const wtl_alg *a, const char *who, wtl_err *err)
{
    ENSURE(a->kind != WTL_ALG_KEX, err, WTL_POLICY,
           "recipient %s has an %s key, which a quantum computer breaks: use X-Wing or ML-KEM", who, a->name);
    ENSURE(receives(a), err, WTL_USAGE,
           "recipient %s has an %s key, which cannot receive: use X-Wing or ML-KEM", who, a->name);
    ENSURE((a->flags & WTL_ALG_PQ) != 0, err, WTL_POLICY, "recipient %s has a key that is not post-quantum",
           who);
    return WTL_OK;
}

int wtl_wrap_check(const wtl_key *const *to, const char *const *name, size_t n, wtl_err *err)
{
    char buf[WTL_WRAP_CALLED];
    ENSURE(n > 0, err, WTL_USAGE, "no recipient: name at least one key that may open the container");
    for (size_t i = 0; i < n; i++) {
        TRY(check_one(wtl_key_alg(to[i]), wtl_wrap_called(buf, name, i), err));
        for (size_t k = 0; k < i; k++)
            ENSURE(!wtl_key_same(to[i], to[k]), err, WTL_USAGE, "recipient %s was given twice",
                   wtl_wrap_called(buf, name, i));
    }
    return WTL_OK;
}

void wtl_wrap_auto(wtl_wrap *w)
{
    free(w->stanza);
    wtl_who_free(&w->who);
    wtl_buf_free(&w->bodies);
    *w = (wtl_wrap){0};
}

/* Room for one more at the end, not counted yet. */
static int grow(wtl_wrap *w, wtl_err *err)
{
    ENSURE(!w->passphrase, err, WTL_BUG, "a recipient beside a passphrase");
    wtl_stanza *s = realloc(w->stanza, (w->n + 2) * sizeof *s); /* and one for the roster */
    if (s != NULL)
        w->stanza = s;
    uint8_t(*id)[WTL_KEY_ID] = realloc(w->who.id, (w->n + 1) * sizeof *id);
    if (id != NULL)
        w->who.id = id;
    ENSURE(s != NULL && id != NULL, err, WTL_NOMEM, "out of memory");
    memset(id[w->n], 0, sizeof *id);
    return WTL_OK;
}

/* The stanza whose body was appended from `before` on. */
static int count(wtl_wrap *w, wtl_stanza s, size_t before, wtl_err *err)
{
    TRY(wtl_buf_check(&w->bodies, err));
    s.body = (wtl_bytes){NULL, w->bodies.n - before};
    w->stanza[w->n++] = s;
    w->who.n = w->n;
    return WTL_OK;
}

static int hpke_info(wtl_buf *info, const wtl_preamble *p, wtl_err *err)
{
    wtl_subkey_hpke_info(info, p);
    return wtl_buf_check(info, err);
}

int wtl_wrap_key(wtl_wrap *w, const wtl_key *to, wtl_err *err)
{
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_hpke) *h = NULL;
    uint16_t kem = wtl_key_alg(to)->hpke;
    wtl_hpke_suite s = suite_of(kem);
    size_t before = w->bodies.n;
    TRY(grow(w, err));
    TRY(wtl_key_id(to, w->who.id[w->n], err));
    TRY(hpke_info(&info, w->pre, err));
    TRY(wtl_hpke_sender(&h, s, to, wtl_buf_view(&info), &w->bodies, err));
    TRY(wtl_hpke_seal(h, (wtl_bytes){NULL, 0}, wtl_secret_view(w->file_key), &w->bodies, err));
    return count(w, (wtl_stanza){kem, s.kdf, s.aead, {NULL, 0}}, before, err);
}

int wtl_wrap_keep(wtl_wrap *w, const wtl_stanza *s, const uint8_t *id, wtl_err *err)
{
    size_t before = w->bodies.n;
    TRY(grow(w, err));
    if (id != NULL)
        memcpy(w->who.id[w->n], id, WTL_KEY_ID);
    wtl_buf_bytes(&w->bodies, s->body);
    return count(w, *s, before, err);
}

int wtl_wrap_passphrase(wtl_wrap *w, const wtl_secret *passphrase, unsigned work, wtl_err *err)
{
    ENSURE(w->n == 0, err, WTL_BUG, "a passphrase beside a recipient");
    TRY(grow(w, err));
    TRY(wtl_pass_seal(&w->bodies, w->pre, passphrase, work, w->file_key, err));
    w->passphrase = true;
    return count(w, (wtl_stanza){WTL_SLOT_PASSPHRASE, WTL_SLOT_OWN_KDF, WTL_SLOT_OWN_AEAD, {NULL, 0}}, 0,
                 err);
}

size_t wtl_wrap_body(const wtl_alg *a)
{
    return a->out + WRAPPED;
}

size_t wtl_wrap_size(size_t n, size_t bodies)
{
    return (n + 1) * WTL_SLOT_STANZA_HEAD + bodies + wtl_who_size(n);
}

size_t wtl_wrap_capacity(uint32_t slot_size, const wtl_alg *a)
{
    size_t each = wtl_wrap_body(a);
    size_t n = 0;
    while (wtl_wrap_size(n + 1, (n + 1) * each) <= wtl_slot_room(slot_size))
        n++;
    return n;
}

int wtl_wrap_end(wtl_wrap *w, uint64_t generation, wtl_buf *slot, wtl_err *err)
{
    ENSURE(w->n > 0, err, WTL_BUG, "a header without recipients");
    AUTO(wtl_secret) mac_key = {0};
    uint8_t page[WTL_PREAMBLE_SIZE];
    size_t n = w->n;
    size_t before = w->bodies.n;
    if (!w->passphrase) {
        TRY(wtl_who_seal(&w->bodies, w->pre, generation, &w->who, w->file_key, err));
        w->stanza[n++] = (wtl_stanza){
            WTL_SLOT_ROSTER, WTL_SLOT_OWN_KDF, WTL_SLOT_OWN_AEAD, {NULL, w->bodies.n - before}};
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        w->stanza[i].body.p = w->bodies.p + at;
        at += w->stanza[i].body.n;
    }
    wtl_preamble_encode(w->pre, page);
    TRY(wtl_subkey_derive(&mac_key, w->file_key, WTL_SUBKEY_HEADER, err));
    TRY(wtl_slot_encode(slot, (wtl_bytes){page, sizeof page}, generation, w->stanza, n,
                        wtl_secret_view(&mac_key), err));
    w->bodies.n = before;
    return WTL_OK;
}

static int add_all(wtl_wrap *w, const wtl_wrap_to *to, wtl_err *err)
{
    if (to->passphrase != NULL) {
        AUTO(wtl_secret) passphrase = {0};
        TRY(wtl_pass_ask(&passphrase, to->passphrase, err));
        return wtl_wrap_passphrase(w, &passphrase, to->work, err);
    }
    for (size_t i = 0; i < to->n; i++)
        TRY(wtl_wrap_key(w, to->key[i], err));
    return WTL_OK;
}

int wtl_wrap_slot(wtl_buf *slot, wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE], const wtl_wrap_to *to,
                  const wtl_secret *file_key, wtl_err *err)
{
    AUTO(wtl_wrap) w = {.pre = p, .file_key = file_key};
    TRY(add_all(&w, to, err));
    TRY(wtl_slot_fit(wtl_wrap_size(w.n, w.bodies.n), &p->slot_size, err));
    wtl_preamble_encode(p, page);
    return wtl_wrap_end(&w, 1, slot, err);
}

int wtl_wrap_try(wtl_secret *file_key, const wtl_preamble *p, const wtl_stanza *s, const wtl_key *me,
                 wtl_err *err)
{
    const wtl_alg *a = wtl_key_alg(me);
    wtl_hpke_suite suite = suite_of(a->hpke);
    if (s->type != a->hpke || s->kdf != suite.kdf || s->aead != suite.aead)
        return 0;
    ENSURE(s->body.n == wtl_wrap_body(a), err, WTL_FORMAT,
           "the container's header has an %s stanza of %zu bytes", a->name, s->body.n);
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_hpke) *h = NULL;
    TRY(hpke_info(&info, p, err));
    TRY(wtl_hpke_receiver(&h, suite, me, (wtl_bytes){s->body.p, a->out}, wtl_buf_view(&info), err));
    int rc = wtl_hpke_open(h, (wtl_bytes){NULL, 0}, (wtl_bytes){s->body.p + a->out, WRAPPED}, file_key, err);
    return rc == WTL_NO ? 0 : rc < 0 ? rc : 1;
}

static int check_identities(const wtl_key *const *identity, size_t n, wtl_err *err)
{
    ENSURE(n > 0, err, WTL_USAGE, "no identity: name the private key that opens the container (--identity)");
    for (size_t i = 0; i < n; i++) {
        const wtl_alg *a = wtl_key_alg(identity[i]);
        ENSURE(receives(a), err, WTL_USAGE, "identity %zu is an %s key, which opens no container", i + 1,
               a->name);
        ENSURE(wtl_key_is_private(identity[i]), err, WTL_USAGE,
               "identity %zu is a public key: opening needs the private one", i + 1);
    }
    return WTL_OK;
}

static int open_passphrase(wtl_secret *file_key, const wtl_preamble *p, const wtl_stanza *s,
                           const wtl_wrap_means *m, wtl_err *err)
{
    ENSURE(s->kdf == WTL_SLOT_OWN_KDF && s->aead == WTL_SLOT_OWN_AEAD, err, WTL_FORMAT,
           "the container's passphrase is kept in a way that this program does not know: use a newer one");
    ENSURE(m->passphrase != NULL, err, WTL_NO,
           "the container opens with a passphrase, not with a key: leave the identity out");
    return wtl_pass_open(file_key, p, s, m->passphrase, m->max_work, err);
}

int wtl_wrap_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_slot *slot, const wtl_wrap_means *m,
                  wtl_err *err)
{
    if (m->n > 0)
        TRY(check_identities(m->identity, m->n, err));
    if (wtl_slot_has_passphrase(slot))
        return open_passphrase(file_key, p, &slot->stanza[0], m, err);
    TRY(check_identities(m->identity, m->n, err));
    size_t recipients = wtl_slot_recipients(slot);
    for (size_t i = 0; i < recipients * m->n; i++) {
        int rc = wtl_wrap_try(file_key, p, &slot->stanza[i / m->n], m->identity[i % m->n], err);
        if (rc != 0)
            return rc < 0 ? rc : WTL_OK;
    }
    return WTL_FAIL(err, WTL_NO, "%s of the container's %zu recipients: it was not sealed for this key",
                    m->n == 1 ? "the identity is not one" : "no identity is one", recipients);
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
    if (type == WTL_SLOT_PASSPHRASE)
        snprintf(out, cap, "passphrase");
    else
        snprintf(out, cap, "unknown (0x%04x)", type);
}
