# Instructions that a run takes, by callgrind, beside the checked-in figures: 20 % more is a failure, 20 % less asks for
# new figures. Counts do not depend on the machine's load; valgrind hides AVX-512 from the program.
#   WATTLE_PERF_UPDATE=1   writes tests/perf/startup.txt anew
. "$(dirname "$0")/../lib/tap.sh"
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "a sanitizer's instructions are not the program's"
[ "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt")" = RelWithDebInfo ] || skip_all "figures are of optimised builds"
! grep -q '^WATTLE_COVERAGE:BOOL=ON' "$WATTLE_BUILD/CMakeCache.txt" || skip_all "figures are of plain builds"
grep -qE '^CMAKE_C_COMPILER:[A-Z]*=.*/(cc|gcc)$' "$WATTLE_BUILD/CMakeCache.txt" || skip_all "figures are of gcc's code"
requires_command valgrind
# Another compiler, libc or OpenSSL makes other counts.
grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null || skip_all "figures are of Debian 12's compiler and libraries"
[ "$(uname -m)" = x86_64 ] || skip_all "figures are for x86-64"
figures=$WATTLE_SOURCE/tests/perf/startup.txt
cd "$tmp" || exit 1
mkdir -p m/sub && head -c 100000 /dev/zero >m/weights.bin && echo '{}' >m/sub/config.json
"$wattle" key generate --alg ML-DSA-65 --out signer >/dev/null && "$wattle" sign m --key signer.key >/dev/null || { echo "Bail out! no model"; exit 1; }

count() { # COMMAND...: instructions of all threads
  LC_ALL=C valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}
gate() { # NAME COMMAND...
  local name=$1 was now; shift
  now=$(count "$@")
  [ -n "$now" ] || { fail "$name: callgrind gave no figure"; return; }
  if [ -n "${WATTLE_PERF_UPDATE:-}" ]; then
    printf '%s %s\n' "$name" "$now" >>"$tmp/new"; pass "$name: $now instructions"; return
  fi
  was=$(awk -v n="$name" '$1 == n { print $2 }' "$figures")
  [ -n "$was" ] || { fail "$name has no figure in $figures"; return; }
  if [ $((now * 10)) -le $((was * 12)) ]; then pass "$name: $now instructions, $was are on record"; else
    fail "$name: $now instructions, more than 20 % above the $was on record"
  fi
  [ $((now * 10)) -ge $((was * 8)) ] || diag "$name became 20 % cheaper: WATTLE_PERF_UPDATE=1 records it"
}
gate help "$wattle" -h
gate version "$wattle" version
gate verify-small "$wattle" verify m --key signer.pub --quiet
[ -z "${WATTLE_PERF_UPDATE:-}" ] || { echo "# instructions by callgrind, made by WATTLE_PERF_UPDATE=1 tests/perf/startup.sh"; cat "$tmp/new"; } >"$figures"
finish
