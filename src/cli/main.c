#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/stop.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/lanes.h"
#include "crypto/lib.h"
#include "json/json.h"
#include "kernel/cpu.h"

/* What nohup and background jobs ignore stays ignored. */
static void catch_unless_ignored(int number, const struct sigaction *stop)
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, stop, NULL);
}

/* Keys pass through this process: no core file, no debugger of the same user. */
static void harden(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    /* The first asks for an orderly end, without temporary files; a second one ends at once. */
    struct sigaction stop = {.sa_handler = wtl_stop_ask, .sa_flags = (int)SA_RESETHAND};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        catch_unless_ignored(signals[i], &stop);
}

/* Large buffers go back to the system as soon as they are freed. glibc's own bounds grow with use, so that the bundle over
 * many files would stay beside what comes after it. */
static void keep_memory_small(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}

/* What --crypto says, else WATTLE_CRYPTO. */
static int choose_crypto(const wtl_args *args, wtl_err *err)
{
    const char *whose = wtl_args_get(args, "crypto", 0);
    if (whose == NULL)
        whose = getenv("WATTLE_CRYPTO");
    if (whose == NULL || whose[0] == '\0')
        return WTL_OK;
    TRY(wtl_lib_use(whose, err));
    if (wtl_lib_crypto() == WTL_LIB_FIPS)
        fprintf(
            stderr,
            "wattle: OpenSSL's FIPS module computes; Wattle's own kernels are not validated and stay off\n");
    return WTL_OK;
}

static int start(const wtl_args *args, wtl_err *err)
{
    wtl_lib_ignore_config();
    TRY(choose_crypto(args, err));
    const char *cpu = getenv("WATTLE_CPU");
    if (cpu != NULL && cpu[0] != '\0')
        TRY(wtl_cpu_force(cpu, err));
    return wtl_lib_init(err);
}

static int run(const wtl_cmd *cmd, int argc, char **argv, wtl_err *err)
{
    AUTO(wtl_args) args = {0};
    TRY(wtl_args_parse(&args, cmd, argc, argv, err));
    if (args.help) {
        wtl_cmd_usage(cmd);
        return wtl_show_flush(err);
    }
    if (!cmd->plain)
        TRY(start(&args, err));
    wtl_json_lost(); /* counts from here on, for what --json prints */
    TRY(cmd->run(&args, err));
    return wtl_show_flush(err);
}

int main(int argc, char **argv)
{
    harden();
    keep_memory_small();
    if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        wtl_cmd_overview();
        return wtl_rc_exit(argc < 2 ? WTL_USAGE : wtl_show_flush(NULL));
    }
    if (strcmp(argv[1], "--version") == 0)
        argv[1] += 2;
    wtl_err err = {0};
    int used = 0;
    const wtl_cmd *cmd = wtl_cmd_find(argc - 1, argv + 1, &used);
    if (cmd == NULL) {
        int rc = wtl_cmd_unknown(argc - 1, argv + 1, &err);
        fprintf(stderr, "wattle: %s\n", err.text);
        return wtl_rc_exit(rc);
    }
    int rc = run(cmd, argc - 1 - used, argv + 1 + used, &err);
    if (rc < 0)
        wtl_show_error(cmd->name, &err);
    if (wtl_lanes_fault(&err) < 0)
        wtl_show_error(cmd->name, &err);
    if (wtl_lib_fault(&err) < 0)
        wtl_show_error(cmd->name, &err);
    if (rc < 0 && wtl_stop_asked() != 0)
        raise(wtl_stop_asked()); /* so that the shell sees why the program ended */
    return wtl_rc_exit(rc);
}
