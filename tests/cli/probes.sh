# The probes that tracers (bpftrace, perf, SystemTap) find in what serves connections are those of docs/formats/proxy-metrics.md.
. "${WATTLE_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}/tests/lib/tap.sh"
requires_command readelf

# Of a row "| `probe` | `argument` kind (remark), ... |" the probe and the kinds.
documented=$(sed -n '/^## Probes/,$p' "$WATTLE_SOURCE/docs/formats/proxy-metrics.md" | sed -nE 's/^\| `([a-z_]+)` \| (.*) \|$/\1 \2/p' |
  sed -E 's/ \([^)]*\)//g; s/,? `[a-z_]+`//g' | LC_ALL=C sort)
is "the page names three" "$(wc -l <<<"$documented")" 3

programs=("$WATTLE_BUILD/tests/metrics_peer")
[ ! -x "$WATTLE_BUILD/libexec/wattle/wattle-proxyd" ] || programs+=("$WATTLE_BUILD/libexec/wattle/wattle-proxyd")
for program in "${programs[@]}"; do
  # An argument is SIZE@PLACE, its size below zero where it is signed. A place may hold spaces, but no @.
  readelf -n "$program" | awk '
    $1 == "Provider:" { ours = $2 == "wattle" } $1 == "Name:" { name = $2 }
    $1 == "Arguments:" && ours {
      printf "%s", name
      for (i = 2; i <= NF; i++) if (split($i, part, "@") == 2) printf " %s", part[1]
      print "" }' | LC_ALL=C sort -u >"$tmp/probes"
  is "${program##*/}: as many as documented" "$(wc -l <"$tmp/probes")" 3
  while read -r name kinds; do
    # shellcheck disable=SC2086
    wanted=$(printf ' %s' $kinds | sed 's/text/8/g; s/number/(-4|-?8)/g')
    like "${program##*/}: $name ($kinds)" "$(grep "^$name " "$tmp/probes")" "^$name$wanted\$"
  done <<<"$documented"
  is "${program##*/}: no argument beyond the sixth, which bpftrace would not read" "$(awk 'NF > 7' "$tmp/probes")" ''
done
finish
