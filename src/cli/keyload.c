#include "cli/keyload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "fs/in.h"
#include "jose/jwk.h"

enum { KEY_FILE_MOST = 1 << 20, PASSPHRASE_MOST = 1024, PASSPHRASE_FILE_MOST = 1 << 16, LINE_MOST = 4097 };

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
    ENSURE(n <= PASSPHRASE_MOST, err, WTL_USAGE, "the passphrase from %s is longer than %d bytes", from,
           (int)PASSPHRASE_MOST);
    AUTO(wtl_secret) line = {0};
    TRY(wtl_secret_copy(&line, (wtl_bytes){s->p, n}, err));
    wtl_secret_free(s);
    *s = line;
    line = (wtl_secret){0};
    return WTL_OK;
}

static int from_fd(wtl_secret *out, const char *option, const char *text, wtl_err *err)
{
    char *end = NULL;
    long fd = strtol(text, &end, 10);
    ENSURE(text[0] != '\0' && *end == '\0' && fd >= 0 && fd < 1 << 20, err, WTL_USAGE,
           "--%s takes the number of an open file descriptor, not '%s'", option, text);
    AUTO(wtl_secret) s = {0};
    TRY(wtl_secret_new(&s, PASSPHRASE_MOST + 1, err));
    size_t got = 0;
    TRY(wtl_in_read_fd((int)fd, s.p, s.n, &got, "the passphrase's file descriptor", err));
    TRY(wtl_secret_copy(out, (wtl_bytes){s.p, got}, err));
    return first_line(out, option, err);
}

static int from_options(wtl_secret *out, const wtl_args *args, const char *by_file, const char *by_fd,
                        wtl_err *err)
{
    const char *path = wtl_args_get(args, by_file, 0);
    const char *fd = wtl_args_get(args, by_fd, 0);
    ENSURE(path == NULL || fd == NULL, err, WTL_USAGE, "give --%s or --%s, not both", by_file, by_fd);
    if (fd != NULL)
        return from_fd(out, by_fd, fd, err);
    if (path == NULL)
        return WTL_OK;
    TRY(wtl_in_read_secret(path, PASSPHRASE_FILE_MOST, out, err));
    return first_line(out, wtl_show_name(path), err);
}

int wtl_keyload_passphrase(wtl_secret *out, const wtl_args *args, wtl_err *err)
{
    return from_options(out, args, "passphrase-file", "passphrase-fd", err);
}

/* One line from the terminal, whole: what is left of a longer one would go to the next program that reads. */
static int read_line(int tty, wtl_secret *out, wtl_err *err)
{
    AUTO(wtl_secret) typed = {0};
    TRY(wtl_secret_new(&typed, LINE_MOST, err));
    ssize_t got = read(tty, typed.p, typed.n);
    ENSURE(got > 0, err, WTL_IO, "no passphrase could be read from the terminal");
    size_t n = (size_t)got;
    while (n > 0 && (typed.p[n - 1] == '\n' || typed.p[n - 1] == '\r'))
        n--;
    ENSURE(n <= PASSPHRASE_MOST, err, WTL_USAGE, "the passphrase is longer than %d bytes",
           (int)PASSPHRASE_MOST);
    return wtl_secret_copy(out, (wtl_bytes){typed.p, n}, err);
}

/* One line typed at the terminal with the echo off; it may be empty. */
static int prompt(const char *question, wtl_secret *out, wtl_err *err)
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
    int rc = read_line(tty, out, err);
    if (echo_off)
        tcsetattr(tty, TCSAFLUSH, &before);
    written = write(tty, "\n", 1);
    (void)written;
    close(tty);
    return rc;
}

int wtl_keyload_new_passphrase(wtl_secret *out, const char *what, wtl_err *err)
{
    AUTO(wtl_secret) first = {0};
    AUTO(wtl_secret) second = {0};
    char question[512];
    snprintf(question, sizeof question, "New passphrase for %s: ", what);
    TRY(prompt(question, &first, err));
    ENSURE(first.n > 0, err, WTL_USAGE, "an empty passphrase protects nothing");
    TRY(prompt("The same again: ", &second, err));
    ENSURE(wtl_ct_eq(wtl_secret_view(&first), wtl_secret_view(&second)), err, WTL_USAGE,
           "the two passphrases differ");
    *out = first;
    first = (wtl_secret){0};
    return WTL_OK;
}

void wtl_container_pass_auto(wtl_container_pass *p)
{
    wtl_secret_free(&p->have);
}

static int ask_old(wtl_container_pass *p, wtl_err *err)
{
    char question[512];
    snprintf(question, sizeof question, "Passphrase of %s: ", wtl_show_name(p->container));
    TRY(prompt(question, &p->have, err));
    ENSURE(p->have.n > 0, err, WTL_USAGE, "no passphrase was given");
    return WTL_OK;
}

static bool takes(const wtl_args *args, const char *option)
{
    for (size_t i = 0; i < args->cmd->n_opts; i++) {
        if (strcmp(args->cmd->opt[i].name, option) == 0)
            return true;
    }
    return false;
}

int wtl_keyload_container(wtl_container_pass *p, wtl_err *err)
{
    if (p->have.n > 0)
        return WTL_OK;
    double start = wtl_show_clock();
    bool own = p->fresh && takes(p->args, "new-passphrase-file");
    TRY(from_options(&p->have, p->args, own ? "new-passphrase-file" : "passphrase-file",
                     own ? "new-passphrase-fd" : "passphrase-fd", err));
    if (p->have.n == 0)
        TRY(p->fresh ? wtl_keyload_new_passphrase(&p->have, wtl_show_name(p->container), err)
                     : ask_old(p, err));
    p->seconds += wtl_show_clock() - start;
    return WTL_OK;
}

static int ask_container(void *arg, char *out, size_t cap, wtl_err *err)
{
    wtl_container_pass *p = arg;
    TRY(wtl_keyload_container(p, err));
    ENSURE(p->have.n <= cap, err, WTL_USAGE, "the passphrase is longer than %zu bytes", cap);
    memcpy(out, p->have.p, p->have.n);
    return (int)p->have.n;
}

wtl_passphrase wtl_keyload_asker(wtl_container_pass *p)
{
    return (wtl_passphrase){ask_container, p};
}

int wtl_keyload_work(unsigned *out, const wtl_args *args, const char *name, wtl_err *err)
{
    const char *text = wtl_args_get(args, name, 0);
    *out = 0;
    if (text == NULL)
        return WTL_OK;
    char *end = NULL;
    long v = strtol(text, &end, 10);
    ENSURE(text[0] >= '0' && text[0] <= '9' && *end == '\0' && v >= 10 && v <= 30, err, WTL_USAGE,
           "--%s takes a number from 10 to 30, not '%s': 18 stands for 256 MiB, each one more doubles it",
           name, text);
    *out = (unsigned)v;
    return WTL_OK;
}

/* Do the passphrase options speak of the container? */
static bool options_are_containers(const wtl_args *args)
{
    return (takes(args, "passphrase") && wtl_args_has(args, "passphrase")) ||
           (takes(args, "identity") && !wtl_args_has(args, "identity"));
}

struct asked {
    const wtl_args *args;
    const char *path;
};

static int ask(void *arg, char *out, size_t cap, wtl_err *err)
{
    const struct asked *a = arg;
    AUTO(wtl_secret) given = {0};
    if (!options_are_containers(a->args))
        TRY(wtl_keyload_passphrase(&given, a->args, err));
    if (given.n == 0) {
        char question[512];
        snprintf(question, sizeof question, "Passphrase of %s: ", wtl_show_name(a->path));
        TRY(prompt(question, &given, err));
    }
    ENSURE(given.n <= cap, err, WTL_USAGE, "the passphrase is longer than %zu bytes", cap);
    memcpy(out, given.p, given.n);
    return (int)given.n;
}

static int parse(wtl_key **out, wtl_buf *kid, const wtl_args *args, const char *value, wtl_err *err)
{
    if (strncmp(value, "age1", 4) == 0 && access(value, F_OK) != 0)
        return wtl_key_parse(out, wtl_text_of(value), NULL, err);
    AUTO(wtl_secret) text = {0};
    TRY(wtl_in_read_secret(value, KEY_FILE_MOST, &text, err));
    if (wtl_jwk_looks(wtl_secret_view(&text)))
        return wtl_jwk_read(out, kid, wtl_secret_view(&text), err);
    struct asked a = {args, value};
    wtl_passphrase pp = {ask, &a};
    return wtl_key_parse(out, wtl_secret_view(&text), takes(args, "passphrase-file") ? &pp : NULL, err);
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
    return wtl_keyload_named(out, NULL, args, value, want, err);
}

int wtl_keyload_named(wtl_key **out, wtl_buf *kid, const wtl_args *args, const char *value,
                      enum wtl_keyload_want want, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    int rc = parse(&k, kid, args, value, err);
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
