#include "tls/policy.h"

#include <string.h>

#include "base/rd.h"
#include "base/text.h"

enum {
    SECP256R1 = 0x0017,
    SECP384R1 = 0x0018,
    SECP521R1 = 0x0019,
    X25519 = 0x001d,
    MLKEM768 = 0x0201,
    MLKEM1024 = 0x0202,
    SECP256R1_MLKEM768 = 0x11eb,
    X25519_MLKEM768 = 0x11ec,
    SECP384R1_MLKEM1024 = 0x11ed,
    UNCOMPRESSED = 4 /* RFC 8446 section 4.2.8.2: legacy_form */
};

static const char *const modes[] = {[WTL_POLICY_PQ_ONLY] = "pq-only",
                                    [WTL_POLICY_HYBRID_ONLY] = "hybrid-only",
                                    [WTL_POLICY_HYBRID_PREFERRED] = "hybrid-preferred",
                                    [WTL_POLICY_CLASSICAL_FALLBACK] = "classical-fallback"};
enum { MODES = sizeof modes / sizeof modes[0] };

/* What modes offer when they are not told otherwise, best first; each leaves out what it forbids. */
static const uint16_t usual[] = {X25519_MLKEM768, SECP256R1_MLKEM768, SECP384R1_MLKEM1024,
                                 MLKEM768,        MLKEM1024,          X25519,
                                 SECP256R1,       SECP384R1};
static const uint16_t cnsa[] = {MLKEM1024, SECP384R1_MLKEM1024};
enum { USUAL = sizeof usual / sizeof usual[0], CNSA = sizeof cnsa / sizeof cnsa[0] };

const char *wtl_policy_mode_name(enum wtl_policy_mode m)
{
    return modes[m];
}

int wtl_policy_mode_parse(enum wtl_policy_mode *m, const char *text, wtl_err *err)
{
    for (size_t i = 0; i < MODES; i++) {
        if (strcmp(text, modes[i]) == 0) {
            *m = (enum wtl_policy_mode)i;
            return WTL_OK;
        }
    }
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(text));
    const char *word = wtl_buf_cstr(&q);
    return WTL_FAIL(err, WTL_USAGE,
                    "\"%.60s\" is no policy: pq-only, hybrid-only, hybrid-preferred or classical-fallback",
                    word != NULL ? word : "");
}

/* ---- which groups */

static bool in_cnsa(const wtl_policy *p)
{
    return (p->flags & WTL_POLICY_CNSA) != 0;
}

static bool classical_too(const wtl_policy *p)
{
    return (p->mode == WTL_POLICY_HYBRID_PREFERRED || p->mode == WTL_POLICY_CLASSICAL_FALLBACK) &&
           !in_cnsa(p);
}

static bool among(const uint16_t *list, size_t n, uint16_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == id)
            return true;
    }
    return false;
}

/* By class and profile. */
static bool allows(const wtl_policy *p, const wtl_group *g)
{
    if (in_cnsa(p) && !among(cnsa, CNSA, g->id))
        return false;
    switch (g->class) {
    case WTL_GROUP_HYBRID:
        return true;
    case WTL_GROUP_PURE:
        return p->mode != WTL_POLICY_HYBRID_ONLY;
    case WTL_GROUP_CLASSICAL:
        return classical_too(p);
    case WTL_GROUP_NONE:
        break;
    }
    return false;
}

bool wtl_policy_takes(const wtl_policy *p, const wtl_group *g)
{
    if (g == NULL)
        return false;
    for (size_t i = 0; i < p->groups.n; i++) {
        if (p->groups.group[i] == g)
            return true;
    }
    return p->groups.n == 0 && among(usual, USUAL, g->id) && allows(p, g);
}

/* The explicit list, or the mode's own. */
static wtl_groups effective(const wtl_policy *p)
{
    wtl_groups g = p->groups;
    if (g.n > 0)
        return g;
    for (size_t i = 0; i < (in_cnsa(p) ? (size_t)CNSA : (size_t)USUAL); i++) {
        const wtl_group *row = wtl_group_by_id(in_cnsa(p) ? cnsa[i] : usual[i]);
        if (allows(p, row))
            g.group[g.n++] = row;
    }
    return g;
}

static int check_groups(const wtl_policy *p, wtl_err *err)
{
    for (size_t i = 0; i < p->groups.n; i++) {
        const wtl_group *g = p->groups.group[i];
        ENSURE(allows(p, g), err, WTL_USAGE, "the group %s (%s) does not go with %s%s", g->name,
               wtl_group_class_name(g->class), modes[p->mode], in_cnsa(p) ? " in the CNSA profile" : "");
    }
    wtl_groups g = effective(p);
    bool classical = wtl_groups_has(&g, WTL_GROUP_CLASSICAL);
    ENSURE(wtl_groups_has(&g, WTL_GROUP_HYBRID) || wtl_groups_has(&g, WTL_GROUP_PURE), err, WTL_USAGE,
           "the list of groups has no post-quantum one");
    ENSURE(
        classical || (p->flags & WTL_POLICY_CLASSICAL_SHARE) == 0, err, WTL_USAGE,
        "a classical key share can be sent where classical groups are allowed alone: with hybrid-preferred "
        "or classical-fallback");
    ENSURE(classical || (p->flags & WTL_POLICY_TLS12) == 0, err, WTL_USAGE,
           "TLS 1.2 has classical groups alone, which go with hybrid-preferred and classical-fallback");
    return WTL_OK;
}

int wtl_policy_check(const wtl_policy *p, wtl_err *err)
{
    ENSURE((size_t)p->mode < MODES && p->groups.n <= WTL_GROUPS_MOST, err, WTL_BUG, "no such policy");
    if (in_cnsa(p)) {
        ENSURE(p->mode != WTL_POLICY_CLASSICAL_FALLBACK, err, WTL_USAGE,
               "the CNSA profile has no classical groups to fall back to");
        ENSURE((p->flags & WTL_POLICY_TLS12) == 0, err, WTL_USAGE, "the CNSA profile is TLS 1.3 alone");
    }
    return check_groups(p, err);
}

/* Appends those of one kind, and says whether there were any. */
static bool list(wtl_buf *out, const wtl_groups *g, bool classical, const char *before)
{
    bool any = false;
    for (size_t i = 0; i < g->n; i++) {
        if ((g->group[i]->class == WTL_GROUP_CLASSICAL) != classical)
            continue;
        wtl_buf_fmt(out, "%s%s", any ? ":" : before, g->group[i]->name);
        any = true;
    }
    return any;
}

/* The first of a class is the one whose key share goes with the first ClientHello. */
static void client_list(wtl_buf *out, const wtl_groups *g, bool classical_share)
{
    bool shared = false;
    for (size_t i = 0; i < g->n; i++) {
        bool classical = g->group[i]->class == WTL_GROUP_CLASSICAL;
        bool share = !shared && classical == classical_share;
        shared = shared || share;
        wtl_buf_fmt(out, "%s%s%s", i > 0 ? ":" : "", share ? "*" : "", g->group[i]->name);
    }
}

int wtl_policy_groups(const wtl_policy *p, bool server, wtl_buf *out, wtl_err *err)
{
    wtl_groups g = effective(p);
    if (server) {
        bool any = list(out, &g, false, "");
        list(out, &g, true, any ? "/" : "");
    } else {
        client_list(out, &g, (p->flags & WTL_POLICY_CLASSICAL_SHARE) != 0);
    }
    return wtl_buf_check(out, err);
}

int wtl_policy_weaker(const wtl_policy *p, wtl_buf *out, wtl_err *err)
{
    wtl_groups g = effective(p);
    list(out, &g, true, "");
    return wtl_buf_check(out, err);
}

/* ---- signatures and ciphers */

int wtl_policy_signatures(const wtl_policy *p, bool server, wtl_buf *out, wtl_err *err)
{
    (void)server;
    wtl_buf_str(out, in_cnsa(p)
                         ? "mldsa87"
                         : "mldsa65:mldsa87:mldsa44:ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:"
                           "ecdsa_secp521r1_sha512:ed25519:ed448:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
                           "rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
                           "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512");
    return wtl_buf_check(out, err);
}

const char *wtl_policy_ciphers(const wtl_policy *p)
{
    return in_cnsa(p) ? "TLS_AES_256_GCM_SHA384"
                      : "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
}

/* ---- what came */

static bool begins_with_point(uint16_t group)
{
    return group == SECP256R1 || group == SECP384R1 || group == SECP521R1 || group == SECP256R1_MLKEM768 ||
           group == SECP384R1_MLKEM1024;
}

int wtl_policy_shares(wtl_bytes shares, wtl_err *err)
{
    wtl_rd r = wtl_rd_of(shares);
    while (r.n > 0) {
        uint16_t group = wtl_rd_u16(&r);
        wtl_bytes key = wtl_rd_take(&r, wtl_rd_u16(&r));
        ENSURE(!r.bad, err, WTL_FORMAT, "the key shares of the ClientHello are cut off");
        ENSURE(!begins_with_point(group) || (key.n > 0 && key.p[0] == UNCOMPRESSED), err, WTL_FORMAT,
               "the key share for %s is a point in a form that RFC 8446 section 4.2.8.2 forbids",
               wtl_group_by_id(group)->name);
    }
    return WTL_OK;
}

/* The offered groups as words for an error: those that are known, by name. */
static void describe(const wtl_hello_client *h, wtl_buf *out)
{
    wtl_rd r = wtl_rd_of(h->groups);
    while (r.n >= 2) {
        const wtl_group *g = wtl_group_by_id(wtl_rd_u16(&r));
        if (g != NULL)
            wtl_buf_fmt(out, "%s%s", out->n > 0 ? ", " : "", g->name);
    }
    if (out->n == 0)
        wtl_buf_str(out, "none that is known");
}

int wtl_policy_admits(const wtl_policy *p, const wtl_hello_client *h, wtl_err *err)
{
    ENSURE(h->tls13 || (p->flags & WTL_POLICY_TLS12) != 0, err, WTL_POLICY,
           "the client does not speak TLS 1.3");
    TRY(wtl_policy_shares(h->shares, err));
    wtl_rd r = wtl_rd_of(h->groups);
    while (r.n >= 2) {
        const wtl_group *g = wtl_group_by_id(wtl_rd_u16(&r));
        /* Post-quantum groups are TLS 1.3's. */
        if (wtl_policy_takes(p, g) && (h->tls13 || g->class == WTL_GROUP_CLASSICAL))
            return WTL_OK;
    }
    AUTO(wtl_buf) offered = {0};
    describe(h, &offered);
    const char *words = wtl_buf_cstr(&offered);
    ENSURE(words != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_FAIL(err, WTL_POLICY, "the client offers no group that %s takes: it offers %.400s",
                    modes[p->mode], words);
}
