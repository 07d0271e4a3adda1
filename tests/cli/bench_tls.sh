#!/usr/bin/env bash
# `wattle bench handshake` and `wattle bench bulk` without peers: short runs, what they refuse, and that nothing stays behind.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
[ -x "$WATTLE_BIN/../libexec/wattle/wattle-proxyd" ] || skip_all "wattle-proxyd is not built"
unset WATTLE_CRYPTO
export TMPDIR=$tmp/place
mkdir "$TMPDIR"
cd "$tmp" || exit 1

left() { # NAME: no folder and no process of a run is left
  is "$1: no file is left" "$(ls -A "$TMPDIR")" ''
  is "  no process either" "$(for d in /proc/[0-9]*/cwd; do readlink "$d" 2>/dev/null; done | grep -cF "$TMPDIR/wattle-bench.")" 0
}

short=(--rounds 1 --connections 4 --at-once 2)
exits "handshake" 0 "$wattle" bench handshake "${short[@]}" --exchange X25519MLKEM768
like "  has a row for each kind of certificate" "$out" "^ML-DSA-44 +X25519MLKEM768 +wattle proxy +[0-9]+"
like "  and one by OpenSSL's QUIC" "$out" "^ECDSA-P256 +X25519MLKEM768 +OpenSSL QUIC +[0-9.]+"
like "  and names the processor and the versions" "$out" "^wattle proxy [0-9]+\."
is "  and says nothing on standard error, which is no terminal" "$err" ''
left handshake

exits "handshake --json" 0 "$wattle" bench handshake "${short[@]}" --certificate ML-DSA-65 --json
is "  rows of every exchange" "$(jq -r '[.rows[].exchange] | unique | join(" ")' <<<"$out")" "MLKEM768 X25519 X25519MLKEM768"
is "  by every server" "$(jq -r '[.rows[].server] | unique | length' <<<"$out")" 5
is "  of one certificate" "$(jq -r '[.rows[].certificate] | unique | join(" ")' <<<"$out")" ML-DSA-65
is "  the suite is the one that was asked for" "$(jq -r '[.rows[] | select(.server == "wattle proxy") | .suite] | unique | join(" ")' <<<"$out")" TLS_AES_128_GCM_SHA256
is "  full handshakes of servers and libraries have a cost" "$(jq '[.rows[] | select(.server != "OpenSSL QUIC") | .full_us > 0] | all' <<<"$out")" true
is "  and so have resumed ones" "$(jq '[.rows[] | select(.server != "OpenSSL QUIC") | .resumed_us > 0] | all' <<<"$out")" true
is "  p99 is no less than p50" "$(jq '[.rows[] | select(.p50_ms) | .p99_ms >= .p50_ms] | all' <<<"$out")" true
is "  the flight holds an ML-DSA-65 key and two signatures" "$(jq '[.rows[] | select(.flight_bytes) | .flight_bytes > 8500 and .flight_bytes < 12000] | all' <<<"$out")" true
is "  no peer, no comparison" "$(jq -c '[.rows[] | .to_nginx, .to_haproxy, .met] | unique' <<<"$out")" '[null]'
exits "another suite" 0 "$wattle" bench handshake "${short[@]}" --certificate ECDSA-P256 --exchange X25519 --suite TLS_AES_256_GCM_SHA384 --json
is "  is agreed on" "$(jq -r '[.rows[] | select(.server != "wattle proxy, its defaults") | .suite] | unique | join(" ")' <<<"$out")" TLS_AES_256_GCM_SHA384

exits "bulk --json" 0 "$wattle" bench bulk --rounds 1 --mib 4 --json
is "  both sides, suites and directions" "$(jq -r '.rows | length' <<<"$out")" 8
is "  each with a rate" "$(jq '[.rows[] | .gb_per_core > 0 and .gb_per_s > 0 and .cpu_s_per_gb > 0] | all' <<<"$out")" true
is "  bytes are told" "$(jq .bytes <<<"$out")" 4194304
left bulk
exits "bulk, one row" 0 "$wattle" bench bulk --rounds 1 --mib 1 --side client --work encrypt --suite TLS_AES_256_GCM_SHA384 --connections 1
is "  is one row" "$(grep -c '^client TLS_AES_256_GCM_SHA384 encrypt wattle proxy' <<<"$out")" 1

refuses() { # REGEX WORDS...
  local regex=$1; shift
  exits "wattle bench $*" 2 "$wattle" bench "$@"
  says "  is told" "$regex"
  is "  once" "$(wc -l <<<"$err")" 1
}
refuses "--rounds takes a number from 1 to 101" handshake --rounds 0
refuses "--rounds takes a number from 1 to 101" bulk --rounds 102
refuses "--connections takes a number" handshake --connections -1
refuses "--connections takes a number" handshake --connections 1e3
refuses "--at-once takes a number" handshake --at-once ''
refuses "--mib takes a number" bulk --mib 99999999999999999999
refuses "--exchange" handshake --exchange P-256
refuses "--certificate" handshake --certificate RSA
refuses "--suite" bulk --suite TLS_CHACHA20_POLY1305_SHA256
refuses "--side" bulk --side both
refuses "--work" bulk --work copy
refuses "--nginx takes the absolute path of a program" handshake --nginx nginx
refuses "--haproxy takes the absolute path of a program" bulk --haproxy /nowhere/haproxy
refuses "--stunnel takes the absolute path of a program" bulk --stunnel "$tmp/place/x"
exits "a suite that there is not" 2 "$wattle" bench handshake "${short[@]}" --suite TLS_NONE
says "  is told" "does not take the group X25519 with the suite TLS_NONE"
left "after refusals"

printf '#!/bin/sh\necho "it is not to be" >&2\nexit 1\n' >dies
chmod +x dies
exits "a peer that does not start" 3 "$wattle" bench handshake "${short[@]}" --nginx "$tmp/dies"
says "  is told with its last words" "nginx stream does not serve; the last that it said: it is not to be"
left "after that"
exits "a temporary folder that is none" 3 env TMPDIR=/nowhere/here "$wattle" bench bulk --mib 1
says "  is told" "TMPDIR chooses where"

# An end on request, while servers run and in the middle of bytes.
interrupted() { # SIGNAL CODE WORDS...
  local signal=$1 code=$2 pid i status=0; shift 2
  (trap - INT; exec "$wattle" bench "$@" >/dev/null 2>cut.err) & pid=$!
  for ((i = 0; i < 1200; i++)); do
    compgen -G "$TMPDIR/wattle-bench.*/t0.sock" >/dev/null && break
    sleep 0.05
  done
  sleep 0.3
  kill "-$signal" "$pid"
  wait "$pid" || status=$?
  is "$signal ends $1" "$status" "$code"
  like "  with a sentence" "$(cat cut.err)" "ended on request"
  left "  after it"
}
set -m # background jobs of scripts ignore SIGINT otherwise
interrupted INT 130 handshake --connections 100000
interrupted TERM 143 bulk --mib 100000 --side server
interrupted INT 130 bulk --mib 100000 --side client --work encrypt
finish
