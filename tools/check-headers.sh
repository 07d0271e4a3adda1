#!/usr/bin/env bash
# Compiles every header alone, twice over (so that its guard holds), with each compiler that is at hand:
# include/wattle as pedantic C11 and as C++17, src with the house's flags.
#   tools/check-headers.sh [ROOT]   findings on stdout, exit 1 when there is one; WATTLE_OPENSSL names OpenSSL's prefix
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${1:-$here}"
: "${WATTLE_OPENSSL:=$("$here/tools/setup" --print-openssl)}"
: "${WATTLE_BUILD:=$here/build/release}"

c=() cxx=()
for compiler in gcc clang-19; do ! command -v "$compiler" >/dev/null || c+=("$compiler"); done
for compiler in g++ clang++-19; do ! command -v "$compiler" >/dev/null || cxx+=("$compiler"); done
[ ${#c[@]} -gt 0 ] || { echo "check-headers: no C compiler" >&2; exit 2; }
echo "compilers: ${c[*]} ${cxx[*]-}" >&2

common='-Werror -Wall -Wextra -Wundef -fsyntax-only'
public="$common -pedantic -Iinclude"
export private="$common -std=gnu11 -D_GNU_SOURCE -Wstrict-prototypes -Isrc -Iinclude -I$WATTLE_BUILD/generated -I$WATTLE_OPENSSL/include $(pkg-config --cflags jansson smartcols 2>/dev/null || true)"
export as_c="$public -std=c11 -Wstrict-prototypes" as_cxx="$public -std=c++17 -Wno-variadic-macros"

one() { # COMPILER LANGUAGE FLAGS HEADER
  local text
  # shellcheck disable=SC2086
  text=$(printf '#include "%s"\n#include "%s"\ntypedef int wtl_not_empty;\n' "$4" "$4" | $1 -x "$2" $3 - 2>&1) && return
  printf '%s: does not compile alone with %s as %s\n%s\n' "$4" "$1" "$2" "$text"
  return 1
}
export -f one

jobs() {
  local header compiler
  while read -r header; do
    for compiler in "${c[@]}"; do printf '%s\0' "$compiler" c "$as_c" "$header"; done
    for compiler in "${cxx[@]+"${cxx[@]}"}"; do printf '%s\0' "$compiler" c++ "$as_cxx" "$header"; done
  done < <(find include -name '*.h' -printf '%P\n' 2>/dev/null | LC_ALL=C sort)
  while read -r header; do
    for compiler in "${c[@]}"; do printf '%s\0' "$compiler" c "$private" "$header"; done
  done < <(find src -name '*.h' -printf '%P\n' 2>/dev/null | LC_ALL=C sort)
}
# shellcheck disable=SC2016
jobs | xargs -0 -r -n 4 -P "$(nproc)" bash -c 'one "$@"' one || exit 1
