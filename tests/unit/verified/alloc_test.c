/* Every allocation and every call for memory fails once: while a cache and a handle are opened an error with a sentence and nothing left
 * behind (the address sanitizer looks); while something is asked either a right answer, which may not be kept, or WTL_NOMEM. The linker's
 * --wrap puts these functions first. */
#include "asked.h"

#include <errno.h>
#include <sys/mman.h>

#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "jose/jwk.h"
#include <wattle/verified_signed.h>
#include <wattle/verified_token.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *p, size_t n, int advice);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_madvise(void *p, size_t n, int advice);

static unsigned seen, fail_at;

static int fails(void)
{
    if (fail_at == 0)
        return 0;
    errno = ENOMEM;
    return ++seen == fail_at;
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

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, n, protection, flags, fd, offset);
}

int __wrap_madvise(void *p, size_t n, int advice)
{
    return fails() ? -1 : __real_madvise(p, n, advice);
}

static wtl_verified_options options(void)
{
    wtl_verified_options o = asked_options();
    o.lazy = false;
    o.small_pages = false;
    o.capacity = 1 << 20;
    o.tenant_entries = 100;
    return o;
}

static void opening(void **state)
{
    (void)state;
    unsigned failed = 0;
    const wtl_verified_options o = options();
    for (unsigned n = 1;; n++) {
        wtl_verified_cache *c;
        wtl_verified_handle *h = NULL;
        wtl_err err = {0};
        seen = 0;
        fail_at = n;
        int rc = wtl_verified_open(&c, &o, &err);
        assert_true((rc == 0) == (c != NULL));
        if (rc == 0)
            rc = wtl_verified_handle_open(&h, c, &err);
        fail_at = 0;
        if (rc != 0) {
            failed++;
            assert_null(h);
            assert_true(rc == WTL_NOMEM || rc == WTL_IO || rc == WTL_BUG);
            assert_int_not_equal(err.text[0], 0);
        }
        wtl_verified_handle_close(h);
        assert_int_equal(wtl_verified_close(c, &err), 0);
        if (seen < n)
            break;
    }
    assert_true(failed >= 8);
}

static void asking(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (unsigned n = 1;; n++) {
        const wtl_verified_options o = options();
        asked_cache k = asked_open(&o);
        wtl_err err = {0};
        unsigned total = 0;
        seen = 0;
        fail_at = n;
        for (unsigned i = 0; i < 300; i++) {
            char subject[16];
            wtl_verified_answer got;
            asked a = {.jti = "j", .no = i % 5 == 4};
            snprintf(subject, sizeof subject, "s%u", i / 2);
            wtl_verified_ask ask = asked_about(subject);
            char tenant[16];
            snprintf(tenant, sizeof tenant, "t%u", i % 100);
            ask.tenant = asked_text(tenant);
            err.text[0] = '\0';
            int rc = wtl_verified(k.h, &ask, asked_verify, &a, &got, &err);
            if (rc == WTL_NOMEM) {
                failed++;
                assert_int_not_equal(err.text[0], 0);
                assert_null(got.text);
                continue;
            }
            assert_int_equal(rc, a.no ? WTL_NO : 0);
            if (rc == 0)
                assert_memory_equal(got.result.p, subject, got.result.n);
            total++;
        }
        fail_at = 0;
        assert_true(total >= 299);
        asked_close(&k);
        if (seen < n || n > 400) /* the rest are the same again */
            break;
    }
    assert_true(failed > 0);
}

/* Hits, and denials, need no memory. */
static void hits(void **state)
{
    (void)state;
    const wtl_verified_options o = options();
    asked_cache k = asked_open(&o);
    asked a = {.jti = "j"};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
    seen = 0;
    fail_at = 1;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
    for (unsigned i = 0; i < 4096; i++)
        assert_int_equal(wtl_verified_deny(k.c, "i", (wtl_bytes){(uint8_t *)&i, sizeof i}, 1, NULL), 0);
    wtl_verified_revoke_all(k.c);
    fail_at = 0;
    assert_int_equal(seen, 0);
    asked_close(&k);
}

/* The adapters: a good token, bundle and envelope are found good, or there is no verdict; never a no. */
static wtl_key *key;
static wtl_verified_rules rules = {.policy = &(const wtl_token_policy){.any_audience = true}};
static wtl_verified_signer signer;
static wtl_buf bundle;
static char *token;
static size_t token_n;

static void prepare(void)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) pae = {0};
    AUTO(wtl_buf) sig = {0};
    wtl_jwks *set;
    const wtl_bytes payload = asked_text("{}"), claims = asked_text("{\"exp\":1800000000,\"sub\":\"s\"}");
    static const char type[] = "application/vnd.in-toto+json";
    assert_int_equal(wtl_key_generate(&key, wtl_alg_by_name("ML-DSA-44"), NULL), 0);
    wtl_buf_str(&text, "{\"keys\":[");
    assert_int_equal(wtl_jwk_write_public(key, "k", &text, NULL), 0);
    wtl_buf_str(&text, "]}");
    assert_int_equal(wtl_jwks_parse(&set, wtl_buf_view(&text), NULL), 0);
    rules.set = set;
    assert_int_equal(wtl_verified_token_rules(&rules, NULL), 0);
    assert_int_equal(wtl_token_sign(&token, &token_n, claims, key, "k", NULL, NULL), 0);
    signer.key = key;
    assert_int_equal(wtl_verified_signer_init(&signer, NULL), 0);
    wtl_bundle_pae(&pae, type, payload);
    assert_int_equal(wtl_sig_sign(key, wtl_buf_view(&pae), NULL, &sig, NULL), 0);
    assert_int_equal(wtl_bundle_encode(payload, type, "hint", wtl_buf_view(&sig), &bundle, NULL), 0);
}

static int ask_either(wtl_verified_handle *h, bool of_token, wtl_verified_answer *got, wtl_err *err)
{
    const wtl_bytes nobody = {NULL, 0};
    if (of_token)
        return wtl_verified_token(h, &rules, (wtl_bytes){(uint8_t *)token, token_n}, nobody, got, err);
    return wtl_verified_bundle(h, &signer, wtl_buf_view(&bundle), nobody, got, err);
}

static void adapters(void **state)
{
    (void)state;
    prepare();
    for (unsigned which = 0; which < 2; which++) {
        unsigned failed = 0;
        const wtl_verified_options o = asked_options();
        asked_cache k = asked_open(&o);
        for (unsigned n = 1;; n++) {
            wtl_err err = {0};
            wtl_verified_answer got;
            wtl_verified_revoke_all(k.c);
            seen = 0;
            fail_at = n;
            int rc = ask_either(k.h, which == 0, &got, &err);
            fail_at = 0;
            wtl_verified_done(k.h);
            if (rc != 0) {
                failed++;
                assert_true(rc == WTL_NOMEM || rc == WTL_BUG || rc == WTL_IO);
                assert_int_not_equal(err.text[0], 0);
            }
            if (seen < n)
                break;
        }
        assert_true(failed > 3);
        asked_close(&k);
    }
    wtl_buf_free(&bundle);
    free(token);
    wtl_jwks_free((wtl_jwks *)(uintptr_t)rules.set);
    wtl_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opening), cmocka_unit_test(asking),
                                       cmocka_unit_test(hits), cmocka_unit_test(adapters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
