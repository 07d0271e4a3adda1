#include "cli/doctor_machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>

#include "base/secret.h"
#include "crypto/health.h"
#include "crypto/lib.h"
#include "kernel/sha256.h"
#include "version_gen.h"

/* The path of the libcrypto that the loader chose. */
static bool find_libcrypto(char *out, size_t cap)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4352];
    bool found = false;
    while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *path = strchr(line, '/');
        found = path != NULL && strstr(path, "/libcrypto.so") != NULL &&
                (size_t)snprintf(out, cap, "%s", path) < cap;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void check_openssl(wtl_doctor *d)
{
    char path[4096];
    bool found = find_libcrypto(path, sizeof path);
    if (wtl_health_is_older())
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "openssl", found ? path : NULL,
                       "check LD_LIBRARY_PATH, or install the newer one",
                       "%s is in use, older than the %s that Wattle was built with", wtl_lib_version(),
                       wtl_health_built());
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "openssl", found ? path : NULL, NULL,
                       "%s is in use; Wattle was built with %s", wtl_lib_version(), wtl_health_built());
    AUTO(wtl_buf) names = {0};
    wtl_err err = {0};
    if (wtl_health_providers(&names, &err) < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "providers", NULL, NULL, "%s", err.text);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "providers", NULL, NULL, "loaded: %s", wtl_buf_cstr(&names));
}

static void check_algorithms(wtl_doctor *d)
{
    static const char *const reinstall =
        "this OpenSSL was built without it: use Wattle's own, or one that is complete";
    size_t good = 0;
    const wtl_alg *a;
    for (size_t i = 0; (a = wtl_alg_at(i)) != NULL; i++) {
        wtl_err err = {0};
        if (wtl_health_alg(a, &err) < 0 && wtl_lib_crypto() == WTL_LIB_FIPS)
            wtl_doctor_say(d, WTL_DOCTOR_NOTE, "algorithms", NULL, NULL, "%s: not in OpenSSL's FIPS module",
                           a->name);
        else if (wtl_health_alg(a, &err) < 0)
            wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "algorithms", NULL, reinstall, "%s: %s", a->name, err.text);
        else
            good++;
    }
    if (good == WTL_ALG_COUNT)
        wtl_doctor_say(d, WTL_DOCTOR_OK, "algorithms", NULL, NULL, "all %zu of the table are there", good);
}

static void try_algorithms(wtl_doctor *d)
{
    static const char *const names[] = {"ML-DSA-65", "X-Wing"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        wtl_err err = {0};
        if (wtl_lib_crypto() == WTL_LIB_FIPS && wtl_health_alg(wtl_alg_by_name(names[i]), NULL) < 0)
            continue;
        if (wtl_health_try(wtl_alg_by_name(names[i]), &err) < 0)
            wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "self-check", NULL, "do not use this machine's OpenSSL",
                           "%s: %s", names[i], err.text);
        else
            wtl_doctor_say(d, WTL_DOCTOR_OK, "self-check", NULL, NULL, "%s: %s", names[i],
                           i == 0 ? "a new key signs, verifies and refuses another message"
                                  : "a new key gives both sides one secret");
    }
}

static void check_memory(wtl_doctor *d)
{
    struct rlimit limit = {0, 0};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    if (wtl_secret_heap_locked())
        wtl_doctor_say(d, WTL_DOCTOR_OK, "memory", NULL, NULL,
                       "keys lie in memory that is locked: it is never swapped out");
    else
        wtl_doctor_say(
            d, WTL_DOCTOR_WARNING, "memory", NULL,
            "allow at least 1 MiB (ulimit -l 1024, or LimitMEMLOCK= in a systemd unit), or encrypt "
            "the swap space",
            "the memory for keys could not be locked and may be swapped out (limit %llu kB)",
            (unsigned long long)limit.rlim_cur / 1024);
    struct rlimit core = {1, 1};
    if (getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
        wtl_doctor_say(d, WTL_DOCTOR_OK, "core dumps", NULL, NULL, "off, and no debugger may attach");
    else
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "core dumps", NULL, "ulimit -c 0",
                       "they could not be switched off; one could hold a key");
}

/* Whether the space-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n) {
        if ((p == list || p[-1] == ' ' || p[-1] == '\t') && (p[n] == '\0' || p[n] == ' ' || p[n] == '\n'))
            return true;
    }
    return false;
}

/* The first "flags" (x86) or "Features" (Arm) line. */
static bool read_cpu(char *line, size_t cap)
{
    FILE *info = fopen("/proc/cpuinfo", "re");
    bool found = false;
    while (info != NULL && !found && fgets(line, (int)cap, info) != NULL)
        found = strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0;
    if (info != NULL)
        fclose(info);
    return found;
}

static void check_cpu(wtl_doctor *d)
{
    static const char *const wanted[] = {"aes",     "vaes",  "pclmulqdq", "sha_ni", "avx2",
                                         "avx512f", "pmull", "sha2",      "sha512", "sve"};
    char line[8192];
    if (!read_cpu(line, sizeof line)) {
        wtl_doctor_say(d, WTL_DOCTOR_NOTE, "processor", NULL, NULL, "its features are not told here");
        return;
    }
    AUTO(wtl_buf) found = {0};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (has_word(line, wanted[i]))
            wtl_buf_fmt(&found, "%s%s", found.n > 0 ? ", " : "", wanted[i]);
    }
    bool aes = has_word(line, "aes");
    wtl_doctor_say(d, aes ? WTL_DOCTOR_OK : WTL_DOCTOR_NOTE, "processor", NULL,
                   aes ? NULL : "sealing is slow without AES instructions", "has %s",
                   found.n > 0 ? wtl_buf_cstr(&found) : "no instructions for cryptography");
}

/* Every kernel that this processor has is tested, and the one in use is named. */
static void check_kernels(wtl_doctor *d)
{
    const wtl_sha256_plan *plan = NULL;
    AUTO(wtl_buf) good = {0};
    for (int level = WTL_CPU_REF; level < WTL_CPU_LEVELS; level++) {
        wtl_err err = {0};
        if (!wtl_cpu_has((enum wtl_cpu_level)level))
            continue;
        if (wtl_sha256_pick_level(&plan, (enum wtl_cpu_level)level, &err) < 0)
            wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "kernels", NULL, "report it; the other kernels are used",
                           "%s", err.text);
        else
            wtl_buf_fmt(&good, "%s%s", good.n > 0 ? ", " : "", wtl_cpu_name((enum wtl_cpu_level)level));
    }
    wtl_err err = {0};
    bool forced = wtl_cpu_forced() != WTL_CPU_AUTO;
    if (wtl_sha256_pick(&plan, &err) < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "kernels", NULL, NULL, "%s", err.text);
    else
        wtl_doctor_say(d, forced ? WTL_DOCTOR_NOTE : WTL_DOCTOR_OK, "kernels", NULL,
                       forced ? "WATTLE_CPU forces it: unset that to have the fastest" : NULL,
                       "SHA-256 runs by %s, %zu messages side by side; tested and right: %s",
                       wtl_cpu_name(wtl_sha256_level(plan)), wtl_sha256_width(plan), wtl_buf_cstr(&good));
}

static void check_entropy(wtl_doctor *d)
{
    uint8_t probe[16];
    ssize_t got = getrandom(probe, sizeof probe, GRND_NONBLOCK);
    wtl_err err = {0};
    if (got != (ssize_t)sizeof probe)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "randomness", NULL,
                       "wait until the machine has gathered some, or give a virtual one virtio-rng",
                       "the kernel's generator is not ready (%s)",
                       got < 0 ? strerror(errno) : "too few bytes");
    else if (wtl_lib_random(probe, sizeof probe, &err) < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "randomness", NULL, NULL, "%s", err.text);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "randomness", NULL, NULL,
                       "the kernel's generator is ready, and OpenSSL's is seeded");
}

static int64_t release_time(void)
{
    static const char date[] = WTL_RELEASE_DATE;
    struct tm tm = {.tm_year = (int)strtol(date, NULL, 10) - 1900,
                    .tm_mon = (int)strtol(date + 5, NULL, 10) - 1,
                    .tm_mday = (int)strtol(date + 8, NULL, 10)};
    return (int64_t)timegm(&tm);
}

static void check_clock(wtl_doctor *d)
{
    enum { DAY = 86400 };
    static const char *const set = "set it (timedatectl): dates of certificates and signatures depend on it";
    struct timex clock = {0};
    int state = adjtimex(&clock);
    if (d->now < release_time() - DAY)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "clock", NULL, set,
                       "it stands before %s, when this was released", WTL_RELEASE_DATE);
    else if (d->now > release_time() + (int64_t)30 * 365 * DAY)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "clock", NULL, set, "it stands 30 years after the release");
    else if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0)
        wtl_doctor_say(d, WTL_DOCTOR_NOTE, "clock", NULL, NULL,
                       "plausible; the kernel knows of no time server");
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "clock", NULL, NULL, "synchronised");
}

static void check_environment(wtl_doctor *d)
{
    const struct {
        const char *name;
        const char *value;
        enum wtl_doctor_level level;
        const char *advice;
    } rows[] = {
        {"LD_PRELOAD", getenv("LD_PRELOAD"), WTL_DOCTOR_WARNING,
         "what is loaded there sees every key: unset it unless you know why it is set"},
        {"LD_LIBRARY_PATH", getenv("LD_LIBRARY_PATH"), WTL_DOCTOR_NOTE,
         "it can put another OpenSSL in place of Wattle's own"},
        {"OPENSSL_ia32cap", getenv("OPENSSL_ia32cap"), WTL_DOCTOR_NOTE,
         "it hides instructions from OpenSSL, which is slower then"},
    };
    size_t set = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value == NULL || rows[i].value[0] == '\0')
            continue;
        set++;
        wtl_doctor_say(d, rows[i].level, "environment", NULL, rows[i].advice, "%s is set", rows[i].name);
    }
    if (set == 0)
        wtl_doctor_say(d, WTL_DOCTOR_OK, "environment", NULL, NULL,
                       "no variable changes which code is loaded");
}

void wtl_doctor_machine(wtl_doctor *d)
{
    check_openssl(d);
    check_algorithms(d);
    try_algorithms(d);
    check_memory(d);
    check_cpu(d);
    check_kernels(d);
    check_entropy(d);
    check_clock(d);
    check_environment(d);
}
