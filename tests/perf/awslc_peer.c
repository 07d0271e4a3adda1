/* What AWS-LC takes for the operations that `wattle bench primitives` measures, as a peer for tools/bench-peers, which builds it
 * against AWS-LC; the normal build leaves it out.
 *   awslc_peer                 the version of AWS-LC
 *   awslc_peer NAME ROUNDS     microseconds of each operation: ML-KEM-768 and the like, ML-DSA-65 and the like, X25519
 * Measured as Wattle measures (src/bench/race.c): turns of 20 ms, the median of the rounds; for signing, which takes a random number
 * of attempts, the mean over at least 2000 messages. "seed given" is the same operation without drawing random numbers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/curve25519.h>
#include <openssl/evp.h>
#include <openssl/experimental/kem_deterministic_api.h>
#include <openssl/nid.h>
#include <openssl/rand.h>
#include <openssl/service_indicator.h>

enum { ROUNDS_MOST = 99, SIGN_LEAST = 2000, TEXT = 32, OUT_MOST = 5000 };
#define ROUND_SECONDS 0.02

typedef struct side {
    int nid;
    EVP_PKEY_CTX *gen, *use;
    EVP_PKEY *key;
    EVP_MD_CTX *sign, *verify;
    uint8_t pub[OUT_MOST], out[OUT_MOST], secret[TEXT], text[TEXT], seed[64];
    size_t pub_n, out_n;
    uint64_t at;
} side;

typedef struct operation {
    const char *name;
    void (*run)(side *s);
    int random; /* the number of attempts is */
} operation;

static void must(int ok, const char *what)
{
    if (ok == 1)
        return;
    fprintf(stderr, "awslc_peer: AWS-LC cannot %s\n", what);
    exit(70);
}

static void keygen(side *s)
{
    EVP_PKEY *k = NULL;
    must(EVP_PKEY_keygen(s->gen, &k), "make a key");
    EVP_PKEY_free(k);
}

static void kem_keygen_seeded(side *s)
{
    EVP_PKEY *k = NULL;
    size_t n = 64;
    s->seed[0]++;
    must(EVP_PKEY_keygen_deterministic(s->gen, &k, s->seed, &n), "make a key of a seed");
    EVP_PKEY_free(k);
}

static void encaps_by(side *s, EVP_PKEY_CTX *c)
{
    size_t n = sizeof s->secret;
    s->out_n = sizeof s->out;
    must(EVP_PKEY_encapsulate(c, s->out, &s->out_n, s->secret, &n), "encapsulate");
}

static void encaps(side *s)
{
    encaps_by(s, s->use);
}

static void encaps_seeded(side *s)
{
    size_t n = sizeof s->secret;
    size_t seed_n = 32;
    s->out_n = sizeof s->out;
    s->seed[0]++;
    must(EVP_PKEY_encapsulate_deterministic(s->use, s->out, &s->out_n, s->secret, &n, s->seed, &seed_n),
         "encapsulate by a seed");
}

static void encaps_new(side *s)
{
    EVP_PKEY *k = EVP_PKEY_kem_new_raw_public_key(s->nid, s->pub, s->pub_n);
    EVP_PKEY_CTX *c = k != NULL ? EVP_PKEY_CTX_new(k, NULL) : NULL;
    must(c != NULL, "read a public key");
    encaps_by(s, c);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(k);
}

static void decaps(side *s)
{
    uint8_t got[TEXT];
    size_t n = sizeof got;
    must(EVP_PKEY_decapsulate(s->use, got, &n, s->out, s->out_n), "decapsulate");
    must(memcmp(got, s->secret, sizeof got) == 0, "agree with itself");
}

static void dsa_keygen_seeded(side *s)
{
    s->seed[0]++;
    EVP_PKEY *k = EVP_PKEY_pqdsa_new_raw_private_key(s->nid, s->seed, 32);
    must(k != NULL, "make a key of a seed");
    EVP_PKEY_free(k);
}

static void sign(side *s)
{
    s->at++;
    memcpy(s->text, &s->at, sizeof s->at);
    s->out_n = sizeof s->out;
    must(EVP_DigestSign(s->sign, s->out, &s->out_n, s->text, sizeof s->text), "sign");
}

static void verify(side *s)
{
    must(EVP_DigestVerify(s->verify, s->out, s->out_n, s->text, sizeof s->text), "verify");
}

static void verify_new(side *s)
{
    EVP_PKEY *k = EVP_PKEY_pqdsa_new_raw_public_key(s->nid, s->pub, s->pub_n);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    must(k != NULL && c != NULL, "read a public key");
    must(EVP_DigestVerifyInit(c, NULL, NULL, NULL, k), "set up verification");
    must(EVP_DigestVerify(c, s->out, s->out_n, s->text, sizeof s->text), "verify");
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(k);
}

static void x25519_keygen(side *s)
{
    X25519_keypair(s->pub, s->seed);
}

static void x25519_keygen_seeded(side *s)
{
    s->seed[8]++;
    X25519_public_from_private(s->pub, s->seed);
}

static void x25519_derive(side *s)
{
    must(X25519(s->secret, s->seed, s->out), "agree on a secret");
}

static const operation kem_operations[] = {
    {"keygen", keygen, 0}, {"keygen, seed given", kem_keygen_seeded, 0},
    {"encaps", encaps, 0}, {"encaps, seed given", encaps_seeded, 0},
    {"decaps", decaps, 0}, {"encaps, new key", encaps_new, 0},
    {NULL, NULL, 0},
};
static const operation dsa_operations[] = {
    {"keygen", keygen, 0}, {"keygen, seed given", dsa_keygen_seeded, 0}, {"sign", sign, 1},
    {"verify", verify, 0}, {"verify, new key", verify_new, 0},           {NULL, NULL, 0},
};
static const operation x25519_operations[] = {
    {"keygen", x25519_keygen, 0},
    {"keygen, seed given", x25519_keygen_seeded, 0},
    {"derive", x25519_derive, 0},
    {NULL, NULL, 0},
};

static void open_kem(side *s)
{
    s->gen = EVP_PKEY_CTX_new_id(EVP_PKEY_KEM, NULL);
    must(s->gen != NULL && EVP_PKEY_CTX_kem_set_params(s->gen, s->nid) == 1, "take this ML-KEM");
    must(EVP_PKEY_keygen_init(s->gen) == 1 && EVP_PKEY_keygen(s->gen, &s->key) == 1, "make a key");
    s->use = EVP_PKEY_CTX_new(s->key, NULL);
    must(s->use != NULL, "use a key");
    encaps(s);
    decaps(s);
}

static void open_dsa(side *s)
{
    s->gen = EVP_PKEY_CTX_new_id(EVP_PKEY_PQDSA, NULL);
    must(s->gen != NULL && EVP_PKEY_CTX_pqdsa_set_params(s->gen, s->nid) == 1, "take this ML-DSA");
    must(EVP_PKEY_keygen_init(s->gen) == 1 && EVP_PKEY_keygen(s->gen, &s->key) == 1, "make a key");
    s->sign = EVP_MD_CTX_new();
    s->verify = EVP_MD_CTX_new();
    must(s->sign != NULL && s->verify != NULL, "use a key");
    must(EVP_DigestSignInit(s->sign, NULL, NULL, NULL, s->key), "set up signing");
    must(EVP_DigestVerifyInit(s->verify, NULL, NULL, NULL, s->key), "set up verification");
    sign(s);
    verify(s);
}

static void open_x25519(side *s)
{
    uint8_t other[TEXT];
    X25519_keypair(s->out, other);
    X25519_keypair(s->pub, s->seed);
    x25519_derive(s);
}

static const struct {
    const char *name;
    int nid;
    void (*open)(side *s);
    const operation *list;
} algorithms[] = {
    {"ML-KEM-512", NID_MLKEM512, open_kem, kem_operations},
    {"ML-KEM-768", NID_MLKEM768, open_kem, kem_operations},
    {"ML-KEM-1024", NID_MLKEM1024, open_kem, kem_operations},
    {"ML-DSA-44", NID_MLDSA44, open_dsa, dsa_operations},
    {"ML-DSA-65", NID_MLDSA65, open_dsa, dsa_operations},
    {"ML-DSA-87", NID_MLDSA87, open_dsa, dsa_operations},
    {"X25519", 0, open_x25519, x25519_operations},
};

static double seconds_of(const operation *o, side *s, size_t times)
{
    struct timespec from;
    struct timespec to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (; times > 0; times--)
        o->run(s);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure(const operation *o, side *s, size_t rounds)
{
    double us[ROUNDS_MOST];
    double sum = 0;
    double took;
    size_t n = 1;
    while ((took = seconds_of(o, s, n)) < ROUND_SECONDS / 8)
        n *= 4;
    size_t times = (size_t)((double)n * ROUND_SECONDS / took) + 1;
    if (o->random && times < SIGN_LEAST / rounds + 1)
        times = SIGN_LEAST / rounds + 1;
    for (size_t r = 0; r < rounds; r++) {
        us[r] = seconds_of(o, s, times) * 1e6 / (double)times;
        sum += us[r];
    }
    qsort(us, rounds, sizeof us[0], ascending);
    double middle = rounds % 2 == 1 ? us[rounds / 2] : (us[rounds / 2 - 1] + us[rounds / 2]) / 2;
    return o->random ? sum / (double)rounds : middle;
}

static void measure_all(size_t i, size_t rounds)
{
    static side s;
    s.nid = algorithms[i].nid;
    must(RAND_bytes(s.seed, sizeof s.seed) == 1 && RAND_bytes(s.text, sizeof s.text) == 1, "draw");
    algorithms[i].open(&s);
    s.pub_n = sizeof s.pub;
    if (s.key != NULL)
        must(EVP_PKEY_get_raw_public_key(s.key, s.pub, &s.pub_n), "give a public key");
    for (const operation *o = algorithms[i].list; o->name != NULL; o++)
        printf("%s\t%.4f\n", o->name, measure(o, &s, rounds));
    EVP_MD_CTX_free(s.sign);
    EVP_MD_CTX_free(s.verify);
    EVP_PKEY_CTX_free(s.gen);
    EVP_PKEY_CTX_free(s.use);
    EVP_PKEY_free(s.key);
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return puts(awslc_version_string()) < 0;
    long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0] && rounds > 0 && rounds <= ROUNDS_MOST;
         i++) {
        if (strcmp(argv[1], algorithms[i].name) == 0) {
            measure_all(i, (size_t)rounds);
            return fflush(stdout) == 0 ? 0 : 1;
        }
    }
    fprintf(stderr, "usage: awslc_peer [NAME ROUNDS], 1 to %d rounds\n", (int)ROUNDS_MOST);
    return 2;
}
