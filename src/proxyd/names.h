/* What the names resolve to that connections are passed on to. */
#ifndef WTL_PROXYD_NAMES_H
#define WTL_PROXYD_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "proxyconf/proxyconf.h"

/* Whether there are names, or numbers and paths alone. */
bool wtl_names_any(const wtl_proxyconf *conf);
/* A number that stands for all addresses of all names, in whatever order they come; 0 when a name has none now. Waits for name servers: for a process of its own. */
uint64_t wtl_names_sign(const wtl_proxyconf *conf);

#endif
