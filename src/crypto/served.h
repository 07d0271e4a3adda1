/* Which provider computes what: in Wattle's own library context, or in one that a configuration file of OpenSSL sets up as it
 * does for nginx, HAProxy or curl. A query that silently falls back shows here. */
#ifndef WTL_CRYPTO_SERVED_H
#define WTL_CRYPTO_SERVED_H

#include "base/buf.h"
#include "crypto/alg.h"

typedef struct wtl_served wtl_served;

/* `conf` is the path of an openssl.cnf, or NULL for Wattle's own context. Modules are loaded as the file says, so it must be
 * one that is trusted. WTL_FORMAT, with OpenSSL's words, when OpenSSL does not take the file. *out belongs to the caller. */
int wtl_served_open(wtl_served **out, const char *conf, wtl_err *err) WTL_MUST_USE;
void wtl_served_free(wtl_served *s);
void wtl_served_auto(wtl_served **s);

/* The name of the provider that a fetch without a query of its own gets the algorithm's keys from: "wattle", "default", "fips";
 * for X-Wing that of its ML-KEM part. WTL_BUG when none has it. */
int wtl_served_by(const wtl_served *s, const wtl_alg *a, char name[64], wtl_err *err) WTL_MUST_USE;
/* The provider is loaded and active there. */
bool wtl_served_active(const wtl_served *s, const char *provider);
/* Appends why the provider that the file names does not start: the provider's own words, or the dynamic linker's; nothing when it
 * starts by itself or the file names none. Loads it once more. */
int wtl_served_refusal(const char *conf, const char *provider, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* Appends the context's default query, as "?provider=wattle"; nothing when it has none. */
int wtl_served_query(const wtl_served *s, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
