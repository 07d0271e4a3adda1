#include "cli/benchcmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/machine.h"
#include "cli/libexec.h"
#include "cli/show.h"

int wtl_benchcmd_programs(wtl_target_programs *p, wtl_buf *own, const wtl_args *args, wtl_err *err)
{
    static const struct {
        const char *option;
        enum wtl_target_kind kind;
    } peers[] = {{"nginx", WTL_TARGET_NGINX},
                 {"haproxy", WTL_TARGET_HAPROXY},
                 {"stunnel", WTL_TARGET_STUNNEL},
                 {"nginx-wattle", WTL_TARGET_NGINX_WATTLE}};
    TRY(wtl_libexec_path("wattle-proxyd", own, err));
    const char *ours = wtl_buf_cstr(own);
    ENSURE(ours != NULL, err, WTL_NOMEM, "out of memory");
    const char *crypto = wtl_args_get(args, "crypto", 0);
    ENSURE(crypto == NULL || setenv("WATTLE_CRYPTO", crypto, 1) == 0, err, WTL_NOMEM, "out of memory");
    p->path[WTL_TARGET_WATTLE] = ours;
    p->path[WTL_TARGET_WATTLE_OWN] = ours;
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        const char *path = wtl_args_get(args, peers[i].option, 0);
        p->path[peers[i].kind] = path;
        ENSURE(path == NULL || (path[0] == '/' && access(path, X_OK) == 0), err, WTL_USAGE,
               "--%s takes the absolute path of a program, and %s is none", peers[i].option,
               wtl_show_name(path));
    }
    return WTL_OK;
}

int wtl_benchcmd_number(size_t *out, const wtl_args *args, const char *option, size_t fallback, size_t most,
                        wtl_err *err)
{
    const char *text = wtl_args_get(args, option, 0);
    size_t v = 0;
    *out = fallback;
    if (text == NULL)
        return WTL_OK;
    size_t n = strlen(text);
    bool good = n > 0 && n <= 9 && strspn(text, "0123456789") == n;
    for (size_t i = 0; i < n && good; i++)
        v = v * 10 + (size_t)(text[i] - '0');
    ENSURE(good && v >= 1 && v <= most, err, WTL_USAGE, "--%s takes a number from 1 to %zu", option, most);
    *out = v;
    return WTL_OK;
}

int wtl_benchcmd_word(const char **out, const wtl_args *args, const char *option,
                      const char *(*word_at)(size_t i), wtl_err *err)
{
    const char *given = wtl_args_get(args, option, 0);
    const char *w = NULL;
    *out = NULL;
    for (size_t i = 0; given != NULL && (w = word_at(i)) != NULL && strcmp(w, given) != 0; i++)
        ;
    ENSURE(given == NULL || w != NULL, err, WTL_USAGE,
           "--%s does not know %s: 'wattle help' lists its values", option, wtl_show_name(given));
    *out = w;
    return WTL_OK;
}

json_t *wtl_benchcmd_real(double v)
{
    return v > 0 ? json_real(v) : json_null();
}

json_t *wtl_benchcmd_programs_json(char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM])
{
    json_t *all = json_array();
    for (size_t i = 0; i < WTL_TARGET_KINDS; i++) {
        if (version[i][0] != '\0')
            json_array_append_new(all,
                                  json_pack("{s:s, s:s}", "server", wtl_target_name((enum wtl_target_kind)i),
                                            "version", version[i]));
    }
    return all;
}

void wtl_benchcmd_print_programs(char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM], bool pinned)
{
    char machine[300];
    wtl_machine_name(machine, sizeof machine);
    printf("\n%s; the proxies %s\n", machine,
           pinned ? "ran on another processor than the load" : "shared the processors with the load");
    for (size_t i = 0; i < WTL_TARGET_KINDS; i++) {
        if (version[i][0] != '\0')
            printf("%s %s\n", wtl_target_name((enum wtl_target_kind)i), version[i]);
    }
}

void wtl_benchcmd_cell(struct libscols_line *line, size_t column, double v, int decimals)
{
    char text[32];
    snprintf(text, sizeof text, "%.*f", decimals, v);
    scols_line_set_data(line, column, v > 0 ? text : "");
}
