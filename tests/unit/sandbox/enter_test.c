#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "child.h"
#include "sandbox/instrumented.h"

enum { ALL = WTL_SANDBOX_ACCEPT | WTL_SANDBOX_CONNECT | WTL_SANDBOX_THREADS, BIG = 100 << 20 };

/* A kernel call whose arguments would do no harm if it were let through. */
struct call {
    const char *name;
    long number;
    long arg[5];
    bool helper; /* instrumented builds may */
};

static void make_call(void *arg)
{
    const struct call *c = arg;
    (void)syscall(c->number, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4]);
}

#define PTR(p) ((long)(uintptr_t)(p))

static void what_kills(void **state)
{
    (void)state;
    char *none[] = {NULL};
    struct call calls[] = {
#ifdef SYS_open
        {"open", SYS_open, {PTR("/etc/passwd"), O_RDONLY}, true},
        {"creat", SYS_creat, {PTR("/nonexistent/file"), 0600}, false},
        {"unlink", SYS_unlink, {PTR("/nonexistent/file")}, true},
        {"rename", SYS_rename, {PTR("/nonexistent/a"), PTR("/nonexistent/b")}, false},
        {"chmod", SYS_chmod, {PTR("/nonexistent/a"), 0600}, false},
#endif
        {"openat", SYS_openat, {AT_FDCWD, PTR("/etc/passwd"), O_RDONLY}, true},
        {"openat of nothing", SYS_openat, {AT_FDCWD, PTR("/nonexistent/file"), O_RDONLY}, true},
        {"openat2", SYS_openat2, {AT_FDCWD, PTR("/etc/passwd"), 0, 0}, false},
        {"truncate", SYS_truncate, {PTR("/nonexistent/file"), 0}, false},
        {"execve", SYS_execve, {PTR("/nonexistent/program"), PTR(none), PTR(none)}, false},
        {"execveat", SYS_execveat, {AT_FDCWD, PTR("/nonexistent/program"), PTR(none), PTR(none), 0}, false},
        {"ptrace", SYS_ptrace, {16 /* attach */, 0}, true},
        {"process_vm_readv", SYS_process_vm_readv, {getppid(), 0, 0, 0, 0}, false},
        {"process_vm_writev", SYS_process_vm_writev, {getppid(), 0, 0, 0, 0}, false},
        {"pidfd_open", SYS_pidfd_open, {getppid(), 0}, false},
        {"unshare", SYS_unshare, {0}, false},
        {"setns", SYS_setns, {-1, 0}, false},
        {"clone with a user namespace", SYS_clone, {CLONE_NEWUSER | CLONE_THREAD}, true},
        {"clone with a network namespace", SYS_clone, {CLONE_NEWNET | CLONE_THREAD}, true},
        {"mount", SYS_mount, {0, 0, 0, 0, 0}, false},
        {"umount2", SYS_umount2, {0, 0}, false},
        {"pivot_root", SYS_pivot_root, {0, 0}, false},
        {"chroot", SYS_chroot, {0}, false},
        {"init_module", SYS_init_module, {0, 0, 0}, false},
        {"finit_module", SYS_finit_module, {-1, 0, 0}, false},
        {"bpf", SYS_bpf, {-1, 0, 0}, false},
        {"perf_event_open", SYS_perf_event_open, {0, 0, 0, 0, 0}, false},
        {"userfaultfd", SYS_userfaultfd, {-1}, false},
        {"io_uring_setup", SYS_io_uring_setup, {0, 0}, false},
        {"keyctl", SYS_keyctl, {-1}, false},
        {"kexec_load", SYS_kexec_load, {0, 0, 0, -1}, false},
        {"reboot", SYS_reboot, {0, 0, 0, 0}, false},
        {"settimeofday", SYS_settimeofday, {0, 0}, false},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!calls[i].helper || !WTL_SANDBOX_INSTRUMENTED)
            child_dies(ALL, SIGSYS, make_call, &calls[i], calls[i].name);
}

static void c_library_open(void *arg)
{
    (void)arg;
    FILE *f = fopen("/etc/passwd", "r");
    CHECK(f == NULL);
}

static void opening_a_file_kills(void **state)
{
    (void)state;
    if (WTL_SANDBOX_INSTRUMENTED)
        skip();
    child_dies(0, SIGSYS, c_library_open, NULL, "fopen");
}

#ifdef __x86_64__
static void call_as_32_bit(void *arg)
{
    long number = 20; /* getpid, as 32-bit programs call it */
    (void)arg;
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
}

/* A number that means one call for this processor and another for its elder would pass a filter that asks only for it. */
static void calls_of_other_kinds_kill(void **state)
{
    (void)state;
    struct call x32 = {"x32 getpid", 0x40000000 | SYS_getpid, {0}, false};
    child_dies(ALL, SIGSYS, make_call, &x32, x32.name);
    int status = child_status(ALL, call_as_32_bit, NULL);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSYS ||
                WTERMSIG(status) == SIGSEGV); /* the kernel knows no 32-bit calls */
}
#endif

static void is_refused(void *arg)
{
    const struct call *c = arg;
    errno = 0;
    long rc = syscall(c->number, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4]);
    if (rc != -1 || errno != EPERM) {
        dprintf(2, "%s gave %ld, errno %d\n", c->name, rc, errno);
        _exit(1);
    }
}

/* Run with all that may be asked for: EPERM, where the kernel alone would say something else. */
static void what_is_refused(void **state)
{
    (void)state;
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    struct rlimit lower = {0};
    struct call calls[] = {
        {"a packet socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, false},
        {"a raw socket", SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_TCP}, false},
        {"a UDP socket", SYS_socket, {AF_INET, SOCK_DGRAM, 0}, false},
        {"a netlink socket", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, false},
        {"an AF_ALG socket", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, false},
        {"an SCTP socket", SYS_socket, {AF_INET, SOCK_STREAM, 132}, false},
        {"a Unix datagram socket", SYS_socket, {AF_UNIX, SOCK_DGRAM, 0}, false},
        {"bind", SYS_bind, {-1, 0, 0}, false},
        {"listen", SYS_listen, {-1, 1}, false},
        {"a packet filter", SYS_setsockopt, {-1, SOL_SOCKET, SO_ATTACH_FILTER, 0, 0}, false},
        {"TCP_ULP", SYS_setsockopt, {-1, IPPROTO_TCP, TCP_ULP, 0, 0}, false},
        {"options of IP", SYS_setsockopt, {-1, IPPROTO_IP, 64, 0, 0}, false},
        {"an owner for SIGIO", SYS_fcntl, {1, F_SETOWN, 1}, true},
        {"typing for the user", SYS_ioctl, {1, TIOCSTI, 0}, false},
        {"a signal to the parent", SYS_kill, {getppid(), 0}, false},
        {"a signal to init", SYS_kill, {1, 0}, false},
        {"a signal to the group", SYS_kill, {0, 0}, false},
        {"a signal to all", SYS_kill, {-1, 0}, false},
        {"a signal to the parent's thread", SYS_tgkill, {getppid(), getppid(), 0}, false},
        {"tkill", SYS_tkill, {getppid(), 0}, false},
        {"executable memory",
         SYS_mmap,
         {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1},
         false},
        {"memory made executable", SYS_mprotect, {PTR(page), 4096, PROT_READ | PROT_EXEC}, false},
        {"the same with a key", SYS_pkey_mprotect, {PTR(page), 4096, PROT_READ | PROT_EXEC, -1}, false},
        {"becoming dumpable", SYS_prctl, {PR_SET_DUMPABLE, 1}, true},
        {"becoming root", SYS_setuid, {0}, false},
        {"personality", SYS_personality, {0}, false},
        {"another limit", SYS_prlimit64, {0, RLIMIT_CORE, PTR(&lower), 0}, true},
        {"another's limit", SYS_prlimit64, {1, RLIMIT_CORE, 0, 0}, true},
        {"a file without a name", SYS_memfd_create, {PTR("x"), 0}, false},
        {"shared memory", SYS_shmget, {0, 4096, 0600}, false},
        {"a fork", SYS_clone, {SIGCHLD}, true},
        {"a statx", SYS_statx, {AT_FDCWD, PTR("/etc/passwd"), 0, 0, 0}, false},
        {"a call that no kernel has", 9999, {0}, false},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!calls[i].helper || !WTL_SANDBOX_INSTRUMENTED)
            child_succeeds(ALL, is_refused, &calls[i]);
    munmap(page, 4096);
}

static void *do_nothing(void *arg)
{
    return arg;
}

static void no_thread(void *arg)
{
    pthread_t t;
    (void)arg;
    CHECK(pthread_create(&t, NULL, do_nothing, NULL) == EPERM);
}

static void what_was_not_asked_for_is_refused(void **state)
{
    (void)state;
    struct call accepting = {"accept4", SYS_accept4, {-1, 0, 0, 0}, false};
    struct call making = {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}, false};
    struct call connecting = {"connect", SYS_connect, {-1, 0, 0}, false};
    child_succeeds(ALL & ~(unsigned)WTL_SANDBOX_ACCEPT, is_refused, &accepting);
    child_succeeds(ALL & ~(unsigned)WTL_SANDBOX_CONNECT, is_refused, &making);
    child_succeeds(ALL & ~(unsigned)WTL_SANDBOX_CONNECT, is_refused, &connecting);
    if (!WTL_SANDBOX_INSTRUMENTED)
        child_succeeds(ALL & ~(unsigned)WTL_SANDBOX_THREADS, no_thread, NULL);
}

static void use_memory(void *arg)
{
    (void)arg;
    char *p = malloc(BIG);
    CHECK(p != NULL);
    memset(p, 1, BIG);
    p = realloc(p, BIG + (1 << 20));
    CHECK(p != NULL && p[BIG - 1] == 1);
    free(p);
    enum { N = 2000 };
    char *small[N];
    for (size_t i = 0; i < N; i++) {
        small[i] = malloc(1 + i * 61 % 5000);
        CHECK(small[i] != NULL);
    }
    for (size_t i = 0; i < N; i++)
        free(small[(i * 7) % N]);
    CHECK(mlock(&small, 1) == 0 || errno == ENOMEM || errno == EPERM);
}

static int by_value(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

static void use_time_and_chance(void *arg)
{
    (void)arg;
    static int many[20000];
    struct timespec t = {.tv_nsec = 1000};
    struct rusage used;
    struct rlimit limit;
    char random[256];
    for (int i = 0; i < 20000; i++)
        many[i] = i * 7919 % 20000;
    qsort(many, 20000, sizeof *many, by_value);
    CHECK(many[0] == 0 && many[19999] == 19999);
    CHECK(getrandom(random, sizeof random, 0) == sizeof random);
    CHECK(getentropy(random, sizeof random) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0 && time(NULL) > 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &t) == 0);
    t = (struct timespec){.tv_nsec = 1000};
    CHECK(nanosleep(&t, NULL) == 0);
    CHECK(getrusage(RUSAGE_SELF, &used) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(getpid() > 0 && getuid() == geteuid());
    CHECK(prctl(PR_SET_NAME, "worker") == 0);
}

static void signal_itself(void *arg)
{
    struct sigaction act = {.sa_handler = on_signal};
    stack_t alternative = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    (void)arg;
    CHECK(sigaction(SIGUSR1, &act, NULL) == 0 && sigaltstack(&alternative, NULL) == 0);
    CHECK(raise(SIGUSR1) == 0 && signalled == SIGUSR1);
    signalled = 0;
    CHECK(kill(getpid(), SIGUSR1) == 0 && signalled == SIGUSR1);
    sigset_t set;
    struct signalfd_siginfo info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(fd >= 0 && raise(SIGUSR2) == 0);
    CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2);
}

static void wait_for_things(void *arg)
{
    const int *pair = arg;
    char text[16];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    int ev = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec at = {.it_value.tv_nsec = 1000};
    struct epoll_event e = {.events = EPOLLIN};
    struct timespec second = {.tv_sec = 60};
    CHECK(ep >= 0 && ev >= 0 && timer >= 0 && timerfd_settime(timer, 0, &at, NULL) == 0);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &e) == 0);
    CHECK(send(pair[1], "hello", 5, MSG_NOSIGNAL) == 5);
    CHECK(epoll_wait(ep, &e, 1, -1) == 1);
    CHECK(epoll_pwait2(ep, &e, 1, &second, NULL) == 1 || errno == ENOSYS);
    CHECK(recv(pair[0], text, sizeof text, 0) == 5);
    struct iovec part = {.iov_base = text, .iov_len = 5};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK(sendmsg(pair[0], &msg, 0) == 5 && recvmsg(pair[1], &msg, 0) == 5);
    int error;
    socklen_t n = sizeof error;
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0);
    CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 && ioctl(pair[0], FIONREAD, &error) == 0);
    CHECK(shutdown(pair[0], SHUT_WR) == 0 && read(pair[1], text, 1) == 0 && close(pair[1]) == 0);
    printf("%s %d\n", "stdio writes", 1);
    CHECK(fflush(stdout) == 0);
}

static void what_a_worker_needs_is_there(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    child_succeeds(0, use_memory, NULL);
    child_succeeds(0, use_time_and_chance, NULL);
    child_succeeds(0, signal_itself, NULL);
    child_succeeds(0, wait_for_things, pair);
    close(pair[0]);
    close(pair[1]);
}

/* Loaded before: its random generator seeds itself anew after so many bytes, and asks the kernel alone. */
static void use_openssl(void *arg)
{
    static unsigned char many[1 << 20];
    unsigned char digest[32];
    wtl_err err = {0};
    CHECK(RAND_bytes(many, 32) == 1);
    CHECK(EVP_Digest(many, 32, digest, NULL, EVP_sha256(), NULL) == 1);
    CHECK(wtl_sandbox_enter(0, &err) == 0);
    for (int i = 0; i < 300; i++)
        CHECK(RAND_bytes(many, 100) == 1);
    CHECK(RAND_bytes(many, sizeof many) == 1 && RAND_poll() == 1);
    CHECK(EVP_Digest(many, sizeof many, digest, NULL, EVP_sha256(), NULL) == 1);
    exit(*(int *)arg);
}

/* Ends as programs do, with all that libraries do then. */
static void openssl_works_in_it_and_programs_end(void **state)
{
    (void)state;
    int code = CHILD_GOOD;
    child_succeeds(NO_SANDBOX, use_openssl, &code);
}

static void call_abort(void *arg)
{
    (void)arg;
    abort();
}

static void abort_is_abort(void **state)
{
    (void)state;
    child_dies(0, SIGABRT, call_abort, NULL, "abort");
}

/* Both ends of a connection over the socket that listens: it connects to itself. */
static void echo(void *arg)
{
    const int *listener = arg;
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    int on = 1;
    char text[6] = {0};
    CHECK(getsockname(*listener, (struct sockaddr *)&at, &n) == 0);
    int out = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(out >= 0);
    CHECK(connect(out, (struct sockaddr *)&at, n) == 0 || errno == EINPROGRESS);
    int in = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(in >= 0);
    if (at.ss_family != AF_UNIX) {
        CHECK(setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
        CHECK(setsockopt(in, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0);
        CHECK(getpeername(in, (struct sockaddr *)&at, &n) == 0);
    }
    CHECK(write(out, "hello", 5) == 5 && read(in, text, 5) == 5 && strcmp(text, "hello") == 0);
    CHECK(close(in) == 0 && close(out) == 0);
}

static void echoes_through(int family, const struct sockaddr *at, socklen_t n)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, at, n) == 0 && listen(fd, 8) == 0)
        child_succeeds(WTL_SANDBOX_ACCEPT | WTL_SANDBOX_CONNECT, echo, &fd);
    else if (family != AF_INET6) /* a machine may be without IPv6 */
        fail_msg("no listening socket of family %d", family);
    if (fd >= 0)
        close(fd);
}

static void it_accepts_and_connects(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    echoes_through(AF_INET, (struct sockaddr *)&v4, sizeof v4);
    echoes_through(AF_INET6, (struct sockaddr *)&v6, sizeof v6);
    echoes_through(AF_UNIX, (struct sockaddr *)&un,
                   sizeof(sa_family_t)); /* the kernel picks an abstract name */
}

/* Fills and empties heaps far enough that the C library gives memory back. */
static void *churn(void *arg)
{
    enum { N = 400, SIZE = 100000 };
    static _Thread_local char *p[N];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            p[i] = malloc(SIZE);
            CHECK(p[i] != NULL);
            memset(p[i], round, SIZE);
        }
        for (size_t i = N; i-- > 0;)
            free(p[i]);
    }
    return arg;
}

static void use_threads(void *arg)
{
    pthread_t t[4];
    (void)arg;
    for (size_t i = 0; i < 4; i++)
        CHECK(pthread_create(&t[i], NULL, churn, NULL) == 0);
    for (size_t i = 0; i < 4; i++)
        CHECK(pthread_join(t[i], NULL) == 0);
}

static void threads_live_in_it(void **state)
{
    (void)state;
    child_succeeds(WTL_SANDBOX_THREADS, use_threads, NULL);
}

static void *execute_when_told(void *arg)
{
    char c;
    char *none[] = {NULL};
    const int *fd = arg;
    CHECK(read(*fd, &c, 1) == 1);
    (void)syscall(SYS_execve, "/nonexistent/program", none, none);
    return NULL;
}

static void enter_beside_a_thread(void *arg)
{
    int *pipe_of = arg;
    pthread_t t;
    wtl_err err;
    CHECK(pthread_create(&t, NULL, execute_when_told, &pipe_of[0]) == 0);
    CHECK(wtl_sandbox_enter(0, &err) == 0);
    CHECK(write(pipe_of[1], "x", 1) == 1);
    CHECK(pthread_join(t, NULL) == 0);
}

static void threads_that_were_there_are_in_it_too(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    child_dies(NO_SANDBOX, SIGSYS, enter_beside_a_thread, ends, "the other thread's execve");
    close(ends[0]);
    close(ends[1]);
}

static void enter_again(void *arg)
{
    wtl_err err = {0};
    (void)arg;
    CHECK(wtl_sandbox_enter(ALL, &err) == WTL_POLICY);
    CHECK(strstr(err.text, "seccomp") != NULL);
}

static void it_cannot_be_loosened(void **state)
{
    (void)state;
    if (WTL_SANDBOX_INSTRUMENTED)
        skip();
    child_succeeds(0, enter_again, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_kills),
        cmocka_unit_test(opening_a_file_kills),
#ifdef __x86_64__
        cmocka_unit_test(calls_of_other_kinds_kill),
#endif
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_was_not_asked_for_is_refused),
        cmocka_unit_test(what_a_worker_needs_is_there),
        cmocka_unit_test(openssl_works_in_it_and_programs_end),
        cmocka_unit_test(abort_is_abort),
        cmocka_unit_test(it_accepts_and_connects),
        cmocka_unit_test(threads_live_in_it),
        cmocka_unit_test(threads_that_were_there_are_in_it_too),
        cmocka_unit_test(it_cannot_be_loosened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
