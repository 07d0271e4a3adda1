/* WTL_CT_PUBLIC as the harnesses have it: the value counts as defined from here on. Included before everything else. */
#ifndef WTL_TESTS_CT_PUBLIC_H
#define WTL_TESTS_CT_PUBLIC_H

#include "watch.h"

#define WTL_CT_PUBLIC(v)                        \
    (__extension__({                            \
        __typeof__(v) public_ = (v);            \
        watch_public(&public_, sizeof public_); \
        public_;                                \
    }))

#ifdef WATCH_MSAN
#include "msan_vector.h"
#define WTL_CT_HIDE(x) ((void)(x)) /* assembly would end the watch */
#endif

#endif
