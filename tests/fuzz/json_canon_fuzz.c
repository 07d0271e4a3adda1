/* What has a canonical text reads back as the same text, and as an equal value but for numbers that lost their form. */
#include <stdlib.h>
#include <string.h>

#include "json/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(json_t) *j = NULL;
    AUTO(json_t) *again = NULL;
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) second = {0};
    if (wtl_json_parse(&j, (wtl_bytes){data, size}, "input", NULL) < 0)
        return 0;
    wtl_err err = {0};
    if (wtl_canon_write(j, &text, &err) < 0) {
        if (err.code != WTL_FORMAT || text.n != 0)
            abort();
        return 0;
    }
    /* A large real is written without a point; read back as an integer it may be beyond the exact range. */
    if (wtl_json_parse(&again, wtl_buf_view(&text), "output", NULL) < 0 ||
        wtl_canon_write(again, &second, NULL) < 0)
        return 0;
    if (second.n != text.n || memcmp(second.p, text.p, text.n) != 0)
        abort();
    return 0;
}
