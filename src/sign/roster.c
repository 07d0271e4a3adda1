#include "sign/roster.h"

#include <stdlib.h>
#include <string.h>

#include "fs/in.h"
#include "sign/hint.h"
#include "sign/path.h"
#include "trust/policy.h"

enum { FILE_MAX = 1 << 20 };

void wtl_roster_free(wtl_roster *r)
{
    for (size_t i = 0; r->seat != NULL && i < r->n; i++) {
        free(r->seat[i].name);
        wtl_key_free(r->seat[i].own);
        wtl_ca_free(r->seat[i].ca);
        free(r->seat[i].why);
    }
    free(r->seat);
    wtl_trust_free(&r->trust);
    *r = (wtl_roster){0};
}

void wtl_roster_auto(wtl_roster *r)
{
    wtl_roster_free(r);
}

static int make_seats(wtl_roster *r, size_t n, wtl_err *err)
{
    r->seat = calloc(n + 1, sizeof *r->seat);
    ENSURE(r->seat != NULL, err, WTL_NOMEM, "out of memory");
    for (r->n = 0; r->n < n; r->n++)
        r->seat[r->n].given = WTL_ROSTER_NONE;
    return WTL_OK;
}

static int set_name(wtl_seat *s, const char *name, wtl_err *err)
{
    s->name = name != NULL ? strdup(name) : NULL;
    ENSURE(s->name != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int signs(const wtl_key *k, wtl_err *err)
{
    ENSURE(wtl_key_alg(k)->kind == WTL_ALG_SIG, err, WTL_USAGE,
           "a key of the algorithm %s makes no signatures: give the signer's public key",
           wtl_key_alg_name(k));
    return WTL_OK;
}

static int add_roots(wtl_ca *ca, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) pem = {0};
    AUTO(wtl_buf) q = {0};
    TRY(wtl_in_read_all(path, FILE_MAX, &pem, err));
    int rc = wtl_ca_add(ca, wtl_buf_view(&pem), err);
    if (rc < 0)
        wtl_err_prefix(err, "\"%.300s\": ", wtl_path_quote(&q, path));
    return rc;
}

/* ---- given keys and authorities */

static int seat_key(wtl_seat *s, const wtl_key *k, size_t given, wtl_err *err)
{
    AUTO(wtl_buf) words = {0};
    TRY(signs(k, err));
    TRY(wtl_hint_words(k, &words, err));
    s->key = k;
    s->given = given;
    return set_name(s, wtl_buf_cstr(&words), err);
}

static int seat_authorities(wtl_seat *s, const char *const *cas, size_t n, const char *identity, wtl_err *err)
{
    s->identity = identity;
    TRY(set_name(s, "certificate", err));
    TRY(wtl_ca_new(&s->ca, err));
    for (size_t i = 0; i < n; i++)
        TRY(add_roots(s->ca, cas[i], err));
    return WTL_OK;
}

int wtl_roster_given(wtl_roster *r, const wtl_key *const *keys, size_t n_keys, const char *const *cas,
                     size_t n_cas, const char *identity, wtl_err *err)
{
    *r = (wtl_roster){0};
    ENSURE(
        n_keys > 0 || n_cas > 0, err, WTL_USAGE,
        "nobody to trust was named: give a key with --key, a trust file with --trust, or an authority with "
        "--ca");
    ENSURE(identity == NULL || n_cas > 0, err, WTL_USAGE,
           "--cert-identity says whom an authority must vouch for: give the authority with --ca");
    TRY(make_seats(r, n_keys + (n_cas > 0), err));
    for (size_t i = 0; i < n_keys; i++)
        TRY(seat_key(&r->seat[i], keys[i], i, err));
    return n_cas > 0 ? seat_authorities(&r->seat[n_keys], cas, n_cas, identity, err) : WTL_OK;
}

/* ---- a trust file */

/* A file that the trust file names: beside it, unless its path is absolute. */
static int beside(wtl_buf *out, const char *trust, const char *file, wtl_err *err)
{
    const char *slash = strrchr(trust, '/');
    if (file[0] != '/' && slash != NULL)
        wtl_buf_add(out, trust, (size_t)(slash - trust) + 1);
    else if (file[0] != '/')
        wtl_buf_str(out, "./"); /* "-" is a file here, not standard input */
    wtl_buf_str(out, file);
    return wtl_buf_cstr(out) != NULL ? WTL_OK : wtl_buf_check(out, err);
}

static int read_key(wtl_seat *s, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) q = {0};
    TRY(wtl_in_read_all(path, FILE_MAX, &text, err));
    int rc = wtl_key_parse(&s->own, wtl_buf_view(&text), NULL, err);
    if (rc == WTL_OK && wtl_key_is_private(s->own))
        rc = WTL_FAIL(err, WTL_FORMAT,
                      "this is a private key, and a trust file names public ones: name the .pub file");
    if (rc < 0)
        wtl_err_prefix(err, "\"%.300s\": ", wtl_path_quote(&q, path));
    s->key = s->own;
    return rc;
}

static int read_section(wtl_roster *r, size_t i, const char *trust, wtl_err *err)
{
    wtl_seat *s = &r->seat[i];
    const wtl_trust_section *section = &r->trust.section[i];
    AUTO(wtl_buf) path = {0};
    s->section = section;
    s->identity = section->identity;
    TRY(set_name(s, section->name, err));
    if (section->ca != NULL) {
        TRY(beside(&path, trust, section->ca, err));
        TRY(wtl_ca_new(&s->ca, err));
        return add_roots(s->ca, wtl_buf_cstr(&path), err);
    }
    if (section->public_key == NULL)
        return WTL_OK;
    TRY(beside(&path, trust, section->public_key, err));
    TRY(read_key(s, wtl_buf_cstr(&path), err));
    return wtl_trust_bind(&r->trust, i, s->key, err);
}

static int give_key(wtl_roster *r, const wtl_key *k, size_t given, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    AUTO(wtl_buf) words = {0};
    TRY(signs(k, err));
    TRY(wtl_key_id(k, id, err));
    TRY(wtl_hint_words(k, &words, err));
    size_t i = wtl_policy_by_key(&r->trust, id);
    ENSURE(i < r->trust.n, err, WTL_USAGE,
           "the given key %s is in no section of the trust file: with --trust the file alone says who is "
           "trusted, "
           "and --key brings keys that it knows by their hash",
           wtl_buf_cstr(&words));
    r->seat[i].given = given;
    if (r->seat[i].key == NULL)
        r->seat[i].key = k;
    return wtl_trust_bind(&r->trust, i, k, err);
}

static int load(wtl_roster *r, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_read_all(path, FILE_MAX, &text, err));
    AUTO(wtl_buf) q = {0};
    const char *shown = wtl_path_quote(&q, path);
    int rc = wtl_trust_parse(&r->trust, wtl_buf_view(&text), err);
    if (rc == WTL_OK)
        rc = make_seats(r, r->trust.n, err);
    for (size_t i = 0; rc == WTL_OK && i < r->trust.n; i++)
        rc = read_section(r, i, path, err);
    if (rc < 0)
        wtl_err_prefix(err, "trust file \"%.200s\": ", shown);
    return rc;
}

int wtl_roster_trust(wtl_roster *r, const char *path, const wtl_key *const *keys, size_t n_keys, wtl_err *err)
{
    *r = (wtl_roster){.by_trust = true};
    TRY(load(r, path, err));
    for (size_t i = 0; i < n_keys; i++)
        TRY(give_key(r, keys[i], i, err));
    return WTL_OK;
}

/* ---- the outcome */

int wtl_roster_refuse(wtl_seat *s, const char *why, wtl_err *err)
{
    free(s->why);
    s->why = strdup(why);
    ENSURE(s->why != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int all_there(const wtl_roster *r, wtl_err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const wtl_seat *s = &r->seat[i];
        if (s->counted)
            continue;
        if (s->why != NULL)
            return WTL_FAIL(err, WTL_POLICY, "%s", s->why);
        ENSURE(s->ca == NULL, err, WTL_POLICY,
               "no signature of this model comes with a certificate of a given authority, and one must");
        return WTL_FAIL(
            err, WTL_POLICY,
            "the given key %s has not signed this model, and every given key must have: its signature "
            "file is missing",
            s->name);
    }
    return WTL_OK;
}

int wtl_roster_met(const wtl_roster *r, wtl_err *err)
{
    if (!r->by_trust)
        return all_there(r, err);
    bool *counted = calloc(r->n + 1, sizeof *counted);
    const char **why = calloc(r->n + 1, sizeof *why);
    for (size_t i = 0; counted != NULL && why != NULL && i < r->n; i++) {
        counted[i] = r->seat[i].counted;
        why[i] = r->seat[i].why;
    }
    int rc = counted != NULL && why != NULL ? wtl_policy_met(&r->trust, counted, why, err)
                                            : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    free(why);
    free(counted);
    return rc;
}
