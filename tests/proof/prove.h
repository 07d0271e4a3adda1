/* For tests/proof: a harness includes the C file that it is about, and states what holds for all inputs.
 *   PROOF(name, "options") { ... }    options: see tools/prove
 * An object that is not initialised has every value; so has what any_*() returns. */
#ifndef WTL_TESTS_PROVE_H
#define WTL_TESTS_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANY(type, name)           \
    static inline type name(void) \
    {                             \
        type any;                 \
        return any;               \
    }
ANY(int16_t, any_i16)
ANY(int32_t, any_i32)
ANY(int64_t, any_i64)
ANY(uint8_t, any_u8)
ANY(uint16_t, any_u16)
ANY(uint32_t, any_u32)
ANY(uint64_t, any_u64)
ANY(size_t, any_size)
ANY(unsigned, any_unsigned)
/* Not from an indefinite object: that might be neither 0 nor 1. */
static inline bool any_bool(void)
{
    return any_u8() & 1;
}

#define GIVEN(condition) __CPROVER_assume(condition)
#define HOLDS(condition) __CPROVER_assert(condition, #condition)

/* reach_name must fail: a proof whose assumptions contradict each other never gets to its end. */
#define PROOF(name, options)                       \
    static void body_##name(void);                 \
    void proof_##name(void)                        \
    {                                              \
        body_##name();                             \
    }                                              \
    void reach_##name(void)                        \
    {                                              \
        body_##name();                             \
        __CPROVER_assert(0, "the end is reached"); \
    }                                              \
    static void body_##name(void)

#endif
