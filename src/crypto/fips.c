#include "crypto/fips.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base/buf.h"
#include "base/text.h"

/* Where the settings are, as text without quotes. */
static int find_settings(wtl_buf *path, wtl_err *err)
{
    const char *named = secure_getenv("WATTLE_FIPS_CONF");
    if (named != NULL && named[0] != '\0')
        wtl_buf_fmt(path, "%s", named);
    else
        wtl_buf_fmt(path, "%s/fipsmodule.cnf", OPENSSL_info(OPENSSL_INFO_CONFIG_DIR));
    return wtl_buf_cstr(path) != NULL ? WTL_OK : wtl_buf_check(path, err);
}

/* The section [fips_sect] as parameters, every value a text. The texts stay `conf`'s. */
static int as_params(OSSL_PARAM **out, CONF *conf)
{
    STACK_OF(CONF_VALUE) *rows = NCONF_get_section(conf, "fips_sect");
    int n = rows != NULL ? sk_CONF_VALUE_num(rows) : 0;
    if (n <= 0)
        return 0;
    OSSL_PARAM *p = calloc((size_t)n + 1, sizeof *p);
    if (p == NULL)
        return 0;
    for (int i = 0; i < n; i++) {
        CONF_VALUE *v = sk_CONF_VALUE_value(rows, i);
        p[i] = OSSL_PARAM_construct_utf8_string(v->name, v->value, 0);
    }
    p[n] = OSSL_PARAM_construct_end();
    *out = p;
    return 1;
}

static int load(OSSL_PROVIDER **out, OSSL_LIB_CTX *ctx, const char *path, wtl_err *err)
{
    CONF *conf = NCONF_new_ex(ctx, NULL);
    OSSL_PARAM *params = NULL;
    int rc = WTL_OK;
    if (conf == NULL || NCONF_load(conf, path, NULL) <= 0 || as_params(&params, conf) != 1)
        rc = WTL_FAIL_OSSL(
            err, WTL_POLICY,
            "--crypto fips needs the settings of OpenSSL's FIPS module, and %s has no section [fips_sect]: "
            "run "
            "`openssl fipsinstall -module FILE/fips.so -out FILE`, and name the result in WATTLE_FIPS_CONF",
            path);
    else if ((*out = OSSL_PROVIDER_load_ex(ctx, "fips", params)) == NULL)
        rc = WTL_FAIL_OSSL(
            err, WTL_POLICY,
            "OpenSSL's FIPS module does not start: install it (Debian's package "
            "openssl-provider-fips), name its folder in OPENSSL_MODULES, and make %s anew with "
            "`openssl fipsinstall`",
            path);
    free(params);
    NCONF_free(conf);
    return rc;
}

int wtl_fips_load(OSSL_PROVIDER **out, OSSL_LIB_CTX *ctx, wtl_err *err)
{
    AUTO(wtl_buf) path = {0};
    *out = NULL;
    TRY(find_settings(&path, err));
    TRY(load(out, ctx, wtl_buf_cstr(&path), err));
    if (EVP_set_default_properties(ctx, "fips=yes") == 1)
        return WTL_OK;
    OSSL_PROVIDER_unload(*out);
    *out = NULL;
    return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not take the rule fips=yes");
}
