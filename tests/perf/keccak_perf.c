/* Nanoseconds a permutation of Keccak takes a lane by each level: bare, in squeezing a block of SHAKE128, and in whole
 * calls of scheme/shake.h; and OpenSSL's SHAKE, in turn.
 *   keccak_perf [CALLS [ROUNDS]]     default 200 calls, 300 rounds; the least time of all rounds is told */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "kernel/keccak.h"
#include "scheme/shake.h"

enum { RATE = 168, BLOCKS = 5, LONG = 136 * 64, LANES = WTL_KECCAK_LANES_MOST };

static _Alignas(64) uint64_t s[WTL_KECCAK_WORDS * LANES];
static uint8_t room[LANES][RATE * BLOCKS], data[LONG], digest[64];
static uint8_t *out[LANES];
static const uint8_t *in[LANES];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void permute1(const wtl_keccak *k)
{
    k->x1(s);
}

static void permute4(const wtl_keccak *k)
{
    k->x4(s);
}

static void permute8(const wtl_keccak *k)
{
    k->x8(s);
}

static void squeeze4(const wtl_keccak *k)
{
    k->squeeze_x4(s, out, RATE, BLOCKS);
}

static void squeeze8(const wtl_keccak *k)
{
    k->squeeze_x8(s, out, RATE, BLOCKS);
}

/* As ML-KEM and ML-DSA do: a seed of 32 bytes and two of a place, then three blocks. */
static void lanes(const wtl_keccak *k, size_t n)
{
    wtl_shake_lanes l;
    wtl_shake_lanes_start(&l, k, WTL_SHAKE128, n, in, 32, in, 2);
    wtl_shake_lanes_read(&l, out, 3);
    wtl_shake_lanes_end(&l);
}

static void lanes4(const wtl_keccak *k)
{
    lanes(k, 4);
}

static void lanes8(const wtl_keccak *k)
{
    lanes(k, 8);
}

static void hash_short(const wtl_keccak *k)
{
    const wtl_bytes part = {data, 64};
    wtl_shake_once(k, WTL_SHA3_512, &part, 1, digest, 64);
}

static void hash_long(const wtl_keccak *k)
{
    const wtl_bytes part = {data, LONG - 1};
    wtl_shake_once(k, WTL_SHA3_256, &part, 1, digest, 32);
}

static EVP_MD *sha3_256, *sha3_512;

static void peer_short(const wtl_keccak *k)
{
    (void)k;
    EVP_Digest(data, 64, digest, NULL, sha3_512, NULL);
}

static void peer_long(const wtl_keccak *k)
{
    (void)k;
    EVP_Digest(data, LONG - 1, digest, NULL, sha3_256, NULL);
}

static const struct {
    const char *name;
    void (*run)(const wtl_keccak *k);
    unsigned permutations;
} item[] = {
    {"x1", permute1, 1},
    {"x4", permute4, 4},
    {"x8", permute8, 8},
    {"squeeze4", squeeze4, 4 * BLOCKS},
    {"squeeze8", squeeze8, 8 * BLOCKS},
    {"lanes4", lanes4, 4 * 3},
    {"lanes8", lanes8, 8 * 3},
    {"short", hash_short, 1},
    {"long", hash_long, LONG / 136},
    {"evp-short", peer_short, 1},
    {"evp-long", peer_long, LONG / 136},
};
enum { ITEMS = sizeof item / sizeof item[0] };

int main(int argc, char **argv)
{
    unsigned long calls = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
    unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 300;
    double best[WTL_CPU_LEVELS][ITEMS];
    const wtl_keccak *k[WTL_CPU_LEVELS] = {NULL};
    sha3_256 = EVP_MD_fetch(NULL, "SHA3-256", NULL);
    sha3_512 = EVP_MD_fetch(NULL, "SHA3-512", NULL);
    for (int i = 0; i < LANES; i++) {
        out[i] = room[i];
        in[i] = data + 64 * i;
    }
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        /* A level that has no way of its own repeats plain C. */
        if (wtl_cpu_has(i) && (wtl_keccak_pick(&k[i], i, NULL) < 0 || k[i]->level != (enum wtl_cpu_level)i))
            k[i] = NULL;
        for (int j = 0; j < ITEMS; j++)
            best[i][j] = 1e300;
    }
    for (unsigned long r = 0; r < rounds; r++) {
        for (int i = 0; i < WTL_CPU_LEVELS * ITEMS; i++) {
            int level = i / ITEMS;
            if (k[level] == NULL)
                continue;
            double from = now();
            for (unsigned long c = 0; c < calls; c++)
                item[i % ITEMS].run(k[level]);
            double t = (now() - from) / (double)calls / item[i % ITEMS].permutations;
            best[level][i % ITEMS] = t < best[level][i % ITEMS] ? t : best[level][i % ITEMS];
        }
    }
    printf("ns a permutation and lane, least of %lu rounds of %lu calls\n%-8s", rounds, calls, "");
    for (int j = 0; j < ITEMS; j++)
        printf(" %9s", item[j].name);
    printf("\n");
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (k[i] == NULL)
            continue;
        printf("%-8s", wtl_cpu_name(i));
        for (int j = 0; j < ITEMS; j++)
            printf(" %9.1f", best[i][j]);
        printf("\n");
    }
    EVP_MD_free(sha3_256);
    EVP_MD_free(sha3_512);
    return 0;
}
