#include "manifest/statement.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"

void wtl_statement_free(wtl_statement *s)
{
    free(s->subject);
    for (size_t i = 0; i < s->n_ignore; i++)
        free(s->ignore[i]);
    free(s->ignore);
    for (size_t i = 0; i < s->n_resources; i++)
        free(s->resource[i].name);
    free(s->resource);
    *s = (wtl_statement){0};
}

void wtl_statement_auto(wtl_statement *s)
{
    wtl_statement_free(s);
}

/* Foreign text made safe to print; valid until `b` changes. */
static const char *quoted(wtl_buf *b, const char *text)
{
    wtl_text_quote(b, wtl_text_of(text));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

/* Room for one more in an array without a capacity field: it doubles when n is 0 or a power of two. */
static int grow(void **p, size_t n, size_t size, wtl_err *err)
{
    if ((n & (n - 1)) != 0)
        return WTL_OK;
    size_t want = n == 0 ? 1 : 2 * n;
    void *q = want <= SIZE_MAX / size ? realloc(*p, want * size) : NULL;
    ENSURE(q != NULL, err, WTL_NOMEM, "out of memory");
    *p = q;
    return WTL_OK;
}

static int copy_text(char **out, const char *text, const char *what, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    ENSURE(wtl_text_is_utf8(wtl_text_of(text)), err, WTL_FORMAT,
           "the %s \"%.300s\" is not UTF-8, and the signature format has no way to write it: rename it", what,
           quoted(&q, text));
    *out = strdup(text);
    ENSURE(*out != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* Relative, and neither empty nor with an empty, "." or ".." part: joined to the model's folder it stays
 * below it, and no other text names the same file. */
static bool is_safe(const char *name)
{
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += n;
        if (*part == '\0')
            return true;
    }
}

static int check_safe(const char *name, const char *what, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    ENSURE(
        is_safe(name), err, WTL_FORMAT,
        "the %s \"%.300s\" is not a plain relative path (absolute, or with an empty, \".\" or \"..\" part)",
        what, quoted(&q, name));
    return WTL_OK;
}

int wtl_statement_set_subject(wtl_statement *s, const char *name, wtl_err *err)
{
    char *copy = NULL;
    ENSURE(name[0] != '\0', err, WTL_FORMAT, "the model's name is empty");
    TRY(copy_text(&copy, name, "model's name", err));
    free(s->subject);
    s->subject = copy;
    return WTL_OK;
}

int wtl_statement_add_ignore(wtl_statement *s, const char *path, wtl_err *err)
{
    TRY(check_safe(path, "ignored path", err));
    char *copy = NULL;
    TRY(copy_text(&copy, path, "ignored path", err));
    int rc = grow((void **)&s->ignore, s->n_ignore, sizeof *s->ignore, err);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    s->ignore[s->n_ignore++] = copy;
    return WTL_OK;
}

int wtl_statement_add(wtl_statement *s, const char *name, const uint8_t *digest, wtl_err *err)
{
    /* "." is how the reference names the one file of a single-file model. */
    if (strcmp(name, ".") != 0)
        TRY(check_safe(name, "file name", err));
    char *copy = NULL;
    TRY(copy_text(&copy, name, "file name", err));
    int rc = grow((void **)&s->resource, s->n_resources, sizeof *s->resource, err);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    wtl_resource *r = &s->resource[s->n_resources++];
    *r = (wtl_resource){.name = copy};
    memcpy(r->digest, digest, wtl_hash_size(s->hash));
    return WTL_OK;
}

bool wtl_statement_ignores(const wtl_statement *s, const char *path)
{
    for (size_t i = 0; i < s->n_ignore; i++) {
        size_t n = strlen(s->ignore[i]);
        if (strncmp(path, s->ignore[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    /* strcmp compares as unsigned char, and UTF-8 sorts by bytes as by code points. */
    return strcmp(((const wtl_resource *)a)->name, ((const wtl_resource *)b)->name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* At least one resource, "." only by itself, every name once. */
static int check_names(const wtl_statement *s, wtl_err *err)
{
    ENSURE(s->n_resources > 0, err, WTL_FORMAT, "the statement lists no file");
    const char **name = malloc(s->n_resources * sizeof *name);
    ENSURE(name != NULL, err, WTL_NOMEM, "out of memory");
    int rc = WTL_OK;
    for (size_t i = 0; i < s->n_resources; i++) {
        name[i] = s->resource[i].name;
        if (s->n_resources > 1 && strcmp(name[i], ".") == 0)
            rc = WTL_FAIL(err, WTL_FORMAT, "the statement lists \".\" beside other files");
    }
    qsort(name, s->n_resources, sizeof *name, by_text);
    for (size_t i = 1; rc == WTL_OK && i < s->n_resources; i++) {
        AUTO(wtl_buf) q = {0};
        if (strcmp(name[i - 1], name[i]) == 0)
            rc = WTL_FAIL(err, WTL_FORMAT, "the statement lists the file \"%.300s\" twice",
                          quoted(&q, name[i]));
    }
    free(name);
    return rc;
}

static int compute_root(const wtl_statement *s, uint8_t root[32], wtl_err *err)
{
    AUTO(wtl_hasher) *h = NULL;
    TRY(wtl_hasher_new(&h, WTL_HASH_SHA256, err));
    for (size_t i = 0; i < s->n_resources; i++)
        TRY(wtl_hasher_add(h, (wtl_bytes){s->resource[i].digest, wtl_hash_size(s->hash)}, err));
    return wtl_hasher_end(h, root, err);
}

/* ---- writing */

static json_t *hex_json(const uint8_t *p, size_t n)
{
    AUTO(wtl_buf) b = {0};
    wtl_buf_hex(&b, (wtl_bytes){p, n});
    return b.bad ? NULL : json_stringn((const char *)b.p, b.n);
}

static json_t *ignore_json(const wtl_statement *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < s->n_ignore; i++) {
        if (json_array_append_new(list, json_string(s->ignore[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *resources_json(const wtl_statement *s)
{
    const char *hash = wtl_hash_name(s->hash);
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < s->n_resources; i++) {
        const wtl_resource *r = &s->resource[i];
        json_t *one = json_pack("{s:s, s:s, s:o}", "name", r->name, "algorithm", hash, "digest",
                                hex_json(r->digest, wtl_hash_size(s->hash)));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

int wtl_statement_encode(wtl_statement *s, wtl_buf *payload, wtl_err *err)
{
    ENSURE(s->subject != NULL, err, WTL_BUG, "a statement without a model's name");
    TRY(check_names(s, err));
    qsort(s->resource, s->n_resources, sizeof *s->resource, by_name);
    TRY(compute_root(s, s->root, err));
    AUTO(json_t) *j = json_pack("{s:s, s:[{s:s, s:{s:o}}], s:s, s:{s:{s:s, s:s, s:b, s:o}, s:o}}", "_type",
                                STATEMENT_TYPE, "subject", "name", s->subject, "digest", "sha256",
                                hex_json(s->root, sizeof s->root), "predicateType",
                                WTL_STATEMENT_PREDICATE_TYPE, "predicate", "serialization", "method", "files",
                                "hash_type", wtl_hash_name(s->hash), "allow_symlinks", (int)s->allow_symlinks,
                                "ignore_paths", ignore_json(s), "resources", resources_json(s));
    ENSURE(j != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_json_write(j, false, payload, err);
}

/* ---- reading */

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
           quoted(&q, name));
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

static int parse_serialization(wtl_statement *s, const json_t *predicate, wtl_err *err)
{
    static const char *const keys[] = {"method", "hash_type", "allow_symlinks", "ignore_paths", NULL};
    static const char what[] = "the statement's serialization";
    json_t *j;
    TRY(wtl_json_get_object(predicate, "the statement's predicate", "serialization", &j, err));
    const char *method;
    AUTO(wtl_buf) q = {0};
    TRY(wtl_json_get_string(j, what, "method", &method, err));
    ENSURE(strcmp(method, "files") == 0, err, WTL_POLICY,
           "the model was hashed by the method \"%.100s\", which is not supported: sign it with the method "
           "\"files\"",
           quoted(&q, method));
    TRY(parse_hash(s, j, what, err));
    TRY(wtl_json_only_keys(j, what, keys, err));
    const json_t *links = json_object_get(j, "allow_symlinks");
    ENSURE(json_is_boolean(links), err, WTL_FORMAT, "the field \"allow_symlinks\" of %s is not true or false",
           what);
    s->allow_symlinks = json_is_true(links);
    return parse_ignore(s, j, what, err);
}

static int parse_resource(wtl_statement *s, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"name", "algorithm", "digest", NULL};
    static const char what[] = "a resource of the statement";
    const char *name;
    const char *algorithm;
    uint8_t digest[WTL_HASH_MAX];
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(wtl_json_get_string(j, what, "name", &name, err));
    TRY(wtl_json_get_string(j, what, "algorithm", &algorithm, err));
    AUTO(wtl_buf) q = {0};
    ENSURE(strcmp(algorithm, wtl_hash_name(s->hash)) == 0, err, WTL_FORMAT,
           "the file \"%.300s\" has another algorithm than the statement's hash_type %s", quoted(&q, name),
           wtl_hash_name(s->hash));
    TRY(get_digest(j, what, "digest", digest, wtl_hash_size(s->hash), err));
    return wtl_statement_add(s, name, digest, err);
}

static int parse_predicate(wtl_statement *s, const json_t *statement, wtl_err *err)
{
    static const char *const keys[] = {"serialization", "resources", NULL};
    static const char what[] = "the statement's predicate";
    json_t *j;
    TRY(wtl_json_get_object(statement, "the statement", "predicate", &j, err));
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(parse_serialization(s, j, err));
    json_t *list;
    TRY(wtl_json_get_array(j, what, "resources", &list, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(parse_resource(s, json_array_get(list, i), err));
    return check_names(s, err);
}

static int check_types(const json_t *statement, wtl_err *err)
{
    const char *type;
    AUTO(wtl_buf) q = {0};
    TRY(wtl_json_get_string(statement, "the statement", "_type", &type, err));
    ENSURE(strcmp(type, STATEMENT_TYPE) == 0, err, WTL_FORMAT, "the payload is not an in-toto Statement v1");
    TRY(wtl_json_get_string(statement, "the statement", "predicateType", &type, err));
    ENSURE(strcmp(type, WTL_STATEMENT_PREDICATE_TYPE) == 0, err, WTL_POLICY,
           "the statement's predicate type is \"%.200s\", and a model signature has \"%s\"", quoted(&q, type),
           WTL_STATEMENT_PREDICATE_TYPE);
    return WTL_OK;
}

static int check_root(const wtl_statement *s, wtl_err *err)
{
    uint8_t root[32];
    TRY(compute_root(s, root, err));
    ENSURE(memcmp(root, s->root, sizeof root) == 0, err, WTL_FORMAT,
           "the statement contradicts itself: its subject's digest does not follow from its resources");
    return WTL_OK;
}

static int parse(wtl_statement *s, wtl_bytes payload, wtl_err *err)
{
    static const char *const keys[] = {"_type", "subject", "predicateType", "predicate", NULL};
    AUTO(json_t) *j = NULL;
    TRY(wtl_json_parse(&j, payload, "the statement", err));
    TRY(check_types(j, err));
    TRY(wtl_json_only_keys(j, "the statement", keys, err));
    TRY(parse_subject(s, j, err));
    TRY(parse_predicate(s, j, err));
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
