/* C2SP/CCTV's vector of the field operations of ML-DSA: one hash over their results for every element of the field. */
#include "mldsa_levels.h"

#include "kernel/polydsa.h"
#include "scheme/shake.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, LINES = 12, LINE = 9 };

static const int32_t gamma2s[] = {(Q - 1) / 88, (Q - 1) / 32};

/* What the kernels say of 256 elements. */
typedef struct results {
    wtl_polydsa_poly canon, t1, t0, high[2], same[2], other[2], low[2];
} results;

static void compute(const wtl_polydsa *ops, int32_t from, results *out)
{
    wtl_polydsa_poly none = {0};
    wtl_polydsa_poly hint;
    for (int i = 0; i < N; i++) {
        out->canon.c[i] = from + i < Q ? from + i : 0;
        hint.c[i] = 1;
    }
    ops->power2round(&out->t1, &out->t0, &out->canon);
    for (int g = 0; g < 2; g++) {
        ops->decompose(&out->high[g], &out->low[g], &out->canon, gamma2s[g]);
        ops->use_hint(&out->same[g], &none, &out->canon, gamma2s[g]);
        ops->use_hint(&out->other[g], &hint, &out->canon, gamma2s[g]);
    }
    ops->canon(&out->t0);
}

static char *put(char *to, int32_t v)
{
    char digits[LINE];
    int n = 0;
    if (v < 0)
        *to++ = '-';
    for (uint32_t u = (uint32_t)abs(v); u > 0 || n == 0; u /= 10)
        digits[n++] = (char)('0' + u % 10);
    while (n > 0)
        *to++ = digits[--n];
    *to++ = '\n';
    return to;
}

static char *put_one(char *to, const results *r, int i)
{
    int32_t centred = r->canon.c[i] > Q / 2 ? r->canon.c[i] - Q : r->canon.c[i];
    to = put(put(to, centred), abs(centred));
    to = put(put(to, r->t1.c[i]), r->t0.c[i]);
    for (int g = 0; g < 2; g++) {
        assert_int_equal(r->same[g].c[i], r->high[g].c[i]);
        to = put(put(to, r->high[g].c[i]), r->other[g].c[i]);
        to = put(put(to, r->low[g].c[i]), abs(r->low[g].c[i]));
    }
    return to;
}

static void the_example(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (EACH_LEVEL(level)) {
        const wtl_polydsa *ops = NULL;
        results r;
        char text[LINES * LINE];
        assert_good(wtl_polydsa_pick(&ops, level, &err), &err);
        compute(ops, 6010000 - 7, &r);
        *put_one(text, &r, 7) = '\0';
        assert_string_equal(
            text, "-2370417\n2370417\n734\n8377489\n32\n31\n-84848\n84848\n11\n12\n248464\n248464\n");
    }
}

/* Plain C's results are hashed; the other levels' are the same. */
static void every_element(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_keccak *keccak = NULL;
    const wtl_polydsa *ops[WTL_CPU_LEVELS] = {NULL};
    results ref;
    results r;
    wtl_shake sum;
    uint8_t hash[32];
    assert_good(wtl_keccak_pick(&keccak, WTL_CPU_AUTO, &err), &err);
    for (EACH_LEVEL(level))
        assert_good(wtl_polydsa_pick(&ops[level], level, &err), &err);
    wtl_shake_start(&sum, keccak, WTL_SHAKE128);
    for (int32_t from = 0; from < Q; from += N) {
        char text[N * LINES * LINE];
        char *to = text;
        compute(ops[WTL_CPU_REF], from, &ref);
        for (int level = WTL_CPU_REF + 1; level < WTL_CPU_LEVELS; level++) {
            if (ops[level] == NULL)
                continue;
            compute(ops[level], from, &r);
            assert_memory_equal(&r, &ref, sizeof r);
        }
        for (int i = 0; i < N && from + i < Q; i++)
            to = put_one(to, &ref, i);
        wtl_shake_add(&sum, (wtl_bytes){(uint8_t *)text, (size_t)(to - text)});
    }
    wtl_shake_read(&sum, hash, sizeof hash);
    /* From CCTV's ML-DSA/accumulated/README.md. */
    vec_is((wtl_bytes){hash, sizeof hash},
           "f930663417278156ab05d940294a77210a809c924d8ab63ec72f4526247602c7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_example), cmocka_unit_test(every_element)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
