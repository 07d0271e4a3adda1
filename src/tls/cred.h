/* A certificate chain, or a bare public key (RFC 7250), with its private key and OCSP staple, read from files. */
#ifndef WTL_TLS_CRED_H
#define WTL_TLS_CRED_H

#include <openssl/x509.h>

#include "base/buf.h"

/* Whoever holds private keys. The one in this file reads key files into this process; another may hand out handles whose operations
 * run in another process. Nothing else in Wattle's TLS code sees a private key. */
typedef struct wtl_keys {
    /* The private key called `name` (a path) that belongs to the public key `pub`. *out is a reference for the caller. WTL_FORMAT or WTL_IO with
     * the name; WTL_NO when it is another key's. */
    int (*open)(void *arg, EVP_PKEY **out, const char *name, const EVP_PKEY *pub, wtl_err *err);
    void *arg;
} wtl_keys;
/* Key files: PKCS#8 PEM or DER as crypto reads them (RSA and Ed448 as OpenSSL does), without passphrase; WTL_POLICY when others than the owner may
 * read them. In keys.c. */
wtl_keys wtl_keys_files(void);

typedef struct wtl_cred_files {
    const char *cert; /* PEM, leaf first; a file with one PUBLIC KEY makes a raw public key */
    const char *key;
    const char *staple; /* DER OCSP response for the leaf (RFC 6960), or NULL */
} wtl_cred_files;

typedef struct wtl_cred wtl_cred;
/* WTL_IO, WTL_FORMAT, WTL_NO (key of another certificate), WTL_POLICY (expired at `now`, or not valid yet; or the staple is outdated, or says that the
 * certificate is revoked: as a sentence). With `expired_ok` dates are not asked, and the result is WTL_OK: wtl_cred_current has the sentence for a warning. An outdated
 * staple is never sent to anybody. */
int wtl_cred_load(wtl_cred **out, const wtl_cred_files *files, const wtl_keys *keys, int64_t now,
                  bool expired_ok, wtl_err *err) WTL_MUST_USE;
void wtl_cred_free(wtl_cred *c);
void wtl_cred_auto(wtl_cred **c);
/* Dates of certificates and staple once more, at another time: WTL_OK or WTL_POLICY. */
int wtl_cred_current(const wtl_cred *c, int64_t now, wtl_err *err) WTL_MUST_USE;

bool wtl_cred_is_raw(const wtl_cred *c);
int64_t wtl_cred_not_after(
    const wtl_cred *c); /* of the chain's earliest, seconds since 1970; INT64_MAX for a raw key */
int64_t wtl_cred_not_before(const wtl_cred *c);
const char *
wtl_cred_alg(const wtl_cred *c); /* the key's, as crypto names it: "ML-DSA-65", "ECDSA-P256", "RSA" */
const char *wtl_cred_subject(const wtl_cred *c); /* printable */

/* For tls/ctx.c. Borrowed. */
X509 *wtl_cred_leaf(const wtl_cred *c);
STACK_OF(X509) * wtl_cred_chain(const wtl_cred *c); /* without the leaf */
EVP_PKEY *wtl_cred_key(const wtl_cred *c);
wtl_bytes wtl_cred_staple(const wtl_cred *c);
int64_t wtl_cred_staple_until(const wtl_cred *c); /* INT64_MAX when it does not say */

/* How crypto names a key that TLS 1.3 signs with ("RSA", "RSA-PSS" and "Ed448" beside its own); NULL for one that it cannot. */
const char *wtl_cred_alg_of(const EVP_PKEY *key);

#endif
