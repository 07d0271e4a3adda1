#include <stdio.h>
#include <stdlib.h>

#include "base/instant.h"
#include "cli/cmd.h"
#include "cli/enveloped.h"
#include "cli/keyload.h"
#include "cli/number.h"
#include "cli/show.h"
#include "sign/sign.h"

static const wtl_opt opts[] = {
    {.name = "key", .arg = "FILE", .many = true, .help = "trusted public key; each of them must have signed"},
    {.name = "trust", .arg = "FILE", .help = "trust file: who may sign, until when, and how many must have"},
    {.name = "ca",
     .arg = "FILE",
     .many = true,
     .help = "trusted root certificates (PEM); a signature must come with a chain to one"},
    {.name = "cert-identity",
     .arg = "TEXT",
     .help = "with --ca: the certificate's DNS, URI, e-mail or common name, exactly"},
    {.name = "at", .arg = "TIME", .help = "judge dates as of TIME (2026-11-21T00:00:00Z) and not of now"},
    {.name = "signature",
     .arg = "FILE",
     .many = true,
     .help = "signature file, instead of those beside the model"},
    WTL_NUMBER_THREADS,
    {.name = "quiet", .help = "no progress bar"},
};

static const char *const finding_names[] = {
    [WTL_FOUND_CHANGED] = "changed", [WTL_FOUND_MISSING] = "missing", [WTL_FOUND_EXTRA] = "extra"};

static bool is_post_quantum(const wtl_verify_result *r)
{
    for (size_t i = 0; i < r->n_verdicts; i++) {
        if (r->verdict[i].rc == 0 && r->verdict[i].post_quantum)
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

static json_t *verdict_json(const wtl_verdict *v, const wtl_keys *keys)
{
    json_t *o = json_pack("{s:o, s:s}", "path", wtl_show_json_name(v->path), "result", wtl_rc_name(v->rc));
    if (v->rc == 0) {
        if (v->key != WTL_VERDICT_NO_KEY)
            json_object_set_new(o, "key", wtl_show_json_name(keys->from[v->key]));
        if (v->section != NULL)
            json_object_set_new(o, "section", json_string(v->section));
        if (v->subject != NULL)
            json_object_set_new(o, "subject", json_string(v->subject));
        json_object_set_new(o, "algorithm", json_string(v->algorithm));
    } else if (v->text != NULL) {
        json_object_set_new(o, "text", json_string(v->text));
    }
    return o;
}

static json_t *verdicts_json(const wtl_verify_result *r, const wtl_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_verdicts; i++)
        json_array_append_new(list, verdict_json(&r->verdict[i], keys));
    return list;
}

/* The trust file's sections by what became of them. */
static json_t *trust_json(const wtl_verify_result *r)
{
    json_t *required = json_array();
    json_t *counted = json_array();
    json_t *missing = json_array();
    for (size_t i = 0; i < r->n_sections; i++) {
        const wtl_verify_section *s = &r->section[i];
        if (s->required)
            json_array_append_new(required, json_string(s->name));
        if (s->counted)
            json_array_append_new(counted, json_string(s->name));
        if (s->counted || !s->required)
            continue;
        json_array_append_new(missing, json_pack("{s:s, s:s}", "section", s->name, "text",
                                                 s->text != NULL ? s->text : "has not signed"));
    }
    return json_pack("{s:I, s:o, s:o, s:o}", "least", (json_int_t)r->least, "required", required, "counted",
                     counted, "missing", missing);
}

static int print_json(const wtl_verify_result *r, const wtl_keys *keys, const char *as_of, int rc,
                      double seconds, wtl_err *err)
{
    json_t *o = json_pack("{s:s, s:b, s:b, s:I, s:I, s:f, s:o, s:o}", "result", wtl_rc_name(rc), "verified",
                          rc == 0, "post_quantum", is_post_quantum(r), "files", (json_int_t)r->files, "bytes",
                          (json_int_t)r->bytes, "seconds", seconds, "signatures", verdicts_json(r, keys),
                          "findings", findings_json(r));
    if (o != NULL && as_of != NULL)
        json_object_set_new(o, "at", json_string(as_of));
    if (o != NULL && r->n_sections > 0)
        json_object_set_new(o, "trust", trust_json(r));
    if (o != NULL && r->model != NULL) {
        json_object_set_new(o, "model", wtl_show_json_name(r->model));
        json_object_set_new(o, "hash", json_string(r->hash));
        json_object_set_new(o, "root", json_string(r->root));
        json_object_set_new(o, "method", json_string(r->method));
        if (r->shard_size > 0) {
            json_object_set_new(o, "shard_size", json_integer((json_int_t)r->shard_size));
            json_object_set_new(o, "empty_files", json_integer((json_int_t)r->empty_files));
        }
    }
    if (o != NULL && rc < 0 && err != NULL)
        json_object_set_new(o, "text", json_string(err->text));
    return wtl_show_json(o, rc < 0 ? NULL : err);
}

static void print_maker(const wtl_verdict *v, const wtl_keys *keys)
{
    printf("  %-20s %s, signed by ", v->algorithm, wtl_show_name(v->path));
    if (v->section != NULL)
        printf("[%s]", v->section);
    else if (v->key != WTL_VERDICT_NO_KEY)
        printf("%s", wtl_show_name(keys->from[v->key]));
    if (v->subject != NULL)
        printf("%scertificate %s", v->section != NULL || v->key != WTL_VERDICT_NO_KEY ? ", " : "",
               v->subject);
    printf("\n");
}

/* With a trust file: the requirement, and those who need not have signed and did not. */
static void print_sections(const wtl_verify_result *r)
{
    size_t of = 0;
    for (size_t i = 0; i < r->n_sections; i++)
        of += r->section[i].required;
    if (r->n_sections > 0)
        printf("  required: %zu of %zu signers\n", r->least, of);
    for (size_t i = 0; i < r->n_sections; i++) {
        const wtl_verify_section *s = &r->section[i];
        if (s->required && !s->counted)
            printf("  not counted: [%s] %s\n", s->name, s->text != NULL ? s->text : "has not signed");
    }
}

static void print_good(const wtl_verify_result *r, const wtl_keys *keys, double seconds)
{
    char size[32];
    char rate[32];
    printf("verified %s: %zu %s, %s in %.2f s (%s)\n", wtl_show_name(r->model), r->files,
           r->files == 1 ? "file" : "files", wtl_show_size(size, r->bytes), seconds,
           wtl_show_rate(rate, r->bytes, seconds));
    for (size_t i = 0; i < r->n_verdicts; i++) {
        if (r->verdict[i].rc == 0)
            print_maker(&r->verdict[i], keys);
    }
    print_sections(r);
}

/* A signature by somebody else is worth a line only when no trusted one was made, or a trust file asks for more. */
static void print_details(const wtl_verify_result *r)
{
    bool any_good = false;
    for (size_t i = 0; i < r->n_verdicts; i++)
        any_good = any_good || (r->verdict[i].rc == 0 && r->n_sections == 0);
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

static const wtl_example examples[] = {
    {"wattle verify model/ --key signer.pub", NULL},
    {"wattle verify model/ --key signer.pub --key root.pub", "both must have signed"},
    {"wattle verify model/ --trust trust.ini", "who may sign is written down"},
    {"wattle verify model/ --ca ca.pem --cert-identity release@example.org", NULL},
    {"wattle verify model/ --key signer.pub --signature elsewhere.sig", NULL},
    {"wattle verify w.gguf --key signer.pub", "w.gguf.sig.json (an envelope) or w.gguf.sig, or both"},
};

static const wtl_field fields[] = {
    {.name = "verified", .meaning = "true when the exit code is 0"},
    {.name = "result", .meaning = "ok, no, format, policy or io"},
    {.name = "post_quantum", .meaning = "a good signature withstands quantum computers"},
    {.name = "model",
     .meaning = "name that the statement gives the model; absent when no signature could be trusted",
     .maybe = true},
    {.name = "hash", .meaning = "sha256 or blake2b; of a statement that is trusted", .maybe = true},
    {.name = "root",
     .meaning = "hexadecimal digest over all files' digests; of a statement that is trusted",
     .maybe = true},
    {.name = "method", .meaning = "files or shards; of a statement that is trusted", .maybe = true},
    {.name = "shard_size", .meaning = "in bytes; of a statement over shards", .maybe = true},
    {.name = "empty_files", .meaning = "how many are not covered; of a statement over shards", .maybe = true},
    {.name = "files", .meaning = "how many"},
    {.name = "bytes", .meaning = "hashed"},
    {.name = "seconds", .meaning = "time that it took"},
    {.name = "signatures", .meaning = "the signature files looked at"},
    {.name = "signatures[].path", .meaning = "signature file"},
    {.name = "signatures[].result", .meaning = "ok, no, format, policy"},
    {.name = "signatures[].format",
     .meaning = "envelope or bundle; of a single file with an envelope",
     .maybe = true},
    {.name = "signatures[].key", .meaning = "key file that made it; with --key, when ok", .maybe = true},
    {.name = "signatures[].section", .meaning = "of the trust file; with --trust, when ok", .maybe = true},
    {.name = "signatures[].subject", .meaning = "of the certificate; with --ca, when ok", .maybe = true},
    {.name = "signatures[].algorithm", .meaning = "of the key; when ok", .maybe = true},
    {.name = "signatures[].payload_type", .meaning = "media type; of an envelope, when ok", .maybe = true},
    {.name = "signatures[].digest", .meaning = "of the file; of an envelope, when ok", .maybe = true},
    {.name = "signatures[].signed_at",
     .meaning = "as the signer says; of an envelope, when ok",
     .maybe = true},
    {.name = "signatures[].rotate_by", .meaning = "or null; of an envelope, when ok", .maybe = true},
    {.name = "signatures[].next_key", .meaning = "or null; of an envelope, when ok", .maybe = true},
    {.name = "signatures[].rotation",
     .meaning = "list of due, soon, successor; of an envelope, when ok",
     .maybe = true},
    {.name = "signatures[].text", .meaning = "what is wrong; when not ok", .maybe = true},
    {.name = "findings", .meaning = "differences between the statement and the files"},
    {.name = "findings[].kind", .meaning = "changed, missing or extra"},
    {.name = "findings[].path", .meaning = "the file"},
    {.name = "at", .meaning = "with --at: that time", .maybe = true},
    {.name = "trust", .meaning = "with --trust: what became of the file's sections", .maybe = true},
    {.name = "trust.least", .meaning = "so many of the required must count", .maybe = true},
    {.name = "trust.required", .meaning = "sections that [require] names", .maybe = true},
    {.name = "trust.counted", .meaning = "sections whose signature counts", .maybe = true},
    {.name = "trust.missing", .meaning = "required sections whose signature does not count", .maybe = true},
    {.name = "trust.missing[].section", .meaning = "its name", .maybe = true},
    {.name = "trust.missing[].text", .meaning = "why not", .maybe = true},
    {.name = "text", .meaning = "what is wrong; absent when verified", .maybe = true},
};

static int choose_time(int64_t *at, const wtl_args *args, wtl_err *err)
{
    const char *text = wtl_args_get(args, "at", 0);
    if (text == NULL)
        return WTL_OK;
    int rc = wtl_instant_parse(at, text, err);
    if (rc == WTL_OK && *at > 0)
        return WTL_OK;
    if (rc == WTL_OK)
        rc = WTL_FAIL(err, WTL_FORMAT, "there were no signatures in 1970");
    wtl_err_prefix(err, "--at: ");
    if (err != NULL && rc == WTL_FORMAT)
        err->code = WTL_USAGE;
    return rc == WTL_FORMAT ? WTL_USAGE : rc;
}

static int run_with(const wtl_args *args, wtl_verify_opts o, const wtl_keys *keys, wtl_err *err)
{
    wtl_bar bar;
    o.progress = wtl_show_bar(&bar, "verifying", wtl_args_has(args, "quiet"));
    wtl_verify_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_verify_model(args->operand[0], &o, &r, err);
    double seconds = wtl_show_clock() - start;
    wtl_show_bar_end(&bar);
    int shown = WTL_OK;
    if (args->json)
        shown = print_json(&r, keys, wtl_args_get(args, "at", 0), rc, seconds, err);
    else if (rc == 0)
        print_good(&r, keys, seconds);
    if (rc < 0)
        print_details(&r);
    else if (!is_post_quantum(&r))
        wtl_show_notice(
            "only classical signatures were checked, which a quantum computer can forge; ask for an "
            "ML-DSA or SLH-DSA one too");
    if (rc == 0 && r.empty_files > 0)
        wtl_show_notice(
            "%zu empty %s not covered by the signature, which lists shards: nobody signed that %s there",
            r.empty_files, r.empty_files == 1 ? "file is" : "files are",
            r.empty_files == 1 ? "it is" : "they are");
    if (rc == 0 && o.at != 0)
        wtl_show_notice("dates were judged as of %s and not of now", wtl_args_get(args, "at", 0));
    wtl_verify_result_free(&r);
    return rc < 0 ? rc : shown;
}

/* Envelopes are judged by keys alone: trust files and certificates speak of bundles. */
static int has_envelope(const wtl_args *args, bool *found, wtl_err *err)
{
    static const char *const others[] = {"trust", "ca", "cert-identity", "at"};
    const char *other = NULL;
    for (size_t i = 0; i < sizeof others / sizeof others[0] && other == NULL; i++)
        other = wtl_args_has(args, others[i]) ? others[i] : NULL;
    *found = false;
    if (other != NULL && !wtl_args_has(args, "signature"))
        return WTL_OK;
    TRY(wtl_enveloped_found(args, found, err));
    ENSURE(other == NULL || !*found, err, WTL_USAGE,
           "--%s does not go with a --signature that is an envelope: envelopes are judged by --key alone",
           other);
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    bool envelope;
    TRY(has_envelope(args, &envelope, err));
    if (envelope)
        return wtl_enveloped_verify(args, err);
    AUTO(wtl_keys) keys = {0};
    wtl_verify_opts o = {.trust = wtl_args_get(args, "trust", 0),
                         .identity = wtl_args_get(args, "cert-identity", 0)};
    TRY(choose_time(&o.at, args, err));
    TRY(wtl_number_threads(&o.threads, args, err));
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PUBLIC, err));
    o.keys = (const wtl_key *const *)keys.key;
    o.n_keys = keys.n;
    const char **signatures = list_of(args, "signature", &o.n_signatures);
    const char **cas = list_of(args, "ca", &o.n_cas);
    o.signatures = signatures;
    o.cas = cas;
    int rc = signatures != NULL && cas != NULL ? run_with(args, o, &keys, err)
                                               : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    free(cas);
    free(signatures);
    return rc;
}

const wtl_cmd wtl_cmd_verify = {
    .name = "verify",
    .summary = "Check a signed model: who signed it, and that no file was changed, added or removed.",
    .operands = "MODEL",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "sign, key show",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "Name whom you trust: --key, --ca, or both, or --trust FILE. Without --signature every "
        "MODEL/model*.sig\n"
        "is read; for a file MODEL.sig and MODEL.*.sig and, with --key alone, the envelopes MODEL.sig.json "
        "and\n"
        "MODEL.*.sig.json. Exit code 0 means that everybody who must have signed signed exactly these "
        "files; 1 that\n"
        "a signature or a file is wrong; 4 that a signature file, a certificate chain or the trust file is "
        "broken;\n"
        "5 that a signature is missing, expired, revoked or out of its bounds, or that the model holds a "
        "symbolic\n"
        "link.",
    .run = run,
};
