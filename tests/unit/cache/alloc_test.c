/* Every allocation and every call for memory of wtl_cache_open fails once: an error with a sentence, nothing left behind (the
 * address sanitizer looks). What is done with an open cache allocates nothing. The linker's --wrap puts these functions first. */
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>

#include <wattle/cache.h>

void *__real_aligned_alloc(size_t alignment, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *p, size_t n, int advice);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_madvise(void *p, size_t n, int advice);

static unsigned seen, fail_at;

static int fails(void)
{
    errno = ENOMEM;
    return ++seen == fail_at;
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

static void every_point(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (fail_at = 1;; fail_at++) {
        wtl_cache *c;
        wtl_err err = {0};
        seen = 0;
        int rc = wtl_cache_open(&c, &(wtl_cache_options){.capacity = 1 << 20}, &err);
        if (rc == 0) {
            assert_int_equal(wtl_cache_close(c, &err), 0);
        } else {
            failed++;
            assert_null(c);
            assert_true(rc == WTL_NOMEM || rc == WTL_IO);
            assert_int_not_equal(err.text[0], 0);
        }
        if (seen < fail_at)
            break;
    }
    assert_true(failed >= 5);
}

static void none_afterwards(void **state)
{
    (void)state;
    wtl_cache *c;
    wtl_cache_reader *r;
    uint8_t value[4493] = {0};
    fail_at = 0;
    assert_int_equal(wtl_cache_open(&c, &(wtl_cache_options){.capacity = 4 << 20}, NULL), 0);
    seen = 0;
    fail_at = 1;
    assert_int_equal(wtl_cache_reader_open(&r, c, NULL), 0);
    for (unsigned i = 0; i < 20000; i++)
        assert_int_equal(wtl_cache_set(r, (wtl_bytes){(const uint8_t *)&i, sizeof i},
                                       (wtl_bytes){value, i % sizeof value}, 0, NULL),
                         0);
    wtl_cache_clear(r);
    wtl_cache_reader_close(r);
    assert_int_equal(seen, 0);
    fail_at = 0;
    assert_int_equal(wtl_cache_close(c, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_point), cmocka_unit_test(none_afterwards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
