/* Gives the contents of a container, or ranges of them, in order: read, checked and decrypted by all cores. */
#ifndef WTL_SEAL_EXTRACT_H
#define WTL_SEAL_EXTRACT_H

#include "seal/reader.h"

/* Receives every entry in turn, on the caller's thread: _begin, for a file then its content in parts, each of them
 * checked, and _end. */
typedef struct wtl_sink {
    void *arg;
    int (*begin)(void *arg, const wtl_entry *e, wtl_err *err);
    int (*part)(void *arg, wtl_bytes v, wtl_err *err);
    int (*end)(void *arg, const wtl_entry *e, wtl_err *err);
} wtl_sink;

/* Borrows everything. The reader has its index. */
typedef struct wtl_extract {
    wtl_reader *r;
    bool tree;        /* every byte is also checked against the digest tree of the (signed) index */
    unsigned threads; /* 0 = all cores */
    const wtl_entry *e;
    size_t n;
    bool has_range; /* bytes [from, to) of the one entry, from <= to <= plain; only what holds them is read */
    uint64_t from;
    uint64_t to;
    wtl_sink sink;
} wtl_extract;

/* WTL_NO, with the entry named: changed, or with `tree` an object without one. */
int wtl_extract_run(const wtl_extract *x, wtl_err *err) WTL_MUST_USE;

#endif
