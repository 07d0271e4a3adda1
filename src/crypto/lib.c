#include "crypto/lib.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "base/secret.h"
#include "crypto/fips.h"
#include "kernel/cpu.h"
#include "provider/prov.h"

#define OPENSSL_LEAST 0x30500070L /* 3.5.7 */

static const char *const modes[] = {"wattle", "openssl", "fips"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(OSSL_LIB_CTX *) context;
static enum wtl_lib_crypto mode = WTL_LIB_WATTLE;
static OSSL_PROVIDER *main_provider;   /* default or fips */
static OSSL_PROVIDER *second_provider; /* wattle or base */

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

static void unload(OSSL_LIB_CTX *ctx)
{
    OSSL_PROVIDER_unload(second_provider);
    OSSL_PROVIDER_unload(main_provider);
    second_provider = NULL;
    main_provider = NULL;
    OSSL_LIB_CTX_free(ctx);
}

/* At exit, before OpenSSL's own end: wipes the random generators' state, which lies on the secure heap. */
static void release(void)
{
    OSSL_LIB_CTX *ctx = context;
    context = NULL;
    unload(ctx);
}

static int load_default(OSSL_LIB_CTX *ctx, wtl_err *err)
{
    main_provider = OSSL_PROVIDER_load(ctx, "default");
    if (main_provider == NULL || !set_formats(main_provider))
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's default provider did not load");
    return WTL_OK;
}

/* Ours in front of the default one, which keeps everything that ours has not. */
static int load_wattle(OSSL_LIB_CTX *ctx, wtl_err *err)
{
    /* Said outright, so that the environment of a library's user decides nothing. */
    enum wtl_cpu_level level = wtl_cpu_forced();
    const char *cpu = level == WTL_CPU_AUTO ? "auto" : wtl_cpu_name(level);
    OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string("cpu", (char *)(uintptr_t)cpu, 0),
                             OSSL_PARAM_construct_end()};
    TRY(load_default(ctx, err));
    if (OSSL_PROVIDER_add_builtin(ctx, "wattle", wtl_prov_init) != 1 ||
        (second_provider = OSSL_PROVIDER_load_ex(ctx, "wattle", settings)) == NULL ||
        EVP_set_default_properties(ctx, "?provider=wattle") != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG,
                             "Wattle's own provider did not start; --crypto openssl does without it");
    return WTL_OK;
}

/* Keys are read and written by OpenSSL's base provider: the FIPS one has no formats. */
static int load_fips(OSSL_LIB_CTX *ctx, wtl_err *err)
{
    TRY(wtl_fips_load(&main_provider, ctx, err));
    second_provider = OSSL_PROVIDER_load(ctx, "base");
    if (second_provider == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's base provider did not load");
    return WTL_OK;
}

static int make(wtl_err *err)
{
    TRY(wtl_secret_heap(err));
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    if (ctx == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "out of memory");
    int rc = mode == WTL_LIB_WATTLE    ? load_wattle(ctx, err)
             : mode == WTL_LIB_OPENSSL ? load_default(ctx, err)
                                       : load_fips(ctx, err);
    if (rc < 0) {
        unload(ctx);
        return rc;
    }
    context = ctx;
    atexit(release);
    return WTL_OK;
}

void wtl_lib_ignore_config(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

int wtl_lib_use(const char *name, wtl_err *err)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(name, modes[i]) != 0)
            continue;
        pthread_mutex_lock(&lock);
        bool late = context != NULL && mode != i;
        if (!late)
            mode = (enum wtl_lib_crypto)i;
        pthread_mutex_unlock(&lock);
        ENSURE(!late, err, WTL_USAGE, "%s is in use by now: choose %s before anything else", wtl_lib_using(),
               name);
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_USAGE, "whose cryptography: wattle, openssl or fips");
}

const char *wtl_lib_using(void)
{
    return modes[mode];
}

enum wtl_lib_crypto wtl_lib_crypto(void)
{
    return mode;
}

OSSL_PROVIDER *wtl_lib_provider(void)
{
    return context != NULL && mode == WTL_LIB_WATTLE ? second_provider : NULL;
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

/* The first algorithm of our list that another provider gave a key of. Static storage of the caller's table. */
static _Atomic(const char *) fell_back;

void wtl_lib_served(const EVP_PKEY *key, const char *alg)
{
    const OSSL_PROVIDER *p = EVP_PKEY_get0_provider(key);
    if (mode == WTL_LIB_WATTLE && p != NULL && p != second_provider)
        fell_back = alg;
}

int wtl_lib_fault(wtl_err *err)
{
    ENSURE(fell_back == NULL, err, WTL_BUG,
           "%s was computed by OpenSSL's own code and not by Wattle's kernels: the result is right, only "
           "slower; "
           "`wattle doctor` says what serves what",
           fell_back);
    return WTL_OK;
}

void wtl_lib_spend(EVP_PKEY *key)
{
    int yes = 1;
    OSSL_PARAM spent[] = {OSSL_PARAM_construct_int(WTL_PROV_PARAM_SPENT, &yes), OSSL_PARAM_construct_end()};
    if (wtl_lib_provider() == NULL || EVP_PKEY_get0_provider(key) != wtl_lib_provider())
        return;
    if (EVP_PKEY_set_params(key, spent) != 1) /* one of a kind that does not know the word */
        ERR_clear_error();
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
