/* Whatever is accepted asks for somebody, for no more than there are, and every section names a signer. */
#include <stdlib.h>
#include <string.h>

#include "trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_section(const wtl_trust *t, const wtl_trust_section *s)
{
    bool key = s->public_key != NULL || s->has_id;
    if (key == (s->ca != NULL) || (s->ca != NULL) != (s->identity != NULL) || s->not_before > s->not_after)
        abort();
    if (s->predicates.n == 0 || s->models.n == 0 || strcmp(s->name, "require") == 0)
        abort();
    if (&t->section[wtl_trust_find(t, s->name)] != s)
        abort();
    const wtl_alg *alg = s->alg != NULL ? s->alg : wtl_alg_at(0);
    int rc = wtl_policy_standing(s, alg, 1795219200, NULL);
    if (rc == WTL_OK)
        rc = wtl_policy_scope(s, WTL_TRUST_PREDICATE, "model", NULL);
    if (rc != WTL_OK && rc != WTL_POLICY)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_trust) t = {0};
    wtl_err err = {0};
    int rc = wtl_trust_parse(&t, (wtl_bytes){data, size}, &err);
    if (rc < 0) {
        if (rc != WTL_FORMAT || err.text[0] == '\0' || t.section != NULL)
            abort();
        return 0;
    }
    bool nobody[256] = {false};
    const char *why[256] = {NULL};
    size_t required = 0;
    for (size_t i = 0; i < t.n; i++) {
        check_section(&t, &t.section[i]);
        required += t.section[i].required;
    }
    if (t.least == 0 || t.least > required || wtl_policy_met(&t, nobody, why, NULL) != WTL_POLICY)
        abort();
    return 0;
}
