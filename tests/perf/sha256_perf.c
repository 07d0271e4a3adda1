/* Nanoseconds a block of SHA-256 takes by each level, in lanes as crypto/lanes.h runs them, and by OpenSSL, in turn.
 *   sha256_perf [MIB-PER-LANE [ROUNDS]]     default 1 MiB, 15 rounds; the least time of all rounds is told */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "crypto/lanes.h"
#include "kernel/sha256.h"

enum { MOST = WTL_LANES_MOST };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Lane i's message begins i * stride into the data; with `prefix` after a part of one byte, so that blocks straddle. */
static double run(size_t lanes, const uint8_t *data, size_t stride, size_t n, bool prefix)
{
    static const uint8_t zero;
    uint8_t digest[WTL_HASH_MAX];
    wtl_bytes one[MOST] = {{NULL, 0}}, part[MOST] = {{NULL, 0}};
    AUTO(wtl_lanes) *l = NULL;
    wtl_err err = {0};
    int rc = wtl_lanes_new(&l, WTL_HASH_SHA256, &err);
    for (size_t i = 0; i < lanes; i++) {
        one[i] = (wtl_bytes){&zero, prefix};
        part[i] = (wtl_bytes){data + i * stride, n};
    }
    double from = now();
    for (int k = 0; k < 2 && rc == WTL_OK; k++)
        rc = wtl_lanes_add(l, k == 0 ? one : part, &err);
    for (size_t i = 0; i < lanes && rc == WTL_OK; i++)
        rc = wtl_lanes_end(l, i, digest, &err);
    double took = now() - from;
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return took / (double)(lanes * n / WTL_SHA256_BLOCK);
}

static double peer(const uint8_t *data, size_t n)
{
    uint8_t digest[32];
    double from = now();
    EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL);
    return (now() - from) / (double)(n / WTL_SHA256_BLOCK);
}

static void level(const char *name, const uint8_t *data, size_t n, int rounds)
{
    static const size_t lanes[] = {1, 2, 4, 8, 12, 16};
    enum { COUNTS = sizeof lanes / sizeof lanes[0] };
    double best[COUNTS + 2];
    for (int i = 0; i < COUNTS + 2; i++)
        best[i] = 1e300;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < COUNTS + 2; i++) {
            double t = i < COUNTS ? run(lanes[i], data, n + 4160, n, false)
                                  : run(MOST, data, n + (i == COUNTS ? 0 : 4160), n, true);
            best[i] = t < best[i] ? t : best[i];
        }
    }
    printf("%-8s", name);
    for (int i = 0; i < COUNTS + 2; i++)
        printf(" %8.2f", best[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    size_t n = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1) << 20;
    int rounds = argc > 2 ? (int)strtoul(argv[2], NULL, 10) : 15;
    uint8_t *data = aligned_alloc(4096, MOST * (n + 8192));
    if (data == NULL || n == 0)
        return 1;
    memset(data, 'w', MOST * (n + 8192));
    double best = 1e300;
    for (int r = 0; r < rounds; r++) {
        double t = peer(data, n);
        best = t < best ? t : best;
    }
    printf("ns a block of 64 bytes, %zu bytes a lane, least of %d\n", n, rounds);
    printf("OpenSSL  %8.2f\n", best);
    printf("lanes:   %8d %8d %8d %8d %8d %8d    16 after a byte, a power of two apart; and not\n", 1, 2, 4, 8,
           12, 16);
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (wtl_cpu_has(i) && wtl_cpu_force(wtl_cpu_name(i), NULL) == WTL_OK)
            level(wtl_cpu_name(i), data, n, rounds);
    }
    free(data);
    return 0;
}
