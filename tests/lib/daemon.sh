# Proxies and their peers for the tests of daemons; source it after tap.sh.
peer=$WATTLE_BUILD/tests/flow_peer
proxyd=$WATTLE_BUILD/libexec/wattle/wattle-proxyd
instrumented() { grep -qaE '__(a|t)san_init' "$proxyd"; }
[ -x "$proxyd" ] || skip_all "wattle-proxyd is not built"
export XDG_RUNTIME_DIR=$tmp/run XDG_STATE_HOME=$tmp/state
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_STATE_HOME"
unset NOTIFY_SOCKET WATTLE_CRYPTO

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt "$until" ] || return 1; sleep 0.05; done
}
# authority: $tmp/ca.pem, $tmp/ca.key
authority() {
  "$openssl" req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tmp/ca.key" -out "$tmp/ca.pem" -days 30 \
    -subj /CN=test-ca -addext basicConstraints=critical,CA:TRUE >/dev/null 2>&1
  chmod 600 "$tmp/ca.key"
}
# leaf NAME [CN]: $tmp/NAME.pem and $tmp/NAME.key for localhost, signed by the authority
leaf() {
  local f=$tmp/$1
  "$openssl" req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$f.key.new" -out "$f.csr" -subj "/CN=${2:-$1}" >/dev/null 2>&1
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$f.ext"
  "$openssl" x509 -req -in "$f.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -days 20 -extfile "$f.ext" -out "$f.pem.new" >/dev/null 2>&1
  chmod 600 "$f.key.new"
  mv "$f.key.new" "$f.key"; mv "$f.pem.new" "$f.pem"
}
# echo_server: $echo_port
echo_server() {
  "$peer" echo >"$tmp/echo.port" & at_end "kill $! 2>/dev/null"
  wait_for 5 test -s "$tmp/echo.port"
  echo_port=$(cat "$tmp/echo.port")
}
# proxy NAME WORDS...: starts one; $tmp/NAME.log is its log, $tmp/NAME.pid its process. Fails when it ends or says nothing.
proxy() {
  local name=$1; shift
  : >"$tmp/$name.log"
  "$proxyd" "$@" >>"$tmp/$name.log" 2>"$tmp/$name.err" &
  echo $! >"$tmp/$name.pid"
  at_end "stop_now $!"
  wait_for "${START_SECONDS:-60}" started "$name" && grep -q wattle.started "$tmp/$name.log"
}
started() { grep -q wattle.started "$tmp/$1.log" || ! kill -0 "$(cat "$tmp/$1.pid")" 2>/dev/null; }
stop_now() { kill -INT "$1" 2>/dev/null && { kill -INT "$1" 2>/dev/null; sleep 0.2; kill -KILL "$1" 2>/dev/null; }; }
pid_of() { cat "$tmp/$1.pid"; }
# port_of NAME [SERVICE]: where it listens, as its log says.
port_of() { grep -a wattle.listening "$tmp/$1.log" | grep -aE "${2:-\"(server|client)\"}" | tail -n 1 | grep -oE 'listening on [^"]*:[0-9]+' | grep -oE '[0-9]+$'; }
# worker processes of a proxy in a state, by its control socket or the default one
workers_of() { # NAME [STATE]
  "$proxyd" status --json 2>/dev/null | jq -r --argjson pid "$(pid_of "$1")" --arg state "${2:-serving}" \
    '.proxies[] | select(.pid == $pid) | .workers[] | select(.state == $state) | .pid'
}
state_of() { "$proxyd" status --json | jq -r --argjson pid "$(pid_of "$1")" ".proxies[] | select(.pid == \$pid) | $2"; }
# logged NAME REGEX
logged() { grep -aqE -- "$2" "$tmp/$1.log"; }
ended() { ! kill -0 "$(cat "$tmp/$1.pid")" 2>/dev/null; }
