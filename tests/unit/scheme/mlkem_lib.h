/* What the tests of ML-KEM share: levels, keys by hexadecimal text, lone calls that must go well. */
#ifndef WTL_TESTS_SCHEME_MLKEM_LIB_H
#define WTL_TESTS_SCHEME_MLKEM_LIB_H

#include "../crypto/vec.h"

#include "scheme/mlkem.h"
#include "scheme/shake.h"

/* Runs `body` for every level that this machine has, `level` being its name. */
#define EACH_LEVEL(level)                                          \
    for (int level = WTL_CPU_REF; level < WTL_CPU_LEVELS; level++) \
        if (level != WTL_CPU_SHANI && wtl_cpu_has(level))

static inline enum wtl_mlkem_set kem_set(const char *name)
{
    for (int s = 0; s < WTL_MLKEM_SETS; s++) {
        if (strcmp(wtl_mlkem_params_of(s)->name, name) == 0)
            return s;
    }
    fail_msg("no set %s", name);
    return WTL_MLKEM_SETS;
}

static inline wtl_mlkem_key *kem_seed(enum wtl_mlkem_set set, int level, const uint8_t seed[64])
{
    wtl_err err = {0};
    wtl_mlkem_key *k = NULL;
    assert_good(wtl_mlkem_from_seed(&k, set, level, seed, &err), &err);
    return k;
}

static inline wtl_mlkem_key *kem_public(enum wtl_mlkem_set set, int level, wtl_bytes ek)
{
    wtl_err err = {0};
    wtl_mlkem_key *k = NULL;
    assert_good(wtl_mlkem_from_public(&k, set, level, ek, &err), &err);
    return k;
}

static inline wtl_mlkem_key *kem_private(enum wtl_mlkem_set set, int level, wtl_bytes dk)
{
    wtl_err err = {0};
    wtl_mlkem_key *k = NULL;
    assert_good(wtl_mlkem_from_private(&k, set, level, dk, &err), &err);
    return k;
}

static inline void kem_decaps(const wtl_mlkem_key *k, wtl_bytes ct, uint8_t ss[32])
{
    wtl_err err = {0};
    assert_good(wtl_mlkem_decaps(k, ct, ss, &err), &err);
}

/* Encapsulation with m to the key gives ct (unless NULL) and ss, in hexadecimal. */
static inline void kem_encaps_is(const wtl_mlkem_key *k, wtl_bytes m, const char *ct, const char *ss)
{
    uint8_t c[WTL_MLKEM_CT_MOST], s[32];
    assert_int_equal(m.n, 32);
    wtl_mlkem_encaps(k, m.p, c, s);
    if (ct != NULL)
        vec_is((wtl_bytes){c, wtl_mlkem_params_of(wtl_mlkem_set_of(k))->ct}, ct);
    vec_is((wtl_bytes){s, 32}, ss);
}

static inline void kem_decaps_is(const wtl_mlkem_key *k, wtl_bytes ct, const char *ss)
{
    uint8_t s[32];
    kem_decaps(k, ct, s);
    vec_is((wtl_bytes){s, 32}, ss);
}

/* "Name = value" lines of CCTV; the caller frees what it keeps. NULL when the name does not come any more. */
static inline char *kem_line(FILE *f, const char *name)
{
    char *line = NULL;
    size_t cap = 0;
    size_t n = strlen(name);
    while (getline(&line, &cap, f) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, name, n) == 0 && strncmp(line + n, " = ", 3) == 0) {
            memmove(line, line + n + 3, strlen(line + n + 3) + 1);
            return line;
        }
    }
    free(line);
    return NULL;
}

#endif
