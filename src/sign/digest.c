#include "sign/digest.h"

#include <stdlib.h>

enum { PIECE = 1 << 20, TELL_EVERY = 8 << 20 };

int wtl_digest_init(wtl_digest *d, enum wtl_hash h, const wtl_progress *progress, uint64_t total,
                    wtl_err *err)
{
    *d = (wtl_digest){.progress = *progress, .total = total};
    TRY(wtl_hasher_new(&d->hasher, h, err));
    d->buf = malloc(PIECE);
    ENSURE(d->buf != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

void wtl_digest_free(wtl_digest *d)
{
    wtl_hasher_free(d->hasher);
    free(d->buf);
    *d = (wtl_digest){0};
}

void wtl_digest_auto(wtl_digest *d)
{
    wtl_digest_free(d);
}

static void tell(wtl_digest *d, size_t more)
{
    d->done += more;
    bool due = d->done - d->told >= TELL_EVERY || (d->done == d->total && d->done != d->told);
    if (d->progress.step == NULL || !due)
        return;
    d->told = d->done;
    d->progress.step(d->progress.arg, d->done, d->total);
}

int wtl_digest_file(wtl_digest *d, wtl_in *in, uint8_t *out, wtl_err *err)
{
    TRY(wtl_hasher_start(d->hasher, err));
    /* One byte more than the file had tells that it grew; a file that grows for ever ends the loop too. */
    uint64_t offset = 0;
    uint64_t size = (uint64_t)in->stamp.size;
    while (offset <= size) {
        size_t got;
        TRY(wtl_in_pread(in, d->buf, PIECE, offset, &got, err));
        TRY(wtl_hasher_add(d->hasher, (wtl_bytes){d->buf, got}, err));
        offset += got;
        tell(d, got);
        if (got < PIECE)
            break;
    }
    TRY(wtl_in_unchanged(in, err));
    ENSURE(offset == size, err, WTL_NO, "%s changed while it was read; try again when nothing writes to it",
           in->name);
    return wtl_hasher_end(d->hasher, out, err);
}
