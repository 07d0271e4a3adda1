#include "cli/doctor_path.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/show.h"
#include "crypto/health.h"
#include "crypto/key.h"
#include "fs/in.h"
#include "seal/seal.h"

/* A key file is small; this much fits the secure heap. */
enum { KEY_MOST = 1 << 17, HOUR = 3600, DAY = 86400 };

typedef struct file {
    const char *path;
    struct stat st;
    bool named; /* on the command line, not found in a folder */
} file;

static bool holds(wtl_bytes text, const char *word)
{
    return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

static bool begins(wtl_bytes text, const char *word, size_t n)
{
    return text.n >= n && memcmp(text.p, word, n) == 0;
}

static void check_algorithm(wtl_doctor *d, const file *f, const char *name, bool post_quantum)
{
    if (!post_quantum)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "algorithm", f->path,
                       "have an ML-DSA or SLH-DSA key sign too, and seal to X-Wing or ML-KEM",
                       "%s is not post-quantum: a quantum computer breaks it", name);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "algorithm", f->path, NULL, "%s withstands quantum computers", name);
}

/* Who else may read or replace a private key. */
static void check_private_file(wtl_doctor *d, const file *f)
{
    unsigned mode = (unsigned)f->st.st_mode & 0777;
    if ((mode & 077) != 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "permissions", f->path,
                       "chmod 600 it, and replace the key if others could read it",
                       "the private key is open to others (mode %03o)", mode);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "permissions", f->path, NULL,
                       "the private key is its owner's alone (mode %03o)", mode);
    if (f->st.st_uid != geteuid() && f->st.st_uid != 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "permissions", f->path,
                       "chown it to the user who signs with it",
                       "the private key belongs to user %u, and you are user %u", (unsigned)f->st.st_uid,
                       (unsigned)geteuid());
}

static void check_encrypted(wtl_doctor *d, const file *f, bool encrypted)
{
    wtl_doctor_say(d, encrypted ? WTL_DOCTOR_OK : WTL_DOCTOR_NOTE, "passphrase", f->path,
                   encrypted ? NULL : "keep it on an encrypted disk, or encrypt it with a passphrase",
                   encrypted ? "the private key is encrypted"
                             : "the private key is not encrypted: who reads the file has the key");
}

static void check_private(wtl_doctor *d, const file *f, wtl_bytes text)
{
    check_private_file(d, f);
    AUTO(wtl_key) *k = NULL;
    wtl_err err = {0};
    int rc = wtl_key_parse(&k, text, NULL, &err);
    bool encrypted = rc == WTL_POLICY;
    if (rc == 0 || encrypted)
        check_encrypted(d, f, encrypted);
    if (rc == 0)
        check_algorithm(d, f, wtl_key_alg_name(k), (wtl_key_alg(k)->flags & WTL_ALG_PQ) != 0);
    else if (!encrypted)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "key", f->path, NULL, "no key that Wattle can use: %s",
                       err.text);
}

static void check_public(wtl_doctor *d, const file *f, wtl_bytes text)
{
    AUTO(wtl_key) *k = NULL;
    wtl_err err = {0};
    if (wtl_key_parse(&k, text, NULL, &err) < 0)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "key", f->path, NULL, "no key that Wattle can use: %s",
                       err.text);
    else
        check_algorithm(d, f, wtl_key_alg_name(k), (wtl_key_alg(k)->flags & WTL_ALG_PQ) != 0);
    if ((f->st.st_mode & 022) != 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "permissions", f->path, "chmod go-w it",
                       "others can put their own key in its place (mode %03o)",
                       (unsigned)f->st.st_mode & 0777);
}

static void check_dates(wtl_doctor *d, const file *f, const wtl_health_cert *c)
{
    const char *who = wtl_show_name(c->subject);
    int64_t days = (c->until - d->now) / DAY;
    if (c->until < d->now)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "certificate", f->path, "get a new one",
                       "%s expired %" PRId64 " days ago", who, -days);
    else if (c->from > d->now)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "certificate", f->path, "wait, or set the clock",
                       "%s is not valid yet, for another %" PRId64 " days", who, (c->from - d->now) / DAY);
    else if (c->until - d->now < d->soon)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "certificate", f->path, "get a new one now",
                       "%s expires in %" PRId64 " days", who, days);
    else
        wtl_doctor_say(d, WTL_DOCTOR_OK, "certificate", f->path, NULL, "%s is valid for %" PRId64 " days",
                       who, days);
}

static void check_certificates(wtl_doctor *d, const file *f, wtl_bytes text)
{
    enum { CHAIN_MOST = 100 };
    wtl_health_cert c;
    wtl_err err = {0};
    int rc = 1;
    for (size_t i = 0; i < CHAIN_MOST && (rc = wtl_health_cert_at(text, i, &c, &err)) == 1; i++) {
        check_dates(d, f, &c);
        check_algorithm(d, f, c.key, c.post_quantum);
    }
    if (rc < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "certificate", f->path, "get it again", "%s", err.text);
}

static void check_container(wtl_doctor *d, const file *f)
{
    wtl_info i = {0};
    wtl_err err = {0};
    if (wtl_info_read(f->path, NULL, 0, &i, &err) < 0) {
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "container", f->path,
                       "fetch it again, or open what can be opened", "%s", err.text);
        return;
    }
    for (unsigned k = 0; k < 2; k++) {
        if (strcmp(i.slot_state[k], "torn") == 0)
            wtl_doctor_say(d, WTL_DOCTOR_WARNING, "container", f->path, "change its recipients again",
                           "the last change of recipients did not end; those before it are in force");
    }
    wtl_doctor_say(d, i.n_signatures > 0 ? WTL_DOCTOR_OK : WTL_DOCTOR_NOTE, "container", f->path,
                   i.n_signatures > 0 ? NULL : "seal with --sign", "%zu recipients, %s", i.n_recipients,
                   i.n_signatures > 0 ? "signed by its sender"
                                      : "no signature: anybody could have sealed it");
    wtl_info_free(&i);
}

/* DER has no words in it; the name says that a key is meant. */
static bool looks_like_der(const file *f, wtl_bytes text)
{
    static const char *const ends[] = {".key", ".pub", ".der", ".p8", ".pk8"};
    const char *dot = strrchr(f->path, '.');
    for (size_t i = 0; dot != NULL && begins(text, "\x30", 1) && i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(dot, ends[i]) == 0)
            return true;
    }
    return false;
}

static bool der_is_public(wtl_bytes text)
{
    AUTO(wtl_key) *k = NULL;
    return wtl_key_parse(&k, text, NULL, NULL) == 0 && !wtl_key_is_private(k);
}

static bool check_content(wtl_doctor *d, const file *f, wtl_bytes text)
{
    bool known = true;
    if (begins(text, "\xf7WTL", 4))
        check_container(d, f);
    else if (holds(text, "PRIVATE KEY-----") || holds(text, "AGE-SECRET-KEY-"))
        check_private(d, f, text);
    else if (holds(text, "-----BEGIN PUBLIC KEY-----") || begins(text, "age1", 4))
        check_public(d, f, text);
    else if (looks_like_der(f, text))
        der_is_public(text) ? check_public(d, f, text) : check_private(d, f, text);
    else
        known = false;
    if (holds(text, "-----BEGIN CERTIFICATE-----")) {
        check_certificates(d, f, text);
        known = true;
    }
    return known;
}

/* The beginning tells; what is longer than any key may be a container. */
static bool check_file(wtl_doctor *d, const file *f)
{
    AUTO(wtl_in) in = {.fd = -1};
    AUTO(wtl_secret) room = {0};
    wtl_err err = {0};
    size_t got = 0;
    int rc = wtl_secret_new(&room, KEY_MOST, &err);
    if (rc == 0)
        rc = wtl_in_open(&in, f->path, &err);
    if (rc == 0)
        rc = wtl_in_pread(&in, room.p, room.n, 0, &got, &err);
    if (rc < 0) {
        wtl_doctor_say(d, f->named ? WTL_DOCTOR_PROBLEM : WTL_DOCTOR_NOTE, "file", f->path, NULL, "%s",
                       err.text);
        return true;
    }
    return check_content(d, f, (wtl_bytes){room.p, got});
}

static void check_folder(wtl_doctor *d, const char *folder)
{
    struct stat st;
    if (!wtl_doctor_is_new(d, folder) || stat(folder, &st) != 0)
        return;
    wtl_doctor_path_leftovers(d, folder);
    bool open = (st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0;
    if (open)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "permissions", folder, "chmod go-w it",
                       "others can replace what lies in this folder (mode %04o)",
                       (unsigned)st.st_mode & 07777);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "permissions", folder, NULL,
                       "the folder belongs to user %u, who can replace what lies in it", (unsigned)st.st_uid);
}

/* 16 lower-case hexadecimal digits and the end, as fs makes them. */
static bool is_random_end(const char *s)
{
    return strlen(s) == 16 && strspn(s, "0123456789abcdef") == 16;
}

static bool is_leftover(const char *name)
{
    static const char partial[] = ".wattle-partial-";
    if (strncmp(name, partial, sizeof partial - 1) == 0)
        return is_random_end(name + sizeof partial - 1);
    const char *mark = strrchr(name, '.');
    return name[0] == '.' && mark != NULL && mark > name && strncmp(mark, ".wattle-", 8) == 0 &&
           is_random_end(mark + 8);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The path of an entry; malloc'd. */
static char *join(const char *folder, const char *name)
{
    AUTO(wtl_buf) path = {0};
    wtl_buf_fmt(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    const char *text = wtl_buf_cstr(&path);
    return text != NULL ? strdup(text) : NULL;
}

static void say_leftover(wtl_doctor *d, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return;
    if (d->now - st.st_mtime < HOUR)
        wtl_doctor_say(d, WTL_DOCTOR_NOTE, "leftover", path, "look again when no wattle is running",
                       "unfinished, of a command that runs or was killed");
    else
        wtl_doctor_say(d, WTL_DOCTOR_WARNING, "leftover", path, "remove it",
                       "unfinished output of a command that was killed");
}

void wtl_doctor_path_leftovers(wtl_doctor *d, const char *folder)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char *path = is_leftover(list[i]->d_name) ? join(folder, list[i]->d_name) : NULL;
        if (path != NULL)
            say_leftover(d, path);
        free(path);
        free(list[i]);
    }
    free(list);
}

static void check_entries(wtl_doctor *d, const char *folder)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, by_name);
    if (n < 0)
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "file", folder, NULL, "cannot be listed: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        char *path = !is_leftover(list[i]->d_name) ? join(folder, list[i]->d_name) : NULL;
        file f = {.path = path};
        if (path != NULL && stat(path, &f.st) == 0 && S_ISREG(f.st.st_mode))
            check_file(d, &f);
        free(path);
        free(list[i]);
    }
    free(list);
}

static void check_parent(wtl_doctor *d, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder != NULL)
        check_folder(d, folder);
    free(folder);
}

void wtl_doctor_path(wtl_doctor *d, const char *path)
{
    file f = {.path = path, .named = true};
    if (path[0] == '\0' || stat(path, &f.st) != 0) {
        wtl_doctor_say(d, WTL_DOCTOR_PROBLEM, "file", path, NULL, "cannot be looked at: %s",
                       path[0] == '\0' ? "the name is empty" : strerror(errno));
    } else if (S_ISDIR(f.st.st_mode)) {
        check_folder(d, path);
        check_entries(d, path);
    } else {
        check_parent(d, path);
        if (!check_file(d, &f))
            wtl_doctor_say(d, WTL_DOCTOR_WARNING, "file", path, NULL,
                           "neither a key nor a certificate nor a container");
    }
}
