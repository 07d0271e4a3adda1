/* The one table of algorithms. Everything that lists, offers or checks algorithms iterates over it. */
#ifndef WTL_CRYPTO_ALG_H
#define WTL_CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wtl_alg_kind {
    WTL_ALG_SIG,  /* signs */
    WTL_ALG_KEM,  /* encapsulates: ML-KEM, X-Wing */
    WTL_ALG_KEX,  /* classical key agreement: X25519, P-256, P-384 */
    WTL_ALG_GROUP /* a TLS 1.3 group of two parts; has no keys of its own in files */
};

enum wtl_alg_flag {
    WTL_ALG_PQ = 1,        /* stands against a quantum computer */
    WTL_ALG_CLASSICAL = 2, /* falls to one */
    WTL_ALG_HYBRID = 4,    /* both parts must fall; PQ is set too */
    WTL_ALG_CNSA2 = 8,     /* named in CNSA 2.0 */
    WTL_ALG_KEYGEN = 16,   /* `wattle key generate` makes it */
    WTL_ALG_AGE_TEXT = 32, /* its keys are written in age's text form, not PKCS#8/SPKI */
    WTL_ALG_OURS = 64      /* Wattle's own provider computes it, unless that is switched off */
};

/* One row of algs.def. Sizes in bytes; 0 where the notion does not apply. */
typedef struct wtl_alg {
    int id;            /* enum wtl_alg_id, the row's place */
    const char *name;  /* canonical: "ML-DSA-65", "X-Wing", "ECDSA-P256" */
    const char *alias; /* another name accepted in options, or NULL */
    enum wtl_alg_kind kind;
    const char *evp;   /* the name OpenSSL knows it by, or NULL when composed here */
    const char *group; /* EC curve for evp "EC", else NULL */
    const char *oid;   /* dotted, or NULL when none exists */
    unsigned level;    /* NIST security category 1-5; 0 for classical */
    size_t pub;        /* public key, raw */
    size_t seed;       /* private key as stored: seed or scalar, raw */
    size_t out;        /* signature (the most, for ECDSA) or encapsulation (ciphertext) */
    size_t ss;         /* shared secret */
    uint16_t tls;      /* TLS code point: SignatureScheme or NamedGroup, or 0 */
    uint16_t hpke;     /* HPKE KEM id, or 0 */
    unsigned flags;    /* enum wtl_alg_flag */
    const char *spec;  /* where it is defined: "FIPS 204", "RFC 7748", ... */
} wtl_alg;

enum wtl_alg_id {
#define ALG(id, ...) WTL_ALG_ID_##id,
#include "crypto/algs.def"
#undef ALG
    WTL_ALG_COUNT
};

/* Row i of the table, 0 <= i < WTL_ALG_COUNT; NULL outside. Static storage. */
const wtl_alg *wtl_alg_at(size_t i);
/* By canonical name or alias, letters' case ignored; NULL when unknown. */
const wtl_alg *wtl_alg_by_name(const char *name);
/* "signature", "kem", "key agreement", "tls group". */
const char *wtl_alg_kind_name(enum wtl_alg_kind k);

#endif
