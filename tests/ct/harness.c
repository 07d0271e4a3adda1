/* Runs what handles secrets in code of our own with the secrets marked as undefined: memcheck then reports every branch
 * and every address that depends on one. Built with public.h, so that what is public by decision (WTL_CT_PUBLIC) is
 * not reported. Without an argument all must be silent; `leak` branches and `index` looks up by a secret: they must not.
 * Secret here are contents, never lengths. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "base/text.h"
#include "crypto/bech32.h"
#include "crypto/key_pem.h"

static void secret(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

static void public(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

static int bad;
static void need(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "ct: %s gave a wrong result\n", what);
    bad = 1;
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 37 + 11);
}

static void equality(void)
{
    uint8_t a[48];
    uint8_t b[48];
    fill(a, sizeof a);
    fill(b, sizeof b);
    secret(a, sizeof a);
    need(wtl_ct_eq((wtl_bytes){a, sizeof a}, (wtl_bytes){b, sizeof b}), "wtl_ct_eq of the same");
    b[47] ^= 1;
    need(!wtl_ct_eq((wtl_bytes){a, sizeof a}, (wtl_bytes){b, sizeof b}), "wtl_ct_eq of others");
}

static void bech32(void)
{
    uint8_t seed[32];
    char text[128];
    static const char prefix[] = "age-secret-key-pq-";
    fill(seed, sizeof seed);
    secret(seed, sizeof seed);
    wtl_bech32_encode(text, prefix, (wtl_bytes){seed, sizeof seed}, true);
    size_t n = wtl_bech32_size(sizeof prefix - 1, sizeof seed);
    public(text,
           sizeof prefix); /* the prefix and the '1' are no secret, but were made upper case in one go */
    AUTO(wtl_secret) back = {0};
    need(wtl_bech32_decode(&back, prefix, sizeof seed, (wtl_bytes){(uint8_t *)text, n}, NULL) == WTL_OK,
         "wtl_bech32_decode");
    need(wtl_ct_eq(wtl_secret_view(&back), (wtl_bytes){seed, sizeof seed}), "bech32 there and back");
}

static void base64url(void)
{
    uint8_t seed[32];
    uint8_t text[64];
    uint8_t back[32];
    fill(seed, sizeof seed);
    secret(seed, sizeof seed);
    wtl_text_b64url_put(text, (wtl_bytes){seed, sizeof seed});
    wtl_bytes t = {text, wtl_text_b64url_size(sizeof seed)};
    need(wtl_text_b64url_take(back, sizeof back, t, NULL) == WTL_OK, "wtl_text_b64url_take");
    need(wtl_ct_eq((wtl_bytes){back, sizeof back}, (wtl_bytes){seed, sizeof seed}),
         "base64url there and back");
}

/* 54 bytes: the PKCS#8 form of a seed. Line ends and boundaries are no secret. */
static void pem(void)
{
    uint8_t der[54];
    AUTO(wtl_secret) text = {0};
    AUTO(wtl_secret) back = {0};
    wtl_bytes label;
    fill(der, sizeof der);
    secret(der, sizeof der);
    need(wtl_key_pem_write("PRIVATE KEY", (wtl_bytes){der, sizeof der}, &text, NULL) == WTL_OK,
         "wtl_key_pem_write");
    need(wtl_key_pem_read(wtl_secret_view(&text), &label, &back, NULL) == WTL_OK, "wtl_key_pem_read");
    need(wtl_ct_eq(wtl_secret_view(&back), (wtl_bytes){der, sizeof der}), "PEM there and back");
}

static void copies(void)
{
    uint8_t key[32];
    fill(key, sizeof key);
    secret(key, sizeof key);
    AUTO(wtl_secret) a = {0};
    AUTO(wtl_secret) b = {0};
    need(wtl_secret_copy(&a, (wtl_bytes){key, sizeof key}, NULL) == WTL_OK, "wtl_secret_copy");
    need(wtl_secret_copy(&b, wtl_secret_view(&a), NULL) == WTL_OK, "wtl_secret_copy");
    wtl_secret_wipe(key, sizeof key);
}

/* What must be caught. */
static volatile unsigned sink;
static void leak(void)
{
    uint8_t k[4];
    fill(k, sizeof k);
    secret(k, sizeof k);
    if ((k[1] & 1) != 0)
        sink = 1;
}

static void look_up(void)
{
    static const volatile uint8_t table[256] = {1, 2, 3};
    uint8_t k[4];
    fill(k, sizeof k);
    secret(k, sizeof k);
    sink = table[k[2]];
}

int main(int argc, char **argv)
{
    if (RUNNING_ON_VALGRIND == 0) {
        fprintf(stderr, "ct: run me under valgrind\n");
        return 2;
    }
    if (argc > 1) {
        (strcmp(argv[1], "leak") == 0 ? leak : look_up)();
        return 0;
    }
    equality();
    bech32();
    base64url();
    pem();
    copies();
    return bad;
}
