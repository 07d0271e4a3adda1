/* Whatever is accepted can be written and read again, and is then the same. */
#include <stdlib.h>

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(json_t) *j = NULL;
    wtl_err err = {0};
    if (wtl_json_parse(&j, (wtl_bytes){data, size}, "input", &err) < 0) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    AUTO(wtl_buf) text = {0};
    AUTO(json_t) *again = NULL;
    if (wtl_json_write(j, false, &text, NULL) < 0 ||
        wtl_json_parse(&again, wtl_buf_view(&text), "output", NULL) < 0 || !json_equal(j, again))
        abort();
    return 0;
}
