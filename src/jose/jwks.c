#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "jose/jwk.h"
#include "jose/jwk_kind.h"
#include "jose/jwk_mask.h"
#include "jose/token.h"
#include "json/scan.h"

struct wtl_jwks {
    wtl_jwks_key *key;
    size_t n;
    size_t passed_over;
    uint8_t digest[WTL_JWKS_DIGEST];
};

static const char WHAT[] = "the JWK set";

void wtl_jwks_free(wtl_jwks *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++) {
        wtl_key_free((wtl_key *)(uintptr_t)s->key[i].key);
        free((char *)(uintptr_t)s->key[i].kid);
    }
    free(s->key);
    free(s);
}

void wtl_jwks_auto(wtl_jwks **s)
{
    wtl_jwks_free(*s);
}

size_t wtl_jwks_count(const wtl_jwks *s)
{
    return s->n;
}

size_t wtl_jwks_passed_over(const wtl_jwks *s)
{
    return s->passed_over;
}

const wtl_jwks_key *wtl_jwks_at(const wtl_jwks *s, size_t i)
{
    return i < s->n ? &s->key[i] : NULL;
}

const uint8_t *wtl_jwks_digest(const wtl_jwks *s)
{
    return s->digest;
}

/* Whether an entry holds what only its owner may know: of any kind, also those that are not read. */
static bool is_secret(const json_t *j)
{
    const char *kty = json_string_value(json_object_get(j, "kty"));
    return json_object_get(j, "d") != NULL || json_object_get(j, "priv") != NULL ||
           (kty != NULL && strcmp(kty, "oct") == 0);
}

/* NULL for a key of a kind that tokens are not verified with. */
static int find_kind(const wtl_jwk_kind **out, const json_t *j, wtl_err *err)
{
    const char *kty;
    const char *name;
    *out = NULL;
    TRY(wtl_json_get_string(j, "the JWK", "kty", &kty, err));
    const char *selector = wtl_jwk_kind_selector(kty);
    if (selector == NULL)
        return WTL_OK;
    TRY(wtl_json_get_string(j, "the JWK", selector, &name, err));
    const wtl_jwk_kind *kind = wtl_jwk_kind_find(kty, name);
    if (kind != NULL && wtl_jwk_kind_signs(kind))
        *out = kind;
    return WTL_OK;
}

/* The entry without its secrets, which a JSON parser would copy and quote. */
static int parse_entry(json_t **out, wtl_bytes text, wtl_err *err)
{
    AUTO(wtl_jwk_mask) m = {0};
    TRY(wtl_jwk_mask_text(&m, text, err));
    int rc = wtl_json_parse(out, wtl_buf_view(&m.text), "the JWK", NULL);
    ENSURE(rc != WTL_NOMEM, err, WTL_NOMEM, "out of memory");
    ENSURE(rc == WTL_OK && json_is_object(*out), err, WTL_FORMAT,
           "it is not a JSON object of distinct members");
    return WTL_OK;
}

static int check_kid(const wtl_jwks *s, const char *kid, wtl_err *err)
{
    size_t n = strlen(kid);
    ENSURE(n > 0 && n <= WTL_TOKEN_KID_MOST, err, WTL_FORMAT, "its kid does not have 1 to %u bytes",
           WTL_TOKEN_KID_MOST);
    for (size_t i = 0; i < s->n; i++)
        ENSURE(s->key[i].kid == NULL || strcmp(s->key[i].kid, kid) != 0, err, WTL_FORMAT,
               "an earlier key has the same kid: which of them a token means could not be told");
    return WTL_OK;
}

static int add(wtl_jwks *s, wtl_key **k, const char *kid, const char *alg, wtl_err *err)
{
    wtl_jwks_key e = {.alg = alg};
    TRY(wtl_key_id(*k, e.id, err));
    wtl_jwks_key *more = realloc(s->key, (s->n + 1) * sizeof *more);
    ENSURE(more != NULL, err, WTL_NOMEM, "out of memory");
    s->key = more;
    if (kid != NULL)
        e.kid = strdup(kid);
    ENSURE(kid == NULL || e.kid != NULL, err, WTL_NOMEM, "out of memory");
    e.key = *k;
    *k = NULL;
    s->key[s->n++] = e;
    return WTL_OK;
}

static int read_entry(wtl_jwks *s, wtl_bytes text, wtl_err *err)
{
    AUTO(json_t) *j = NULL;
    AUTO(wtl_key) *k = NULL;
    const wtl_jwk_kind *kind;
    const char *alg = NULL;
    TRY(parse_entry(&j, text, err));
    ENSURE(!is_secret(j), err, WTL_POLICY,
           "it is a private or symmetric key, which no set may show: replace that key, it is burnt");
    TRY(find_kind(&kind, j, err));
    int rc = kind != NULL ? wtl_jwk_read(&k, NULL, text, err) : WTL_POLICY;
    s->passed_over += rc == WTL_POLICY;
    if (rc != WTL_OK)
        return rc == WTL_POLICY ? WTL_OK : rc;
    const char *kid = json_string_value(json_object_get(j, "kid"));
    if (kid != NULL)
        TRY(check_kid(s, kid, err));
    const char *named = json_string_value(json_object_get(j, "alg"));
    if (named != NULL)
        (void)wtl_jwk_kind_by_alg(named, &alg);
    return add(s, &k, kid, named != NULL ? alg : kind->alg, err);
}

static int read_entries(wtl_jwks *s, wtl_bytes keys, wtl_err *err)
{
    wtl_scan scan = {.rest = keys};
    for (size_t i = 1;; i++) {
        wtl_bytes entry;
        TRY(wtl_scan_next(&scan, &entry, "the list of keys", err));
        if (entry.p == NULL)
            return WTL_OK;
        ENSURE(i <= WTL_JWKS_KEYS_MOST, err, WTL_FORMAT, "it has more than %u keys", WTL_JWKS_KEYS_MOST);
        int rc = read_entry(s, entry, err);
        if (rc < 0)
            wtl_err_prefix(err, "key %zu: ", i);
        TRY(rc);
    }
}

static void add_text(wtl_buf *b, const char *s)
{
    wtl_buf_u32(b, s != NULL ? (uint32_t)strlen(s) + 1 : 0);
    wtl_buf_str(b, s != NULL ? s : "");
}

static int make_digest(wtl_jwks *s, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&b, "wattle/jwks/v1");
    for (size_t i = 0; i < s->n; i++) {
        wtl_buf_add(&b, s->key[i].id, sizeof s->key[i].id);
        add_text(&b, s->key[i].kid);
        add_text(&b, s->key[i].alg);
    }
    TRY(wtl_buf_check(&b, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&b), s->digest, err);
}

static int parse(wtl_jwks *s, wtl_bytes text, wtl_err *err)
{
    static const char *const path[] = {"keys", NULL};
    AUTO(json_t) *rest = NULL;
    ENSURE(text.n <= WTL_JWKS_TEXT_MOST, err, WTL_FORMAT, "its text is longer than %u bytes",
           WTL_JWKS_TEXT_MOST);
    wtl_bytes keys = wtl_scan_find(text, path);
    ENSURE(keys.p != NULL, err, WTL_FORMAT, "it is no JSON object with a list \"keys\"");
    TRY(wtl_scan_parse_rest(&rest, text, keys, "[]", WHAT, err));
    TRY(read_entries(s, keys, err));
    return make_digest(s, err);
}

int wtl_jwks_parse(wtl_jwks **out, wtl_bytes text, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_jwks) *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    int rc = parse(s, text, err);
    if (rc < 0)
        wtl_err_prefix(err, "%s: ", WHAT);
    TRY(rc);
    *out = s;
    s = NULL;
    return WTL_OK;
}
