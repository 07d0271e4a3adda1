#include "sign/judge.h"

#include <stdlib.h>
#include <string.h>

#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "fs/in.h"
#include "sign/hint.h"
#include "sign/path.h"
#include "trust/policy.h"

/* A bundle lists every file of a model: about 300 bytes each, so this is a million files and more. */
enum { BUNDLE_MAX = 512 << 20 };

void wtl_judge_free(wtl_judge *j)
{
    wtl_buf_free(&j->payload);
    wtl_statement_free(&j->statement);
    *j = (wtl_judge){0};
}

void wtl_judge_auto(wtl_judge *j)
{
    wtl_judge_free(j);
}

/* One bundle on its way through the questions below. */
typedef struct hearing {
    wtl_judge *j;
    size_t i;
    wtl_verdict *v;
    wtl_bundle bundle;
    wtl_key *carried; /* the key in the bundle, or NULL when it only names one */
    wtl_buf pae;      /* what is signed */
    size_t claimed;   /* a seat that the bundle says made it, or WTL_ROSTER_NONE */
    bool counted;
    wtl_err refusal; /* why somebody's on the roster does not count; code 0 when there was no such reason */
} hearing;

static void hearing_auto(hearing *h)
{
    wtl_bundle_free(&h->bundle);
    wtl_key_free(h->carried);
    wtl_buf_free(&h->pae);
}

/* ---- the bundle */

static int read_carried_key(hearing *h, wtl_err *err)
{
    const wtl_bundle *b = &h->bundle;
    int rc = WTL_OK;
    if (b->key_kind == WTL_BUNDLE_RAW_KEY) {
        rc = wtl_key_parse(&h->carried, wtl_buf_view(&b->raw_key), NULL, err);
        if (rc < 0)
            wtl_err_prefix(err, "the bundle's public key: ");
    } else if (b->key_kind == WTL_BUNDLE_CHAIN) {
        rc = wtl_cert_key(&h->carried, wtl_buf_view(&b->chain[0]), err);
        if (rc < 0)
            wtl_err_prefix(err, "the bundle's first certificate: ");
    }
    return rc;
}

static int read_bundle(hearing *h, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_read_all(path, BUNDLE_MAX, &text, err));
    wtl_bundle *b = &h->bundle;
    TRY(wtl_bundle_parse(b, wtl_buf_view(&text), err));
    AUTO(wtl_buf) q = {0};
    ENSURE(strcmp(b->payload_type, WTL_STATEMENT_PAYLOAD_TYPE) == 0, err, WTL_POLICY,
           "the bundle's payload is of the type \"%.100s\", and a model signature's is \"%s\"",
           wtl_path_quote(&q, b->payload_type), WTL_STATEMENT_PAYLOAD_TYPE);
    TRY(read_carried_key(h, err));
    wtl_bundle_pae(&h->pae, b->payload_type, wtl_buf_view(&b->payload));
    return wtl_buf_check(&h->pae, err);
}

/* ---- who made it */

static int refuse(hearing *h, wtl_seat *s, const wtl_err *why, wtl_err *err)
{
    if (h->refusal.code == WTL_OK)
        h->refusal = *why;
    return wtl_roster_refuse(s, why->text, err);
}

/* Fills *key with the key that must have made the signature if the seat's holder did, or with NULL. A key that
 * the bundle carries must be that key; a hint decides nothing, as it is not signed. */
static int key_of_seat(const hearing *h, const wtl_seat *s, const wtl_key **key, wtl_err *err)
{
    *key = NULL;
    if (s->key != NULL) {
        if (h->carried == NULL || wtl_key_same(s->key, h->carried))
            *key = s->key;
        return WTL_OK;
    }
    if (h->carried == NULL || s->section == NULL || !s->section->has_id)
        return WTL_OK;
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(h->carried, id, err));
    if (memcmp(id, s->section->id, sizeof id) == 0)
        *key = h->carried;
    return WTL_OK;
}

/* The same for an authority: its certificate must lead there. What forbids a certificate of it becomes the
 * seat's reason. */
static int key_of_certificate(hearing *h, wtl_seat *s, const wtl_key **key, wtl_err *err)
{
    *key = NULL;
    const wtl_bundle *b = &h->bundle;
    if (b->key_kind != WTL_BUNDLE_CHAIN)
        return WTL_OK;
    bool stranger = false;
    wtl_err e = {0};
    int rc = wtl_ca_check(s->ca, b->chain, b->n_chain, h->j->now, &stranger, &e);
    if (rc == WTL_OK && s->identity != NULL)
        rc = wtl_cert_identity(wtl_buf_view(&b->chain[0]), s->identity, &e);
    if (rc == WTL_OK)
        *key = h->carried;
    if (rc == WTL_POLICY)
        return stranger ? WTL_OK : refuse(h, s, &e, err);
    if (rc < 0 && err != NULL)
        *err = e;
    return rc;
}

/* ---- does the policy count it */

static bool same(const wtl_buf *a, const wtl_buf *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

/* Reads the payload unless it is the one that was read before. Only somebody trusted gets so far. */
static int check_scope(hearing *h, const wtl_trust_section *section, wtl_err *err)
{
    wtl_judge *j = h->j;
    if (j->have_statement && same(&h->bundle.payload, &j->payload))
        return wtl_policy_scope(section, WTL_STATEMENT_PREDICATE_TYPE, j->statement.subject, err);
    AUTO(wtl_statement) s = {0};
    TRY(wtl_statement_parse(&s, wtl_buf_view(&h->bundle.payload), err));
    TRY(wtl_policy_scope(section, WTL_STATEMENT_PREDICATE_TYPE, s.subject, err));
    if (!j->have_statement && !j->have_payload) {
        j->statement = s;
        j->have_statement = true;
        s = (wtl_statement){0};
    }
    return WTL_OK;
}

/* One key is one signer, also when a key's section and an authority's both know it. */
static int check_once(const hearing *h, const wtl_seat *s, const uint8_t *id, wtl_err *err)
{
    const wtl_roster *r = h->j->roster;
    for (size_t i = 0; i < r->n; i++) {
        const wtl_seat *o = &r->seat[i];
        ENSURE(o == s || !o->counted || memcmp(o->by, id, WTL_KEY_ID) != 0, err, WTL_POLICY,
               "the key of this signature counts for [%s] already, and does not count for [%s] too", o->name,
               s->name);
    }
    return WTL_OK;
}

static int check_policy(hearing *h, const wtl_seat *s, const wtl_key *k, const uint8_t *id, wtl_err *err)
{
    if (s->section == NULL)
        return WTL_OK;
    TRY(wtl_policy_standing(s->section, wtl_key_alg(k), h->j->now, err));
    TRY(check_once(h, s, id, err));
    return check_scope(h, s->section, err);
}

static int note_maker(hearing *h, const wtl_seat *s, const wtl_key *k, wtl_err *err)
{
    wtl_verdict *v = h->v;
    v->algorithm = wtl_key_alg_name(k);
    v->post_quantum = (wtl_key_alg(k)->flags & WTL_ALG_PQ) != 0;
    if (s->given != WTL_ROSTER_NONE && v->key == WTL_VERDICT_NO_KEY)
        v->key = s->given;
    if (s->section != NULL) {
        v->section = strdup(s->name);
        ENSURE(v->section != NULL, err, WTL_NOMEM, "out of memory");
    }
    if (s->ca == NULL)
        return WTL_OK;
    AUTO(wtl_buf) subject = {0};
    TRY(wtl_cert_subject(wtl_buf_view(&h->bundle.chain[0]), &subject, err));
    const char *text = wtl_buf_cstr(&subject);
    v->subject = text != NULL ? strdup(text) : NULL;
    ENSURE(v->subject != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* The seat's holder made the signature. */
static int count(hearing *h, wtl_seat *s, const wtl_key *k, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    wtl_err e = {0};
    TRY(wtl_key_id(k, id, err));
    int rc = check_policy(h, s, k, id, &e);
    if (rc == WTL_POLICY)
        return refuse(h, s, &e, err);
    if (rc < 0) {
        if (err != NULL)
            *err = e;
        return rc;
    }
    s->counted = true;
    memcpy(s->by, id, sizeof id);
    h->counted = true;
    return note_maker(h, s, k, err);
}

/* ---- one seat after the other */

static int try_seat(hearing *h, size_t seat, wtl_err *err)
{
    wtl_seat *s = &h->j->roster->seat[seat];
    const wtl_key *k = NULL;
    TRY(s->ca != NULL ? key_of_certificate(h, s, &k, err) : key_of_seat(h, s, &k, err));
    if (k == NULL)
        return WTL_OK;
    int rc = wtl_sig_verify(k, wtl_buf_view(&h->pae), NULL, wtl_buf_view(&h->bundle.signature), err);
    if (rc == WTL_OK)
        return count(h, s, k, err);
    if (rc == WTL_NO && h->carried != NULL)
        h->claimed = seat;
    return rc == WTL_NO ? WTL_OK : rc;
}

/* A signature counts for one section of a trust file; without one it may be a given key's and a certificate's. */
static int try_seats(hearing *h, wtl_err *err)
{
    const wtl_roster *r = h->j->roster;
    for (size_t i = 0; i < r->n && !(r->by_trust && h->counted); i++)
        TRY(try_seat(h, i, err));
    return WTL_OK;
}

/* ---- the same payload */

static void agree(hearing *h)
{
    wtl_judge *j = h->j;
    if (!j->have_payload) {
        j->have_payload = true;
        j->first = h->i;
        j->payload = h->bundle.payload;
        h->bundle.payload = (wtl_buf){0};
    } else if (!same(&h->bundle.payload, &j->payload)) {
        j->have_other = true;
        j->other = h->i;
    }
}

/* ---- why it does not count */

/* Finds the seat that a hint names: h->claimed. */
static int named_by_hint(hearing *h, wtl_err *err)
{
    const wtl_roster *r = h->j->roster;
    for (size_t i = 0; i < r->n && h->bundle.hint != NULL && h->carried == NULL; i++) {
        const wtl_seat *s = &r->seat[i];
        bool names = false;
        if (s->key != NULL)
            TRY(wtl_hint_matches(s->key, h->bundle.hint, &names, err));
        else if (s->section != NULL && s->section->has_id)
            TRY(wtl_hint_names_id(s->section->id, h->bundle.hint, &names, err));
        if (names) {
            h->claimed = i;
            return WTL_OK;
        }
    }
    return WTL_OK;
}

static int explain_claim(const hearing *h, wtl_seat *s, wtl_err *e)
{
    if (s->ca == NULL && s->key == NULL && h->carried == NULL)
        return WTL_FAIL(
            e, WTL_POLICY,
            "the bundle names the key of [%s], which the trust file knows by its hash alone: give that "
            "key with --key",
            s->name);
    AUTO(wtl_buf) words = {0};
    TRY(wtl_hint_words(s->key != NULL ? s->key : h->carried, &words, e));
    return WTL_FAIL(
        e, WTL_NO,
        "the signature is wrong: the bundle names the %s key %s, but its content is not what that "
        "key signed; get the signature file from its maker again",
        s->section != NULL ? "trusted"
        : s->ca != NULL    ? "certified"
                           : "given",
        wtl_buf_cstr(&words));
}

static bool has_authority(const wtl_roster *r)
{
    bool any = false;
    for (size_t i = 0; i < r->n; i++)
        any = any || r->seat[i].ca != NULL;
    return any;
}

static int explain_stranger(const hearing *h, wtl_err *e)
{
    const wtl_roster *r = h->j->roster;
    const char *none = r->by_trust        ? "no signer of the trust file made this signature"
                       : has_authority(r) ? "no given key or authority stands behind this signature"
                                          : "none of the given keys made this signature";
    const char *give = r->by_trust ? "write a section for it" : "give it with --key";
    AUTO(wtl_buf) words = {0};
    if (h->carried != NULL) {
        TRY(wtl_hint_words(h->carried, &words, e));
        return WTL_FAIL(e, WTL_POLICY, "%s; the bundle carries %s key %s: if you trust that key, %s", none,
                        h->bundle.key_kind == WTL_BUNDLE_CHAIN ? "a certificate for the" : "the",
                        wtl_buf_cstr(&words), give);
    }
    if (h->bundle.hint != NULL)
        return WTL_FAIL(e, WTL_POLICY, "%s; the bundle names the key \"%.100s\": if you trust that key, %s",
                        none, wtl_path_quote(&words, h->bundle.hint), give);
    return WTL_FAIL(e, WTL_POLICY, "%s, and the bundle does not say which key did", none);
}

/* Fills `e` with what is to be said of a signature that did not count. */
static int explain(hearing *h, wtl_err *e)
{
    if (h->claimed == WTL_ROSTER_NONE && h->refusal.code != WTL_OK) {
        h->j->refused++;
        *e = h->refusal;
        return e->code;
    }
    if (h->claimed == WTL_ROSTER_NONE)
        TRY(named_by_hint(h, e));
    if (h->claimed != WTL_ROSTER_NONE)
        return explain_claim(h, &h->j->roster->seat[h->claimed], e);
    h->j->strangers++;
    return explain_stranger(h, e);
}

static int hear(hearing *h, wtl_err *e)
{
    TRY(read_bundle(h, h->v->path, e));
    TRY(try_seats(h, e));
    if (!h->counted)
        return explain(h, e);
    agree(h);
    return WTL_OK;
}

/* Faults of the machine rather than of the signature. */
static bool is_hard(int rc)
{
    return rc == WTL_IO || rc == WTL_BUG || rc == WTL_NOMEM || rc == WTL_BUSY || rc == WTL_USAGE;
}

int wtl_judge_file(wtl_judge *j, size_t i, wtl_verdict *v, wtl_err *err)
{
    AUTO(hearing) h = {.j = j, .i = i, .v = v, .claimed = WTL_ROSTER_NONE};
    wtl_err e = {0};
    v->rc = WTL_BUG; /* until it is known */
    v->key = WTL_VERDICT_NO_KEY;
    int rc = hear(&h, &e);
    if (is_hard(rc)) {
        if (err != NULL)
            *err = e;
        return rc;
    }
    v->rc = rc;
    if (rc == WTL_OK)
        return WTL_OK;
    v->text = strdup(e.text);
    ENSURE(v->text != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}
