/* What the tests of this room share: folders to sign in, keys, and short calls. */
#ifndef WTL_TESTS_SIGN_MODEL_H
#define WTL_TESTS_SIGN_MODEL_H

#include "unit.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/key.h"
#include "sign/sign.h"

/* A fresh folder per test, removed after it. */
static char root[64];

static inline int model_setup(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/wattle-sign.XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static inline int model_rm(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st, (void)type, (void)f;
    return remove(path);
}

static inline int model_teardown(void **state)
{
    (void)state;
    return nftw(root, model_rm, 16, FTW_DEPTH | FTW_PHYS);
}

/* root/rest, in one of a few buffers that are used in turn. */
static inline const char *at(const char *rest)
{
    static char paths[16][512];
    static unsigned turn;
    char *p = paths[turn++ % 16];
    snprintf(p, sizeof paths[0], "%s/%s", root, rest);
    return p;
}

static inline void put_bytes(const char *rest, const void *data, size_t n)
{
    FILE *f = fopen(at(rest), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void put(const char *rest, const char *text)
{
    put_bytes(rest, text, strlen(text));
}

static inline void make_folder(const char *rest)
{
    assert_int_equal(mkdir(at(rest), 0777), 0);
}

static inline size_t get_bytes(const char *rest, uint8_t *data, size_t cap)
{
    FILE *f = fopen(at(rest), "rb");
    assert_non_null(f);
    size_t n = fread(data, 1, cap, f);
    fclose(f);
    return n;
}

static inline bool exists(const char *rest)
{
    struct stat st;
    return lstat(at(rest), &st) == 0;
}

static inline size_t count_files(const char *rest)
{
    DIR *d = opendir(at(rest));
    assert_non_null(d);
    size_t n = 0;
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

/* One key per algorithm and number, made once. */
static wtl_key *keys[WTL_ALG_COUNT][2];

static inline int model_free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        wtl_key_free(keys[i][0]);
        wtl_key_free(keys[i][1]);
    }
    return 0;
}

static inline const wtl_key *key(enum wtl_alg_id alg, unsigned number)
{
    wtl_err err = {0};
    if (keys[alg][number] == NULL)
        assert_good(wtl_key_generate(&keys[alg][number], wtl_alg_at(alg), &err), &err);
    return keys[alg][number];
}

/* The usual model: m/a, m/sub/b, m/sub/deep/empty, m/z, and what git leaves. */
static inline void make_model(void)
{
    make_folder("m");
    make_folder("m/sub");
    make_folder("m/sub/deep");
    make_folder("m/.git");
    put("m/.git/config", "x");
    put("m/.gitignore", "*.tmp");
    put("m/a", "alpha");
    put("m/sub/b", "beta");
    put("m/sub/deep/empty", "");
    put("m/z", "last");
}

static inline int sign_with(const wtl_key *k, const char *out, wtl_err *err)
{
    wtl_signer s = {k, out};
    wtl_sign_opts opts = {0};
    return wtl_sign_model(at("m"), &s, 1, &opts, NULL, err);
}

static inline int verify_with(const wtl_key *k, wtl_verify_result *r, wtl_err *err)
{
    wtl_verify_opts opts = {.keys = &k, .n_keys = 1};
    return wtl_verify_model(at("m"), &opts, r, err);
}

#endif
