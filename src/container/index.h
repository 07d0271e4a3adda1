/* The index: what is in a container, by name (docs/formats/wtl.md, "Index"). */
#ifndef WTL_CONTAINER_INDEX_H
#define WTL_CONTAINER_INDEX_H

#include "base/buf.h"
#include "container/hashtree.h"
#include "container/name.h"
#include "container/subkey.h"

/* An index is held in memory whole: some ten million files. */
enum { WTL_INDEX_MOST = 1 << 30 };

enum wtl_entry_type { WTL_ENTRY_FILE = 1, WTL_ENTRY_EMPTY_DIR = 2 };
enum wtl_entry_tree { WTL_ENTRY_NO_TREE = 0, WTL_ENTRY_SHA256_TREE = 1 };
enum wtl_index_shape { WTL_INDEX_DIRECTORY = 0, WTL_INDEX_FILE = 1, WTL_INDEX_STREAM = 2 };

typedef struct wtl_entry {
    char *name; /* malloc'd, NUL-terminated */
    uint8_t type;
    uint8_t tree;
    uint16_t mode;
    uint64_t object;     /* the rest is zero for an empty directory */
    uint64_t generation; /* content generation in which the object was written */
    uint64_t offset;     /* of its message in the file */
    uint64_t plain;      /* bytes of content */
    uint8_t root[WTL_HASHTREE_NODE];
} wtl_entry;

typedef struct wtl_index {
    uint8_t shape;
    uint64_t generation;
    wtl_entry *e; /* names strictly ascending by their bytes */
    size_t n;
} wtl_index;
void wtl_index_free(wtl_index *x);
void wtl_index_auto(wtl_index *x);

/* Where the objects may lie, and what the trailer says. */
typedef struct wtl_index_bounds {
    uint64_t begin; /* first byte after the header slots */
    uint64_t end;   /* first byte of the index */
    uint64_t generation;
} wtl_index_bounds;

/* Bytes that the entry's object takes in the file: its message and its leaf table. UINT64_MAX when impossible. */
uint64_t wtl_index_extent(const wtl_entry *e);

/* The parts of an entry that its object's context binds. Borrows the name. */
wtl_meta wtl_index_meta(const wtl_entry *e);

int wtl_index_encode(wtl_buf *out, const wtl_index *x, wtl_err *err) WTL_MUST_USE;

/* WTL_FORMAT unless every rule of the format holds. Memory stays within a small multiple of `plain`. */
int wtl_index_parse(wtl_index *out, wtl_bytes plain, const wtl_index_bounds *bounds,
                    wtl_err *err) WTL_MUST_USE;

/* The entry of that name, or NULL. */
const wtl_entry *wtl_index_find(const wtl_index *x, wtl_bytes name);

#endif
