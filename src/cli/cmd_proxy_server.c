#include "cli/proxycmd.h"

static const wtl_opt opts[] = {
#define SERVICE WTL_PROXYCMD_OPT
#define SERVER WTL_PROXYCMD_OPT
#define PROXY WTL_PROXYCMD_OPT
#include "proxyconf/option.def"
    WTL_PROXYCMD_PRINT,
};

static const wtl_example examples[] = {
    {"wattle proxy server --listen '*:8443' --connect 127.0.0.1:8080 --cert c.pem --key k.pem",
     "in front of a web server"},
    {"wattle proxy server --listen '*:8443' --connect 127.0.0.1:8080 --cert ec.pem --key ec.key --cert "
     "pq.pem --key pq.key",
     "two certificates: ECDSA and ML-DSA"},
    {"wattle proxy server --listen '*:6380' --connect unix:/run/redis.sock --cert c.pem --key k.pem "
     "--client-ca ca.pem "
     "--allow uri:spiffe://example.org/trainer --policy pq-only",
     "one client alone"},
    {"wattle proxy server --listen '*:5432' --connect 127.0.0.1:5433 --starttls postgresql --cert c.pem "
     "--key k.pem",
     "PostgreSQL"},
    {"wattle proxy server --listen '*:8443' --route a.example.org=10.0.0.1:80,b.example.org=10.0.0.2:80 "
     "--cert c.pem "
     "--key k.pem --print-config",
     "the same as a file"},
};

static const wtl_field fields[] = {WTL_PROXYCMD_FIELD};

static int run(const wtl_args *args, wtl_err *err)
{
    return wtl_proxycmd_service(args, true, err);
}

const wtl_cmd wtl_cmd_proxy_server = {
    .name = "proxy server",
    .summary = "Accept hybrid post-quantum TLS and pass the connections on in the clear.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "proxy client, proxy run, proxy check, proxy status",
    .more =
        "--listen, --cert, --key, and --connect or --route are needed. Of options that may be repeated, one\n"
        "value may also hold several, with commas between. Times are written 500ms, 10s, 5m, 2h, 30d.\n"
        "\n"
        "Every handshake is told of in the log, each weaker one with its reason. SIGHUP has certificates "
        "and\n"
        "keys read again without a connection being lost; SIGTERM ends it when the connections have ended.\n"
        "The same options stand in the file of `wattle proxy run`, which may hold several services.",
    .plain = true,
    .run = run,
};
