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
     .help = "recipient's private key: lists files and recipients' keys too"},
    {.name = "expect-index",
     .arg = "HEX",
     .help = "index digest that it must have; an older state of the container has another"},
    {.name = "passphrase", .help = "ask for the container's passphrase, which lists the files too"},
    WTL_KEYLOAD_OPEN_OPTS,
};

static json_t *recipients_json(const wtl_info *i)
{
    json_t *list = json_array();
    for (size_t k = 0; k < i->n_recipients; k++)
        json_array_append_new(list, json_string(i->recipient[k]));
    return list;
}

static bool is_known(const uint8_t id[WTL_KEY_ID])
{
    static const uint8_t nobody[WTL_KEY_ID];
    return memcmp(id, nobody, sizeof nobody) != 0;
}

static json_t *recipient_ids_json(const wtl_info *i)
{
    json_t *list = json_array();
    for (size_t k = 0; k < i->n_recipients; k++)
        json_array_append_new(list, is_known(i->recipient_id[k])
                                        ? wtl_show_json_hex(i->recipient_id[k], WTL_KEY_ID)
                                        : json_null());
    return list;
}

static json_t *signatures_json(const wtl_info *i)
{
    json_t *list = json_array();
    for (size_t k = 0; k < i->n_signatures; k++) {
        const wtl_info_signature *s = &i->signature[k];
        json_array_append_new(list, json_pack("{s:s, s:o, s:I}", "algorithm", s->alg, "key_id",
                                              wtl_show_json_hex(s->key_id, sizeof s->key_id), "bytes",
                                              (json_int_t)s->size));
    }
    return list;
}

static json_t *entries_json(const wtl_info *i)
{
    json_t *list = json_array();
    for (size_t k = 0; k < i->n_entries; k++) {
        const wtl_info_entry *e = &i->entry[k];
        char mode[8];
        snprintf(mode, sizeof mode, "%04o", e->mode);
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:I}", "name", wtl_show_json_name(e->name),
                                              "type", e->is_dir ? "directory" : "file", "mode", mode, "bytes",
                                              (json_int_t)e->size));
    }
    return list;
}

static int print_json(const wtl_info *i, wtl_err *err)
{
    json_t *o = json_pack("{s:s, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "format",
                          "wattle-sealed", "version", (json_int_t)i->version, "suite", i->suite_name,
                          "container_id", wtl_show_json_hex(i->container_id, sizeof i->container_id),
                          "header_generation", (json_int_t)i->header_generation, "content_generation",
                          (json_int_t)i->content_generation, "header_slot", (json_int_t)i->slot,
                          "header_slot_bytes", (json_int_t)i->slot_size, "container_bytes",
                          (json_int_t)i->container_bytes, "index_digest",
                          wtl_show_json_hex(i->index_digest, sizeof i->index_digest), "recipients",
                          recipients_json(i), "signatures", signatures_json(i));
    if (o != NULL)
        json_object_set_new(o, "header_slots", json_pack("[s, s]", i->slot_state[0], i->slot_state[1]));
    if (o != NULL && i->opened) {
        json_object_set_new(o, "plain_bytes", json_integer((json_int_t)i->plain_bytes));
        json_object_set_new(o, "entries", entries_json(i));
        json_object_set_new(o, "recipient_ids", recipient_ids_json(i));
    }
    return wtl_show_json(o, err);
}

static void print_hex(const char *label, const uint8_t *p, size_t n)
{
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){p, n});
    printf("  %-18s %s\n", label, wtl_buf_cstr(&hex));
}

static void print_text(const wtl_info *i, const char *path)
{
    char size[32];
    printf("%s: sealed container, version %u, %s\n", wtl_show_name(path), i->version,
           wtl_show_size(size, i->container_bytes));
    printf("  %-18s %s\n", "suite", i->suite_name);
    print_hex("container id", i->container_id, sizeof i->container_id);
    printf("  %-18s header %llu (slot %u), content %llu\n", "generations",
           (unsigned long long)i->header_generation, i->slot, (unsigned long long)i->content_generation);
    for (unsigned k = 0; k < 2; k++) {
        if (strcmp(i->slot_state[k], "torn") == 0)
            printf("  %-18s slot %u is torn: a rewrite of the recipients did not end\n", "header", k);
    }
    for (size_t k = 0; k < i->n_recipients; k++) {
        printf("  %-18s %s\n", "recipient", i->recipient[k]);
        if (i->opened && is_known(i->recipient_id[k]))
            print_hex("  key", i->recipient_id[k], WTL_KEY_ID);
    }
    for (size_t k = 0; k < i->n_signatures; k++) {
        printf("  %-18s %s, %zu bytes, not checked here\n", "sender signature", i->signature[k].alg,
               i->signature[k].size);
        print_hex("  by key", i->signature[k].key_id, WTL_KEY_ID);
    }
    if (i->n_signatures == 0)
        printf("  %-18s none: the sender cannot be authenticated\n", "sender signature");
    print_hex("index digest", i->index_digest, sizeof i->index_digest);
    for (size_t k = 0; k < i->n_entries; k++)
        printf("  %04o %14llu  %s%s\n", i->entry[k].mode, (unsigned long long)i->entry[k].size,
               wtl_show_name(i->entry[k].name), i->entry[k].is_dir ? "/" : "");
}

static const wtl_example examples[] = {
    {"wattle info model.wtl", NULL},
    {"wattle info model.wtl --identity alice.key --json | jq -r '.entries[].name'", NULL},
    {"wattle info weights.wtl --passphrase", NULL},
};

static const wtl_field fields[] = {
    {.name = "format", .meaning = "wattle-sealed"},
    {.name = "version", .meaning = "of the format"},
    {.name = "suite", .meaning = "algorithms that it is sealed with"},
    {.name = "container_id", .meaning = "hexadecimal"},
    {.name = "header_generation", .meaning = "how often the recipients were written"},
    {.name = "content_generation", .meaning = "how often the content was written"},
    {.name = "header_slot", .meaning = "the slot in force, 0 or 1"},
    {.name = "header_slot_bytes", .meaning = "size of a slot"},
    {.name = "header_slots", .meaning = "for both slots: in force, older, unused or torn"},
    {.name = "container_bytes", .meaning = "size of the file"},
    {.name = "index_digest", .meaning = "what senders sign, hexadecimal SHA-512"},
    {.name = "recipients", .meaning = "their algorithms, or passphrase alone"},
    {.name = "signatures", .meaning = "the senders' signatures, not checked"},
    {.name = "signatures[].algorithm", .meaning = "of the key"},
    {.name = "signatures[].key_id", .meaning = "as key show prints it"},
    {.name = "signatures[].bytes", .meaning = "size of the signature"},
    {.name = "plain_bytes",
     .meaning = "contents of the files; with an identity or passphrase that fits",
     .maybe = true},
    {.name = "entries", .meaning = "files and empty directories; likewise", .maybe = true},
    {.name = "entries[].name", .meaning = "path inside"},
    {.name = "entries[].type", .meaning = "file or directory"},
    {.name = "entries[].mode", .meaning = "permission bits, octal"},
    {.name = "entries[].bytes", .meaning = "size"},
    {.name = "recipient_ids",
     .meaning = "key ids in the order of recipients, null where the container does not say; likewise",
     .maybe = true},
};

static int read_info(const wtl_args *args, wtl_info *i, wtl_err *err)
{
    AUTO(wtl_keys) identities = {0};
    AUTO(wtl_container_pass) pass = {.args = args, .container = args->operand[0]};
    wtl_passphrase asker = wtl_keyload_asker(&pass);
    bool ask = wtl_args_has(args, "passphrase");
    ENSURE(!ask || !wtl_args_has(args, "identity"), err, WTL_USAGE,
           "a container opens with an identity or with a passphrase: leave --identity or --passphrase out");
    TRY(wtl_keyload_all(&identities, args, "identity", WTL_KEYLOAD_PRIVATE, err));
    ask = ask || (identities.n == 0 &&
                  (wtl_args_has(args, "passphrase-file") || wtl_args_has(args, "passphrase-fd")));
    wtl_open_opts o = {.identity = (const wtl_key *const *)identities.key,
                       .n_identities = identities.n,
                       .passphrase = ask ? &asker : NULL};
    TRY(wtl_keyload_work(&o.max_work, args, "max-work", err));
    return wtl_info_read_by(args->operand[0], &o, i, err);
}

static int run(const wtl_args *args, wtl_err *err)
{
    wtl_info i = {0};
    uint8_t expect[WTL_NUMBER_DIGEST];
    const uint8_t *wanted;
    TRY(wtl_number_digest(&wanted, expect, args, "expect-index", err));
    TRY(read_info(args, &i, err));
    int rc = WTL_OK;
    if (wanted != NULL && memcmp(wanted, i.index_digest, sizeof i.index_digest) != 0)
        rc = WTL_FAIL(err, WTL_NO, "%s: the container has another index than the one that was expected",
                      wtl_show_name(args->operand[0]));
    else if (args->json)
        rc = print_json(&i, err);
    else
        print_text(&i, args->operand[0]);
    wtl_info_free(&i);
    return rc;
}

const wtl_cmd wtl_cmd_info = {
    .name = "info",
    .summary = "Say what a sealed container is: recipients, sender, sizes; with an identity its files.",
    .operands = "CONTAINER",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "seal, open, rewrap",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more = "What is shown without an identity or passphrase comes from the open header and is not "
            "authenticated.\n"
            "Which keys the recipients have only they can see; containers of older versions do not say.",
    .run = run,
};
