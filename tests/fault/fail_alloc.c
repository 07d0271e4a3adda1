/* Allocations that fail by plan. strdup, asprintf, getline, opendir and the like allocate through these too.
 * What libcrypto asks for is told apart by the place that the call comes from: it makes some thousand allocations
 * when it starts, and a test that tries every one of ours need not try every one of those.
 * Two places of libcrypto are spared: what pthread_once runs for it (when an allocation fails there it reports the
 * error, which wants the same pthread_once, and waits for itself for ever) and the making of the secure heap (which
 * aborts). No caller can help that. */
#include "plan.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, under names that a program may call when it brings its own malloc. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static uintptr_t crypto_from;
static uintptr_t crypto_to;

static int find_crypto(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    if (strstr(info->dlpi_name, "libcrypto") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && (h->p_flags & PF_X) != 0) {
            crypto_from = info->dlpi_addr + h->p_vaddr;
            crypto_to = crypto_from + h->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    dl_iterate_phdr(find_crypto, NULL);
}

static __thread int spared __attribute__((tls_model("initial-exec")));

int pthread_once(pthread_once_t *once, void (*run)(void))
{
    static int (*real)(pthread_once_t *, void (*)(void));
    if (real == NULL)
        real = (int (*)(pthread_once_t *, void (*)(void)))(uintptr_t)dlsym(RTLD_NEXT, "pthread_once");
    spared++;
    int rc = real(once, run);
    spared--;
    return rc;
}

int CRYPTO_secure_malloc_init(size_t size, size_t least);
int CRYPTO_secure_malloc_init(size_t size, size_t least)
{
    static int (*real)(size_t, size_t);
    if (real == NULL)
        real = (int (*)(size_t, size_t))(uintptr_t)dlsym(RTLD_NEXT, "CRYPTO_secure_malloc_init");
    spared++;
    int rc = real(size, least);
    spared--;
    return rc;
}

static int fails(const void *caller, const char *name)
{
    if (spared > 0)
        return 0;
    uintptr_t at = (uintptr_t)caller;
    int own = at < crypto_from || at >= crypto_to;
    if ((own && fault_hit(FAULT_ALLOC_OWN, 0, name)) || fault_hit(FAULT_ALLOC_ANY, 0, name)) {
        errno = ENOMEM;
        return 1;
    }
    return 0;
}

#define FAILS(name) fails(__builtin_return_address(0), name)

void *malloc(size_t n)
{
    return FAILS("malloc") ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return FAILS("calloc") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return FAILS("realloc") ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (FAILS("reallocarray") || __builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(p, bytes);
}

void *memalign(size_t align, size_t n)
{
    return FAILS("memalign") ? NULL : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return FAILS("aligned_alloc") ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    void *got = FAILS("posix_memalign") ? NULL : __libc_memalign(align, n);
    if (got == NULL)
        return ENOMEM;
    *p = got;
    return 0;
}
