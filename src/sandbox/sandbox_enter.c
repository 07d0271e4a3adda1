#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/instrumented.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* What every process may that reads, writes and waits. libseccomp passes over calls that the processor's kernel does not have. */
static const int plain[] = {
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(close),
    /* sockets that are there */
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    /* waiting */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    /* threads that are there */
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu), SCMP_SYS(gettid), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* time, random numbers, what it is itself */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(getppid),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage),
    SCMP_SYS(times), SCMP_SYS(sysinfo),
    /* signals; sending them is below */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall)};

/* Whoever tries one of these has been taken over, or uses something for the first time that was to be used before. */
static const int fatal[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat),
    /* files: what names one */
    SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(open_by_handle_at), SCMP_SYS(truncate), SCMP_SYS(unlinkat),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod),
    SCMP_SYS(mknodat), SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    /* other processes */
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal),
    /* namespaces and mounts */
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(chroot), SCMP_SYS(pivot_root), SCMP_SYS(mount),
    SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(quotactl),
    /* modules, other kernels, and where kernels had their holes */
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(modify_ldt), SCMP_SYS(iopl), SCMP_SYS(ioperm),
    /* the machine */
    SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(syslog),
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname), SCMP_SYS(setdomainname)};

/* Fatal too, but for run-time libraries at the end of instrumented programs, which may all of `instrument`. */
static const int helpers[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(mkdir), SCMP_SYS(unlink),
                              SCMP_SYS(ptrace)};
static const int instrument[] = {
    SCMP_SYS(newfstatat), SCMP_SYS(stat),       SCMP_SYS(access),    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(ftruncate), SCMP_SYS(fcntl),
    SCMP_SYS(flock),      SCMP_SYS(clone),      SCMP_SYS(wait4),     SCMP_SYS(prctl),
    SCMP_SYS(pipe2),      SCMP_SYS(uname),      SCMP_SYS(dup),       SCMP_SYS(prlimit64)};

static const int accepting[] = {SCMP_SYS(accept), SCMP_SYS(accept4)};

/* Calls that are allowed for these values of one argument. */
static const int descriptor_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};
static const int device_commands[] = {FIONREAD, FIONBIO, TIOCOUTQ, TIOCGWINSZ, TCGETS};
static const int process_commands[] = {PR_SET_NAME, PR_GET_NAME};
static const int socket_options[] = {SO_REUSEADDR, SO_KEEPALIVE, SO_LINGER,   SO_SNDBUF,
                                     SO_RCVBUF,    SO_RCVLOWAT,  SO_PRIORITY, SO_BUSY_POLL};
static const int tcp_options[] = {TCP_NODELAY,          TCP_CORK,        TCP_QUICKACK,     TCP_KEEPIDLE,
                                  TCP_KEEPINTVL,        TCP_KEEPCNT,     TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT,
                                  TCP_FASTOPEN_CONNECT, TCP_DEFER_ACCEPT};

/* What a namespace's making looks like in the flags of clone. */
static const int namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                 CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

/* The flags of a thread as C libraries make it, but for CLONE_DETACHED, which means nothing and musl sets. */
static const int thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

static struct scmp_arg_cmp masked(unsigned i, scmp_datum_t mask, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = i, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

/* An int; the upper half of its register means nothing to the kernel, and callers may leave anything there. */
static struct scmp_arg_cmp is(unsigned i, int value)
{
    return masked(i, UINT32_MAX, (uint32_t)value);
}

static struct scmp_arg_cmp is_null(unsigned i)
{
    return (struct scmp_arg_cmp){.arg = i, .op = SCMP_CMP_EQ};
}

static int add(scmp_filter_ctx f, uint32_t action, int call, unsigned n, const struct scmp_arg_cmp *arg)
{
    int rc = seccomp_rule_add_array(f, action, call, n, arg);
    return rc == -EDOM ? 0 : rc; /* a call that this processor's kernel does not have */
}

static int add_all(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add(f, action, calls[i], 0, NULL);
    return rc;
}

static int allow_for(scmp_filter_ctx f, int call, unsigned arg, const int *values, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add(f, SCMP_ACT_ALLOW, call, 1, (struct scmp_arg_cmp[]){is(arg, values[i])});
    return rc;
}

static int allow_options(scmp_filter_ctx f, int level, const int *options, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                 (struct scmp_arg_cmp[]){is(1, level), is(2, options[i])});
    return rc;
}

static int add_narrow(scmp_filter_ctx f)
{
    int rc = allow_for(f, SCMP_SYS(fcntl), 1, descriptor_commands, COUNT(descriptor_commands));
    if (rc == 0)
        rc = allow_for(f, SCMP_SYS(ioctl), 1, device_commands, COUNT(device_commands));
    if (rc == 0)
        rc = allow_for(f, SCMP_SYS(prctl), 0, process_commands, COUNT(process_commands));
    if (rc == 0)
        rc = allow_options(f, SOL_SOCKET, socket_options, COUNT(socket_options));
    if (rc == 0)
        rc = allow_options(f, IPPROTO_TCP, tcp_options, COUNT(tcp_options));
    /* Its own limits, to read. */
    return rc != 0 ? rc
                   : add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                         (struct scmp_arg_cmp[]){is(0, 0), is_null(2)});
}

static int add_memory(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp data[] = {masked(2, PROT_EXEC, 0)};
    int rc = add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, data);
    return rc != 0 ? rc : add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, data);
}

static int add_signals(scmp_filter_ctx f)
{
    const int self = getpid();
    int rc = allow_for(f, SCMP_SYS(tgkill), 0, &self, 1);
    return rc != 0 ? rc : allow_for(f, SCMP_SYS(kill), 0, &self, 1);
}

static int add_connect(scmp_filter_ctx f)
{
    static const int kinds[][2] = {
        {AF_INET, 0}, {AF_INET, IPPROTO_TCP}, {AF_INET6, 0}, {AF_INET6, IPPROTO_TCP}, {AF_UNIX, 0}};
    const struct scmp_arg_cmp stream = masked(1, UINT32_MAX & ~(scmp_datum_t)(SOCK_NONBLOCK | SOCK_CLOEXEC),
                                              SOCK_STREAM);
    int rc = add(f, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0, NULL);
    for (size_t i = 0; rc == 0 && i < COUNT(kinds); i++)
        rc = add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
                 (struct scmp_arg_cmp[]){is(0, kinds[i][0]), stream, is(2, kinds[i][1])});
    return rc;
}

static int add_namespaces(scmp_filter_ctx f)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(namespaces); i++) {
        scmp_datum_t bit = (scmp_datum_t)namespaces[i];
        rc = add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, (struct scmp_arg_cmp[]){masked(0, bit, bit)});
    }
    return rc;
}

/* The flags of clone3 lie in memory, where a filter cannot look: without it C libraries take clone. */
static int add_threads(scmp_filter_ctx f)
{
    const scmp_datum_t mask = ~(scmp_datum_t)CLONE_DETACHED;
    int rc = add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                 (struct scmp_arg_cmp[]){masked(0, mask, (scmp_datum_t)thread_flags)});
    return rc != 0 ? rc : add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

static int add_may(scmp_filter_ctx f, unsigned may)
{
    int rc = 0;
    if ((may & WTL_SANDBOX_ACCEPT) != 0)
        rc = add_all(f, SCMP_ACT_ALLOW, accepting, COUNT(accepting));
    if (rc == 0 && (may & WTL_SANDBOX_CONNECT) != 0)
        rc = add_connect(f);
    if (rc == 0 && (may & WTL_SANDBOX_THREADS) != 0)
        rc = add_threads(f);
    return rc;
}

static int add_helpers(scmp_filter_ctx f)
{
    if (!WTL_SANDBOX_INSTRUMENTED) {
        int rc = add_namespaces(f);
        return rc != 0 ? rc : add_all(f, SCMP_ACT_KILL_PROCESS, helpers, COUNT(helpers));
    }
    int rc = add_all(f, SCMP_ACT_ALLOW, helpers, COUNT(helpers));
    return rc != 0 ? rc : add_all(f, SCMP_ACT_ALLOW, instrument, COUNT(instrument));
}

static int add_rules(scmp_filter_ctx f, unsigned may)
{
    int rc = add_all(f, SCMP_ACT_ALLOW, plain, COUNT(plain));
    if (rc == 0)
        rc = add_all(f, SCMP_ACT_KILL_PROCESS, fatal, COUNT(fatal));
    if (rc == 0)
        rc = add_memory(f);
    if (rc == 0)
        rc = add_narrow(f);
    if (rc == 0)
        rc = add_signals(f);
    if (rc == 0)
        rc = add_may(f, may);
    return rc != 0 ? rc : add_helpers(f);
}

/* For all threads; for good; other processors' calls are fatal; as a tree, as most calls are compared with many. */
static int load(scmp_filter_ctx f)
{
    int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1);
    if (rc == 0)
        rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return rc != 0 ? rc : seccomp_load(f);
}

/* glibc asks a file below /proc when it first gives back memory of a heap that is not the first: there shall be one. */
static void one_heap(void)
{
#ifdef M_ARENA_MAX
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}

int wtl_sandbox_enter(unsigned may, wtl_err *err)
{
    ENSURE(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 || errno != EINVAL, err, WTL_POLICY,
           "this kernel has no seccomp, so that nothing would hold the program back once it is taken over; "
           "run it on a kernel with CONFIG_SECCOMP_FILTER");
    if ((may & WTL_SANDBOX_THREADS) != 0)
        one_heap();
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    ENSURE(f != NULL, err, WTL_NOMEM, "no memory for the sandbox's filter");
    int rc = add_rules(f, may);
    if (rc != 0)
        rc = WTL_FAIL_SYS(err, rc == -ENOMEM ? WTL_NOMEM : WTL_BUG, -rc,
                          "libseccomp refuses a rule of the sandbox");
    else if ((rc = load(f)) != 0)
        rc = WTL_FAIL_SYS(err, rc == -ENOMEM ? WTL_NOMEM : WTL_POLICY, rc == -ECANCELED ? 0 : -rc,
                          "this system does not let the program enter its seccomp sandbox; allow the calls "
                          "seccomp and prctl in the container's profile, or run it on a kernel with "
                          "CONFIG_SECCOMP_FILTER");
    seccomp_release(f);
    return rc;
}
