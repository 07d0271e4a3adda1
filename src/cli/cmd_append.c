#include <stdio.h>
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
     .help = "recipient's private key (without one: the container's passphrase)"},
    {.name = "sign", .arg = "FILE", .many = true, .help = "sender's private signing key, for the new state"},
    {.name = "sender",
     .arg = "FILE",
     .many = true,
     .help = "trusted sender's public key; one of them must have signed the present state"},
    {.name = "unsigned", .help = "let a signed container go on without signature"},
    {.name = "as", .arg = "NAME", .help = "name of the one file, or folder for the one directory's contents"},
    {.name = "force", .help = "replace entries of the same names"},
    {.name = "expect-index", .arg = "HEX", .help = "index digest that the present state must have"},
    WTL_NUMBER_THREADS,
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPEN_OPTS,
};

static int report(const wtl_args *args, const wtl_append_result *r, double seconds, wtl_err *err)
{
    const char *to = args->operand[0];
    if (args->json)
        return wtl_show_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "container",
                                       wtl_show_json_name(to), "files", (json_int_t)r->files, "replaced",
                                       (json_int_t)r->replaced, "plain_bytes", (json_int_t)r->plain_bytes,
                                       "sealed_bytes", (json_int_t)r->sealed_bytes, "content_generation",
                                       (json_int_t)r->content_generation, "seconds", seconds, "index_digest",
                                       wtl_show_json_hex(r->index_digest, sizeof r->index_digest)),
                             err);
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){r->index_digest, sizeof r->index_digest});
    const char *digest = wtl_buf_cstr(&hex);
    ENSURE(digest != NULL, err, WTL_NOMEM, "out of memory");
    char size[32];
    printf("appended %zu %s, %s, to %s in %.2f s", r->files, r->files == 1 ? "file" : "files",
           wtl_show_size(size, r->plain_bytes), wtl_show_name(to), seconds);
    if (r->replaced > 0)
        printf("; %zu replaced", r->replaced);
    printf("\n  content generation %llu, index digest %s\n", (unsigned long long)r->content_generation,
           digest);
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle append model.wtl adapter.bin --identity alice.key --sign signer.key", NULL},
    {"wattle append model.wtl notes/ --as docs --identity alice.key", NULL},
    {"wattle append model.wtl config.json --force --identity alice.key --sign signer.key --json | jq -r "
     ".index_digest",
     NULL},
};

static const wtl_field fields[] = {
    {.name = "container", .meaning = "the file"},
    {.name = "files", .meaning = "how many were appended"},
    {.name = "replaced", .meaning = "how many of them took the place of an older one"},
    {.name = "plain_bytes", .meaning = "contents of the files appended"},
    {.name = "sealed_bytes", .meaning = "the container"},
    {.name = "content_generation", .meaning = "how often the content was written"},
    {.name = "seconds", .meaning = "time that it took"},
    {.name = "index_digest", .meaning = "what senders sign, hexadecimal SHA-512"},
};

static int run(const wtl_args *args, wtl_err *err)
{
    wtl_append_opts o = {.drop_signature = wtl_args_has(args, "unsigned"),
                         .name = wtl_args_get(args, "as", 0),
                         .force = wtl_args_has(args, "force")};
    uint8_t expect[WTL_NUMBER_DIGEST];
    TRY(wtl_number_threads(&o.threads, args, err));
    TRY(wtl_number_digest(&o.open.expect_index, expect, args, "expect-index", err));
    AUTO(wtl_keys) senders = {0};
    AUTO(wtl_keys) sign = {0};
    AUTO(wtl_keys) identities = {0};
    TRY(wtl_keyload_all(&senders, args, "sender", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&sign, args, "sign", WTL_KEYLOAD_PRIVATE, err));
    TRY(wtl_keyload_all(&identities, args, "identity", WTL_KEYLOAD_PRIVATE, err));
    o.open.identity = (const wtl_key *const *)identities.key;
    o.open.n_identities = identities.n;
    o.open.sender = (const wtl_key *const *)senders.key;
    o.open.n_senders = senders.n;
    o.sign = (const wtl_key *const *)sign.key;
    o.n_sign = sign.n;
    AUTO(wtl_container_pass) pass = {.args = args, .container = args->operand[0]};
    wtl_passphrase asker = wtl_keyload_asker(&pass);
    o.open.passphrase = identities.n == 0 ? &asker : NULL;
    TRY(wtl_keyload_work(&o.open.max_work, args, "max-work", err));
    wtl_bar bar;
    o.progress = wtl_show_bar(&bar, "appending", wtl_args_has(args, "quiet"));
    wtl_append_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_append(args->operand[0], args->operand + 1, args->n_operands - 1, &o, &r, err);
    wtl_show_bar_end(&bar);
    return rc < 0 ? rc : report(args, &r, wtl_show_clock() - start - pass.seconds, err);
}

const wtl_cmd wtl_cmd_append = {
    .name = "append",
    .summary = "Add files to a sealed container, for the recipients that it has.",
    .operands = "CONTAINER SOURCE...",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "seal, open, info",
    .least = 2,
    .most = SIZE_MAX,
    WTL_CMD_OPTS(opts),
    .more =
        "SOURCE is a file, which gets its own name, a directory, whose contents get their names below it, or "
        "- for\n"
        "standard input. The container takes its name anew when it is complete; until then the old one "
        "stays.\n"
        "A signed container needs --sign, and must have been signed by one of the --sender keys, or without "
        "them\n"
        "by one of the --sign keys: the new signature covers the old contents too. One that is not signed\n"
        "cannot become signed (5): seal anew. What --force replaces stays in the file, out of reach.",
    .run = run,
};
