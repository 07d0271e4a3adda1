#include "crypto/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base/text.h"
#include "crypto/lib.h"

struct wtl_served {
    OSSL_LIB_CTX *ctx;
    bool own; /* ctx is ours to free */
};

void wtl_served_free(wtl_served *s)
{
    if (s == NULL)
        return;
    if (s->own)
        OSSL_LIB_CTX_free(s->ctx);
    free(s);
}

void wtl_served_auto(wtl_served **s)
{
    wtl_served_free(*s);
}

static int load(wtl_served *s, const char *conf, wtl_err *err)
{
    s->ctx = OSSL_LIB_CTX_new();
    s->own = true;
    ENSURE(s->ctx != NULL, err, WTL_NOMEM, "out of memory");
    if (OSSL_LIB_CTX_load_config(s->ctx, conf) == 1)
        return WTL_OK;
    AUTO(wtl_buf) shown = {0};
    wtl_text_quote(&shown, wtl_text_of(conf));
    const char *name = wtl_buf_cstr(&shown);
    return WTL_FAIL_OSSL(err, WTL_FORMAT, "OpenSSL does not take the configuration file %s",
                         name != NULL ? name : "given");
}

int wtl_served_open(wtl_served **out, const char *conf, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    AUTO(wtl_served) *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    s->ctx = wtl_lib_ctx();
    if (conf != NULL)
        TRY(load(s, conf, err));
    *out = s;
    s = NULL;
    return WTL_OK;
}

int wtl_served_by(const wtl_served *s, const wtl_alg *a, char name[64], wtl_err *err)
{
    EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(s->ctx, a->evp != NULL ? a->evp : "ML-KEM-768", NULL);
    if (m == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "no provider in use has %s", a->name);
    snprintf(name, 64, "%s", OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(m)));
    EVP_KEYMGMT_free(m);
    return WTL_OK;
}

bool wtl_served_active(const wtl_served *s, const char *provider)
{
    return OSSL_PROVIDER_available(s->ctx, provider) == 1;
}

int wtl_served_query(const wtl_served *s, wtl_buf *out, wtl_err *err)
{
    char *query = EVP_get1_default_properties(s->ctx);
    wtl_buf_fmt(out, "%s", query != NULL ? query : "");
    OPENSSL_free(query);
    return wtl_buf_check(out, err);
}

/* The section of the provider's settings: openssl_conf names a section, its `providers` another, and that one the provider's. */
static STACK_OF(CONF_VALUE) * settings_of(const CONF *conf, const char *provider)
{
    const char *start = NCONF_get_string(conf, NULL, "openssl_conf");
    const char *list = start != NULL ? NCONF_get_string(conf, start, "providers") : NULL;
    const char *section = list != NULL ? NCONF_get_string(conf, list, provider) : NULL;
    return section != NULL ? NCONF_get_section(conf, section) : NULL;
}

/* What the oldest error says; the later ones say that OpenSSL heard it. */
static int add_oldest(wtl_buf *out, wtl_err *err)
{
    const char *text = NULL;
    int flags = 0;
    unsigned long code = ERR_get_error_all(NULL, NULL, NULL, &text, &flags);
    if (code != 0 && (text == NULL || text[0] == '\0' || (flags & ERR_TXT_STRING) == 0))
        text = ERR_reason_error_string(code);
    /* A sentence: its quotation marks stay. */
    for (size_t i = 0; code != 0 && text != NULL && text[i] != '\0'; i++)
        wtl_buf_fmt(out, "%c", (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
    return wtl_buf_check(out, err);
}

enum { SETTINGS_MOST = 32 };

static int try_to_start(STACK_OF(CONF_VALUE) * settings, const char *provider, wtl_buf *out, wtl_err *err)
{
    OSSL_PARAM params[SETTINGS_MOST + 1];
    const char *module = provider;
    int n = 0;
    for (int i = 0; i < sk_CONF_VALUE_num(settings) && n < SETTINGS_MOST; i++) {
        const CONF_VALUE *v = sk_CONF_VALUE_value(settings, i);
        if (strcmp(v->name, "module") == 0)
            module = v->value;
        else if (strcmp(v->name, "report") != 0) /* this is no work to be reported */
            params[n++] = OSSL_PARAM_construct_utf8_string(v->name, v->value, 0);
    }
    params[n] = OSSL_PARAM_construct_end();
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    ENSURE(ctx != NULL, err, WTL_NOMEM, "out of memory");
    ERR_clear_error();
    OSSL_PROVIDER *p = OSSL_PROVIDER_load_ex(ctx, module, params);
    int rc = p == NULL ? add_oldest(out, err) : WTL_OK;
    ERR_clear_error();
    if (p != NULL)
        OSSL_PROVIDER_unload(p);
    OSSL_LIB_CTX_free(ctx);
    return rc;
}

int wtl_served_refusal(const char *conf, const char *provider, wtl_buf *out, wtl_err *err)
{
    CONF *text = NCONF_new(NULL);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    int rc = WTL_OK;
    STACK_OF(CONF_VALUE) *settings = NCONF_load(text, conf, NULL) > 0 ? settings_of(text, provider) : NULL;
    if (settings != NULL)
        rc = try_to_start(settings, provider, out, err);
    ERR_clear_error();
    NCONF_free(text);
    return rc;
}
