/* Policies as lists, what fits together, and ClientHellos against them. The handshakes are in ctx_test. */
#include "unit.h"

#include "tls/policy.h"

static wtl_policy make(enum wtl_policy_mode mode, unsigned flags, const char *groups)
{
    wtl_policy p = {.mode = mode, .flags = flags};
    wtl_err err = {0};
    if (groups != NULL)
        assert_good(wtl_groups_parse(&p.groups, groups, &err), &err);
    return p;
}

static void modes_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"pq-only", "hybrid-only", "hybrid-preferred", "classical-fallback"};
    enum wtl_policy_mode m;
    wtl_err err = {0};
    for (int i = 0; i < 4; i++) {
        assert_good(wtl_policy_mode_parse(&m, names[i], &err), &err);
        assert_int_equal(m, i);
        assert_string_equal(wtl_policy_mode_name(m), names[i]);
    }
    m = WTL_POLICY_HYBRID_ONLY;
    assert_int_equal(wtl_policy_mode_parse(&m, "pq-", &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "hybrid-preferred"));
    assert_int_equal(wtl_policy_mode_parse(&m, "", &err), WTL_USAGE);
    assert_int_equal(m, WTL_POLICY_HYBRID_ONLY);
}

#define PQ "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM768:MLKEM1024"
#define OLD "X25519:secp256r1:secp384r1"

static void lists_of_groups_are_exactly_these(void **state)
{
    (void)state;
    static const struct {
        enum wtl_policy_mode mode;
        unsigned flags;
        const char *groups, *server, *client;
    } rows[] = {
        {WTL_POLICY_PQ_ONLY, 0, NULL, PQ, "*" PQ},
        {WTL_POLICY_HYBRID_ONLY, 0, NULL, "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024",
         "*X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024"},
        {WTL_POLICY_HYBRID_PREFERRED, 0, NULL, PQ "/" OLD, "*" PQ ":" OLD},
        {WTL_POLICY_CLASSICAL_FALLBACK, 0, NULL, PQ "/" OLD, "*" PQ ":" OLD},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CLASSICAL_SHARE, NULL, PQ "/" OLD, PQ ":*" OLD},
        {WTL_POLICY_PQ_ONLY, WTL_POLICY_CNSA, NULL, "MLKEM1024:SecP384r1MLKEM1024",
         "*MLKEM1024:SecP384r1MLKEM1024"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CNSA, NULL, "MLKEM1024:SecP384r1MLKEM1024",
         "*MLKEM1024:SecP384r1MLKEM1024"},
        {WTL_POLICY_HYBRID_ONLY, WTL_POLICY_CNSA, NULL, "SecP384r1MLKEM1024", "*SecP384r1MLKEM1024"},
        {WTL_POLICY_HYBRID_PREFERRED, 0, "P-256:MLKEM768:X25519:X25519MLKEM768",
         "MLKEM768:X25519MLKEM768/secp256r1:X25519", "secp256r1:*MLKEM768:X25519:X25519MLKEM768"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CLASSICAL_SHARE, "X25519MLKEM768:P-384:X25519",
         "X25519MLKEM768/secp384r1:X25519", "X25519MLKEM768:*secp384r1:X25519"},
        {WTL_POLICY_PQ_ONLY, 0, "MLKEM512", "MLKEM512", "*MLKEM512"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_policy p = make(rows[i].mode, rows[i].flags, rows[i].groups);
        wtl_err err = {0};
        AUTO(wtl_buf) out = {0};
        assert_good(wtl_policy_check(&p, &err), &err);
        wtl_buf_str(&out, "before ");
        assert_good(wtl_policy_groups(&p, true, &out, &err), &err);
        assert_string_equal(wtl_buf_cstr(&out) + 7, rows[i].server);
        wtl_buf_clear(&out);
        assert_good(wtl_policy_groups(&p, false, &out, &err), &err);
        assert_string_equal(wtl_buf_cstr(&out), rows[i].client);
        assert_null(strstr(rows[i].server, "DEFAULT"));
        const char *classical = strchr(rows[i].server, '/');
        wtl_buf_clear(&out);
        assert_good(wtl_policy_weaker(&p, &out, &err), &err);
        assert_string_equal(wtl_buf_cstr(&out), classical != NULL ? classical + 1 : "");
    }
}

static void signatures_and_ciphers(void **state)
{
    (void)state;
    wtl_policy p = make(WTL_POLICY_HYBRID_PREFERRED, 0, NULL);
    wtl_policy cnsa = make(WTL_POLICY_PQ_ONLY, WTL_POLICY_CNSA, NULL);
    wtl_err err = {0};
    AUTO(wtl_buf) out = {0};
    assert_good(wtl_policy_signatures(&p, true, &out, &err), &err);
    assert_int_equal(strncmp(wtl_buf_cstr(&out), "mldsa65:mldsa87:mldsa44:ecdsa_secp256r1_sha256:", 47), 0);
    assert_null(strstr(wtl_buf_cstr(&out), "sha1"));
    wtl_buf_clear(&out);
    assert_good(wtl_policy_signatures(&cnsa, false, &out, &err), &err);
    assert_string_equal(wtl_buf_cstr(&out), "mldsa87");
    assert_string_equal(wtl_policy_ciphers(&p),
                        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    assert_string_equal(wtl_policy_ciphers(&cnsa), "TLS_AES_256_GCM_SHA384");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum wtl_policy_mode mode;
        unsigned flags;
        const char *groups, *words;
    } rows[] = {
        {WTL_POLICY_PQ_ONLY, 0, "X25519", "X25519 (classical) does not go with pq-only"},
        {WTL_POLICY_PQ_ONLY, 0, "MLKEM768:P-256", "secp256r1"},
        {WTL_POLICY_HYBRID_ONLY, 0, "MLKEM768", "MLKEM768 (pq) does not go with hybrid-only"},
        {WTL_POLICY_HYBRID_ONLY, 0, "X25519MLKEM768:X448", "X448"},
        {WTL_POLICY_HYBRID_PREFERRED, 0, "X25519:P-256", "no post-quantum one"},
        {WTL_POLICY_CLASSICAL_FALLBACK, 0, "ffdhe2048", "no post-quantum one"},
        {WTL_POLICY_PQ_ONLY, WTL_POLICY_CNSA, "X25519MLKEM768", "CNSA"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CNSA, "MLKEM1024:X25519", "CNSA"},
        {WTL_POLICY_CLASSICAL_FALLBACK, WTL_POLICY_CNSA, NULL, "CNSA"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CNSA | WTL_POLICY_TLS12, NULL, "TLS 1.3"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CNSA | WTL_POLICY_CLASSICAL_SHARE, NULL, "classical"},
        {WTL_POLICY_PQ_ONLY, WTL_POLICY_TLS12, NULL, "TLS 1.2"},
        {WTL_POLICY_HYBRID_ONLY, WTL_POLICY_TLS12, NULL, "TLS 1.2"},
        {WTL_POLICY_PQ_ONLY, WTL_POLICY_CLASSICAL_SHARE, NULL, "classical key share"},
        {WTL_POLICY_HYBRID_ONLY, WTL_POLICY_CLASSICAL_SHARE, NULL, "classical key share"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CLASSICAL_SHARE, "X25519MLKEM768", "classical key share"},
        {WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_TLS12, "X25519MLKEM768", "TLS 1.2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_policy p = make(rows[i].mode, rows[i].flags, rows[i].groups);
        wtl_err err = {0};
        assert_int_equal(wtl_policy_check(&p, &err), WTL_USAGE);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void what_fits_is_taken(void **state)
{
    (void)state;
    wtl_err err = {0};
    for (int m = 0; m < 4; m++) {
        wtl_policy p = make((enum wtl_policy_mode)m, WTL_POLICY_PREFER_PQ_SIG, NULL);
        assert_good(wtl_policy_check(&p, &err), &err);
    }
    wtl_policy p = make(WTL_POLICY_CLASSICAL_FALLBACK, WTL_POLICY_TLS12 | WTL_POLICY_CLASSICAL_SHARE, NULL);
    assert_good(wtl_policy_check(&p, &err), &err);
    p.mode = (enum wtl_policy_mode)9;
    assert_int_equal(wtl_policy_check(&p, &err), WTL_BUG);
}

static void takes_what_its_list_has(void **state)
{
    (void)state;
    for (int m = 0; m < 4; m++) {
        for (unsigned flags = 0; flags < 2; flags++) {
            wtl_policy p = make((enum wtl_policy_mode)m, flags, NULL);
            AUTO(wtl_buf) out = {0};
            wtl_err err = {0};
            assert_good(wtl_policy_groups(&p, true, &out, &err), &err);
            wtl_groups own;
            char *text = wtl_buf_cstr(&out);
            for (char *c = text; *c != '\0'; c++)
                *c = *c == '/' ? ':' : *c;
            assert_good(wtl_groups_parse(&own, text, &err), &err);
            const wtl_group *g;
            for (size_t i = 0; (g = wtl_group_at(i)) != NULL; i++) {
                bool has = false;
                for (size_t k = 0; k < own.n; k++)
                    has = has || own.group[k] == g;
                assert_int_equal(wtl_policy_takes(&p, g), has);
            }
            assert_false(wtl_policy_takes(&p, NULL));
        }
    }
    wtl_policy p = make(WTL_POLICY_HYBRID_PREFERRED, 0, "MLKEM512:X448");
    assert_true(wtl_policy_takes(&p, wtl_group_by_name("MLKEM512")));
    assert_true(wtl_policy_takes(&p, wtl_group_by_name("X448")));
    assert_false(wtl_policy_takes(&p, wtl_group_by_name("X25519MLKEM768")));
}

/* ---- ClientHellos */

static void offers(wtl_hello_client *h, wtl_buf *list, const char *names)
{
    wtl_groups g;
    wtl_err err = {0};
    wtl_buf_clear(list);
    wtl_buf_u16(list, 0x0a0a); /* GREASE (RFC 8701) */
    if (names != NULL) {
        assert_good(wtl_groups_parse(&g, names, &err), &err);
        for (size_t i = 0; i < g.n; i++)
            wtl_buf_u16(list, g.group[i]->id);
    }
    h->groups = wtl_buf_view(list);
}

static void hellos_are_admitted_by_what_they_offer(void **state)
{
    (void)state;
    static const struct {
        const char *offered;
        bool tls13;
        int pq, hybrid, preferred, cnsa, old; /* admitted */
    } rows[] = {
        {"X25519MLKEM768:X25519", true, 1, 1, 1, 0, 1},
        {"X25519:P-256", true, 0, 0, 1, 0, 1},
        {"X25519:P-256", false, 0, 0, 0, 0, 1},
        {"X25519MLKEM768", false, 0, 0, 0, 0, 0},
        {"MLKEM768", true, 1, 0, 1, 0, 1},
        {"MLKEM1024", true, 1, 0, 1, 1, 1},
        {"SecP384r1MLKEM1024:X25519", true, 1, 1, 1, 1, 1},
        {"MLKEM512:X448:P-521", true, 0, 0, 0, 0, 0},
        {NULL, true, 0, 0, 0, 0, 0},
    };
    wtl_policy pq = make(WTL_POLICY_PQ_ONLY, 0, NULL);
    wtl_policy hybrid = make(WTL_POLICY_HYBRID_ONLY, 0, NULL);
    wtl_policy preferred = make(WTL_POLICY_HYBRID_PREFERRED, 0, NULL);
    wtl_policy cnsa = make(WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_CNSA, NULL);
    wtl_policy old = make(WTL_POLICY_HYBRID_PREFERRED, WTL_POLICY_TLS12, NULL);
    AUTO(wtl_buf) list = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_hello_client h = {.tls13 = rows[i].tls13};
        offers(&h, &list, rows[i].offered);
        wtl_err err = {0};
        assert_int_equal(wtl_policy_admits(&pq, &h, &err), rows[i].pq ? WTL_OK : WTL_POLICY);
        assert_int_equal(wtl_policy_admits(&hybrid, &h, &err), rows[i].hybrid ? WTL_OK : WTL_POLICY);
        assert_int_equal(wtl_policy_admits(&preferred, &h, &err), rows[i].preferred ? WTL_OK : WTL_POLICY);
        assert_int_equal(wtl_policy_admits(&cnsa, &h, &err), rows[i].cnsa ? WTL_OK : WTL_POLICY);
        assert_int_equal(wtl_policy_admits(&old, &h, &err), rows[i].old ? WTL_OK : WTL_POLICY);
    }
}

static void a_refusal_names_what_was_offered(void **state)
{
    (void)state;
    wtl_policy p = make(WTL_POLICY_PQ_ONLY, 0, NULL);
    AUTO(wtl_buf) list = {0};
    wtl_hello_client h = {.tls13 = true};
    wtl_err err = {0};
    offers(&h, &list, "X25519:P-256");
    assert_int_equal(wtl_policy_admits(&p, &h, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "no group that pq-only takes: it offers X25519, secp256r1"));
    offers(&h, &list, NULL);
    assert_int_equal(wtl_policy_admits(&p, &h, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "none that is known"));
    h.tls13 = false;
    assert_int_equal(wtl_policy_admits(&p, &h, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "TLS 1.3"));
}

static void share(wtl_buf *b, uint16_t group, size_t n, uint8_t first)
{
    wtl_buf_u16(b, group);
    wtl_buf_u16(b, (uint16_t)n);
    if (n > 0) {
        wtl_buf_u8(b, first);
        wtl_buf_zero(b, n - 1);
    }
}

/* RFC 8446 section 4.2.8.2: only the uncompressed form; 0x06 and 0x07 are X9.62's hybrid form, 0x02 and 0x03 the compressed one. */
static void points_in_other_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t group;
        size_t n;
    } rows[] = {{0x0017, 65}, {0x0018, 97}, {0x0019, 133}, {0x11eb, 1249}, {0x11ed, 1665}};
    wtl_err err = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned first = 0; first < 256; first++) {
            AUTO(wtl_buf) b = {0};
            share(&b, 0x0a0a, 1, 6);
            share(&b, 0x11ec, 1216, 7);
            share(&b, 0x001d, 32, 6);
            share(&b, rows[i].group, rows[i].n, (uint8_t)first);
            assert_int_equal(wtl_policy_shares(wtl_buf_view(&b), &err), first == 4 ? WTL_OK : WTL_FORMAT);
        }
        AUTO(wtl_buf) empty = {0};
        share(&empty, rows[i].group, 0, 0);
        assert_int_equal(wtl_policy_shares(wtl_buf_view(&empty), &err), WTL_FORMAT);
    }
    AUTO(wtl_buf) list = {0};
    AUTO(wtl_buf) b = {0};
    wtl_policy p = make(WTL_POLICY_HYBRID_PREFERRED, 0, NULL);
    wtl_hello_client h = {.tls13 = true};
    offers(&h, &list, "SecP384r1MLKEM1024:X25519");
    share(&b, 0x11ed, 1665, 7);
    h.shares = wtl_buf_view(&b);
    assert_int_equal(wtl_policy_admits(&p, &h, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "SecP384r1MLKEM1024"));
    b.p[4] = 4;
    assert_good(wtl_policy_admits(&p, &h, &err), &err);
}

static void cut_shares_are_refused(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    wtl_err err = {0};
    share(&b, 0x001d, 32, 1);
    share(&b, 0x0017, 65, 4);
    assert_good(wtl_policy_shares((wtl_bytes){NULL, 0}, &err), &err);
    for (size_t n = 1; n < b.n; n++)
        assert_int_equal(wtl_policy_shares((wtl_bytes){b.p, n}, &err), n == 36 ? WTL_OK : WTL_FORMAT);
    assert_good(wtl_policy_shares(wtl_buf_view(&b), &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(lists_of_groups_are_exactly_these),
        cmocka_unit_test(signatures_and_ciphers),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(what_fits_is_taken),
        cmocka_unit_test(takes_what_its_list_has),
        cmocka_unit_test(hellos_are_admitted_by_what_they_offer),
        cmocka_unit_test(a_refusal_names_what_was_offered),
        cmocka_unit_test(points_in_other_forms_are_refused),
        cmocka_unit_test(cut_shares_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
