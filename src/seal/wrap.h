/* The file key wrapped for recipients by HPKE, one stanza each. */
#ifndef WTL_SEAL_WRAP_H
#define WTL_SEAL_WRAP_H

#include "container/slot.h"
#include "container/subkey.h"
#include "crypto/key.h"

/* Every one may receive: WTL_USAGE for a key that cannot or when there is none, WTL_POLICY for a classical one. */
int wtl_wrap_check(const wtl_key *const *to, size_t n, wtl_err *err) WTL_MUST_USE;

/* Appends an encoded slot of generation 1 with a stanza for each of `to`; p->slot_size is set to fit and `page`
 * encoded before. */
int wtl_wrap_slot(wtl_buf *slot, wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE], const wtl_key *const *to,
                  size_t n, const wtl_secret *file_key, wtl_err *err) WTL_MUST_USE;

/* The file key by the first identity that fits a stanza. WTL_NO when none does; WTL_USAGE for a key that is not
 * private or cannot receive. */
int wtl_wrap_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_slot *slot,
                  const wtl_key *const *identity, size_t n, wtl_err *err) WTL_MUST_USE;

/* What a stanza's type is called: an algorithm's name, or "unknown (0x1234)". */
void wtl_wrap_name(uint16_t type, char *out, size_t cap);

#endif
