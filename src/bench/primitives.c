#include "bench/primitives.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "base/stop.h"
#include "bench/race.h"
#include "bench/side.h"
#include "crypto/lib.h"

static const struct {
    const char *alg, *op;
    double times;
} goals[] = {
#define GOAL(alg, op, times) {alg, op, times},
#include "bench/goals.def"
#undef GOAL
};

static double goal_of(const char *alg, const char *op)
{
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) {
        if (strcmp(goals[i].alg, alg) == 0 && strcmp(goals[i].op, op) == 0)
            return goals[i].times;
    }
    return 0;
}

/* What is run of each kind: by OpenSSL, and by us. `many` needs the library's own key. */
typedef struct operation {
    enum wtl_alg_kind kind;
    const char *op;
    wtl_race_fn *openssl, *wattle;
    bool many, random; /* random: the number of attempts is */
} operation;

static const operation operations[] = {
    {WTL_ALG_SIG, "keygen", wtl_side_keygen, wtl_side_keygen, false, false},
    {WTL_ALG_SIG, "sign", wtl_side_sign, wtl_side_sign, false, true},
    {WTL_ALG_SIG, "verify", wtl_side_verify, wtl_side_verify, false, false},
    {WTL_ALG_SIG, "verify, new key", wtl_side_verify_new, wtl_side_verify_new, false, false},
    {WTL_ALG_SIG, "sign, 8 at once", wtl_side_sign, wtl_side_sign_many, true, true},
    {WTL_ALG_SIG, "verify, 8 at once", wtl_side_verify, wtl_side_verify_many, true, false},
    {WTL_ALG_KEM, "keygen", wtl_side_keygen, wtl_side_keygen, false, false},
    {WTL_ALG_KEM, "encaps", wtl_side_encaps, wtl_side_encaps, false, false},
    {WTL_ALG_KEM, "decaps", wtl_side_decaps, wtl_side_decaps, false, false},
    {WTL_ALG_KEM, "encaps, new key", wtl_side_encaps_new, wtl_side_encaps_new, false, false},
    {WTL_ALG_KEM, "encaps, 8 at once", wtl_side_encaps, wtl_side_encaps_many, true, false},
    {WTL_ALG_KEM, "decaps, 8 at once", wtl_side_decaps, wtl_side_decaps_many, true, false},
    {WTL_ALG_KEX, "keygen", wtl_side_keygen, wtl_side_keygen, false, false},
    {WTL_ALG_KEX, "derive", wtl_side_derive, wtl_side_derive, false, false},
    {WTL_ALG_GROUP, "keygen", wtl_side_keygen, wtl_side_keygen, false, false},
    {WTL_ALG_GROUP, "encaps", wtl_side_encaps_new, wtl_side_encaps_new, false, false},
    {WTL_ALG_GROUP, "decaps", wtl_side_decaps, wtl_side_decaps, false, false},
};

void wtl_primitives_free(wtl_primitives *p)
{
    free(p->row);
    *p = (wtl_primitives){0};
}

void wtl_primitives_auto(wtl_primitives *p)
{
    wtl_primitives_free(p);
}

static int add_row(wtl_primitives *p, const wtl_primitives_row *r, wtl_err *err)
{
    if (p->n == p->room) {
        size_t room = p->room > 0 ? 2 * p->room : 32;
        wtl_primitives_row *grown = realloc(p->row, room * sizeof *grown);
        ENSURE(grown != NULL, err, WTL_NOMEM, "out of memory");
        p->row = grown;
        p->room = room;
    }
    p->row[p->n++] = *r;
    return WTL_OK;
}

static int run_row(wtl_primitives *p, const wtl_primitives_plan *plan, const operation *o, wtl_side side[2],
                   wtl_err *err)
{
    const char *alg = side[0].alg->name;
    ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "stopped before %s %s was measured", alg, o->op);
    if (plan->step != NULL)
        plan->step(plan->arg, alg, o->op);
    if (o->many)
        TRY(wtl_side_open_many(&side[1], err));
    wtl_race_lane lanes[2] = {{o->openssl, &side[0], 0}, {o->wattle, &side[1], 0}};
    wtl_race_plan race = {.rounds = plan->rounds, .seconds = plan->seconds};
    if (o->random) {
        race.mean = true;
        race.least = plan->sign_least;
    }
    TRY(wtl_race_run(lanes, 2, &race, err));
    wtl_key_free(side[1].many);
    side[1].many = NULL;
    return add_row(p, &(wtl_primitives_row){alg, o->op, lanes[0].us, lanes[1].us, goal_of(alg, o->op)}, err);
}

static int run_alg(wtl_primitives *p, const wtl_primitives_plan *plan, const wtl_alg *a, OSSL_LIB_CTX *peer,
                   wtl_side side[2], wtl_err *err)
{
    bool signs = a->kind == WTL_ALG_SIG;
    for (size_t i = 0; i < 2; i++)
        TRY(wtl_side_open(&side[i], i == 0 ? peer : wtl_lib_ctx(), a, signs ? plan->message : NULL,
                          signs ? plan->messages : 0, err));
    wtl_lib_served(side[1].key, a->name);
    TRY(wtl_lib_fault(err)); /* a comparison of OpenSSL with itself would be worth nothing */
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (operations[i].kind == a->kind)
            TRY(run_row(p, plan, &operations[i], side, err));
    }
    return WTL_OK;
}

static int run_all(wtl_primitives *p, const wtl_primitives_plan *plan, OSSL_LIB_CTX *peer, wtl_err *err)
{
    const wtl_alg *a;
    for (size_t i = 0; (a = wtl_alg_at(i)) != NULL; i++) {
        if ((a->flags & WTL_ALG_OURS) == 0 || a->evp == NULL ||
            (plan->only != NULL && strcmp(plan->only, a->name) != 0) ||
            (plan->messages > 0 && a->kind != WTL_ALG_SIG))
            continue;
        wtl_side *side = calloc(2, sizeof *side);
        ENSURE(side != NULL, err, WTL_NOMEM, "out of memory");
        int rc = run_alg(p, plan, a, peer, side, err);
        for (size_t k = 0; k < 2; k++)
            wtl_side_close(&side[k]);
        free(side);
        TRY(rc);
    }
    return WTL_OK;
}

int wtl_primitives_run(wtl_primitives *p, const wtl_primitives_plan *plan, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    ENSURE(wtl_lib_crypto() == WTL_LIB_WATTLE, err, WTL_POLICY,
           "with --crypto %s there are no kernels of Wattle to measure: leave it out", wtl_lib_using());
    OSSL_LIB_CTX *peer = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *theirs = peer != NULL ? OSSL_PROVIDER_load(peer, "default") : NULL;
    int rc = theirs != NULL ? run_all(p, plan, peer, err)
                            : WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's default provider did not load");
    OSSL_PROVIDER_unload(theirs);
    OSSL_LIB_CTX_free(peer);
    return rc;
}

static const wtl_primitives_row *find(const wtl_primitives *p, const char *alg, const char *op)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->row[i].alg, alg) == 0 && strcmp(p->row[i].op, op) == 0)
            return &p->row[i];
    }
    return NULL;
}

bool wtl_primitives_exchange(const wtl_primitives *p, double *classical_openssl, double *hybrid_wattle)
{
    const wtl_primitives_row *xk = find(p, "X25519", "keygen");
    const wtl_primitives_row *xd = find(p, "X25519", "derive");
    const wtl_primitives_row *hk = find(p, "X25519MLKEM768", "keygen");
    const wtl_primitives_row *he = find(p, "X25519MLKEM768", "encaps");
    const wtl_primitives_row *hd = find(p, "X25519MLKEM768", "decaps");
    if (xk == NULL || xd == NULL || hk == NULL || he == NULL || hd == NULL)
        return false;
    *classical_openssl = 2 * xk->openssl + 2 * xd->openssl;
    *hybrid_wattle = hk->wattle + he->wattle + hd->wattle;
    return true;
}
