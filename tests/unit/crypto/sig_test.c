#include "keys.h"

#include "crypto/sig.h"

static const char MESSAGE[] = "weights.safetensors";

static wtl_bytes message(void)
{
    return wtl_text_of(MESSAGE);
}

static void sign(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *o, wtl_buf *sig)
{
    wtl_err err = {0};
    wtl_buf_clear(sig);
    assert_good(wtl_sig_sign(k, msg, o, sig, &err), &err);
}

static void verify_is(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *o, wtl_bytes sig, int rc)
{
    wtl_err err = {0};
    int got = wtl_sig_verify(k, msg, o, sig, &err);
    if (got != rc)
        fail_msg("%s: got %s, wanted %s: %s", wtl_key_alg_name(k), wtl_rc_name(got), wtl_rc_name(rc),
                 err.text);
    assert_true(rc == 0 || err.text[0] != '\0');
}

static wtl_key *public_of(const wtl_key *k)
{
    AUTO(wtl_buf) raw = {0};
    wtl_key *public = NULL;
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    assert_int_equal(wtl_key_from_public(&public, wtl_key_alg(k), wtl_buf_view(&raw), NULL), 0);
    return public;
}

/* Sizes, good and bad messages, keys, cut and lengthened signatures, a byte changed here and there. */
static void check_algorithm(const wtl_alg *a)
{
    AUTO(wtl_key) *k = keys_new(a->name);
    AUTO(wtl_key) *public = public_of(k);
    AUTO(wtl_key) *stranger = keys_new(a->name);
    AUTO(wtl_buf) sig = {0};
    sign(k, message(), NULL, &sig);
    assert_true(a->group != NULL ? sig.n <= a->out : sig.n == a->out);
    verify_is(public, message(), NULL, wtl_buf_view(&sig), 0);
    verify_is(k, message(), NULL, wtl_buf_view(&sig), 0);
    verify_is(stranger, message(), NULL, wtl_buf_view(&sig), WTL_NO);
    verify_is(public, wtl_text_of("weights.safetensorz"), NULL, wtl_buf_view(&sig), WTL_NO);
    verify_is(public, (wtl_bytes){0}, NULL, wtl_buf_view(&sig), WTL_NO);
    verify_is(public, message(), NULL, (wtl_bytes){0}, WTL_NO);
    verify_is(public, message(), NULL, (wtl_bytes){sig.p, sig.n - 1}, WTL_NO);
    for (size_t i = 0; i < sig.n; i += 1 + sig.n / 40) {
        sig.p[i] ^= 0x40;
        verify_is(public, message(), NULL, wtl_buf_view(&sig), WTL_NO);
        sig.p[i] ^= 0x40;
    }
    wtl_buf_u8(&sig, 0);
    verify_is(public, message(), NULL, wtl_buf_view(&sig), WTL_NO);
    size_t had = sig.n;
    assert_int_equal(wtl_sig_sign(public, message(), NULL, &sig, NULL), WTL_USAGE);
    assert_int_equal(sig.n, had);
}

static void every_algorithm(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        if (wtl_alg_at(i)->kind != WTL_ALG_SIG)
            continue;
        check_algorithm(wtl_alg_at(i));
        n++;
    }
    assert_int_equal(n, 19);
}

/* Every position and every length, for one of each kind. */
static void all_positions(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44", "ECDSA-P256", "Ed25519"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) sig = {0};
        sign(k, message(), NULL, &sig);
        for (size_t j = 0; j < sig.n; j++) {
            sig.p[j] ^= 1;
            verify_is(k, message(), NULL, wtl_buf_view(&sig), WTL_NO);
            sig.p[j] ^= 1;
            AUTO(wtl_buf) cut = {0};
            wtl_buf_add(&cut, sig.p, j);
            verify_is(k, message(), NULL, wtl_buf_view(&cut), WTL_NO);
        }
    }
}

static void contexts(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-65", "SLH-DSA-SHA2-128f"};
    uint8_t longest[256] = {7};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) sig = {0};
        const wtl_sig_opts a = {.context = {longest, 255}};
        const wtl_sig_opts b = {.context = {longest, 254}};
        const wtl_sig_opts over = {.context = {longest, 256}};
        sign(k, message(), &a, &sig);
        verify_is(k, message(), &a, wtl_buf_view(&sig), 0);
        verify_is(k, message(), &b, wtl_buf_view(&sig), WTL_NO);
        verify_is(k, message(), NULL, wtl_buf_view(&sig), WTL_NO);
        verify_is(k, message(), &over, wtl_buf_view(&sig), WTL_USAGE);
        assert_int_equal(wtl_sig_sign(k, message(), &over, &sig, NULL), WTL_USAGE);
    }
    AUTO(wtl_key) *ed = keys_new("Ed25519");
    AUTO(wtl_buf) sig = {0};
    const wtl_sig_opts a = {.context = {longest, 1}};
    assert_int_equal(wtl_sig_sign(ed, message(), &a, &sig, NULL), WTL_USAGE);
    assert_int_equal(sig.n, 0);
}

static void deterministic_and_hedged(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44", "SLH-DSA-SHAKE-128f", "ECDSA-P256"};
    const wtl_sig_opts det = {.deterministic = true};
    for (size_t i = 0; i < 3; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) a = {0};
        AUTO(wtl_buf) b = {0};
        sign(k, message(), &det, &a);
        sign(k, message(), &det, &b);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, a.n);
        verify_is(k, message(), &det, wtl_buf_view(&a), 0);
        verify_is(k, message(), NULL, wtl_buf_view(&a), 0);
        sign(k, message(), NULL, &b);
        assert_true(a.n != b.n || memcmp(a.p, b.p, a.n) != 0);
    }
}

/* Signing mu is signing the message that it stands for. */
static void external_mu(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
    for (size_t i = 0; i < 3; i++) {
        wtl_err err = {0};
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_key) *public = public_of(k);
        AUTO(wtl_buf) whole = {0};
        AUTO(wtl_buf) by_mu = {0};
        uint8_t mu[64];
        const wtl_sig_opts pure = {.context = wtl_text_of("ctx"), .deterministic = true};
        const wtl_sig_opts external = {.message_is_mu = true, .deterministic = true};
        sign(k, message(), &pure, &whole);
        assert_good(wtl_sig_mu(public, message(), wtl_text_of("ctx"), mu, &err), &err);
        sign(k, (wtl_bytes){mu, 64}, &external, &by_mu);
        assert_int_equal(whole.n, by_mu.n);
        assert_memory_equal(whole.p, by_mu.p, whole.n);
        verify_is(public, (wtl_bytes){mu, 64}, &external, wtl_buf_view(&whole), 0);
        mu[0] ^= 1;
        verify_is(public, (wtl_bytes){mu, 64}, &external, wtl_buf_view(&whole), WTL_NO);
        verify_is(public, (wtl_bytes){mu, 63}, &external, wtl_buf_view(&whole), WTL_USAGE);
        verify_is(public, message(), &external, wtl_buf_view(&whole), WTL_USAGE);
        const wtl_sig_opts both = {.message_is_mu = true, .context = wtl_text_of("ctx")};
        verify_is(public, (wtl_bytes){mu, 64}, &both, wtl_buf_view(&whole), WTL_USAGE);
    }
    AUTO(wtl_key) *slh = keys_new("SLH-DSA-SHA2-128f");
    uint8_t mu[64] = {0};
    const wtl_sig_opts external = {.message_is_mu = true};
    AUTO(wtl_buf) sig = {0};
    assert_int_equal(wtl_sig_mu(slh, message(), (wtl_bytes){0}, mu, NULL), WTL_USAGE);
    assert_int_equal(wtl_sig_sign(slh, (wtl_bytes){mu, 64}, &external, &sig, NULL), WTL_USAGE);
}

static void keys_that_do_not_sign(void **state)
{
    (void)state;
    static const char *const algs[] = {"ML-KEM-768", "X-Wing", "X25519"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(wtl_key) *k = keys_new(algs[i]);
        AUTO(wtl_buf) sig = {0};
        assert_int_equal(wtl_sig_sign(k, message(), NULL, &sig, NULL), WTL_USAGE);
        verify_is(k, message(), NULL, wtl_text_of("sig"), WTL_USAGE);
        uint8_t mu[64];
        assert_int_equal(wtl_sig_mu(k, message(), (wtl_bytes){0}, mu, NULL), WTL_USAGE);
    }
}

/* Ed25519 (RFC 8032 section 5.1.7): S must be below the order, or one signature has two texts. */
static void ed25519_s_is_below_order(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) sig = {0};
    sign(k, message(), NULL, &sig);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)sig.p[32 + i] + order[i];
        sig.p[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    verify_is(k, message(), NULL, wtl_buf_view(&sig), WTL_NO);
}

/* An ECDSA signature has one DER text: longer forms of lengths and numbers are refused. */
static void ecdsa_der_is_strict(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("ECDSA-P521");
    AUTO(wtl_buf) sig = {0};
    wtl_bytes body = {0};
    wtl_bytes r = {0};
    /* Of all curves P-521's signatures alone need a long length; its r is small enough for a zero more. */
    sign(k, message(), NULL, &sig);
    wtl_bytes in = wtl_buf_view(&sig);
    assert_true(wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body));
    AUTO(wtl_buf) numbers = {0};
    AUTO(wtl_buf) bad = {0};
    wtl_bytes s = body;
    assert_true(wtl_key_der_take(&s, WTL_DER_INTEGER, &r));
    wtl_key_der_head(&numbers, WTL_DER_INTEGER, r.n + 1);
    wtl_buf_u8(&numbers, 0);
    wtl_buf_bytes(&numbers, r);
    wtl_buf_bytes(&numbers, s);
    wtl_key_der_element(&bad, WTL_DER_SEQUENCE, wtl_buf_view(&numbers));
    verify_is(k, message(), NULL, wtl_buf_view(&bad), WTL_NO);
    static const uint8_t odd[][8] = {{0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00},
                                     {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00},
                                     {0x30, 0x06, 0x02, 0x01, 0xff, 0x02, 0x01, 0xff},
                                     {0x30, 0x80, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01}};
    for (size_t i = 0; i < 4; i++)
        verify_is(k, message(), NULL, (wtl_bytes){odd[i], 8}, WTL_NO);
}

static void appends(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = keys_new("Ed25519");
    AUTO(wtl_buf) sig = {0};
    wtl_buf_str(&sig, "head");
    assert_int_equal(wtl_sig_sign(k, message(), NULL, &sig, NULL), 0);
    assert_int_equal(sig.n, 68);
    assert_memory_equal(sig.p, "head", 4);
    verify_is(k, message(), NULL, (wtl_bytes){sig.p + 4, 64}, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm),
        cmocka_unit_test(all_positions),
        cmocka_unit_test(contexts),
        cmocka_unit_test(deterministic_and_hedged),
        cmocka_unit_test(external_mu),
        cmocka_unit_test(keys_that_do_not_sign),
        cmocka_unit_test(ed25519_s_is_below_order),
        cmocka_unit_test(ecdsa_der_is_strict),
        cmocka_unit_test(appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
