#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "seal/seal.h"

static const wtl_opt opts[] = {
    {.name = "to",
     .arg = "RECIPIENT",
     .many = true,
     .required = true,
     .help = "public key file, or age1pq1... itself"},
    {.name = "out", .arg = "FILE", .required = true, .help = "the container; - is standard output"},
    {.name = "sign", .arg = "FILE", .many = true, .help = "sender's private signing key"},
    {.name = "name", .arg = "NAME", .help = "name of what comes from standard input (default: stdin)"},
    {.name = "force", .help = "replace an existing container"},
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPTS,
};

static json_t *algorithms_json(const wtl_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < keys->n; i++)
        json_array_append_new(list, json_string(wtl_key_alg_name(keys->key[i])));
    return list;
}

struct report {
    const wtl_args *args;
    const wtl_keys *to;
    const wtl_keys *sign;
    const wtl_seal_result *result;
    double seconds;
};

static int print_json(const struct report *p, const char *out, wtl_err *err)
{
    const wtl_seal_result *r = p->result;
    return wtl_show_json(json_pack("{s:o, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o}", "container",
                                   wtl_show_json_name(out), "files", (json_int_t)r->files, "plain_bytes",
                                   (json_int_t)r->plain_bytes, "sealed_bytes", (json_int_t)r->sealed_bytes,
                                   "seconds", p->seconds, "container_id",
                                   wtl_show_json_hex(r->container_id, sizeof r->container_id), "index_digest",
                                   wtl_show_json_hex(r->index_digest, sizeof r->index_digest), "recipients",
                                   algorithms_json(p->to), "signatures", algorithms_json(p->sign)),
                         err);
}

static int report(const struct report *p, wtl_err *err)
{
    const char *out = wtl_args_get(p->args, "out", 0);
    const wtl_seal_result *r = p->result;
    if (strcmp(out, "-") == 0)
        return WTL_OK;
    if (p->args->json)
        return print_json(p, out, err);
    char size[32];
    char sealed[32];
    char rate[32];
    printf("sealed %zu %s, %s, into %s: %s in %.2f s (%s)\n", r->files, r->files == 1 ? "file" : "files",
           wtl_show_size(size, r->plain_bytes), wtl_show_name(out), wtl_show_size(sealed, r->sealed_bytes),
           p->seconds, wtl_show_rate(rate, r->plain_bytes, p->seconds));
    for (size_t i = 0; i < p->to->n; i++)
        printf("  to    %-20s %s\n", wtl_key_alg_name(p->to->key[i]), wtl_show_name(p->to->from[i]));
    for (size_t i = 0; i < p->sign->n; i++)
        printf("  from  %-20s %s\n", wtl_key_alg_name(p->sign->key[i]), wtl_show_name(p->sign->from[i]));
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_keys) to = {0};
    AUTO(wtl_keys) sign = {0};
    TRY(wtl_keyload_all(&to, args, "to", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&sign, args, "sign", WTL_KEYLOAD_PRIVATE, err));
    wtl_bar bar;
    wtl_seal_opts o = {.to = (const wtl_key *const *)to.key,
                       .n_to = to.n,
                       .sign = (const wtl_key *const *)sign.key,
                       .n_sign = sign.n,
                       .name = wtl_args_get(args, "name", 0),
                       .force = wtl_args_has(args, "force")};
    ENSURE(o.name == NULL || strcmp(args->operand[0], "-") == 0, err, WTL_USAGE,
           "--name is for standard input; %s has a name already", wtl_show_name(args->operand[0]));
    o.progress = wtl_show_bar(&bar, "sealing", wtl_args_has(args, "quiet"));
    wtl_seal_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_seal(args->operand[0], wtl_args_get(args, "out", 0), &o, &r, err);
    wtl_show_bar_end(&bar);
    struct report p = {args, &to, &sign, &r, wtl_show_clock() - start};
    return rc < 0 ? rc : report(&p, err);
}

const wtl_cmd wtl_cmd_seal = {
    .name = "seal",
    .summary = "Encrypt a file, a directory or standard input to recipients, signed by the sender.",
    .operands = "SOURCE",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "SOURCE is a file, a directory or - for standard input. Kept are regular files, empty directories "
        "and\n"
        "permission bits; symbolic links and special files are refused. Without --sign nobody can tell who "
        "made the\n"
        "container: whoever has a recipient's public key can make another. With --out - nothing is reported.",
    .run = run,
};
