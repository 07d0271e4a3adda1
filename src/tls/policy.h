/* What a side of TLS insists on: groups, in which order and with which key shares; signatures; ciphers. */
#ifndef WTL_TLS_POLICY_H
#define WTL_TLS_POLICY_H

#include "tls/group.h"

enum wtl_policy_mode {
    WTL_POLICY_PQ_ONLY,          /* "pq-only": hybrid and pure ML-KEM groups */
    WTL_POLICY_HYBRID_ONLY,      /* "hybrid-only" */
    WTL_POLICY_HYBRID_PREFERRED, /* "hybrid-preferred": classical ones too in the one ClientHello; a server asks again (HelloRetryRequest) for a
                                     post-quantum share that the client can make */
    WTL_POLICY_CLASSICAL_FALLBACK /* "classical-fallback": as preferred; a client may also dial again with classical groups alone, and is not held to its pins */
};
const char *wtl_policy_mode_name(enum wtl_policy_mode m);
/* WTL_USAGE lists the four. */
int wtl_policy_mode_parse(enum wtl_policy_mode *m, const char *text, wtl_err *err) WTL_MUST_USE;

enum wtl_policy_flag {
    WTL_POLICY_CNSA =
        1, /* pure MLKEM1024 first, then SecP384r1MLKEM1024; ML-DSA-87 and AES-256 alone; certificates of others are refused */
    WTL_POLICY_PREFER_PQ_SIG =
        2, /* a server with both signs with ML-DSA where the client can check it, whatever the client's order */
    WTL_POLICY_CLASSICAL_SHARE =
        4, /* a client's ClientHello has a classical key share only, and fits one packet; post-quantum by HelloRetryRequest */
    WTL_POLICY_TLS12 =
        8 /* a server speaks TLS 1.2 too (ECDHE, AEAD): only with a mode that allows classical groups */
};
typedef struct wtl_policy {
    enum wtl_policy_mode mode;
    unsigned flags;
    wtl_groups groups; /* explicit order, each of a class that the mode allows; n = 0: the mode's own */
} wtl_policy;
/* Whether mode, flags and groups fit one another: WTL_USAGE says which do not. */
int wtl_policy_check(const wtl_policy *p, wtl_err *err) WTL_MUST_USE;

/* Lists for SSL_CTX_set1_groups_list, SSL_CTX_set1_sigalgs_list, SSL_CTX_set_ciphersuites; appended. Never the word DEFAULT (CVE-2026-2673). A server's
 * post-quantum groups are a tuple of their own before the classical ones, so that it asks again rather than take a weaker share. */
int wtl_policy_groups(const wtl_policy *p, bool server, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* The classical groups of that list alone, for a client's weaker dial (wtl_link_groups); nothing where there are none. */
int wtl_policy_weaker(const wtl_policy *p, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
int wtl_policy_signatures(const wtl_policy *p, bool server, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
const char *wtl_policy_ciphers(const wtl_policy *p);

/* Whether a negotiated group is one that the policy takes. */
bool wtl_policy_takes(const wtl_policy *p, const wtl_group *g);

/* Of a ClientHello at the server: WTL_OK; WTL_POLICY when no group that it offers may be used; WTL_FORMAT as wtl_policy_shares. */
int wtl_policy_admits(const wtl_policy *p, const wtl_hello_client *h, wtl_err *err) WTL_MUST_USE;

/* Of key shares (u16 group, u16 length, key): WTL_FORMAT when one that is, or begins with, a point of P-256, P-384 or P-521 has it in another than
 * the uncompressed form (RFC 8446 section 4.2.8.2), as OpenSSL 3.5 lets pass. */
int wtl_policy_shares(wtl_bytes shares, wtl_err *err) WTL_MUST_USE;

#endif
