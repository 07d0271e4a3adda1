#include "cli/man.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "version_gen.h"

char *wtl_man_name(const wtl_cmd *c, char out[64])
{
    snprintf(out, 64, "wattle-%s", c->name);
    for (char *p = out; *p != '\0'; p++) {
        if (*p == ' ')
            *p = '-';
    }
    return out;
}

/* What roff would take for its own: escapes, quotes that it makes typographic, a hyphen that is no minus. */
static void put(char ch)
{
    static const struct {
        char ch;
        const char *roff;
    } marks[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
                 {'~', "\\(ti"}, {'^', "\\(ha"}, {'"', "\\(dq"}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i].ch == ch) {
            fputs(marks[i].roff, stdout);
            return;
        }
    }
    putchar(ch);
}

/* A word or more that begin an argument: no macro, no control character there. */
static void put_text(const char *text)
{
    fputs("\\&", stdout);
    for (; *text != '\0'; text++)
        put(*text);
}

/* The same for running text; a new sentence begins on a new line, as mdoc(7) wants it. */
static void put_sentences(const char *text, size_t n)
{
    fputs("\\&", stdout);
    for (size_t i = 0; i < n; i++) {
        bool ends = i > 0 && i + 1 < n && strchr(".?!", text[i - 1]) != NULL && text[i] == ' ' &&
                    isupper((unsigned char)text[i + 1]);
        if (ends)
            fputs("\n\\&", stdout);
        else
            put(text[i]);
    }
    putchar('\n');
}

static void put_line(const char *text)
{
    put_sentences(text, strlen(text));
}

/* The words of one macro line: " Ar \&FILE". */
static void put_word(const char *macro, const char *word)
{
    printf(" %s ", macro);
    put_text(word);
}

static bool is_literal(const char *line)
{
    return strncmp(line, "  ", 2) == 0;
}

static void put_literal(const char *text, size_t n)
{
    fputs("\\&", stdout);
    for (size_t i = 0; i < n; i++)
        put(text[i]);
    putchar('\n');
}

/* Paragraphs; single line breaks are spaces, but lines that begin with two spaces are shown as they are. */
static void put_paragraphs(const char *text)
{
    bool literal = false;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        const char *after = text + n + (text[n] == '\n');
        /* A block brings its own space, and may hold empty lines. */
        bool wanted = is_literal(n > 0 ? text : after);
        if (wanted != literal)
            puts(wanted ? ".Bd -literal" : ".Ed");
        if (wanted && (n > 0 || literal))
            put_literal(text, n);
        else if (!wanted && n > 0)
            put_sentences(text, n);
        else if (!wanted)
            puts(".Pp");
        literal = wanted;
        text = after;
    }
    if (literal)
        puts(".Ed");
}

/* mdoc wants "November 21, 2026". */
static void put_date(void)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char date[] = WTL_RELEASE_DATE;
    unsigned month = (unsigned)strtoul(date + 5, NULL, 10);
    printf(".Dd %s %lu, %.4s\n", months[(month + 11) % 12], strtoul(date + 8, NULL, 10), date);
}

static void put_head(const char *name, const char *summary)
{
    put_date();
    fputs(".Dt ", stdout);
    for (const char *p = name; *p != '\0'; p++)
        putchar(toupper((unsigned char)*p));
    printf(" 1\n.Os wattle %s\n.Sh NAME\n.Nm %s\n.Nd ", WTL_VERSION_TEXT, name);
    putchar(tolower((unsigned char)summary[0]));
    size_t n = strlen(summary);
    for (size_t i = 1; i < n - (summary[n - 1] == '.'); i++)
        put(summary[i]);
    putchar('\n');
}

static void put_option_head(const wtl_opt *o)
{
    printf(".It Fl \\-%s", o->name);
    if (o->arg != NULL)
        put_word("Ar", o->arg);
    putchar('\n');
}

static void put_synopsis(const wtl_cmd *c)
{
    printf(".Sh SYNOPSIS\n.Nm wattle %s\n", c->name);
    for (size_t i = 0; i < c->n_opts; i++) {
        const wtl_opt *o = &c->opt[i];
        if (!o->required)
            continue;
        printf(".Fl \\-%s", o->name);
        put_word("Ar", o->arg);
        puts(o->many ? "..." : "");
    }
    puts(".Op Ar OPTIONS");
    if (c->operands[0] != '\0') {
        printf(".Ar ");
        put_line(c->operands);
    }
}

static void put_options(const wtl_cmd *c)
{
    const char *group;
    puts(".Sh OPTIONS");
    for (size_t i = 0; (group = wtl_cmd_group_at(c, i)) != NULL; i++) {
        if (strcmp(group, "Options") != 0)
            printf(".Ss %s\n", group);
        puts(".Bl -tag -width Ds");
        const wtl_opt *o;
        for (size_t k = 0; (o = wtl_args_option(c, k)) != NULL; k++) {
            if (strcmp(wtl_cmd_group(o), group) != 0)
                continue;
            AUTO(wtl_buf) text = {0};
            wtl_cmd_option_text(o, &text);
            put_option_head(o);
            const char *help = wtl_buf_cstr(&text);
            put_line(help != NULL ? help : o->help);
        }
        puts(".El");
    }
}

/* In quotes, as a lone full stop would end the sentence instead. */
static void put_literal_item(const char *text)
{
    fputs(".It Li \"", stdout);
    put_text(text);
    puts("\"");
}

static void put_fields(const wtl_cmd *c)
{
    if (c->n_fields == 0)
        return;
    puts(".Sh JSON\nWith\n.Fl \\-json\none object is printed, with the members:\n.Bl -tag -width Ds");
    for (size_t i = 0; i < c->n_fields; i++) {
        put_literal_item(c->field[i].name);
        put_line(c->field[i].meaning);
    }
    puts(".El");
}

static void put_exits(void)
{
    puts(".Sh EXIT STATUS\n.Bl -tag -width Ds");
    const wtl_exit *e;
    for (size_t i = 0; (e = wtl_cmd_exit_at(i)) != NULL; i++) {
        printf(".It %d\n", e->code);
        put_line(e->meaning);
    }
    puts(".El");
}

static void put_examples(const wtl_cmd *c)
{
    if (c->n_examples == 0)
        return;
    puts(".Sh EXAMPLES\n.Bl -tag -width Ds");
    for (size_t i = 0; i < c->n_examples; i++) {
        const wtl_example *e = &c->example[i];
        put_literal_item(e->line);
        if (e->note != NULL)
            put_line(e->note);
    }
    puts(".El");
}

/* Whether the list "sign, key show" has the name; NULL has every one. */
static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p != NULL && *p != '\0'; p += strspn(p, ", ")) {
        size_t len = strcspn(p, ",");
        if (len == n && strncmp(p, name, n) == 0)
            return true;
        p += len;
    }
    return list == NULL;
}

/* The command whose page comes next after the page `after`, among those listed. */
static const wtl_cmd *next_page(const char *list, const char *after)
{
    const wtl_cmd *c;
    const wtl_cmd *best = NULL;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        if (is_listed(list, c->name) && strcmp(c->name, after) > 0 &&
            (best == NULL || strcmp(c->name, best->name) < 0))
            best = c;
    }
    return best;
}

static void put_see(const char *list)
{
    puts(".Sh SEE ALSO");
    if (list != NULL)
        printf(".Xr wattle 1%s\n", list[0] != '\0' ? " ," : "");
    const wtl_cmd *c = next_page(list, "");
    while (c != NULL) {
        char name[64];
        const wtl_cmd *next = next_page(list, c->name);
        printf(".Xr %s 1%s\n", wtl_man_name(c, name), next != NULL ? " ," : "");
        c = next;
    }
}

void wtl_man_page(const wtl_cmd *c)
{
    char name[64];
    put_head(wtl_man_name(c, name), c->summary);
    put_synopsis(c);
    puts(".Sh DESCRIPTION");
    put_line(c->summary);
    if (c->more != NULL) {
        puts(".Pp");
        put_paragraphs(c->more);
    }
    put_options(c);
    put_fields(c);
    put_exits();
    put_examples(c);
    put_see(c->see != NULL ? c->see : "");
}

static void put_commands(void)
{
    puts(".Sh COMMANDS\n.Bl -tag -width Ds");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        char name[64];
        printf(".It Xr %s 1\n", wtl_man_name(c, name));
        put_line(c->summary);
    }
    puts(".El");
}

/* Every variable that the program looks at (tests/cli/man.sh holds it against the source). */
static const struct {
    const char *name;
    const char *meaning;
} variables[] = {
    {"COLUMNS", "The width of tables, where no terminal tells it."},
    {"WATTLE_CRYPTO", "What --crypto says, where that is not given."},
    {"WATTLE_FIPS_CONF", "With --crypto fips: the file that `openssl fipsinstall` wrote."},
    {"OPENSSL_MODULES", "Read by OpenSSL, with --crypto fips alone: the folder of its FIPS module."},
    {"LD_LIBRARY_PATH",
     "Read by the loader: it can put another OpenSSL in place of the one that Wattle was built "
     "with. wattle doctor says which one is in use."},
    {"LD_PRELOAD", "Read by the loader: what it loads sees every key. wattle doctor warns of it."},
    {"WATTLE_CPU", "Forces one way of computing: ref, shani, avx2 or avx512. For tests and measurements; "
                   "what the machine lacks is refused."},
    {"XDG_RUNTIME_DIR",
     "Where a proxy has its socket for wattle proxy status, below wattle; root's are in /run."},
    {"XDG_STATE_HOME",
     "Where a proxy keeps what it knows of peers, below wattle; else ~/.local/state, root's /var/lib."},
    {"TMPDIR", "Where wattle bench puts the files of the servers that it starts; else /tmp."},
    {"GLIBC_TUNABLES", "Read by the C library: with glibc.malloc.hugetlb=1 tables that wattle bench "
                       "cache-lib compares with get "
                       "huge pages too."},
    {"NOTIFY_SOCKET", "Set by systemd: a proxy tells there when it is ready, reloads and stops."},
    {"OPENSSL_ia32cap", "Read by OpenSSL: it hides instructions of the processor."},
};

static const char overview[] =
    ".Sh DESCRIPTION\n"
    "Protects AI models against quantum attackers: signs, verifies, seals and opens them.\n"
    "The words and options of every command are in its own page;\n"
    ".Ql wattle help COMMAND\n"
    "shows them too.\n"
    "Options and operands may be mixed,\n"
    ".Fl \\-\n"
    "ends the options, and\n"
    ".Fl \\-name Ns = Ns Ar VALUE\n"
    "is the same as\n"
    ".Fl \\-name Ar VALUE .\n"
    "With\n"
    ".Fl \\-json\n"
    "every command prints one JSON object, whose members its page lists.\n";

static const char files[] =
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa model.sig\n"
    "signature of a model: a Sigstore bundle (OpenSSF Model Signing v1.0)\n"
    ".It Pa *.wtl\n"
    "sealed container\n"
    ".It Pa *.key , *.pub\n"
    "private and public keys: PKCS#8 and SubjectPublicKeyInfo, or age\\(aqs text form\n"
    ".It Pa .NAME.wattle\\-* , .wattle\\-partial\\-*\n"
    "what a running command has not finished; a killed one leaves it behind, and it may be removed\n"
    ".El\n"
    ".Pp\n"
    "There is no configuration file but the one that\n"
    ".Ql wattle proxy run\n"
    "is given; OpenSSL\\(aqs is not read.\n";

void wtl_man_overview(void)
{
    put_head("wattle", "protect AI models against quantum attackers");
    puts(".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTIONS\n.Ar ...");
    fputs(overview, stdout);
    put_commands();
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        printf(".It Ev %s\n", variables[i].name);
        put_line(variables[i].meaning);
    }
    puts(".El");
    fputs(files, stdout);
    put_exits();
    put_see(NULL);
}
