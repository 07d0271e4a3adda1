/* What stands around the schemes in builds with MemorySanitizer, which does not see what code writes that it did not make:
 * the few functions of OpenSSL that the room base calls (nothing here keeps a secret), and the end of a function of inline
 * assembly. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "kernel/curve25519_adx.h"
#include "watch.h"

/* The linker puts this in place of wtl_curve25519_adx_divide. */
void __real_wtl_curve25519_adx_divide(uint8_t out[32], const uint64_t a[4], const uint64_t b[4]);
void __wrap_wtl_curve25519_adx_divide(uint8_t out[32], const uint64_t a[4], const uint64_t b[4]);
void __wrap_wtl_curve25519_adx_divide(uint8_t out[32], const uint64_t a[4], const uint64_t b[4])
{
    __real_wtl_curve25519_adx_divide(out, a, b);
    watch_public(out, 32);
}

int CRYPTO_memcmp(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned char differs = 0;
    for (size_t i = 0; i < n; i++)
        differs |= x[i] ^ y[i];
    return differs;
}

int CRYPTO_secure_malloc_init(size_t size, size_t least)
{
    return size > least;
}

int CRYPTO_secure_malloc_initialized(void)
{
    return 1;
}

size_t CRYPTO_secure_used(void)
{
    return 0;
}

void *CRYPTO_zalloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return calloc(1, n);
}

void *CRYPTO_secure_zalloc(size_t n, const char *file, int line)
{
    return CRYPTO_zalloc(n, file, line);
}

void CRYPTO_secure_clear_free(void *p, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    if (p != NULL)
        memset(p, 0, n);
    free(p);
}

void ERR_clear_error(void)
{
}

unsigned long ERR_peek_last_error(void)
{
    return 0;
}

const char *ERR_reason_error_string(unsigned long code)
{
    (void)code;
    return NULL;
}

int ERR_set_mark(void)
{
    return 1;
}

int ERR_pop_to_mark(void)
{
    return 1;
}
