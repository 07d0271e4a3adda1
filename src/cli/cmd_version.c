#include <stdio.h>

#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/lib.h"
#include <wattle/version.h>

static const wtl_example examples[] = {
    {"wattle version", NULL},
    {"wattle version --json", NULL},
};

static const wtl_field fields[] = {
    {.name = "version", .meaning = "of Wattle"},
    {.name = "crypto", .meaning = "the OpenSSL that is loaded"},
};

static int run(const wtl_args *args, wtl_err *err)
{
    if (args->json)
        return wtl_show_json(json_pack("{s:s, s:s}", "version", wtl_version(), "crypto", wtl_lib_version()),
                             err);
    printf("wattle %s (%s)\n", wtl_version(), wtl_lib_version());
    return WTL_OK;
}

const wtl_cmd wtl_cmd_version = {
    .name = "version",
    .summary = "Print the versions of Wattle and of the crypto library in use.",
    .operands = "",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "doctor",
    .run = run,
};
