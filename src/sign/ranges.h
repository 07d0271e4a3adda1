/* Digests of many files, or of their shards, by many threads. */
#ifndef WTL_SIGN_RANGES_H
#define WTL_SIGN_RANGES_H

#include "crypto/hash.h"
#include "fs/in.h"
#include <wattle/progress.h>

typedef struct wtl_ranges_file {
    const char *path;      /* beneath the folder */
    const wtl_stamp *seen; /* what it was when it was listed; its size says which ranges it has */
    uint8_t *out;          /* a digest per range, one after another; NULL = read, and kept nowhere */
} wtl_ranges_file;

typedef struct wtl_ranges {
    const char *root; /* the folder, or NULL with `single` */
    wtl_in *single;   /* the only file, open: then n is 1 and its path is not used */
    const wtl_ranges_file *file;
    size_t n;
    enum wtl_hash hash;
    uint64_t shard_size; /* bytes of a range; 0 = a file is one */
    unsigned threads;    /* 0 = the processors that there are */
    wtl_progress progress;
} wtl_ranges;

/* Ranges of a file of that size: 1 at least, as an empty file has an empty one. */
uint64_t wtl_ranges_count(uint64_t size, uint64_t shard_size);

/* Reads every byte once and fills the digests. Threads take ranges in order, and each hashes several side by side; idle
 * ones read ahead for the others, so that one large file is read and hashed at the same time. Buffers take
 * 24 MiB at most and 512 files are open, whatever the number of threads. *done = bytes read, on failure too. WTL_NO, named,
 * when a file is not the one that was listed, or changes while it is read; WTL_POLICY for a link; WTL_IO. Of several failures
 * that of the first file. */
int wtl_ranges_digest(const wtl_ranges *r, uint64_t *done, wtl_err *err) WTL_MUST_USE;

/* The digest of one open file, read whole. The same failures. */
int wtl_ranges_digest_one(wtl_in *in, enum wtl_hash h, const wtl_progress *progress, uint8_t *out,
                          wtl_err *err) WTL_MUST_USE;

#endif
