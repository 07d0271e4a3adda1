#include "cli/header_limit.h"

enum { FIELD = 0, HEAD = 1 };

static const wtl_header_limit limits[] = {
#define LIMIT(name, bytes, whole, option) {name, bytes, whole, option},
#include "cli/header_limit.def"
#undef LIMIT
};

const wtl_header_limit *wtl_header_limit_at(size_t i)
{
    return i < sizeof limits / sizeof limits[0] ? &limits[i] : NULL;
}

size_t wtl_header_limit_field(size_t n)
{
    return sizeof "Authorization: Bearer " - 1 + n;
}

bool wtl_header_limit_refuses(const wtl_header_limit *l, size_t field)
{
    return field + (l->whole ? (size_t)WTL_HEADER_LIMIT_OTHERS : 0) > l->bytes;
}
