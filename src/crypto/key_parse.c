#include <string.h>

#include "base/text.h"
#include "crypto/agetext.h"
#include "crypto/key_der.h"
#include "crypto/key_impl.h"
#include "crypto/key_pbes.h"
#include "crypto/key_pem.h"
#include "crypto/key_pkcs8.h"
#include "crypto/lib.h"

/* Several times the longest key that there is, ML-DSA-87 in both forms as PEM text. */
enum { FILE_MOST = 64 * 1024 };

/* SubjectPublicKeyInfo (RFC 5280 section 4.1). */
static int read_spki(wtl_key **out, wtl_bytes der, wtl_err *err)
{
    wtl_bytes body;
    wtl_bytes algid;
    wtl_bytes raw;
    const wtl_alg *alg = NULL;
    ENSURE(wtl_key_der_take(&der, WTL_DER_SEQUENCE, &body) && der.n == 0 &&
               wtl_key_der_whole(&body, WTL_DER_SEQUENCE, &algid) &&
               wtl_key_der_bits(&body, WTL_DER_BITS, &raw) && body.n == 0,
           err, WTL_FORMAT, "the public key is not laid out as RFC 5280 says");
    TRY(wtl_key_der_alg(&alg, algid, err));
    return alg->group != NULL ? wtl_key_ec_public(out, alg, raw, err)
                              : wtl_key_from_public(out, alg, raw, err);
}

static int read_encrypted(wtl_key **out, wtl_bytes der, const wtl_passphrase *pp, wtl_err *err)
{
    AUTO(wtl_secret) plain = {0};
    TRY(wtl_key_pbes_open(der, pp, &plain, err));
    return wtl_key_pkcs8_read(out, wtl_secret_view(&plain), err);
}

static int read_pem(wtl_key **out, wtl_bytes file, const wtl_passphrase *pp, wtl_err *err)
{
    wtl_bytes label;
    AUTO(wtl_secret) content = {0};
    TRY(wtl_key_pem_read(file, &label, &content, err));
    wtl_bytes der = wtl_secret_view(&content);
    if (wtl_text_eq(label, "PUBLIC KEY"))
        return read_spki(out, der, err);
    if (wtl_text_eq(label, "PRIVATE KEY"))
        return wtl_key_pkcs8_read(out, der, err);
    if (wtl_text_eq(label, "ENCRYPTED PRIVATE KEY"))
        return read_encrypted(out, der, pp, err);
    if (wtl_text_eq(label, "EC PRIVATE KEY"))
        return wtl_key_pkcs8_read_sec1(out, der, err);
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, (wtl_bytes){label.p, label.n < 64 ? label.n : 64});
    const char *name = wtl_buf_cstr(&quoted);
    return WTL_FAIL(err, WTL_FORMAT, "the PEM block \"%s\" is not a key that Wattle reads",
                    name != NULL ? name : "");
}

static bool is_der(wtl_bytes file)
{
    wtl_bytes body;
    return wtl_key_der_take(&file, WTL_DER_SEQUENCE, &body) && file.n == 0;
}

/* By the first two elements: version and octets are an ECPrivateKey, a version and anything else PKCS#8; an
 * AlgorithmIdentifier and octets are an encrypted key, and bits a public one. */
static int read_der(wtl_key **out, wtl_bytes der, const wtl_passphrase *pp, wtl_err *err)
{
    wtl_bytes in = der;
    wtl_bytes body = {0};
    wtl_bytes part;
    wtl_key_der_take(&in, WTL_DER_SEQUENCE, &body);
    bool version = wtl_key_der_take(&body, WTL_DER_INTEGER, &part);
    if (!version)
        wtl_key_der_take(&body, WTL_DER_SEQUENCE, &part);
    bool octets = body.n > 0 && body.p[0] == WTL_DER_OCTETS;
    if (version)
        return octets ? wtl_key_pkcs8_read_sec1(out, der, err) : wtl_key_pkcs8_read(out, der, err);
    return octets ? read_encrypted(out, der, pp, err) : read_spki(out, der, err);
}

int wtl_key_parse(wtl_key **out, wtl_bytes file, const wtl_passphrase *pp, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    ENSURE(file.n > 0, err, WTL_FORMAT, "the key file is empty");
    ENSURE(file.n <= FILE_MOST, err, WTL_FORMAT, "the file is larger than any key file");
    if (is_der(file))
        return read_der(out, file, pp, err);
    if (wtl_key_pem_looks(file))
        return read_pem(out, file, pp, err);
    if (wtl_agetext_looks(file))
        return wtl_agetext_parse(out, file, err);
    return WTL_FAIL(err, WTL_FORMAT, "the file is no key: neither PEM, nor whole DER, nor age's text form");
}
