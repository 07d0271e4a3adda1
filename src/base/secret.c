#include "base/secret.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

/* 1 MiB: a few hundred private keys and file keys at once; OpenSSL wants powers of two. */
enum { HEAP_BYTES = 1 << 20, HEAP_LEAST = 32 };
static _Atomic bool locked, ours;

int wtl_secret_heap(wtl_err *err)
{
    if (CRYPTO_secure_malloc_initialized())
        return WTL_OK;
    /* 1 means that all went well; 2: initialised, but mlock or the guard pages were refused. */
    int made = CRYPTO_secure_malloc_init(HEAP_BYTES, HEAP_LEAST);
    if (made == 0 && !CRYPTO_secure_malloc_initialized())
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "no memory for the secure heap");
    locked = made == 1;
    ours = made != 0;
    return WTL_OK;
}

bool wtl_secret_heap_locked(void)
{
    return locked;
}

int wtl_secret_new(wtl_secret *s, size_t n, wtl_err *err)
{
    *s = (wtl_secret){0};
    TRY(wtl_secret_heap(err));
    s->p = OPENSSL_secure_zalloc(n > 0 ? n : 1);
    if (s->p == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "the secure heap has no room for %zu bytes", n);
    s->n = n;
    return WTL_OK;
}

int wtl_secret_copy(wtl_secret *s, wtl_bytes from, wtl_err *err)
{
    TRY(wtl_secret_new(s, from.n, err));
    if (from.n > 0)
        memcpy(s->p, from.p, from.n);
    return WTL_OK;
}

int wtl_secret_large(wtl_secret *s, size_t n, wtl_err *err)
{
    *s = (wtl_secret){0};
    ERR_set_mark();
    if (ours && CRYPTO_secure_used() + n <= HEAP_BYTES / 2)
        s->p = OPENSSL_secure_zalloc(n);
    ERR_pop_to_mark(); /* a heap in pieces is no error */
    if (s->p == NULL)
        s->p = OPENSSL_zalloc(n);
    if (s->p == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "not enough memory for %zu bytes", n);
    s->n = n;
    return WTL_OK;
}

void wtl_secret_free(wtl_secret *s)
{
    OPENSSL_secure_clear_free(s->p, s->n > 0 ? s->n : 1);
    *s = (wtl_secret){0};
}

void wtl_secret_auto(wtl_secret *s)
{
    wtl_secret_free(s);
}

wtl_bytes wtl_secret_view(const wtl_secret *s)
{
    return (wtl_bytes){s->p, s->n};
}

void wtl_secret_wipe(void *p, size_t n)
{
    if (n > 0)
        memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory"); /* says that someone reads it */
}

bool wtl_ct_eq(wtl_bytes a, wtl_bytes b)
{
    return a.n == b.n && (a.n == 0 || WTL_CT_PUBLIC(CRYPTO_memcmp(a.p, b.p, a.n)) == 0);
}
