#include "seal/reader.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sig.h"
#include "seal/message.h"

void wtl_reader_auto(wtl_reader *r)
{
    wtl_in_close(&r->in);
    wtl_buf_free(&r->page);
    for (unsigned i = 0; i < 2; i++) {
        wtl_slot_free(&r->slot[i]);
        wtl_buf_free(&r->raw_slot[i]);
    }
    wtl_sigblock_free(&r->sigs);
    wtl_buf_free(&r->raw_trailer);
    wtl_buf_free(&r->raw_sigs);
    wtl_buf_free(&r->raw_index);
    wtl_secret_free(&r->file_key);
    wtl_index_free(&r->index);
    *r = (wtl_reader){.in = {.fd = -1}};
}

int wtl_reader_fetch(wtl_reader *r, uint8_t *to, size_t n, uint64_t offset, wtl_err *err)
{
    size_t got = 0;
    TRY(wtl_in_pread(&r->in, to, n, offset, &got, err));
    ENSURE(got == n, err, WTL_NO, "the container was cut off while it was read");
    return WTL_OK;
}

/* Like fetch, into a new buffer; the place was checked against the file's size. */
static int load(wtl_reader *r, wtl_buf *to, uint64_t n, uint64_t offset, wtl_err *err)
{
    if (n == 0)
        return WTL_OK;
    uint8_t *p = wtl_buf_grow(to, (size_t)n);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_reader_fetch(r, p, (size_t)n, offset, err);
}

static int open_header(wtl_reader *r, wtl_err *err)
{
    uint64_t page = r->size < WTL_PREAMBLE_SIZE ? r->size : WTL_PREAMBLE_SIZE;
    TRY(load(r, &r->page, page, 0, err));
    TRY(wtl_preamble_parse(&r->pre, wtl_buf_view(&r->page), err));
    uint64_t payload = wtl_preamble_payload(&r->pre);
    ENSURE(r->size >= payload + WTL_TRAILER_SIZE, err, WTL_FORMAT, "the container is cut off");
    for (unsigned i = 0; i < 2; i++) {
        TRY(load(r, &r->raw_slot[i], r->pre.slot_size, WTL_PREAMBLE_SIZE + (uint64_t)i * r->pre.slot_size,
                 err));
        TRY(wtl_slot_parse(&r->slot[i], wtl_buf_view(&r->raw_slot[i]), i, err));
    }
    return wtl_slot_choose(r->slot, &r->place, err);
}

static int open_end(wtl_reader *r, wtl_err *err)
{
    wtl_trailer *t = &r->trailer;
    TRY(load(r, &r->raw_trailer, WTL_TRAILER_SIZE, r->size - WTL_TRAILER_SIZE, err));
    TRY(wtl_trailer_parse(t, wtl_buf_view(&r->raw_trailer), &r->pre, r->size, err));
    ENSURE(t->index_size <= WTL_INDEX_MOST && t->sigs_size <= WTL_SIGBLOCK_MOST, err, WTL_FORMAT,
           "the container's index or signature block is larger than this program reads");
    TRY(load(r, &r->raw_sigs, t->sigs_size, t->sigs_offset, err));
    TRY(wtl_sigblock_parse(&r->sigs, wtl_buf_view(&r->raw_sigs), err));
    TRY(load(r, &r->raw_index, t->index_size, t->index_offset, err));
    uint8_t digest[64];
    TRY(wtl_hash_once(WTL_HASH_SHA512, wtl_buf_view(&r->raw_index), digest, err));
    ENSURE(memcmp(digest, t->index_digest, sizeof digest) == 0, err, WTL_NO,
           "the container's index was changed after it was sealed");
    return WTL_OK;
}

int wtl_reader_open(wtl_reader *r, const char *path, wtl_err *err)
{
    *r = (wtl_reader){.in = {.fd = -1}};
    ENSURE(strcmp(path, "-") != 0, err, WTL_USAGE,
           "a container is read from its end first, which a pipe cannot do: save it to a file and name that");
    TRY(wtl_in_open(&r->in, path, err));
    r->size = (uint64_t)r->in.stamp.size;
    TRY(open_header(r, err));
    return open_end(r, err);
}

int wtl_reader_unlock(wtl_reader *r, const wtl_key *const *identity, size_t n, wtl_err *err)
{
    wtl_wrap_means m = {.identity = identity, .n = n};
    return wtl_reader_unlock_by(r, &m, err);
}

int wtl_reader_unlock_by(wtl_reader *r, const wtl_wrap_means *m, wtl_err *err)
{
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_secret) header = {0};
    AUTO(wtl_secret) trailer = {0};
    TRY(wtl_wrap_open(&key, &r->pre, &r->slot[r->place], m, err));
    r->fitted = true;
    TRY(wtl_subkey_derive(&header, &key, WTL_SUBKEY_HEADER, err));
    TRY(wtl_slot_authentic(wtl_buf_view(&r->page), wtl_buf_view(&r->raw_slot[r->place]),
                           wtl_secret_view(&header), err));
    TRY(wtl_subkey_derive(&trailer, &key, WTL_SUBKEY_TRAILER, err));
    TRY(wtl_trailer_authentic(wtl_buf_view(&r->raw_trailer), &r->pre, wtl_buf_view(&r->raw_sigs),
                              wtl_secret_view(&trailer), err));
    r->file_key = key;
    key = (wtl_secret){0};
    return WTL_OK;
}

/* 1 when `key` signed, 0 when it has no signature here, WTL_NO when its signature is wrong. */
static int check_sender(const wtl_reader *r, const wtl_key *key, wtl_bytes msg, wtl_err *err)
{
    uint8_t id[WTL_KEY_ID];
    TRY(wtl_key_id(key, id, err));
    for (size_t i = 0; i < r->sigs.n; i++) {
        const wtl_sender *s = &r->sigs.s[i];
        if (memcmp(s->key_id, id, sizeof id) != 0)
            continue;
        const char *alg = wtl_sigblock_alg_name(s->alg);
        ENSURE(alg != NULL && strcmp(alg, wtl_key_alg_name(key)) == 0, err, WTL_NO,
               "the sender's signature is wrong: it names another algorithm than the sender's key");
        int rc = wtl_sig_verify(key, msg, NULL, s->signature, err);
        if (rc == WTL_NO)
            return WTL_FAIL(err, WTL_NO,
                            "the sender's signature is wrong: the contents are not what the sender sealed");
        return rc < 0 ? rc : 1;
    }
    return 0;
}

int wtl_reader_sender(wtl_reader *r, const wtl_key *const *sender, size_t n, size_t *which, wtl_err *err)
{
    AUTO(wtl_buf) msg = {0};
    wtl_subkey_sender_message(&msg, &r->pre, r->trailer.generation, r->trailer.index_digest);
    TRY(wtl_buf_check(&msg, err));
    size_t found = n;
    for (size_t i = 0; i < n; i++) {
        ENSURE(wtl_key_alg(sender[i])->kind == WTL_ALG_SIG, err, WTL_USAGE,
               "sender %zu is an %s key, which makes no signatures", i + 1, wtl_key_alg_name(sender[i]));
        int rc = check_sender(r, sender[i], wtl_buf_view(&msg), err);
        TRY(rc);
        if (rc == 1 && found == n)
            found = i;
    }
    ENSURE(found < n, err, WTL_POLICY, "%s",
           r->sigs.n == 0 ? "the container is not signed by any sender"
                          : "the container is signed, but by none of the senders that were named");
    *which = found;
    return WTL_OK;
}

int wtl_reader_index(wtl_reader *r, wtl_err *err)
{
    const wtl_trailer *t = &r->trailer;
    AUTO(wtl_secret) key = {0};
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_buf) plain = {0};
    TRY(wtl_subkey_derive(&key, &r->file_key, WTL_SUBKEY_INDEX, err));
    wtl_subkey_index_context(&context, &r->pre, t->generation, t->index_offset);
    TRY(wtl_buf_check(&context, err));
    TRY(wtl_message_open(&plain, &key, wtl_buf_view(&context), wtl_buf_view(&r->raw_index), err));
    wtl_buf_free(&r->raw_index);
    wtl_index_bounds b = {wtl_preamble_payload(&r->pre), t->index_offset, t->generation};
    return wtl_index_parse(&r->index, wtl_buf_view(&plain), &b, err);
}

int wtl_reader_named(const wtl_reader *r, int rc, wtl_err *err)
{
    if (rc < 0 && err != NULL && r->in.name != NULL && strstr(err->text, r->in.name) == NULL &&
        (rc == WTL_NO || rc == WTL_FORMAT || rc == WTL_POLICY))
        wtl_err_prefix(err, "%.300s: ", r->in.name);
    return rc;
}
