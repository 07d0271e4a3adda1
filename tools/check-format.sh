#!/usr/bin/env bash
# Holds every C file against .clang-format with clang-format 19 (other versions format differently).
#   tools/check-format.sh [ROOT]        findings on stdout; exit 1 when there is one
#   tools/check-format.sh --fix [ROOT]  formats the files in place
set -euo pipefail
mode=(--dry-run -Werror)
[ "${1:-}" != --fix ] || { mode=(-i); shift; }
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
command -v clang-format-19 >/dev/null || { echo "check-format: needs clang-format-19" >&2; exit 2; }
dirs=()
for dir in src include tests bench examples bindings plugins; do [ ! -d "$dir" ] || dirs+=("$dir"); done
find "${dirs[@]}" -name node_modules -prune -o -name '*.[ch]' -print0 |
  xargs -0 -r clang-format-19 "${mode[@]}" --style=file 2>&1 || exit 1
