/* What X25519 costs at each level and by OpenSSL, in one interleaved run: medians in microseconds.
 *   curve25519_perf [ROUNDS] */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#include "kernel/curve25519.h"

enum { CALLS = 8, ROUNDS = 400, ROUNDS_MOST = 100000, COLUMNS = WTL_CPU_LEVELS + 1 };

static double *samples[COLUMNS][2];
static EVP_PKEY *own, *peer;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(int ok)
{
    if (ok != 1)
        exit(70);
}

static void openssl_keygen(EVP_PKEY_CTX *c)
{
    EVP_PKEY *k = NULL;
    must(EVP_PKEY_keygen(c, &k));
    EVP_PKEY_free(k);
}

static void openssl_derive(EVP_PKEY_CTX *c)
{
    uint8_t out[32];
    size_t n = sizeof out;
    must(EVP_PKEY_derive(c, out, &n));
}

static double time_openssl(void (*fn)(EVP_PKEY_CTX *c), EVP_PKEY_CTX *c)
{
    double t = now();
    for (int i = 0; i < CALLS; i++)
        fn(c);
    return (now() - t) / CALLS;
}

static double time_level(const wtl_curve25519 *k, int mul)
{
    static uint8_t scalar[32] = {1}, point[32] = {9};
    double t = now();
    for (int i = 0; i < CALLS; i++) {
        if (mul)
            k->mul(scalar, scalar, point);
        else
            k->base(point, scalar);
    }
    return (now() - t) / CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, int column, int rounds)
{
    for (int i = 0; i < 2; i++)
        qsort(samples[column][i], (size_t)rounds, sizeof(double), compare);
    printf("%-8s %8.2f %8.2f\n", name, samples[column][0][rounds / 2], samples[column][1][rounds / 2]);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    if (rounds < 1 || rounds > ROUNDS_MOST)
        return 2;
    const wtl_curve25519 *k[WTL_CPU_LEVELS];
    for (int c = 0; c < COLUMNS; c++) {
        for (int i = 0; i < 2; i++)
            samples[c][i] = calloc((size_t)rounds, sizeof(double));
        if (c < WTL_CPU_LEVELS && (wtl_curve25519_pick(&k[c], c, NULL) < 0 || (int)k[c]->level != c))
            k[c] = NULL;
    }
    EVP_PKEY_CTX *gen = EVP_PKEY_CTX_new_from_name(NULL, "X25519", "provider=default");
    must(gen != NULL && EVP_PKEY_keygen_init(gen) == 1);
    must(EVP_PKEY_keygen(gen, &own));
    must(EVP_PKEY_keygen(gen, &peer));
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new_from_pkey(NULL, own, "provider=default");
    must(derive != NULL && EVP_PKEY_derive_init(derive) == 1);
    must(EVP_PKEY_derive_set_peer(derive, peer));
    for (long r = 0; r < rounds; r++) {
        for (int c = 0; c < WTL_CPU_LEVELS; c++) {
            for (int i = 0; i < 2 && k[c] != NULL; i++)
                samples[c][i][r] = time_level(k[c], i);
        }
        samples[WTL_CPU_LEVELS][0][r] = time_openssl(openssl_keygen, gen);
        samples[WTL_CPU_LEVELS][1][r] = time_openssl(openssl_derive, derive);
    }
    printf("us           base      mul\n");
    for (int c = 0; c < WTL_CPU_LEVELS; c++) {
        if (k[c] != NULL)
            print(wtl_cpu_name(c), c, (int)rounds);
    }
    print("openssl", WTL_CPU_LEVELS, (int)rounds);
    EVP_PKEY_CTX_free(gen);
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return 0;
}
