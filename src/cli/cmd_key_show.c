#include <stdio.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "crypto/hash.h"

static const wtl_opt opts[] = {
    {.name = "public",
     .help = "print the public key itself (PEM, or age's recipient), also of a private key"},
    WTL_KEYLOAD_OPTS,
};

/* What OpenSSF bundles name a key by: SHA-256 of its PEM text. */
static int model_signing_hint(wtl_buf *hex, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) pem = {0};
    TRY(wtl_key_write_public(k, WTL_KEY_PEM, &pem, err));
    uint8_t digest[WTL_HASH_MAX];
    TRY(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&pem), digest, err));
    wtl_buf_hex(hex, (wtl_bytes){digest, 32});
    return wtl_buf_check(hex, err);
}

static int show_json(const wtl_key *k, const uint8_t *id, wtl_buf *hint, wtl_buf *public, wtl_err *err)
{
    const wtl_alg *a = wtl_key_alg(k);
    json_t *o = json_pack("{s:s, s:s, s:b, s:I, s:b, s:o, s:I, s:s}", "algorithm", a->name, "kind",
                          wtl_alg_kind_name(a->kind), "private", wtl_key_is_private(k), "level",
                          (json_int_t)a->level, "post_quantum", (a->flags & WTL_ALG_PQ) != 0, "key_id",
                          wtl_show_json_hex(id, WTL_KEY_ID), "public_key_bytes", (json_int_t)a->pub,
                          "public_key", wtl_buf_cstr(public));
    if (o != NULL && hint->n > 0)
        json_object_set_new(o, "model_signing_hint", json_string(wtl_buf_cstr(hint)));
    if (o != NULL && a->oid != NULL)
        json_object_set_new(o, "oid", json_string(a->oid));
    return wtl_show_json(o, err);
}

static void show_text(const wtl_key *k, const uint8_t *id, wtl_buf *hint, const char *path)
{
    const wtl_alg *a = wtl_key_alg(k);
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){id, WTL_KEY_ID});
    printf("%s: %s, %s key for %s\n", wtl_show_name(path), a->name,
           wtl_key_is_private(k) ? "private" : "public",
           a->kind == WTL_ALG_SIG ? "signatures" : "encapsulation");
    if (a->level > 0)
        printf("  security category: %u of 5, %s\n", a->level,
               (a->flags & WTL_ALG_HYBRID) != 0 ? "hybrid" : "post-quantum");
    else
        printf("  security category: none: a quantum computer breaks it\n");
    printf("  key id:            %s\n", wtl_buf_cstr(&hex));
    if (hint->n > 0)
        printf("  model hint:        %s\n", wtl_buf_cstr(hint));
    printf("  public key:        %zu bytes\n", a->pub);
}

static const wtl_example examples[] = {
    {"wattle key show signer.pub", NULL},
    {"wattle key show signer.key --public >signer.pub", "the public half again"},
};

static const wtl_field fields[] = {
    {.name = "algorithm", .meaning = "of the key"},
    {.name = "kind", .meaning = "signature, kem or key agreement"},
    {.name = "private", .meaning = "the file holds the private key"},
    {.name = "level", .meaning = "NIST's security category, 0 for classical algorithms"},
    {.name = "post_quantum", .meaning = "withstands quantum computers"},
    {.name = "key_id", .meaning = "SHA-256 of the public key, hexadecimal"},
    {.name = "public_key_bytes", .meaning = "size of the public key"},
    {.name = "public_key", .meaning = "PEM, or age's recipient"},
    {.name = "model_signing_hint",
     .meaning = "what OpenSSF bundles name the key by; for signing keys",
     .maybe = true},
    {.name = "oid", .meaning = "of the algorithm; where it has one", .maybe = true},
};

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_keyload_one(&k, args, args->operand[0], WTL_KEYLOAD_ANY, err));
    AUTO(wtl_buf) public = {0};
    TRY(wtl_key_write_public(k, WTL_KEY_PEM, &public, err));
    ENSURE(wtl_buf_cstr(&public) != NULL, err, WTL_NOMEM, "out of memory");
    if (wtl_args_has(args, "public") && !args->json) {
        fputs(wtl_buf_cstr(&public), stdout);
        return WTL_OK;
    }
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    AUTO(wtl_buf) hint = {0};
    if (wtl_key_alg(k)->kind == WTL_ALG_SIG)
        TRY(model_signing_hint(&hint, k, err));
    if (args->json)
        return show_json(k, id, &hint, &public, err);
    show_text(k, id, &hint, args->operand[0]);
    return WTL_OK;
}

const wtl_cmd wtl_cmd_key_show = {
    .name = "key show",
    .summary = "Say what a key file holds, without its secret.",
    .operands = "FILE",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "key generate, algs",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more = "FILE is PKCS#8 or SubjectPublicKeyInfo in PEM or DER, a JWK, or age's X-Wing text form. The "
            "private\n"
            "part is never printed.",
    .run = run,
};
