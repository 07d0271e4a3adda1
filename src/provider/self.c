#include "provider/self.h"

#include <string.h>

#include "kernel/curve25519.h"
#include "kernel/polydsa.h"
#include "kernel/polykem.h"
#include "scheme/mldsa.h"
#include "scheme/mlkem.h"
#include "scheme/shake.h"
#include "scheme/x25519.h"

enum { DIGEST = 32, SIG_MOST = 4627 };

/* SHA3-256 of the public key and the deterministic signature of "wattle", with the seed 00 01 02 ... */
static const uint8_t mldsa_answers[WTL_MLDSA_SETS][DIGEST] = {
    {0x34, 0xc7, 0x41, 0xfa, 0x9a, 0x2d, 0x38, 0xdc, 0x76, 0x53, 0xd3, 0x1c, 0x50, 0x51, 0x29, 0x05,
     0xec, 0x4e, 0xa0, 0x92, 0x49, 0x6c, 0x08, 0x84, 0xb8, 0x97, 0x4b, 0xe2, 0xe5, 0x43, 0xdf, 0x7b},
    {0x83, 0xcf, 0x24, 0xcc, 0x2d, 0xb5, 0x12, 0xcd, 0x6b, 0xa4, 0xe3, 0xbf, 0x18, 0x32, 0xe9, 0xa1,
     0x81, 0x07, 0x1a, 0xd7, 0xa8, 0xe4, 0x2c, 0xa8, 0xb2, 0xc1, 0x03, 0x3b, 0x68, 0x6a, 0xae, 0x0e},
    {0x1e, 0x29, 0x1a, 0x77, 0x98, 0xac, 0xf5, 0x30, 0x72, 0x67, 0x41, 0x2b, 0x8f, 0x1a, 0x2a, 0x42,
     0xd7, 0x9c, 0x12, 0x63, 0x12, 0x61, 0xb7, 0x9d, 0x28, 0x7c, 0x79, 0x1e, 0x16, 0xc4, 0xe5, 0xd5},
};
/* SHA3-256 of the encapsulation key, the ciphertext and the secret, with the seed 00 01 02 ... and its first half as m. */
static const uint8_t mlkem_answers[WTL_MLKEM_SETS][DIGEST] = {
    {0x3a, 0x24, 0xed, 0xf5, 0x32, 0xa0, 0xf0, 0x14, 0xbd, 0x83, 0xfc, 0x26, 0xa9, 0x60, 0x29, 0x3f,
     0xab, 0x03, 0x2e, 0x6b, 0x2b, 0x0b, 0xda, 0x5c, 0x80, 0xce, 0x71, 0x98, 0x4d, 0x18, 0x39, 0x7f},
    {0xb4, 0x79, 0x29, 0x52, 0x71, 0x31, 0x9b, 0xb4, 0xde, 0x83, 0xc3, 0x8e, 0x09, 0x3d, 0xc4, 0x40,
     0x8e, 0xc3, 0x53, 0x10, 0xd6, 0xa9, 0x20, 0x6f, 0x0c, 0xa4, 0x7d, 0x2f, 0xbb, 0x92, 0xb9, 0x88},
    {0xaa, 0x8c, 0xc4, 0x6a, 0x7c, 0x42, 0x55, 0xd9, 0xe6, 0x87, 0x16, 0xc7, 0x3f, 0x30, 0xbe, 0x84,
     0xee, 0xf2, 0x4e, 0x35, 0xcb, 0xf7, 0xf4, 0xa6, 0x8b, 0x58, 0x5f, 0x24, 0x42, 0xad, 0x1a, 0x60},
};
/* RFC 7748 section 6.1: Alice's key, Bob's public key, their secret. */
static const uint8_t alice[] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
                                0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
                                0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
static const uint8_t bob[] = {0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61,
                              0xc2, 0xec, 0xe4, 0x35, 0x37, 0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78,
                              0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f};
static const uint8_t secret[] = {0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b,
                                 0xf4, 0x80, 0x35, 0x0f, 0x25, 0xe0, 0x7e, 0x21, 0xc9, 0x47, 0xd1,
                                 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42};

static void counting(uint8_t *seed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        seed[i] = (uint8_t)i;
}

static int compare(const wtl_keccak *keccak, const uint8_t want[DIGEST], const wtl_bytes *part, size_t parts,
                   const char *name, wtl_err *err)
{
    uint8_t got[DIGEST];
    wtl_shake_once(keccak, WTL_SHA3_256, part, parts, got, sizeof got);
    ENSURE(memcmp(got, want, sizeof got) == 0, err, WTL_BUG,
           "the self-test of the provider wattle failed: %s computes wrongly on this machine; set cpu = ref, "
           "and "
           "report it",
           name);
    return WTL_OK;
}

static int test_mldsa(enum wtl_mldsa_set set, enum wtl_cpu_level level, const wtl_keccak *keccak,
                      wtl_err *err)
{
    AUTO(wtl_mldsa) *k = NULL;
    uint8_t seed[WTL_MLDSA_SEED];
    uint8_t sig[SIG_MOST];
    const wtl_mldsa_params *p = wtl_mldsa_params_of(set);
    wtl_mldsa_what what = {.msg = {(const uint8_t *)"wattle", 6}};
    counting(seed, sizeof seed);
    TRY(wtl_mldsa_from_seed(&k, set, level, seed, err));
    TRY(wtl_mldsa_sign(k, &what, sig, err));
    const wtl_bytes made[] = {wtl_mldsa_public(k), {sig, p->sig}};
    TRY(compare(keccak, mldsa_answers[set], made, 2, p->name, err));
    int good = wtl_mldsa_verify(k, &what, made[1], err);
    sig[0] ^= 1;
    ENSURE(good == WTL_OK && wtl_mldsa_verify(k, &what, made[1], NULL) == WTL_NO, err, WTL_BUG,
           "the self-test of the provider wattle failed: %s verifies wrongly on this machine", p->name);
    return WTL_OK;
}

static int test_mlkem(enum wtl_mlkem_set set, enum wtl_cpu_level level, const wtl_keccak *keccak,
                      wtl_err *err)
{
    AUTO(wtl_mlkem) *k = NULL;
    uint8_t seed[WTL_MLKEM_SEED];
    uint8_t ct[WTL_MLKEM_CT_MOST];
    uint8_t ss[WTL_MLKEM_SHARED];
    uint8_t back[WTL_MLKEM_SHARED];
    const wtl_mlkem_params *p = wtl_mlkem_params_of(set);
    counting(seed, sizeof seed);
    TRY(wtl_mlkem_from_seed(&k, set, level, seed, err));
    wtl_mlkem_encaps(k, seed, ct, ss);
    const wtl_bytes made[] = {wtl_mlkem_public(k), {ct, p->ct}, {ss, sizeof ss}};
    TRY(compare(keccak, mlkem_answers[set], made, 3, p->name, err));
    TRY(wtl_mlkem_decaps(k, made[1], back, err));
    bool good = memcmp(ss, back, sizeof ss) == 0;
    ct[0] ^= 1;
    TRY(wtl_mlkem_decaps(k, made[1], back, err));
    ENSURE(good && memcmp(ss, back, sizeof ss) != 0, err, WTL_BUG,
           "the self-test of the provider wattle failed: %s decapsulates wrongly on this machine", p->name);
    return WTL_OK;
}

static int test_x25519(enum wtl_cpu_level level, wtl_err *err)
{
    uint8_t got[WTL_X25519_BYTES];
    TRY(wtl_x25519_shared(got, alice, bob, level, err));
    ENSURE(memcmp(got, secret, sizeof got) == 0, err, WTL_BUG,
           "the self-test of the provider wattle failed: X25519 computes wrongly on this machine; set cpu = "
           "ref, and "
           "report it");
    return WTL_OK;
}

/* Whether a kernel was passed over at its own test, for a slower one. */
static int test_kernels(wtl_err *err)
{
    TRY(wtl_keccak_fault(err));
    TRY(wtl_polykem_fault(err));
    TRY(wtl_polydsa_fault(err));
    return wtl_curve25519_fault(err);
}

static int test_all(enum wtl_cpu_level level, wtl_err *err)
{
    const wtl_keccak *keccak = NULL;
    TRY(wtl_keccak_pick(&keccak, level, err));
    for (int set = 0; set < WTL_MLDSA_SETS; set++)
        TRY(test_mldsa((enum wtl_mldsa_set)set, level, keccak, err));
    for (int set = 0; set < WTL_MLKEM_SETS; set++)
        TRY(test_mlkem((enum wtl_mlkem_set)set, level, keccak, err));
    TRY(test_x25519(level, err));
    return test_kernels(err);
}

int wtl_self_test(void *provctx)
{
    const wtl_prov *p = provctx;
    wtl_err err = {0};
    return test_all(p->level, &err) == WTL_OK ? 1 : wtl_prov_raise(p, &err);
}
