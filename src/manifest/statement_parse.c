#include "manifest/statement.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/scan.h"
#include "manifest/statement_impl.h"

static int get_digest(const json_t *j, const char *what, const char *key, uint8_t *out, size_t n,
                      wtl_err *err)
{
    const char *text;
    AUTO(wtl_buf) raw = {0};
    TRY(wtl_json_get_string(j, what, key, &text, err));
    int rc = wtl_text_hex_decode(&raw, wtl_text_of(text), err);
    if (rc < 0) {
        wtl_err_prefix(err, "the field \"%s\" of %s: ", key, what);
        return rc;
    }
    ENSURE(raw.n == n, err, WTL_FORMAT, "the field \"%s\" of %s has %zu bytes, and %zu are right", key, what,
           raw.n, n);
    memcpy(out, raw.p, n);
    return WTL_OK;
}

static int parse_subject(wtl_statement *s, const json_t *statement, wtl_err *err)
{
    static const char *const keys[] = {"name", "digest", NULL};
    static const char *const digest_keys[] = {"sha256", NULL};
    static const char what[] = "the statement's subject";
    json_t *list;
    TRY(wtl_json_get_array(statement, "the statement", "subject", &list, err));
    ENSURE(json_array_size(list) == 1, err, WTL_FORMAT,
           "the statement has %zu subjects, and a model signature has exactly one", json_array_size(list));
    const json_t *j = json_array_get(list, 0);
    TRY(wtl_json_only_keys(j, what, keys, err));
    const char *name;
    TRY(wtl_json_get_string(j, what, "name", &name, err));
    TRY(wtl_statement_set_subject(s, name, err));
    json_t *digest;
    TRY(wtl_json_get_object(j, what, "digest", &digest, err));
    TRY(wtl_json_only_keys(digest, "the subject's digest", digest_keys, err));
    return get_digest(digest, "the subject's digest", "sha256", s->root, sizeof s->root, err);
}

/* Sets s->hash. Hashes that the format knows or may come to know are refused by name. */
static int parse_hash(wtl_statement *s, const json_t *j, const char *what, wtl_err *err)
{
    const char *name;
    TRY(wtl_json_get_string(j, what, "hash_type", &name, err));
    int h = wtl_hash_by_name(name);
    AUTO(wtl_buf) q = {0};
    ENSURE(h == WTL_HASH_SHA256 || h == WTL_HASH_BLAKE2B, err, WTL_POLICY,
           "the model was hashed with \"%.100s\", which is not supported: sign it with sha256 or blake2b",
           wtl_statement_quote(&q, name));
    s->hash = (enum wtl_hash)h;
    return WTL_OK;
}

static int parse_ignore(wtl_statement *s, const json_t *j, const char *what, wtl_err *err)
{
    /* Writers before 1.1 have no such field. */
    if (json_object_get(j, "ignore_paths") == NULL)
        return WTL_OK;
    json_t *list;
    TRY(wtl_json_get_array(j, what, "ignore_paths", &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *path = json_array_get(list, i);
        ENSURE(json_is_string(path), err, WTL_FORMAT, "an entry of \"ignore_paths\" is not a string");
        TRY(wtl_statement_add_ignore(s, json_string_value(path), err));
    }
    return WTL_OK;
}

/* An integer, or a whole number written as a real: the reference writes 1000.0. Beyond 2^53 a real is not exact. */
static int parse_shard_size(wtl_statement *s, const json_t *j, const char *what, wtl_err *err)
{
    const json_t *v = json_object_get(j, "shard_size");
    ENSURE(json_is_number(v), err, WTL_FORMAT, "the field \"shard_size\" of %s is missing or no number",
           what);
    double real = json_number_value(v);
    bool exact = json_is_integer(v) || real <= 9007199254740992.0;
    ENSURE(exact && real >= 1 && real == (double)(uint64_t)real, err, WTL_FORMAT,
           "the field \"shard_size\" of %s is not a whole number of 1 or more bytes", what);
    s->shard_size = json_is_integer(v) ? (uint64_t)json_integer_value(v) : (uint64_t)real;
    return WTL_OK;
}

static int parse_method(wtl_statement *s, const json_t *j, const char *what, wtl_err *err)
{
    const char *method;
    AUTO(wtl_buf) q = {0};
    TRY(wtl_json_get_string(j, what, "method", &method, err));
    bool files = strcmp(method, "files") == 0;
    ENSURE(files || strcmp(method, "shards") == 0, err, WTL_POLICY,
           "the model was hashed by the method \"%.100s\", which is not supported: sign it with the method "
           "\"files\" or \"shards\"",
           wtl_statement_quote(&q, method));
    s->method = files ? WTL_STATEMENT_FILES : WTL_STATEMENT_SHARDS;
    return files ? WTL_OK : parse_shard_size(s, j, what, err);
}

static int parse_serialization(wtl_statement *s, const json_t *predicate, wtl_err *err)
{
    /* With the method files the list ends before shard_size. */
    const char *keys[] = {"method", "hash_type", "allow_symlinks", "ignore_paths", NULL, NULL};
    static const char what[] = "the statement's serialization";
    json_t *j;
    TRY(wtl_json_get_object(predicate, "the statement's predicate", "serialization", &j, err));
    TRY(parse_method(s, j, what, err));
    TRY(parse_hash(s, j, what, err));
    if (s->method == WTL_STATEMENT_SHARDS)
        keys[4] = "shard_size";
    TRY(wtl_json_only_keys(j, what, keys, err));
    const json_t *links = json_object_get(j, "allow_symlinks");
    ENSURE(json_is_boolean(links), err, WTL_FORMAT, "the field \"allow_symlinks\" of %s is not true or false",
           what);
    s->allow_symlinks = json_is_true(links);
    return parse_ignore(s, j, what, err);
}

/* The decimal number after the last ':' of name[0..*n), without sign or leading zeros, below 2^63; *n becomes the
 * place of that ':'. */
static bool take_end(const char *name, size_t *n, uint64_t *value)
{
    size_t colon = *n;
    while (colon > 0 && name[colon - 1] >= '0' && name[colon - 1] <= '9')
        colon--;
    size_t digits = *n - colon;
    if (colon == 0 || name[colon - 1] != ':' || digits == 0 || digits > 19 ||
        (digits > 1 && name[colon] == '0'))
        return false;
    *value = 0;
    for (size_t i = colon; i < *n; i++)
        *value = *value * 10 + (uint64_t)(name[i] - '0'); /* 19 digits fit 64 bits */
    *n = colon - 1;
    return *value <= INT64_MAX;
}

/* A shard's name is PATH:START:END, where PATH may have colons. */
static int add_shard(wtl_statement *s, const char *name, const uint8_t *digest, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    AUTO(wtl_buf) path = {0};
    size_t n = strlen(name);
    uint64_t start;
    uint64_t end;
    ENSURE(take_end(name, &n, &end) && take_end(name, &n, &start), err, WTL_FORMAT,
           "the shard's name \"%.300s\" is not a path with the shard's first byte and end, PATH:START:END",
           wtl_statement_quote(&q, name));
    wtl_buf_add(&path, name, n);
    const char *text = wtl_buf_cstr(&path);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_statement_add_shard(s, text, start, end, digest, err);
}

static int parse_resource(wtl_statement *s, const json_t *j, const char *algorithm, wtl_err *err)
{
    static const char *const keys[] = {"name", "algorithm", "digest", NULL};
    static const char what[] = "a resource of the statement";
    const char *name;
    const char *its;
    uint8_t digest[WTL_HASH_MAX];
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(wtl_json_get_string(j, what, "name", &name, err));
    TRY(wtl_json_get_string(j, what, "algorithm", &its, err));
    AUTO(wtl_buf) q = {0};
    ENSURE(
        strcmp(its, algorithm) == 0, err, WTL_FORMAT,
        "the file \"%.300s\" has another algorithm than %s, which follows from the statement's serialization",
        wtl_statement_quote(&q, name), algorithm);
    TRY(get_digest(j, what, "digest", digest, wtl_hash_size(s->hash), err));
    return s->method == WTL_STATEMENT_SHARDS ? add_shard(s, name, digest, err)
                                             : wtl_statement_add(s, name, digest, err);
}

/* From the text, one at a time: a tree of all of them would take many times its length. */
static int parse_each(wtl_statement *s, wtl_bytes list, const char *algorithm, wtl_err *err)
{
    static const char what[] = "a resource of the statement";
    wtl_scan scan = {.rest = list};
    for (;;) {
        wtl_bytes one;
        AUTO(json_t) *j = NULL;
        TRY(wtl_scan_next(&scan, &one, "the statement's list of resources", err));
        if (one.p == NULL)
            return WTL_OK;
        TRY(wtl_json_parse(&j, one, what, err));
        TRY(parse_resource(s, j, algorithm, err));
    }
}

/* `cut` is the list's text when the tree has an empty one in its place. */
static int parse_resources(wtl_statement *s, const json_t *predicate, wtl_bytes cut, wtl_err *err)
{
    json_t *list;
    AUTO(wtl_buf) algorithm = {0};
    wtl_statement_algorithm(s, &algorithm);
    const char *text = wtl_buf_cstr(&algorithm);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_json_get_array(predicate, "the statement's predicate", "resources", &list, err));
    if (cut.p != NULL) {
        ENSURE(json_array_size(list) == 0, err, WTL_BUG, "the statement's resources are in two places");
        return parse_each(s, cut, text, err);
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(parse_resource(s, json_array_get(list, i), text, err));
    return WTL_OK;
}

static int parse_predicate(wtl_statement *s, const json_t *statement, wtl_bytes cut, wtl_err *err)
{
    static const char *const keys[] = {"serialization", "resources", NULL};
    static const char what[] = "the statement's predicate";
    json_t *j;
    TRY(wtl_json_get_object(statement, "the statement", "predicate", &j, err));
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(parse_serialization(s, j, err));
    TRY(parse_resources(s, j, cut, err));
    return wtl_statement_check(s, err);
}

static int check_types(const json_t *statement, wtl_err *err)
{
    const char *type;
    AUTO(wtl_buf) q = {0};
    TRY(wtl_json_get_string(statement, "the statement", "_type", &type, err));
    ENSURE(strcmp(type, STATEMENT_TYPE) == 0, err, WTL_FORMAT, "the payload is not an in-toto Statement v1");
    TRY(wtl_json_get_string(statement, "the statement", "predicateType", &type, err));
    ENSURE(strcmp(type, WTL_STATEMENT_PREDICATE_TYPE) == 0, err, WTL_POLICY,
           "the statement's predicate type is \"%.200s\", and a model signature has \"%s\"",
           wtl_statement_quote(&q, type), WTL_STATEMENT_PREDICATE_TYPE);
    return WTL_OK;
}

static int check_root(const wtl_statement *s, wtl_err *err)
{
    uint8_t root[32];
    TRY(wtl_statement_compute_root(s, root, err));
    ENSURE(memcmp(root, s->root, sizeof root) == 0, err, WTL_FORMAT,
           "the statement contradicts itself: its subject's digest does not follow from its resources");
    return WTL_OK;
}

/* *cut = the text of the list of resources, and *j the tree of the rest; or {NULL, 0} and all in the tree, when the list is
 * not found in the text (its key may be written with escapes). */
static int parse_text(json_t **j, wtl_bytes *cut, wtl_bytes payload, wtl_err *err)
{
    static const char *const path[] = {"predicate", "resources", NULL};
    static const char what[] = "the statement";
    *cut = wtl_scan_find(payload, path);
    if (cut->p != NULL && cut->p[0] == '[')
        return wtl_scan_parse_rest(j, payload, *cut, "[]", what, err);
    *cut = (wtl_bytes){NULL, 0};
    return wtl_json_parse(j, payload, what, err);
}

static int parse(wtl_statement *s, wtl_bytes payload, wtl_err *err)
{
    static const char *const keys[] = {"_type", "subject", "predicateType", "predicate", NULL};
    AUTO(json_t) *j = NULL;
    wtl_bytes cut;
    TRY(parse_text(&j, &cut, payload, err));
    TRY(check_types(j, err));
    TRY(wtl_json_only_keys(j, "the statement", keys, err));
    TRY(parse_subject(s, j, err));
    TRY(parse_predicate(s, j, cut, err));
    return check_root(s, err);
}

int wtl_statement_parse(wtl_statement *s, wtl_bytes payload, wtl_err *err)
{
    *s = (wtl_statement){0};
    int rc = parse(s, payload, err);
    if (rc < 0)
        wtl_statement_free(s);
    return rc;
}
