/* Whatever is accepted has safe names, can be written, and reads back as the same statement. */
#include <stdlib.h>
#include <string.h>

#include "manifest/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const wtl_statement *s)
{
    for (size_t i = 0; i < s->n_resources; i++) {
        const char *n = s->resource[i].name;
        size_t len = strlen(n);
        if (n[0] == '/' || strncmp(n, "../", 3) == 0 || strcmp(n, "..") == 0 || strstr(n, "/../") != NULL ||
            (len >= 3 && strcmp(n + len - 3, "/..") == 0))
            abort();
    }
}

/* In order the shards of a file follow one another; with the method files there is one resource a file. */
static void check_shards(const wtl_statement *s)
{
    const wtl_resource **r = NULL;
    if (wtl_statement_order(s, &r, NULL) < 0)
        abort();
    for (size_t i = 0; i < s->n_resources; i++) {
        bool first = i == 0 || strcmp(r[i - 1]->name, r[i]->name) != 0;
        bool last = i + 1 == s->n_resources || strcmp(r[i]->name, r[i + 1]->name) != 0;
        uint64_t size = r[i]->end - r[i]->start;
        bool good = first ? r[i]->start == 0 : r[i]->start == r[i - 1]->end;
        if (s->method == WTL_STATEMENT_FILES)
            good = first && last && r[i]->end == 0;
        else
            good = good && (last ? size <= s->shard_size && (size > 0 || first) : size == s->shard_size);
        if (!good)
            abort();
    }
    free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_statement) s = {0};
    AUTO(wtl_statement) t = {0};
    AUTO(wtl_buf) once = {0};
    AUTO(wtl_buf) twice = {0};
    wtl_err err = {0};
    if (wtl_statement_parse(&s, (wtl_bytes){data, size}, &err) < 0) {
        if (err.text[0] == '\0' || s.subject != NULL)
            abort();
        return 0;
    }
    check_names(&s);
    check_shards(&s);
    if (wtl_statement_encode(&s, &once, NULL) < 0 || wtl_statement_parse(&t, wtl_buf_view(&once), NULL) < 0 ||
        wtl_statement_encode(&t, &twice, NULL) < 0)
        abort();
    if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
        abort();
    return 0;
}
