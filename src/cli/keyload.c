#include "cli/keyload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "fs/in.h"

enum { KEY_FILE_MOST = 1 << 20, PASSPHRASE_MOST = 1024 };

void wtl_keys_auto(wtl_keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        wtl_key_free(k->key[i]);
    free(k->key);
    free(k->from);
    *k = (wtl_keys){0};
}

/* Keeps the first line alone. */
static int first_line(wtl_secret *s, const char *from, wtl_err *err)
{
    const uint8_t *nl = s->n > 0 ? memchr(s->p, '\n', s->n) : NULL;
    size_t n = nl != NULL ? (size_t)(nl - s->p) : s->n;
    if (n > 0 && s->p[n - 1] == '\r')
        n--;
    ENSURE(n > 0, err, WTL_USAGE, "the passphrase from %s is empty", from);
    AUTO(wtl_secret) line = {0};
    TRY(wtl_secret_copy(&line, (wtl_bytes){s->p, n}, err));
    wtl_secret_free(s);
    *s = line;
    line = (wtl_secret){0};
    return WTL_OK;
}

static int from_fd(wtl_secret *out, const char *text, wtl_err *err)
{
    char *end = NULL;
    long fd = strtol(text, &end, 10);
    ENSURE(text[0] != '\0' && *end == '\0' && fd >= 0 && fd < 1 << 20, err, WTL_USAGE,
           "--passphrase-fd takes the number of an open file descriptor, not '%s'", text);
    AUTO(wtl_secret) s = {0};
    TRY(wtl_secret_new(&s, PASSPHRASE_MOST, err));
    size_t got = 0;
    TRY(wtl_in_read_fd((int)fd, s.p, s.n, &got, "the passphrase's file descriptor", err));
    TRY(wtl_secret_copy(out, (wtl_bytes){s.p, got}, err));
    return first_line(out, "--passphrase-fd", err);
}

int wtl_keyload_passphrase(wtl_secret *out, const wtl_args *args, wtl_err *err)
{
    const char *path = wtl_args_get(args, "passphrase-file", 0);
    const char *fd = wtl_args_get(args, "passphrase-fd", 0);
    ENSURE(path == NULL || fd == NULL, err, WTL_USAGE, "give --passphrase-file or --passphrase-fd, not both");
    if (fd != NULL)
        return from_fd(out, fd, err);
    if (path == NULL)
        return WTL_OK;
    TRY(wtl_in_read_secret(path, PASSPHRASE_MOST, out, err));
    return first_line(out, path, err);
}

/* One line typed at the terminal with the echo off. */
static int prompt(const char *question, char *out, size_t cap, size_t *n, wtl_err *err)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    ENSURE(tty >= 0, err, WTL_USAGE,
           "a passphrase is needed and there is no terminal to ask on: use --passphrase-file or "
           "--passphrase-fd");
    struct termios before;
    bool echo_off = tcgetattr(tty, &before) == 0;
    if (echo_off) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(tty, TCSAFLUSH, &quiet);
    }
    ssize_t written = write(tty, question, strlen(question));
    ssize_t got = written < 0 ? -1 : read(tty, out, cap);
    if (echo_off)
        tcsetattr(tty, TCSAFLUSH, &before);
    written = write(tty, "\n", 1);
    (void)written;
    close(tty);
    ENSURE(got > 0, err, WTL_IO, "no passphrase could be read from the terminal");
    *n = (size_t)got;
    while (*n > 0 && (out[*n - 1] == '\n' || out[*n - 1] == '\r'))
        (*n)--;
    return WTL_OK;
}

int wtl_keyload_new_passphrase(wtl_secret *out, wtl_err *err)
{
    char first[PASSPHRASE_MOST];
    char second[PASSPHRASE_MOST];
    size_t n = 0;
    size_t m = 0;
    int rc = prompt("New passphrase for the private key: ", first, sizeof first, &n, err);
    if (rc == 0)
        rc = prompt("The same again: ", second, sizeof second, &m, err);
    if (rc == 0 && n == 0)
        rc = WTL_FAIL(err, WTL_USAGE, "an empty passphrase protects nothing");
    if (rc == 0 && (n != m || memcmp(first, second, n) != 0))
        rc = WTL_FAIL(err, WTL_USAGE, "the two passphrases differ");
    if (rc == 0)
        rc = wtl_secret_copy(out, (wtl_bytes){(uint8_t *)first, n}, err);
    wtl_secret_wipe(first, sizeof first);
    wtl_secret_wipe(second, sizeof second);
    return rc;
}

struct asked {
    const wtl_args *args;
    const char *path;
};

static int ask(void *arg, char *out, size_t cap, wtl_err *err)
{
    const struct asked *a = arg;
    AUTO(wtl_secret) given = {0};
    TRY(wtl_keyload_passphrase(&given, a->args, err));
    if (given.n > 0) {
        ENSURE(given.n <= cap, err, WTL_USAGE, "the passphrase is longer than %zu bytes", cap);
        memcpy(out, given.p, given.n);
        return (int)given.n;
    }
    char question[512];
    snprintf(question, sizeof question, "Passphrase of %s: ", wtl_show_name(a->path));
    size_t n = 0;
    TRY(prompt(question, out, cap, &n, err));
    return (int)n;
}

static bool takes_passphrases(const wtl_args *args)
{
    for (size_t i = 0; i < args->cmd->n_opts; i++) {
        if (strcmp(args->cmd->opt[i].name, "passphrase-file") == 0)
            return true;
    }
    return false;
}

static int parse(wtl_key **out, const wtl_args *args, const char *value, wtl_err *err)
{
    if (strncmp(value, "age1", 4) == 0 && access(value, F_OK) != 0)
        return wtl_key_parse(out, wtl_text_of(value), NULL, err);
    AUTO(wtl_secret) text = {0};
    TRY(wtl_in_read_secret(value, KEY_FILE_MOST, &text, err));
    struct asked a = {args, value};
    wtl_passphrase pp = {ask, &a};
    return wtl_key_parse(out, wtl_secret_view(&text), takes_passphrases(args) ? &pp : NULL, err);
}

static void notice_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        wtl_show_notice("the private key %s can be read by others (mode %03o): chmod 600 it",
                        wtl_show_name(path), (unsigned)(st.st_mode & 0777));
}

int wtl_keyload_one(wtl_key **out, const wtl_args *args, const char *value, enum wtl_keyload_want want,
                    wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    int rc = parse(&k, args, value, err);
    if (rc < 0) {
        if (err != NULL && strstr(err->text, wtl_show_name(value)) == NULL)
            wtl_err_prefix(err, "key %s: ", wtl_show_name(value));
        return rc;
    }
    ENSURE(want != WTL_KEYLOAD_PRIVATE || wtl_key_is_private(k), err, WTL_USAGE,
           "%s holds a public key, and the private key is needed here", wtl_show_name(value));
    ENSURE(want != WTL_KEYLOAD_PUBLIC || !wtl_key_is_private(k), err, WTL_USAGE,
           "%s holds a private key, and the public key is wanted here: give the .pub file",
           wtl_show_name(value));
    if (wtl_key_is_private(k))
        notice_mode(value);
    *out = k;
    k = NULL;
    return WTL_OK;
}

int wtl_keyload_all(wtl_keys *out, const wtl_args *args, const char *name, enum wtl_keyload_want want,
                    wtl_err *err)
{
    size_t n = wtl_args_count(args, name);
    AUTO(wtl_keys) keys = {0};
    keys.key = calloc(n + 1, sizeof(wtl_key *));
    keys.from = calloc(n + 1, sizeof(const char *));
    ENSURE(keys.key != NULL && keys.from != NULL, err, WTL_NOMEM, "out of memory");
    for (; keys.n < n; keys.n++) {
        keys.from[keys.n] = wtl_args_get(args, name, keys.n);
        TRY(wtl_keyload_one(&keys.key[keys.n], args, keys.from[keys.n], want, err));
    }
    *out = keys;
    keys = (wtl_keys){0};
    return WTL_OK;
}
