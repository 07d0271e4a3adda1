#include "unit.h"

#include <stdbool.h>

#include "kernel/curve25519_adx.h"
#include "kernel/curve25519_impl.h"

typedef unsigned __int128 wide;

static uint64_t noise(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x * 0x9e3779b97f4a7c15u;
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(noise() >> 32);
}

static void hex(uint8_t out[32], const char *text)
{
    for (int i = 0; i < 32; i++) {
        unsigned x;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &x), 1);
        out[i] = (uint8_t)x;
    }
}

/* Calls `fn` for every level of this machine. */
static void each(void (*fn)(const wtl_curve25519 *k))
{
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        wtl_err err = {0};
        const wtl_curve25519 *k;
        int rc = wtl_curve25519_pick(&k, level, &err);
        if (!wtl_cpu_has(level)) {
            assert_int_equal(rc, WTL_POLICY);
            assert_null(k);
            print_message("[  SKIPPED ] %s: not on this machine\n", wtl_cpu_name(level));
            continue;
        }
        assert_good(rc, &err);
        fn(k);
    }
}

static void levels(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_curve25519 *k;
    assert_good(wtl_curve25519_pick(&k, WTL_CPU_AUTO, &err), &err);
    assert_good(wtl_curve25519_fault(&err), &err);
#if defined(__x86_64__)
    if (wtl_cpu_has(WTL_CPU_AVX2) && wtl_cpu_has(WTL_CPU_ADX)) {
        assert_good(wtl_curve25519_pick(&k, WTL_CPU_AVX2, &err), &err);
        assert_ptr_equal(k, &wtl_curve25519_adx);
    }
    if (wtl_cpu_has(WTL_CPU_AVX512) && wtl_cpu_has(WTL_CPU_ICE)) {
        assert_good(wtl_curve25519_pick(&k, WTL_CPU_AVX512, &err), &err);
        assert_ptr_equal(k, &wtl_curve25519_ice);
    }
#endif
    assert_good(wtl_curve25519_pick(&k, WTL_CPU_REF, &err), &err);
    assert_ptr_equal(k, &wtl_curve25519_ref);
}

static void one_product(const wtl_curve25519 *k, const char *scalar, const char *point, const char *product)
{
    uint8_t s[32], p[32], want[32], got[32];
    hex(s, scalar);
    hex(p, point);
    hex(want, product);
    k->mul(got, s, p);
    assert_memory_equal(got, want, 32);
}

static void rfc7748_at(const wtl_curve25519 *k)
{
    one_product(k, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    one_product(k, "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    uint8_t a[32], b[32], pub_a[32], pub_b[32], got[32], want[32];
    hex(a, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    hex(b, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    k->base(pub_a, a);
    k->base(pub_b, b);
    hex(want, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_memory_equal(pub_a, want, 32);
    hex(want, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_memory_equal(pub_b, want, 32);
    hex(want, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    k->mul(got, a, pub_b);
    assert_memory_equal(got, want, 32);
    k->mul(got, b, pub_a);
    assert_memory_equal(got, want, 32);
}

static void rfc7748(void **state)
{
    (void)state;
    each(rfc7748_at);
}

/* Section 5.2: each result is the next scalar, each scalar the next point. */
static void iterate_at(const wtl_curve25519 *k)
{
    const bool long_one = getenv("WATTLE_X25519_MILLION") != NULL;
    uint8_t s[32] = {9}, u[32] = {9}, r[32], want[32];
    for (int i = 1; i <= (long_one ? 1000000 : 1000); i++) {
        k->mul(r, s, u);
        memcpy(u, s, 32);
        memcpy(s, r, 32);
        const char *text = i == 1         ? "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
                           : i == 1000    ? "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
                           : i == 1000000 ? "7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424"
                                          : NULL;
        if (text != NULL) {
            hex(want, text);
            assert_memory_equal(s, want, 32);
        }
    }
}

static void iterated(void **state)
{
    (void)state;
    if (getenv("WATTLE_X25519_MILLION") == NULL)
        print_message("1,000 iterations; WATTLE_X25519_MILLION=1 makes it 1,000,000\n");
    each(iterate_at);
}

/* The points of order 1, 2, 4 and 8 of the curve and of its twist, as every number that stands for one. */
static const char *const small[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void small_order_at(const wtl_curve25519 *k)
{
    static const uint8_t zero[32];
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        for (int times = 0; times < 40; times++) {
            uint8_t s[32], p[32], got[32];
            fill(s, 32);
            hex(p, small[i]);
            p[31] |= times % 2 ? 0x80 : 0;
            k->mul(got, s, p);
            assert_memory_equal(got, zero, 32);
        }
    }
}

static void small_order(void **state)
{
    (void)state;
    each(small_order_at);
}

/* p + i is i; the highest bit is nothing; results stand below p (p - 1 = -1 and its neighbours come out as such). */
static void not_canonical_at(const wtl_curve25519 *k)
{
    for (int i = 0; i < 19; i++) {
        uint8_t s[32], low[32] = {(uint8_t)i}, high[32], want[32], got[32];
        fill(s, 32);
        memset(high, 0xff, 32);
        high[0] = (uint8_t)(0xed + i);
        high[31] = 0x7f;
        wtl_curve25519_ref.mul(want, s, low);
        k->mul(got, s, low);
        assert_memory_equal(got, want, 32);
        k->mul(got, s, high);
        assert_memory_equal(got, want, 32);
        high[31] = 0xff;
        k->mul(got, s, high);
        assert_memory_equal(got, want, 32);
        low[31] = 0x80;
        k->mul(got, s, low);
        assert_memory_equal(got, want, 32);
    }
}

static void not_canonical(void **state)
{
    (void)state;
    each(not_canonical_at);
}

/* The bits that clamping sets do not matter, every other one does; and out may be an input. */
static void clamping_at(const wtl_curve25519 *k)
{
    uint8_t s[32], p[32], want[32], want_base[32], got[32];
    fill(s, 32);
    fill(p, 32);
    k->mul(want, s, p);
    k->base(want_base, s);
    for (int bit = 0; bit < 256; bit++) {
        bool ignored = bit < 3 || bit > 253;
        s[bit / 8] ^= (uint8_t)(1 << bit % 8);
        k->mul(got, s, p);
        assert_int_equal(memcmp(got, want, 32) == 0, ignored);
        k->base(got, s);
        assert_int_equal(memcmp(got, want_base, 32) == 0, ignored);
        s[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memcpy(got, p, 32);
    k->mul(got, s, got);
    assert_memory_equal(got, want, 32);
    memcpy(got, s, 32);
    k->mul(got, got, p);
    assert_memory_equal(got, want, 32);
    memcpy(got, s, 32);
    k->base(got, got);
    assert_memory_equal(got, want_base, 32);
}

static void clamping(void **state)
{
    (void)state;
    each(clamping_at);
}

/* Runs of equal bits and bytes at the ends of their range more often than chance has them. */
static void odd_number(uint8_t out[32])
{
    fill(out, 32);
    uint64_t kind = noise() >> 60;
    for (int i = 0; i < 32 && kind < 8; i++) {
        uint64_t x = noise() >> 61;
        if (x < kind)
            out[i] = x % 2 ? 0xff : 0;
    }
}

/* Against plain C; with it, and with each level, k * 9 by the ladder is what the table gives. */
static void differential(void **state)
{
    (void)state;
    enum { TIMES = 100000 };
    static const uint8_t nine[32] = {9};
    const wtl_curve25519 *all[WTL_CPU_LEVELS];
    size_t n = 0;
    for (int level = 1; level < WTL_CPU_LEVELS; level++) {
        const wtl_curve25519 *k;
        if (wtl_curve25519_pick(&k, level, NULL) == WTL_OK && k != &wtl_curve25519_ref)
            all[n++] = k;
    }
    for (int times = 0; times < TIMES; times++) {
        uint8_t s[32], p[32], want[32], base[32], got[32];
        odd_number(s);
        odd_number(p);
        wtl_curve25519_ref.mul(want, s, p);
        wtl_curve25519_ref.base(base, s);
        for (size_t i = 0; i < n; i++) {
            all[i]->mul(got, s, p);
            assert_memory_equal(got, want, 32);
            all[i]->base(got, s);
            assert_memory_equal(got, base, 32);
        }
        const wtl_curve25519 *k = times % (int)(n + 1) == 0 ? &wtl_curve25519_ref
                                                            : all[(size_t)times % (n + 1) - 1];
        if (times % 8 == 0 || k != &wtl_curve25519_ref) {
            k->mul(got, s, nine);
            assert_memory_equal(got, base, 32);
        }
    }
}

/* Slow numbers below 2^256, to compare with: r = a * b + c mod p, fully reduced. */
static void slow(uint64_t r[4], const uint64_t a[4], const uint64_t b[4], const uint64_t c[4])
{
    uint64_t t[8] = {c[0], c[1], c[2], c[3]};
    for (int i = 0; i < 4; i++) {
        wide x = 0;
        for (int j = 0; j < 4; j++) {
            x += (wide)a[i] * b[j] + t[i + j];
            t[i + j] = (uint64_t)x;
            x >>= 64;
        }
        t[i + 4] = (uint64_t)x;
    }
    wide x = 0;
    for (int i = 0; i < 4; i++) {
        x += t[i] + (wide)t[i + 4] * 38;
        r[i] = (uint64_t)x;
        x >>= 64;
    }
    for (int times = 0; times < 3; times++) { /* what is left at 2^255 and above, and 1 more when >= p */
        x = x * 38 + (r[3] >> 63) * 19;
        r[3] &= INT64_MAX;
        for (int i = 0; i < 4; i++) {
            x += r[i];
            r[i] = (uint64_t)x;
            x >>= 64;
        }
    }
    if (r[3] == INT64_MAX && (r[1] & r[2]) == UINT64_MAX && r[0] >= UINT64_MAX - 18) {
        r[0] -= UINT64_MAX - 18;
        r[1] = r[2] = r[3] = 0;
    }
}

static const uint64_t none[4], one[4] = {1},
                               minus_one[4] = {UINT64_MAX - 19, UINT64_MAX, UINT64_MAX, INT64_MAX};

/* The number that lane l stands for. */
static void value(uint64_t r[4], const wtl_curve25519_field *f, const uint64_t *a, size_t l)
{
    uint64_t power[4] = {f->bits == 64 ? 0 : UINT64_C(1) << f->bits, f->bits == 64};
    memset(r, 0, 32);
    for (size_t i = f->limbs; i-- > 0;) {
        uint64_t limb[4] = {a[i * f->lanes + l]};
        slow(r, r, power, limb);
    }
}

static void pick_limbs(uint64_t *a, size_t n, uint64_t most)
{
    uint64_t kind = noise() >> 61;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = noise(), small_one = noise() >> 60;
        if (most != UINT64_MAX)
            x %= most + 1;
        if (kind < 4 && x % 4 <= kind)
            x = x % 8 < 4 ? most - (small_one < most ? small_one : 0) : small_one;
        a[i] = kind == 7 ? most : x;
    }
}

enum { WORDS_MOST = 40 };

static void same(const wtl_curve25519_field *f, const uint64_t *got, uint64_t most, size_t l,
                 const uint64_t want[4])
{
    uint64_t v[4];
    value(v, f, got, l);
    assert_memory_equal(v, want, 32);
    for (size_t i = 0; i < f->limbs; i++)
        assert_true(got[i * f->lanes + l] <= most);
}

static void one_round(const wtl_curve25519_field *f)
{
    uint64_t a[WORDS_MOST], b[WORDS_MOST], c[WORDS_MOST], d[WORDS_MOST], r[4][WORDS_MOST];
    size_t n = f->limbs * f->lanes;
    pick_limbs(a, n, f->most);
    pick_limbs(b, n, f->most);
    pick_limbs(c, n, f->tight);
    pick_limbs(d, n, f->tight);
    f->mul(r[0], a, b);
    f->sqr(r[1], a);
    f->add(r[2], c, d);
    f->sub(r[3], c, d);
    for (size_t l = 0; l < f->lanes; l++) {
        uint64_t va[4], vb[4], vc[4], vd[4], want[4];
        value(va, f, a, l);
        value(vb, f, b, l);
        value(vc, f, c, l);
        value(vd, f, d, l);
        slow(want, va, vb, none);
        same(f, r[0], f->tight, l, want);
        slow(want, va, va, none);
        same(f, r[1], f->tight, l, want);
        slow(want, vc, one, vd);
        same(f, r[2], f->most, l, want);
        slow(want, vd, minus_one, vc);
        same(f, r[3], f->most, l, want);
    }
}

static void arithmetic(void **state)
{
    (void)state;
    enum { TIMES = 1000000 };
    static const wtl_curve25519_field *const all[] = {
        &wtl_curve25519_ref_field,
#if defined(__x86_64__)
        &wtl_curve25519_adx_field,
        &wtl_curve25519_base_ice_field,
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!wtl_cpu_has(all[i]->level) || !wtl_cpu_has(all[i]->also)) {
            print_message("[  SKIPPED ] %s: not on this machine\n", wtl_cpu_name(all[i]->level));
            continue;
        }
        for (size_t times = 0; times < TIMES / all[i]->lanes; times++)
            one_round(all[i]);
    }
}

#if defined(__x86_64__)
/* a / b * b is a, reduced; x / 0 is 0. */
static void one_division(const uint64_t a[4], const uint64_t b[4])
{
    uint64_t q[4], r[4], want[4], bb[4];
    wtl_curve25519_adx_divide((uint8_t *)q, a, b);
    slow(want, q, one, none);
    assert_memory_equal(q, want, 32); /* fully reduced */
    slow(r, q, b, none);
    slow(want, a, one, none);
    slow(bb, b, one, none);
    if (memcmp(bb, none, 32) == 0)
        memset(want, 0, 32);
    assert_memory_equal(r, want, 32);
}

static void division(void **state)
{
    (void)state;
    if (!wtl_cpu_has(WTL_CPU_ADX))
        skip();
    static const uint64_t three[4] = {3};
    for (uint64_t i = 0; i < 4 * 64; i++) { /* 2^i, 2^i - 1, -2^i, p +- small, 2p +- small */
        uint64_t x[4] = {0}, y[4], z[4];
        x[i / 64] = UINT64_C(1) << i % 64;
        slow(y, x, one, minus_one);
        slow(z, x, minus_one, none);
        one_division(three, x);
        one_division(three, y);
        one_division(z, y);
        one_division(y, z);
        memset(z, 0xff, 32);
        z[0] -= i;
        one_division(three, z);
        one_division(z, three);
        z[3] = INT64_MAX;
        one_division(three, z);
        one_division(z, three);
        one_division(three, (uint64_t[4]){i});
    }
    for (int times = 0; times < 100000; times++) {
        uint64_t a[4], b[4];
        pick_limbs(a, 4, UINT64_MAX);
        pick_limbs(b, 4, UINT64_MAX);
        one_division(a, b);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),       cmocka_unit_test(rfc7748),       cmocka_unit_test(iterated),
        cmocka_unit_test(small_order),  cmocka_unit_test(not_canonical), cmocka_unit_test(clamping),
        cmocka_unit_test(differential), cmocka_unit_test(arithmetic),
#if defined(__x86_64__)
        cmocka_unit_test(division),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
