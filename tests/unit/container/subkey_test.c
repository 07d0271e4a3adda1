#include "unit.h"

#include "base/text.h"
#include "container/subkey.h"
#include "crypto/hash.h"

/* Computed with Python's hmac and hashlib from docs/formats/wtl.md. */

static void is_hex(wtl_bytes got, const char *want)
{
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, got);
    assert_string_equal(wtl_buf_cstr(&hex), want);
}

static wtl_preamble sample(void)
{
    wtl_preamble p = {.version = 1, .suite = 1, .slot_size = 16384};
    for (unsigned i = 0; i < sizeof p.id; i++)
        p.id[i] = (uint8_t)(100 + i);
    return p;
}

static void subkeys_are_known(void **state)
{
    (void)state;
    static const char *const want[] = {
        [WTL_SUBKEY_HEADER] = "dce5950779293c5ec4d807b2865354670f41a166adbc0c84f2cbad507ca20e63",
        [WTL_SUBKEY_TRAILER] = "9da8a60fcc7020614fc309913dd84dcc6be8969f934eb08e40dfe38e9db0e27a",
        [WTL_SUBKEY_INDEX] = "7406a265a59f94b2d3d98f4b3368bba11dfee77c5b7274047ffaf29ab6f10e23",
        [WTL_SUBKEY_OBJECT] = "434b5e2cff741a654428069ae2fc78f9513cf36a501e696ee3fd008456c51c37",
    };
    uint8_t raw[32];
    for (unsigned i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)i;
    AUTO(wtl_secret) file_key = {0};
    wtl_err err = {0};
    assert_good(wtl_secret_copy(&file_key, (wtl_bytes){raw, sizeof raw}, &err), &err);
    for (unsigned use = 0; use < 4; use++) {
        AUTO(wtl_secret) k = {0};
        assert_good(wtl_subkey_derive(&k, &file_key, (enum wtl_subkey)use, &err), &err);
        is_hex(wtl_secret_view(&k), want[use]);
    }
}

static void a_short_file_key_is_refused(void **state)
{
    (void)state;
    AUTO(wtl_secret) file_key = {0};
    AUTO(wtl_secret) k = {0};
    assert_int_equal(wtl_secret_copy(&file_key, wtl_text_of("short"), NULL), 0);
    assert_int_equal(wtl_subkey_derive(&k, &file_key, WTL_SUBKEY_INDEX, NULL), WTL_BUG);
}

static void is_digest_of(const wtl_buf *b, size_t n, const char *want)
{
    assert_int_equal(b->n, n);
    uint8_t digest[32];
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(b), digest, NULL), 0);
    is_hex((wtl_bytes){digest, sizeof digest}, want);
}

static void contexts_are_known(void **state)
{
    (void)state;
    wtl_preamble p = sample();
    wtl_meta meta = {1, 0644, wtl_text_of("a/b.c")};
    AUTO(wtl_buf) object = {0};
    assert_int_equal(wtl_subkey_object_context(&object, &p, 7, 3, &meta, NULL), 0);
    is_digest_of(&object, 102, "aaf58c437907f43b9940dc59647a8b4ed924a8673e41f169751eef47fe046f03");
    AUTO(wtl_buf) index = {0};
    wtl_subkey_index_context(&index, &p, 3, 0x1234);
    is_digest_of(&index, 69, "ecca6f014ae6e939eadd6fb42e2c823405309f2332fd59f0edf15ece7337a715");
    uint8_t digest[64];
    memset(digest, 9, sizeof digest);
    AUTO(wtl_buf) sender = {0};
    wtl_subkey_sender_message(&sender, &p, 3, digest);
    is_digest_of(&sender, 128, "dde5bff2f6d3fc77b42b1fc0bbd09ef23f85eff1bc8202130a9788ccb020a82f");
    AUTO(wtl_buf) info = {0};
    wtl_subkey_hpke_info(&info, &p);
    is_digest_of(&info, 49, "4a43367f4573bf4f3c9534079b43d57ce3a5ff7748db6a23a4ef2d4ce4fc4a41");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subkeys_are_known),
        cmocka_unit_test(a_short_file_key_is_refused),
        cmocka_unit_test(contexts_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
