/* Helpers of the tests that hold this provider's key agreement against that of OpenSSL's default provider. */
#ifndef WTL_TESTS_PROVIDER_AGREE_H
#define WTL_TESTS_PROVIDER_AGREE_H

#include "world.h"

#include <openssl/rand.h>

#include "base/secret.h"

enum { AGREE_CT = 1700, AGREE_SS = 128, AGREE_KEY = 4096 };

typedef struct agree_pair {
    uint8_t ct[AGREE_CT], ss[AGREE_SS];
    size_t ct_n, ss_n;
} agree_pair;

/* One octet parameter and the end; empty when v is. */
static inline OSSL_PARAM *agree_params(OSSL_PARAM params[2], const char *name, wtl_bytes v)
{
    params[0] = v.n > 0 ? OSSL_PARAM_construct_octet_string(name, (void *)v.p, v.n)
                        : OSSL_PARAM_construct_end();
    params[1] = OSSL_PARAM_construct_end();
    return params;
}

/* A new key, of `v` (a parameter of generation) when that is not empty; NULL when refused. */
static inline EVP_PKEY *agree_generate(const world *w, const char *alg, const char *name, wtl_bytes v)
{
    OSSL_PARAM params[2];
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(w->lib, alg, NULL);
    assert_non_null(ctx);
    if (EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_params(ctx, agree_params(params, name, v)) != 1 ||
        EVP_PKEY_generate(ctx, &key) != 1)
        assert_null(key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static inline EVP_PKEY *agree_key(const world *w, const char *alg)
{
    EVP_PKEY *key = agree_generate(w, alg, "", (wtl_bytes){0});
    assert_non_null(key);
    return key;
}

/* The key of one part, as EVP_PKEY_fromdata makes it; NULL when refused. */
static inline EVP_PKEY *agree_import(const world *w, const char *alg, const char *name, wtl_bytes v)
{
    OSSL_PARAM params[2];
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(w->lib, alg, NULL);
    assert_non_null(ctx);
    int selection = strcmp(name, OSSL_PKEY_PARAM_PUB_KEY) == 0 ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    if (EVP_PKEY_fromdata(ctx, &key, selection, agree_params(params, name, v)) != 1)
        assert_null(key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The peer's key as TLS makes it of a share; NULL when refused. */
static inline EVP_PKEY *agree_peer(const world *w, const char *alg, wtl_bytes share)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(w->lib, alg, NULL);
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, alg), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    if (EVP_PKEY_set1_encoded_public_key(key, share.p, share.n) == 1)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static inline wtl_bytes agree_share(EVP_PKEY *key)
{
    unsigned char *p = NULL;
    size_t n = EVP_PKEY_get1_encoded_public_key(key, &p);
    assert_true(n > 0);
    return (wtl_bytes){p, n};
}

static inline void agree_drop(wtl_bytes v)
{
    OPENSSL_free((void *)v.p);
}

/* The same key in the other world, through what it exports. */
static inline EVP_PKEY *agree_carry(const world *to, const char *alg, const EVP_PKEY *key, int selection)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *copy = NULL;
    assert_int_equal(EVP_PKEY_todata(key, selection, &params), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(to->lib, alg, NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &copy, selection, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return copy;
}

/* 1, or what EVP says. `ikme` may be empty. */
static inline int agree_encaps(const world *w, EVP_PKEY *key, wtl_bytes ikme, agree_pair *out)
{
    OSSL_PARAM params[2];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, key, NULL);
    assert_non_null(ctx);
    memset(out, 0, sizeof *out);
    out->ct_n = sizeof out->ct;
    out->ss_n = sizeof out->ss;
    int rc = EVP_PKEY_encapsulate_init(ctx, agree_params(params, OSSL_KEM_PARAM_IKME, ikme));
    if (rc == 1)
        rc = EVP_PKEY_encapsulate(ctx, out->ct, &out->ct_n, out->ss, &out->ss_n);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

static inline int agree_decaps(const world *w, EVP_PKEY *key, wtl_bytes ct, uint8_t *ss, size_t *ss_n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, key, NULL);
    assert_non_null(ctx);
    int rc = EVP_PKEY_decapsulate_init(ctx, NULL);
    if (rc == 1)
        rc = EVP_PKEY_decapsulate(ctx, ss, ss_n, ct.p, ct.n);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* The ciphertext opens to its secret in that world. */
static inline void agree_opens(const world *w, EVP_PKEY *key, const agree_pair *p)
{
    uint8_t ss[AGREE_SS];
    size_t n = sizeof ss;
    assert_int_equal(agree_decaps(w, key, (wtl_bytes){p->ct, p->ct_n}, ss, &n), 1);
    assert_int_equal(n, p->ss_n);
    assert_memory_equal(ss, p->ss, n);
}

static inline int agree_derive(const world *w, EVP_PKEY *own, EVP_PKEY *peer, uint8_t ss[32])
{
    size_t n = 32;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, own, NULL);
    assert_non_null(ctx);
    int rc = EVP_PKEY_derive_init(ctx);
    if (rc == 1)
        rc = EVP_PKEY_derive_set_peer(ctx, peer);
    if (rc == 1)
        rc = EVP_PKEY_derive(ctx, ss, &n);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* DER or PEM of a key: "PrivateKeyInfo" or "SubjectPublicKeyInfo". The caller frees with OPENSSL_free. */
static inline wtl_bytes agree_encode(EVP_PKEY *key, const char *format, const char *structure)
{
    unsigned char *p = NULL;
    size_t n = 0;
    int selection = structure[0] == 'P' ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(key, selection, format, structure, NULL);
    assert_int_equal(OSSL_ENCODER_to_data(ctx, &p, &n), 1);
    OSSL_ENCODER_CTX_free(ctx);
    return (wtl_bytes){p, n};
}

/* NULL when no decoder takes it, or something follows. */
static inline EVP_PKEY *agree_decode(const world *w, const char *alg, wtl_bytes text)
{
    EVP_PKEY *key = NULL;
    const unsigned char *p = text.p;
    size_t n = text.n;
    OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, alg, 0, w->lib, NULL);
    assert_non_null(ctx);
    if (OSSL_DECODER_from_data(ctx, &p, &n) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(ctx);
    ERR_clear_error();
    return key;
}

/* Out and in again, in both worlds and both formats: the same key, and ours in wattle. */
static inline void agree_round_trips(const worlds *both, const char *alg)
{
    static const char *const formats[] = {"DER", "PEM"};
    static const char *const structures[] = {"PrivateKeyInfo", "SubjectPublicKeyInfo"};
    for (int turn = 0; turn < 8; turn++) {
        const world *from = turn & 1 ? &both->ours : &both->plain;
        EVP_PKEY *key = agree_key(from, alg);
        wtl_bytes text = agree_encode(key, formats[turn >> 1 & 1], structures[turn >> 2]);
        EVP_PKEY *a = agree_decode(&both->ours, alg, text);
        EVP_PKEY *b = agree_decode(&both->plain, alg, text);
        assert_non_null(a);
        assert_non_null(b);
        assert_string_equal(world_owner(a), "wattle");
        assert_int_equal(EVP_PKEY_eq(a, b), 1);
        assert_int_equal(EVP_PKEY_eq(key, a), 1);
        world_same_part(key, a, OSSL_PKEY_PARAM_PUB_KEY);
        if (turn >> 2 == 0)
            world_same_part(key, a, OSSL_PKEY_PARAM_PRIV_KEY);
        EVP_PKEY_free(a);
        EVP_PKEY_free(b);
        EVP_PKEY_free(key);
        agree_drop(text);
    }
}

/* Both worlds say the same of a text: refused, or the same key. */
static inline bool agree_verdict(const worlds *both, const char *alg, wtl_bytes text)
{
    EVP_PKEY *a = agree_decode(&both->ours, alg, text);
    EVP_PKEY *b = agree_decode(&both->plain, alg, text);
    if ((a == NULL) != (b == NULL))
        fail_msg("%s: wattle %s what OpenSSL %s", alg, a == NULL ? "refuses" : "takes",
                 b == NULL ? "refuses" : "takes");
    bool taken = a != NULL;
    if (taken)
        assert_int_equal(EVP_PKEY_eq(a, b), 1);
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    return taken;
}

/* Every truncation is refused by both; every changed byte gets the same verdict. */
static inline void agree_damage(const worlds *both, const char *alg, wtl_bytes der, size_t step)
{
    uint8_t *copy = malloc(der.n + 1);
    assert_non_null(copy);
    assert_true(agree_verdict(both, alg, der));
    for (size_t n = 0; n < der.n; n++)
        assert_false(agree_verdict(both, alg, (wtl_bytes){der.p, n}));
    for (size_t i = 0; i < der.n; i += i < 64 ? 1 : step) {
        memcpy(copy, der.p, der.n);
        copy[i] ^= (uint8_t)(1u << (i % 8));
        (void)agree_verdict(both, alg, (wtl_bytes){copy, der.n});
    }
    free(copy);
}

/* One record of OpenSSL's evp_test files: lines "Name = value" up to an empty one. */
enum { VECTOR_LINES = 16, VECTOR_LINE = 16384 };
typedef struct vector {
    char name[VECTOR_LINES][24];
    char *value[VECTOR_LINES];
    int n;
} vector;

static inline void vector_drop(vector *v)
{
    for (int i = 0; i < v->n; i++)
        free(v->value[i]);
    v->n = 0;
}

static inline bool vector_next(FILE *f, vector *v)
{
    static char line[VECTOR_LINE];
    vector_drop(v);
    while (fgets(line, sizeof line, f) != NULL) {
        char *is = strchr(line, '=');
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' && v->n > 0)
            return true;
        if (line[0] == '\0' || line[0] == '#' || is == NULL || line[0] == '-')
            continue;
        assert_true(v->n < VECTOR_LINES);
        snprintf(v->name[v->n], sizeof v->name[0], "%.*s", (int)strcspn(line, " ="), line);
        v->value[v->n++] = strdup(is + 1 + strspn(is + 1, " "));
    }
    return v->n > 0;
}

/* The value of the first line of that name which begins with `prefix`, behind it; NULL without one. */
static inline const char *vector_value(const vector *v, const char *name, const char *prefix)
{
    for (int i = 0; i < v->n; i++) {
        if (strcmp(v->name[i], name) == 0 && strncmp(v->value[i], prefix, strlen(prefix)) == 0)
            return v->value[i] + strlen(prefix);
    }
    return NULL;
}

/* Hex as octets; the caller frees with OPENSSL_free. Empty without a value. */
static inline wtl_bytes vector_hex(const vector *v, const char *name, const char *prefix)
{
    const char *text = vector_value(v, name, prefix);
    long n = 0;
    if (text == NULL || text[0] == '\0')
        return (wtl_bytes){0};
    uint8_t *p = OPENSSL_hexstr2buf(text, &n);
    assert_non_null(p);
    return (wtl_bytes){p, (size_t)n};
}

#endif
