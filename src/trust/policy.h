/* Whether a good signature counts under a trust file. Independent of what carried the signature. */
#ifndef WTL_TRUST_POLICY_H
#define WTL_TRUST_POLICY_H

#include "trust/trust.h"

/* The section whose key has that identifier, or t->n: unknown keys never count. */
size_t wtl_policy_by_key(const wtl_trust *t, const uint8_t id[WTL_KEY_ID]);

/* Whether the section's signatures count at `now` (seconds since 1970) when made by this algorithm: the first
 * question, which needs nothing of what was signed. WTL_POLICY with a sentence: revoked, expired, not yet valid,
 * another algorithm. */
int wtl_policy_standing(const wtl_trust_section *s, const wtl_alg *alg, int64_t now,
                        wtl_err *err) WTL_MUST_USE;

/* Whether they count for statements of that type about something of that name, both as signed. WTL_POLICY. */
int wtl_policy_scope(const wtl_trust_section *s, const char *predicate, const char *model,
                     wtl_err *err) WTL_MUST_USE;

/* Whether the sections whose signatures counted (one flag and, where known, one reason per section) are enough.
 * WTL_POLICY with a sentence that names those that are missing. */
int wtl_policy_met(const wtl_trust *t, const bool *counted, const char *const *why,
                   wtl_err *err) WTL_MUST_USE;

#endif
