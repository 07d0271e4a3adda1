/* What the commands of `wattle proxy` share: words are looked at here, then wattle-proxyd does the work. */
#ifndef WTL_CLI_PROXYCMD_H
#define WTL_CLI_PROXYCMD_H

#include "cli/cmd.h"

/* Rows of a command's table out of proxyconf/option.def. */
#define WTL_PROXYCMD_OPT(name_, kind_, many_, fallback_, least_, most_, words_, arg_, group_, help_) \
    {.name = (name_),                                                                                \
     .arg = (arg_),                                                                                  \
     .many = (many_),                                                                                \
     .help = (help_),                                                                                \
     .group = (group_),                                                                              \
     .fallback = (fallback_),                                                                        \
     .values = WTL_PROXYCMD_WORDS_##kind_(words_)},
#define WTL_PROXYCMD_WORDS_WORD(words) (words)
#define WTL_PROXYCMD_WORDS_TEXT(words) NULL
#define WTL_PROXYCMD_WORDS_FLAG(words) NULL
#define WTL_PROXYCMD_WORDS_NUMBER(words) NULL
#define WTL_PROXYCMD_WORDS_TIME(words) NULL
#define WTL_PROXYCMD_WORDS_SIZE(words) NULL
#define WTL_PROXYCMD_WORDS_FILE(words) NULL
#define WTL_PROXYCMD_WORDS_PIN(words) NULL
#define WTL_PROXYCMD_WORDS_ADDRESS(words) NULL
#define WTL_PROXYCMD_WORDS_ROUTE(words) NULL

#define WTL_PROXYCMD_PRINT                                                                                 \
    {.name = "print-config",                                                                               \
     .help = "print all settings as a file that `wattle proxy run` takes, and end; defaults are comments", \
     .group = "Process"}

#define WTL_PROXYCMD_FIELD {"config", "the settings as the text of a file; with --print-config", true}

/* What check and status print of services; `at` is a text before the names: "" or "proxies[].". */
#define WTL_PROXYCMD_SERVICE_FIELDS(at)                                                                      \
    {at "services", "one object each, in the order of the configuration", false},                            \
        {at "services[].name", "its section", false}, {at "services[].role", "server or client", false},     \
        {at "services[].listen", "the address where it accepts connections", false},                         \
        {at "services[].connect", "the addresses that it passes them on to, in order", false},               \
        {at "services[].routes", "an object: for each server name of a route, the list of its addresses",    \
         false},                                                                                             \
        {at "services[].policy", "as --policy takes it", false},                                             \
        {at "services[].profile", "as --profile takes it", false},                                           \
        {at "services[].groups",                                                                             \
         "key agreement groups as OpenSSL's lists are written, / before those that are taken only for want " \
         "of better ones",                                                                                   \
         false},                                                                                             \
        {at "services[].prefer_pq_signature", "as the option", false},                                       \
        {at "services[].classical_share", "as the option", false},                                           \
        {at "services[].tls12", "as the option", false},                                                     \
        {at "services[].certificates", "its certificates and bare public keys, in order", false},            \
        {at "services[].certificates[].path", "the file", false},                                            \
        {at "services[].certificates[].kind", "certificate, or public-key (RFC 7250)", false},               \
        {at "services[].certificates[].algorithm", "of the key", false},                                     \
        {at "services[].certificates[].subject", "the distinguished name", false},                           \
        {at "services[].certificates[].not_before", "when it begins to be valid; null for a bare key",       \
         false},                                                                                             \
        {at "services[].certificates[].not_after", "when the first of its chain ends; null for a bare key",  \
         false},                                                                                             \
        {at "services[].certificates[].staple", "it has an OCSP response", false},                           \
        {at "services[].alpn", "the protocols, with a space between", false},                                \
        {at "services[].starttls", "as the option", false},                                                  \
        {at "services[].accept_proxy", "as the option", false},                                              \
        {at "services[].send_proxy", "as the option", false},                                                \
        {at "services[].handshake_timeout_seconds", "as the option", false},                                 \
        {at "services[].connect_timeout_seconds", "as the option", false},                                   \
        {at "services[].idle_timeout_seconds", "as the option; 0: never", false},                            \
        {at "services[].max_connections", "as the option", false},                                           \
        {at "services[].pool", "as the option", false},                                                      \
    {                                                                                                        \
        at "services[].connections", "of the worker that describes it, when it began: 0", false              \
    }

/* `wattle proxy server` and `client`. */
int wtl_proxycmd_service(const wtl_args *args, bool server, wtl_err *err) WTL_MUST_USE;
/* `wattle proxy run` and `check`: the file that --config names is read here first. */
int wtl_proxycmd_file(const wtl_args *args, const char *verb, wtl_err *err) WTL_MUST_USE;
/* `wattle proxy status`. */
int wtl_proxycmd_status(const wtl_args *args, wtl_err *err) WTL_MUST_USE;

#endif
