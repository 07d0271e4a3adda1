# 100,000 small files under a limit of 64 MiB of data: signed, verified, sealed and opened.
. "$(dirname "$0")/../lib/tap.sh"
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "a sanitizer's memory is not the program's"
files=${WATTLE_MEMORY_FILES:-100000} limit=${WATTLE_MEMORY_KIB:-65536}
dir=$tmp
if [ -w /dev/shm ] && [ "$(df --output=iavail,avail -k /dev/shm | awk 'NR == 2 { print ($1 > 500000 && $2 > 2000000) }')" = 1 ]; then
  dir=$(mktemp -d /dev/shm/wattle-memory.XXXXXX)
  at_end 'rm -rf "$dir"'
fi
cd "$dir" || exit 1
"$wattle" key generate --alg ML-DSA-65 --out signer >/dev/null && "$wattle" key generate --alg X-Wing --out alice >/dev/null ||
  { echo "Bail out! no keys"; exit 1; }
# Names of 34 characters in 100 folders, a few bytes in each.
mkdir m && (cd m && awk -v n="$files" 'BEGIN { for (i = 0; i < n; i++) printf "%05d shard-of-a-large-model-%06d.bin\n", i % 100, i }' |
  while read -r d f; do [ -d "$d" ] || mkdir "$d"; printf '%s' "$f" >"$d/$f"; done)
is "the model has its files" "$(find m -type f | wc -l)" "$files"

# within NAME COMMAND...: succeeds under the limit; says what it took at most.
within() {
  local name=$1; shift
  if (ulimit -d "$limit" && exec "$@" >"$tmp/.out" 2>"$tmp/.err"); then pass "$name within $limit KiB of data"; else
    fail "$name within $limit KiB of data" "exit $?: $(tail -n 2 "$tmp/.err")"
  fi
}
within "sign" "$wattle" sign m --key signer.key
within "verify" "$wattle" verify m --key signer.pub
within "seal" "$wattle" seal m --to alice.pub --sign signer.key --out m.wtl
within "open" "$wattle" open m.wtl --identity alice.key --sender signer.pub --out o
is "everything came back" "$(diff -r -q m o 2>&1 | head -n 3)" ''
finish
