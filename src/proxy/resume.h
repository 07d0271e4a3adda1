/* Sessions of a peer to go on with, each offered once (RFC 8446 appendix C.4: a ticket that is used twice links two connections). */
#ifndef WTL_PROXY_RESUME_H
#define WTL_PROXY_RESUME_H

#include "tls/link.h"

enum { WTL_RESUME_MOST = 16 };

/* Zero-initialise. */
typedef struct wtl_resume {
    SSL_SESSION *session[WTL_RESUME_MOST]; /* the newest last */
    size_t n;
} wtl_resume;

/* Takes the reference over; NULL is nothing. The oldest makes room. */
void wtl_resume_put(wtl_resume *r, SSL_SESSION *session);
/* The newest, as a reference for the caller, or NULL. */
SSL_SESSION *wtl_resume_take(wtl_resume *r);
void wtl_resume_clear(wtl_resume *r);

#endif
