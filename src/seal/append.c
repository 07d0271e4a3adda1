#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/text.h"
#include "seal/gather.h"
#include "seal/merge.h"
#include "seal/open.h"
#include "seal/seal.h"
#include "seal/writer.h"

/* One append, or rewrap, of a file at a time. The lock lies on the file itself, so it ends with the process. */
static int lock(wtl_in *guard, const char *path, wtl_err *err)
{
    TRY(wtl_in_open(guard, path, err));
    if (flock(guard->fd, LOCK_EX | LOCK_NB) != 0) {
        ENSURE(errno != EWOULDBLOCK, err, WTL_BUSY,
               "%s is being changed by another program: try again when it is done", guard->name);
        return WTL_FAIL_SYS(err, WTL_IO, errno, "%s cannot be locked", guard->name);
    }
    struct stat st;
    ENSURE(stat(path, &st) == 0 && st.st_dev == guard->stamp.dev && st.st_ino == guard->stamp.ino, err,
           WTL_BUSY, "%s was changed by another program just now: try again", guard->name);
    return WTL_OK;
}

/* The new signature covers what is there already: only whoever knows that it is good may make one. */
static int check_signature(wtl_reader *r, const wtl_append_opts *o, const wtl_open_result *found,
                           wtl_err *err)
{
    bool was = r->sigs.n > 0;
    ENSURE(!was || o->n_sign > 0 || o->drop_signature, err, WTL_POLICY,
           "the container is signed: sign its new state too (--sign), or let it go without signature "
           "(--unsigned)");
    ENSURE(o->n_sign == 0 || !o->drop_signature, err, WTL_USAGE,
           "a container is signed or unsigned, not both");
    ENSURE(was || o->n_sign == 0, err, WTL_POLICY,
           "the container is not signed, so nothing tells that its contents are its sender's, and a "
           "signature cannot "
           "cover them: seal all of it anew with --sign");
    if (o->n_sign == 0 || found->sender_authenticated)
        return WTL_OK;
    size_t which;
    int rc = wtl_reader_sender(r, o->sign, o->n_sign, &which, err);
    ENSURE(rc != WTL_POLICY, err, WTL_POLICY,
           "the container was signed by another key than the one that signs now: name its sender, whom you "
           "trust "
           "for what is there already (--sender)");
    return rc;
}

static int write_all(const char *path, wtl_reader *r, const wtl_gather *g, const wtl_append_opts *o,
                     wtl_append_result *result, wtl_err *err)
{
    wtl_seal_opts s = {.sign = o->sign, .n_sign = o->n_sign, .threads = o->threads, .progress = o->progress};
    wtl_seal_result sealed = {0};
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    TRY(wtl_writer_resume(&w, path, r, &r->index, o->n_sign > 0, err));
    TRY(wtl_writer_contents(&w, g->source, g->n, &s, err));
    TRY(wtl_writer_finish(&w, WTL_INDEX_DIRECTORY, &s, &sealed, err));
    result->files = sealed.files;
    result->plain_bytes = sealed.plain_bytes;
    result->sealed_bytes = sealed.sealed_bytes;
    result->content_generation = r->trailer.generation + 1;
    memcpy(result->index_digest, sealed.index_digest, sizeof sealed.index_digest);
    return WTL_OK;
}

static int append(wtl_reader *r, const char *path, const char *const *src, size_t n_src,
                  const wtl_append_opts *o, wtl_append_result *result, wtl_err *err)
{
    wtl_open_result found = {0};
    TRY(wtl_open_unlock(r, path, &o->open, &found, err));
    TRY(check_signature(r, o, &found, err));
    ENSURE(r->trailer.generation < UINT64_MAX, err, WTL_FORMAT,
           "the container has the last content generation");
    AUTO(wtl_gather) g = {.in = {.fd = -1}};
    TRY(wtl_gather_paths(&g, src, n_src, o->name, path, err));
    TRY(wtl_merge_plan(&r->index, g.source, &g.n, o->force, &result->replaced, err));
    return write_all(path, r, &g, o, result, err);
}

static int append_locked(const char *path, const char *const *src, size_t n_src, const wtl_append_opts *o,
                         wtl_append_result *result, wtl_err *err)
{
    AUTO(wtl_in) guard = {.fd = -1};
    AUTO(wtl_reader) r = {.in = {.fd = -1}};
    TRY(lock(&guard, path, err));
    wtl_append_result got = {0};
    TRY(wtl_reader_named(&r, append(&r, path, src, n_src, o, &got, err), err));
    if (result != NULL)
        *result = got;
    return WTL_OK;
}

int wtl_append(const char *container, const char *const *src, size_t n_src, const wtl_append_opts *opts,
               wtl_append_result *result, wtl_err *err)
{
    wtl_seal_opts signers = {.sign = opts->sign, .n_sign = opts->n_sign};
    TRY(wtl_seal_check_signers(&signers, err));
    /* The file that a link stands for is replaced, not the link. */
    char *real = realpath(container, NULL);
    if (real == NULL) {
        AUTO(wtl_buf) quoted = {0};
        int eno = errno;
        wtl_text_quote(&quoted, wtl_text_of(container));
        const char *shown = wtl_buf_cstr(&quoted);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot open the container \"%.300s\"",
                            shown != NULL ? shown : "?");
    }
    int rc = append_locked(real, src, n_src, opts, result, err);
    free(real);
    return rc;
}
