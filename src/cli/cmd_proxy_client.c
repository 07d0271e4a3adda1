#include "cli/proxycmd.h"

static const wtl_opt opts[] = {
#define SERVICE WTL_PROXYCMD_OPT
#define CLIENT WTL_PROXYCMD_OPT
#define PROXY WTL_PROXYCMD_OPT
#include "proxyconf/option.def"
    WTL_PROXYCMD_PRINT,
};

static const wtl_example examples[] = {
    {"wattle proxy client --listen 127.0.0.1:8080 --connect api.example.org:443 --ca system",
     "as browsers check servers"},
    {"wattle proxy client --listen 127.0.0.1:8080 --connect host:8443 --ca ca.pem --cert c.pem --key k.pem "
     "--policy pq-only",
     "mutual TLS, post-quantum or not at all"},
    {"wattle proxy client --listen unix:/run/db.sock --connect db:5432 --starttls postgresql --pin db.pub",
     "PostgreSQL, by its public key"},
    {"wattle proxy client --listen 127.0.0.1:8080 --connect a:8443,b:8443 --server-name api.internal --ca "
     "ca.pem --pool 8",
     "two places, connections made beforehand"},
};

static const wtl_field fields[] = {WTL_PROXYCMD_FIELD};

static int run(const wtl_args *args, wtl_err *err)
{
    return wtl_proxycmd_service(args, false, err);
}

const wtl_cmd wtl_cmd_proxy_client = {
    .name = "proxy client",
    .summary = "Accept connections in the clear and pass them on in hybrid post-quantum TLS.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "proxy server, proxy run, proxy check, proxy status",
    .more =
        "--listen, --connect, and --ca or --pin are needed. Of options that may be repeated, one value may\n"
        "also hold several, with commas between. Times are written 500ms, 10s, 5m, 2h, 30d.\n"
        "\n"
        "A server that once was post-quantum is remembered for 30 days (--state), and a weaker answer of it\n"
        "refused, except with --policy classical-fallback. Whoever reaches --listen speaks with this "
        "client's\n"
        "certificate: let it be an address of this machine, or a Unix socket.",
    .plain = true,
    .run = run,
};
