#include "jose/jwk_kind.h"

#include <string.h>

#define AKP(ID, NAME) {WTL_ALG_ID_##ID, "AKP", "alg", NAME, NAME, {NAME}, {"pub"}, "priv"}
#define EC(ID, CURVE, ALG) {WTL_ALG_ID_##ID, "EC", "crv", CURVE, ALG, {ALG}, {"x", "y"}, "d"}

/* No `alg` is written for OKP: readers differ on EdDSA (RFC 8037) and Ed25519 (RFC 9864), and none needs it. */
static const wtl_jwk_kind kinds[] = {
    AKP(MLDSA44, "ML-DSA-44"),
    AKP(MLDSA65, "ML-DSA-65"),
    AKP(MLDSA87, "ML-DSA-87"),
    EC(ECDSA_P256, "P-256", "ES256"),
    EC(ECDSA_P384, "P-384", "ES384"),
    EC(ECDSA_P521, "P-521", "ES512"),
    {WTL_ALG_ID_ED25519, "OKP", "crv", "Ed25519", NULL, {"EdDSA", "Ed25519"}, {"x"}, "d"},
    {WTL_ALG_ID_X25519,
     "OKP",
     "crv",
     "X25519",
     NULL,
     {"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"},
     {"x"},
     "d"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

const wtl_jwk_kind *wtl_jwk_kind_of(const wtl_alg *alg)
{
    for (size_t i = 0; i < KINDS; i++) {
        if ((int)kinds[i].id == alg->id)
            return &kinds[i];
    }
    return NULL;
}

const wtl_jwk_kind *wtl_jwk_kind_find(const char *kty, const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].kty, kty) == 0 && strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

const char *wtl_jwk_kind_selector(const char *kty)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].kty, kty) == 0)
            return kinds[i].selector;
    }
    return NULL;
}

bool wtl_jwk_kind_signs(const wtl_jwk_kind *kind)
{
    return wtl_alg_at(kind->id)->kind == WTL_ALG_SIG;
}

const wtl_jwk_kind *wtl_jwk_kind_by_alg(const char *alg, const char **name)
{
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t a = 0; wtl_jwk_kind_signs(&kinds[i]) && kinds[i].algs[a] != NULL; a++) {
            if (strcmp(kinds[i].algs[a], alg) == 0) {
                *name = kinds[i].algs[a];
                return &kinds[i];
            }
        }
    }
    *name = NULL;
    return NULL;
}

const char *wtl_jwk_kind_signs_as(const wtl_jwk_kind *kind)
{
    return kind->algs[0];
}

size_t wtl_jwk_kind_signature(const wtl_jwk_kind *kind)
{
    const wtl_alg *alg = wtl_alg_at(kind->id);
    return alg->group != NULL ? 2 * alg->seed : alg->out;
}
