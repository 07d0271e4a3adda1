#include "bench/cachelib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes of post-quantum values: Ed25519, Falcon-512, an ML-KEM-768 ciphertext, ML-DSA-65, a session token of both, SLH-DSA-128f and -256f. */
static const size_t sizes[] = {64, 690, 1088, 3309, 4493, 17088, 49856};
static const size_t numbers[] = {10000, 100000, 1000000};
enum { LITTLE = 64, TOKEN = 4493, FEW = 10000 };

size_t wtl_cachelib_keys_at(size_t i)
{
    return i < sizeof numbers / sizeof numbers[0] ? numbers[i] : 0;
}

size_t wtl_cachelib_value_at(size_t i)
{
    return i < sizeof sizes / sizeof sizes[0] ? sizes[i] : 0;
}

void wtl_cachelib_free(wtl_cachelib *c)
{
    free(c->row);
    *c = (wtl_cachelib){0};
}

void wtl_cachelib_auto(wtl_cachelib *c)
{
    wtl_cachelib_free(c);
}

const char *wtl_cachelib_part_name(enum wtl_cachelib_part p)
{
    static const char *const names[] = {
        [WTL_CACHELIB_KEYS] = "keys", [WTL_CACHELIB_SIZES] = "sizes", [WTL_CACHELIB_SETS] = "sets"};
    return names[p];
}

const wtl_cachelib_row *wtl_cachelib_find(const wtl_cachelib *c, enum wtl_cachelib_part part,
                                          enum wtl_cachecell_what w, size_t keys, size_t value_n, bool zipf)
{
    for (size_t i = 0; i < c->n; i++) {
        const wtl_cachelib_row *r = &c->row[i];
        if (r->part == part && r->what == w && r->keys == keys && r->value_n == value_n && r->zipf == zipf)
            return r;
    }
    return NULL;
}

static int add_row(wtl_cachelib *c, const wtl_cachelib_row *r, wtl_err *err)
{
    if (c->n == c->room) {
        size_t room = c->room > 0 ? 2 * c->room : 64;
        wtl_cachelib_row *grown = realloc(c->row, room * sizeof *grown);
        ENSURE(grown != NULL, err, WTL_NOMEM, "out of memory");
        c->row = grown;
        c->room = room;
    }
    c->row[c->n++] = *r;
    return WTL_OK;
}

static int add_size(wtl_cachelib *c, wtl_cachelib_row *r,
                    const double of[WTL_CACHECELL_WHATS][WTL_CACHELOAD_MOST], wtl_err *err)
{
    for (size_t w = 0; w < WTL_CACHECELL_WHATS; w++) {
        bool any = false;
        r->what = (enum wtl_cachecell_what)w;
        memcpy(r->of, of[w], sizeof r->of);
        for (size_t i = 0; i < WTL_CACHELOAD_MOST; i++)
            any = any || r->of[i] > 0;
        if (any)
            TRY(add_row(c, r, err));
    }
    return WTL_OK;
}

static int add_cell(wtl_cachelib *c, enum wtl_cachelib_part part, const wtl_cachecell_plan *plan,
                    const wtl_cachecell *cell, wtl_err *err)
{
    for (size_t v = 0; v < plan->values; v++) {
        wtl_cachelib_row r = {
            .part = part, .keys = plan->keys, .value_n = plan->value_n[v], .zipf = plan->zipf};
        TRY(add_size(c, &r, cell->of[v], err));
    }
    c->pinned = cell->pinned;
    c->huge_pages = cell->huge_pages;
    memcpy(c->level, cell->level, sizeof c->level);
    c->clock_cost = cell->clock_cost;
    c->clock_step = cell->clock_step;
    return WTL_OK;
}

/* Bytes that can be had without swapping; UINT64_MAX when the system does not tell. */
static uint64_t memory_free(void)
{
    char line[128];
    uint64_t kib = UINT64_MAX >> 10;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kib = strtoull(line + 13, NULL, 10);
    }
    if (f != NULL)
        fclose(f);
    return kib << 10;
}

static bool fits(const wtl_cachelib_plan *plan, const wtl_cachecell_plan *cell, enum wtl_cachelib_part part)
{
    enum { MIB = 1 << 20 };
    char sentence[200];
    uint64_t needs = wtl_cachecell_needs(cell, part == WTL_CACHELIB_SETS);
    uint64_t has = memory_free();
    if (needs < has / 10 * 9)
        return true;
    snprintf(sentence, sizeof sentence,
             "%zu keys with values of up to %zu bytes are left out: that takes %llu MiB of memory, and %llu "
             "are free",
             cell->keys, cell->value_n[cell->values - 1], (unsigned long long)(needs / MIB),
             (unsigned long long)(has / MIB));
    if (plan->left_out != NULL)
        plan->left_out(plan->arg, sentence);
    return false;
}

static int run_cell(wtl_cachelib *out, const wtl_cachelib_plan *plan, enum wtl_cachelib_part part,
                    wtl_cachecell_plan *p, wtl_err *err)
{
    p->tables = plan->tables;
    p->brief = part == WTL_CACHELIB_SIZES;
    p->rounds = plan->rounds;
    p->asked = plan->asked;
    p->lone = plan->lone;
    p->step = plan->step;
    p->arg = plan->arg;
    if (!fits(plan, p, part))
        return WTL_OK;
    wtl_cachecell *cell = calloc(1, sizeof *cell);
    ENSURE(cell != NULL, err, WTL_NOMEM, "out of memory");
    int rc = part == WTL_CACHELIB_SETS ? wtl_cachecell_sets(cell, p, err) : wtl_cachecell_gets(cell, p, err);
    if (rc == WTL_OK)
        rc = add_cell(out, part, p, cell, err);
    free(cell);
    return rc;
}

static int run_number(wtl_cachelib *out, const wtl_cachelib_plan *plan, size_t keys, wtl_err *err)
{
    static const size_t little = LITTLE;
    wtl_cachecell_plan p = {
        .keys = keys, .value_n = plan->value_n != 0 ? &plan->value_n : &little, .values = 1};
    TRY(run_cell(out, plan, WTL_CACHELIB_KEYS, &p, err));
    p.zipf = true;
    return run_cell(out, plan, WTL_CACHELIB_KEYS, &p, err);
}

static int run_keys(wtl_cachelib *out, const wtl_cachelib_plan *plan, wtl_err *err)
{
    size_t n;
    if (plan->keys != 0)
        return run_number(out, plan, plan->keys, err);
    for (size_t i = 0; (n = wtl_cachelib_keys_at(i)) != 0; i++)
        TRY(run_number(out, plan, n, err));
    return WTL_OK;
}

static int run_sizes(wtl_cachelib *out, const wtl_cachelib_plan *plan, wtl_err *err)
{
    wtl_cachecell_plan p = {.keys = plan->keys != 0 ? plan->keys : FEW,
                            .value_n = plan->value_n != 0 ? &plan->value_n : sizes,
                            .values = plan->value_n != 0 ? 1 : sizeof sizes / sizeof sizes[0]};
    return run_cell(out, plan, WTL_CACHELIB_SIZES, &p, err);
}

static int run_sets(wtl_cachelib *out, const wtl_cachelib_plan *plan, wtl_err *err)
{
    static const size_t token = TOKEN;
    wtl_cachecell_plan p = {.keys = plan->keys != 0 ? plan->keys : plan->stored,
                            .value_n = plan->value_n != 0 ? &plan->value_n : &token,
                            .values = 1};
    return run_cell(out, plan, WTL_CACHELIB_SETS, &p, err);
}

int wtl_cachelib_run(wtl_cachelib *out, const wtl_cachelib_plan *plan, wtl_err *err)
{
    if (plan->parts[WTL_CACHELIB_KEYS])
        TRY(run_keys(out, plan, err));
    if (plan->parts[WTL_CACHELIB_SIZES])
        TRY(run_sizes(out, plan, err));
    if (plan->parts[WTL_CACHELIB_SETS])
        TRY(run_sets(out, plan, err));
    return WTL_OK;
}
