#include "crypto/lib.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "base/secret.h"

#define OPENSSL_LEAST 0x30500070L /* 3.5.7 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(OSSL_LIB_CTX *) context;
static OSSL_PROVIDER *provider;

/* What RFC 9881 and 9935 allow to be read, and that only the seed is written (OSSL_PROVIDER-default(7)). */
static int set_formats(OSSL_PROVIDER *p)
{
    static const char *const rows[][2] = {
        {"ml-dsa.output_formats", "seed-only"},
        {"ml-dsa.input_formats", "seed-only seed-priv priv-only"},
        {"ml-kem.output_formats", "seed-only"},
        {"ml-kem.input_formats", "seed-only seed-priv priv-only"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (OSSL_PROVIDER_add_conf_parameter(p, rows[i][0], rows[i][1]) != 1)
            return 0;
    }
    return 1;
}

/* At exit, before OpenSSL's own end: wipes the random generators' state, which lies on the secure heap. */
static void release(void)
{
    OSSL_LIB_CTX *ctx = context;
    context = NULL;
    OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(ctx);
}

static int make(wtl_err *err)
{
    TRY(wtl_secret_heap(err));
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    provider = ctx != NULL ? OSSL_PROVIDER_load(ctx, "default") : NULL;
    if (provider == NULL || !set_formats(provider)) {
        OSSL_LIB_CTX_free(ctx);
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's default provider did not load");
    }
    context = ctx;
    atexit(release);
    return WTL_OK;
}

int wtl_lib_init(wtl_err *err)
{
    if (context != NULL)
        return WTL_OK;
    ENSURE((long)OpenSSL_version_num() >= OPENSSL_LEAST, err, WTL_BUG,
           "the loaded libcrypto is %s, and Wattle needs OpenSSL 3.5.7 or newer: check LD_LIBRARY_PATH",
           OpenSSL_version(OPENSSL_VERSION));
    pthread_mutex_lock(&lock);
    int rc = context != NULL ? WTL_OK : make(err);
    pthread_mutex_unlock(&lock);
    return rc;
}

OSSL_LIB_CTX *wtl_lib_ctx(void)
{
    return context;
}

const char *wtl_lib_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

int wtl_lib_random(uint8_t *out, size_t n, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    if (RAND_bytes_ex(context, out, n, 256) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's random generator failed");
    return WTL_OK;
}
