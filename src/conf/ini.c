#include "conf/ini.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
static const char key_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static void free_section(wtl_ini_section *s)
{
    free(s->name);
    for (size_t i = 0; i < s->n; i++) {
        free(s->pair[i].key);
        free(s->pair[i].value);
    }
    free(s->pair);
}

void wtl_ini_free(wtl_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++)
        free_section(&ini->section[i]);
    free(ini->section);
    *ini = (wtl_ini){0};
}

void wtl_ini_auto(wtl_ini *ini)
{
    wtl_ini_free(ini);
}

/* ---- the lines, by our rules: all but the values */

static int add_section(wtl_ini *ini, const char *name, unsigned line, wtl_err *err)
{
    for (size_t i = 0; i < ini->n; i++)
        ENSURE(strcmp(ini->section[i].name, name) != 0, err, WTL_FORMAT,
               "the section [%s] is there already, in line %u", name, ini->section[i].line);
    ENSURE(ini->n < WTL_INI_SECTIONS, err, WTL_FORMAT, "more than %d sections", WTL_INI_SECTIONS);
    wtl_ini_section *p = realloc(ini->section, (ini->n + 1) * sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    ini->section = p;
    p[ini->n] = (wtl_ini_section){.name = strdup(name), .line = line};
    ENSURE(p[ini->n].name != NULL, err, WTL_NOMEM, "out of memory");
    ini->n++;
    return WTL_OK;
}

static int add_key(wtl_ini_section *s, const char *key, unsigned line, bool repeated, wtl_err *err)
{
    for (size_t i = 0; i < s->n && !repeated; i++)
        ENSURE(strcmp(s->pair[i].key, key) != 0, err, WTL_FORMAT,
               "the key \"%s\" is there already, in line %u", key, s->pair[i].line);
    ENSURE(s->n < WTL_INI_PAIRS, err, WTL_FORMAT, "more than %d keys in one section", WTL_INI_PAIRS);
    wtl_ini_pair *p = realloc(s->pair, (s->n + 1) * sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    s->pair = p;
    p[s->n] = (wtl_ini_pair){.key = strdup(key), .line = line};
    ENSURE(p[s->n].key != NULL, err, WTL_NOMEM, "out of memory");
    s->n++;
    return WTL_OK;
}

static int scan_section(wtl_ini *ini, char *text, unsigned line, wtl_err *err)
{
    size_t n = strlen(text);
    ENSURE(text[n - 1] == ']', err, WTL_FORMAT, "a section is written [name], and nothing may follow it");
    text[n - 1] = '\0';
    text++;
    ENSURE(text[0] != '\0' && strspn(text, name_chars) == strlen(text), err, WTL_FORMAT,
           "the name of a section is made of letters A to Z, digits and . _ -");
    ENSURE(strlen(text) <= WTL_INI_NAME, err, WTL_FORMAT, "the name of a section has at most %d characters",
           WTL_INI_NAME);
    return add_section(ini, text, line, err);
}

static bool has_comment(const char *value)
{
    for (const char *p = strpbrk(value, ";#"); p != NULL; p = strpbrk(p + 1, ";#")) {
        if (p == value || p[-1] == ' ' || p[-1] == '\t')
            return true;
    }
    return false;
}

static int scan_pair(wtl_ini *ini, char *text, unsigned line, bool repeated, wtl_err *err)
{
    size_t n = strspn(text, key_chars);
    size_t gap = strspn(text + n, " \t");
    ENSURE(n > 0 && text[n + gap] == '=', err, WTL_FORMAT,
           "this is none of: a comment, [section], key = value");
    ENSURE(n <= WTL_INI_NAME, err, WTL_FORMAT, "a key has at most %d characters", WTL_INI_NAME);
    ENSURE(ini->n > 0, err, WTL_FORMAT, "a key before the first [section]");
    const char *value = text + n + gap + 1;
    value += strspn(value, " \t");
    text[n] = '\0';
    ENSURE(value[0] != '\0', err, WTL_FORMAT, "the key \"%s\" has no value", text);
    ENSURE(!has_comment(value), err, WTL_FORMAT,
           "a comment behind the value of \"%s\": give it a line of its own", text);
    return add_key(&ini->section[ini->n - 1], text, line, repeated, err);
}

/* `text` is a copy of the line, changed here. */
static int scan_line(wtl_ini *ini, char *text, unsigned line, bool repeated, wtl_err *err)
{
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        text[--n] = '\0';
    if (n == 0 || text[0] == '#' || text[0] == ';')
        return WTL_OK;
    ENSURE(text[0] != ' ' && text[0] != '\t', err, WTL_FORMAT,
           "the line begins with a space, and no value goes on in a second line");
    return text[0] == '[' ? scan_section(ini, text, line, err) : scan_pair(ini, text, line, repeated, err);
}

static int check_bytes(wtl_bytes v, wtl_err *err)
{
    ENSURE(v.n <= WTL_INI_LINE, err, WTL_FORMAT, "the line has %zu bytes, and at most %d are read", v.n,
           WTL_INI_LINE);
    for (size_t i = 0; i < v.n; i++)
        ENSURE((v.p[i] >= 0x20 || v.p[i] == '\t') && v.p[i] != 0x7f, err, WTL_FORMAT,
               "the control character 0x%02x", v.p[i]);
    ENSURE(wtl_text_is_utf8(v), err, WTL_FORMAT, "the line is not UTF-8");
    return WTL_OK;
}

/* Takes the next line, without its end, off the front. */
static wtl_bytes next_line(wtl_bytes *text)
{
    const uint8_t *nl = memchr(text->p, '\n', text->n);
    wtl_bytes v = {text->p, nl != NULL ? (size_t)(nl - text->p) : text->n};
    size_t used = v.n + (nl != NULL);
    text->p += used;
    text->n -= used;
    if (nl != NULL && v.n > 0 && v.p[v.n - 1] == '\r')
        v.n--;
    return v;
}

static int scan(wtl_ini *ini, wtl_bytes text, bool repeated, wtl_err *err)
{
    for (unsigned line = 1; text.n > 0; line++) {
        char copy[WTL_INI_LINE + 1];
        bool ends = memchr(text.p, '\n', text.n) != NULL;
        wtl_bytes v = next_line(&text);
        int rc = check_bytes(v, err);
        /* Half a requirement asks for less than the whole. */
        if (rc == WTL_OK && !ends)
            rc = WTL_FAIL(err, WTL_FORMAT, "the last line has no end: the file may be cut short");
        if (rc == WTL_OK) {
            memcpy(copy, v.p, v.n);
            copy[v.n] = '\0';
            rc = scan_line(ini, copy, line, repeated, err);
        }
        if (rc < 0) {
            wtl_err_prefix(err, "line %u: ", line);
            return rc;
        }
    }
    return WTL_OK;
}

/* ---- the values, as the library reads them: it must find the same pairs in the same order */

typedef struct fill {
    wtl_ini *ini;
    size_t section;
    size_t pair;
    bool differs;
    bool no_memory;
} fill;

static int take(void *arg, const char *section, const char *key, const char *value)
{
    fill *f = arg;
    while (f->section < f->ini->n && f->pair == f->ini->section[f->section].n) {
        f->section++;
        f->pair = 0;
    }
    if (f->section == f->ini->n || strcmp(f->ini->section[f->section].name, section) != 0 ||
        strcmp(f->ini->section[f->section].pair[f->pair].key, key) != 0 || value == NULL ||
        value[0] == '\0') {
        f->differs = true;
        return 0;
    }
    wtl_ini_pair *p = &f->ini->section[f->section].pair[f->pair++];
    p->value = strdup(value);
    f->no_memory = f->no_memory || p->value == NULL;
    return 1;
}

static int fill_values(wtl_ini *ini, wtl_bytes text, wtl_err *err)
{
    AUTO(wtl_buf) copy = {0};
    wtl_buf_bytes(&copy, text);
    const char *s = wtl_buf_cstr(&copy);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    fill f = {.ini = ini};
    bool fault = ini_parse_string(s, take, &f) != 0;
    ENSURE(!f.no_memory, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < ini->n; i++) {
        for (size_t k = 0; k < ini->section[i].n; k++)
            fault = fault || ini->section[i].pair[k].value == NULL;
    }
    ENSURE(!f.differs && !fault, err, WTL_BUG, "libinih reads the text in another way than it is written");
    return WTL_OK;
}

static int parse(wtl_ini *ini, wtl_bytes text, bool repeated, wtl_err *err)
{
    *ini = (wtl_ini){0};
    int rc = text.n > 0 ? scan(ini, text, repeated, err) : WTL_OK;
    if (rc == WTL_OK)
        rc = fill_values(ini, text, err);
    if (rc < 0)
        wtl_ini_free(ini);
    return rc;
}

int wtl_ini_parse(wtl_ini *ini, wtl_bytes text, wtl_err *err)
{
    return parse(ini, text, false, err);
}

int wtl_ini_parse_repeated(wtl_ini *ini, wtl_bytes text, wtl_err *err)
{
    return parse(ini, text, true, err);
}

/* ---- writing: what the rules above do not take is not written */

int wtl_ini_put_section(wtl_buf *out, const char *name, wtl_err *err)
{
    size_t n = strlen(name);
    ENSURE(n > 0 && n <= WTL_INI_NAME && strspn(name, name_chars) == n, err, WTL_FORMAT,
           "a section cannot have this name");
    wtl_buf_fmt(out, "[%s]\n", name);
    return wtl_buf_check(out, err);
}

int wtl_ini_put_pair(wtl_buf *out, const char *key, const char *value, wtl_err *err)
{
    size_t k = strlen(key);
    size_t n = strlen(value);
    ENSURE(k > 0 && k <= WTL_INI_NAME && strspn(key, key_chars) == k, err, WTL_FORMAT,
           "a key cannot have this name");
    ENSURE(n > 0 && strchr(" \t", value[0]) == NULL && strchr(" \t", value[n - 1]) == NULL, err, WTL_FORMAT,
           "the value of \"%s\" is empty, or has a space at an end, which no file can hold", key);
    ENSURE(!has_comment(value), err, WTL_FORMAT,
           "the value of \"%s\" would be read as a comment from its # or ; on", key);
    ENSURE(k + 3 + n <= WTL_INI_LINE, err, WTL_FORMAT,
           "the value of \"%s\" is too long for a file, whose lines have at most %d bytes", key,
           WTL_INI_LINE);
    int rc = check_bytes(wtl_text_of(value), err);
    if (rc < 0) {
        wtl_err_prefix(err, "the value of \"%s\": ", key);
        return rc;
    }
    wtl_buf_fmt(out, "%s = %s\n", key, value);
    return wtl_buf_check(out, err);
}
