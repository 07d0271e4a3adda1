#include "provider/capability.h"

#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

/* libssl drops a signature scheme whose keys are managed by a provider that does not declare it, so each ML-DSA of algs.def has
 * its row. Groups need none: libssl knows those of the default provider, and fetches them by name. */
typedef struct sigalg {
    const char *tls, *name, *oid;
    unsigned point, bits;
} sigalg;

static const sigalg sigalgs[] = {
    {"mldsa44", "ML-DSA-44", "2.16.840.1.101.3.4.3.17", 0x0904, 128},
    {"mldsa65", "ML-DSA-65", "2.16.840.1.101.3.4.3.18", 0x0905, 192},
    {"mldsa87", "ML-DSA-87", "2.16.840.1.101.3.4.3.19", 0x0906, 256},
};

static OSSL_PARAM text(const char *key, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(key, (char *)value, 0);
}

static int tell(const sigalg *s, OSSL_CALLBACK *cb, void *arg)
{
    unsigned point = s->point;
    unsigned bits = s->bits;
    int tls13 = 0x0304;
    int no_limit = 0;
    int never = -1;
    const OSSL_PARAM row[] = {text(OSSL_CAPABILITY_TLS_SIGALG_IANA_NAME, s->tls),
                              text(OSSL_CAPABILITY_TLS_SIGALG_NAME, s->name),
                              text(OSSL_CAPABILITY_TLS_SIGALG_OID, s->oid),
                              OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_SIGALG_CODE_POINT, &point),
                              OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_SIGALG_SECURITY_BITS, &bits),
                              OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_SIGALG_MIN_TLS, &tls13),
                              OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_SIGALG_MAX_TLS, &no_limit),
                              OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_SIGALG_MIN_DTLS, &never),
                              OSSL_PARAM_construct_int(OSSL_CAPABILITY_TLS_SIGALG_MAX_DTLS, &never),
                              OSSL_PARAM_construct_end()};
    return cb(row, arg);
}

int wtl_capability_get(void *provctx, const char *capability, OSSL_CALLBACK *cb, void *arg)
{
    (void)provctx;
    if (strcasecmp(capability, "TLS-SIGALG") != 0)
        return 1;
    for (size_t i = 0; i < sizeof sigalgs / sizeof sigalgs[0]; i++) {
        if (!tell(&sigalgs[i], cb, arg))
            return 0;
    }
    return 1;
}
