#include "bench/side.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/secret.h"
#include "crypto/lib.h"
#include <wattle/batch.h>

static int fail(const wtl_side *s, const char *what, wtl_err *err)
{
    return WTL_FAIL_OSSL(err, WTL_BUG, "%s: OpenSSL cannot %s", s->alg->name, what);
}

static int make_key(wtl_side *s, wtl_err *err)
{
    static const uint8_t zero[WTL_SIDE_TEXT];
    OSSL_PARAM seed[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    s->gen = EVP_PKEY_CTX_new_from_name(s->lib, s->alg->evp, NULL);
    if (s->gen == NULL || EVP_PKEY_keygen_init(s->gen) != 1)
        return fail(s, "make keys", err);
    if (s->messages > 0)
        seed[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, (void *)(uintptr_t)zero,
                                                    sizeof zero);
    EVP_PKEY_CTX *once = EVP_PKEY_CTX_new_from_name(s->lib, s->alg->evp, NULL);
    bool ok = once != NULL && EVP_PKEY_keygen_init(once) == 1 && EVP_PKEY_CTX_set_params(once, seed) == 1 &&
              EVP_PKEY_generate(once, &s->key) == 1 && EVP_PKEY_generate(s->gen, &s->peer) == 1;
    EVP_PKEY_CTX_free(once);
    return ok ? WTL_OK : fail(s, "make a key", err);
}

static int read_public(wtl_side *s, wtl_err *err)
{
    uint8_t *p = NULL;
    s->pub_n = EVP_PKEY_get1_encoded_public_key(s->key, &p);
    bool ok = p != NULL && s->pub_n > 0 && s->pub_n <= sizeof s->pub;
    if (ok)
        memcpy(s->pub, p, s->pub_n);
    OPENSSL_free(p);
    s->pub_n = ok ? s->pub_n : sizeof s->pub;
    if (!ok && EVP_PKEY_get_raw_public_key(s->key, s->pub, &s->pub_n) != 1)
        return fail(s, "give a public key", err);
    return WTL_OK;
}

static int open_sig(wtl_side *s, wtl_err *err)
{
    int on = 1;
    OSSL_PARAM fixed[] = {OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &on),
                          OSSL_PARAM_construct_end()};
    s->scheme = EVP_SIGNATURE_fetch(s->lib, s->alg->evp, NULL);
    s->use = EVP_PKEY_CTX_new_from_pkey(s->lib, s->key, NULL);
    s->check = EVP_PKEY_CTX_new_from_pkey(s->lib, s->key, NULL);
    if (s->scheme == NULL || s->use == NULL || s->check == NULL ||
        EVP_PKEY_sign_message_init(s->use, s->scheme, s->messages > 0 ? fixed : NULL) != 1 ||
        EVP_PKEY_verify_message_init(s->check, s->scheme, NULL) != 1)
        return fail(s, "set up signatures", err);
    TRY(wtl_side_sign(s, 1, err));
    s->at = 0;
    return wtl_side_verify(s, 1, err);
}

static int open_kem(wtl_side *s, wtl_err *err)
{
    s->use = EVP_PKEY_CTX_new_from_pkey(s->lib, s->key, NULL);
    s->check = EVP_PKEY_CTX_new_from_pkey(s->lib, s->key, NULL);
    if (s->use == NULL || s->check == NULL || EVP_PKEY_encapsulate_init(s->use, NULL) != 1 ||
        EVP_PKEY_decapsulate_init(s->check, NULL) != 1)
        return fail(s, "set up encapsulation", err);
    TRY(wtl_side_encaps(s, 1, err));
    return wtl_side_decaps(s, 1, err);
}

static int open_kex(wtl_side *s, wtl_err *err)
{
    s->use = EVP_PKEY_CTX_new_from_pkey(s->lib, s->key, NULL);
    if (s->use == NULL || EVP_PKEY_derive_init(s->use) != 1 || EVP_PKEY_derive_set_peer(s->use, s->peer) != 1)
        return fail(s, "set up key agreement", err);
    return wtl_side_derive(s, 1, err);
}

int wtl_side_open(wtl_side *s, OSSL_LIB_CTX *lib, const wtl_alg *alg, const wtl_bytes *message,
                  size_t messages, wtl_err *err)
{
    *s = (wtl_side){.lib = lib, .alg = alg, .message = message, .messages = messages};
    TRY(make_key(s, err));
    TRY(read_public(s, err));
    switch (alg->kind) {
    case WTL_ALG_SIG:
        return open_sig(s, err);
    case WTL_ALG_KEX:
        return open_kex(s, err);
    default:
        return open_kem(s, err);
    }
}

int wtl_side_open_many(wtl_side *s, wtl_err *err)
{
    static const uint8_t zero[WTL_SIDE_TEXT];
    if (s->messages > 0)
        TRY(wtl_key_from_seed(&s->many, s->alg, (wtl_bytes){zero, sizeof zero}, err));
    else
        TRY(wtl_key_generate(&s->many, s->alg, err));
    ENSURE(wtl_batch_room(s->many) <= WTL_SIDE_OUT_MOST, err, WTL_BUG, "%s needs more room", s->alg->name);
    return s->alg->kind == WTL_ALG_SIG ? wtl_side_sign_many(s, WTL_SIDE_MANY, err)
                                       : wtl_side_encaps_many(s, WTL_SIDE_MANY, err);
}

void wtl_side_close(wtl_side *s)
{
    EVP_PKEY_CTX_free(s->gen);
    EVP_PKEY_CTX_free(s->use);
    EVP_PKEY_CTX_free(s->check);
    EVP_SIGNATURE_free(s->scheme);
    EVP_PKEY_free(s->key);
    EVP_PKEY_free(s->peer);
    wtl_key_free(s->many);
    *s = (wtl_side){0};
}

/* The next of the given messages, or another random one. The first bytes count up: drawing one costs nothing. */
static wtl_bytes next_message(wtl_side *s)
{
    if (s->messages > 0)
        return s->message[s->at++ % s->messages];
    if (s->at == 0)
        (void)RAND_bytes(s->text, sizeof s->text);
    s->at++;
    memcpy(s->text, &s->at, sizeof s->at);
    return (wtl_bytes){s->text, sizeof s->text};
}

int wtl_side_keygen(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    for (; times > 0; times--) {
        EVP_PKEY *k = NULL;
        if (EVP_PKEY_generate(s->gen, &k) != 1)
            return fail(s, "make a key", err);
        EVP_PKEY_free(k);
    }
    return WTL_OK;
}

int wtl_side_sign(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    for (; times > 0; times--) {
        wtl_bytes m = next_message(s);
        s->out_n = sizeof s->out[0];
        if (EVP_PKEY_sign(s->use, s->out[0], &s->out_n, m.p, m.n) != 1)
            return fail(s, "sign", err);
    }
    return WTL_OK;
}

/* The message that out[0] signs: the last one of wtl_side_sign, or the first of those given after open. */
static wtl_bytes signed_message(const wtl_side *s)
{
    return s->messages > 0 ? s->message[0] : (wtl_bytes){s->text, sizeof s->text};
}

/* After signing given messages out[0] is the last one's: sign the first again. */
static int sign_first(wtl_side *s, wtl_err *err)
{
    if (s->messages == 0 || s->at % s->messages == 1 % s->messages)
        return WTL_OK;
    s->at = 0;
    return wtl_side_sign(s, 1, err);
}

int wtl_side_verify(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    TRY(sign_first(s, err));
    wtl_bytes m = signed_message(s);
    for (; times > 0; times--) {
        if (EVP_PKEY_verify(s->check, s->out[0], s->out_n, m.p, m.n) != 1)
            return fail(s, "verify", err);
    }
    return WTL_OK;
}

static EVP_PKEY *import(const wtl_side *s)
{
    return EVP_PKEY_new_raw_public_key_ex(s->lib, s->alg->evp, NULL, s->pub, s->pub_n);
}

int wtl_side_verify_new(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    TRY(sign_first(s, err));
    wtl_bytes m = signed_message(s);
    for (; times > 0; times--) {
        EVP_PKEY *k = import(s);
        EVP_PKEY_CTX *c = k != NULL ? EVP_PKEY_CTX_new_from_pkey(s->lib, k, NULL) : NULL;
        bool ok = c != NULL && EVP_PKEY_verify_message_init(c, s->scheme, NULL) == 1 &&
                  EVP_PKEY_verify(c, s->out[0], s->out_n, m.p, m.n) == 1;
        EVP_PKEY_CTX_free(c);
        EVP_PKEY_free(k);
        if (!ok)
            return fail(s, "verify by a key just read", err);
    }
    return WTL_OK;
}

int wtl_side_encaps(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    uint8_t ss[128];
    for (; times > 0; times--) {
        size_t ss_n = sizeof ss;
        s->out_n = sizeof s->out[0];
        if (EVP_PKEY_encapsulate(s->use, s->out[0], &s->out_n, ss, &ss_n) != 1)
            return fail(s, "encapsulate", err);
    }
    wtl_secret_wipe(ss, sizeof ss);
    return WTL_OK;
}

int wtl_side_encaps_new(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    uint8_t ss[128];
    for (; times > 0; times--) {
        size_t ss_n = sizeof ss;
        s->out_n = sizeof s->out[0];
        EVP_PKEY *k = EVP_PKEY_new();
        bool ok = k != NULL && EVP_PKEY_copy_parameters(k, s->key) == 1 &&
                  EVP_PKEY_set1_encoded_public_key(k, s->pub, s->pub_n) == 1;
        EVP_PKEY_CTX *c = ok ? EVP_PKEY_CTX_new_from_pkey(s->lib, k, NULL) : NULL;
        ok = c != NULL && EVP_PKEY_encapsulate_init(c, NULL) == 1 &&
             EVP_PKEY_encapsulate(c, s->out[0], &s->out_n, ss, &ss_n) == 1;
        EVP_PKEY_CTX_free(c);
        EVP_PKEY_free(k);
        if (!ok)
            return fail(s, "encapsulate to a key just read", err);
    }
    wtl_secret_wipe(ss, sizeof ss);
    return WTL_OK;
}

int wtl_side_decaps(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    uint8_t ss[128];
    for (; times > 0; times--) {
        size_t ss_n = sizeof ss;
        if (EVP_PKEY_decapsulate(s->check, ss, &ss_n, s->out[0], s->out_n) != 1)
            return fail(s, "decapsulate", err);
    }
    wtl_secret_wipe(ss, sizeof ss);
    return WTL_OK;
}

int wtl_side_derive(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    uint8_t ss[64];
    for (; times > 0; times--) {
        size_t ss_n = sizeof ss;
        if (EVP_PKEY_derive(s->use, ss, &ss_n) != 1)
            return fail(s, "agree on a secret", err);
    }
    wtl_secret_wipe(ss, sizeof ss);
    return WTL_OK;
}

int wtl_side_sign_many(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    uint8_t text[WTL_SIDE_MANY][WTL_SIDE_TEXT] = {{0}};
    for (size_t done = 0; done < times; done += WTL_SIDE_MANY) {
        wtl_batch_sig job[WTL_SIDE_MANY] = {{0}};
        for (size_t i = 0; i < WTL_SIDE_MANY; i++) {
            wtl_bytes m = next_message(s);
            if (s->messages == 0)
                memcpy(text[i], m.p, m.n);
            job[i] = (wtl_batch_sig){.key = s->many,
                                     .msg = s->messages > 0 ? m : (wtl_bytes){text[i], sizeof text[i]},
                                     .deterministic = s->messages > 0,
                                     .sig = s->out[i],
                                     .sig_n = sizeof s->out[i]};
        }
        TRY(wtl_batch_sign(job, WTL_SIDE_MANY, err));
        s->out_n = job[0].sig_n;
    }
    return WTL_OK;
}

int wtl_side_verify_many(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    wtl_batch_sig job[WTL_SIDE_MANY] = {{0}};
    uint8_t text[WTL_SIDE_MANY][WTL_SIDE_TEXT] = {{0}};
    for (size_t i = 0; i < WTL_SIDE_MANY; i++) {
        text[i][0] = (uint8_t)i;
        job[i] = (wtl_batch_sig){
            .key = s->many, .msg = {text[i], sizeof text[i]}, .sig = s->out[i], .sig_n = sizeof s->out[i]};
    }
    TRY(wtl_batch_sign(job, WTL_SIDE_MANY, err));
    for (size_t done = 0; done < times; done += WTL_SIDE_MANY)
        TRY(wtl_batch_verify(job, WTL_SIDE_MANY, err));
    return WTL_OK;
}

static void jobs_of(wtl_side *s, wtl_batch_kem job[WTL_SIDE_MANY], size_t room)
{
    for (size_t i = 0; i < WTL_SIDE_MANY; i++)
        job[i] = (wtl_batch_kem){.key = s->many, .enc = s->out[i], .enc_n = room};
}

int wtl_side_encaps_many(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    wtl_batch_kem job[WTL_SIDE_MANY];
    for (size_t done = 0; done < times; done += WTL_SIDE_MANY) {
        jobs_of(s, job, sizeof s->out[0]);
        TRY(wtl_batch_encaps(job, WTL_SIDE_MANY, err));
    }
    return WTL_OK;
}

int wtl_side_decaps_many(void *side, size_t times, wtl_err *err)
{
    wtl_side *s = side;
    wtl_batch_kem job[WTL_SIDE_MANY];
    TRY(wtl_side_encaps_many(s, WTL_SIDE_MANY, err));
    jobs_of(s, job, s->alg->out);
    for (size_t done = 0; done < times; done += WTL_SIDE_MANY)
        TRY(wtl_batch_decaps(job, WTL_SIDE_MANY, err));
    return WTL_OK;
}
