#include "tls/trouble.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "tls/peer.h"

/* Everything else is a message that is malformed or out of place. */
static const struct {
    int reason;
    int rc;
    const char *words;
} rows[] = {
    {SSL_R_NO_SUITABLE_KEY_SHARE, WTL_POLICY, "it offers no key agreement group that the policy allows"},
    {SSL_R_NO_SUITABLE_GROUPS, WTL_POLICY, "it offers no key agreement group that the policy allows"},
    {SSL_R_BAD_KEY_SHARE, WTL_FORMAT, "its key share is malformed, or of a group that was not asked for"},
    {SSL_R_NO_SHARED_CIPHER, WTL_POLICY, "it offers no cipher that the policy allows"},
    {SSL_R_NO_CIPHERS_AVAILABLE, WTL_POLICY, "the policy allows no cipher"},
    {SSL_R_WRONG_CIPHER_RETURNED, WTL_POLICY, "it chose a cipher that was not offered"},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, WTL_POLICY, "it chose a cipher that was not offered"},
    {SSL_R_UNSUPPORTED_PROTOCOL, WTL_POLICY, "it speaks no version of TLS that the policy allows"},
    {SSL_R_VERSION_TOO_LOW, WTL_POLICY, "it speaks no version of TLS that the policy allows"},
    {SSL_R_WRONG_SSL_VERSION, WTL_POLICY, "it speaks no version of TLS that the policy allows"},
    {SSL_R_BAD_PROTOCOL_VERSION_NUMBER, WTL_POLICY, "it speaks no version of TLS that the policy allows"},
    {SSL_R_INAPPROPRIATE_FALLBACK, WTL_POLICY, "it came back with an older version of TLS than it speaks"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, WTL_POLICY, "it takes no signature that our certificates make"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, WTL_POLICY, "it takes no signature that the policy allows"},
    {SSL_R_WRONG_SIGNATURE_TYPE, WTL_POLICY, "it signed in a way that the policy does not allow"},
    {SSL_R_NO_APPLICATION_PROTOCOL, WTL_POLICY,
     "it offers no application protocol (ALPN) that is served here"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, WTL_POLICY, "it shows no certificate, and one is required"},
    {SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED, WTL_BUG, "the context has no session id context"},
    {SSL_R_BAD_SIGNATURE, WTL_NO, "its signature is wrong"},
    {SSL_R_DIGEST_CHECK_FAILED, WTL_NO,
     "its Finished message is wrong: the two sides saw different handshakes"},
    {SSL_R_BINDER_DOES_NOT_VERIFY, WTL_NO, "it offers a session that it does not have the key of"},
    {SSL_R_HTTP_REQUEST, WTL_FORMAT, "it speaks HTTP, not TLS"},
    {SSL_R_HTTPS_PROXY_REQUEST, WTL_FORMAT, "it speaks HTTP, not TLS"},
    {SSL_R_WRONG_VERSION_NUMBER, WTL_FORMAT, "it does not speak TLS"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, WTL_FORMAT,
     "a record of its does not decrypt: damaged on the way, or made with another key"},
};

static int lost(const wtl_wire *w, wtl_err *err)
{
    int eno = w->recv_errno != 0 ? w->recv_errno : w->send_errno;
    if (eno != 0)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "the connection to the peer was lost");
    return WTL_FAIL(err, WTL_IO,
                    "the peer closed the connection without saying so in TLS: what came may be cut");
}

static const char *alert_name(int number)
{
    return number == SSL_AD_MISSING_EXTENSION      ? "missing extension"
           : number == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required"
                                                   : SSL_alert_desc_string_long(number);
}

static int certificate(const SSL *ssl, wtl_err *err)
{
    int rc = wtl_peer_refusal(ssl, err);
    if (rc < 0)
        return rc;
    return WTL_FAIL(err, WTL_NO, "the peer's certificate is not accepted: %s",
                    X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
}

/* The newest that says more than that something of libssl failed; all are taken off the queue. */
static unsigned long cause(void)
{
    unsigned long found = 0;
    for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error()) {
        bool says = ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) != SSL_R_RECORD_LAYER_FAILURE &&
                    ERR_GET_REASON(e) != ERR_R_INTERNAL_ERROR;
        if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
            says = true;
        if (says || found == 0)
            found = e;
    }
    return found;
}

int wtl_trouble_tell(const SSL *ssl, const wtl_wire *w, bool *alerted, wtl_err *err)
{
    unsigned long e = cause();
    int reason = ERR_GET_REASON(e);
    if (e == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return lost(w, err);
    if (reason == ERR_R_MALLOC_FAILURE)
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
        int number = reason - SSL_AD_REASON_OFFSET;
        *alerted = true;
        return WTL_FAIL(err, WTL_NO, "the peer ended the connection by the alert \"%s\" (%d)",
                        alert_name(number), number);
    }
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return certificate(ssl, err);
    ERR_raise(ERR_GET_LIB(e), reason); /* to be told with the rest */
    for (size_t i = 0; ERR_GET_LIB(e) == ERR_LIB_SSL && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].reason == reason)
            return WTL_FAIL_OSSL(err, rows[i].rc, "the peer is refused: %s", rows[i].words);
    return WTL_FAIL_OSSL(err, WTL_FORMAT, "the peer's TLS messages are malformed");
}
