#include "scheme/mldsa_impl.h"

#include <stdlib.h>
#include <string.h>

/* Appendix C of FIPS 204 bounds the attempts at 814 or more: fewer fail with less than 2^-256. */
enum { LANES = WTL_MLDSA_LANES, ATTEMPTS = 1000, LONE_MOST = 3, SHARE_MOST = 2 };

/* A message being signed. Its attempts are numbered from 0; the first that is accepted counts. */
typedef struct message {
    const wtl_mldsa_key *key;
    uint8_t *sig;
    unsigned next; /* attempt */
    bool done;
    uint8_t mu[WTL_MLDSA_MU], rho[64];
} message;

/* One attempt at one message: y, later z; w, later its low bits. */
typedef struct slot {
    message *m;
    unsigned attempt;
    wtl_polydsa_poly *y, *w;
    uint8_t *w1;
    uint8_t hash[WTL_MLDSA_HASH_MOST], ball[WTL_MLDSA_BLOCK];
} slot;

/* What the slots share, one after the other. `hints` is also y in the NTT domain. */
typedef struct desk {
    wtl_polydsa_poly high[WTL_MLDSA_K_MOST], hints[WTL_MLDSA_K_MOST], c, t;
} desk;

/* The polynomials of a slot: y, w, and w1 packed. */
enum { ROOM = WTL_MLDSA_L_MOST + WTL_MLDSA_K_MOST + 1 };
_Static_assert(sizeof(wtl_polydsa_poly) >= WTL_MLDSA_W1_MOST, "w1 fits into a polynomial's room");

static void masks(slot *s, size_t n)
{
    wtl_mldsa_mask mask[LANES * WTL_MLDSA_L_MOST];
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const wtl_mldsa_params *p = s[i].m->key->p;
        for (unsigned r = 0; r < p->l; r++)
            mask[all++] = (wtl_mldsa_mask){s[i].m->rho, &s[i].y[r], (uint16_t)(s[i].attempt * p->l + r),
                                           p->gamma1};
    }
    wtl_mldsa_expand_mask(s[0].m->key->keccak, s[0].m->key->ops, mask, all);
}

/* w = A y, and its high bits packed (algorithm 7 lines 12 and 13). */
static void commit(slot *s, desk *d)
{
    const wtl_mldsa_key *key = s->m->key;
    const wtl_mldsa_params *p = key->p;
    const wtl_polydsa *ops = key->ops;
    for (size_t j = 0; j < p->l; j++) {
        d->hints[j] = s->y[j];
        ops->ntt(&d->hints[j]);
    }
    for (size_t i = 0; i < p->k; i++) {
        ops->mulacc(&s->w[i], key->a + i * p->l, d->hints, p->l);
        ops->intt(&s->w[i]);
        ops->decompose(&d->c, &d->t, &s->w[i], p->gamma2);
        ops->pack_w1(s->w1 + wtl_mldsa_w1_size(p) * i, &d->c, p->gamma2);
    }
}

/* The commitment hashes and what SampleInBall reads of them. They are public: see FIPS 204 section 3.6.3 and the proof,
 * in which c is random even where the attempt is rejected. */
static void challenge(slot *s, size_t n)
{
    const wtl_keccak *k = s[0].m->key->keccak;
    wtl_mldsa_text text[LANES] = {0};
    uint8_t *out[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        const wtl_mldsa_params *p = s[i].m->key->p;
        text[i] = (wtl_mldsa_text){{{s[i].m->mu, WTL_MLDSA_MU}, {s[i].w1, wtl_mldsa_w1_size(p) * p->k}}};
        out[i] = s[i].hash;
    }
    wtl_mldsa_hash(k, text, n, out, WTL_MLDSA_HASH_MOST);
    for (size_t i = 0; i < n; i++) {
        wtl_mldsa_publish(s[i].hash, sizeof s[i].hash);
        text[i] = (wtl_mldsa_text){{{s[i].hash, s[i].m->key->p->lambda_bytes}}};
        out[i] = s[i].ball;
    }
    wtl_mldsa_hash(k, text, n, out, WTL_MLDSA_BLOCK);
}

/* r0 = LowBits(w) - c s2, the check that rejects most; stops at the first polynomial that does. */
static bool low_bits(slot *s, desk *d)
{
    const wtl_mldsa_params *p = s->m->key->p;
    const wtl_polydsa *ops = s->m->key->ops;
    for (size_t i = 0; i < p->k; i++) {
        ops->mul(&d->t, &d->c, &s->m->key->s2[i]);
        ops->intt(&d->t);
        ops->decompose(&d->high[i], &s->w[i], &s->w[i], p->gamma2);
        ops->sub(&s->w[i], &d->t);
        if (WTL_CT_PUBLIC(ops->exceeds(&s->w[i], p->gamma2 - wtl_mldsa_beta(p))))
            return false;
    }
    return true;
}

/* z = y + c s1, in place of y. */
static bool response(slot *s, desk *d)
{
    const wtl_mldsa_params *p = s->m->key->p;
    const wtl_polydsa *ops = s->m->key->ops;
    for (size_t j = 0; j < p->l; j++) {
        ops->mul(&d->t, &d->c, &s->m->key->s1[j]);
        ops->intt(&d->t);
        ops->add(&s->y[j], &d->t);
        if (WTL_CT_PUBLIC(ops->exceeds(&s->y[j], p->gamma1 - wtl_mldsa_beta(p))))
            return false;
    }
    return true;
}

static bool hints(slot *s, desk *d)
{
    const wtl_mldsa_params *p = s->m->key->p;
    const wtl_polydsa *ops = s->m->key->ops;
    unsigned ones = 0;
    for (size_t i = 0; i < p->k; i++) {
        ops->mul(&d->t, &d->c, &s->m->key->t0[i]);
        ops->intt(&d->t);
        if (WTL_CT_PUBLIC(ops->exceeds(&d->t, p->gamma2)))
            return false;
        ops->add(&s->w[i], &d->t);
        ones += ops->make_hint(&d->hints[i], &s->w[i], &d->high[i], p->gamma2);
    }
    return WTL_CT_PUBLIC(ones <= p->omega);
}

/* sigEncode (algorithm 26) with HintBitPack (algorithm 20) of an accepted attempt: all of it is public. */
static void encode(const slot *s, const desk *d)
{
    const wtl_mldsa_params *p = s->m->key->p;
    uint8_t *out = s->m->sig;
    uint8_t at[WTL_MLDSA_OMEGA_MOST + 1] = {0}; /* one more: that after the last may be written */
    uint8_t *hint = out + p->sig - p->omega - p->k;
    unsigned n = 0;
    memcpy(out, s->hash, p->lambda_bytes);
    for (size_t j = 0; j < p->l; j++)
        s->m->key->ops->pack_z(out + p->lambda_bytes + wtl_mldsa_z_size(p) * j, &s->y[j], p->gamma1);
    for (size_t i = 0; i < p->k; i++) {
        for (unsigned j = 0; j < WTL_POLYDSA_N; j++) {
            at[n] = (uint8_t)j;
            n += WTL_CT_PUBLIC((unsigned)d->hints[i].c[j]);
        }
        hint[p->omega + i] = (uint8_t)n;
    }
    at[n] = 0;
    memcpy(hint, at, p->omega);
    wtl_mldsa_publish(out, p->sig);
}

/* The checks of one attempt, the likeliest to reject first. */
static void finish(slot *s, desk *d)
{
    if (s->m->done)
        return;
    wtl_mldsa_hash_ball(s->m->key, &d->c, s->hash, s->ball);
    s->m->key->ops->ntt(&d->c);
    if (!low_bits(s, d) || !response(s, d) || !hints(s, d))
        return;
    encode(s, d);
    s->m->done = true;
}

/* The next attempt of each slot's message, those of one message in order. */
static void attempt(slot *s, size_t n, desk *d)
{
    masks(s, n);
    for (size_t i = 0; i < n; i++)
        commit(&s[i], d);
    challenge(s, n);
    for (size_t i = 0; i < n; i++)
        finish(&s[i], d);
}

/* Deals the slots to the messages that are not done: one each, and what is left over as further attempts, at most `each`. */
static size_t deal(slot *s, size_t slots, message *const m[], size_t n, size_t each)
{
    size_t dealt = 0;
    for (size_t i = 0; i < n; i++) {
        size_t share = slots / n + (i < slots % n);
        for (size_t j = 0; j < share && j < each; j++) {
            s[dealt].m = m[i];
            s[dealt++].attempt = m[i]->next++;
        }
    }
    return dealt;
}

static void place(slot *s, size_t n, wtl_polydsa_poly *room)
{
    for (size_t i = 0; i < n; i++, room += ROOM) {
        s[i].y = room;
        s[i].w = room + WTL_MLDSA_L_MOST;
        s[i].w1 = (uint8_t *)(room + WTL_MLDSA_L_MOST + WTL_MLDSA_K_MOST);
    }
}

/* Makes messages of n <= 8 jobs that were found good: mu and rho'' = H(K || rnd || mu). */
static void open_messages(message *m, const wtl_mldsa_key *const key[], const wtl_mldsa_what *const what[],
                          uint8_t *const sig[], size_t n)
{
    static const uint8_t zeros[WTL_MLDSA_RND];
    wtl_mldsa_text text[LANES] = {0};
    uint8_t *mu[LANES] = {0};
    uint8_t *rho[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        m[i].key = key[i];
        m[i].sig = sig[i];
        m[i].next = 0;
        m[i].done = false;
        mu[i] = m[i].mu;
        rho[i] = m[i].rho;
        text[i] = (wtl_mldsa_text){{{key[i]->k, 32},
                                    {what[i]->rnd != NULL ? what[i]->rnd : zeros, WTL_MLDSA_RND},
                                    {m[i].mu, WTL_MLDSA_MU}}};
    }
    wtl_mldsa_mus(key, what, n, mu);
    wtl_mldsa_hash(key[0]->keccak, text, n, rho, sizeof m[0].rho);
}

static int ready(const wtl_mldsa_key *k, const wtl_mldsa_what *what, wtl_err *err)
{
    ENSURE(k->priv != NULL, err, WTL_USAGE, "this %s key is a public key: it cannot sign", k->p->name);
    return wtl_mldsa_what_check(what, err);
}

/* The result of a message: WTL_BUG with sig zeroed when it ran out of attempts, or does not verify as it should. */
static int close_message(const message *m, bool verify, wtl_err *err)
{
    const wtl_mldsa_what what = {.msg = {m->mu, WTL_MLDSA_MU}, .is_mu = true};
    const char *name = m->key->p->name;
    int rc = WTL_OK;
    if (!m->done)
        rc = WTL_FAIL(err, WTL_BUG, "no %s signature came of %d attempts: this machine may be faulty", name,
                      ATTEMPTS);
    else if (verify && wtl_mldsa_verify(m->key, &what, (wtl_bytes){m->sig, m->key->p->sig}, NULL) != WTL_OK)
        rc = WTL_FAIL(err, WTL_BUG, "a fault while signing: the %s signature does not verify", name);
    if (rc < 0)
        memset(m->sig, 0, m->key->p->sig);
    return rc;
}

/* Attempts made side by side for one message, measured: their masks fill lanes once (4 + 4) or twice (5 + 5 + 5, 7 + 7),
 * and what is made for nothing costs less than empty lanes. */
static size_t lone_slots(const wtl_mldsa_key *k)
{
    if (k->keccak->level == WTL_CPU_REF)
        return 1;
    return k->p->l == 5 ? 3 : 2;
}

int wtl_mldsa_sign(const wtl_mldsa_key *k, const wtl_mldsa_what *what, uint8_t *sig, wtl_err *err)
{
    int rc = ready(k, what, err);
    if (rc < 0) {
        memset(sig, 0, k->p->sig);
        return rc;
    }
    wtl_polydsa_poly room[LONE_MOST * ROOM];
    desk d;
    slot s[LONE_MOST];
    message m;
    message *one = &m;
    const size_t slots = lone_slots(k);
    open_messages(&m, &k, &what, &sig, 1);
    place(s, slots, room);
    while (!m.done && m.next < ATTEMPTS)
        attempt(s, deal(s, slots, &one, 1, slots), &d);
    rc = close_message(&m, what->verify_after, err);
    wtl_secret_wipe(room, sizeof room[0] * ROOM * slots);
    wtl_secret_wipe(&d, sizeof d);
    wtl_secret_wipe(&m, sizeof m);
    return rc;
}

/* Many: all slots, up to 8 messages at once, and up to 8 more that are ready to take their place. */
typedef struct batch {
    wtl_polydsa_poly room[LANES * ROOM];
    desk d;
    slot s[LANES];
    message m[2 * LANES];
    wtl_mldsa_job *job[2 * LANES]; /* whose m is; NULL: free */
    wtl_mldsa_job *jobs;
    size_t n, next; /* job */
    int first;
    wtl_err *err;
} batch;

static wtl_err *err_of(const batch *b)
{
    return b->first < 0 ? NULL : b->err;
}

static void note(batch *b, wtl_mldsa_job *job, int rc)
{
    job->rc = rc;
    if (b->first == WTL_OK)
        b->first = rc;
}

/* Opens messages in the 8 places from `at` on. */
static void refill(batch *b, size_t at)
{
    const wtl_mldsa_key *key[LANES];
    const wtl_mldsa_what *what[LANES];
    uint8_t *sig[LANES];
    size_t n = 0;
    for (; b->next < b->n && n < LANES; b->next++) {
        wtl_mldsa_job *job = &b->jobs[b->next];
        int rc = ready(job->key, &job->what, err_of(b));
        if (rc < 0) {
            memset(job->sig, 0, job->key->p->sig);
            note(b, job, rc);
            continue;
        }
        key[n] = job->key;
        what[n] = &job->what;
        sig[n] = job->sig;
        b->job[at + n++] = job;
    }
    if (n > 0)
        open_messages(&b->m[at], key, what, sig, n);
}

/* The open messages, at most 8; refills a half in which none is left. */
static size_t gather(batch *b, message *m[LANES])
{
    size_t n = 0;
    for (size_t half = 0; half < 2; half++) {
        size_t at = half * LANES;
        bool empty = true;
        for (size_t i = 0; i < LANES; i++)
            empty = empty && b->job[at + i] == NULL;
        if (empty)
            refill(b, at);
    }
    for (size_t i = 0; i < (size_t)2 * LANES && n < LANES; i++) {
        if (b->job[i] != NULL)
            m[n++] = &b->m[i];
    }
    return n;
}

static void settle(batch *b)
{
    for (size_t i = 0; i < (size_t)2 * LANES; i++) {
        if (b->job[i] == NULL || (!b->m[i].done && b->m[i].next < ATTEMPTS))
            continue;
        note(b, b->job[i], close_message(&b->m[i], b->job[i]->what.verify_after, err_of(b)));
        b->job[i] = NULL;
    }
}

int wtl_mldsa_sign_many(wtl_mldsa_job *jobs, size_t n, wtl_err *err)
{
    int first = WTL_OK;
    batch *b = n > 1 ? aligned_alloc(64, (sizeof *b + 63) & ~(size_t)63) : NULL;
    if (b == NULL) { /* one by one needs no memory */
        for (size_t i = 0; i < n; i++) {
            jobs[i].rc = wtl_mldsa_sign(jobs[i].key, &jobs[i].what, jobs[i].sig, first < 0 ? NULL : err);
            first = first < 0 ? first : jobs[i].rc;
        }
        return first;
    }
    message *m[LANES];
    memset(b->job, 0, sizeof b->job);
    b->jobs = jobs;
    b->n = n;
    b->next = 0;
    b->first = WTL_OK;
    b->err = err;
    place(b->s, LANES, b->room);
    for (size_t open; (open = gather(b, m)) > 0; settle(b))
        attempt(b->s, deal(b->s, LANES, m, open, b->m[0].key->keccak->level == WTL_CPU_REF ? 1 : SHARE_MOST),
                &b->d);
    first = b->first;
    wtl_secret_wipe(b, sizeof *b);
    free(b);
    return first;
}
