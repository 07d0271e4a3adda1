#include "cli/proxycmd.h"

static const wtl_opt opts[] = {
    {.name = "control",
     .arg = "PATH",
     .help = "the proxy's Unix socket (default: all of wattle/proxy*.sock in $XDG_RUNTIME_DIR, or in /run "
             "for root)"},
    {.name = "config", .arg = "FILE", .help = "the proxy's configuration, which may name the socket"},
};

static const wtl_example examples[] = {
    {"wattle proxy status", NULL},
    {"wattle proxy status --json | jq '[.proxies[].workers[].connections] | add'",
     "connections that are open"},
};

static const wtl_field fields[] = {
    {"proxies", "one object each: the one asked for, or all that this user runs", false},
    {"proxies[].control", "its socket", false},
    {"proxies[].version", "of Wattle", false},
    {"proxies[].crypto", "who computes, as --crypto takes it", false},
    {"proxies[].pid", "of the process that was started", false},
    {"proxies[].started", "when", false},
    {"proxies[].state", "starting, running, or draining: it ends when its connections have ended", false},
    {"proxies[].generation", "the number of the configuration in use, from 1", false},
    {"proxies[].reload", "how the last one was taken, or null", false},
    {"proxies[].reload.outcome", "ok, or refused: the configuration of before stays in use", true},
    {"proxies[].reload.at", "when", true},
    {"proxies[].reload.error", "why it was refused", true},
    {"proxies[].listening", "one object each", false},
    {"proxies[].listening[].service", "its section", false},
    {"proxies[].listening[].address", "where", false},
    {"proxies[].metrics", "the address of /metrics, or null", false},
    {"proxies[].log", "the file, or null", false},
    {"proxies[].state_file", "where peers are remembered, or null", false},
    {"proxies[].workers", "one object each, with those of old configurations that still have connections",
     false},
    {"proxies[].workers[].pid", "its process", false},
    {"proxies[].workers[].worker", "its number", false},
    {"proxies[].workers[].generation", "the configuration that it has", false},
    {"proxies[].workers[].state", "starting, serving, draining or ending", false},
    {"proxies[].workers[].connections", "that are open", false},
    WTL_PROXYCMD_SERVICE_FIELDS("proxies[]."),
};

static int run(const wtl_args *args, wtl_err *err)
{
    return wtl_proxycmd_status(args, err);
}

const wtl_cmd wtl_cmd_proxy_status = {
    .name = "proxy status",
    .summary = "Show what running proxies do.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "proxy run, proxy check",
    .more = "Without --control and --config every proxy of this user is asked. Exit code 75 means that none "
            "answers.",
    .plain = true,
    .run = run,
};
