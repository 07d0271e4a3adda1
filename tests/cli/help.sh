#!/usr/bin/env bash
# Every command answers -h, its page carries the same words, and wrong calls are told apart.
. "$(dirname "$0")/../lib/tap.sh"

exits "wattle -h" 0 "$wattle" -h
commands=$(sed -n 's/^  \([a-z]\+\( [a-z]\+\(-[a-z]\+\)*\)\?\) .*/\1/p' <<<"$out")
is "all rows of cmds.def are listed" "$(wc -l <<<"$commands")" "$(grep -c '^CMD(' "$WATTLE_SOURCE/src/cli/cmds.def")"
exits "no command is a usage error" 2 "$wattle"
exits "an unknown command is a usage error" 2 "$wattle" frobnicate
says "and is named" "no command 'frobnicate'"

while read -r name; do
  # shellcheck disable=SC2086
  exits "wattle $name -h" 0 "$wattle" $name -h
  like "its first line is the synopsis" "$out" "^usage: wattle $name "
  page=$WATTLE_SOURCE/docs/commands/wattle-${name// /-}.md
  is "its page says the same" "$(awk '/^```text$/{on=1; next} /^```$/{if (on) exit} on' "$page" 2>/dev/null)" "$out"
  # shellcheck disable=SC2086
  exits "wattle $name --no-such-option" 2 "$wattle" $name --no-such-option
  says "names the option" "no option --no-such-option"
done <<<"$commands"

for page in "$WATTLE_SOURCE"/docs/commands/wattle-*.md; do
  name=$(basename "$page" .md); name=${name#wattle-}
  ok "$name has a command" grep -qx -e "$name" <<<"${commands// /-}"
done

ok "every page is as tools/pages writes it" env WATTLE_BIN="$WATTLE_BIN" bash "$WATTLE_SOURCE/tools/pages" --check

exits "wattle help sign" 0 "$wattle" help sign
is "is wattle sign -h" "$out" "$("$wattle" sign -h)"
exits "wattle help key generate" 0 "$wattle" help key generate
is "is wattle key generate --help" "$out" "$("$wattle" key generate --help)"
exits "wattle help" 0 "$wattle" help
is "is wattle -h" "$out" "$("$wattle" --help)"
exits "help for what is not there" 2 "$wattle" help sing
says "suggests" "did you mean 'wattle sign'"
exits "help with a word too many" 2 "$wattle" help sign verify
exits "help in no such format" 2 "$wattle" help --format pdf
says "names the formats" "text man markdown bash zsh names, not 'pdf'"
exits "a completion of one command" 2 "$wattle" help --format bash sign

suggests() { # WORDS... -> SUGGESTION
  local last=${!#}; set -- "${@:1:$#-1}"
  exits "wattle $*" 2 "$wattle" "$@"
  says "  suggests $last" "did you mean $last\\?"
}
suggests sgin "'wattle sign'"
suggests verfy "'wattle verify'"
suggests vreify "'wattle verify'"
suggests opne x "'wattle open'"
suggests generate "'wattle key generate'"
suggests key genrate "'wattle key generate'"
suggests key generate --agl x "--alg"
suggests sign x --forse "--force"
suggests open x --require "--require-signature"
suggests verify x --singature=y "--signature"
exits "half of a command" 2 "$wattle" key
says "lists the other half" "'wattle key' needs one more word: ([a-z]+, )*generate"
exits "half of a command and nonsense" 2 "$wattle" key xylophone
says "likewise" "needs one more word|no command"
exits "nothing near" 2 "$wattle" sign x --zzzzzzzz
says "suggests nothing" "'wattle sign -h' lists the options"
exits "a name that writes to the terminal" 2 "$wattle" "$(printf 'a\033[2Jb')"
says "is quoted" 'a\\x1b\[2Jb'
exits "a very long name" 2 "$wattle" "$(head -c 5000 /dev/zero | tr '\0' a)"
exits "an empty name" 2 "$wattle" ''
exits "a very long option" 2 "$wattle" sign "--$(head -c 5000 /dev/zero | tr '\0' a)"

exits "wattle version --json" 0 "$wattle" version --json
is "is JSON with both versions" "$(jq -r 'keys|join(",")' <<<"$out")" "crypto,version"
exits "wattle --version" 0 "$wattle" --version
exits "a missing operand" 2 "$wattle" verify --key x
says "is named" "MODEL is missing"
exits "a missing option" 2 "$wattle" sign x
says "is named" "--key FILE is missing"
exits "an operand too many" 2 "$wattle" version x
exits "an option twice" 2 "$wattle" seal x --to a --out b --out c
says "is named" "only once"
exits "standard output that is full" 3 bash -c '"$0" algs >/dev/full' "$wattle"
says "is an error" "cannot write to standard output"
finish
