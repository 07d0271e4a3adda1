/* Reads a container's public parts, unlocks it with an identity, checks its sender, gives its index. The calls
 * come in this order. */
#ifndef WTL_SEAL_READER_H
#define WTL_SEAL_READER_H

#include "container/index.h"
#include "container/sigblock.h"
#include "container/slot.h"
#include "container/trailer.h"
#include "crypto/key.h"
#include "fs/in.h"
#include "seal/wrap.h"

/* Zero-initialise. Fields may be read by this room. */
typedef struct wtl_reader {
    wtl_in in;
    uint64_t size; /* of the file */
    wtl_preamble pre;
    wtl_buf page;
    wtl_buf raw_slot[2];
    wtl_slot slot[2];
    unsigned place; /* the slot in force */
    wtl_buf raw_trailer;
    wtl_trailer trailer;
    wtl_buf raw_sigs;
    wtl_sigblock sigs;
    wtl_buf raw_index; /* still sealed; empty once it was opened */
    bool fitted;       /* an identity was a recipient, whatever came after */
    wtl_secret file_key;
    wtl_index index;
} wtl_reader;
void wtl_reader_auto(wtl_reader *r);

/* Opens the file and checks what can be checked without a key. WTL_FORMAT, WTL_NO (index changed), WTL_IO. */
int wtl_reader_open(wtl_reader *r, const char *path, wtl_err *err) WTL_MUST_USE;

/* Finds the file key and checks header and trailer with it. WTL_NO: not a recipient, or changed. */
int wtl_reader_unlock(wtl_reader *r, const wtl_key *const *identity, size_t n, wtl_err *err) WTL_MUST_USE;

/* The same with a passphrase too. */
int wtl_reader_unlock_by(wtl_reader *r, const wtl_wrap_means *m, wtl_err *err) WTL_MUST_USE;

/* Checks every signature of a trusted key; *which is one that signed. WTL_NO when one is wrong, WTL_POLICY when none
 * of them signed. */
int wtl_reader_sender(wtl_reader *r, const wtl_key *const *sender, size_t n, size_t *which,
                      wtl_err *err) WTL_MUST_USE;

/* Decrypts and checks the index. */
int wtl_reader_index(wtl_reader *r, wtl_err *err) WTL_MUST_USE;

/* Exactly n bytes at `offset`; WTL_NO when the file is shorter now than it was. */
int wtl_reader_fetch(wtl_reader *r, uint8_t *to, size_t n, uint64_t offset, wtl_err *err) WTL_MUST_USE;

/* Puts the container's name before the sentence of a failure `rc`, unless it is there already. Returns rc. */
int wtl_reader_named(const wtl_reader *r, int rc, wtl_err *err);

#endif
