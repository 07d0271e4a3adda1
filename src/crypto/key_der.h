/* DER as key files need it (X.690 section 10): strict, so that one key has one encoding. */
#ifndef WTL_CRYPTO_KEY_DER_H
#define WTL_CRYPTO_KEY_DER_H

#include "base/buf.h"
#include "base/secret.h"
#include "crypto/alg.h"

enum {
    WTL_DER_INTEGER = 0x02,
    WTL_DER_BITS = 0x03,
    WTL_DER_OCTETS = 0x04,
    WTL_DER_NULL = 0x05,
    WTL_DER_OID = 0x06,
    WTL_DER_SEQUENCE = 0x30
};

/* Takes one element with this tag off the front of `in`; its content, borrowed, into `content`. False, with
 * `in` unchanged, when the next element has another tag, a length that is not the shortest form, or is cut. */
bool wtl_key_der_take(wtl_bytes *in, unsigned tag, wtl_bytes *content);
/* The same, and the whole element (tag and length too) instead of its content. */
bool wtl_key_der_whole(wtl_bytes *in, unsigned tag, wtl_bytes *element);
/* An INTEGER from 0 to 2^64 - 1 in its shortest form. */
bool wtl_key_der_uint(wtl_bytes *in, uint64_t *v);
/* A BIT STRING without unused bits: its bytes. */
bool wtl_key_der_bits(wtl_bytes *in, unsigned tag, wtl_bytes *bytes);

/* Appends tag and length of an element of n bytes. */
void wtl_key_der_head(wtl_buf *out, unsigned tag, size_t n);
void wtl_key_der_element(wtl_buf *out, unsigned tag, wtl_bytes content);
void wtl_key_der_put_uint(wtl_buf *out, uint64_t v);
/* Replaces `s` by tag || length || before || s || after; the old secret is wiped. */
int wtl_key_der_wrap(wtl_secret *s, unsigned tag, wtl_bytes before, wtl_bytes after,
                     wtl_err *err) WTL_MUST_USE;

/* The AlgorithmIdentifier of the algorithm's keys: RFC 9881, 9909, 9935, 8410 (no parameters), RFC 5480
 * (a named curve). Appended, whole. */
int wtl_key_der_algid(wtl_buf *out, const wtl_alg *alg, wtl_err *err) WTL_MUST_USE;
/* The algorithm with that AlgorithmIdentifier. WTL_FORMAT, with the identifier's name in the sentence. */
int wtl_key_der_alg(const wtl_alg **out, wtl_bytes algid, wtl_err *err) WTL_MUST_USE;

#endif
