#include "container/name.h"

#include <string.h>

#include "base/text.h"

static bool part_ok(wtl_bytes part)
{
    return part.n > 0 && !wtl_text_eq(part, ".") && !wtl_text_eq(part, "..");
}

bool wtl_name_ok(wtl_bytes name)
{
    if (name.n == 0 || name.n > WTL_NAME_MAX || !wtl_text_is_utf8(name))
        return false;
    size_t from = 0;
    for (size_t i = 0; i <= name.n; i++) {
        if (i < name.n && name.p[i] != '/')
            continue;
        if (!part_ok((wtl_bytes){name.p + from, i - from}))
            return false;
        from = i + 1;
    }
    return true;
}

int wtl_name_compare(wtl_bytes a, wtl_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}
