/* OSSL_PARAM(3) in the few shapes that keys need: octets and small numbers, in and out. */
#ifndef WTL_PROVIDER_PARAM_H
#define WTL_PROVIDER_PARAM_H

#include <openssl/params.h>

#include <wattle/bytes.h>

/* 1 with the borrowed octets, or with an empty run when `name` is not among the parameters; 0 when it has another type. */
int wtl_param_take(const OSSL_PARAM params[], const char *name, wtl_bytes *out);
/* Answers `name` when it is asked for and `v` is not empty (its length alone when there is no buffer). 1, or 0 when the
 * buffer is too small or of another type. */
int wtl_param_give(OSSL_PARAM params[], const char *name, wtl_bytes v);
int wtl_param_give_int(OSSL_PARAM params[], const char *name, int v);
/* Writes a parameter for an export to *at and steps on, when `v` is not empty. Borrows v. */
void wtl_param_add(OSSL_PARAM **at, const char *name, wtl_bytes v);

#endif
