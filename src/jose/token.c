#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jose/token_impl.h"

static const char *const reason_names[WTL_TOKEN_REASONS] = {
    [WTL_TOKEN_GOOD] = "good",
    [WTL_TOKEN_MALFORMED] = "malformed",
    [WTL_TOKEN_UNSUPPORTED] = "unsupported",
    [WTL_TOKEN_ALGORITHM] = "algorithm",
    [WTL_TOKEN_NO_KEY] = "no-key",
    [WTL_TOKEN_MANY_KEYS] = "many-keys",
    [WTL_TOKEN_KEY_ALGORITHM] = "key-algorithm",
    [WTL_TOKEN_SIGNATURE] = "signature",
    [WTL_TOKEN_EXPIRED] = "expired",
    [WTL_TOKEN_EARLY] = "early",
    [WTL_TOKEN_OLD] = "old",
    [WTL_TOKEN_AUDIENCE] = "audience",
    [WTL_TOKEN_ISSUER] = "issuer",
    [WTL_TOKEN_TYPE] = "type",
    [WTL_TOKEN_UNDATED] = "undated",
    [WTL_TOKEN_OTHER] = "other",
};

const char *wtl_token_reason_name(int reason)
{
    return reason >= 0 && reason < WTL_TOKEN_REASONS ? reason_names[reason] : "other";
}

enum wtl_token_reason wtl_token_reason_with(int rc, enum wtl_token_reason reason)
{
    switch (rc) {
    case WTL_OK:
        return WTL_TOKEN_GOOD;
    case WTL_FORMAT:
        return WTL_TOKEN_MALFORMED;
    case WTL_NO:
    case WTL_POLICY:
        return reason;
    default:
        return WTL_TOKEN_OTHER;
    }
}

int wtl_token_begin(wtl_token *t, wtl_err *err)
{
    *t = (wtl_token){.own = calloc(1, sizeof *t->own)};
    ENSURE(t->own != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

void wtl_token_free(wtl_token *t)
{
    if (t == NULL)
        return;
    if (t->own != NULL) {
        wtl_buf_free(&t->own->payload);
        wtl_buf_free(&t->own->sig);
        json_decref(t->own->header);
        json_decref(t->own->claims);
        free(t->own->aud);
        free(t->own);
    }
    *t = (wtl_token){0};
}

void wtl_token_auto(wtl_token *t)
{
    wtl_token_free(t);
}

void wtl_token_leave(wtl_token *t, int rc)
{
    enum wtl_token_reason reason = wtl_token_reason_with(rc, t->reason);
    wtl_token_free(t);
    t->reason = reason;
}

static const char *without_application(const char *type)
{
    static const char prefix[] = "application/";
    size_t n = sizeof prefix - 1;
    bool has = strncasecmp(type, prefix, n) == 0 && strchr(type + n, '/') == NULL;
    return has ? type + n : type;
}

bool wtl_token_same_type(const char *a, const char *b)
{
    return strcasecmp(without_application(a), without_application(b)) == 0;
}
