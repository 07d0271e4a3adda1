/* A program that carries libcrypto.a and loads wattle.so, which brings libcrypto.so.3: two libcryptos in one process.
 *   static_program FOLDER-OF-MODULES */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

static int refuse(const char *what)
{
    printf("%s\n", what);
    ERR_print_errors_fp(stdout);
    return 1;
}

static int signs(OSSL_LIB_CTX *lib)
{
    unsigned char sig[4096];
    size_t n = sizeof sig;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(lib, NULL, "ML-DSA-65");
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_MD_CTX *check = EVP_MD_CTX_new();
    int good = key != NULL && EVP_DigestSignInit_ex(md, NULL, NULL, lib, NULL, key, NULL) == 1 &&
               EVP_DigestSign(md, sig, &n, (const unsigned char *)"weights", 7) == 1 &&
               EVP_DigestVerifyInit_ex(check, NULL, NULL, lib, NULL, key, NULL) == 1 &&
               EVP_DigestVerify(check, sig, n, (const unsigned char *)"weights", 7) == 1;
    EVP_MD_CTX_free(md);
    EVP_MD_CTX_free(check);
    EVP_PKEY_free(key);
    return good;
}

static int agrees(OSSL_LIB_CTX *lib)
{
    unsigned char ct[2048], ours[64], theirs[64];
    size_t ct_n = sizeof ct, ours_n = sizeof ours, theirs_n = sizeof theirs;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(lib, NULL, "X25519MLKEM768");
    EVP_PKEY_CTX *to = key != NULL ? EVP_PKEY_CTX_new_from_pkey(lib, key, NULL) : NULL;
    int good = to != NULL && EVP_PKEY_encapsulate_init(to, NULL) == 1 &&
               EVP_PKEY_encapsulate(to, ct, &ct_n, ours, &ours_n) == 1 &&
               EVP_PKEY_decapsulate_init(to, NULL) == 1 &&
               EVP_PKEY_decapsulate(to, theirs, &theirs_n, ct, ct_n) == 1 && ours_n == theirs_n &&
               memcmp(ours, theirs, ours_n) == 0;
    EVP_PKEY_CTX_free(to);
    EVP_PKEY_free(key);
    return good;
}

int main(int argc, char **argv)
{
    char *report = getenv("REPORT");
    OSSL_PARAM settings[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (report != NULL)
        settings[0] = OSSL_PARAM_construct_utf8_string("report", report, 0);
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *deflt = OSSL_PROVIDER_load(lib, "default");
    if (argc != 2 || deflt == NULL || OSSL_PROVIDER_set_default_search_path(lib, argv[1]) != 1)
        return refuse("no start");
    OSSL_PROVIDER *wattle = OSSL_PROVIDER_load_ex(lib, "wattle", settings);
    if (wattle == NULL)
        return refuse("wattle does not load");
    EVP_set_default_properties(lib, "?provider=wattle");
    EVP_KEYMGMT *who = EVP_KEYMGMT_fetch(lib, "ML-DSA-65", NULL);
    printf("%s: ", OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(who)));
    EVP_KEYMGMT_free(who);
    if (!signs(lib) || !agrees(lib))
        return refuse("it does not work");
    printf("ML-DSA-65 signed and verified, X25519MLKEM768 agreed\n");
    OSSL_PROVIDER_unload(wattle);
    OSSL_PROVIDER_unload(deflt);
    OSSL_LIB_CTX_free(lib);
    return 0;
}
