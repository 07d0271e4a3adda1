/* Whose signatures are asked for: given keys, authorities, or the sections of a trust file. */
#ifndef WTL_SIGN_ROSTER_H
#define WTL_SIGN_ROSTER_H

#include "crypto/ca.h"
#include "trust/trust.h"

/* One signer that is waited for, and what came of it. Owns what is not const. */
typedef struct wtl_seat {
    char *name;                       /* the section's name, or words for the given key */
    const wtl_key *key;               /* NULL for an authority, and while a key is known by its hash alone */
    wtl_key *own;                     /* the same key when it was read here */
    wtl_ca *ca;                       /* the authority, else NULL */
    const char *identity;             /* that a certificate must have, or NULL */
    const wtl_trust_section *section; /* the conditions, or NULL when there are none */
    size_t given;                     /* index among the given keys, or WTL_ROSTER_NONE */
    bool counted;                     /* a good signature of it counts */
    uint8_t by[WTL_KEY_ID];           /* the key that made that one */
    char *why;                        /* why a signature of it does not count, or NULL */
} wtl_seat;

#define WTL_ROSTER_NONE ((size_t)-1)

typedef struct wtl_roster {
    wtl_trust trust; /* seat i is its section i, when by_trust */
    bool by_trust;
    wtl_seat *seat;
    size_t n;
} wtl_roster;
void wtl_roster_free(wtl_roster *r);
void wtl_roster_auto(wtl_roster *r);

/* Every key, and where `n_cas` is not 0 somebody certified by a root in one of these PEM files, with that identity when
 * it is not NULL. Keys and texts are borrowed. WTL_USAGE, WTL_IO, WTL_FORMAT. */
int wtl_roster_given(wtl_roster *r, const wtl_key *const *keys, size_t n_keys, const char *const *cas,
                     size_t n_cas, const char *identity, wtl_err *err) WTL_MUST_USE;

/* What the trust file `path` says; files that it names are looked for beside it. `keys` are material for sections
 * that know their key by its hash alone: one that belongs to no section is WTL_USAGE. */
int wtl_roster_trust(wtl_roster *r, const char *path, const wtl_key *const *keys, size_t n_keys,
                     wtl_err *err) WTL_MUST_USE;

/* Whether everybody who is asked for is there. WTL_POLICY with a sentence. */
int wtl_roster_met(const wtl_roster *r, wtl_err *err) WTL_MUST_USE;

/* Keeps the sentence as the reason why the seat's signature does not count. */
int wtl_roster_refuse(wtl_seat *s, const char *why, wtl_err *err) WTL_MUST_USE;

#endif
