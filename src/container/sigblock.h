/* The sender's signatures (docs/formats/wtl.md, "Signature block"). */
#ifndef WTL_CONTAINER_SIGBLOCK_H
#define WTL_CONTAINER_SIGBLOCK_H

#include "base/buf.h"
#include <wattle/key.h>

enum { WTL_SIGBLOCK_MOST = 64 << 20 }; /* over a thousand of the largest signatures */

typedef struct wtl_sender {
    uint16_t alg; /* number of the format's own table */
    uint8_t key_id[WTL_KEY_ID];
    wtl_bytes signature; /* borrowed */
} wtl_sender;

typedef struct wtl_sigblock {
    wtl_sender *s;
    size_t n;
} wtl_sigblock;
void wtl_sigblock_free(wtl_sigblock *b);
void wtl_sigblock_auto(wtl_sigblock *b);

int wtl_sigblock_encode(wtl_buf *out, const wtl_sender *s, size_t n, wtl_err *err) WTL_MUST_USE;

/* WTL_FORMAT: malformed, or one key twice. Borrows from `raw`. */
int wtl_sigblock_parse(wtl_sigblock *out, wtl_bytes raw, wtl_err *err) WTL_MUST_USE;

/* The format's stable numbers of signature algorithms, by canonical name: 0 or NULL when there is none. */
uint16_t wtl_sigblock_alg_number(const char *name);
const char *wtl_sigblock_alg_name(uint16_t number);

#endif
