#!/usr/bin/env bash
# Names: libwattle.so exports what src/wattle.syms lists, no more and no less; that is what include/wattle declares;
# wattle.so exports OSSL_provider_init alone and asks libcrypto for nothing newer than 3.0, so that an older one can load it and be
# told why it is refused; and noun.c of a room exports only wtl_noun and wtl_noun_*, of a list of them wtl_nouns_*, and wtl_room_noun_* where the noun
# alone says too little (exceptions with their reason: tools/symbols.allow).
#   tools/check-symbols.sh [BUILD]   findings on stdout; exit 1 when there is one
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${1:-$root/build/release}
: "${WATTLE_SYMS:=$root/src/wattle.syms}" "${WATTLE_ALLOW:=$root/tools/symbols.allow}"
[ -e "$build/lib/libwattle.so" ] || { echo "check-symbols: $build has no lib/libwattle.so" >&2; exit 2; }
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

grep -v '^#' "$WATTLE_SYMS" | sort -u >"$work/listed"
nm -D --defined-only "$build/lib/libwattle.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/exported"
ctags -f - --languages=C,C++ --langmap=C:.h --kinds-C=p "$root"/include/wattle/*.h 2>/dev/null | awk '!/^!/ { print $1 }' | sort -u >"$work/declared"

tell() { # FILE-A FILE-B SENTENCE: the names in A that are not in B
  local name
  while read -r name; do printf '%s %s\n' "$name" "$3"; bad=1; done < <(comm -23 "$1" "$2")
}
tell "$work/listed" "$work/exported" "is listed in src/wattle.syms, but libwattle.so does not define it"
tell "$work/exported" "$work/listed" "is exported by libwattle.so, but src/wattle.syms does not list it"
tell "$work/declared" "$work/listed" "is declared in include/wattle, but src/wattle.syms does not list it"
tell "$work/listed" "$work/declared" "is listed in src/wattle.syms, but include/wattle does not declare it"
nm -D --undefined-only "$build/lib/libwattle.so" | awk '$2 ~ /^wtl_/ { print $2 }' | sort -u >"$work/undefined"
tell "$work/undefined" /dev/null "is called inside libwattle.so, and no room defines it"

module=${WATTLE_MODULE:-$build/lib/wattle.so}
if [ -e "$module" ]; then
  echo OSSL_provider_init >"$work/entry"
  nm -D --defined-only "$module" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/entries"
  tell "$work/entries" "$work/entry" "is exported by wattle.so, which offers OSSL_provider_init alone"
  tell "$work/entry" "$work/entries" "is not exported by wattle.so: OpenSSL cannot load it"
  nm -D --undefined-only "$module" | sed -nE 's/.* ([^ ]+@OPENSSL_(3\.[1-9]|[4-9]).*)/\1/p' | sort -u >"$work/newer"
  tell "$work/newer" /dev/null "is newer than OpenSSL 3.0: wattle.so could not tell an older one why it is refused"
  nm -D --undefined-only "$module" | awk '$2 ~ /^wtl_/ { print $2 }' | sort -u >"$work/undefined"
  tell "$work/undefined" /dev/null "is called inside wattle.so, and no room defines it"
fi

# nm's lines are FILE:[ADDRESS] TYPE NAME; the file is .../src/ROOM/NOUN.c.o.
find "$build" -path '*/wtl_*.dir/*' -not -path '*/wtl_prog_*' -not -path '*/wtl_mod_*' -name '*.c.o' -print0 | LC_ALL=C sort -z |
  xargs -0 -r nm -A -g --defined-only 2>/dev/null | awk -v allow="$WATTLE_ALLOW" '
    BEGIN { while ((getline line < allow) > 0) if (line !~ /^#/ && split(line, w, /[ \t]+/) >= 3) { ok[++n] = w[1] " " w[2] } }
    function allowed(text,    i) {
      for (i = 1; i <= n; i++)
        if (ok[i] == text || (ok[i] ~ /[*]$/ && index(text, substr(ok[i], 1, length(ok[i]) - 1)) == 1)) return 1
      return 0
    }
    {
      name = $NF; type = $(NF - 1)
      if (!match($0, /[^\/]+\/[^\/]+[.]c[.]o:/) || type == "A") next
      split(substr($0, RSTART, RLENGTH - 5), at, "/")
      room = at[1]; noun = at[2]
      prefix = "wtl_" noun
      if (name == prefix || index(name, prefix "_") == 1 || allowed(room "/" noun " " name)) next
      if (index(name, prefix "s_") == 1 || index(name, "wtl_" room "_" noun "_") == 1) next
      if (name ~ /^(_\.stapsdt\.base$|__asan_|__odr_asan|__llvm_|__covrec_|__prof|__start_|__stop_)/) next
      printf "src/%s/%s.c exports %s; its names begin with %s_\n", room, noun, name, prefix; red = 1
    }
    END { exit red }' || bad=1
exit "$bad"
