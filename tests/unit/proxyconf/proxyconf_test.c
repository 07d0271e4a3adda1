#include "unit.h"

#include <unistd.h>

#include "base/text.h"
#include "proxyconf/proxyconf.h"

#define SERVER_ "--listen 127.0.0.1:8443 --connect 127.0.0.1:8080 --cert /c.pem --key /k.pem "
#define CLIENT_ "--listen 127.0.0.1:8080 --connect host:8443 --ca /ca.pem "

/* Words with single spaces between. */
static int from_words(wtl_proxyconf *c, bool server, const char *line, wtl_err *err)
{
    static char copy[4096];
    const char *word[64];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok(copy, " "); w != NULL && n < 64; w = strtok(NULL, " "))
        word[n++] = w;
    return wtl_proxyconf_words(c, server, word, n, err);
}

static void refuse_words(bool server, const char *line, const char *says)
{
    wtl_proxyconf c;
    wtl_err err = {0};
    int rc = from_words(&c, server, line, &err);
    if (rc != WTL_USAGE || strstr(err.text, says) == NULL)
        fail_msg("%s: %s: \"%s\" has no \"%s\"", line, wtl_rc_name(rc), err.text, says);
    assert_int_equal(c.n, 0);
    assert_null(c.proxy);
    assert_null(c.service[0].conf);
}

static char box[64];

static const char *write_file(const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/p.ini", box);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return path;
}

static void refuse_file(const char *text, int code, const char *says)
{
    wtl_proxyconf c;
    wtl_err err = {0};
    const char *path = write_file(text);
    int rc = wtl_proxyconf_file(&c, path, &err);
    if (rc != code || strstr(err.text, says) == NULL)
        fail_msg("%s: %s: \"%s\" has no \"%s\"", text, wtl_rc_name(rc), err.text, says);
    if (strncmp(err.text, path, strlen(path)) != 0)
        fail_msg("\"%s\" does not begin with the file", err.text);
    assert_int_equal(c.n, 0);
    assert_null(c.proxy);
}

static void words(void **state)
{
    (void)state;
    AUTO(wtl_proxyconf) c = {0};
    wtl_err err = {0};
    assert_good(
        from_words(&c, true,
                   "--listen=127.0.0.1:8443 --connect 127.0.0.1:8080 --cert c.pem --key k.pem --cert "
                   "/c2.pem --key /k2.pem --tls12 --prefer-pq-signature=no --metrics 127.0.0.1:9464 --log - "
                   "--alpn h2,http/1.1 --route *.Example.ORG=unix:/a.sock,b=c:1",
                   &err),
        &err);
    assert_int_equal(c.n, 1);
    const wtl_proxyconf_service *s = &c.service[0];
    assert_string_equal(s->name, "server");
    assert_true(s->server);
    assert_string_equal(wtl_conf_text(s->conf, "listen", 0), "127.0.0.1:8443");
    assert_string_equal(wtl_conf_where(s->conf, "listen", 0), "--listen");
    assert_int_equal(wtl_conf_count(s->conf, "cert"), 2);
    char here[4096];
    char path[4200];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/c.pem", strcmp(here, "/") == 0 ? "" : here);
    assert_string_equal(wtl_conf_text(s->conf, "cert", 0), path);
    assert_string_equal(wtl_conf_text(s->conf, "cert", 1), "/c2.pem");
    assert_int_equal(wtl_conf_number(s->conf, "tls12"), 1);
    assert_int_equal(wtl_conf_number(s->conf, "prefer-pq-signature"), 0);
    assert_string_equal(wtl_conf_text(c.proxy, "metrics", 0), "127.0.0.1:9464");
    assert_string_equal(wtl_conf_text(c.proxy, "log", 0), "-");
    assert_int_equal(wtl_conf_count(s->conf, "alpn"), 2);
    assert_int_equal(s->n_routes, 2);
    assert_string_equal(s->route[0].name, "*.example.org");
    assert_string_equal(s->route[0].connect, "unix:/a.sock");
    assert_string_equal(s->route[1].name, "b");
    assert_string_equal(s->route[1].connect, "c:1");
}

static void good_words(void **state)
{
    (void)state;
    static const struct {
        bool server;
        const char *line;
    } row[] = {
        {true, SERVER_},
        {true, SERVER_ "--client-ca /ca.pem --allow *.example.org,uri:spiffe://example.org/a/*,dns:b"},
        {true, SERVER_ "--pin 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
        {true, "--listen *:1 --route a=b:1 --cert /c --key /k"},
        {true, "--listen *:1 --connect 127.0.0.1:2,127.0.0.1:3 --cert /c --key /k"},
        {true, "--listen unix:/a --connect unix:/b --cert /c --key /k"},
        {true, SERVER_ "--profile cnsa"},
        {true, SERVER_ "--profile cnsa --policy pq-only"},
        {true, SERVER_ "--policy classical-fallback --tls12"},
        {true, SERVER_ "--tickets 0"},
        {true, SERVER_ "--staple /s"},
        {false, CLIENT_},
        {false, CLIENT_ "--policy pq-only --cert /c --key /k"},
        {false, "--listen *:1 --connect h:1 --ca system"},
        {false, "--listen *:1 --connect h:1 --pin /p.pem"},
        {false, "--listen *:1 --connect unix:/b --ca system --server-name h"},
        {false, "--listen *:1 --connect unix:/b --pin /p.pem"},
        {false, CLIENT_ "--pool 10 --pool-idle 30s --classical-share"},
        {false, CLIENT_ "--send-proxy --accept-proxy --starttls postgresql --idle-timeout 0"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        AUTO(wtl_proxyconf) c = {0};
        wtl_err err = {0};
        assert_good(from_words(&c, row[i].server, row[i].line, &err), &err);
    }
    AUTO(wtl_proxyconf) c = {0};
    assert_int_equal(from_words(&c, false, CLIENT_, NULL), WTL_OK);
    assert_string_equal(c.service[0].name, "client");
    assert_false(c.service[0].server);
}

static void bad_words(void **state)
{
    (void)state;
    static const struct {
        bool server;
        const char *line;
        const char *says;
    } row[] = {
        {true, "", "--listen is missing"},
        {true, "--listen *:1", "--connect is missing, and there is no route"},
        {true, "--listen *:1 --connect h:1", "--cert is missing: a server shows a certificate"},
        {true, "--listen *:1 --connect h:1 --cert /c", "1 of --cert and 0 of --key"},
        {true, SERVER_ "--key /k2", "1 of --cert and 2 of --key"},
        {true, SERVER_ "--staple /a,/b", "2 of --staple for 1 of --cert"},
        {true, SERVER_ "--listen *:2", "--listen: listen is given twice"},
        {true, "--listen 80 --connect h:1 --cert /c --key /k",
         "--listen: '80' is no address: it has no port"},
        {true, "--listen *:1 --connect *:2 --cert /c --key /k",
         "--connect: one cannot connect to every address"},
        {true, "--listen *:1 --connect [::]:2 --cert /c --key /k", "--connect: one cannot connect"},
        {true, "--listen h:1 --connect H:1 --cert /c --key /k",
         "--connect: this is where the service itself"},
        {true, "--listen *:1 --connect 127.0.0.1:1 --cert /c --key /k", "it would connect to itself"},
        {true, "--listen *:1 --connect localhost:1 --cert /c --key /k", "it would connect to itself"},
        {true, "--listen *:1 --route a=[::1]:1 --cert /c --key /k", "--route: this is where"},
        {true, SERVER_ "--route a", "--route: a route is NAME=ADDRESS, and 'a' is none"},
        {true, SERVER_ "--route =b:1", "--route: a route begins with a host name"},
        {true, SERVER_ "--route *.=b:1", "--route: a route begins with a host name"},
        {true, SERVER_ "--route *=b:1", "--route: a route begins with a host name"},
        {true, SERVER_ "--route a*.b=b:1", "--route: a route begins with a host name"},
        {true, SERVER_ "--route a=b", "--route: 'b' is no address"},
        {true, SERVER_ "--route a=", "--route: '' is no address"},
        {true, SERVER_ "--route a=b:1 --route A=c:1", "--route: there is a route for a already"},
        {true, SERVER_ "--ca /ca.pem", "--ca: ca is for clients, and this is a server"},
        {true, SERVER_ "--pool 1", "--pool: pool is for clients"},
        {true, SERVER_ "--server-name x", "is for clients"},
        {true, SERVER_ "--classical-share", "is for clients"},
        {false, CLIENT_ "--client-ca /ca.pem", "--client-ca: client-ca is for servers, and this is a client"},
        {false, CLIENT_ "--route a=b:1", "is for servers"},
        {false, CLIENT_ "--tls12", "is for servers"},
        {false, CLIENT_ "--tickets 1", "is for servers"},
        {false, CLIENT_ "--prefer-pq-signature", "is for servers"},
        {false, CLIENT_ "--staple /s", "is for servers"},
        {true, SERVER_ "--allow example.org", "--allow: a name in a certificate means nothing without"},
        {true, SERVER_ "--client-ca /ca --allow a..b", "--allow: a name is HOST"},
        {true, SERVER_ "--client-ca /ca --allow spiffe://x/y", "--allow: a name is HOST"},
        {true, SERVER_ "--client-ca /ca --allow uri:x", "--allow: a name is HOST"},
        {true, SERVER_ "--client-ca /ca --allow a.*.b", "--allow: a name is HOST"},
        {true, SERVER_ "--client-ca /ca --allow *", "--allow: a name is HOST"},
        {false, "--listen *:1", "--connect is missing: the address of the server"},
        {false, "--listen *:1 --connect h:1", "nothing says who the server may be: give --ca FILE"},
        {false, "--listen *:1 --connect h:1 --allow h", "nothing says who the server may be"},
        {false, "--listen *:1 --connect h:1 --allow h --pin /p",
         "--allow: a name in a certificate means nothing"},
        {false, "--listen *:1 --connect unix:/b --ca system", "--connect: a path is no name"},
        {false, CLIENT_ "--server-name a/b", "--server-name: server-name is no host name"},
        {false, CLIENT_ "--cert /c", "1 of --cert and 0 of --key"},
        {false, CLIENT_ "--pool 2 --send-proxy", "--pool: a connection that is made beforehand"},
        {true, SERVER_ "--tickets 0 --ticket-keys /t", "ticket-keys without tickets"},
        {true, SERVER_ "--tls12 --policy pq-only", "--tls12: TLS 1.2 has no post-quantum"},
        {true, SERVER_ "--tls12 --policy hybrid-only", "which this policy asks for"},
        {true, SERVER_ "--tls12 --profile cnsa", "which the profile cnsa asks for"},
        {true, SERVER_ "--profile cnsa --policy hybrid-preferred",
         "--policy: the profile cnsa takes no classical"},
        {true, SERVER_ "--policy hybrid", "--policy: policy is one of pq-only, hybrid-only"},
        {true, SERVER_ "--profile fips", "--profile: profile is one of default, cnsa"},
        {true, SERVER_ "--alpn h2,h2", "--alpn: a protocol of alpn stands twice"},
        {true, SERVER_ "--metrics 127.0.0.1:8443", "--metrics: [server] listens at this address already"},
        {true, SERVER_ "--metrics x", "--metrics: 'x' is no address"},
        {true, SERVER_ "--workers 64", "--workers: workers goes from 0 to 63"},
        {true, SERVER_ "--handshake-timeout 0", "--handshake-timeout: handshake-timeout goes from 1ms to 1h"},
        {true, SERVER_ "--ticket-lifetime 8d", "goes from 1m to 7d"},
        {true, SERVER_ "--max-connections", "--max-connections: max-connections needs a value, N"},
        {true, SERVER_ "--lisen x", "there is no option --lisen; did you mean --listen?"},
        {true, SERVER_ "--metric x", "there is no option --metric; did you mean --metrics?"},
        {true, SERVER_ "--frobnicate", "there is no option --frobnicate"},
        {true, SERVER_ "--mode server", "there is no option --mode"},
        {true, SERVER_ "word", "'word' is no option"},
        {true, SERVER_ "--", "'--' is no option"},
        {true, SERVER_ "--=x", "there is no option --"},
        {true, SERVER_ "-x", "'-x' is no option"},
        {true, SERVER_ "--tls12=maybe", "--tls12: tls12 is yes or no"},
        {true, SERVER_ "--tls12 yes", "'yes' is no option"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        refuse_words(row[i].server, row[i].line, row[i].says);
    char line[2048] = SERVER_ "--alpn ";
    size_t n = strlen(line);
    memset(line + n, 'p', 256);
    refuse_words(true, line, "--alpn: the name of a protocol has at most 255 bytes");
}

static const char two[] = "# two services\n"
                          "[front]\n"
                          "mode = server\n"
                          "listen = *:8443\n"
                          "connect = 127.0.0.1:8080\n"
                          "cert = front.pem, tls/ec.pem\n"
                          "cert = /etc/third.pem\n"
                          "key = front.key, tls/ec.key, ./third.key\n"
                          "policy = pq-only\n"
                          "route = A.example=10.0.0.1:80, *.b.example=unix:b.sock\n"
                          "\n"
                          "[proxy]\n"
                          "workers = 2\n"
                          "log = -\n"
                          "\n"
                          "[back]\n"
                          "listen = 127.0.0.1:5432\n"
                          "connect = db.example:5432\n"
                          "starttls = postgresql\n"
                          "ca = system\n"
                          "mode = client\n";

static void files(void **state)
{
    (void)state;
    AUTO(wtl_proxyconf) c = {0};
    wtl_err err = {0};
    assert_good(wtl_proxyconf_file(&c, write_file(two), &err), &err);
    assert_int_equal(c.n, 2);
    assert_string_equal(c.service[0].name, "front");
    assert_true(c.service[0].server);
    assert_string_equal(c.service[1].name, "back");
    assert_false(c.service[1].server);
    const wtl_conf *front = c.service[0].conf;
    char path[128];
    assert_int_equal(wtl_conf_count(front, "cert"), 3);
    snprintf(path, sizeof path, "%s/tls/ec.pem", box);
    assert_string_equal(wtl_conf_text(front, "cert", 1), path);
    snprintf(path, sizeof path, "%s/third.key", box);
    assert_string_equal(wtl_conf_text(front, "key", 2), path);
    snprintf(path, sizeof path, "unix:%s/b.sock", box);
    assert_string_equal(c.service[0].route[1].connect, path);
    assert_string_equal(c.service[0].route[0].name, "a.example");
    assert_non_null(strstr(wtl_conf_where(front, "policy", 0), "/p.ini: line 9"));
    assert_int_equal(wtl_conf_number(c.proxy, "workers"), 2);
    assert_string_equal(wtl_conf_text(c.service[1].conf, "ca", 0), "system");
}

/* A name relative to the current folder gives the same absolute paths. */
static void relative(void **state)
{
    (void)state;
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    write_file(two);
    static const char *const names[] = {"p.ini", "./p.ini", "sub/../p.ini"};
    char sub[128];
    snprintf(sub, sizeof sub, "%s/sub", box);
    assert_int_equal(chdir(box), 0);
    snprintf(sub, sizeof sub, "mkdir -p %s/sub", box);
    assert_int_equal(system(sub), 0);
    for (size_t i = 0; i < 3; i++) {
        AUTO(wtl_proxyconf) c = {0};
        wtl_err err = {0};
        assert_good(wtl_proxyconf_file(&c, names[i], &err), &err);
        const char *got = wtl_conf_text(c.service[0].conf, "cert", 0);
        char real[4096];
        assert_int_equal(got[0], '/');
        char folder[512];
        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(got, '/') - got), got);
        assert_non_null(realpath(folder, real));
        char want[4096];
        assert_non_null(realpath(box, want));
        assert_string_equal(real, want);
    }
    assert_int_equal(chdir(here), 0);
}

#define S "[s]\nmode = server\nlisten = *:1\nconnect = h:1\ncert = c\nkey = k\n"
static void bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *says;
    } row[] = {
        {"", WTL_USAGE, "p.ini: there is no service in it"},
        {"[proxy]\n", WTL_USAGE, "there is no service in it"},
        {"[s]", WTL_FORMAT, "p.ini: line 1: the last line has no end"},
        {"x = 1\n", WTL_FORMAT, "p.ini: line 1: a key before the first [section]"},
        {S S, WTL_FORMAT, "p.ini: line 7: the section [s] is there already"},
        {"[s]\nlisten = *:1\n", WTL_USAGE, "p.ini: line 1: [s] has no 'mode = server' or 'mode = client'"},
        {"[s]\nmode = both\n", WTL_USAGE,
         "p.ini: line 2: mode is server (accepts TLS) or client (makes it), not 'both'"},
        {"[s]\nmode = server\nmode = server\n", WTL_USAGE, "p.ini: line 3: mode is given twice"},
        {"\n[s]\nmode = server\n", WTL_USAGE, "p.ini: line 2: [s]: listen is missing"},
        {"[s]\nmode = client\nlisten = *:1\nconnect = h:1\n", WTL_USAGE,
         "p.ini: line 1: [s]: nothing says who the server may be: give ca FILE"},
        {S "nonsense = 1\n", WTL_USAGE, "p.ini: line 7: there is no option 'nonsense'"},
        {S "workers = 1\n", WTL_USAGE, "p.ini: line 7: there is no option 'workers'"},
        {"[proxy]\nlisten = *:1\n" S, WTL_USAGE, "p.ini: line 2: there is no option 'listen'"},
        {"[proxy]\nmode = server\n" S, WTL_USAGE, "p.ini: line 2: there is no option 'mode'"},
        {S "listen = *:2\n", WTL_USAGE, "p.ini: line 7: listen is given twice, first in "},
        {S "ca = x\n", WTL_USAGE, "p.ini: line 7: ca is for clients, and this is a server"},
        {S "route = a\n", WTL_USAGE, "p.ini: line 7: a route is NAME=ADDRESS"},
        {S "route = a=b\n", WTL_USAGE, "p.ini: line 7: 'b' is no address"},
        {S "[t]\nmode = client\nlisten = [::]:1\nconnect = x:2\nca = system\n", WTL_USAGE,
         "p.ini: line 9: [s] listens at this address already"},
        {S "[proxy]\nmetrics = *:1\n", WTL_USAGE, "p.ini: line 8: [s] listens at this address already"},
        {S "[proxy]\nmetrics = 1\n", WTL_USAGE, "p.ini: line 8: '1' is no address"},
        {S "key = k2\n", WTL_USAGE, "p.ini: line 1: [s]: 1 of cert and 2 of key"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        refuse_file(row[i].text, row[i].code, row[i].says);
    AUTO(wtl_buf) many = {0};
    for (unsigned i = 0; i <= WTL_PROXYCONF_SERVICES; i++)
        wtl_buf_fmt(&many, "[s%u]\nmode = server\nlisten = *:%u\nconnect = h:1\ncert = c\nkey = k\n", i,
                    i + 1);
    refuse_file(wtl_buf_cstr(&many), WTL_USAGE, "p.ini: line 385: more than 64 services");
    wtl_proxyconf c;
    wtl_err err = {0};
    assert_int_equal(wtl_proxyconf_file(&c, "-", &err), WTL_USAGE);
    assert_int_equal(wtl_proxyconf_file(&c, "/nowhere/p.ini", &err), WTL_IO);
    assert_int_equal(wtl_proxyconf_file(&c, "/", &err), WTL_POLICY);
}

/* Every text that two is cut to, or that has one byte changed, is taken or refused in words. */
static void damaged(void **state)
{
    (void)state;
    char text[sizeof two];
    for (size_t i = 0; i < sizeof two - 1; i++) {
        wtl_proxyconf c;
        wtl_err err = {0};
        memcpy(text, two, sizeof two);
        text[i] = '\0';
        int rc = wtl_proxyconf_file(&c, write_file(text), &err);
        assert_true((rc == WTL_OK) == (c.n > 0));
        assert_true(rc == WTL_OK || rc == WTL_FORMAT || rc == WTL_USAGE);
        assert_true(rc == WTL_OK || strstr(err.text, "p.ini: ") != NULL);
        wtl_proxyconf_free(&c);
        memcpy(text, two, sizeof two);
        text[i] ^= 4;
        rc = wtl_proxyconf_file(&c, write_file(text), &err);
        assert_true(rc == WTL_OK || rc == WTL_FORMAT || rc == WTL_USAGE);
        wtl_proxyconf_free(&c);
    }
}

static void reads_the_same(const wtl_proxyconf *c)
{
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) again = {0};
    AUTO(wtl_proxyconf) back = {0};
    assert_good(wtl_proxyconf_print(c, &text, &err), &err);
    assert_good(wtl_proxyconf_file(&back, write_file(wtl_buf_cstr(&text)), &err), &err);
    assert_good(wtl_proxyconf_print(&back, &again, &err), &err);
    assert_string_equal(wtl_buf_cstr(&text), wtl_buf_cstr(&again));
    assert_int_equal(c->n, back.n);
    const wtl_conf_table *t = wtl_proxyconf_service_table();
    for (size_t i = 0; i < c->n; i++) {
        assert_int_equal(c->service[i].server, back.service[i].server);
        assert_int_equal(c->service[i].n_routes, back.service[i].n_routes);
        for (size_t k = 0; k < t->n; k++) {
            const wtl_conf *a = c->service[i].conf;
            const wtl_conf *b = back.service[i].conf;
            const char *name = t->row[k].name;
            assert_int_equal(wtl_conf_count(a, name), wtl_conf_count(b, name));
            assert_int_equal(wtl_conf_given(a, name), wtl_conf_given(b, name));
            for (size_t v = 0; v < wtl_conf_count(a, name); v++)
                assert_string_equal(wtl_conf_text(a, name, v), wtl_conf_text(b, name, v));
        }
    }
}

static void printed(void **state)
{
    (void)state;
    AUTO(wtl_proxyconf) file = {0};
    AUTO(wtl_proxyconf) line = {0};
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    assert_good(wtl_proxyconf_file(&file, write_file(two), &err), &err);
    reads_the_same(&file);
    assert_good(from_words(&line, false, CLIENT_ "--pool 3 --alpn a,b --user x", &err), &err);
    reads_the_same(&line);
    assert_good(wtl_proxyconf_print(&line, &text, &err), &err);
    const char *s = wtl_buf_cstr(&text);
    assert_non_null(strstr(s, "\nuser = x\n"));
    assert_non_null(strstr(s, "\n\n[client]\nmode = client\nlisten = 127.0.0.1:8080\nconnect = host:8443\n"));
    assert_non_null(strstr(s, "\nalpn = a\nalpn = b\n"));
    assert_non_null(strstr(s, "\n# idle-timeout = 1h\n"));
}

static void sides(void **state)
{
    (void)state;
    assert_true(wtl_proxyconf_takes(true, "route") && !wtl_proxyconf_takes(false, "route"));
    assert_true(!wtl_proxyconf_takes(true, "ca") && wtl_proxyconf_takes(false, "ca"));
    assert_true(wtl_proxyconf_takes(true, "listen") && wtl_proxyconf_takes(false, "listen"));
    assert_false(wtl_proxyconf_takes(true, "workers"));
}

/* No name in both tables, no group interrupted, every default one that the row takes. */
static void tables(void **state)
{
    (void)state;
    const wtl_conf_table *t[] = {wtl_proxyconf_service_table(), wtl_proxyconf_proxy_table()};
    for (size_t k = 0; k < 2; k++) {
        AUTO(wtl_conf) *c = NULL;
        wtl_err err = {0};
        assert_good(wtl_conf_new(&c, t[k], &err), &err);
        for (size_t i = 0; i < t[k]->n; i++) {
            const wtl_conf_row *row = &t[k]->row[i];
            assert_ptr_equal(wtl_conf_row_of(t[k], row->name), row);
            assert_null(wtl_conf_row_of(t[1 - k], row->name));
            assert_true(strlen(row->name) <= WTL_INI_NAME && row->help[0] != '\0' && row->group != NULL);
            assert_true((row->kind == WTL_CONF_FLAG) == (row->arg == NULL));
        }
    }
}

static int make_box(void **state)
{
    (void)state;
    snprintf(box, sizeof box, "/tmp/wattle-proxyconf.XXXXXX");
    return mkdtemp(box) != NULL ? 0 : -1;
}

static int drop_box(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", box);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),   cmocka_unit_test(good_words), cmocka_unit_test(bad_words),
        cmocka_unit_test(files),   cmocka_unit_test(relative),   cmocka_unit_test(bad_files),
        cmocka_unit_test(damaged), cmocka_unit_test(printed),    cmocka_unit_test(sides),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, make_box, drop_box);
}
