#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/lib.h"
#include "proxyd/check.h"
#include "proxyd/status.h"
#include "proxyd/supervisor.h"
#include "tls/heap.h"

/* A program that runs for months with keys in it takes no advice from the environment about what to load, what to reveal and which code to run. */
static void clean_environment(void)
{
    static const char *const names[] = {"OPENSSL_CONF",         "OPENSSL_MODULES", "OPENSSL_ENGINES",
                                        "OPENSSL_CONF_INCLUDE", "SSLKEYLOGFILE",   "WATTLE_CPU"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static int choose_crypto(wtl_err *err)
{
    const char *whose = getenv("WATTLE_CRYPTO");
    if (whose == NULL || whose[0] == '\0')
        return WTL_OK;
    TRY(wtl_lib_use(whose, err));
    if (wtl_lib_crypto() == WTL_LIB_FIPS)
        fputs("wattle: OpenSSL's FIPS module computes; Wattle's own kernels are not validated and stay off\n",
              stderr);
    return WTL_OK;
}

/* Every connection is two descriptors. */
static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    rlim_t most = 1 << 20;
    files.rlim_cur = files.rlim_max < most ? files.rlim_max : most;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* 0, 1 and 2 are open, and standard input is nobody's. */
static void settle_descriptors(void)
{
    int null = open("/dev/null", O_RDWR);
    while (null >= 0 && null <= STDERR_FILENO)
        null = dup(null);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    close(null);
}

static int serve(const char *role, const char *const *word, size_t n, wtl_err *err)
{
    wtl_source source;
    TRY(wtl_source_words(&source, role, word, n, err));
    settle_descriptors();
    raise_limits();
    return wtl_supervisor_run(&source, err);
}

static int run(const char *role, const char *const *word, size_t n, wtl_err *err)
{
    if (strcmp(role, "status") == 0)
        return wtl_status_run(word, n, err);
    clean_environment();
    wtl_lib_ignore_config();
    TRY(choose_crypto(err));
    if (strcmp(role, "check") == 0)
        return wtl_check_run(word, n, err);
    return serve(role, word, n, err);
}

static bool known(const char *role)
{
    static const char *const roles[] = {"server", "client", "run", "check", "status"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(role, roles[i]) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)wtl_heap_install(); /* without it everything works, slower */
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGUSR2, &ignore, NULL);
    if (argc < 2 || !known(argv[1])) {
        fputs("wattle-proxyd: started by `wattle proxy server|client|run|check|status`\n", stderr);
        return wtl_rc_exit(WTL_USAGE);
    }
    wtl_err err = {0};
    int rc = run(argv[1], (const char *const *)argv + 2, (size_t)argc - 2, &err);
    if (rc < 0)
        fprintf(stderr, "wattle proxy %s: %s\n", argv[1], err.text);
    return wtl_rc_exit(rc);
}
