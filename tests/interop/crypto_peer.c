/* One crypto operation a line for the interop tests: words separated by one space, bytes in lower-case
 * hexadecimal, "-" for none. The answer is one line: values, or the name of the error.
 *   crypto_peer [LEVEL | openssl]    computes by that level's kernels, or without Wattle's provider */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/text.h"
#include "crypto/agetext.h"
#include "crypto/chunked.h"
#include "crypto/hpke.h"
#include "crypto/key_impl.h"
#include "crypto/lib.h"
#include "crypto/sig.h"
#include "kernel/cpu.h"

enum { WORDS = 8 };

typedef struct request {
    const char *word[WORDS];
    size_t n;
    wtl_buf bytes[WORDS]; /* of the words that are hexadecimal */
} request;

static wtl_bytes arg(const request *r, size_t i)
{
    return wtl_buf_view(&r->bytes[i]);
}

static const wtl_alg *algorithm(const request *r)
{
    const wtl_alg *alg = wtl_alg_by_name(r->word[1]);
    if (alg == NULL) {
        fprintf(stderr, "crypto_peer: no algorithm %s\n", r->word[1]);
        exit(2);
    }
    return alg;
}

static void add(wtl_buf *answer, wtl_bytes v)
{
    if (answer->n > 0)
        wtl_buf_u8(answer, ' ');
    if (v.n == 0)
        wtl_buf_u8(answer, '-');
    wtl_buf_hex(answer, v);
}

/* public ALG SEED */
static int do_public(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) raw = {0};
    TRY(wtl_key_from_seed(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_key_public_raw(k, &raw, err));
    add(answer, wtl_buf_view(&raw));
    return WTL_OK;
}

/* encaps ALG PUBLIC [RANDOM] -> ENC SECRET */
static int do_encaps(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) ss = {0};
    TRY(wtl_key_from_public(&k, algorithm(r), arg(r, 2), err));
    if (r->n > 3)
        TRY(wtl_kem_encaps_derand(k, arg(r, 3), &enc, &ss, err));
    else
        TRY(wtl_kem_encaps(k, &enc, &ss, err));
    add(answer, wtl_buf_view(&enc));
    add(answer, wtl_secret_view(&ss));
    return WTL_OK;
}

/* decaps ALG SEED ENC */
static int do_decaps(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_secret) ss = {0};
    TRY(wtl_key_from_seed(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_kem_decaps(k, arg(r, 3), &ss, err));
    add(answer, wtl_secret_view(&ss));
    return WTL_OK;
}

/* sign ALG SEED MESSAGE CONTEXT deterministic|hedged */
static int do_sign(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) sig = {0};
    wtl_sig_opts opts = {.context = arg(r, 4), .deterministic = strcmp(r->word[5], "deterministic") == 0};
    TRY(wtl_key_from_seed(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_sig_sign(k, arg(r, 3), &opts, &sig, err));
    add(answer, wtl_buf_view(&sig));
    return WTL_OK;
}

/* verify ALG PUBLIC MESSAGE CONTEXT SIGNATURE -> ok */
static int do_verify(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    wtl_sig_opts opts = {.context = arg(r, 4)};
    TRY(wtl_key_from_public(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_sig_verify(k, arg(r, 3), &opts, arg(r, 5), err));
    wtl_buf_str(answer, "ok");
    return WTL_OK;
}

/* mu ALG PUBLIC MESSAGE CONTEXT -> MU */
static int do_mu(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    uint8_t mu[64];
    TRY(wtl_key_from_public(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_sig_mu(k, arg(r, 3), arg(r, 4), mu, err));
    add(answer, (wtl_bytes){mu, sizeof mu});
    return WTL_OK;
}

/* sign-mu ALG SEED MU */
static int do_sign_mu(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) sig = {0};
    wtl_sig_opts opts = {.message_is_mu = true, .deterministic = true};
    TRY(wtl_key_from_seed(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_sig_sign(k, arg(r, 3), &opts, &sig, err));
    add(answer, wtl_buf_view(&sig));
    return WTL_OK;
}

/* verify-mu ALG PUBLIC MU SIGNATURE -> ok */
static int do_verify_mu(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    wtl_sig_opts opts = {.message_is_mu = true};
    TRY(wtl_key_from_public(&k, algorithm(r), arg(r, 2), err));
    TRY(wtl_sig_verify(k, arg(r, 3), &opts, arg(r, 4), err));
    wtl_buf_str(answer, "ok");
    return WTL_OK;
}

/* derive X25519 SCALAR POINT -> SECRET */
static int do_derive(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_key) *own = NULL;
    AUTO(wtl_key) *peer = NULL;
    uint8_t ss[32];
    size_t n = sizeof ss;
    TRY(wtl_key_from_seed(&own, algorithm(r), arg(r, 2), err));
    TRY(wtl_key_from_public(&peer, algorithm(r), arg(r, 3), err));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), wtl_key_evp(own), NULL);
    bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, wtl_key_evp(peer)) == 1 && EVP_PKEY_derive(ctx, ss, &n) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "no secret of that point");
    add(answer, (wtl_bytes){ss, n});
    return WTL_OK;
}

/* chunked-seal KEY CONTEXT SALT PLAIN */
static int do_chunked_seal(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_chunked) *c = NULL;
    AUTO(wtl_buf) out = {0};
    wtl_bytes left = arg(r, 4);
    uint8_t *to = wtl_buf_grow(&out, wtl_chunked_sealed_size(left.n));
    TRY(wtl_buf_check(&out, err));
    TRY(wtl_chunked_seal_salt(&c, arg(r, 1), arg(r, 2), arg(r, 3).p, to, err));
    to += WTL_CHUNKED_HEADER;
    for (uint64_t i = 0; to < out.p + out.n; i++) {
        size_t n = left.n < WTL_CHUNKED_PLAIN ? left.n : WTL_CHUNKED_PLAIN;
        TRY(wtl_chunked_seal(c, i, (wtl_bytes){left.p, n}, to, err));
        to += n + WTL_AEAD_TAG;
        if (n > 0)
            left = (wtl_bytes){left.p + n, left.n - n};
    }
    add(answer, wtl_buf_view(&out));
    return WTL_OK;
}

/* chunked-open KEY CONTEXT MESSAGE */
static int do_chunked_open(const request *r, wtl_buf *answer, wtl_err *err)
{
    AUTO(wtl_chunked) *c = NULL;
    AUTO(wtl_buf) out = {0};
    uint64_t n;
    wtl_bytes left = arg(r, 3);
    TRY(wtl_chunked_plain_size(left.n, &n, err));
    uint8_t *to = wtl_buf_grow(&out, n);
    TRY(wtl_buf_check(&out, err));
    TRY(wtl_chunked_open_new(&c, arg(r, 1), arg(r, 2), left.p, err));
    left = (wtl_bytes){left.p + WTL_CHUNKED_HEADER, left.n - WTL_CHUNKED_HEADER};
    for (uint64_t i = 0; left.n > 0; i++) {
        size_t part = left.n < WTL_CHUNKED_SEALED ? left.n : WTL_CHUNKED_SEALED;
        TRY(wtl_chunked_open(c, i, (wtl_bytes){left.p, part}, to, err));
        to += part - WTL_AEAD_TAG;
        left = (wtl_bytes){left.p + part, left.n - part};
    }
    add(answer, wtl_buf_view(&out));
    return WTL_OK;
}

static const struct {
    const char *name;
    size_t first_bytes; /* the first word that is hexadecimal */
    size_t least;       /* words */
    int (*run)(const request *r, wtl_buf *answer, wtl_err *err);
} commands[] = {
    {"public", 2, 3, do_public},
    {"encaps", 2, 3, do_encaps},
    {"decaps", 2, 4, do_decaps},
    {"sign", 2, 6, do_sign},
    {"verify", 2, 6, do_verify},
    {"mu", 2, 5, do_mu},
    {"sign-mu", 2, 4, do_sign_mu},
    {"verify-mu", 2, 5, do_verify_mu},
    {"derive", 2, 4, do_derive},
    {"chunked-seal", 1, 5, do_chunked_seal},
    {"chunked-open", 1, 4, do_chunked_open},
};

static int run(request *r, wtl_buf *answer, wtl_err *err)
{
    for (size_t c = 0; c < sizeof commands / sizeof commands[0]; c++) {
        if (strcmp(commands[c].name, r->word[0]) != 0 || r->n < commands[c].least)
            continue;
        for (size_t i = commands[c].first_bytes; i < r->n; i++) {
            bool none = strcmp(r->word[i], "-") == 0 ||
                        strspn(r->word[i], "0123456789abcdef") < strlen(r->word[i]);
            if (!none)
                TRY(wtl_text_hex_decode(&r->bytes[i], wtl_text_of(r->word[i]), err));
        }
        return commands[c].run(r, answer, err);
    }
    return WTL_FAIL(err, WTL_USAGE, "no such command");
}

static void split(request *r, char *line)
{
    char *rest = NULL;
    for (char *w = strtok_r(line, " \n", &rest); w != NULL && r->n < WORDS; w = strtok_r(NULL, " \n", &rest))
        r->word[r->n++] = w;
}

static void choose(const char *name)
{
    wtl_err err = {0};
    int rc = strcmp(name, "openssl") == 0 ? wtl_lib_use(name, &err) : wtl_cpu_force(name, &err);
    if (rc == WTL_OK)
        return;
    fprintf(stderr, "crypto_peer: %s\n", err.text);
    exit(rc == WTL_POLICY ? 77 : 2);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t cap = 0;
    if (argc > 1)
        choose(argv[1]);
    while (getline(&line, &cap, stdin) > 0) {
        request r = {.word = {""}};
        AUTO(wtl_buf) answer = {0};
        wtl_err err = {0};
        split(&r, line);
        int rc = run(&r, &answer, &err);
        puts(rc < 0 ? wtl_rc_name(rc) : wtl_buf_cstr(&answer));
        fflush(stdout);
        for (size_t i = 0; i < WORDS; i++)
            wtl_buf_free(&r.bytes[i]);
    }
    free(line);
    return 0;
}
