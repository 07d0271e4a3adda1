#include "crypto/key_der.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

/* Length octets, X.690 section 10.1: the definite form in the fewest octets. At most four of them. */
static bool take_length(const uint8_t **p, const uint8_t *end, size_t *n)
{
    if (*p == end)
        return false;
    uint8_t first = *(*p)++;
    if (first < 0x80) {
        *n = first;
        return true;
    }
    size_t octets = first & 0x7f;
    if (octets == 0 || octets > 4 || octets > (size_t)(end - *p) || **p == 0)
        return false;
    *n = 0;
    for (size_t i = 0; i < octets; i++)
        *n = *n << 8 | *(*p)++;
    return *n >= 0x80;
}

bool wtl_key_der_take(wtl_bytes *in, unsigned tag, wtl_bytes *content)
{
    if (in->n < 2 || in->p[0] != tag)
        return false;
    const uint8_t *p = in->p + 1;
    const uint8_t *end = in->p + in->n;
    size_t n = 0;
    if (!take_length(&p, end, &n) || n > (size_t)(end - p))
        return false;
    *content = (wtl_bytes){p, n};
    *in = (wtl_bytes){p + n, (size_t)(end - p) - n};
    return true;
}

bool wtl_key_der_whole(wtl_bytes *in, unsigned tag, wtl_bytes *element)
{
    const uint8_t *start = in->p;
    wtl_bytes content;
    if (!wtl_key_der_take(in, tag, &content))
        return false;
    *element = (wtl_bytes){start, (size_t)(content.p - start) + content.n};
    return true;
}

bool wtl_key_der_uint(wtl_bytes *in, uint64_t *v)
{
    wtl_bytes rest = *in;
    wtl_bytes c;
    if (!wtl_key_der_take(&rest, WTL_DER_INTEGER, &c) || c.n == 0 || (c.p[0] & 0x80) != 0 ||
        (c.n > 1 && c.p[0] == 0 && (c.p[1] & 0x80) == 0) || c.n > 9 || (c.n == 9 && c.p[0] != 0))
        return false;
    *v = 0;
    for (size_t i = 0; i < c.n; i++)
        *v = *v << 8 | c.p[i];
    *in = rest;
    return true;
}

bool wtl_key_der_bits(wtl_bytes *in, unsigned tag, wtl_bytes *bytes)
{
    wtl_bytes rest = *in;
    wtl_bytes c;
    if (!wtl_key_der_take(&rest, tag, &c) || c.n == 0 || c.p[0] != 0)
        return false;
    *bytes = (wtl_bytes){c.p + 1, c.n - 1};
    *in = rest;
    return true;
}

/* Tag and length of an element of n < 2^32 bytes; how many octets they are. */
static size_t head(uint8_t to[6], unsigned tag, size_t n)
{
    size_t octets = n < 0x80 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x1000000 ? 3 : 4;
    to[0] = (uint8_t)tag;
    to[1] = (uint8_t)(octets == 0 ? n : 0x80 | octets);
    for (size_t i = 0; i < octets; i++)
        to[2 + i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
    return 2 + octets;
}

void wtl_key_der_head(wtl_buf *out, unsigned tag, size_t n)
{
    uint8_t h[6];
    wtl_buf_add(out, h, head(h, tag, n));
}

void wtl_key_der_element(wtl_buf *out, unsigned tag, wtl_bytes content)
{
    wtl_key_der_head(out, tag, content.n);
    wtl_buf_bytes(out, content);
}

void wtl_key_der_put_uint(wtl_buf *out, uint64_t v)
{
    uint8_t octets[9] = {0};
    for (size_t i = 0; i < 8; i++)
        octets[1 + i] = (uint8_t)(v >> (8 * (7 - i)));
    size_t skip = 0;
    while (skip < 8 && octets[skip] == 0 && (octets[skip + 1] & 0x80) == 0)
        skip++;
    wtl_key_der_element(out, WTL_DER_INTEGER, (wtl_bytes){octets + skip, 9 - skip});
}

static uint8_t *append(uint8_t *to, wtl_bytes v)
{
    if (v.n > 0)
        memcpy(to, v.p, v.n);
    return to + v.n;
}

int wtl_key_der_wrap(wtl_secret *s, unsigned tag, wtl_bytes before, wtl_bytes after, wtl_err *err)
{
    uint8_t h[6];
    size_t n = before.n + s->n + after.n;
    size_t h_n = head(h, tag, n);
    wtl_secret whole = {0};
    TRY(wtl_secret_new(&whole, h_n + n, err));
    uint8_t *to = append(whole.p, (wtl_bytes){h, h_n});
    to = append(to, before);
    to = append(to, wtl_secret_view(s));
    append(to, after);
    wtl_secret_free(s);
    *s = whole;
    return WTL_OK;
}

static void put_oid(wtl_buf *out, const ASN1_OBJECT *o)
{
    wtl_key_der_element(out, WTL_DER_OID, (wtl_bytes){OBJ_get0_data(o), OBJ_length(o)});
}

int wtl_key_der_algid(wtl_buf *out, const wtl_alg *alg, wtl_err *err)
{
    AUTO(wtl_buf) oids = {0};
    if (alg->group != NULL) {
        put_oid(&oids, OBJ_nid2obj(NID_X9_62_id_ecPublicKey));
        put_oid(&oids, OBJ_nid2obj(EC_curve_nist2nid(alg->group)));
    } else {
        ASN1_OBJECT *o = OBJ_txt2obj(alg->oid, 1);
        if (o == NULL)
            return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL cannot encode the identifier of %s", alg->name);
        put_oid(&oids, o);
        ASN1_OBJECT_free(o);
    }
    TRY(wtl_buf_check(&oids, err));
    wtl_key_der_element(out, WTL_DER_SEQUENCE, wtl_buf_view(&oids));
    return wtl_buf_check(out, err);
}

/* For the message alone: the identifier as OpenSSL names it, else as numbers. */
static int unknown(wtl_bytes algid, wtl_err *err)
{
    char name[128] = "no identifier";
    wtl_bytes content;
    wtl_bytes oid;
    if (wtl_key_der_take(&algid, WTL_DER_SEQUENCE, &content) &&
        wtl_key_der_whole(&content, WTL_DER_OID, &oid)) {
        const uint8_t *p = oid.p;
        ASN1_OBJECT *o = d2i_ASN1_OBJECT(NULL, &p, (long)oid.n);
        if (o != NULL)
            OBJ_obj2txt(name, sizeof name, o, 0);
        ASN1_OBJECT_free(o);
        ERR_clear_error();
    }
    return WTL_FAIL(err, WTL_FORMAT,
                    "the key's algorithm (%s), or a parameter of it, is none that Wattle uses: `wattle algs` "
                    "lists them",
                    name);
}

int wtl_key_der_alg(const wtl_alg **out, wtl_bytes algid, wtl_err *err)
{
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *alg = wtl_alg_at(i);
        /* Rows without KEYGEN share their identifiers with others: an EC key in a file is one for ECDSA. */
        if (!(alg->flags & WTL_ALG_KEYGEN) || (alg->flags & WTL_ALG_AGE_TEXT))
            continue;
        AUTO(wtl_buf) own = {0};
        TRY(wtl_key_der_algid(&own, alg, err));
        if (own.n == algid.n && memcmp(own.p, algid.p, own.n) == 0) {
            *out = alg;
            return WTL_OK;
        }
    }
    return unknown(algid, err);
}
