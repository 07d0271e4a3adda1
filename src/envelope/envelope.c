#include "envelope/envelope.h"

#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "json/canon.h"

#define VERSION_PREFIX "wattle-envelope-"
#define KEY_HASH_PREFIX "sha3-256:"
#define SIGNATURE_PREFIX "base64:"
static const char what[] = "the envelope";
static const char hint_what[] = "the envelope's key_rotation_hint";
static const int64_t size_most = ((int64_t)1 << 53) - 1;

void wtl_envelope_free(wtl_envelope *e)
{
    wtl_buf_free(&e->body);
    wtl_buf_free(&e->signature);
    *e = (wtl_envelope){0};
}

void wtl_envelope_auto(wtl_envelope *e)
{
    wtl_envelope_free(e);
}

/* ---- values that both sides know */

int wtl_envelope_key_hash(const wtl_key *k, uint8_t hash[WTL_ENVELOPE_KEY_HASH], wtl_err *err)
{
    AUTO(wtl_buf) spki = {0};
    TRY(wtl_key_write_public(k, WTL_KEY_DER, &spki, err));
    return wtl_hash_once(WTL_HASH_SHA3_256, wtl_buf_view(&spki), hash, err);
}

char *wtl_envelope_digest_text(char out[WTL_ENVELOPE_DIGEST_TEXT], enum wtl_hash h, const uint8_t *digest)
{
    static const char hex[] = "0123456789abcdef";
    const char *name = wtl_hash_name(h);
    size_t n = strlen(name);
    memcpy(out, name, n);
    out[n++] = ':';
    for (size_t i = 0; i < wtl_hash_size(h); i++) {
        out[n++] = hex[digest[i] >> 4];
        out[n++] = hex[digest[i] & 15];
    }
    out[n] = '\0';
    return out;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The length of the restricted-name that `s` begins with, or 0. */
static size_t restricted_name(const char *s)
{
    size_t n = 0;
    if (!is_alnum(s[0]))
        return 0;
    while (is_alnum(s[n]) || (s[n] != '\0' && strchr("!#$&-^_.+", s[n]) != NULL))
        n++;
    return n <= 127 ? n : 0;
}

bool wtl_envelope_is_type(const char *text)
{
    size_t type = restricted_name(text);
    if (type == 0 || text[type] != '/')
        return false;
    size_t subtype = restricted_name(text + type + 1);
    return subtype > 0 && text[type + 1 + subtype] == '\0';
}

void wtl_envelope_pae(const wtl_envelope *e, wtl_buf *out)
{
    wtl_buf_fmt(out, "DSSEv1 %zu %s %zu ", strlen(WTL_ENVELOPE_PAE_TYPE), WTL_ENVELOPE_PAE_TYPE, e->body.n);
    wtl_buf_bytes(out, wtl_buf_view(&e->body));
}

/* ---- reading */

static int get_version(const json_t *j, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, "version", &text, err));
    if (strcmp(text, WTL_ENVELOPE_VERSION) == 0)
        return WTL_OK;
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(text));
    const char *shown = wtl_buf_cstr(&q);
    bool other = strncmp(text, VERSION_PREFIX, strlen(VERSION_PREFIX)) == 0;
    return WTL_FAIL(err, other ? WTL_POLICY : WTL_FORMAT,
                    "the envelope's version is \"%.100s\", and this program reads \"%s\"",
                    shown != NULL ? shown : "", WTL_ENVELOPE_VERSION);
}

static int get_algorithm(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, "algorithm", &text, err));
    const wtl_alg *alg = wtl_alg_by_name(text);
    if (alg != NULL && strcmp(alg->name, text) == 0 && alg->kind == WTL_ALG_SIG) {
        e->alg = alg;
        return WTL_OK;
    }
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(text));
    const char *shown = wtl_buf_cstr(&q);
    return WTL_FAIL(err, WTL_POLICY,
                    "the envelope's algorithm \"%.100s\" is no signature algorithm that this program knows: "
                    "'wattle algs' lists them",
                    shown != NULL ? shown : "");
}

/* The n bytes of lower-case hexadecimal `text`. */
static int get_hex(uint8_t *to, size_t n, const char *text, const char *place, const char *key, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    int rc = strlen(text) == 2 * n ? wtl_text_hex_decode(&b, wtl_text_of(text), err) : WTL_FORMAT;
    if (rc == WTL_FORMAT)
        return WTL_FAIL(err, WTL_FORMAT, "the field \"%s\" of %s is not %zu digits of lower-case hexadecimal",
                        key, place, 2 * n);
    TRY(rc);
    memcpy(to, b.p, n);
    return WTL_OK;
}

static int get_key_hash(const json_t *j, const char *place, const char *key,
                        uint8_t to[WTL_ENVELOPE_KEY_HASH], wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, place, key, &text, err));
    size_t n = strlen(KEY_HASH_PREFIX);
    ENSURE(strncmp(text, KEY_HASH_PREFIX, n) == 0, err, WTL_FORMAT,
           "the field \"%s\" of %s does not begin with \"%s\"", key, place, KEY_HASH_PREFIX);
    return get_hex(to, WTL_ENVELOPE_KEY_HASH, text + n, place, key, err);
}

static int get_digest(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, "digest", &text, err));
    for (int h = 0; h < WTL_HASH_COUNT; h++) {
        const char *name = wtl_hash_name((enum wtl_hash)h);
        size_t n = strlen(name);
        if (strncmp(text, name, n) != 0 || text[n] != ':')
            continue;
        e->hash = (enum wtl_hash)h;
        return get_hex(e->digest, wtl_hash_size(e->hash), text + n + 1, what, "digest", err);
    }
    return WTL_FAIL(err, WTL_FORMAT,
                    "the field \"digest\" of the envelope does not begin with the name of a hash, as in "
                    "\"sha256:\"");
}

static int get_payload_type(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, "payload_type", &text, err));
    ENSURE(wtl_envelope_is_type(text), err, WTL_FORMAT,
           "the field \"payload_type\" of the envelope is no media type of the form type/subtype");
    memcpy(e->payload_type, text, strlen(text) + 1);
    return WTL_OK;
}

static int get_size(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    const json_t *v = json_object_get(j, "size");
    ENSURE(v != NULL, err, WTL_FORMAT, "the envelope has no field \"size\"");
    ENSURE(json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= size_most, err,
           WTL_FORMAT, "the field \"size\" of the envelope is not a whole number from 0 to 2^53 - 1");
    e->size = (uint64_t)json_integer_value(v);
    return WTL_OK;
}

static int get_when(const json_t *j, const char *place, const char *key, int64_t *t, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, place, key, &text, err));
    int64_t parsed;
    int rc = wtl_instant_parse(&parsed, text, err);
    if (rc == WTL_OK && parsed < WTL_ENVELOPE_FIRST)
        rc = WTL_FAIL(err, WTL_FORMAT, "%s is before the year 2000", text);
    if (rc == WTL_OK)
        *t = parsed;
    if (rc < 0)
        wtl_err_prefix(err, "the field \"%s\" of %s: ", key, place);
    return rc;
}

static int get_hint(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"rotate_by", "next_key", NULL};
    if (json_object_get(j, "key_rotation_hint") == NULL)
        return WTL_OK;
    json_t *hint;
    TRY(wtl_json_get_object(j, what, "key_rotation_hint", &hint, err));
    TRY(wtl_json_only_keys(hint, hint_what, keys, err));
    ENSURE(json_object_size(hint) > 0, err, WTL_FORMAT, "%s is empty", hint_what);
    if (json_object_get(hint, "rotate_by") != NULL)
        TRY(get_when(hint, hint_what, "rotate_by", &e->rotate_by, err));
    e->has_next_key = json_object_get(hint, "next_key") != NULL;
    return e->has_next_key ? get_key_hash(hint, hint_what, "next_key", e->next_key, err) : WTL_OK;
}

static int get_signature(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, "signature", &text, err));
    size_t n = strlen(SIGNATURE_PREFIX);
    ENSURE(strncmp(text, SIGNATURE_PREFIX, n) == 0, err, WTL_FORMAT,
           "the field \"signature\" of the envelope does not begin with \"%s\"", SIGNATURE_PREFIX);
    int rc = wtl_text_b64_decode(&e->signature, wtl_text_of(text + n), err);
    if (rc < 0) {
        wtl_err_prefix(err, "the field \"signature\" of the envelope: ");
        return rc;
    }
    ENSURE(e->signature.n > 0, err, WTL_FORMAT, "the field \"signature\" of the envelope is empty");
    return WTL_OK;
}

static int get_fields(wtl_envelope *e, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"version", "algorithm", "public_key_hash",   "payload_type", "digest",
                                       "size",    "signed_at", "key_rotation_hint", "signature",    NULL};
    /* The version first: another one may have other fields. */
    TRY(get_version(j, err));
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(get_algorithm(e, j, err));
    TRY(get_key_hash(j, what, "public_key_hash", e->key_hash, err));
    TRY(get_payload_type(e, j, err));
    TRY(get_digest(e, j, err));
    TRY(get_size(e, j, err));
    TRY(get_when(j, what, "signed_at", &e->signed_at, err));
    TRY(get_hint(e, j, err));
    return get_signature(e, j, err);
}

static int parse(wtl_envelope *e, wtl_bytes text, wtl_err *err)
{
    ENSURE(text.n <= WTL_ENVELOPE_MOST, err, WTL_FORMAT, "the envelope has more than %d bytes",
           WTL_ENVELOPE_MOST);
    AUTO(json_t) *j = NULL;
    TRY(wtl_json_parse(&j, text, what, err));
    TRY(get_fields(e, j, err));
    json_object_del(j, "signature");
    return wtl_canon_write(j, &e->body, err);
}

int wtl_envelope_parse(wtl_envelope *e, wtl_bytes text, wtl_err *err)
{
    *e = (wtl_envelope){0};
    int rc = parse(e, text, err);
    if (rc < 0)
        wtl_envelope_free(e);
    return rc;
}

bool wtl_envelope_is(wtl_bytes text, bool by_name)
{
    AUTO(json_t) *j = NULL;
    if (text.n > WTL_ENVELOPE_MOST || wtl_json_parse(&j, text, what, NULL) < 0)
        return by_name;
    if (json_object_get(j, "mediaType") != NULL || json_object_get(j, "dsseEnvelope") != NULL)
        return false;
    return by_name || json_object_get(j, "version") != NULL || json_object_get(j, "public_key_hash") != NULL;
}

/* ---- writing */

/* NULL when memory ran out. */
static json_t *hint_json(const wtl_envelope *e)
{
    char text[WTL_ENVELOPE_DIGEST_TEXT];
    char when[WTL_INSTANT_TEXT];
    json_t *hint = json_object();
    bool ok = hint != NULL;
    if (e->rotate_by != 0)
        ok = ok &&
             json_object_set_new(hint, "rotate_by", json_string(wtl_instant_write(when, e->rotate_by))) == 0;
    if (e->has_next_key)
        ok = ok && json_object_set_new(
                       hint, "next_key",
                       json_string(wtl_envelope_digest_text(text, WTL_HASH_SHA3_256, e->next_key))) == 0;
    if (ok)
        return hint;
    json_decref(hint);
    return NULL;
}

/* Every field but the signature, in the order of the documentation. */
static json_t *fields_json(const wtl_envelope *e)
{
    char key_hash[WTL_ENVELOPE_DIGEST_TEXT];
    char digest[WTL_ENVELOPE_DIGEST_TEXT];
    char when[WTL_INSTANT_TEXT];
    AUTO(json_t) *j = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "version", WTL_ENVELOPE_VERSION, "algorithm", e->alg->name,
        "public_key_hash", wtl_envelope_digest_text(key_hash, WTL_HASH_SHA3_256, e->key_hash), "payload_type",
        e->payload_type, "digest", wtl_envelope_digest_text(digest, e->hash, e->digest), "size",
        (json_int_t)e->size, "signed_at", wtl_instant_write(when, e->signed_at));
    bool hint = e->rotate_by != 0 || e->has_next_key;
    if (j == NULL || (hint && json_object_set_new(j, "key_rotation_hint", hint_json(e)) != 0))
        return NULL;
    return json_incref(j);
}

static bool is_when(int64_t t)
{
    return t >= WTL_ENVELOPE_FIRST && t <= WTL_ENVELOPE_LAST;
}

static int check_fields(const wtl_envelope *e, wtl_err *err)
{
    ENSURE(e->alg != NULL && e->alg->kind == WTL_ALG_SIG, err, WTL_USAGE,
           "an envelope needs a signature algorithm");
    ENSURE(wtl_envelope_is_type(e->payload_type), err, WTL_USAGE,
           "a payload type is a media type of the form type/subtype, as application/octet-stream");
    ENSURE(e->size <= (uint64_t)size_most, err, WTL_USAGE, "an envelope's file has at most 2^53 - 1 bytes");
    ENSURE(is_when(e->signed_at) && (e->rotate_by == 0 || is_when(e->rotate_by)), err, WTL_USAGE,
           "an envelope's times lie between the years 2000 and 9999");
    return WTL_OK;
}

int wtl_envelope_describe(wtl_envelope *e, wtl_err *err)
{
    TRY(check_fields(e, err));
    AUTO(json_t) *j = fields_json(e);
    ENSURE(j != NULL, err, WTL_NOMEM, "out of memory");
    wtl_buf_clear(&e->body);
    return wtl_canon_write(j, &e->body, err);
}

int wtl_envelope_encode(const wtl_envelope *e, wtl_buf *out, wtl_err *err)
{
    TRY(check_fields(e, err));
    AUTO(wtl_buf) signature = {0};
    wtl_buf_str(&signature, SIGNATURE_PREFIX);
    wtl_text_b64_encode(&signature, wtl_buf_view(&e->signature));
    TRY(wtl_buf_check(&signature, err));
    AUTO(json_t) *j = fields_json(e);
    /* Takes the text over also when it fails. */
    int set = json_object_set_new(j, "signature", json_stringn((const char *)signature.p, signature.n));
    ENSURE(set == 0, err, WTL_NOMEM, "out of memory");
    TRY(wtl_json_write(j, true, out, err));
    wtl_buf_u8(out, '\n');
    return wtl_buf_check(out, err);
}
