/* C2SP's vectors of ML-KEM, at every level. WATTLE_MLKEM_LONG=1 runs the accumulated test over a million keys too,
 * WATTLE_MLKEM_LONG=avx512 by that level alone. */
#include "unit.h"

#include "mlkem_lib.h"
#include "scheme/mlkem_impl.h"

static FILE *open_of(const char *folder, enum wtl_mlkem_set set, const char *end)
{
    char file[128];
    snprintf(file, sizeof file, "cctv/ML-KEM/%s/%s%s", folder, wtl_mlkem_params_of(set)->name, end);
    const char *path = unit_path("WATTLE_VECTORS", file);
    if (path == NULL) {
        print_message("# skipped: %s is not in the folder that WATTLE_VECTORS names\n", file);
        return NULL;
    }
    if (strcmp(end, ".txt.gz") != 0)
        return fopen(path, "r");
    char command[4200];
    assert_null(strchr(path, '\''));
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    return popen(command, "r");
}

/* The values of a file's lines of these names, which stand in the order in which it has them. */
static bool lines(const char *folder, enum wtl_mlkem_set set, const char *const name[], size_t n,
                  wtl_buf *value)
{
    FILE *f = open_of(folder, set, ".txt");
    if (f == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        char *hex = kem_line(f, name[i]);
        if (hex == NULL)
            fail_msg("%s: no line %s", folder, name[i]);
        value[i] = vec_hex(hex);
        free(hex);
    }
    fclose(f);
    return true;
}

static void free_all(wtl_buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wtl_buf_free(&b[i]);
}

static void same(wtl_bytes got, const wtl_buf *want)
{
    assert_true(vec_same(got, wtl_buf_view(want)));
}

static void one_strcmp(enum wtl_mlkem_set set)
{
    static const char *const name[] = {"dk", "c", "K"};
    wtl_buf v[3] = {{0}};
    if (!lines("strcmp", set, name, 3, v))
        skip();
    EACH_LEVEL(level)
    {
        uint8_t ss[32];
        AUTO(wtl_mlkem) *k = kem_private(set, level, wtl_buf_view(&v[0]));
        kem_decaps(k, wtl_buf_view(&v[1]), ss);
        same((wtl_bytes){ss, 32}, &v[2]);
    }
    free_all(v, 3);
}

static void strcmps(void **state)
{
    (void)state;
    for (int set = 0; set < WTL_MLKEM_SETS; set++)
        one_strcmp(set);
}

/* These keys were made before FIPS 203 was final, when G took d alone: they are taken as ek and dk, not as a seed. m gives
 * K and c, and the matrix is that of the file. */
enum { EK, DK, M, K, C, PARTS };
static void whole_run(enum wtl_mlkem_set set, const wtl_buf *v)
{
    uint8_t c[WTL_MLKEM_CT_MOST], ss[32];
    size_t ct_n = wtl_mlkem_params_of(set)->ct;
    EACH_LEVEL(level)
    {
        AUTO(wtl_mlkem) *pub = kem_public(set, level, wtl_buf_view(&v[EK]));
        wtl_mlkem_encaps(pub, v[M].p, c, ss);
        same((wtl_bytes){ss, 32}, &v[K]);
        same((wtl_bytes){c, ct_n}, &v[C]);
        AUTO(wtl_mlkem) *priv = kem_private(set, level, wtl_buf_view(&v[DK]));
        same(wtl_mlkem_public(priv), &v[EK]);
        memset(ss, 0, sizeof ss);
        kem_decaps(priv, (wtl_bytes){c, ct_n}, ss);
        same((wtl_bytes){ss, 32}, &v[K]);
    }
}

static void unlucky(void **state)
{
    (void)state;
    static const char *const name[PARTS] = {"ek", "dk", "m", "K", "c"};
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        wtl_buf v[PARTS] = {{0}};
        if (!lines("unluckysample", set, name, PARTS, v))
            skip();
        whole_run(set, v);
        free_all(v, PARTS);
    }
}

/* The polynomials of one matrix or vector, by ByteEncode_12, as this level has them inside. */
static void same_polys(const wtl_polykem *ops, const wtl_polykem_poly *f, unsigned n, const wtl_buf *want)
{
    uint8_t bytes[WTL_POLYKEM_BYTES];
    assert_int_equal(want->n, n * WTL_POLYKEM_BYTES);
    for (unsigned i = 0; i < n; i++) {
        ops->to_bytes(bytes, &f[i]);
        assert_memory_equal(bytes, want->p + (size_t)i * WTL_POLYKEM_BYTES, sizeof bytes);
    }
}

/* The files of intermediate values: the transposed matrix and s as the key holds them, too. */
static void intermediate(void **state)
{
    (void)state;
    static const char *const name[PARTS] = {"ek", "dk", "m", "K", "c"};
    static const char *const inner[] = {"dkPKE = NTT(s)", "t", "H(ek)", "A^T"};
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        wtl_buf v[PARTS] = {{0}}, in[4] = {{0}};
        unsigned k = wtl_mlkem_params_of(set)->k;
        if (!lines("intermediate", set, name, PARTS, v) || !lines("intermediate", set, inner, 4, in))
            skip();
        whole_run(set, v);
        EACH_LEVEL(level)
        {
            AUTO(wtl_mlkem) *key = kem_private(set, level, wtl_buf_view(&v[DK]));
            same_polys(key->poly, key->s, k, &in[0]);
            same_polys(key->poly, key->t, k, &in[1]);
            same((wtl_bytes){key->h, 32}, &in[2]);
            same_polys(key->poly, key->at, k * k, &in[3]);
        }
        free_all(v, PARTS);
        free_all(in, 4);
    }
}

/* Every coefficient above 3328 at every place, one a line. */
static void modulus(void **state)
{
    (void)state;
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        FILE *f = open_of("modulus", set, ".txt.gz");
        if (f == NULL)
            skip();
        char *line = NULL;
        size_t cap = 0;
        unsigned ran = 0;
        while (getline(&line, &cap, f) >= 0) {
            line[strcspn(line, "\r\n")] = '\0';
            VEC_HEX(ek, line);
            EACH_LEVEL(level)
            {
                wtl_mlkem_key *k = NULL;
                assert_int_equal(wtl_mlkem_from_public(&k, set, level, wtl_buf_view(&ek), NULL), WTL_FORMAT);
                assert_null(k);
            }
            ran++;
        }
        free(line);
        assert_int_equal(pclose(f), 0);
        assert_int_equal(ran, set == WTL_MLKEM_512 ? 775 : set == WTL_MLKEM_768 ? 780 : 1040);
    }
}

/* One of the accumulated tests. */
static void accumulate(enum wtl_mlkem_set set, int level, wtl_shake *rng, wtl_shake *sum)
{
    uint8_t in[96], bad[WTL_MLKEM_CT_MOST], ct[WTL_MLKEM_CT_MOST], ss[32], back[32];
    size_t n = wtl_mlkem_params_of(set)->ct;
    wtl_shake_read(rng, in, sizeof in);
    wtl_shake_read(rng, bad, n);
    AUTO(wtl_mlkem) *k = kem_seed(set, level, in);
    wtl_mlkem_encaps(k, in + 64, ct, ss);
    kem_decaps(k, (wtl_bytes){ct, n}, back);
    assert_memory_equal(ss, back, 32);
    kem_decaps(k, (wtl_bytes){bad, n}, back);
    wtl_shake_add(sum, wtl_mlkem_public(k));
    wtl_shake_add(sum, wtl_mlkem_private(k));
    wtl_shake_add(sum, (wtl_bytes){ct, n});
    wtl_shake_add(sum, (wtl_bytes){ss, 32});
    wtl_shake_add(sum, (wtl_bytes){back, 32});
}

static void accumulated_of(enum wtl_mlkem_set set, int level, unsigned count, const char *want)
{
    const wtl_keccak *keccak = NULL;
    wtl_err err = {0};
    assert_good(wtl_keccak_pick(&keccak, WTL_CPU_AUTO, &err), &err);
    wtl_shake rng, sum;
    uint8_t got[32];
    wtl_shake_start(&rng, keccak, WTL_SHAKE128);
    wtl_shake_start(&sum, keccak, WTL_SHAKE128);
    for (unsigned i = 0; i < count; i++)
        accumulate(set, level, &rng, &sum);
    wtl_shake_read(&sum, got, 32);
    vec_is((wtl_bytes){got, 32}, want);
}

/* C2SP's accumulated tests (CCTV, ML-KEM/README.md) with G(d || k), which FIPS 203 has and the draft of CCTV's own hashes
 * had not; these hashes are what independent implementations of the final standard publish for the same procedure. */
static void accumulated(void **state)
{
    (void)state;
    static const char *const short_run[] = {
        "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13",
        "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1",
        "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5",
    };
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        EACH_LEVEL(level)
        {
            accumulated_of(set, level, 10000, short_run[set]);
        }
    }
}

static void accumulated_long(void **state)
{
    (void)state;
    static const char *const long_run[] = {
        "21dd330d4355f2ae2876b9fa2b9de62ecaf76aca1d598de8db2b467d36e36a6a",
        "3b108396a277f2952ff3243a985c9709bcb95788c39b7b36a2c4e19d1a41e51e",
        "6377c4f0ecfdb32e63f7b58227960828784fe0b3e0e5e5e9f77be300f003512a",
    };
    const char *which = getenv("WATTLE_MLKEM_LONG");
    if (which == NULL) {
        print_message("# skipped: WATTLE_MLKEM_LONG=1 runs a million keys of each set and level\n");
        skip();
    }
    for (int set = 0; set < WTL_MLKEM_SETS; set++) {
        EACH_LEVEL(level)
        {
            if (strcmp(which, "1") == 0 || strcmp(which, wtl_cpu_name(level)) == 0) {
                accumulated_of(set, level, 1000000, long_run[set]);
                print_message("# %s, %s: 1000000 keys\n", wtl_mlkem_params_of(set)->name,
                              wtl_cpu_name(level));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strcmps), cmocka_unit_test(unlucky),     cmocka_unit_test(intermediate),
        cmocka_unit_test(modulus), cmocka_unit_test(accumulated), cmocka_unit_test(accumulated_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
