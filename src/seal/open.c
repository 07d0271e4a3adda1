#include "seal/seal.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "fs/out.h"
#include "fs/tree.h"
#include "seal/extract.h"
#include "seal/open.h"
#include "seal/source.h"

/* Where the contents go: standard output, or files of a directory. */
struct job {
    const wtl_progress *progress;
    uint64_t done;
    uint64_t total;
    size_t files;
    const char *name; /* of the file being written */
    wtl_out *out;     /* standard output, or NULL */
    wtl_tree *tree;
    int fd; /* in the tree */
};

static int begin_entry(void *arg, const wtl_entry *e, wtl_err *err)
{
    struct job *j = arg;
    if (e->type == WTL_ENTRY_EMPTY_DIR)
        return wtl_tree_mkdir(j->tree, e->name, e->mode, err);
    j->name = e->name;
    j->files++;
    return j->tree != NULL ? wtl_tree_begin(j->tree, e->name, e->mode, &j->fd, err) : WTL_OK;
}

static int write_part(void *arg, wtl_bytes v, wtl_err *err)
{
    struct job *j = arg;
    TRY(j->out != NULL ? wtl_out_write(j->out, v, err) : wtl_out_write_fd(j->fd, v, j->name, err));
    j->done += v.n;
    if (j->progress->step != NULL)
        j->progress->step(j->progress->arg, j->done, j->total);
    return WTL_OK;
}

static int end_entry(void *arg, const wtl_entry *e, wtl_err *err)
{
    struct job *j = arg;
    return j->tree != NULL && e->type == WTL_ENTRY_FILE ? wtl_tree_end(j->tree, err) : WTL_OK;
}

static int write_stdout(struct job *j, const wtl_extract *x, wtl_err *err)
{
    AUTO(wtl_out) out = {.fd = -1, .dirfd = -1};
    wtl_source_widen(STDOUT_FILENO);
    TRY(wtl_out_open(&out, "-", WTL_OUT_STDOUT_OK, 0, err));
    j->out = &out;
    TRY(wtl_extract_run(x, err));
    return wtl_out_commit(&out, err);
}

static int write_tree(struct job *j, const wtl_extract *x, const char *dir, bool force, wtl_err *err)
{
    AUTO(wtl_tree) *t = NULL;
    TRY(wtl_tree_open(&t, dir, force, err));
    j->tree = t;
    TRY(wtl_extract_run(x, err));
    return wtl_tree_commit(t, err);
}

static int check_opts(const wtl_open_opts *o, wtl_err *err)
{
    ENSURE(o->n_identities > 0 || o->passphrase != NULL, err, WTL_USAGE,
           "no identity: name the private key that opens the container");
    ENSURE(!o->has_range || o->only != NULL, err, WTL_USAGE, "a range needs the name of one file (--only)");
    ENSURE(!o->has_range || o->from <= o->to, err, WTL_USAGE, "the range ends before it begins");
    return WTL_OK;
}

int wtl_open_unlock(wtl_reader *r, const char *container, const wtl_open_opts *o, wtl_open_result *result,
                    wtl_err *err)
{
    TRY(wtl_reader_open(r, container, err));
    wtl_wrap_means m = {o->identity, o->n_identities, o->passphrase, o->max_work};
    TRY(wtl_reader_unlock_by(r, &m, err));
    if (o->n_senders > 0) {
        TRY(wtl_reader_sender(r, o->sender, o->n_senders, &result->sender, err));
        result->sender_authenticated = true;
    }
    ENSURE(!o->require_signature || result->sender_authenticated, err, WTL_POLICY, "%s",
           r->sigs.n == 0
               ? "the container is not signed, and a signature is required"
               : "the container is signed, but no trusted sender was named to check it against (--sender)");
    ENSURE(o->expect_index == NULL ||
               memcmp(o->expect_index, r->trailer.index_digest, sizeof r->trailer.index_digest) == 0,
           err, WTL_NO,
           "the container has another index than the one that was expected: it is not in that state");
    memcpy(result->index_digest, r->trailer.index_digest, sizeof result->index_digest);
    return wtl_reader_index(r, err);
}

static int find_only(const wtl_reader *r, const char *only, const wtl_entry **e, wtl_err *err)
{
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(only));
    const char *shown = wtl_buf_cstr(&quoted);
    ENSURE(shown != NULL, err, WTL_NOMEM, "out of memory");
    *e = wtl_index_find(&r->index, wtl_text_of(only));
    ENSURE(*e != NULL, err, WTL_USAGE,
           "the container has no file \"%.300s\": `wattle info` lists what it has", shown);
    ENSURE((*e)->type == WTL_ENTRY_FILE, err, WTL_USAGE, "\"%.300s\" is an empty directory in the container",
           shown);
    return WTL_OK;
}

/* The entries that were asked for. */
static int choose(const wtl_reader *r, const char *out, const wtl_open_opts *o, const wtl_entry **e,
                  size_t *n, wtl_err *err)
{
    *e = r->index.e;
    *n = r->index.n;
    if (o->only != NULL) {
        TRY(find_only(r, o->only, e, err));
        *n = 1;
    }
    ENSURE(strcmp(out, "-") != 0 || (*n == 1 && (*e)->type == WTL_ENTRY_FILE), err, WTL_USAGE,
           "the container has %zu entries, and standard output takes one file: name it (--only)", *n);
    if (!o->has_range)
        return WTL_OK;
    ENSURE(o->from <= (*e)->plain && (o->to == UINT64_MAX || o->to <= (*e)->plain), err, WTL_USAGE,
           "the range goes beyond the end of the file, which has %llu bytes",
           (unsigned long long)(*e)->plain);
    return WTL_OK;
}

static int deliver(wtl_reader *r, const char *out, const wtl_open_opts *o, wtl_open_result *result,
                   wtl_err *err)
{
    struct job j = {.progress = &o->progress, .fd = -1};
    wtl_extract x = {.r = r,
                     .tree = result->sender_authenticated,
                     .threads = o->threads,
                     .has_range = o->has_range,
                     .from = o->from,
                     .to = o->to,
                     .sink = {&j, begin_entry, write_part, end_entry}};
    TRY(choose(r, out, o, &x.e, &x.n, err));
    if (o->has_range && x.to > x.e->plain)
        x.to = x.e->plain;
    for (size_t i = 0; i < x.n; i++)
        j.total += o->has_range ? x.to - x.from : x.e[i].plain;
    TRY(strcmp(out, "-") == 0 ? write_stdout(&j, &x, err) : write_tree(&j, &x, out, o->force, err));
    result->files = j.files;
    result->bytes = j.done;
    return WTL_OK;
}

int wtl_open(const char *container, const char *out, const wtl_open_opts *opts, wtl_open_result *result,
             wtl_err *err)
{
    TRY(check_opts(opts, err));
    AUTO(wtl_reader) r = {.in = {.fd = -1}};
    wtl_open_result got = {0};
    TRY(wtl_reader_named(&r, wtl_open_unlock(&r, container, opts, &got, err), err));
    TRY(wtl_reader_named(&r, deliver(&r, out, opts, &got, err), err));
    if (result != NULL)
        *result = got;
    return WTL_OK;
}
