/* What a function asks of its caller and gives back, in the words of CBMC (tools/prove). It means nothing to a compiler.
 * Contracts stand between a function's head and its body, invariants between a loop's head and its body. */
#ifndef WTL_BASE_CONTRACT_H
#define WTL_BASE_CONTRACT_H

#ifdef WTL_PROVE
#define WTL_REQUIRES(...) __CPROVER_requires((__VA_ARGS__))
#define WTL_ENSURES(...) __CPROVER_ensures((__VA_ARGS__))
#define WTL_RESULT __CPROVER_return_value
#define WTL_OLD(x) __CPROVER_old(x)
#define WTL_ASSIGNS(...) __CPROVER_assigns(__VA_ARGS__)
#define WTL_FRESH(p, n) __CPROVER_is_fresh(p, n) /* in REQUIRES: n bytes that nothing else points to */
#define WTL_ABS_BELOW(x, n) (-(n) < (x) && (x) < (n))
/* The loop changes what WTL_CHANGES lists, and the condition holds before it and after every turn. */
#define WTL_CHANGES(...) __CPROVER_assigns(__VA_ARGS__)
#define WTL_INVARIANT(...) __CPROVER_loop_invariant((__VA_ARGS__))
#else
#define WTL_REQUIRES(...)
#define WTL_ENSURES(...)
#define WTL_ASSIGNS(...)
#define WTL_CHANGES(...)
#define WTL_INVARIANT(...)
#endif

#endif
