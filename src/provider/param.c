#include "provider/param.h"

int wtl_param_take(const OSSL_PARAM params[], const char *name, wtl_bytes *out)
{
    *out = (wtl_bytes){0};
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
    if (p == NULL)
        return 1;
    const void *at = NULL;
    size_t n = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &at, &n) || (at == NULL && n > 0))
        return 0;
    *out = (wtl_bytes){at, n};
    return 1;
}

int wtl_param_give(OSSL_PARAM params[], const char *name, wtl_bytes v)
{
    OSSL_PARAM *p = v.n > 0 ? OSSL_PARAM_locate(params, name) : NULL;
    return p == NULL || OSSL_PARAM_set_octet_string(p, v.p, v.n);
}

int wtl_param_give_int(OSSL_PARAM params[], const char *name, int v)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, v);
}

void wtl_param_add(OSSL_PARAM **at, const char *name, wtl_bytes v)
{
    if (v.n > 0)
        *(*at)++ = OSSL_PARAM_construct_octet_string(name, (void *)v.p, v.n);
}
