/* One signature file at a time: who made it, and whether it counts. */
#ifndef WTL_SIGN_JUDGE_H
#define WTL_SIGN_JUDGE_H

#include "manifest/statement.h"
#include "sign/roster.h"
#include <wattle/sign.h>

/* What is known after the files so far. */
typedef struct wtl_judge {
    wtl_roster *roster;
    int64_t now;             /* seconds since 1970 */
    wtl_buf payload;         /* of the first signature that counts */
    wtl_statement statement; /* that payload's, when it was read already */
    bool have_payload;
    bool have_statement;
    size_t first;     /* the verdict of that signature */
    size_t other;     /* the verdict of one that counts over another payload */
    bool have_other;  /* there was one */
    size_t strangers; /* signatures by nobody on the roster */
    size_t refused;   /* good signatures by somebody on it that do not count */
} wtl_judge;
void wtl_judge_free(wtl_judge *j);
void wtl_judge_auto(wtl_judge *j);

/* Reads the signature file of verdict i (its path is set) and fills in the rest. Faults of the machine are returned;
 * all that is wrong with the signature is the verdict. */
int wtl_judge_file(wtl_judge *j, size_t i, wtl_verdict *v, wtl_err *err) WTL_MUST_USE;

#endif
