#!/usr/bin/env bash
# Sizes: a file has at most 700 lines; a function at most 100, and is named from 61 on; in src the median is
# at most 20.
#   tools/check-size.sh [ROOT]      findings on stdout; warnings and the median on stderr; exit 1 on a finding
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
: "${CTAGS:=ctags}"
"$CTAGS" --version 2>/dev/null | grep -q Universal || { echo "check-size: needs Universal Ctags" >&2; exit 2; }

dirs=()
for dir in src include tests tools bench examples; do [ ! -d "$dir" ] || dirs+=("$dir"); done
mapfile -t files < <(find "${dirs[@]}" -name node_modules -prune -o -type f \
  \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.sh' -o -name '*.cmake' -o -path 'tools/*' \) -print | LC_ALL=C sort)
[ ${#files[@]} -gt 0 ] || exit 0
bad=0

awk '
  FNR == 1 && NR > 1 { flush() }
  { file = FILENAME; n = FNR }
  END { flush(); exit red }
  function flush() { if (n > 700) { printf "%s: %d lines; a file has at most 700\n", file, n; red = 1 } }' "${files[@]}" || bad=1

mapfile -t c < <(printf '%s\n' "${files[@]}" | grep -E '\.[ch]$')
[ ${#c[@]} -eq 0 ] || printf '%s\n' "${c[@]}" |
  "$CTAGS" -L - -f - --sort=no --languages=C,C++ --langmap=C:.c.h --kinds-C=f --fields=nePF --output-format=u-ctags 2>/dev/null |
  awk -F'\t' '
    !/^!/ {
      from = to = 0
      for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) from = substr($i, 6) + 0; if ($i ~ /^end:/) to = substr($i, 5) + 0 }
      if (to < from) next
      n = to - from + 1
      if ($2 ~ /^src\//) { size[n]++; all++ }
      if (n > 100) { printf "%s:%d: %s has %d lines; a function has at most 100\n", $2, from, $1, n; red = 1 }
      else if (n > 60) printf "%s:%d: warning: %s has %d lines; aim for 60\n", $2, from, $1, n > "/dev/stderr"
    }
    END {
      for (n = 1; n <= 100000 && seen * 2 < all; n++) seen += size[n]
      if (all > 0) printf "src: %d functions, median %d lines\n", all, n - 1 > "/dev/stderr"
      if (all >= 20 && n - 1 > 20) { printf "src: the median function has %d lines; the house keeps it at 20\n", n - 1; red = 1 }
      exit red
    }' || bad=1
exit "$bad"
