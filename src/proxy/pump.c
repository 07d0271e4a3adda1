#include "proxy/pump.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of one way in one turn, before other connections have theirs. */
enum { TURN = 1024 * 1024 };

void wtl_pump_first(wtl_pump *p, int way, uint8_t *bytes, size_t n)
{
    p->way[way].left = bytes;
    p->way[way].at = 0;
    p->way[way].n = (uint32_t)n;
}

static int push_left(wtl_pump_way *w, wtl_end *to, wtl_err *err)
{
    size_t put = 0;
    TRY(wtl_end_write(to, w->left + w->at, w->n - w->at, &put, err));
    w->at += (uint32_t)put;
    if (w->at < w->n)
        return WTL_OK;
    free(w->left);
    w->left = NULL;
    return WTL_OK;
}

static int keep(wtl_pump_way *w, const uint8_t *from, size_t n, wtl_err *err)
{
    if (n == 0)
        return WTL_OK;
    w->left = malloc(n);
    ENSURE(w->left != NULL, err, WTL_NOMEM, "out of memory");
    memcpy(w->left, from, n);
    w->at = 0;
    w->n = (uint32_t)n;
    return WTL_OK;
}

static int move(wtl_pump *p, int i, size_t *got, wtl_err *err)
{
    size_t put = 0;
    uint8_t *scratch = p->worker->scratch;
    TRY(wtl_end_read(p->end[i], scratch, WTL_WORKER_SCRATCH, got, err));
    if (*got == 0)
        return WTL_OK;
    p->way[i].bytes += *got;
    TRY(wtl_end_write(p->end[1 - i], scratch, *got, &put, err));
    return keep(&p->way[i], scratch + put, *got - put, err);
}

static int run_way(wtl_pump *p, int i, size_t *total, bool *again, wtl_err *err)
{
    wtl_pump_way *w = &p->way[i];
    wtl_end *from = p->end[i];
    wtl_end *to = p->end[1 - i];
    size_t moved = 0;
    size_t got = 1;
    if (w->left != NULL)
        TRY(push_left(w, to, err));
    while (w->left == NULL && wtl_end_can_read(from) && moved < TURN && got > 0) {
        TRY(move(p, i, &got, err));
        moved += got;
    }
    *total += moved;
    if (w->left != NULL && from->gone) /* nobody reads there, so no read would find out */
        TRY(wtl_end_check(from, err));
    if (w->left == NULL && moved >= TURN)
        *again = true;
    if (w->left == NULL && from->eof)
        TRY(wtl_end_shut(to, err));
    return WTL_OK;
}

static void run(void *arg);

static int turn(wtl_pump *p, bool *over, wtl_err *err)
{
    size_t moved = 0;
    bool again = false;
    *over = false;
    int rc = wtl_end_flush(p->end[0], err);
    if (rc == WTL_OK)
        rc = wtl_end_flush(p->end[1], err);
    for (int i = 0; i < 2 && rc == WTL_OK; i++)
        rc = run_way(p, i, &moved, &again, err);
    if (moved > 0)
        p->moved(p->arg);
    TRY(rc);
    const wtl_end *a = p->end[0];
    const wtl_end *b = p->end[1];
    *over = a->shut && b->shut && !a->unflushed && !b->unflushed;
    for (int i = 0; i < 2 && !*over; i++)
        ENSURE(!(p->end[i]->gone && p->end[i]->eof && !p->end[i]->shut), err, WTL_IO,
               "the connection was lost");
    if (again && !*over)
        wtl_loop_later_on(p->worker->loop, &p->more, run, p);
    return WTL_OK;
}

static void run(void *arg)
{
    wtl_pump *p = arg;
    wtl_err err;
    bool over;
    if (turn(p, &over, &err) < 0)
        p->done(p->arg, &err);
    else if (over)
        p->done(p->arg, NULL);
}

void wtl_pump_start(wtl_pump *p)
{
    for (int i = 0; i < 2; i++) {
        p->end[i]->wake = run;
        p->end[i]->arg = p;
    }
    wtl_loop_later_on(p->worker->loop, &p->more, run, p);
}

void wtl_pump_stop(wtl_pump *p)
{
    wtl_loop_later_off(&p->more);
    for (int i = 0; i < 2; i++) {
        free(p->way[i].left);
        p->way[i].left = NULL;
    }
}
