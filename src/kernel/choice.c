#include "kernel/choice.h"

/* Tries the ways of this level, or with WTL_CPU_AUTO all, best first. */
static int choose(const wtl_choice *c, enum wtl_cpu_level level, const wtl_choice_way **way,
                  const wtl_choice_way **fault)
{
    const void *ref = c->ways[c->n - 1].ops;
    *way = NULL;
    *fault = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const wtl_choice_way *w = &c->ways[i];
        if ((level != WTL_CPU_AUTO && w->level != level) || !wtl_cpu_has(w->level) || !wtl_cpu_has(w->also))
            continue;
        if (c->right(w->ops, ref)) {
            *way = w;
            return WTL_OK;
        }
        if (*fault == NULL)
            *fault = w;
        if (level != WTL_CPU_AUTO)
            return WTL_BUG;
    }
    return *fault != NULL ? WTL_BUG : WTL_OK;
}

/* A level that the machine has and this choice has no way for is served by plain C. */
static int choose_some(const wtl_choice *c, enum wtl_cpu_level level, const wtl_choice_way **way,
                       const wtl_choice_way **fault)
{
    int rc = choose(c, level, way, fault);
    if (rc == WTL_OK && *way == NULL)
        rc = choose(c, WTL_CPU_REF, way, fault);
    return rc;
}

static int wrong(const wtl_choice *c, const wtl_choice_way *way, wtl_err *err)
{
    return WTL_FAIL(err, WTL_BUG,
                    "%s by %s computes wrongly on this machine: its processor or memory may be faulty",
                    c->what, wtl_cpu_name(way->level));
}

int wtl_choice_pick(wtl_choice *c, enum wtl_cpu_level level, const void **ops, wtl_err *err)
{
    size_t i = level == WTL_CPU_AUTO ? WTL_CPU_LEVELS : (size_t)level;
    *ops = NULL;
    ENSURE(level == WTL_CPU_AUTO || wtl_cpu_has(level), err, WTL_POLICY,
           "this processor or its operating system does not offer %s by %s", c->what, wtl_cpu_name(level));
    pthread_mutex_lock(&c->lock);
    if (!c->made[i].done) {
        c->made[i].rc = choose_some(c, level, &c->made[i].way, &c->made[i].fault);
        c->made[i].done = true;
    }
    pthread_mutex_unlock(&c->lock); /* once made, a choice does not change */
    if (c->made[i].rc < 0)
        return wrong(c, c->made[i].fault, err);
    *ops = c->made[i].way->ops;
    return WTL_OK;
}

int wtl_choice_fault(wtl_choice *c, wtl_err *err)
{
    pthread_mutex_lock(&c->lock);
    const wtl_choice_way *fault = c->made[WTL_CPU_LEVELS].fault;
    pthread_mutex_unlock(&c->lock);
    ENSURE(fault == NULL, err, WTL_BUG,
           "%s by %s computed wrongly in its self-test and was not used: this machine's processor or memory "
           "may be faulty",
           c->what, wtl_cpu_name(fault->level));
    return WTL_OK;
}
