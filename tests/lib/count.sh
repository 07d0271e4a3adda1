# Instruction counts beside figures on record. For tests/perf: sets `figures` (the file) itself, after tap.sh.
# Another compiler, libc or OpenSSL makes other counts, so they are those of gcc on Debian 12, x86-64, optimised and plain.
requires_counted_build() {
  [ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "a sanitizer's instructions are not the program's"
  [ "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt")" = RelWithDebInfo ] || skip_all "figures are of optimised builds"
  ! grep -q '^WATTLE_COVERAGE:BOOL=ON' "$WATTLE_BUILD/CMakeCache.txt" || skip_all "figures are of plain builds"
  grep -qE '^CMAKE_C_COMPILER:[A-Z]*=.*/(cc|gcc)$' "$WATTLE_BUILD/CMakeCache.txt" || skip_all "figures are of gcc's code"
  requires_command valgrind
  grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null || skip_all "figures are of Debian 12's compiler and libraries"
  [ "$(uname -m)" = x86_64 ] || skip_all "figures are for x86-64"
}
# gate_count NAME NOW: at most 20 % above the figure of that name in $figures; with WATTLE_PERF_UPDATE=1 it is recorded.
gate_count() {
  local name=$1 now=$2 was
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
# record_counts SCRIPT: writes $figures when asked to.
record_counts() {
  [ -z "${WATTLE_PERF_UPDATE:-}" ] || { echo "# instructions by callgrind, made by WATTLE_PERF_UPDATE=1 $1"; cat "$tmp/new"; } >"$figures"
}
