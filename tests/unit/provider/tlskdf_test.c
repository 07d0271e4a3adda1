/* The key schedule of TLS 1.3 held against OpenSSL's default provider: random inputs of every length that matters, all that is refused,
 * and what a context remembers from call to call. */
#include "world.h"

#include <openssl/kdf.h>

#include "../crypto/vec.h"

enum { CASES = 4000, MOST = 1200 };

typedef struct input {
    int mode;
    const char *digest;
    bool given[5]; /* key, salt, prefix, label, data */
    size_t n[5];
    uint8_t p[5][MOST];
    size_t out;
} input;

static const char *const names[5] = {"key", "salt", "prefix", "label", "data"};
static uint64_t noise = 20261121;

static uint32_t below(uint32_t n)
{
    uint32_t v;
    vec_noise(&noise, (uint8_t *)&v, sizeof v);
    return v % n;
}

static EVP_KDF_CTX *context(const world *w)
{
    EVP_KDF *kdf = EVP_KDF_fetch(w->lib, "TLS13-KDF", NULL);
    assert_non_null(kdf);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
                        w->wattle != NULL ? "wattle" : "default");
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    assert_non_null(c);
    return c;
}

static void params_of(const input *in, OSSL_PARAM p[8])
{
    if (in->mode >= 0)
        *p++ = OSSL_PARAM_construct_int("mode", (int *)&in->mode);
    if (in->digest != NULL)
        *p++ = OSSL_PARAM_construct_utf8_string("digest", (char *)in->digest, 0);
    for (int i = 0; i < 5; i++) {
        if (in->given[i])
            *p++ = OSSL_PARAM_construct_octet_string(names[i], (void *)in->p[i], in->n[i]);
    }
    *p = OSSL_PARAM_construct_end();
}

/* Both give the same answer, and the same octets. */
static void same(EVP_KDF_CTX *c[2], const input *in)
{
    uint8_t out[2][9000];
    OSSL_PARAM params[8];
    int rc[2];
    params_of(in, params);
    memset(out, 0xaa, sizeof out);
    for (int i = 0; i < 2; i++) {
        rc[i] = EVP_KDF_derive(c[i], out[i], in->out, params);
        ERR_clear_error();
    }
    assert_int_equal(rc[0] > 0, rc[1] > 0);
    if (rc[0] > 0)
        assert_memory_equal(out[0], out[1], in->out);
    if (rc[0] > 0)
        assert_true(EVP_KDF_CTX_get_kdf_size(c[0]) == EVP_KDF_CTX_get_kdf_size(c[1]));
}

static void draw(input *in)
{
    static const char *const digests[] = {"SHA2-256", "SHA256", "sha-256", "SHA384", "SHA2-512"};
    static const size_t limits[5] = {MOST, 200, 20, 260, 260};
    in->mode = below(2) ? EVP_KDF_HKDF_MODE_EXPAND_ONLY : EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    in->digest = digests[below(10) < 7 ? below(3) : 3 + below(2)];
    for (int i = 0; i < 5; i++) {
        in->given[i] = below(8) != 0;
        in->n[i] = below(3) == 0 ? below((uint32_t)limits[i]) : below(70);
        vec_noise(&noise, in->p[i], in->n[i]);
    }
    in->out = in->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && below(4) == 0 ? below(400) : 32;
    if (in->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY && below(4) != 0)
        in->out = in->digest[0] == 's' || strstr(in->digest, "256") != NULL ? 32
                  : strstr(in->digest, "384") != NULL                       ? 48
                                                                            : 64;
}

static void random_inputs(void **state)
{
    const worlds *both = *state;
    static input in;
    for (int i = 0; i < CASES; i++) {
        EVP_KDF_CTX *c[2] = {context(&both->ours), context(&both->plain)};
        draw(&in);
        same(c, &in);
        EVP_KDF_CTX_free(c[0]);
        EVP_KDF_CTX_free(c[1]);
    }
}

/* Parameters stay from one call to the next, but for the context; copies have them too, and a reset forgets. */
static void contexts_remember(void **state)
{
    const worlds *both = *state;
    static input in;
    for (int i = 0; i < CASES / 20; i++) {
        EVP_KDF_CTX *c[2] = {context(&both->ours), context(&both->plain)};
        for (int step = 0; step < 6; step++) {
            draw(&in);
            for (int k = 0; k < 5; k++) {
                in.given[k] = step == 0 || below(3) == 0;
                in.n[k] += in.n[k] == 0; /* OpenSSL's copies none of no octets: it fails */
            }
            if (step > 0 && below(2))
                in.digest = NULL;
            if (step > 0 && below(2))
                in.mode = -1;
            in.out = 32;
            same(c, &in);
            EVP_KDF_CTX *d[2] = {EVP_KDF_CTX_dup(c[0]), EVP_KDF_CTX_dup(c[1])};
            same(d, &(input){.mode = -1, .out = 32});
            EVP_KDF_CTX_free(d[0]);
            EVP_KDF_CTX_free(d[1]);
        }
        EVP_KDF_CTX_reset(c[0]);
        EVP_KDF_CTX_reset(c[1]);
        same(c, &in);
        EVP_KDF_CTX_free(c[0]);
        EVP_KDF_CTX_free(c[1]);
    }
}

static void every_length(void **state)
{
    const worlds *both = *state;
    static input in = {.mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
                       .digest = "SHA256",
                       .given = {true, false, true, true, true},
                       .n = {32, 0, 6, 10, 32}};
    EVP_KDF_CTX *c[2] = {context(&both->ours), context(&both->plain)};
    for (in.out = 1; in.out <= 300; in.out++)
        same(c, &in);
    static const size_t edges[] = {255 * 32 - 1, 255 * 32, 255 * 32 + 1};
    for (size_t i = 0; i < 3; i++) {
        in.out = edges[i];
        same(c, &in);
    }
    in.out = 32;
    for (in.n[3] = 0; in.n[3] <= 256; in.n[3]++)
        same(c, &in);
    in.n[3] = 10;
    for (in.n[4] = 0; in.n[4] <= 256; in.n[4]++)
        same(c, &in);
    for (in.n[0] = 0; in.n[0] <= 200; in.n[0]++)
        same(c, &in);
    EVP_KDF_CTX_free(c[0]);
    EVP_KDF_CTX_free(c[1]);
}

/* RFC 8448 section 3: the early secret, the one derived from it, and the handshake secret. */
static void rfc_8448(void **state)
{
    const worlds *both = *state;
    static const uint8_t early[] = {0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6, 0xcd,
                                    0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f,
                                    0x26, 0x60, 0xe1, 0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a};
    uint8_t out[32];
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("mode", (char *)(uintptr_t)"extract_only", 0),
                           OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)"SHA256", 0),
                           OSSL_PARAM_construct_octet_string("prefix", (void *)(uintptr_t)"tls13 ", 6),
                           OSSL_PARAM_construct_octet_string("label", (void *)(uintptr_t)"derived", 7),
                           OSSL_PARAM_construct_end()};
    EVP_KDF_CTX *c = context(&both->ours);
    assert_int_equal(EVP_KDF_derive(c, out, sizeof out, params), 1);
    assert_memory_equal(out, early, sizeof early);
    EVP_KDF_CTX_free(c);
}

static void refusals(void **state)
{
    const worlds *both = *state;
    int wrong = 7;
    int both_modes = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    uint8_t out[32];
    static char long_name[200];
    memset(long_name, 'x', sizeof long_name - 1);
    OSSL_PARAM bad[][2] = {
        {OSSL_PARAM_construct_int("mode", &wrong), OSSL_PARAM_construct_end()},
        {OSSL_PARAM_construct_int("mode", &both_modes), OSSL_PARAM_construct_end()},
        {OSSL_PARAM_construct_utf8_string("mode", (char *)(uintptr_t)"both", 0), OSSL_PARAM_construct_end()},
        {OSSL_PARAM_construct_utf8_string("digest", long_name, 0), OSSL_PARAM_construct_end()},
        {OSSL_PARAM_construct_int("key", &wrong), OSSL_PARAM_construct_end()}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EVP_KDF_CTX *c = context(&both->ours);
        assert_int_not_equal(EVP_KDF_CTX_set_params(c, bad[i]), 1);
        EVP_KDF_CTX_free(c);
    }
    EVP_KDF_CTX *c = context(&both->ours);
    assert_int_not_equal(EVP_KDF_derive(c, out, sizeof out, NULL), 1); /* neither mode nor digest */
    EVP_KDF_CTX_free(c);
    ERR_clear_error();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_inputs), cmocka_unit_test(contexts_remember),
                                       cmocka_unit_test(every_length), cmocka_unit_test(rfc_8448),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
