#include "proxy/resume.h"

#include <string.h>

void wtl_resume_put(wtl_resume *r, SSL_SESSION *session)
{
    if (session == NULL)
        return;
    if (r->n == WTL_RESUME_MOST) {
        SSL_SESSION_free(r->session[0]);
        memmove(r->session, r->session + 1, --r->n * sizeof *r->session);
    }
    r->session[r->n++] = session;
}

SSL_SESSION *wtl_resume_take(wtl_resume *r)
{
    return r->n == 0 ? NULL : r->session[--r->n];
}

void wtl_resume_clear(wtl_resume *r)
{
    while (r->n > 0)
        SSL_SESSION_free(r->session[--r->n]);
}
