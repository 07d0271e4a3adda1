#!/usr/bin/env bash
# Words that may not stand in the tree: reminders, banned calls, paths of one machine, package registries' hosts.
#   tools/check-words.sh [ROOT]     findings on stdout; exit 1 when there is one
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${1:-$here}"
bad=0

show() { # SENTENCE, findings "file:line:text" on stdin
  local line
  while IFS= read -r line; do printf '%s  <- %s\n' "$line" "$1"; bad=1; done
}
texts() { find . -name .git -prune -o -path ./build -prune -o -name node_modules -prune -o -path ./tests/golden -prune -o \
  -type f -not -path './tools/check-words.sh' -not -path './tests/gate/words.sh' "$@" -print0; }

show 'finish it, or write down what is missing in the README' < <(texts \( -path './src/*' -o -path './include/*' \) |
  xargs -0 -r grep -HnIE '\b(TODO|FIXME|XXX|HACK|TBD)\b' || true)
show 'a path of one machine' < <(texts | xargs -0 -r grep -HnIE '(^|[^A-Za-z0-9_.~*}$-])/(work|root|home/[a-z]+|Users)/' || true)

# Of the registries that this machine is configured with, and of lock files that say where a package came from.
hosts=$({ apt-get indextargets --format '$(SITE)' 2>/dev/null; npm config get registry 2>/dev/null; } |
  sed -E 's#^[a-z]+://##; s#/.*##' | grep -F . | sort -u | sed 's/[.]/[.]/g' | paste -sd '|' || true)
show "a package registry's host" < <(texts |
  xargs -0 -r grep -HnIE "(\"resolved\": *\"http${hosts:+|$hosts})" || true)

# Unbounded copies, results without errors, shared state, a shell, names that can be guessed.
banned='strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|system|popen|mktemp|tmpnam|tempnam|tmpfile|alloca|rand|srand|random|strncpy|strncat|asctime|ctime|localtime|gmtime|sscanf|scanf|fscanf|setjmp|longjmp|signal|vfork|getwd'
while IFS= read -r -d '' file; do
  show 'a banned call' < <(awk -f "$here/tools/strip-c.awk" "$file" | awk -v file="$file" -v call="(^|[^A-Za-z0-9_>.])($banned)[ \t]*[(]" '
    match($0, call) { name = substr($0, RSTART, RLENGTH); gsub(/[^A-Za-z0-9_]/, "", name); printf "%s:%d:%s()\n", file, NR, name }')
done < <(texts \( -path './src/*.[ch]' -o -path './include/*.h' \))
exit "$bad"
