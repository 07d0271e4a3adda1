# Test Anything Protocol for shell tests: source it, call the checks, end with `finish`.
# A file that cannot run here says why with `skip_all REASON` (exit code 77).
set -u
tap_n=0 tap_bad=0
: "${WATTLE_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${WATTLE_BUILD:=$WATTLE_SOURCE/build/release}"
: "${WATTLE_BIN:=$WATTLE_BUILD/bin}"
: "${WATTLE_VECTORS:=$WATTLE_SOURCE/../shared/vectors}"
export WATTLE_SOURCE WATTLE_BUILD WATTLE_BIN WATTLE_VECTORS
wattle=$WATTLE_BIN/wattle
openssl=${OPENSSL:-$("$WATTLE_SOURCE/tools/setup" --print-openssl)/bin/openssl}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/wattle-test.XXXXXX")
tap_end=()
at_end() { tap_end+=("$1"); }
tap_cleanup() { local c; for c in "${tap_end[@]+"${tap_end[@]}"}"; do eval "$c"; done; chmod -R u+rwx "$tmp" 2>/dev/null; rm -rf "$tmp"; }
trap tap_cleanup EXIT
trap 'exit 130' INT TERM

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
pass() { tap_n=$((tap_n + 1)); printf 'ok %d - %s\n' "$tap_n" "$1"; }
fail() { tap_n=$((tap_n + 1)); tap_bad=$((tap_bad + 1)); printf 'not ok %d - %s\n' "$tap_n" "$1"; shift; [ $# -eq 0 ] || diag "$@"; }
skip() { tap_n=$((tap_n + 1)); printf 'ok %d # SKIP %s\n' "$tap_n" "$1"; }
skip_all() { printf '1..0 # SKIP %s\n' "$1"; exit 77; }

# ok NAME COMMAND...: the command succeeds.
ok() { local name=$1; shift; if "$@" >"$tmp/.out" 2>"$tmp/.err"; then pass "$name"; else fail "$name" "exit $? from: $*" "$(tail -n 5 "$tmp/.err")"; fi; }
# is NAME GOT WANTED
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi; }
# like NAME TEXT REGEX
like() { if printf '%s' "$2" | grep -qE -- "$3"; then pass "$1"; else fail "$1" "text: $2" "has no match of: $3"; fi; }
# exits NAME CODE COMMAND...: the exit code is exactly CODE; output stays in $out and $err.
exits() {
  local name=$1 code=$2 got; shift 2
  "$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null; got=$?
  out=$(tr -d '\0' <"$tmp/.out"); err=$(tr -d '\0' <"$tmp/.err")
  if [ "$got" -eq "$code" ]; then pass "$name"; else fail "$name" "exit $got, wanted $code, from: $*" "$(tail -n 5 "$tmp/.err")"; fi
}
# says NAME REGEX: the last `exits` wrote an error that matches.
says() { like "$1" "$err" "$2"; }

requires_command() { local c; for c in "$@"; do command -v "$c" >/dev/null 2>&1 || skip_all "$c is not installed"; done; }
# Whether a program can be given a terminal of its own here.
has_terminal() { command -v script >/dev/null 2>&1 && script -qec true /dev/null </dev/null >/dev/null 2>&1; }
requires_vectors() { [ -d "$WATTLE_VECTORS/$1" ] || skip_all "the public vectors $1 are not beside the project"; }
requires_root() { [ "$(id -u)" -eq 0 ] || skip_all "needs root for $1"; }

finish() { printf '1..%d\n' "$tap_n"; [ "$tap_bad" -eq 0 ]; exit; }
