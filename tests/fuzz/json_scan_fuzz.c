/* Cutting a list out of a text accepts what parsing the whole accepts, and nothing else, with the same elements. */
#include <stdlib.h>

#include "json/scan.h"
#include "replay.h"

static const char *const path[] = {"a", "b", NULL};

/* The same list twice: from the tree of the whole, and from its place in the text. */
static void compare(const json_t *list, wtl_bytes span)
{
    size_t n = 0;
    wtl_scan scan = {.rest = span};
    for (;;) {
        wtl_bytes one;
        AUTO(json_t) *j = NULL;
        if (wtl_scan_next(&scan, &one, "list", NULL) < 0)
            abort();
        if (one.p == NULL)
            break;
        const json_t *want = json_array_get(list, n++);
        if (want == NULL)
            abort();
        bool nested = json_is_object(want) || json_is_array(want);
        if (nested && (wtl_json_parse(&j, one, "element", NULL) < 0 || !json_equal(j, want)))
            abort();
    }
    if (n != json_array_size(list))
        abort();
}

/* Whether the elements of the list are all objects or arrays that parse by themselves. */
static bool is_good(wtl_bytes span)
{
    wtl_scan scan = {.rest = span};
    for (;;) {
        wtl_bytes one;
        AUTO(json_t) *j = NULL;
        if (wtl_scan_next(&scan, &one, "list", NULL) < 0)
            return false;
        if (one.p == NULL)
            return true;
        if (wtl_json_parse(&j, one, "element", NULL) < 0)
            return false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Nesting is bounded for each part by itself: shorter texts do not come near the bound. */
    if (size > 4000)
        return 0;
    wtl_bytes text = {data, size};
    wtl_bytes span = wtl_scan_find(text, path);
    AUTO(json_t) *whole = NULL;
    AUTO(json_t) *rest = NULL;
    bool is_json = wtl_json_parse(&whole, text, "input", NULL) == 0;
    if (span.p == NULL || span.p[0] != '[')
        return 0;
    if (span.p < data || span.n > size || (size_t)(span.p - data) > size - span.n)
        abort();
    bool rest_is_json = wtl_scan_parse_rest(&rest, text, span, "[]", "input", NULL) == 0;
    if (is_json && !rest_is_json)
        abort();
    if (is_json)
        compare(json_object_get(json_object_get(whole, "a"), "b"), span);
    else if (rest_is_json && is_good(span))
        abort();
    return 0;
}
