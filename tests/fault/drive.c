/* Runs a command over and over, each time with another allocation or system call failing, until a run ends in which
 * nothing was left to fail; and looks at what every run left behind.
 *
 *   fault_drive --shim SO --box DIR --what own|any|short|CALL --mode once|on|each [OPTIONS] -- PROGRAM ARGUMENT...
 *
 *   CALL is the name of an error (EIO, ENOSPC, EINTR, EMFILE, ENOMEM, EAGAIN): the calls that may answer so do.
 *   --box DIR       the folder in which the command runs; a run may not leave anything else in it than it found
 *   --new PATH      an output, below DIR: may be there after a run, when --check says that it is whole
 *   --check COMMAND a shell's words, run in DIR without faults where a run succeeded or an output is there: 0 means
 *                   that all is as it should be. STDOUT names what the run printed.
 *   --codes LIST    exit codes that a failed run may have ("3 70")
 *   --survive       every run must succeed
 *   --some          there must be something that can fail
 *   --all           every n; else the first DENSE, and a step beyond that so that about --runs N are made
 *   --from N        begin there, with --only one run, its stack printed where the fault was
 *   --seed N        where the steps begin
 *
 * One line of findings each, "fault_drive: N runs ..." at the end; exits with 1 after a finding. */
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DENSE = 200, MANY = 64, TIMEOUT = 10, TEXT = 8192, SHOWN = 12 };

static struct {
    const char *shim;
    const char *box;
    const char *new_path[MANY];
    size_t n_new;
    const char *check;
    const char *codes;
    const char *stdin_path;
    const char *what;
    char **command;
    int survive;
    int some;
    int all;
    int only;
    unsigned long from;
    unsigned long runs;
    unsigned long seed;
} opt = {.codes = "3 70", .runs = 400, .from = 1};

static fault_plan *plan;
static char work[4096];     /* the plan, what the run said */
static char pristine[4200]; /* a copy of the box */
static size_t findings;
static size_t by_code[256];
static size_t ran;
static uint64_t chances;

static void stop(const char *what, const char *about)
{
    fprintf(stderr, "fault_drive: %s %s: %s\n", what, about, strerror(errno));
    exit(2);
}

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
    char line[10000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (system(line) != 0)
        stop("failed:", line);
}

/* ---- what is in the box */

typedef struct thing {
    char *path;
    mode_t mode;
    off_t size;
    uint64_t sum; /* FNV-1a of a file's contents, of a link's target */
} thing;

typedef struct things {
    thing *t;
    size_t n;
} things;

static uint64_t fnv(uint64_t h, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t sum_file(const char *path, mode_t mode)
{
    unsigned char buf[65536];
    uint64_t h = 0xcbf29ce484222325u;
    if (S_ISLNK(mode)) {
        ssize_t n = readlink(path, (char *)buf, sizeof buf);
        return fnv(h, buf, n > 0 ? (size_t)n : 0);
    }
    if (!S_ISREG(mode))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        stop("cannot read", path);
    for (ssize_t n; (n = read(fd, buf, sizeof buf)) > 0;)
        h = fnv(h, buf, (size_t)n);
    close(fd);
    return h;
}

static void add(things *all, const char *path, const char *below)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        stop("cannot look at", path);
    all->t = realloc(all->t, (all->n + 1) * sizeof *all->t);
    if (all->t == NULL)
        stop("no memory for", path);
    off_t size = S_ISREG(st.st_mode) ? st.st_size : 0;
    all->t[all->n++] = (thing){strdup(below), st.st_mode, size, sum_file(path, st.st_mode)};
}

static void walk(things *all, const char *dir, const char *below)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        stop("cannot list", dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char path[4096];
        char name[4096];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        snprintf(name, sizeof name, "%s%s%s", below, below[0] != '\0' ? "/" : "", e->d_name);
        add(all, path, name);
        if (S_ISDIR(all->t[all->n - 1].mode))
            walk(all, path, name);
    }
    closedir(d);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const thing *)a)->path, ((const thing *)b)->path);
}

static things look(void)
{
    things all = {0};
    walk(&all, opt.box, "");
    if (all.n > 0)
        qsort(all.t, all.n, sizeof *all.t, by_path);
    return all;
}

static void forget(things *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->t[i].path);
    free(all->t);
    *all = (things){0};
}

/* PATH itself, or below it. */
static int is_output(const char *path)
{
    for (size_t i = 0; i < opt.n_new; i++) {
        size_t n = strlen(opt.new_path[i]);
        if (strncmp(path, opt.new_path[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return 1;
    }
    return 0;
}

/* Compares with what was there before. *outputs becomes true when an output is there or another one; *other tells
 * of the first thing besides. Returns whether anything is different. */
static int differ(const things *before, const things *now, int *outputs, char other[TEXT])
{
    size_t i = 0;
    size_t k = 0;
    int any = 0;
    *outputs = 0;
    other[0] = '\0';
    while (i < before->n || k < now->n) {
        int order = i == before->n ? 1 : k == now->n ? -1 : strcmp(before->t[i].path, now->t[k].path);
        const thing *t = order <= 0 ? &before->t[i] : &now->t[k];
        const char *how = order < 0 ? "is gone" : order > 0 ? "was left" : NULL;
        if (order == 0) {
            const thing *u = &now->t[k];
            if (t->mode != u->mode || t->size != u->size || t->sum != u->sum)
                how = "was changed";
        }
        i += order <= 0;
        k += order >= 0;
        if (how == NULL)
            continue;
        any = 1;
        if (is_output(t->path))
            *outputs = 1;
        else if (other[0] == '\0')
            snprintf(other, TEXT, "%s %s", t->path, how);
    }
    return any;
}

/* ---- one run */

static void redirect(const char *name, int to, int flags)
{
    char path[4300];
    snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : work, name[0] == '/' ? "" : "/", name);
    int fd = open(path, flags, 0600);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(126);
    close(fd);
}

static int run(void)
{
    pid_t child = fork();
    if (child < 0)
        stop("cannot fork for", opt.command[0]);
    if (child == 0) {
        char path[4300];
        snprintf(path, sizeof path, "%s/plan", work);
        redirect(opt.stdin_path != NULL ? opt.stdin_path : "/dev/null", 0, O_RDONLY);
        redirect("stdout", 1, O_WRONLY | O_CREAT | O_TRUNC);
        redirect("stderr", 2, O_WRONLY | O_CREAT | O_TRUNC);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        alarm(TIMEOUT);
        if (chdir(opt.box) != 0)
            _exit(126);
        setenv("LD_PRELOAD", opt.shim, 1);
        setenv("TMPDIR", opt.box, 1);
        setenv(FAULT_PLAN_ENV, path, 1);
        execv(opt.command[0], opt.command);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            stop("cannot wait for", opt.command[0]);
    ran++;
    return status;
}

static void said(char text[TEXT])
{
    char path[4300];
    snprintf(path, sizeof path, "%s/stderr", work);
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, TEXT - 1, f) : 0;
    text[n] = '\0';
    if (f != NULL)
        fclose(f);
}

static void finding(const char *what, const char *more)
{
    findings++;
    if (findings > SHOWN)
        return;
    char text[TEXT];
    said(text);
    printf("finding: n = %lu, %s: %s%s%s\n  stderr: %s%s", (unsigned long)plan->n, plan->where, what,
           more[0] != '\0' ? ": " : "", more, text,
           text[0] == '\0' || text[strlen(text) - 1] != '\n' ? "\n" : "");
}

static int allowed(int code)
{
    const char *s = opt.codes;
    for (char *end; *s != '\0'; s = end) {
        if (strtol(s, &end, 10) == code && end != s)
            return 1;
        if (end == s)
            return 0;
    }
    return 0;
}

/* A sentence of the house: "wattle...: words", and its line ended. */
static int is_sentence(const char *text)
{
    size_t n = strlen(text);
    const char *last = n > 0 ? text + n - 1 : text;
    if (*last != '\n' || strstr(text, "wattle") == NULL || strchr(text, ' ') == NULL)
        return 0;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' && *c != '\n')
            return 0;
    return 1;
}

static int checked(void)
{
    if (opt.check == NULL)
        return 1;
    char line[10000];
    snprintf(line, sizeof line, "cd '%s' && STDOUT='%s/stdout' && { %s; } >'%s/check' 2>&1 </dev/null",
             opt.box, work, opt.check, work);
    return system(line) == 0;
}

static void judge_end(int status)
{
    char text[TEXT];
    char number[32];
    if (WIFSIGNALED(status)) {
        snprintf(number, sizeof number, "%s",
                 WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
        finding("ended by a signal", number);
        return;
    }
    int code = WEXITSTATUS(status);
    by_code[code & 255]++;
    if (code == 0)
        return;
    snprintf(number, sizeof number, "%d", code);
    if (opt.survive)
        finding("should have gone on, but exits with", number);
    else if (!allowed(code))
        finding("exit code", number);
    said(text);
    if (!is_sentence(text))
        finding("no sentence", "");
}

static void judge_box(const things *before, int success)
{
    things now = look();
    int outputs;
    char other[TEXT];
    int any = differ(before, &now, &outputs, other);
    forget(&now);
    /* What cannot be removed stays; then the name has to say what it is. */
    int excused = strstr(plan->where, "unlink") != NULL && strstr(other, ".wattle-") != NULL;
    if (other[0] != '\0' && !excused)
        finding("in the folder", other);
    /* Where taking back failed as well, the sentence tells what stays. */
    char text[TEXT];
    said(text);
    int told = strstr(text, " stay in ") != NULL && plan->mode != FAULT_ONCE;
    if ((success || (outputs && !told)) && !checked())
        finding(success ? "it succeeded, but the check did not" : "it failed and left a part of its output",
                "");
    if (any)
        shell("chmod -R u+rwx '%s' && rm -rf '%s' && cp -a '%s' '%s'", opt.box, opt.box, pristine, opt.box);
}

/* False when nothing was left to fail. */
static int try_n(const things *before, uint64_t n)
{
    plan->n = n;
    atomic_store(&plan->count, 0);
    atomic_store(&plan->injected, 0);
    memset(plan->where, 0, sizeof plan->where);
    int status = run();
    if (atomic_load(&plan->injected) == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        finding("fails without a fault", "");
        return 0;
    }
    judge_end(status);
    judge_box(before, WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return atomic_load(&plan->injected) > 0;
}

static uint64_t count_all(const things *before)
{
    try_n(before, UINT64_MAX);
    return atomic_load(&plan->count);
}

static void try_all(const things *before)
{
    uint64_t total = count_all(before);
    chances = total;
    if (opt.some && total == 0)
        finding("the shim saw no call that could fail", "");
    if (findings > 0)
        return;
    uint64_t dense = opt.all || total <= opt.runs ? total : opt.runs < 2 * DENSE ? opt.runs / 2 : DENSE;
    uint64_t step = 1;
    if (total > dense && opt.runs > dense)
        step = (total - dense + (opt.runs - dense) - 1) / (opt.runs - dense);
    for (uint64_t n = opt.from; n <= dense; n++)
        if (!try_n(before, n))
            return;
    /* Sampled past the first ones, from the end backwards too: that is where outputs are finished. */
    for (uint64_t n = dense + 1 + opt.seed % step; n <= total; n += step)
        if (!try_n(before, n))
            return;
    for (uint64_t n = total; n > dense && n + 50 > total; n--)
        try_n(before, n);
}

/* ---- the plan */

static const struct {
    const char *name;
    int eno;
    uint32_t kinds;
} errors[] = {
    {"EIO", EIO,
     FAULT_OPEN | FAULT_READ | FAULT_WRITE | FAULT_SYNC | FAULT_NAME | FAULT_UNLINK | FAULT_CLOSE |
         FAULT_STAT | FAULT_RANDOM | FAULT_SIZE | FAULT_LIST | FAULT_DESCRIPTOR},
    {"ENOSPC", ENOSPC, FAULT_CREATE | FAULT_WRITE | FAULT_SYNC | FAULT_NAME | FAULT_CLOSE | FAULT_SIZE},
    {"EINTR", EINTR,
     FAULT_OPEN | FAULT_READ | FAULT_WRITE | FAULT_SYNC | FAULT_CLOSE | FAULT_RANDOM | FAULT_LOCK},
    {"EMFILE", EMFILE, FAULT_OPEN | FAULT_DESCRIPTOR},
    {"ENOMEM", ENOMEM, FAULT_OPEN | FAULT_MAP | FAULT_STAT | FAULT_NAME | FAULT_LIST | FAULT_DESCRIPTOR},
    {"EAGAIN", EAGAIN, FAULT_THREAD | FAULT_READ | FAULT_WRITE},
};

static int plan_what(const char *what)
{
    if (strcmp(what, "own") == 0 || strcmp(what, "any") == 0) {
        plan->what = what[0] == 'o' ? FAULT_ALLOC_OWN : FAULT_ALLOC_ANY;
        return 1;
    }
    if (strcmp(what, "short") == 0) {
        plan->what = FAULT_SHORT;
        plan->kinds = FAULT_READ | FAULT_WRITE;
        return 1;
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (strcmp(what, errors[i].name) != 0)
            continue;
        plan->what = FAULT_CALL;
        plan->kinds = errors[i].kinds;
        plan->eno = errors[i].eno;
        return 1;
    }
    return 0;
}

static void usage(const char *about)
{
    fprintf(stderr, "fault_drive: %s; the head of tests/fault/drive.c tells how\n", about);
    exit(2);
}

static void take(const char *name, const char *value)
{
    if (strcmp(name, "--shim") == 0)
        opt.shim = value;
    else if (strcmp(name, "--box") == 0)
        opt.box = value;
    else if (strcmp(name, "--new") == 0 && opt.n_new < MANY)
        opt.new_path[opt.n_new++] = value;
    else if (strcmp(name, "--check") == 0)
        opt.check = value;
    else if (strcmp(name, "--codes") == 0)
        opt.codes = value;
    else if (strcmp(name, "--stdin") == 0)
        opt.stdin_path = value;
    else if (strcmp(name, "--from") == 0)
        opt.from = strtoul(value, NULL, 10);
    else if (strcmp(name, "--runs") == 0)
        opt.runs = strtoul(value, NULL, 10);
    else if (strcmp(name, "--seed") == 0)
        opt.seed = strtoul(value, NULL, 10);
    else if (strcmp(name, "--mode") == 0)
        plan->mode = strcmp(value, "once") == 0 ? FAULT_ONCE
                     : strcmp(value, "on") == 0 ? FAULT_ON
                                                : FAULT_EACH_2;
    else if (strcmp(name, "--what") == 0 && plan_what(value))
        opt.what = value;
    else
        usage(name);
}

static void parse(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--survive") == 0)
            opt.survive = 1;
        else if (strcmp(argv[i], "--some") == 0)
            opt.some = 1;
        else if (strcmp(argv[i], "--all") == 0)
            opt.all = 1;
        else if (strcmp(argv[i], "--only") == 0)
            opt.only = 1;
        else if (i + 1 < argc) {
            take(argv[i], argv[i + 1]);
            i++;
        } else
            usage(argv[i]);
    }
    if (i + 1 >= argc || opt.shim == NULL || opt.box == NULL || opt.what == NULL)
        usage("--shim, --box, --what and a command are wanted");
    opt.command = argv + i + 1;
}

static void map_plan(void)
{
    char path[4300];
    const char *tmp = getenv("TMPDIR");
    snprintf(work, sizeof work, "%s/wattle-fault.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(work) == NULL)
        stop("cannot make", work);
    snprintf(path, sizeof path, "%s/plan", work);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *plan) != 0)
        stop("cannot make", path);
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (plan == MAP_FAILED)
        stop("cannot map", path);
    close(fd);
}

int main(int argc, char **argv)
{
    map_plan();
    parse(argc, argv);
    snprintf(pristine, sizeof pristine, "%s/pristine", work);
    setenv("HOME", opt.box, 1);
    shell("cp -a '%s' '%s'", opt.box, pristine);
    things before = look();
    if (opt.only) {
        char text[TEXT];
        plan->trace = 1;
        try_n(&before, opt.from);
        said(text);
        fputs(text, stdout);
    } else
        try_all(&before);
    printf("fault_drive: %zu runs over %" PRIu64 " chances, %zu findings; exit codes", ran, chances,
           findings);
    for (size_t i = 0; i < 256; i++)
        if (by_code[i] > 0)
            printf(" %zu:%zu", i, by_code[i]);
    printf("\n");
    forget(&before);
    shell("rm -rf '%s'", work);
    return findings > 0;
}
