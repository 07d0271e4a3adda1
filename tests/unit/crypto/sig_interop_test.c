/* Keys and signatures that node (OpenSSL 3.5.8) made, and C2SP/CCTV's accumulated ML-DSA test. */
#include "vec.h"

#include <dirent.h>
#include <openssl/evp.h>

#include "crypto/lib.h"
#include "crypto/sig.h"
#include "keys.h"

static void node_test(const wtl_key *k, const json_t *test)
{
    wtl_err err = {0};
    VEC_HEX(msg, vec_json_text(test, "msg"));
    VEC_HEX(ctx, vec_json_text(test, "ctx"));
    VEC_HEX(sig, vec_json_text(test, "sig"));
    const wtl_sig_opts o = {.context = wtl_buf_view(&ctx)};
    assert_good(wtl_sig_verify(k, wtl_buf_view(&msg), &o, wtl_buf_view(&sig), &err), &err);
    sig.p[sig.n / 2] ^= 1;
    assert_int_equal(wtl_sig_verify(k, wtl_buf_view(&msg), &o, wtl_buf_view(&sig), &err), WTL_NO);
}

static void node_signatures(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_VECTORS", "interop/node-openssl358.json");
    json_t *root = vec_json(path);
    unsigned ran = 0;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(root, "sig"), i, row)
    {
        const wtl_alg *alg = wtl_alg_by_name(vec_json_text(row, "alg"));
        assert_non_null(alg);
        VEC_HEX(pub, vec_json_text(row, "pub"));
        VEC_HEX(priv, vec_json_text(row, "priv"));
        AUTO(wtl_key) *public = NULL;
        AUTO(wtl_key) *private = NULL;
        assert_int_equal(wtl_key_from_public(&public, alg, wtl_buf_view(&pub), NULL), 0);
        assert_int_equal(wtl_key_from_seed(&private, alg, (wtl_bytes){priv.p, alg->seed}, NULL), 0);
        assert_true(wtl_key_same(public, private));
        size_t j;
        json_t *test;
        json_array_foreach(json_object_get(row, "tests"), j, test)
        {
            node_test(public, test);
            ran++;
        }
    }
    print_message("# %u signatures\n", ran);
    assert_true(ran > 20);
    json_decref(root);
}

static void slurp(const char *path, wtl_buf *out)
{
    uint8_t part[4096];
    size_t n = 0;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        wtl_buf_add(out, part, n);
    fclose(f);
}

static wtl_key *node_key(const char *dir, const char *name)
{
    char path[4096];
    AUTO(wtl_buf) file = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    slurp(path, &file);
    wtl_key *k = keys_read(wtl_buf_view(&file), NULL, 0);
    /* Its text is what we write. */
    AUTO(wtl_buf) own = {0};
    if (strstr(name, ".pem") != NULL)
        keys_pem(k, &own);
    else
        keys_der(k, &own);
    assert_true(vec_same(wtl_buf_view(&own), wtl_buf_view(&file)));
    return k;
}

static void node_key_files(void **state)
{
    (void)state;
    VEC_PATH(first, "WATTLE_VECTORS", "interop/node-pem/ml-dsa-44.pub.pem");
    char dir[4096];
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(first, '/') - first), first);
    unsigned pairs = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        const char *kind = strstr(e->d_name, ".pub.");
        if (kind == NULL)
            continue;
        char alg[128];
        char private_name[256];
        snprintf(alg, sizeof alg, "%.*s", (int)(kind - e->d_name), e->d_name);
        snprintf(private_name, sizeof private_name, "%s.priv.pem", alg);
        AUTO(wtl_key) *public = node_key(dir, e->d_name);
        AUTO(wtl_key) *private = node_key(dir, private_name);
        assert_true(wtl_key_is_private(private) && !wtl_key_is_private(public));
        assert_true(wtl_key_same(public, private));
        assert_ptr_equal(wtl_key_alg(public), wtl_alg_by_name(alg));
        pairs++;
    }
    closedir(d);
    print_message("# %u pairs\n", pairs);
    assert_true(pairs > 10);
}

/* The first `want` hexadecimal digits after "- <rounds> iterations: `" in the section of the algorithm. */
static bool cctv_hash(const char *text, const char *alg, const char *rounds, char hex[65])
{
    char heading[64];
    char line[64];
    snprintf(heading, sizeof heading, "### %s\n", alg);
    snprintf(line, sizeof line, "\n- %s iterations: `", rounds);
    const char *at = strstr(text, heading);
    at = at != NULL ? strstr(at, line) : NULL;
    if (at == NULL)
        return false;
    snprintf(hex, 65, "%s", at + strlen(line));
    return true;
}

static void accumulate(const wtl_alg *alg, unsigned rounds, const char *hex)
{
    wtl_err err = {0};
    EVP_MD *shake = EVP_MD_fetch(wtl_lib_ctx(), "SHAKE128", NULL);
    EVP_MD_CTX *in = EVP_MD_CTX_new();
    EVP_MD_CTX *out = EVP_MD_CTX_new();
    assert_true(EVP_DigestInit_ex2(in, shake, NULL) == 1 && EVP_DigestInit_ex2(out, shake, NULL) == 1);
    const wtl_sig_opts det = {.deterministic = true};
    for (unsigned i = 0; i < rounds; i++) {
        uint8_t seed[32];
        AUTO(wtl_key) *k = NULL;
        AUTO(wtl_buf) pub = {0};
        AUTO(wtl_buf) sig = {0};
        assert_int_equal(EVP_DigestSqueeze(in, seed, 32), 1);
        assert_good(wtl_key_from_seed(&k, alg, (wtl_bytes){seed, 32}, &err), &err);
        assert_good(wtl_key_public_raw(k, &pub, &err), &err);
        assert_good(wtl_sig_sign(k, (wtl_bytes){0}, &det, &sig, &err), &err);
        assert_good(wtl_sig_verify(k, (wtl_bytes){0}, NULL, wtl_buf_view(&sig), &err), &err);
        EVP_DigestUpdate(out, pub.p, pub.n);
        EVP_DigestUpdate(out, sig.p, sig.n);
    }
    uint8_t digest[32];
    assert_int_equal(EVP_DigestFinalXOF(out, digest, 32), 1);
    vec_is((wtl_bytes){digest, 32}, hex);
    EVP_MD_CTX_free(in);
    EVP_MD_CTX_free(out);
    EVP_MD_free(shake);
}

static void cctv_accumulated(void **state)
{
    (void)state;
    VEC_PATH(path, "WATTLE_VECTORS", "cctv/ML-DSA/accumulated/README.md");
    assert_int_equal(wtl_lib_init(NULL), 0);
    AUTO(wtl_buf) text = {0};
    slurp(path, &text);
    bool many = getenv("WATTLE_TEST_LONG") != NULL;
    static const char *const algs[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
    for (size_t i = 0; i < 3; i++) {
        char hex[65];
        assert_true(cctv_hash(wtl_buf_cstr(&text), algs[i], many ? "10 000" : "100", hex));
        accumulate(wtl_alg_by_name(algs[i]), many ? 10000 : 100, hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_signatures),
        cmocka_unit_test(node_key_files),
        cmocka_unit_test(cctv_accumulated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
