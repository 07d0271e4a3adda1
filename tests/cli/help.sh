#!/usr/bin/env bash
# Every command answers -h, its page carries the same words, and wrong calls are told apart.
. "$(dirname "$0")/../lib/tap.sh"

exits "wattle -h" 0 "$wattle" -h
commands=$(sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\) .*/\1/p' <<<"$out")
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
  ok "$name has a command" grep -qx -e "${name//-/ }" -e "$name" <<<"$commands"
done

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
