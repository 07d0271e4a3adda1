#include "unit.h"

#include "base/secret.h"
#include "base/text.h"
#include "crypto/health.h"
#include "crypto/key_pem.h"
#include "crypto/lib.h"

/* Self-signed, P-256, 2026-11-21T05:17:48Z to 2126-10-28T05:17:48Z: openssl req -x509 -newkey ec
 * -pkeyopt ec_paramgen_curve:P-256 -days 36500 -subj /CN=t */
static const char cert_b64[] =
    "MIIBbzCCARWgAwIBAgIULTc+E5bXd/"
    "BSvzqsjWRnVEPhXK8wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjEwNTE3NDhaGA8yMTI2MTAyODA1MTc0OFowDDEKMA"
    "gGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMf65sW2+EDNyLa8rTK/"
    "PmsuRKsPm500RGD3vCsotjbH8+FOQtQ+Sp+SCi09xjXpemnBiIRQ3cRn0Zs1wD9Ns26jUzBRMB0GA1UdDgQWBBSA+"
    "xGEsq2ETdVqZDphW35CZzmjIzAfBgNVHSMEGDAWgBSA+xGEsq2ETdVqZDphW35CZzmjIzAPBgNVHRMBAf8EBTADAQH/"
    "MAoGCCqGSM49BAMCA0gAMEUCIQDcZB91U2J2o8ftgniObcfpacJmmrUMkBHJ6Y5Gk2lrJgIgIJLs7WAz6VqGkHRN5IggsYVQ0z8XovOB"
    "1ysGZJxoBs4=";

static void make_pem(wtl_buf *pem, unsigned times)
{
    wtl_err err = {0};
    AUTO(wtl_buf) der = {0};
    AUTO(wtl_secret) text = {0};
    assert_good(wtl_text_b64_decode(&der, wtl_text_of(cert_b64), &err), &err);
    assert_good(wtl_key_pem_write("CERTIFICATE", wtl_buf_view(&der), &text, &err), &err);
    for (; times > 0; times--)
        wtl_buf_bytes(pem, wtl_secret_view(&text));
    assert_good(wtl_buf_check(pem, &err), &err);
}

static void every_algorithm_is_there(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (size_t i = 0; i < WTL_ALG_COUNT; i++)
        assert_good(wtl_health_alg(wtl_alg_at(i), &err), &err);
    wtl_alg odd = *wtl_alg_at(0);
    odd.evp = "ML-DSA-1";
    assert_int_equal(wtl_health_alg(&odd, &err), WTL_BUG);
    assert_non_null(strstr(err.text, "ML-DSA-1"));
}

static void algorithms_work(void **state)
{
    (void)state;
    static const char *const names[] = {
        "ML-DSA-44",  "ML-DSA-65",   "ML-DSA-87", "ECDSA-P256", "SLH-DSA-SHA2-128f",
        "ML-KEM-512", "ML-KEM-1024", "X-Wing",    "Ed25519"};
    wtl_err err = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_good(wtl_health_try(wtl_alg_by_name(names[i]), &err), &err);
    assert_int_equal(wtl_health_try(wtl_alg_by_name("X25519"), &err), WTL_USAGE);
    assert_int_equal(wtl_health_try(wtl_alg_by_name("X25519MLKEM768"), &err), WTL_USAGE);
}

static void the_library(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_buf) names = {0};
    assert_false(wtl_health_is_older());
    assert_non_null(strchr(wtl_health_built(), '.'));
    assert_good(wtl_health_providers(&names, &err), &err);
    assert_string_equal(wtl_buf_cstr(&names), "default, wattle");
}

static void certificates(void **state)
{
    (void)state;
    wtl_err err = {0};
    wtl_health_cert c;
    AUTO(wtl_buf) pem = {0};
    wtl_buf_str(&pem, "an explanation\n");
    make_pem(&pem, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(wtl_health_cert_at(wtl_buf_view(&pem), i, &c, &err), 1);
        assert_string_equal(c.subject, "CN=t");
        assert_string_equal(c.key, "EC");
        assert_false(c.post_quantum);
        assert_int_equal(c.from, 1795238268);
        assert_int_equal(c.until, 4948838268);
    }
    assert_int_equal(wtl_health_cert_at(wtl_buf_view(&pem), 3, &c, &err), 0);
    assert_int_equal(wtl_health_cert_at((wtl_bytes){NULL, 0}, 0, &c, &err), 0);
    assert_int_equal(wtl_health_cert_at(wtl_text_of("no certificate"), 0, &c, &err), 0);
}

/* Cut or changed anywhere: never more than what stands there, and never a crash. */
static void damaged_certificates(void **state)
{
    (void)state;
    wtl_health_cert c;
    AUTO(wtl_buf) pem = {0};
    make_pem(&pem, 1);
    for (size_t n = 0; n + 1 < pem.n; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, pem.p, n);
        assert_true(wtl_health_cert_at((wtl_bytes){copy, n}, 0, &c, NULL) != 1);
        assert_string_equal(c.subject, "");
        free(copy);
    }
    for (size_t i = 0; i < pem.n; i++) {
        uint8_t kept = pem.p[i];
        pem.p[i] = (uint8_t)(kept ^ 0x15);
        assert_true(wtl_health_cert_at(wtl_buf_view(&pem), 0, &c, NULL) <= 1);
        pem.p[i] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_there),
        cmocka_unit_test(algorithms_work),
        cmocka_unit_test(the_library),
        cmocka_unit_test(certificates),
        cmocka_unit_test(damaged_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
