# Identities, peers and services of a configuration file for the tests of TLS features; source it after tap.sh and daemon.sh.

# identity NAME ALGORITHM [SAN [CN [DAYS]]]: $tmp/NAME.pem, .key, .pub; signed by $tmp/$CA.pem (CA=ca). ALGORITHM: P-256, P-384, ML-DSA-65, ...
identity() {
  local f=$tmp/$1 alg=(-newkey "$2") ca=$tmp/${CA:-ca}
  case $2 in P-*) alg=(-newkey ec -pkeyopt "ec_paramgen_curve:$2") ;; esac
  "$openssl" req "${alg[@]}" -nodes -keyout "$f.key.new" -out "$f.csr" -subj "/CN=${4:-$1}" >/dev/null 2>&1
  printf 'subjectAltName=%s\n' "${3:-DNS:localhost,IP:127.0.0.1}" >"$f.ext"
  "$openssl" x509 -req -in "$f.csr" -CA "$ca.pem" -CAkey "$ca.key" -days "${5:-60}" -extfile "$f.ext" -out "$f.pem.new" >/dev/null 2>&1
  "$openssl" pkey -in "$f.key.new" -pubout -out "$f.pub" 2>/dev/null
  chmod 600 "$f.key.new"
  mv "$f.key.new" "$f.key"; mv "$f.pem.new" "$f.pem"
}
# root NAME ALGORITHM: an authority of its own, for CA=NAME
root() {
  local alg=(-newkey "$2")
  case $2 in P-*) alg=(-newkey ec -pkeyopt "ec_paramgen_curve:$2") ;; esac
  "$openssl" req -x509 "${alg[@]}" -nodes -keyout "$tmp/$1.key" -out "$tmp/$1.pem" -days 30 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE >/dev/null 2>&1
  chmod 600 "$tmp/$1.key"
}
# spki NAME: SHA-256 of its public key
spki() { "$openssl" pkey -pubin -in "$tmp/$1.pub" -outform DER | "$openssl" dgst -sha256 -r | cut -d' ' -f1; }

# box NAME WORDS...: a box_peer; its port is in $tmp/NAME.port
box() {
  local name=$1; shift
  "$WATTLE_BUILD/tests/box_peer" "$@" >"$tmp/$name.port" & at_end "kill $! 2>/dev/null"
  wait_for 10 test -s "$tmp/$name.port"
}
port() { cat "$tmp/$1.port"; }

# begin NAME [LINE...]: $tmp/NAME.ini of one worker that looks at no files; service NAME SERVICE MODE LINE...; begun NAME starts it
begin() {
  local name=$1; shift
  printf '%s\n' '[proxy]' 'workers = 1' 'watch = 0' "log = $tmp/$name.log" "control = $tmp/$name.sock" "state = $tmp/$name.pins" "$@" >"$tmp/$name.ini"
}
service() { local f=$tmp/$1.ini; printf '%s\n' "[$2]" "mode = $3" 'listen = 127.0.0.1:0' "${@:4}" >>"$f"; }
begun() {
  : >"$tmp/$1.log"
  "$proxyd" run --config "$tmp/$1.ini" 2>"$tmp/$1.err" & echo $! >"$tmp/$1.pid"; at_end "stop_now $!"
  wait_for "${START_SECONDS:-60}" started "$1" && logged "$1" wattle.started
}
at() { port_of "$1" "\"$2\""; }

# mark NAME: from here on its log is looked at. told NAME SERVICE [FILTER]: the newest handshake of a service since then that jq's filter takes
mark() { wc -l <"$tmp/$1.log" >"$tmp/$1.mark"; }
told() {
  tail -n "+$(($(cat "$tmp/$1.mark") + 1))" "$tmp/$1.log" |
    jq -c --arg service "$2" "select(.[\"service.name\"] == \$service and (.event == \"tls.handshake\" or .event == \"tls.downgrade\") and (${3:-true}))" 2>/dev/null | tail -n 1
}
has_told() { [ -n "$(told "$@")" ]; }
# dial NAME SERVICE WORDS...: OpenSSL's client; $answer is what it says, $e the handshake's event
dial() {
  mark "$1"
  answer=$(timeout 30 "$openssl" s_client -connect "127.0.0.1:$(at "$1" "$2")" -CAfile "$tmp/ca.pem" -servername localhost "${@:3}" 2>&1 </dev/null | tr -d '\0')
  wait_for 15 has_told "$1" "$2"
  e=$(told "$1" "$2")
}
# round NAME SERVICE: a client side carries a word there and back (turned round by s_server -rev), $rc is 0 then; $e is the handshake's event
round() {
  mark "$1"
  said=$(timeout 20 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && echo abcba >&3 && head -n 1 <&3' "$(at "$1" "$2")" 2>/dev/null)
  [ "$said" = abcba ]; rc=$?
  wait_for 15 has_told "$1" "$2"
  e=$(told "$1" "$2")
}
# s_server WORDS...: OpenSSL's server, its port is $s_port; it turns lines round
s_server() {
  "$openssl" s_server -accept 127.0.0.1:0 -rev "$@" >"$tmp/s_server.out" 2>&1 </dev/null & at_end "kill $! 2>/dev/null"
  wait_for 10 grep -q '^ACCEPT' "$tmp/s_server.out"
  s_port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$tmp/s_server.out" | head -n 1)
}
# of FIELD...: of $e, with spaces between
of() { jq -r '. as $e | [$ARGS.positional[] as $k | if has($k) then $e[$k] | tostring else "-" end] | join(" ")' --args "$@" <<<"${e:-{\}}"; }
