/* MemorySanitizer does not know most of AVX-512: it reports some instructions with a secret operand as if they branched, and of
 * others it looks at lanes without moving them. Here such an instruction makes its whole result secret when any part
 * of an operand is, which can only report too much. Included before everything else. */
#ifndef WTL_TESTS_CT_MSAN_VECTOR_H
#define WTL_TESTS_CT_MSAN_VECTOR_H
#ifdef __AVX512VBMI__

#include <immintrin.h>

#include "watch.h"

/* Takes the operand for public, and says whether it was. */
static inline bool msan_take(void *p, size_t n)
{
    bool was = watch_is_public(p, n);
    watch_public(p, n);
    return was;
}

#define MSAN_GIVE(type, is_public, value)     \
    type result = (value);                    \
    if (!(is_public))                         \
        watch_secret(&result, sizeof result); \
    return result

#define MSAN_TWO(name, ta, tb, tr)                 \
    static inline tr msan_##name(ta a, tb b)       \
    {                                              \
        bool known = msan_take(&a, sizeof a);      \
        known = msan_take(&b, sizeof b) && known;  \
        MSAN_GIVE(tr, known, _mm512_##name(a, b)); \
    }
#define MSAN_THREE(name)                                               \
    static inline __m512i msan_##name(__m512i a, __m512i b, __m512i c) \
    {                                                                  \
        bool known = msan_take(&a, sizeof a);                          \
        known = msan_take(&b, sizeof b) && known;                      \
        known = msan_take(&c, sizeof c) && known;                      \
        MSAN_GIVE(__m512i, known, _mm512_##name(a, b, c));             \
    }
MSAN_TWO(permutexvar_epi8, __m512i, __m512i, __m512i)
MSAN_TWO(permutexvar_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(permutexvar_epi32, __m512i, __m512i, __m512i)
MSAN_TWO(permutexvar_epi64, __m512i, __m512i, __m512i)
MSAN_TWO(shuffle_epi8, __m512i, __m512i, __m512i)
MSAN_TWO(multishift_epi64_epi8, __m512i, __m512i, __m512i)
MSAN_TWO(madd_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(maddubs_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(mulhi_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(mulhrs_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(packus_epi16, __m512i, __m512i, __m512i)
MSAN_TWO(maskz_compress_epi8, __mmask64, __m512i, __m512i)
MSAN_TWO(maskz_compress_epi16, __mmask32, __m512i, __m512i)
MSAN_TWO(maskz_compress_epi32, __mmask16, __m512i, __m512i)
MSAN_THREE(permutex2var_epi16)
MSAN_THREE(permutex2var_epi32)
MSAN_THREE(permutex2var_epi64)
MSAN_THREE(madd52lo_epu64)
MSAN_THREE(madd52hi_epu64)
#undef _mm512_permutexvar_epi8
#define _mm512_permutexvar_epi8 msan_permutexvar_epi8
#undef _mm512_permutexvar_epi16
#define _mm512_permutexvar_epi16 msan_permutexvar_epi16
#undef _mm512_permutexvar_epi32
#define _mm512_permutexvar_epi32 msan_permutexvar_epi32
#undef _mm512_permutexvar_epi64
#define _mm512_permutexvar_epi64 msan_permutexvar_epi64
#undef _mm512_shuffle_epi8
#define _mm512_shuffle_epi8 msan_shuffle_epi8
#undef _mm512_multishift_epi64_epi8
#define _mm512_multishift_epi64_epi8 msan_multishift_epi64_epi8
#undef _mm512_madd_epi16
#define _mm512_madd_epi16 msan_madd_epi16
#undef _mm512_maddubs_epi16
#define _mm512_maddubs_epi16 msan_maddubs_epi16
#undef _mm512_mulhi_epi16
#define _mm512_mulhi_epi16 msan_mulhi_epi16
#undef _mm512_mulhrs_epi16
#define _mm512_mulhrs_epi16 msan_mulhrs_epi16
#undef _mm512_packus_epi16
#define _mm512_packus_epi16 msan_packus_epi16
#undef _mm512_maskz_compress_epi8
#define _mm512_maskz_compress_epi8 msan_maskz_compress_epi8
#undef _mm512_maskz_compress_epi16
#define _mm512_maskz_compress_epi16 msan_maskz_compress_epi16
#undef _mm512_maskz_compress_epi32
#define _mm512_maskz_compress_epi32 msan_maskz_compress_epi32
#undef _mm512_permutex2var_epi16
#define _mm512_permutex2var_epi16 msan_permutex2var_epi16
#undef _mm512_permutex2var_epi32
#define _mm512_permutex2var_epi32 msan_permutex2var_epi32
#undef _mm512_permutex2var_epi64
#define _mm512_permutex2var_epi64 msan_permutex2var_epi64
#undef _mm512_madd52lo_epu64
#define _mm512_madd52lo_epu64 msan_madd52lo_epu64
#undef _mm512_madd52hi_epu64
#define _mm512_madd52hi_epu64 msan_madd52hi_epu64

#define MSAN_TERNARY(type, prefix, suffix)                                              \
    static inline type msan##prefix##_ternary##suffix(type a, type b, type c, int what) \
    {                                                                                   \
        type r = {0};                                                                   \
        for (int i = 0; i < 8; i++) {                                                   \
            type x = i & 4 ? a : ~a, y = i & 2 ? b : ~b, z = i & 1 ? c : ~c;            \
            if (what >> i & 1)                                                          \
                r |= x & y & z;                                                         \
        }                                                                               \
        return r;                                                                       \
    }
MSAN_TERNARY(__m512i, _mm512, )
MSAN_TERNARY(__m256i, _mm256, )
MSAN_TERNARY(__m128i, _mm, )
#undef _mm512_ternarylogic_epi32
#undef _mm512_ternarylogic_epi64
#undef _mm256_ternarylogic_epi32
#undef _mm256_ternarylogic_epi64
#undef _mm_ternarylogic_epi32
#undef _mm_ternarylogic_epi64
#define _mm512_ternarylogic_epi32 msan_mm512_ternary
#define _mm512_ternarylogic_epi64 msan_mm512_ternary
#define _mm256_ternarylogic_epi32 msan_mm256_ternary
#define _mm256_ternarylogic_epi64 msan_mm256_ternary
#define _mm_ternarylogic_epi32 msan_mm_ternary
#define _mm_ternarylogic_epi64 msan_mm_ternary

static inline unsigned char msan_addcarry(unsigned char c, unsigned long long a, unsigned long long b,
                                          unsigned long long *sum)
{
    unsigned long long part = a + b;
    *sum = part + c;
    return (unsigned char)((part < a) | (*sum < part));
}
#define _addcarry_u64 msan_addcarry

#endif
#endif
