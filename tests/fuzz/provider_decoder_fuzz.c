/* The first byte chooses the kind of key; the rest is DER. What is accepted lies inside the input and has the sizes of the kind; a refusal has a
 * sentence; a key of one kind is none of another. */
#include "replay.h"

#include <stdlib.h>

#include "provider/decoder.h"

/* AlgorithmIdentifiers and sizes: RFC 9881, RFC 9935, RFC 8410. */
static const wtl_decoder_kind kinds[] = {
    {"ML-DSA-44", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17}, 13, 1312, 32, 2560, 0, 0, 0, 0},
    {"ML-DSA-65", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18}, 13, 1952, 32, 4032, 0, 0, 0, 0},
    {"ML-DSA-87", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19}, 13, 2592, 32, 4896, 0, 0, 0, 0},
    {"ML-KEM-512", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 1}, 13, 800, 64, 1632, 0, 0, 0, 0},
    {"ML-KEM-768", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 2}, 13, 1184, 64, 2400, 0, 0, 0, 0},
    {"ML-KEM-1024", {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 3}, 13, 1568, 64, 3168, 0, 0, 0, 0},
    {"X25519", {0x30, 5, 6, 3, 0x2b, 0x65, 0x6e}, 7, 32, 0, 32, 0, 0, 0, 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_part(wtl_bytes part, wtl_bytes in, size_t size)
{
    must(part.n == 0 || part.n == size);
    must(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

static bool accepts(const wtl_decoder_kind *kind, bool is_private, wtl_bytes in)
{
    wtl_decoder_parts parts = {.pub = {in.p, 0}};
    wtl_err err = {0};
    int rc = wtl_decoder_parse(&parts, kind, is_private, in, &err);
    if (rc < 0) {
        must(rc == WTL_NO || (rc == WTL_FORMAT && err.text[0] != '\0'));
        must(parts.pub.p == in.p && parts.seed.p == NULL && parts.priv.p == NULL); /* untouched */
        return false;
    }
    check_part(parts.pub, in, kind->pub);
    check_part(parts.seed, in, kind->seed);
    check_part(parts.priv, in, kind->priv);
    must(is_private ? parts.seed.n + parts.priv.n > 0 : parts.pub.n > 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    wtl_bytes in = {data + 1, size - 1};
    bool is_private = (data[0] & 0x80) != 0;
    if (!accepts(&kinds[(data[0] & 0x7f) % KINDS], is_private, in))
        return 0;
    int takers = 0;
    for (size_t i = 0; i < KINDS; i++)
        takers += accepts(&kinds[i], is_private, in) + accepts(&kinds[i], !is_private, in);
    must(takers == 1);
    return 0;
}
