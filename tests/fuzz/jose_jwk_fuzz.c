/* Whatever is accepted can be written, and is read again as the same key; a refusal has a sentence, and no private
 * value of the input gets past the mask. */
#include "replay.h"

#include <stdlib.h>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/jwk_mask.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_mask(wtl_bytes in)
{
    AUTO(wtl_jwk_mask) m = {0};
    if (wtl_jwk_mask_text(&m, in, NULL) < 0)
        return;
    must(m.text.n == in.n);
    const wtl_bytes hidden[2] = {m.priv, m.d};
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; hidden[i].p != NULL && k < hidden[i].n; k++)
            must(m.text.p[hidden[i].p - in.p + (ptrdiff_t)k] == WTL_JWK_MASK_WITH);
    }
}

static void check_again(const wtl_key *k)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_secret) secret = {0};
    AUTO(wtl_key) *again = NULL;
    AUTO(wtl_key) *private = NULL;
    must(wtl_jwk_write_public(k, NULL, &text, NULL) == WTL_OK);
    must(wtl_jwk_read(&again, NULL, wtl_buf_view(&text), NULL) == WTL_OK && wtl_key_same(k, again));
    if (!wtl_key_is_private(k))
        return;
    must(wtl_jwk_write_private(k, NULL, &secret, NULL) == WTL_OK);
    must(wtl_jwk_read(&private, NULL, wtl_secret_view(&secret), NULL) == WTL_OK && wtl_key_same(k, private));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) kid = {0};
    wtl_err err = {0};
    wtl_bytes in = {data, size};
    check_mask(in);
    if (wtl_jwk_read(&k, &kid, in, &err) < 0) {
        must(err.text[0] != '\0' && k == NULL);
        return 0;
    }
    must(wtl_jwk_looks(in));
    must(wtl_text_is_utf8(wtl_buf_view(&kid)));
    check_again(k);
    return 0;
}
