/* What the tests of this room share: clocks that stand still, a callback that does as it is told. */
#ifndef WTL_TESTS_VERIFIED_ASKED_H
#define WTL_TESTS_VERIFIED_ASKED_H

#include "unit.h"

#include <stdatomic.h>

#include <wattle/verified.h>

enum { ASKED_START = 1700000000 };

static _Atomic int64_t asked_wall = ASKED_START;
static _Atomic uint64_t asked_ms = 5000;

static inline int64_t asked_wall_now(void *arg)
{
    (void)arg;
    return asked_wall;
}

static inline uint64_t asked_ms_now(void *arg)
{
    (void)arg;
    return asked_ms;
}

/* Both clocks, as time does. */
static inline void asked_pass(int64_t seconds)
{
    asked_wall += seconds;
    asked_ms += (uint64_t)seconds * 1000;
}

static inline wtl_bytes asked_text(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, strlen(s)};
}

/* What the callback answers, and how often it was asked. */
typedef struct asked {
    atomic_uint calls;
    int rc;
    bool no;
    int code;
    const char *text;
    int64_t nbf, exp, retires; /* 0: none */
    uint64_t ttl_ms;
    const char *jti, *sub, *result;
    const uint8_t *key;
    void (*meanwhile)(void *arg); /* called in the callback */
    void *arg;
} asked;

static inline int asked_verify(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v,
                               wtl_err *err)
{
    asked *a = arg;
    (void)now;
    a->calls++;
    assert_true(v->exp == WTL_VERIFIED_NEVER && v->retires == WTL_VERIFIED_NEVER && !v->yes);
    assert_true(v->nbf == WTL_VERIFIED_ALWAYS && v->code == 0 && v->text[0] == '\0' && v->ttl_ms == 0);
    if (a->meanwhile != NULL)
        a->meanwhile(a->arg);
    v->yes = !a->no;
    v->code = a->code;
    if (a->text != NULL)
        snprintf(v->text, sizeof v->text, "%s", a->text);
    if (a->nbf != 0)
        v->nbf = a->nbf;
    if (a->exp != 0)
        v->exp = a->exp;
    if (a->retires != 0)
        v->retires = a->retires;
    v->ttl_ms = a->ttl_ms;
    int rc = wtl_verified_result(v, a->result != NULL ? asked_text(a->result) : ask->subject, err);
    if (rc == 0 && a->jti != NULL)
        rc = wtl_verified_id(v, "jti", asked_text(a->jti), err);
    if (rc == 0 && a->sub != NULL)
        rc = wtl_verified_id(v, "sub", asked_text(a->sub), err);
    if (a->key != NULL)
        wtl_verified_key(v, a->key);
    if (rc == 0 && a->rc != 0 && err != NULL)
        snprintf(err->text, sizeof err->text, "the callback's own sentence");
    return rc != 0 ? rc : a->rc;
}

static inline wtl_verified_ask asked_about(const char *subject)
{
    return (wtl_verified_ask){.kind = "test",
                              .algorithm = "ML-DSA-65",
                              .key = asked_text("0123456789abcdef0123456789abcdef"),
                              .policy = asked_text("aud=a"),
                              .subject = asked_text(subject)};
}

static inline wtl_verified_options asked_options(void)
{
    return (wtl_verified_options){.capacity = 4 << 20,
                                  .lazy = true,
                                  .small_pages = true,
                                  .wall = asked_wall_now,
                                  .monotonic_ms = asked_ms_now};
}

typedef struct asked_cache {
    wtl_verified_cache *c;
    wtl_verified_handle *h;
} asked_cache;

static inline asked_cache asked_open(const wtl_verified_options *o)
{
    asked_cache k;
    wtl_err err = {0};
    assert_good(wtl_verified_open(&k.c, o, &err), &err);
    assert_good(wtl_verified_handle_open(&k.h, k.c, &err), &err);
    return k;
}

static inline void asked_close(asked_cache *k)
{
    wtl_verified_handle_close(k->h);
    assert_int_equal(wtl_verified_close(k->c, NULL), 0);
}

static inline wtl_verified_stats asked_stats(const asked_cache *k)
{
    wtl_verified_stats s;
    wtl_verified_stats_read(k->c, &s);
    return s;
}

/* Asks, and is done with the answer but for its plain members. */
static inline int asked_once(const asked_cache *k, const wtl_verified_ask *ask, asked *a,
                             wtl_verified_answer *out)
{
    wtl_err err = {0};
    int rc = wtl_verified(k->h, ask, asked_verify, a, out, &err);
    assert_true((rc == 0) == (err.text[0] == '\0'));
    assert_true((rc == 0) == (out->why == WTL_VERIFIED_GOOD && out->text != NULL && out->text[0] == '\0'));
    assert_true(rc != WTL_NO || (out->text[0] != '\0' && out->until == 0 && out->result.n == 0));
    wtl_verified_done(k->h);
    return rc;
}

#endif
