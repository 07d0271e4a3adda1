#include "cli/proxycmd.h"

static const wtl_opt opts[] = {
    {.name = "config", .arg = "FILE", .required = true, .help = "what `wattle proxy run` would be given"},
};

static const wtl_example examples[] = {
    {"wattle proxy check --config proxy.ini && systemctl reload wattle-proxy", "before a reload"},
    {"wattle proxy check --config proxy.ini --json | jq -r '.services[].certificates[].not_after'", NULL},
};

static const wtl_field fields[] = {
    WTL_PROXYCMD_SERVICE_FIELDS(""),
};

static int run(const wtl_args *args, wtl_err *err)
{
    return wtl_proxycmd_file(args, "check", err);
}

const wtl_cmd wtl_cmd_proxy_check = {
    .name = "proxy check",
    .summary = "Check a proxy's configuration with all files that it names, without running it.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "proxy run, proxy status, doctor",
    .more =
        "Reads certificates, keys, authorities and tickets' secrets, tries whether they belong together, "
        "and\n"
        "shows what each service would do. The first thing that is wrong is told, with file and line. No\n"
        "address is listened at, and no connection made; names are looked up.",
    .plain = true,
    .run = run,
};
