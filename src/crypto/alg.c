#include "crypto/alg.h"

#include <strings.h>

static const wtl_alg table[WTL_ALG_COUNT] = {
#define ALG(id, ...) {WTL_ALG_ID_##id, __VA_ARGS__},
#include "crypto/algs.def"
#undef ALG
};

const wtl_alg *wtl_alg_at(size_t i)
{
    return i < WTL_ALG_COUNT ? &table[i] : NULL;
}

const wtl_alg *wtl_alg_by_name(const char *name)
{
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = &table[i];
        if (strcasecmp(a->name, name) == 0 || (a->alias != NULL && strcasecmp(a->alias, name) == 0))
            return a;
    }
    return NULL;
}

const char *wtl_alg_kind_name(enum wtl_alg_kind k)
{
    static const char *const names[] = {
        [WTL_ALG_SIG] = "signature",
        [WTL_ALG_KEM] = "kem",
        [WTL_ALG_KEX] = "key agreement",
        [WTL_ALG_GROUP] = "tls group",
    };
    return names[k];
}
