#include "craft.h"

#include "base/text.h"
#include "crypto/agetext.h"

static wtl_key *me;
static wtl_key *other;
static wtl_key *signer;
static wtl_key *stranger;

static int setup(void **state)
{
    me = box_key("X-Wing", 1);
    other = box_key("X-Wing", 3);
    signer = box_key("ML-DSA-44", 2);
    stranger = box_key("ML-DSA-44", 4);
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(me);
    wtl_key_free(other);
    wtl_key_free(signer);
    wtl_key_free(stranger);
    return box_teardown(state);
}

static int try_file(const wtl_buf *file, const wtl_key *id, const wtl_key *sender, wtl_err *err)
{
    box_write(box_path("t.wtl"), wtl_buf_view(file));
    box_remove(box_path("t"));
    int rc = box_open(box_path("t.wtl"), box_path("t"), id, sender, err);
    assert_true(rc == 0 || !box_exists(box_path("t")));
    return rc;
}

/* Someone with nothing but the recipient's public key makes a container of their own. */
static void an_outsiders_container(void **state)
{
    (void)state;
    wtl_key *pub = box_public(me);
    wtl_err err = {0};
    craft c;
    craft_small(&c, 1, pub, NULL);
    assert_good(try_file(&c.file, me, NULL, &err), &err);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "not signed"));
    craft_free(&c);
    craft_small(&c, 1, pub, stranger);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_POLICY);
    craft_free(&c);
    wtl_key_free(pub);
}

/* The same with the signature block of a genuine container carried over. */
static void an_outsider_with_a_copied_signature(void **state)
{
    (void)state;
    craft genuine;
    craft_small(&genuine, 1, me, signer);
    wtl_err err = {0};
    assert_good(try_file(&genuine.file, me, signer, &err), &err);
    wtl_trailer t;
    wtl_bytes end = {genuine.file.p + genuine.file.n - WTL_TRAILER_SIZE, WTL_TRAILER_SIZE};
    assert_int_equal(wtl_trailer_parse(&t, end, &genuine.pre, genuine.file.n, NULL), 0);
    AUTO(wtl_buf) sigs = {0};
    wtl_buf_add(&sigs, genuine.file.p + t.sigs_offset, (size_t)t.sigs_size);
    craft c;
    wtl_entry e;
    craft_new(&c, 1);
    craft_header_for(&c, me);
    craft_object(&c, &e, "a", 1, true, wtl_text_of("forged"));
    wtl_index x = {.generation = 1, .e = &e, .n = 1};
    craft_end(&c, &x, &sigs, NULL);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_NO);
    assert_good(try_file(&c.file, me, NULL, &err), &err);
    craft_free(&c);
    craft_free(&genuine);
}

/* Without the file key the signatures cannot be taken off or replaced: the trailer's MAC covers them. */
static void an_outsider_strips_the_signature(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, signer);
    wtl_trailer t;
    wtl_bytes end = {c.file.p + c.file.n - WTL_TRAILER_SIZE, WTL_TRAILER_SIZE};
    assert_int_equal(wtl_trailer_parse(&t, end, &c.pre, c.file.n, NULL), 0);
    c.file.n = (size_t)t.sigs_offset;
    static const uint8_t none[2] = {0, 0};
    static const uint8_t guess[32] = {1};
    wtl_buf_add(&c.file, none, sizeof none);
    t.sigs_size = sizeof none;
    t.total = c.file.n + WTL_TRAILER_SIZE;
    assert_int_equal(
        wtl_trailer_encode(&c.file, &t, &c.pre, (wtl_bytes){none, 2}, (wtl_bytes){guess, 32}, NULL), 0);
    wtl_err err = {0};
    assert_int_equal(try_file(&c.file, me, NULL, &err), WTL_NO);
    craft_free(&c);
}

/* A recipient rebuilds everything after the header with the file key. Only the signature tells. */
static void an_insider_rebuilds_it(void **state)
{
    (void)state;
    craft genuine;
    craft_small(&genuine, 1, me, signer);
    box_write(box_path("g.wtl"), wtl_buf_view(&genuine.file));
    AUTO(wtl_reader) r = {.in = {.fd = -1}};
    craft c;
    craft_insider(&c, &r, box_path("g.wtl"), me);
    c.file.n = (size_t)wtl_preamble_payload(&c.pre);
    wtl_entry e[3];
    memcpy(e, r.index.e, sizeof e);
    craft_object(&c, &e[0], "a", 1, true, wtl_text_of("FIRST"));
    craft_object(&c, &e[1], "b", 2, true, wtl_text_of("other"));
    wtl_index x = {.generation = 1, .e = e, .n = 3};
    craft_end(&c, &x, &r.raw_sigs, NULL);
    wtl_err err = {0};
    assert_good(try_file(&c.file, me, NULL, &err), &err);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_NO);
    craft_free(&c);
    craft_free(&genuine);
}

/* An insider keeps the signed index and puts another message, valid under the file key, in the object's place. */
static void an_insider_replaces_an_object(void **state)
{
    (void)state;
    AUTO(wtl_buf) plain = {0};
    box_fill(&plain, 1500000);
    box_write(box_path("m"), wtl_buf_view(&plain));
    wtl_err err = {0};
    assert_good(box_seal(box_path("m"), box_path("m.wtl"), me, signer, &err), &err);
    for (unsigned with_table = 0; with_table < 2; with_table++) {
        AUTO(wtl_reader) r = {.in = {.fd = -1}};
        craft c;
        craft_insider(&c, &r, box_path("m.wtl"), me);
        const wtl_entry *e = &r.index.e[0];
        plain.p[1400000] ^= 1;
        AUTO(wtl_buf) sealed = {0};
        AUTO(wtl_buf) table = {0};
        uint8_t root[32];
        craft_message(&c, e, wtl_buf_view(&plain), &sealed);
        craft_leaves(wtl_buf_view(&sealed), &table, root);
        memcpy(c.file.p + e->offset, sealed.p, sealed.n);
        if (with_table)
            memcpy(c.file.p + e->offset + sealed.n, table.p, table.n);
        assert_good(try_file(&c.file, me, NULL, &err), &err); /* that is what --sender is for */
        assert_int_equal(try_file(&c.file, me, signer, &err), WTL_NO);
        const wtl_key *id = me;
        const wtl_key *sender = signer;
        wtl_open_opts o = {.identity = &id,
                           .n_identities = 1,
                           .sender = &sender,
                           .n_senders = 1,
                           .only = "m",
                           .has_range = true,
                           .from = 1400000,
                           .to = 1400001};
        assert_int_equal(wtl_open(box_path("t.wtl"), box_path("t"), &o, NULL, &err), WTL_NO);
        craft_free(&c);
    }
}

/* A signed index whose object has no tree does not cover the content. */
static void a_signature_without_trees(void **state)
{
    (void)state;
    craft c;
    wtl_entry e;
    craft_new(&c, 1);
    craft_header_for(&c, me);
    craft_object(&c, &e, "a", 1, false, wtl_text_of("x"));
    wtl_index x = {.generation = 1, .e = &e, .n = 1};
    craft_end(&c, &x, NULL, signer);
    wtl_err err = {0};
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_NO);
    assert_good(try_file(&c.file, me, NULL, &err), &err);
    craft_free(&c);
}

static int with_senders(const wtl_key *const *sender, size_t n, bool require, wtl_open_result *r,
                        wtl_err *err)
{
    const wtl_key *id = me;
    wtl_open_opts o = {.identity = &id,
                       .n_identities = 1,
                       .sender = sender,
                       .n_senders = n,
                       .require_signature = require,
                       .force = true};
    return wtl_open(box_path("s.wtl"), box_path("s"), &o, r, err);
}

static void senders_that_count(void **state)
{
    (void)state;
    wtl_key *ec = box_public(stranger);
    const wtl_key *both_sign[] = {signer, stranger};
    const wtl_key *to = me;
    wtl_seal_opts so = {.to = &to, .n_to = 1, .sign = both_sign, .n_sign = 2};
    wtl_err err = {0};
    wtl_open_result r;
    box_write(box_path("x"), wtl_text_of("x"));
    assert_good(wtl_seal(box_path("x"), box_path("s.wtl"), &so, NULL, &err), &err);
    wtl_key *nobody = box_key("ML-DSA-44", 77);
    const wtl_key *list[] = {nobody, ec, signer};
    assert_good(with_senders(list, 3, true, &r, &err), &err);
    assert_true(r.sender_authenticated);
    assert_int_equal(r.sender, 1);
    assert_good(with_senders(&list[2], 1, false, &r, &err), &err);
    assert_int_equal(with_senders(list, 1, false, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "none of the senders"));
    assert_int_equal(with_senders(NULL, 0, true, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "--sender"));
    assert_good(with_senders(NULL, 0, false, &r, &err), &err);
    assert_false(r.sender_authenticated);
    const wtl_key *kem = other;
    assert_int_equal(with_senders(&kem, 1, false, &r, &err), WTL_USAGE);
    assert_good(box_seal(box_path("x"), box_path("s.wtl"), me, NULL, &err), &err);
    assert_int_equal(with_senders(NULL, 0, true, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "not signed"));
    wtl_key_free(nobody);
    wtl_key_free(ec);
}

/* Every kind of signing key; an insider who changes the algorithm's number is refused. */
static void signature_algorithms(void **state)
{
    (void)state;
    static const char *const alg[] = {"ML-DSA-65", "ML-DSA-87", "SLH-DSA-SHA2-128f", "ECDSA-P256", "Ed25519"};
    for (size_t i = 0; i < sizeof alg / sizeof alg[0]; i++) {
        wtl_key *k = NULL;
        wtl_err err = {0};
        assert_good(wtl_key_generate(&k, wtl_alg_by_name(alg[i]), &err), &err);
        box_write(box_path("x"), wtl_text_of("x"));
        assert_good(box_seal(box_path("x"), box_path("x.wtl"), me, k, &err), &err);
        AUTO(wtl_reader) r = {.in = {.fd = -1}};
        craft c;
        craft_insider(&c, &r, box_path("x.wtl"), me);
        assert_good(try_file(&c.file, me, k, &err), &err);
        AUTO(wtl_buf) sigs = {0};
        wtl_buf_bytes(&sigs, wtl_buf_view(&r.raw_sigs));
        sigs.p[3] ^= 1;
        c.file.n = (size_t)r.trailer.index_offset;
        craft_end(&c, &r.index, &sigs, NULL);
        assert_int_equal(try_file(&c.file, me, k, &err), WTL_NO);
        craft_free(&c);
        wtl_key_free(k);
    }
}

static void identities(void **state)
{
    (void)state;
    craft c;
    craft_small(&c, 1, me, NULL);
    wtl_err err = {0};
    assert_int_equal(try_file(&c.file, other, NULL, &err), WTL_NO);
    assert_non_null(strstr(err.text, "not sealed for this key"));
    assert_int_equal(try_file(&c.file, signer, NULL, &err), WTL_USAGE);
    wtl_key *pub = box_public(me);
    assert_int_equal(try_file(&c.file, pub, NULL, &err), WTL_USAGE);
    wtl_key_free(pub);
    wtl_key *kem = box_key("ML-KEM-768", 5);
    const wtl_key *list[] = {kem, other, me};
    wtl_open_opts o = {.identity = list, .n_identities = 3};
    assert_good(wtl_open(box_path("t.wtl"), box_path("t"), &o, NULL, &err), &err);
    o.n_identities = 2;
    assert_int_equal(wtl_open(box_path("t.wtl"), box_path("t2"), &o, NULL, &err), WTL_NO);
    o.n_identities = 0;
    assert_int_equal(wtl_open(box_path("t.wtl"), box_path("t2"), &o, NULL, &err), WTL_USAGE);
    wtl_key_free(kem);
    craft_free(&c);
}

static int seal_to(const wtl_key *const *to, size_t n, const wtl_key *sign)
{
    wtl_seal_opts o = {.to = to, .n_to = n, .sign = &sign, .n_sign = sign != NULL};
    wtl_err err = {0};
    int rc = wtl_seal(box_path("x"), box_path("no.wtl"), &o, NULL, &err);
    assert_true(rc == 0 || !box_exists(box_path("no.wtl")));
    return rc;
}

static void recipients_and_signers(void **state)
{
    (void)state;
    wtl_key *x25519 = NULL;
    wtl_err err = {0};
    assert_good(wtl_key_generate(&x25519, wtl_alg_by_name("X25519"), &err), &err);
    wtl_key *signer_pub = box_public(signer);
    box_write(box_path("x"), wtl_text_of("x"));
    const wtl_key *mixed[] = {me, x25519};
    assert_int_equal(seal_to(mixed, 2, NULL), WTL_POLICY);
    const wtl_key *signs[] = {me, signer};
    assert_int_equal(seal_to(signs, 2, NULL), WTL_USAGE);
    assert_int_equal(seal_to(NULL, 0, NULL), WTL_USAGE);
    assert_int_equal(seal_to(mixed, 1, me), WTL_USAGE);
    assert_int_equal(seal_to(mixed, 1, signer_pub), WTL_USAGE);
    const wtl_key *to = me;
    const wtl_key *twice[] = {signer, signer};
    wtl_seal_opts o = {.to = &to, .n_to = 1, .sign = twice, .n_sign = 2};
    assert_int_equal(wtl_seal(box_path("x"), box_path("no.wtl"), &o, NULL, &err), WTL_USAGE);
    wtl_key_free(x25519);
    wtl_key_free(signer_pub);
}

/* A container whose only stanza is `s`. */
static int with_stanza(const wtl_stanza *s, size_t n, wtl_err *err)
{
    craft c;
    wtl_entry e;
    craft_new(&c, 1);
    craft_header(&c, s, n);
    craft_object(&c, &e, "a", 1, false, wtl_text_of("x"));
    wtl_index x = {.generation = 1, .e = &e, .n = 1};
    craft_end(&c, &x, NULL, NULL);
    int rc = try_file(&c.file, me, NULL, err);
    craft_free(&c);
    return rc;
}

static wtl_bytes wtl_info_bytes(wtl_buf *info, uint8_t id)
{
    craft c;
    craft_new(&c, id);
    wtl_subkey_hpke_info(info, &c.pre);
    craft_free(&c);
    return wtl_buf_view(info);
}

static void stanzas_of_other_kinds(void **state)
{
    (void)state;
    uint8_t key[32];
    memset(key, 1, sizeof key);
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_buf) body = {0};
    craft_wrap(&body, me, (wtl_hpke_suite){1, 2}, wtl_info_bytes(&info, 1), (wtl_bytes){key, 32});
    wtl_stanza good = {0x647a, 1, 2, wtl_buf_view(&body)};
    wtl_err err = {0};
    assert_good(with_stanza(&good, 1, &err), &err);
    wtl_stanza among[] = {{0x8003, 0, 0, wtl_text_of("something later")},
                          {0, 0, 0, {NULL, 0}},
                          {0x647a, 9, 9, {NULL, 0}},
                          good};
    assert_good(with_stanza(among, 4, &err), &err);
    assert_int_equal(with_stanza(among, 3, &err), WTL_NO);
    assert_int_equal(with_stanza(NULL, 0, &err), WTL_NO);
    wtl_stanza shorter = {0x647a, 1, 2, {body.p, body.n - 1}};
    assert_int_equal(with_stanza(&shorter, 1, &err), WTL_FORMAT);
    /* Another container's stanza: other info. */
    AUTO(wtl_buf) info2 = {0};
    AUTO(wtl_buf) body2 = {0};
    craft_wrap(&body2, me, (wtl_hpke_suite){1, 2}, wtl_info_bytes(&info2, 2), (wtl_bytes){key, 32});
    wtl_stanza moved = {0x647a, 1, 2, wtl_buf_view(&body2)};
    assert_int_equal(with_stanza(&moved, 1, &err), WTL_NO);
}

/* age's own info and AEAD (FACTS: age v1, mlkem768x25519). */
#define AGE_INFO "age-encryption.org/mlkem768x25519"
static const wtl_hpke_suite age_suite = {WTL_HPKE_HKDF_SHA256, WTL_HPKE_CHACHA20POLY1305};

static void stanzas_made_for_age_do_not_open_here(void **state)
{
    (void)state;
    uint8_t key[32];
    memset(key, 1, sizeof key);
    static const wtl_hpke_suite suites[] = {{1, 3}, {1, 2}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_buf) body = {0};
        craft_wrap(&body, me, suites[i], wtl_text_of(AGE_INFO), (wtl_bytes){key, 32});
        for (uint16_t aead = 1; aead <= 3; aead++) {
            wtl_stanza s = {0x647a, 1, aead, wtl_buf_view(&body)};
            wtl_err err = {0};
            assert_int_equal(with_stanza(&s, 1, &err), WTL_NO);
        }
    }
}

static int open_as_age(const wtl_key *k, wtl_bytes enc, wtl_bytes ct)
{
    AUTO(wtl_hpke) *h = NULL;
    AUTO(wtl_secret) pt = {0};
    int rc = wtl_hpke_receiver(&h, age_suite, k, enc, wtl_text_of(AGE_INFO), NULL);
    return rc < 0 ? rc : wtl_hpke_open(h, (wtl_bytes){NULL, 0}, ct, &pt, NULL);
}

static void our_stanzas_do_not_open_as_ages(void **state)
{
    (void)state;
    uint8_t key[16] = {1};
    static const wtl_hpke_suite suites[] = {{1, 3}, {1, 2}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_buf) info = {0};
        AUTO(wtl_buf) body = {0};
        craft_wrap(&body, me, suites[i], wtl_info_bytes(&info, 1), (wtl_bytes){key, sizeof key});
        assert_int_equal(
            open_as_age(me, (wtl_bytes){body.p, 1120}, (wtl_bytes){body.p + 1120, body.n - 1120}), WTL_NO);
    }
}

static wtl_bytes line_after(const wtl_buf *text, const char *prefix)
{
    const char *at = strstr((const char *)text->p, prefix);
    assert_non_null(at);
    at += strlen(prefix);
    return (wtl_bytes){(const uint8_t *)at, strcspn(at, "\n")};
}

static void b64_nopad(wtl_bytes text, wtl_buf *out)
{
    AUTO(wtl_buf) padded = {0};
    wtl_buf_bytes(&padded, text);
    while (padded.n % 4 != 0)
        wtl_buf_u8(&padded, '=');
    assert_int_equal(wtl_text_b64_decode(out, wtl_buf_view(&padded), NULL), 0);
}

/* A real age file's stanza opens as age's and not as ours, with the same identity. */
static void a_real_age_file(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_VECTORS", "age/s.age");
    if (path == NULL) {
        print_message("the public vectors age/ are not beside the project\n");
        skip();
    }
    AUTO(wtl_buf) file = {0};
    box_read(path, &file);
    AUTO(wtl_buf) id_text = {0};
    box_read(unit_path("WATTLE_VECTORS", "age/pq.key"), &id_text);
    wtl_key *id = NULL;
    wtl_err err = {0};
    assert_good(wtl_agetext_parse(&id, wtl_buf_view(&id_text), &err), &err);
    wtl_bytes arg = line_after(&file, "-> mlkem768x25519 ");
    wtl_bytes body_text = {arg.p + arg.n + 1, strcspn((const char *)arg.p + arg.n + 1, "\n")};
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_buf) ct = {0};
    b64_nopad(arg, &enc);
    b64_nopad(body_text, &ct);
    assert_int_equal(enc.n, 1120);
    assert_int_equal(open_as_age(id, wtl_buf_view(&enc), wtl_buf_view(&ct)), 0);
    AUTO(wtl_hpke) *h = NULL;
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_secret) pt = {0};
    assert_good(wtl_hpke_receiver(&h, age_suite, id, wtl_buf_view(&enc), wtl_info_bytes(&info, 1), &err),
                &err);
    assert_int_equal(wtl_hpke_open(h, (wtl_bytes){NULL, 0}, wtl_buf_view(&ct), &pt, NULL), WTL_NO);
    wtl_key_free(id);
}

static void hostile_indexes(void **state)
{
    (void)state;
    static const char *const names[] = {"../evil", "/evil", "x/../../evil", ".", "", "a//b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        craft c;
        wtl_entry e;
        craft_new(&c, 1);
        craft_header_for(&c, me);
        craft_object(&c, &e, names[i], 1, true, wtl_text_of("evil"));
        wtl_index x = {.generation = 1, .e = &e, .n = 1};
        craft_end(&c, &x, NULL, signer);
        wtl_err err = {0};
        assert_int_equal(try_file(&c.file, me, signer, &err), WTL_FORMAT);
        assert_false(box_exists(box_path("evil")));
        craft_free(&c);
    }
}

/* What a rewrap does, and what a crash in its middle leaves. */
static void the_second_slot(void **state)
{
    (void)state;
    craft c;
    wtl_err err = {0};
    craft_small(&c, 1, me, signer);
    AUTO(wtl_buf) slot = {0};
    craft_slot_for(&c, 2, other, &slot);
    uint8_t *spare = c.file.p + WTL_PREAMBLE_SIZE + CRAFT_SLOT;
    memcpy(spare, slot.p, slot.n / 2);
    assert_good(try_file(&c.file, me, signer, &err), &err); /* torn: the old one counts */
    memcpy(spare, slot.p, slot.n);
    assert_good(try_file(&c.file, other, signer, &err), &err);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_NO);
    wtl_info info = {0};
    assert_good(wtl_info_read(box_path("t.wtl"), NULL, 0, &info, &err), &err);
    assert_int_equal(info.slot, 1);
    assert_true(info.header_generation == 2 && info.content_generation == 1);
    assert_string_equal(info.slot_state[0], "older");
    assert_string_equal(info.slot_state[1], "in force");
    wtl_info_free(&info);
    wtl_buf_clear(&slot);
    craft_slot_for(&c, 3, other, &slot); /* an odd generation in the even one's place */
    memcpy(spare, slot.p, slot.n);
    assert_int_equal(try_file(&c.file, me, signer, &err), WTL_FORMAT);
    craft_free(&c);
}

/* A slot of higher generation by someone without the file key. */
static void a_strangers_slot(void **state)
{
    (void)state;
    craft c;
    craft mine;
    craft_small(&c, 1, me, NULL);
    craft_new(&mine, 9);
    memcpy(mine.pre.id, c.pre.id, sizeof mine.pre.id);
    AUTO(wtl_buf) slot = {0};
    craft_slot_for(&mine, 2, me, &slot);
    memcpy(c.file.p + WTL_PREAMBLE_SIZE + CRAFT_SLOT, slot.p, slot.n);
    wtl_err err = {0};
    assert_int_equal(try_file(&c.file, me, NULL, &err), WTL_NO);
    craft_free(&c);
    craft_free(&mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outsiders_container),
        cmocka_unit_test(an_outsider_with_a_copied_signature),
        cmocka_unit_test(an_outsider_strips_the_signature),
        cmocka_unit_test(an_insider_rebuilds_it),
        cmocka_unit_test(an_insider_replaces_an_object),
        cmocka_unit_test(a_signature_without_trees),
        cmocka_unit_test(senders_that_count),
        cmocka_unit_test(signature_algorithms),
        cmocka_unit_test(identities),
        cmocka_unit_test(recipients_and_signers),
        cmocka_unit_test(stanzas_of_other_kinds),
        cmocka_unit_test(stanzas_made_for_age_do_not_open_here),
        cmocka_unit_test(our_stanzas_do_not_open_as_ages),
        cmocka_unit_test(a_real_age_file),
        cmocka_unit_test(hostile_indexes),
        cmocka_unit_test(the_second_slot),
        cmocka_unit_test(a_strangers_slot),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
