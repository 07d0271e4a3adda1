#!/usr/bin/env bash
# Peers whose key shares, ciphertexts and signatures are wrong: which alert they get, what the log calls it, and that the next is served.
# The classes of tlsfuzzer's script for ML-KEM in TLS 1.3 and the checks here that stand for them, each for every group that it is about:
#   sanity, connection with GROUP              "whole connections are, too"; unit/tls, cli and interop for each group
#   connection with GROUP with HRR             empty-list, second-right
#   malformed classical part                   low-order-0 (X25519), x-flipped, off-the-curve, point-zero, beyond-the-field, infinity
#   malformed pqc part                         first-coefficient-q, last-coefficient-4095, all-ff
#   truncated key share                        one-byte-short, empty, cut-off, kem-part-alone
#   padded key share                           one-byte-long
#   invalid ECDH point format: compressed      compressed, compressed-in-full-length
#   invalid ECDH point format: hybrid          hybrid-form, hybrid-form-wrong-sign
#   invalid ECDH point format: raw             raw, raw-in-full-length
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
wrong_client=$WATTLE_BUILD/tests/tls_peer wrong_server=$WATTLE_BUILD/tests/tls_server_peer
authority; leaf localhost; echo_server
"$openssl" req -newkey ML-DSA-65 -nodes -keyout "$tmp/mldsa.key" -out "$tmp/mldsa.csr" -subj /CN=localhost >/dev/null 2>&1
"$openssl" x509 -req -in "$tmp/mldsa.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -days 20 -extfile "$tmp/localhost.ext" -out "$tmp/mldsa.pem" >/dev/null 2>&1

# --- clients
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/localhost.pem" --key "$tmp/localhost.key" --workers 1 --watch 0
port=$(port_of server)
worker=$(workers_of server)
timeout 300 "$wrong_client" shares "$port" >"$tmp/shares"; rc=$?
told() { jq -r 'select(.event == "tls.handshake") | "\(.["network.peer.port"]) \(.["wattle.outcome"])"' "$tmp/$1.log" >"$tmp/$1.told"; }
all_told() { told server; [ "$(sed -n 's/.*; port //p' "$tmp/shares" | sort -u | comm -23 - <(cut -d' ' -f1 "$tmp/server.told" | sort -u) | wc -l)" -eq 0 ]; }
ok "each of them is in the log" wait_for 10 all_told
declare -A outcome
while read -r from what; do outcome[$from]=$what; done <"$tmp/server.told"
# What has an alert is our refusal (40: it could go on with another group; 109: it asks for none) or a wrong message; a hello that is taken ends when the peer goes.
while IFS= read -r line; do
  name=${line%%: *} got=${line#*: }; got=${got%%,*} want=${line#*wanted }; want=${want%%;*} from=${line##*port }
  case $want in "alert 40") logged=refused ;; "alert 109") logged='refused|rejected' ;; alert*) logged=rejected ;; "retry "*) logged=lost ;; *) logged=lost ;; esac
  if [ "$got" = "$want" ] && [[ ${outcome[$from]:-nothing} =~ ^($logged)$ ]]; then pass "$name: $got, ${outcome[$from]}"
  else fail "$name" "got $got, wanted $want; the log says ${outcome[$from]:-nothing}, not $logged"; fi
done <"$tmp/shares"
is "right ones were served all along" "$rc" 0
like "whole connections are, too" "$(sleep 0.3 | "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -groups SecP384r1MLKEM1024 2>&1)" "SecP384r1MLKEM1024"
is "by the same worker" "$(workers_of server)" "$worker"
kill -TERM "$(pid_of server)"; ok "the server ends" wait_for 10 ended server

# --- servers
coproc WRONG { "$wrong_server" "$tmp/mldsa.pem" "$tmp/mldsa.key" X25519MLKEM768; }
to=${WRONG[1]} from=${WRONG[0]}
read -t 20 -r up <&"$from"
ok "a client" proxy client client --listen 127.0.0.1:0 --connect localhost:"$up" --ca "$tmp/ca.pem" --workers 1 --watch 0
in=$(port_of client)
worker=$(workers_of client)
handshakes() { jq -c 'select(.event == "tls.handshake")' "$tmp/client.log"; }
more_than() { [ "$(grep -c '"tls.handshake"' "$tmp/client.log")" -gt "$1" ]; }
answers() { # HOW GOT OUTCOME WORDS
  local before line e
  before=$(grep -c '"tls.handshake"' "$tmp/client.log")
  echo "$in $1" >&"$to"; line=
  read -t 30 -r line <&"$from"
  wait_for 10 more_than "$before"
  e=$(handshakes | tail -n 1)
  like "$1: $2" "$line" "^$1: ($2) after"
  like "  which is $3" "$(jq -r '"\(.["wattle.outcome"]): \(.["wattle.error.message"])"' <<<"$e")" "^$3: .*$4"
}
again() { echo "$in right" >&"$to"; line=; read -t 30 -r line <&"$from"; like "  a right one is served" "$line" "^right: served"; }
again
# FIPS 203 section 6.3: a wrong ciphertext yields another key, and nothing tells which it was until a record does not decrypt.
for how in first-byte middle-byte last-byte random; do answers ciphertext-$how 'alert 20' rejected 'does not decrypt'; done
is "a flipped one is told like a random one" "$(handshakes | jq -r 'select(.["wattle.error.message"]) | .["wattle.error.message"]' | sort -u | wc -l)" 1
again
# draft-ietf-tls-ecdhe-mlkem wants illegal_parameter for these; libssl says internal_error.
for how in short long half zero; do answers ciphertext-$how 'alert (47|80)' rejected 'malformed'; done
again
for how in group-not-offered group-not-shared retry-same-group retry-not-offered; do answers $how 'alert 47' rejected 'group that was not asked for'; done
answers retry-again 'alert 10' rejected 'unexpected message'
answers tls12 'alert 70' refused 'no version of TLS that the policy allows'
answers garbage 'closed|alert [0-9]+' rejected 'does not speak TLS'
answers nothing 'closed|alert 50' lost 'closed the connection'
again
for how in first-byte middle-byte late-byte last-byte hint zero short long empty; do answers signature-$how 'alert (50|51)' rejected 'signature is wrong|malformed'; done
again
count=${TIMES:-100} # TIMES=2000 for a statement: |t| above 4.5 is worth another run
echo "$in time $count" >&"$to"; line=
read -t 600 -r line <&"$from"
a=$(sed -nE 's/.*flipped ([0-9]+) us.*/\1/p' <<<"$line") b=$(sed -nE 's/.*random ([0-9]+) us.*/\1/p' <<<"$line")
diag "medians until the refusal of a ciphertext, $count each in turn: flipped ${a:-?} us, random ${b:-?} us, ${line##*, }"
ok "neither is quicker by a quarter" test "$((4 * ${a:-0}))" -lt "$((5 * ${b:-0} + 100))" -a "$((4 * ${b:-0}))" -lt "$((5 * ${a:-0} + 100))"
again
is "by the same worker" "$(workers_of client)" "$worker"
is "no worker died" "$(grep -c '"wattle.worker"' "$tmp/client.log")" 0
kill -TERM "$(pid_of client)"; ok "the client ends" wait_for 10 ended client
sanitizer() { grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err; }
is "no sanitizer has a word to say" "$(sanitizer)" ""
finish
