/* A program of your own: a toy HTTP server that lets in who shows a good token (Authorization: Bearer ...), verifying each token once
 * and taking the verdict of last time after that. POST /logout ends the token's session at once.
 *
 *   cc -o session_check session_check.c $(pkg-config --cflags --libs wattle)
 *   ./session_check JWKS AUDIENCE                              serves on a port of 127.0.0.1, which it prints
 *   ./session_check JWKS AUDIENCE TOKEN OTHER_TOKEN            asks itself, with a token for the audience and one for another
 *
 * Exit codes are those of the command `wattle`. A real server has a handle in each of its threads. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wattle/verified_token.h>

enum { REQUEST = 16384 }; /* a post-quantum token has about 5 KB */

static wtl_verified_cache *cache;
static wtl_verified_rules rules;
static int listener;
static uint16_t port;

/* ---- the check */

/* The token of the request's Authorization header; empty when there is none. */
static wtl_bytes bearer(const char *request)
{
    static const char name[] = "Authorization: Bearer ";
    for (const char *line = strstr(request, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, sizeof name - 1) == 0) {
            const char *token = line + 2 + sizeof name - 1;
            return (wtl_bytes){(const uint8_t *)token, strcspn(token, "\r\n")};
        }
    }
    return (wtl_bytes){NULL, 0};
}

/* A session is known by its token's jti. The token was verified just now; the denial lasts as long as any verdict on it could. */
static int log_out(wtl_bytes token, wtl_err *err)
{
    wtl_token t = {0};
    int rc = wtl_token_read(&t, token, err);
    if (rc == WTL_OK && t.jti != NULL)
        rc = wtl_verified_deny(cache, "jti", (wtl_bytes){(const uint8_t *)t.jti, strlen(t.jti)},
                               t.has_exp ? t.exp + 60 : WTL_VERIFIED_NEVER, err);
    wtl_token_free(&t);
    return rc;
}

static void answer(int client, wtl_verified_handle *h, const char *request)
{
    wtl_verified_answer a;
    wtl_err err;
    wtl_bytes token = bearer(request);
    wtl_bytes tenant = {NULL, 0};
    int rc = wtl_verified_token(h, &rules, token, tenant, &a, &err);
    if (rc == WTL_OK && strncmp(request, "POST /logout ", 13) == 0)
        rc = log_out(token, &err);
    if (rc == WTL_OK)
        dprintf(client, "HTTP/1.1 200 OK\r\nX-Verdict: %s\r\nConnection: close\r\n\r\n%.*s\n",
                a.from == WTL_VERIFIED_HIT ? "kept" : "new", (int)a.result.n, (const char *)a.result.p);
    else
        dprintf(client, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n%s\n",
                rc == WTL_NO ? "401 Unauthorized" : "503 Service Unavailable", err.text);
    wtl_verified_done(h);
}

/* ---- the server */

static void *serve(void *arg)
{
    static char request[REQUEST];
    wtl_verified_handle *h;
    (void)arg;
    if (wtl_verified_handle_open(&h, cache, NULL) < 0)
        return NULL;
    for (int client; (client = accept(listener, NULL, NULL)) >= 0; close(client)) {
        size_t n = 0;
        ssize_t got = 1;
        while (got > 0 && strstr(request, "\r\n\r\n") == NULL) {
            got = read(client, request + n, sizeof request - 1 - n);
            n += got > 0 ? (size_t)got : 0;
            request[n] = '\0';
        }
        if (got > 0)
            answer(client, h, request);
        request[0] = '\0';
    }
    wtl_verified_handle_close(h);
    return NULL;
}

static int listen_on_loopback(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) < 0 || listen(listener, 16) < 0 ||
        getsockname(listener, (struct sockaddr *)&at, &n) < 0) {
        perror("session_check");
        return WTL_IO;
    }
    port = ntohs(at.sin_port);
    return WTL_OK;
}

/* ---- asking itself */

static int ask(const char *method, const char *token, const char *wanted)
{
    static char reply[REQUEST];
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        return WTL_IO;
    dprintf(fd, "%s HTTP/1.1\r\nHost: localhost\r\nauthorization: Bearer %s\r\n\r\n", method, token);
    for (ssize_t got; (got = read(fd, reply + n, sizeof reply - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd);
    reply[n] = '\0';
    int good = strstr(reply, wanted) != NULL;
    printf("%s%s: %s", good ? "" : "NOT ", method, n > 9 ? reply + 9 : "nothing\n");
    return good ? WTL_OK : WTL_NO;
}

static int ask_itself(const char *token, const char *other)
{
    pthread_t server;
    wtl_verified_stats s;
    if (pthread_create(&server, NULL, serve, NULL) != 0)
        return WTL_IO;
    int rc = ask("GET /", token, "200 OK\r\nX-Verdict: new");
    for (int i = 0; rc == WTL_OK && i < 3; i++)
        rc = ask("GET /", token, "200 OK\r\nX-Verdict: kept");
    if (rc == WTL_OK)
        rc = ask("GET /", other, "401 Unauthorized");
    if (rc == WTL_OK)
        rc = ask("GET /", "", "401 Unauthorized");
    if (rc == WTL_OK)
        rc = ask("POST /logout", token, "200 OK");
    if (rc == WTL_OK)
        rc = ask("GET /", token, "401 Unauthorized");
    shutdown(listener, SHUT_RDWR); /* ends accept */
    pthread_join(server, NULL);
    wtl_verified_stats_read(cache, &s);
    printf("verified %llu, hits %llu, denied %llu\n", (unsigned long long)s.misses,
           (unsigned long long)s.hits, (unsigned long long)s.denied);
    return rc;
}

/* ---- beginning */

static char *load(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "rb");
    if (f == NULL || text == NULL) {
        perror(path);
        exit(wtl_rc_exit(WTL_IO));
    }
    text[fread(text, 1, 65535, f)] = '\0';
    fclose(f);
    return text;
}

static int begin(const char *keys, const wtl_token_policy *policy, wtl_jwks **set, wtl_err *err)
{
    wtl_verified_options o = {.capacity = 64 << 20, .lazy = true};
    char *text = load(keys);
    int rc = wtl_jwks_parse(set, (wtl_bytes){(const uint8_t *)text, strlen(text)}, err);
    free(text);
    rules.set = *set;
    rules.policy = policy;
    if (rc == WTL_OK)
        rc = wtl_verified_token_rules(&rules, err);
    if (rc == WTL_OK)
        rc = wtl_verified_open(&cache, &o, err);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: session_check JWKS AUDIENCE [TOKEN OTHER_TOKEN]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* clients may go away */
    const char *audience = argv[2];
    const wtl_token_policy policy = {.audiences = &audience, .n_audiences = 1, .pq_only = true, .leeway = 30};
    wtl_jwks *set = NULL;
    wtl_err err;
    int rc = begin(argv[1], &policy, &set, &err);
    if (rc < 0)
        fprintf(stderr, "session_check: %s\n", err.text);
    if (rc == WTL_OK)
        rc = listen_on_loopback();
    if (rc == WTL_OK && argc == 3) {
        printf("http://127.0.0.1:%u\n", port);
        fflush(stdout);
        serve(NULL);
    } else if (rc == WTL_OK) {
        char *token = load(argv[3]);
        char *other = load(argv[4]);
        token[strcspn(token, "\r\n")] = '\0'; /* a line */
        other[strcspn(other, "\r\n")] = '\0';
        rc = ask_itself(token, other);
        free(token);
        free(other);
    }
    (void)wtl_verified_close(cache, NULL);
    wtl_jwks_free(set);
    return wtl_rc_exit(rc);
}
