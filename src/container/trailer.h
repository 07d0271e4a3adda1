/* The last 192 bytes of a container: where the index and the signatures are (docs/formats/wtl.md, "Trailer"). */
#ifndef WTL_CONTAINER_TRAILER_H
#define WTL_CONTAINER_TRAILER_H

#include "base/buf.h"
#include "base/secret.h"
#include "container/preamble.h"

enum { WTL_TRAILER_SIZE = 192, WTL_TRAILER_MAC = 32, WTL_TRAILER_DIGEST = 64 };

typedef struct wtl_trailer {
    uint64_t generation; /* of the content */
    uint64_t index_offset;
    uint64_t index_size;
    uint64_t sigs_offset;
    uint64_t sigs_size;
    uint64_t total;                           /* bytes of the whole file */
    uint8_t index_digest[WTL_TRAILER_DIGEST]; /* SHA-512 of the encrypted index */
} wtl_trailer;

/* Appends the trailer. The MAC covers the container's id, the trailer's fields and the signature block. */
int wtl_trailer_encode(wtl_buf *out, const wtl_trailer *t, const wtl_preamble *p, wtl_bytes sigs,
                       wtl_bytes mac_key, wtl_err *err) WTL_MUST_USE;

/* Parses and checks against the file's size, in bytes. WTL_FORMAT: no trailer (the file was cut off, or something
 * was appended), parts that do not follow one another up to the end. */
int wtl_trailer_parse(wtl_trailer *out, wtl_bytes raw, const wtl_preamble *p, uint64_t file_size,
                      wtl_err *err) WTL_MUST_USE;

/* WTL_NO when the MAC is not the one of this container, trailer, signature block and key. */
int wtl_trailer_authentic(wtl_bytes raw, const wtl_preamble *p, wtl_bytes sigs, wtl_bytes mac_key,
                          wtl_err *err) WTL_MUST_USE;

#endif
