#include "seal/rekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "seal/lens.h"
#include "seal/seal.h"
#include "seal/writer.h"

/* Public keys of those who remain. */
typedef struct party {
    const wtl_key **key; /* borrowed */
    size_t n;
    wtl_who who;
    wtl_stanza *stanza; /* types and sizes alone */
} party;

static void party_auto(party *p)
{
    free(p->key);
    free(p->stanza);
    wtl_who_free(&p->who);
}

static int check_signatures(const wtl_change *ch, wtl_err *err)
{
    const wtl_rewrap_opts *o = ch->o;
    ENSURE(!o->drop_signature || o->n_sign == 0, err, WTL_USAGE,
           "the new container is to be signed and not to be signed: which is it?");
    ENSURE(ch->r.sigs.n == 0 || o->n_sign > 0 || o->drop_signature, err, WTL_POLICY,
           "the container is signed, and a signature cannot be carried over to a new key: sign it again with "
           "--sign, or say --unsigned");
    return WTL_OK;
}

/* Whoever has this id, among the keys that were given. */
static int key_of(const wtl_rewrap_opts *o, const uint8_t id[WTL_KEY_ID], const wtl_key **out, wtl_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < o->n_add + o->n_identities && *out == NULL; i++) {
        const wtl_key *k = i < o->n_add ? o->add[i] : o->identity[i - o->n_add];
        uint8_t its[WTL_KEY_ID];
        TRY(wtl_key_id(k, its, err));
        if (memcmp(its, id, sizeof its) == 0)
            *out = k;
    }
    return WTL_OK;
}

/* Those who stay: their stanzas cannot be copied, so their public keys must be at hand. */
static int gather_kept(const wtl_change *ch, party *p, wtl_err *err)
{
    for (size_t i = 0; i < ch->who.n; i++) {
        const wtl_key *k = NULL;
        if (ch->drop[i])
            continue;
        TRY(key_of(ch->o, ch->who.id[i], &k, err));
        if (k == NULL) {
            AUTO(wtl_buf) hex = {0};
            wtl_buf_hex(&hex, (wtl_bytes){ch->who.id[i], WTL_KEY_ID});
            const char *shown = wtl_who_known(ch->who.id[i]) ? wtl_buf_cstr(&hex) : NULL;
            return WTL_FAIL(
                err, WTL_USAGE,
                "recipient %zu (%s%s) stays, and a new key can be sealed only to a public key that is "
                "given: name it too with --add, or all recipients with --to",
                i + 1, shown != NULL ? "key id " : "not named in the container", shown != NULL ? shown : "");
        }
        p->key[p->n++] = k;
    }
    return WTL_OK;
}

static int gather_new(const wtl_change *ch, party *p, wtl_err *err)
{
    const wtl_rewrap_opts *o = ch->o;
    for (size_t i = 0; i < o->n_add + o->n_to; i++) {
        const wtl_key *k = i < o->n_add ? o->add[i] : o->to[i - o->n_add];
        bool there = false;
        for (size_t m = 0; m < p->n; m++)
            there = there || wtl_key_same(k, p->key[m]);
        if (!there)
            p->key[p->n++] = k;
    }
    ENSURE(p->n > 0, err, WTL_USAGE, "the last recipient cannot be removed: nobody could open the container");
    return WTL_OK;
}

/* Who they are, for the result. */
static int describe(party *p, wtl_err *err)
{
    size_t n = p->n > 0 ? p->n : 1;
    p->who.id = calloc(n, sizeof *p->who.id);
    p->stanza = calloc(n, sizeof *p->stanza);
    ENSURE(p->who.id != NULL && p->stanza != NULL, err, WTL_NOMEM, "out of memory");
    p->who.n = n;
    p->stanza[0].type = WTL_SLOT_PASSPHRASE;
    for (size_t i = 0; i < p->n; i++) {
        const wtl_alg *a = wtl_key_alg(p->key[i]);
        p->stanza[i] = (wtl_stanza){.type = a->hpke, .body = {NULL, wtl_wrap_body(a)}};
        TRY(wtl_key_id(p->key[i], p->who.id[i], err));
    }
    return WTL_OK;
}

static int gather(const wtl_change *ch, party *p, bool by_passphrase, wtl_err *err)
{
    const wtl_rewrap_opts *o = ch->o;
    p->key = calloc(ch->who.n + o->n_add + o->n_to + 1, sizeof(wtl_key *));
    ENSURE(p->key != NULL, err, WTL_NOMEM, "out of memory");
    if (!by_passphrase) {
        TRY(gather_kept(ch, p, err));
        TRY(gather_new(ch, p, err));
    }
    return describe(p, err);
}

static int same_passphrase(void *arg, char *out, size_t cap, wtl_err *err)
{
    const wtl_secret *s = arg;
    ENSURE(s->n <= cap, err, WTL_BUG, "a passphrase that became longer");
    memcpy(out, s->p, s->n);
    return (int)s->n;
}

enum { WINDOW = WTL_HASHTREE_CHUNKS * WTL_CHUNKED_PLAIN };

/* Objects on their way from the old container into the new one, one after the other. */
typedef struct copy {
    wtl_reader *r;
    wtl_secret key; /* of the old objects */
    wtl_lens *lens;
    wtl_object object; /* the one that is being read */
    const wtl_entry *e;
    uint64_t at;
    bool tree;
    uint8_t *plain; /* WINDOW bytes */
    struct item *item;
    wtl_source *source;
} copy;

struct item {
    copy *c;
    const wtl_entry *e;
    wtl_feed feed;
};

static void copy_auto(copy *c)
{
    wtl_secret_free(&c->key);
    wtl_lens_free(c->lens);
    wtl_object_auto(&c->object);
    if (c->plain != NULL)
        wtl_secret_wipe(c->plain, WINDOW);
    free(c->plain);
    free(c->item);
    free(c->source);
}

/* n bytes of the object to where a source puts them: 16 KiB, room for a tag, and so on. */
static void spread(uint8_t *to, size_t at, const uint8_t *from, size_t n)
{
    for (size_t done = 0; done < n;) {
        size_t in = (at + done) % WTL_CHUNKED_PLAIN;
        size_t len = n - done < WTL_CHUNKED_PLAIN - in ? n - done : WTL_CHUNKED_PLAIN - in;
        memcpy(to + (at + done) / WTL_CHUNKED_PLAIN * WTL_CHUNKED_SEALED + in, from + done, len);
        done += len;
    }
}

static int read_some(copy *c, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    uint64_t left = c->e->plain - c->at;
    size_t all = n < left ? n : (size_t)left;
    size_t done = 0;
    do {
        size_t len = all - done < WINDOW ? all - done : WINDOW;
        /* The end is checked too: by the chunk that says so. */
        bool end = all < n && done + len == all;
        TRY(wtl_lens_read(c->lens, &c->object, c->at, c->at + len, end, c->plain, err));
        spread(to, done, c->plain, len);
        c->at += len;
        done += len;
    } while (done < all);
    *got = all;
    return WTL_OK;
}

static int next_bytes(void *arg, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    const struct item *item = arg;
    copy *c = item->c;
    if (c->e != item->e) {
        wtl_object_auto(&c->object);
        c->object = (wtl_object){0};
        c->e = item->e;
        c->at = 0;
        TRY(wtl_object_open(&c->object, c->r, &c->key, c->e, c->tree, err));
    }
    return read_some(c, to, n, got, err);
}

static int copy_new(copy *c, wtl_change *ch, wtl_err *err)
{
    const wtl_index *x = &ch->r.index;
    size_t n = x->n > 0 ? x->n : 1;
    c->r = &ch->r;
    c->tree = ch->o->n_senders > 0;
    c->plain = malloc(WINDOW);
    c->item = calloc(n, sizeof *c->item);
    c->source = calloc(n, sizeof *c->source);
    ENSURE(c->plain != NULL && c->item != NULL && c->source != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_subkey_derive(&c->key, &ch->r.file_key, WTL_SUBKEY_OBJECT, err));
    TRY(wtl_lens_new(&c->lens, c->tree, 1, err));
    for (size_t i = 0; i < x->n; i++) {
        const wtl_entry *e = &x->e[i];
        c->item[i] = (struct item){
            c, e, {next_bytes, &c->item[i], e->plain, e->mode, e->type == WTL_ENTRY_EMPTY_DIR}};
        c->source[i] = (wtl_source){.name = e->name, .feed = &c->item[i].feed};
    }
    return WTL_OK;
}

static int copy_all(wtl_change *ch, wtl_writer *w, const wtl_seal_opts *so, wtl_err *err)
{
    copy __attribute__((cleanup(copy_auto))) c = {0};
    TRY(copy_new(&c, ch, err));
    int rc = wtl_writer_contents(w, c.source, ch->r.index.n, so, err);
    if (rc == WTL_NO && c.e != NULL && err != NULL) {
        AUTO(wtl_buf) quoted = {0};
        wtl_text_quote(&quoted, wtl_text_of(c.e->name));
        const char *shown = wtl_buf_cstr(&quoted);
        wtl_err_prefix(err, "\"%.300s\": ", shown != NULL ? shown : "?");
    }
    return rc;
}

/* The new file is as open to others as the old one was. */
static int same_access(const wtl_change *ch, const wtl_writer *w, wtl_err *err)
{
    struct stat st;
    if (fstat(ch->file.fd, &st) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", ch->file.name);
    /* Another owner's file can be given back to him by root alone. */
    if (fchown(w->out.fd, st.st_uid, st.st_gid) != 0 && errno != EPERM)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot set the owner of the new container");
    if (fchmod(w->out.fd, st.st_mode & 0777) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot set the mode of the new container");
    return WTL_OK;
}

static int write_new(wtl_change *ch, const wtl_seal_opts *so, const party *p, wtl_rewrap_result *result,
                     wtl_err *err)
{
    AUTO(wtl_writer) w = {.out = {.fd = -1, .dirfd = -1}};
    wtl_seal_result sealed = {0};
    TRY(wtl_writer_begin(&w, ch->path, so, err));
    TRY(same_access(ch, &w, err));
    TRY(copy_all(ch, &w, so, err));
    TRY(wtl_inplace_named(&ch->file, ch->path, err));
    wtl_change_now now = {&w.pre, 1, p->stanza, &p->who};
    TRY(wtl_change_tell(result, ch, &now, err));
    int rc = wtl_writer_finish(&w, ch->r.index.shape, so, &sealed, err);
    result->bytes = sealed.plain_bytes;
    if (rc < 0)
        wtl_rewrap_result_free(result);
    return rc;
}

int wtl_rekey_run(wtl_change *ch, wtl_rewrap_result *result, wtl_err *err)
{
    const wtl_rewrap_opts *o = ch->o;
    wtl_passphrase again = {same_passphrase, &ch->passphrase};
    bool stays = ch->passphrase.n > 0 && o->n_to == 0;
    AUTO(party) p = {0};
    wtl_seal_opts so = {.sign = o->sign,
                        .n_sign = o->n_sign,
                        .force = true,
                        .work = o->work,
                        .threads = o->threads,
                        .progress = o->progress};
    so.passphrase = o->set_passphrase != NULL ? o->set_passphrase : stays ? &again : NULL;
    TRY(check_signatures(ch, err));
    TRY(wtl_seal_check_signers(&so, err));
    TRY(gather(ch, &p, so.passphrase != NULL, err));
    so.to = p.key;
    so.n_to = p.n;
    size_t which = 0;
    if (o->n_senders > 0)
        TRY(wtl_reader_sender(&ch->r, o->sender, o->n_senders, &which, err));
    TRY(wtl_reader_index(&ch->r, err));
    return write_new(ch, &so, &p, result, err);
}
