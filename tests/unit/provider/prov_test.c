/* One activation: where it starts and where it refuses, its settings, counters and report, two copies in one process. */
#include "world.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const enum world_how hows[] = {WORLD_BUILTIN, WORLD_MODULE};

static void newest_error_says(const char *what)
{
    const char *text = "";
    char all[4096] = "";
    unsigned long code;
    int flags;
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &text, &flags)) != 0) {
        if ((flags & ERR_TXT_STRING) != 0 && strlen(all) + strlen(text) + 2 < sizeof all)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s\n", text);
    }
    if (strstr(all, what) == NULL)
        fail_msg("the queue does not say \"%s\": %s", what, all);
}

static void every_algorithm_is_served(void **state)
{
    (void)state;
    for (size_t h = 0; h < 2; h++) {
        world w;
        world_open(&w, hows[h]);
        for (size_t i = 0; i < 3; i++) {
            EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(w.lib, mldsa_names[i], NULL);
            EVP_KEYMGMT *mgmt = EVP_KEYMGMT_fetch(w.lib, mldsa_names[i], NULL);
            assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(sig)), "wattle");
            assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(mgmt)), "wattle");
            EVP_SIGNATURE_free(sig);
            EVP_KEYMGMT_free(mgmt);
        }
        EVP_MD *md = EVP_MD_fetch(w.lib, "SHA-256", NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "default");
        EVP_MD_free(md);
        world_close(&w);
    }
}

/* Every name and alias of the default provider leads to wattle too. */
static void same_names_as_default(void **state)
{
    (void)state;
    static const char *const names[] = {"MLDSA44",      "id-ml-dsa-65", "2.16.840.1.101.3.4.3.19",
                                        "id-ml-dsa-44", "MLDSA87",      "2.16.840.1.101.3.4.3.18"};
    world w;
    world_open(&w, WORLD_BUILTIN);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(w.lib, names[i], NULL);
        assert_non_null(sig);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(sig)), "wattle");
        EVP_SIGNATURE_free(sig);
    }
    world_close(&w);
}

static void tells_about_itself(void **state)
{
    (void)state;
    world w;
    world_open_with(&w, WORLD_BUILTIN, "cpu", "ref");
    char *name = NULL;
    char *version = NULL;
    char *cpu = NULL;
    int status = 0;
    OSSL_PARAM ask[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_NAME, &name, 0),
                        OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_VERSION, &version, 0),
                        OSSL_PARAM_construct_utf8_ptr("wattle.cpu", &cpu, 0),
                        OSSL_PARAM_construct_int(OSSL_PROV_PARAM_STATUS, &status),
                        OSSL_PARAM_construct_end()};
    assert_int_equal(OSSL_PROVIDER_get_params(w.wattle, ask), 1);
    assert_string_equal(name, "Wattle");
    assert_true(version[0] >= '0' && version[0] <= '9');
    assert_string_equal(cpu, "ref");
    assert_int_equal(status, 1);
    const OSSL_PARAM *list = OSSL_PROVIDER_gettable_params(w.wattle);
    assert_non_null(OSSL_PARAM_locate_const(list, "wattle.cpu"));
#define COUNTER(id, text) assert_non_null(OSSL_PARAM_locate_const(list, "wattle." text));
#include "provider/counters.def"
#undef COUNTER
    world_close(&w);
}

static void counters_count(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_MODULE);
    uint8_t sig[4627];
    size_t n;
    recipe plain = {0};
    wtl_bytes msg = {(const uint8_t *)"model", 5};
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", 1);
    assert_int_equal(world_sign(&w, key, "ML-DSA-44", &plain, msg, sig, &n), 1);
    assert_int_equal(world_sign(&w, key, "ML-DSA-44", &plain, msg, sig, &n), 1);
    assert_int_equal(world_verify(&w, key, "ML-DSA-44", &plain, msg, sig, n), 1);
    sig[7] ^= 1;
    assert_int_equal(world_verify(&w, key, "ML-DSA-44", &plain, msg, sig, n), 0);
    assert_int_equal(world_count(&w, "mldsa-keygen"), 1);
    assert_int_equal(world_count(&w, "mldsa-sign"), 2);
    assert_int_equal(world_count(&w, "mldsa-verify"), 2);
    assert_int_equal(world_count(&w, "mlkem-encaps"), 0);
    EVP_PKEY_free(key);
    world_close(&w);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {{"cpu", "avx1024", "it may be auto, ref, shani, avx2 or avx512"},
                                           {"cpu", "", "it may be auto"},
                                           {"cpu", "AVX2 ", "unknown value"},
                                           {"cpu", "adx", "unknown value"},
                                           {"cpu", "x\n\x1b[1m", "x\\x0a\\x1b[1m"},
                                           {"verify-after-sign", "maybe", "it may be yes or no"},
                                           {"pairwise-test", "", "it may be yes, full or no"}};
    for (size_t h = 0; h < 2; h++) {
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
            OSSL_PROVIDER *deflt = OSSL_PROVIDER_load(lib, "default");
            assert_null(world_load(lib, hows[h], wrong[i][0], wrong[i][1]));
            newest_error_says(wrong[i][2]);
            OSSL_PROVIDER_unload(deflt);
            OSSL_LIB_CTX_free(lib);
        }
    }
}

static void a_level_that_is_missing_is_refused(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
        OSSL_PROVIDER *wattle = world_load(lib, WORLD_BUILTIN, "cpu", wtl_cpu_name(level));
        assert_int_equal(wattle != NULL, wtl_cpu_has(level));
        if (wattle == NULL)
            newest_error_says("does not offer it");
        OSSL_PROVIDER_unload(wattle);
        OSSL_LIB_CTX_free(lib);
    }
}

static void the_environment_sets_the_level(void **state)
{
    (void)state;
    char *cpu = NULL;
    OSSL_PARAM ask[] = {OSSL_PARAM_construct_utf8_ptr("wattle.cpu", &cpu, 0), OSSL_PARAM_construct_end()};
    world w;
    setenv("WATTLE_CPU", "ref", 1);
    world_open(&w, WORLD_MODULE);
    assert_int_equal(OSSL_PROVIDER_get_params(w.wattle, ask), 1);
    assert_string_equal(cpu, "ref");
    world_close(&w);
    setenv("WATTLE_CPU", "fastest", 1);
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    assert_null(world_load(lib, WORLD_BUILTIN, NULL, NULL));
    newest_error_says("environment variable WATTLE_CPU has an unknown value");
    /* A setting goes before the environment. */
    OSSL_PROVIDER *wattle = OSSL_PROVIDER_load_ex(
        lib, "wattle",
        (OSSL_PARAM[]){OSSL_PARAM_construct_utf8_string("cpu", (char *)"auto", 0),
                       OSSL_PARAM_construct_end()});
    assert_non_null(wattle);
    OSSL_PROVIDER_unload(wattle);
    OSSL_LIB_CTX_free(lib);
    unsetenv("WATTLE_CPU");
}

/* A core that says another version: what OpenSSL passes, with one function in its place. */
static const char *pretended;
static OSSL_FUNC_core_get_params_fn *real_get_params;

static int pretend(const OSSL_CORE_HANDLE *handle, OSSL_PARAM params[])
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_CORE_VERSION);
    if (at == NULL)
        return real_get_params(handle, params);
    return pretended != NULL && OSSL_PARAM_set_utf8_ptr(at, pretended);
}

static int init_pretending(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                           void **provctx)
{
    OSSL_DISPATCH table[128];
    size_t n = 0;
    for (; in[n].function_id != 0 && n < 127; n++) {
        table[n] = in[n];
        if (in[n].function_id == OSSL_FUNC_CORE_GET_PARAMS) {
            real_get_params = OSSL_FUNC_core_get_params(&in[n]);
            table[n].function = (void (*)(void))pretend;
        }
    }
    table[n] = (OSSL_DISPATCH)OSSL_DISPATCH_END;
    return wtl_prov_init(handle, table, out, provctx);
}

static void an_old_core_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        bool good;
    } cases[] = {{"3.0.0", false}, {"3.4.9", false}, {"3.5.0", true},   {"3.5.7-dev", true},
                 {"3.10.0", true}, {"4.0.0", true},  {"1.1.1", false},  {"", false},
                 {"3", false},     {"x.y", false},   {"-1.5.0", false}, {NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
        pretended = cases[i].version;
        assert_int_equal(OSSL_PROVIDER_add_builtin(lib, "wattle", init_pretending), 1);
        OSSL_PROVIDER *wattle = OSSL_PROVIDER_load(lib, "wattle");
        if ((wattle != NULL) != cases[i].good)
            fail_msg("OpenSSL %s", cases[i].version);
        if (wattle == NULL)
            newest_error_says("needs OpenSSL 3.5 or later");
        OSSL_PROVIDER_unload(wattle);
        OSSL_LIB_CTX_free(lib);
    }
}

/* A core that offers nothing at all: no crash, no message, no. */
static void an_empty_core_is_refused(void **state)
{
    (void)state;
    const OSSL_DISPATCH nothing[] = {OSSL_DISPATCH_END};
    const OSSL_DISPATCH *out = NULL;
    void *provctx = NULL;
    assert_int_equal(wtl_prov_init(NULL, nothing, &out, &provctx), 0);
    assert_null(out);
    assert_null(provctx);
}

/* The built-in copy and wattle.so, each in a context of its own, keys of both alive at once. */
static void two_copies(void **state)
{
    (void)state;
    world a;
    world b;
    world c;
    world_open(&a, WORLD_BUILTIN);
    world_open(&b, WORLD_MODULE);
    world_open(&c, WORLD_MODULE);
    uint8_t sig[4627];
    size_t n;
    recipe plain = {0};
    wtl_bytes msg = {(const uint8_t *)"weights", 7};
    EVP_PKEY *ka = world_seeded(&a, "ML-DSA-65", 9);
    EVP_PKEY *kb = world_seeded(&b, "ML-DSA-65", 9);
    EVP_PKEY *kc = world_seeded(&c, "ML-DSA-65", 9);
    assert_int_equal(world_sign(&a, ka, "ML-DSA-65", &plain, msg, sig, &n), 1);
    assert_int_equal(world_verify(&b, kb, "ML-DSA-65", &plain, msg, sig, n), 1);
    assert_int_equal(world_verify(&c, kc, "ML-DSA-65", &plain, msg, sig, n), 1);
    assert_int_equal(world_count(&a, "mldsa-verify"), 0);
    assert_int_equal(world_count(&b, "mldsa-verify"), 1);
    EVP_PKEY_free(kb);
    world_close(&b);
    assert_int_equal(world_verify(&c, kc, "ML-DSA-65", &plain, msg, sig, n), 1);
    EVP_PKEY_free(kc);
    EVP_PKEY_free(ka);
    world_close(&c);
    world_close(&a);
}

/* Both under one roof: the file under another name than the built-in copy. */
static void two_copies_in_one_context(void **state)
{
    (void)state;
    char path[4200];
    snprintf(path, sizeof path, "%s/wattle.so", world_modules());
    world w;
    world_open(&w, WORLD_BUILTIN);
    OSSL_PROVIDER *second = OSSL_PROVIDER_load(w.lib, path);
    assert_non_null(second);
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", 3);
    EVP_PKEY_free(key);
    OSSL_PROVIDER_unload(second);
    key = world_seeded(&w, "ML-DSA-44", 3);
    EVP_PKEY_free(key);
    world_close(&w);
}

/* Keys and fetched methods hold the provider: it goes when the last of them goes. */
static void keys_outlive_the_unloading(void **state)
{
    (void)state;
    for (size_t h = 0; h < 2; h++) {
        world w;
        world_open(&w, hows[h]);
        uint8_t sig[4627];
        size_t n = sizeof sig;
        EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", 5);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w.lib, key, NULL);
        EVP_SIGNATURE *with = EVP_SIGNATURE_fetch(w.lib, "ML-DSA-44", NULL);
        assert_int_equal(EVP_PKEY_sign_message_init(ctx, with, NULL), 1);
        EVP_SIGNATURE_free(with);
        EVP_PKEY_free(key);
        assert_int_equal(OSSL_PROVIDER_unload(w.wattle), 1);
        assert_int_equal(EVP_PKEY_sign(ctx, sig, &n, (const uint8_t *)"late", 4), 1);
        EVP_PKEY_CTX_free(ctx);
        w.wattle = NULL;
        world_close(&w);
    }
}

static void loaded_again_and_again(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_PLAIN);
    for (int i = 0; i < 20; i++) {
        w.wattle = world_load(w.lib, WORLD_MODULE, NULL, NULL);
        assert_non_null(w.wattle);
        EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(w.lib, "ML-DSA-44", "provider=wattle");
        assert_non_null(sig);
        EVP_SIGNATURE_free(sig);
        assert_int_equal(OSSL_PROVIDER_unload(w.wattle), 1);
    }
    w.wattle = NULL;
    world_close(&w);
}

static void the_report_is_one_line(void **state)
{
    (void)state;
    char path[] = "/tmp/wattle-report.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < 2; i++) {
        world w;
        world_open_with(&w, hows[i], "report", path);
        EVP_PKEY_free(world_seeded(&w, "ML-DSA-44", 5));
        world_close(&w);
    }
    FILE *f = fopen(path, "r");
    char line[2][1024];
    char want[64];
    snprintf(want, sizeof want, "wattle pid=%ld program=", (long)getpid());
    for (int i = 0; i < 2; i++) {
        assert_non_null(fgets(line[i], sizeof line[i], f));
        assert_memory_equal(line[i], want, strlen(want));
        assert_non_null(strstr(line[i], " mldsa-keygen=1 mldsa-sign=0 "));
        assert_non_null(strstr(line[i], " cpu="));
        assert_int_equal(line[i][strlen(line[i]) - 1], '\n');
    }
    assert_null(fgets(line[0], sizeof line[0], f));
    fclose(f);
    unlink(path);
    /* A place that cannot be written to spoils nothing. */
    world w;
    world_open_with(&w, WORLD_BUILTIN, "report", "/proc/nowhere/report");
    world_close(&w);
}

/* A process that forks goes on in both. */
static void after_a_fork(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_MODULE);
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-65", 8);
    recipe plain = {0};
    uint8_t sig[4627];
    uint8_t other[4627];
    size_t n;
    wtl_bytes msg = {(const uint8_t *)"fork", 4};
    assert_int_equal(world_sign(&w, key, "ML-DSA-65", &plain, msg, sig, &n), 1);
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = world_sign(&w, key, "ML-DSA-65", &plain, msg, sig, &n) == 1 &&
                    world_verify(&w, key, "ML-DSA-65", &plain, msg, sig, n) == 1 &&
                    write(out[1], sig, n) == (ssize_t)n;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(world_sign(&w, key, "ML-DSA-65", &plain, msg, sig, &n), 1);
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(out[0], other + got, n - got);
        assert_true(r > 0);
        got += (size_t)r;
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(world_verify(&w, key, "ML-DSA-65", &plain, msg, other, n), 1);
    assert_memory_not_equal(sig, other, n); /* the generators parted */
    close(out[0]);
    close(out[1]);
    EVP_PKEY_free(key);
    world_close(&w);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_served),
        cmocka_unit_test(same_names_as_default),
        cmocka_unit_test(tells_about_itself),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(a_level_that_is_missing_is_refused),
        cmocka_unit_test(the_environment_sets_the_level),
        cmocka_unit_test(an_old_core_is_refused),
        cmocka_unit_test(an_empty_core_is_refused),
        cmocka_unit_test(two_copies),
        cmocka_unit_test(two_copies_in_one_context),
        cmocka_unit_test(keys_outlive_the_unloading),
        cmocka_unit_test(loaded_again_and_again),
        cmocka_unit_test(the_report_is_one_line),
        cmocka_unit_test(after_a_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
