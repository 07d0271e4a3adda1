/* The signature envelope, version 1: a JSON object about one file, every field of which is signed but the signature
 * itself (docs/formats/envelope.md). */
#ifndef WTL_ENVELOPE_ENVELOPE_H
#define WTL_ENVELOPE_ENVELOPE_H

#include <stdbool.h>

#include "base/buf.h"
#include "crypto/alg.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define WTL_ENVELOPE_VERSION "wattle-envelope-v1"
/* The payload type of the pre-authentication encoding: keeps these signatures apart from all others. */
#define WTL_ENVELOPE_PAE_TYPE "application/vnd.wattle.envelope.v1+json"

enum {
    WTL_ENVELOPE_MOST = 256 << 10, /* bytes of a file; the largest signature needs a third of it */
    WTL_ENVELOPE_TYPE = 256,       /* a payload type with its NUL: 127 + 1 + 127 */
    WTL_ENVELOPE_KEY_HASH = 32,
    WTL_ENVELOPE_DIGEST_TEXT = 160 /* "sha512:<hex>" with its NUL */
};

/* Times of an envelope lie between these, in seconds since 1970 (base/instant.h). */
#define WTL_ENVELOPE_FIRST INT64_C(946684800)   /* 2000-01-01T00:00:00Z */
#define WTL_ENVELOPE_LAST INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Owns `body` and `signature`. */
typedef struct wtl_envelope {
    const wtl_alg *alg;
    uint8_t key_hash[WTL_ENVELOPE_KEY_HASH]; /* SHA3-256 of the DER SubjectPublicKeyInfo */
    char payload_type[WTL_ENVELOPE_TYPE];
    enum wtl_hash hash;
    uint8_t digest[WTL_HASH_MAX]; /* wtl_hash_size(hash) bytes */
    uint64_t size;                /* of the file, at most 2^53 - 1 */
    int64_t signed_at;            /* what the signer's clock said */
    int64_t rotate_by;            /* 0 = not given */
    bool has_next_key;
    uint8_t next_key[WTL_ENVELOPE_KEY_HASH];
    wtl_buf body; /* canonical JSON of every field but the signature */
    wtl_buf signature;
} wtl_envelope;
void wtl_envelope_free(wtl_envelope *e);
void wtl_envelope_auto(wtl_envelope *e);

/* What to take a signature file for, not whether it is a good one: false for a JSON object with a Sigstore bundle's
 * "mediaType" or "dsseEnvelope", true for one with "version" or "public_key_hash", else what its name says. */
bool wtl_envelope_is(wtl_bytes text, bool by_name);

/* Strict: all fields in their one form, no others, none twice. `body` is made of the fields as received. WTL_FORMAT;
 * another version of envelope or an algorithm that the table does not have is WTL_POLICY. */
int wtl_envelope_parse(wtl_envelope *e, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* For a writer: makes `body` of the other fields. WTL_USAGE for a payload type, size or time that the format cannot
 * hold, or an algorithm that does not sign. */
int wtl_envelope_describe(wtl_envelope *e, wtl_err *err) WTL_MUST_USE;

/* Appends what is signed: DSSE's pre-authentication encoding of `body`. */
void wtl_envelope_pae(const wtl_envelope *e, wtl_buf *out);

/* Appends the file: `body`'s fields in the order of the documentation and the signature, indented, with a final
 * newline. */
int wtl_envelope_encode(const wtl_envelope *e, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

/* SHA3-256 of the key's DER SubjectPublicKeyInfo. */
int wtl_envelope_key_hash(const wtl_key *k, uint8_t hash[WTL_ENVELOPE_KEY_HASH], wtl_err *err) WTL_MUST_USE;

/* "sha3-256:<hex>", "sha256:<hex>": a digest with its hash's name, as the fields have it. Returns `out`. */
char *wtl_envelope_digest_text(char out[WTL_ENVELOPE_DIGEST_TEXT], enum wtl_hash h, const uint8_t *digest);

/* A media type without parameters: type "/" subtype, each a restricted-name of RFC 6838 section 4.2. */
bool wtl_envelope_is_type(const char *text);

#endif
