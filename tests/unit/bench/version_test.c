#include "unit.h"

#include "bench/version.h"

static void parses(enum wtl_target_kind kind, const char *text, const char *version)
{
    char out[WTL_VERSION_ROOM] = "before";
    wtl_version_parse(out, kind, text);
    assert_string_equal(out, version);
}

static void what_programs_print(void **state)
{
    (void)state;
    parses(WTL_TARGET_NGINX, "nginx version: nginx/1.26.3\n", "1.26.3");
    parses(WTL_TARGET_NGINX_WATTLE, "nginx version: nginx/1.26.3 (Debian)\n", "1.26.3");
    parses(WTL_TARGET_HAPROXY,
           "HAProxy version 3.0.11-1+deb13u3 2026/05/20 - https://haproxy.org/\nStatus: long-term\n",
           "3.0.11-1+deb13u3");
    parses(WTL_TARGET_STUNNEL,
           "Initializing inetd mode configuration\nstunnel 5.74 on x86_64-pc-linux-gnu platform\n", "5.74");
    parses(WTL_TARGET_STUNNEL, "the stunnel is\nstunnel 5.74", "5.74");
}

static void what_is_none(void **state)
{
    (void)state;
    parses(WTL_TARGET_NGINX, "", "");
    parses(WTL_TARGET_NGINX, "sh: nginx: not found", "");
    parses(WTL_TARGET_NGINX, "nginx/", "");
    parses(WTL_TARGET_NGINX, "nginx/x", "");
    parses(WTL_TARGET_NGINX, "HAProxy version 3.0", "");
    parses(WTL_TARGET_NGINX, "nginx/11111111112222222222333333333344444444445555555555", "");
    parses(WTL_TARGET_WATTLE, "nginx/1", "");
}

/* Every prefix of an answer: a part of the version, or none; never more. */
static void cut(void **state)
{
    (void)state;
    const char text[] = "stunnel 5.74 on";
    for (size_t n = 0; n < sizeof text; n++) {
        char part[sizeof text] = "";
        char out[WTL_VERSION_ROOM];
        memcpy(part, text, n);
        wtl_version_parse(out, WTL_TARGET_STUNNEL, part);
        assert_memory_equal(out, "5.74", strlen(out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_programs_print),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
