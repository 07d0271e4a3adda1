/* Key agreement groups of TLS 1.3 by what they resist, and lists of them as OpenSSL takes them. Rows come from crypto's table of algorithms. */
#ifndef WTL_TLS_GROUP_H
#define WTL_TLS_GROUP_H

#include "base/buf.h"
#include "hello/client.h"

enum wtl_group_class { WTL_GROUP_NONE, WTL_GROUP_CLASSICAL, WTL_GROUP_HYBRID, WTL_GROUP_PURE };
/* "none", "classical", "hybrid", "pq" */
const char *wtl_group_class_name(enum wtl_group_class c);

typedef struct wtl_group {
    const char *name; /* IANA's, as OpenSSL writes it: "X25519MLKEM768" */
    uint16_t id;      /* IANA's code point */
    enum wtl_group_class class;
} wtl_group;
/* Row i in the order of preference, or NULL past the end. Beside the algorithms' own there are P-521, X448 and the finite-field groups (classical). */
const wtl_group *wtl_group_at(size_t i);
const wtl_group *wtl_group_by_name(
    const char *name); /* case-insensitive; aliases "P-256", "secp256r1", "prime256v1"; or NULL */
const wtl_group *wtl_group_by_id(uint16_t id); /* or NULL */

enum { WTL_GROUPS_MOST = 16 };
typedef struct wtl_groups {
    const wtl_group *group[WTL_GROUPS_MOST];
    size_t n;
} wtl_groups;
/* "X25519MLKEM768:MLKEM768:X25519" (also ',' or spaces between). WTL_USAGE names the unknown or repeated one. */
int wtl_groups_parse(wtl_groups *g, const char *text, wtl_err *err) WTL_MUST_USE;
bool wtl_groups_has(const wtl_groups *g, enum wtl_group_class c);

#endif
