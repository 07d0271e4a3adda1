/* Runs every operation of the schemes and their kernels twice: as it is, and with the secret marked as undefined, so that
 * memcheck or MemorySanitizer reports every branch and every address that depends on it. Both must give the same result,
 * and what is made of the secret must be undefined too, or nothing was watched.
 *   scheme_harness LEVEL [KIND]      branch, index: leaks what operations of the level made of a secret, to be caught */
#include <stdio.h>
#include <string.h>

#include "operations.h"
#include "watch.h"

static ct_run r;
static int bad;

static void need(bool ok, const ct_operation *o, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "ct: %s at level %s: %s\n", o->name, wtl_cpu_name(r.level), what);
    bad = 1;
}

/* MemorySanitizer takes what inline assembly writes for known: kernel/curve25519_adx is watched by valgrind and traced. */
static bool sees(const ct_operation *o)
{
#ifdef WATCH_MSAN
    return strstr(o->name, "curve") == NULL && strstr(o->name, "x25519") == NULL;
#else
    (void)o;
    return true;
#endif
}

static void once(const ct_operation *o, bool secret)
{
    r.rc = WTL_OK;
    r.is_public = false;
    o->fill(&r, o, 0);
    if (secret)
        watch_secret(r.in, r.in_n);
    if (o->ready != NULL)
        o->ready(&r, o);
    o->run(&r, o);
    ct_close(&r);
    need(r.rc == WTL_OK, o, "it failed");
}

static void watch(const ct_operation *o)
{
    static uint8_t wanted[CT_OUT];
    memset(r.out, 0, sizeof r.out);
    once(o, false);
    memcpy(wanted, r.out, sizeof wanted);
    memset(r.out, 0, sizeof r.out);
    once(o, true);
    if (r.is_public)
        need(watch_is_public(r.out, r.out_n), o,
             "the result is public, and depends on secrets in ways not declared");
    else if (sees(o))
        need(!watch_is_public(r.out, r.out_n), o, "the watch lost sight of the secret");
    watch_public(&r, sizeof r);
    need(memcmp(wanted, r.out, sizeof wanted) == 0, o, "a result that is not that of the run without marks");
}

/* What must be caught. */
static volatile unsigned sink;
static const volatile unsigned table[1 << 16] = {1, 2, 3};

static void leak(const char *kind)
{
    for (size_t i = 0; i < 3; i++) { /* kem_ntt, kem_intt, kem_tomont */
        once(&ct_operations[i], true);
        unsigned x = r.out[77] | (unsigned)r.out[78] << 8;
        if (strcmp(kind, "branch") == 0 && (x & 4) != 0)
            sink = 1;
        if (strcmp(kind, "index") == 0)
            sink = table[x];
        watch_public(&r, sizeof r);
    }
}

int main(int argc, char **argv)
{
    if (!watch_works()) {
        fprintf(stderr, "ct: run me under valgrind\n");
        return 2;
    }
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if (argc < 2 || strcmp(argv[1], wtl_cpu_name(level)) != 0)
            continue;
        if (!ct_open(&r, level, true))
            return 77;
        if (argc > 2) {
            leak(argv[2]);
            return bad;
        }
        for (size_t i = 0; i < ct_operations_n; i++)
            watch(&ct_operations[i]);
        printf("%zu operations watched at level %s\n", ct_operations_n, argv[1]);
        return bad;
    }
    return 2;
}
