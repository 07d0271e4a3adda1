#include "seal/share.h"

#include "container/hashtree.h"
#include "crypto/lanes.h"
#include "work/line.h"

enum {
    CHUNKS = 32,       /* 512 KiB, which stays in a core's second-level cache */
    THREADS_MOST = 16, /* one thread writes: more would wait for it, and each has a stack */
    SLOTS_MOST = 16,
    SEGMENTS = 32, /* in all batches */
    MANY = 4096,   /* files whose index takes memory of its own */
    PAIRS = 4      /* segments where memory allows no more: two and two are hashed together */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* No more threads than batches; a thread costs more than a small batch takes. */
static unsigned useful(unsigned threads, uint64_t bytes, size_t files, size_t batch)
{
    uint64_t batches = bytes / batch + files / WTL_SHARE_PIECES + 1;
    return batches < threads ? (unsigned)batches : threads;
}

wtl_share wtl_share_of(unsigned wish, bool tree, uint64_t bytes, size_t files)
{
    wtl_share s = {.segments = 1, .chunks = CHUNKS};
    size_t batch = (size_t)(tree ? WTL_HASHTREE_CHUNKS : CHUNKS) * WTL_CHUNKED_PLAIN;
    s.threads = (unsigned)least(useful(wtl_line_threads(wish), bytes, files, batch), THREADS_MOST);
    s.slots = s.threads == 1 ? 1 : least(s.threads + 2, SLOTS_MOST);
    if (!tree)
        return s;
    size_t width = least(wtl_lanes_width(WTL_HASH_SHA256), WTL_LANES_MOST);
    size_t budget = files < MANY ? SEGMENTS : SEGMENTS / 2;
    if (s.threads * width <= budget)
        s.slots = s.threads;
    else
        width = PAIRS;
    s.segments = most(1, least(width, budget / s.slots));
    if (bytes / batch < s.segments)
        s.segments = (size_t)(bytes / batch) + 1;
    s.chunks = s.segments * WTL_HASHTREE_CHUNKS;
    return s;
}
