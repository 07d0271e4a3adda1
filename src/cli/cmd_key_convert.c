#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/keyload.h"
#include "cli/show.h"
#include "fs/out.h"
#include "jose/jwk.h"

static const wtl_opt opts[] = {
    {.name = "to",
     .arg = "FORM",
     .required = true,
     .values = "jwk pem der age",
     .help = "jwk, pem, der, or age (X-Wing keys)"},
    {.name = "out",
     .arg = "FILE",
     .required = true,
     .help = "the new file; an existing one is never overwritten"},
    {.name = "public", .help = "write the public key alone, also of a private key"},
    {.name = "kid", .arg = "TEXT", .help = "the JWK's key id, instead of its thumbprint (RFC 7638)"},
    {.name = "encrypt",
     .help = "encrypt a private key (PEM, DER) with a passphrase asked for on the terminal"},
    WTL_KEYLOAD_OPTS,
};

enum form { JWK, PEM, DER, AGE, FORMS };
static const char *const form_name[FORMS] = {"jwk", "pem", "der", "age"};

static int choose_form(enum form *out, const char *name, wtl_err *err)
{
    for (int i = 0; i < FORMS; i++) {
        if (strcmp(name, form_name[i]) == 0) {
            *out = (enum form)i;
            return WTL_OK;
        }
    }
    return WTL_FAIL(err, WTL_USAGE, "--to takes jwk, pem, der or age, not '%s'", name);
}

static int check(const wtl_args *args, enum form form, const wtl_key *k, bool private, wtl_err *err)
{
    bool age = (wtl_key_alg(k)->flags & WTL_ALG_AGE_TEXT) != 0;
    bool encrypt = wtl_args_has(args, "encrypt");
    ENSURE(age || form != AGE, err, WTL_USAGE, "age's text form is for X-Wing keys, and this is a %s key",
           wtl_key_alg_name(k));
    ENSURE(!age || form == AGE, err, WTL_USAGE, "%s keys have age's text form alone: --to age",
           wtl_key_alg_name(k));
    ENSURE(form == JWK || !wtl_args_has(args, "kid"), err, WTL_USAGE, "--kid is for --to jwk");
    ENSURE(!encrypt || private, err, WTL_USAGE, "--encrypt is for private keys");
    ENSURE(!encrypt || form == PEM || form == DER, err, WTL_USAGE, "--encrypt is for --to pem and --to der");
    return WTL_OK;
}

static int write_public(wtl_out *o, const wtl_args *args, enum form form, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    if (form == JWK)
        TRY(wtl_jwk_write_public(k, wtl_args_get(args, "kid", 0), &text, err));
    else
        TRY(wtl_key_write_public(k, form == DER ? WTL_KEY_DER : WTL_KEY_PEM, &text, err));
    return wtl_out_write(o, wtl_buf_view(&text), err);
}

static int write_private(wtl_out *o, const wtl_args *args, enum form form, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_secret) text = {0};
    AUTO(wtl_secret) pass = {0};
    if (wtl_args_has(args, "encrypt"))
        TRY(wtl_keyload_new_passphrase(&pass, "the private key", err));
    if (form == JWK)
        TRY(wtl_jwk_write_private(k, wtl_args_get(args, "kid", 0), &text, err));
    else
        TRY(wtl_key_write_private(k, form == DER ? WTL_KEY_DER : WTL_KEY_PEM, pass.n > 0 ? &pass : NULL,
                                  &text, err));
    return wtl_out_write(o, wtl_secret_view(&text), err);
}

static int report(const wtl_args *args, enum form form, const wtl_key *k, bool private, wtl_err *err)
{
    const char *path = wtl_args_get(args, "out", 0);
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(k, id, err));
    if (args->json)
        return wtl_show_json(json_pack("{s:s, s:o, s:s, s:b, s:b, s:o}", "algorithm", wtl_key_alg_name(k),
                                       "key_id", wtl_show_json_hex(id, sizeof id), "form", form_name[form],
                                       "private", private, "encrypted", wtl_args_has(args, "encrypt"), "out",
                                       wtl_show_json_name(path)),
                             err);
    printf("%s: %s %s key, %s\n", wtl_show_name(path), private ? "private" : "public", wtl_key_alg_name(k),
           !private                        ? "give it away"
           : wtl_args_has(args, "encrypt") ? "encrypted; keep it (mode 0600)"
                                           : "not encrypted: keep it (mode 0600)");
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    enum form form = JWK;
    TRY(choose_form(&form, wtl_args_get(args, "to", 0), err));
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_keyload_one(&k, args, args->operand[0], WTL_KEYLOAD_ANY, err));
    bool private = wtl_key_is_private(k) && !wtl_args_has(args, "public");
    TRY(check(args, form, k, private, err));
    AUTO(wtl_out) o = {.fd = -1, .dirfd = -1};
    const char *path = wtl_args_get(args, "out", 0);
    /* wtl_out would advise --force, which there is none of. */
    int rc = wtl_out_open(&o, path, 0, private ? 0600 : 0644, err);
    if (rc == WTL_POLICY)
        return WTL_FAIL(err, WTL_POLICY,
                        "%s exists already, and a key is never written over another: choose another name",
                        wtl_show_name(path));
    TRY(rc);
    TRY(private ? write_private(&o, args, form, k, err) : write_public(&o, args, form, k, err));
    TRY(wtl_out_commit(&o, err));
    return report(args, form, k, private, err);
}

static const wtl_example examples[] = {
    {"wattle key convert signer.key --to jwk --out signer.jwk", "private, mode 0600"},
    {"wattle key convert signer.key --to jwk --public --out signer.pub.jwk", "what verifiers of tokens want"},
    {"wattle key convert theirs.jwk --to pem --encrypt --out theirs.key", "asks for a passphrase"},
    {"wattle key convert signer.pub --to der --out signer.der", NULL},
};

static const wtl_field fields[] = {
    {.name = "algorithm", .meaning = "of the key"},
    {.name = "key_id", .meaning = "SHA-256 of the public key, hexadecimal"},
    {.name = "form", .meaning = "of the new file: jwk, pem, der or age"},
    {.name = "private", .meaning = "the new file holds the private key"},
    {.name = "encrypted", .meaning = "with a passphrase"},
    {.name = "out", .meaning = "the new file"},
};

const wtl_cmd wtl_cmd_key_convert = {
    .name = "key convert",
    .summary = "Write a key in another form: JWK, PEM, DER or age's text.",
    .operands = "FILE",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "key show, key generate",
    .least = 1,
    .most = 1,
    WTL_CMD_OPTS(opts),
    .more =
        "FILE is a key in any of these forms. JWK is for ML-DSA (kty AKP, RFC 9964), ECDSA (EC, RFC 7518), "
        "Ed25519\n"
        "and X25519 (OKP, RFC 8037). A private key stays private unless --public is given, and is written "
        "with\n"
        "mode 0600; a JWK cannot be encrypted. An ML-DSA key is written as its seed, so one that was stored\n"
        "without it has no JWK.",
    .run = run,
};
