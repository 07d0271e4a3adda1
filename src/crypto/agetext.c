#include "crypto/agetext.h"

#include <string.h>

#include "crypto/bech32.h"
#include "crypto/key_impl.h"
#include "crypto/xwing.h"

/* C2SP age, "The mlkem768x25519 recipient type": Bech32 of the X-Wing public key and of its seed. */
#define RECIPIENT "age1pq"
#define IDENTITY "age-secret-key-pq-"
enum { PUBLIC = 1216, SEED = 32 };

/* Takes the first line off `text`; its LF or CRLF is not part of it. */
static wtl_bytes take_line(wtl_bytes *text)
{
    const uint8_t *end = memchr(text->p, '\n', text->n);
    size_t n = end != NULL ? (size_t)(end - text->p) : text->n;
    wtl_bytes line = {text->p, n};
    size_t used = end != NULL ? n + 1 : n;
    text->p += used;
    text->n -= used;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* The next line that is neither empty nor a comment; empty at the end. */
static wtl_bytes next_key_line(wtl_bytes *text, size_t *number)
{
    while (text->n > 0) {
        wtl_bytes line = take_line(text);
        ++*number;
        if (line.n > 0 && line.p[0] != '#')
            return line;
    }
    return (wtl_bytes){0};
}

static bool begins(wtl_bytes line, const char *with)
{
    for (size_t i = 0; with[i] != '\0'; i++) {
        if (i >= line.n)
            return false;
        uint8_t c = line.p[i];
        c = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        if (c != (uint8_t)with[i])
            return false;
    }
    return true;
}

bool wtl_agetext_looks(wtl_bytes text)
{
    size_t number = 0;
    wtl_bytes line = next_key_line(&text, &number);
    return begins(line, "age1") || begins(line, "age-secret-key-");
}

static int parse_line(wtl_key *k, wtl_bytes line, wtl_err *err)
{
    AUTO(wtl_secret) raw = {0};
    if (begins(line, RECIPIENT "1")) {
        TRY(wtl_bech32_decode(&raw, RECIPIENT, PUBLIC, line, err));
        return wtl_xwing_from_public(k, wtl_secret_view(&raw), err);
    }
    if (begins(line, IDENTITY "1")) {
        TRY(wtl_bech32_decode(&raw, IDENTITY, SEED, line, err));
        return wtl_xwing_from_seed(k, wtl_secret_view(&raw), err);
    }
    return WTL_FAIL(err, WTL_FORMAT,
                    "the key is not one of age's post-quantum kind (age1pq1..., AGE-SECRET-KEY-PQ-1...): "
                    "`wattle key generate --alg X-Wing` and `age-keygen -pq` make those");
}

int wtl_agetext_parse(wtl_key **out, wtl_bytes text, wtl_err *err)
{
    *out = NULL;
    size_t number = 0;
    wtl_bytes line = next_key_line(&text, &number);
    ENSURE(line.n > 0, err, WTL_FORMAT, "the file holds no age key, only comments or nothing");
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_alloc(&k, wtl_alg_at(WTL_ALG_ID_XWING), err));
    int rc = parse_line(k, line, err);
    if (rc < 0) {
        wtl_err_prefix(err, "line %zu: ", number);
        return rc;
    }
    ENSURE(next_key_line(&text, &number).n == 0, err, WTL_FORMAT,
           "line %zu: the file holds a second key, or more text; give each key a file of its own", number);
    *out = k;
    k = NULL;
    return WTL_OK;
}

static int check_xwing(const wtl_key *k, wtl_err *err)
{
    ENSURE(k->alg->id == WTL_ALG_ID_XWING, err, WTL_USAGE, "age's text form is for X-Wing keys, not for %s",
           k->alg->name);
    return WTL_OK;
}

int wtl_agetext_public(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    TRY(check_xwing(k, err));
    AUTO(wtl_buf) raw = {0};
    TRY(wtl_xwing_public_raw(k, &raw, err));
    char *to = (char *)wtl_buf_grow(out, wtl_bech32_size(strlen(RECIPIENT), PUBLIC));
    TRY(wtl_buf_check(out, err));
    wtl_bech32_encode(to, RECIPIENT, wtl_buf_view(&raw), false);
    wtl_buf_u8(out, '\n');
    return wtl_buf_check(out, err);
}

int wtl_agetext_private(const wtl_key *k, wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    TRY(check_xwing(k, err));
    ENSURE(k->is_private, err, WTL_USAGE, "this is a public X-Wing key: it has no identity to write");
    size_t n = wtl_bech32_size(strlen(IDENTITY), SEED);
    TRY(wtl_secret_new(out, n + 1, err));
    wtl_bech32_encode((char *)out->p, IDENTITY, wtl_secret_view(&k->seed), true);
    out->p[n] = '\n';
    return WTL_OK;
}
