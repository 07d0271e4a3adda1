#include "sign/assume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "fs/in.h"
#include "sign/path.h"

enum { BUNDLE_MAX = 512 << 20 };

void wtl_assume_free(wtl_assume *a)
{
    free(a->order);
    wtl_statement_free(&a->statement);
    *a = (wtl_assume){0};
}

void wtl_assume_auto(wtl_assume *a)
{
    wtl_assume_free(a);
}

/* The bundle, and the time that its file says: of one descriptor, so that they belong together. */
static int read_bundle(const char *path, wtl_bundle *b, struct timespec *time, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_open(&in, path, err));
    size_t size = (size_t)in.stamp.size;
    ENSURE(size <= BUNDLE_MAX, err, WTL_FORMAT,
           "%s is longer than %d bytes, which is the most it may be here", in.name, BUNDLE_MAX);
    wtl_buf_reserve(&text, size);
    uint8_t *to = wtl_buf_grow(&text, size);
    ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
    size_t got;
    TRY(wtl_in_pread(&in, to, size, 0, &got, err));
    TRY(wtl_in_unchanged(&in, err));
    ENSURE(got == size, err, WTL_NO, "%s changed while it was read", in.name);
    *time = in.stamp.mtime;
    return wtl_bundle_parse(b, wtl_buf_view(&text), err);
}

static int check_signature(const wtl_bundle *b, const wtl_key *const *keys, size_t n, wtl_err *err)
{
    ENSURE(strcmp(b->payload_type, WTL_STATEMENT_PAYLOAD_TYPE) == 0, err, WTL_POLICY,
           "its payload is no statement about a model");
    AUTO(wtl_buf) pae = {0};
    wtl_bundle_pae(&pae, b->payload_type, wtl_buf_view(&b->payload));
    TRY(wtl_buf_check(&pae, err));
    for (size_t i = 0; i < n; i++) {
        int rc = wtl_sig_verify(keys[i], wtl_buf_view(&pae), NULL, wtl_buf_view(&b->signature), err);
        if (rc != WTL_NO)
            return rc;
    }
    return WTL_FAIL(err, WTL_NO,
                    "none of the signing keys made this signature, so what it says cannot be taken over: "
                    "sign without --assume-unchanged");
}

static int check_alike(const wtl_statement *s, const wtl_statement *like, wtl_err *err)
{
    ENSURE(s->hash == like->hash && s->method == like->method && s->shard_size == like->shard_size, err,
           WTL_POLICY,
           "it was made with %s by %s (shards of %" PRIu64
           " bytes), and now another hash, method or shard size is wanted: choose the same, or sign without "
           "--assume-unchanged",
           wtl_hash_name(s->hash), wtl_statement_method_name(s->method), s->shard_size);
    return WTL_OK;
}

static int load(wtl_assume *a, const char *path, const wtl_key *const *keys, size_t n,
                const wtl_statement *like, wtl_err *err)
{
    AUTO(wtl_bundle) b = {0};
    TRY(read_bundle(path, &b, &a->before, err));
    a->before.tv_sec -= WTL_ASSUME_MARGIN;
    TRY(check_signature(&b, keys, n, err));
    TRY(wtl_statement_parse(&a->statement, wtl_buf_view(&b.payload), err));
    TRY(check_alike(&a->statement, like, err));
    return wtl_statement_order(&a->statement, &a->order, err);
}

int wtl_assume_read(wtl_assume *a, const char *path, const wtl_key *const *keys, size_t n,
                    const wtl_statement *like, wtl_err *err)
{
    *a = (wtl_assume){0};
    int rc = load(a, path, keys, n, like, err);
    if (rc < 0) {
        AUTO(wtl_buf) q = {0};
        wtl_err_prefix(err, "the earlier signature \"%.300s\": ", wtl_path_quote(&q, path));
        wtl_assume_free(a);
    }
    return rc;
}

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* The first of the resources with that name, or n. */
static size_t first_of(const wtl_assume *a, const char *name)
{
    size_t low = 0;
    size_t high = a->statement.n_resources;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(a->order[mid]->name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const wtl_resource *const *wtl_assume_find(const wtl_assume *a, const char *name, const wtl_stamp *now,
                                           size_t *count)
{
    if (!is_before(now->mtime, a->before) || !is_before(now->ctime, a->before))
        return NULL;
    size_t n = a->statement.n_resources;
    size_t first = first_of(a, name);
    size_t end = first;
    while (end < n && strcmp(a->order[end]->name, name) == 0)
        end++;
    bool same_size = a->statement.method == WTL_STATEMENT_FILES ||
                     (end > first && a->order[end - 1]->end == (uint64_t)now->size);
    if (end == first || !same_size)
        return NULL;
    *count = end - first;
    return (const wtl_resource *const *)&a->order[first];
}
