/* What the files of wtl_polydsa_avx2 share. */
#ifndef WTL_KERNEL_POLYDSA_AVX2_H
#define WTL_KERNEL_POLYDSA_AVX2_H

#include "kernel/polydsa_impl.h"

void wtl_polydsa_ntt_avx2_forward(wtl_polydsa_poly *f);
void wtl_polydsa_ntt_avx2_inverse(wtl_polydsa_poly *f);
unsigned wtl_polydsa_pack_avx2_uniform(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n);
unsigned wtl_polydsa_pack_avx2_bounded(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n,
                                       unsigned eta);
void wtl_polydsa_pack_avx2_pack_w1(uint8_t *out, const wtl_polydsa_poly *w1, int32_t gamma2);
void wtl_polydsa_pack_avx2_pack_eta(uint8_t *out, const wtl_polydsa_poly *f, unsigned eta);
unsigned wtl_polydsa_pack_avx2_unpack_eta(wtl_polydsa_poly *f, const uint8_t *in, unsigned eta);
void wtl_polydsa_pack_avx2_pack_t1(uint8_t out[320], const wtl_polydsa_poly *f);
void wtl_polydsa_pack_avx2_unpack_t1(wtl_polydsa_poly *f, const uint8_t in[320]);
void wtl_polydsa_pack_avx2_pack_t0(uint8_t out[416], const wtl_polydsa_poly *f);
void wtl_polydsa_pack_avx2_unpack_t0(wtl_polydsa_poly *f, const uint8_t in[416]);
void wtl_polydsa_pack_avx2_pack_z(uint8_t *out, const wtl_polydsa_poly *f, int32_t gamma1);
void wtl_polydsa_pack_avx2_unpack_z(wtl_polydsa_poly *f, const uint8_t *in, int32_t gamma1);

#endif
