/* Where the content of an entry comes from: a file that was listed, one that is open, standard input, or a feed. */
#ifndef WTL_SEAL_SOURCE_H
#define WTL_SEAL_SOURCE_H

#include "fs/in.h"

/* Content that somebody else makes, in order. */
typedef struct wtl_feed {
    /* The next bytes, as wtl_source_next. */
    int (*next)(void *arg, uint8_t *to, size_t n, size_t *got, wtl_err *err);
    void *arg;
    uint64_t size;
    unsigned mode;
    bool is_dir;
} wtl_feed;

/* Borrows everything. */
typedef struct wtl_source {
    const char *name;            /* of the entry */
    const char *root;            /* with `found`: the directory that was listed */
    const wtl_walk_entry *found; /* a file or an empty directory below it */
    wtl_in *in;                  /* else an open file */
    uint64_t from;               /* with `in`: its content begins here */
    bool is_stream;              /* standard input, also when `in` reads it as the file that it is */
    const wtl_feed *feed;        /* else this */
} wtl_source;

/* WTL_FORMAT, named: no entry of a container may be called so. */
int wtl_source_check_name(const char *name, wtl_err *err) WTL_MUST_USE;

/* WTL_USAGE: the container `out` lies, or would lie, inside the directory `src`. It would be sealed into the next one, or
 * replace a part of it. */
int wtl_source_check_outside(const char *src, const char *out, wtl_err *err) WTL_MUST_USE;

bool wtl_source_is_dir(const wtl_source *s);
bool wtl_source_is_stream(const wtl_source *s);  /* it is read in order: standard input, a feed */
bool wtl_source_is_endless(const wtl_source *s); /* nobody knows its size: standard input */
uint64_t wtl_source_size(const wtl_source *s); /* bytes when it was listed or opened; 0 for standard input */
unsigned wtl_source_mode(const wtl_source *s);

/* Standard input as a stream or, when it is a regular file, as one that any thread may read; `own` belongs to the
 * caller. What it holds is kept under `name`. */
int wtl_source_stdin(wtl_source *s, const char *name, wtl_in *own, wtl_err *err) WTL_MUST_USE;

/* *in is what to read from: s->in, or `own`, which is opened for it and belongs to the caller. WTL_NO: it is no
 * longer the file that was listed. */
int wtl_source_open(const wtl_source *s, wtl_in *own, wtl_in **in, wtl_err *err) WTL_MUST_USE;

/* Content is laid out with room for a tag behind each 16 KiB: byte i goes to to[i / 16384 * 16400 + i % 16384]. */

/* n bytes at `offset`; WTL_NO when there are fewer. */
int wtl_source_read(wtl_in *in, uint8_t *to, size_t n, uint64_t offset, wtl_err *err) WTL_MUST_USE;

/* The next bytes of a stream; *got < n only at its end. A wish to stop is seen also while nothing comes, on
 * whatever thread this runs. */
int wtl_source_next(const wtl_source *s, uint8_t *to, size_t n, size_t *got, wtl_err *err) WTL_MUST_USE;

/* Makes room in standard input or output, when it is a pipe, for as much as one read or write moves. */
void wtl_source_widen(int fd);

#endif
