#include "provider/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/params.h>

#include "base/text.h"

/* The setting's text, or NULL: the core's memory, which lasts as long as the provider. */
static const char *value_of(const wtl_prov *p, const char *name)
{
    char *value = NULL;
    OSSL_PARAM ask[2] = {OSSL_PARAM_construct_utf8_ptr(name, &value, 0), OSSL_PARAM_construct_end()};
    if (p->call.get_params == NULL || !p->call.get_params(p->core, ask))
        return NULL;
    return value;
}

WTL_PRINTF(4, 5)
static int refuse(wtl_err *err, int rc, const char *value, const char *fmt, ...)
{
    AUTO(wtl_buf) text = {0};
    va_list ap;
    va_start(ap, fmt);
    wtl_buf_vfmt(&text, fmt, ap);
    va_end(ap);
    wtl_buf_str(&text, " (it is \"");
    wtl_text_quote(&text, wtl_text_of(value));
    wtl_buf_str(&text, "\")");
    const char *sentence = wtl_buf_cstr(&text);
    return WTL_FAIL(err, rc, "%s", sentence != NULL ? sentence : "a setting of the provider wattle is wrong");
}

static int read_level(enum wtl_cpu_level *out, const char *what, const char *value, wtl_err *err)
{
    if (strcmp(value, "auto") == 0)
        return WTL_OK;
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (strcmp(value, wtl_cpu_name(i)) != 0)
            continue;
        if (!wtl_cpu_has(i))
            return refuse(err, WTL_POLICY, value,
                          "%s: this processor or its operating system does not offer it; "
                          "leave the setting out, or set it to ref",
                          what);
        *out = i;
        return WTL_OK;
    }
    return refuse(err, WTL_USAGE, value,
                  "%s has an unknown value; it may be auto, ref, shani, avx2 or avx512", what);
}

static int read_cpu(wtl_prov *p, wtl_err *err)
{
    p->level = wtl_cpu_forced();
    const char *value = value_of(p, "cpu");
    if (value != NULL) {
        p->level = WTL_CPU_AUTO;
        return read_level(&p->level, "the setting cpu of the provider wattle", value, err);
    }
    value = secure_getenv("WATTLE_CPU");
    if (p->level == WTL_CPU_AUTO && value != NULL && value[0] != '\0')
        return read_level(&p->level, "the environment variable WATTLE_CPU", value, err);
    return WTL_OK;
}

static const char *const words[2][4] = {{"no", "off", "false", "0"}, {"yes", "on", "true", "1"}};

/* 0 for a word that means no, 1 for yes, -1 for another. */
static int truth_of(const char *value)
{
    for (int on = 0; on < 2; on++) {
        for (int i = 0; i < 4; i++) {
            if (strcasecmp(value, words[on][i]) == 0)
                return on;
        }
    }
    return -1;
}

static int read_pairwise(wtl_prov *p, wtl_err *err)
{
    const char *value = value_of(p, "pairwise-test");
    p->pairwise = WTL_PROV_PAIR_FITS;
    if (value == NULL)
        return WTL_OK;
    int on = truth_of(value);
    if (strcasecmp(value, "full") == 0)
        p->pairwise = WTL_PROV_PAIR_USED;
    else if (on >= 0)
        p->pairwise = on == 1 ? WTL_PROV_PAIR_FITS : WTL_PROV_PAIR_NO;
    else
        return refuse(err, WTL_USAGE, value,
                      "the setting pairwise-test of the provider wattle has an unknown value; it may be yes, "
                      "full or no");
    return WTL_OK;
}

static int read_switch(bool *out, const wtl_prov *p, const char *name, wtl_err *err)
{
    const char *value = value_of(p, name);
    if (value == NULL)
        return WTL_OK;
    int on = truth_of(value);
    if (on >= 0) {
        *out = on == 1;
        return WTL_OK;
    }
    return refuse(err, WTL_USAGE, value,
                  "the setting %s of the provider wattle has an unknown value; it may be yes or no", name);
}

int wtl_settings_read(wtl_prov *p, wtl_err *err)
{
    TRY(read_cpu(p, err));
    p->verify_after_sign = false;
    TRY(read_switch(&p->verify_after_sign, p, "verify-after-sign", err));
    TRY(read_pairwise(p, err));
    const char *report = value_of(p, "report");
    if (report == NULL || report[0] == '\0')
        return WTL_OK;
    p->report = OPENSSL_strdup(report);
    p->program = OPENSSL_strdup(program_invocation_short_name);
    ENSURE(p->report != NULL && p->program != NULL, err, WTL_NOMEM,
           "no memory for the settings of the provider wattle");
    return WTL_OK;
}
