#!/usr/bin/env bash
# WATTLE_CPU: every way of computing gives the same answer, and none is taken in another's place.
. "$(dirname "$0")/../lib/tap.sh"

mkdir "$tmp/model"
for n in 0 1 55 64 1000 70000 1048577; do head -c "$n" /dev/zero | tr '\0' w >"$tmp/model/$n.bin"; done
"$wattle" key generate --alg ML-DSA-65 --out "$tmp/k" >/dev/null
exits "signed by the machine's best" 0 "$wattle" sign "$tmp/model" --key "$tmp/k.key"
for level in ref shani avx2 avx512; do
  flag=$level; case $level in ref) flag=. ;; shani) flag=sha_ni ;; avx512) flag=avx512bw ;; esac
  if grep -m1 ^flags /proc/cpuinfo 2>/dev/null | grep -qw -- "$flag" || [ "$level" = ref ]; then
    exits "verified by $level" 0 env WATTLE_CPU=$level "$wattle" verify "$tmp/model" --key "$tmp/k.pub"
  else
    exits "$level is refused where the machine lacks it" 5 env WATTLE_CPU=$level "$wattle" verify "$tmp/model" --key "$tmp/k.pub"
    says "and named" "WATTLE_CPU=$level"
  fi
done
exits "an unknown level is refused" 2 env WATTLE_CPU=sse9 "$wattle" verify "$tmp/model" --key "$tmp/k.pub"
says "with those that there are" "WATTLE_CPU.*ref, shani, avx2 or avx512"
exits "in another letter case too" 2 env WATTLE_CPU=AVX2 "$wattle" version
exits "an empty one is none" 0 env WATTLE_CPU= "$wattle" version
finish
