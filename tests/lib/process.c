/* Linked into tests that take the process's defaults: WATTLE_TEST_CPU (as WATTLE_CPU, which the command alone reads) and
 * WATTLE_TEST_CRYPTO (as --crypto) choose for the whole process, before main. A level that the machine lacks skips.
 * WATTLE_TEST_ONLY runs the tests of a program whose names match (* and ?). */
#include "unit.h"

#include "crypto/lib.h"
#include "kernel/cpu.h"

enum { SKIP = 77 };

static const char *wanted(const char *name)
{
    const char *v = getenv(name);
    return v != NULL && v[0] != '\0' ? v : NULL;
}

__attribute__((constructor)) static void choose(void)
{
    wtl_err err = {0};
    const char *cpu = wanted("WATTLE_TEST_CPU");
    const char *crypto = wanted("WATTLE_TEST_CRYPTO");
    const char *only = wanted("WATTLE_TEST_ONLY");
    if (only != NULL)
        cmocka_set_test_filter(only);
    int rc = cpu != NULL ? wtl_cpu_force(cpu, &err) : WTL_OK;
    if (rc == WTL_OK && crypto != NULL)
        rc = wtl_lib_use(crypto, &err);
    if (rc == WTL_OK)
        return;
    fprintf(stderr, "# %s\n", err.text);
    exit(rc == WTL_POLICY ? SKIP : 1);
}
