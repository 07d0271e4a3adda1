#include "hello/pgssl.h"

#include "base/rd.h"
#include "hello/other.h"

/* Codes are 1234 in the high half, a number that was never a version (PostgreSQL manual, "Message Formats"). */
enum { CANCEL = 80877102, SSL = 80877103, GSS = 80877104, LEAST = 8, MOST = 10000 };

const uint8_t wtl_pgssl_request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

/* A request stands alone: what came behind it in clear, before the answer, would be taken for what came under encryption. */
static int lone(enum wtl_pgssl_said *said, size_t *used, enum wtl_pgssl_said what, uint32_t length,
                wtl_bytes in, wtl_err *err)
{
    ENSURE(length == 8, err, WTL_FORMAT,
           "the client sends a PostgreSQL request for encryption of %u bytes, not 8", length);
    ENSURE(in.n == 8, err, WTL_FORMAT,
           "the client sends %zu bytes behind its request for encryption, before the answer; they may be "
           "somebody else's",
           in.n - 8);
    *said = what;
    *used = 8;
    return WTL_OK;
}

static int decide(enum wtl_pgssl_said *said, size_t *used, uint32_t length, uint32_t code, wtl_bytes in,
                  wtl_err *err)
{
    if (code == SSL || code == GSS)
        return lone(said, used, code == SSL ? WTL_PGSSL_REQUEST : WTL_PGSSL_GSS, length, in, err);
    if (code != CANCEL && code >> 16 != 3 && code >> 16 != 2)
        return wtl_other_fail("the client", "PostgreSQL", in, err);
    *said = WTL_PGSSL_PLAIN;
    return WTL_OK;
}

int wtl_pgssl_read(enum wtl_pgssl_said *said, enum wtl_hello_state *state, size_t *used, wtl_bytes in,
                   wtl_err *err)
{
    *said = WTL_PGSSL_PLAIN;
    *state = WTL_HELLO_MORE;
    *used = 0;
    if (in.n == 0)
        return WTL_OK;
    if (in.p[0] == 22) {
        *said = WTL_PGSSL_TLS;
        *state = WTL_HELLO_WHOLE;
        return WTL_OK;
    }
    /* A length of 8 to 10000: what it cannot be any more is told at once. */
    if (in.p[0] != 0 || (in.n >= 2 && in.p[1] != 0))
        return wtl_other_fail("the client", "PostgreSQL", in, err);
    wtl_rd r = wtl_rd_of(in);
    uint32_t length = wtl_rd_u32(&r);
    if (!r.bad && (length < LEAST || length > MOST))
        return wtl_other_fail("the client", "PostgreSQL", in, err);
    uint32_t code = wtl_rd_u32(&r);
    if (r.bad)
        return WTL_OK;
    TRY(decide(said, used, length, code, in, err));
    *state = WTL_HELLO_WHOLE;
    return WTL_OK;
}
