#include "cli/doctor_served.h"

#include <string.h>

#include "crypto/lib.h"
#include "crypto/served.h"
#include "kernel/curve25519.h"
#include "kernel/keccak.h"
#include "kernel/polydsa.h"
#include "kernel/polykem.h"

/* The names of the algorithms that have kernels, by who serves them: "wattle" or another. */
typedef struct split {
    wtl_buf ours, others;
    size_t missing;
} split;

static void split_free(split *s)
{
    wtl_buf_free(&s->ours);
    wtl_buf_free(&s->others);
}

static void look(split *s, const wtl_served *in)
{
    const wtl_alg *a;
    for (size_t i = 0; (a = wtl_alg_at(i)) != NULL; i++) {
        char by[64];
        if ((a->flags & WTL_ALG_OURS) == 0 || a->evp == NULL)
            continue;
        if (wtl_served_by(in, a, by, NULL) < 0)
            s->missing++;
        else if (strcmp(by, "wattle") == 0)
            wtl_buf_fmt(&s->ours, "%s%s", s->ours.n > 0 ? ", " : "", a->name);
        else
            wtl_buf_fmt(&s->others, "%s%s (%s)", s->others.n > 0 ? ", " : "", a->name, by);
    }
}

static void say_ours(wtl_doctor *d, const char *subject, const split *s)
{
    if (s->ours.n > 0)
        wtl_doctor_say(d, WTL_DOCTOR_OK, "served", subject, NULL, "Wattle's provider computes %.*s",
                       (int)s->ours.n, (const char *)s->ours.p);
}

static const struct {
    const char *what;
    int (*fault)(wtl_err *err);
} kernels[] = {
    {"Keccak", wtl_keccak_fault},
    {"polynomials of ML-KEM", wtl_polykem_fault},
    {"polynomials of ML-DSA", wtl_polydsa_fault},
    {"X25519", wtl_curve25519_fault},
};

static int pick(size_t i, enum wtl_cpu_level level, enum wtl_cpu_level *got, wtl_err *err)
{
    const wtl_keccak *keccak = NULL;
    const wtl_polykem *kem = NULL;
    const wtl_polydsa *dsa = NULL;
    const wtl_curve25519 *curve = NULL;
    switch (i) {
    case 0:
        TRY(wtl_keccak_pick(&keccak, level, err));
        *got = keccak->level;
        return WTL_OK;
    case 1:
        TRY(wtl_polykem_pick(&kem, level, err));
        *got = kem->level;
        return WTL_OK;
    case 2:
        TRY(wtl_polydsa_pick(&dsa, level, err));
        *got = dsa->level;
        return WTL_OK;
    default:
        TRY(wtl_curve25519_pick(&curve, level, err));
        *got = curve->level;
        return WTL_OK;
    }
}

/* Every level that the processor has is tested; the one in use is named. */
static void check_kernel(wtl_doctor *d, size_t i)
{
    AUTO(wtl_buf) good = {0};
    enum wtl_cpu_level got = WTL_CPU_REF;
    wtl_err err = {0};
    for (int level = WTL_CPU_REF; level < WTL_CPU_LEVELS; level++) {
        if (!wtl_cpu_has((enum wtl_cpu_level)level))
            continue;
        if (pick(i, (enum wtl_cpu_level)level, &got, &err) < 0)
            wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "kernels", NULL, "report it; the other kernels are used",
                           "%s", err.text);
        else if (got == (enum wtl_cpu_level)level)
            wtl_buf_fmt(&good, "%s%s", good.n > 0 ? ", " : "", wtl_cpu_name(got));
    }
    if (pick(i, wtl_cpu_forced(), &got, &err) < 0 || kernels[i].fault(&err) < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "kernels", NULL, NULL, "%s", err.text);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "kernels", NULL, NULL, "%s by %s; tested and right: %.*s",
                       kernels[i].what, wtl_cpu_name(got), (int)good.n, (const char *)good.p);
}

static void check_wattle(wtl_doctor *d, const split *s)
{
    say_ours(d, NULL, s);
    if (s->others.n > 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "served", NULL, "report it; results are right, only slower",
                       "Wattle's provider should compute %.*s, and does not", (int)s->others.n,
                       (const char *)s->others.p);
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        check_kernel(d, i);
    wtl_doctor_say(d, WTL_DOCTOR_NOTE, "validation", NULL,
                   "where a validated module is a duty: --crypto fips, or WATTLE_CRYPTO=fips",
                   "Wattle's kernels are not FIPS-validated");
}

void wtl_doctor_served(wtl_doctor *d)
{
    AUTO(wtl_served) *in = NULL;
    split s = {0};
    wtl_err err = {0};
    if (wtl_served_open(&in, NULL, &err) < 0) {
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "served", NULL, NULL, "%s", err.text);
        return;
    }
    if (wtl_lib_crypto() == WTL_LIB_WATTLE) {
        look(&s, in);
        check_wattle(d, &s);
    } else if (wtl_lib_crypto() == WTL_LIB_FIPS)
        wtl_doctor_say(
            d, WTL_DOCTOR_OK, "served", NULL, NULL,
            "OpenSSL's FIPS module computes everything; Wattle's kernels are not validated and are off");
    else
        wtl_doctor_say(d, WTL_DOCTOR_NOTE, "served", NULL,
                       "leave --crypto and WATTLE_CRYPTO away to have them",
                       "OpenSSL's own code computes everything; Wattle's kernels are off");
    split_free(&s);
}

/* Wattle's provider is not there: for a reason of its own, or because nobody asked. */
static void say_absent(wtl_doctor *d, const char *path, bool asks)
{
    AUTO(wtl_buf) why = {0};
    if (wtl_served_refusal(path, "wattle", &why, NULL) == WTL_OK && why.n > 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "served", path,
                       "OpenSSL is silent about it and computes by itself; mend the provider's section",
                       "Wattle's provider does not start: %.*s", (int)why.n, (const char *)why.p);
    else
        wtl_doctor_say(
            d, asks ? WTL_DOCTOR_PROBLEM : WTL_DOCTOR_NOTE, "served", path,
            "name it in the section that `providers` names, with module = the path of wattle.so and activate "
            "= 1",
            asks ? "asks for Wattle's provider and does not activate it: OpenSSL silently computes by itself"
                 : "does not activate Wattle's provider");
}

static void advise(wtl_doctor *d, const char *path, const wtl_served *in, const split *s)
{
    AUTO(wtl_buf) query = {0};
    if (wtl_served_query(in, &query, NULL) < 0)
        return;
    const char *text = wtl_buf_cstr(&query);
    const char *q = text != NULL ? strstr(text, "provider=wattle") : NULL;
    bool asks = q != NULL;
    if (!wtl_served_active(in, "wattle"))
        say_absent(d, path, asks);
    else if (!asks)
        wtl_doctor_say(
            d, WTL_DOCTOR_WARNING, "served", path,
            "set default_properties = ?provider=wattle in the section that alg_section names",
            "activates Wattle's provider and does not ask for it: OpenSSL takes the one that loads first");
    else if (q == text || q[-1] != '?')
        wtl_doctor_say(
            d, WTL_DOCTOR_WARNING, "served", path, "put a question mark in front: ?provider=wattle",
            "asks for Wattle's provider alone: ciphers and hashes, which it has not, are then missing");
    if (!wtl_served_active(in, "default") && !wtl_served_active(in, "fips"))
        wtl_doctor_say(
            d, WTL_DOCTOR_PROBLEM, "served", path, "activate default in [provider_sect] too",
            "activates neither default nor fips: everything that Wattle's provider has not is missing");
    if (asks && wtl_served_active(in, "wattle") && s->others.n > 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "served", path, "report it", "silently falls back for %.*s",
                       (int)s->others.n, (const char *)s->others.p);
}

void wtl_doctor_served_conf(wtl_doctor *d, const char *path)
{
    AUTO(wtl_served) *in = NULL;
    split s = {0};
    wtl_err err = {0};
    if (wtl_served_open(&in, path, &err) < 0) {
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "served", path, "see config(5)", "%s", err.text);
        return;
    }
    look(&s, in);
    say_ours(d, path, &s);
    advise(d, path, in, &s);
    split_free(&s);
}
