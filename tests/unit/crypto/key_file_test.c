#include "keys.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "crypto/lib.h"

/* The bytes of a text without its white space. */
static void dense(wtl_bytes v, wtl_buf *out)
{
    wtl_buf_clear(out);
    for (size_t i = 0; i < v.n; i++) {
        if (strchr(" \t\r\n", v.p[i]) == NULL || v.p[i] == 0)
            wtl_buf_u8(out, v.p[i]);
    }
}

/* An accepted file means what it says: written again it is the same text, white space aside. */
static bool means_itself(const wtl_key *k, wtl_bytes file, bool pem)
{
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    AUTO(wtl_buf) again = {0};
    if (pem)
        keys_pem(k, &again);
    else
        keys_der(k, &again);
    if (!pem)
        return again.n == file.n && memcmp(again.p, file.p, file.n) == 0;
    dense(file, &a);
    dense(wtl_buf_view(&again), &b);
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void try_one(wtl_bytes file, bool pem, size_t at)
{
    wtl_err err = {0};
    AUTO(wtl_key) *k = NULL;
    int rc = wtl_key_parse(&k, file, NULL, &err);
    if (rc == 0 && !means_itself(k, file, pem))
        fail_msg("a change at %zu was accepted and means something else", at);
    if (rc != 0 && (rc != WTL_FORMAT && rc != WTL_POLICY))
        fail_msg("a change at %zu gave %s: %s", at, wtl_rc_name(rc), err.text);
    assert_true((rc == 0) == (k != NULL));
}

/* Every position changed, in three ways; every truncation; a byte more. */
static void batter(const wtl_key *k, bool pem)
{
    AUTO(wtl_buf) file = {0};
    if (pem)
        keys_pem(k, &file);
    else
        keys_der(k, &file);
    static const uint8_t flips[] = {0x01, 0x80, 0x20};
    for (size_t i = 0; i < file.n; i++) {
        uint8_t was = file.p[i];
        for (size_t j = 0; j < sizeof flips; j++) {
            file.p[i] = was ^ flips[j];
            try_one(wtl_buf_view(&file), pem, i);
        }
        file.p[i] = was;
    }
    for (size_t n = 0; n + 1 < file.n; n++) {
        /* A copy of its own, so that the sanitizer sees a read past the end. */
        AUTO(wtl_buf) cut = {0};
        wtl_buf_add(&cut, file.p, n);
        keys_refused(wtl_buf_view(&cut));
    }
    wtl_buf_u8(&file, 'x');
    keys_refused(wtl_buf_view(&file));
}

static void changed_files(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44", "ML-KEM-512", "Ed25519",
                                       "X25519",    "ECDSA-P256", "ECDSA-P521"};
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) raw = {0};
        AUTO(wtl_key) *public = NULL;
        assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
        assert_int_equal(wtl_key_from_public(&public, wtl_key_alg(k), wtl_buf_view(&raw), NULL), 0);
        batter(k, false);
        batter(k, true);
        batter(public, false);
        batter(public, true);
    }
}

/* The forms that we read and do not write: no crash, no bug, whatever is changed. */
static void changed_expanded_files(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ML-KEM-512");
    AUTO(wtl_buf) priv = {0};
    AUTO(wtl_buf) file = {0};
    keys_expanded(k, &priv);
    keys_pkcs8_expanded("ML-KEM-512", wtl_buf_view(&priv), &file);
    for (size_t i = 0; i < file.n; i++) {
        file.p[i] ^= 1;
        try_one(wtl_buf_view(&file), false, i);
        file.p[i] ^= 1;
    }
    for (size_t n = 0; n < file.n; n++)
        keys_refused((wtl_bytes){file.p, n});
}

/* ---- PEM ---- */

static const char BODY[] =
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="; /* RFC 8032 test 1 */

static void pem_is(const char *text, int rc)
{
    AUTO(wtl_key) *k = keys_read(wtl_text_of(text), NULL, rc);
    if (k != NULL)
        assert_string_equal(wtl_key_alg_name(k), "Ed25519");
}

static void pem_accepted(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    static const char *const forms[] = {
        "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\r\n%s\r\n-----END PUBLIC KEY-----\r\n",
        "signing key of the lab\n0123\n-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n \t\r\n\n",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        wtl_buf_clear(&b);
        const char *hole = strstr(forms[i], "%s");
        wtl_buf_add(&b, forms[i], (size_t)(hole - forms[i]));
        wtl_buf_str(&b, BODY);
        wtl_buf_str(&b, hole + 2);
        pem_is(wtl_buf_cstr(&b), 0);
    }
}

#define BEGIN "-----BEGIN PUBLIC KEY-----\n"
#define END "-----END PUBLIC KEY-----\n"
#define KEY "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static void pem_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        BEGIN KEY "\n" END "and more",
        BEGIN KEY "\n" END BEGIN KEY "\n" END,
        "-----BEGIN PUBLIC KEY----\n" KEY "\n" END,
        "-----BEGIN PUBLIC KEX-----\n" KEY "\n" END BEGIN KEY "\n" END,
        BEGIN KEY "\n-----END PRIVATE KEY-----\n",
        BEGIN KEY "\n",
        BEGIN "\n" KEY "\n" END,
        BEGIN KEY "\n\n" END,
        BEGIN " " KEY "\n" END,
        BEGIN KEY " \n" END,
        BEGIN KEY "=\n" END,
        BEGIN "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\n" END,
        BEGIN "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=\n" END, /* a trailing bit */
        BEGIN "MCow=QYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" END,
        BEGIN "MCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" END,
        BEGIN KEY "\n" KEY "\n" END,
        BEGIN END,
        "-----BEGIN -----\n" KEY "\n-----END -----\n",
        "-----BEGIN CERTIFICATE-----\n" KEY "\n-----END CERTIFICATE-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\n" KEY "\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n" KEY "\n-----END PRIVATE KEY-----\n", /* content of another kind */
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" KEY "\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n" KEY "\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN \x1b[2J-----\n" KEY "\n-----END \x1b[2J-----\n",
        KEY,
        "hello",
        "\n",
        "0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        pem_is(bad[i], WTL_FORMAT);
    keys_refused((wtl_bytes){NULL, 0});
    pem_is("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n" KEY
           "\n-----END EC PRIVATE KEY-----\n",
           WTL_POLICY);
}

static void pem_label_is_quoted(void **state)
{
    (void)state;
    wtl_err err = {0};
    wtl_key *k = NULL;
    assert_int_equal(wtl_key_parse(&k,
                                   wtl_text_of("-----BEGIN \x1b[2J-----\n" KEY "\n-----END \x1b[2J-----\n"),
                                   NULL, &err),
                     WTL_FORMAT);
    assert_null(strchr(err.text, 0x1b));
}

static void too_large(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    for (size_t i = 0; i < 70000; i++)
        wtl_buf_u8(&b, '\n');
    wtl_buf_str(&b, BEGIN KEY "\n" END);
    keys_refused(wtl_buf_view(&b));
}

/* DER whose lengths are not in the shortest form, or indefinite, or absurd. */
static void der_is_strict(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t head[12];
    } rows[] = {
        {5, {0x30, 0x81, 0x2a, 0x30, 0x05}},
        {6, {0x30, 0x82, 0x00, 0x2a, 0x30, 0x05}},
        {4, {0x30, 0x80, 0x30, 0x05}},
        {6, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}},
        {10, {0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
    };
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) spki = {0};
    assert_int_equal(wtl_key_write_public(k, WTL_KEY_DER, &spki, NULL), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) b = {0};
        wtl_buf_add(&b, rows[i].head, rows[i].n);
        wtl_buf_add(&b, spki.p + 4, spki.n - 4);
        keys_refused(wtl_buf_view(&b));
    }
}

/* ---- passphrases ---- */

typedef struct asker {
    const char *say;
    int asked;
    int rc;
} asker;

static int answer(void *arg, char *out, size_t cap, wtl_err *err)
{
    asker *a = arg;
    a->asked++;
    if (a->rc != 0) {
        wtl_err_make(err, a->rc, 0, __FILE__, __LINE__, "no terminal");
        return a->rc;
    }
    size_t n = strlen(a->say);
    assert_true(n <= cap);
    memcpy(out, a->say, n);
    return (int)n;
}

static wtl_key *read_with(wtl_bytes file, asker *a, int rc)
{
    wtl_passphrase pp = {answer, a};
    return keys_read(file, &pp, rc);
}

static void encrypted_round_trip(void **state)
{
    (void)state;
    wtl_err err = {0};
    static const char *const algs[] = {"ML-DSA-65", "ECDSA-P384"};
    AUTO(wtl_secret) pass = {0};
    assert_good(wtl_secret_copy(&pass, wtl_text_of("correct horse"), &err), &err);
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_secret) pem = {0};
        AUTO(wtl_secret) der = {0};
        assert_good(wtl_key_write_private(k, WTL_KEY_PEM, &pass, &pem, &err), &err);
        assert_good(wtl_key_write_private(k, WTL_KEY_DER, &pass, &der, &err), &err);
        assert_memory_equal(pem.p, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38);
        asker right = {.say = "correct horse"};
        asker wrong = {.say = "correct horsf"};
        asker broken = {.rc = WTL_IO};
        AUTO(wtl_key) *a = read_with(wtl_secret_view(&pem), &right, 0);
        AUTO(wtl_key) *b = read_with(wtl_secret_view(&der), &right, 0);
        assert_true(wtl_key_same(k, a) && wtl_key_same(k, b) && wtl_key_is_private(a));
        assert_int_equal(right.asked, 2);
        read_with(wtl_secret_view(&pem), &wrong, WTL_NO);
        read_with(wtl_secret_view(&pem), &broken, WTL_IO);
        keys_read(wtl_secret_view(&pem), NULL, WTL_POLICY);
    }
}

static void empty_passphrase(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_secret) empty = {0};
    AUTO(wtl_secret) out = {0};
    assert_int_equal(wtl_secret_new(&empty, 0, NULL), 0);
    assert_int_equal(wtl_key_write_private(k, WTL_KEY_PEM, &empty, &out, NULL), WTL_USAGE);
    assert_null(out.p);
}

/* EncryptedPrivateKeyInfo as OpenSSL makes it for an AlgorithmIdentifier that it made; passphrase "pw". */
static void encrypt_by(const wtl_key *k, X509_ALGOR *scheme, wtl_buf *out)
{
    assert_non_null(scheme);
    AUTO(wtl_buf) der = {0};
    keys_der(k, &der);
    const uint8_t *p = der.p;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
    assert_non_null(info);
    X509_SIG *sig = PKCS8_set0_pbe_ex("pw", 2, info, scheme, wtl_lib_ctx(), NULL);
    assert_non_null(sig);
    uint8_t *bytes = NULL;
    int n = i2d_X509_SIG(sig, &bytes);
    wtl_buf_clear(out);
    wtl_buf_add(out, bytes, (size_t)n);
    OPENSSL_free(bytes);
    X509_SIG_free(sig);
    PKCS8_PRIV_KEY_INFO_free(info);
}

static X509_ALGOR *pbkdf2(const char *cipher, int prf, int rounds)
{
    EVP_CIPHER *c = EVP_CIPHER_fetch(wtl_lib_ctx(), cipher, NULL);
    static uint8_t salt[] = "saltsaltsaltsal";
    static uint8_t iv[] = "iviviviviviviviv";
    X509_ALGOR *a = PKCS5_pbe2_set_iv_ex(c, rounds, salt, 16, iv, prf, wtl_lib_ctx());
    EVP_CIPHER_free(c);
    return a;
}

static void reads_openssl_s_schemes(void **state)
{
    (void)state;
    assert_int_equal(wtl_lib_init(NULL), 0);
    AUTO(wtl_key) *k = keys_new("ML-DSA-44");
    static const struct {
        const char *cipher;
        int prf;
        int rc;
    } rows[] = {{"AES-256-CBC", NID_hmacWithSHA256, 0},
                {"AES-192-CBC", NID_hmacWithSHA512, 0},
                {"AES-128-CBC", NID_hmacWithSHA1, 0},
                {"AES-128-CBC", NID_hmacWithSHA224, 0},
                {"AES-256-CBC", NID_hmacWithSHA384, 0},
                {"AES-256-CBC", NID_hmacWithSHA512_256, WTL_POLICY},
                {"DES-EDE3-CBC", NID_hmacWithSHA256, WTL_POLICY},
                {"AES-256-CFB", NID_hmacWithSHA256, WTL_POLICY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) file = {0};
        encrypt_by(k, pbkdf2(rows[i].cipher, rows[i].prf, 100), &file);
        asker a = {.say = "pw"};
        AUTO(wtl_key) *back = read_with(wtl_buf_view(&file), &a, rows[i].rc);
        assert_true(back == NULL || wtl_key_same(k, back));
        assert_int_equal(a.asked, rows[i].rc == 0);
    }
    AUTO(wtl_buf) file = {0};
    EVP_CIPHER *c = EVP_CIPHER_fetch(wtl_lib_ctx(), "AES-256-CBC", NULL);
    encrypt_by(k, PKCS5_pbe2_set_scrypt(c, NULL, 0, NULL, 1024, 8, 1), &file);
    EVP_CIPHER_free(c);
    asker a = {.say = "pw"};
    AUTO(wtl_key) *back = read_with(wtl_buf_view(&file), &a, 0);
    assert_true(wtl_key_same(k, back));
}

static void scrypt_file(uint64_t n, uint64_t r, uint64_t p, uint64_t key_length, wtl_buf *out)
{
    static const uint8_t pbes2[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
    static const uint8_t scrypt[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b};
    static const uint8_t cipher[] = {0x30, 0x1d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
                                     0x01, 0x2a, 0x04, 0x10, 1,    2,    3,    4,    5,    6,    7,
                                     8,    9,    10,   11,   12,   13,   14,   15,   16};
    AUTO(wtl_buf) numbers = {0};
    AUTO(wtl_buf) kdf = {0};
    AUTO(wtl_buf) both = {0};
    AUTO(wtl_buf) params = {0};
    AUTO(wtl_buf) algid = {0};
    AUTO(wtl_buf) body = {0};
    const uint8_t zero[48] = {0};
    wtl_key_der_element(&numbers, WTL_DER_OCTETS, (wtl_bytes){zero, 8});
    wtl_key_der_put_uint(&numbers, n);
    wtl_key_der_put_uint(&numbers, r);
    wtl_key_der_put_uint(&numbers, p);
    if (key_length != 0)
        wtl_key_der_put_uint(&numbers, key_length);
    wtl_buf_add(&kdf, scrypt, sizeof scrypt);
    wtl_key_der_element(&kdf, WTL_DER_SEQUENCE, wtl_buf_view(&numbers));
    wtl_key_der_element(&both, WTL_DER_SEQUENCE, wtl_buf_view(&kdf));
    wtl_buf_add(&both, cipher, sizeof cipher);
    wtl_buf_add(&algid, pbes2, sizeof pbes2);
    wtl_key_der_element(&algid, WTL_DER_SEQUENCE, wtl_buf_view(&both));
    wtl_key_der_element(&body, WTL_DER_SEQUENCE, wtl_buf_view(&algid));
    wtl_key_der_element(&body, WTL_DER_OCTETS, (wtl_bytes){zero, 48});
    wtl_buf_clear(out);
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
}

/* A hostile file is judged before anyone is asked and before anything is derived. */
static void costly_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        uint64_t r;
        uint64_t p;
        uint64_t key_length;
        int rc;
    } rows[] = {{1 << 10, 8, 1, 0, WTL_NO},
                {1 << 10, 8, 16, 32, WTL_NO},
                {1 << 10, 8, 17, 0, WTL_POLICY},
                {1 << 24, 8, 1, 0, WTL_POLICY},
                {1 << 20, 9, 1, 0, WTL_POLICY},
                {UINT64_C(1) << 63, 8, 1, 0, WTL_POLICY},
                {1 << 10, UINT64_MAX, 1, 0, WTL_POLICY},
                {1 << 10, UINT64_C(1) << 57, 1, 0, WTL_POLICY},
                {1 << 10, 8, UINT64_MAX, 0, WTL_POLICY},
                {1 << 10, 8, 1, 16, WTL_FORMAT},
                {1000, 8, 1, 0, WTL_FORMAT},
                {1, 8, 1, 0, WTL_FORMAT},
                {0, 8, 1, 0, WTL_FORMAT},
                {1 << 10, 0, 1, 0, WTL_FORMAT},
                {1 << 10, 8, 0, 0, WTL_FORMAT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) file = {0};
        scrypt_file(rows[i].n, rows[i].r, rows[i].p, rows[i].key_length, &file);
        asker a = {.say = "pw"};
        read_with(wtl_buf_view(&file), &a, rows[i].rc);
        assert_int_equal(a.asked, rows[i].rc == WTL_NO);
    }
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) file = {0};
    encrypt_by(k, pbkdf2("AES-256-CBC", NID_hmacWithSHA256, 0x00989680), &file); /* ten million */
    const uint8_t most[] = {0x02, 0x04, 0x00, 0x98, 0x96, 0x80};
    size_t at = keys_find(wtl_buf_view(&file), (wtl_bytes){most, 6});
    file.p[at + 5]++;
    asker a = {.say = "pw"};
    read_with(wtl_buf_view(&file), &a, WTL_POLICY);
    assert_int_equal(a.asked, 0);
}

/* PKCS#5 version 1, which OpenSSL's default provider may still write. */
static void old_schemes_are_refused(void **state)
{
    (void)state;
    static const uint8_t file[] = {0x30, 0x29, 0x30, 0x1b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                   0x0d, 0x01, 0x05, 0x03, 0x30, 0x0e, 0x04, 0x08, 1,    2,    3,
                                   4,    5,    6,    7,    8,    0x02, 0x02, 0x08, 0x00, 0x04, 0x0a,
                                   0,    0,    0,    0,    0,    0,    0,    0,    0,    0};
    keys_read((wtl_bytes){file, sizeof file}, NULL, WTL_POLICY);
}

/* Every position of a small encrypted file, every truncation; a changed ciphertext must not come through as
 * another key: it is a wrong passphrase, or the structure inside is broken. */
static void changed_encrypted_files(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ECDSA-P256");
    AUTO(wtl_buf) file = {0};
    encrypt_by(k, pbkdf2("AES-256-CBC", NID_hmacWithSHA256, 1), &file);
    wtl_passphrase pp = {answer, &(asker){.say = "pw"}};
    for (size_t i = 0; i < file.n; i++) {
        file.p[i] ^= 1;
        wtl_err err = {0};
        AUTO(wtl_key) *back = NULL;
        int rc = wtl_key_parse(&back, wtl_buf_view(&file), &pp, &err);
        assert_true(rc == WTL_NO || rc == WTL_FORMAT || rc == WTL_POLICY);
        file.p[i] ^= 1;
    }
    for (size_t n = 0; n < file.n; n++) {
        AUTO(wtl_buf) cut = {0};
        wtl_buf_add(&cut, file.p, n);
        read_with(wtl_buf_view(&cut), &(asker){.say = "pw"}, WTL_FORMAT);
    }
}

/* Of 600 wrong passphrases two or three leave good padding: the answer is the same. */
static void wrong_passphrase_is_always_no(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) file = {0};
    encrypt_by(k, pbkdf2("AES-256-CBC", NID_hmacWithSHA256, 1), &file);
    for (int i = 0; i < 600; i++) {
        char text[16];
        snprintf(text, sizeof text, "wrong %d", i);
        read_with(wtl_buf_view(&file), &(asker){.say = text}, WTL_NO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_files),
        cmocka_unit_test(changed_expanded_files),
        cmocka_unit_test(pem_accepted),
        cmocka_unit_test(pem_refused),
        cmocka_unit_test(pem_label_is_quoted),
        cmocka_unit_test(too_large),
        cmocka_unit_test(der_is_strict),
        cmocka_unit_test(encrypted_round_trip),
        cmocka_unit_test(empty_passphrase),
        cmocka_unit_test(reads_openssl_s_schemes),
        cmocka_unit_test(costly_files_are_refused),
        cmocka_unit_test(old_schemes_are_refused),
        cmocka_unit_test(changed_encrypted_files),
        cmocka_unit_test(wrong_passphrase_is_always_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
