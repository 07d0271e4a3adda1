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
     .help = "trusted public key; each of them must have signed"},
    {.name = "signature",
     .arg = "FILE",
     .many = true,
     .help = "signature file, instead of those beside the model"},
    {.name = "quiet", .help = "no progress bar"},
};

static const char *const finding_names[] = {
    [WTL_FOUND_CHANGED] = "changed", [WTL_FOUND_MISSING] = "missing", [WTL_FOUND_EXTRA] = "extra"};

static bool is_post_quantum(const wtl_verify_result *r, const wtl_keys *keys)
{
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_verdict *v = &r->verdict[i];
        if (v->rc == 0 && (wtl_key_alg(keys->key[v->key])->flags & WTL_ALG_PQ) != 0)
            return true;
    }
    return false;
}

static json_t *findings_json(const wtl_verify_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_findings; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "kind", finding_names[r->finding[i].kind], "path",
                                              wtl_show_json_name(r->finding[i].path)));
    return list;
}

static json_t *verdicts_json(const wtl_verify_result *r, const wtl_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_verdict *v = &r->verdict[i];
        json_t *o = json_pack("{s:o, s:s}", "path", wtl_show_json_name(v->path), "result",
                              wtl_rc_name(v->rc));
        if (v->rc == 0) {
            json_object_set_new(o, "key", wtl_show_json_name(keys->from[v->key]));
            json_object_set_new(o, "algorithm", json_string(wtl_key_alg_name(keys->key[v->key])));
        } else if (v->text != NULL) {
            json_object_set_new(o, "text", json_string(v->text));
        }
        json_array_append_new(list, o);
    }
    return list;
}

static int print_json(const wtl_verify_result *r, const wtl_keys *keys, int rc, double seconds, wtl_err *err)
{
    json_t *o = json_pack("{s:s, s:b, s:b, s:I, s:I, s:f, s:o, s:o}", "result", wtl_rc_name(rc), "verified",
                          rc == 0, "post_quantum", is_post_quantum(r, keys), "files", (json_int_t)r->files,
                          "bytes", (json_int_t)r->bytes, "seconds", seconds, "signatures",
                          verdicts_json(r, keys), "findings", findings_json(r));
    if (o != NULL && r->model != NULL) {
        json_object_set_new(o, "model", wtl_show_json_name(r->model));
        json_object_set_new(o, "hash", json_string(r->hash));
        json_object_set_new(o, "root", json_string(r->root));
    }
    if (o != NULL && rc < 0 && err != NULL)
        json_object_set_new(o, "text", json_string(err->text));
    return wtl_show_json(o, rc < 0 ? NULL : err);
}

static void print_good(const wtl_verify_result *r, const wtl_keys *keys, double seconds)
{
    char size[32];
    char rate[32];
    printf("verified %s: %zu %s, %s in %.2f s (%s)\n", wtl_show_name(r->model), r->files,
           r->files == 1 ? "file" : "files", wtl_show_size(size, r->bytes), seconds,
           wtl_show_rate(rate, r->bytes, seconds));
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_verdict *v = &r->verdict[i];
        if (v->rc == 0)
            printf("  %-20s %s, signed by %s\n", wtl_key_alg_name(keys->key[v->key]), wtl_show_name(v->path),
                   wtl_show_name(keys->from[v->key]));
    }
}

/* A signature by somebody else is worth a line only when no given key made any. */
static void print_details(const wtl_verify_result *r)
{
    bool any_good = false;
    for (size_t i = 0; i < r->n_verdicts; i++)
        any_good = any_good || r->verdict[i].rc == 0;
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_verdict *v = &r->verdict[i];
        if (v->text != NULL && !(any_good && v->rc == WTL_POLICY))
            fprintf(stderr, "  %s: %s\n", wtl_show_name(v->path), v->text);
    }
    for (size_t i = 0; i < r->n_findings; i++)
        fprintf(stderr, "  %s: %s\n", finding_names[r->finding[i].kind], wtl_show_name(r->finding[i].path));
}

static const char **list_of(const wtl_args *args, const char *name, size_t *n)
{
    *n = wtl_args_count(args, name);
    const char **v = calloc(*n + 1, sizeof *v);
    for (size_t i = 0; v != NULL && i < *n; i++)
        v[i] = wtl_args_get(args, name, i);
    return v;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_keys) keys = {0};
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PUBLIC, err));
    wtl_bar bar;
    wtl_verify_opts o = {.keys = (const wtl_key *const *)keys.key, .n_keys = keys.n};
    const char **signatures = list_of(args, "signature", &o.n_signatures);
    ENSURE(signatures != NULL, err, WTL_NOMEM, "out of memory");
    o.signatures = signatures;
    o.progress = wtl_show_bar(&bar, "verifying", wtl_args_has(args, "quiet"));
    wtl_verify_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_verify_model(args->operand[0], &o, &r, err);
    double seconds = wtl_show_clock() - start;
    wtl_show_bar_end(&bar);
    int shown = WTL_OK;
    if (args->json)
        shown = print_json(&r, &keys, rc, seconds, err);
    else if (rc == 0)
        print_good(&r, &keys, seconds);
    if (rc < 0)
        print_details(&r);
    else if (!is_post_quantum(&r, &keys))
        wtl_show_notice(
            "only classical signatures were checked, which a quantum computer can forge; ask for an "
            "ML-DSA or SLH-DSA one too");
    wtl_verify_result_free(&r);
    free(signatures);
    return rc < 0 ? rc : shown;
}

const wtl_cmd wtl_cmd_verify = {
    .name = "verify",
    .summary = "Check a signed model: who signed it, and that no file was changed, added or removed.",
    .operands = "MODEL",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more = "Without --signature every MODEL/model*.sig is read (MODEL.sig and MODEL.*.sig for a file). Exit "
            "code 0 "
            "means that\n"
            "every --key signed exactly these files; 1 that a signature or a file is wrong; 4 that a "
            "signature file is\n"
            "broken; 5 that a key's signature is missing or the model holds a symbolic link.",
    .run = run,
};
