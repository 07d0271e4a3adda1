/* What is accepted is written again as the same text; what is refused leaves the table as it was. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "tls/pin.h"

static void same(const wtl_pin *p, wtl_bytes text)
{
    AUTO(wtl_buf) again = {0};
    uint64_t changes = 0;
    if (wtl_pin_text(p, &again, 0, &changes, NULL) < 0 || changes != 0 || again.n != text.n ||
        memcmp(again.p, text.p, text.n) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char empty[] = "wattle-pins 1\n";
    AUTO(wtl_pin) *p = NULL;
    wtl_err err = {0};
    if (wtl_pin_new(&p, &err) < 0)
        abort();
    int rc = wtl_pin_parse(p, (wtl_bytes){data, size}, 0, &err); /* at 1970 nothing is too old */
    if (rc == WTL_OK)
        same(p, (wtl_bytes){data, size});
    else if (rc == WTL_FORMAT && err.text[0] != '\0')
        same(p, (wtl_bytes){(const uint8_t *)empty, sizeof empty - 1});
    else
        abort();
    return 0;
}
