/* A program of your own: checks that a model is what its signer signed, then reads one file of a sealed container into
 * its own memory, and writes it out.
 *
 *   cc -o verify_and_open verify_and_open.c $(pkg-config --cflags --libs wattle)
 *   ./verify_and_open MODEL SIGNER.pub CONTAINER IDENTITY.key SENDER.pub FILE >copy
 *
 * Exit codes are those of the command `wattle`. */
#include <stdio.h>
#include <stdlib.h>

#include <wattle/container.h>
#include <wattle/sign.h>

/* Says what went wrong; returns the code for the caller to pass on. */
static int complain(int rc, const wtl_err *err)
{
    fprintf(stderr, "verify_and_open: %s\n", err->text);
    return rc;
}

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
        complain(0, &err);
    return key;
}

static int verify(const char *model, const wtl_key *signer)
{
    wtl_err err;
    wtl_verify_opts opts = {0};
    wtl_verify_result result = {0};
    opts.keys = &signer;
    opts.n_keys = 1;
    int rc = wtl_verify_model(model, &opts, &result, &err);
    if (rc < 0)
        complain(rc, &err);
    else
        fprintf(stderr, "verified %zu files of %s\n", result.files, result.model);
    wtl_verify_result_free(&result);
    return rc;
}

/* Piece by piece through a buffer that is ours; nothing in it is ever unchecked. */
static int copy_out(wtl_container *c, size_t file)
{
    static unsigned char buffer[1 << 20];
    wtl_err err;
    size_t got = 0;
    for (uint64_t at = 0;; at += got) {
        int rc = wtl_container_read(c, file, at, buffer, sizeof buffer, &got, &err);
        if (rc < 0)
            return complain(rc, &err);
        if (got == 0)
            return WTL_OK;
        if (fwrite(buffer, 1, got, stdout) != got) {
            perror("standard output");
            return WTL_IO;
        }
    }
}

static int read_sealed(const char *path, const wtl_key *identity, const wtl_key *sender, const char *name)
{
    wtl_err err;
    wtl_open_opts opts = {0};
    wtl_container *c = NULL;
    size_t file = 0;
    opts.identity = &identity;
    opts.n_identities = 1;
    opts.sender = &sender;
    opts.n_senders = 1;
    int rc = wtl_container_open(&c, path, &opts, &err);
    if (rc < 0)
        return complain(rc, &err);
    rc = wtl_container_find(c, name, &file, &err);
    rc = rc < 0 ? complain(rc, &err) : copy_out(c, file);
    wtl_container_close(c);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: verify_and_open MODEL SIGNER.pub CONTAINER IDENTITY.key SENDER.pub FILE\n");
        return 2;
    }
    wtl_key *signer = load_key(argv[2]);
    wtl_key *identity = load_key(argv[4]);
    wtl_key *sender = load_key(argv[5]);
    int rc = WTL_IO;
    if (signer != NULL && identity != NULL && sender != NULL) {
        rc = verify(argv[1], signer);
        if (rc == WTL_OK)
            rc = read_sealed(argv[3], identity, sender, argv[6]);
    }
    wtl_key_free(signer);
    wtl_key_free(identity);
    wtl_key_free(sender);
    return wtl_rc_exit(rc);
}
