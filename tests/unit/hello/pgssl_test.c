#include "unit.h"

#include "hello/pgssl.h"

static wtl_err err;

#define BYTES(...)                                                             \
    (wtl_bytes)                                                                \
    {                                                                          \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
    }

static int look(wtl_bytes in, enum wtl_pgssl_said *said, enum wtl_hello_state *state, size_t *used)
{
    *used = 99;
    return wtl_pgssl_read(said, state, used, in, &err);
}

/* The first `need` bytes decide, and none fewer. */
static void decided(wtl_bytes in, size_t need, enum wtl_pgssl_said want)
{
    enum wtl_pgssl_said said;
    enum wtl_hello_state state;
    size_t used;
    for (size_t n = 0; n <= in.n; n++) {
        assert_good(look((wtl_bytes){in.p, n}, &said, &state, &used), &err);
        assert_int_equal(state, n >= need ? WTL_HELLO_WHOLE : WTL_HELLO_MORE);
        if (n < need)
            continue;
        assert_int_equal(said, want);
        assert_int_equal(used, want == WTL_PGSSL_REQUEST || want == WTL_PGSSL_GSS ? 8 : 0);
    }
}

static void what_clients_begin_with(void **state)
{
    (void)state;
    decided((wtl_bytes){wtl_pgssl_request, 8}, 8, WTL_PGSSL_REQUEST);
    decided(BYTES(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f), 8, WTL_PGSSL_REQUEST);
    decided(BYTES(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30), 8, WTL_PGSSL_GSS);
    decided(BYTES(0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2), 8, WTL_PGSSL_PLAIN);
    decided(BYTES(0, 0, 0, 41, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0), 8, WTL_PGSSL_PLAIN);
    decided(BYTES(0, 0, 0, 41, 0, 3, 0, 2, 'u', 's', 'e', 'r', 0), 8, WTL_PGSSL_PLAIN);
    decided(BYTES(0, 0, 1, 40, 0, 2, 0, 0, 'd', 'b'), 8, WTL_PGSSL_PLAIN);
    decided(BYTES(22, 3, 1, 2, 0), 1, WTL_PGSSL_TLS);
}

static void refused(wtl_bytes in, const char *sentence)
{
    enum wtl_pgssl_said said;
    enum wtl_hello_state state;
    size_t used;
    assert_int_equal(look(in, &said, &state, &used), WTL_FORMAT);
    assert_int_equal(state, WTL_HELLO_MORE);
    assert_int_equal(used, 0);
    if (strstr(err.text, sentence) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.text, sentence);
}

static void what_they_do_not(void **state)
{
    (void)state;
    refused(BYTES('G', 'E', 'T', ' ', '/'), "speaks plain HTTP where PostgreSQL");
    refused(BYTES('S'), "does not speak PostgreSQL");
    refused(BYTES(0, 1), "does not speak PostgreSQL");
    refused(BYTES(0, 0, 0, 7), "does not speak PostgreSQL");
    refused(BYTES(0, 0, 0x27, 0x11), "does not speak PostgreSQL");
    refused(BYTES(0, 0, 0, 41, 0, 1, 0, 0), "does not speak PostgreSQL");
    refused(BYTES(0, 0, 0, 41, 0, 4, 0, 0), "does not speak PostgreSQL");
    refused(BYTES(0, 0, 0, 35, 0, 18, 0, 3, 0, 0), "speaks plain Kafka");
    refused(BYTES(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x31), "where PostgreSQL was expected");
    refused(BYTES(0, 0, 0, 9, 0x04, 0xd2, 0x16, 0x2f, 0), "of 9 bytes, not 8");
}

/* What was put before the TLS of somebody else is not taken for his. */
static void nothing_may_follow_a_request(void **state)
{
    (void)state;
    refused(BYTES(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f, 22), "1 bytes behind its request");
    refused(BYTES(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30, 'Q', 0, 0, 0, 4), "5 bytes behind its request");
}

static void every_value_of_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t in[8];
            enum wtl_pgssl_said said;
            enum wtl_hello_state s;
            size_t used;
            memcpy(in, wtl_pgssl_request, 8);
            in[i] = (uint8_t)v;
            int rc = look((wtl_bytes){in, 8}, &said, &s, &used);
            if (memcmp(in, wtl_pgssl_request, 8) == 0)
                assert_int_equal(said, WTL_PGSSL_REQUEST);
            else
                assert_true(rc == WTL_FORMAT || said != WTL_PGSSL_REQUEST);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_clients_begin_with),
        cmocka_unit_test(what_they_do_not),
        cmocka_unit_test(nothing_may_follow_a_request),
        cmocka_unit_test(every_value_of_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
