#include "vec.h"

#include "crypto/chunked.h"
#include "crypto/hash.h"

static uint8_t key[32];
static const uint8_t no_salt[WTL_CHUNKED_SALT];

static wtl_bytes the_key(void)
{
    return (wtl_bytes){key, sizeof key};
}

/* The whole message of `plain` into `out`. */
static void seal_all(wtl_bytes k, wtl_bytes context, const uint8_t *salt, wtl_bytes plain, wtl_buf *out)
{
    wtl_err err = {0};
    AUTO(wtl_chunked) *c = NULL;
    uint8_t *header = wtl_buf_grow(out, WTL_CHUNKED_HEADER);
    assert_good(wtl_chunked_seal_salt(&c, k, context, salt, header, &err), &err);
    for (size_t i = 0; i <= plain.n / WTL_CHUNKED_PLAIN; i++) {
        size_t at = i * WTL_CHUNKED_PLAIN;
        size_t n = plain.n - at < WTL_CHUNKED_PLAIN ? plain.n - at : WTL_CHUNKED_PLAIN;
        uint8_t *to = wtl_buf_grow(out, n + WTL_AEAD_TAG);
        wtl_bytes part = {n > 0 ? plain.p + at : NULL, n};
        assert_good(wtl_chunked_seal(c, i, part, to, &err), &err);
    }
}

/* Opens a message as a reader should: size, commitment, every chunk. */
static int open_all(wtl_bytes k, wtl_bytes context, wtl_bytes message, wtl_buf *plain)
{
    uint64_t n;
    TRY(wtl_chunked_plain_size(message.n, &n, NULL));
    AUTO(wtl_chunked) *c = NULL;
    TRY(wtl_chunked_open_new(&c, k, context, message.p, NULL));
    size_t at = WTL_CHUNKED_HEADER;
    for (uint64_t i = 0; at < message.n; i++) {
        size_t part = message.n - at < WTL_CHUNKED_SEALED ? message.n - at : WTL_CHUNKED_SEALED;
        uint8_t *to = wtl_buf_grow(plain, part - WTL_AEAD_TAG);
        TRY(wtl_chunked_open(c, i, (wtl_bytes){message.p + at, part}, to, NULL));
        at += part;
    }
    return plain->n == n ? WTL_OK : WTL_BUG;
}

static void pattern(wtl_buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wtl_buf_u8(b, (uint8_t)(7 * i + (i >> 8)));
}

/* ---- golden messages, made by another implementation */

static int golden_message(const vec_stanza *s)
{
    if (vec_field(s, "PlainSize") == NULL)
        return 0;
    size_t n = strtoul(vec_field(s, "PlainSize"), NULL, 10);
    VEC_HEX(k, vec_field(s, "Key"));
    VEC_HEX(salt, vec_field(s, "Salt"));
    VEC_HEX(context, vec_field(s, "Context"));
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) message = {0};
    AUTO(wtl_buf) back = {0};
    pattern(&plain, n);
    seal_all(wtl_buf_view(&k), wtl_buf_view(&context), salt.p, wtl_buf_view(&plain), &message);
    assert_int_equal(message.n, strtoul(vec_field(s, "SealedSize"), NULL, 10));
    assert_int_equal(wtl_chunked_sealed_size(n), message.n);
    vec_is((wtl_bytes){message.p + WTL_CHUNKED_SALT, WTL_CHUNKED_COMMITMENT}, vec_field(s, "Commitment"));
    uint8_t digest[32];
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&message), digest, NULL), 0);
    vec_is((wtl_bytes){digest, 32}, vec_field(s, "Sha256"));
    if (vec_field(s, "Message") != NULL)
        vec_is(wtl_buf_view(&message), vec_field(s, "Message"));
    assert_int_equal(open_all(wtl_buf_view(&k), wtl_buf_view(&context), wtl_buf_view(&message), &back), 0);
    assert_true(vec_same(wtl_buf_view(&back), wtl_buf_view(&plain)));
    return 1;
}

/* A chunk far out, salt of zeros: the nonce's counter. */
static int golden_chunk(const vec_stanza *s)
{
    if (vec_field(s, "Index") == NULL)
        return 0;
    wtl_err err = {0};
    VEC_HEX(k, vec_field(s, "Key"));
    uint64_t index = strtoull(vec_field(s, "Index"), NULL, 10);
    uint8_t header[WTL_CHUNKED_HEADER];
    uint8_t out[24];
    uint8_t back[8];
    AUTO(wtl_chunked) *c = NULL;
    AUTO(wtl_chunked) *o = NULL;
    assert_good(wtl_chunked_seal_salt(&c, wtl_buf_view(&k), (wtl_bytes){0}, no_salt, header, &err), &err);
    assert_good(wtl_chunked_seal(c, index, vec_text("far away"), out, &err), &err);
    vec_is((wtl_bytes){out, 24}, vec_field(s, "Chunk"));
    assert_good(wtl_chunked_open_new(&o, wtl_buf_view(&k), (wtl_bytes){0}, header, &err), &err);
    assert_good(wtl_chunked_open(o, index, (wtl_bytes){out, 24}, back, &err), &err);
    assert_memory_equal(back, "far away", 8);
    return 1;
}

static void golden(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_SOURCE", "tests/golden/chunked.txt");
    assert_non_null(path);
    assert_int_equal(vec_stanzas(path, golden_message), 9);
    assert_int_equal(vec_stanzas(path, golden_chunk), 7);
}

/* ---- sizes */

static void sizes(void **state)
{
    (void)state;
    static const struct {
        uint64_t plain;
        uint64_t sealed;
    } rows[] = {{0, 72},
                {1, 73},
                {16383, 16455},
                {16384, 56 + 16400 + 16},
                {16385, 56 + 16400 + 17},
                {32768, 56 + 2 * 16400 + 16},
                {(1ull << 52) - 1, 56 + (1ull << 52) - 1 + (1ull << 42)}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t n = 1;
        assert_true(wtl_chunked_sealed_size(rows[i].plain) == rows[i].sealed);
        assert_int_equal(wtl_chunked_plain_size(rows[i].sealed, &n, NULL), 0);
        assert_true(n == rows[i].plain);
    }
    assert_true(wtl_chunked_sealed_size(1ull << 52) == UINT64_MAX);
    assert_true(wtl_chunked_sealed_size(UINT64_MAX) == UINT64_MAX);
}

static void lengths_that_no_message_has(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (uint64_t sealed = 0; sealed < 3 * 16400; sealed++) {
        uint64_t n = 1;
        bool none = sealed < 72 || (sealed - 56) % 16400 < 16;
        assert_int_equal(wtl_chunked_plain_size(sealed, &n, &err), none ? WTL_FORMAT : WTL_OK);
        assert_true(none ? n == 0 : wtl_chunked_sealed_size(n) == sealed);
    }
    uint64_t most = wtl_chunked_sealed_size((1ull << 52) - 1);
    uint64_t n = 1;
    for (uint64_t more = 1; more < 40; more++)
        assert_int_equal(wtl_chunked_plain_size(most + more, &n, &err), WTL_FORMAT);
    assert_int_equal(wtl_chunked_plain_size(UINT64_MAX, &n, &err), WTL_FORMAT);
    assert_true(n == 0);
}

/* ---- refusals */

static void every_changed_byte_and_truncation(void **state)
{
    (void)state;
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) message = {0};
    pattern(&plain, 200);
    seal_all(the_key(), vec_text("c"), no_salt, wtl_buf_view(&plain), &message);
    for (size_t i = 0; i < message.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            AUTO(wtl_buf) back = {0};
            message.p[i] ^= (uint8_t)(1u << bit);
            assert_int_equal(open_all(the_key(), vec_text("c"), wtl_buf_view(&message), &back), WTL_NO);
            message.p[i] ^= (uint8_t)(1u << bit);
        }
        AUTO(wtl_buf) back = {0};
        int rc = open_all(the_key(), vec_text("c"), (wtl_bytes){message.p, i}, &back);
        assert_int_equal(rc, i < 72 ? WTL_FORMAT : WTL_NO);
    }
}

/* Cut at or around a chunk's end, chunks swapped, repeated, left out. */
static void chunks_out_of_place(void **state)
{
    (void)state;
    AUTO(wtl_buf) plain = {0};
    AUTO(wtl_buf) message = {0};
    pattern(&plain, 3 * WTL_CHUNKED_PLAIN + 5);
    seal_all(the_key(), (wtl_bytes){0}, no_salt, wtl_buf_view(&plain), &message);
    for (size_t k = 1; k <= 3; k++) {
        size_t end = WTL_CHUNKED_HEADER + k * WTL_CHUNKED_SEALED;
        for (size_t n = end - 20; n < end + 20; n++) {
            AUTO(wtl_buf) back = {0};
            int rc = open_all(the_key(), (wtl_bytes){0}, (wtl_bytes){message.p, n}, &back);
            assert_int_equal(rc, n >= end && n < end + 16 ? WTL_FORMAT : WTL_NO);
        }
    }
    wtl_err err = {0};
    static uint8_t out[WTL_CHUNKED_PLAIN];
    AUTO(wtl_chunked) *c = NULL;
    assert_good(wtl_chunked_open_new(&c, the_key(), (wtl_bytes){0}, message.p, &err), &err);
    for (uint64_t at = 0; at < 3; at++) {
        wtl_bytes chunk = {message.p + WTL_CHUNKED_HEADER + at * WTL_CHUNKED_SEALED, WTL_CHUNKED_SEALED};
        for (uint64_t as = 0; as < 4; as++)
            assert_int_equal(wtl_chunked_open(c, as, chunk, out, &err), at == as ? WTL_OK : WTL_NO);
    }
}

static void other_key_or_context(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t header[WTL_CHUNKED_HEADER];
    AUTO(wtl_chunked) *c = NULL;
    assert_good(wtl_chunked_seal_new(&c, the_key(), vec_text("context"), header, &err), &err);
    static const char *const contexts[] = {"", "contex", "context ", "Context"};
    for (size_t i = 0; i < 4; i++) {
        wtl_chunked *o = NULL;
        assert_int_equal(wtl_chunked_open_new(&o, the_key(), vec_text(contexts[i]), header, &err), WTL_NO);
        assert_true(o == NULL && strstr(err.text, "commitment") != NULL);
    }
    for (size_t i = 0; i < sizeof key; i++) {
        wtl_chunked *o = NULL;
        key[i] ^= 1;
        assert_int_equal(wtl_chunked_open_new(&o, the_key(), vec_text("context"), header, &err), WTL_NO);
        assert_null(o);
        key[i] ^= 1;
    }
}

static void salts_differ(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t a[WTL_CHUNKED_HEADER];
    uint8_t b[WTL_CHUNKED_HEADER];
    AUTO(wtl_chunked) *x = NULL;
    AUTO(wtl_chunked) *y = NULL;
    assert_good(wtl_chunked_seal_new(&x, the_key(), (wtl_bytes){0}, a, &err), &err);
    assert_good(wtl_chunked_seal_new(&y, the_key(), (wtl_bytes){0}, b, &err), &err);
    assert_memory_not_equal(a, b, WTL_CHUNKED_SALT);
    assert_memory_not_equal(a + 24, b + 24, WTL_CHUNKED_COMMITMENT);
}

static void misuse(void **state)
{
    (void)state;
    wtl_err err = {0};
    static uint8_t big[WTL_CHUNKED_SEALED + 1];
    static uint8_t out[WTL_CHUNKED_SEALED + 1];
    uint8_t header[WTL_CHUNKED_HEADER] = {0};
    for (size_t n = 0; n < 70; n++) {
        wtl_chunked *c = NULL;
        if (n == WTL_CHUNKED_KEY)
            continue;
        assert_int_equal(wtl_chunked_seal_new(&c, (wtl_bytes){big, n}, (wtl_bytes){0}, header, &err),
                         WTL_USAGE);
        assert_int_equal(wtl_chunked_open_new(&c, (wtl_bytes){big, n}, (wtl_bytes){0}, header, &err),
                         WTL_USAGE);
        assert_null(c);
    }
    AUTO(wtl_chunked) *s = NULL;
    AUTO(wtl_chunked) *o = NULL;
    assert_good(wtl_chunked_seal_new(&s, the_key(), (wtl_bytes){0}, header, &err), &err);
    assert_good(wtl_chunked_open_new(&o, the_key(), (wtl_bytes){0}, header, &err), &err);
    uint64_t past = 1ull << 38;
    assert_int_equal(wtl_chunked_seal(s, past, vec_text("x"), out, &err), WTL_USAGE);
    assert_int_equal(wtl_chunked_open(o, past, (wtl_bytes){big, 20}, out, &err), WTL_USAGE);
    assert_int_equal(wtl_chunked_seal(s, UINT64_MAX, vec_text("x"), out, &err), WTL_USAGE);
    assert_int_equal(wtl_chunked_seal(s, 0, (wtl_bytes){big, WTL_CHUNKED_PLAIN + 1}, out, &err), WTL_USAGE);
    assert_int_equal(wtl_chunked_open(o, 0, (wtl_bytes){big, WTL_CHUNKED_SEALED + 1}, out, &err), WTL_FORMAT);
    for (size_t n = 0; n < WTL_AEAD_TAG; n++)
        assert_int_equal(wtl_chunked_open(o, 0, (wtl_bytes){big, n}, out, &err), WTL_FORMAT);
    assert_int_equal(wtl_chunked_open(s, 0, (wtl_bytes){big, 20}, out, &err), WTL_BUG);
    assert_int_equal(wtl_chunked_seal(o, 0, vec_text("x"), out, &err), WTL_BUG);
    wtl_chunked_free(NULL);
}

int main(void)
{
    for (uint8_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(0x80 + i);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(sizes),
        cmocka_unit_test(lengths_that_no_message_has),
        cmocka_unit_test(every_changed_byte_and_truncation),
        cmocka_unit_test(chunks_out_of_place),
        cmocka_unit_test(other_key_or_context),
        cmocka_unit_test(salts_differ),
        cmocka_unit_test(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
