#include "replay/zipf.h"

#include <stdlib.h>

static const uint32_t sizes[] = {64, 690, 1088, 3309, 4493, 17088, 49856};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

uint32_t wtl_zipf_size(size_t i)
{
    return i < SIZES ? sizes[i] : 0;
}

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014: the finalizer of SplitMix64. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t next(uint64_t *state)
{
    return mixed(*state += UINT64_C(0x9e3779b97f4a7c15));
}

/* log2(n) and 2^-x by their series: the C library's differ in the last bit from one machine to the other. */
static double log2_of(uint32_t n)
{
    unsigned top = 31 - (unsigned)__builtin_clz(n);
    double m = (double)n / (double)(UINT64_C(1) << top);
    double y = (m - 1) / (m + 1);
    double term = y;
    double sum = 0;
    for (unsigned i = 1; i < 40; i += 2) {
        sum += term / i;
        term *= y * y;
    }
    return top + sum * 2 * 1.4426950408889634;
}

static double exp2_minus(double x)
{
    double whole = 1;
    while (x >= 1) {
        x -= 1;
        whole /= 2;
    }
    double term = 1;
    double sum = 1;
    for (unsigned i = 1; i < 24; i++) {
        term *= -x * 0.6931471805599453 / i;
        sum += term;
    }
    return whole * sum;
}

/* The least rank whose share of all, with those before it, exceeds x. */
static uint32_t rank_at(const double *share, uint32_t n, double x)
{
    uint32_t low = 0;
    uint32_t high = n - 1;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (share[mid] > x)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

int wtl_zipf_make(wtl_trace *t, const wtl_zipf_options *o, wtl_err *err)
{
    double *share = malloc(o->keys * sizeof *share);
    ENSURE(share != NULL, err, WTL_NOMEM, "out of memory for %u keys", o->keys);
    double sum = 0;
    for (uint32_t i = 0; i < o->keys; i++)
        share[i] = sum += exp2_minus(o->skew * log2_of(i + 1));
    uint64_t state = o->seed;
    for (size_t i = 0; i < o->requests; i++) {
        double x = (double)(next(&state) >> 11) * 0x1p-53 * sum;
        uint64_t key = rank_at(share, o->keys, x);
        wtl_trace_add(t, key, sizes[mixed(mixed(key + 1) ^ o->seed) % SIZES]);
    }
    free(share);
    return wtl_trace_done(t, err);
}
