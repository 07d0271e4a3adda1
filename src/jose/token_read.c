#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "jose/b64url.h"
#include "jose/token_impl.h"

static const char HEADER[] = "the token's header";
static const char CLAIMS[] = "the token's payload";

/* ---- payload */

static int optional_text(const json_t *j, const char *what, const char *name, const char **out, wtl_err *err)
{
    *out = NULL;
    return json_object_get(j, name) != NULL ? wtl_json_get_string(j, what, name, out, err) : WTL_OK;
}

/* RFC 7519 section 2, NumericDate: a number of seconds, fractions allowed. `up` rounds them up. */
static int optional_time(const json_t *j, const char *name, bool up, bool *has, int64_t *out, wtl_err *err)
{
    const json_t *v = json_object_get(j, name);
    if (v == NULL)
        return WTL_OK;
    ENSURE(json_is_number(v), err, WTL_FORMAT, "the field \"%s\" of %s is not a number of seconds", name,
           CLAIMS);
    double d = json_number_value(v);
    ENSURE(d >= 0 && d <= (double)WTL_TOKEN_TIME_MOST, err, WTL_FORMAT,
           "the field \"%s\" of %s is no time between the years 1970 and 9999", name, CLAIMS);
    *out = json_is_integer(v) ? json_integer_value(v) : (int64_t)d;
    if (up && json_is_real(v) && (double)*out < d)
        ++*out;
    *has = true;
    return WTL_OK;
}

/* RFC 7519 section 4.1.3: one text, or a list of texts. */
static int read_audience(wtl_token *t, const json_t *aud, wtl_err *err)
{
    if (aud == NULL)
        return WTL_OK;
    bool many = json_is_array(aud);
    size_t n = many ? json_array_size(aud) : 1;
    t->own->aud = calloc(n + 1, sizeof *t->own->aud);
    ENSURE(t->own->aud != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        t->own->aud[i] = json_string_value(many ? json_array_get(aud, i) : aud);
        ENSURE(t->own->aud[i] != NULL, err, WTL_FORMAT,
               "the field \"aud\" of %s is neither a string nor a list of strings", CLAIMS);
    }
    t->aud = t->own->aud;
    t->n_aud = n;
    t->has_aud = true;
    return WTL_OK;
}

static int parse_object(json_t **out, const wtl_buf *text, const char *what, wtl_err *err)
{
    TRY(wtl_json_parse(out, wtl_buf_view(text), what, err));
    ENSURE(json_is_object(*out), err, WTL_FORMAT, "%s is not a JSON object", what);
    return WTL_OK;
}

int wtl_token_read_claims(wtl_token *t, wtl_err *err)
{
    TRY(parse_object(&t->own->claims, &t->own->payload, CLAIMS, err));
    const json_t *j = t->own->claims;
    TRY(optional_text(j, CLAIMS, "iss", &t->iss, err));
    TRY(optional_text(j, CLAIMS, "sub", &t->sub, err));
    TRY(optional_text(j, CLAIMS, "jti", &t->jti, err));
    TRY(optional_time(j, "exp", false, &t->has_exp, &t->exp, err));
    TRY(optional_time(j, "nbf", true, &t->has_nbf, &t->nbf, err));
    TRY(optional_time(j, "iat", false, &t->has_iat, &t->iat, err));
    TRY(read_audience(t, json_object_get(j, "aud"), err));
    t->payload = wtl_buf_view(&t->own->payload);
    return WTL_OK;
}

/* ---- header */

/* RFC 7515 section 4.1.11: "If any of the listed extension Header Parameters are not understood and supported by the
 * recipient, then the JWS is invalid." None is supported. b64 (RFC 7797) changes what is signed, zip what it means. */
static int refuse_extensions(const json_t *header, wtl_err *err)
{
    const json_t *b64 = json_object_get(header, "b64");
    ENSURE(json_object_get(header, "crit") == NULL, err, WTL_POLICY,
           "%s asks by \"crit\" for extensions, and Wattle has none", HEADER);
    ENSURE(b64 == NULL || json_is_true(b64), err, WTL_POLICY,
           "%s has \"b64\", and Wattle takes encoded payloads alone", HEADER);
    ENSURE(json_object_get(header, "zip") == NULL, err, WTL_POLICY,
           "%s has \"zip\", and Wattle unpacks no tokens", HEADER);
    return WTL_OK;
}

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static int refuse_algorithm(const char *alg, wtl_err *err)
{
    if (strcasecmp(alg, "none") == 0)
        return WTL_FAIL(err, WTL_POLICY, "the token is not signed: its alg is \"none\"");
    if (begins(alg, "HS"))
        return WTL_FAIL(err, WTL_POLICY,
                        "the token's alg is %.8s, a shared secret's: who verifies it could have made it",
                        alg);
    if (begins(alg, "RS") || begins(alg, "PS"))
        return WTL_FAIL(err, WTL_POLICY, "the token's alg is %.8s: Wattle uses no RSA", alg);
    AUTO(wtl_buf) shown = {0};
    wtl_text_quote(&shown, (wtl_bytes){(const uint8_t *)alg, strnlen(alg, 32)});
    const char *s = wtl_buf_cstr(&shown);
    return WTL_FAIL(err, WTL_POLICY, "the token's alg is \"%s\", which Wattle does not know",
                    s != NULL ? s : "");
}

static int read_algorithm(wtl_token *t, wtl_err *err)
{
    const char *alg;
    TRY(wtl_json_get_string(t->own->header, HEADER, "alg", &alg, err));
    t->own->kind = wtl_jwk_kind_by_alg(alg, &t->alg);
    return t->own->kind != NULL ? WTL_OK : refuse_algorithm(alg, err);
}

static int read_header(wtl_token *t, wtl_bytes part, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_b64url_decode(&text, part, err));
    TRY(parse_object(&t->own->header, &text, HEADER, err));
    const json_t *j = t->own->header;
    t->reason = WTL_TOKEN_UNSUPPORTED;
    TRY(refuse_extensions(j, err));
    t->reason = WTL_TOKEN_ALGORITHM;
    TRY(read_algorithm(t, err));
    TRY(optional_text(j, HEADER, "kid", &t->kid, err));
    TRY(optional_text(j, HEADER, "typ", &t->typ, err));
    ENSURE(t->kid == NULL || (t->kid[0] != '\0' && strlen(t->kid) <= WTL_TOKEN_KID_MOST), err, WTL_FORMAT,
           "the token's kid does not have 1 to %u bytes", WTL_TOKEN_KID_MOST);
    return WTL_OK;
}

/* ---- the three parts */

static int split(wtl_bytes token, wtl_bytes part[3], wtl_err *err)
{
    size_t n = 0;
    size_t from = 0;
    ENSURE(token.n > 0 && token.n <= WTL_TOKEN_MOST, err, WTL_FORMAT,
           "a token has 1 to %u bytes, and this is %zu", WTL_TOKEN_MOST, token.n);
    for (size_t i = 0; i <= token.n; i++) {
        if (i < token.n && token.p[i] != '.')
            continue;
        if (n < 3)
            part[n] = (wtl_bytes){token.p + from, i - from};
        from = i + 1;
        n++;
    }
    ENSURE(n == 3, err, WTL_FORMAT,
           "a signed token has three parts with dots between them, and this has %zu%s", n,
           n == 5 ? " (as encrypted ones have, which Wattle does not read)" : "");
    return WTL_OK;
}

static int read_signature(wtl_token *t, wtl_bytes part, wtl_err *err)
{
    TRY(wtl_b64url_decode(&t->own->sig, part, err));
    size_t want = wtl_jwk_kind_signature(t->own->kind);
    ENSURE(t->own->sig.n == want, err, WTL_FORMAT, "the signature of %s has %zu bytes, and this is %zu",
           t->alg, want, t->own->sig.n);
    return WTL_OK;
}

static int in_part(int rc, const char *name, wtl_err *err)
{
    if (rc == WTL_FORMAT)
        wtl_err_prefix(err, "the token's %s: ", name);
    return rc;
}

static int read_all(wtl_token *t, wtl_bytes token, wtl_err *err)
{
    wtl_bytes part[3];
    TRY(wtl_token_begin(t, err));
    TRY(split(token, part, err));
    TRY(in_part(read_header(t, part[0], err), "first part", err));
    TRY(in_part(read_signature(t, part[2], err), "third part", err));
    TRY(in_part(wtl_b64url_decode(&t->own->payload, part[1], err), "second part", err));
    TRY(wtl_token_read_claims(t, err));
    t->text = token;
    t->own->input = part[0].n + 1 + part[1].n;
    return WTL_OK;
}

int wtl_token_read(wtl_token *t, wtl_bytes token, wtl_err *err)
{
    int rc = read_all(t, token, err);
    if (rc < 0)
        wtl_token_leave(t, rc);
    else
        t->reason = WTL_TOKEN_GOOD;
    return rc;
}
