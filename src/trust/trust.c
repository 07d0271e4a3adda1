#include "trust/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "conf/ini.h"

static const char require_name[] = "require";

static void free_list(wtl_trust_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->p[i]);
    free(l->p);
    *l = (wtl_trust_list){0};
}

void wtl_trust_free(wtl_trust *t)
{
    for (size_t i = 0; i < t->n; i++) {
        wtl_trust_section *s = &t->section[i];
        free(s->name);
        free(s->public_key);
        free(s->ca);
        free(s->identity);
        free_list(&s->predicates);
        free_list(&s->models);
    }
    free(t->section);
    *t = (wtl_trust){0};
}

void wtl_trust_auto(wtl_trust *t)
{
    wtl_trust_free(t);
}

size_t wtl_trust_find(const wtl_trust *t, const char *name)
{
    size_t i = 0;
    while (i < t->n && strcmp(t->section[i].name, name) != 0)
        i++;
    return i;
}

/* ---- values */

static int copy(char **out, const char *text, size_t n, wtl_err *err)
{
    *out = strndup(text, n);
    ENSURE(*out != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int add(wtl_trust_list *l, const char *text, size_t n, wtl_err *err)
{
    char **p = realloc(l->p, (l->n + 1) * sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    l->p = p;
    TRY(copy(&p[l->n], text, n, err));
    l->n++;
    return WTL_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Items between commas, each once, none empty. */
static int split(wtl_trust_list *l, const char *value, wtl_err *err)
{
    const char *end;
    do {
        while (is_space(*value))
            value++;
        end = value + strcspn(value, ",");
        size_t n = (size_t)(end - value);
        while (n > 0 && is_space(value[n - 1]))
            n--;
        ENSURE(n > 0, err, WTL_FORMAT, "an empty item in the list");
        for (size_t i = 0; i < l->n; i++)
            ENSURE(strlen(l->p[i]) != n || memcmp(l->p[i], value, n) != 0, err, WTL_FORMAT,
                   "\"%s\" is twice in the list", l->p[i]);
        TRY(add(l, value, n, err));
        value = end + 1;
    } while (*end != '\0');
    return WTL_OK;
}

static int take_public_key(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return copy(&s->public_key, value, strlen(value), err);
}

static int take_ca(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return copy(&s->ca, value, strlen(value), err);
}

static int take_identity(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return copy(&s->identity, value, strlen(value), err);
}

static int take_spki(wtl_trust_section *s, const char *value, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    if (wtl_text_hex_decode(&b, wtl_text_of(value), NULL) < 0 || b.n != WTL_KEY_ID)
        return WTL_FAIL(err, WTL_FORMAT,
                        "spki-sha256 is written as 64 lower-case hexadecimal digits: `wattle key show` "
                        "prints them");
    memcpy(s->id, b.p, WTL_KEY_ID);
    s->has_id = true;
    return WTL_OK;
}

static int take_algorithm(wtl_trust_section *s, const char *value, wtl_err *err)
{
    s->alg = wtl_alg_by_name(value);
    ENSURE(s->alg != NULL && s->alg->kind == WTL_ALG_SIG, err, WTL_FORMAT,
           "\"%.100s\" is no signature algorithm: `wattle algs` lists them", value);
    return WTL_OK;
}

static int take_not_before(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return wtl_instant_parse(&s->not_before, value, err);
}

static int take_not_after(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return wtl_instant_parse(&s->not_after, value, err);
}

static int take_revoked_at(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return wtl_instant_parse(&s->revoked_at, value, err);
}

static int take_predicates(wtl_trust_section *s, const char *value, wtl_err *err)
{
    return split(&s->predicates, value, err);
}

static int take_models(wtl_trust_section *s, const char *value, wtl_err *err)
{
    ENSURE(strpbrk(value, "[]\\") == NULL, err, WTL_FORMAT,
           "a pattern knows * and ? alone: [, ] and \\ have no meaning here");
    return split(&s->models, value, err);
}

static const struct {
    const char *key;
    int (*take)(wtl_trust_section *s, const char *value, wtl_err *err);
} fields[] = {
    {"public-key", take_public_key}, {"spki-sha256", take_spki},      {"ca", take_ca},
    {"identity", take_identity},     {"algorithm", take_algorithm},   {"not-before", take_not_before},
    {"not-after", take_not_after},   {"revoked-at", take_revoked_at}, {"predicate-types", take_predicates},
    {"model-names", take_models},
};

static int take_field(wtl_trust_section *s, const wtl_ini_pair *p, wtl_err *err)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].key, p->key) == 0)
            return fields[i].take(s, p->value, err);
    }
    return WTL_FAIL(err, WTL_FORMAT, "a section has no key \"%s\"", p->key);
}

/* ---- sections */

static int at_line(int rc, unsigned line, wtl_err *err)
{
    if (rc < 0)
        wtl_err_prefix(err, "line %u: ", line);
    return rc;
}

static int check_section(const wtl_trust_section *s, wtl_err *err)
{
    bool key = s->public_key != NULL || s->has_id;
    ENSURE(key || s->ca != NULL, err, WTL_FORMAT, "[%s] names no key: give it public-key or spki-sha256",
           s->name);
    ENSURE(!key || s->ca == NULL, err, WTL_FORMAT,
           "[%s] names a key and a ca: a certificate authority has a section of its own", s->name);
    ENSURE((s->ca != NULL) == (s->identity != NULL), err, WTL_FORMAT,
           "[%s]: ca and identity belong together, as an authority alone vouches for anybody", s->name);
    ENSURE(s->not_before <= s->not_after, err, WTL_FORMAT,
           "[%s] is never valid: not-after is before not-before", s->name);
    return WTL_OK;
}

static bool same_person(const wtl_trust_section *a, const wtl_trust_section *b)
{
    if (a->has_id && b->has_id && memcmp(a->id, b->id, WTL_KEY_ID) == 0)
        return true;
    if (a->public_key != NULL && b->public_key != NULL && strcmp(a->public_key, b->public_key) == 0)
        return true;
    return a->ca != NULL && b->ca != NULL && strcmp(a->identity, b->identity) == 0;
}

static int check_unlike(const wtl_trust *t, size_t i, wtl_err *err)
{
    for (size_t k = 0; k < t->n; k++) {
        const wtl_trust_section *s = &t->section[k];
        ENSURE(k == i || !same_person(s, &t->section[i]), err, WTL_FORMAT,
               "[%s] is the same signer as [%s]: one signer has one section", t->section[i].name, s->name);
    }
    return WTL_OK;
}

static int fill_section(wtl_trust_section *s, const wtl_ini_section *from, wtl_err *err)
{
    for (size_t i = 0; i < from->n; i++)
        TRY(at_line(take_field(s, &from->pair[i], err), from->pair[i].line, err));
    if (s->predicates.n == 0)
        TRY(add(&s->predicates, WTL_TRUST_PREDICATE, strlen(WTL_TRUST_PREDICATE), err));
    if (s->models.n == 0)
        TRY(add(&s->models, "*", 1, err));
    return at_line(check_section(s, err), from->line, err);
}

static int add_section(wtl_trust *t, const wtl_ini_section *from, wtl_err *err)
{
    wtl_trust_section *s = &t->section[t->n];
    *s = (wtl_trust_section){
        .line = from->line, .not_before = INT64_MIN, .not_after = INT64_MAX, .revoked_at = INT64_MAX};
    t->n++; /* so that what it holds is freed */
    TRY(copy(&s->name, from->name, strlen(from->name), err));
    TRY(fill_section(s, from, err));
    return at_line(check_unlike(t, t->n - 1, err), from->line, err);
}

/* ---- [require] */

static int require_names(wtl_trust *t, const char *value, size_t *n, wtl_err *err)
{
    wtl_trust_list names = {0};
    int rc = split(&names, value, err);
    for (size_t i = 0; rc == WTL_OK && i < names.n; i++) {
        size_t found = wtl_trust_find(t, names.p[i]);
        if (found == t->n)
            rc = WTL_FAIL(err, WTL_FORMAT, "[require] names \"%.100s\", and there is no such section",
                          names.p[i]);
        else
            t->section[found].required = true;
    }
    *n = names.n;
    free_list(&names);
    return rc;
}

static int take_all(wtl_trust *t, const char *value, wtl_err *err)
{
    return require_names(t, value, &t->least, err);
}

static int take_threshold(wtl_trust *t, const char *value, wtl_err *err)
{
    size_t digits = strspn(value, "0123456789");
    size_t gap = strspn(value + digits, " \t");
    ENSURE(digits > 0 && digits < 4 && value[0] != '0' && value[digits + gap] == ':', err, WTL_FORMAT,
           "a threshold is written 2: a, b, c with a number from 1");
    size_t n = 0;
    TRY(require_names(t, value + digits + gap + 1, &n, err));
    t->least = (size_t)strtoul(value, NULL, 10);
    ENSURE(t->least <= n, err, WTL_FORMAT, "the threshold %zu can never be met by %zu names", t->least, n);
    return WTL_OK;
}

static int take_require(wtl_trust *t, const wtl_ini_section *from, wtl_err *err)
{
    ENSURE(from->n == 1, err, WTL_FORMAT, "line %u: [require] has exactly one key, all or threshold",
           from->line);
    const wtl_ini_pair *p = &from->pair[0];
    if (strcmp(p->key, "all") == 0)
        return at_line(take_all(t, p->value, err), p->line, err);
    if (strcmp(p->key, "threshold") == 0)
        return at_line(take_threshold(t, p->value, err), p->line, err);
    return WTL_FAIL(err, WTL_FORMAT, "line %u: [require] has no key \"%s\", only all and threshold", p->line,
                    p->key);
}

static int read_sections(wtl_trust *t, const wtl_ini *ini, wtl_err *err)
{
    const wtl_ini_section *require = NULL;
    t->section = calloc(ini->n + 1, sizeof *t->section);
    ENSURE(t->section != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < ini->n; i++) {
        if (strcmp(ini->section[i].name, require_name) == 0)
            require = &ini->section[i];
        else
            TRY(add_section(t, &ini->section[i], err));
    }
    ENSURE(require != NULL, err, WTL_FORMAT,
           "the section [require] is missing: it says whose signatures are asked for, as in all = a, b");
    return take_require(t, require, err);
}

int wtl_trust_parse(wtl_trust *t, wtl_bytes text, wtl_err *err)
{
    *t = (wtl_trust){0};
    AUTO(wtl_ini) ini = {0};
    TRY(wtl_ini_parse(&ini, text, err));
    int rc = read_sections(t, &ini, err);
    if (rc < 0)
        wtl_trust_free(t);
    return rc;
}

/* ---- keys */

int wtl_trust_bind(wtl_trust *t, size_t i, const wtl_key *k, wtl_err *err)
{
    wtl_trust_section *s = &t->section[i];
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    ENSURE(wtl_key_alg(k)->kind == WTL_ALG_SIG, err, WTL_FORMAT,
           "line %u: the key of [%s] is of the algorithm %s, which makes no signatures", s->line, s->name,
           wtl_key_alg_name(k));
    ENSURE(!s->has_id || memcmp(id, s->id, sizeof id) == 0, err, WTL_FORMAT,
           "line %u: the public-key of [%s] is not the one of its spki-sha256", s->line, s->name);
    ENSURE(s->alg == NULL || s->alg == wtl_key_alg(k), err, WTL_FORMAT,
           "line %u: the key of [%s] is of the algorithm %s, not %s", s->line, s->name, wtl_key_alg_name(k),
           s->alg->name);
    memcpy(s->id, id, sizeof id);
    s->has_id = true;
    s->alg = wtl_key_alg(k);
    return at_line(check_unlike(t, i, err), s->line, err);
}
