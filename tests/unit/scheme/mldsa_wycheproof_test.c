/* Wycheproof's vectors of ML-DSA, by every level: signing from seeds and from private keys, verifying. */
#include "mldsa_levels.h"

typedef struct tally {
    enum wtl_cpu_level level;
    enum wtl_mldsa_set set;
    unsigned signed_same, verified, refused;
} tally;

static const char *maybe(const json_t *object, const char *member)
{
    const char *s = json_string_value(json_object_get(object, member));
    return s != NULL ? s : "";
}

static bool is_valid(const json_t *test)
{
    return strcmp(vec_json_text(test, "result"), "valid") == 0;
}

/* Also through sign_many, which must refuse and write alike. */
static int sign(const wtl_mldsa_key *k, const wtl_mldsa_what *what, uint8_t sig[WTL_MLDSA_SIG_MOST])
{
    uint8_t again[WTL_MLDSA_SIG_MOST] = {0};
    uint8_t third[WTL_MLDSA_SIG_MOST] = {0};
    size_t n = wtl_mldsa_params_of(wtl_mldsa_set_of(k))->sig;
    wtl_mldsa_job job[2] = {{.key = k, .what = *what, .sig = again}, {.key = k, .what = *what, .sig = third}};
    int rc = wtl_mldsa_sign(k, what, sig, NULL);
    assert_int_equal(wtl_mldsa_sign_many(job, 2, NULL), rc);
    assert_int_equal(job[0].rc, rc);
    assert_int_equal(job[1].rc, rc);
    assert_memory_equal(sig, again, n);
    assert_memory_equal(sig, third, n);
    return rc;
}

static void sign_one(const json_t *test, const wtl_mldsa_key *k, tally *t)
{
    uint8_t sig[WTL_MLDSA_SIG_MOST];
    uint8_t own[WTL_MLDSA_MU];
    VEC_HEX(msg, maybe(test, "msg"));
    VEC_HEX(ctx, maybe(test, "ctx"));
    VEC_HEX(mu, maybe(test, "mu"));
    VEC_HEX(rnd, maybe(test, "rnd"));
    bool has_msg = json_object_get(test, "msg") != NULL;
    wtl_mldsa_what what = {.msg = wtl_buf_view(has_msg ? &msg : &mu),
                           .context = wtl_buf_view(&ctx),
                           .is_mu = !has_msg,
                           .rnd = rnd.n == WTL_MLDSA_RND ? wtl_buf_view(&rnd).p : NULL,
                           .verify_after = true};
    int rc = sign(k, &what, sig);
    if (!is_valid(test)) {
        assert_int_equal(rc, WTL_USAGE);
        t->refused++;
        return;
    }
    assert_int_equal(rc, 0);
    wtl_bytes got = {sig, wtl_mldsa_params_of(t->set)->sig};
    vec_is(got, vec_json_text(test, "sig"));
    assert_int_equal(wtl_mldsa_verify(k, &what, got, NULL), 0);
    t->signed_same++;
    if (!has_msg || mu.n == 0)
        return;
    assert_int_equal(wtl_mldsa_mu(k, &what, own, NULL), 0);
    assert_memory_equal(own, mu.p, WTL_MLDSA_MU);
    what = (wtl_mldsa_what){.msg = wtl_buf_view(&mu), .is_mu = true, .rnd = what.rnd};
    levels_sign(k, &what, got);
}

static wtl_mldsa_key *private_key(const json_t *group, const tally *t)
{
    wtl_mldsa_key *k = NULL;
    VEC_HEX(seed, maybe(group, "privateSeed"));
    VEC_HEX(raw, maybe(group, "privateKey"));
    if (seed.n == WTL_MLDSA_SEED)
        assert_int_equal(wtl_mldsa_from_seed(&k, t->set, t->level, seed.p, NULL), 0);
    else if (seed.n == 0)
        (void)!wtl_mldsa_from_private(&k, t->set, t->level, wtl_buf_view(&raw), NULL);
    return k;
}

static void sign_group(const json_t *group, tally *t)
{
    AUTO(wtl_mldsa) *k = private_key(group, t);
    size_t i;
    json_t *test;
    if (k != NULL && maybe(group, "publicKey")[0] != '\0')
        vec_is(wtl_mldsa_public(k), maybe(group, "publicKey"));
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        if (k != NULL) {
            sign_one(test, k, t);
            continue;
        }
        assert_false(is_valid(test));
        t->refused++;
    }
}

static void verify_group(const json_t *group, tally *t)
{
    AUTO(wtl_mldsa) *k = NULL;
    VEC_HEX(raw, maybe(group, "publicKey"));
    size_t i;
    json_t *test;
    (void)!wtl_mldsa_from_public(&k, t->set, t->level, wtl_buf_view(&raw), NULL);
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        if (k == NULL) {
            assert_false(is_valid(test));
            t->refused++;
            continue;
        }
        VEC_HEX(msg, maybe(test, "msg"));
        VEC_HEX(ctx, maybe(test, "ctx"));
        VEC_HEX(sig, vec_json_text(test, "sig"));
        wtl_mldsa_job job = {.key = k,
                             .what = {.msg = wtl_buf_view(&msg), .context = wtl_buf_view(&ctx)},
                             .given = wtl_buf_view(&sig)};
        int want = is_valid(test) ? 0 : ctx.n > 255 ? WTL_USAGE : WTL_NO;
        if (wtl_mldsa_verify(k, &job.what, job.given, NULL) != want)
            fail_msg("test %lld: %s", json_integer_value(json_object_get(test, "tcId")),
                     vec_json_text(test, "comment"));
        assert_int_equal(wtl_mldsa_verify_many(&job, 1, NULL), want == WTL_NO ? 0 : want);
        assert_int_equal(job.rc, want);
        t->verified += want == 0;
        t->refused += want != 0;
    }
}

static void run(const char *file, enum wtl_mldsa_set set, void (*each)(const json_t *, tally *))
{
    VEC_PATH(path, "WATTLE_VECTORS", file);
    json_t *root = vec_json(path);
    for (EACH_LEVEL(level)) {
        tally t = {.level = level, .set = set};
        size_t i;
        json_t *group;
        json_array_foreach(json_object_get(root, "testGroups"), i, group)
        {
            each(group, &t);
        }
        print_message("# %s, %s: %u signed alike, %u verified, %u refused\n", file, wtl_cpu_name(level),
                      t.signed_same, t.verified, t.refused);
        assert_int_equal(t.signed_same + t.verified + t.refused,
                         json_integer_value(json_object_get(root, "numberOfTests")));
    }
    json_decref(root);
}

#define SET(n)                                                                           \
    static void verify_##n(void **state)                                                 \
    {                                                                                    \
        (void)state;                                                                     \
        run("wycheproof/mldsa_" #n "_verify_test.json", WTL_MLDSA_##n, verify_group);    \
    }                                                                                    \
    static void sign_##n(void **state)                                                   \
    {                                                                                    \
        (void)state;                                                                     \
        run("wycheproof/mldsa_" #n "_sign_seed_test.json", WTL_MLDSA_##n, sign_group);   \
        run("wycheproof/mldsa_" #n "_sign_noseed_test.json", WTL_MLDSA_##n, sign_group); \
    }
SET(44)
SET(65)
SET(87)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_44), cmocka_unit_test(verify_65), cmocka_unit_test(verify_87),
        cmocka_unit_test(sign_44),   cmocka_unit_test(sign_65),   cmocka_unit_test(sign_87),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
