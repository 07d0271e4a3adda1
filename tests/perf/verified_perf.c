/* What a verdict costs: kept, made, and made with a real ML-DSA-65 token. By hand: build/release/tests/verified_perf [LEVEL]. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "crypto/key.h"
#include "jose/jwk.h"
#include <wattle/verified_token.h>

enum { TOKEN = 4823, CLAIMS = 600, RUNS = 7 };

static wtl_verified_cache *cache;
static uint8_t *tokens; /* `many` of TOKEN bytes */
static unsigned many;
static uint8_t claims[CLAIMS], set_digest[32], policy_digest[32];

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t noise(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 8;
}

static int say_yes(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    (void)arg, (void)ask;
    v->yes = true;
    v->exp = now + 3000;
    v->ttl_ms = 3000000;
    for (unsigned i = 0; i < 4; i++) {
        if (wtl_verified_id(v, "jti", (wtl_bytes){ask->subject.p + 3000 + 20 * i, 20}, err) < 0)
            return WTL_BUG;
    }
    wtl_verified_key(v, set_digest);
    return wtl_verified_result(v, (wtl_bytes){claims, sizeof claims}, err);
}

static _Thread_local uint8_t received[TOKEN]; /* a token that has just arrived */

static wtl_verified_ask about(unsigned i)
{
    memcpy(received, tokens + (size_t)TOKEN * i, TOKEN);
    return (wtl_verified_ask){.kind = "jwt",
                              .keyset = {set_digest, sizeof set_digest},
                              .policy = {policy_digest, sizeof policy_digest},
                              .tenant = {(const uint8_t *)"tenant-42", 9},
                              .subject = {received, TOKEN}};
}

static void die(const char *what)
{
    fprintf(stderr, "verified_perf: %s\n", what);
    exit(1);
}

static void open_cache(const char *level, unsigned n)
{
    wtl_err err = {0};
    uint32_t x = n;
    wtl_verified_options o = {.capacity = (uint64_t)n * 8192 + (4 << 20), .cpu_level = level};
    if (wtl_verified_open(&cache, &o, &err) < 0)
        die(err.text);
    many = n;
    tokens = malloc((size_t)TOKEN * n);
    if (tokens == NULL)
        die("no memory");
    for (size_t i = 0; i < (size_t)TOKEN * n; i++)
        tokens[i] = (uint8_t)noise(&x);
}

static void close_cache(void)
{
    free(tokens);
    if (wtl_verified_close(cache, NULL) < 0)
        die("cannot close");
}

/* One run of `times` asks for tokens drawn at random; ns each. With h NULL they only arrive. */
static double run(wtl_verified_handle *h, unsigned times, uint32_t seed)
{
    wtl_verified_answer a;
    uint64_t sum = 0;
    double begin = now_ns();
    for (unsigned i = 0; i < times; i++) {
        wtl_verified_ask ask = about(many == 1 ? 0 : noise(&seed) % many);
        sum += ask.subject.p[seed % TOKEN];
        if (h == NULL)
            continue;
        if (wtl_verified(h, &ask, say_yes, NULL, &a, NULL) != WTL_OK)
            die("no verdict");
        sum += a.result.p[0];
        wtl_verified_done(h);
    }
    double end = now_ns();
    return (end - begin) / times + (sum == 12345 ? 1 : 0);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(wtl_verified_handle *h, unsigned times)
{
    double t[RUNS];
    for (unsigned i = 0; i < RUNS; i++)
        t[i] = run(h, times, i + 1) - run(NULL, times, i + 1);
    qsort(t, RUNS, sizeof t[0], by_size);
    return t[RUNS / 2];
}

static void hits(const char *level, unsigned n)
{
    wtl_verified_handle *h;
    wtl_verified_stats s;
    wtl_verified_answer a;
    open_cache(level, n);
    if (wtl_verified_handle_open(&h, cache, NULL) < 0)
        die("no handle");
    double begin = now_ns();
    for (unsigned i = 0; i < n; i++) {
        wtl_verified_ask ask = about(i);
        if (wtl_verified(h, &ask, say_yes, NULL, &a, NULL) != WTL_OK)
            die("no verdict");
    }
    double miss = (now_ns() - begin) / n;
    unsigned times = n == 1 ? 1000000 : 200000;
    double hit = median(h, times);
    if (wtl_verified_deny(cache, "jti", (wtl_bytes){claims, 20}, WTL_VERIFIED_NEVER, NULL) < 0)
        die("cannot deny");
    double after = median(h, times);
    wtl_verified_stats_read(cache, &s);
    printf("%-5s %7u tokens: hit %6.0f ns, after a denial %6.0f ns, miss without a verification %7.0f ns; "
           "%.2f %% hits, "
           "%.0f B each\n",
           s.cpu_level, n, hit, after, miss, 100.0 * (double)s.hits / (double)(s.asks - n),
           s.entries > 0 ? (double)s.entry_bytes / (double)s.entries : 0);
    wtl_verified_done(h);
    wtl_verified_handle_close(h);
    close_cache();
}

static atomic_bool go;

static void *thread(void *arg)
{
    wtl_verified_handle *h;
    if (wtl_verified_handle_open(&h, cache, NULL) < 0)
        die("no handle");
    (void)run(h, many, 1);
    while (!go)
        ;
    *(double *)arg = run(h, 400000, 7);
    wtl_verified_handle_close(h);
    return NULL;
}

static void two_threads(unsigned n)
{
    pthread_t t[2];
    double ns[2];
    for (unsigned threads = 1; threads <= 2; threads++) {
        open_cache(NULL, n);
        go = false;
        for (unsigned i = 0; i < threads; i++)
            pthread_create(&t[i], NULL, thread, &ns[i]);
        go = true;
        double rate = 0;
        for (unsigned i = 0; i < threads; i++) {
            pthread_join(t[i], NULL);
            rate += 1e3 / ns[i];
        }
        printf("%u threads, %u tokens: %.2f M answers/s\n", threads, n, rate);
        close_cache();
    }
}

/* ---- a real token, by the cache's own adapter */

static void real_token(void)
{
    AUTO(wtl_buf) text = {0};
    wtl_key *key = NULL;
    wtl_jwks *set = NULL;
    char *token = NULL;
    size_t n = 0;
    wtl_err err = {0};
    static const char body[] =
        "{\"iss\":\"https://issuer.example\",\"sub\":\"tenant-42/user-7\",\"aud\":\"api\","
        "\"exp\":4000000000,\"jti\":\"01JD3W8Z4J9V6Q\",\"scope\":\"inference:read\"}";
    static const wtl_token_policy policy = {.any_audience = true};
    wtl_buf_str(&text, "{\"keys\":[");
    if (wtl_key_generate(&key, wtl_alg_by_name("ML-DSA-65"), &err) < 0 ||
        wtl_jwk_write_public(key, "k", &text, &err) < 0)
        die(err.text);
    wtl_buf_str(&text, "]}");
    wtl_verified_rules rules = {.policy = &policy};
    if (wtl_jwks_parse(&set, wtl_buf_view(&text), &err) < 0 ||
        wtl_token_sign(&token, &n, (wtl_bytes){(const uint8_t *)body, sizeof body - 1}, key, "k", NULL,
                       &err) < 0)
        die(err.text);
    rules.set = set;
    if (wtl_verified_token_rules(&rules, &err) < 0)
        die(err.text);
    open_cache(NULL, 1);
    wtl_verified_handle *h;
    if (wtl_verified_handle_open(&h, cache, NULL) < 0)
        die("no handle");
    wtl_verified_answer a;
    double t[RUNS];
    for (unsigned phase = 0; phase < 2; phase++) {
        unsigned times = phase == 0 ? 2000 : 500000;
        for (unsigned i = 0; i < RUNS; i++) {
            double begin = now_ns();
            for (unsigned k = 0; k < times; k++) {
                if (phase == 0)
                    wtl_verified_revoke_all(cache);
                if (wtl_verified_token(h, &rules, (wtl_bytes){(uint8_t *)token, n}, (wtl_bytes){NULL, 0}, &a,
                                       &err) != 0)
                    die(err.text);
                wtl_verified_done(h);
            }
            t[i] = (now_ns() - begin) / times;
        }
        qsort(t, RUNS, sizeof t[0], by_size);
        printf("an ML-DSA-65 token of %zu B: %s %.0f ns\n", n, phase == 0 ? "verified each time" : "hit",
               t[RUNS / 2]);
    }
    wtl_verified_handle_close(h);
    close_cache();
    free(token);
    wtl_jwks_free(set);
    wtl_key_free(key);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[] = {1, 100, 1000, 10000};
    const char *level = argc > 1 ? argv[1] : NULL;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        hits(level, sizes[i]);
    if (level == NULL) {
        two_threads(1000);
        real_token();
    }
    return 0;
}
