/* What the tests of ML-DSA share: every level that the machine has, sets by name. */
#ifndef WTL_TESTS_SCHEME_MLDSA_LEVELS_H
#define WTL_TESTS_SCHEME_MLDSA_LEVELS_H

#include "../crypto/vec.h"

#include "scheme/mldsa.h"

/* for (EACH_LEVEL(level)): `shani` has no way of its own and is left out. */
#define EACH_LEVEL(level)        \
    int level = levels_next(-1); \
    level < WTL_CPU_LEVELS;      \
    level = levels_next(level)

static inline int levels_next(int level)
{
    do
        level++;
    while (level < WTL_CPU_LEVELS && (level == WTL_CPU_SHANI || !wtl_cpu_has(level)));
    return level;
}

static inline enum wtl_mldsa_set levels_set(const char *name)
{
    for (int set = 0; set < WTL_MLDSA_SETS; set++) {
        if (strcmp(wtl_mldsa_params_of(set)->name, name) == 0)
            return set;
    }
    fail_msg("no set %s", name);
    return 0;
}

static inline void levels_sign(const wtl_mldsa_key *k, const wtl_mldsa_what *what, wtl_bytes want)
{
    wtl_err err = {0};
    uint8_t sig[WTL_MLDSA_SIG_MOST];
    assert_good(wtl_mldsa_sign(k, what, sig, &err), &err);
    assert_true(vec_same((wtl_bytes){sig, wtl_mldsa_params_of(wtl_mldsa_set_of(k))->sig}, want));
}

#endif
