#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "sign/sign.h"

static const wtl_opt opts[] = {
    {.name = "key",
     .arg = "FILE",
     .many = true,
     .required = true,
     .help = "private signing key; the first makes model.sig"},
    {.name = "out", .arg = "FILE", .help = "signature file, instead of MODEL/model.sig or MODEL.sig"},
    {.name = "hash", .arg = "NAME", .help = "sha256 (default) or blake2b"},
    {.name = "force", .help = "replace signature files that exist"},
    {.name = "quiet", .help = "no progress bar"},
    WTL_KEYLOAD_OPTS,
};

/* One signer per key; the paths are malloc'd. */
typedef struct signers {
    wtl_signer *s;
    char **path;
    size_t n;
} signers;

static void signers_auto(signers *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->path[i]);
    free(v->path);
    free(v->s);
}

static int make_signers(signers *v, const wtl_keys *keys, const wtl_args *args, wtl_err *err)
{
    v->s = calloc(keys->n, sizeof *v->s);
    v->path = calloc(keys->n, sizeof *v->path);
    ENSURE(v->s != NULL && v->path != NULL, err, WTL_NOMEM, "out of memory");
    for (; v->n < keys->n; v->n++) {
        size_t i = v->n;
        TRY(wtl_sign_path(&v->path[i], args->operand[0], wtl_args_get(args, "out", 0), keys->from[i], i,
                          err));
        v->s[i] = (wtl_signer){keys->key[i], v->path[i]};
    }
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

static int report(const wtl_args *args, const signers *v, const wtl_sign_result *r, double seconds,
                  wtl_err *err)
{
    if (args->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < v->n; i++)
            json_array_append_new(list, signature_json(&v->s[i]));
        const char *hash = wtl_args_get(args, "hash", 0);
        return wtl_show_json(json_pack("{s:o, s:s, s:s, s:I, s:I, s:f, s:o}", "model",
                                       wtl_show_json_name(r->model), "hash", hash != NULL ? hash : "sha256",
                                       "root", r->root, "files", (json_int_t)r->files, "bytes",
                                       (json_int_t)r->bytes, "seconds", seconds, "signatures", list),
                             err);
    }
    char size[32];
    char rate[32];
    printf("signed %s: %zu %s, %s in %.2f s (%s)\n", wtl_show_name(r->model), r->files,
           r->files == 1 ? "file" : "files", wtl_show_size(size, r->bytes), seconds,
           wtl_show_rate(rate, r->bytes, seconds));
    for (size_t i = 0; i < v->n; i++)
        printf("  %-20s %s\n", wtl_key_alg_name(v->s[i].key), wtl_show_name(v->s[i].out));
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_keys) keys = {0};
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PRIVATE, err));
    AUTO(signers) v = {0};
    TRY(make_signers(&v, &keys, args, err));
    wtl_bar bar;
    wtl_sign_opts o = {.hash = wtl_args_get(args, "hash", 0), .force = wtl_args_has(args, "force")};
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
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "With several --key all signatures cover the same statement: MODEL/model.sig by the first key, and\n"
        "MODEL/model.<key name>.sig by each other one (MODEL.sig and MODEL.<key name>.sig for a single "
        "file).\n"
        "Symbolic links and special files are refused; .git, .gitignore, .gitattributes and .github are left "
        "out.",
    .run = run,
};
