#!/usr/bin/env bash
# A server and a client of the proxy in a row: bytes, status, pages, check, and how they end.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq curl
authority; leaf server; echo_server

ok "a server starts with port 0" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" \
  --key "$tmp/server.key" --workers 2 --metrics 127.0.0.1:0 --log -
port=$(port_of server)
ok "a client starts beside it" proxy client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --policy pq-only --workers 1
in=$(port_of client)
ok "bytes go through both" "$peer" burst "$in" 20
ok "many connections at once" bash -c "sleep 0.5 | '$peer' hold $in 50"
like "OpenSSL's client agrees on the hybrid group" \
  "$(sleep 0.3 | "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -groups X25519MLKEM768 2>&1)" "X25519MLKEM768"

exits "status" 0 "$proxyd" status
like "both are told of" "$(grep -c '^proxy ' <<<"$out")" "^2$"
like "with a table of workers" "$out" "worker +process"
exits "status --json" 0 "$proxyd" status --json
is "two proxies" "$(jq '.proxies | length' <<<"$out")" 2
is "the server's workers serve" "$(workers_of server | wc -l)" 2
is "its generation" "$(state_of server .generation)" 1
is "its services are described" "$(state_of server '.services[0].role')" server
is "its certificate too" "$(state_of server '.services[0].certificates[0].path')" "$tmp/server.pem"
exits "status of nobody" 75 "$proxyd" status --control "$tmp/nobody.sock"
exits "a wrong word for status" 2 "$proxyd" status --no-such
is "control sockets are their owner's alone" "$(stat -c %a "$XDG_RUNTIME_DIR"/wattle/proxy.sock)" 600

pages=127.0.0.1:$(port_of server '"metrics"')
is "healthz" "$(curl -s -o "$tmp/health" -w '%{http_code}' "http://$pages/healthz") $(cat "$tmp/health")" "200 ok"
curl -s "http://$pages/metrics" >"$tmp/metrics"
like "handshakes are counted" "$(cat "$tmp/metrics")" 'tls_handshakes_total\{[^}]*group="X25519MLKEM768"[^}]*\} [1-9]'
like "reloads are counted" "$(cat "$tmp/metrics")" 'proxy_reloads_total\{outcome="ok"\} 1'
like "the build is told" "$(cat "$tmp/metrics")" 'wattle_build_info\{[^}]*\} 1'
is "status as a page" "$(curl -s "http://$pages/status" | jq -r .state)" running
is "no other page" "$(curl -s -o /dev/null -w '%{http_code}' "http://$pages/etc/passwd")" 404

# what is wrong is said at once
exits "the same address again is refused" 75 "$proxyd" server --listen 127.0.0.1:"$port" --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/server.key"
says "and why" "another program listens"
exits "a missing key" 3 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/none.key"
says "it is named" "none.key"
leaf other
exits "another's key" 1 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/other.key"
exits "no words at all" 2 "$proxyd" server
exits "no such role" 2 "$proxyd" sing
exits "metrics on an address in use" 75 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/server.key" --metrics "$pages"
exits "a user who is not there" 2 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/server.key" --user no-such-user

# check
cat >"$tmp/proxy.ini" <<INI
[proxy]
workers = 1
[web]
mode = server
listen = 127.0.0.1:$port
connect = 127.0.0.1:$echo_port
cert = server.pem
key = server.key
INI
exits "check" 0 "$proxyd" check --config "$tmp/proxy.ini"
like "what it would be" "$out" "service web \(server\): 127.0.0.1:$port -> 127.0.0.1:$echo_port"
exits "check --json" 0 "$proxyd" check --config "$tmp/proxy.ini" --json
is "the same as data" "$(jq -r '.services[0].name' <<<"$out")" web
sed 's/server.key/other.key/' "$tmp/proxy.ini" >"$tmp/bad.ini"
exits "check of a wrong key" 1 "$proxyd" check --config "$tmp/bad.ini"
exits "check of a file that is not there" 3 "$proxyd" check --config "$tmp/none.ini"
exits "check without a file" 2 "$proxyd" check

# a socket file as the way in; a stale one is replaced, another file is not
ok "a Unix socket to listen on" proxy unix server --listen unix:"$tmp/in.sock" --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 2
ok "it is there" test -S "$tmp/in.sock"
exits "a second one is refused" 75 "$proxyd" server --listen unix:"$tmp/in.sock" --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/server.key"
pid=$(pid_of unix)
kill -KILL "$pid"; ok "killed" wait_for 10 ended unix
ok "its socket lies about" test -S "$tmp/in.sock"
ok "a new proxy takes its place when the workers have gone" wait_for 10 proxy unix server --listen unix:"$tmp/in.sock" --connect 127.0.0.1:"$echo_port" \
  --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 1
kill -TERM "$(pid_of unix)"; ok "SIGTERM" wait_for 10 ended unix
ok "the socket's file is gone" test ! -e "$tmp/in.sock"
echo precious >"$tmp/file"
exits "a file in the way stays" 5 "$proxyd" server --listen unix:"$tmp/file" --connect 127.0.0.1:1 --cert "$tmp/server.pem" --key "$tmp/server.key"
is "as it was" "$(cat "$tmp/file")" precious

# the end
(sleep 3 | "$peer" hold "$in" 5 >"$tmp/hold") & held=$!
wait_for 10 grep -q running "$tmp/hold"
kill -TERM "$(pid_of server)"
sleep 0.5
ok "SIGTERM: what is open lives on" kill -0 "$(pid_of server)"
is "healthz says so" "$(curl -s -o "$tmp/health" -w '%{http_code}' "http://$pages/healthz") $(cat "$tmp/health")" "503 draining"
ok "nothing new is accepted" bash -c "! (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null"
ok "no connection was cut" wait "$held"
ok "then it ends" wait_for 20 ended server
wait "$(pid_of server)"; is "with 0" $? 0
mkfifo "$tmp/stop"
"$peer" hold "$in" 1 <"$tmp/stop" >/dev/null & hold=$!
exec 9>"$tmp/stop"
kill -INT "$(pid_of client)"; sleep 0.2; kill -INT "$(pid_of client)" 2>/dev/null
ok "a second SIGINT ends at once" wait_for 5 ended client
exec 9>&-
kill "$hold" 2>/dev/null
is "no control socket is left but the killed one's" "$(cd "$XDG_RUNTIME_DIR/wattle" && echo *.sock)" "proxy-$pid.sock"
finish
