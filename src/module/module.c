/* wattle.so: what OpenSSL's loader looks for in a provider's file. */
#include "provider/prov.h"
#include "provider/report.h"

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out, void **provctx)
{
    return wtl_prov_init(handle, in, out, provctx);
}

__attribute__((destructor)) static void at_end(void)
{
    wtl_report_rest();
}
