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
#include "seal/source.h"
#include "seal/wrap.h"
#include "seal/writer.h"

int wtl_seal_check_signers(const wtl_seal_opts *opts, wtl_err *err)
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

static int seal_sources(const char *out, const wtl_source *source, size_t n, enum wtl_index_shape shape,
                        const wtl_seal_opts *opts, wtl_seal_result *result, wtl_err *err)
{
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    TRY(wtl_writer_begin(&w, out, opts, err));
    TRY(wtl_writer_contents(&w, source, n, opts, err));
    return wtl_writer_finish(&w, shape, opts, result, err);
}

static int seal_dir(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
                    wtl_err *err)
{
    if (strcmp(out, "-") != 0)
        TRY(wtl_source_check_outside(src, out, err));
    AUTO(wtl_walk) walk = {0};
    TRY(wtl_walk_dir(&walk, src, NULL, NULL, err));
    wtl_source *source = calloc(walk.n > 0 ? walk.n : 1, sizeof *source);
    ENSURE(source != NULL, err, WTL_NOMEM, "out of memory");
    int rc = WTL_OK;
    for (size_t i = 0; i < walk.n && rc == WTL_OK; i++) {
        source[i] = (wtl_source){.name = walk.e[i].path, .root = src, .found = &walk.e[i]};
        rc = wtl_source_check_name(walk.e[i].path, err);
    }
    if (rc == WTL_OK)
        rc = seal_sources(out, source, walk.n, WTL_INDEX_DIRECTORY, opts, result, err);
    free(source);
    return rc;
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
    TRY(wtl_source_check_name(name, err));
    wtl_source source = {.name = name, .in = &in};
    return seal_sources(out, &source, 1, WTL_INDEX_FILE, opts, result, err);
}

static int seal_stream(const char *out, const wtl_seal_opts *opts, wtl_seal_result *result, wtl_err *err)
{
    const char *name = opts->name != NULL ? opts->name : "stdin";
    ENSURE(wtl_name_ok(wtl_text_of(name)) && strchr(name, '/') == NULL, err, WTL_USAGE,
           "the name for standard input must be a plain file name in UTF-8");
    AUTO(wtl_in) in = {.fd = -1};
    wtl_source source;
    TRY(wtl_source_stdin(&source, name, &in, err));
    return seal_sources(out, &source, 1, WTL_INDEX_STREAM, opts, result, err);
}

int wtl_seal(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
             wtl_err *err)
{
    ENSURE(opts->passphrase == NULL || opts->n_to == 0, err, WTL_USAGE,
           "a passphrase stands alone: whoever guessed it could also read what was sealed to the other "
           "recipients");
    if (opts->passphrase == NULL)
        TRY(wtl_wrap_check(opts->to, NULL, opts->n_to, err));
    TRY(wtl_seal_check_signers(opts, err));
    if (strcmp(out, "-") == 0)
        wtl_source_widen(STDOUT_FILENO);
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
