#include "seal/change.h"
#include "seal/rekey.h"
#include "seal/reslot.h"

static int check_opts(const wtl_rewrap_opts *o, wtl_err *err)
{
    bool some = o->n_add > 0 || o->n_remove > 0;
    bool all = o->n_to > 0;
    bool pass = o->set_passphrase != NULL;
    ENSURE(some || all || pass || o->rekey, err, WTL_USAGE,
           "nothing to change: name recipients to add or to remove, or all of them, or a new key");
    ENSURE(!(some && all), err, WTL_USAGE,
           "recipients to add or remove, and all of them, were given: which is it?");
    ENSURE(!pass || !(some || all), err, WTL_USAGE,
           "a passphrase stands alone: no recipient can be named beside it");
    ENSURE(o->rekey || (o->n_sign == 0 && !o->drop_signature && o->n_senders == 0), err, WTL_USAGE,
           "senders matter only when the container gets a new key; otherwise its signatures stay");
    if (o->n_add > 0)
        TRY(wtl_wrap_check(o->add, o->add_name, o->n_add, err));
    if (o->n_to > 0)
        TRY(wtl_wrap_check(o->to, o->to_name, o->n_to, err));
    return WTL_OK;
}

static int apply(wtl_change *c, wtl_rewrap_result *result, wtl_err *err)
{
    TRY(wtl_change_open(c, err));
    return c->o->rekey ? wtl_rekey_run(c, result, err) : wtl_reslot_run(c, result, err);
}

int wtl_rewrap(const char *container, const wtl_rewrap_opts *opts, wtl_rewrap_result *result, wtl_err *err)
{
    TRY(check_opts(opts, err));
    AUTO(wtl_change) c = {.path = container, .o = opts, .file = {.fd = -1}, .r = {.in = {.fd = -1}}};
    wtl_rewrap_result done = {0};
    TRY(wtl_reader_named(&c.r, apply(&c, &done, err), err));
    if (result != NULL)
        *result = done;
    else
        wtl_rewrap_result_free(&done);
    return WTL_OK;
}
