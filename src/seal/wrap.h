/* The file key wrapped for those who may open: by HPKE for each recipient, or under a passphrase. */
#ifndef WTL_SEAL_WRAP_H
#define WTL_SEAL_WRAP_H

#include "container/slot.h"
#include "container/subkey.h"
#include "crypto/key.h"
#include "seal/who.h"

/* How a sentence calls key i: by its name, quoted, or (NULL) by its number from 1. Returns buf. */
enum { WTL_WRAP_CALLED = 320 };
const char *wtl_wrap_called(char buf[WTL_WRAP_CALLED], const char *const *name, size_t i);

/* Every one may receive: WTL_USAGE for a key that cannot or when there is none, WTL_POLICY for a classical one.
 * name[i], where names are given, stands for the key in the sentence; else its number. */
int wtl_wrap_check(const wtl_key *const *to, const char *const *name, size_t n, wtl_err *err) WTL_MUST_USE;

/* Stanzas on their way into a slot. Zero-initialise with the preamble set; the slot size in it may still be 0. */
typedef struct wtl_wrap {
    const wtl_preamble *pre;
    const wtl_secret *file_key;
    wtl_stanza *stanza; /* their bodies lie in `bodies`, one after the other */
    wtl_who who;
    size_t n;
    bool passphrase;
    wtl_buf bodies;
} wtl_wrap;
void wtl_wrap_auto(wtl_wrap *w);

/* One more: for a key; as it stood in another slot of this container, for the key of that id or (NULL) for somebody;
 * under a passphrase, which then stands alone (work: 0 = the usual, see container/scrypt.h). */
int wtl_wrap_key(wtl_wrap *w, const wtl_key *to, wtl_err *err) WTL_MUST_USE;
int wtl_wrap_keep(wtl_wrap *w, const wtl_stanza *s, const uint8_t *id, wtl_err *err) WTL_MUST_USE;
int wtl_wrap_passphrase(wtl_wrap *w, const wtl_secret *passphrase, unsigned work, wtl_err *err) WTL_MUST_USE;

/* Bytes of a recipient's stanza body. */
size_t wtl_wrap_body(const wtl_alg *a);
/* Bytes that n recipients with `bodies` bytes of bodies take in a slot, their roster included. */
size_t wtl_wrap_size(size_t n, size_t bodies);
/* How many recipients of that algorithm a slot of this size holds at most. */
size_t wtl_wrap_capacity(uint32_t slot_size, const wtl_alg *a);

/* Appends the encoded slot with a roster of them. The preamble is complete now. */
int wtl_wrap_end(wtl_wrap *w, uint64_t generation, wtl_buf *slot, wtl_err *err) WTL_MUST_USE;

/* Who a new container is for: keys, or a passphrase. */
typedef struct wtl_wrap_to {
    const wtl_key *const *key;
    size_t n;
    const wtl_passphrase *passphrase; /* NULL for keys */
    unsigned work;
} wtl_wrap_to;
/* Appends a slot of generation 1 for them; p->slot_size is set to fit and `page` encoded before. */
int wtl_wrap_slot(wtl_buf *slot, wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE], const wtl_wrap_to *to,
                  const wtl_secret *file_key, wtl_err *err) WTL_MUST_USE;

/* What somebody has to open with. */
typedef struct wtl_wrap_means {
    const wtl_key *const *identity;
    size_t n;
    const wtl_passphrase *passphrase; /* asked when the slot has one; NULL: none to ask */
    unsigned max_work;                /* 0: the usual cap */
} wtl_wrap_means;

/* The file key, by the first identity that fits a stanza or by the passphrase. WTL_NO when nothing fits; WTL_USAGE for
 * a key that is not private or cannot receive, or nothing to try. */
int wtl_wrap_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_slot *slot, const wtl_wrap_means *m,
                  wtl_err *err) WTL_MUST_USE;

/* 1 when the identity opens the stanza, whose file key is then a new secret; 0 when it does not; or an error. */
int wtl_wrap_try(wtl_secret *file_key, const wtl_preamble *p, const wtl_stanza *s, const wtl_key *me,
                 wtl_err *err) WTL_MUST_USE;

/* What a stanza's type is called: an algorithm's name, "passphrase", or "unknown (0x1234)". */
void wtl_wrap_name(uint16_t type, char *out, size_t cap);

#endif
