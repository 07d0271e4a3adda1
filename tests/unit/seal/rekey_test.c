/* A container made anew under another key. */
#include "craft.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/text.h"

static wtl_key *alice;
static wtl_key *bob;
static wtl_key *carol;
static wtl_key *signer;
static wtl_key *other;
static char f[256];

/* Sizes around the ends of chunks, segments and batches. */
static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 524288, 524289, 1048576, 1048577, 3000000, 4194304};

static int setup(void **state)
{
    alice = box_key("X-Wing", 1);
    bob = box_key("X-Wing", 2);
    carol = box_key("ML-KEM-1024", 3);
    signer = box_key("ML-DSA-44", 4);
    other = box_key("ML-DSA-44", 5);
    if (box_setup(state) != 0)
        return -1;
    snprintf(f, sizeof f, "%s/f.wtl", box_dir);
    assert_int_equal(mkdir(box_path("m"), 0755), 0);
    assert_int_equal(mkdir(box_path("m/empty"), 0711), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        AUTO(wtl_buf) b = {0};
        char name[64];
        snprintf(name, sizeof name, "m/%zu", sizes[i]);
        box_fill(&b, sizes[i]);
        box_write(box_path(name), wtl_buf_view(&b));
        assert_int_equal(chmod(box_path(name), i % 2 == 0 ? 0640 : 0755), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    wtl_key *all[] = {alice, bob, carol, signer, other};
    for (size_t i = 0; i < 5; i++)
        wtl_key_free(all[i]);
    return box_teardown(state);
}

static void fresh(const wtl_key *sign)
{
    const wtl_key *to[] = {alice, bob};
    wtl_seal_opts o = {.to = to, .n_to = 2, .sign = &sign, .n_sign = sign != NULL, .force = true};
    wtl_err err = {0};
    assert_good(wtl_seal(box_path("m"), f, &o, NULL, &err), &err);
}

/* What it holds is the model, with modes. */
static void holds_the_model(const wtl_key *me, const wtl_key *sender)
{
    wtl_err err = {0};
    char cmd[1024];
    box_remove(box_path("out"));
    assert_good(box_open(f, box_path("out"), me, sender, &err), &err);
    snprintf(cmd, sizeof cmd,
             "cd %s && diff -r m out && (cd m && find . -mindepth 1 -printf '%%P %%m\\n' | sort) >a && "
             "(cd out && find . -mindepth 1 -printf '%%P %%m\\n' | sort) >b && cmp a b",
             box_dir);
    assert_int_equal(system(cmd), 0);
}

static void another_key_and_the_same_contents(void **state)
{
    (void)state;
    const wtl_key *const signers[] = {NULL, signer};
    for (size_t i = 0; i < 8; i++) {
        const wtl_key *sign = signers[i % 2];
        const wtl_key *again = signers[i / 2 % 2] != NULL ? other : NULL;
        const wtl_key *me = alice;
        const wtl_key *add = carol;
        const wtl_key *remove = bob;
        wtl_err err = {0};
        AUTO(wtl_buf) before = {0};
        AUTO(wtl_buf) after = {0};
        fresh(sign);
        assert_int_equal(chmod(f, 0604), 0);
        box_read(f, &before);
        wtl_rewrap_opts o = {.identity = &me,
                             .n_identities = 1,
                             .add = &add,
                             .n_add = 1,
                             .remove = &remove,
                             .n_remove = 1,
                             .rekey = true,
                             .sender = &sign,
                             .n_senders = sign != NULL && i >= 4,
                             .sign = &again,
                             .n_sign = again != NULL,
                             .drop_signature = again == NULL,
                             .threads = (unsigned)(i % 3)};
        wtl_rewrap_result r = {0};
        assert_good(wtl_rewrap(f, &o, &r, &err), &err);
        assert_int_equal(r.n_recipients, 2);
        assert_true(r.header_generation == 1 && r.bytes > 9000000);
        wtl_rewrap_result_free(&r);
        box_read(f, &after);
        assert_memory_not_equal(before.p + 16, after.p + 16, 32);
        assert_memory_not_equal(before.p + 40000, after.p + 40000, 1000);
        struct stat st;
        assert_int_equal(stat(f, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0604);
        holds_the_model(alice, again);
        holds_the_model(carol, again);
        assert_int_equal(box_open(f, box_path("no"), bob, NULL, &err), WTL_NO);
        if (again == NULL)
            assert_int_equal(box_open(f, box_path("no"), alice, signer, &err), WTL_POLICY);
    }
}

static int rekey(const wtl_rewrap_opts *more, wtl_err *err)
{
    wtl_rewrap_opts o = *more;
    const wtl_key *me = alice;
    o.identity = &me;
    o.n_identities = 1;
    o.rekey = true;
    return wtl_rewrap(f, &o, NULL, err);
}

static void what_is_refused(void **state)
{
    (void)state;
    const wtl_key *a = alice;
    const wtl_key *b = bob;
    const wtl_key *s = signer;
    const wtl_key *wrong = other;
    AUTO(wtl_buf) before = {0};
    AUTO(wtl_buf) after = {0};
    wtl_err err = {0};
    fresh(signer);
    box_read(f, &before);
    assert_int_equal(rekey(&(wtl_rewrap_opts){.drop_signature = true}, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "key id"));
    assert_int_equal(rekey(&(wtl_rewrap_opts){.remove = &b, .n_remove = 1}, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "--sign"));
    assert_int_equal(rekey(&(wtl_rewrap_opts){.to = &a, .n_to = 1, .sign = &a, .n_sign = 1}, &err),
                     WTL_USAGE);
    assert_int_equal(
        rekey(&(wtl_rewrap_opts){.to = &a, .n_to = 1, .sign = &s, .n_sign = 1, .drop_signature = true}, &err),
        WTL_USAGE);
    assert_int_equal(rekey(
                         &(wtl_rewrap_opts){
                             .to = &a, .n_to = 1, .sign = &s, .n_sign = 1, .sender = &wrong, .n_senders = 1},
                         &err),
                     WTL_POLICY);
    const wtl_key *both[] = {alice, bob};
    assert_int_equal(rekey(&(wtl_rewrap_opts){.remove = both, .n_remove = 2, .drop_signature = true}, &err),
                     WTL_USAGE);
    box_read(f, &after);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, before.n);
    /* Whose key is given may stay. */
    assert_good(rekey(&(wtl_rewrap_opts){.add = &b, .n_add = 1, .drop_signature = true}, &err), &err);
    holds_the_model(bob, NULL);
}

/* A larger header: as many as are wanted. */
static void more_than_fitted(void **state)
{
    (void)state;
    enum { MANY = 20 };
    const wtl_key *to[MANY];
    wtl_key *own[MANY];
    wtl_err err = {0};
    fresh(NULL);
    for (unsigned i = 0; i < MANY; i++)
        to[i] = own[i] = box_key("X-Wing", (uint8_t)(100 + i));
    const wtl_key *me = alice;
    wtl_rewrap_opts o = {.identity = &me, .n_identities = 1, .to = to, .n_to = MANY};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    o.rekey = true;
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    wtl_info i = {0};
    assert_good(wtl_info_read(f, to, MANY, &i, &err), &err);
    assert_int_equal(i.n_recipients, MANY);
    assert_true(i.slot_size > 2 * MANY * 1178);
    wtl_info_free(&i);
    holds_the_model(to[MANY - 1], NULL);
    for (unsigned k = 0; k < MANY; k++)
        wtl_key_free(own[k]);
}

static int give(void *arg, char *out, size_t cap, wtl_err *err)
{
    int *times = arg;
    (void)cap;
    (void)err;
    ++*times;
    memcpy(out, "secret", 6);
    return 6;
}

static void a_passphrase_stays(void **state)
{
    (void)state;
    int times = 0;
    wtl_passphrase pp = {give, &times};
    wtl_seal_opts so = {.passphrase = &pp, .work = 10, .force = true};
    wtl_err err = {0};
    assert_good(wtl_seal(box_path("m"), f, &so, NULL, &err), &err);
    AUTO(wtl_buf) before = {0};
    AUTO(wtl_buf) after = {0};
    box_read(f, &before);
    times = 0;
    wtl_rewrap_opts o = {.passphrase = &pp, .rekey = true, .work = 10};
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    assert_int_equal(times, 1);
    box_read(f, &after);
    assert_memory_not_equal(before.p + 16, after.p + 16, 32);
    wtl_open_opts oo = {.passphrase = &pp};
    assert_good(wtl_open(f, box_path("p-out"), &oo, NULL, &err), &err);
    const wtl_key *to = bob;
    o.to = &to;
    o.n_to = 1;
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    holds_the_model(bob, NULL);
}

static void damage_is_found(void **state)
{
    (void)state;
    const wtl_key *a = alice;
    AUTO(wtl_buf) good = {0};
    fresh(signer);
    box_read(f, &good);
    for (size_t at = 37000; at < good.n; at += good.n / 17) {
        AUTO(wtl_buf) bad = {0};
        AUTO(wtl_buf) after = {0};
        wtl_err err = {0};
        wtl_buf_bytes(&bad, wtl_buf_view(&good));
        bad.p[at] ^= 1;
        box_write(f, wtl_buf_view(&bad));
        const wtl_key *s = signer;
        int rc = rekey(
            &(wtl_rewrap_opts){.to = &a, .n_to = 1, .drop_signature = true, .sender = &s, .n_senders = 1},
            &err);
        assert_true(rc == WTL_NO || rc == WTL_FORMAT);
        box_read(f, &after);
        assert_memory_equal(bad.p, after.p, bad.n);
    }
    assert_int_equal(box_count(box_dir), box_exists(box_path("a")) ? 6 : 4);
}

static void die(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    if (done > total / 2)
        raise(SIGKILL);
}

static void killed_in_the_middle(void **state)
{
    (void)state;
    AUTO(wtl_buf) before = {0};
    AUTO(wtl_buf) after = {0};
    const wtl_key *a = alice;
    fresh(NULL);
    box_read(f, &before);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)!rekey(&(wtl_rewrap_opts){.to = &a, .n_to = 1, .progress = {die, NULL}, .threads = 1}, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    box_read(f, &after);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, before.n);
}

static uint64_t told;

static void replace(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    told = total;
    if (done == total)
        box_write(box_path("g.wtl"), wtl_text_of("another file"));
    if (done == total)
        assert_int_equal(rename(box_path("g.wtl"), f), 0);
}

/* Somebody puts another file there in the meantime: it stays. */
static void replaced_in_the_meantime(void **state)
{
    (void)state;
    const wtl_key *a = alice;
    wtl_err err = {0};
    AUTO(wtl_buf) after = {0};
    fresh(NULL);
    assert_int_equal(rekey(&(wtl_rewrap_opts){.to = &a, .n_to = 1, .progress = {replace, NULL}}, &err),
                     WTL_BUSY);
    assert_true(told > 9000000);
    box_read(f, &after);
    assert_true(wtl_text_eq(wtl_buf_view(&after), "another file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_key_and_the_same_contents),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(more_than_fitted),
        cmocka_unit_test(a_passphrase_stays),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(killed_in_the_middle),
        cmocka_unit_test(replaced_in_the_meantime),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
