#include "provider/kem_out.h"

static bool fits(const wtl_prov *p, const char *what, wtl_kem_room out, size_t n)
{
    if (out.at != NULL && out.n != NULL && *out.n >= n)
        return true;
    (void)WTL_PROV_FAIL(p, WTL_USAGE, "the %s needs a buffer of %zu bytes and its length", what, n);
    return false;
}

enum wtl_kem_out wtl_kem_out_encaps(const wtl_prov *p, wtl_kem_room ct, size_t ct_n, wtl_kem_room ss,
                                    size_t ss_n)
{
    if (ct.at == NULL) {
        if (ct.n != NULL)
            *ct.n = ct_n;
        if (ss.n != NULL)
            *ss.n = ss_n;
        return ct.n != NULL || ss.n != NULL ? WTL_KEM_OUT_ASKED : WTL_KEM_OUT_BAD;
    }
    if (!fits(p, "ciphertext", ct, ct_n) || !fits(p, "shared secret", ss, ss_n))
        return WTL_KEM_OUT_BAD;
    *ct.n = ct_n;
    *ss.n = ss_n;
    return WTL_KEM_OUT_GO;
}

enum wtl_kem_out wtl_kem_out_decaps(const wtl_prov *p, wtl_kem_room ss, size_t ss_n)
{
    if (ss.at == NULL) {
        if (ss.n == NULL)
            return WTL_KEM_OUT_BAD;
        *ss.n = ss_n;
        return WTL_KEM_OUT_ASKED;
    }
    if (ss.n == NULL)
        return WTL_KEM_OUT_GO;
    if (!fits(p, "shared secret", ss, ss_n))
        return WTL_KEM_OUT_BAD;
    *ss.n = ss_n;
    return WTL_KEM_OUT_GO;
}
