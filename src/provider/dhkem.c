#include "provider/dhkem.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/secret.h"

enum { HASH = 32, IKM_MOST = 1024 };
/* "HPKE-v1" and the suite: "KEM" and the number of DHKEM(X25519, HKDF-SHA256). */
#define SUITE "HPKE-v1KEM\x00\x20"

static int hmac(const wtl_prov *p, uint8_t out[HASH], const uint8_t key[HASH], wtl_bytes msg)
{
    size_t n = 0;
    return EVP_Q_mac(p->lib, "HMAC", "provider!=wattle", "SHA256", NULL, key, HASH, msg.p, msg.n, out, HASH,
                     &n) != NULL &&
           n == HASH;
}

int wtl_dhkem_scalar(const wtl_prov *p, uint8_t scalar[32], wtl_bytes ikm)
{
    static const uint8_t no_salt[HASH];
    static const uint8_t expand[] = "\x00\x20" SUITE
                                    "sk\x01"; /* one block: length, label, no info, counter */
    static const char extract[] = SUITE "dkp_prk";
    uint8_t msg[sizeof extract - 1 + IKM_MOST];
    uint8_t prk[HASH];
    if (ikm.n < 32 || ikm.n > IKM_MOST)
        return WTL_PROV_FAIL(p, WTL_USAGE,
                             "the key material of an X25519 key has %zu bytes; it must have 32 to %d", ikm.n,
                             IKM_MOST);
    memcpy(msg, extract, sizeof extract - 1);
    memcpy(msg + sizeof extract - 1, ikm.p, ikm.n);
    int ok = hmac(p, prk, no_salt, (wtl_bytes){msg, sizeof extract - 1 + ikm.n}) &&
             hmac(p, scalar, prk, (wtl_bytes){expand, sizeof expand - 1});
    wtl_secret_wipe(msg, sizeof msg);
    wtl_secret_wipe(prk, sizeof prk);
    return ok || WTL_PROV_FAIL(p, WTL_BUG, "HMAC-SHA-256 for the derivation of an X25519 key failed");
}
