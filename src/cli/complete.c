#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "version_gen.h"

static const char *const kind_names[] = {[WTL_CMD_NOTHING] = "none",
                                         [WTL_CMD_TEXT] = "text",
                                         [WTL_CMD_FILE] = "file",
                                         [WTL_CMD_DIR] = "dir",
                                         [WTL_CMD_COMMAND] = "command"};

/* Quoted for a shell. */
static void put_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

static bool has_values(const wtl_opt *o)
{
    char word[64];
    return wtl_args_value(o, 0, word);
}

/* ---- bash */

/* 'name kind often words...' of one option. */
static void bash_option(const wtl_opt *o)
{
    const char *kind = has_values(o) ? "words" : kind_names[wtl_cmd_kind_of(o->arg)];
    printf(" '%s %s %s", o->name, kind, o->many ? "many" : "once");
    char word[64];
    for (size_t i = 0; wtl_args_value(o, i, word); i++)
        printf(" %s", word);
    putchar('\'');
}

static void bash_tables(void)
{
    puts("# Sets operand, most and options of a command; options hold: name, kind of value, how often, "
         "words.\n"
         "_wattle_table() {\n"
         "  case $1 in");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        printf("    '%s') operand=%s most=%zu options=(", c->name, kind_names[wtl_cmd_kind_of(c->operands)],
               c->most);
        const wtl_opt *o;
        for (size_t k = 0; (o = wtl_args_option(c, k)) != NULL; k++)
            bash_option(o);
        puts(") ;;");
    }
    puts("    *) return 1 ;;\n  esac\n}\n");
}

static void bash_commands(void)
{
    puts("_wattle_commands=(");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++)
        printf("  '%s'\n", c->name);
    puts(")\n");
}

static const char bash_code[] =
    "# What may follow the words of \"$@\" as the next word of a command's name.\n"
    "_wattle_next() {\n"
    "  local name rest\n"
    "  for name in \"${_wattle_commands[@]}\"; do\n"
    "    rest=$name\n"
    "    [ $# -eq 0 ] || { rest=${name#\"$* \"}; [ \"$rest\" != \"$name\" ] || continue; }\n"
    "    next+=\"${rest%% *} \"\n"
    "  done\n"
    "}\n"
    "\n"
    "# Files and folders are left to readline, which quotes them.\n"
    "_wattle_value() { # KIND WORDS...\n"
    "  local kind=$1; shift\n"
    "  case $kind in\n"
    "    words) mapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$cur\") ;;\n"
    "    file) compopt -o default ;;\n"
    "    dir) compopt -o dirnames ;;\n"
    "  esac\n"
    "}\n"
    "\n"
    "_wattle_options() {\n"
    "  local option name kind often list=''\n"
    "  for option in \"${options[@]}\"; do\n"
    "    read -r name kind often _ <<<\"$option\"\n"
    "    [ \"$often\" = once ] && [[ $used == *\" $name \"* ]] && continue\n"
    "    list+=\"--$name \"\n"
    "  done\n"
    "  mapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "# Reads the words after the command's: what was used, how many operands, which option waits for its "
    "value.\n"
    "_wattle_read() {\n"
    "  local word option name kind\n"
    "  for word in \"$@\"; do\n"
    "    if [ -n \"$wants\" ]; then wants=''; continue; fi\n"
    "    if [ -n \"$ended\" ] || [[ $word != -?* ]]; then given=$((given + 1)); continue; fi\n"
    "    if [ \"$word\" = -- ]; then ended=yes; continue; fi\n"
    "    used+=\"${word#--} \"\n"
    "    for option in \"${options[@]}\"; do\n"
    "      read -r name kind _ <<<\"$option\"\n"
    "      [ \"--$name\" != \"$word\" ] || [ \"$kind\" = none ] || wants=$option\n"
    "    done\n"
    "  done\n"
    "}\n"
    "\n"
    "_wattle() {\n"
    "  COMPREPLY=()\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} i command='' next='' operand='' most=0\n"
    "  local used=' ' given=0 wants='' ended=''\n"
    "  local -a words=() options=()\n"
    "  # bash cuts --name=value into three words\n"
    "  for ((i = 1; i < COMP_CWORD; i++)); do [ \"${COMP_WORDS[i]}\" = = ] || words+=(\"${COMP_WORDS[i]}\"); "
    "done\n"
    "  [ \"$cur\" != = ] || cur=''\n"
    "  for ((i = 1; i <= ${#words[@]} && i <= 2; i++)); do\n"
    "    if _wattle_table \"${words[*]:0:i}\"; then command=${words[*]:0:i}; break; fi\n"
    "  done\n"
    "  if [ -z \"$command\" ]; then\n"
    "    _wattle_next \"${words[@]}\"\n"
    "    [ ${#words[@]} -gt 0 ] || next+='--help --version '\n"
    "    [[ $cur == -* || -n ${words[*]} ]] || next=${next/--help --version /}\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"$cur\" | LC_ALL=C sort -u)\n"
    "    return\n"
    "  fi\n"
    "  words=(\"${words[@]:i}\")\n"
    "  _wattle_read \"${words[@]}\"\n"
    "  if [ -n \"$wants\" ]; then\n"
    "    # shellcheck disable=SC2086\n"
    "    set -- $wants\n"
    "    _wattle_value \"$2\" \"${@:4}\"\n"
    "  elif [[ $cur == -* && -z $ended ]]; then\n"
    "    _wattle_options\n"
    "  elif [ \"$operand\" = command ]; then\n"
    "    _wattle_next \"${words[@]}\"\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"$cur\" | LC_ALL=C sort -u)\n"
    "  elif [ \"$given\" -lt \"$most\" ]; then\n"
    "    _wattle_value \"$operand\"\n"
    "  elif [ -z \"$ended\" ]; then\n"
    "    _wattle_options\n"
    "  fi\n"
    "}\n"
    "\n"
    "complete -F _wattle wattle";

void wtl_complete_bash(void)
{
    printf("# bash completion of wattle %s, made by `wattle help --format bash`\n# shellcheck shell=bash\n\n",
           WTL_VERSION_TEXT);
    bash_commands();
    bash_tables();
    puts(bash_code);
}

/* ---- zsh */

/* Text within a specification of _arguments, itself within single quotes. */
static void zsh_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr(":[]\\", *text) != NULL)
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void zsh_value(const char *arg, const wtl_opt *o)
{
    static const char *const actions[] = {[WTL_CMD_NOTHING] = "",
                                          [WTL_CMD_TEXT] = " ",
                                          [WTL_CMD_FILE] = "_files",
                                          [WTL_CMD_DIR] = "_path_files -/",
                                          [WTL_CMD_COMMAND] = "_wattle_names"};
    putchar(':');
    zsh_text(arg);
    putchar(':');
    if (o == NULL || !has_values(o)) {
        fputs(actions[wtl_cmd_kind_of(arg)], stdout);
        return;
    }
    char word[64];
    putchar('(');
    for (size_t i = 0; wtl_args_value(o, i, word); i++)
        printf("%s%s", i > 0 ? " " : "", word);
    putchar(')');
}

static void zsh_option(const wtl_opt *o)
{
    printf(" \\\n        '%s--%s%s[", o->many ? "*" : "", o->name, o->arg != NULL ? "=" : "");
    zsh_text(o->help);
    putchar(']');
    if (o->arg != NULL)
        zsh_value(o->arg, o);
    putchar('\'');
}

static void zsh_command(const wtl_cmd *c)
{
    printf("    '%s')\n      _arguments -S", c->name);
    const wtl_opt *o;
    for (size_t k = 0; (o = wtl_args_option(c, k)) != NULL; k++)
        zsh_option(o);
    if (c->most > 0) {
        printf(" \\\n        '%s", c->most > 1 ? "*" : "1");
        zsh_value(c->operands, NULL);
        putchar('\'');
    }
    puts(" ;;");
}

/* A command's words with what it does, for _describe. */
static void zsh_list(void)
{
    puts("_wattle_list=(");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        fputs("  ", stdout);
        AUTO(wtl_buf) row = {0};
        wtl_buf_fmt(&row, "%s:%s", c->name, c->summary);
        const char *text = wtl_buf_cstr(&row);
        put_quoted(text != NULL ? text : c->name);
        putchar('\n');
    }
    puts(")\n");
}

static const char zsh_code[] =
    "# The next word of a command's name after the words given.\n"
    "_wattle_names() {\n"
    "  local row name\n"
    "  local -A seen\n"
    "  local -a next\n"
    "  local typed=\"${(j: :)argv}\"\n"
    "  for row in $_wattle_list; do\n"
    "    name=${row%%:*}\n"
    "    if [[ -n $typed ]]; then\n"
    "      [[ $name == \"$typed \"* ]] || continue\n"
    "      name=${name#\"$typed \"}\n"
    "    fi\n"
    "    if [[ $name == *' '* ]]; then\n"
    "      name=${name%% *}\n"
    "      row=\"${name}:commands on a ${name}\"\n"
    "    else\n"
    "      row=\"${name}:${row#*:}\"\n"
    "    fi\n"
    "    (( $+seen[$name] )) || next+=(\"$row\")\n"
    "    seen[$name]=1\n"
    "  done\n"
    "  _describe -t commands 'command' next\n"
    "}\n"
    "\n"
    "_wattle() {\n"
    "  local curcontext=$curcontext name\n"
    "  integer skip=1\n"
    "  if (( CURRENT == 2 )); then\n"
    "    if [[ $PREFIX == -* ]]; then\n"
    "      compadd -- --help --version\n"
    "    else\n"
    "      _wattle_names\n"
    "    fi\n"
    "    return\n"
    "  fi\n"
    "  if [[ $words[2] == help && $words[CURRENT] != -* && $words[CURRENT-1] != --format ]]; then\n"
    "    _wattle_names ${words[3,CURRENT-1]:#-*}\n"
    "    return\n"
    "  fi\n"
    "  name=$words[2]\n"
    "  if [[ -n ${(M)_wattle_list:#$name *} ]]; then\n"
    "    if (( CURRENT == 3 )); then\n"
    "      _wattle_names $name\n"
    "      return\n"
    "    fi\n"
    "    name=\"$name $words[3]\"\n"
    "    skip=2\n"
    "  fi\n"
    "  words=(\"$name\" \"${(@)words[skip+2,-1]}\")\n"
    "  (( CURRENT -= skip ))\n"
    "  _wattle_arguments \"$name\"\n"
    "}\n"
    "\n"
    "_wattle \"$@\"";

void wtl_complete_zsh(void)
{
    printf("#compdef wattle\n# zsh completion of wattle %s, made by `wattle help --format zsh`\n\n"
           "typeset -ga _wattle_list\n",
           WTL_VERSION_TEXT);
    zsh_list();
    puts("_wattle_arguments() {\n  case $1 in");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++)
        zsh_command(c);
    puts("  esac\n}\n");
    puts(zsh_code);
}
