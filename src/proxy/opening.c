#include "proxy/opening.h"

#include <stdlib.h>
#include <string.h>

#include "hello/pgssl.h"

enum {
    SPARE = 64,
    SPARE_BYTES = 8192,
    MOST_IN = 24 * 1024 /* the largest hello and the largest PROXY header, and some */
};

int wtl_opening_new(wtl_opening **out, wtl_worker *worker, const wtl_service *s, wtl_err *err)
{
    wtl_opening *o = worker->spare;
    if (o != NULL) {
        worker->spare = o->next;
        worker->n_spare--;
    } else
        o = calloc(1, sizeof *o);
    ENSURE(o != NULL, err, WTL_NOMEM, "out of memory");
    (void)s;
    *out = o;
    return WTL_OK;
}

/* What an opening was used for is forgotten, but for the memory of small buffers. */
static void reset(wtl_opening *o)
{
    wtl_buf in = o->in;
    wtl_buf message = o->message;
    wtl_buf_free(&o->first);
    memset(o, 0, sizeof *o);
    o->in = in;
    o->message = message;
    wtl_buf_clear(&o->in);
    wtl_buf_clear(&o->message);
}

void wtl_opening_free(wtl_opening *o, wtl_worker *worker)
{
    if (o == NULL)
        return;
    wtl_dial_stop(&o->dial);
    wtl_reach_stop(&o->reach);
    bool small = o->in.cap <= SPARE_BYTES && o->message.cap <= SPARE_BYTES && !o->in.bad && !o->message.bad;
    reset(o);
    if (!small || worker->n_spare >= SPARE) {
        wtl_buf_free(&o->in);
        wtl_buf_free(&o->message);
        free(o);
        return;
    }
    o->next = worker->spare;
    worker->spare = o;
    worker->n_spare++;
}

void wtl_opening_drop_spare(wtl_worker *worker)
{
    while (worker->spare != NULL) {
        wtl_opening *o = worker->spare;
        worker->spare = o->next;
        wtl_buf_free(&o->in);
        wtl_buf_free(&o->message);
        free(o);
    }
    worker->n_spare = 0;
}

wtl_bytes wtl_opening_view(const wtl_opening *o)
{
    return (wtl_bytes){o->in.p == NULL ? NULL : o->in.p + o->at, o->in.n - o->at};
}

int wtl_opening_fill(wtl_opening *o, wtl_end *e, wtl_worker *worker, bool *more, wtl_err *err)
{
    size_t got = 0;
    *more = false;
    if (!e->readable)
        return WTL_OK;
    ENSURE(o->in.n < MOST_IN, err, WTL_FORMAT, "too many bytes came before the connection began");
    TRY(wtl_end_recv(e, worker->scratch, MOST_IN - o->in.n, &got, err));
    ENSURE(!e->eof, err, WTL_IO, "the client closed before it had said what it wants");
    wtl_buf_add(&o->in, worker->scratch, got);
    o->any |= got > 0;
    *more = got > 0;
    return wtl_buf_check(&o->in, err);
}

static int hear_via(wtl_opening *o, enum wtl_hello_state *state, wtl_err *err)
{
    size_t used = 0;
    TRY(wtl_via_read(&o->via, state, &used, wtl_opening_view(o), err));
    o->via.tlvs = (wtl_bytes){0};
    if (*state == WTL_HELLO_MORE)
        return WTL_OK;
    o->at += used;
    o->has_via = o->via.family != WTL_VIA_LOCAL && o->via.family != WTL_VIA_UNSPEC;
    o->step++;
    return WTL_OK;
}

/* PostgreSQL manual, "Message Formats": ErrorResponse 'E', length, fields of a letter and a text, 0. */
static int refuse_plain(wtl_end *e, wtl_err *err)
{
    static const char fields[] =
        "SFATAL\0VFATAL\0C28000\0MTLS is required here: connect with sslmode=require or stronger\0";
    AUTO(wtl_buf) b = {0};
    wtl_buf_u8(&b, 'E');
    wtl_buf_u32(&b, 4 + sizeof fields);
    wtl_buf_add(&b, fields, sizeof fields); /* with its final NUL, which ends the list */
    TRY(wtl_buf_check(&b, err));
    TRY(wtl_end_send(e, wtl_buf_view(&b), err));
    return WTL_FAIL(err, WTL_POLICY, "a PostgreSQL client asked for no TLS");
}

static int answer(wtl_end *e, char letter, wtl_err *err)
{
    return wtl_end_send(e, (wtl_bytes){(const uint8_t *)&letter, 1}, err);
}

static int answer_request(wtl_opening *o, wtl_end *e, const wtl_service *s, wtl_err *err)
{
    ENSURE(!o->asked, err, WTL_FORMAT, "a PostgreSQL client asked for TLS twice");
    o->asked = true;
    TRY(answer(e, s->server ? 'S' : 'N', err));
    if (s->server)
        o->step++;
    return WTL_OK;
}

static int hear_postgres(wtl_opening *o, wtl_end *e, const wtl_service *s, enum wtl_hello_state *state,
                         wtl_err *err)
{
    enum wtl_pgssl_said said = WTL_PGSSL_PLAIN;
    size_t used = 0;
    TRY(wtl_pgssl_read(&said, state, &used, wtl_opening_view(o), err));
    if (*state == WTL_HELLO_MORE)
        return WTL_OK;
    o->at += used;
    switch (said) {
    case WTL_PGSSL_GSS:
        return answer(e, 'N', err);
    case WTL_PGSSL_REQUEST:
        return answer_request(o, e, s, err);
    case WTL_PGSSL_TLS:
        ENSURE(s->server, err, WTL_FORMAT, "a PostgreSQL client began TLS; here it is to speak plainly");
        o->step++;
        return WTL_OK;
    case WTL_PGSSL_PLAIN:
    default:
        if (s->server)
            return refuse_plain(e, err);
        o->step++;
        return WTL_OK;
    }
}

int wtl_opening_greet(wtl_opening *o, wtl_end *e, const wtl_service *s, enum wtl_hello_state *state,
                      wtl_err *err)
{
    *state = WTL_HELLO_WHOLE;
    while (o->step < WTL_OPENING_HELLO && *state == WTL_HELLO_WHOLE) {
        bool wanted = o->step == WTL_OPENING_VIA ? s->accept_proxy : s->postgres;
        if (!wanted)
            o->step++;
        else if (o->step == WTL_OPENING_VIA)
            TRY(hear_via(o, state, err));
        else
            TRY(hear_postgres(o, e, s, state, err));
    }
    return WTL_OK;
}
