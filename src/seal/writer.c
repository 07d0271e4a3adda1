#include "seal/writer.h"

#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "base/text.h"
#include "container/sigblock.h"
#include "container/trailer.h"
#include "crypto/lib.h"
#include "crypto/sig.h"
#include "seal/pack.h"
#include "seal/wrap.h"

void wtl_writer_auto(wtl_writer *w)
{
    wtl_out_abort(&w->out);
    wtl_secret_free(&w->file_key);
    wtl_index_free(&w->index);
    *w = (wtl_writer){.out = {.fd = -1, .dirfd = -1}};
}

static int put(wtl_writer *w, wtl_bytes v, wtl_err *err)
{
    TRY(wtl_out_write(&w->out, v, err));
    w->at += v.n;
    return WTL_OK;
}

static int write_header(wtl_writer *w, const wtl_seal_opts *opts, wtl_err *err)
{
    uint8_t page[WTL_PREAMBLE_SIZE];
    AUTO(wtl_buf) slot = {0};
    wtl_wrap_to to = {opts->to, opts->n_to, opts->passphrase, opts->work};
    TRY(wtl_wrap_slot(&slot, &w->pre, page, &to, &w->file_key, err));
    wtl_buf_zero(&slot, w->pre.slot_size); /* the second one, never used so far */
    TRY(wtl_buf_check(&slot, err));
    TRY(put(w, (wtl_bytes){page, sizeof page}, err));
    return put(w, wtl_buf_view(&slot), err);
}

int wtl_writer_begin(wtl_writer *w, const char *path, const wtl_seal_opts *opts, wtl_err *err)
{
    *w = (wtl_writer){.out = {.fd = -1, .dirfd = -1}};
    w->pre = (wtl_preamble){.version = WTL_PREAMBLE_VERSION, .suite = WTL_PREAMBLE_SUITE};
    w->tree = opts->n_sign > 0;
    w->generation = 1;
    TRY(wtl_lib_random(w->pre.id, sizeof w->pre.id, err));
    TRY(wtl_secret_new(&w->file_key, WTL_SUBKEY_FILE, err));
    TRY(wtl_lib_random(w->file_key.p, w->file_key.n, err));
    unsigned flags = WTL_OUT_STDOUT_OK | (opts->force ? WTL_OUT_REPLACE : 0);
    TRY(wtl_out_open(&w->out, path, flags, 0644, err));
    return write_header(w, opts, err);
}

static int copy_by_hand(wtl_writer *w, wtl_reader *r, uint64_t n, wtl_err *err)
{
    enum { PIECE = 1 << 20 };
    AUTO(wtl_buf) piece = {0};
    uint8_t *p = wtl_buf_grow(&piece, PIECE);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    while (w->at < n) {
        size_t want = n - w->at < PIECE ? (size_t)(n - w->at) : PIECE;
        TRY(wtl_reader_fetch(r, p, want, w->at, err));
        TRY(put(w, (wtl_bytes){p, want}, err));
    }
    return WTL_OK;
}

/* The container's first n bytes: shared with it where the file system can, else copied inside the system. */
static int take_over(wtl_writer *w, wtl_reader *r, uint64_t n, wtl_err *err)
{
    if (ioctl(w->out.fd, FICLONE, r->in.fd) == 0) {
        if (ftruncate(w->out.fd, (off_t)n) != 0 || lseek(w->out.fd, (off_t)n, SEEK_SET) != (off_t)n)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "the container's new file cannot be written");
        w->at = n;
        return WTL_OK;
    }
    off_t from = 0;
    while (w->at < n && !wtl_stop_asked()) {
        ssize_t k = copy_file_range(r->in.fd, &from, w->out.fd, NULL, (size_t)(n - w->at), 0);
        if (k <= 0)
            break; /* not on this file system, or what reading and writing will tell in words */
        w->at += (uint64_t)k;
    }
    return copy_by_hand(w, r, n, err);
}

/* Set before there is anything to read in it. The owner stays where the system lets us. */
static int keep_mode(const wtl_writer *w, const wtl_reader *r, wtl_err *err)
{
    struct stat was;
    if (fstat(r->in.fd, &was) == 0 && (was.st_uid != geteuid() || was.st_gid != getegid()))
        (void)!fchown(w->out.fd, was.st_uid, was.st_gid);
    if (fchmod(w->out.fd, r->in.mode) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the mode of the container's new file cannot be set");
    return WTL_OK;
}

int wtl_writer_resume(wtl_writer *w, const char *path, wtl_reader *r, wtl_index *keep, bool tree,
                      wtl_err *err)
{
    *w = (wtl_writer){.out = {.fd = -1, .dirfd = -1}};
    w->pre = r->pre;
    w->tree = tree;
    w->generation = r->trailer.generation + 1;
    TRY(wtl_secret_copy(&w->file_key, wtl_secret_view(&r->file_key), err));
    TRY(wtl_out_open(&w->out, path, WTL_OUT_REPLACE, 0600, err));
    TRY(keep_mode(w, r, err));
    TRY(take_over(w, r, r->trailer.index_offset, err));
    TRY(wtl_in_unchanged(&r->in, err));
    w->index = *keep;
    *keep = (wtl_index){0};
    for (size_t i = 0; i < w->index.n; i++)
        w->objects = w->index.e[i].object > w->objects ? w->index.e[i].object : w->objects;
    return WTL_OK;
}

/* Room for n entries more, and their names; what the pack fills in comes later. */
static int add_entries(wtl_writer *w, const wtl_source *source, size_t n, wtl_err *err)
{
    size_t all = w->index.n + n;
    wtl_entry *e = all < SIZE_MAX / sizeof *e ? realloc(w->index.e, (all > 0 ? all : 1) * sizeof *e) : NULL;
    ENSURE(e != NULL, err, WTL_NOMEM, "out of memory");
    w->index.e = e;
    for (size_t i = 0; i < n; i++) {
        bool file = !wtl_source_is_dir(&source[i]);
        char *name = strdup(source[i].name);
        ENSURE(name != NULL, err, WTL_NOMEM, "out of memory");
        wtl_entry *to = &w->index.e[w->index.n++];
        *to = (wtl_entry){.name = name,
                          .type = file ? WTL_ENTRY_FILE : WTL_ENTRY_EMPTY_DIR,
                          .tree = file && w->tree ? WTL_ENTRY_SHA256_TREE : WTL_ENTRY_NO_TREE,
                          .mode = (uint16_t)(wtl_source_mode(&source[i]) & 0777)};
        if (!file)
            continue;
        to->object = ++w->objects;
        to->generation = w->generation;
        w->files++;
    }
    return WTL_OK;
}

int wtl_writer_contents(wtl_writer *w, const wtl_source *source, size_t n, const wtl_seal_opts *opts,
                        wtl_err *err)
{
    size_t before = w->index.n;
    TRY(add_entries(w, source, n, err));
    AUTO(wtl_secret) key = {0};
    TRY(wtl_subkey_derive(&key, &w->file_key, WTL_SUBKEY_OBJECT, err));
    wtl_pack p = {.out = &w->out,
                  .at = w->at,
                  .pre = &w->pre,
                  .object_key = &key,
                  .tree = w->tree,
                  .threads = opts->threads,
                  .progress = &opts->progress,
                  .source = source,
                  .entry = w->index.e + before,
                  .n = n};
    TRY(wtl_pack_run(&p, err));
    w->at = p.at;
    w->plain_bytes += p.plain;
    return WTL_OK;
}

/* Encrypts and writes the index by and by: the whole, twice, would be the most memory that sealing takes. */
static int put_index(wtl_writer *w, wtl_chunked *c, wtl_bytes plain, wtl_hasher *digest, wtl_err *err)
{
    enum { MANY = 16 };
    AUTO(wtl_buf) sealed = {0};
    uint8_t *to = wtl_buf_grow(&sealed, (size_t)MANY * WTL_CHUNKED_SEALED);
    ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
    size_t n = 0;
    for (uint64_t i = 0; i <= plain.n / WTL_CHUNKED_PLAIN; i++) {
        size_t at = (size_t)i * WTL_CHUNKED_PLAIN;
        size_t len = plain.n - at < WTL_CHUNKED_PLAIN ? plain.n - at : WTL_CHUNKED_PLAIN;
        TRY(wtl_chunked_seal(c, i, (wtl_bytes){len > 0 ? plain.p + at : NULL, len}, to + n, err));
        n += len + WTL_AEAD_TAG;
        if (i < plain.n / WTL_CHUNKED_PLAIN && i % MANY < MANY - 1)
            continue;
        TRY(wtl_hasher_add(digest, (wtl_bytes){to, n}, err));
        TRY(put(w, (wtl_bytes){to, n}, err));
        n = 0;
    }
    return WTL_OK;
}

static int seal_index(wtl_writer *w, wtl_bytes plain, wtl_hasher *digest, wtl_err *err)
{
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_chunked) *c = NULL;
    uint8_t header[WTL_CHUNKED_HEADER];
    TRY(wtl_subkey_derive(&key, &w->file_key, WTL_SUBKEY_INDEX, err));
    wtl_subkey_index_context(&context, &w->pre, w->generation, w->at);
    TRY(wtl_buf_check(&context, err));
    TRY(wtl_chunked_seal_new(&c, wtl_secret_view(&key), wtl_buf_view(&context), header, err));
    TRY(wtl_hasher_add(digest, (wtl_bytes){header, sizeof header}, err));
    TRY(put(w, (wtl_bytes){header, sizeof header}, err));
    return put_index(w, c, plain, digest, err);
}

static int write_index(wtl_writer *w, wtl_trailer *t, wtl_err *err)
{
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_hasher) *digest = NULL;
    TRY(wtl_index_encode(&plain, &w->index, err));
    ENSURE(wtl_chunked_sealed_size(plain.n) <= WTL_INDEX_MOST, err, WTL_USAGE,
           "%zu entries are more than one container holds: seal the directory in parts", w->index.n);
    TRY(wtl_hasher_new(&digest, WTL_HASH_SHA512, err));
    t->index_offset = w->at;
    TRY(seal_index(w, wtl_buf_view(&plain), digest, err));
    t->index_size = w->at - t->index_offset;
    return wtl_hasher_end(digest, t->index_digest, err);
}

static int sign_one(wtl_sender *s, wtl_buf *sig, const wtl_key *k, wtl_bytes msg, wtl_err *err)
{
    s->alg = wtl_sigblock_alg_number(wtl_key_alg_name(k));
    TRY(wtl_key_id(k, s->key_id, err));
    TRY(wtl_sig_sign(k, msg, NULL, sig, err));
    s->signature = wtl_buf_view(sig);
    return WTL_OK;
}

static int sign_all(wtl_buf *block, const wtl_key *const *key, size_t n, wtl_bytes msg, wtl_err *err)
{
    wtl_sender *s = calloc(n > 0 ? n : 1, sizeof *s);
    wtl_buf *sig = calloc(n > 0 ? n : 1, sizeof *sig);
    int rc = s != NULL && sig != NULL ? WTL_OK : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; rc == WTL_OK && i < n; i++)
        rc = sign_one(&s[i], &sig[i], key[i], msg, err);
    if (rc == WTL_OK)
        rc = wtl_sigblock_encode(block, s, n, err);
    for (size_t i = 0; sig != NULL && i < n; i++)
        wtl_buf_free(&sig[i]);
    free(sig);
    free(s);
    return rc;
}

static int write_end(wtl_writer *w, wtl_trailer *t, const wtl_seal_opts *opts, wtl_err *err)
{
    AUTO(wtl_buf) msg = {0};
    AUTO(wtl_buf) block = {0};
    AUTO(wtl_buf) end = {0};
    AUTO(wtl_secret) key = {0};
    wtl_subkey_sender_message(&msg, &w->pre, w->generation, t->index_digest);
    TRY(wtl_buf_check(&msg, err));
    TRY(sign_all(&block, opts->sign, opts->n_sign, wtl_buf_view(&msg), err));
    t->sigs_offset = w->at;
    t->sigs_size = block.n;
    t->total = w->at + block.n + WTL_TRAILER_SIZE;
    TRY(wtl_subkey_derive(&key, &w->file_key, WTL_SUBKEY_TRAILER, err));
    TRY(wtl_trailer_encode(&end, t, &w->pre, wtl_buf_view(&block), wtl_secret_view(&key), err));
    TRY(put(w, wtl_buf_view(&block), err));
    return put(w, wtl_buf_view(&end), err);
}

static int by_name(const void *a, const void *b)
{
    const wtl_entry *x = a;
    const wtl_entry *y = b;
    return wtl_name_compare(wtl_text_of(x->name), wtl_text_of(y->name));
}

int wtl_writer_finish(wtl_writer *w, enum wtl_index_shape shape, const wtl_seal_opts *opts,
                      wtl_seal_result *result, wtl_err *err)
{
    wtl_trailer t = {.generation = w->generation};
    w->index.shape = (uint8_t)shape;
    w->index.generation = w->generation;
    if (w->generation > 1)
        qsort(w->index.e, w->index.n, sizeof *w->index.e, by_name);
    TRY(write_index(w, &t, err));
    TRY(write_end(w, &t, opts, err));
    TRY(wtl_out_commit(&w->out, err));
    if (result == NULL)
        return WTL_OK;
    *result = (wtl_seal_result){.files = w->files, .plain_bytes = w->plain_bytes, .sealed_bytes = w->at};
    memcpy(result->container_id, w->pre.id, sizeof w->pre.id);
    memcpy(result->index_digest, t.index_digest, sizeof t.index_digest);
    return WTL_OK;
}
