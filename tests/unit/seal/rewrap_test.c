/* Recipients changed in place: who may open afterwards, and what is left when it does not come to its end. */
#include "craft.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/text.h"
#include "seal/wrap.h"

enum { SLOT = 16384, SLOT_0 = 4096, SLOT_1 = SLOT_0 + SLOT };

static wtl_key *alice;
static wtl_key *bob;
static wtl_key *carol;
static wtl_key *dave;
static wtl_key *signer;

static int setup(void **state)
{
    alice = box_key("X-Wing", 1);
    bob = box_key("X-Wing", 2);
    carol = box_key("X-Wing", 3);
    dave = box_key("ML-KEM-1024", 4);
    signer = box_key("ML-DSA-44", 5);
    if (box_setup(state) != 0)
        return -1;
    box_write(box_path("m"), wtl_text_of("some content"));
    return 0;
}

static int teardown(void **state)
{
    wtl_key *all[] = {alice, bob, carol, dave, signer};
    for (size_t i = 0; i < 5; i++)
        wtl_key_free(all[i]);
    return box_teardown(state);
}

/* A signed container for Alice and Bob. */
static void fresh(const char *path)
{
    const wtl_key *to[] = {alice, bob};
    const wtl_key *sign = signer;
    wtl_seal_opts o = {.to = to, .n_to = 2, .sign = &sign, .n_sign = 1, .force = true};
    wtl_err err = {0};
    assert_good(wtl_seal(box_path("m"), path, &o, NULL, &err), &err);
}

static int change(const char *path, const wtl_key *me, const wtl_key *add, const wtl_key *remove,
                  wtl_err *err)
{
    wtl_rewrap_opts o = {.identity = &me,
                         .n_identities = 1,
                         .add = &add,
                         .n_add = add != NULL,
                         .remove = &remove,
                         .n_remove = remove != NULL};
    return wtl_rewrap(path, &o, NULL, err);
}

static bool opens(const char *path, const wtl_key *who)
{
    wtl_err err = {0};
    int rc = box_open(path, box_path("out"), who, signer, &err);
    if (rc != 0)
        assert_int_equal(rc, WTL_NO);
    return rc == 0;
}

/* One letter for each who can open: "ab-d". */
static const char *who_opens(const char *path)
{
    static char all[5];
    const wtl_key *key[] = {alice, bob, carol, dave};
    for (size_t i = 0; i < 4; i++)
        all[i] = opens(path, key[i]) ? "abcd"[i] : '-';
    return all;
}

static void add_and_remove(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    wtl_err err = {0};
    fresh(f);
    assert_string_equal(who_opens(f), "ab--");
    assert_good(change(f, alice, dave, NULL, &err), &err);
    assert_string_equal(who_opens(f), "ab-d");
    assert_good(change(f, dave, carol, bob, &err), &err);
    assert_string_equal(who_opens(f), "a-cd");
    assert_good(change(f, alice, NULL, alice, &err), &err);
    assert_string_equal(who_opens(f), "--cd");
    assert_int_equal(change(f, alice, alice, NULL, &err), WTL_NO);
    assert_good(change(f, carol, alice, NULL, &err), &err);
    assert_string_equal(who_opens(f), "a-cd");
    wtl_info i = {0};
    const wtl_key *id = alice;
    assert_good(wtl_info_read(f, &id, 1, &i, &err), &err);
    assert_true(i.header_generation == 5);
    assert_int_equal(i.slot, 0);
    assert_string_equal(i.slot_state[1], "older");
    assert_int_equal(i.n_recipients, 3);
    uint8_t want[WTL_KEY_ID];
    assert_int_equal(wtl_key_id(alice, want, NULL), 0);
    assert_memory_equal(i.recipient_id[2], want, sizeof want);
    wtl_info_free(&i);
}

/* Changed in place: the rest of the file is the same, to the byte. */
static void nothing_else_is_touched(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    AUTO(wtl_buf) before = {0};
    AUTO(wtl_buf) after = {0};
    wtl_err err = {0};
    fresh(f);
    box_read(f, &before);
    assert_good(change(f, alice, carol, NULL, &err), &err);
    box_read(f, &after);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, SLOT_1);
    assert_memory_equal(before.p + SLOT_1 + SLOT, after.p + SLOT_1 + SLOT, before.n - SLOT_1 - SLOT);
}

static void the_complete_set(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    const wtl_key *me = bob;
    const wtl_key *to[] = {dave, alice};
    wtl_rewrap_opts o = {.identity = &me, .n_identities = 1, .to = to, .n_to = 2};
    wtl_rewrap_result r = {0};
    wtl_err err = {0};
    fresh(f);
    assert_good(wtl_rewrap(f, &o, &r, &err), &err);
    assert_string_equal(who_opens(f), "a--d");
    assert_int_equal(r.n_recipients, 2);
    assert_int_equal(r.n_before, 2);
    assert_string_equal(r.recipient[0], "ML-KEM-1024");
    assert_true(r.locked_out);
    assert_true(r.header_generation == 2 && r.slot == 1);
    wtl_rewrap_result_free(&r);
}

static void what_is_refused(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    wtl_key *classical = box_key("X25519", 9);
    wtl_err err = {0};
    AUTO(wtl_buf) before = {0};
    fresh(f);
    box_read(f, &before);
    assert_int_equal(change(f, alice, bob, NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "already"));
    assert_int_equal(change(f, alice, NULL, carol, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "no recipient"));
    assert_int_equal(change(f, alice, classical, NULL, &err), WTL_POLICY);
    assert_int_equal(change(f, alice, signer, NULL, &err), WTL_USAGE);
    assert_int_equal(change(f, alice, NULL, NULL, &err), WTL_USAGE);
    assert_int_equal(change(f, carol, dave, NULL, &err), WTL_NO);
    assert_int_equal(change(box_path("absent"), alice, dave, NULL, &err), WTL_IO);
    assert_int_equal(change(box_dir, alice, dave, NULL, &err), WTL_POLICY);
    assert_int_equal(change(box_path("m"), alice, dave, NULL, &err), WTL_FORMAT);
    const wtl_key *me = alice;
    const wtl_key *both[] = {alice, bob};
    static const char *const name[] = {"alice\n.pub", "bob.pub"};
    wtl_rewrap_opts o = {
        .identity = &me, .n_identities = 1, .remove = both, .remove_name = name, .n_remove = 2};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "last recipient"));
    o = (wtl_rewrap_opts){.identity = &me, .n_identities = 1, .add = both, .add_name = name, .n_add = 1};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "alice\\x0a.pub"));
    o.to = both;
    o.n_to = 1;
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    o = (wtl_rewrap_opts){
        .identity = &me, .n_identities = 1, .add = both, .n_add = 1, .drop_signature = true};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    AUTO(wtl_buf) after = {0};
    box_read(f, &after);
    assert_memory_equal(before.p, after.p, before.n);
    wtl_key_free(classical);
}

/* A header of the usual size holds thirteen X-Wing keys; the next is refused by its name. */
static void as_many_as_fit(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    wtl_err err = {0};
    fresh(f);
    for (uint8_t i = 2; i < 14; i++) {
        wtl_key *k = box_key("X-Wing", (uint8_t)(100 + i));
        wtl_key *pub = box_public(k);
        const wtl_key *me = alice;
        const char *name = "some.pub";
        const wtl_key *add = pub;
        wtl_rewrap_opts o = {.identity = &me, .n_identities = 1, .add = &add, .add_name = &name, .n_add = 1};
        wtl_rewrap_result r = {0};
        int rc = wtl_rewrap(f, &o, &r, &err);
        if (i < 13) {
            assert_good(rc, &err);
            assert_int_equal(r.room, 12 - i);
            assert_true(opens(f, k));
        } else {
            assert_int_equal(rc, WTL_USAGE);
            assert_non_null(strstr(err.text, "some.pub is one too many"));
            assert_non_null(strstr(err.text, "13 X-Wing or 9 ML-KEM-1024"));
        }
        wtl_rewrap_result_free(&r);
        wtl_key_free(k);
        wtl_key_free(pub);
    }
    assert_string_equal(who_opens(f), "ab--");
}

/* Containers of before there was a roster. */
static void old_containers(void **state)
{
    (void)state;
    wtl_key *old_alice = box_key("X-Wing", 0xa1);
    wtl_key *old_bob = box_key("ML-KEM-1024", 0xb0);
    AUTO(wtl_buf) file = {0};
    wtl_err err = {0};
    const char *golden = unit_path("WATTLE_SOURCE", "tests/golden/wtl-v1/file.wtl");
    if (golden == NULL)
        skip();
    box_read(golden, &file);
    char f[256];
    strcpy(f, box_path("old.wtl"));
    box_write(f, wtl_buf_view(&file));
    assert_int_equal(change(f, old_alice, NULL, old_bob, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "--to"));
    assert_good(change(f, old_alice, carol, NULL, &err), &err);
    assert_int_equal(box_open(f, box_path("out"), old_bob, NULL, &err), 0);
    assert_good(change(f, old_alice, NULL, carol, &err), &err);
    assert_int_equal(box_open(f, box_path("out"), carol, NULL, &err), WTL_NO);
    /* Bob's own identity says which one he is. */
    const wtl_key *ids[] = {old_alice, old_bob};
    const wtl_key *remove = old_bob;
    wtl_rewrap_opts o = {.identity = ids, .n_identities = 2, .remove = &remove, .n_remove = 1};
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    assert_int_equal(box_open(f, box_path("out"), old_bob, NULL, &err), WTL_NO);
    assert_int_equal(box_open(f, box_path("out"), old_alice, NULL, &err), 0);
    wtl_key_free(old_alice);
    wtl_key_free(old_bob);
}

static int give(void *arg, char *out, size_t cap, wtl_err *err)
{
    (void)cap;
    (void)err;
    strcpy(out, arg);
    return (int)strlen(arg);
}

static void to_a_passphrase_and_back(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    char one[] = "one";
    char two[] = "two";
    wtl_passphrase first = {give, one};
    wtl_passphrase second = {give, two};
    const wtl_key *me = alice;
    const wtl_key *to = carol;
    wtl_err err = {0};
    fresh(f);
    wtl_rewrap_opts o = {.identity = &me, .n_identities = 1, .set_passphrase = &first, .work = 10};
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    assert_string_equal(who_opens(f), "----");
    o = (wtl_rewrap_opts){.passphrase = &second, .set_passphrase = &second, .work = 10};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_NO);
    o.passphrase = &first;
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    o = (wtl_rewrap_opts){.passphrase = &second, .add = &to, .n_add = 1};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "--to"));
    o = (wtl_rewrap_opts){.passphrase = &second, .remove = &to, .n_remove = 1};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    o = (wtl_rewrap_opts){.passphrase = &second, .to = &to, .n_to = 1, .set_passphrase = &first};
    assert_int_equal(wtl_rewrap(f, &o, NULL, &err), WTL_USAGE);
    o.set_passphrase = NULL;
    assert_good(wtl_rewrap(f, &o, NULL, &err), &err);
    assert_string_equal(who_opens(f), "--c-");
}

/* The new slot cut off at every 64th byte, over the unused one and over an older one: the old recipients or, when
 * it is whole, the new ones; and the next rewrap works. */
static void torn_writes(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    wtl_err err = {0};
    fresh(f);
    for (unsigned round = 0; round < 2; round++) {
        AUTO(wtl_buf) old = {0};
        AUTO(wtl_buf) new = {0};
        box_read(f, &old);
        assert_good(change(f, alice, round == 0 ? carol : bob, round == 0 ? bob : carol, &err), &err);
        box_read(f, &new);
        size_t at = round == 0 ? SLOT_1 : SLOT_0;
        char t[256];
        strcpy(t, box_path("torn.wtl"));
        for (size_t n = 0; n <= SLOT; n += 64) {
            AUTO(wtl_buf) torn = {0};
            wtl_buf_bytes(&torn, wtl_buf_view(&old));
            memcpy(torn.p + at, new.p + at, n);
            box_write(t, wtl_buf_view(&torn));
            bool done = n == SLOT;
            assert_int_equal(opens(t, bob), done == (round == 1));
            if (n % 1024 != 0 && n + 64 < SLOT)
                continue;
            assert_int_equal(opens(t, carol), done == (round == 0));
            assert_good(change(t, alice, dave, NULL, &err), &err);
            assert_true(opens(t, dave) && opens(t, bob) == (done == (round == 1)));
        }
    }
}

/* What an attacker can do who may write to the file: bring an older header back, and nothing else. */
static void slots_moved_about(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    AUTO(wtl_buf) one = {0};
    AUTO(wtl_buf) two = {0};
    AUTO(wtl_buf) three = {0};
    AUTO(wtl_buf) other = {0};
    wtl_err err = {0};
    fresh(f);
    box_read(f, &one);
    assert_good(change(f, alice, carol, bob, &err), &err);
    box_read(f, &two);
    assert_good(change(f, alice, dave, NULL, &err), &err);
    box_read(f, &three);
    fresh(box_path("g.wtl"));
    assert_good(change(box_path("g.wtl"), alice, carol, NULL, &err), &err);
    box_read(box_path("g.wtl"), &other);
    char t[256];
    strcpy(t, box_path("moved.wtl"));
    AUTO(wtl_buf) v = {0};
    wtl_buf_bytes(&v, wtl_buf_view(&three));
    memcpy(v.p + SLOT_0, one.p + SLOT_0, SLOT); /* replayed: 1 again, so 2 is in force */
    box_write(t, wtl_buf_view(&v));
    assert_string_equal(who_opens(t), "a-c-");
    memset(v.p + SLOT_1, 0, SLOT); /* and without the newer one, 1 */
    box_write(t, wtl_buf_view(&v));
    assert_string_equal(who_opens(t), "ab--");
    memcpy(v.p, three.p, three.n);
    memcpy(v.p + SLOT_1, three.p + SLOT_0, SLOT); /* in the other place */
    box_write(t, wtl_buf_view(&v));
    assert_int_equal(box_open(t, box_path("out"), alice, NULL, &err), WTL_FORMAT);
    assert_int_equal(change(t, alice, bob, NULL, &err), WTL_FORMAT);
    memcpy(v.p, two.p, two.n);
    memcpy(v.p + SLOT_1, other.p + SLOT_1, SLOT); /* of another container */
    box_write(t, wtl_buf_view(&v));
    assert_int_equal(box_open(t, box_path("out"), alice, NULL, &err), WTL_NO);
    assert_int_equal(change(t, alice, bob, NULL, &err), WTL_NO);
}

/* A child that changes recipients to and fro until it is killed. */
static pid_t start_changing(const char *f)
{
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (unsigned i = 0;; i++)
            (void)!change(f, alice, i % 2 == 0 ? carol : bob, i % 2 == 0 ? bob : carol, NULL);
    }
    return child;
}

static void killed_at_random(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    unsigned seen[2] = {0};
    uint32_t x = 20260801;
    fresh(f);
    for (unsigned i = 0; i < 200; i++) {
        pid_t child = start_changing(f);
        x = x * 1664525 + 1013904223;
        usleep(500 + (x >> 16) % 4000);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        const char *who = who_opens(f);
        bool old = strcmp(who, "ab--") == 0;
        assert_true(old || strcmp(who, "a-c-") == 0);
        seen[old]++;
        if (!old)
            assert_int_equal(change(f, alice, bob, carol, NULL), 0);
    }
    print_message("bob %u times, carol %u times\n", seen[1], seen[0]);
}

/* The kernel itself ends the process within the write of the slot. */
static void killed_within_the_write(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    fresh(f);
    for (unsigned n = 0; n < SLOT; n += 1000) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            struct rlimit least = {SLOT_1 + n, SLOT_1 + n};
            setrlimit(RLIMIT_FSIZE, &least);
            (void)!change(f, alice, carol, bob, NULL);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
        assert_string_equal(who_opens(f), "ab--");
    }
    wtl_err err = {0};
    assert_good(change(f, alice, carol, bob, &err), &err);
    assert_string_equal(who_opens(f), "a-c-");
}

/* Each adds another: nobody's change is lost. */
static void many_at_once(void **state)
{
    (void)state;
    enum { MANY = 8 };
    char f[256];
    strcpy(f, box_path("f.wtl"));
    pid_t child[MANY];
    fresh(f);
    fflush(stdout);
    for (unsigned i = 0; i < MANY; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            wtl_key *k = box_key("X-Wing", (uint8_t)(100 + i));
            _exit(change(f, alice, k, NULL, NULL) == 0 ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < MANY; i++) {
        int status = 1;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
        wtl_key *k = box_key("X-Wing", (uint8_t)(100 + i));
        assert_true(opens(f, k));
        wtl_key_free(k);
    }
    assert_string_equal(who_opens(f), "ab--");
}

static void a_read_only_container(void **state)
{
    (void)state;
    char f[256];
    strcpy(f, box_path("f.wtl"));
    fresh(f);
    assert_int_equal(chmod(f, 0444), 0);
    assert_int_equal(chmod(box_dir, 0755), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        wtl_err err = {0};
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(1);
        int rc = change(f, alice, carol, NULL, &err);
        _exit(rc == WTL_IO && strstr(err.text, "cannot be written to") != NULL ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(f, 0644), 0);
    assert_string_equal(who_opens(f), "ab--");
}

/* The other slot is a hole, and the disk is full. */
static void a_sparse_container_on_a_full_disk(void **state)
{
    (void)state;
    char disk[256];
    strcpy(disk, box_path("disk"));
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("none", disk, "tmpfs", 0, "size=1m") != 0) {
        print_message("a small tmpfs cannot be mounted here\n");
        skip();
    }
    char f[256];
    strcpy(f, box_path("disk/f.wtl"));
    fresh(f);
    int fd = open(f, O_RDWR);
    assert_true(fd >= 0);
    bool punched = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, SLOT_1, SLOT) == 0;
    close(fd);
    FILE *full = fopen(box_path("disk/full"), "wb");
    char part[4096] = {1};
    while (fwrite(part, 1, sizeof part, full) == sizeof part && fflush(full) == 0)
        ;
    fclose(full);
    wtl_err err = {0};
    int rc = change(f, alice, carol, bob, &err);
    bool said = strstr(err.text, "no room") != NULL;
    unlink(box_path("disk/full"));
    char who[5];
    strcpy(who, who_opens(f));
    int again = change(f, alice, carol, bob, NULL);
    bool carol_opens = opens(f, carol);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
    assert_true(punched);
    assert_int_equal(rc, WTL_IO);
    assert_true(said);
    assert_string_equal(who, "ab--");
    assert_int_equal(again, 0);
    assert_true(carol_opens);
}

/* Rosters by hand: of a wrong length, in a wrong place, of another generation. */
static void broken_rosters(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        craft c;
        AUTO(wtl_buf) hpke = {0};
        AUTO(wtl_buf) info = {0};
        AUTO(wtl_buf) body = {0};
        uint8_t id[2][WTL_KEY_ID] = {{1}, {2}};
        wtl_who who = {id, i == 1 ? 2 : 1};
        wtl_err err = {0};
        craft_small(&c, 0x42, alice, NULL);
        wtl_subkey_hpke_info(&info, &c.pre);
        craft_wrap(&hpke, alice, (wtl_hpke_suite){1, 2}, wtl_buf_view(&info), wtl_secret_view(&c.file_key));
        assert_good(wtl_who_seal(&body, &c.pre, i == 2 ? 2 : 1, &who, &c.file_key, &err), &err);
        wtl_stanza key = {0x647a, 1, 2, wtl_buf_view(&hpke)};
        wtl_stanza roster = {WTL_SLOT_ROSTER, i == 4 ? 4 : 3, 2, wtl_buf_view(&body)};
        wtl_stanza s[2] = {i == 3 ? roster : key, i == 3 ? key : roster};
        AUTO(wtl_buf) slot = {0};
        craft_slot(&c, 1, s, 2, &slot);
        memcpy(c.file.p + SLOT_0, slot.p, slot.n);
        box_write(box_path("r.wtl"), wtl_buf_view(&c.file));
        static const int want[] = {0, WTL_FORMAT, WTL_NO, WTL_FORMAT, 0};
        assert_int_equal(change(box_path("r.wtl"), alice, carol, NULL, &err), want[i]);
        int opened = box_open(box_path("r.wtl"), box_path("r"), alice, NULL, &err);
        assert_int_equal(opened, i == 3 ? WTL_FORMAT : 0);
        craft_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_and_remove),           cmocka_unit_test(nothing_else_is_touched),
        cmocka_unit_test(the_complete_set),         cmocka_unit_test(what_is_refused),
        cmocka_unit_test(as_many_as_fit),           cmocka_unit_test(old_containers),
        cmocka_unit_test(to_a_passphrase_and_back), cmocka_unit_test(torn_writes),
        cmocka_unit_test(slots_moved_about),        cmocka_unit_test(killed_at_random),
        cmocka_unit_test(killed_within_the_write),  cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_read_only_container),    cmocka_unit_test(a_sparse_container_on_a_full_disk),
        cmocka_unit_test(broken_rosters),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
