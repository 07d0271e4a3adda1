#include "manifest/statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "manifest/statement_impl.h"

/* A JSON string's content: RFC 8259 section 7, with the short escapes. `text` is UTF-8. */
static void put_text(wtl_buf *out, const char *text)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    while (*text != '\0') {
        size_t n = 0;
        while ((uint8_t)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
            n++;
        wtl_buf_add(out, text, n);
        text += n;
        if (*text == '\0')
            return;
        const char *s = shorts;
        while (*s != '\0' && *s != *text)
            s += 2;
        if (*s != '\0')
            wtl_buf_add(out, (char[]){'\\', s[1]}, 2);
        else
            wtl_buf_fmt(out, "\\u%04X", (unsigned)(uint8_t)*text);
        text++;
    }
}

static void put_string(wtl_buf *out, const char *text)
{
    wtl_buf_u8(out, '"');
    put_text(out, text);
    wtl_buf_u8(out, '"');
}

static void put_head(const wtl_statement *s, wtl_buf *out)
{
    wtl_buf_str(out, "{\"_type\":\"" STATEMENT_TYPE "\",\"subject\":[{\"name\":");
    put_string(out, s->subject);
    wtl_buf_str(out, ",\"digest\":{\"sha256\":\"");
    wtl_buf_hex(out, (wtl_bytes){s->root, sizeof s->root});
    wtl_buf_fmt(out,
                "\"}}],\"predicateType\":\"" WTL_STATEMENT_PREDICATE_TYPE
                "\",\"predicate\":{\"serialization\":{\"method\":\"%s\",\"hash_type\":\"%s\"",
                wtl_statement_method_name(s->method), wtl_hash_name(s->hash));
    if (s->method == WTL_STATEMENT_SHARDS)
        wtl_buf_fmt(out, ",\"shard_size\":%" PRIu64, s->shard_size);
    wtl_buf_fmt(out, ",\"allow_symlinks\":%s,\"ignore_paths\":[", s->allow_symlinks ? "true" : "false");
    for (size_t i = 0; i < s->n_ignore; i++) {
        if (i > 0)
            wtl_buf_u8(out, ',');
        put_string(out, s->ignore[i]);
    }
    wtl_buf_str(out, "]},\"resources\":[");
}

static void put_resource(const wtl_statement *s, const wtl_resource *r, const char *algorithm, wtl_buf *out)
{
    wtl_buf_str(out, "{\"name\":\"");
    put_text(out, r->name);
    if (s->method == WTL_STATEMENT_SHARDS)
        wtl_buf_fmt(out, ":%" PRIu64 ":%" PRIu64, r->start, r->end);
    wtl_buf_str(out, "\",\"algorithm\":\"");
    wtl_buf_str(out, algorithm);
    wtl_buf_str(out, "\",\"digest\":\"");
    wtl_buf_hex(out, (wtl_bytes){r->digest, wtl_hash_size(s->hash)});
    wtl_buf_str(out, "\"}");
}

static int put_all(const wtl_statement *s, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) algorithm = {0};
    wtl_statement_algorithm(s, &algorithm);
    const char *text = wtl_buf_cstr(&algorithm);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    size_t before = out->n;
    put_head(s, out);
    for (size_t i = 0; i < s->n_resources; i++) {
        if (i > 0)
            wtl_buf_u8(out, ',');
        put_resource(s, &s->resource[i], text, out);
        ENSURE(out->n - before < WTL_STATEMENT_PAYLOAD_MOST, err, WTL_FORMAT,
               "the statement over %zu files or shards is longer than the %d MiB that are read: divide the "
               "model, or choose larger shards",
               s->n_resources, WTL_STATEMENT_PAYLOAD_MOST >> 20);
    }
    wtl_buf_str(out, "]}}");
    return wtl_buf_check(out, err);
}

static size_t digits(uint64_t v)
{
    size_t n = 1;
    for (; v >= 10; v /= 10)
        n++;
    return n;
}

/* The text's length but for escapes in names, so that memory is had once and no more than that. */
static size_t estimate(const wtl_statement *s)
{
    size_t n = 1024;
    for (size_t i = 0; i < s->n_ignore; i++)
        n += strlen(s->ignore[i]) + 3;
    size_t fixed = strlen("{\"name\":\"\",\"algorithm\":\"\",\"digest\":\"\"},") +
                   2 * wtl_hash_size(s->hash) + strlen(wtl_hash_name(s->hash));
    if (s->method == WTL_STATEMENT_SHARDS)
        fixed += strlen("-sharded-::") + digits(s->shard_size);
    for (size_t i = 0; i < s->n_resources && n < WTL_STATEMENT_PAYLOAD_MOST; i++) {
        const wtl_resource *r = &s->resource[i];
        n += fixed + strlen(r->name);
        if (s->method == WTL_STATEMENT_SHARDS)
            n += digits(r->start) + digits(r->end);
    }
    return n < WTL_STATEMENT_PAYLOAD_MOST ? n : WTL_STATEMENT_PAYLOAD_MOST;
}

static int by_name(const void *a, const void *b)
{
    return wtl_statement_compare(a, b);
}

int wtl_statement_encode(wtl_statement *s, wtl_buf *payload, wtl_err *err)
{
    ENSURE(s->subject != NULL, err, WTL_BUG, "a statement without a model's name");
    ENSURE((s->method == WTL_STATEMENT_SHARDS) == (s->shard_size > 0) && s->shard_size <= INT64_MAX, err,
           WTL_BUG, "a statement by %s with shards of %" PRIu64 " bytes",
           wtl_statement_method_name(s->method), s->shard_size);
    TRY(wtl_statement_check(s, err));
    qsort(s->resource, s->n_resources, sizeof *s->resource, by_name);
    TRY(wtl_statement_compute_root(s, s->root, err));
    size_t before = payload->n;
    wtl_buf_reserve(payload, estimate(s));
    int rc = put_all(s, payload, err);
    if (rc < 0)
        payload->n = before;
    return rc;
}
