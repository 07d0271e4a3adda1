#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wattle/cache.h>

enum { KEYS = 3000, FORKS = 12, WRITERS = 2 };

static wtl_cache *cache;
static atomic_bool stop;

static wtl_bytes key_of(const unsigned *i)
{
    return (wtl_bytes){(const uint8_t *)i, sizeof *i};
}

static int put(wtl_cache_reader *r, unsigned i)
{
    uint8_t value[2000];
    memset(value, (int)i, sizeof value);
    return wtl_cache_set(r, key_of(&i), (wtl_bytes){value, 8 + i % 1900}, 0, NULL);
}

static bool right(wtl_cache_reader *r, unsigned i, unsigned *found)
{
    wtl_cache_ref ref;
    bool good = true;
    wtl_cache_enter(r);
    if (wtl_cache_get(r, key_of(&i), &ref) == WTL_OK) {
        good = ref.value.n == 8 + i % 1900;
        for (size_t k = 0; k < ref.value.n && good; k++)
            good = ref.value.p[k] == (uint8_t)i;
        ++*found;
    }
    wtl_cache_leave(r);
    return good;
}

static void ended_well(pid_t pid)
{
    int status;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The child's life, as an exit code: what it must be able to do whatever the parent was doing. */
static int live(unsigned least)
{
    wtl_cache_reader *r;
    wtl_cache_stats s;
    unsigned found = 0;
    if (wtl_cache_reader_open(&r, cache, NULL) != 0)
        return 10;
    for (unsigned i = 0; i < KEYS; i++) {
        if (!right(r, i, &found))
            return 11;
    }
    if (found < least)
        return 12;
    for (unsigned i = 0; i < 2 * KEYS; i++) {
        if (put(r, i) != 0)
            return 13;
    }
    wtl_cache_stats_read(cache, &s);
    if (s.stalled != 0 || s.pinned != 0 || s.reserved != 0 || s.readers != 1)
        return 14;
    wtl_cache_reader_close(r);
    return wtl_cache_close(cache, NULL) == 0 ? 0 : 15;
}

static int child_of_a_reader(wtl_cache_reader *old, wtl_cache_ref *ref)
{
    wtl_cache_ref again;
    unsigned seven = 7;
    if (ref->value.p[0] != 7 || ref->value.n != 8 + 7)
        return 1;
    if (wtl_cache_reader_cache(old) != NULL || wtl_cache_get(old, key_of(&seven), &again) != WTL_USAGE)
        return 2;
    wtl_cache_enter(old);
    if (wtl_cache_get(old, key_of(&seven), &again) != WTL_USAGE || put(old, 7) != WTL_USAGE ||
        wtl_cache_del(old, key_of(&seven)) != WTL_USAGE)
        return 3;
    wtl_cache_leave(old);
    wtl_cache_reader_close(old);
    if (ref->value.p[0] != 7)
        return 4;
    return live(KEYS * 9 / 10);
}

/* A process forks inside a section, with a pin, a reservation and deleted entries that wait. */
static void in_a_section(void **state)
{
    (void)state;
    wtl_cache_reader *r;
    wtl_cache_ref ref;
    wtl_cache_ref pinned;
    wtl_cache_room room;
    unsigned seven = 7;
    unsigned eight = 8;
    assert_int_equal(wtl_cache_open(&cache, &(wtl_cache_options){.capacity = 16 << 20}, NULL), 0);
    assert_int_equal(wtl_cache_reader_open(&r, cache, NULL), 0);
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(put(r, i), 0);
    wtl_cache_enter(r);
    assert_int_equal(wtl_cache_get(r, key_of(&seven), &ref), 0);
    assert_int_equal(wtl_cache_get(r, key_of(&eight), &pinned), 0);
    assert_int_equal(wtl_cache_pin(r, &pinned), 0);
    assert_int_equal(wtl_cache_reserve(r, key_of(&seven), 1000, 0, &room, NULL), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(wtl_cache_del(r, key_of(&i)), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child_of_a_reader(r, &ref));
    ended_well(pid);
    assert_int_equal(ref.value.p[0], 7);
    assert_int_equal(wtl_cache_commit(r, &room, 0, NULL), 0);
    wtl_cache_unpin(cache, &pinned);
    wtl_cache_leave(r);
    wtl_cache_reader_close(r);
    assert_int_equal(wtl_cache_close(cache, NULL), 0);
}

static void *write_on(void *arg)
{
    wtl_cache_reader *r;
    unsigned i = *(unsigned *)arg;
    if (wtl_cache_reader_open(&r, cache, NULL) != 0)
        abort();
    for (; !atomic_load(&stop); i = (i + 1) % KEYS) {
        unsigned found = 0;
        put(r, i);
        if (!right(r, i, &found))
            abort();
        if (i % 5 == 0)
            wtl_cache_del(r, key_of(&i));
    }
    wtl_cache_reader_close(r);
    return NULL;
}

/* And while other threads write: then the child's cache is empty, and as good as any. */
static void while_others_write(void **state)
{
    (void)state;
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    skip(); /* it does not follow a child of a process with threads */
#endif
#endif
    pthread_t t[WRITERS];
    unsigned from[WRITERS];
    assert_int_equal(wtl_cache_open(&cache, &(wtl_cache_options){.capacity = 2 << 20}, NULL), 0);
    atomic_store(&stop, false);
    for (unsigned i = 0; i < WRITERS; i++) {
        from[i] = i * KEYS / WRITERS;
        assert_int_equal(pthread_create(&t[i], NULL, write_on, &from[i]), 0);
    }
    for (unsigned i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(live(0));
        ended_well(pid);
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(wtl_cache_close(cache, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_a_section), cmocka_unit_test(while_others_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
