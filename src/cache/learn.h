/* How soon what was used so and so comes back: learnt from what comes back, told as a rank.
 *
 * Uses of keys are put into classes, by how often the key came back already and after how many ticks as a rule. Of each class are counted how
 * many uses there were and after how many ticks the next one came. From these, the rank of a key in class c whose last use was a
 * ticks ago: the most that hits divided by ticks of waiting for them can be over all times that one could wait on from there (Gittins' index;
 * Beckmann, Chen, Cidon, "LHD: improving cache hit rate by maximizing hit density", NSDI 2018, has the ratio to the end of an entry's life
 * instead of the best). Any thread may add; what meets there may be lost. */
#ifndef WTL_CACHE_LEARN_H
#define WTL_CACHE_LEARN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WTL_LEARN_LEVELS = 4,   /* came back once, 2 or 3 times, 4 to 7, 8 and more */
    WTL_LEARN_OCTAVES = 24, /* of ticks, for the usual gap */
    WTL_LEARN_CLASSES = 1 + WTL_LEARN_LEVELS * WTL_LEARN_OCTAVES,
    WTL_LEARN_AGES = 56, /* half octaves of ticks */
    WTL_LEARN_TABLES = 2,
    WTL_LEARN_FINE = 32, /* steps of an octave in a usual gap */
};

typedef struct wtl_learn_class {
    _Atomic float rank[WTL_LEARN_AGES][WTL_LEARN_TABLES];
    _Atomic uint32_t again[WTL_LEARN_AGES]; /* uses that were followed by another after so long */
    _Atomic uint32_t uses;
    _Atomic uint32_t fresh; /* uses and returns since the ranks were made */
    _Atomic uint32_t since; /* the tick from which uses are counted, about */
} wtl_learn_class;

typedef struct wtl_learn {
    wtl_learn_class at[WTL_LEARN_CLASSES];
    _Atomic uint32_t seen; /* uses since counts were halved */
    _Atomic uint32_t now;  /* the tick, as far as it is known here */
    atomic_flag busy;
} wtl_learn;

void wtl_learn_init(wtl_learn *l);

/* log2 of ticks, in steps of 1/32. */
static inline uint32_t wtl_learn_log(uint32_t ticks)
{
    ticks |= 1;
    unsigned top = 31 - (unsigned)__builtin_clz(ticks);
    return WTL_LEARN_FINE * top + (uint32_t)(((uint64_t)ticks << 5 >> top) & (WTL_LEARN_FINE - 1));
}

static inline unsigned wtl_learn_age(uint32_t ticks)
{
    unsigned a = wtl_learn_log(ticks) / (WTL_LEARN_FINE / 2);
    return a < WTL_LEARN_AGES ? a : WTL_LEARN_AGES - 1;
}

/* The class of a key that came back `count` times, after 2^(usual/32) ticks as a rule. */
static inline unsigned wtl_learn_class_of(uint32_t count, uint32_t usual)
{
    if (count == 0)
        return 0;
    unsigned level = count >= 8 ? 3 : 31 - (unsigned)__builtin_clz(count);
    unsigned octave = usual / WTL_LEARN_FINE;
    return 1 + level * WTL_LEARN_OCTAVES + (octave < WTL_LEARN_OCTAVES ? octave : WTL_LEARN_OCTAVES - 1);
}

static inline float wtl_learn_rank(const wtl_learn *l, unsigned table, unsigned class, uint32_t ticks)
{
    return atomic_load_explicit(&l->at[class].rank[wtl_learn_age(ticks)][table], memory_order_relaxed);
}

/* A use that puts its key into this class. */
void wtl_learn_use(wtl_learn *l, unsigned class);
/* The use after it came so many ticks later, as wtl_learn_age tells. */
void wtl_learn_again(wtl_learn *l, unsigned class, unsigned age);
/* Makes what was counted weigh half as soon as there were so many uses. */
void wtl_learn_forget(wtl_learn *l, uint32_t after);

#endif
