/* A header slot: who may open the container (docs/formats/wtl.md, "Header slots"). Two of them lie one after the
 * other, so that a new header can be written in place while the old one stays whole. */
#ifndef WTL_CONTAINER_SLOT_H
#define WTL_CONTAINER_SLOT_H

#include "base/buf.h"
#include "base/secret.h"
#include "container/preamble.h"

enum { WTL_SLOT_HEAD = 16, WTL_SLOT_MAC = 32, WTL_SLOT_CHECKSUM = 32, WTL_SLOT_STANZA_HEAD = 10 };

/* Types of stanzas that are no HPKE KEM. Both have KDF 3 and AEAD 2. */
enum {
    WTL_SLOT_PASSPHRASE = 0x8001, /* the file key under a passphrase; alone in its slot */
    WTL_SLOT_ROSTER = 0x8002, /* no recipient: who the recipients are, for them alone to read; the last one */
    WTL_SLOT_OWN_KDF = 3,     /* HKDF-SHA-512 */
    WTL_SLOT_OWN_AEAD = 2     /* AES-256-GCM */
};

/* The file key wrapped for one recipient, or a roster. */
typedef struct wtl_stanza {
    uint16_t type;  /* HPKE KEM id, or one of the above */
    uint16_t kdf;   /* HPKE KDF id */
    uint16_t aead;  /* HPKE AEAD id */
    wtl_bytes body; /* borrowed: encapsulation || ciphertext */
} wtl_stanza;

enum wtl_slot_state {
    WTL_SLOT_UNUSED, /* all zero */
    WTL_SLOT_TORN,   /* the checksum is wrong: a write that did not end, or damage */
    WTL_SLOT_WHOLE
};

typedef struct wtl_slot {
    enum wtl_slot_state state;
    uint64_t generation; /* this and the rest only when whole */
    wtl_stanza *stanza;
    size_t n;
} wtl_slot;
void wtl_slot_free(wtl_slot *s);
void wtl_slot_auto(wtl_slot *s);

/* The least slot size that has room for twice `used` bytes of stanzas (never under 16 KiB); WTL_USAGE when even
 * the largest slot does not hold them once. */
int wtl_slot_fit(size_t used, uint32_t *size, wtl_err *err) WTL_MUST_USE;

/* Appends the slot_size bytes of a slot: generation, stanzas, padding, MAC under `mac_key` over the preamble
 * page and the slot, checksum. WTL_USAGE when the stanzas do not fit. */
int wtl_slot_encode(wtl_buf *out, wtl_bytes page, uint64_t generation, const wtl_stanza *stanza, size_t n,
                    wtl_bytes mac_key, wtl_err *err) WTL_MUST_USE;

/* Bytes that a slot of this size has for stanzas. */
size_t wtl_slot_room(uint32_t slot_size);

/* Parses the slot in place 0 or 1. A torn or unused one is no error; WTL_FORMAT for one whose checksum is good
 * and whose contents are not, such as a passphrase beside other recipients. The stanzas borrow from `raw`. */
int wtl_slot_parse(wtl_slot *out, wtl_bytes raw, unsigned place, wtl_err *err) WTL_MUST_USE;

/* Stanzas that are recipients: all but a roster at the end. */
size_t wtl_slot_recipients(const wtl_slot *s);
bool wtl_slot_has_passphrase(const wtl_slot *s);

/* Which of the two is in force: the whole one with the higher generation. WTL_FORMAT when none is whole. */
int wtl_slot_choose(const wtl_slot slot[2], unsigned *place, wtl_err *err) WTL_MUST_USE;

/* WTL_NO when the slot's MAC is not the one of this preamble, slot and key. */
int wtl_slot_authentic(wtl_bytes page, wtl_bytes raw, wtl_bytes mac_key, wtl_err *err) WTL_MUST_USE;

#endif
