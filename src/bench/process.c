#include "bench/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TREE_MOST = 256 };

typedef struct tree {
    pid_t pid[TREE_MOST];
    size_t n;
} tree;

bool wtl_process_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return false;
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

int wtl_process_cpu_at(unsigned i)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(getpid(), sizeof set, &set) != 0)
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &set) && i-- == 0)
            return cpu;
    }
    return -1;
}

/* In the child: a group, a processor and signals of its own. */
static void settle_in(int cpu)
{
    enum { SIGNALS = 32 };
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* not SIGKILL: it has to end its own children */
    if (cpu >= 0)
        (void)wtl_process_pin(cpu);
    for (int s = 1; s < SIGNALS; s++)
        (void)sigaction(s, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: becomes the program, or ends. */
static void become(const char *const *argv, const char *dir, const char *log, int cpu, int told)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *words[WTL_PROCESS_WORDS + 1] = {NULL};
    for (size_t i = 0; i < WTL_PROCESS_WORDS && argv[i] != NULL; i++)
        words[i] = (char *)(uintptr_t)argv[i]; /* execv takes what it does not change without saying so */
    settle_in(cpu);
    if (words[0] != NULL && in >= 0 && out >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 &&
        dup2(out, 2) >= 0 && chdir(dir) == 0)
        execv(words[0], words);
    int why = errno;
    ssize_t n = write(told, &why, sizeof why);
    _exit(n == (ssize_t)sizeof why ? 127 : 126);
}

int wtl_process_start(wtl_process *p, const char *const *argv, const char *dir, const char *log, int cpu,
                      wtl_err *err)
{
    int pipes[2];
    int why = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make a pipe to start %.200s", argv[0]);
    pid_t pid = fork();
    if (pid == 0)
        become(argv, dir, log, cpu, pipes[1]);
    int forked = errno;
    close(pipes[1]);
    bool failed = pid > 0 && read(pipes[0], &why, sizeof why) == (ssize_t)sizeof why;
    close(pipes[0]);
    if (pid < 0)
        return WTL_FAIL_SYS(err, WTL_IO, forked, "cannot make a process for %.200s", argv[0]);
    if (failed) {
        waitpid(pid, NULL, 0);
        return WTL_FAIL_SYS(err, WTL_IO, why, "cannot start %.200s", argv[0]);
    }
    p->pid = pid;
    return WTL_OK;
}

int wtl_process_fork(wtl_process *p, int (*run)(void *arg), void *arg, int cpu, wtl_err *err)
{
    pid_t pid = fork();
    if (pid < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make a process");
    if (pid == 0) {
        settle_in(cpu);
        _exit(run(arg));
    }
    p->pid = pid;
    return WTL_OK;
}

bool wtl_process_lives(const wtl_process *p)
{
    siginfo_t info = {0};
    return p->pid > 0 && waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

/* The process that started this one, or 0. */
static pid_t parent_of(const char *pid)
{
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *end = strrchr(text, ')'); /* the name before it may hold anything */
    return end != NULL && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static bool holds(const tree *t, pid_t pid)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->pid[i] == pid)
            return true;
    }
    return false;
}

/* Adds those whose parent is in the tree; true when there were any. */
static bool grow(tree *t)
{
    size_t before = t->n;
    DIR *d = opendir("/proc");
    const struct dirent *e = NULL;
    while (d != NULL && (e = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe): its own stream */
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        if (pid > 0 && t->n < TREE_MOST && !holds(t, pid) && holds(t, parent_of(e->d_name)))
            t->pid[t->n++] = pid;
    }
    if (d != NULL)
        closedir(d);
    return t->n > before;
}

static void tree_of(const wtl_process *p, tree *t)
{
    t->pid[0] = p->pid;
    t->n = 1;
    while (grow(t))
        ;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

void wtl_process_stop(wtl_process *p)
{
    enum { WAITS = 150, WAIT_MS = 10 };
    tree t;
    if (p->pid <= 0)
        return;
    tree_of(p, &t);
    kill(p->pid, SIGTERM);
    for (int i = 0; i < WAITS && wtl_process_lives(p); i++)
        pause_ms(WAIT_MS);
    if (wtl_process_lives(p)) {
        for (size_t i = 0; i < t.n; i++)
            kill(t.pid[i], SIGKILL);
    }
    waitpid(p->pid, NULL, 0);
    *p = (wtl_process){0};
}

int wtl_process_time(const wtl_process *p, uint64_t *ns, wtl_err *err)
{
    tree t;
    uint64_t sum = 0;
    tree_of(p, &t);
    for (size_t i = 0; i < t.n; i++) {
        clockid_t clock;
        struct timespec now;
        if (clock_getcpuclockid(t.pid[i], &clock) == 0 && clock_gettime(clock, &now) == 0)
            sum += (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
        else
            ENSURE(i > 0, err, WTL_IO, "a program under measurement has ended");
    }
    *ns = sum;
    return WTL_OK;
}

/* The number of kB behind `name` in a file of lines "Name: 12 kB"; false without it. */
static bool line_of(const char *path, const char *name, uint64_t *bytes)
{
    char line[256];
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        found = strncmp(line, name, strlen(name)) == 0;
        if (found)
            *bytes = strtoull(line + strlen(name), NULL, 10) * 1024;
    }
    if (f != NULL)
        fclose(f);
    return found;
}

int wtl_process_memory(const wtl_process *p, uint64_t *bytes, wtl_err *err)
{
    tree t;
    uint64_t sum = 0;
    tree_of(p, &t);
    for (size_t i = 0; i < t.n; i++) {
        char path[64];
        uint64_t one = 0;
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)t.pid[i]);
        bool told = line_of(path, "Pss:", &one);
        snprintf(path, sizeof path, "/proc/%d/status", (int)t.pid[i]);
        told = told || line_of(path, "VmRSS:", &one);
        ENSURE(told || i > 0, err, WTL_IO, "the memory of a program under measurement cannot be read");
        sum += one;
    }
    *bytes = sum;
    return WTL_OK;
}
