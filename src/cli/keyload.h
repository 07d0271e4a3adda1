/* Keys that the command line names. */
#ifndef WTL_CLI_KEYLOAD_H
#define WTL_CLI_KEYLOAD_H

#include "cli/args.h"
#include "crypto/key.h"

/* The options that a command with private keys has, for its table. */
#define WTL_KEYLOAD_OPTS                                                                                     \
    {.name = "passphrase-file", .arg = "FILE", .help = "first line of FILE opens an encrypted private key"}, \
        {.name = "passphrase-fd", .arg = "N", .help = "the same, read from file descriptor N"}

/* A list of keys that frees itself. */
typedef struct wtl_keys {
    wtl_key **key;
    const char **from; /* the option values, borrowed */
    size_t n;
} wtl_keys;
void wtl_keys_auto(wtl_keys *k);

enum wtl_keyload_want { WTL_KEYLOAD_PUBLIC, WTL_KEYLOAD_PRIVATE, WTL_KEYLOAD_ANY };

/* Reads the key file `value`. For a public key the value may also be the recipient itself (`age1pq1...`). A
 * private key where a public one is wanted is WTL_USAGE, so that nobody hands out the wrong file by habit;
 * a public one where a private is wanted likewise. A private key file that others can read is used, with a
 * notice. Passphrases come from --passphrase-file, --passphrase-fd, or a prompt on the terminal. */
int wtl_keyload_one(wtl_key **out, const wtl_args *args, const char *value, enum wtl_keyload_want want,
                    wtl_err *err) WTL_MUST_USE;

/* All values of the option `name`. */
int wtl_keyload_all(wtl_keys *out, const wtl_args *args, const char *name, enum wtl_keyload_want want,
                    wtl_err *err) WTL_MUST_USE;

/* The passphrase that the options name; *out stays empty when they name none. */
int wtl_keyload_passphrase(wtl_secret *out, const wtl_args *args, wtl_err *err) WTL_MUST_USE;

/* Asks twice on the terminal; WTL_USAGE where there is none. */
int wtl_keyload_new_passphrase(wtl_secret *out, wtl_err *err) WTL_MUST_USE;

#endif
