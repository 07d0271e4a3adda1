/* Putting a verdict into the cache. */
#ifndef WTL_VERIFIED_KEEP_H
#define WTL_VERIFIED_KEEP_H

#include "verified/verified_impl.h"

/* Keeps h->record and h->result for h->of, where quota, gate and room let it; the counters tell. */
void wtl_keep(wtl_verified_handle *h);

#endif
