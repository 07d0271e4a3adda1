/* How many tokens a second one thread signs and verifies: a key as private JWK, claims, and the set that verifies what it signs.
 *    token_perf sign|verify|read KEY CLAIMS SET MILLISECONDS
 * prints the rate. `read` takes a token apart without its signature. The token has a kid; verifying asks for issuer, audience and
 * times, as tests/perf/token_peer.mjs does. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/token.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void need(int rc, const wtl_err *err)
{
    if (rc == WTL_OK)
        return;
    fprintf(stderr, "token_perf: %s\n", err->text);
    exit(1);
}

static wtl_bytes load(const char *path)
{
    static char room[3][1 << 16];
    static size_t next;
    char *to = room[next++ % 3];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    size_t n = fread(to, 1, sizeof room[0], f);
    fclose(f);
    return (wtl_bytes){(const uint8_t *)to, n};
}

typedef struct job {
    const char *work;
    wtl_bytes claims;
    wtl_key *key;
    wtl_jwks *set;
    const char *kid;
    char *token;
} job;

static const char *const audience[] = {"https://inference.example/v1"};
static const char *const issuer[] = {"https://idp.example"};
static const wtl_token_policy policy = {
    .audiences = audience, .n_audiences = 1, .issuers = issuer, .n_issuers = 1};

static int once(job *j, wtl_err *err)
{
    if (strcmp(j->work, "sign") == 0) {
        char *token;
        TRY(wtl_token_sign(&token, NULL, j->claims, j->key, j->kid, "at+jwt", err));
        free(token);
        return WTL_OK;
    }
    AUTO(wtl_token) t = {0};
    if (strcmp(j->work, "read") == 0)
        return wtl_token_read(&t, wtl_text_of(j->token), err);
    return wtl_token_verify(&t, wtl_text_of(j->token), j->set, &policy, (int64_t)time(NULL), err);
}

int main(int argc, char **argv)
{
    wtl_err err = {0};
    if (argc != 6) {
        fprintf(stderr, "usage: token_perf sign|verify|read KEY CLAIMS SET MILLISECONDS\n");
        return 2;
    }
    job j = {.work = argv[1], .claims = load(argv[3])};
    need(wtl_jwk_read(&j.key, NULL, load(argv[2]), &err), &err);
    need(wtl_jwks_parse(&j.set, load(argv[4]), &err), &err);
    j.kid = wtl_jwks_at(j.set, 0)->kid;
    need(wtl_token_sign(&j.token, NULL, j.claims, j.key, j.kid, "at+jwt", &err), &err);
    double most = strtod(argv[5], NULL);
    for (int i = 0; i < 20; i++)
        need(once(&j, &err), &err);
    double from = now();
    double spent = 0;
    size_t n = 0;
    for (; spent < most; n++, spent = now() - from)
        need(once(&j, &err), &err);
    printf("%.0f\n", (double)n / spent * 1e3);
    free(j.token);
    wtl_key_free(j.key);
    wtl_jwks_free(j.set);
    return 0;
}
