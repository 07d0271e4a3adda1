#include "provider/prov.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <wattle/version.h>

#include "provider/capability.h"
#include "provider/report.h"
#include "provider/self.h"
#include "provider/settings.h"

#define PROPERTY "provider=wattle"

/* One array an operation, from the rows of algs.def that name it. */
#define ROW(names, dispatch, description) {names, PROPERTY, dispatch, description},
#define NONE(names, dispatch, description)
#define ALG(op, names, dispatch, description) ALG_##op(names, dispatch, description)
#define DECODER(names, structure, dispatch) \
    ALG_DECODER(names, PROPERTY ",input=der,structure=" #structure, dispatch)
#define DECODER_ROW(names, property, dispatch) {names, property, dispatch, NULL},

#define ALG_DECODER NONE
#define ALG_KEYMGMT ROW
#define ALG_SIGNATURE NONE
#define ALG_KEM NONE
#define ALG_KEYEXCH NONE
#define ALG_KDF NONE
static const OSSL_ALGORITHM keymgmts[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};
#undef ALG_KEYMGMT
#define ALG_KEYMGMT NONE
#undef ALG_SIGNATURE
#define ALG_SIGNATURE ROW
static const OSSL_ALGORITHM signatures[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};
#undef ALG_SIGNATURE
#define ALG_SIGNATURE NONE
#undef ALG_KEM
#define ALG_KEM ROW
static const OSSL_ALGORITHM kems[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};
#undef ALG_KEM
#define ALG_KEM NONE
#undef ALG_KEYEXCH
#define ALG_KEYEXCH ROW
static const OSSL_ALGORITHM keyexchs[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};
#undef ALG_KEYEXCH
#define ALG_KEYEXCH NONE
#undef ALG_KDF
#define ALG_KDF ROW
static const OSSL_ALGORITHM kdfs[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};
#undef ALG_KDF
#define ALG_KDF NONE
#undef ALG_DECODER
#define ALG_DECODER DECODER_ROW
static const OSSL_ALGORITHM decoders[] = {
#include "provider/algs.def"
    {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    const OSSL_ALGORITHM *rows = NULL;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        rows = keymgmts;
        break;
    case OSSL_OP_SIGNATURE:
        rows = signatures;
        break;
    case OSSL_OP_KEM:
        rows = kems;
        break;
    case OSSL_OP_KEYEXCH:
        rows = keyexchs;
        break;
    case OSSL_OP_KDF:
        rows = kdfs;
        break;
    case OSSL_OP_DECODER:
        rows = decoders;
        break;
    default:
        break;
    }
    return rows != NULL && rows->algorithm_names != NULL ? rows : NULL;
}

static const OSSL_PARAM *gettable(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM list[] = {
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
        OSSL_PARAM_DEFN("wattle.cpu", OSSL_PARAM_UTF8_PTR, NULL, 0),
#define COUNTER(id, name) \
    OSSL_PARAM_DEFN("wattle." name, OSSL_PARAM_UNSIGNED_INTEGER, NULL, sizeof(uint64_t)),
#include "provider/counters.def"
#undef COUNTER
        OSSL_PARAM_END};
    return list;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, name);
    return at == NULL || OSSL_PARAM_set_utf8_ptr(at, value);
}

static int get_counter(wtl_prov *p, OSSL_PARAM params[], const char *name, enum wtl_prov_counter c)
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, name);
    return at == NULL || OSSL_PARAM_set_uint64(at, atomic_load(&p->count[c]));
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    wtl_prov *p = provctx;
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    int good = set_text(params, OSSL_PROV_PARAM_NAME, "Wattle") &&
               set_text(params, OSSL_PROV_PARAM_VERSION, wtl_version()) &&
               set_text(params, OSSL_PROV_PARAM_BUILDINFO, wtl_version()) &&
               set_text(params, "wattle.cpu", wtl_report_cpu(p)) &&
               (status == NULL || OSSL_PARAM_set_int(status, 1));
#define COUNTER(id, name) good = good && get_counter(p, params, "wattle." name, WTL_PROV_##id);
#include "provider/counters.def"
#undef COUNTER
    return good;
}

/* Reasons are the wtl_rc made positive. */
static const OSSL_ITEM *reasons(void *provctx)
{
    (void)provctx;
    static const OSSL_ITEM list[] = {{-WTL_NO, (void *)"the answer is no"},
                                     {-WTL_USAGE, (void *)"cannot be asked for"},
                                     {-WTL_IO, (void *)"system refused"},
                                     {-WTL_FORMAT, (void *)"malformed input"},
                                     {-WTL_POLICY, (void *)"not allowed"},
                                     {-WTL_BUSY, (void *)"try again"},
                                     {-WTL_BUG, (void *)"internal error"},
                                     {-WTL_NOMEM, (void *)"out of memory"},
                                     {0, NULL}};
    return list;
}

static void release(wtl_prov *p)
{
    OSSL_LIB_CTX_free(p->lib);
    OPENSSL_free(p->report);
    OPENSSL_free(p->program);
    OPENSSL_free(p);
}

static void teardown(void *provctx)
{
    wtl_report_write(provctx);
    release(provctx);
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))reasons},
    {OSSL_FUNC_PROVIDER_SELF_TEST, (void (*)(void))wtl_self_test},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))wtl_capability_get},
    OSSL_DISPATCH_END};

static void take_calls(wtl_prov_calls *call, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            call->get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            call->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            call->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            call->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        case OSSL_FUNC_BIO_READ_EX:
            call->bio_read_ex = OSSL_FUNC_BIO_read_ex(in);
            break;
        default:
            break;
        }
    }
}

static int check_core(const wtl_prov *p, wtl_err *err)
{
    char *version = NULL;
    OSSL_PARAM ask[] = {OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_CORE_VERSION, &version, 0),
                        OSSL_PARAM_construct_end()};
    ENSURE(p->call.get_params != NULL && p->call.get_params(p->core, ask) && version != NULL, err, WTL_POLICY,
           "the provider wattle needs OpenSSL 3.5 or later, and this core does not say which it is");
    char *end = version;
    unsigned long major = version[0] >= '0' && version[0] <= '9' ? strtoul(version, &end, 10) : 0;
    unsigned long minor = end[0] == '.' && end[1] >= '0' && end[1] <= '9' ? strtoul(end + 1, NULL, 10) : 0;
    ENSURE(
        major > 3 || (major == 3 && minor >= 5), err, WTL_POLICY,
        "the provider wattle needs OpenSSL 3.5 or later, and this is OpenSSL %.40s; take wattle out of this "
        "program's openssl.cnf, or run the program with a newer OpenSSL",
        version);
    ENSURE(p->call.bio_read_ex != NULL, err, WTL_POLICY,
           "the provider wattle cannot read keys through this core: it offers no BIO_read_ex");
    return WTL_OK;
}

static int prepare(wtl_prov *p, const OSSL_DISPATCH *in, wtl_err *err)
{
    TRY(check_core(p, err));
    TRY(wtl_settings_read(p, err));
    p->lib = OSSL_LIB_CTX_new_child(p->core, in);
    ENSURE(p->lib != NULL, err, WTL_BUG, "the provider wattle cannot make a child library context");
    return WTL_OK;
}

int wtl_prov_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                  void **provctx)
{
    wtl_prov *p = OPENSSL_zalloc(sizeof *p);
    if (p == NULL)
        return 0;
    p->core = handle;
    take_calls(&p->call, in);
    wtl_err err = {0};
    if (prepare(p, in, &err) < 0) {
        wtl_prov_raise(p, &err);
        release(p);
        return 0;
    }
    wtl_report_begin(p);
    *provctx = p;
    *out = functions;
    return 1;
}

void wtl_prov_count(wtl_prov *p, enum wtl_prov_counter c)
{
    atomic_fetch_add_explicit(&p->count[c], 1, memory_order_relaxed);
}

int wtl_prov_random(wtl_prov *p, uint8_t *out, size_t n)
{
    if (RAND_priv_bytes_ex(p->lib, out, n, 0) == 1)
        return 1;
    return WTL_PROV_FAIL(p, WTL_BUG, "no random bytes: OpenSSL's generator failed");
}

static void set_error(const wtl_prov *p, uint32_t reason, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    p->call.vset_error(p->core, reason, fmt, ap);
    va_end(ap);
}

int wtl_prov_raise(const wtl_prov *p, const wtl_err *err)
{
    const wtl_prov_calls *call = &p->call;
    if (call->new_error == NULL || call->set_error_debug == NULL || call->vset_error == NULL)
        return 0;
    /* OpenSSL learns our reasons after the start only. */
    uint32_t reason = p->lib == NULL ? (uint32_t)ERR_R_INIT_FAIL : (uint32_t)-err->code;
    call->new_error(p->core);
    call->set_error_debug(p->core, err->file != NULL ? err->file : "", err->line, "wattle");
    set_error(p, reason, "%s", err->text);
    return 0;
}

int wtl_prov_fail(const wtl_prov *p, int rc, const char *file, int line, const char *fmt, ...)
{
    wtl_err err = {.code = rc, .file = file, .line = line};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    return wtl_prov_raise(p, &err);
}
