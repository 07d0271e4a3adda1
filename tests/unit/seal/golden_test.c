/* Containers of tests/golden/wtl-v1: made once, they must open for ever. WATTLE_GOLDEN_MAKE=FOLDER makes new ones
 * (for a new version of the format; those of an old one are never made again). */
#include "craft.h"

#include "base/text.h"

static wtl_key *alice; /* TEST KEYS all */
static wtl_key *bob;
static wtl_key *signer;
static wtl_key *root;
static wtl_key *carol;
static char golden[512];

static int setup(void **state)
{
    alice = box_key("X-Wing", 0xa1);
    bob = box_key("ML-KEM-1024", 0xb0);
    signer = box_key("ML-DSA-65", 0x51);
    root = box_key("SLH-DSA-SHA2-128s", 0x60);
    carol = box_key("X-Wing", 0xca);
    const char *source = getenv("WATTLE_SOURCE");
    snprintf(golden, sizeof golden, "%s/tests/golden/wtl-v1", source != NULL ? source : ".");
    return box_setup(state);
}

static int teardown(void **state)
{
    wtl_key_free(alice);
    wtl_key_free(bob);
    wtl_key_free(signer);
    wtl_key_free(root);
    wtl_key_free(carol);
    return box_teardown(state);
}

static const char *in(const char *dir, const char *name)
{
    static char path[10][768];
    static unsigned next;
    char *p = path[next++ % 10];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

/* Two chunks and a bit: 256 bytes 00 to ff, over and over. */
static void weights(wtl_buf *out)
{
    for (unsigned i = 0; i < 20000; i++)
        wtl_buf_u8(out, (uint8_t)i);
}

static void is_weights(const char *path)
{
    AUTO(wtl_buf) want = {0};
    AUTO(wtl_buf) got = {0};
    weights(&want);
    box_read(path, &got);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
}

static void write_key(const char *dir, const char *name, const wtl_key *k)
{
    static const char note[] = "# TEST KEY: public, for nothing else\n";
    AUTO(wtl_buf) pub = {0};
    AUTO(wtl_buf) file = {0};
    AUTO(wtl_secret) key = {0};
    char leaf[64];
    assert_int_equal(wtl_key_write_public(k, WTL_KEY_PEM, &pub, NULL), 0);
    assert_int_equal(wtl_key_write_private(k, WTL_KEY_PEM, NULL, &key, NULL), 0);
    snprintf(leaf, sizeof leaf, "%s.pub", name);
    box_write(in(dir, leaf), wtl_buf_view(&pub));
    if ((wtl_key_alg(k)->flags & WTL_ALG_AGE_TEXT) != 0)
        wtl_buf_str(&file, note);
    wtl_buf_bytes(&file, wtl_secret_view(&key));
    snprintf(leaf, sizeof leaf, "%s.key", name);
    box_write(in(dir, leaf), wtl_buf_view(&file));
}

static void seal_to_both(const char *src, const char *out, const wtl_key *const *sign, size_t n_sign)
{
    const wtl_key *to[] = {alice, bob};
    wtl_seal_opts o = {.to = to, .n_to = 2, .sign = sign, .n_sign = n_sign, .force = true};
    wtl_err err = {0};
    assert_good(wtl_seal(src, out, &o, NULL, &err), &err);
}

static int seal_stdin(void *arg)
{
    const wtl_key *to = alice;
    wtl_seal_opts o = {.to = &to, .n_to = 1, .name = "weights.bin", .force = true};
    return wtl_seal("-", arg, &o, NULL, NULL);
}

/* As a rewrap leaves it: alice in the old header, bob in the one in force. */
static void make_rewrapped(const char *path)
{
    craft c;
    wtl_entry e;
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) slot = {0};
    AUTO(wtl_buf) info = {0};
    AUTO(wtl_buf) body = {0};
    weights(&plain);
    craft_new(&c, 0x77);
    craft_header_for(&c, alice);
    craft_object(&c, &e, "weights.bin", 1, true, wtl_buf_view(&plain));
    wtl_index x = {.generation = 1, .e = &e, .n = 1, .shape = WTL_INDEX_FILE};
    craft_end(&c, &x, NULL, signer);
    wtl_subkey_hpke_info(&info, &c.pre);
    craft_wrap(&body, bob, (wtl_hpke_suite){2, 2}, wtl_buf_view(&info), wtl_secret_view(&c.file_key));
    wtl_stanza s = {wtl_key_alg(bob)->hpke, 2, 2, wtl_buf_view(&body)};
    craft_slot(&c, 2, &s, 1, &slot);
    memcpy(c.file.p + WTL_PREAMBLE_SIZE + CRAFT_SLOT, slot.p, slot.n);
    box_write(path, wtl_buf_view(&c.file));
    craft_free(&c);
}

/* The signed tree in content generation 2: a file more, one replaced, which leaves a gap. */
static void make_appended(const char *path)
{
    AUTO(wtl_buf) tree = {0};
    box_read(in(golden, "signed-tree.wtl"), &tree);
    box_write(path, wtl_buf_view(&tree));
    assert_int_equal(mkdir(box_path("added"), 0755), 0);
    assert_int_equal(mkdir(box_path("added/sub"), 0755), 0);
    box_write(box_path("added/sub/note.txt"), wtl_text_of("another note\n"));
    box_write(box_path("added/more.txt"), wtl_text_of("more\n"));
    const char *src = box_path("added");
    const wtl_key *me = alice;
    const wtl_key *by = signer;
    wtl_append_opts o = {
        .open = {.identity = &me, .n_identities = 1}, .sign = &by, .n_sign = 1, .force = true};
    wtl_err err = {0};
    assert_good(wtl_append(path, &src, 1, &o, NULL, &err), &err);
}

static const char passphrase[] = "correct horse b\xc3\xa4ttery staple";

static int tell_passphrase(void *arg, char *out, size_t cap, wtl_err *err)
{
    (void)arg;
    (void)err;
    assert_true(cap >= sizeof passphrase);
    memcpy(out, passphrase, sizeof passphrase - 1);
    return sizeof passphrase - 1;
}

static void rewrap(const char *path, const wtl_key *add, const wtl_key *remove)
{
    const wtl_key *me = alice;
    wtl_rewrap_opts o = {.identity = &me,
                         .n_identities = 1,
                         .add = &add,
                         .n_add = add != NULL,
                         .remove = &remove,
                         .n_remove = remove != NULL};
    wtl_err err = {0};
    assert_good(wtl_rewrap(path, &o, NULL, &err), &err);
}

/* Those that came later: a passphrase, and a roster of the third header. */
static void make_later(void **state)
{
    (void)state;
    const char *dir = getenv("WATTLE_GOLDEN_MAKE");
    if (dir == NULL)
        return;
    wtl_passphrase pp = {tell_passphrase, NULL};
    const wtl_key *sign = signer;
    wtl_seal_opts o = {.passphrase = &pp, .work = 14, .sign = &sign, .n_sign = 1, .force = true};
    wtl_err err = {0};
    assert_good(wtl_seal(box_path("model/weights.bin"), in(dir, "passphrase.wtl"), &o, NULL, &err), &err);
    AUTO(wtl_buf) text = {0};
    wtl_buf_fmt(&text, "%s\n", passphrase);
    box_write(in(dir, "passphrase.txt"), wtl_buf_view(&text));
    seal_to_both(box_path("model/weights.bin"), in(dir, "roster.wtl"), NULL, 0);
    rewrap(in(dir, "roster.wtl"), carol, NULL);
    rewrap(in(dir, "roster.wtl"), NULL, bob);
}

static void make_all(void **state)
{
    (void)state;
    const char *dir = getenv("WATTLE_GOLDEN_MAKE");
    if (dir == NULL)
        return;
    AUTO(wtl_buf) plain = {0};
    weights(&plain);
    assert_int_equal(mkdir(box_path("model"), 0755), 0);
    assert_int_equal(mkdir(box_path("model/empty"), 0750), 0);
    assert_int_equal(mkdir(box_path("model/sub"), 0755), 0);
    box_write(box_path("model/sub/note.txt"), wtl_text_of("a note\n"));
    box_write(box_path("model/zero"), wtl_text_of(""));
    box_write(box_path("model/weights.bin"), wtl_buf_view(&plain));
    assert_int_equal(chmod(box_path("model/weights.bin"), 0640), 0);
    const wtl_key *both[] = {signer, root};
    seal_to_both(box_path("model"), in(dir, "signed-tree.wtl"), both, 2);
    seal_to_both(box_path("model/weights.bin"), in(dir, "file.wtl"), NULL, 0);
    assert_int_equal(box_redirect(STDIN_FILENO, box_path("model/weights.bin"), seal_stdin,
                                  (void *)(uintptr_t)in(dir, "stream.wtl")),
                     0);
    make_rewrapped(in(dir, "rewrapped.wtl"));
    make_appended(in(dir, "appended.wtl"));
    write_key(dir, "alice", alice);
    write_key(dir, "bob", bob);
    write_key(dir, "signer", signer);
    write_key(dir, "root", root);
}

static void the_signed_tree(void **state)
{
    (void)state;
    const wtl_key *me[] = {alice, bob};
    const wtl_key *sender[] = {signer, root};
    for (unsigned i = 0; i < 4; i++) {
        wtl_err err = {0};
        box_remove(box_path("t"));
        assert_good(box_open(in(golden, "signed-tree.wtl"), box_path("t"), me[i / 2], sender[i % 2], &err),
                    &err);
        is_weights(box_path("t/weights.bin"));
        AUTO(wtl_buf) note = {0};
        box_read(box_path("t/sub/note.txt"), &note);
        assert_true(wtl_text_eq(wtl_buf_view(&note), "a note\n"));
        struct stat st;
        assert_int_equal(stat(box_path("t/zero"), &st), 0);
        assert_int_equal(st.st_size, 0);
        assert_int_equal(stat(box_path("t/weights.bin"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(stat(box_path("t/empty"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0750);
    }
}

static void the_file_and_the_stream(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(box_open(in(golden, "file.wtl"), box_path("f"), bob, NULL, &err), &err);
    is_weights(box_path("f/weights.bin"));
    assert_good(box_open(in(golden, "stream.wtl"), box_path("s"), alice, NULL, &err), &err);
    is_weights(box_path("s/weights.bin"));
}

static void the_rewrapped(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(box_open(in(golden, "rewrapped.wtl"), box_path("r"), bob, signer, &err), &err);
    is_weights(box_path("r/weights.bin"));
    assert_int_equal(box_open(in(golden, "rewrapped.wtl"), box_path("r2"), alice, NULL, &err), WTL_NO);
}

static void holds(const char *path, const char *text)
{
    AUTO(wtl_buf) got = {0};
    box_read(path, &got);
    assert_true(wtl_text_eq(wtl_buf_view(&got), text));
}

static void the_appended(void **state)
{
    (void)state;
    wtl_err err = {0};
    assert_good(box_open(in(golden, "appended.wtl"), box_path("p"), bob, signer, &err), &err);
    is_weights(box_path("p/weights.bin"));
    holds(box_path("p/sub/note.txt"), "another note\n");
    holds(box_path("p/more.txt"), "more\n");
    holds(box_path("p/zero"), "");
    assert_int_equal(box_open(in(golden, "appended.wtl"), box_path("p2"), alice, root, &err), WTL_POLICY);
}

static void the_passphrase(void **state)
{
    (void)state;
    wtl_passphrase pp = {tell_passphrase, NULL};
    const wtl_key *sender = signer;
    wtl_open_opts o = {.passphrase = &pp, .sender = &sender, .n_senders = 1};
    wtl_err err = {0};
    assert_good(wtl_open(in(golden, "passphrase.wtl"), box_path("pass"), &o, NULL, &err), &err);
    is_weights(box_path("pass/weights.bin"));
    assert_int_equal(box_open(in(golden, "passphrase.wtl"), box_path("pass2"), alice, NULL, &err), WTL_NO);
}

static void the_roster(void **state)
{
    (void)state;
    wtl_err err = {0};
    wtl_info i = {0};
    const wtl_key *me = carol;
    uint8_t id[2][WTL_KEY_ID];
    assert_good(box_open(in(golden, "roster.wtl"), box_path("w"), alice, NULL, &err), &err);
    is_weights(box_path("w/weights.bin"));
    assert_int_equal(box_open(in(golden, "roster.wtl"), box_path("w2"), bob, NULL, &err), WTL_NO);
    assert_good(wtl_info_read(in(golden, "roster.wtl"), &me, 1, &i, &err), &err);
    assert_true(i.header_generation == 3 && i.n_recipients == 2);
    assert_int_equal(wtl_key_id(alice, id[0], NULL), 0);
    assert_int_equal(wtl_key_id(carol, id[1], NULL), 0);
    assert_memory_equal(i.recipient_id, id, sizeof id);
    wtl_info_free(&i);
}

/* The key files of the folder are the keys above. */
static void the_key_files(void **state)
{
    (void)state;
    static const char *const name[] = {"alice.key", "bob.key", "signer.key", "root.key",
                                       "alice.pub", "bob.pub", "signer.pub", "root.pub"};
    const wtl_key *want[] = {alice, bob, signer, root};
    for (unsigned i = 0; i < 8; i++) {
        AUTO(wtl_buf) text = {0};
        wtl_key *k = NULL;
        wtl_err err = {0};
        box_read(in(golden, name[i]), &text);
        assert_good(wtl_key_parse(&k, wtl_buf_view(&text), NULL, &err), &err);
        assert_true(wtl_key_same(k, want[i % 4]));
        assert_true(wtl_key_is_private(k) == (i < 4));
        wtl_key_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_all),        cmocka_unit_test(make_later),
        cmocka_unit_test(the_signed_tree), cmocka_unit_test(the_file_and_the_stream),
        cmocka_unit_test(the_rewrapped),   cmocka_unit_test(the_appended),
        cmocka_unit_test(the_passphrase),  cmocka_unit_test(the_roster),
        cmocka_unit_test(the_key_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
