#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "bundle/bundle.h"
#include "manifest/statement.h"

static void signed_and_verified_by(enum wtl_alg_id alg)
{
    wtl_err err = {0};
    wtl_signer s = {key(alg, 0), at("m/model.sig")};
    wtl_sign_opts opts = {.force = true};
    wtl_sign_result made = {0};
    assert_good(wtl_sign_model(at("m"), &s, 1, &opts, &made, &err), &err);
    assert_string_equal(made.model, "m");
    assert_int_equal(made.files, 4);
    assert_int_equal(made.bytes, 13);
    wtl_verify_result r;
    assert_good(verify_with(key(alg, 0), &r, &err), &err);
    assert_string_equal(r.model, "m");
    assert_string_equal(r.hash, "sha256");
    assert_string_equal(r.root, made.root);
    assert_int_equal(r.files, 4);
    assert_int_equal(r.bytes, 13);
    assert_int_equal(r.n_verdicts, 1);
    assert_int_equal(r.verdict[0].rc, 0);
    assert_int_equal(r.n_findings, 0);
    wtl_verify_result_free(&r);
    wtl_sign_result_free(&made);
}

static void every_signature_algorithm(void **state)
{
    (void)state;
    make_model();
    for (int i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at((size_t)i);
        /* The small SLH-DSA sets take seconds under the sanitizers: one of them stands for all. */
        bool slow = strncmp(a->name, "SLH-DSA", 7) == 0 && a->name[strlen(a->name) - 1] == 's' &&
                    a->id != WTL_ALG_ID_SLHDSA_SHA2_128S;
        if (a->kind == WTL_ALG_SIG && (a->flags & WTL_ALG_KEYGEN) != 0 && !slow)
            signed_and_verified_by((enum wtl_alg_id)i);
    }
}

static void keys_that_cannot_sign(void **state)
{
    (void)state;
    make_model();
    wtl_err err = {0};
    assert_int_equal(sign_with(key(WTL_ALG_ID_MLKEM768, 0), at("m/model.sig"), &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "ML-KEM-768"));
    assert_int_equal(sign_with(key(WTL_ALG_ID_XWING, 0), at("m/model.sig"), &err), WTL_USAGE);
    AUTO(wtl_buf) spki = {0};
    AUTO(wtl_key) *pub = NULL;
    assert_good(wtl_key_write_public(key(WTL_ALG_ID_MLDSA44, 0), WTL_KEY_DER, &spki, &err), &err);
    assert_good(wtl_key_parse(&pub, wtl_buf_view(&spki), NULL, &err), &err);
    assert_int_equal(sign_with(pub, at("m/model.sig"), &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "public key"));
    wtl_sign_opts opts = {0};
    assert_int_equal(wtl_sign_model(at("m"), NULL, 0, &opts, NULL, &err), WTL_USAGE);
    wtl_signer s = {key(WTL_ALG_ID_MLDSA44, 0), at("m/model.sig")};
    opts.hash = "md5";
    assert_int_equal(wtl_sign_model(at("m"), &s, 1, &opts, NULL, &err), WTL_USAGE);
    opts.hash = "sha512";
    assert_int_equal(wtl_sign_model(at("m"), &s, 1, &opts, NULL, &err), WTL_USAGE);
    assert_false(exists("m/model.sig"));
    const wtl_key *kem = key(WTL_ALG_ID_MLKEM768, 0);
    wtl_verify_result r;
    assert_int_equal(verify_with(kem, &r, &err), WTL_USAGE);
    wtl_verify_result_free(&r);
    wtl_verify_opts none = {0};
    assert_int_equal(wtl_verify_model(at("m"), &none, &r, &err), WTL_USAGE);
}

/* The statement inside a bundle on disk. */
static void read_statement(const char *rest, wtl_statement *s, wtl_bundle *b)
{
    static uint8_t data[1 << 16];
    wtl_err err = {0};
    size_t n = get_bytes(rest, data, sizeof data);
    assert_good(wtl_bundle_parse(b, (wtl_bytes){data, n}, &err), &err);
    assert_good(wtl_statement_parse(s, wtl_buf_view(&b->payload), &err), &err);
}

static void what_is_written(void **state)
{
    (void)state;
    make_model();
    make_folder("elsewhere");
    wtl_err err = {0};
    wtl_signer s[] = {{key(WTL_ALG_ID_MLDSA65, 0), at("m/model.sig")},
                      {key(WTL_ALG_ID_ECDSA_P256, 0), at("m/sub/second.sig")},
                      {key(WTL_ALG_ID_ED25519, 0), at("elsewhere/third.sig")}};
    wtl_sign_opts opts = {.hash = "blake2b"};
    assert_good(wtl_sign_model(at("m/"), s, 3, &opts, NULL, &err), &err);
    AUTO(wtl_statement) st = {0};
    AUTO(wtl_bundle) b = {0};
    read_statement("m/model.sig", &st, &b);
    assert_int_equal(st.hash, WTL_HASH_BLAKE2B);
    assert_string_equal(st.subject, "m");
    static const char *const ignore[] = {".git",       ".gitattributes", ".github",
                                         ".gitignore", "model.sig",      "sub/second.sig"};
    assert_int_equal(st.n_ignore, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(st.ignore[i], ignore[i]);
    static const char *const names[] = {"a", "sub/b", "sub/deep/empty", "z"};
    assert_int_equal(st.n_resources, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(st.resource[i].name, names[i]);
    AUTO(wtl_statement) st2 = {0};
    AUTO(wtl_bundle) b2 = {0};
    read_statement("elsewhere/third.sig", &st2, &b2);
    assert_int_equal(b.payload.n, b2.payload.n);
    assert_memory_equal(b.payload.p, b2.payload.p, b.payload.n);
    struct stat file;
    assert_int_equal(stat(at("m/model.sig"), &file), 0);
    assert_int_equal(file.st_mode & 0111, 0);
}

static void default_names(void **state)
{
    (void)state;
    make_model();
    put("m/weights.bin", "w");
    static const struct {
        const char *model;
        const char *out;
        const char *key;
        size_t i;
        const char *want; /* below root when the model is */
    } rows[] = {
        {"m", NULL, "a.key", 0, "m/model.sig"},
        {"m/", NULL, "a.key", 0, "m/model.sig"},
        {"m//", NULL, "keys/root.key", 1, "m/model.root.sig"},
        {"m", NULL, "keys/my.root.pem", 2, "m/model.my.root.sig"},
        {"m", NULL, "plain", 1, "m/model.plain.sig"},
        {"m", NULL, ".hidden", 1, "m/model..hidden.sig"},
        {"m/weights.bin", NULL, "a.key", 0, "m/weights.bin.sig"},
        {"m/weights.bin", NULL, "b/root.key", 1, "m/weights.bin.root.sig"},
        {"m", "dir.d/x.sig", "a.key", 0, "dir.d/x.sig"},
        {"m", "dir.d/x.sig", "root.key", 1, "dir.d/x.root.sig"},
        {"m", "dir.d/x", "root.key", 1, "dir.d/x.root"},
        {"m", "dir.d/.x", "root.key", 1, "dir.d/.x.root"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = NULL;
        wtl_err err = {0};
        assert_good(wtl_sign_path(&path, at(rows[i].model), rows[i].out, rows[i].key, rows[i].i, &err), &err);
        assert_string_equal(path, rows[i].out != NULL ? rows[i].want : at(rows[i].want));
        free(path);
    }
    char *path = NULL;
    wtl_err err = {0};
    assert_int_equal(wtl_sign_path(&path, at("m"), NULL, "keys/", 1, &err), WTL_USAGE);
    assert_int_equal(wtl_sign_path(&path, at("nothing"), NULL, "a.key", 0, &err), WTL_IO);
    assert_null(path);
    assert_good(wtl_sign_path(&path, "/", NULL, "a.key", 0, &err), &err);
    assert_string_equal(path, "/model.sig");
    free(path);
}

static void nothing_is_replaced_by_mistake(void **state)
{
    (void)state;
    make_model();
    put("m/model.sig", "old");
    put("single", "s");
    const wtl_key *k = key(WTL_ALG_ID_MLDSA44, 0);
    wtl_err err = {0};
    assert_int_equal(sign_with(k, at("m/model.sig"), &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "--force"));
    wtl_sign_opts opts = {.force = true};
    wtl_signer twice[] = {{k, at("m/model.sig")}, {key(WTL_ALG_ID_MLDSA65, 0), at("m/sub/../model.sig")}};
    assert_int_equal(wtl_sign_model(at("m"), twice, 2, &opts, NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "two keys"));
    wtl_signer part = {k, at("m/sub/b")};
    assert_int_equal(wtl_sign_model(at("m"), &part, 1, &opts, NULL, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "part of the model"));
    wtl_signer self = {k, at("single")};
    assert_int_equal(wtl_sign_model(at("single"), &self, 1, &opts, NULL, &err), WTL_POLICY);
    wtl_signer glob = {k, at("m/model.[x].sig")};
    assert_int_equal(wtl_sign_model(at("m"), &glob, 1, &opts, NULL, &err), WTL_USAGE);
    wtl_signer nowhere = {k, at("none/model.sig")};
    assert_int_equal(wtl_sign_model(at("m"), &nowhere, 1, &opts, NULL, &err), WTL_IO);
    wtl_signer folder = {k, at("m/sub/")};
    assert_int_equal(wtl_sign_model(at("m"), &folder, 1, &opts, NULL, &err), WTL_IO);
    uint8_t data[8];
    assert_int_equal(get_bytes("m/model.sig", data, sizeof data), 3);
    assert_int_equal(get_bytes("m/sub/b", data, sizeof data), 4);
    assert_int_equal(get_bytes("single", data, sizeof data), 1);
    wtl_signer good = {k, at("m/model.sig")};
    assert_good(wtl_sign_model(at("m"), &good, 1, &opts, NULL, &err), &err);
    wtl_verify_result r;
    assert_good(verify_with(k, &r, &err), &err);
    wtl_verify_result_free(&r);
}

/* The second of two signatures has no place: the first must not appear either. */
static void all_signatures_or_none(void **state)
{
    (void)state;
    make_model();
    make_folder("m/model.root.sig");
    put("m/model.root.sig/x", "x");
    wtl_signer s[] = {{key(WTL_ALG_ID_MLDSA44, 0), at("m/model.sig")},
                      {key(WTL_ALG_ID_MLDSA65, 0), at("m/model.root.sig")}};
    wtl_sign_opts opts = {.force = true};
    wtl_err err = {0};
    wtl_sign_result r = {0};
    assert_true(wtl_sign_model(at("m"), s, 2, &opts, &r, &err) < 0);
    assert_false(exists("m/model.sig"));
    assert_null(r.model);
    assert_int_equal(count_files("m"), 6);
}

/* A signature's place is taken by someone else while the model is hashed. */
static void take_place(void *arg, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    put(arg, "taken");
}

static void a_place_taken_meanwhile(void **state)
{
    (void)state;
    make_model();
    wtl_signer s[] = {{key(WTL_ALG_ID_MLDSA44, 0), at("m/model.sig")},
                      {key(WTL_ALG_ID_MLDSA65, 0), at("m/model.root.sig")}};
    wtl_sign_opts opts = {.progress = {take_place, (void *)(uintptr_t)"m/model.root.sig"}};
    wtl_err err = {0};
    assert_int_equal(wtl_sign_model(at("m"), s, 2, &opts, NULL, &err), WTL_POLICY);
    assert_false(exists("m/model.sig"));
    uint8_t data[8];
    assert_int_equal(get_bytes("m/model.root.sig", data, sizeof data), 5);
    assert_int_equal(count_files("m"), 6);
}

/* The system's calls that put files in place, failing when a test says so. */
static int renames_left = -1; /* before one fails; negative = never */
static int dir_syncs_left = -1;

int renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
    if (renames_left-- == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from, a, to, b, flags);
}

int fsync(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && dir_syncs_left-- == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void a_late_failure_takes_the_first_back(void **state)
{
    (void)state;
    make_model();
    wtl_signer s[] = {{key(WTL_ALG_ID_MLDSA44, 0), at("m/model.sig")},
                      {key(WTL_ALG_ID_MLDSA65, 0), at("m/model.root.sig")}};
    wtl_sign_opts opts = {0};
    for (int i = 0; i < 4; i++) {
        wtl_err err = {0};
        wtl_sign_result r = {0};
        *(i < 2 ? &renames_left : &dir_syncs_left) = i % 2;
        assert_int_equal(wtl_sign_model(at("m"), s, 2, &opts, &r, &err), WTL_IO);
        assert_true(renames_left < 0 && dir_syncs_left < 0);
        assert_null(r.model);
        assert_int_equal(count_files("m"), 5);
    }
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("m"), s, 2, &opts, NULL, &err), &err);
    assert_int_equal(count_files("m"), 7);
}

static void what_cannot_be_signed(void **state)
{
    (void)state;
    const wtl_key *k = key(WTL_ALG_ID_MLDSA44, 0);
    wtl_err err = {0};
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_IO);
    make_folder("m");
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "no file to sign"));
    make_folder("m/.git");
    put("m/.git/x", "x");
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_POLICY);
    put("m/caf\xe9", "x");
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "caf\\xe9"));
    assert_int_equal(unlink(at("m/caf\xe9")), 0);
    put("m/a", "x");
    assert_int_equal(symlink("a", at("m/link")), 0);
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "link"));
    assert_int_equal(unlink(at("m/link")), 0);
    assert_int_equal(mkfifo(at("m/pipe"), 0600), 0);
    assert_int_equal(sign_with(k, at("m.sig"), &err), WTL_POLICY);
    assert_int_equal(unlink(at("m/pipe")), 0);
    wtl_signer s = {k, at("m.sig")};
    wtl_sign_opts opts = {0};
    assert_int_equal(wtl_sign_model("/dev/null", &s, 1, &opts, NULL, &err), WTL_POLICY);
    assert_false(exists("m.sig"));
    assert_good(sign_with(k, at("m.sig"), &err), &err);
}

static void odd_names_are_kept(void **state)
{
    (void)state;
    make_folder("m");
    static const char *const names[] = {"m/new\nline", "m/a:0:10",    "m/ space ",
                                        "m/-rf",       "m/q\"uote\\", "m/\xe6\xa8\xa1\xe5\x9e\x8b.bin",
                                        "m/*?[x]",     "m/...",       "m/\x1b[31m"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        put(names[i], names[i]);
    const wtl_key *k = key(WTL_ALG_ID_MLDSA44, 0);
    wtl_err err = {0};
    assert_good(sign_with(k, at("m/model.sig"), &err), &err);
    wtl_verify_result r;
    assert_good(verify_with(k, &r, &err), &err);
    assert_int_equal(r.files, sizeof names / sizeof names[0]);
    wtl_verify_result_free(&r);
    put("m/new\nline", "other");
    assert_int_equal(verify_with(k, &r, &err), WTL_NO);
    assert_string_equal(r.finding[0].path, "new\nline");
    assert_null(strchr(err.text, '\n'));
    wtl_verify_result_free(&r);
}

static void append(void *arg, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    FILE *f = fopen(arg, "ab");
    assert_non_null(f);
    fputc('+', f);
    fclose(f);
}

static void rewrite(void *arg, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    FILE *f = fopen(arg, "r+b");
    assert_non_null(f);
    fputc('!', f);
    fclose(f);
}

/* Nine MiB, so that the caller hears of progress in the middle of the file. */
static void changes_meanwhile(void (*step)(void *, uint64_t, uint64_t), const char *file, bool verifying)
{
    const wtl_key *k = key(WTL_ALG_ID_MLDSA44, 0);
    wtl_err err = {0};
    size_t n = 9 << 20;
    uint8_t *data = calloc(1, n);
    assert_non_null(data);
    put_bytes("m/z", data, n);
    free(data);
    /* Long ago, so that the clock's grain does not hide the change. */
    struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
    unlink(at("m/model.sig"));
    wtl_progress p = {step, (void *)(uintptr_t)file};
    int rc;
    if (verifying) {
        assert_good(sign_with(k, at("m/model.sig"), &err), &err);
        wtl_verify_opts opts = {.keys = &k, .n_keys = 1, .progress = p};
        wtl_verify_result r;
        rc = wtl_verify_model(at("m"), &opts, &r, &err);
        wtl_verify_result_free(&r);
    } else {
        wtl_signer s = {k, at("m/model.sig")};
        wtl_sign_opts opts = {.progress = p};
        rc = wtl_sign_model(at("m"), &s, 1, &opts, NULL, &err);
        assert_false(exists("m/model.sig"));
    }
    assert_int_equal(rc, WTL_NO);
    assert_non_null(strstr(err.text, "changed"));
    assert_non_null(strstr(err.text, "m/z"));
}

static void a_file_that_changes_meanwhile(void **state)
{
    (void)state;
    make_model();
    char file[512];
    snprintf(file, sizeof file, "%s", at("m/z"));
    changes_meanwhile(append, file, false);
    changes_meanwhile(rewrite, file, false);
    changes_meanwhile(append, file, true);
    changes_meanwhile(rewrite, file, true);
}

static uint64_t heard[16];
static size_t n_heard;

static void hear(void *arg, uint64_t done, uint64_t total)
{
    assert_ptr_equal(arg, heard);
    assert_int_equal(total, (20 << 20) + 3);
    assert_true(n_heard < 16);
    heard[n_heard++] = done;
}

static void progress_is_told(void **state)
{
    (void)state;
    make_folder("m");
    put("m/a", "abc");
    size_t n = 20 << 20;
    uint8_t *data = calloc(1, n);
    assert_non_null(data);
    put_bytes("m/b", data, n);
    free(data);
    wtl_signer s = {key(WTL_ALG_ID_MLDSA44, 0), at("m/model.sig")};
    wtl_sign_opts opts = {.threads = 1, .progress = {hear, heard}};
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("m"), &s, 1, &opts, NULL, &err), &err);
    assert_int_equal(n_heard, 3);
    assert_int_equal(heard[2], (20 << 20) + 3);
    assert_true(heard[0] < heard[1] && heard[1] < heard[2]);
}

static void a_single_file(void **state)
{
    (void)state;
    put("model.bin", "weights");
    put("model.bin2", "others");
    const wtl_key *k = key(WTL_ALG_ID_ECDSA_P384, 0);
    wtl_signer s = {k, at("model.bin.sig")};
    wtl_sign_opts opts = {0};
    wtl_err err = {0};
    assert_good(wtl_sign_model(at("model.bin"), &s, 1, &opts, NULL, &err), &err);
    AUTO(wtl_statement) st = {0};
    AUTO(wtl_bundle) b = {0};
    read_statement("model.bin.sig", &st, &b);
    assert_int_equal(st.n_resources, 1);
    assert_string_equal(st.resource[0].name, ".");
    assert_string_equal(st.subject, "model.bin");
    wtl_verify_opts v = {.keys = &k, .n_keys = 1};
    wtl_verify_result r;
    assert_good(wtl_verify_model(at("model.bin"), &v, &r, &err), &err);
    assert_int_equal(r.files, 1);
    wtl_verify_result_free(&r);
    put("model.bin", "weightz");
    assert_int_equal(wtl_verify_model(at("model.bin"), &v, &r, &err), WTL_NO);
    assert_int_equal(r.n_findings, 1);
    assert_int_equal(r.finding[0].kind, WTL_FOUND_CHANGED);
    assert_string_equal(r.finding[0].path, "model.bin");
    wtl_verify_result_free(&r);
    assert_int_equal(wtl_verify_model(at("model.bin2"), &v, &r, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "no signature"));
    wtl_verify_result_free(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, model_setup, model_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_signature_algorithm),
        TEST(keys_that_cannot_sign),
        TEST(what_is_written),
        TEST(default_names),
        TEST(nothing_is_replaced_by_mistake),
        TEST(all_signatures_or_none),
        TEST(a_place_taken_meanwhile),
        TEST(a_late_failure_takes_the_first_back),
        TEST(what_cannot_be_signed),
        TEST(odd_names_are_kept),
        TEST(a_file_that_changes_meanwhile),
        TEST(progress_is_told),
        TEST(a_single_file),
    };
    return cmocka_run_group_tests(tests, NULL, model_free_keys);
}
