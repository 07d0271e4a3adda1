/* Bech32 (BIP 173: checksum constant 1) without its limit of 90 characters, as age uses it for keys. */
#ifndef WTL_CRYPTO_BECH32_H
#define WTL_CRYPTO_BECH32_H

#include "base/secret.h"

/* Characters that `bytes` bytes of data take under a prefix of `prefix` characters, without a NUL. */
size_t wtl_bech32_size(size_t prefix, size_t bytes);

/* Writes wtl_bech32_size characters to `out`, lower or upper case. The data may be secret: time depends on
 * its length alone. `prefix` is lower case, ASCII 33 to 126. */
void wtl_bech32_encode(char *out, const char *prefix, wtl_bytes data, bool upper);

/* The data of `text`, which must have this prefix and n bytes of data, be all lower or all upper case, have a
 * right checksum and zero pad bits; otherwise WTL_FORMAT with a sentence that shows none of the text. */
int wtl_bech32_decode(wtl_secret *data, const char *prefix, size_t n, wtl_bytes text,
                      wtl_err *err) WTL_MUST_USE;

#endif
