# Bytes of heap that an idle TLS connection keeps, by role and certificates: with all that belongs to a proxied connection (the other socket's end, the
# connection itself: under 1 KiB) it is to stay below 40 KiB.
. "$(dirname "$0")/../lib/tap.sh"
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "a sanitizer's memory is not the program's"
most=${WATTLE_IDLE_BYTES:-39936}
for alg in P-256 ML-DSA-65; do
  for who in one mutual; do
    for role in server client; do
      got=$("$WATTLE_BUILD/tests/link_perf" idle "$alg" "$who" "$role" | sed -n 's/^an idle .* link: \([0-9]*\) bytes$/\1/p')
      if [ -n "$got" ] && [ "$got" -le "$most" ]; then pass "$role, $alg, $who: $got bytes"; else
        fail "$role, $alg, $who keeps at most $most bytes" "it keeps ${got:-an unknown number of}"
      fi
    done
  done
done
finish
