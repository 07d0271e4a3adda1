/* Keys read from DER and PEM land in wattle; malformed ones are refused, at every length and with every byte changed. */
#include "world.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/mldsakey.h"

/* What default writes for a key: PKCS#8 with its own format setting, or SPKI. */
static size_t write_der(const EVP_PKEY *key, bool is_private, uint8_t **der)
{
    size_t n = 0;
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(
        key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, "DER",
        is_private ? "PrivateKeyInfo" : "SubjectPublicKeyInfo", NULL);
    assert_non_null(ctx);
    *der = NULL;
    assert_int_equal(OSSL_ENCODER_to_data(ctx, der, &n), 1);
    OSSL_ENCODER_CTX_free(ctx);
    return n;
}

static EVP_PKEY *read_der(const world *w, bool is_private, const uint8_t *der, size_t n)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(
        &key, "DER", is_private ? "PrivateKeyInfo" : "SubjectPublicKeyInfo", NULL,
        is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, w->lib, NULL);
    assert_non_null(ctx);
    (void)OSSL_DECODER_from_data(ctx, &der, &n);
    OSSL_DECODER_CTX_free(ctx);
    ERR_clear_error();
    return key;
}

static void loaded_keys_are_ours(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *from = world_seeded(&b->plain, mldsa_names[i], 0x21);
        for (int is_private = 0; is_private < 2; is_private++) {
            uint8_t *der;
            size_t n = write_der(from, is_private, &der);
            EVP_PKEY *key = read_der(&b->ours, is_private, der, n);
            assert_non_null(key);
            assert_string_equal(world_owner(key), "wattle");
            assert_int_equal(EVP_PKEY_eq(key, from), 1);
            /* and what is written from ours is the same */
            uint8_t *again;
            size_t again_n = write_der(key, is_private, &again);
            assert_int_equal(again_n, n);
            assert_memory_equal(again, der, n);
            OPENSSL_free(again);
            const uint8_t *at = der;
            EVP_PKEY *old = is_private ? d2i_AutoPrivateKey_ex(NULL, &at, (long)n, b->ours.lib, NULL)
                                       : d2i_PUBKEY_ex(NULL, &at, (long)n, b->ours.lib, NULL);
            assert_non_null(old);
            assert_string_equal(world_owner(old), "wattle");
            EVP_PKEY_free(old);
            OPENSSL_free(der);
            EVP_PKEY_free(key);
        }
        EVP_PKEY_free(from);
    }
}

static void pem_too(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(&b->ours, mldsa_names[i], 0x22);
        for (int sealed = 0; sealed < 2; sealed++) {
            BIO *file = BIO_new(BIO_s_mem());
            char pass[] = "open sesame";
            const EVP_CIPHER *with = sealed ? EVP_aes_256_cbc() : NULL;
            assert_int_equal(PEM_write_bio_PKCS8PrivateKey(file, key, with, sealed ? pass : NULL,
                                                           sealed ? (int)strlen(pass) : 0, NULL, NULL),
                             1);
            assert_int_equal(PEM_write_bio_PUBKEY(file, key), 1);
            EVP_PKEY *back = PEM_read_bio_PrivateKey_ex(file, NULL, NULL, pass, b->ours.lib, NULL);
            assert_non_null(back);
            assert_string_equal(world_owner(back), "wattle");
            assert_int_equal(EVP_PKEY_eq(key, back), 1);
            world_same_part(key, back, OSSL_PKEY_PARAM_ML_DSA_SEED);
            EVP_PKEY_free(back);
            back = PEM_read_bio_PUBKEY_ex(file, NULL, NULL, NULL, b->ours.lib, NULL);
            assert_non_null(back);
            assert_string_equal(world_owner(back), "wattle");
            EVP_PKEY_free(back);
            BIO_free(file);
        }
        EVP_PKEY_free(key);
    }
}

/* PKCS#8 by hand, for forms that default does not write. */
typedef struct der {
    uint8_t p[16384];
    size_t n;
} der;

static void put(der *d, uint8_t tag, const void *p, size_t n)
{
    uint8_t head[4] = {tag, (uint8_t)n};
    size_t head_n = 2;
    if (n > 0xff) {
        head[1] = 0x82;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
        head_n = 4;
    } else if (n > 0x7f) {
        head[1] = 0x81;
        head[2] = (uint8_t)n;
        head_n = 3;
    }
    assert_true(d->n + head_n + n <= sizeof d->p);
    memcpy(d->p + d->n, head, head_n);
    if (n > 0)
        memcpy(d->p + d->n + head_n, p, n);
    d->n += head_n + n;
}

static der pkcs8(size_t set, uint8_t version, const der *inner, const der *more)
{
    der body = {.n = 0};
    der out = {.n = 0};
    put(&body, 0x02, &version, 1);
    memcpy(body.p + body.n, wtl_mldsakey_kinds[set].algorithm, 13);
    body.n += 13;
    put(&body, 0x04, inner->p, inner->n);
    if (more != NULL) {
        memcpy(body.p + body.n, more->p, more->n);
        body.n += more->n;
    }
    put(&out, 0x30, body.p, body.n);
    return out;
}

/* Seed, expanded, both; version 1 with the public key; attributes. All are the same key. */
static void every_form(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(&b->plain, mldsa_names[i], 0x23);
        wtl_bytes pub = world_part(key, OSSL_PKEY_PARAM_PUB_KEY);
        wtl_bytes seed = world_part(key, OSSL_PKEY_PARAM_ML_DSA_SEED);
        wtl_bytes priv = world_part(key, OSSL_PKEY_PARAM_PRIV_KEY);
        der forms[3] = {{.n = 0}, {.n = 0}, {.n = 0}};
        der pair = {.n = 0};
        put(&forms[0], 0x80, seed.p, seed.n);
        put(&forms[1], 0x04, priv.p, priv.n);
        put(&pair, 0x04, seed.p, seed.n);
        put(&pair, 0x04, priv.p, priv.n);
        put(&forms[2], 0x30, pair.p, pair.n);
        uint8_t *bits = calloc(1, pub.n + 1);
        memcpy(bits + 1, pub.p, pub.n);
        der tail = {.n = 0};
        put(&tail, 0x81, bits, pub.n + 1);
        der attributes = {.n = 0};
        put(&attributes, 0xa0, "", 0);
        for (int f = 0; f < 3; f++) {
            const der texts[] = {pkcs8(i, 0, &forms[f], NULL), pkcs8(i, 1, &forms[f], NULL),
                                 pkcs8(i, 1, &forms[f], &tail), pkcs8(i, 0, &forms[f], &attributes)};
            for (size_t t = 0; t < 4; t++) {
                EVP_PKEY *read = read_der(&b->ours, true, texts[t].p, texts[t].n);
                assert_non_null(read);
                assert_string_equal(world_owner(read), "wattle");
                assert_int_equal(EVP_PKEY_eq(key, read), 1);
                world_same_part(key, read, OSSL_PKEY_PARAM_PRIV_KEY);
                EVP_PKEY_free(read);
            }
            wtl_err err = {0};
            wtl_decoder_parts parts;
            const der wrong[] = {pkcs8(i, 2, &forms[f], NULL), pkcs8(i, 0, &forms[f], &tail),
                                 pkcs8(i, 1, &forms[f], &forms[0])};
            for (size_t t = 0; t < 3; t++)
                assert_int_equal(wtl_decoder_parse(&parts, &wtl_mldsakey_kinds[i], true,
                                                   (wtl_bytes){wrong[t].p, wrong[t].n}, &err),
                                 WTL_FORMAT);
        }
        /* another key's public key beside it: no provider may take it as it stands without saying so */
        bits[5] ^= 1;
        tail.n = 0;
        put(&tail, 0x81, bits, pub.n + 1);
        der mixed = pkcs8(i, 1, &forms[0], &tail);
        EVP_PKEY *read = read_der(&b->ours, true, mixed.p, mixed.n);
        assert_true(read == NULL || strcmp(world_owner(read), "default") == 0);
        EVP_PKEY_free(read);
        /* both, and they disagree */
        pair.p[2] ^= 1;
        forms[2].n = 0;
        put(&forms[2], 0x30, pair.p, pair.n);
        mixed = pkcs8(i, 0, &forms[2], NULL);
        assert_null(read_der(&b->ours, true, mixed.p, mixed.n));
        free(bits);
        free((void *)pub.p);
        free((void *)seed.p);
        free((void *)priv.p);
        EVP_PKEY_free(key);
    }
}

/* Parses in a block of exactly n bytes, so that the sanitizer sees a read past it. */
static int parse_tight(const wtl_decoder_kind *kind, bool is_private, const uint8_t *p, size_t n)
{
    uint8_t *tight = malloc(n > 0 ? n : 1);
    wtl_decoder_parts parts;
    wtl_err err = {0};
    memcpy(tight, p, n);
    int rc = wtl_decoder_parse(&parts, kind, is_private, (wtl_bytes){tight, n}, &err);
    free(tight);
    return rc;
}

static void cut_and_changed(const wtl_decoder_kind *kind, bool is_private, uint8_t *p, size_t n, size_t head)
{
    assert_int_equal(parse_tight(kind, is_private, p, n), WTL_OK);
    for (size_t cut = 0; cut < n; cut++)
        assert_true(parse_tight(kind, is_private, p, cut) < 0);
    for (size_t at = 0; at < head; at++) {
        uint8_t was = p[at];
        for (int v = 0; v < 256; v++) {
            p[at] = (uint8_t)v;
            int rc = parse_tight(kind, is_private, p, n);
            /* only the version has two values */
            if (v != was && rc == WTL_OK && !(is_private && v <= 1))
                fail_msg("byte %zu changed to %d passes", at, v);
        }
        p[at] = was;
    }
}

static void malformed_der(void **state)
{
    const worlds *b = *state;
    for (size_t i = 0; i < 3; i++) {
        const wtl_decoder_kind *kind = &wtl_mldsakey_kinds[i];
        EVP_PKEY *key = world_seeded(&b->plain, mldsa_names[i], 0x24);
        wtl_bytes seed = world_part(key, OSSL_PKEY_PARAM_ML_DSA_SEED);
        der only = {.n = 0};
        put(&only, 0x80, seed.p, seed.n);
        der text = pkcs8(i, 0, &only, NULL);
        cut_and_changed(kind, true, text.p, text.n, text.n - seed.n);
        uint8_t *out;
        size_t n = write_der(key, true, &out);
        cut_and_changed(kind, true, out, n, 30);
        OPENSSL_free(out);
        n = write_der(key, false, &out);
        cut_and_changed(kind, false, out, n, 22);
        /* another algorithm's key is none of ours */
        assert_int_equal(parse_tight(&wtl_mldsakey_kinds[(i + 1) % 3], false, out, n), WTL_NO);
        OPENSSL_free(out);
        free((void *)seed.p);
        EVP_PKEY_free(key);
    }
}

/* The whole way through OpenSSL, with texts that are no keys. */
static void junk_through_the_core(void **state)
{
    const worlds *b = *state;
    EVP_PKEY *key = world_seeded(&b->plain, "ML-DSA-44", 0x25);
    for (int is_private = 0; is_private < 2; is_private++) {
        uint8_t *text;
        size_t n = write_der(key, is_private, &text);
        for (size_t cut = 0; cut < n; cut += cut < 64 ? 1 : 173)
            assert_null(read_der(&b->ours, is_private, text, cut));
        for (size_t at = 0; at < (is_private ? 30u : 22u); at++) {
            text[at] ^= 0x41;
            EVP_PKEY *read = read_der(&b->ours, is_private, text, n);
            assert_true(read == NULL || strcmp(world_owner(read), "default") == 0);
            EVP_PKEY_free(read);
            text[at] ^= 0x41;
        }
        OPENSSL_free(text);
    }
    static const uint8_t huge[] = {0x30, 0x83, 0xff, 0xff, 0xff, 0};
    static const uint8_t endless[] = {0x30, 0x80, 0, 0};
    assert_null(read_der(&b->ours, true, huge, sizeof huge));
    assert_null(read_der(&b->ours, false, endless, sizeof endless));
    EVP_PKEY_free(key);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded_keys_are_ours),
        cmocka_unit_test(pem_too),
        cmocka_unit_test(every_form),
        cmocka_unit_test(malformed_der),
        cmocka_unit_test(junk_through_the_core),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
