#!/usr/bin/env bash
# The list of algorithms is what the standards say.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq

exits "wattle algs" 0 "$wattle" algs
like "a table with a head" "$out" "NAME +KIND"
exits "wattle algs --json" 0 "$wattle" algs --json
json=$out
size() { jq -r --arg n "$1" '.algorithms[] | select(.name==$n) | "\(.public_key_bytes) \(.signature_bytes // .encapsulation_bytes)"' <<<"$json"; }
is "ML-DSA-44 (FIPS 204 table 2)" "$(size ML-DSA-44)" "1312 2420"
is "ML-DSA-65" "$(size ML-DSA-65)" "1952 3309"
is "ML-DSA-87" "$(size ML-DSA-87)" "2592 4627"
is "ML-KEM-512 (FIPS 203 table 3)" "$(size ML-KEM-512)" "800 768"
is "ML-KEM-768" "$(size ML-KEM-768)" "1184 1088"
is "ML-KEM-1024" "$(size ML-KEM-1024)" "1568 1568"
is "X-Wing" "$(size X-Wing)" "1216 1120"
is "SLH-DSA-SHA2-128s (FIPS 205 table 2)" "$(size SLH-DSA-SHA2-128s)" "32 7856"
is "SLH-DSA-SHAKE-256f" "$(size SLH-DSA-SHAKE-256f)" "64 49856"
is "twelve SLH-DSA sets" "$(jq '[.algorithms[].name | select(startswith("SLH-DSA"))] | length' <<<"$json")" 12
is "X25519MLKEM768 is 0x11EC" "$(jq '.algorithms[] | select(.name=="X25519MLKEM768") | .tls_code_point' <<<"$json")" 4588
is "nothing classical is called post-quantum" \
  "$(jq -r '[.algorithms[] | select(.protection=="classical") | select(.level>0 or .cnsa2) | .name] | join(",")' <<<"$json")" ""
finish
