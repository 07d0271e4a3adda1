#include "tls/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

/* Sizes: steps of 16 bytes up to SMALL, of 256 up to LARGE; a larger block goes straight to malloc. */
enum {
    STEP = 16,
    SMALL = 1024,
    WIDE = 256,
    LARGE = 20 * 1024,
    SMALLS = SMALL / STEP,
    SIZES = SMALLS + (LARGE - SMALL) / WIDE
};

/* A block that is kept begins with the one kept before it, masked: who writes to freed memory does not choose what is given out next. */
typedef struct kept {
    uintptr_t next;
} kept;

typedef struct shelf {
    kept *first;
    uint32_t bytes;
} shelf;

static _Thread_local shelf shelves[SIZES];
static uintptr_t mask;

/* The smallest size that n bytes fit. n in 1..LARGE. */
static size_t index_up(size_t n)
{
    return n <= SMALL ? (n - 1) / STEP : SMALLS + (n - SMALL - 1) / WIDE;
}

static size_t size_at(size_t i)
{
    return i < SMALLS ? (i + 1) * STEP : SMALL + (i - SMALLS + 1) * WIDE;
}

/* The largest size that a block of n bytes can serve. n in STEP..LARGE + WIDE - 1. */
static size_t index_down(size_t n)
{
    return n < SMALL + WIDE ? (n < SMALL ? n : SMALL) / STEP - 1 : SMALLS + (n - SMALL) / WIDE - 1;
}

static void *take(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    if (n == 0 || n > LARGE)
        return n == 0 ? NULL : malloc(n);
    size_t i = index_up(n);
    shelf *s = &shelves[i];
    kept *k = s->first;
    if (k == NULL)
        return malloc(size_at(i));
    s->first = (kept *)(k->next ^ mask);
    s->bytes -= (uint32_t)size_at(i);
    return k;
}

static void give(void *p, const char *file, int line)
{
    (void)file, (void)line;
    size_t n = p == NULL ? 0 : malloc_usable_size(p);
    size_t i = n < STEP || n >= LARGE + WIDE ? SIZES : index_down(n);
    if (i == SIZES || shelves[i].bytes >= WTL_HEAP_KEPT) {
        free(p);
        return;
    }
    kept *k = p;
    k->next = (uintptr_t)shelves[i].first ^ mask;
    shelves[i].first = k;
    shelves[i].bytes += (uint32_t)size_at(i);
}

static void *take_again(void *p, size_t n, const char *file, int line)
{
    if (p == NULL)
        return take(n, file, line);
    if (n == 0) {
        give(p, file, line);
        return NULL;
    }
    return realloc(p, n);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif
#ifndef WATCHED
#define WATCHED 0
#endif

bool wtl_heap_install(void)
{
    if (mask != 0)
        return true;
    if (WATCHED || getrandom(&mask, sizeof mask, GRND_NONBLOCK) != (ssize_t)sizeof mask)
        return false;
    if (CRYPTO_set_mem_functions(take, take_again, give) == 1)
        return true;
    mask = 0;
    return false;
}
