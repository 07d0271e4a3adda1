#include "seal/seal.h"

#include <string.h>

#include "base/text.h"
#include "fs/out.h"
#include "fs/tree.h"
#include "seal/extract.h"

/* What is written, and where to. */
struct job {
    wtl_extract *x;
    const wtl_progress *progress;
    uint64_t done;
    uint64_t total;
    uint64_t from; /* of each file; `to` is cut to its size */
    uint64_t to;
    size_t files;
    const char *name; /* of the file being written */
    wtl_out *out;     /* standard output, or NULL */
    int fd;           /* else the file */
};

static int write_part(void *arg, wtl_bytes v, wtl_err *err)
{
    struct job *j = arg;
    TRY(j->out != NULL ? wtl_out_write(j->out, v, err) : wtl_out_write_fd(j->fd, v, j->name, err));
    j->done += v.n;
    if (j->progress->step != NULL)
        j->progress->step(j->progress->arg, j->done, j->total);
    return WTL_OK;
}

static uint64_t end_of(const struct job *j, const wtl_entry *e)
{
    return j->to < e->plain ? j->to : e->plain;
}

static int write_file(struct job *j, const wtl_entry *e, wtl_err *err)
{
    j->name = e->name;
    j->files++;
    return wtl_extract_range(j->x, e, j->from, end_of(j, e), write_part, j, err);
}

static int write_stdout(struct job *j, const wtl_entry *e, wtl_err *err)
{
    AUTO(wtl_out) out = {.fd = -1, .dirfd = -1};
    TRY(wtl_out_open(&out, "-", WTL_OUT_STDOUT_OK, 0, err));
    j->out = &out;
    TRY(write_file(j, e, err));
    return wtl_out_commit(&out, err);
}

static int write_entry(struct job *j, wtl_tree *t, const wtl_entry *e, wtl_err *err)
{
    if (e->type == WTL_ENTRY_EMPTY_DIR)
        return wtl_tree_mkdir(t, e->name, e->mode, err);
    TRY(wtl_tree_begin(t, e->name, e->mode, &j->fd, err));
    TRY(write_file(j, e, err));
    return wtl_tree_end(t, err);
}

static int write_tree(struct job *j, const char *dir, bool force, const wtl_entry *e, size_t n, wtl_err *err)
{
    AUTO(wtl_tree) *t = NULL;
    TRY(wtl_tree_open(&t, dir, force, err));
    for (size_t i = 0; i < n; i++)
        TRY(write_entry(j, t, &e[i], err));
    return wtl_tree_commit(t, err);
}

static int check_opts(const wtl_open_opts *o, wtl_err *err)
{
    ENSURE(o->n_identities > 0, err, WTL_USAGE, "no identity: name the private key that opens the container");
    ENSURE(!o->has_range || o->only != NULL, err, WTL_USAGE, "a range needs the name of one file (--only)");
    ENSURE(!o->has_range || o->from <= o->to, err, WTL_USAGE, "the range ends before it begins");
    return WTL_OK;
}

/* Identity, sender, index: in this order, so that nothing is parsed that was not checked first. */
static int unlock(wtl_reader *r, const char *container, const wtl_open_opts *o, wtl_open_result *result,
                  wtl_err *err)
{
    TRY(wtl_reader_open(r, container, err));
    TRY(wtl_reader_unlock(r, o->identity, o->n_identities, err));
    if (o->n_senders > 0) {
        TRY(wtl_reader_sender(r, o->sender, o->n_senders, &result->sender, err));
        result->sender_authenticated = true;
    }
    ENSURE(!o->require_signature || result->sender_authenticated, err, WTL_POLICY, "%s",
           r->sigs.n == 0
               ? "the container is not signed, and a signature is required"
               : "the container is signed, but no trusted sender was named to check it against (--sender)");
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
    const wtl_entry *e = NULL;
    size_t n = 0;
    TRY(choose(r, out, o, &e, &n, err));
    AUTO(wtl_extract) *x = NULL;
    TRY(wtl_extract_new(&x, r, result->sender_authenticated, err));
    struct job j = {.x = x, .progress = &o->progress, .to = UINT64_MAX, .fd = -1};
    if (o->has_range) {
        j.from = o->from;
        j.to = o->to;
    }
    for (size_t i = 0; i < n; i++)
        j.total += end_of(&j, &e[i]) - j.from;
    TRY(strcmp(out, "-") == 0 ? write_stdout(&j, e, err) : write_tree(&j, out, o->force, e, n, err));
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
    TRY(wtl_reader_named(&r, unlock(&r, container, opts, &got, err), err));
    TRY(wtl_reader_named(&r, deliver(&r, out, opts, &got, err), err));
    if (result != NULL)
        *result = got;
    return WTL_OK;
}
