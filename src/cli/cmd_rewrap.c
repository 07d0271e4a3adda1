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
     .help = "recipient's private key; without one the container's passphrase is asked for"},
    {.name = "add", .arg = "RECIPIENT", .many = true, .help = "one who may open it from now on"},
    {.name = "remove", .arg = "RECIPIENT", .many = true, .help = "one who may no longer"},
    {.name = "to", .arg = "RECIPIENT", .many = true, .help = "these and no others may open it from now on"},
    {.name = "set-passphrase", .help = "a new passphrase alone opens it from now on"},
    {.name = "rekey", .help = "make the container anew: other key, everything encrypted again"},
    {.name = "sender", .arg = "FILE", .many = true, .help = "with --rekey: one of them must have signed"},
    {.name = "sign", .arg = "FILE", .many = true, .help = "with --rekey: sender's private signing key"},
    {.name = "unsigned", .help = "with --rekey: drop the sender's signatures"},
    WTL_NUMBER_THREADS,
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPEN_OPTS,
    {.name = "new-passphrase-file",
     .arg = "FILE",
     .help = "with --set-passphrase: its first line instead of a prompt",
     .group = WTL_KEYLOAD_OPEN_GROUP},
    {.name = "new-passphrase-fd",
     .arg = "N",
     .help = "the same, read from file descriptor N",
     .group = WTL_KEYLOAD_OPEN_GROUP},
    {.name = "work",
     .arg = "N",
     .help = "what trying a new one costs: scrypt with 2^N (default: 18, 256 MiB)",
     .group = WTL_KEYLOAD_OPEN_GROUP},
};

static const wtl_example examples[] = {
    {"wattle rewrap model.wtl --identity alice.key --add carol.pub --remove bob.pub", NULL},
    {"wattle rewrap model.wtl --identity alice.key --to alice.pub --to carol.pub", "exactly these"},
    {"wattle rewrap model.wtl --identity alice.key --set-passphrase", "a passphrase alone"},
    {"wattle rewrap model.wtl --identity alice.key --rekey --remove bob.pub --add carol.pub --sender "
     "signer.pub "
     "--sign signer.key",
     "a new key for Alice and Carol"},
};

static const wtl_field fields[] = {
    {.name = "container", .meaning = "the file"},
    {.name = "container_id", .meaning = "hexadecimal"},
    {.name = "header_generation", .meaning = "how often the recipients were written"},
    {.name = "header_slot", .meaning = "the slot in force, 0 or 1"},
    {.name = "recipients", .meaning = "those who may open it now"},
    {.name = "recipients[].algorithm", .meaning = "of the key, or passphrase"},
    {.name = "recipients[].key_id", .meaning = "as key show prints it, or null when nobody knows"},
    {.name = "recipients_before", .meaning = "how many there were"},
    {.name = "room", .meaning = "X-Wing recipients that the header has still room for"},
    {.name = "rekeyed", .meaning = "it has a new key"},
    {.name = "bytes", .meaning = "contents sealed again"},
    {.name = "seconds", .meaning = "time that it took"},
};

/* The command line's keys, for as long as the library looks at them. */
struct keys {
    wtl_keys identity;
    wtl_keys add;
    wtl_keys remove;
    wtl_keys to;
    wtl_keys sender;
    wtl_keys sign;
};

static void keys_auto(struct keys *k)
{
    wtl_keys *all[] = {&k->identity, &k->add, &k->remove, &k->to, &k->sender, &k->sign};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        wtl_keys_auto(all[i]);
}

static int load(struct keys *k, const wtl_args *args, wtl_err *err)
{
    TRY(wtl_keyload_all(&k->add, args, "add", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&k->remove, args, "remove", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&k->to, args, "to", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&k->sender, args, "sender", WTL_KEYLOAD_PUBLIC, err));
    TRY(wtl_keyload_all(&k->identity, args, "identity", WTL_KEYLOAD_PRIVATE, err));
    return wtl_keyload_all(&k->sign, args, "sign", WTL_KEYLOAD_PRIVATE, err);
}

static wtl_rewrap_opts options(const struct keys *k, const wtl_args *args)
{
    return (wtl_rewrap_opts){.identity = (const wtl_key *const *)k->identity.key,
                             .n_identities = k->identity.n,
                             .add = (const wtl_key *const *)k->add.key,
                             .n_add = k->add.n,
                             .add_name = k->add.from,
                             .remove = (const wtl_key *const *)k->remove.key,
                             .n_remove = k->remove.n,
                             .remove_name = k->remove.from,
                             .to = (const wtl_key *const *)k->to.key,
                             .n_to = k->to.n,
                             .to_name = k->to.from,
                             .sender = (const wtl_key *const *)k->sender.key,
                             .n_senders = k->sender.n,
                             .sign = (const wtl_key *const *)k->sign.key,
                             .n_sign = k->sign.n,
                             .rekey = wtl_args_has(args, "rekey"),
                             .drop_signature = wtl_args_has(args, "unsigned")};
}

static bool is_known(const uint8_t id[WTL_KEY_ID])
{
    static const uint8_t nobody[WTL_KEY_ID];
    return memcmp(id, nobody, sizeof nobody) != 0;
}

static json_t *recipients_json(const wtl_rewrap_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_recipients; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "algorithm", r->recipient[i], "key_id",
                                              is_known(r->recipient_id[i])
                                                  ? wtl_show_json_hex(r->recipient_id[i], WTL_KEY_ID)
                                                  : json_null()));
    return list;
}

static int print_json(const wtl_args *args, const wtl_rewrap_result *r, double seconds, wtl_err *err)
{
    return wtl_show_json(json_pack("{s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:b, s:I, s:f}", "container",
                                   wtl_show_json_name(args->operand[0]), "container_id",
                                   wtl_show_json_hex(r->container_id, sizeof r->container_id),
                                   "header_generation", (json_int_t)r->header_generation, "header_slot",
                                   (json_int_t)r->slot, "recipients", recipients_json(r), "recipients_before",
                                   (json_int_t)r->n_before, "room", (json_int_t)r->room, "rekeyed",
                                   wtl_args_has(args, "rekey"), "bytes", (json_int_t)r->bytes, "seconds",
                                   seconds),
                         err);
}

static void print_text(const wtl_args *args, const wtl_rewrap_result *r, double seconds)
{
    char size[32];
    const char *name = wtl_show_name(args->operand[0]);
    if (wtl_args_has(args, "rekey"))
        printf("rekeyed %s: %s sealed again in %.2f s\n", name, wtl_show_size(size, r->bytes), seconds);
    else
        printf("rewrapped %s: header generation %llu, in slot %u\n", name,
               (unsigned long long)r->header_generation, r->slot);
    for (size_t i = 0; i < r->n_recipients; i++) {
        AUTO(wtl_buf) hex = {0};
        wtl_buf_hex(&hex, (wtl_bytes){r->recipient_id[i], WTL_KEY_ID});
        printf("  to    %-12s %s\n", r->recipient[i], is_known(r->recipient_id[i]) ? wtl_buf_cstr(&hex) : "");
    }
    if (strcmp(r->recipient[0], "passphrase") != 0)
        printf("  room for %zu more X-Wing %s\n", r->room, r->room == 1 ? "recipient" : "recipients");
}

/* What a person must know beyond that it worked. */
static void notices(const wtl_args *args, const wtl_rewrap_result *r)
{
    bool fewer = wtl_args_has(args, "remove") || wtl_args_has(args, "to") ||
                 wtl_args_has(args, "set-passphrase");
    if (fewer && !wtl_args_has(args, "rekey"))
        wtl_show_notice(
            "who could open the container before knows its key, and can still read these contents, also "
            "by its older header: only --rekey makes another key");
    if (fewer && wtl_args_has(args, "rekey"))
        wtl_show_notice("who could open the container before can still open copies of the old one");
    if (r->locked_out && !wtl_args_has(args, "set-passphrase"))
        wtl_show_notice("the identity that opened it is no recipient any more");
}

static int rewrap(const wtl_args *args, wtl_rewrap_opts *o, const wtl_container_pass *pass, wtl_err *err)
{
    wtl_bar bar;
    wtl_rewrap_result r = {0};
    o->progress = wtl_show_bar(&bar, "sealing again", wtl_args_has(args, "quiet"));
    double start = wtl_show_clock();
    int rc = wtl_rewrap(args->operand[0], o, &r, err);
    wtl_show_bar_end(&bar);
    double seconds = wtl_show_clock() - start - pass->seconds;
    if (rc < 0)
        return rc;
    if (args->json)
        rc = print_json(args, &r, seconds, err);
    else
        print_text(args, &r, seconds);
    notices(args, &r);
    wtl_rewrap_result_free(&r);
    return rc;
}

static int run(const wtl_args *args, wtl_err *err)
{
    bool set = wtl_args_has(args, "set-passphrase");
    ENSURE(set || !(wtl_args_has(args, "new-passphrase-file") || wtl_args_has(args, "new-passphrase-fd")),
           err, WTL_USAGE, "--new-passphrase-file and --new-passphrase-fd are for --set-passphrase");
    struct keys __attribute__((cleanup(keys_auto))) k = {0};
    TRY(load(&k, args, err));
    wtl_rewrap_opts o = options(&k, args);
    AUTO(wtl_container_pass) old = {.args = args, .container = args->operand[0]};
    AUTO(wtl_container_pass) fresh = {.args = args, .container = args->operand[0], .fresh = true};
    wtl_passphrase ask_old = wtl_keyload_asker(&old);
    wtl_passphrase ask_fresh = wtl_keyload_asker(&fresh);
    o.passphrase = k.identity.n == 0 ? &ask_old : NULL;
    TRY(wtl_number_threads(&o.threads, args, err));
    TRY(wtl_keyload_work(&o.max_work, args, "max-work", err));
    TRY(wtl_keyload_work(&o.work, args, "work", err));
    if (set) {
        TRY(wtl_keyload_container(&fresh, err));
        o.set_passphrase = &ask_fresh;
    }
    return rewrap(args, &o, &old, err);
}

const wtl_cmd wtl_cmd_rewrap = {
    .name = "rewrap",
    .summary = "Change who may open a sealed container, or give it a new key.",
    .operands = "CONTAINER",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "seal, open, info",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "RECIPIENT is a public key file, or age1pq1... itself. Without --rekey the contents are not touched: "
        "a "
        "second\n"
        "header beside the old one comes into force when it is whole and on the disk, and the sender's "
        "signatures stay.\n"
        "Who is removed has had the key and can still read the contents; --rekey seals them with another "
        "key into a\n"
        "new file that takes the old one's place. It needs the public key of everyone who stays: with --add "
        "(allowed\n"
        "there for recipients of old too) or, all of them, with --to. Without --identity the passphrase "
        "options speak\n"
        "of the container, and an encrypted --sign key is asked for on the terminal.",
    .run = run,
};
