#include "cli/enveloped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "cli/signerlist.h"
#include "envelope/envelope.h"
#include <wattle/envelope.h>

/* ---- sign */

int wtl_enveloped_asked(const wtl_args *args, bool *asked, wtl_err *err)
{
    static const char *const own[] = {"payload-type", "rotate-by", "next-key", NULL};
    static const char *const others[] = {"cert", "shard-size", "assume-unchanged", NULL};
    const char *format = wtl_args_get(args, "format", 0);
    *asked = format != NULL && strcmp(format, "envelope") == 0;
    ENSURE(format == NULL || *asked || strcmp(format, "bundle") == 0, err, WTL_USAGE,
           "--format is bundle or envelope, not '%s'", format);
    for (const char *const *name = *asked ? others : own; *name != NULL; name++)
        ENSURE(!wtl_args_has(args, *name), err, WTL_USAGE, "--%s belongs to --format %s", *name,
               *asked ? "bundle" : "envelope");
    return WTL_OK;
}

/* A day stands for its first second. */
static int rotate_by(const wtl_args *args, int64_t *t, wtl_err *err)
{
    const char *text = wtl_args_get(args, "rotate-by", 0);
    *t = 0;
    if (text == NULL)
        return WTL_OK;
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&b, text);
    if (strlen(text) == strlen("2027-01-31"))
        wtl_buf_str(&b, "T00:00:00Z");
    const char *whole = wtl_buf_cstr(&b);
    ENSURE(whole != NULL, err, WTL_NOMEM, "out of memory");
    ENSURE(wtl_instant_parse(t, whole, NULL) == WTL_OK && *t >= WTL_ENVELOPE_FIRST, err, WTL_USAGE,
           "--rotate-by takes a date like 2027-01-31 or 2027-01-31T12:00:00Z, not '%s'", text);
    return WTL_OK;
}

static json_t *when_json(int64_t t)
{
    char text[WTL_INSTANT_TEXT];
    return t != 0 ? json_string(wtl_instant_write(text, t)) : json_null();
}

/* A text, or null for an empty one. */
static json_t *text_json(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *signature_json(const wtl_signer *s)
{
    uint8_t id[WTL_KEY_ID] = {0};
    uint8_t hash[WTL_ENVELOPE_KEY_HASH] = {0};
    char name[WTL_ENVELOPE_DIGEST_TEXT];
    if (wtl_key_id(s->key, id, NULL) < 0 || wtl_envelope_key_hash(s->key, hash, NULL) < 0)
        return NULL;
    return json_pack("{s:o, s:s, s:o, s:s}", "path", wtl_show_json_name(s->out), "algorithm",
                     wtl_key_alg_name(s->key), "key_id", wtl_show_json_hex(id, sizeof id), "public_key_hash",
                     wtl_envelope_digest_text(name, WTL_HASH_SHA3_256, hash));
}

static int report(const wtl_args *args, const wtl_signerlist *v, const wtl_sign_file_result *r,
                  double seconds, wtl_err *err)
{
    const char *file = args->operand[0];
    if (args->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < v->n; i++)
            json_array_append_new(list, signature_json(&v->s[i]));
        return wtl_show_json(
            json_pack("{s:o, s:s, s:s, s:i, s:I, s:o, s:o, s:o, s:f, s:o}", "model", wtl_show_json_name(file),
                      "format", "envelope", "digest", r->digest, "files", 1, "bytes", (json_int_t)r->size,
                      "signed_at", when_json(r->signed_at), "rotate_by", when_json(r->rotate_by), "next_key",
                      text_json(r->next_key), "seconds", seconds, "signatures", list),
            err);
    }
    char size[32];
    char rate[32];
    printf("signed %s: %s in %.2f s (%s)\n", wtl_show_name(file), wtl_show_size(size, r->size), seconds,
           wtl_show_rate(rate, r->size, seconds));
    for (size_t i = 0; i < v->n; i++)
        printf("  %-20s %s\n", wtl_key_alg_name(v->s[i].key), wtl_show_name(v->s[i].out));
    return WTL_OK;
}

int wtl_enveloped_sign(const wtl_args *args, wtl_err *err)
{
    wtl_bar bar;
    wtl_sign_file_opts o = {.hash = wtl_args_get(args, "hash", 0),
                            .payload_type = wtl_args_get(args, "payload-type", 0),
                            .force = wtl_args_has(args, "force")};
    TRY(rotate_by(args, &o.rotate_by, err));
    AUTO(wtl_key) *next = NULL;
    const char *next_path = wtl_args_get(args, "next-key", 0);
    if (next_path != NULL)
        TRY(wtl_keyload_one(&next, args, next_path, WTL_KEYLOAD_PUBLIC, err));
    o.next_key = next;
    AUTO(wtl_keys) keys = {0};
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PRIVATE, err));
    AUTO(wtl_signerlist) v = {0};
    TRY(wtl_signerlist_make(&v, &keys, args, wtl_sign_file_path, err));
    o.progress = wtl_show_bar(&bar, "hashing", wtl_args_has(args, "quiet"));
    wtl_sign_file_result r;
    double start = wtl_show_clock();
    int rc = wtl_sign_file(args->operand[0], v.s, v.n, &o, &r, err);
    wtl_show_bar_end(&bar);
    return rc < 0 ? rc : report(args, &v, &r, wtl_show_clock() - start, err);
}

/* ---- verify */

static const char **signatures(const wtl_args *args, size_t *n)
{
    *n = wtl_args_count(args, "signature");
    const char **v = calloc(*n + 1, sizeof *v);
    for (size_t i = 0; v != NULL && i < *n; i++)
        v[i] = wtl_args_get(args, "signature", i);
    return v;
}

int wtl_enveloped_found(const wtl_args *args, bool *found, wtl_err *err)
{
    size_t n;
    const char **list = signatures(args, &n);
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    int rc = wtl_verify_file_has_envelope(args->operand[0], list, n, found, err);
    free(list);
    return rc;
}

static bool is_post_quantum(const wtl_verify_file_result *r, const wtl_keys *keys)
{
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_file_verdict *v = &r->verdict[i];
        if (v->rc == 0 && (wtl_key_alg(keys->key[v->key])->flags & WTL_ALG_PQ) != 0)
            return true;
    }
    return false;
}

static const struct {
    enum wtl_rotation bit;
    const char *name;
} rotations[] = {
    {WTL_ROTATION_DUE, "due"}, {WTL_ROTATION_SOON, "soon"}, {WTL_ROTATION_SUCCESSOR, "successor"}};

static json_t *rotation_json(unsigned rotation)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof rotations / sizeof rotations[0]; i++) {
        if ((rotation & rotations[i].bit) != 0)
            json_array_append_new(list, json_string(rotations[i].name));
    }
    return list;
}

static void add_envelope(json_t *o, const wtl_file_verdict *v)
{
    json_object_set_new(o, "payload_type", json_string(v->payload_type));
    json_object_set_new(o, "digest", json_string(v->digest));
    json_object_set_new(o, "signed_at", when_json(v->signed_at));
    json_object_set_new(o, "rotate_by", when_json(v->rotate_by));
    json_object_set_new(o, "next_key", text_json(v->next_key));
    json_object_set_new(o, "rotation", rotation_json(v->rotation));
}

static json_t *verdict_json(const wtl_file_verdict *v, const wtl_keys *keys)
{
    json_t *o = json_pack("{s:o, s:s, s:s}", "path", wtl_show_json_name(v->path), "format",
                          v->is_envelope ? "envelope" : "bundle", "result", wtl_rc_name(v->rc));
    if (v->rc == 0) {
        json_object_set_new(o, "key", wtl_show_json_name(keys->from[v->key]));
        json_object_set_new(o, "algorithm", json_string(wtl_key_alg_name(keys->key[v->key])));
    }
    if (v->rc == 0 && v->is_envelope)
        add_envelope(o, v);
    if (v->text != NULL)
        json_object_set_new(o, "text", json_string(v->text));
    return o;
}

static int print_json(const wtl_args *args, const wtl_verify_file_result *r, const wtl_keys *keys, int rc,
                      double seconds, wtl_err *err)
{
    const char *file = args->operand[0];
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_verdicts; i++)
        json_array_append_new(list, verdict_json(&r->verdict[i], keys));
    json_t *findings = json_array();
    if (r->changed)
        json_array_append_new(findings,
                              json_pack("{s:s, s:o}", "kind", "changed", "path", wtl_show_json_name(file)));
    json_t *o = json_pack("{s:s, s:b, s:b, s:o, s:i, s:I, s:f, s:o, s:o}", "result", wtl_rc_name(rc),
                          "verified", rc == 0, "post_quantum", is_post_quantum(r, keys), "model",
                          wtl_show_json_name(file), "files", rc == 0, "bytes", (json_int_t)r->bytes,
                          "seconds", seconds, "signatures", list, "findings", findings);
    if (o != NULL && rc < 0 && err != NULL)
        json_object_set_new(o, "text", json_string(err->text));
    return wtl_show_json(o, rc < 0 ? NULL : err);
}

static void print_good(const wtl_args *args, const wtl_verify_file_result *r, const wtl_keys *keys,
                       double seconds)
{
    char size[32];
    char rate[32];
    char when[WTL_INSTANT_TEXT];
    printf("verified %s: %s in %.2f s (%s)\n", wtl_show_name(args->operand[0]), wtl_show_size(size, r->bytes),
           seconds, wtl_show_rate(rate, r->bytes, seconds));
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_file_verdict *v = &r->verdict[i];
        if (v->rc != 0)
            continue;
        printf("  %-20s %s, signed by %s", wtl_key_alg_name(keys->key[v->key]), wtl_show_name(v->path),
               wtl_show_name(keys->from[v->key]));
        if (v->is_envelope)
            printf(", %s, says %s", v->payload_type, wtl_instant_write(when, v->signed_at));
        putchar('\n');
    }
}

/* A signature by somebody else is worth a line only when no given key made any. */
static void print_details(const wtl_verify_file_result *r)
{
    bool any_good = false;
    for (size_t i = 0; i < r->n_verdicts; i++)
        any_good = any_good || r->verdict[i].rc == 0;
    for (size_t i = 0; i < r->n_verdicts; i++) {
        const wtl_file_verdict *v = &r->verdict[i];
        if (v->text != NULL && !(any_good && v->rc == WTL_POLICY))
            fprintf(stderr, "  %s: %s\n", wtl_show_name(v->path), v->text);
    }
}

static void notice_rotation(const wtl_file_verdict *v, const char *key)
{
    char when[WTL_INSTANT_TEXT];
    if ((v->rotation & WTL_ROTATION_DUE) != 0)
        wtl_show_notice(
            "%s: the key %s was to be replaced by %s: ask its holder for a signature by the next one",
            wtl_show_name(v->path), wtl_show_name(key), wtl_instant_write(when, v->rotate_by));
    if ((v->rotation & WTL_ROTATION_SOON) != 0)
        wtl_show_notice("%s: the key %s is to be replaced by %s, in less than %d days",
                        wtl_show_name(v->path), wtl_show_name(key), wtl_instant_write(when, v->rotate_by),
                        WTL_ROTATION_DAYS + 1);
    if ((v->rotation & WTL_ROTATION_SUCCESSOR) != 0)
        wtl_show_notice("%s: the key %s names the key that follows it, %s", wtl_show_name(v->path),
                        wtl_show_name(key), v->next_key);
}

static void print_notices(const wtl_verify_file_result *r, const wtl_keys *keys)
{
    for (size_t i = 0; i < r->n_verdicts; i++)
        if (r->verdict[i].rotation != 0)
            notice_rotation(&r->verdict[i], keys->from[r->verdict[i].key]);
    if (!is_post_quantum(r, keys))
        wtl_show_notice(
            "only classical signatures were checked, which a quantum computer can forge; ask for an "
            "ML-DSA or SLH-DSA one too");
}

static int verify(const wtl_args *args, const wtl_keys *keys, wtl_verify_file_opts *o, wtl_err *err)
{
    wtl_bar bar;
    o->progress = wtl_show_bar(&bar, "verifying", wtl_args_has(args, "quiet"));
    wtl_verify_file_result r = {0};
    double start = wtl_show_clock();
    int rc = wtl_verify_file(args->operand[0], o, &r, err);
    double seconds = wtl_show_clock() - start;
    wtl_show_bar_end(&bar);
    int shown = WTL_OK;
    if (args->json)
        shown = print_json(args, &r, keys, rc, seconds, err);
    else if (rc == 0)
        print_good(args, &r, keys, seconds);
    if (rc < 0)
        print_details(&r);
    else
        print_notices(&r, keys);
    wtl_verify_file_result_free(&r);
    return rc < 0 ? rc : shown;
}

int wtl_enveloped_verify(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_keys) keys = {0};
    TRY(wtl_keyload_all(&keys, args, "key", WTL_KEYLOAD_PUBLIC, err));
    wtl_verify_file_opts o = {.keys = (const wtl_key *const *)keys.key, .n_keys = keys.n};
    const char **list = signatures(args, &o.n_signatures);
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    o.signatures = list;
    int rc = verify(args, &keys, &o, err);
    free(list);
    return rc;
}
