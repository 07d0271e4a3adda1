#include "tls/pin.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/instant.h"
#include "base/text.h"
#include "fs/in.h"
#include "fs/out.h"

enum {
    DAY = 24 * 60 * 60,
    LIFE = WTL_PIN_DAYS * DAY,
    GROUP = 32,
    FIELDS = 4,
    LINE = WTL_PIN_PEER + GROUP + 2 * WTL_INSTANT_TEXT
};

static const int64_t SECOND = 1000000000, STALE = 1000000000, PATIENCE = 3000000000;
enum { PAUSE = 50000 };

static const char header[] = "wattle-pins 1\n";

/* A process may be killed between any two writes, so every state in between is a whole one: the text of a group is written where
 * it is not read, then switched to; a pin is there from the moment that its hash is. So readers need no lock. And a process may have been taken over: nothing that is
 * read here is an index or a length before it is bounded, or text before it is checked, and there are no pointers, as a pthread mutex would have. */
typedef struct pin {
    char peer[WTL_PIN_PEER];
    char group[2][GROUP];
    _Atomic uint32_t which;
    _Atomic int64_t first;
    _Atomic int64_t last;
} pin;

typedef struct table {
    _Atomic int64_t lock; /* of writers: when it was taken (monotonic, nanoseconds), or 0 */
    _Atomic uint64_t changes;
    _Atomic uint64_t written;            /* the changes that are in the file */
    _Atomic bool damaged;                /* the file, when it was read last */
    _Atomic uint32_t used;               /* no slot at or behind this one was ever taken */
    _Atomic uint64_t hash[WTL_PIN_MOST]; /* 0: free */
    pin pin[WTL_PIN_MOST];
} table;

struct wtl_pin {
    table *t;
};

int wtl_pin_new(wtl_pin **out, wtl_err *err)
{
    *out = NULL;
    wtl_pin *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    void *memory = mmap(NULL, sizeof(table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        free(p);
        return WTL_FAIL_SYS(err, WTL_NOMEM, errno, "no shared memory for pinned peers");
    }
    p->t = memory;
    *out = p;
    return WTL_OK;
}

void wtl_pin_free(wtl_pin *p)
{
    if (p == NULL)
        return;
    munmap(p->t, sizeof(table));
    free(p);
}

void wtl_pin_auto(wtl_pin **p)
{
    wtl_pin_free(*p);
}

static int64_t monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* A lock that is as old as no write takes is a dead process's. *mine: what it is taken with. */
static bool take_lock(table *t, int64_t *mine)
{
    int64_t held = t->lock; /* first: it cannot be of later than now */
    int64_t now = monotonic();
    bool stale = held > now || (uint64_t)now - (uint64_t)held > (uint64_t)STALE;
    *mine = now;
    return (held == 0 || stale) && atomic_compare_exchange_strong(&t->lock, &held, now);
}

/* WTL_BUSY: another process does not let it go, and takes it again and again. */
static int lock(table *t, int64_t *mine, wtl_err *err)
{
    enum { YIELDS = 100 };
    int64_t end = monotonic() + PATIENCE;
    for (int i = 0; !take_lock(t, mine); i++) {
        ENSURE(*mine < end, err, WTL_BUSY,
               "the table of pinned peers is held by a process that does not let it go: restart the proxy, "
               "and look "
               "what holds it");
        if (i < YIELDS)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
    return WTL_OK;
}

/* Only its own: meanwhile it may have been taken for a dead one's. */
static void unlock(table *t, int64_t mine)
{
    atomic_compare_exchange_strong(&t->lock, &mine, 0);
}

/* FNV-1a, 64 bits; peers come from a configuration, nobody chooses collisions. */
static uint64_t hash_of(const char *peer)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *peer != '\0'; peer++)
        h = (h ^ (uint8_t)*peer) * 0x100000001b3;
    return h != 0 ? h : 1;
}

enum { NOT_HELD = WTL_PIN_MOST };

static size_t used(const table *t)
{
    size_t n = t->used;
    return n < WTL_PIN_MOST ? n : WTL_PIN_MOST;
}

/* Of which strcmp with a whole text looks at no byte behind it. */
static const char *group_of(const pin *p)
{
    return p->group[p->which & 1];
}

static size_t find(const table *t, const char *peer)
{
    uint64_t h = hash_of(peer);
    for (size_t i = 0; i < used(t); i++)
        if (t->hash[i] == h && strcmp(t->pin[i].peer, peer) == 0)
            return i;
    return NOT_HELD;
}

/* A clock that went back makes `last` lie ahead: it counts. */
static bool lives(int64_t last, int64_t now, int64_t life)
{
    return now < last || (uint64_t)now - (uint64_t)last <= (uint64_t)life;
}

static size_t free_slot(table *t, int64_t now)
{
    for (size_t i = 0; i < WTL_PIN_MOST; i++)
        if (t->hash[i] == 0)
            return i;
    for (size_t i = 0; i < WTL_PIN_MOST; i++)
        if (!lives(t->pin[i].last, now, LIFE))
            return i;
    return NOT_HELD;
}

/* One pin as text and as the table takes it. */
typedef struct entry {
    char peer[WTL_PIN_PEER];
    char group[GROUP];
    int64_t first;
    int64_t last;
} entry;

static void put_group(pin *p, const char *group)
{
    uint32_t other = 1 - (p->which & 1);
    memset(p->group[other], 0, GROUP);
    memcpy(p->group[other], group, strlen(group));
    p->which = other;
}

static bool add(table *t, const entry *e, int64_t now)
{
    size_t i = free_slot(t, now);
    if (i == NOT_HELD)
        return false;
    pin *p = &t->pin[i];
    t->hash[i] = 0;
    memset(p->peer, 0, sizeof p->peer);
    memcpy(p->peer, e->peer, strlen(e->peer));
    put_group(p, e->group);
    p->first = e->first;
    p->last = e->last;
    if (i >= t->used)
        t->used = (uint32_t)i + 1;
    t->hash[i] = hash_of(e->peer);
    return true;
}

static void renew(pin *p, const entry *e)
{
    if (strcmp(group_of(p), e->group) != 0)
        put_group(p, e->group);
    if (e->first < p->first)
        p->first = e->first;
    if (e->last > p->last)
        p->last = e->last;
}

/* What may stand in the file: visible ASCII, and the names of groups. */
static bool is_peer(wtl_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
            return false;
    return v.n > 0 && v.n < WTL_PIN_PEER;
}

static bool is_group(wtl_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return v.n > 0 && v.n < GROUP;
}

/* Reading the file. */

static int fault(size_t line, const char *what, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "line %zu %s", line, what);
}

static int parse_time(int64_t *to, wtl_bytes v, size_t line, wtl_err *err)
{
    char text[WTL_INSTANT_TEXT] = {0};
    if (v.n != sizeof text - 1)
        return fault(line, "has a time that is not of the form 2026-11-21T00:00:00Z", err);
    memcpy(text, v.p, v.n);
    return wtl_instant_parse(to, text, NULL) < 0
               ? fault(line, "has a time that is not of the form 2026-11-21T00:00:00Z", err)
               : WTL_OK;
}

static int parse_line(entry *e, wtl_bytes text, size_t line, wtl_err *err)
{
    wtl_bytes field[FIELDS] = {{text.p, 0}};
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ')
            field[n].n++;
        else if (++n < FIELDS)
            field[n].p = text.p + i + 1;
        else
            break;
    }
    if (n != FIELDS - 1)
        return fault(line, "does not have four words with one space between", err);
    if (!is_peer(field[0]))
        return fault(line, "begins with no address of a peer", err);
    if (!is_group(field[1]))
        return fault(line, "names no group in its second word", err);
    *e = (entry){0};
    memcpy(e->peer, field[0].p, field[0].n);
    memcpy(e->group, field[1].p, field[1].n);
    TRY(parse_time(&e->first, field[2], line, err));
    TRY(parse_time(&e->last, field[3], line, err));
    return e->first > e->last ? fault(line, "has its first time after its last", err) : WTL_OK;
}

/* Peers in the order of their bytes, each once, so that one table has one text. */
static int parse(entry **out, size_t *n, wtl_bytes text, wtl_err *err)
{
    size_t head = sizeof header - 1;
    if (text.n < head || memcmp(text.p, header, head) != 0)
        return WTL_FAIL(err, WTL_FORMAT, "its first line is not \"wattle-pins 1\"");
    const uint8_t *end = text.p + text.n;
    size_t line = 2;
    for (const uint8_t *p = text.p + head; p < end; line++) {
        const uint8_t *stop = memchr(p, '\n', (size_t)(end - p));
        if (stop == NULL)
            return fault(line, "has no end", err);
        if (*n == WTL_PIN_MOST)
            return fault(line, "is one too many", err);
        entry *e = &(*out)[*n];
        TRY(parse_line(e, (wtl_bytes){p, (size_t)(stop - p)}, line, err));
        if (*n > 0 && strcmp(e[-1].peer, e->peer) >= 0)
            return fault(line, "is not behind the one before it in the order of peers", err);
        ++*n;
        p = stop + 1;
    }
    return WTL_OK;
}

static int take(wtl_pin *p, const entry *e, size_t n, int64_t now, wtl_err *err)
{
    table *t = p->t;
    int64_t mine;
    bool fits = true;
    TRY(lock(t, &mine, err));
    for (size_t i = 0; i < n; i++) {
        size_t at = find(t, e[i].peer);
        if (!lives(e[i].last, now, LIFE))
            continue;
        if (at != NOT_HELD)
            renew(&t->pin[at], &e[i]);
        else
            fits &= add(t, &e[i], now);
    }
    unlock(t, mine);
    ENSURE(fits, err, WTL_BUSY, "more than %d peers are pinned", WTL_PIN_MOST);
    return WTL_OK;
}

int wtl_pin_parse(wtl_pin *p, wtl_bytes text, int64_t now, wtl_err *err)
{
    entry *e = calloc(WTL_PIN_MOST, sizeof *e);
    ENSURE(e != NULL, err, WTL_NOMEM, "out of memory");
    size_t n = 0;
    int rc = parse(&e, &n, text, err);
    if (rc == WTL_OK)
        rc = take(p, e, n, now, err);
    free(e);
    return rc;
}

static wtl_err quoted(const char *path)
{
    wtl_err name = {0};
    AUTO(wtl_buf) b = {0};
    wtl_text_quote(&b, wtl_text_of(path));
    const char *text = wtl_buf_cstr(&b);
    WTL_FAIL(&name, WTL_BUG, "%s", text != NULL ? text : "the file");
    return name;
}

int wtl_pin_read(wtl_pin *p, const char *path, int64_t now, wtl_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT) {
        p->t->damaged = false;
        return WTL_OK;
    }
    AUTO(wtl_buf) text = {0};
    size_t most = sizeof header + (size_t)WTL_PIN_MOST * LINE;
    int rc = wtl_in_read_all(path, most, &text, err);
    if (rc == WTL_OK) {
        rc = wtl_pin_parse(p, wtl_buf_view(&text), now, err);
        if (rc == WTL_FORMAT)
            wtl_err_prefix(err, "%s is no list of pinned peers: ", quoted(path).text);
    }
    p->t->damaged = rc == WTL_FORMAT;
    return rc;
}

/* Writing it. */

static int by_peer(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->peer, ((const entry *)b)->peer);
}

/* A copy of a slot; false when there is none, or what is there is no pin. */
static bool read_slot(entry *e, const table *t, size_t i)
{
    const pin *from = &t->pin[i];
    char text[WTL_INSTANT_TEXT];
    if (t->hash[i] == 0)
        return false;
    *e = (entry){.first = from->first, .last = from->last};
    memcpy(e->peer, from->peer, sizeof e->peer - 1);
    memcpy(e->group, group_of(from), sizeof e->group - 1);
    return is_peer(wtl_text_of(e->peer)) && is_group(wtl_text_of(e->group)) && e->first <= e->last &&
           wtl_instant_write(text, e->first)[0] != '?' && wtl_instant_write(text, e->last)[0] != '?';
}

/* A pin out of date stays in the file as long again: should it be the clock that is wrong, it comes back with the clock. Each peer once. */
static size_t copy(entry *e, const table *t, int64_t now)
{
    size_t all = 0;
    size_t n = 0;
    for (size_t i = 0; i < used(t); i++)
        if (read_slot(&e[all], t, i) && lives(e[all].last, now, 2 * (int64_t)LIFE))
            all++;
    qsort(e, all, sizeof *e, by_peer);
    for (size_t i = 0; i < all; i++)
        if (n == 0 || strcmp(e[n - 1].peer, e[i].peer) != 0)
            e[n++] = e[i];
    return n;
}

int wtl_pin_text(const wtl_pin *p, wtl_buf *out, int64_t now, uint64_t *changes, wtl_err *err)
{
    entry *e = calloc(WTL_PIN_MOST, sizeof *e);
    ENSURE(e != NULL, err, WTL_NOMEM, "out of memory");
    *changes = p->t->changes; /* what comes while it is copied is written once more */
    size_t n = copy(e, p->t, now);
    wtl_buf_str(out, header);
    for (size_t i = 0; i < n; i++) {
        char first[WTL_INSTANT_TEXT];
        char last[WTL_INSTANT_TEXT];
        wtl_buf_fmt(out, "%s %s %s %s\n", e[i].peer, e[i].group, wtl_instant_write(first, e[i].first),
                    wtl_instant_write(last, e[i].last));
    }
    free(e);
    return wtl_buf_check(out, err);
}

int wtl_pin_write(wtl_pin *p, const char *path, int64_t now, wtl_err *err)
{
    if (!wtl_pin_changed(p))
        return WTL_OK;
    ENSURE(
        !p->t->damaged, err, WTL_FORMAT,
        "%s is no list of pinned peers and is left as it is, so new pins are in memory alone: repair it or "
        "move it away, and load again",
        quoted(path).text);
    AUTO(wtl_buf) text = {0};
    uint64_t changes = 0;
    TRY(wtl_pin_text(p, &text, now, &changes, err));
    TRY(wtl_out_file(path, wtl_buf_view(&text), WTL_OUT_REPLACE, 0600, err));
    p->t->written = changes;
    return WTL_OK;
}

bool wtl_pin_changed(const wtl_pin *p)
{
    return p->t->written != p->t->changes;
}

/* Asking and telling. */

bool wtl_pin_holds(const wtl_pin *p, const char *peer, int64_t now, char group[32])
{
    size_t i = find(p->t, peer);
    if (i == NOT_HELD || !lives(p->t->pin[i].last, now, LIFE))
        return false;
    if (group != NULL) {
        memcpy(group, group_of(&p->t->pin[i]), GROUP - 1);
        group[GROUP - 1] = '\0';
        if (!is_group(wtl_text_of(group)))
            memcpy(group, "?", sizeof "?");
    }
    return true;
}

/* Days are told apart, not seconds, so that a busy peer does not have the file written again and again. */
static bool is_new(const table *t, size_t i, const entry *e)
{
    return i == NOT_HELD || e->last / DAY > t->pin[i].last / DAY ||
           strcmp(group_of(&t->pin[i]), e->group) != 0;
}

static int note(table *t, const entry *e, int64_t now, bool *fits, wtl_err *err)
{
    int64_t mine;
    TRY(lock(t, &mine, err));
    size_t i = find(t, e->peer);
    bool news = is_new(t, i, e);
    if (i == NOT_HELD)
        *fits = add(t, e, now);
    else if (news)
        renew(&t->pin[i], e);
    if (news && *fits)
        t->changes++;
    unlock(t, mine);
    return WTL_OK;
}

int wtl_pin_saw(wtl_pin *p, const char *peer, const char *group, int64_t now, wtl_err *err)
{
    char text[WTL_INSTANT_TEXT];
    ENSURE(is_peer(wtl_text_of(peer)) && is_group(wtl_text_of(group)) &&
               wtl_instant_write(text, now)[0] != '?',
           err, WTL_USAGE, "a peer to be pinned has an address of visible characters, fewer than %d",
           WTL_PIN_PEER);
    entry e = {.first = now, .last = now};
    bool fits = true;
    memcpy(e.peer, peer, strlen(peer));
    memcpy(e.group, group, strlen(group));
    if (is_new(p->t, find(p->t, peer), &e))
        TRY(note(p->t, &e, now, &fits, err));
    ENSURE(fits, err, WTL_BUSY,
           "%d peers are pinned, and that is all there is room for: this one can be downgraded unseen",
           WTL_PIN_MOST);
    return WTL_OK;
}

bool wtl_pin_forget(wtl_pin *p, const char *peer)
{
    table *t = p->t;
    int64_t mine;
    if (lock(t, &mine, NULL) < 0)
        return false;
    size_t i = find(t, peer);
    if (i != NOT_HELD) {
        t->hash[i] = 0;
        t->changes++;
    }
    unlock(t, mine);
    return i != NOT_HELD;
}
