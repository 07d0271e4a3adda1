/* What the files statement*.c share. Used inside this room. */
#ifndef WTL_MANIFEST_STATEMENT_IMPL_H
#define WTL_MANIFEST_STATEMENT_IMPL_H

#include "manifest/statement.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"

/* Foreign text made safe to print; valid until `b` changes. */
const char *wtl_statement_quote(wtl_buf *b, const char *text);

/* The rules that concern the resources together: at least one, not too many, "." only by itself, every file once, shards
 * without gap and overlap. WTL_FORMAT. */
int wtl_statement_check(const wtl_statement *s, wtl_err *err) WTL_MUST_USE;

int wtl_statement_compute_root(const wtl_statement *s, uint8_t root[32], wtl_err *err) WTL_MUST_USE;

/* Appends the text of a resource's field `algorithm`: "sha256", or "sha256-sharded-1000" with shards. */
void wtl_statement_algorithm(const wtl_statement *s, wtl_buf *out);

/* The order of the resources in what is written. */
int wtl_statement_compare(const wtl_resource *a, const wtl_resource *b);

#endif
