/* Bodies of passphrase stanzas: what is parsed is defined, and what is affordable is within the cap. */
#include "replay.h"

#include <stdlib.h>

#include "container/scrypt.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_scrypt s;
    if (wtl_scrypt_parse(&s, (wtl_bytes){data, size}, NULL) != 0)
        return 0;
    must(size == WTL_SCRYPT_BODY && wtl_kdf_scrypt_defined(s.cost));
    must(s.message.p + s.message.n == data + size && s.salt.n == WTL_SCRYPT_SALT);
    int before = -1;
    for (unsigned most = WTL_SCRYPT_LEAST; most <= WTL_SCRYPT_HIGHEST; most++) {
        int rc = wtl_scrypt_affordable(&s, most, NULL);
        must(rc == 0 || (rc == WTL_POLICY && before != 0));
        /* 128 N r bytes of memory, p times over */
        must(rc != 0 || (double)((uint64_t)1 << s.cost.log2_n) * s.cost.r * s.cost.p <=
                            8.0 * (double)((uint64_t)1 << most));
        before = rc;
    }
    return 0;
}
