#include "container/sigblock.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

enum { SENDER_HEAD = 2 + WTL_KEY_ID + 4 };

static const struct {
    uint16_t number;
    const char *name;
} algs[] = {
    {0x0001, "ML-DSA-44"},
    {0x0002, "ML-DSA-65"},
    {0x0003, "ML-DSA-87"},
    {0x0011, "SLH-DSA-SHA2-128s"},
    {0x0012, "SLH-DSA-SHA2-128f"},
    {0x0013, "SLH-DSA-SHA2-192s"},
    {0x0014, "SLH-DSA-SHA2-192f"},
    {0x0015, "SLH-DSA-SHA2-256s"},
    {0x0016, "SLH-DSA-SHA2-256f"},
    {0x0021, "SLH-DSA-SHAKE-128s"},
    {0x0022, "SLH-DSA-SHAKE-128f"},
    {0x0023, "SLH-DSA-SHAKE-192s"},
    {0x0024, "SLH-DSA-SHAKE-192f"},
    {0x0025, "SLH-DSA-SHAKE-256s"},
    {0x0026, "SLH-DSA-SHAKE-256f"},
    {0x0031, "ECDSA-P256"},
    {0x0032, "ECDSA-P384"},
    {0x0033, "ECDSA-P521"},
    {0x0041, "Ed25519"},
};

uint16_t wtl_sigblock_alg_number(const char *name)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (strcmp(algs[i].name, name) == 0)
            return algs[i].number;
    }
    return 0;
}

const char *wtl_sigblock_alg_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (algs[i].number == number)
            return algs[i].name;
    }
    return NULL;
}

void wtl_sigblock_free(wtl_sigblock *b)
{
    free(b->s);
    *b = (wtl_sigblock){0};
}

void wtl_sigblock_auto(wtl_sigblock *b)
{
    wtl_sigblock_free(b);
}

int wtl_sigblock_encode(wtl_buf *out, const wtl_sender *s, size_t n, wtl_err *err)
{
    ENSURE(n <= UINT16_MAX, err, WTL_USAGE, "%zu signatures are more than a container holds", n);
    wtl_buf_u16(out, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        wtl_buf_u16(out, s[i].alg);
        wtl_buf_add(out, s[i].key_id, sizeof s[i].key_id);
        wtl_buf_u32(out, (uint32_t)s[i].signature.n);
        wtl_buf_bytes(out, s[i].signature);
    }
    ENSURE(out->n <= WTL_SIGBLOCK_MOST, err, WTL_USAGE, "%zu signatures are more than a container holds", n);
    return wtl_buf_check(out, err);
}

static int by_key(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, WTL_KEY_ID);
}

/* Two signatures of one key would leave open which of them counts. */
static int check_keys(const wtl_sigblock *b, wtl_err *err)
{
    const uint8_t **id = malloc((b->n > 0 ? b->n : 1) * sizeof(const uint8_t *));
    ENSURE(id != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < b->n; i++)
        id[i] = b->s[i].key_id;
    qsort(id, b->n, sizeof *id, by_key);
    bool twice = false;
    for (size_t i = 1; i < b->n; i++)
        twice = twice || by_key(&id[i - 1], &id[i]) == 0;
    free(id);
    ENSURE(!twice, err, WTL_FORMAT, "the container has two signatures of one key");
    return WTL_OK;
}

int wtl_sigblock_parse(wtl_sigblock *out, wtl_bytes raw, wtl_err *err)
{
    AUTO(wtl_sigblock) b = {0};
    wtl_rd r = wtl_rd_of(raw);
    size_t n = wtl_rd_u16(&r);
    ENSURE(!r.bad && n <= r.n / SENDER_HEAD, err, WTL_FORMAT, "the container's signature block is malformed");
    b.s = calloc(n > 0 ? n : 1, sizeof *b.s);
    ENSURE(b.s != NULL, err, WTL_NOMEM, "out of memory");
    for (; b.n < n; b.n++) {
        b.s[b.n].alg = wtl_rd_u16(&r);
        wtl_rd_copy(&r, b.s[b.n].key_id, WTL_KEY_ID);
        b.s[b.n].signature = wtl_rd_take(&r, wtl_rd_u32(&r));
    }
    ENSURE(wtl_rd_done(&r), err, WTL_FORMAT, "the container's signature block is malformed");
    TRY(check_keys(&b, err));
    *out = b;
    b = (wtl_sigblock){0};
    return WTL_OK;
}
