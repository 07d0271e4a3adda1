#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/enveloped.h"
#include "cli/keyload.h"
#include "cli/number.h"
#include "cli/show.h"
#include "cli/signerlist.h"
#include "sign/sign.h"

static const wtl_opt opts[] = {
    {.name = "key",
     .arg = "FILE",
     .many = true,
     .required = true,
     .help = "private signing key; the first makes model.sig"},
    {.name = "cert",
     .arg = "FILE",
     .many = true,
     .help = "certificate chain (PEM, leaf first) of one of the keys, to be sent along"},
    {.name = "out", .arg = "FILE", .help = "signature file, instead of MODEL/model.sig or MODEL.sig"},
    {.name = "hash",
     .arg = "NAME",
     .values = "sha256 blake2b sha384 sha512 sha3-256",
     .help = "sha256 (default) or blake2b; in an envelope also sha384, sha512, sha3-256"},
    {.name = "shard-size",
     .arg = "BYTES",
     .help = "hash files in shards of BYTES, side by side; K, M, G = 1024, 1024^2, 1024^3"},
    {.name = "assume-unchanged",
     .arg = "PREV",
     .help = "take digests from the signature file PREV for files not touched since"},
    WTL_NUMBER_THREADS,
    WTL_ENVELOPED_OPTS,
    {.name = "force", .help = "replace signature files that exist"},
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPTS,
};

/* The values of an option, borrowed. */
typedef struct texts {
    const char **p;
    size_t n;
} texts;

static void texts_auto(texts *t)
{
    free(t->p);
}

static int all_of(texts *t, const wtl_args *args, const char *name, wtl_err *err)
{
    t->n = wtl_args_count(args, name);
    t->p = calloc(t->n + 1, sizeof *t->p);
    ENSURE(t->p != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < t->n; i++)
        t->p[i] = wtl_args_get(args, name, i);
    return WTL_OK;
}

/* "1000", "64K", "16M", "1G": a number with a unit, 1 to 2^63 - 1. */
static int shard_size(uint64_t *size, const wtl_args *args, wtl_err *err)
{
    static const char units[] = "KMG";
    const char *text = wtl_args_get(args, "shard-size", 0);
    if (text == NULL)
        return WTL_OK;
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] != '\0' ? strchr(units, text[digits]) : NULL;
    bool good = digits > 0 && digits <= 19 &&
                (text[digits] == '\0' || (unit != NULL && text[digits + 1] == '\0'));
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t v = 0;
    for (size_t i = 0; i < digits && good; i++)
        v = v * 10 + (uint64_t)(text[i] - '0'); /* 19 digits fit 64 bits */
    ENSURE(
        good && v > 0 && v <= (uint64_t)INT64_MAX >> shift, err, WTL_USAGE,
        "--shard-size takes a number of bytes from 1 to 2^63 - 1, as 1000000, 64K, 16M or 1G, and '%.32s' is "
        "none",
        wtl_show_name(text));
    *size = v << shift;
    return WTL_OK;
}

static json_t *signature_json(const wtl_signer *s)
{
    uint8_t id[WTL_KEY_ID] = {0};
    if (wtl_key_id(s->key, id, NULL) < 0)
        return NULL;
    return json_pack("{s:o, s:s, s:o}", "path", wtl_show_json_name(s->out), "algorithm",
                     wtl_key_alg_name(s->key), "key_id", wtl_show_json_hex(id, sizeof id));
}

static int report_json(const wtl_args *args, const wtl_signerlist *v, const wtl_sign_result *r,
                       double seconds, wtl_err *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->n; i++)
        json_array_append_new(list, signature_json(&v->s[i]));
    const char *hash = wtl_args_get(args, "hash", 0);
    json_t *o = json_pack("{s:o, s:s, s:s, s:s, s:I, s:I, s:f, s:o}", "model", wtl_show_json_name(r->model),
                          "hash", hash != NULL ? hash : "sha256", "root", r->root, "method", r->method,
                          "files", (json_int_t)r->files, "bytes", (json_int_t)r->bytes, "seconds", seconds,
                          "signatures", list);
    if (o != NULL && r->shard_size > 0) {
        json_object_set_new(o, "shard_size", json_integer((json_int_t)r->shard_size));
        json_object_set_new(o, "shards", json_integer((json_int_t)r->resources));
        json_object_set_new(o, "empty_files", json_integer((json_int_t)r->empty_files));
    }
    if (o != NULL && wtl_args_has(args, "assume-unchanged")) {
        json_object_set_new(o, "assumed_files", json_integer((json_int_t)r->assumed_files));
        json_object_set_new(o, "assumed_bytes", json_integer((json_int_t)r->assumed_bytes));
    }
    return wtl_show_json(o, err);
}

static void report_text(const wtl_signerlist *v, const wtl_sign_result *r, double seconds)
{
    char size[32];
    char rate[32];
    char shards[64] = "";
    if (r->shard_size > 0)
        snprintf(shards, sizeof shards, " in %zu %s", r->resources, r->resources == 1 ? "shard" : "shards");
    printf("signed %s: %zu %s%s, %s in %.2f s (%s)\n", wtl_show_name(r->model), r->files,
           r->files == 1 ? "file" : "files", shards, wtl_show_size(size, r->bytes), seconds,
           wtl_show_rate(rate, r->bytes, seconds));
    for (size_t i = 0; i < v->n; i++)
        printf("  %-20s %s\n", wtl_key_alg_name(v->s[i].key), wtl_show_name(v->s[i].out));
}

/* What a person must see though nothing failed. */
static void notices(const wtl_args *args, const wtl_sign_result *r)
{
    char size[32];
    if (wtl_args_has(args, "assume-unchanged"))
        wtl_show_notice("%zu %s, %s, assumed unchanged since %s: signed without being read", r->assumed_files,
                        r->assumed_files == 1 ? "file" : "files", wtl_show_size(size, r->assumed_bytes),
                        wtl_show_name(wtl_args_get(args, "assume-unchanged", 0)));
    if (r->empty_files > 0)
        wtl_show_notice("%zu empty %s not covered, as a signature over shards lists none; sign without "
                        "--shard-size to cover them",
                        r->empty_files, r->empty_files == 1 ? "file is" : "files are");
}

static int report(const wtl_args *args, const wtl_signerlist *v, const wtl_sign_result *r, double seconds,
                  wtl_err *err)
{
    if (args->json)
        TRY(report_json(args, v, r, seconds, err));
    else
        report_text(v, r, seconds);
    notices(args, r);
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle sign model/ --key signer.key", "model/model.sig"},
    {"wattle sign model/ --key signer.key --key root.key",
     "and model/model.root.sig, over the same statement"},
    {"wattle sign weights.gguf --key signer.key --out w.sig", "a single file"},
    {"wattle sign model/ --key signer.key --cert chain.pem", "certificates instead of a hint"},
    {"wattle sign model/ --key signer.key --json | jq -r .root", NULL},
    {"wattle sign w.gguf --format envelope --key signer.key", "w.gguf.sig.json"},
    {"wattle sign w.gguf --format envelope --key signer.key --rotate-by 2027-06-30 --next-key next.pub",
     NULL},
};

static const wtl_field fields[] = {
    {.name = "model", .meaning = "name that the statement gives the model"},
    {.name = "hash", .meaning = "sha256 or blake2b; not of envelopes", .maybe = true},
    {.name = "root",
     .meaning = "hexadecimal digest over all files' digests; not of envelopes",
     .maybe = true},
    {.name = "method", .meaning = "files or shards; not of envelopes", .maybe = true},
    {.name = "shard_size", .meaning = "in bytes; with --shard-size", .maybe = true},
    {.name = "shards", .meaning = "how many; with --shard-size", .maybe = true},
    {.name = "empty_files", .meaning = "how many are not covered; with --shard-size", .maybe = true},
    {.name = "assumed_files", .meaning = "how many were not read; with --assume-unchanged", .maybe = true},
    {.name = "assumed_bytes", .meaning = "their sizes; with --assume-unchanged", .maybe = true},
    {.name = "format", .meaning = "envelope; with --format envelope, as the next four", .maybe = true},
    {.name = "digest", .meaning = "of the file", .maybe = true},
    {.name = "signed_at", .meaning = "time of signing", .maybe = true},
    {.name = "rotate_by", .meaning = "or null", .maybe = true},
    {.name = "next_key", .meaning = "SHA3-256 of the public key that comes next, or null", .maybe = true},
    {.name = "files", .meaning = "how many"},
    {.name = "bytes", .meaning = "read and hashed"},
    {.name = "seconds", .meaning = "time that it took"},
    {.name = "signatures", .meaning = "what was written"},
    {.name = "signatures[].path", .meaning = "signature file"},
    {.name = "signatures[].algorithm", .meaning = "of its key"},
    {.name = "signatures[].key_id", .meaning = "of its key, as key show prints it"},
    {.name = "signatures[].public_key_hash",
     .meaning = "SHA3-256 of the public key; of envelopes",
     .maybe = true},
};

static int run(const wtl_args *args, wtl_err *err)
{
    bool envelope;
    TRY(wtl_enveloped_asked(args, &envelope, err));
    if (envelope)
        return wtl_enveloped_sign(args, err);
    AUTO(wtl_keys) keys = {0};
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PRIVATE, err));
    AUTO(wtl_signerlist) v = {0};
    TRY(wtl_signerlist_make(&v, &keys, args, wtl_sign_path, err));
    AUTO(texts) certs = {0};
    TRY(all_of(&certs, args, "cert", err));
    wtl_bar bar;
    wtl_sign_opts o = {.hash = wtl_args_get(args, "hash", 0),
                       .force = wtl_args_has(args, "force"),
                       .certs = certs.p,
                       .n_certs = certs.n};
    o.assume_unchanged = wtl_args_get(args, "assume-unchanged", 0);
    TRY(shard_size(&o.shard_size, args, err));
    TRY(wtl_number_threads(&o.threads, args, err));
    o.progress = wtl_show_bar(&bar, "hashing", wtl_args_has(args, "quiet"));
    wtl_sign_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_sign_model(args->operand[0], v.s, v.n, &o, &r, err);
    wtl_show_bar_end(&bar);
    if (rc == 0)
        rc = report(args, &v, &r, wtl_show_clock() - start, err);
    wtl_sign_result_free(&r);
    return rc;
}

const wtl_cmd wtl_cmd_sign = {
    .name = "sign",
    .summary = "Sign a model, a file or a directory, in the OpenSSF Model Signing format.",
    .operands = "MODEL",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "verify, key generate",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "With several --key all signatures cover the same statement: MODEL/model.sig by the first key, and\n"
        "MODEL/model.<key name>.sig by each other one (MODEL.sig and MODEL.<key name>.sig for a single "
        "file).\n"
        "--assume-unchanged is as good as the files' times: it sees no change that keeps them. PREV must be "
        "made by one\n"
        "of the keys, with the same hash and shard size.\n"
        "With --format envelope MODEL is a single file, and the signature files are MODEL.sig.json and\n"
        "MODEL.<key name>.sig.json.\n"
        "Symbolic links and special files are refused; .git, .gitignore, .gitattributes and .github are left "
        "out.",
    .run = run,
};
