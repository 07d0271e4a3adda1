#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/number.h"
#include "cli/show.h"
#include "seal/seal.h"

static const wtl_opt opts[] = {
    {.name = "to", .arg = "RECIPIENT", .many = true, .help = "public key file, or age1pq1... itself"},
    {.name = "passphrase", .help = "seal with a passphrase instead, asked for twice on the terminal"},
    {.name = "out", .arg = "FILE", .required = true, .help = "the container; - is standard output"},
    {.name = "sign", .arg = "FILE", .many = true, .help = "sender's private signing key"},
    {.name = "name", .arg = "NAME", .help = "name of what comes from standard input (default: stdin)"},
    {.name = "force", .help = "replace an existing container"},
    WTL_NUMBER_THREADS,
    {.name = "quiet", .help = "no progress bar"},
    {.name = "passphrase-file",
     .arg = "FILE",
     .help = "first line of FILE is it, or without --passphrase opens an encrypted --sign key",
     .group = WTL_KEYLOAD_OPEN_GROUP},
    {.name = "passphrase-fd",
     .arg = "N",
     .help = "the same, read from file descriptor N",
     .group = WTL_KEYLOAD_OPEN_GROUP},
    {.name = "work",
     .arg = "N",
     .help = "what trying one costs: scrypt with 2^N (default: 18, 256 MiB)",
     .group = WTL_KEYLOAD_OPEN_GROUP},
};

static json_t *algorithms_json(const wtl_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < keys->n; i++)
        json_array_append_new(list, json_string(wtl_key_alg_name(keys->key[i])));
    return list;
}

static json_t *recipients_json(const wtl_keys *to)
{
    return to->n > 0 ? algorithms_json(to) : json_pack("[s]", "passphrase");
}

struct report {
    const wtl_args *args;
    const wtl_keys *to;
    const wtl_keys *sign;
    wtl_seal_result result;
    double seconds;
};

static int print_json(const struct report *p, const char *out, wtl_err *err)
{
    const wtl_seal_result *r = &p->result;
    return wtl_show_json(json_pack("{s:o, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o}", "container",
                                   wtl_show_json_name(out), "files", (json_int_t)r->files, "plain_bytes",
                                   (json_int_t)r->plain_bytes, "sealed_bytes", (json_int_t)r->sealed_bytes,
                                   "seconds", p->seconds, "container_id",
                                   wtl_show_json_hex(r->container_id, sizeof r->container_id), "index_digest",
                                   wtl_show_json_hex(r->index_digest, sizeof r->index_digest), "recipients",
                                   recipients_json(p->to), "signatures", algorithms_json(p->sign)),
                         err);
}

static int report(const struct report *p, wtl_err *err)
{
    const char *out = wtl_args_get(p->args, "out", 0);
    const wtl_seal_result *r = &p->result;
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
    if (p->to->n == 0)
        puts("  to    passphrase");
    for (size_t i = 0; i < p->sign->n; i++)
        printf("  from  %-20s %s\n", wtl_key_alg_name(p->sign->key[i]), wtl_show_name(p->sign->from[i]));
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle seal model/ --to alice.pub --to bob.pub --sign signer.key --out model.wtl", NULL},
    {"tar c data | wattle seal - --name data.tar --to alice.pub --out - | ssh store 'cat >data.wtl'", NULL},
    {"wattle seal weights.gguf --to age1pq1... --out weights.wtl", NULL},
    {"wattle seal weights.gguf --passphrase --out weights.wtl", "asked for twice"},
};

static const wtl_field fields[] = {
    {.name = "container", .meaning = "the file"},
    {.name = "files", .meaning = "how many"},
    {.name = "plain_bytes", .meaning = "contents of the files"},
    {.name = "sealed_bytes", .meaning = "the container"},
    {.name = "seconds", .meaning = "time that it took"},
    {.name = "container_id", .meaning = "hexadecimal"},
    {.name = "index_digest", .meaning = "what senders sign, hexadecimal SHA-512"},
    {.name = "recipients", .meaning = "their algorithms, or passphrase alone"},
    {.name = "signatures", .meaning = "senders' algorithms"},
};

static int check_to(const wtl_args *args, wtl_err *err)
{
    bool pass = wtl_args_has(args, "passphrase");
    ENSURE(pass || wtl_args_has(args, "to"), err, WTL_USAGE,
           "who may open the container? Name recipients with --to, or say --passphrase");
    ENSURE(!pass || !wtl_args_has(args, "to"), err, WTL_USAGE,
           "a passphrase stands alone: leave --to or --passphrase out");
    ENSURE(pass || !wtl_args_has(args, "work"), err, WTL_USAGE, "--work is for --passphrase");
    return WTL_OK;
}

static int seal(const wtl_args *args, wtl_seal_opts *o, struct report *p, wtl_err *err)
{
    wtl_bar bar;
    o->progress = wtl_show_bar(&bar, "sealing", wtl_args_has(args, "quiet"));
    double start = wtl_show_clock();
    int rc = wtl_seal(args->operand[0], wtl_args_get(args, "out", 0), o, &p->result, err);
    wtl_show_bar_end(&bar);
    p->seconds = wtl_show_clock() - start;
    return rc < 0 ? rc : report(p, err);
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_keys) to = {0};
    AUTO(wtl_keys) sign = {0};
    TRY(check_to(args, err));
    TRY(wtl_keyload_all(&to, args, "to", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&sign, args, "sign", WTL_KEYLOAD_PRIVATE, err));
    wtl_seal_opts o = {.to = (const wtl_key *const *)to.key,
                       .n_to = to.n,
                       .sign = (const wtl_key *const *)sign.key,
                       .n_sign = sign.n,
                       .name = wtl_args_get(args, "name", 0),
                       .force = wtl_args_has(args, "force")};
    ENSURE(o.name == NULL || strcmp(args->operand[0], "-") == 0, err, WTL_USAGE,
           "--name is for standard input; %s has a name already", wtl_show_name(args->operand[0]));
    TRY(wtl_number_threads(&o.threads, args, err));
    TRY(wtl_keyload_work(&o.work, args, "work", err));
    AUTO(wtl_container_pass) pass = {.args = args, .container = wtl_args_get(args, "out", 0), .fresh = true};
    wtl_passphrase asker = wtl_keyload_asker(&pass);
    if (wtl_args_has(args, "passphrase")) {
        TRY(wtl_keyload_container(&pass, err));
        o.passphrase = &asker;
    }
    struct report p = {.args = args, .to = &to, .sign = &sign};
    return seal(args, &o, &p, err);
}

const wtl_cmd wtl_cmd_seal = {
    .name = "seal",
    .summary = "Encrypt a file, a directory or standard input to recipients, signed by the sender.",
    .operands = "SOURCE",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "open, info, rewrap, key generate",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "SOURCE is a file, a directory or - for standard input. Kept are regular files, empty directories "
        "and\n"
        "permission bits; symbolic links and special files are refused. Without --sign nobody can tell who "
        "made the\n"
        "container: whoever has a recipient's public key can make another. With --out - nothing is "
        "reported.\n"
        "A passphrase stands alone, without --to. With --passphrase the options --passphrase-file and -fd "
        "give it, and\n"
        "an encrypted --sign key is asked for on the terminal. Whoever has the file can try passphrases for "
        "ever: take\n"
        "a long one.",
    .run = run,
};
