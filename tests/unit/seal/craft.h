/* Containers made by hand, part by part, as an attacker or a later version would make them. */
#ifndef WTL_TESTS_SEAL_CRAFT_H
#define WTL_TESTS_SEAL_CRAFT_H

#include "box.h"

#include "container/index.h"
#include "container/sigblock.h"
#include "container/slot.h"
#include "container/trailer.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/sig.h"
#include "seal/message.h"
#include "seal/reader.h"

enum { CRAFT_SLOT = 4096 };

typedef struct craft {
    wtl_preamble pre;
    wtl_secret file_key;
    wtl_buf file; /* the container so far */
} craft;

static inline void craft_free(craft *c)
{
    wtl_secret_free(&c->file_key);
    wtl_buf_free(&c->file);
}

static inline wtl_secret craft_key(const craft *c, enum wtl_subkey use)
{
    wtl_secret k = {0};
    assert_int_equal(wtl_subkey_derive(&k, &c->file_key, use, NULL), 0);
    return k;
}

static inline void craft_new(craft *c, uint8_t id)
{
    uint8_t key[32];
    memset(key, id, sizeof key);
    *c = (craft){.pre = {.version = 1, .suite = 1, .slot_size = CRAFT_SLOT}};
    memset(c->pre.id, id, sizeof c->pre.id);
    assert_int_equal(wtl_secret_copy(&c->file_key, (wtl_bytes){key, sizeof key}, NULL), 0);
}

/* enc || ct of `payload` for `to`, under any info and suite. */
static inline void craft_wrap(wtl_buf *body, const wtl_key *to, wtl_hpke_suite s, wtl_bytes info,
                              wtl_bytes payload)
{
    AUTO(wtl_hpke) *h = NULL;
    wtl_err err = {0};
    assert_good(wtl_hpke_sender(&h, s, to, info, body, &err), &err);
    assert_good(wtl_hpke_seal(h, (wtl_bytes){NULL, 0}, payload, body, &err), &err);
}

/* Appends a slot of `generation` with the given stanzas. */
static inline void craft_slot(craft *c, uint64_t generation, const wtl_stanza *s, size_t n, wtl_buf *out)
{
    uint8_t page[WTL_PREAMBLE_SIZE];
    wtl_preamble_encode(&c->pre, page);
    AUTO(wtl_secret) key = craft_key(c, WTL_SUBKEY_HEADER);
    wtl_err err = {0};
    assert_good(
        wtl_slot_encode(out, (wtl_bytes){page, sizeof page}, generation, s, n, wtl_secret_view(&key), &err),
        &err);
}

/* A slot with one good stanza for `to`. */
static inline void craft_slot_for(craft *c, uint64_t generation, const wtl_key *to, wtl_buf *out)
{
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_buf) body = {0};
    wtl_subkey_hpke_info(&info, &c->pre);
    craft_wrap(&body, to, (wtl_hpke_suite){1, 2}, wtl_buf_view(&info), wtl_secret_view(&c->file_key));
    wtl_stanza s = {wtl_key_alg(to)->hpke, 1, 2, wtl_buf_view(&body)};
    craft_slot(c, generation, &s, 1, out);
}

/* Preamble, a slot with the given stanzas, an unused one. */
static inline void craft_header(craft *c, const wtl_stanza *s, size_t n)
{
    uint8_t page[WTL_PREAMBLE_SIZE];
    wtl_preamble_encode(&c->pre, page);
    wtl_buf_add(&c->file, page, sizeof page);
    craft_slot(c, 1, s, n, &c->file);
    wtl_buf_zero(&c->file, c->pre.slot_size);
}

static inline void craft_header_for(craft *c, const wtl_key *to)
{
    craft_header(c, NULL, 0);
    AUTO(wtl_buf) slot = {0};
    craft_slot_for(c, 1, to, &slot);
    memcpy(c->file.p + WTL_PREAMBLE_SIZE, slot.p, slot.n);
}

static inline void craft_message(craft *c, const wtl_entry *e, wtl_bytes plain, wtl_buf *out)
{
    wtl_meta meta = wtl_index_meta(e);
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_secret) key = craft_key(c, WTL_SUBKEY_OBJECT);
    assert_int_equal(wtl_subkey_object_context(&context, &c->pre, e->object, e->generation, &meta, NULL), 0);
    assert_int_equal(wtl_message_seal(out, &key, wtl_buf_view(&context), plain, NULL), 0);
}

/* The leaf table of a sealed message, appended, and its root. */
static inline void craft_leaves(wtl_bytes sealed, wtl_buf *table, uint8_t root[32])
{
    AUTO(wtl_hasher) *h = NULL;
    assert_int_equal(wtl_hasher_new(&h, WTL_HASH_SHA256, NULL), 0);
    size_t before = table->n;
    for (size_t at = 0; at < sealed.n;) {
        size_t n = at == 0 ? 56 : sealed.n - at < WTL_HASHTREE_SEGMENT ? sealed.n - at : WTL_HASHTREE_SEGMENT;
        uint8_t *leaf = wtl_buf_grow(table, 32);
        assert_int_equal(wtl_hashtree_leaf(h, (wtl_bytes){sealed.p + at, n}, leaf, NULL), 0);
        at += n;
    }
    assert_int_equal(wtl_hashtree_root((wtl_bytes){table->p + before, table->n - before}, root, NULL), 0);
}

/* The next object; fills in e's place, size and root. The name is borrowed. */
static inline void craft_object(craft *c, wtl_entry *e, const char *name, uint64_t number, bool tree,
                                wtl_bytes plain)
{
    *e = (wtl_entry){.name = (char *)(uintptr_t)name,
                     .type = WTL_ENTRY_FILE,
                     .tree = tree,
                     .mode = 0644,
                     .object = number,
                     .generation = 1,
                     .offset = c->file.n,
                     .plain = plain.n};
    AUTO(wtl_buf) sealed = {0};
    craft_message(c, e, plain, &sealed);
    wtl_buf_bytes(&c->file, wtl_buf_view(&sealed));
    if (tree)
        craft_leaves(wtl_buf_view(&sealed), &c->file, e->root);
}

/* Index, then `sigs` or, when NULL, a signature block by `signer` (NULL: none), then the trailer. */
static inline void craft_end(craft *c, const wtl_index *x, const wtl_buf *sigs, const wtl_key *signer)
{
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) context = {0};
    AUTO(wtl_buf) index = {0};
    AUTO(wtl_secret) index_key = craft_key(c, WTL_SUBKEY_INDEX);
    AUTO(wtl_secret) mac_key = craft_key(c, WTL_SUBKEY_TRAILER);
    wtl_trailer t = {.generation = x->generation, .index_offset = c->file.n};
    assert_int_equal(wtl_index_encode(&plain, x, NULL), 0);
    wtl_subkey_index_context(&context, &c->pre, x->generation, t.index_offset);
    assert_int_equal(wtl_message_seal(&index, &index_key, wtl_buf_view(&context), wtl_buf_view(&plain), NULL),
                     0);
    wtl_buf_bytes(&c->file, wtl_buf_view(&index));
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA512, wtl_buf_view(&index), t.index_digest, NULL), 0);
    AUTO(wtl_buf) own = {0};
    AUTO(wtl_buf) sig = {0};
    wtl_sender s = {0};
    if (signer != NULL) {
        AUTO(wtl_buf) msg = {0};
        wtl_subkey_sender_message(&msg, &c->pre, x->generation, t.index_digest);
        assert_int_equal(wtl_sig_sign(signer, wtl_buf_view(&msg), NULL, &sig, NULL), 0);
        s.alg = wtl_sigblock_alg_number(wtl_key_alg_name(signer));
        assert_int_equal(wtl_key_id(signer, s.key_id, NULL), 0);
        s.signature = wtl_buf_view(&sig);
    }
    assert_int_equal(wtl_sigblock_encode(&own, &s, signer != NULL, NULL), 0);
    const wtl_buf *block = sigs != NULL ? sigs : &own;
    t.index_size = index.n;
    t.sigs_offset = c->file.n;
    t.sigs_size = block->n;
    t.total = c->file.n + block->n + WTL_TRAILER_SIZE;
    wtl_buf_bytes(&c->file, wtl_buf_view(block));
    assert_int_equal(
        wtl_trailer_encode(&c->file, &t, &c->pre, wtl_buf_view(block), wtl_secret_view(&mac_key), NULL), 0);
}

/* A whole small container in the folder, signed when `signer` is given. */
static inline void craft_small(craft *c, uint8_t id, const wtl_key *to, const wtl_key *signer)
{
    wtl_entry e[3] = {0};
    craft_new(c, id);
    craft_header_for(c, to);
    craft_object(c, &e[0], "a", 1, signer != NULL, (wtl_bytes){(const uint8_t *)"first", 5});
    craft_object(c, &e[1], "b", 2, signer != NULL, (wtl_bytes){(const uint8_t *)"other", 5});
    e[2] = (wtl_entry){.name = (char *)(uintptr_t)"d", .type = WTL_ENTRY_EMPTY_DIR, .mode = 0755};
    wtl_index x = {.generation = 1, .e = e, .n = 3};
    craft_end(c, &x, NULL, signer);
}

/* What a recipient knows of a container: the file, its key, its index and signatures. */
static inline void craft_insider(craft *c, wtl_reader *r, const char *path, const wtl_key *me)
{
    wtl_err err = {0};
    *c = (craft){0};
    assert_good(wtl_reader_open(r, path, &err), &err);
    assert_good(wtl_reader_unlock(r, &me, 1, &err), &err);
    assert_good(wtl_reader_index(r, &err), &err);
    c->pre = r->pre;
    assert_int_equal(wtl_secret_copy(&c->file_key, wtl_secret_view(&r->file_key), NULL), 0);
    box_read(path, &c->file);
}

#endif
