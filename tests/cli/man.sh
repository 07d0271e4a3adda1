#!/usr/bin/env bash
# The manual pages: clean for mandoc, the same words as -h, and the same bytes wherever they are made.
. "$(dirname "$0")/../lib/tap.sh"
requires_command mandoc jq
export LC_ALL=C.UTF-8
cd "$tmp" || exit 1

share=$WATTLE_SOURCE/tools/share
ok "tools/share" bash "$share" "$wattle" "$tmp/share"
ok "and once more, elsewhere and in another year" env SOURCE_DATE_EPOCH=0 TZ=Pacific/Auckland bash "$share" "$wattle" "$tmp/again"
is "gives the same bytes" "$(diff -r share again)" ''
[ ! -d "$WATTLE_BUILD/share" ] || is "so did the build" "$(diff -r share "$WATTLE_BUILD/share")" ''
is "a page for each command, and one for all" "$(find share/man/man1 -type f | wc -l)" "$(($("$wattle" help --format names | wc -l) + 1))"
for page in share/man/man1/*; do
  is "mandoc finds nothing in ${page##*/}" "$(mandoc -T lint -W warning "$page" 2>&1)" ''
done
like "the date is the release's" "$(sed -n 1p share/man/man1/wattle.1)" '^\.Dd [A-Z][a-z]+ [0-9]+, 20[0-9][0-9]$'

plain() { mandoc -T utf8 -O width=900 "$1" | sed 's/.\x08//g'; }
section() { awk -v name="$1" '/^[^ ]/ { on = $0 == name; next } on'; }
squeeze() { tr -s ' \n' ' ' | sed 's/^ //; s/ $//'; }
# One line an option or heading, spaces squeezed.
entries() { awk '
  /^$/ { next }
  /^   ?[^ ]/ || /^     --/ { if (line != "") print line; line = "" }
  { line = line " " $0 }
  END { print line }' | tr -s ' ' | sed 's/^ //; s/:$//; s/ $//'; }

while IFS= read -r name; do
  page=share/man/man1/wattle-${name// /-}.1
  # shellcheck disable=SC2086
  help=$("$wattle" $name -h)
  plain "$page" >text
  is "wattle $name: the options are those of -h" "$(section OPTIONS <text | entries | grep -vx Options)" \
    "$(awk '/^[^ ].*:$/ { on = 1; print "   " $0; next } /^$/ { on = 0 } on { print "     " $0 }' <<<"$help" | sed 's/^       --/     --/' | entries | grep -vx Options)"
  is "  the description too" "$(section DESCRIPTION <text | squeeze)" \
    "$(awk '/^[^ ].*:$/ { skip = 1 } NR > 1 && !skip { print } /^$/ { skip = 0; print }' <<<"$help" | squeeze)"
  is "  the synopsis too" "$(section SYNOPSIS <text | squeeze)" "$(sed -n '1s/^usage: //p' <<<"$help")"
  like "  its name is half a sentence" "$(section NAME <text | squeeze)" "^wattle-${name// /-} (-|–|—) [a-z].*[^.]$"
  is "  the members of --json" "$(section JSON <text | sed 1d | squeeze)" \
    "$("$wattle" help --json | jq -r --arg c "$name" '.commands[] | select(.name == $c) | .members[] | "\(.name) \(.meaning)"' | squeeze)"
  is "  the examples" "$(section EXAMPLES <text | squeeze)" \
    "$("$wattle" help --json | jq -r --arg c "$name" '.commands[] | select(.name == $c) | .examples[] | "\(.line) \(.note // "")"' | squeeze)"
  for other in $(section "SEE ALSO" <text | grep -oE 'wattle[a-z-]*\(1\)'); do
    [ -e "share/man/man1/${other%(1)}.1" ] || fail "  $other has a page"
  done
done < <("$wattle" help --format names)

plain share/man/man1/wattle.1 >text
for code in 0 1 2 3 4 5 70 75; do like "wattle(1) has exit code $code" "$(section "EXIT STATUS" <text)" "^ +$code +[a-z]"; done
while IFS= read -r variable; do
  like "wattle(1) has $variable, which the source reads" "$(section ENVIRONMENT <text)" "^ +$variable( |$)"
done < <(grep -rhoE 'getenv\("[A-Za-z0-9_]+' "$WATTLE_SOURCE/src" | sed 's/.*"//' | sort -u)
finish
