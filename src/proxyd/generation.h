/* One configuration in use, or about to be: its services' sockets and how many of its workers live. */
#ifndef WTL_PROXYD_GENERATION_H
#define WTL_PROXYD_GENERATION_H

#include "proxyd/crew.h"
#include "proxyd/listen.h"
#include "proxyd/source.h"

typedef struct wtl_generation {
    unsigned id; /* from 1 */
    wtl_proxyconf conf;
    wtl_listen_set *set;
    wtl_listen *place[WTL_PROXYCONF_SERVICES];
    size_t n_places;
    size_t members; /* processes that live */
    size_t ready;
    uint64_t files; /* wtl_watch_sign, before the workers read them */
    uint64_t names; /* what its workers resolved names to, as of wtl_names_sign; 0: there are none */
    bool failed;
    struct wtl_generation *next; /* the owner's list */
} wtl_generation;

/* Reads the configuration and binds what it wants to listen on. `set` NULL: wtl_generation_bind comes later. */
int wtl_generation_new(wtl_generation **out, unsigned id, const wtl_source *source,
                       wtl_err *err) WTL_MUST_USE;
int wtl_generation_bind(wtl_generation *g, wtl_listen_set *set, wtl_err *err) WTL_MUST_USE;
/* Its sockets are given back; its workers have theirs still. */
void wtl_generation_unbind(wtl_generation *g);
void wtl_generation_free(wtl_generation *g);

/* Connections may come. */
int wtl_generation_listen(const wtl_generation *g, wtl_err *err) WTL_MUST_USE;
/* The sockets of one worker are closed, or bound again (listen.h). */
void wtl_generation_away(const wtl_generation *g, unsigned index);
int wtl_generation_back(const wtl_generation *g, unsigned index, wtl_err *err) WTL_MUST_USE;

/* Forks worker `index`. */
int wtl_generation_start(wtl_generation *g, wtl_crew *crew, unsigned index, int log,
                         wtl_err *err) WTL_MUST_USE;

/* Whether some service dials TLS, so that pins are of use. */
bool wtl_generation_has_client(const wtl_generation *g);

#endif
