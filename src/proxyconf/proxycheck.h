/* What options ask of one another, as far as no other file is needed to know. */
#ifndef WTL_PROXYCONF_PROXYCHECK_H
#define WTL_PROXYCONF_PROXYCHECK_H

#include "proxyconf/proxyconf.h"

/* `dash` stands before names of options: "--" for a command line, "" for a file. WTL_USAGE; a sentence about a value
 * begins with the place of it. */
int wtl_proxycheck_service(const wtl_proxyconf_service *s, const char *dash, wtl_err *err) WTL_MUST_USE;
/* Between services, and those and the process. */
int wtl_proxycheck_all(const wtl_proxyconf *c, wtl_err *err) WTL_MUST_USE;

#endif
