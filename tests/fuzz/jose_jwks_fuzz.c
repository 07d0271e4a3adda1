/* A set that is accepted holds public signing keys with distinct kids, within the limits, and is the same set again when it
 * is written by Wattle; a refusal has a sentence. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/token.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_keys(const wtl_jwks *s)
{
    for (size_t i = 0; i < wtl_jwks_count(s); i++) {
        const wtl_jwks_key *k = wtl_jwks_at(s, i);
        must(k->key != NULL && !wtl_key_is_private(k->key));
        must(wtl_key_alg(k->key)->kind == WTL_ALG_SIG);
        must(k->kid == NULL || (k->kid[0] != '\0' && wtl_text_is_utf8(wtl_text_of(k->kid))));
        for (size_t j = 0; j < i; j++) {
            const char *other = wtl_jwks_at(s, j)->kid;
            must(k->kid == NULL || other == NULL || strcmp(k->kid, other) != 0);
        }
    }
}

/* One entry after the other as Wattle writes it; only of keys that name kid and alg as it would. */
static void check_again(const wtl_jwks *s)
{
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_jwks) *again = NULL;
    bool same = true;
    wtl_buf_str(&text, "{\"keys\":[");
    for (size_t i = 0; i < wtl_jwks_count(s); i++) {
        const wtl_jwks_key *k = wtl_jwks_at(s, i);
        same = same && k->kid != NULL && (k->alg == NULL || wtl_key_alg(k->key)->id != WTL_ALG_ID_ED25519);
        wtl_buf_str(&text, i > 0 ? "," : "");
        must(wtl_jwk_write_public(k->key, k->kid, &text, NULL) == WTL_OK);
    }
    wtl_buf_str(&text, "]}");
    if (!same)
        return;
    must(wtl_jwks_parse(&again, wtl_buf_view(&text), NULL) == WTL_OK);
    must(memcmp(wtl_jwks_digest(s), wtl_jwks_digest(again), WTL_JWKS_DIGEST) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_jwks) *s = NULL;
    wtl_err err = {0};
    if (wtl_jwks_parse(&s, (wtl_bytes){data, size}, &err) < 0) {
        must(err.text[0] != '\0' && s == NULL);
        return 0;
    }
    must(wtl_jwks_count(s) + wtl_jwks_passed_over(s) <= WTL_JWKS_KEYS_MOST);
    check_keys(s);
    check_again(s);
    return 0;
}
