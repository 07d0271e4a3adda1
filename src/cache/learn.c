#include "cache/learn.h"

#include <string.h>

/* The share of uses that counts as old enough at any age. With none, ages that nobody was seen at yet are as likely as what is taken for granted; with
 * some, rather unlikely. Neither is right everywhere: there is a table of ranks for each. */
static const float old_least[WTL_LEARN_TABLES] = {0, 1};

enum {
    OWN_PRIOR = 4,     /* uses that a class's shape weighs, */
    SHAPE_PRIOR = 100, /* and what is taken for granted in a shape */
    REMAKE_LEAST = 8,  /* changes, or one in so many, after which ranks are made again: */
    REMAKE_SHARE = 16,
};

static uint32_t got(const _Atomic uint32_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void set(_Atomic uint32_t *n, uint32_t v)
{
    atomic_store_explicit(n, v, memory_order_relaxed);
}

/* Ticks of an age bucket: half octaves from 2^(a/2) on, 1.5 * 2^i in between. */
static float start_of(unsigned a)
{
    float t = (float)(UINT64_C(1) << a / 2);
    return a % 2 != 0 ? t * 1.5F : t;
}

/* The share of those still waiting that comes back within this half octave, taken for granted before anything is known: a key that came
 * back does so again after about as long, a new one at any age. */
static float prior_at(unsigned class, unsigned a)
{
    if (class == 0)
        return 0.05F;
    unsigned usual = 2 * ((class - 1) % WTL_LEARN_OCTAVES);
    unsigned off = a > usual ? a - usual : usual - a;
    return off <= 1 ? 0.5F : 0.03F;
}

/* Of each age, how many were seen to wait when it began: of all uses those that are old enough to be through with it, less the share that
 * came back before (Kaplan and Meier's estimate, with uses spread evenly over the time in which they were counted). */
static void waiting(const wtl_learn *l, const wtl_learn_class *c, unsigned table, float out[WTL_LEARN_AGES])
{
    float uses = (float)got(&c->uses);
    float span = (float)(got(&l->now) - got(&c->since)) + 1;
    float alive = 1;
    for (unsigned a = 0; a < WTL_LEARN_AGES; a++) {
        float old = 1 - start_of(a + 1) / span;
        float again = (float)got(&c->again[a]);
        float w = uses * alive * (old > old_least[table] ? old : old_least[table]);
        out[a] = w > again ? w : again;
        if (out[a] > 0)
            alive *= 1 - again / out[a];
    }
}

/* The hazards that the classes of a level have in common, ages taken relative to the usual gap. */
static void shape_of(const wtl_learn *l, unsigned table, unsigned class, float hazard[WTL_LEARN_AGES])
{
    unsigned level = (class - 1) / WTL_LEARN_OCTAVES;
    unsigned octave = (class - 1) % WTL_LEARN_OCTAVES;
    float hits[WTL_LEARN_AGES];
    float all[WTL_LEARN_AGES];
    float here[WTL_LEARN_AGES];
    for (unsigned a = 0; a < WTL_LEARN_AGES; a++) {
        hits[a] = (float)SHAPE_PRIOR * prior_at(class, a);
        all[a] = (float)SHAPE_PRIOR;
    }
    for (unsigned o = 0; class != 0 && o < WTL_LEARN_OCTAVES; o++) {
        const wtl_learn_class *c = &l->at[1 + level * WTL_LEARN_OCTAVES + o];
        if (got(&c->uses) == 0)
            continue;
        waiting(l, c, table, here);
        for (unsigned a = 0; a < WTL_LEARN_AGES; a++) {
            unsigned to = a + 2 * octave - 2 * o;
            if (to < WTL_LEARN_AGES) {
                hits[to] += (float)got(&c->again[a]);
                all[to] += here[a];
            }
        }
    }
    for (unsigned a = 0; a < WTL_LEARN_AGES; a++)
        hazard[a] = hits[a] / all[a];
}

/* From the oldest age down: of what comes back at each age, and of those who wait there, the best sum over a run that begins here. */
static void make_table(wtl_learn *l, unsigned table, unsigned class)
{
    wtl_learn_class *c = &l->at[class];
    float shape[WTL_LEARN_AGES];
    float all[WTL_LEARN_AGES];
    float hits[WTL_LEARN_AGES];
    float wait[WTL_LEARN_AGES];
    float alive = 1;
    shape_of(l, table, class, shape);
    waiting(l, c, table, all);
    for (unsigned a = 0; a < WTL_LEARN_AGES; a++) {
        float h = ((float)got(&c->again[a]) + (float)OWN_PRIOR * shape[a]) / (all[a] + (float)OWN_PRIOR);
        h = h < 0.98F ? h : 0.98F;
        hits[a] = alive * h;
        wait[a] = alive * (1 - h / 2) * (start_of(a + 1) - start_of(a));
        alive -= hits[a];
    }
    for (unsigned a = 0; a < WTL_LEARN_AGES; a++) {
        float best = 0;
        float h = 0;
        float w = 0;
        for (unsigned to = a; to < WTL_LEARN_AGES; to++) {
            h += hits[to];
            w += wait[to];
            best = h > best * w ? h / w : best;
        }
        atomic_store_explicit(&c->rank[a][table], best, memory_order_relaxed);
    }
}

static void make(wtl_learn *l, unsigned class)
{
    for (unsigned table = 0; table < WTL_LEARN_TABLES; table++)
        make_table(l, table, class);
}

void wtl_learn_init(wtl_learn *l)
{
    memset(l, 0, sizeof *l);
    atomic_flag_clear(&l->busy);
    for (unsigned class = 0; class < WTL_LEARN_CLASSES; class ++)
        make(l, class);
}

static void remake(wtl_learn *l, unsigned class)
{
    wtl_learn_class *c = &l->at[class];
    uint32_t fresh = got(&c->fresh) + 1;
    uint32_t share = got(&c->uses) / REMAKE_SHARE;
    set(&c->fresh, fresh);
    if (fresh < REMAKE_LEAST || fresh < share ||
        atomic_flag_test_and_set_explicit(&l->busy, memory_order_acquire))
        return;
    set(&c->fresh, 0);
    make(l, class);
    atomic_flag_clear_explicit(&l->busy, memory_order_release);
}

void wtl_learn_use(wtl_learn *l, unsigned class)
{
    wtl_learn_class *c = &l->at[class];
    if (got(&c->uses) == 0)
        set(&c->since, got(&l->now));
    set(&c->uses, got(&c->uses) + 1);
    set(&l->seen, got(&l->seen) + 1);
    remake(l, class);
}

void wtl_learn_again(wtl_learn *l, unsigned class, unsigned age)
{
    wtl_learn_class *c = &l->at[class];
    set(&c->again[age], got(&c->again[age]) + 1);
    remake(l, class);
}

void wtl_learn_forget(wtl_learn *l, uint32_t after)
{
    if (got(&l->seen) < after)
        return;
    set(&l->seen, 0);
    for (unsigned class = 0; class < WTL_LEARN_CLASSES; class ++) {
        wtl_learn_class *c = &l->at[class];
        set(&c->uses, got(&c->uses) / 2);
        set(&c->since, got(&l->now) - (got(&l->now) - got(&c->since)) / 2);
        for (unsigned a = 0; a < WTL_LEARN_AGES; a++)
            set(&c->again[a], got(&c->again[a]) / 2);
    }
}
