#include "provider/decoder.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "base/rd.h"

enum {
    DER_INTEGER = 0x02,
    DER_BITS = 0x03,
    DER_OCTETS = 0x04,
    DER_SEQUENCE = 0x30,
    DER_SEED = 0x80,       /* [0] IMPLICIT OCTET STRING */
    DER_ATTRIBUTES = 0xa0, /* [0] IMPLICIT SET */
    DER_PUBLIC = 0x81,     /* [1] IMPLICIT BIT STRING */
    DER_HEAD = 4,          /* the longest head of an element below 64 KiB */
    DER_MOST = 32768       /* bytes of the largest key worth reading */
};

typedef struct reader {
    wtl_prov *p;
    const wtl_decoder_kind *kind;
    bool is_private;
    int selection;
} reader;

void *wtl_decoder_new(wtl_prov *p, const wtl_decoder_kind *kind, bool is_private)
{
    reader *r = OPENSSL_zalloc(sizeof *r);
    if (r != NULL)
        *r = (reader){p, kind, is_private, 0};
    return r;
}

void wtl_decoder_free(void *ctx)
{
    OPENSSL_free(ctx);
}

/* Each selection takes in those below it, as in OpenSSL's own decoders; 0 means that the caller wants a guess. */
int wtl_decoder_does_public(void *provctx, int selection)
{
    (void)provctx;
    return selection == 0 || ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 &&
                              (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0);
}

int wtl_decoder_does_private(void *provctx, int selection)
{
    (void)provctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

/* The length that stands in the head of an element, shortest form only; -1 when it does not. `more` is what follows the
 * first length byte. */
static int length_of(uint8_t first, const uint8_t more[2])
{
    if (first < 0x80)
        return first;
    if (first == 0x81)
        return more[0] >= 0x80 ? more[0] : -1;
    int two = more[0] << 8 | more[1];
    return first == 0x82 && two > 0xff ? two : -1;
}

/* The contents of an element of this tag. */
static wtl_bytes element(wtl_rd *r, uint8_t tag)
{
    uint8_t more[2] = {0};
    bool good = wtl_rd_u8(r) == tag;
    uint8_t first = wtl_rd_u8(r);
    if (first == 0x81 || first == 0x82)
        wtl_rd_copy(r, more, first - 0x80);
    int n = length_of(first, more);
    r->bad = r->bad || !good || n < 0;
    return wtl_rd_take(r, n < 0 ? 0 : (size_t)n);
}

static bool next_is(const wtl_rd *r, uint8_t tag)
{
    return !r->bad && r->n > 0 && r->p[0] == tag;
}

static bool is_ours(wtl_rd *r, const wtl_decoder_kind *kind)
{
    wtl_bytes found = wtl_rd_take(r, kind->algorithm_n);
    return !r->bad && memcmp(found.p, kind->algorithm, found.n) == 0;
}

static int parse_public(wtl_decoder_parts *out, const wtl_decoder_kind *kind, wtl_bytes der, wtl_err *err)
{
    wtl_rd all = wtl_rd_of(der);
    wtl_rd r = wtl_rd_of(element(&all, DER_SEQUENCE));
    if (!is_ours(&r, kind))
        return WTL_NO;
    wtl_bytes bits = element(&r, DER_BITS);
    ENSURE(wtl_rd_done(&r) && wtl_rd_done(&all) && bits.n == 1u + kind->pub && bits.p[0] == 0, err,
           WTL_FORMAT,
           "a public key of %s is malformed: it must be a bit string of %u bytes and nothing more",
           kind->name, kind->pub);
    out->pub = (wtl_bytes){bits.p + 1, bits.n - 1};
    return WTL_OK;
}

/* ML-DSA-PrivateKey and ML-KEM-PrivateKey: a CHOICE of three. For X25519 (RFC 8410) the second alone. */
static bool parse_choice(wtl_decoder_parts *out, const wtl_decoder_kind *kind, wtl_bytes text)
{
    wtl_rd r = wtl_rd_of(text);
    wtl_rd both = {0};
    bool pair = kind->seed > 0 && next_is(&r, DER_SEQUENCE);
    if (pair)
        both = wtl_rd_of(element(&r, DER_SEQUENCE));
    if (pair)
        out->seed = element(&both, DER_OCTETS);
    else if (kind->seed > 0 && next_is(&r, DER_SEED))
        out->seed = element(&r, DER_SEED);
    bool seed = out->seed.n > 0;
    if (pair || !seed)
        out->priv = element(pair ? &both : &r, DER_OCTETS);
    bool priv = out->priv.n > 0;
    return wtl_rd_done(&r) && (!pair || wtl_rd_done(&both)) && (seed || priv) && (!pair || (seed && priv)) &&
           (!seed || out->seed.n == kind->seed) && (!priv || out->priv.n == kind->priv);
}

static int parse_private(wtl_decoder_parts *out, const wtl_decoder_kind *kind, wtl_bytes der, wtl_err *err)
{
    wtl_rd all = wtl_rd_of(der);
    wtl_rd r = wtl_rd_of(element(&all, DER_SEQUENCE));
    wtl_bytes version = element(&r, DER_INTEGER);
    if (!is_ours(&r, kind))
        return WTL_NO;
    bool good = version.n == 1 && version.p[0] <= 1;
    wtl_bytes inner = element(&r, DER_OCTETS);
    good = good && !r.bad && parse_choice(out, kind, inner);
    if (next_is(&r, DER_ATTRIBUTES))
        (void)element(&r, DER_ATTRIBUTES);
    if (good && version.p[0] == 1 && next_is(&r, DER_PUBLIC)) {
        wtl_bytes bits = element(&r, DER_PUBLIC);
        good = bits.n == 1u + kind->pub && bits.p[0] == 0;
        out->pub = good ? (wtl_bytes){bits.p + 1, bits.n - 1} : (wtl_bytes){0};
    }
    ENSURE(
        good && wtl_rd_done(&r) && wtl_rd_done(&all), err, WTL_FORMAT,
        "a private key of %s is malformed: it must be PKCS#8 with a seed of %u bytes, an expanded key of %u, "
        "or both",
        kind->name, kind->seed, kind->priv);
    return WTL_OK;
}

int wtl_decoder_parse(wtl_decoder_parts *out, const wtl_decoder_kind *kind, bool is_private, wtl_bytes der,
                      wtl_err *err)
{
    wtl_decoder_parts parts = {0};
    TRY(is_private ? parse_private(&parts, kind, der, err) : parse_public(&parts, kind, der, err));
    *out = parts;
    return WTL_OK;
}

static bool read_all(const reader *r, OSSL_CORE_BIO *in, uint8_t *to, size_t n)
{
    while (n > 0) {
        size_t got = 0;
        if (!r->p->call.bio_read_ex(in, to, n, &got) || got == 0 || got > n)
            return false;
        to += got;
        n -= got;
    }
    return true;
}

/* One SEQUENCE from the BIO into *der, which the caller wipes and frees; or none, when something else stands there. */
static bool read_der(const reader *r, OSSL_CORE_BIO *in, uint8_t **der, size_t *n)
{
    uint8_t head[DER_HEAD] = {0};
    if (!read_all(r, in, head, 2) || head[0] != DER_SEQUENCE)
        return false;
    size_t more = head[1] == 0x81 || head[1] == 0x82 ? head[1] - 0x80u : 0;
    if (!read_all(r, in, head + 2, more))
        return false;
    int inside = length_of(head[1], head + 2);
    if (inside < 0 || inside > DER_MOST)
        return false;
    size_t head_n = 2 + more;
    *n = head_n + (size_t)inside;
    *der = OPENSSL_malloc(*n);
    if (*der == NULL)
        return false;
    memcpy(*der, head, head_n);
    return read_all(r, in, *der + head_n, (size_t)inside);
}

static void *read_key(const reader *r, OSSL_CORE_BIO *in)
{
    uint8_t *der = NULL;
    size_t n = 0;
    void *key = NULL;
    wtl_err err = {0};
    wtl_decoder_parts parts;
    if (read_der(r, in, &der, &n)) {
        int rc = wtl_decoder_parse(&parts, r->kind, r->is_private, (wtl_bytes){der, n}, &err);
        if (rc == WTL_OK)
            key = r->kind->make(r->p, r->kind->which, &parts, &err);
        if (key == NULL && rc != WTL_NO)
            wtl_prov_raise(r->p, &err);
    }
    OPENSSL_clear_free(der, n);
    return key;
}

/* Returns 1 also when there was no key for us: another decoder is asked then. */
int wtl_decoder_decode(void *ctx, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *cb, void *arg,
                       OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    (void)ask;
    (void)ask_arg;
    reader *r = ctx;
    r->selection = selection;
    void *key = read_key(r, in);
    if (key == NULL)
        return 1;
    int type = OSSL_OBJECT_PKEY;
    const OSSL_PARAM found[] = {
        OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
        OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, (char *)r->kind->name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, (void *)&key, sizeof key),
        OSSL_PARAM_construct_end()};
    int done = cb(found, arg);
    r->kind->free_key(key); /* NULL when KEYMGMT took it */
    return done;
}

int wtl_decoder_export(void *ctx, const void *reference, size_t n, OSSL_CALLBACK *cb, void *arg)
{
    const reader *r = ctx;
    void *key;
    if (n != sizeof key)
        return 0;
    memcpy(&key, reference, sizeof key);
    int selection = r->selection != 0 ? r->selection : OSSL_KEYMGMT_SELECT_ALL;
    return key != NULL && r->kind->export_key(key, selection, cb, arg);
}
