/* The text encodings: whatever decodes must encode to the same text, and quoted bytes must be safe to print. */
#include "replay.h"

#include <stdlib.h>

#include "base/secret.h"
#include "base/text.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_buf) bytes = {0};
    AUTO(wtl_buf) text = {0};
    wtl_bytes in = {data, size};

    if (wtl_text_b64_decode(&bytes, in, NULL) == 0) {
        wtl_text_b64_encode(&text, wtl_buf_view(&bytes));
        must(wtl_ct_eq(wtl_buf_view(&text), in));
    }
    wtl_buf_clear(&bytes);
    wtl_buf_clear(&text);
    if (wtl_text_b64url_decode(&bytes, in, NULL) == 0) {
        wtl_text_b64url_encode(&text, wtl_buf_view(&bytes));
        must(wtl_ct_eq(wtl_buf_view(&text), in));
    }
    wtl_buf_clear(&bytes);
    wtl_buf_clear(&text);
    if (wtl_text_hex_decode(&bytes, in, NULL) == 0) {
        wtl_buf_hex(&text, wtl_buf_view(&bytes));
        must(wtl_ct_eq(wtl_buf_view(&text), in));
    }
    wtl_buf_clear(&text);
    wtl_text_quote(&text, in);
    must(wtl_text_is_utf8(wtl_buf_view(&text)));
    for (size_t i = 0; i < text.n; i++)
        must(text.p[i] >= 0x20 && text.p[i] != 0x7f);
    return 0;
}
