/* Every allocation of our own fails once, and all from one on, in one process: whatever comes back, nothing leaks, which
 * the address sanitizer looks at when this program ends; the same keys go on working. The linker's --wrap puts the
 * functions below before the allocator, for the rooms alone. */
#include "api.h"

#include <stdatomic.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static atomic_size_t seen;
static atomic_size_t fail_at; /* 0: never */
static atomic_bool and_after;

static bool fails(void)
{
    size_t at = fail_at;
    if (at == 0)
        return false;
    size_t i = atomic_fetch_add(&seen, 1) + 1;
    return and_after ? i >= at : i == at;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

static api_names names;
static wtl_key *signer;
static wtl_key *alice;

static int parse(wtl_err *err)
{
    (void)err;
    wtl_key *k = NULL;
    int rc = api_key(&k, "alice.key");
    assert_true((rc == 0) == (k != NULL));
    wtl_key_free(k);
    return rc;
}

static int sign(wtl_err *err)
{
    return api_sign(&names, signer, err);
}

static int verify(wtl_err *err)
{
    return api_verify(&names, signer, err);
}

static int seal(wtl_err *err)
{
    return api_seal(&names, alice, signer, err);
}

static int open_it(wtl_err *err)
{
    return api_open(&names, alice, signer, err);
}

static int info(wtl_err *err)
{
    wtl_info i = {0};
    const wtl_key *keys[] = {alice};
    int rc = wtl_info_read(names.sealed, keys, 1, &i, err);
    if (rc == 0)
        wtl_info_free(&i);
    return rc;
}

static int token(wtl_err *err)
{
    wtl_jwks *set = NULL;
    int rc = api_set(&set, err);
    assert_true((rc == 0) == (set != NULL));
    if (rc == 0)
        rc = api_token(set, signer, err);
    wtl_jwks_free(set);
    return rc;
}

/* Until a run in which nothing was left to fail; that one must succeed. */
static void exhaust(int (*run)(wtl_err *), bool after)
{
    for (size_t n = 1;; n++) {
        wtl_err err = {0};
        seen = 0;
        and_after = after;
        fail_at = n;
        int rc = run(&err);
        fail_at = 0;
        if (rc < 0 && run != parse)
            assert_int_not_equal(err.text[0], '\0');
        /* Not the answer no, nor that the input is malformed. */
        assert_true(rc == 0 || rc == WTL_NOMEM || rc == WTL_IO || rc == WTL_BUG);
        if (seen < n) {
            assert_good(rc, &err);
            assert_true(n > 1);
            return;
        }
    }
}

static void everything(void **state)
{
    (void)state;
    int (*const runs[])(wtl_err *) = {parse, sign, verify, seal, open_it, info, token};
    assert_int_equal(api_names_of(&names, 0), 0);
    assert_int_equal(api_key(&signer, "signer.key"), 0);
    assert_int_equal(api_key(&alice, "alice.key"), 0);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        exhaust(runs[i], false);
        exhaust(runs[i], true);
    }
    wtl_key_free(signer);
    wtl_key_free(alice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything)};
    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
