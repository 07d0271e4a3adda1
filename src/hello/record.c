#include "hello/record.h"

#include "base/rd.h"
#include "hello/other.h"

enum { HEAD = 5, MESSAGE_HEAD = 4, HANDSHAKE = 22, NOTE = 6 };

typedef struct walk {
    const wtl_record_of *of;
    wtl_bytes in;
    wtl_buf *message;
    size_t at;   /* bytes of `in` that were taken */
    size_t left; /* of the current record's payload */
} walk;

/* Where an earlier call stopped is noted behind what it gathered: no byte is looked at twice, however many calls there are. */
static int resume(walk *w, wtl_err *err)
{
    wtl_buf *m = w->message;
    if (m->n == 0) {
        wtl_buf_reserve(m, (w->in.n < WTL_HELLO_MOST ? w->in.n : WTL_HELLO_MOST) + NOTE);
        return wtl_buf_check(m, err);
    }
    ENSURE(m->n >= NOTE, err, WTL_BUG, "the message of an unfinished %s was changed between two calls",
           w->of->name);
    wtl_rd r = wtl_rd_of((wtl_bytes){m->p + m->n - NOTE, NOTE});
    w->at = wtl_rd_u32(&r);
    w->left = wtl_rd_u16(&r);
    ENSURE(w->at <= w->in.n, err, WTL_BUG, "an unfinished %s became shorter between two calls", w->of->name);
    m->n -= NOTE;
    return WTL_OK;
}

static int pause_here(walk *w, wtl_err *err)
{
    wtl_buf_u32(w->message, (uint32_t)w->at);
    wtl_buf_u16(w->message, (uint16_t)w->left);
    return wtl_buf_check(w->message, err);
}

/* What is there of a record's head, looked at as soon as it comes. */
static int check_head(const walk *w, wtl_bytes head, wtl_err *err)
{
    if (w->at == 0 && (head.p[0] != HANDSHAKE || (head.n >= 2 && head.p[1] != 3)))
        return wtl_other_fail(w->of->who, "TLS", w->in, err);
    ENSURE(head.p[0] == HANDSHAKE, err, WTL_FORMAT, "%s sends a record of type %u in the middle of its %s",
           w->of->who, head.p[0], w->of->name);
    ENSURE(head.n < 3 || head.p[1] != 3 || head.p[2] != 0, err, WTL_FORMAT,
           "%s speaks SSL 3.0, which nobody should any more", w->of->who);
    ENSURE((head.n < 2 || head.p[1] == 3) && (head.n < 3 || head.p[2] <= 3), err, WTL_FORMAT,
           "%s sends a record whose version is none of TLS", w->of->who);
    return WTL_OK;
}

/* With a byte of it at least. *more: the head is not there as a whole. */
static int next_record(walk *w, bool *more, wtl_err *err)
{
    wtl_bytes head = {w->in.p + w->at, w->in.n - w->at};
    *more = head.n < HEAD;
    TRY(check_head(w, head, err));
    if (*more)
        return WTL_OK;
    size_t n = (size_t)head.p[3] << 8 | head.p[4];
    /* "Implementations MUST NOT send zero-length fragments of Handshake types" (RFC 8446 section 5.1). */
    ENSURE(n > 0, err, WTL_FORMAT, "%s sends an empty handshake record", w->of->who);
    ENSURE(n <= 16384, err, WTL_FORMAT, "%s sends a record of %zu bytes; 16384 is the most", w->of->who, n);
    w->at += HEAD;
    w->left = n;
    return WTL_OK;
}

/* Bytes that are missing to the message's end, or to the end of its head while that is not whole. */
static size_t missing(const walk *w)
{
    const wtl_buf *m = w->message;
    if (m->n < MESSAGE_HEAD)
        return MESSAGE_HEAD - m->n;
    return MESSAGE_HEAD + ((size_t)m->p[1] << 16 | (size_t)m->p[2] << 8 | m->p[3]) - m->n;
}

static int check_message_head(walk *w, wtl_err *err)
{
    const wtl_record_of *of = w->of;
    wtl_buf *m = w->message;
    ENSURE(m->n == 0 || m->p[0] == of->type, err, WTL_FORMAT,
           "%s begins with handshake message %u instead of a %s", of->who, m->p[0], of->name);
    if (m->n != MESSAGE_HEAD)
        return WTL_OK;
    size_t n = missing(w);
    ENSURE(n >= of->least, err, WTL_FORMAT, "a %s of %zu bytes is too short to be one", of->name, n);
    ENSURE(n <= WTL_HELLO_MOST - w->at, err, WTL_FORMAT,
           "a %s of %zu bytes is too long: with its records %d are accepted", of->name, n, WTL_HELLO_MOST);
    wtl_buf_reserve(m, n + NOTE);
    return wtl_buf_check(m, err);
}

/* One piece: of one record, and of the message's head or body. *more: nothing was there to take. */
static int take(walk *w, bool *more, wtl_err *err)
{
    *more = w->at == w->in.n;
    if (!*more && w->left == 0)
        TRY(next_record(w, more, err));
    if (*more)
        return WTL_OK;
    size_t n = missing(w);
    if (n > w->left)
        n = w->left;
    if (n > w->in.n - w->at)
        n = w->in.n - w->at;
    *more = n == 0;
    wtl_buf_add(w->message, w->in.p + w->at, n);
    TRY(wtl_buf_check(w->message, err));
    w->at += n;
    w->left -= n;
    ENSURE(w->at <= WTL_HELLO_MOST, err, WTL_FORMAT,
           "a %s is too long: with its records %d bytes are accepted", w->of->name, WTL_HELLO_MOST);
    return w->message->n <= MESSAGE_HEAD ? check_message_head(w, err) : WTL_OK;
}

int wtl_record_gather(const wtl_record_of *of, enum wtl_hello_state *state, size_t *used, size_t *left,
                      wtl_buf *message, wtl_bytes in, wtl_err *err)
{
    walk w = {.of = of, .in = in, .message = message};
    *state = WTL_HELLO_MORE;
    *used = *left = 0;
    TRY(resume(&w, err));
    bool more = false;
    while (missing(&w) > 0) {
        TRY(take(&w, &more, err));
        if (more)
            return pause_here(&w, err);
    }
    ENSURE(!of->alone || w.left == 0, err, WTL_FORMAT, "%s sends %zu bytes more in the record of its %s",
           of->who, w.left, of->name);
    *state = WTL_HELLO_WHOLE;
    *used = w.at;
    *left = w.left;
    return WTL_OK;
}

wtl_bytes wtl_record_body(const wtl_buf *message)
{
    return (wtl_bytes){message->p + MESSAGE_HEAD, message->n - MESSAGE_HEAD};
}
