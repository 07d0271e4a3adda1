/* The certificate chains that signatures are to carry. */
#ifndef WTL_SIGN_CHAIN_H
#define WTL_SIGN_CHAIN_H

#include "crypto/cert.h"

typedef struct wtl_chain {
    const char *path;
    wtl_buf *der; /* leaf first */
    size_t n;
    wtl_key *key; /* the leaf's */
    bool used;    /* wtl_chain_of gave it */
} wtl_chain;

typedef struct wtl_chain_list {
    wtl_chain *p;
    size_t n;
} wtl_chain_list;
void wtl_chain_list_free(wtl_chain_list *l);

/* Reads PEM files, each one chain whose order and signatures are right and whose leaf may sign models. WTL_FORMAT,
 * WTL_NO, WTL_POLICY as of wtl_cert_chain and wtl_cert_leaf, with the file's name. */
int wtl_chain_read(wtl_chain_list *l, const char *const *path, size_t n, wtl_err *err) WTL_MUST_USE;

/* The chain whose leaf has that key, or NULL. */
const wtl_chain *wtl_chain_of(wtl_chain_list *l, const wtl_key *k);

/* WTL_USAGE when there is one that belongs to no key, or a second one for a key. */
int wtl_chain_all_used(const wtl_chain_list *l, wtl_err *err) WTL_MUST_USE;

#endif
