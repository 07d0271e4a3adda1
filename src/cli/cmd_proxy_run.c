#include "cli/proxycmd.h"

static const wtl_opt opts[] = {
    {.name = "config",
     .arg = "FILE",
     .required = true,
     .help = "the services and their settings (docs/formats/proxy-ini.md)"},
    {.name = "print-config",
     .help = "print all settings as the file could give them, and end; defaults are comments"},
};

static const wtl_example examples[] = {
    {"wattle proxy run --config proxy.ini", NULL},
    {"wattle proxy run --config proxy.ini --print-config", "what holds, with every default"},
};

static const wtl_field fields[] = {WTL_PROXYCMD_FIELD};

static int run(const wtl_args *args, wtl_err *err)
{
    return wtl_proxycmd_file(args, "run", err);
}

const wtl_cmd wtl_cmd_proxy_run = {
    .name = "proxy run",
    .summary = "Run the TLS services that a file describes.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "proxy server, proxy client, proxy check, proxy status",
    .more =
        "A service is what `wattle proxy server` or `wattle proxy client` does, and takes the same options.\n"
        "\n"
        "  [api]\n"
        "  mode = server\n"
        "  listen = *:8443\n"
        "  connect = 127.0.0.1:8080\n"
        "  cert = api.pem\n"
        "  key = api.key\n"
        "\n"
        "SIGHUP, or a change of a file, has the file, certificates and keys read again without a connection\n"
        "being lost; what is wrong then is logged, and the old settings stay.",
    .plain = true,
    .run = run,
};
