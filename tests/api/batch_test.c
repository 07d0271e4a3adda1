/* Batches through the public library; run once with each of the names that wtl_lib_use takes everywhere. The signatures are
 * the same with both. */
#include "api.h"

#include <wattle/batch.h>
#include <wattle/lib.h>

enum { JOBS = 40, SIG = 3309, ENC = 1568 };
/* Of the forty deterministic signatures below. */
static const uint64_t SUM = 0xbbf7abeb3d039a5fu;

static const char *mode = "wattle";
static wtl_key *signer, *signer_pub, *alice, *alice_pub, *bob, *bob_pub;
static char text[JOBS][24];
static uint8_t sig[JOBS][SIG];
static wtl_batch_sig jobs[JOBS];

static int set_up(void **state)
{
    (void)state;
    if (wtl_lib_use(mode, NULL) != 0)
        return -1;
    return api_key(&signer, "signer.key") | api_key(&signer_pub, "signer.pub") |
           api_key(&alice, "alice.key") | api_key(&alice_pub, "alice.pub") | api_key(&bob, "bob.key") |
           api_key(&bob_pub, "bob.pub");
}

static int tear_down(void **state)
{
    (void)state;
    wtl_key_free(signer);
    wtl_key_free(signer_pub);
    wtl_key_free(alice);
    wtl_key_free(alice_pub);
    wtl_key_free(bob);
    wtl_key_free(bob_pub);
    return 0;
}

static void fill_jobs(const wtl_key *key)
{
    for (int i = 0; i < JOBS; i++) {
        snprintf(text[i], sizeof text[i], "request %d", i);
        jobs[i] = (wtl_batch_sig){.key = key,
                                  .msg = {(const uint8_t *)text[i], strlen(text[i])},
                                  .deterministic = true,
                                  .sig = sig[i],
                                  .sig_n = SIG};
    }
}

/* FNV-1a, 64 bits. */
static uint64_t sum_of(const void *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 0x100000001b3u;
    return h;
}

static void signatures(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_int_equal(wtl_batch_room(signer_pub), SIG);
    fill_jobs(signer);
    assert_good(wtl_batch_sign(jobs, JOBS, &err), &err);
    if (sum_of(sig, sizeof sig) != SUM)
        fail_msg("the signatures' sum is %llx", (unsigned long long)sum_of(sig, sizeof sig));
    fill_jobs(signer_pub);
    assert_good(wtl_batch_verify(jobs, JOBS, &err), &err);
    /* One bad, one not to be asked, the rest good. */
    sig[17][100] ^= 1;
    jobs[20].message_is_mu = true;
    assert_int_equal(wtl_batch_verify(jobs, JOBS, &err), WTL_NO);
    assert_int_not_equal(err.text[0], '\0');
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].rc, i == 17 ? WTL_NO : i == 20 ? WTL_USAGE : 0);
    sig[17][100] ^= 1;
    fill_jobs(signer);
    jobs[3].key = signer_pub;
    jobs[4].sig_n = SIG - 1;
    assert_int_equal(wtl_batch_sign(jobs, JOBS, &err), WTL_USAGE);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].rc, i == 3 || i == 4 ? WTL_USAGE : 0);
        assert_int_equal(sig[i][0] == 0 && sig[i][1] == 0 && sig[i][2] == 0 && sig[i][3] == 0,
                         i == 3 || i == 4);
    }
}

/* X-Wing and ML-KEM in turn. */
static void secrets(void **state)
{
    (void)state;
    wtl_err err = {0};
    static uint8_t enc[JOBS][ENC];
    static wtl_batch_kem sent[JOBS], got[JOBS];
    const wtl_key *own[] = {alice, bob};
    const wtl_key *pub[] = {alice_pub, bob_pub};
    assert_int_equal(wtl_batch_room(alice_pub), 1120);
    assert_int_equal(wtl_batch_room(bob_pub), ENC);
    for (int i = 0; i < JOBS; i++)
        sent[i] = (wtl_batch_kem){.key = pub[i % 2], .enc = enc[i], .enc_n = ENC};
    assert_good(wtl_batch_encaps(sent, JOBS, &err), &err);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(sent[i].enc_n, wtl_batch_room(pub[i % 2]));
        got[i] = (wtl_batch_kem){
            .key = i == 5 ? bob_pub : own[i % 2], .enc = enc[i], .enc_n = sent[i].enc_n - (i == 6)};
    }
    enc[7][3] ^= 1;
    assert_int_equal(wtl_batch_decaps(got, JOBS, &err), WTL_USAGE);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(got[i].rc, i == 5 ? WTL_USAGE : i == 6 ? WTL_FORMAT : 0);
        assert_int_equal(memcmp(got[i].ss, sent[i].ss, 32) == 0, i < 5 || i > 7);
    }
}

static void the_choice_stands(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_string_equal(wtl_lib_using(), mode);
    assert_good(wtl_lib_use(mode, &err), &err);
    assert_int_equal(wtl_lib_use(strcmp(mode, "openssl") == 0 ? "wattle" : "openssl", &err), WTL_USAGE);
    assert_int_equal(wtl_lib_use("best", &err), WTL_USAGE);
    assert_string_equal(wtl_lib_using(), mode);
}

int main(int argc, char **argv)
{
    mode = argc > 1 ? argv[1] : mode;
    const struct CMUnitTest tests[] = {cmocka_unit_test(signatures), cmocka_unit_test(secrets),
                                       cmocka_unit_test(the_choice_stands)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
