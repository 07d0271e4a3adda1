/* WTL_CT_PUBLIC as the harness has it: the value counts as defined from here on. Included before everything else. */
#ifndef WTL_TESTS_CT_PUBLIC_H
#define WTL_TESTS_CT_PUBLIC_H

#include <valgrind/memcheck.h>

#define WTL_CT_PUBLIC(v)                                           \
    (__extension__({                                               \
        __typeof__(v) public_ = (v);                               \
        (void)VALGRIND_MAKE_MEM_DEFINED(&public_, sizeof public_); \
        public_;                                                   \
    }))

#endif
