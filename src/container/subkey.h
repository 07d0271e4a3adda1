/* What is derived from the file key, and the byte strings that bind each use to its place
 * (docs/formats/wtl.md, "Keys and contexts"). */
#ifndef WTL_CONTAINER_SUBKEY_H
#define WTL_CONTAINER_SUBKEY_H

#include "base/buf.h"
#include "base/secret.h"
#include "container/preamble.h"

enum { WTL_SUBKEY_FILE = 32, WTL_SUBKEY_SIZE = 32 };

enum wtl_subkey {
    WTL_SUBKEY_HEADER,
    WTL_SUBKEY_TRAILER,
    WTL_SUBKEY_INDEX,
    WTL_SUBKEY_OBJECT,
    WTL_SUBKEY_ROSTER
};

/* HKDF-Expand-SHA-512(file key, the use's label, 32) into a new secret. */
int wtl_subkey_derive(wtl_secret *out, const wtl_secret *file_key, enum wtl_subkey use,
                      wtl_err *err) WTL_MUST_USE;

/* What an object is called and how it is kept; its hash is in the object's context. */
typedef struct wtl_meta {
    uint8_t type; /* enum wtl_entry_type */
    uint16_t mode;
    wtl_bytes name;
} wtl_meta;

/* Appended byte strings. The HPKE one is `info`, the object's, index's, roster's and passphrase's are Cobblestone
 * contexts, the sender's is the message that is signed. `scrypt` is the head of a passphrase stanza's body. */
void wtl_subkey_hpke_info(wtl_buf *out, const wtl_preamble *p);
int wtl_subkey_object_context(wtl_buf *out, const wtl_preamble *p, uint64_t object, uint64_t generation,
                              const wtl_meta *meta, wtl_err *err) WTL_MUST_USE;
void wtl_subkey_index_context(wtl_buf *out, const wtl_preamble *p, uint64_t generation, uint64_t offset);
void wtl_subkey_roster_context(wtl_buf *out, const wtl_preamble *p, uint64_t header_generation);
void wtl_subkey_passphrase_context(wtl_buf *out, const wtl_preamble *p, wtl_bytes scrypt);
void wtl_subkey_sender_message(wtl_buf *out, const wtl_preamble *p, uint64_t generation,
                               const uint8_t index_digest[64]);

#endif
