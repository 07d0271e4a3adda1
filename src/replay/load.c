#include "replay/load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/in.h"

enum { MAGIC = 6, CHUNK = 1 << 16 };

/* The program that unpacks what begins so, or NULL. */
static const char *unpacker(const uint8_t *head, size_t n)
{
    static const uint8_t gzip[] = {0x1f, 0x8b};
    static const uint8_t xz[MAGIC] = {0xfd, '7', 'z', 'X', 'Z', 0};
    if (n >= sizeof gzip && memcmp(head, gzip, sizeof gzip) == 0)
        return "gzip";
    return n >= sizeof xz && memcmp(head, xz, sizeof xz) == 0 ? "xz" : NULL;
}

static int read_all(int fd, const char *name, wtl_buf *out, wtl_err *err)
{
    size_t got = 0;
    do {
        ENSURE(out->n <= WTL_LOAD_MOST, err, WTL_FORMAT, "%s is a trace of more than %llu bytes", name,
               (unsigned long long)WTL_LOAD_MOST);
        uint8_t *to = wtl_buf_grow(out, CHUNK);
        ENSURE(to != NULL, err, WTL_NOMEM, "out of memory for the trace %s", name);
        TRY(wtl_in_read_fd(fd, to, CHUNK, &got, name, err));
        out->n -= CHUNK - got;
    } while (got > 0);
    return WTL_OK;
}

static int start(pid_t *pid, const char *program, int from, int to, wtl_err *err)
{
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)"-dc", NULL};
    posix_spawn_file_actions_t acts;
    int eno = posix_spawn_file_actions_init(&acts);
    ENSURE(eno == 0, err, WTL_NOMEM, "out of memory");
    eno = posix_spawn_file_actions_adddup2(&acts, from, STDIN_FILENO);
    if (eno == 0)
        eno = posix_spawn_file_actions_adddup2(&acts, to, STDOUT_FILENO);
    if (eno == 0)
        eno = posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (eno == 0)
        eno = posix_spawnp(pid, program, &acts, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&acts);
    if (eno != 0)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot run '%s', which unpacks this trace; install it",
                            program);
    return WTL_OK;
}

/* A program that still has something to write after its reader left ends by SIGPIPE. */
static int finish(pid_t pid, const char *program, const char *name, int rc, wtl_err *err)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    TRY(rc);
    ENSURE(WIFEXITED(status) && WEXITSTATUS(status) == 0, err, WTL_FORMAT,
           "%s is damaged: '%s -dc' does not unpack it", name, program);
    return WTL_OK;
}

static int unpack(int fd, const char *program, const char *name, wtl_buf *out, wtl_err *err)
{
    int pipe_fd[2];
    pid_t pid = 0;
    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make a pipe to '%s'", program);
    int rc = start(&pid, program, fd, pipe_fd[1], err);
    close(pipe_fd[1]);
    bool started = rc == WTL_OK;
    if (started)
        rc = read_all(pipe_fd[0], name, out, err);
    close(pipe_fd[0]);
    return started ? finish(pid, program, name, rc, err) : rc;
}

static int read_file(const char *path, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    uint8_t head[MAGIC];
    size_t n;
    TRY(wtl_in_open(&in, path, err));
    TRY(wtl_in_pread(&in, head, sizeof head, 0, &n, err));
    const char *program = unpacker(head, n);
    return program != NULL ? unpack(in.fd, program, in.name, out, err) : read_all(in.fd, in.name, out, err);
}

int wtl_load_trace(wtl_trace *t, const char *path, enum wtl_parse_format f, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(read_file(path, &text, err));
    int rc = wtl_parse_trace(t, f, wtl_buf_view(&text), err);
    if (rc == WTL_OK)
        rc = wtl_trace_done(t, err);
    if (rc < 0)
        wtl_trace_free(t);
    return rc;
}
