/* The least that sealing costs, as a peer for tools/bench: standard input is read in pieces of 1 MiB and written with
 * each 16 KiB encrypted by AES-256-GCM, in one context whose nonce alone changes. With -d the same the other way.
 *   gcm_perf [-d] <plain >sealed */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { CHUNK = 16384, TAG = 16, CHUNKS = 64 };

static size_t read_full(uint8_t *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t r = read(STDIN_FILENO, to + done, n - done);
        if (r < 0)
            exit(3);
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return done;
}

static void write_full(const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t r = write(STDOUT_FILENO, p, n);
        if (r <= 0)
            exit(3);
        p += r;
        n -= (size_t)r;
    }
}

static void must(int ok)
{
    if (ok != 1)
        exit(70);
}

static size_t seal(EVP_CIPHER_CTX *c, const uint8_t nonce[12], const uint8_t *in, size_t n, uint8_t *out)
{
    int len = 0;
    must(EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL));
    must(EVP_EncryptUpdate(c, out, &len, in, (int)n));
    must(EVP_EncryptFinal_ex(c, out + len, &len));
    must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + n));
    return n + TAG;
}

static size_t unseal(EVP_CIPHER_CTX *c, const uint8_t nonce[12], const uint8_t *in, size_t n, uint8_t *out)
{
    int len = 0;
    n -= TAG;
    must(EVP_DecryptInit_ex2(c, NULL, NULL, nonce, NULL));
    must(EVP_DecryptUpdate(c, out, &len, in, (int)n));
    must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(uintptr_t)(in + n)));
    must(EVP_DecryptFinal_ex(c, out + len, &len));
    return n;
}

int main(int argc, char **argv)
{
    int decrypt = argc > 1 && strcmp(argv[1], "-d") == 0;
    size_t step = decrypt ? CHUNK + TAG : CHUNK;
    uint8_t *in = malloc(CHUNKS * (CHUNK + TAG));
    uint8_t *out = malloc(CHUNKS * (CHUNK + TAG));
    static const uint8_t key[32] = {1};
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    must(EVP_CipherInit_ex2(c, EVP_aes_256_gcm(), key, NULL, !decrypt, NULL));
    uint64_t count = 0;
    for (size_t got = CHUNKS * step; got == CHUNKS * step;) {
        got = read_full(in, CHUNKS * step);
        size_t made = 0;
        for (size_t at = 0; at < got; at += step, count++) {
            uint8_t nonce[12] = {0};
            memcpy(nonce, &count, sizeof count);
            size_t n = got - at < step ? got - at : step;
            made += (decrypt ? unseal : seal)(c, nonce, in + at, n, out + made);
        }
        write_full(out, made);
    }
    EVP_CIPHER_CTX_free(c);
    free(in);
    free(out);
    return 0;
}
