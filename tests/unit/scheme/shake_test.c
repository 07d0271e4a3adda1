#include "unit.h"

#include "../crypto/vec.h"
#include "scheme/shake.h"

static const wtl_keccak *level_of(enum wtl_cpu_level level)
{
    const wtl_keccak *k = NULL;
    wtl_err err = {0};
    if (wtl_cpu_has(level))
        assert_good(wtl_keccak_pick(&k, level, &err), &err);
    return k;
}

/* The last 32 bytes of 512 from SHAKE, or of the digest, of nothing and of 200 bytes of a3: NIST's examples with
 * intermediate values (SHAKE*_Msg0, _Msg1600, SHA3-*_Msg0, _1600). */
static const struct {
    wtl_shake_kind kind;
    size_t from, out;
    uint8_t last[32];
} known[] = {
    {{168, 0x1f}, 0, 512, {0x43, 0xe4, 0x1b, 0x45, 0xa6, 0x53, 0xf2, 0xa5, 0xc4, 0x49, 0x2c,
                           0x1a, 0xdd, 0x54, 0x45, 0x12, 0xdd, 0xa2, 0x52, 0x98, 0x33, 0x46,
                           0x2b, 0x71, 0xa4, 0x1a, 0x45, 0xbe, 0x97, 0x29, 0x0b, 0x6f}},
    {{168, 0x1f}, 200, 512, {0x44, 0xc9, 0xfb, 0x35, 0x9f, 0xd5, 0x6a, 0xc0, 0xa9, 0xa7, 0x5a,
                             0x74, 0x3c, 0xff, 0x68, 0x62, 0xf1, 0x7d, 0x72, 0x59, 0xab, 0x07,
                             0x52, 0x16, 0xc0, 0x69, 0x95, 0x11, 0x64, 0x3b, 0x64, 0x39}},
    {{136, 0x1f}, 0, 512, {0xab, 0x0b, 0xae, 0x31, 0x63, 0x39, 0x89, 0x43, 0x04, 0xe3, 0x58,
                           0x77, 0xb0, 0xc2, 0x8a, 0x9b, 0x1f, 0xd1, 0x66, 0xc7, 0x96, 0xb9,
                           0xcc, 0x25, 0x8a, 0x06, 0x4a, 0x8f, 0x57, 0xe2, 0x7f, 0x2a}},
    {{136, 0x1f}, 200, 512, {0x6a, 0x1a, 0x9d, 0x78, 0x46, 0x43, 0x6e, 0x4d, 0xca, 0x57, 0x28,
                             0xb6, 0xf7, 0x60, 0xee, 0xf0, 0xca, 0x92, 0xbf, 0x0b, 0xe5, 0x61,
                             0x5e, 0x96, 0x95, 0x9d, 0x76, 0x71, 0x97, 0xa0, 0xbe, 0xeb}},
    {{136, 0x06}, 0, 32, {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66, 0x51, 0xc1, 0x47,
                          0x56, 0xa0, 0x61, 0xd6, 0x62, 0xf5, 0x80, 0xff, 0x4d, 0xe4, 0x3b,
                          0x49, 0xfa, 0x82, 0xd8, 0x0a, 0x4b, 0x80, 0xf8, 0x43, 0x4a}},
    {{136, 0x06}, 200, 32, {0x79, 0xf3, 0x8a, 0xde, 0xc5, 0xc2, 0x03, 0x07, 0xa9, 0x8e, 0xf7,
                            0x6e, 0x83, 0x24, 0xaf, 0xbf, 0xd4, 0x6c, 0xfd, 0x81, 0xb2, 0x2e,
                            0x39, 0x73, 0xc6, 0x5f, 0xa1, 0xbd, 0x9d, 0xe3, 0x17, 0x87}},
    {{72, 0x06}, 0, 64, {0x15, 0xb2, 0x12, 0x3a, 0xf1, 0xf5, 0xf9, 0x4c, 0x11, 0xe3, 0xe9,
                         0x40, 0x2c, 0x3a, 0xc5, 0x58, 0xf5, 0x00, 0x19, 0x9d, 0x95, 0xb6,
                         0xd3, 0xe3, 0x01, 0x75, 0x85, 0x86, 0x28, 0x1d, 0xcd, 0x26}},
    {{72, 0x06}, 200, 64, {0x1b, 0x7c, 0x13, 0xc3, 0x0a, 0xdf, 0x52, 0xa3, 0x65, 0x95, 0x84,
                           0x73, 0x9a, 0x2d, 0xf4, 0x6b, 0xe5, 0x89, 0xc5, 0x1c, 0xa1, 0xa4,
                           0xa8, 0x41, 0x6d, 0xf6, 0x54, 0x5a, 0x1c, 0xe8, 0xba, 0x00}},
};

static void known_answers(void **state)
{
    (void)state;
    uint8_t message[200];
    uint8_t out[512];
    memset(message, 0xa3, sizeof message);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t i = 0; k != NULL && i < sizeof known / sizeof known[0]; i++) {
            const wtl_bytes part = {message, known[i].from};
            wtl_shake_once(k, known[i].kind, &part, 1, out, known[i].out);
            assert_memory_equal(out + known[i].out - 32, known[i].last, 32);
        }
    }
}

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = (uint8_t)(seed >> 24);
    }
}

/* 1 to 8 lanes, every split of the message that seeds and nonces come to, against each message by itself. */
static void lanes_like_one(void **state)
{
    (void)state;
    enum { LANES = 8, BLOCKS = 3, RATE = 168, GUARD = 16 };
    static const size_t heads[] = {0, 1, 7, 8, 32, 34, 64, 66, 100}, tails[] = {0, 1, 2, 8, 33, 35};
    static uint8_t head[LANES][128], tail[LANES][64], out[LANES][RATE * BLOCKS + GUARD], good[RATE * BLOCKS];
    const uint8_t *h[LANES], *t[LANES];
    uint8_t *o[LANES];
    fill(&head[0][0], sizeof head, 1);
    fill(&tail[0][0], sizeof tail, 2);
    for (size_t i = 0; i < LANES; i++) {
        h[i] = head[i] + i;
        t[i] = tail[i] + i;
        o[i] = out[i] + i;
    }
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t c = 0; k != NULL && c < 9 * 6 * 2 * LANES; c++) {
            size_t head_n = heads[c % 9], tail_n = tails[c / 9 % 6], lanes = c / 108 + 1;
            const wtl_shake_kind kind = c / 54 % 2 ? WTL_SHAKE128 : WTL_SHAKE256;
            wtl_shake_lanes l;
            memset(out, 0xee, sizeof out);
            wtl_shake_lanes_start(&l, k, kind, lanes, head_n ? h : NULL, head_n, tail_n ? t : NULL, tail_n);
            wtl_shake_lanes_read(&l, o, 1);
            for (size_t i = 0; i < lanes; i++)
                o[i] += kind.rate;
            wtl_shake_lanes_read(&l, o, BLOCKS - 1);
            wtl_shake_lanes_end(&l);
            for (size_t i = 0; i < lanes; i++) {
                const wtl_bytes part[] = {{h[i], head_n}, {t[i], tail_n}};
                size_t n = (size_t)kind.rate * BLOCKS;
                o[i] -= kind.rate;
                wtl_shake_once(k, kind, part, 2, good, n);
                assert_memory_equal(o[i], good, n);
                for (size_t g = 0; g < sizeof out[i]; g++)
                    assert_true((g >= i && g < i + n) || out[i][g] == 0xee);
            }
            for (size_t i = lanes; i < LANES; i++)
                assert_int_equal(out[i][40], 0xee);
        }
    }
}

/* Message and output in pieces of every size around words and blocks, against both in one go. */
static void any_pieces(void **state)
{
    (void)state;
    static const wtl_shake_kind kinds[] = {WTL_SHAKE128, WTL_SHAKE256, WTL_SHA3_256, WTL_SHA3_512};
    enum { IN = 700, OUT = 600 };
    uint8_t in[IN];
    uint8_t out[OUT];
    uint8_t good[OUT];
    fill(in, sizeof in, 3);
    const wtl_keccak *k = level_of(WTL_CPU_REF);
    for (size_t c = 0; c < 4 * 175; c++) {
        const wtl_shake_kind kind = kinds[c % 4];
        size_t piece = c / 4 + 1;
        const wtl_bytes whole = {in, IN - c};
        wtl_shake_once(k, kind, &whole, 1, good, OUT);
        wtl_shake h;
        wtl_shake copy;
        wtl_shake_start(&h, k, kind);
        for (size_t at = 0; at < whole.n; at += piece)
            wtl_shake_add(&h, (wtl_bytes){in + at, whole.n - at < piece ? whole.n - at : piece});
        wtl_shake_add(&h, (wtl_bytes){NULL, 0});
        copy = h;
        wtl_shake_read(&h, out, 0);
        for (size_t at = 0; at < OUT; at += piece)
            wtl_shake_read(&h, out + at, OUT - at < piece ? OUT - at : piece);
        assert_memory_equal(out, good, OUT);
        wtl_shake_read(&copy, out, OUT); /* branched off before the first read */
        assert_memory_equal(out, good, OUT);
        wtl_shake_end(&h);
        static const wtl_shake wiped;
        assert_memory_equal(h.s, wiped.s, sizeof h.s);
    }
}

/* Every length from nothing to two blocks and a byte: the padding falls on each place. Each digest goes into one hash
 * of them all, which Python's hashlib computed likewise. */
static void every_length(void **state)
{
    (void)state;
    static const struct {
        wtl_shake_kind kind;
        size_t out;
        const char *all;
    } run[] = {
        {{168, 0x1f}, 64, "4a1ea8bde643359f2297588830bea861750b2294aff9a5b13f391742980fb138"},
        {{136, 0x1f}, 64, "7cd969e5616e0e3b77f50b38a60ea0ce94069fecaaae1d325f2e7d9b2e838af8"},
        {{136, 0x06}, 32, "25245c4fd2f6b7f0c24372f880ddca4a1bc365799c51ef559599b6b3723ef2bb"},
        {{72, 0x06}, 64, "d1dd22acc7f732867cb329fa3d1b52368e2932d44d455110915c2258e82624b6"},
    };
    uint8_t in[340];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(7 * i);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_keccak *k = level_of(level);
        for (size_t r = 0; k != NULL && r < sizeof run / sizeof run[0]; r++) {
            uint8_t out[64];
            wtl_shake all;
            wtl_shake_start(&all, k, WTL_SHAKE256);
            for (size_t n = 0; n <= sizeof in; n++) {
                const wtl_bytes part = {in, n};
                wtl_shake_once(k, run[r].kind, &part, 1, out, run[r].out);
                wtl_shake_add(&all, (wtl_bytes){out, run[r].out});
            }
            wtl_shake_read(&all, out, 32);
            vec_is((wtl_bytes){out, 32}, run[r].all);
        }
    }
}

/* A field of evp_test: a "text" or hexadecimal, that many times. */
static wtl_buf message_of(const vec_stanza *s)
{
    const char *value = vec_field(s, "Input");
    const char *count = vec_field(s, "Count");
    const char *copies = vec_field(s, "Ncopy");
    size_t times = (count ? strtoul(count, NULL, 10) : 1) * (copies ? strtoul(copies, NULL, 10) : 1);
    wtl_buf once = {0}, all = {0};
    if (value[0] == '"')
        wtl_buf_bytes(&once, (wtl_bytes){(const uint8_t *)value + 1, strlen(value) - 2});
    else
        once = vec_hex(value);
    for (size_t i = 0; i < times; i++)
        wtl_buf_bytes(&all, wtl_buf_view(&once));
    wtl_buf_free(&once);
    return all;
}

static int one_vector(const vec_stanza *s)
{
    static const struct {
        const char *name;
        wtl_shake_kind kind;
    } kinds[] = {{"SHAKE128", {168, 0x1f}},
                 {"SHAKE256", {136, 0x1f}},
                 {"SHA3-256", {136, 0x06}},
                 {"SHA3-512", {72, 0x06}}};
    const char *digest = vec_field(s, "Digest");
    const char *want = vec_field(s, "Output");
    if (digest == NULL || want == NULL || vec_field(s, "Input") == NULL)
        return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(digest, kinds[i].name) != 0)
            continue;
        AUTO(wtl_buf) m = message_of(s);
        uint8_t out[1024];
        const wtl_bytes part = wtl_buf_view(&m);
        size_t n = strlen(want) / 2;
        assert_true(n <= sizeof out);
        for (int level = 0; level < WTL_CPU_LEVELS; level++) {
            const wtl_keccak *k = level_of(level);
            if (k == NULL)
                continue;
            wtl_shake_once(k, kinds[i].kind, &part, 1, out, n);
            vec_is((wtl_bytes){out, n}, want);
        }
        return 1;
    }
    return 0;
}

static void openssl_vectors(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_OPENSSL_VECTORS", "evpmd_sha.txt");
    assert_true(vec_stanzas(path, one_vector) >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers), cmocka_unit_test(lanes_like_one),  cmocka_unit_test(any_pieces),
        cmocka_unit_test(every_length),  cmocka_unit_test(openssl_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
