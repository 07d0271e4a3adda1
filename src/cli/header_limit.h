/* Servers that would refuse a token as an HTTP header. */
#ifndef WTL_CLI_HEADER_LIMIT_H
#define WTL_CLI_HEADER_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the limit is for a request's whole head, this much of it is left to the other headers. */
enum { WTL_HEADER_LIMIT_OTHERS = 1024 };

typedef struct wtl_header_limit {
    const char *name;
    size_t bytes;
    bool whole; /* for the request's whole head; else for each field */
    const char *option;
} wtl_header_limit;

/* Row i of header_limit.def, or NULL past the end. */
const wtl_header_limit *wtl_header_limit_at(size_t i);

/* Bytes of "Authorization: Bearer " and a token of n bytes. */
size_t wtl_header_limit_field(size_t n);
/* Whether the server refuses such a field by default. */
bool wtl_header_limit_refuses(const wtl_header_limit *l, size_t field);

#endif
