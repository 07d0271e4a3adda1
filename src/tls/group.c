#include "tls/group.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "crypto/alg.h"

/* Code points and classes as crypto's table has them. */
#define CLASS(flags)                                  \
    ((flags) & WTL_ALG_HYBRID ? (int)WTL_GROUP_HYBRID \
     : (flags) & WTL_ALG_PQ   ? (int)WTL_GROUP_PURE   \
                              : (int)WTL_GROUP_CLASSICAL)
#define ALG(id, name, alias, kind, evp, group, oid, level, pub, seed, out, ss, tls, hpke, flags, spec) \
    ID_##id = (tls), CLASS_##id = CLASS(flags),
enum {
#include "crypto/algs.def"
};
#undef ALG

#define ROW(name, id) {name, ID_##id, (enum wtl_group_class)CLASS_##id}
#define OTHER(name, id) {name, id, WTL_GROUP_CLASSICAL}
static const wtl_group table[] = {
    ROW("X25519MLKEM768", X25519MLKEM768),
    ROW("SecP256r1MLKEM768", SECP256R1MLKEM768),
    ROW("SecP384r1MLKEM1024", SECP384R1MLKEM1024),
    ROW("MLKEM768", MLKEM768),
    ROW("MLKEM1024", MLKEM1024),
    ROW("MLKEM512", MLKEM512),
    ROW("X25519", X25519),
    ROW("secp256r1", P256),
    ROW("secp384r1", P384),
    OTHER("secp521r1", 0x0019),
    OTHER("X448", 0x001e),
    OTHER("ffdhe2048", 0x0100),
    OTHER("ffdhe3072", 0x0101),
    OTHER("ffdhe4096", 0x0102),
    OTHER("ffdhe6144", 0x0103),
    OTHER("ffdhe8192", 0x0104),
};
enum { GROUPS = sizeof table / sizeof table[0], NAME_MOST = 32 };

static const char *const aliases[][2] = {
    {"P-256", "secp256r1"},       {"prime256v1", "secp256r1"}, {"P-384", "secp384r1"},
    {"P-521", "secp521r1"},       {"ML-KEM-512", "MLKEM512"},  {"ML-KEM-768", "MLKEM768"},
    {"ML-KEM-1024", "MLKEM1024"},
};

const char *wtl_group_class_name(enum wtl_group_class c)
{
    static const char *const names[] = {[WTL_GROUP_NONE] = "none",
                                        [WTL_GROUP_CLASSICAL] = "classical",
                                        [WTL_GROUP_HYBRID] = "hybrid",
                                        [WTL_GROUP_PURE] = "pq"};
    return names[c];
}

const wtl_group *wtl_group_at(size_t i)
{
    return i < GROUPS ? &table[i] : NULL;
}

const wtl_group *wtl_group_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcasecmp(aliases[i][0], name) == 0)
            name = aliases[i][1];
    }
    for (size_t i = 0; i < GROUPS; i++) {
        if (strcasecmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

const wtl_group *wtl_group_by_id(uint16_t id)
{
    for (size_t i = 0; i < GROUPS; i++) {
        if (table[i].id == id)
            return &table[i];
    }
    return NULL;
}

static int unknown(const char *name, size_t n, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    AUTO(wtl_buf) list = {0};
    wtl_text_quote(&q, (wtl_bytes){(const uint8_t *)name, n < 60 ? n : 60});
    for (size_t i = 0; i < GROUPS; i++)
        wtl_buf_fmt(&list, "%s%s", i > 0 ? ", " : "", table[i].name);
    const char *text = wtl_buf_cstr(&q);
    const char *known = wtl_buf_cstr(&list);
    ENSURE(text != NULL && known != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_FAIL(err, WTL_USAGE, "\"%s\" is no group of TLS 1.3 that Wattle knows: there are %s", text,
                    known);
}

static int take(wtl_groups *g, const char *word, size_t n, wtl_err *err)
{
    char name[NAME_MOST];
    if (n >= sizeof name || memchr(word, '\0', n) != NULL)
        return unknown(word, n, err);
    memcpy(name, word, n);
    name[n] = '\0';
    const wtl_group *row = wtl_group_by_name(name);
    if (row == NULL)
        return unknown(word, n, err);
    for (size_t i = 0; i < g->n; i++)
        ENSURE(g->group[i] != row, err, WTL_USAGE, "the group %s stands twice in the list", row->name);
    g->group[g->n++] = row;
    return WTL_OK;
}

int wtl_groups_parse(wtl_groups *g, const char *text, wtl_err *err)
{
    static const char between[] = ":, \t";
    _Static_assert(sizeof table / sizeof table[0] <= WTL_GROUPS_MOST, "a list without repetitions has room");
    wtl_groups got = {.n = 0};
    const char *p = text + strspn(text, between);
    while (*p != '\0') {
        size_t n = strcspn(p, between);
        TRY(take(&got, p, n, err));
        p += n;
        p += strspn(p, between);
    }
    ENSURE(got.n > 0, err, WTL_USAGE, "the list of groups is empty");
    *g = got;
    return WTL_OK;
}

bool wtl_groups_has(const wtl_groups *g, enum wtl_group_class c)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->group[i]->class == c)
            return true;
    }
    return false;
}
