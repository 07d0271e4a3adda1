# Instructions of every operation of the schemes, in plain C and with AVX2, by callgrind, beside the checked-in figures: 20 % more is
# a failure. valgrind knows no AVX-512: that level is watched by `wattle bench primitives` alone.
#   WATTLE_PERF_UPDATE=1   writes tests/perf/primitives.txt anew
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/count.sh"
requires_counted_build
[ -e /usr/include/valgrind/callgrind.h ] || skip_all "valgrind's headers are not installed"
figures=$WATTLE_SOURCE/tests/perf/primitives.txt
cd "$tmp" || exit 1
for level in ref avx2; do
  if [ "$level" != ref ] && ! grep -m1 ^flags /proc/cpuinfo | grep -qw "$level"; then skip "$level: not on this machine"; continue; fi
  mkdir "$level"
  LC_ALL=C valgrind --tool=callgrind --callgrind-out-file="$tmp/$level/out" "$WATTLE_BUILD/tests/count_perf" "$level" >log 2>&1 ||
    { fail "$level runs under callgrind" "$(tail -n 5 log)"; continue; }
  # Dumps are out.1, out.2 ...; each says what asked for it and its sum.
  for dump in $(ls "$level"/out.* | sort -t. -k2n); do
    name=$(sed -n 's/^desc: Trigger: Client Request: //p' "$dump")
    [ -z "$name" ] || gate_count "$level-$name" "$(sed -nE 's/^(totals|summary): ([0-9]+).*/\2/p' "$dump" | head -n1)"
  done
done
record_counts tests/perf/primitives.sh
finish
