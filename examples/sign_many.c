/* A program of your own: signs every line of standard input in one call, checks all of them in another, and writes one line
 * of hexadecimal for each signature. Where the key is ML-DSA's, several are computed side by side.
 *
 *   cc -o sign_many sign_many.c $(pkg-config --cflags --libs wattle)
 *   ./sign_many SIGNER.key SIGNER.pub <requests >signatures
 *
 * Exit codes are those of the command `wattle`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wattle/batch.h>

enum { LINES = 1000, LINE = 1000 };

static char text[LINES][LINE];
static wtl_batch_sig jobs[LINES];

/* A key file of a few kilobytes. */
static wtl_key *load_key(const char *path)
{
    static unsigned char file[65536];
    wtl_key *key = NULL;
    wtl_err err;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return NULL;
    }
    wtl_bytes bytes = {file, fread(file, 1, sizeof file, f)};
    fclose(f);
    if (wtl_key_parse(&key, bytes, NULL, &err) < 0)
        fprintf(stderr, "sign_many: %s: %s\n", path, err.text);
    return key;
}

static size_t read_lines(void)
{
    size_t n = 0;
    while (n < LINES && fgets(text[n], LINE, stdin) != NULL) {
        jobs[n].msg.p = (const unsigned char *)text[n];
        jobs[n].msg.n = strcspn(text[n], "\n");
        n++;
    }
    return n;
}

static int run(wtl_key *signer, wtl_key *checker, size_t n, unsigned char *room)
{
    size_t size = wtl_batch_room(signer);
    wtl_err err;
    for (size_t i = 0; i < n; i++) {
        jobs[i].key = signer;
        jobs[i].sig = room + i * size;
        jobs[i].sig_n = size;
    }
    int rc = wtl_batch_sign(jobs, n, &err);
    for (size_t i = 0; i < n; i++)
        jobs[i].key = checker;
    if (rc == WTL_OK)
        rc = wtl_batch_verify(jobs, n, &err);
    if (rc < 0)
        fprintf(stderr, "sign_many: %s\n", err.text);
    for (size_t i = 0; rc == WTL_OK && i < n; i++) {
        for (size_t j = 0; j < jobs[i].sig_n; j++)
            printf("%02x", jobs[i].sig[j]);
        putchar('\n');
    }
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: sign_many SIGNER.key SIGNER.pub <LINES\n");
        return 2;
    }
    wtl_key *signer = load_key(argv[1]);
    wtl_key *checker = load_key(argv[2]);
    size_t n = read_lines();
    int rc = WTL_IO;
    if (signer != NULL && checker != NULL) {
        unsigned char *room = malloc(n * wtl_batch_room(signer) + 1);
        rc = room != NULL ? run(signer, checker, n, room) : WTL_NOMEM;
        free(room);
    }
    wtl_key_free(signer);
    wtl_key_free(checker);
    return wtl_rc_exit(rc);
}
