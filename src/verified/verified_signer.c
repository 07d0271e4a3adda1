#include <wattle/verified_signed.h>

#include "base/err.h"

int wtl_verified_signer_init(wtl_verified_signer *s, wtl_err *err)
{
    return wtl_key_id(s->key, s->id, err);
}
