#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/number.h"
#include "cli/show.h"
#include "seal/seal.h"

static const wtl_opt opts[] = {
    {.name = "identity",
     .arg = "FILE",
     .many = true,
     .help = "recipient's private key; without one the container's passphrase is asked for"},
    {.name = "out",
     .arg = "DIR",
     .required = true,
     .help = "directory to open into; - is standard output, for one file"},
    {.name = "sender",
     .arg = "FILE",
     .many = true,
     .help = "trusted sender's public key; one of them must have signed"},
    {.name = "expect-index",
     .arg = "HEX",
     .help = "index digest that it must have; an older state of the container has another"},
    {.name = "require-signature", .help = "refuse a container that no --sender signed"},
    {.name = "only", .arg = "NAME", .help = "open this file alone"},
    {.name = "range", .arg = "A:B", .help = "with --only: bytes A up to, not including, B; B may be empty"},
    {.name = "force", .help = "write into a directory that is not empty, replacing files"},
    WTL_NUMBER_THREADS,
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPEN_OPTS,
};

/* A decimal number of bytes that fills the text. */
static int parse_bytes(uint64_t *v, const char *text, size_t len, wtl_err *err)
{
    uint64_t x = 0;
    bool good = len > 0;
    for (size_t i = 0; i < len && good; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        good = text[i] >= '0' && text[i] <= '9' && x <= (UINT64_MAX - digit) / 10;
        if (good)
            x = x * 10 + digit;
    }
    ENSURE(good, err, WTL_USAGE,
           "--range takes decimal bytes A:B (B may be empty), and '%.*s' is no number of bytes", (int)len,
           text);
    *v = x;
    return WTL_OK;
}

static int parse_range(wtl_open_opts *o, const char *text, wtl_err *err)
{
    if (text == NULL)
        return WTL_OK;
    ENSURE(o->only != NULL, err, WTL_USAGE, "--range needs --only NAME: bytes of which file?");
    const char *colon = strchr(text, ':');
    ENSURE(colon != NULL, err, WTL_USAGE, "--range takes A:B, decimal bytes, and '%s' has no colon", text);
    o->has_range = true;
    TRY(parse_bytes(&o->from, text, (size_t)(colon - text), err));
    o->to = UINT64_MAX;
    if (colon[1] != '\0')
        TRY(parse_bytes(&o->to, colon + 1, strlen(colon + 1), err));
    ENSURE(o->from <= o->to, err, WTL_USAGE, "--range %s ends before it begins", text);
    return WTL_OK;
}

static void warn_sender(const wtl_open_result *r, const wtl_keys *senders)
{
    if (r->sender_authenticated && (wtl_key_alg(senders->key[r->sender])->flags & WTL_ALG_PQ) == 0)
        wtl_show_notice("the sender's signature is classical: a quantum computer can forge it");
    if (!r->sender_authenticated)
        wtl_show_notice(
            "sender not authenticated: anyone who has a recipient's public key could have made this; "
            "name the sender with --sender");
}

static int report(const wtl_args *args, const wtl_open_result *r, const wtl_keys *senders, double seconds,
                  wtl_err *err)
{
    warn_sender(r, senders);
    const char *out = wtl_args_get(args, "out", 0);
    if (strcmp(out, "-") == 0)
        return WTL_OK;
    const char *sender = r->sender_authenticated ? senders->from[r->sender] : NULL;
    if (args->json)
        return wtl_show_json(json_pack("{s:o, s:I, s:I, s:f, s:b, s:o, s:o}", "out", wtl_show_json_name(out),
                                       "files", (json_int_t)r->files, "bytes", (json_int_t)r->bytes,
                                       "seconds", seconds, "sender_authenticated", r->sender_authenticated,
                                       "sender", sender != NULL ? wtl_show_json_name(sender) : json_null(),
                                       "index_digest",
                                       wtl_show_json_hex(r->index_digest, sizeof r->index_digest)),
                             err);
    char size[32];
    char rate[32];
    printf("opened %zu %s, %s, into %s in %.2f s (%s)\n", r->files, r->files == 1 ? "file" : "files",
           wtl_show_size(size, r->bytes), wtl_show_name(out), seconds,
           wtl_show_rate(rate, r->bytes, seconds));
    if (sender != NULL)
        printf("  from  %-20s %s\n", wtl_key_alg_name(senders->key[r->sender]), wtl_show_name(sender));
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle open model.wtl --identity alice.key --sender signer.pub --out model/", NULL},
    {"wattle open model.wtl --identity alice.key --sender signer.pub --only config.json --out -", NULL},
    {"wattle open model.wtl --identity alice.key --only weights.bin --range 4096:8192 --out part/", NULL},
    {"wattle open weights.wtl --out weights", "sealed with a passphrase, which is asked for"},
};

static const wtl_field fields[] = {
    {.name = "out", .meaning = "the directory"},
    {.name = "files", .meaning = "how many"},
    {.name = "bytes", .meaning = "written"},
    {.name = "seconds", .meaning = "time that it took"},
    {.name = "sender_authenticated", .meaning = "a --sender signed the container"},
    {.name = "sender", .meaning = "the key file of that sender, or null"},
    {.name = "index_digest", .meaning = "what senders sign, hexadecimal SHA-512"},
};

static int run(const wtl_args *args, wtl_err *err)
{
    wtl_open_opts o = {.only = wtl_args_get(args, "only", 0),
                       .require_signature = wtl_args_has(args, "require-signature"),
                       .force = wtl_args_has(args, "force")};
    TRY(wtl_number_threads(&o.threads, args, err));
    uint8_t expect[WTL_NUMBER_DIGEST];
    TRY(wtl_number_digest(&o.expect_index, expect, args, "expect-index", err));
    TRY(parse_range(&o, wtl_args_get(args, "range", 0), err));
    AUTO(wtl_keys) identities = {0};
    AUTO(wtl_keys) senders = {0};
    TRY(wtl_keyload_all(&senders, args, "sender", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&identities, args, "identity", WTL_KEYLOAD_PRIVATE, err));
    o.identity = (const wtl_key *const *)identities.key;
    o.n_identities = identities.n;
    o.sender = (const wtl_key *const *)senders.key;
    o.n_senders = senders.n;
    AUTO(wtl_container_pass) pass = {.args = args, .container = args->operand[0]};
    wtl_passphrase asker = wtl_keyload_asker(&pass);
    o.passphrase = identities.n == 0 ? &asker : NULL;
    TRY(wtl_keyload_work(&o.max_work, args, "max-work", err));
    wtl_bar bar;
    o.progress = wtl_show_bar(&bar, "opening", wtl_args_has(args, "quiet"));
    wtl_open_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_open(args->operand[0], wtl_args_get(args, "out", 0), &o, &r, err);
    wtl_show_bar_end(&bar);
    return rc < 0 ? rc : report(args, &r, &senders, wtl_show_clock() - start - pass.seconds, err);
}

const wtl_cmd wtl_cmd_open = {
    .name = "open",
    .summary = "Decrypt a sealed container, all of it, one file or a range of bytes.",
    .operands = "CONTAINER",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "seal, info, rewrap",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "Files appear in DIR only after all that was asked for proved authentic, and nothing is written "
        "outside DIR.\n"
        "On standard output bytes appear as they prove authentic: use them only when the exit code is 0.\n"
        "With --sender a container that none of them signed is refused (5), a wrong signature too (1). "
        "Without it\n"
        "opening says that the sender is not authenticated, or, with --require-signature, refuses (5).",
    .run = run,
};
