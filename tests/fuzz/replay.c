/* Runs a fuzz target without libFuzzer: nothing, every seed, every truncation of small seeds, and mutations that
 * are the same in every run.
 *   fuzz_NAME FOLDER|FILE...
 * WATTLE_FUZZ_RUNS  mutations over all seeds (4000)
 * WATTLE_FUZZ_SAVE  a file that receives each input before it is tried: after a crash it holds the culprit */
#include "replay.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEFAULT_RUNS = 4000, TRUNCATE_ALL_BELOW = 512, ROOM_TO_GROW = 256, SEED_MAX = 1 << 20 };

typedef struct seed {
    uint8_t *p;
    size_t n;
} seed;

static struct {
    seed *s;
    size_t n;
} seeds;
static size_t runs;

static void stop(const char *what, const char *path)
{
    fprintf(stderr, "replay: %s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

static void try_input(const uint8_t *p, size_t n)
{
    const char *save = getenv("WATTLE_FUZZ_SAVE");
    if (save != NULL) {
        FILE *f = fopen(save, "wb");
        if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
            stop("cannot write", save);
    }
    /* A copy of its own size, so that a read past the end is seen. */
    uint8_t *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL)
        stop("no memory for", "an input");
    if (n > 0)
        memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    runs++;
}

static void add_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        stop("cannot read", path);
    seed *grown = realloc(seeds.s, (seeds.n + 1) * sizeof *seeds.s);
    uint8_t *p = malloc(SEED_MAX);
    if (grown == NULL || p == NULL)
        stop("no memory for", path);
    seeds.s = grown;
    seeds.s[seeds.n++] = (seed){p, fread(p, 1, SEED_MAX, f)};
    if (ferror(f))
        stop("cannot read", path);
    fclose(f);
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void add_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT) /* a target without seeds */
            return;
        stop("cannot look at", path);
    }
    if (!S_ISDIR(st.st_mode)) {
        add_file(path);
        return;
    }
    struct dirent **e = NULL;
    int n = scandir(path, &e, visible, alphasort);
    if (n < 0)
        stop("cannot list", path);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, e[i]->d_name);
        add_file(file);
        free(e[i]);
    }
    free(e);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t state = 0x9e3779b97f4a7c15u;
static size_t below(size_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return n == 0 ? 0 : (size_t)((state * 0x2545f4914f6cdd1du) >> 11) % n;
}

static size_t insert(uint8_t *p, size_t n, size_t cap, const uint8_t *from, size_t len)
{
    if (len > cap - n)
        len = cap - n;
    size_t at = below(n + 1);
    memmove(p + at + len, p + at, n - at);
    memcpy(p + at, from, len);
    return n + len;
}

static size_t mutate_once(uint8_t *p, size_t n, size_t cap)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '\\', '/', '.', '\n', '{', '[', '='};
    size_t at = below(n);
    size_t len = 1 + below(16);
    const seed *other = &seeds.s[below(seeds.n)];
    uint8_t run[16];
    switch (below(8)) {
    case 0: /* one bit */
        if (n > 0)
            p[at] ^= (uint8_t)(1u << below(8));
        return n;
    case 1: /* one byte */
        if (n > 0)
            p[at] = telling[below(sizeof telling)];
        return n;
    case 2: /* a number's last byte, up or down */
        if (n > 0)
            p[at] = (uint8_t)(p[at] + (below(2) == 0 ? 1 : 255));
        return n;
    case 3: /* cut the end */
        return below(n + 1);
    case 4: /* cut a piece out */
        if (len > n - at)
            len = n - at;
        memmove(p + at, p + at + len, n - at - len);
        return n - len;
    case 5: /* new bytes */
        memset(run, telling[below(sizeof telling)], sizeof run);
        return insert(p, n, cap, run, len);
    case 6: /* a piece twice */
        if (len > n - at)
            len = n - at;
        memcpy(run, p + at, len);
        return insert(p, n, cap, run, len);
    default: /* a piece of another seed */
        at = below(other->n);
        if (len > other->n - at)
            len = other->n - at;
        return insert(p, n, cap, other->p + at, len);
    }
}

static void mutate(const seed *s, size_t times)
{
    size_t cap = s->n + ROOM_TO_GROW;
    uint8_t *p = malloc(cap);
    if (p == NULL)
        stop("no memory for", "a mutation");
    for (size_t i = 0; i < times; i++) {
        size_t n = s->n;
        if (n > 0)
            memcpy(p, s->p, n);
        for (size_t k = 1 + below(4); k > 0; k--)
            n = mutate_once(p, n, cap);
        try_input(p, n);
    }
    free(p);
}

int main(int argc, char **argv)
{
    const char *wanted = getenv("WATTLE_FUZZ_RUNS");
    size_t total = wanted != NULL ? strtoul(wanted, NULL, 10) : DEFAULT_RUNS;
    for (int i = 1; i < argc; i++)
        add_path(argv[i]);
    size_t given = seeds.n;
    if (given == 0) { /* nothing to start from but zeros */
        static uint8_t zeros[32];
        static seed only = {zeros, sizeof zeros};
        seeds.s = &only;
        seeds.n = 1;
    }
    try_input(NULL, 0);
    for (size_t i = 0; i < seeds.n; i++) {
        const seed *s = &seeds.s[i];
        try_input(s->p, s->n);
        for (size_t n = 0; s->n <= TRUNCATE_ALL_BELOW && n < s->n; n++)
            try_input(s->p, n);
        mutate(s, total / seeds.n);
    }
    printf("%zu seeds, %zu inputs\n", given, runs);
    for (size_t i = 0; i < given; i++)
        free(seeds.s[i].p);
    if (given > 0)
        free(seeds.s);
    return 0;
}
