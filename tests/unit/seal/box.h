/* What the tests of this room share: a folder of their own, keys, files, short ways to seal and open. */
#ifndef WTL_TESTS_SEAL_BOX_H
#define WTL_TESTS_SEAL_BOX_H

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/key.h"
#include "seal/seal.h"

static char box_dir[64];

/* In memory where possible: opening syncs every file. */
static inline int box_setup(void **state)
{
    (void)state;
    snprintf(box_dir, sizeof box_dir, "%s/wattle-seal-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(box_dir) != NULL ? 0 : -1;
}

static inline int box_teardown(void **state)
{
    (void)state;
    char cmd[192];
    snprintf(cmd, sizeof cmd, "chmod -R u+rwx %s; rm -rf %s", box_dir, box_dir);
    return system(cmd) == 0 ? 0 : -1;
}

/* A path in the folder; ten of them may be in use at once. */
static inline const char *box_path(const char *name)
{
    static char path[10][256];
    static unsigned next;
    char *p = path[next++ % 10];
    snprintf(p, sizeof path[0], "%s/%s", box_dir, name);
    return p;
}

static inline void box_remove(const char *path)
{
    char cmd[512];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", path);
    assert_int_equal(system(cmd), 0);
}

/* A key made from a fixed seed, so that runs are alike. */
static inline wtl_key *box_key(const char *alg, uint8_t seed_byte)
{
    const wtl_alg *a = wtl_alg_by_name(alg);
    assert_non_null(a);
    uint8_t seed[256];
    memset(seed, seed_byte, sizeof seed);
    wtl_key *k = NULL;
    wtl_err err = {0};
    assert_good(wtl_key_from_seed(&k, a, (wtl_bytes){seed, a->seed}, &err), &err);
    return k;
}

static inline wtl_key *box_public(const wtl_key *k)
{
    AUTO(wtl_buf) raw = {0};
    wtl_key *pub = NULL;
    wtl_err err = {0};
    assert_good(wtl_key_public_raw(k, &raw, &err), &err);
    assert_good(wtl_key_from_public(&pub, wtl_key_alg(k), wtl_buf_view(&raw), &err), &err);
    return pub;
}

static inline void box_write(const char *path, wtl_bytes v)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(v.p, 1, v.n, f), v.n);
    assert_int_equal(fclose(f), 0);
}

static inline void box_read(const char *path, wtl_buf *out)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t part[65536];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        wtl_buf_add(out, part, n);
    fclose(f);
    assert_false(out->bad);
}

static inline bool box_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Entries of a folder, without "." and "..". */
static inline size_t box_count(const char *path)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

/* n bytes that repeat with no short period. */
static inline void box_fill(wtl_buf *out, size_t n)
{
    uint8_t *p = wtl_buf_grow(out, n);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24);
    }
}

static inline int box_seal(const char *src, const char *out, const wtl_key *to, const wtl_key *sign,
                           wtl_err *err)
{
    wtl_seal_opts o = {.to = &to, .n_to = 1, .sign = &sign, .n_sign = sign != NULL, .force = true};
    return wtl_seal(src, out, &o, NULL, err);
}

static inline int box_open(const char *container, const char *out, const wtl_key *me, const wtl_key *sender,
                           wtl_err *err)
{
    wtl_open_opts o = {
        .identity = &me, .n_identities = 1, .sender = &sender, .n_senders = sender != NULL, .force = true};
    return wtl_open(container, out, &o, NULL, err);
}

/* Calls fn(arg) with standard input or output being the file. */
static inline int box_redirect(int std, const char *path, int (*fn)(void *), void *arg)
{
    fflush(stdout);
    int saved = dup(std);
    int fd = std == STDIN_FILENO ? open(path, O_RDONLY) : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, std), std);
    close(fd);
    int rc = fn(arg);
    fflush(stdout);
    assert_int_equal(dup2(saved, std), std);
    close(saved);
    return rc;
}

#endif
