#include "bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/scan.h"

void wtl_bundle_free(wtl_bundle *b)
{
    free(b->hint);
    wtl_buf_free(&b->raw_key);
    for (size_t i = 0; i < b->n_chain; i++)
        wtl_buf_free(&b->chain[i]);
    free(b->chain);
    wtl_buf_free(&b->payload);
    free(b->payload_type);
    wtl_buf_free(&b->signature);
    *b = (wtl_bundle){0};
}

void wtl_bundle_auto(wtl_bundle *b)
{
    wtl_bundle_free(b);
}

static int copy_string(char **out, const char *s, wtl_err *err)
{
    *out = strdup(s);
    ENSURE(*out != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* The bytes of a base64 field, of which there must be some. */
static int get_b64(const json_t *j, const char *what, const char *key, wtl_buf *out, wtl_err *err)
{
    const char *text;
    TRY(wtl_json_get_string(j, what, key, &text, err));
    int rc = wtl_text_b64_decode(out, wtl_text_of(text), err);
    if (rc < 0) {
        wtl_err_prefix(err, "the field \"%s\" of %s: ", key, what);
        return rc;
    }
    ENSURE(out->n > 0, err, WTL_FORMAT, "the field \"%s\" of %s is empty", key, what);
    return WTL_OK;
}

/* sigstore_common.proto: PublicKeyIdentifier {hint}, and PublicKey {rawBytes, keyDetails} of older writers. */
static int parse_public_key(wtl_bundle *b, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"hint", "rawBytes", "keyDetails", NULL};
    static const char what[] = "the bundle's publicKey";
    TRY(wtl_json_only_keys(j, what, keys, err));
    const char *text;
    if (json_object_get(j, "hint") != NULL) {
        TRY(wtl_json_get_string(j, what, "hint", &text, err));
        if (text[0] != '\0') {
            TRY(copy_string(&b->hint, text, err));
            b->key_kind = WTL_BUNDLE_HINT;
        }
    }
    if (json_object_get(j, "keyDetails") != NULL)
        TRY(wtl_json_get_string(j, what, "keyDetails", &text, err));
    if (json_object_get(j, "rawBytes") != NULL) {
        TRY(get_b64(j, what, "rawBytes", &b->raw_key, err));
        b->key_kind = WTL_BUNDLE_RAW_KEY;
    }
    return WTL_OK;
}

static int parse_certificate(wtl_bundle *b, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"rawBytes", NULL};
    static const char what[] = "a certificate of the bundle";
    TRY(wtl_json_only_keys(j, what, keys, err));
    TRY(get_b64(j, what, "rawBytes", &b->chain[b->n_chain], err));
    return WTL_OK;
}

static int parse_chain(wtl_bundle *b, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"certificates", NULL};
    static const char what[] = "the bundle's x509CertificateChain";
    TRY(wtl_json_only_keys(j, what, keys, err));
    json_t *list;
    TRY(wtl_json_get_array(j, what, "certificates", &list, err));
    size_t n = json_array_size(list);
    ENSURE(n > 0, err, WTL_FORMAT, "%s holds no certificate", what);
    b->chain = calloc(n, sizeof *b->chain);
    ENSURE(b->chain != NULL, err, WTL_NOMEM, "out of memory");
    for (b->n_chain = 0; b->n_chain < n;) {
        int rc = parse_certificate(b, json_array_get(list, b->n_chain), err);
        b->n_chain++; /* also on failure: what was decoded so far is freed with the bundle */
        TRY(rc);
    }
    b->key_kind = WTL_BUNDLE_CHAIN;
    return WTL_OK;
}

/* What a transparency log or a time-stamping authority said. Not looked at: a given key decides alone. */
static int check_unused_material(const json_t *j, const char *what, wtl_err *err)
{
    json_t *v = json_object_get(j, "tlogEntries");
    ENSURE(v == NULL || json_is_array(v), err, WTL_FORMAT, "the field \"tlogEntries\" of %s is not an array",
           what);
    for (size_t i = 0; i < json_array_size(v); i++)
        ENSURE(json_is_object(json_array_get(v, i)), err, WTL_FORMAT,
               "an entry of tlogEntries is not an object");
    v = json_object_get(j, "timestampVerificationData");
    ENSURE(v == NULL || json_is_object(v), err, WTL_FORMAT,
           "the field \"timestampVerificationData\" of %s is not an object", what);
    return WTL_OK;
}

static int parse_material(wtl_bundle *b, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"publicKey",   "x509CertificateChain",      "certificate",
                                       "tlogEntries", "timestampVerificationData", NULL};
    static const char what[] = "the bundle's verificationMaterial";
    TRY(wtl_json_only_keys(j, what, keys, err));
    ENSURE(json_object_get(j, "certificate") == NULL, err, WTL_POLICY,
           "the bundle is a keyless Sigstore signature (field \"certificate\"), and those are not supported: "
           "sign the model with a key");
    TRY(check_unused_material(j, what, err));
    json_t *key = json_object_get(j, "publicKey");
    json_t *chain = json_object_get(j, "x509CertificateChain");
    ENSURE((key != NULL) != (chain != NULL), err, WTL_FORMAT,
           "%s must have exactly one of \"publicKey\" and \"x509CertificateChain\"", what);
    return key != NULL ? parse_public_key(b, key, err) : parse_chain(b, chain, err);
}

static int parse_signature(wtl_bundle *b, const json_t *j, wtl_err *err)
{
    static const char *const keys[] = {"sig", "keyid", NULL};
    static const char what[] = "the envelope's signature";
    TRY(wtl_json_only_keys(j, what, keys, err));
    const json_t *keyid = json_object_get(j, "keyid");
    ENSURE(keyid == NULL || json_is_null(keyid) || json_is_string(keyid), err, WTL_FORMAT,
           "the field \"keyid\" of %s is neither a string nor null", what);
    return get_b64(j, what, "sig", &b->signature, err);
}

static int decode_payload(wtl_bundle *b, const json_t *j, const char *what, wtl_bytes cut, wtl_err *err)
{
    static const char key[] = "payload";
    if (cut.p == NULL)
        return get_b64(j, what, key, &b->payload, err);
    const char *text;
    TRY(wtl_json_get_string(j, what, key, &text, err));
    ENSURE(text[0] == '\0', err, WTL_BUG, "the bundle's payload is in two places");
    int rc = wtl_text_b64_decode(&b->payload, (wtl_bytes){cut.p + 1, cut.n - 2}, err);
    if (rc < 0)
        wtl_err_prefix(err, "the field \"%s\" of %s: ", key, what);
    TRY(rc);
    ENSURE(b->payload.n > 0, err, WTL_FORMAT, "the field \"%s\" of %s is empty", key, what);
    return WTL_OK;
}

static int parse_envelope(wtl_bundle *b, const json_t *j, wtl_bytes cut, wtl_err *err)
{
    static const char *const keys[] = {"payload", "payloadType", "signatures", NULL};
    static const char what[] = "the bundle's dsseEnvelope";
    TRY(wtl_json_only_keys(j, what, keys, err));
    const char *type;
    TRY(wtl_json_get_string(j, what, "payloadType", &type, err));
    TRY(copy_string(&b->payload_type, type, err));
    json_t *list;
    TRY(wtl_json_get_array(j, what, "signatures", &list, err));
    ENSURE(json_array_size(list) == 1, err, WTL_FORMAT,
           "%s has %zu signatures, and a model signature has exactly one", what, json_array_size(list));
    TRY(parse_signature(b, json_array_get(list, 0), err));
    return decode_payload(b, j, what, cut, err);
}

static int check_media_type(const json_t *j, wtl_err *err)
{
    const char *type;
    TRY(wtl_json_get_string(j, "the bundle", "mediaType", &type, err));
    if (strcmp(type, WTL_BUNDLE_MEDIA_TYPE) == 0)
        return WTL_OK;
    AUTO(wtl_buf) b = {0};
    wtl_text_quote(&b, wtl_text_of(type));
    const char *shown = wtl_buf_cstr(&b);
    return WTL_FAIL(err, WTL_FORMAT, "the bundle's media type is \"%.200s\", and only \"%s\" is read",
                    shown != NULL ? shown : "", WTL_BUNDLE_MEDIA_TYPE);
}

/* *cut = the payload's text with its quotes, and *j the tree of the rest, so that the payload is not copied; or {NULL, 0} and
 * all in the tree, when it is not found or written with escapes. */
static int parse_text(json_t **j, wtl_bytes *cut, wtl_bytes text, wtl_err *err)
{
    static const char *const path[] = {"dsseEnvelope", "payload", NULL};
    static const char what[] = "the bundle";
    *cut = wtl_scan_find(text, path);
    if (cut->p != NULL && cut->p[0] == '"' && memchr(cut->p, '\\', cut->n) == NULL)
        return wtl_scan_parse_rest(j, text, *cut, "\"\"", what, err);
    *cut = (wtl_bytes){NULL, 0};
    return wtl_json_parse(j, text, what, err);
}

static int parse(wtl_bundle *b, wtl_bytes text, wtl_err *err)
{
    static const char *const keys[] = {"mediaType", "verificationMaterial", "dsseEnvelope", NULL};
    AUTO(json_t) *j = NULL;
    wtl_bytes cut;
    TRY(parse_text(&j, &cut, text, err));
    TRY(wtl_json_only_keys(j, "the bundle", keys, err));
    TRY(check_media_type(j, err));
    json_t *part;
    TRY(wtl_json_get_object(j, "the bundle", "verificationMaterial", &part, err));
    TRY(parse_material(b, part, err));
    TRY(wtl_json_get_object(j, "the bundle", "dsseEnvelope", &part, err));
    return parse_envelope(b, part, cut, err);
}

int wtl_bundle_parse(wtl_bundle *b, wtl_bytes text, wtl_err *err)
{
    *b = (wtl_bundle){0};
    int rc = parse(b, text, err);
    if (rc < 0)
        wtl_bundle_free(b);
    return rc;
}

static json_t *b64_json(wtl_bytes v)
{
    AUTO(wtl_buf) b = {0};
    wtl_text_b64_encode(&b, v);
    return b.bad ? NULL : json_stringn((const char *)b.p, b.n);
}

/* `j` has an empty payload; the real one goes from its bytes into the text. */
static int write_with_payload(const json_t *j, wtl_bytes payload, wtl_buf *out, wtl_err *err)
{
    static const char *const path[] = {"dsseEnvelope", "payload", NULL};
    AUTO(wtl_buf) text = {0};
    TRY(wtl_json_write(j, false, &text, err));
    wtl_bytes place = wtl_scan_find(wtl_buf_view(&text), path);
    ENSURE(place.p != NULL, err, WTL_BUG, "a bundle without a payload");
    size_t before = (size_t)(place.p - text.p) + 1;
    wtl_buf_reserve(out, text.n + (payload.n / 3 + 1) * 4 + 64);
    wtl_buf_add(out, text.p, before);
    wtl_text_b64_encode(out, payload);
    wtl_buf_add(out, text.p + before, text.n - before);
    return wtl_buf_check(out, err);
}

/* Takes over the reference `material`, also when it fails. */
static int encode(wtl_bytes payload, const char *payload_type, const char *kind, json_t *material,
                  wtl_bytes signature, wtl_buf *out, wtl_err *err)
{
    /* "o" takes over the references; json_pack releases them when anything fails. */
    AUTO(json_t) *j = json_pack("{s:s, s:{s:o, s:[]}, s:{s:s, s:s, s:[{s:o, s:s}]}}", "mediaType",
                                WTL_BUNDLE_MEDIA_TYPE, "verificationMaterial", kind, material, "tlogEntries",
                                "dsseEnvelope", "payload", "", "payloadType", payload_type, "signatures",
                                "sig", b64_json(signature), "keyid", "");
    ENSURE(j != NULL, err, WTL_NOMEM, "out of memory");
    return write_with_payload(j, payload, out, err);
}

int wtl_bundle_encode(wtl_bytes payload, const char *payload_type, const char *hint, wtl_bytes signature,
                      wtl_buf *out, wtl_err *err)
{
    ENSURE(wtl_text_is_utf8(wtl_text_of(hint)) && wtl_text_is_utf8(wtl_text_of(payload_type)), err,
           WTL_FORMAT, "a bundle's hint and payload type must be UTF-8");
    return encode(payload, payload_type, "publicKey", json_pack("{s:s}", "hint", hint), signature, out, err);
}

int wtl_bundle_encode_chain(wtl_bytes payload, const char *payload_type, const wtl_buf *chain, size_t n,
                            wtl_bytes signature, wtl_buf *out, wtl_err *err)
{
    AUTO(json_t) *list = json_array();
    for (size_t i = 0; i < n; i++)
        ENSURE(json_array_append_new(list,
                                     json_pack("{s:o}", "rawBytes", b64_json(wtl_buf_view(&chain[i])))) == 0,
               err, WTL_NOMEM, "out of memory");
    return encode(payload, payload_type, "x509CertificateChain", json_pack("{s:O}", "certificates", list),
                  signature, out, err);
}

/* https://github.com/secure-systems-lab/dsse protocol.md v1.0: PAE(type, body). */
void wtl_bundle_pae(wtl_buf *out, const char *payload_type, wtl_bytes payload)
{
    wtl_buf_reserve(out, strlen(payload_type) + payload.n + 64);
    wtl_buf_fmt(out, "DSSEv1 %zu %s %zu ", strlen(payload_type), payload_type, payload.n);
    wtl_buf_bytes(out, payload);
}
