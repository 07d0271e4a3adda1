/* The DER readers: nothing outside the text is read, whatever it is, and parts lie inside it with the sizes asked for. The
 * kind's sizes are small here, so that texts up to the bound hold every form; the code is the same for all. */
#include "prove.h"

#include "base/rd.c"
#include "provider/decoder.c"

int wtl_err_make(wtl_err *err, int rc, int sys_errno, const char *file, int line, const char *fmt, ...)
{
    return rc;
}

enum { MOST = 24 };

static const wtl_decoder_kind kind = {
    .name = "kind", .algorithm = {0x30, 0x00}, .algorithm_n = 2, .pub = 1, .seed = 1, .priv = 1};

static bool inside(wtl_bytes part, const uint8_t *p, size_t n, size_t size)
{
    return part.n == 0 || (part.n == size && part.p >= p && part.p + part.n <= p + n);
}

static void parse(bool is_private)
{
    size_t n = any_size();
    GIVEN(n <= MOST);
    uint8_t *p = __CPROVER_allocate(n, 0);
    wtl_decoder_parts parts = {0};
    int rc = wtl_decoder_parse(&parts, &kind, is_private, (wtl_bytes){p, n}, NULL);
    HOLDS(rc == WTL_OK || rc == WTL_NO || rc == WTL_FORMAT);
    HOLDS(inside(parts.pub, p, n, 1) && inside(parts.seed, p, n, 1) && inside(parts.priv, p, n, 1));
    HOLDS(rc != WTL_OK || (is_private ? parts.seed.n + parts.priv.n > 0 : parts.pub.n == 1));
}

PROOF(public, "--unwind=5")
{
    parse(false);
}

PROOF(private, "--unwind=5 slow")
{
    parse(true);
}

PROOF(length, "")
{
    uint8_t more[2];
    uint8_t first = any_u8();
    int n = length_of(first, more);
    HOLDS(n == -1 || (n >= 0 && n <= 0xffff));
    HOLDS(n < 0 || n < 0x80 || first == (n > 0xff ? 0x82 : 0x81));
}
