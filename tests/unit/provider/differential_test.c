/* Random cases computed by wattle and by OpenSSL's default provider, through EVP, with the kernels of every level that
 * this machine has: the same keys, ciphertexts, secrets and signatures, and the same refusals.
 *   WATTLE_CASES=N  ML-KEM and X25519 cases over all sets and levels; a tenth of it for ML-DSA and for the hybrids
 *   WATTLE_ONLY=NAME  mlkem, x25519, mldsa or hybrids alone
 *   WATTLE_SEED=N   repeats a run; a case that differs is named with the seed */
#include "agree.h"

#include <inttypes.h>
#include <time.h>

#include "../crypto/vec.h"

enum { USUAL = 9000, MESSAGE = 3000 };

/* Where a run is, for the message when it ends early. */
static struct {
    uint64_t seed, noise;
    const char *alg, *cpu;
    size_t i;
    bool done;
} at;

typedef void one_case(const worlds *both, int set);

static void fill(uint8_t *out, size_t n)
{
    vec_noise(&at.noise, out, n);
}

static size_t below(size_t n)
{
    uint32_t v;
    fill((uint8_t *)&v, sizeof v);
    return v % n;
}

/* Each case has a stream of its own, so that it can be found again without those before it. */
static void start_case(size_t i)
{
    at.i = i;
    at.noise = (at.seed ^ (i + 1) * 0x9e3779b97f4a7c15u) | 1;
    uint8_t warm[16];
    fill(warm, sizeof warm);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int tell_where(void **state)
{
    (void)state;
    if (!at.done)
        print_message("# differs: %s, cpu=%s, case %zu; WATTLE_SEED=%" PRIu64 " repeats it\n", at.alg, at.cpu,
                      at.i, at.seed);
    return 0;
}

/* `cases` of one set by one level. */
static void run_set(worlds *both, one_case *one, int set, size_t cases)
{
    double from = seconds();
    for (size_t i = 0; i < cases; i++) {
        start_case(i);
        one(both, set);
        ERR_clear_error();
    }
    print_message("# %s, cpu=%s: %zu cases, %.1f s\n", at.alg, at.cpu, cases, seconds() - from);
}

static void run(void **state, one_case *one, const char *const alg[], int sets, size_t cases)
{
    worlds both = *(worlds *)*state;
    int levels = 0;
    for (int level = 0; level < WTL_CPU_LEVELS; level++)
        levels += level != WTL_CPU_SHANI && wtl_cpu_has(level);
    at.done = false;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if (level == WTL_CPU_SHANI || !wtl_cpu_has(level)) /* shani has no way of its own here */
            continue;
        at.cpu = wtl_cpu_name(level);
        world_open_with(&both.ours, WORLD_BUILTIN, "cpu", at.cpu);
        for (int set = 0; set < sets; set++) {
            at.alg = alg[set];
            run_set(&both, one, set, (cases + (size_t)(levels * sets) - 1) / (size_t)(levels * sets));
        }
        world_close(&both.ours);
    }
    at.done = true;
}

static EVP_PKEY *seeded(const world *w, const char *name, wtl_bytes seed)
{
    EVP_PKEY *k = agree_generate(w, at.alg, name, seed);
    assert_non_null(k);
    return k;
}

/* A part of a key with one bit changed is taken by both or by none. */
static void damaged_part(const worlds *both, const EVP_PKEY *key, const char *name)
{
    wtl_bytes part = world_part(key, name);
    ((uint8_t *)part.p)[below(part.n)] ^= (uint8_t)(1u << below(8));
    EVP_PKEY *a = agree_import(&both->ours, at.alg, name, part);
    EVP_PKEY *b = agree_import(&both->plain, at.alg, name, part);
    assert_int_equal(a != NULL, b != NULL);
    if (a != NULL)
        world_same_part(a, b, OSSL_PKEY_PARAM_PUB_KEY);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    free((void *)part.p);
}

/* From one world into the other, by any of its parts or by all. */
static EVP_PKEY *carried(const world *to, const EVP_PKEY *key, const char *seed_name)
{
    size_t how = below(3);
    if (how == 0)
        return agree_carry(to, at.alg, key, EVP_PKEY_KEYPAIR);
    const char *name = how == 1 ? OSSL_PKEY_PARAM_PRIV_KEY : seed_name;
    wtl_bytes part = world_part(key, name);
    EVP_PKEY *copy = agree_import(to, at.alg, name, part);
    free((void *)part.p);
    return copy;
}

static void flip(uint8_t *p, size_t n)
{
    p[below(n)] ^= (uint8_t)(1u << below(8));
}

/* The same secret by both, whatever the ciphertext is. */
static void same_secret(const worlds *both, EVP_PKEY *a, EVP_PKEY *b, const agree_pair *p, bool is_good)
{
    uint8_t s[2][AGREE_SS];
    size_t n[2] = {AGREE_SS, AGREE_SS};
    wtl_bytes ct = {p->ct, p->ct_n};
    assert_int_equal(agree_decaps(&both->ours, a, ct, s[0], &n[0]), 1);
    assert_int_equal(agree_decaps(&both->plain, b, ct, s[1], &n[1]), 1);
    assert_int_equal(n[0], p->ss_n);
    assert_int_equal(n[1], p->ss_n);
    assert_memory_equal(s[0], s[1], n[0]);
    assert_int_equal(memcmp(s[0], p->ss, n[0]) == 0, is_good);
}

static void mlkem_case(const worlds *both, int set)
{
    (void)set;
    uint8_t seed[64];
    uint8_t m[32];
    agree_pair x;
    agree_pair y;
    fill(seed, sizeof seed);
    fill(m, sizeof m);
    EVP_PKEY *a = seeded(&both->ours, OSSL_PKEY_PARAM_ML_KEM_SEED, (wtl_bytes){seed, sizeof seed});
    EVP_PKEY *b = seeded(&both->plain, OSSL_PKEY_PARAM_ML_KEM_SEED, (wtl_bytes){seed, sizeof seed});
    world_same_part(a, b, OSSL_PKEY_PARAM_PUB_KEY);
    world_same_part(a, b, OSSL_PKEY_PARAM_PRIV_KEY);
    assert_int_equal(agree_encaps(&both->ours, a, (wtl_bytes){m, sizeof m}, &x), 1);
    assert_int_equal(agree_encaps(&both->plain, b, (wtl_bytes){m, sizeof m}, &y), 1);
    assert_memory_equal(&x, &y, sizeof x);
    same_secret(both, a, b, &x, true);
    flip(x.ct, x.ct_n);
    same_secret(both, a, b, &x, false);
    if (below(8) == 0) {
        EVP_PKEY *from = carried(&both->ours, b, OSSL_PKEY_PARAM_ML_KEM_SEED);
        EVP_PKEY *to = carried(&both->plain, a, OSSL_PKEY_PARAM_ML_KEM_SEED);
        EVP_PKEY *half = agree_carry(&both->ours, at.alg, b, EVP_PKEY_PUBLIC_KEY);
        assert_int_equal(agree_encaps(&both->ours, half, (wtl_bytes){0}, &x), 1);
        same_secret(both, from, to, &x, true);
        fill(x.ct, x.ct_n);
        same_secret(both, from, to, &x, false);
        damaged_part(both, a, OSSL_PKEY_PARAM_PUB_KEY);
        damaged_part(both, a, OSSL_PKEY_PARAM_PRIV_KEY);
        EVP_PKEY_free(from);
        EVP_PKEY_free(to);
        EVP_PKEY_free(half);
    }
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
}

/* Mostly any point, sometimes one that OpenSSL refuses, or the same point written with 2^255 - 19 or more. */
static void point(uint8_t out[32])
{
    static const uint8_t few[] = {0, 1, 0xec, 0xed, 0xee, 0xf0, 0xff};
    fill(out, 32);
    if (below(64) > 0)
        return;
    memset(out, below(2) ? 0xff : 0, 32);
    out[31] &= below(2) ? 0xff : 0x7f;
    out[0] = few[below(sizeof few)];
}

static void x25519_case(const worlds *both, int set)
{
    (void)set;
    uint8_t scalar[32];
    uint8_t u[32];
    uint8_t ss[2][32] = {{0}};
    fill(scalar, sizeof scalar);
    point(u);
    EVP_PKEY *a = agree_import(&both->ours, at.alg, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){scalar, 32});
    EVP_PKEY *b = agree_import(&both->plain, at.alg, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){scalar, 32});
    EVP_PKEY *pa = agree_import(&both->ours, at.alg, OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){u, 32});
    EVP_PKEY *pb = agree_import(&both->plain, at.alg, OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){u, 32});
    world_same_part(a, b, OSSL_PKEY_PARAM_PUB_KEY);
    world_same_part(a, b, OSSL_PKEY_PARAM_PRIV_KEY);
    int rc = agree_derive(&both->ours, a, pa, ss[0]);
    assert_int_equal(rc == 1, agree_derive(&both->plain, b, pb, ss[1]) == 1);
    if (rc == 1)
        assert_memory_equal(ss[0], ss[1], 32);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    EVP_PKEY_free(pa);
    EVP_PKEY_free(pb);
}

typedef struct dsa {
    const worlds *both;
    EVP_PKEY *a, *b; /* the key here and there */
    uint8_t text[MESSAGE], context[255], entropy[32];
    wtl_bytes msg;
    recipe how;
    uint8_t x[4627 + 1], y[4627 + 1];
    size_t n;
} dsa;

static void draw_message(dsa *d)
{
    fill(d->text, sizeof d->text);
    d->msg = (wtl_bytes){d->text, below(4) ? below(300) : below(MESSAGE)};
    d->how = (recipe){.deterministic = below(2) != 0};
    size_t kind = below(8);
    if (!d->how.deterministic) {
        fill(d->entropy, sizeof d->entropy);
        d->how.entropy = d->entropy;
    }
    if (kind == 0) {
        d->how.mu = 1;
        d->msg.n = 64;
    } else if (kind == 1) {
        d->how.raw = 1;
    } else if (kind < 6) {
        fill(d->context, sizeof d->context);
        d->how.context = d->context;
        d->how.context_n = below(256);
    }
}

static int sign_by(const dsa *d, bool ours, const recipe *how, uint8_t *sig)
{
    size_t n;
    int rc = world_sign(ours ? &d->both->ours : &d->both->plain, ours ? d->a : d->b, at.alg, how, d->msg, sig,
                        &n);
    assert_int_equal(rc != 1 || n == d->n, 1);
    return rc;
}

static void verdict(const dsa *d, const recipe *how, wtl_bytes msg, const uint8_t *sig, size_t n,
                    bool is_good)
{
    assert_int_equal(world_verify(&d->both->ours, d->a, at.alg, how, msg, sig, n) == 1, is_good);
    assert_int_equal(world_verify(&d->both->plain, d->b, at.alg, how, msg, sig, n) == 1, is_good);
}

/* Changes of the signature, its length, the message and the context. */
static void mutated(dsa *d)
{
    recipe how = d->how;
    wtl_bytes msg = d->msg;
    how.entropy = NULL;
    memcpy(d->y, d->x, d->n);
    flip(d->y, d->n);
    verdict(d, &how, msg, d->y, d->n, false);
    memcpy(d->y, d->x, d->n);
    flip(d->y + d->n - 90, 90); /* where the hints stand */
    verdict(d, &how, msg, d->y, d->n, false);
    verdict(d, &how, msg, d->x, below(2) ? d->n + 1 : below(d->n), false);
    if (msg.n > 0) {
        flip(d->text, msg.n);
        verdict(d, &how, msg, d->x, d->n, false);
    }
}

static void mldsa_case(const worlds *both, int set)
{
    static dsa d;
    uint8_t seed[32];
    d = (dsa){.both = both, .n = mldsa_sig[set]};
    fill(seed, sizeof seed);
    d.a = seeded(&both->ours, OSSL_PKEY_PARAM_ML_DSA_SEED, (wtl_bytes){seed, sizeof seed});
    d.b = seeded(&both->plain, OSSL_PKEY_PARAM_ML_DSA_SEED, (wtl_bytes){seed, sizeof seed});
    world_same_part(d.a, d.b, OSSL_PKEY_PARAM_PUB_KEY);
    world_same_part(d.a, d.b, OSSL_PKEY_PARAM_PRIV_KEY);
    if (below(8) == 0) {
        EVP_PKEY *a = carried(&both->ours, d.b, OSSL_PKEY_PARAM_ML_DSA_SEED);
        EVP_PKEY *b = carried(&both->plain, d.a, OSSL_PKEY_PARAM_ML_DSA_SEED);
        assert_non_null(a);
        assert_non_null(b);
        damaged_part(both, a, OSSL_PKEY_PARAM_PUB_KEY);
        damaged_part(both, a, OSSL_PKEY_PARAM_PRIV_KEY);
        EVP_PKEY_free(d.a);
        EVP_PKEY_free(d.b);
        d.a = a;
        d.b = b;
    }
    draw_message(&d);
    assert_int_equal(sign_by(&d, true, &d.how, d.x), 1);
    assert_int_equal(sign_by(&d, false, &d.how, d.y), 1);
    assert_memory_equal(d.x, d.y, d.n);
    recipe hedged = d.how;
    hedged.entropy = NULL;
    hedged.deterministic = 0;
    assert_int_equal(sign_by(&d, below(2) != 0, &hedged, d.x), 1);
    verdict(&d, &hedged, d.msg, d.x, d.n, true);
    mutated(&d);
    EVP_PKEY_free(d.a);
    EVP_PKEY_free(d.b);
}

/* Either world makes the key, either encapsulates to its share, the maker opens; where default can read the other's private
 * key (not of P-256), both open, also what was damaged on the way. */
static void hybrid_case(const worlds *both, int set)
{
    bool is_ours = below(2);
    const world *maker = is_ours ? &both->ours : &both->plain;
    const world *sender = below(2) ? &both->ours : &both->plain;
    EVP_PKEY *made = agree_key(maker, at.alg);
    wtl_bytes share = agree_share(made);
    EVP_PKEY *peer = agree_peer(sender, at.alg, share);
    wtl_bytes same = agree_share(peer);
    agree_pair p;
    assert_int_equal(share.n, same.n);
    assert_memory_equal(share.p, same.p, share.n);
    assert_int_equal(agree_encaps(sender, peer, (wtl_bytes){0}, &p), 1);
    agree_opens(maker, made, &p);
    if (set == 0) {
        EVP_PKEY *copy = agree_carry(is_ours ? &both->plain : &both->ours, at.alg, made, EVP_PKEY_KEYPAIR);
        EVP_PKEY *a = is_ours ? made : copy;
        EVP_PKEY *b = is_ours ? copy : made;
        same_secret(both, a, b, &p, true);
        flip(p.ct, 1088 + 31); /* but X25519's highest bit, which does not count */
        same_secret(both, a, b, &p, false);
        EVP_PKEY_free(copy);
    }
    agree_drop(share);
    agree_drop(same);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(made);
}

static size_t cases(void)
{
    const char *text = getenv("WATTLE_CASES");
    return text != NULL && text[0] != '\0' ? strtoul(text, NULL, 10) : USUAL;
}

static void mlkem(void **state)
{
    static const char *const names[] = {"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"};
    run(state, mlkem_case, names, 3, cases());
}

static void mldsa(void **state)
{
    run(state, mldsa_case, mldsa_names, 3, (cases() + 9) / 10);
}

static void x25519(void **state)
{
    static const char *const names[] = {"X25519"};
    run(state, x25519_case, names, 1, cases());
}

static void hybrids(void **state)
{
    static const char *const names[] = {"X25519MLKEM768", "SecP256r1MLKEM768"};
    run(state, hybrid_case, names, 2, (cases() + 9) / 10);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const char *seed = getenv("WATTLE_SEED");
    if (seed != NULL && seed[0] != '\0')
        at.seed = strtoull(seed, NULL, 10);
    else
        RAND_bytes((uint8_t *)&at.seed, sizeof at.seed);
    print_message("# WATTLE_SEED=%" PRIu64 "\n", at.seed);
    if (getenv("WATTLE_ONLY") != NULL)
        cmocka_set_test_filter(getenv("WATTLE_ONLY"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(mlkem, tell_where),
        cmocka_unit_test_teardown(x25519, tell_where),
        cmocka_unit_test_teardown(mldsa, tell_where),
        cmocka_unit_test_teardown(hybrids, tell_where),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
