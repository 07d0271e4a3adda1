/* One activation of the provider `wattle` in a library context of OpenSSL: what every operation reaches from its
 * provctx. */
#ifndef WTL_PROVIDER_PROV_H
#define WTL_PROVIDER_PROV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/core_dispatch.h>
#include <openssl/types.h>

#include "base/err.h"
#include "kernel/cpu.h"

/* What is counted: one row COUNTER(ID, "name") each in counters.def; gettable as provider parameters "wattle.<name>". */
enum wtl_prov_counter {
#define COUNTER(id, name) WTL_PROV_##id,
#include "provider/counters.def"
#undef COUNTER
    WTL_PROV_COUNTERS
};

/* A key's gettable parameter for the program that the provider is built into: an octet pointer to its wtl_mldsa_key or
 * wtl_mlkem_key (length 0), valid while the EVP_PKEY lives. Only for keys of this very copy of the provider. */
#define WTL_PROV_PARAM_KEY "wattle.key"
/* A settable parameter (an integer, of any value) of keys of ML-KEM and of the TLS hybrids: the key has done its work, and is wiped and empty from here on. TLS
 * holds its own share of a handshake, or the peer's, until the connection ends. */
#define WTL_PROV_PARAM_SPENT "wattle.spent"
/* What the core offers (provider-base(7)). A process may hold two copies of libcrypto: errors and BIOs of the caller's are
 * reached through these alone. */
typedef struct wtl_prov_calls {
    OSSL_FUNC_core_get_params_fn *get_params;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
    OSSL_FUNC_BIO_read_ex_fn *bio_read_ex;
} wtl_prov_calls;

/* How a new key pair is held against itself. */
enum wtl_prov_pairwise {
    WTL_PROV_PAIR_NO,
    WTL_PROV_PAIR_FITS, /* the private part belongs to the public one (wtl_mlkem_fits, wtl_mldsa_fits); the default */
    WTL_PROV_PAIR_USED /* it encapsulates and decapsulates, or signs and verifies: ten times as dear */
};

typedef struct wtl_prov {
    const OSSL_CORE_HANDLE *core;
    wtl_prov_calls call;
    OSSL_LIB_CTX *lib;        /* child of the caller's context: its random generator, and with the query
                               * "provider!=wattle" what stays OpenSSL's (P-256). Never without that query. */
    enum wtl_cpu_level level; /* which kernels: the setting `cpu`, else WATTLE_CPU, else WTL_CPU_AUTO */
    bool verify_after_sign;   /* the setting `verify-after-sign`, off by default */
    enum wtl_prov_pairwise pairwise; /* the setting `pairwise-test` */
    char *report;                    /* the setting `report`: NULL, "stderr" or a file */
    char *program; /* its name at the start, before it wrote over its arguments; with `report` */
    struct wtl_prov *next_report; /* report.c's list */
    _Atomic uint64_t count[WTL_PROV_COUNTERS];
} wtl_prov;

/* The entry, as OSSL_provider_init is documented (provider-base(7)): for OSSL_PROVIDER_add_builtin, and under that name
 * in wattle.so. Refuses OpenSSL before 3.5 with an error in the core's queue. */
OSSL_provider_init_fn wtl_prov_init;

void wtl_prov_count(wtl_prov *p, enum wtl_prov_counter c);
/* Private random bytes of the caller's context. 1 or 0, with an error raised. */
int wtl_prov_random(wtl_prov *p, uint8_t *out, size_t n);
/* Puts err's sentence into OpenSSL's error queue through the core, with the wtl_rc as the reason; returns 0, so that callers
 * can return it. */
int wtl_prov_raise(const wtl_prov *p, const wtl_err *err);
/* The same for a sentence made here. Use through WTL_PROV_FAIL, which adds the place. */
int wtl_prov_fail(const wtl_prov *p, int rc, const char *file, int line, const char *fmt, ...)
    WTL_PRINTF(5, 6);
#define WTL_PROV_FAIL(p, rc, ...) wtl_prov_fail(p, rc, __FILE__, __LINE__, __VA_ARGS__)

/* Tables of functions that algs.def names, each in the file of its noun. */
#define ALG(op, names, dispatch, description) extern const OSSL_DISPATCH dispatch[];
#include "provider/algs.def"
#undef ALG

#endif
