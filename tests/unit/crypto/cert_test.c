#include "unit.h"

#include "base/text.h"
#include "crypto/cert.h"

/* Self-signed, P-256, made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=t */
static const char cert_b64[] =
    "MIIBbzCCARWgAwIBAgIULTc+E5bXd/"
    "BSvzqsjWRnVEPhXK8wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjEwNTE3NDhaGA8yMTI2MTAyODA1MTc0OFowDDEKMA"
    "gGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMf65sW2+EDNyLa8rTK/"
    "PmsuRKsPm500RGD3vCsotjbH8+FOQtQ+Sp+SCi09xjXpemnBiIRQ3cRn0Zs1wD9Ns26jUzBRMB0GA1UdDgQWBBSA+"
    "xGEsq2ETdVqZDphW35CZzmjIzAfBgNVHSMEGDAWgBSA+xGEsq2ETdVqZDphW35CZzmjIzAPBgNVHRMBAf8EBTADAQH/"
    "MAoGCCqGSM49BAMCA0gAMEUCIQDcZB91U2J2o8ftgniObcfpacJmmrUMkBHJ6Y5Gk2lrJgIgIJLs7WAz6VqGkHRN5IggsYVQ0z8XovOB"
    "1ysGZJxoBs4=";
/* SHA-256 of its SubjectPublicKeyInfo: openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum */
static const char spki_sha256[] = "4699a5a6d77cfca3e988cf0b6b097df328e8b20e000fe134276308a21554e73e";

static void decode(wtl_buf *der)
{
    wtl_err err = {0};
    assert_good(wtl_text_b64_decode(der, wtl_text_of(cert_b64), &err), &err);
}

static void key_of_a_certificate(void **state)
{
    (void)state;
    AUTO(wtl_buf) der = {0};
    AUTO(wtl_buf) hex = {0};
    AUTO(wtl_key) *k = NULL;
    wtl_err err = {0};
    uint8_t id[WTL_KEY_ID];
    decode(&der);
    assert_good(wtl_cert_key(&k, wtl_buf_view(&der), &err), &err);
    assert_false(wtl_key_is_private(k));
    assert_string_equal(wtl_key_alg_name(k), "ECDSA-P256");
    assert_good(wtl_key_id(k, id, &err), &err);
    wtl_buf_hex(&hex, (wtl_bytes){id, sizeof id});
    assert_string_equal(wtl_buf_cstr(&hex), spki_sha256);
}

/* UTCTime and, behind 2049, GeneralizedTime. */
static void dates(void **state)
{
    (void)state;
    AUTO(wtl_buf) der = {0};
    wtl_err err = {0};
    int64_t first, last;
    decode(&der);
    assert_good(wtl_cert_dates(wtl_buf_view(&der), &first, &last, &err), &err);
    assert_int_equal(first, INT64_C(1795238268)); /* 2026-11-21T05:17:48Z */
    assert_int_equal(last, INT64_C(4948838268));  /* 2126-10-28T05:17:48Z */
    for (size_t n = 0; n < der.n; n += 7)
        assert_int_equal(wtl_cert_dates((wtl_bytes){der.p, n}, &first, &last, &err), WTL_FORMAT);
}

static void other_bytes(void **state)
{
    (void)state;
    AUTO(wtl_buf) der = {0};
    decode(&der);
    wtl_key *k = (wtl_key *)&der;
    wtl_err err = {0};
    assert_int_equal(wtl_cert_key(&k, (wtl_bytes){NULL, 0}, &err), WTL_FORMAT);
    assert_null(k);
    for (size_t n = 0; n < der.n; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, der.p, n);
        assert_int_equal(wtl_cert_key(&k, (wtl_bytes){copy, n}, &err), WTL_FORMAT);
        assert_null(k);
        free(copy);
    }
    wtl_buf_u8(&der, 0);
    assert_int_equal(wtl_cert_key(&k, wtl_buf_view(&der), &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "exactly one DER certificate"));
    der.n--;
    for (size_t i = 0; i < der.n; i++) {
        der.p[i] ^= 0x55;
        if (wtl_cert_key(&k, wtl_buf_view(&der), NULL) == 0)
            wtl_key_free(k);
        der.p[i] ^= 0x55;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_of_a_certificate),
        cmocka_unit_test(dates),
        cmocka_unit_test(other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
