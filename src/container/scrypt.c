#include "container/scrypt.h"

#include <stdio.h>

#include "base/rd.h"
#include "crypto/lib.h"

int wtl_scrypt_head(wtl_buf *out, unsigned work, wtl_err *err)
{
    ENSURE(work >= WTL_SCRYPT_LEAST && work <= WTL_SCRYPT_HIGHEST, err, WTL_USAGE,
           "the work for a passphrase is a number from %d to %d (log2 of scrypt's N), not %u",
           WTL_SCRYPT_LEAST, WTL_SCRYPT_HIGHEST, work);
    wtl_buf_u8(out, (uint8_t)work);
    wtl_buf_u16(out, WTL_SCRYPT_R);
    wtl_buf_u16(out, 1);
    uint8_t *salt = wtl_buf_grow(out, WTL_SCRYPT_SALT);
    ENSURE(salt != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_lib_random(salt, WTL_SCRYPT_SALT, err);
}

int wtl_scrypt_parse(wtl_scrypt *out, wtl_bytes body, wtl_err *err)
{
    ENSURE(body.n == WTL_SCRYPT_BODY, err, WTL_FORMAT,
           "the container's header has a passphrase stanza of %zu bytes", body.n);
    wtl_rd r = wtl_rd_of(body);
    wtl_scrypt s = {.head = {body.p, WTL_SCRYPT_HEAD}};
    s.cost.log2_n = wtl_rd_u8(&r);
    s.cost.r = wtl_rd_u16(&r);
    s.cost.p = wtl_rd_u16(&r);
    s.salt = wtl_rd_take(&r, WTL_SCRYPT_SALT);
    s.message = wtl_rd_take(&r, WTL_SCRYPT_MESSAGE);
    ENSURE(wtl_kdf_scrypt_defined(s.cost), err, WTL_FORMAT,
           "the container's passphrase stanza has impossible scrypt parameters (N = 2^%u, r = %u, p = %u)",
           s.cost.log2_n, s.cost.r, s.cost.p);
    *out = s;
    return WTL_OK;
}

/* MiB of memory; 2^40 stands for everything above. */
static uint64_t memory_mib(wtl_kdf_cost c)
{
    uint64_t r = c.r;
    return c.log2_n > 40 ? (uint64_t)1 << 40 : (r << c.log2_n) >> 13;
}

/* The least cap under which it is allowed; above WTL_SCRYPT_HIGHEST when there is none. */
static unsigned needed(wtl_kdf_cost c)
{
    uint64_t rp = (uint64_t)c.r * c.p;
    for (unsigned w = WTL_SCRYPT_LEAST; w <= WTL_SCRYPT_HIGHEST; w++) {
        /* Memory is 128 N r and time N r p: a cap on the second holds for the first. */
        if (c.log2_n <= w + 3 && rp <= (uint64_t)WTL_SCRYPT_R << w >> c.log2_n)
            return w;
    }
    return WTL_SCRYPT_HIGHEST + 1;
}

int wtl_scrypt_affordable(const wtl_scrypt *s, unsigned most, wtl_err *err)
{
    ENSURE(most >= WTL_SCRYPT_LEAST && most <= WTL_SCRYPT_HIGHEST, err, WTL_USAGE,
           "the most work for a passphrase is a number from %d to %d (log2 of scrypt's N), not %u",
           WTL_SCRYPT_LEAST, WTL_SCRYPT_HIGHEST, most);
    wtl_kdf_cost c = s->cost;
    unsigned need = needed(c);
    if (need <= most)
        return WTL_OK;
    char unless[32] = "";
    if (need <= WTL_SCRYPT_HIGHEST)
        snprintf(unless, sizeof unless, " unless --max-work %u", need);
    return WTL_FAIL(
        err, WTL_POLICY,
        "trying a passphrase on this container takes scrypt with N = 2^%u, r = %u, p = %u: %s%llu "
        "MiB of memory, gone over %u times; more than N = 2^%u, r = 8, p = 1 (%llu MiB) is refused%s",
        c.log2_n, c.r, c.p, c.log2_n > 40 ? "over " : "", (unsigned long long)memory_mib(c), c.p, most,
        1ULL << (most - 10), unless);
}

void wtl_scrypt_salt(wtl_buf *out, const wtl_preamble *p, const wtl_scrypt *s)
{
    wtl_subkey_passphrase_context(out, p, s->salt);
}
