/* Keys that the command line names. */
#ifndef WTL_CLI_KEYLOAD_H
#define WTL_CLI_KEYLOAD_H

#include "cli/args.h"
#include "crypto/key.h"

#define WTL_KEYLOAD_GROUP "Encrypted private keys"

/* The options that a command with private keys has, for its table. */
#define WTL_KEYLOAD_OPTS                                                                      \
    {.name = "passphrase-file",                                                               \
     .arg = "FILE",                                                                           \
     .help = "first line of FILE opens an encrypted private key",                             \
     .group = WTL_KEYLOAD_GROUP},                                                             \
    {                                                                                         \
        .name = "passphrase-fd", .arg = "N", .help = "the same, read from file descriptor N", \
        .group = WTL_KEYLOAD_GROUP                                                            \
    }

/* The same for a command whose container may open with a passphrase, and the cap on what trying one may cost. */
#define WTL_KEYLOAD_OPEN_GROUP "Passphrases"
#define WTL_KEYLOAD_OPEN_OPTS                                                          \
    {.name = "passphrase-file",                                                        \
     .arg = "FILE",                                                                    \
     .help = "first line of FILE opens the container, or an encrypted private key",    \
     .group = WTL_KEYLOAD_OPEN_GROUP},                                                 \
        {.name = "passphrase-fd",                                                      \
         .arg = "N",                                                                   \
         .help = "the same, read from file descriptor N",                              \
         .group = WTL_KEYLOAD_OPEN_GROUP},                                             \
    {                                                                                  \
        .name = "max-work", .arg = "N",                                                \
        .help = "most that trying one may cost: scrypt with 2^N (default: 20, 1 GiB)", \
        .group = WTL_KEYLOAD_OPEN_GROUP                                                \
    }

/* A list of keys that frees itself. */
typedef struct wtl_keys {
    wtl_key **key;
    const char **from; /* the option values, borrowed */
    size_t n;
} wtl_keys;
void wtl_keys_auto(wtl_keys *k);

enum wtl_keyload_want { WTL_KEYLOAD_PUBLIC, WTL_KEYLOAD_PRIVATE, WTL_KEYLOAD_ANY };

/* Reads the key file `value`, a JWK too. For a public key the value may also be the recipient itself (`age1pq1...`). A
 * private key where a public one is wanted is WTL_USAGE, so that nobody hands out the wrong file by habit;
 * a public one where a private is wanted likewise. A private key file that others can read is used, with a
 * notice. Passphrases come from --passphrase-file, --passphrase-fd, or a prompt on the terminal. */
int wtl_keyload_one(wtl_key **out, const wtl_args *args, const char *value, enum wtl_keyload_want want,
                    wtl_err *err) WTL_MUST_USE;

/* The same; a JWK's own kid is appended to `kid`, which stays empty for other files. */
int wtl_keyload_named(wtl_key **out, wtl_buf *kid, const wtl_args *args, const char *value,
                      enum wtl_keyload_want want, wtl_err *err) WTL_MUST_USE;

/* All values of the option `name`. */
int wtl_keyload_all(wtl_keys *out, const wtl_args *args, const char *name, enum wtl_keyload_want want,
                    wtl_err *err) WTL_MUST_USE;

/* The passphrase of a container, as the library asks for it: from the options, else from the terminal, once. The
 * options --passphrase-file and --passphrase-fd are the container's, and not those of encrypted private keys, which are
 * then asked for on the terminal, when --passphrase is given, or when the command takes --identity and has none. */
typedef struct wtl_container_pass {
    const wtl_args *args;
    const char *container;
    bool fresh;      /* a new one: asked for twice, from --new-passphrase-... where the command has these */
    wtl_secret have; /* once it is known */
    double seconds;  /* spent waiting for it */
} wtl_container_pass;
void wtl_container_pass_auto(wtl_container_pass *p);
wtl_passphrase wtl_keyload_asker(wtl_container_pass *p);
/* Has it now rather than when the library asks. */
int wtl_keyload_container(wtl_container_pass *p, wtl_err *err) WTL_MUST_USE;

/* The value of an option that counts scrypt's work, 10 to 30; 0 when it is not given. */
int wtl_keyload_work(unsigned *out, const wtl_args *args, const char *name, wtl_err *err) WTL_MUST_USE;

/* The passphrase that the options name; *out stays empty when they name none. */
int wtl_keyload_passphrase(wtl_secret *out, const wtl_args *args, wtl_err *err) WTL_MUST_USE;

/* Asks twice on the terminal for that of `what` ("the private key"); WTL_USAGE where there is none. */
int wtl_keyload_new_passphrase(wtl_secret *out, const char *what, wtl_err *err) WTL_MUST_USE;

#endif
