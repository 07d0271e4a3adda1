/* Whatever is accepted has a payload and a signature; one with a hint can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "bundle/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const wtl_bundle *b)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_bundle) c = {0};
    if (wtl_bundle_encode(wtl_buf_view(&b->payload), b->payload_type, b->hint, wtl_buf_view(&b->signature),
                          &text, NULL) < 0 ||
        wtl_bundle_parse(&c, wtl_buf_view(&text), NULL) < 0)
        abort();
    if (c.key_kind != WTL_BUNDLE_HINT || strcmp(b->hint, c.hint) != 0 || b->payload.n != c.payload.n ||
        memcmp(b->payload.p, c.payload.p, c.payload.n) != 0 || b->signature.n != c.signature.n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_bundle) b = {0};
    AUTO(wtl_buf) pae = {0};
    wtl_err err = {0};
    if (wtl_bundle_parse(&b, (wtl_bytes){data, size}, &err) < 0) {
        if (err.text[0] == '\0' || b.payload.p != NULL)
            abort();
        return 0;
    }
    if (b.payload.n == 0 || b.signature.n == 0 || (b.key_kind == WTL_BUNDLE_CHAIN) != (b.n_chain > 0))
        abort();
    wtl_bundle_pae(&pae, b.payload_type, wtl_buf_view(&b.payload));
    if (b.key_kind == WTL_BUNDLE_HINT)
        check_again(&b);
    return 0;
}
