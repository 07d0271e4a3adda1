# Instructions that a run takes, by callgrind, beside the checked-in figures: 20 % more is a failure, 20 % less asks for
# new figures. Counts do not depend on the machine's load; valgrind hides AVX-512 from the program.
#   WATTLE_PERF_UPDATE=1   writes tests/perf/startup.txt anew
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/count.sh"
requires_counted_build
figures=$WATTLE_SOURCE/tests/perf/startup.txt
cd "$tmp" || exit 1
mkdir -p m/sub && head -c 100000 /dev/zero >m/weights.bin && echo '{}' >m/sub/config.json
"$wattle" key generate --alg ML-DSA-65 --out signer >/dev/null && "$wattle" sign m --key signer.key >/dev/null || { echo "Bail out! no model"; exit 1; }

count() { # COMMAND...: instructions of all threads
  LC_ALL=C valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -nE 's/.*Collected : ([0-9]+).*/\1/p'
}
gate_count help "$(count "$wattle" -h)"
gate_count version "$(count "$wattle" version)"
gate_count verify-small "$(count "$wattle" verify m --key signer.pub --quiet)"
record_counts tests/perf/startup.sh
finish
