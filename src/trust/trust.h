/* The trust file: whose signatures count, when, for what, and which of them are required (docs/formats/trust.md). */
#ifndef WTL_TRUST_TRUST_H
#define WTL_TRUST_TRUST_H

#include <stdbool.h>

#include "base/buf.h"
#include "crypto/key.h"

/* The predicate type that a section allows when it names none. */
#define WTL_TRUST_PREDICATE "https://model_signing/signature/v1.0"

typedef struct wtl_trust_list {
    char **p;
    size_t n;
} wtl_trust_list;

/* Somebody who may sign: a key, or whoever a certificate authority gave this identity. */
typedef struct wtl_trust_section {
    char *name;
    unsigned line;
    char *public_key; /* path of a key file as written, or NULL */
    bool has_id;
    uint8_t id[WTL_KEY_ID]; /* wtl_key_id of the key */
    char *ca; /* path of certificates as written, or NULL; then identity is set and there is no key */
    char *identity;
    const wtl_alg *alg; /* NULL: any */
    int64_t not_before; /* seconds since 1970, both included; INT64_MIN and INT64_MAX when not given */
    int64_t not_after;
    int64_t revoked_at; /* from then on nothing counts; INT64_MAX when not given */
    wtl_trust_list predicates;
    wtl_trust_list models; /* patterns */
    bool required;         /* named in [require] */
} wtl_trust_section;

/* Owns its strings. */
typedef struct wtl_trust {
    wtl_trust_section *section; /* without [require] */
    size_t n;
    size_t least; /* so many of the required sections must have signed, 1 or more */
} wtl_trust;
void wtl_trust_free(wtl_trust *t);
void wtl_trust_auto(wtl_trust *t);

/* Reads the text; WTL_FORMAT with the line's number for everything that docs/formats/trust.md does not allow. */
int wtl_trust_parse(wtl_trust *t, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Section i's key is known now: holds it against spki-sha256 and algorithm and against the other sections' keys, and
 * sets id and alg. WTL_FORMAT when the file contradicts itself. */
int wtl_trust_bind(wtl_trust *t, size_t i, const wtl_key *k, wtl_err *err) WTL_MUST_USE;

/* The section of that name, or t->n. */
size_t wtl_trust_find(const wtl_trust *t, const char *name);

#endif
