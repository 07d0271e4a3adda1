#include "seal/writer.h"

#include <stdlib.h>
#include <string.h>

#include "container/sigblock.h"
#include "container/trailer.h"
#include "crypto/lib.h"
#include "crypto/sig.h"
#include "seal/message.h"
#include "seal/wrap.h"

enum { BATCH = WTL_HASHTREE_CHUNKS * WTL_CHUNKED_PLAIN, GENERATION = 1 };

void wtl_writer_auto(wtl_writer *w)
{
    wtl_out_abort(&w->out);
    wtl_secret_free(&w->file_key);
    wtl_secret_free(&w->object_key);
    wtl_index_free(&w->index);
    if (w->plain != NULL)
        wtl_secret_wipe(w->plain, BATCH);
    free(w->plain);
    free(w->sealed);
    wtl_hasher_free(w->sha);
    wtl_buf_free(&w->leaves);
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
    TRY(wtl_wrap_slot(&slot, &w->pre, page, opts->to, opts->n_to, &w->file_key, err));
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
    w->index.generation = GENERATION;
    TRY(wtl_lib_random(w->pre.id, sizeof w->pre.id, err));
    TRY(wtl_secret_new(&w->file_key, WTL_SUBKEY_FILE, err));
    TRY(wtl_lib_random(w->file_key.p, w->file_key.n, err));
    TRY(wtl_subkey_derive(&w->object_key, &w->file_key, WTL_SUBKEY_OBJECT, err));
    TRY(wtl_hasher_new(&w->sha, WTL_HASH_SHA256, err));
    w->plain = malloc(BATCH);
    w->sealed = malloc(WTL_HASHTREE_SEGMENT);
    ENSURE(w->plain != NULL && w->sealed != NULL, err, WTL_NOMEM, "out of memory");
    unsigned flags = WTL_OUT_STDOUT_OK | (opts->force ? WTL_OUT_REPLACE : 0);
    TRY(wtl_out_open(&w->out, path, flags, 0644, err));
    return write_header(w, opts, err);
}

/* A new last entry, owned by the index. */
static int add_entry(wtl_writer *w, wtl_entry **out, uint8_t type, const char *name, unsigned mode,
                     wtl_err *err)
{
    if (w->index.n == w->room) {
        size_t room = w->room == 0 ? 16 : 2 * w->room;
        wtl_entry *e = realloc(w->index.e, room * sizeof *e);
        ENSURE(e != NULL, err, WTL_NOMEM, "out of memory");
        w->index.e = e;
        w->room = room;
    }
    char *copy = strdup(name);
    ENSURE(copy != NULL, err, WTL_NOMEM, "out of memory");
    *out = &w->index.e[w->index.n++];
    **out = (wtl_entry){.name = copy, .type = type, .mode = (uint16_t)(mode & 0777)};
    return WTL_OK;
}

int wtl_writer_dir(wtl_writer *w, const char *name, unsigned mode, wtl_err *err)
{
    wtl_entry *e = NULL;
    return add_entry(w, &e, WTL_ENTRY_EMPTY_DIR, name, mode, err);
}

/* The next part of the object that a tree leaf covers. */
static int put_leaf(wtl_writer *w, wtl_bytes part, wtl_err *err)
{
    if (w->tree) {
        uint8_t *leaf = wtl_buf_grow(&w->leaves, WTL_HASHTREE_NODE);
        ENSURE(leaf != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_hashtree_leaf(w->sha, part, leaf, err));
    }
    return put(w, part, err);
}

/* Seals `n` bytes of w->plain as chunks from `index` on. A batch that is not full ends with the message's short
 * last chunk, which may be empty. */
static int seal_segment(wtl_writer *w, wtl_chunked *c, uint64_t index, size_t n, wtl_err *err)
{
    size_t chunks = n / WTL_CHUNKED_PLAIN + (n < BATCH);
    for (size_t i = 0; i < chunks; i++) {
        size_t at = i * WTL_CHUNKED_PLAIN;
        size_t len = n - at < WTL_CHUNKED_PLAIN ? n - at : WTL_CHUNKED_PLAIN;
        TRY(wtl_chunked_seal(c, index + i, (wtl_bytes){w->plain + at, len},
                             w->sealed + i * WTL_CHUNKED_SEALED, err));
    }
    return put_leaf(w, (wtl_bytes){w->sealed, n + chunks * WTL_AEAD_TAG}, err);
}

static int seal_content(wtl_writer *w, wtl_entry *e, wtl_chunked *c, wtl_writer_read *read, void *arg,
                        wtl_err *err)
{
    size_t got = BATCH;
    for (uint64_t index = 0; got == BATCH; index += WTL_HASHTREE_CHUNKS) {
        TRY(read(arg, w->plain, BATCH, &got, err));
        TRY(seal_segment(w, c, index, got, err));
        e->plain += got;
    }
    return WTL_OK;
}

int wtl_writer_file(wtl_writer *w, const char *name, unsigned mode, wtl_writer_read *read, void *arg,
                    wtl_err *err)
{
    wtl_entry *e = NULL;
    TRY(add_entry(w, &e, WTL_ENTRY_FILE, name, mode, err));
    e->tree = w->tree ? WTL_ENTRY_SHA256_TREE : WTL_ENTRY_NO_TREE;
    e->object = ++w->files;
    e->generation = GENERATION;
    e->offset = w->at;
    wtl_meta meta = wtl_index_meta(e);
    AUTO(wtl_buf) context = {0};
    TRY(wtl_subkey_object_context(&context, &w->pre, e->object, e->generation, &meta, err));
    AUTO(wtl_chunked) *c = NULL;
    uint8_t header[WTL_CHUNKED_HEADER];
    TRY(wtl_chunked_seal_new(&c, wtl_secret_view(&w->object_key), wtl_buf_view(&context), header, err));
    wtl_buf_clear(&w->leaves);
    TRY(put_leaf(w, (wtl_bytes){header, sizeof header}, err));
    TRY(seal_content(w, e, c, read, arg, err));
    w->plain_bytes += e->plain;
    if (!w->tree)
        return WTL_OK;
    TRY(wtl_hashtree_root(wtl_buf_view(&w->leaves), e->root, err));
    return put(w, wtl_buf_view(&w->leaves), err);
}

static int write_index(wtl_writer *w, wtl_trailer *t, wtl_err *err)
{
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_buf) sealed = {0};
    AUTO(wtl_secret) key = {0};
    TRY(wtl_subkey_derive(&key, &w->file_key, WTL_SUBKEY_INDEX, err));
    TRY(wtl_index_encode(&plain, &w->index, err));
    t->index_offset = w->at;
    wtl_subkey_index_context(&context, &w->pre, GENERATION, t->index_offset);
    TRY(wtl_buf_check(&context, err));
    TRY(wtl_message_seal(&sealed, &key, wtl_buf_view(&context), wtl_buf_view(&plain), err));
    t->index_size = sealed.n;
    ENSURE(sealed.n <= WTL_INDEX_MOST, err, WTL_USAGE,
           "%zu entries are more than one container holds: seal the directory in parts", w->index.n);
    TRY(wtl_hash_once(WTL_HASH_SHA512, wtl_buf_view(&sealed), t->index_digest, err));
    return put(w, wtl_buf_view(&sealed), err);
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
    wtl_subkey_sender_message(&msg, &w->pre, GENERATION, t->index_digest);
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

int wtl_writer_finish(wtl_writer *w, enum wtl_index_shape shape, const wtl_seal_opts *opts,
                      wtl_seal_result *result, wtl_err *err)
{
    wtl_trailer t = {.generation = GENERATION};
    w->index.shape = (uint8_t)shape;
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
