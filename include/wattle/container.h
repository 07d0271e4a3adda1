/* Reading a sealed container from a program: names, and any range of any file decrypted into the caller's memory. */
#ifndef WATTLE_CONTAINER_H
#define WATTLE_CONTAINER_H

#include <wattle/seal.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* An open container: its file, its keys in locked memory, its index. The functions below may be called for one container
 * by several threads at once, all but _close, which comes last. */
typedef struct wtl_container wtl_container;

/* One file or empty directory. */
typedef struct wtl_container_entry {
    const char *name; /* UTF-8, '/' between parts; belongs to the container */
    bool is_dir;
    unsigned mode; /* permission bits */
    uint64_t size; /* bytes of content */
} wtl_container_entry;

/* Opens `path` with the identities of `opts`, checks header, index and what opts says of senders, signature and index
 * digest; the rest of opts (only, range, force, threads, progress) is not looked at. With senders, every read is also
 * checked against the digest tree that the sender signed. *out belongs to the caller. The file is read when it is
 * asked for and not locked; a change to it is seen, as WTL_NO, when the changed part is read. Errors as wtl_open. */
int wtl_container_open(wtl_container **out, const char *path, const wtl_open_opts *opts, wtl_err *err);
void wtl_container_close(wtl_container *c); /* wipes the keys; NULL is fine */

/* What opening found: the sender, the index digest; files and bytes are those of the whole container. */
void wtl_container_about(const wtl_container *c, wtl_open_result *about);

/* Entries are numbered from 0 in ascending order of their names' bytes. _at is WTL_USAGE past the end, _find WTL_USAGE
 * when there is no such name. */
size_t wtl_container_count(const wtl_container *c);
int wtl_container_at(const wtl_container *c, size_t i, wtl_container_entry *entry, wtl_err *err);
int wtl_container_find(const wtl_container *c, const char *name, size_t *i, wtl_err *err);

/* Decrypts bytes [offset, offset + n) of file `i` into `to`, as far as the file goes: *got is how many, fewer than n
 * only at its end, 0 at or past it. Chunks (16 KiB, from offset 0 on) that are wanted whole are decrypted straight into
 * `to`; where a sender is checked the 1 MiB segments around the range are read and hashed, so that large reads,
 * or ones that lie in one segment, cost least. Every byte was authenticated when this returns 0; on failure *got
 * is 0 and the range of `to` is zeroed. WTL_NO: changed; WTL_USAGE: a directory or no such entry; WTL_IO. */
int wtl_container_read(wtl_container *c, size_t i, uint64_t offset, void *to, size_t n, size_t *got,
                       wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
