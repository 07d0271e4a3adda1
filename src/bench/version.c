#include "bench/version.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <wattle/version.h>

enum { TEXT_ROOM = 4096, PATIENCE_MS = 5000, NAP_MS = 10 };

/* What stands before the version, and the word that makes a program tell it. */
static const struct asking {
    const char *before, *word;
} asking[WTL_TARGET_KINDS] = {
    [WTL_TARGET_NGINX] = {"nginx/", "-v"},
    [WTL_TARGET_NGINX_WATTLE] = {"nginx/", "-v"},
    [WTL_TARGET_HAPROXY] = {"HAProxy version ", "-v"},
    [WTL_TARGET_STUNNEL] = {"stunnel ", "-version"},
};

void wtl_version_parse(char out[WTL_VERSION_ROOM], enum wtl_target_kind kind, const char *text)
{
    const char *before = asking[kind].before;
    out[0] = '\0';
    for (const char *at = text; before != NULL && (at = strstr(at, before)) != NULL; at++) {
        const char *v = at + strlen(before);
        size_t n = strspn(v, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+~-");
        if (v[0] < '0' || v[0] > '9' || n >= WTL_VERSION_ROOM)
            continue;
        memcpy(out, v, n);
        out[n] = '\0';
        return;
    }
}

static void read_text(const char *path, char text[TEXT_ROOM])
{
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(text, 1, TEXT_ROOM - 1, f) : 0;
    text[n] = '\0';
    if (f != NULL)
        fclose(f);
}

static int ask(char out[WTL_VERSION_ROOM], enum wtl_target_kind kind, const wtl_target_programs *programs,
               const wtl_identity *id, wtl_err *err)
{
    char log[200];
    char text[TEXT_ROOM];
    wtl_process p = {0};
    out[0] = '\0';
    if (asking[kind].word == NULL) {
        snprintf(out, WTL_VERSION_ROOM, "%s", wtl_version());
        return WTL_OK;
    }
    snprintf(log, sizeof log, "%s/version%d", id->dir, (int)kind);
    const char *const words[] = {programs->path[kind], asking[kind].word, NULL};
    TRY(wtl_process_start(&p, words, id->dir, log, -1, err));
    for (int i = 0; i < PATIENCE_MS / NAP_MS && wtl_process_lives(&p); i++)
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
    wtl_process_stop(&p);
    read_text(log, text);
    wtl_version_parse(out, kind, text);
    return WTL_OK;
}

int wtl_version_ask_all(char out[WTL_TARGET_KINDS][WTL_VERSION_ROOM], const wtl_target_programs *programs,
                        const wtl_identity *id, wtl_err *err)
{
    for (size_t i = 0; i < WTL_TARGET_KINDS; i++) {
        out[i][0] = '\0';
        if (programs->path[i] != NULL)
            TRY(ask(out[i], (enum wtl_target_kind)i, programs, id, err));
    }
    return WTL_OK;
}
