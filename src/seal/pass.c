#include "seal/pass.h"

#include <string.h>

#include "container/scrypt.h"
#include "seal/message.h"

enum { PASSPHRASE_MOST = 1024 };

int wtl_pass_ask(wtl_secret *out, const wtl_passphrase *from, wtl_err *err)
{
    *out = (wtl_secret){0};
    AUTO(wtl_secret) typed = {0};
    TRY(wtl_secret_new(&typed, PASSPHRASE_MOST, err));
    int n = from->ask(from->arg, (char *)typed.p, typed.n, err);
    TRY(n);
    ENSURE((size_t)n <= typed.n, err, WTL_BUG, "the passphrase's source gave more than it was asked for");
    ENSURE(n > 0, err, WTL_USAGE, "an empty passphrase protects nothing");
    ENSURE(memchr(typed.p, 0, (size_t)n) == NULL, err, WTL_USAGE, "the passphrase has a NUL byte in it");
    return wtl_secret_copy(out, (wtl_bytes){typed.p, (size_t)n}, err);
}

/* scrypt(passphrase, salt bound to the container): the key of the message in the stanza. */
static int stretch(wtl_secret *key, const wtl_preamble *p, const wtl_scrypt *s, const wtl_secret *passphrase,
                   wtl_err *err)
{
    AUTO(wtl_buf) salt = {0};
    wtl_scrypt_salt(&salt, p, s);
    TRY(wtl_buf_check(&salt, err));
    return wtl_kdf_scrypt(wtl_secret_view(passphrase), wtl_buf_view(&salt), s->cost, WTL_CHUNKED_KEY, key,
                          err);
}

int wtl_pass_seal(wtl_buf *body, const wtl_preamble *p, const wtl_secret *passphrase, unsigned work,
                  const wtl_secret *file_key, wtl_err *err)
{
    AUTO(wtl_buf) made = {0};
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_secret) key = {0};
    TRY(wtl_scrypt_head(&made, work == 0 ? WTL_SCRYPT_WORK : work, err));
    wtl_buf_zero(&made, WTL_SCRYPT_MESSAGE);
    TRY(wtl_buf_check(&made, err));
    wtl_scrypt s;
    TRY(wtl_scrypt_parse(&s, wtl_buf_view(&made), err));
    TRY(stretch(&key, p, &s, passphrase, err));
    wtl_buf_bytes(body, s.head);
    wtl_subkey_passphrase_context(&context, p, s.head);
    TRY(wtl_buf_check(&context, err));
    return wtl_message_seal(body, &key, wtl_buf_view(&context), wtl_secret_view(file_key), err);
}

/* The message opened into a secret; wtl_message_open would leave the file key on the ordinary heap. */
static int unseal(wtl_secret *file_key, const wtl_secret *key, wtl_bytes context, wtl_bytes message,
                  wtl_err *err)
{
    AUTO(wtl_chunked) *c = NULL;
    AUTO(wtl_secret) plain = {0};
    int rc = wtl_chunked_open_new(&c, wtl_secret_view(key), context, message.p, err);
    ENSURE(rc != WTL_NO, err, WTL_NO, "the passphrase is wrong");
    TRY(rc);
    TRY(wtl_secret_new(&plain, WTL_SUBKEY_FILE, err));
    wtl_bytes sealed = {message.p + WTL_CHUNKED_HEADER, message.n - WTL_CHUNKED_HEADER};
    TRY(wtl_chunked_open(c, 0, sealed, plain.p, err));
    *file_key = plain;
    plain = (wtl_secret){0};
    return WTL_OK;
}

int wtl_pass_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_stanza *st,
                  const wtl_passphrase *from, unsigned max_work, wtl_err *err)
{
    wtl_scrypt s;
    TRY(wtl_scrypt_parse(&s, st->body, err));
    TRY(wtl_scrypt_affordable(&s, max_work == 0 ? WTL_SCRYPT_MOST : max_work, err));
    AUTO(wtl_secret) passphrase = {0};
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_buf) context = {0};
    TRY(wtl_pass_ask(&passphrase, from, err));
    TRY(stretch(&key, p, &s, &passphrase, err));
    wtl_subkey_passphrase_context(&context, p, s.head);
    TRY(wtl_buf_check(&context, err));
    return unseal(file_key, &key, wtl_buf_view(&context), s.message, err);
}
