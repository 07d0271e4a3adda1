#include "unit.h"

#include "base/text.h"
#include "jose/b64url.h"

/* What it says of a text must be what the reader for secrets says. */
static void compare(wtl_bytes text)
{
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&a, "before");
    int rc = wtl_b64url_decode(&a, text, NULL);
    assert_int_equal(rc, wtl_text_b64url_decode(&b, text, NULL));
    assert_int_equal(a.n, 6 + (rc == WTL_OK ? b.n : 0));
    assert_memory_equal(a.p, "before", 6);
    if (rc != WTL_OK)
        return;
    assert_memory_equal(a.p + 6, b.p != NULL ? b.p : a.p + 6, b.n);
    AUTO(wtl_buf) again = {0};
    wtl_b64url_encode(&again, wtl_buf_view(&b));
    assert_int_equal(again.n, text.n);
    assert_memory_equal(again.p != NULL ? again.p : text.p, text.p, text.n);
}

static void every_short_text(void **state)
{
    (void)state;
    uint8_t t[4] = {0};
    compare((wtl_bytes){t, 0});
    for (unsigned a = 0; a < 256; a++) {
        t[0] = (uint8_t)a;
        compare((wtl_bytes){t, 1});
        for (unsigned b = 0; b < 256; b++) {
            t[1] = (uint8_t)b;
            compare((wtl_bytes){t, 2});
        }
    }
    memcpy(t, "AAAA", 4);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned a = 0; a < 256; a++) {
            t[i] = (uint8_t)a;
            compare((wtl_bytes){t, 3});
            compare((wtl_bytes){t, 4});
        }
        t[i] = 'A';
    }
}

static void every_length(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + i / 7);
    for (size_t n = 0; n < sizeof bytes; n++) {
        AUTO(wtl_buf) ours = {0};
        AUTO(wtl_buf) theirs = {0};
        wtl_b64url_encode(&ours, (wtl_bytes){bytes, n});
        wtl_text_b64url_encode(&theirs, (wtl_bytes){bytes, n});
        assert_int_equal(ours.n, theirs.n);
        assert_true(n == 0 || memcmp(ours.p, theirs.p, ours.n) == 0);
        compare(wtl_buf_view(&ours));
        for (size_t i = 0; i < ours.n; i += 1 + n / 20) {
            static const uint8_t odd[] = {'=', ' ', '\n', '+', '/', 0, 0xff, '.', 'B', '_'};
            for (size_t k = 0; k < sizeof odd; k++) {
                uint8_t was = ours.p[i];
                ours.p[i] = odd[k];
                compare(wtl_buf_view(&ours));
                ours.p[i] = was;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_short_text), cmocka_unit_test(every_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
