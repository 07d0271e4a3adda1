/* What stands behind kernel/polykem.h: the functions of each level. */
#ifndef WTL_KERNEL_POLYKEM_IMPL_H
#define WTL_KERNEL_POLYKEM_IMPL_H

#include "kernel/polykem.h"

extern const wtl_polykem wtl_polykem_ref;
#if defined(__x86_64__)
extern const wtl_polykem wtl_polykem_avx2, wtl_polykem_ice;

/* Parts of the rows that stand in files of their own. */
#define WTL_POLYKEM_BYTE_FUNCTIONS(level)                                                                  \
    unsigned wtl_polykem_bytes_##level##_sample_ntt(wtl_polykem_poly *f, unsigned have, const uint8_t *in, \
                                                    size_t n);                                             \
    void wtl_polykem_bytes_##level##_cbd2(wtl_polykem_poly *f, const uint8_t in[128]);                     \
    void wtl_polykem_bytes_##level##_cbd3(wtl_polykem_poly *f, const uint8_t in[192]);                     \
    void wtl_polykem_bytes_##level##_to_bytes(uint8_t out[WTL_POLYKEM_BYTES], const wtl_polykem_poly *f);  \
    unsigned wtl_polykem_bytes_##level##_from_bytes(wtl_polykem_poly *f,                                   \
                                                    const uint8_t in[WTL_POLYKEM_BYTES]);                  \
    void wtl_polykem_bytes_##level##_compress(uint8_t *out, const wtl_polykem_poly *f, unsigned d);        \
    void wtl_polykem_bytes_##level##_decompress(wtl_polykem_poly *f, const uint8_t *in, unsigned d);
WTL_POLYKEM_BYTE_FUNCTIONS(avx2)
WTL_POLYKEM_BYTE_FUNCTIONS(ice)
#endif

#endif
