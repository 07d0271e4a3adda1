/* Many jobs in one call: each gets what the single call gives, whatever the others are. */
#include "keys.h"
#include "vec.h"

#include <pthread.h>

#include <wattle/batch.h>

#include "crypto/kem.h"
#include "crypto/lib.h"
#include "crypto/sig.h"

enum { JOBS = 100, MESSAGE = 400, SIG_ROOM = 18000, ENC_ROOM = 1700, GUARD = 0xa5, ROUNDS = 25 };

/* Keys of every kind, each private and public. */
enum { SLH, NO_SIGNER, FIRST_OFTEN, KEYS = 12 };
static const char *const algs[KEYS] = {"SLH-DSA-SHA2-128f", "ML-KEM-768", "ML-DSA-44",  "ML-DSA-65",
                                       "ML-DSA-87",         "ML-DSA-44",  "ML-DSA-65",  "ML-DSA-87",
                                       "ML-DSA-65",         "ECDSA-P256", "ECDSA-P384", "Ed25519"};
enum { KEM_KEYS = 8 };
static const char *const kem_algs[KEM_KEYS] = {"ML-KEM-512", "ML-KEM-768",  "ML-KEM-1024", "ML-KEM-512",
                                               "ML-KEM-768", "ML-KEM-1024", "X-Wing",      "ML-DSA-44"};
static struct {
    wtl_key *own, *pub;
} keys[KEYS], kem_keys[KEM_KEYS];

static uint64_t noise = 88172645463325252u;

static size_t below(size_t n)
{
    uint32_t v;
    vec_noise(&noise, (uint8_t *)&v, sizeof v);
    return v % n;
}

static wtl_key *public_of(const wtl_key *k)
{
    AUTO(wtl_buf) raw = {0};
    wtl_key *pub = NULL;
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    assert_int_equal(wtl_key_from_public(&pub, wtl_key_alg(k), wtl_buf_view(&raw), NULL), 0);
    return pub;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        keys[i].own = keys_new(algs[i]);
        keys[i].pub = public_of(keys[i].own);
    }
    for (size_t i = 0; i < KEM_KEYS; i++) {
        kem_keys[i].own = keys_new(kem_algs[i]);
        kem_keys[i].pub = public_of(kem_keys[i].own);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        wtl_key_free(keys[i].own);
        wtl_key_free(keys[i].pub);
    }
    for (size_t i = 0; i < KEM_KEYS; i++) {
        wtl_key_free(kem_keys[i].own);
        wtl_key_free(kem_keys[i].pub);
    }
    return 0;
}

static size_t how_many(size_t round)
{
    static const size_t few[] = {0, 1, 2, 7, 8, 9, 31, 32, 33, 64, 65, 99, 100};
    return round < sizeof few / sizeof few[0] ? few[round] : below(JOBS + 1);
}

/* The call's own answer: that of the first job which is not 0. */
static void assert_answer(int got, int first, const wtl_err *err)
{
    if (got != first)
        fail_msg("the call gave %s, its first failed job %s", wtl_rc_name(got), wtl_rc_name(first));
    assert_int_equal(err->text[0] != '\0', first != 0);
    if (first != 0)
        assert_int_equal(err->code, first);
}

static bool all(const uint8_t *p, size_t n, uint8_t v)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != v)
            return false;
    }
    return true;
}

typedef struct work {
    wtl_batch_sig job;
    uint8_t msg[MESSAGE], context[256], sig[SIG_ROOM];
    size_t room; /* sig_n as it was given */
} work;
static work works[JOBS];
static wtl_batch_sig jobs[JOBS];

static wtl_sig_opts opts_of(const wtl_batch_sig *j)
{
    return (wtl_sig_opts){
        .context = j->context, .deterministic = j->deterministic, .message_is_mu = j->message_is_mu};
}

/* Mostly in order, in every way that an option can be wrong now and then. */
static void draw(work *w)
{
    size_t k = below(40) == 0 ? below(FIRST_OFTEN) : FIRST_OFTEN + below(KEYS - FIRST_OFTEN);
    bool pq = k == SLH || k < 9;
    vec_noise(&noise, w->msg, sizeof w->msg);
    vec_noise(&noise, w->context, sizeof w->context);
    w->job = (wtl_batch_sig){.key = keys[k].own, .msg = {w->msg, below(MESSAGE)}, .sig = w->sig};
    w->job.deterministic = below(2);
    if (pq ? below(2) : below(20) == 0)
        w->job.context = (wtl_bytes){w->context, below(8) ? below(256) : 250 + below(7)};
    if (below(pq ? 6 : 30) == 0) {
        w->job.message_is_mu = true;
        w->job.msg.n = below(6) ? 64 : below(130);
        w->job.context.n = below(6) ? 0 : 1;
    }
}

/* What the single call says, its signature in `sig`. */
static int single(const wtl_batch_sig *j, wtl_buf *sig)
{
    wtl_sig_opts o = opts_of(j);
    wtl_buf_clear(sig);
    return wtl_sig_sign(j->key, j->msg, &o, sig, NULL);
}

static void draw_signing(work *w)
{
    draw(w);
    if (below(15) == 0) {
        for (size_t k = 0; k < KEYS; k++)
            w->job.key = w->job.key == keys[k].own ? keys[k].pub : w->job.key;
    }
    size_t out = wtl_key_alg(w->job.key)->out;
    size_t less = wtl_key_alg(w->job.key)->group != NULL
                      ? 8
                      : out - 1; /* of ECDSA some are shorter than others */
    w->room = below(12) ? out : below(2) ? out + below(300) : below(2) ? less : 0;
    w->job.sig_n = w->room;
    memset(w->sig, GUARD, sizeof w->sig);
}

static void check_signed(const work *w, const wtl_batch_sig *j)
{
    AUTO(wtl_buf) sig = {0};
    int rc = single(j, &sig);
    const wtl_sig_opts o = opts_of(j);
    if (rc == 0 && sig.n > w->room && (j->deterministic || wtl_key_alg(j->key)->group == NULL))
        rc = WTL_USAGE;
    else if (rc == 0 && w->room <= 8)
        rc = WTL_USAGE;
    if (j->rc != rc)
        fail_msg("%s: got %s, the single call gave %s", wtl_key_alg_name(j->key), wtl_rc_name(j->rc),
                 wtl_rc_name(rc));
    assert_true(all(w->sig + w->room, sizeof w->sig - w->room, GUARD));
    if (rc != 0) {
        assert_int_equal(j->sig_n, w->room);
        assert_true(all(w->sig, w->room, 0));
        return;
    }
    wtl_bytes got = {j->sig, j->sig_n};
    assert_int_equal(wtl_sig_verify(j->key, j->msg, &o, got, NULL), 0);
    if (j->deterministic)
        assert_true(vec_same(got, wtl_buf_view(&sig)));
    else if (wtl_key_alg(j->key)->flags & WTL_ALG_PQ)
        assert_false(vec_same(got, wtl_buf_view(&sig)));
}

static int first_of(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc != 0)
            return jobs[i].rc;
    }
    return 0;
}

static void signing(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = how_many(round);
        wtl_err err = {0};
        for (size_t i = 0; i < n; i++) {
            draw_signing(&works[i]);
            jobs[i] = works[i].job;
        }
        int rc = wtl_batch_sign(jobs, n, &err);
        assert_answer(rc, first_of(n), &err);
        for (size_t i = 0; i < n; i++)
            check_signed(&works[i], &jobs[i]);
    }
}

/* A good signature, and one of the ways to spoil it. */
static void draw_verifying(work *w)
{
    AUTO(wtl_buf) sig = {0};
    do
        draw(w);
    while (single(&w->job, &sig) != 0 || sig.n > sizeof w->sig - 1);
    memset(w->sig, 0, sizeof w->sig);
    memcpy(w->sig, sig.p, sig.n);
    w->job.sig_n = sig.n;
    for (size_t k = 0; k < KEYS; k++) {
        if (w->job.key == keys[k].own && below(4) > 0)
            w->job.key = keys[k].pub;
    }
    switch (below(14)) {
    case 0:
        w->sig[below(sig.n)] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        w->job.sig_n = below(sig.n);
        break;
    case 2:
        w->job.sig_n++;
        break;
    case 3:
        w->job.key = keys[below(KEYS)].pub;
        break;
    case 4:
        w->job.context = (wtl_bytes){w->context, below(257)};
        break;
    case 5:
        w->job.msg.n++;
        break;
    case 6:
        w->job.message_is_mu = !w->job.message_is_mu;
        break;
    default:
        break;
    }
}

static void verifying(void **state)
{
    (void)state;
    size_t count[2] = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = how_many(round);
        wtl_err err = {0};
        for (size_t i = 0; i < n; i++) {
            draw_verifying(&works[i]);
            jobs[i] = works[i].job;
        }
        int rc = wtl_batch_verify(jobs, n, &err);
        assert_answer(rc, first_of(n), &err);
        for (size_t i = 0; i < n; i++) {
            wtl_sig_opts o = opts_of(&jobs[i]);
            wtl_bytes sig = {jobs[i].sig, jobs[i].sig_n};
            int want = wtl_sig_verify(jobs[i].key, jobs[i].msg, &o, sig, NULL);
            if (jobs[i].rc != want)
                fail_msg("%s: got %s, the single call gave %s", wtl_key_alg_name(jobs[i].key),
                         wtl_rc_name(jobs[i].rc), wtl_rc_name(want));
            assert_int_equal(jobs[i].sig_n, works[i].job.sig_n);
            count[want == 0]++;
        }
    }
    assert_true(count[0] > 50 && count[1] > 50);
}

/* All bad, and no sentence wanted. */
static void nothing_but_failures(void **state)
{
    (void)state;
    uint8_t sig[4627];
    uint8_t long_context[256] = {0};
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = (wtl_batch_sig){
            .key = keys[3].own, .context = {long_context, 256}, .sig = sig, .sig_n = sizeof sig, .rc = 7};
    assert_int_equal(wtl_batch_sign(jobs, JOBS, NULL), WTL_USAGE);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].rc, WTL_USAGE);
    assert_int_equal(wtl_batch_verify(jobs, JOBS, NULL), WTL_USAGE);
    for (size_t i = 0; i < JOBS; i++)
        jobs[i].context.n = 0;
    assert_int_equal(wtl_batch_verify(jobs, JOBS, NULL), WTL_NO);
    assert_int_equal(wtl_batch_sign(NULL, 0, NULL), 0);
    assert_int_equal(wtl_batch_verify(NULL, 0, NULL), 0);
    assert_int_equal(wtl_batch_encaps(NULL, 0, NULL), 0);
    assert_int_equal(wtl_batch_decaps(NULL, 0, NULL), 0);
}

/* The first in the caller's order is told, though the lanes run before the single calls. */
static void order_of_failures(void **state)
{
    (void)state;
    uint8_t sig[2][4627] = {{0}};
    wtl_err err = {0};
    uint8_t context[256] = {0};
    wtl_batch_sig two[] = {{.key = keys[9].pub, .sig = sig[0], .sig_n = 70},
                           {.key = keys[3].pub, .context = {context, 256}, .sig = sig[1], .sig_n = 3309}};
    assert_int_equal(wtl_batch_verify(two, 2, &err), WTL_NO);
    assert_int_equal(two[1].rc, WTL_USAGE);
    assert_non_null(strstr(err.text, "ECDSA"));
    wtl_batch_sig turned[] = {two[1], two[0]};
    assert_int_equal(wtl_batch_verify(turned, 2, &err), WTL_USAGE);
    assert_int_equal(turned[1].rc, WTL_NO);
    assert_null(strstr(err.text, "ECDSA"));
}

typedef struct kem_work {
    uint8_t enc[ENC_ROOM];
    size_t room;
    const wtl_key *own;
} kem_work;
static kem_work kem_works[JOBS];
static wtl_batch_kem kem_jobs[JOBS];

static size_t draw_key(void)
{
    return below(30) == 0 ? KEM_KEYS - 1 : below(KEM_KEYS - 1);
}

static int first_kem(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (kem_jobs[i].rc != 0)
            return kem_jobs[i].rc;
    }
    return 0;
}

static void draw_encaps(size_t i)
{
    size_t k = draw_key();
    kem_work *w = &kem_works[i];
    size_t out = wtl_key_alg(kem_keys[k].pub)->out;
    out = out > ENC_ROOM ? ENC_ROOM : out;
    memset(w->enc, GUARD, sizeof w->enc);
    w->own = kem_keys[k].own;
    w->room = below(8) ? out : below(2) ? out - 1 - below(out) : out + below(ENC_ROOM - out + 1);
    kem_jobs[i] = (wtl_batch_kem){
        .key = below(2) ? kem_keys[k].pub : kem_keys[k].own, .enc = w->enc, .enc_n = w->room, .rc = 7};
}

static void check_encaps(const kem_work *w, const wtl_batch_kem *j)
{
    AUTO(wtl_secret) ss = {0};
    bool is_kem = wtl_key_alg(j->key)->kind == WTL_ALG_KEM;
    assert_int_equal(j->rc, is_kem && w->room >= wtl_key_alg(j->key)->out ? 0 : WTL_USAGE);
    assert_true(all(w->enc + w->room, sizeof w->enc - w->room, GUARD));
    if (j->rc != 0) {
        assert_int_equal(j->enc_n, w->room);
        assert_true(all(w->enc, w->room, 0) && all(j->ss, 32, 0));
        return;
    }
    assert_int_equal(j->enc_n, wtl_key_alg(j->key)->out);
    assert_int_equal(wtl_kem_decaps(w->own, (wtl_bytes){j->enc, j->enc_n}, &ss, NULL), 0);
    assert_true(vec_same(wtl_secret_view(&ss), (wtl_bytes){j->ss, 32}));
}

static void encapsulating(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = how_many(round);
        wtl_err err = {0};
        for (size_t i = 0; i < n; i++)
            draw_encaps(i);
        int rc = wtl_batch_encaps(kem_jobs, n, &err);
        assert_answer(rc, first_kem(n), &err);
        for (size_t i = 0; i < n; i++)
            check_encaps(&kem_works[i], &kem_jobs[i]);
    }
}

static void draw_decaps(size_t i)
{
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) ss = {0};
    size_t k = draw_key();
    kem_work *w = &kem_works[i];
    vec_noise(&noise, w->enc, sizeof w->enc);
    w->room = wtl_kem_encaps(kem_keys[k].pub, &enc, &ss, NULL) == 0 ? enc.n : 100;
    if (enc.n > 0)
        memcpy(w->enc, enc.p, enc.n);
    size_t way = below(12);
    if (way == 0)
        w->enc[below(w->room)] ^= 8;
    else if (way == 1)
        w->room = below(w->room);
    else if (way == 2)
        w->room++;
    else if (way == 3)
        memset(w->enc, 0, sizeof w->enc); /* X-Wing: a point of small order */
    kem_jobs[i] = (wtl_batch_kem){
        .key = way == 4 ? kem_keys[k].pub : kem_keys[k].own, .enc = w->enc, .enc_n = w->room, .rc = 7};
    memset(kem_jobs[i].ss, GUARD, 32);
}

static void check_decaps(const wtl_batch_kem *j)
{
    AUTO(wtl_secret) ss = {0};
    int want = wtl_kem_decaps(j->key, (wtl_bytes){j->enc, j->enc_n}, &ss, NULL);
    if (j->rc != want)
        fail_msg("%s: got %s, the single call gave %s", wtl_key_alg_name(j->key), wtl_rc_name(j->rc),
                 wtl_rc_name(want));
    if (want != 0)
        assert_true(all(j->ss, 32, 0));
    else
        assert_true(vec_same(wtl_secret_view(&ss), (wtl_bytes){j->ss, 32}));
}

static void decapsulating(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = how_many(round);
        wtl_err err = {0};
        for (size_t i = 0; i < n; i++)
            draw_decaps(i);
        int rc = wtl_batch_decaps(kem_jobs, n, &err);
        assert_answer(rc, first_kem(n), &err);
        for (size_t i = 0; i < n; i++)
            check_decaps(&kem_jobs[i]);
    }
}

static void rooms(void **state)
{
    (void)state;
    AUTO(wtl_key) *dh = keys_new("X25519");
    assert_int_equal(wtl_batch_room(keys[3].pub), 3309);
    assert_int_equal(wtl_batch_room(keys[9].own), wtl_key_alg(keys[9].own)->out);
    assert_int_equal(wtl_batch_room(kem_keys[6].pub), 1120);
    assert_int_equal(wtl_batch_room(dh), 0);
}

enum { THREADS = 4, SHARE = 20 };
typedef struct thread {
    wtl_batch_sig sig[SHARE];
    wtl_batch_kem kem[SHARE];
    uint8_t room[SHARE][4627], enc[SHARE][1568], ss[SHARE][32];
    bool good;
} thread;

/* With the same keys in all threads; no assertion here, which is for the main thread. */
static void *in_thread(void *arg)
{
    thread *t = arg;
    t->good = true;
    for (size_t i = 0; i < SHARE; i++) {
        t->sig[i] = (wtl_batch_sig){.key = keys[FIRST_OFTEN + i % 8].own, .sig = t->room[i], .sig_n = 4627};
        t->kem[i] = (wtl_batch_kem){.key = kem_keys[i % 6].own, .enc = t->enc[i], .enc_n = 1568};
    }
    t->good = wtl_batch_sign(t->sig, SHARE, NULL) == 0 && wtl_batch_verify(t->sig, SHARE, NULL) == 0 &&
              wtl_batch_encaps(t->kem, SHARE, NULL) == 0;
    for (size_t i = 0; i < SHARE; i++)
        memcpy(t->ss[i], t->kem[i].ss, 32);
    t->good = t->good && wtl_batch_decaps(t->kem, SHARE, NULL) == 0;
    for (size_t i = 0; i < SHARE; i++)
        t->good = t->good && memcmp(t->ss[i], t->kem[i].ss, 32) == 0;
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    static thread t[THREADS];
    pthread_t id[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&id[i], NULL, in_thread, &t[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(id[i], NULL);
        assert_true(t[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing),
        cmocka_unit_test(verifying),
        cmocka_unit_test(nothing_but_failures),
        cmocka_unit_test(encapsulating),
        cmocka_unit_test(decapsulating),
        cmocka_unit_test(order_of_failures),
        cmocka_unit_test(rooms),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
