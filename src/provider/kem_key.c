#include "provider/kem_key.h"

#include <openssl/crypto.h>

wtl_kem_key *wtl_kem_key_new(wtl_prov *p, enum wtl_mlkem_set set)
{
    wtl_kem_key *k = OPENSSL_zalloc(sizeof *k);
    if (k == NULL)
        return NULL;
    k->prov = p;
    k->set = set;
    atomic_init(&k->refs, 1);
    return k;
}

wtl_kem_key *wtl_kem_key_share(wtl_kem_key *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

static int expand_public(void **out, const void *key, wtl_err *err)
{
    const wtl_kem_key *k = key;
    wtl_mlkem_key *made = NULL;
    TRY(wtl_mlkem_from_public(&made, k->set, k->prov->level, wtl_kem_key_public(k), err));
    *out = made;
    return WTL_OK;
}

static void free_expanded(void *made)
{
    wtl_mlkem_free(made);
}

static const wtl_late_kind late = {expand_public, free_expanded};

void wtl_kem_key_empty(wtl_kem_key *k)
{
    wtl_late_free(&k->late, &late);
    OPENSSL_free(k->pub);
    k->pub = NULL;
}

void wtl_kem_key_free(wtl_kem_key *k)
{
    if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) > 1)
        return;
    wtl_kem_key_empty(k);
    OPENSSL_free(k);
}

bool wtl_kem_key_is_empty(const wtl_kem_key *k)
{
    return k->pub == NULL && wtl_late_kept(&k->late) == NULL;
}

const wtl_mlkem_key *wtl_kem_key_pair(const wtl_kem_key *k)
{
    return k->pub == NULL ? wtl_late_kept(&k->late) : NULL;
}

bool wtl_kem_key_is_private(const wtl_kem_key *k)
{
    return wtl_kem_key_pair(k) != NULL;
}

wtl_bytes wtl_kem_key_public(const wtl_kem_key *k)
{
    const wtl_mlkem_key *pair = wtl_kem_key_pair(k);
    if (pair != NULL)
        return wtl_mlkem_public(pair);
    return (wtl_bytes){k->pub, k->pub != NULL ? wtl_mlkem_params_of(k->set)->pub : 0};
}

wtl_bytes wtl_kem_key_private(const wtl_kem_key *k)
{
    const wtl_mlkem_key *pair = wtl_kem_key_pair(k);
    return pair != NULL ? wtl_mlkem_private(pair) : (wtl_bytes){0};
}

wtl_bytes wtl_kem_key_seed(const wtl_kem_key *k)
{
    const wtl_mlkem_key *pair = wtl_kem_key_pair(k);
    return pair != NULL ? wtl_mlkem_seed(pair) : (wtl_bytes){0};
}

int wtl_kem_key_take(wtl_kem_key *k, wtl_mlkem_key **out, wtl_mlkem_key **mine, wtl_err *err)
{
    void *all = NULL;
    void *own = NULL;
    TRY(wtl_late_take(&k->late, &late, k, &all, &own, err));
    *out = all;
    *mine = own;
    return WTL_OK;
}

int wtl_kem_key_keep(wtl_kem_key *k, wtl_mlkem_key **out, wtl_err *err)
{
    void *all = NULL;
    TRY(wtl_late_keep(&k->late, &late, k, &all, err));
    *out = all;
    return WTL_OK;
}

static int keep_public(wtl_kem_key *k, wtl_bytes pub, wtl_err *err)
{
    k->pub = OPENSSL_memdup(pub.p, pub.n);
    ENSURE(k->pub != NULL, err, WTL_NOMEM, "no memory for an ML-KEM key");
    return WTL_OK;
}

static int check_length(wtl_bytes part, size_t n, const char *name, const char *what, wtl_err *err)
{
    ENSURE(part.n == 0 || part.n == n, err, WTL_FORMAT, "the %s of an %s key has %zu bytes; it must have %zu",
           what, name, part.n, n);
    return WTL_OK;
}

static int check_lengths(enum wtl_mlkem_set set, const wtl_kem_parts *parts, wtl_err *err)
{
    const wtl_mlkem_params *is = wtl_mlkem_params_of(set);
    ENSURE(parts->seed.n + parts->priv.n + parts->pub.n > 0, err, WTL_USAGE,
           "nothing to make an %s key of: give a seed, a private or a public key", is->name);
    TRY(check_length(parts->seed, WTL_MLKEM_SEED, is->name, "seed", err));
    TRY(check_length(parts->priv, is->priv, is->name, "private part", err));
    return check_length(parts->pub, is->pub, is->name, "public part", err);
}

int wtl_kem_key_check_pair(const wtl_prov *p, const wtl_mlkem_key *k, wtl_err *err)
{
    if (p->pairwise == WTL_PROV_PAIR_NO)
        return WTL_OK;
    return p->pairwise == WTL_PROV_PAIR_FITS ? wtl_mlkem_fits(k, err) : wtl_mlkem_consistent(k, err);
}

static int make(wtl_mlkem_key **out, const wtl_prov *p, enum wtl_mlkem_set set, const wtl_kem_parts *parts,
                wtl_err *err)
{
    if (parts->seed.n > 0)
        return wtl_mlkem_from_seed(out, set, p->level, parts->seed.p, err);
    TRY(wtl_mlkem_from_private(out, set, p->level, parts->priv, err));
    return wtl_kem_key_check_pair(p, *out, err);
}

static int check_agreement(const wtl_mlkem_key *k, const wtl_kem_parts *parts, wtl_err *err)
{
    const char *name = wtl_mlkem_params_of(wtl_mlkem_set_of(k))->name;
    ENSURE(parts->priv.n == 0 || wtl_ct_eq(parts->priv, wtl_mlkem_private(k)), err, WTL_FORMAT,
           "the seed and the expanded private part of an %s key do not belong together", name);
    ENSURE(parts->pub.n == 0 || wtl_ct_eq(parts->pub, wtl_mlkem_public(k)), err, WTL_FORMAT,
           "the public and the private part of an %s key do not belong together", name);
    return WTL_OK;
}

static int fill_pair(wtl_mlkem_key **out, const wtl_kem_key *k, const wtl_kem_parts *parts, wtl_err *err)
{
    TRY(make(out, k->prov, k->set, parts, err));
    return check_agreement(*out, parts, err);
}

int wtl_kem_key_fill(wtl_kem_key *k, const wtl_kem_parts *parts, wtl_err *err)
{
    ENSURE(wtl_kem_key_is_empty(k), err, WTL_USAGE, "an ML-KEM key cannot be changed once it is made");
    TRY(check_lengths(k->set, parts, err));
    if (parts->seed.n + parts->priv.n == 0) {
        TRY(wtl_mlkem_check_public(k->set, k->prov->level, parts->pub, err));
        return keep_public(k, parts->pub, err);
    }
    wtl_mlkem_key *made = NULL;
    int rc = fill_pair(&made, k, parts, err);
    if (rc == 0)
        wtl_late_give(&k->late, made);
    else
        wtl_mlkem_free(made);
    return rc;
}
