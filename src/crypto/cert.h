/* X.509 certificates, as far as model signatures carry them (RFC 5280). */
#ifndef WTL_CRYPTO_CERT_H
#define WTL_CRYPTO_CERT_H

#include "crypto/key.h"

/* In a chain, the leaf and a root that is sent along counted. */
enum { WTL_CERT_CHAIN_MAX = 8 };

/* The subject's public key of one DER certificate (RFC 5280 section 4.1). Nothing else of the certificate is
 * looked at: neither its signature nor its dates. WTL_FORMAT for other bytes, also after its end, and as
 * wtl_key_parse for keys of unknown kind. *out belongs to the caller. */
int wtl_cert_key(wtl_key **out, wtl_bytes der, wtl_err *err) WTL_MUST_USE;

/* The certificates of a PEM file, in its order, as DER: at least one and at most `most`, and no block of another kind,
 * a private key above all. *der and its n buffers belong to the caller (wtl_cert_list_free). WTL_FORMAT. */
int wtl_cert_list_read(wtl_buf **der, size_t *n, wtl_bytes pem, size_t most, wtl_err *err) WTL_MUST_USE;
void wtl_cert_list_free(wtl_buf *der, size_t n);

/* Whether certificates stand as a chain has them: at most WTL_CERT_CHAIN_MAX, leaf first, each certified by the one
 * behind it, none twice. WTL_FORMAT; WTL_NO when names fit and a signature does not; WTL_POLICY for an
 * issuer without keyCertSign. No dates, no trust. */
int wtl_cert_chain(const wtl_buf *der, size_t n, wtl_err *err) WTL_MUST_USE;

/* Whether the leaf's key may sign models: no authority, keyUsage with digitalSignature and without the authorities'
 * keyCertSign and cRLSign, extendedKeyUsage with codeSigning. WTL_POLICY with what is wrong. */
int wtl_cert_leaf(wtl_bytes der, wtl_err *err) WTL_MUST_USE;

/* Whether a subjectAltName of type DNS, URI or e-mail, or a subject's common name, is exactly this text. WTL_POLICY,
 * with the names that there are. */
int wtl_cert_identity(wtl_bytes der, const char *identity, wtl_err *err) WTL_MUST_USE;

/* The first and the last second (since 1970) in which it is valid (RFC 5280 section 4.1.2.5). WTL_FORMAT. */
int wtl_cert_dates(wtl_bytes der, int64_t *first, int64_t *last, wtl_err *err) WTL_MUST_USE;

/* Appends the subject (RFC 2253, quoted to be printed). */
int wtl_cert_subject(wtl_bytes der, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
