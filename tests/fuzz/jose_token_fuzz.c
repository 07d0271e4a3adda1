/* A token that is read has one text; what verifies is what the key below signed; a refusal has a sentence and leaves nothing. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jose/token.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The keys of RFC 8037 appendix A and RFC 7515 appendix A.3. */
static const char set_text[] =
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\",\"x\":\"11qYAYKxCrfVS_"
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

static const wtl_jwks *set(void)
{
    static wtl_jwks *s;
    if (s == NULL)
        must(wtl_jwks_parse(&s, wtl_text_of(set_text), NULL) == WTL_OK);
    return s;
}

static void check_text(const char *s)
{
    must(s == NULL || s[0] == '\0' || wtl_text_is_utf8(wtl_text_of(s)));
}

/* The middle part is the one text of the payload. */
static void check_payload(const wtl_token *t, wtl_bytes in)
{
    AUTO(wtl_buf) again = {0};
    wtl_text_b64url_encode(&again, t->payload);
    const uint8_t *dot = memchr(in.p, '.', in.n);
    must(dot != NULL && (size_t)(in.p + in.n - dot) > again.n + 1);
    must(again.n > 0 && memcmp(dot + 1, again.p, again.n) == 0 && dot[1 + again.n] == '.');
}

static void check_read(const wtl_token *t, wtl_bytes in)
{
    check_text(t->kid);
    check_text(t->typ);
    check_text(t->iss);
    check_text(t->sub);
    check_text(t->jti);
    for (size_t i = 0; i < t->n_aud; i++)
        check_text(t->aud[i]);
    must(t->alg != NULL && t->exp >= 0 && t->exp <= WTL_TOKEN_TIME_MOST);
    must(t->nbf >= 0 && t->nbf <= WTL_TOKEN_TIME_MOST && t->iat >= 0 && t->iat <= WTL_TOKEN_TIME_MOST);
    check_payload(t, in);
}

static void check(wtl_bytes in);

/* Text of a header, LF, text of a payload: the JSON inside, without having to hit base64url. */
static void check_inner(wtl_bytes in)
{
    static const uint8_t sig[64] = {1};
    AUTO(wtl_buf) token = {0};
    const uint8_t *lf = memchr(in.p, '\n', in.n);
    if (lf == NULL)
        return;
    wtl_text_b64url_encode(&token, (wtl_bytes){in.p, (size_t)(lf - in.p)});
    wtl_buf_str(&token, ".");
    wtl_text_b64url_encode(&token, (wtl_bytes){lf + 1, (size_t)(in.p + in.n - lf - 1)});
    wtl_buf_str(&token, ".");
    wtl_text_b64url_encode(&token, (wtl_bytes){sig, sizeof sig});
    check(wtl_buf_view(&token));
}

static void check(wtl_bytes in)
{
    static const wtl_token_policy policy = {.any_audience = true};
    AUTO(wtl_token) t = {0};
    AUTO(wtl_token) v = {0};
    wtl_err err = {0};
    int read = wtl_token_read(&t, in, &err);
    int verified = wtl_token_verify(&v, in, set(), &policy, 1300819379, NULL);
    must(verified != WTL_OK || (read == WTL_OK && t.has_exp && t.exp > 1300819379));
    must((verified == WTL_OK) == (v.reason == WTL_TOKEN_GOOD) && verified != WTL_BUG &&
         verified != WTL_USAGE);
    if (read < 0) {
        must(err.text[0] != '\0' && t.own == NULL && verified == read);
        return;
    }
    check_read(&t, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_bytes in = {data, size};
    check(in);
    if (size > 0 && data[0] == '{')
        check_inner(in);
    return 0;
}
