/* Whatever is accepted means what its canonical text says: writing the fields anew gives the same text to sign. */
#include <stdlib.h>
#include <string.h>

#include "envelope/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const wtl_buf *a, const wtl_buf *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_envelope) e = {0};
    AUTO(wtl_envelope) again = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) received = {0};
    wtl_err err = {0};
    (void)wtl_envelope_is((wtl_bytes){data, size}, false);
    if (wtl_envelope_parse(&e, (wtl_bytes){data, size}, &err) < 0) {
        if (err.text[0] == '\0' || e.body.p != NULL || e.signature.p != NULL)
            abort();
        return 0;
    }
    wtl_buf_bytes(&received, wtl_buf_view(&e.body));
    if (e.signature.n == 0 || wtl_envelope_describe(&e, NULL) < 0 || !same(&received, &e.body))
        abort();
    if (wtl_envelope_encode(&e, &text, NULL) < 0 ||
        wtl_envelope_parse(&again, wtl_buf_view(&text), NULL) < 0 || !same(&e.body, &again.body) ||
        !same(&e.signature, &again.signature))
        abort();
    return 0;
}
