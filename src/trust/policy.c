#include "trust/policy.h"

#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "trust/glob.h"

size_t wtl_policy_by_key(const wtl_trust *t, const uint8_t id[WTL_KEY_ID])
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->section[i].has_id && memcmp(t->section[i].id, id, WTL_KEY_ID) == 0)
            return i;
    }
    return t->n;
}

int wtl_policy_standing(const wtl_trust_section *s, const wtl_alg *alg, int64_t now, wtl_err *err)
{
    char text[WTL_INSTANT_TEXT];
    ENSURE(now < s->revoked_at, err, WTL_POLICY,
           "the key of [%s] was revoked at %s: nothing proves that a signature is older, so none of that key "
           "counts",
           s->name, wtl_instant_write(text, s->revoked_at));
    ENSURE(now <= s->not_after, err, WTL_POLICY, "the key of [%s] expired at %s", s->name,
           wtl_instant_write(text, s->not_after));
    ENSURE(now >= s->not_before, err, WTL_POLICY, "the key of [%s] is not valid before %s", s->name,
           wtl_instant_write(text, s->not_before));
    ENSURE(s->alg == NULL || s->alg == alg, err, WTL_POLICY,
           "the signature was made by %s, and [%s] allows %s alone", alg->name, s->name, s->alg->name);
    return WTL_OK;
}

/* The list as one text for a message. */
static const char *join(wtl_buf *b, const wtl_trust_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        wtl_buf_str(b, i > 0 ? ", " : "");
        wtl_text_quote(b, wtl_text_of(l->p[i]));
    }
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

static const char *quote(wtl_buf *b, const char *text)
{
    wtl_text_quote(b, wtl_text_of(text));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

int wtl_policy_scope(const wtl_trust_section *s, const char *predicate, const char *model, wtl_err *err)
{
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    bool ok = false;
    for (size_t i = 0; i < s->predicates.n; i++)
        ok = ok || strcmp(s->predicates.p[i], predicate) == 0;
    ENSURE(ok, err, WTL_POLICY, "[%s] does not sign statements of the type \"%.200s\", only %.300s", s->name,
           quote(&a, predicate), join(&b, &s->predicates));
    ok = false;
    for (size_t i = 0; i < s->models.n; i++)
        ok = ok || wtl_glob_matches(s->models.p[i], model);
    ENSURE(ok, err, WTL_POLICY, "[%s] does not sign for the name \"%.200s\", only for %.300s", s->name,
           quote(&a, model), join(&b, &s->models));
    return WTL_OK;
}

int wtl_policy_met(const wtl_trust *t, const bool *counted, const char *const *why, wtl_err *err)
{
    AUTO(wtl_buf) missing = {0};
    size_t got = 0;
    size_t of = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!t->section[i].required)
            continue;
        of++;
        got += counted[i];
        if (counted[i])
            continue;
        wtl_buf_fmt(&missing, "%s[%s] %s", missing.n > 0 ? "; " : "", t->section[i].name,
                    why[i] != NULL ? "does not count: " : "has not signed");
        wtl_buf_str(&missing, why[i] != NULL ? why[i] : "");
    }
    if (got >= t->least)
        return WTL_OK;
    const char *text = wtl_buf_cstr(&missing);
    return WTL_FAIL(err, WTL_POLICY,
                    "%zu of %zu required signatures count, and the trust file asks for %zu: %.700s", got, of,
                    t->least, text != NULL ? text : "");
}
