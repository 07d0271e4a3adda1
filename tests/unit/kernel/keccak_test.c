#include "unit.h"

#include "kernel/keccak_impl.h"

enum { WORDS = WTL_KECCAK_WORDS, MOST = WTL_KECCAK_LANES_MOST };
#ifdef NDEBUG
enum { STATES = 1000 * 1000 };
#else
enum { STATES = 20 * 1000 }; /* debugging builds, which the sanitizers are too, are slow */
#endif

static const wtl_keccak *level_of(int level)
{
    const wtl_keccak *k = NULL;
    wtl_err err = {0};
    if (wtl_cpu_has(level))
        assert_good(wtl_keccak_pick(&k, level, &err), &err);
    return k;
}

/* The zero state permuted once and twice: XKCP's KeccakF-1600-IntermediateValues.txt. */
static const uint64_t first[WORDS] = {
    0xf1258f7940e1dde7, 0x84d5ccf933c0478a, 0xd598261ea65aa9ee, 0xbd1547306f80494d, 0x8b284e056253d057,
    0xff97a42d7f8e6fd4, 0x90fee5a0a44647c4, 0x8c5bda0cd6192e76, 0xad30a6f71b19059c, 0x30935ab7d08ffc64,
    0xeb5aa93f2317d635, 0xa9a6e6260d712103, 0x81a57c16dbcf555f, 0x43b831cd0347c826, 0x01f22f1a11a5569f,
    0x05e5635a21d9ae61, 0x64befef28cc970f2, 0x613670957bc46611, 0xb87c5a554fd00ecb, 0x8c3ee88a1ccf32c8,
    0x940c7922ae3a2614, 0x1841f924a2c509e4, 0x16f53526e70465c2, 0x75f644e97f30a13b, 0xeaf1ff7b5ceca249,
};
static const uint64_t second[WORDS] = {
    0x2d5c954df96ecb3c, 0x6a332cd07057b56d, 0x093d8d1270d76b6c, 0x8a20d9b25569d094, 0x4f9c4f99e5e7f156,
    0xf957b9a2da65fb38, 0x85773dae1275af0d, 0xfaf4f247c3d810f7, 0x1f1b9ee6f79a8759, 0xe4fecc0fee98b425,
    0x68ce61b6b9ce68a1, 0xdeea66c4ba8f974f, 0x33c43d836eafb1f5, 0xe00654042719dbd9, 0x7cf8a9f009831265,
    0xfd5449a6bf174743, 0x97ddad33d8994b40, 0x48ead5fc5d0be774, 0xe3b8c8ee55b7b03c, 0x91a0226e649e42e9,
    0x900e3129e7badd7b, 0x202a9ec5faa3cce8, 0x5b3402464e1c3db6, 0x609f4e62a44c1059, 0x20d06cd26a8fbf5c,
};

static void permute(const wtl_keccak *k, size_t n, uint64_t *s)
{
    if (n == 8)
        k->x8(s);
    else if (n == 4)
        k->x4(s);
    else
        k->x1(s);
}

static void known_answers(void **state)
{
    (void)state;
    _Alignas(64) uint64_t s[WORDS * MOST];
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t n = 1; k != NULL && n <= MOST; n = n == 1 ? 4 : 2 * n) {
            memset(s, 0, sizeof s);
            permute(k, n, s);
            for (size_t i = 0; i < WORDS * n; i++)
                assert_int_equal(s[i], first[i / n]);
            permute(k, n, s);
            for (size_t i = 0; i < WORDS * n; i++)
                assert_int_equal(s[i], second[i / n]);
        }
    }
}

static uint64_t noise(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Fresh random states in a quarter of the cases; in the others the results go on as the next states, which are random
 * as well and would keep an error for ever. */
static void compare(const wtl_keccak *k, size_t n)
{
    _Alignas(64) uint64_t s[WORDS * MOST] = {0};
    _Alignas(64) uint64_t good[WORDS * MOST] = {0};
    uint64_t seed = 0x9e3779b97f4a7c15 + n;
    for (size_t c = 0; c < STATES / n; c++) {
        for (size_t i = 0; c % 4 == 0 && i < WORDS * n; i++)
            good[i] = s[i] = noise(&seed);
        permute(k, n, s);
        permute(&wtl_keccak_ref, n, good);
        if (memcmp(s, good, sizeof s) != 0)
            fail_msg("%s x%zu differs from ref in case %zu", wtl_cpu_name(k->level), n, c);
    }
}

static void every_level_like_ref(void **state)
{
    (void)state;
    for (int level = WTL_CPU_REF + 1; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        if (k == NULL || k == &wtl_keccak_ref)
            continue;
        compare(k, 1);
        compare(k, 4);
        compare(k, 8);
    }
}

/* One word of one lane set in turn, so that a swapped lane or word cannot hide. */
static void single_words(void **state)
{
    (void)state;
    _Alignas(64) uint64_t s[WORDS * MOST];
    _Alignas(64) uint64_t good[WORDS * MOST];
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t n = 1; k != NULL && n <= MOST; n = n == 1 ? 4 : 2 * n) {
            for (size_t i = 0; i < WORDS * n; i++) {
                uint64_t one[WORDS] = {0};
                memset(s, 0, sizeof s);
                s[i] = one[i / n] = UINT64_MAX;
                permute(k, n, s);
                wtl_keccak_ref_x1(one);
                for (size_t w = 0; w < WORDS * n; w++)
                    good[w] = w % n == i % n ? one[w / n] : first[w / n];
                assert_memory_equal(s, good, sizeof(uint64_t) * WORDS * n);
            }
        }
    }
}

enum { GUARD = 64, BLOCKS = 5, ROOM = 168 * BLOCKS + 2 * GUARD };

/* n lanes through squeeze, with outputs that begin `shift` + i bytes behind their guards. */
static void squeeze_once(const wtl_keccak *k, size_t n, size_t rate, size_t blocks, size_t shift)
{
    static uint8_t room[MOST][ROOM];
    _Alignas(64) uint64_t s[WORDS * MOST];
    uint64_t one[WORDS];
    uint8_t want[168 * BLOCKS];
    uint8_t *out[MOST];
    uint64_t seed = rate * 1000 + blocks * 100 + shift + 1;
    uint64_t start[WORDS * MOST];
    for (size_t i = 0; i < WORDS * n; i++)
        start[i] = s[i] = noise(&seed);
    memset(room, 0xa5, sizeof room);
    for (size_t i = 0; i < n; i++)
        out[i] = room[i] + 8 + (shift + i) % (GUARD - 8);
    if (n == 8)
        k->squeeze_x8(s, out, rate, blocks);
    else
        k->squeeze_x4(s, out, rate, blocks);
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < WORDS; w++)
            one[w] = start[w * n + i];
        for (size_t b = 0; b < blocks; b++) {
            wtl_keccak_ref_x1(one);
            for (size_t at = 0; at < rate; at++)
                want[b * rate + at] = (uint8_t)(one[at / 8] >> 8 * (at % 8));
        }
        assert_memory_equal(out[i], want, blocks * rate);
        for (size_t w = 0; w < WORDS; w++)
            assert_int_equal(s[w * n + i], one[w]); /* goes on where it stopped */
        for (uint8_t *p = room[i]; p < room[i] + ROOM; p++) {
            if ((p < out[i] || p >= out[i] + blocks * rate) && *p != 0xa5)
                fail_msg("%s x%zu rate %zu: a byte beside the output was written", wtl_cpu_name(k->level), n,
                         rate);
        }
    }
}

static void squeezing(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t c = 0; k != NULL && c < 4 * (BLOCKS + 1) * GUARD; c++)
            squeeze_once(k, c & 1 ? 8 : 4, c & 2 ? 168 : 136, c / 4 % (BLOCKS + 1), c / 4 / (BLOCKS + 1));
    }
}

/* Outputs that end where the memory ends (the sanitizer build sees a store behind them), and one buffer for lanes with
 * the same state. */
static void exact_and_shared_outputs(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t rate = 136; k != NULL && rate <= 168; rate += 32) {
            _Alignas(64) uint64_t s[WORDS * MOST] = {0};
            uint8_t *out[MOST], *same[MOST];
            for (size_t i = 0; i < MOST; i++) {
                out[i] = malloc(2 * rate);
                same[i] = out[0];
            }
            k->squeeze_x8(s, out, rate, 2);
            for (size_t i = 0; i < MOST; i++) {
                assert_memory_equal(out[i], first, rate); /* on a little-endian machine */
                assert_memory_equal(out[i] + rate, second, rate);
            }
            memset(out[0], 0, 2 * rate);
            memset(s, 0, sizeof s);
            k->squeeze_x8(s, same, rate, 2);
            assert_memory_equal(out[0], out[1], 2 * rate);
            memset(out[0], 0, 2 * rate);
            memset(s, 0, sizeof s);
            k->squeeze_x4(s, same, rate, 2);
            assert_memory_equal(out[0], out[1], 2 * rate);
            for (size_t i = 0; i < MOST; i++)
                free(out[i]);
        }
    }
}

static void picking(void **state)
{
    (void)state;
    const wtl_keccak *k;
    wtl_err err = {0};
    assert_good(wtl_keccak_pick(&k, WTL_CPU_AUTO, &err), &err);
    assert_int_equal(k->level, wtl_cpu_has(WTL_CPU_ICE)    ? WTL_CPU_AVX512
                               : wtl_cpu_has(WTL_CPU_AVX2) ? WTL_CPU_AVX2
                                                           : WTL_CPU_REF);
    assert_good(wtl_keccak_pick(&k, WTL_CPU_REF, &err), &err);
    assert_ptr_equal(k, &wtl_keccak_ref);
    assert_good(wtl_keccak_fault(&err), &err);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if (wtl_cpu_has(level))
            continue;
        assert_int_equal(wtl_keccak_pick(&k, level, &err), WTL_POLICY);
        assert_null(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picking),      cmocka_unit_test(known_answers),
        cmocka_unit_test(single_words), cmocka_unit_test(every_level_like_ref),
        cmocka_unit_test(squeezing),    cmocka_unit_test(exact_and_shared_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
