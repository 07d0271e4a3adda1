/* Helpers of the tests that make and read keys. */
#ifndef WTL_TESTS_CRYPTO_KEYS_H
#define WTL_TESTS_CRYPTO_KEYS_H

#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "crypto/key_der.h"
#include "crypto/key_impl.h"

static inline wtl_key *keys_new(const char *alg)
{
    wtl_err err = {0};
    wtl_key *k = NULL;
    assert_non_null(wtl_alg_by_name(alg));
    assert_good(wtl_key_generate(&k, wtl_alg_by_name(alg), &err), &err);
    return k;
}

static inline void keys_der(const wtl_key *k, wtl_buf *out)
{
    wtl_err err = {0};
    AUTO(wtl_secret) s = {0};
    wtl_buf_clear(out);
    if (!wtl_key_is_private(k)) {
        assert_good(wtl_key_write_public(k, WTL_KEY_DER, out, &err), &err);
        return;
    }
    assert_good(wtl_key_write_private(k, WTL_KEY_DER, NULL, &s, &err), &err);
    wtl_buf_bytes(out, wtl_secret_view(&s));
}

static inline void keys_pem(const wtl_key *k, wtl_buf *out)
{
    wtl_err err = {0};
    AUTO(wtl_secret) s = {0};
    wtl_buf_clear(out);
    if (!wtl_key_is_private(k)) {
        assert_good(wtl_key_write_public(k, WTL_KEY_PEM, out, &err), &err);
        return;
    }
    assert_good(wtl_key_write_private(k, WTL_KEY_PEM, NULL, &s, &err), &err);
    wtl_buf_bytes(out, wtl_secret_view(&s));
}

/* The whole private key as OpenSSL has it: the "expanded" form. */
static inline void keys_expanded(const wtl_key *k, wtl_buf *out)
{
    size_t n = 0;
    EVP_PKEY *p = wtl_key_evp(k);
    wtl_buf_clear(out);
    assert_int_equal(EVP_PKEY_get_octet_string_param(p, OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0, &n), 1);
    uint8_t *to = wtl_buf_grow(out, n);
    assert_int_equal(EVP_PKEY_get_octet_string_param(p, OSSL_PKEY_PARAM_PRIV_KEY, to, n, &n), 1);
}

/* PrivateKeyInfo around ready-made content of its OCTET STRING; `tail` follows (attributes, public key). */
static inline void keys_pkcs8(const char *alg, unsigned version, wtl_bytes content, wtl_bytes tail,
                              wtl_buf *out)
{
    AUTO(wtl_buf) body = {0};
    wtl_key_der_put_uint(&body, version);
    assert_int_equal(wtl_key_der_algid(&body, wtl_alg_by_name(alg), NULL), 0);
    wtl_key_der_element(&body, WTL_DER_OCTETS, content);
    wtl_buf_bytes(&body, tail);
    wtl_buf_clear(out);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
}

/* The same for the expanded form of ML-DSA and ML-KEM (an OCTET STRING) and SLH-DSA (bare). */
static inline void keys_pkcs8_expanded(const char *alg, wtl_bytes priv, wtl_buf *out)
{
    AUTO(wtl_buf) wrapped = {0};
    if (strncmp(alg, "SLH-DSA", 7) == 0)
        wtl_buf_bytes(&wrapped, priv);
    else
        wtl_key_der_element(&wrapped, WTL_DER_OCTETS, priv);
    keys_pkcs8(alg, 0, wtl_buf_view(&wrapped), (wtl_bytes){0}, out);
}

/* Reads, expecting `rc`; every refusal has a sentence. */
static inline wtl_key *keys_read(wtl_bytes file, const wtl_passphrase *pp, int rc)
{
    wtl_err err = {0};
    wtl_key *k = NULL;
    int got = wtl_key_parse(&k, file, pp, &err);
    if (got != rc)
        fail_msg("got %s, wanted %s: %s", wtl_rc_name(got), wtl_rc_name(rc), err.text);
    assert_true((k != NULL) == (rc == 0));
    assert_true(rc == 0 || err.text[0] != '\0');
    return k;
}

static inline void keys_refused(wtl_bytes file)
{
    keys_read(file, NULL, WTL_FORMAT);
}

/* Where `needle` first is, or fails. */
static inline size_t keys_find(wtl_bytes in, wtl_bytes needle)
{
    const uint8_t *at = memmem(in.p, in.n, needle.p, needle.n);
    assert_non_null(at);
    return (size_t)(at - in.p);
}

#endif
