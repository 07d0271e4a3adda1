/* Every operation that takes a secret, of the kernels and of the schemes, in one shape: tests/ct watches, traces and times
 * them. */
#ifndef WTL_TESTS_CT_OPERATIONS_H
#define WTL_TESTS_CT_OPERATIONS_H

#include "kernel/curve25519.h"
#include "kernel/keccak.h"
#include "kernel/polydsa.h"
#include "kernel/polykem.h"
#include "scheme/mldsa.h"
#include "scheme/mlkem.h"

enum { CT_IN = 32 * 1024, CT_OUT = 32 * 1024 };

/* One run. `in` is secret, every byte of the first in_n. */
typedef struct ct_run {
    enum wtl_cpu_level level;
    const wtl_keccak *keccak;
    const wtl_polykem *kem;
    const wtl_polydsa *dsa;
    const wtl_curve25519 *curve;
    size_t in_n, out_n; /* out_n: what the run wrote */
    bool is_public;     /* and all of it is public now */
    int rc;
    wtl_mlkem_key *kem_key;
    wtl_mldsa_key *dsa_key;
    uint8_t ct[WTL_MLKEM_CT_MOST]; /* public */
    _Alignas(64) uint8_t in[CT_IN];
    _Alignas(64) uint8_t out[CT_OUT];
} ct_run;

typedef struct ct_operation {
    const char *name;
    int with; /* parameter set, width, gamma, as the functions take it */
    /* The inputs of this seed, of the right ranges. Those of seed 0 and of others take the same work. */
    void (*fill)(ct_run *r, const struct ct_operation *o, uint64_t seed);
    void (*ready)(ct_run *r, const struct ct_operation *o); /* NULL: nothing. Makes keys of `in`. */
    void (*run)(ct_run *r, const struct ct_operation *o);
    /* Takes a course that depends on what is public by decision and made of `in`: rho, rejections. */
    bool varies;
    uint8_t kind[2], n[2]; /* for fill: what stands in `in` */
} ct_operation;

extern const ct_operation ct_operations[];
extern const size_t ct_operations_n;

/* False when the machine lacks the level. `adx`: the level avx2 has mulx, adcx and adox, whatever CPUID says. */
bool ct_open(ct_run *r, enum wtl_cpu_level level, bool adx);
/* Frees keys. */
void ct_close(ct_run *r);

#endif
