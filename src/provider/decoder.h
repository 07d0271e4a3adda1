/* Readers of DER keys, so that keys land in this provider when they are loaded: SubjectPublicKeyInfo (RFC 5280 section 4.1) and
 * PrivateKeyInfo (RFC 5958), with the private key as RFC 9881 and RFC 9935 have it: seed, expanded key, or both. */
#ifndef WTL_PROVIDER_DECODER_H
#define WTL_PROVIDER_DECODER_H

#include <wattle/bytes.h>

#include "provider/prov.h"

enum { WTL_DECODER_ALGORITHM_MOST = 13 };

/* What was found; what was not is empty. Borrowed. */
typedef struct wtl_decoder_parts {
    wtl_bytes pub, seed, priv;
} wtl_decoder_parts;

/* One kind of key. Static storage. */
typedef struct wtl_decoder_kind {
    const char *name; /* as in algs.def: "ML-DSA-65" */
    uint8_t
        algorithm[WTL_DECODER_ALGORITHM_MOST]; /* DER of its AlgorithmIdentifier, which has no parameters */
    uint8_t algorithm_n;
    uint16_t pub, seed, priv; /* sizes in bytes; seed 0: there is no such form */
    int which;                /* for make */
    /* Keydata of the kind's KEYMGMT. Parts have the sizes above; all that are given must belong together. NULL with err
     * filled. */
    void *(*make)(wtl_prov *p, int which, const wtl_decoder_parts *parts, wtl_err *err);
    OSSL_FUNC_keymgmt_free_fn *free_key;
    OSSL_FUNC_keymgmt_export_fn *export_key;
} wtl_decoder_kind;

/* What WTL_DECODER_TABLES fills in. */
void *wtl_decoder_new(wtl_prov *p, const wtl_decoder_kind *kind, bool is_private);
OSSL_FUNC_decoder_freectx_fn wtl_decoder_free;
OSSL_FUNC_decoder_does_selection_fn wtl_decoder_does_public, wtl_decoder_does_private;
OSSL_FUNC_decoder_decode_fn wtl_decoder_decode;
OSSL_FUNC_decoder_export_object_fn wtl_decoder_export;

/* Defines the tables name_spki and name_pki for algs.def. */
#define WTL_DECODER_TABLES(name, kind)                                                                \
    static void *name##_new_spki(void *provctx)                                                       \
    {                                                                                                 \
        return wtl_decoder_new(provctx, kind, false);                                                 \
    }                                                                                                 \
    static void *name##_new_pki(void *provctx)                                                        \
    {                                                                                                 \
        return wtl_decoder_new(provctx, kind, true);                                                  \
    }                                                                                                 \
    const OSSL_DISPATCH name##_spki[] = {WTL_DECODER_ROWS(name##_new_spki, wtl_decoder_does_public)}; \
    const OSSL_DISPATCH name##_pki[] = {WTL_DECODER_ROWS(name##_new_pki, wtl_decoder_does_private)}
#define WTL_DECODER_ROWS(new_, does)                                    \
    {OSSL_FUNC_DECODER_NEWCTX, (void (*)(void))(new_)},                 \
        {OSSL_FUNC_DECODER_FREECTX, (void (*)(void))wtl_decoder_free},  \
        {OSSL_FUNC_DECODER_DOES_SELECTION, (void (*)(void))(does)},     \
        {OSSL_FUNC_DECODER_DECODE, (void (*)(void))wtl_decoder_decode}, \
        {OSSL_FUNC_DECODER_EXPORT_OBJECT, (void (*)(void))wtl_decoder_export}, OSSL_DISPATCH_END

/* The inner part: the parts of a whole DER text, borrowed from it. WTL_NO when it is a key of another algorithm or no key at all,
 * WTL_FORMAT when it is one of this kind and wrong. No key is made. */
int wtl_decoder_parse(wtl_decoder_parts *out, const wtl_decoder_kind *kind, bool is_private, wtl_bytes der,
                      wtl_err *err) WTL_MUST_USE;

#endif
