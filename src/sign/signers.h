/* Several keys that sign one thing, each into a file of its own: all files appear, or none. */
#ifndef WTL_SIGN_SIGNERS_H
#define WTL_SIGN_SIGNERS_H

#include <time.h>

#include "base/buf.h"
#include <wattle/sign.h>

/* WTL_USAGE unless there is a signer, and each is a private signature key that is given once. */
int wtl_signers_check(const wtl_signer *signers, size_t n, wtl_err *err) WTL_MUST_USE;

/* Appends a signature of `message` that was verified once more. */
int wtl_signers_sign(const wtl_key *key, wtl_bytes message, wtl_buf *signature, wtl_err *err) WTL_MUST_USE;

/* Appends what goes into the file of signer i. */
typedef int wtl_signers_make(void *arg, size_t i, wtl_buf *content, wtl_err *err);

/* Writes what `make` makes for each, one after another as it may be large, to signers[i].out, with the time `begun`, at which the files began to be read: what is written to
 * them later is newer than the signature file, as make(1) and --assume-unchanged compare. Without `force` an existing file is WTL_POLICY. When one cannot be put in
 * place, those of this call that are in place already are removed again. */
int wtl_signers_publish(const wtl_signer *signers, size_t n, wtl_signers_make *make, void *arg, bool force,
                        const struct timespec *begun, wtl_err *err) WTL_MUST_USE;

#endif
