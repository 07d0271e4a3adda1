#include "replay/model.h"

const wtl_model *wtl_model_at(size_t i)
{
    static const wtl_model *const all[] = {&wtl_lru_model,     &wtl_lfu_model,  &wtl_s3fifo_model,
                                           &wtl_sieve_model,   &wtl_gdsf_model, &wtl_lirs_model,
                                           &wtl_tinylfu_model, &wtl_own_model,  &wtl_real_model};
    return i < sizeof all / sizeof all[0] ? all[i] : NULL;
}
