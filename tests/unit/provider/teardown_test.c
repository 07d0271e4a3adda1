/* The end while threads are at work: handles given back under them, providers unloaded and loaded again, and a process that exits. */
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 10, EXITS = 50 };

typedef struct worker {
    OSSL_LIB_CTX *lib;
    EVP_PKEY *key;
    atomic_bool *stop;
    atomic_int *done;
    bool good;
} worker;

static bool once(const worker *k)
{
    uint8_t sig[4627];
    size_t n = sizeof sig;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL && EVP_DigestSignInit_ex(md, NULL, NULL, k->lib, NULL, k->key, NULL) == 1 &&
                EVP_DigestSign(md, sig, &n, (const uint8_t *)"weights", 7) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY *made = EVP_PKEY_Q_keygen(k->lib, NULL, "X25519MLKEM768");
    good = good && made != NULL;
    EVP_PKEY_free(made);
    return good;
}

static void *work(void *arg)
{
    worker *k = arg;
    k->good = true;
    while (!atomic_load(k->stop)) {
        k->good = once(k) && k->good;
        atomic_fetch_add(k->done, 1);
    }
    return NULL;
}

static void wait_until(atomic_int *done, int least)
{
    while (atomic_load(done) < least)
        usleep(200);
}

/* Work goes on, by wattle or by default, while wattle comes and goes. */
static void unloaded_under_work(void **state)
{
    const enum world_how how = *(const enum world_how *)*state;
    world w;
    atomic_bool stop = false;
    atomic_int done = 0;
    pthread_t thread[THREADS];
    worker workers[THREADS];
    world_open(&w, how);
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", 3);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){w.lib, key, &stop, &done, false};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        wait_until(&done, atomic_load(&done) + THREADS);
        assert_int_equal(OSSL_PROVIDER_unload(w.wattle), 1);
        wait_until(&done, atomic_load(&done) + THREADS);
        w.wattle = OSSL_PROVIDER_load(w.lib, "wattle");
        assert_non_null(w.wattle);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_true(workers[i].good);
    }
    assert_string_equal(world_owner(key), "wattle"); /* the key held its provider */
    EVP_PKEY_free(key);
    world_close(&w);
}

/* A process that leaves main while its threads sign, with the report on. OpenSSL's own end (OPENSSL_cleanup) takes locks away under
 * such threads, with its default provider alone too: it is left out, so that what is seen is ours. */
static void leave(enum world_how how, const char *report)
{
    static atomic_bool stop;
    static atomic_int done;
    static worker workers[THREADS];
    static world w;
    pthread_t thread;
    signal(SIGSEGV, SIG_DFL);
    world_open_with(&w, how, "report", report);
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", 3);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){w.lib, key, &stop, &done, false};
        if (pthread_create(&thread, NULL, work, &workers[i]) != 0)
            _exit(99);
        pthread_detach(thread);
    }
    wait_until(&done, THREADS);
    exit(0);
}

static int reported(const char *path)
{
    char line[1024];
    int n = 0;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        assert_memory_equal(line, "wattle pid=", 11);
        assert_int_equal(line[strlen(line) - 1], '\n');
        n++;
    }
    fclose(f);
    return n;
}

static void exit_under_work(void **state)
{
    const enum world_how how = *(const enum world_how *)*state;
    char path[] = "/tmp/wattle-teardown-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < EXITS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            leave(how, path);
        int status = 1;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            print_message("round %d: status %#x\n", i, (unsigned)status);
        assert_int_equal(status, 0);
    }
    /* A copy that is built in is never torn down there, and is not asked at the end. */
    assert_int_equal(reported(path), how == WORLD_MODULE ? EXITS : 0);
    unlink(path);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
        return 1;
    static enum world_how builtin = WORLD_BUILTIN;
    static enum world_how module = WORLD_MODULE;
    const struct CMUnitTest tests[] = {{"builtin: unloaded", unloaded_under_work, NULL, NULL, &builtin},
                                       {"module: unloaded", unloaded_under_work, NULL, NULL, &module},
                                       {"builtin: exit", exit_under_work, NULL, NULL, &builtin},
                                       {"module: exit", exit_under_work, NULL, NULL, &module}};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
