/* What contexts need of the system once they are made: no file, and no other provider than ours. */
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what they need of the system */

static int only_known_files(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 4, 0),
#ifdef SYS_open
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 3, 0),
#else
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 3, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

enum { CONFINED_GOOD = 0, CONFINED_BAD = 9, CONFINED_SKIP = 77 };

/* A process of its own, so that nothing was touched before. */
static int confined(const char *box, bool open_one)
{
    snprintf(pki_box, sizeof pki_box, "%s", box);
    wtl_cred *both[] = {pki_load("ec"), pki_load("dsa")};
    wtl_cred *mine = pki_load("client");
    wtl_peer *ask = peer_of(true, (wtl_peer_rules){.ca = pki_path("root.pem"), .required = true});
    wtl_peer *know = peer_of(false, (wtl_peer_rules){.ca = pki_path("roots.pem"), .host = HOST});
    wtl_ticket *t = ticket_of();
    wtl_ctx *s = ctx_of((wtl_ctx_plan){.server = true,
                                       .policy = {.mode = PREF, .flags = WTL_POLICY_TLS12},
                                       .cred = both,
                                       .n_creds = 2,
                                       .peer = ask,
                                       .ticket = t,
                                       .tickets = 1});
    wtl_ctx *c = ctx_of((wtl_ctx_plan){.policy = {.mode = PREF}, .cred = &mine, .n_creds = 1, .peer = know});
    if (only_known_files() != 0)
        return CONFINED_SKIP;
    if (open_one)
        fclose(fopen("/dev/null", "r"));
    int fails = 0;
    static const char *const groups[] = {X,       "SecP256r1MLKEM768", S3, "MLKEM768", "X25519",
                                         "P-256", ("*X25519:" X)};
    static const char *const signs[] = {"mldsa65:" ECS, ECS ":mldsa65"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
        SSL_set1_groups_list(p.client, groups[i]);
        SSL_set1_sigalgs_list(p.client, signs[i % 2]);
        wtl_facts f;
        fails += !pki_shake(&p);
        wtl_facts_read(&f, p.server);
        fails += wtl_peer_check(wtl_ctx_peer(s), p.server, NULL) != WTL_OK;
        fails += wtl_peer_check(wtl_ctx_peer(c), p.client, NULL) != WTL_OK;
        pki_pair_free(&p);
    }
    /* A refusal, with its words. */
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    SSL_set1_groups_list(p.client, "X448");
    fails += pki_shake(&p);
    ERR_error_string(ERR_peek_last_error(), NULL);
    pki_pair_free(&p);
    wtl_ctx_free(s);
    wtl_ctx_free(c);
    wtl_peer_free(ask);
    wtl_peer_free(know);
    wtl_ticket_free(t);
    wtl_cred_free(both[0]);
    wtl_cred_free(both[1]);
    wtl_cred_free(mine);
    return fails == 0 ? CONFINED_GOOD : CONFINED_BAD;
}

static int run_confined(const char *word)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "ctx", word, pki_box, (char *)NULL);
        _exit(CONFINED_SKIP);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void no_file_is_opened_after_a_context_was_made(void **state)
{
    (void)state;
    int status = run_confined("confined");
    if (WIFEXITED(status) && WEXITSTATUS(status) == CONFINED_SKIP) {
        print_message("seccomp is not to be had here\n");
        skip();
    }
    int caught = run_confined("caught");
    assert_true(WIFSIGNALED(caught) && WTERMSIG(caught) == SIGSYS);
    if (WIFSIGNALED(status) || WEXITSTATUS(status) != CONFINED_GOOD)
        fail_msg("the handshakes in a sandbox ended with status %#x (signal 31: a file was opened)", status);
}

static void no_keys_are_written_to_files(void **state)
{
    (void)state;
    assert_int_equal(setenv("SSLKEYLOGFILE", pki_path("keylog"), 1), 0);
    int status = run_confined("talk");
    unsetenv("SSLKEYLOGFILE");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(access(pki_path("keylog"), F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

static int talk(const char *box)
{
    snprintf(pki_box, sizeof pki_box, "%s", box);
    wtl_cred *cred = pki_load("ec");
    wtl_ctx_free(
        ctx_of((wtl_ctx_plan){.server = true, .policy = {.mode = PREF}, .cred = &cred, .n_creds = 1}));
    wtl_cred_free(cred);
    return 0;
}

static void our_provider_serves(void **state)
{
    (void)state;
    AUTO(wtl_ctx) *s = server_of((wtl_policy){.mode = PREF});
    const EVP_PKEY *key = wtl_cred_key(dsa87_cred);
    assert_non_null(wtl_lib_provider());
    assert_ptr_equal(EVP_PKEY_get0_provider(key), wtl_lib_provider());
    assert_ptr_equal(EVP_PKEY_get0_provider(X509_get0_pubkey(wtl_cred_leaf(dsa87_cred))), wtl_lib_provider());
    AUTO(wtl_ctx) *c = client_of((wtl_policy){.mode = PREF});
    pki_pair p = pki_connect(wtl_ctx_ssl(c), wtl_ctx_ssl(s));
    assert_true(pki_shake(&p));
    EVP_PKEY *share = NULL;
    assert_int_equal(SSL_get_peer_tmp_key(p.server, &share), 1);
    assert_ptr_equal(EVP_PKEY_get0_provider(share), wtl_lib_provider());
    EVP_PKEY_free(share);
    pki_pair_free(&p);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "talk") == 0)
        return talk(argv[2]);
    if (argc == 3) /* without what runs at an exit: LeakSanitizer's look at leaks opens files */
        _exit(confined(argv[2], strcmp(argv[1], "caught") == 0));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_is_opened_after_a_context_was_made),
        cmocka_unit_test(no_keys_are_written_to_files),
        cmocka_unit_test(our_provider_serves),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
