#include "crypto/agetext.h"
#include "crypto/key_der.h"
#include "crypto/key_impl.h"
#include "crypto/key_pbes.h"
#include "crypto/key_pem.h"
#include "crypto/key_pkcs8.h"

static bool in_age_text(const wtl_key *k)
{
    return (k->alg->flags & WTL_ALG_AGE_TEXT) != 0;
}

static int no_der(const wtl_key *k, wtl_err *err)
{
    return WTL_FAIL(err, WTL_USAGE, "%s keys are written in age's text form, not in DER", k->alg->name);
}

/* SubjectPublicKeyInfo ::= SEQUENCE { algorithm, BIT STRING } */
static int spki(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) body = {0};
    TRY(wtl_key_der_algid(&body, k->alg, err));
    wtl_key_der_head(&body, WTL_DER_BITS, 1 + k->alg->pub);
    wtl_buf_u8(&body, 0);
    TRY(wtl_key_public_raw(k, &body, err));
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&body));
    return wtl_buf_check(out, err);
}

int wtl_key_write_public(const wtl_key *k, enum wtl_key_form form, wtl_buf *out, wtl_err *err)
{
    if (in_age_text(k))
        return form == WTL_KEY_PEM ? wtl_agetext_public(k, out, err) : no_der(k, err);
    if (form == WTL_KEY_DER)
        return spki(k, out, err);
    AUTO(wtl_buf) der = {0};
    TRY(spki(k, &der, err));
    AUTO(wtl_secret) text = {0};
    TRY(wtl_key_pem_write("PUBLIC KEY", wtl_buf_view(&der), &text, err));
    wtl_buf_bytes(out, wtl_secret_view(&text));
    return wtl_buf_check(out, err);
}

static int write_age(const wtl_key *k, enum wtl_key_form form, const wtl_secret *passphrase, wtl_secret *out,
                     wtl_err *err)
{
    if (form != WTL_KEY_PEM)
        return no_der(k, err);
    ENSURE(passphrase == NULL, err, WTL_USAGE,
           "%s keys are written in age's text form, which has no passphrase: encrypt the file by other means",
           k->alg->name);
    return wtl_agetext_private(k, out, err);
}

static void move(wtl_secret *to, wtl_secret *from)
{
    *to = *from;
    *from = (wtl_secret){0};
}

int wtl_key_write_private(const wtl_key *k, enum wtl_key_form form, const wtl_secret *passphrase,
                          wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    ENSURE(k->is_private, err, WTL_USAGE, "this is a public %s key: there is no private key to write",
           k->alg->name);
    if (in_age_text(k))
        return write_age(k, form, passphrase, out, err);
    AUTO(wtl_secret) der = {0};
    TRY(wtl_key_pkcs8_write(k, &der, err));
    if (passphrase != NULL)
        TRY(wtl_key_pbes_seal(&der, wtl_secret_view(passphrase), err));
    if (form == WTL_KEY_PEM)
        return wtl_key_pem_write(passphrase != NULL ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY",
                                 wtl_secret_view(&der), out, err);
    move(out, &der);
    return WTL_OK;
}
