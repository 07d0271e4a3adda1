#include "seal/seal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "container/sigblock.h"
#include "fs/in.h"
#include "seal/wrap.h"
#include "seal/writer.h"

enum { STREAM_MODE = 0600 };

static int check_signers(const wtl_seal_opts *opts, wtl_err *err)
{
    for (size_t i = 0; i < opts->n_sign; i++) {
        const wtl_alg *a = wtl_key_alg(opts->sign[i]);
        ENSURE(a->kind == WTL_ALG_SIG && wtl_sigblock_alg_number(a->name) != 0, err, WTL_USAGE,
               "signing key %zu is an %s key, which cannot sign", i + 1, a->name);
        ENSURE(wtl_key_is_private(opts->sign[i]), err, WTL_USAGE,
               "signing key %zu is a public key: signing needs the private one", i + 1);
        for (size_t k = 0; k < i; k++)
            ENSURE(!wtl_key_same(opts->sign[i], opts->sign[k]), err, WTL_USAGE,
                   "signing key %zu was given twice", i + 1);
    }
    return WTL_OK;
}

static int bad_name(const char *name, wtl_err *err)
{
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&quoted);
    return WTL_FAIL(err, WTL_FORMAT,
                    "\"%.300s\" cannot be sealed: a name must be UTF-8 of at most %d bytes; rename the file",
                    shown != NULL ? shown : "?", WTL_NAME_MAX);
}

static bool is_part_of(const char *path, const char *root)
{
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/' || strcmp(root, "/") == 0);
}

/* A container inside the directory that it holds would be sealed into the next one, or replace a part of it. */
static int check_outside(const char *src, const char *out, wtl_err *err)
{
    const char *slash = strrchr(out, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(out, slash == out ? 1 : (size_t)(slash - out));
    char *real_folder = folder != NULL ? realpath(folder, NULL) : NULL;
    char *real_src = realpath(src, NULL);
    bool inside = real_folder != NULL && real_src != NULL && is_part_of(real_folder, real_src);
    free(folder);
    free(real_folder);
    free(real_src);
    ENSURE(!inside, err, WTL_USAGE,
           "the container would lie inside the directory that it seals: choose a place outside it");
    return WTL_OK;
}

struct content {
    wtl_in *in; /* NULL: standard input */
    const char *name;
    uint64_t at;
    const wtl_progress *progress;
    uint64_t *done; /* over all files */
    uint64_t total;
};

static void tell(struct content *c, size_t got)
{
    *c->done += got;
    if (c->progress->step != NULL)
        c->progress->step(c->progress->arg, *c->done, c->total);
}

static int read_file(void *arg, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    struct content *c = arg;
    /* Never past the size at opening: a growing file ends too, and is then seen to have changed. */
    uint64_t left = (uint64_t)c->in->stamp.size - c->at;
    TRY(wtl_in_pread(c->in, to, n < left ? n : (size_t)left, c->at, got, err));
    c->at += *got;
    tell(c, *got);
    return WTL_OK;
}

static int read_stream(void *arg, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    struct content *c = arg;
    TRY(wtl_in_read_fd(STDIN_FILENO, to, n, got, "standard input", err));
    tell(c, *got);
    return WTL_OK;
}

static int add_file(wtl_writer *w, const char *name, struct content *c, wtl_err *err)
{
    TRY(wtl_writer_file(w, name, c->in->mode, read_file, c, err));
    return wtl_in_unchanged(c->in, err);
}

static int seal_tree(const char *src, const char *out, const wtl_walk *walk, const wtl_seal_opts *opts,
                     wtl_seal_result *result, wtl_err *err)
{
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    TRY(wtl_writer_begin(&w, out, opts, err));
    uint64_t done = 0;
    for (size_t i = 0; i < walk->n; i++) {
        const wtl_walk_entry *e = &walk->e[i];
        if (e->type == WTL_WALK_EMPTY_DIR) {
            TRY(wtl_writer_dir(&w, e->path, e->mode, err));
            continue;
        }
        AUTO(wtl_in) in = {.fd = -1};
        TRY(wtl_in_open_beneath(&in, src, e->path, &e->stamp, err));
        struct content c = {.in = &in, .progress = &opts->progress, .done = &done, .total = walk->bytes};
        TRY(add_file(&w, e->path, &c, err));
    }
    return wtl_writer_finish(&w, WTL_INDEX_DIRECTORY, opts, result, err);
}

static int seal_dir(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
                    wtl_err *err)
{
    if (strcmp(out, "-") != 0)
        TRY(check_outside(src, out, err));
    AUTO(wtl_walk) walk = {0};
    TRY(wtl_walk_dir(&walk, src, NULL, NULL, err));
    for (size_t i = 0; i < walk.n; i++) {
        if (!wtl_name_ok(wtl_text_of(walk.e[i].path)))
            return bad_name(walk.e[i].path, err);
    }
    return seal_tree(src, out, &walk, opts, result, err);
}

static int seal_file(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
                     wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, src, err));
    struct stat st;
    ENSURE(strcmp(out, "-") == 0 || stat(out, &st) != 0 || st.st_dev != in.stamp.dev ||
               st.st_ino != in.stamp.ino,
           err, WTL_USAGE, "the container would replace the file that it seals: choose another name");
    const char *slash = strrchr(src, '/');
    const char *name = slash != NULL ? slash + 1 : src;
    if (!wtl_name_ok(wtl_text_of(name)))
        return bad_name(name, err);
    uint64_t done = 0;
    struct content c = {
        .in = &in, .progress = &opts->progress, .done = &done, .total = (uint64_t)in.stamp.size};
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    TRY(wtl_writer_begin(&w, out, opts, err));
    TRY(add_file(&w, name, &c, err));
    return wtl_writer_finish(&w, WTL_INDEX_FILE, opts, result, err);
}

static int seal_stream(const char *out, const wtl_seal_opts *opts, wtl_seal_result *result, wtl_err *err)
{
    const char *name = opts->name != NULL ? opts->name : "stdin";
    ENSURE(wtl_name_ok(wtl_text_of(name)) && strchr(name, '/') == NULL, err, WTL_USAGE,
           "the name for standard input must be a plain file name in UTF-8");
    uint64_t done = 0;
    struct content c = {.progress = &opts->progress, .done = &done};
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    TRY(wtl_writer_begin(&w, out, opts, err));
    TRY(wtl_writer_file(&w, name, STREAM_MODE, read_stream, &c, err));
    return wtl_writer_finish(&w, WTL_INDEX_STREAM, opts, result, err);
}

int wtl_seal(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
             wtl_err *err)
{
    TRY(wtl_wrap_check(opts->to, opts->n_to, err));
    TRY(check_signers(opts, err));
    if (strcmp(src, "-") == 0)
        return seal_stream(out, opts, result, err);
    struct stat st;
    if (stat(src, &st) != 0) {
        AUTO(wtl_buf) quoted = {0};
        int eno = errno;
        wtl_text_quote(&quoted, wtl_text_of(src));
        const char *shown = wtl_buf_cstr(&quoted);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot read \"%.300s\"", shown != NULL ? shown : "?");
    }
    if (S_ISDIR(st.st_mode))
        return seal_dir(src, out, opts, result, err);
    return seal_file(src, out, opts, result, err);
}
