/* A public key that is expanded when it is used. TLS uses a peer's key once and then holds it for as long as the connection lives, so the
 * first use expands it for itself alone; with the second it is kept. */
#ifndef WTL_PROVIDER_LATE_H
#define WTL_PROVIDER_LATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"

/* How the encoding at `key` is expanded, and what was made is freed. */
typedef struct wtl_late_kind {
    int (*expand)(void **out, const void *key, wtl_err *err);
    void (*free)(void *made);
} wtl_late_kind;

/* Zero-initialise. Any number of threads may take at once: what was kept stays until wtl_late_free. */
typedef struct wtl_late {
    _Atomic(void *) made; /* kept; NULL before */
    atomic_bool used;
} wtl_late;

/* The expanded form, until *mine (for the kind's free; NULL when the form is kept) or the whole is freed. */
int wtl_late_take(wtl_late *l, const wtl_late_kind *kind, const void *key, void **out, void **mine,
                  wtl_err *err) WTL_MUST_USE;
/* The same, and it is kept: for those who borrow it. */
int wtl_late_keep(wtl_late *l, const wtl_late_kind *kind, const void *key, void **out,
                  wtl_err *err) WTL_MUST_USE;
/* What is kept, or NULL. */
void *wtl_late_kept(const wtl_late *l);
/* Gives a form that is there from the start to an empty one, which owns it. */
void wtl_late_give(wtl_late *l, void *made);
/* Not while another thread takes. */
void wtl_late_free(wtl_late *l, const wtl_late_kind *kind);

#endif
